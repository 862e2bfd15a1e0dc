"""The weights that the training starts from, and the teacher that it learns from."""

from __future__ import annotations

import tempfile
from pathlib import Path

from training.data.writing import write_whole
from training.options import require
from training.recipes.default.archives import members
from training.recipes.default.record import Taken
from training.recipes.default.sources import Teacher, Weights
from vsrealbasicvsr.weights.convert import convert


def take_weights(weights: Weights, file: Path, target: Path) -> tuple[Taken, ...]:
    """Write weights as `start/NAME.safetensors`, in half precision, for `network.init`.

    Args:
        weights: the weights.
        file: file of the archive.
        target: folder of the pack.

    Raises:
        TrainingError: the archive is damaged or holds no such file.
        WeightsError: the file holds no weights, or cannot be written.
    """
    entry = next(members(file, weights.member, weights.archive.only), None)
    require(entry is not None, f"{file} holds nothing like {weights.member}.")
    assert entry is not None
    path = target / "start" / f"{weights.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / entry[0].rpartition("/")[2]
        stored.write_bytes(entry[1])
        convert(stored, path, "fp16", weights.archive.licence)
    return (Taken("start", path.relative_to(target).as_posix(), entry[0], weights.archive),)


def take_teacher(teacher: Teacher, file: Path, target: Path) -> tuple[Taken, ...]:
    """Write a teacher as `teacher/NAME.param` and `teacher/NAME.bin`; `load_teacher` reads them.

    Args:
        teacher: the teacher.
        file: file of the archive.
        target: folder of the pack.

    Raises:
        TrainingError: the archive is damaged or lacks a file, or a file cannot be written.
    """
    contents = {Path(member).suffix: (member, content) for member, content in members(file, teacher.members)}
    taken = []
    for suffix in (".param", ".bin"):
        require(suffix in contents, f"{file} holds no {suffix} file like {teacher.members}.")
        member, content = contents[suffix]
        path = target / "teacher" / f"{teacher.name}{suffix}"
        write_whole(path, content)
        taken.append(Taken("teacher", path.relative_to(target).as_posix(), member, teacher.archive))
    return tuple(taken)
