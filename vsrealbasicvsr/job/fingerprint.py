"""The fingerprint of a job: names and values of everything that its pictures depend on."""

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

_NOT_BY_VALUE = (*UNSEEN, "model", "cuts")
"""Settings that may differ from run to run; and settings whose files are compared by their content."""
_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16


def fingerprint(order: Order) -> dict[str, str]:
    """Return names and values of everything that must stay the same from a job's first run to its last.

    Device, memory and acceleration may change, because they change only the last bits of the pictures. Files
    that are written beside the output may change, too.

    Raises:
        RestorationError: one of its kinds; the source, the weights or the cuts cannot be read.
    """
    settings, delivery, plan = order.settings, order.delivery, order.plan
    choices = {name: value for name, value in asdict(settings).items() if name not in _NOT_BY_VALUE}
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
    """Check that a job can continue, so that its pictures fit together.

    Raises:
        JobError: something differs; the message names all differences.
    """
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not changed:
        return
    differences = "; ".join(
        f"{name} (was {_short(before.get(name))}, is {_short(now.get(name))})" for name in changed
    )
    raise JobError(
        f"{folder} holds a job that differs from this one in: {differences}. Run it as it was begun, "
        "give another name, or discard what is done with --restart."
    )


def _precision(settings: Settings) -> str:
    """Return the precision that the setting means on this machine's device.

    So a job that began in one precision is not continued in another.
    """
    device = find_device(settings.device.split(",")[0].strip())
    return str(find_dtype(settings.precision, device)).removeprefix("torch.")


def _short(value: str | None) -> str:
    text = value or "nothing"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _source(path: Path) -> str:
    """Return size, time of the last change, and a hash.

    The hash is of samples from the whole file; for several images it is of their names and sizes.
    """
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
            file.seek(max(0, size - _SAMPLE_BYTES) * n // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))


def _hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise JobError(f"cannot read {path}: {error.strerror}.") from error
