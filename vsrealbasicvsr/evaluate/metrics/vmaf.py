"""VMAF v0.6.1 (Netflix), computed by the libvmaf in PyAV's FFmpeg."""

from __future__ import annotations

import gc
import json
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.filter
from av.filter.context import FilterContext
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.metric import Measure

_MODEL = "version=vmaf_v0.6.1"
_RATE = 25  # VMAF's motion feature counts frames, not seconds
_SMALLEST = 16


def load_vmaf() -> Measure:
    """Return a measure: the mean VMAF of the frames, 0 to 100.

    An odd last row or column is cropped, and colour is 4:2:0.

    Raises:
        UnavailableError: FFmpeg was built without libvmaf.
    """
    if "libvmaf" not in av.filter.filters_available:
        raise UnavailableError("PyAV's FFmpeg was built without libvmaf; PyAV's own wheels have it")

    def vmaf(restored: Tensor, truth: Tensor | None) -> float:
        assert truth is not None
        height, width = (side // 2 * 2 for side in truth.shape[-2:])
        if min(height, width) < _SMALLEST:
            raise UnavailableError(f"frames are smaller than {_SMALLEST}x{_SMALLEST}")
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "vmaf.json")
            _run(restored[..., :height, :width], truth[..., :height, :width], log)
            gc.collect()  # libvmaf writes when its graph is freed, and PyAV leaves that to the collector
            report = json.loads(log.read_text(encoding="utf-8"))
        return float(report["pooled_metrics"]["vmaf"]["mean"])

    return vmaf


def _run(restored: Tensor, truth: Tensor, log: Path) -> None:
    """Compare the frames; libvmaf writes the log when all objects of this function have been freed."""
    graph = av.filter.Graph()
    height, width = truth.shape[-2:]
    form = f"video_size={width}x{height}:pix_fmt=yuv420p:time_base=1/{_RATE}:frame_rate={_RATE}"
    inputs = [graph.add("buffer", form) for _ in range(2)]
    path = str(log).replace("\\", "/").replace(":", "\\:")
    judge = graph.add("libvmaf", f"log_path='{path}':log_fmt=json:model={_MODEL}:n_threads=1")
    output = graph.add("buffersink")
    for index, source in enumerate(inputs):
        source.link_to(judge, 0, index)
    judge.link_to(output)
    graph.configure()
    for number, pair in enumerate(zip(restored, truth, strict=True)):
        for source, frame in zip(inputs, pair, strict=True):
            source.push(_picture(frame, number))
        _drain(output)
    for source in inputs:
        source.push(None)
    _drain(output)


def _drain(output: FilterContext) -> None:
    with suppress(av.BlockingIOError, av.EOFError):
        while True:
            output.pull()


def _picture(frame: Tensor, number: int) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(frame.permute(1, 2, 0).contiguous().numpy(), format="rgb24")
    picture = rgb.reformat(format="yuv420p")
    picture.pts, picture.time_base = number, Fraction(1, _RATE)
    return picture
