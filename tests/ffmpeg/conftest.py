from __future__ import annotations

import pytest

from tests.ffmpeg.clips import Clips
from tests.ffmpeg.programs import FFMPEGS


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(params=FFMPEGS)
def ffmpeg(request: pytest.FixtureRequest) -> str:
    return FFMPEGS[request.param]
