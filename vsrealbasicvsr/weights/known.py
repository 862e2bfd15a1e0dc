"""Known weights with their names, and the cache folder of downloaded weights."""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from vsrealbasicvsr.errors import WeightsError

CACHE_VARIABLE = "VSREALBASICVSR_CACHE"


def cache_folder() -> Path:
    """Return the cache folder, which may not exist yet.

    It is the environment variable VSREALBASICVSR_CACHE, or otherwise the platform's usual cache folder.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("vsrealbasicvsr", appauthor=False)


_OPENMMLAB = "https://download.openmmlab.com/mmediting/restorers/real_basicvsr"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownWeights:
    """Weights with a name.

    Attributes:
        name: the name for users.
        description: one honest sentence.
        licence: SPDX name.
        url: the address of the download; None for weights that come with the package.
        sha256: hexadecimal SHA-256 of the file, or its leading digits if only these are known.
        file_name: name of the file in the package or in the cache folder.
        size: size in bytes; None where unknown.
    """

    name: str
    description: str
    licence: str
    url: str | None
    sha256: str
    file_name: str
    size: int | None

    @property
    def path(self) -> Path:
        """The path of the file; before the download, the path that it will have."""
        home = Path(__file__).parent if self.url is None else cache_folder()
        return home / self.file_name

    def matches(self, file: Path) -> bool:
        """Return whether a file has this SHA-256, or these leading digits if only they are known."""
        return sha256(file).startswith(self.sha256)


def sha256(file: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


KNOWN = (
    KnownWeights(
        name="bundled",
        description="Our own RealBasicVSR, begun with BasicVSR's weights, trained for some hours on a CPU: "
        "it cleans, sharpens and enlarges, and invents little; MODEL_CARD.md beside it tells the rest.",
        licence="Apache-2.0",
        url=None,
        sha256="b213cef574b17dfd7db72091bf7181518a52bb2a90ecf65e50084c51568fa29c",
        file_name="bundled.safetensors",
        size=15_597_112,
    ),
    KnownWeights(
        name="realbasicvsr-x4",
        description="The authors' RealBasicVSR (stage 2, perceptual and adversarial): the paper's results.",
        licence="Apache-2.0",
        url=f"{_OPENMMLAB}/realbasicvsr_c64b20_1x30x8_lr5e-5_150k_reds_20211104-52f77c2c.pth",
        sha256="52f77c2c835aaa3fe675b3959b2f85010a6c6f63f77f7e279394646e55a4e376",
        file_name="realbasicvsr_c64b20_1x30x8_lr5e-5_150k_reds_20211104-52f77c2c.pth",
        size=None,
    ),
    KnownWeights(
        name="realbasicvsr-x4-fidelity",
        description="The authors' RealBasicVSR before adversarial training (stage 1): smoother, more "
        "faithful; only the first 8 digits of its SHA-256 are known.",
        licence="Apache-2.0",
        url=f"{_OPENMMLAB}/realbasicvsr_wogan_c64b20_2x30x8_lr1e-4_300k_reds_20211027-0e2ff207.pth",
        sha256="0e2ff207",
        file_name="realbasicvsr_wogan_c64b20_2x30x8_lr1e-4_300k_reds_20211027-0e2ff207.pth",
        size=None,
    ),
)


def find(name: str) -> KnownWeights:
    """Return the known weights of a name.

    Raises:
        WeightsError: the name is unknown; the message lists all names, and the most similar one.
    """
    for known in KNOWN:
        if known.name == name:
            return known
    names = [known.name for known in KNOWN]
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise WeightsError(f"There are no weights {name!r}, neither a file nor one of {', '.join(names)}{hint}")


def resolve(model: str | Path) -> Path:
    """Return the weights file of a model.

    Args:
        model: a known name or a path. A known name has priority over a file of that name. `~` is the home
            folder.

    Raises:
        WeightsError: there is no such file or name, or the known weights are not downloaded yet.
    """
    try:
        path = Path(model).expanduser()
        exists = path.exists()
    except (OSError, RuntimeError) as error:  # RuntimeError: an unknown user after `~`
        raise WeightsError(f"{model} cannot be read: {error}.") from error
    if exists and model not in {known.name for known in KNOWN}:
        if path.is_dir():
            raise WeightsError(f"{path} is a folder; name the weights file in it.")
        return path
    if isinstance(model, Path):
        raise WeightsError(f"There is no weights file {path}.")
    known = find(model)
    if not known.path.is_file():
        raise WeightsError(
            f"The weights {known.name} are not here yet: run `vsrealbasicvsr weights fetch {known.name}`."
        )
    return known.path
