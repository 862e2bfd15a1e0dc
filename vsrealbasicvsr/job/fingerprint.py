"""What a job's pictures depend on, in words that can be compared and told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import av

from vsrealbasicvsr import __version__, weights
from vsrealbasicvsr.cuts import read_cuts
from vsrealbasicvsr.engine.device import find_device, find_dtype
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.settings import UNSEEN, Settings
from vsrealbasicvsr.video.read.images import image_files, is_image_sequence
from vsrealbasicvsr.video.write.encoders import encoder_of

_ELSEWHERE = (*UNSEEN, "model", "cuts")
"""Settings that may differ from run to run, and those that are told by what is in their files."""
_SAMPLES, _SAMPLE = 64, 1 << 16


def fingerprint(order: Order) -> dict[str, str]:
    """Names and values of all that must stay the same from a job's first run to its last.

    Where the network runs may change, for its last bits only; so may what is written beside the output.

    Raises:
        RestorationError: one of its kinds: the source, the weights or the cuts cannot be read.
    """
    settings, delivery, plan = order.settings, order.delivery, order.plan
    choices = {name: value for name, value in asdict(settings).items() if name not in _ELSEWHERE}
    encoding = plan.encoding
    codecs = ".".join(map(str, av.library_versions["libavcodec"]))
    return {
        "program": f"{__version__}, FFmpeg's libavcodec {codecs}",
        "source": _source(order.info.path),
        "weights": _hash_of(weights.resolve(settings.model)),
        "cuts": settings.cuts if settings.cuts in ("auto", "none") else str(sorted(read_cuts(settings.cuts))),
        **{f"setting {name}": str(value) for name, value in choices.items()},
        "setting precision": _precision(settings),
        "encoder": encoder_of(encoding).codec,
        "quality": "the default" if encoding.crf is None else f"{encoding.crf:g}",
        "encoder options": " ".join(f"{key}={value}" for key, value in encoding.options),
        "pixel format": plan.pixel_format,
        "size": "x".join(map(str, plan.size)),
        "kernel": f"{delivery.kernel}, {delivery.light}",
        "deinterlacing": delivery.deinterlace,
        "frame rate": str(plan.pictures.rate),
        "segment length": str(delivery.segment_length),
    }


def check_same(before: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    """Refuse to go on with a job whose pictures would not fit together.

    Raises:
        JobError: something differs; all that does is named.
    """
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not changed:
        return
    told = "; ".join(
        f"{name} (was {_short(before.get(name))}, is {_short(now.get(name))})" for name in changed
    )
    raise JobError(
        f"{folder} holds a job that differs from this one in: {told}. Run it as it was begun, "
        "give another name, or discard what is done with --restart."
    )


def _precision(settings: Settings) -> str:
    """The arithmetic that `auto` stands for where the job is begun: half a film in another is noticed."""
    device = find_device(settings.device.split(",")[0].strip())
    return str(find_dtype(settings.precision, device)).removeprefix("torch.")


def _short(value: str | None) -> str:
    text = value or "nothing"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _source(path: Path) -> str:
    """Size, time of the last change, and a hash of samples from all over the file; of a folder, its list."""
    files = image_files(path) if is_image_sequence(path) else (path,)
    digest = hashlib.sha256()
    size, changed = 0, 0
    try:
        for file in files:
            state = file.stat()
            size, changed = size + state.st_size, max(changed, state.st_mtime_ns)
            digest.update(f"{file.name}\0{state.st_size}\0".encode())
        if len(files) == 1:
            _add_samples(digest, files[0], size)
    except OSError as error:
        raise JobError(f"cannot read {path}: {error.strerror}.") from error
    return f"{size} bytes of {changed / 1e9:.3f}, {digest.hexdigest()[:16]}"


def _add_samples(digest: hashlib._Hash, path: Path, size: int) -> None:
    with path.open("rb") as file:
        for n in range(_SAMPLES):
            file.seek(max(0, size - _SAMPLE) * n // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise JobError(f"cannot read {path}: {error.strerror}.") from error
