"""The graph of VapourSynth nodes that restores the windows of the requested frames.

    padded source -> one clip for each place in a window, with one frame for each window
      -> carriers: tiny frames; a property of each holds the restored frames of one window
      -> expanded: each carrier, repeated once for each frame of its window
      -> picked: the frame itself

No node waits for a frame. VapourSynth requests the frames that a node needs before it calls the node, so
there is no deadlock.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import vapoursynth as vs
from numpy.typing import NDArray

from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.filter.arguments import Arguments
from vsrealbasicvsr.filter.errors import vs_error
from vsrealbasicvsr.filter.shot_props import FOUND, cuts_among
from vsrealbasicvsr.filter.worker import Worker
from vsrealbasicvsr.windows import window_at


def picture_of(frame: vs.VideoFrame) -> NDArray[Any]:
    """Copy an RGB float frame into an array (3, H, W), in the precision of the frame."""
    return np.stack([np.asarray(frame[plane]) for plane in range(3)])


def frame_of(picture: NDArray[Any], format: vs.VideoFormat, props: Mapping[str, Any]) -> vs.VideoFrame:
    """Return a new RGB float frame with the samples of `picture`, (3, H, W), and these properties."""
    frame = vs.core.create_video_frame(format, picture.shape[2], picture.shape[1])
    for plane in range(3):
        np.copyto(np.asarray(frame[plane]), picture[plane])
    for name, value in props.items():
        frame.props[name] = value
    return frame


log = logging.getLogger("vsrealbasicvsr")

SCALE = 4
"""The network's scale factor; importing it from the network's module would load torch."""
_CARRIED = "_RealBasicVSRFrames"
"""Property of a carrier that holds the restored frames of its window."""


def restored_clip(clip: vs.VideoNode, arguments: Arguments) -> vs.VideoNode:
    """Restore an RGBS or RGBH clip to four times its width and height.

    Memory held: for each device `1 + prefetch` restored windows, and one that is being restored; the frames
    of a window and its margins; and what `Neighbours` states.
    """
    length = clip.num_frames
    window = min(arguments.settings[0].window, length)
    margin = min(arguments.settings[0].margin, length)
    places = _places(clip, window, margin)
    count = -(-length // window)
    devices = min(len(arguments.settings), count)
    workers = [
        Worker(replace(settings, window=window, margin=margin)) for settings in arguments.settings[:devices]
    ]
    warning = _InterlacedWarning()
    carriers = []
    for offset, worker in enumerate(workers):
        inputs = [_every(place, devices, offset) for place in places]
        cache_size = 1 + arguments.prefetch
        carry = _Carry(clip, worker, arguments.cuts, warning, window, margin, devices, offset, cache_size)
        blank = vs.core.std.BlankClip(
            width=16, height=16, format=vs.GRAY8, length=-(-(count - offset) // devices), keep=True
        )
        carrier = blank.std.ModifyFrame(inputs, carry)
        carrier.std.SetVideoCache(mode=1, fixedsize=1, maxsize=cache_size)
        carriers.append(carrier)
        _close_with_the_script(worker)
    expanded = _interleave([_interleave(carriers)[:count]] * window)[:length]
    base = vs.core.std.BlankClip(
        clip, width=SCALE * clip.width, height=SCALE * clip.height, length=length, keep=True
    )
    pick = _Pick(expanded, window, count, arguments.prefetch * devices, workers)
    return base.std.ModifyFrame([expanded], pick)


def _places(clip: vs.VideoNode, window: int, margin: int) -> list[vs.VideoNode]:
    """Return a clip for each place in a window with its margins; frame w of each clip belongs to window w.

    Beyond the ends of the clip its first and its last frame are repeated. The repeated frames are not used.
    """
    length = clip.num_frames
    count = -(-length // window)
    missing = count * window - length + margin
    parts = [clip]
    if margin:
        parts.insert(0, clip[0].std.Loop(margin))
    if missing:
        parts.append(clip[length - 1].std.Loop(missing))
    padded = clip
    if len(parts) > 1:
        padded = vs.core.std.Splice(parts)
        # Room for the frames that two windows share, and for those being processed.
        padded.std.SetVideoCache(mode=1, fixedsize=1, maxsize=2 * margin + 4)
    return [_every(padded[place:], window, 0)[:count] for place in range(window + 2 * margin)]


def _every(clip: vs.VideoNode, cycle: int, offset: int) -> vs.VideoNode:
    return clip.std.SelectEvery(cycle, [offset], modify_duration=False) if cycle > 1 else clip


def _interleave(clips: list[vs.VideoNode]) -> vs.VideoNode:
    return vs.core.std.Interleave(clips, modify_duration=False) if len(clips) > 1 else clips[0]


def _close_with_the_script(worker: Worker) -> None:
    close = weakref.WeakMethod(worker.close)  # a strong reference would keep the worker until then

    def on_destroy() -> None:
        method = close()
        if method is not None:
            method()

    vs.register_on_destroy(on_destroy)


class _InterlacedWarning:
    """A warning that frames are flagged as interlaced; it is logged once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_logged = False

    def look_at(self, number: int, frame: vs.VideoFrame) -> None:
        if not frame.props.get("_FieldBased"):
            return
        with self._lock:
            was_logged, self._is_logged = self._is_logged, True
        if not was_logged:
            log.warning(
                "realbasicvsr: frame %d is flagged as interlaced: deinterlace in front of the filter, or, "
                "where the flag is wrong, say so with clip.std.SetFieldBased(0).",
                number,
            )


class _Carry:
    """The function of a carrier node: it restores a window and stores the frames in a tiny frame.

    Frame n of the node is window `n * devices + offset`. This class also holds the carriers used last.
    VapourSynth empties the node's own cache when it is short of memory, and then a window would be computed
    again for each of its frames. VapourSynth calls a node once at a time, so no lock is needed.
    """

    def __init__(
        self,
        clip: vs.VideoNode,
        worker: Worker,
        cuts: str | frozenset[int],
        warning: _InterlacedWarning,
        window: int,
        margin: int,
        devices: int,
        offset: int,
        cache_size: int,
    ) -> None:
        self._format, self._length = clip.format, clip.num_frames
        self._worker, self._cuts, self._warning = worker, cuts, warning
        self._window, self._margin, self._devices, self._offset = window, margin, devices, offset
        self._last_used: deque[tuple[int, vs.VideoFrame]] = deque(maxlen=cache_size)

    def __call__(self, n: int, f: vs.VideoFrame | list[vs.VideoFrame]) -> vs.VideoFrame:
        cached = next((carrier for number, carrier in self._last_used if number == n), None)
        if cached is not None:
            return cached
        number, frames = n * self._devices + self._offset, f if isinstance(f, list) else [f]
        try:
            carrier = self._worker.run(partial(self._carrier, number, frames))
        except RestorationError as error:
            raise vs_error(error) from None
        self._last_used.append((n, carrier))
        return carrier

    def _carrier(self, number: int, frames: list[vs.VideoFrame]) -> vs.VideoFrame:
        core_start = number * self._window
        window = window_at(core_start, self._length, window=self._window, margin=self._margin)
        inside = {
            n: frame
            for n, frame in enumerate(frames, core_start - self._margin)
            if window.start <= n < window.stop
        }
        self._warning.look_at(core_start, inside[core_start])
        cuts = self._cuts if isinstance(self._cuts, frozenset) else cuts_among(inside)
        half = self._format.bits_per_sample == 16
        restored = []
        pictures = self._worker.restore(window, lambda n: picture_of(inside[n]), cuts, half=half)
        with closing(pictures):  # frees the device at once, after an error too
            for n, (cleaned, picture) in enumerate(pictures, core_start):
                props = {name: value for name, value in inside[n].props.items() if name != FOUND}
                frame = frame_of(picture, self._format, props)
                frame.props["RealBasicVSRPasses"] = cleaned.passes
                frame.props["RealBasicVSRResidue"] = cleaned.residue
                restored.append(frame)
        carrier = vs.core.create_video_frame(vs.GRAY8, 16, 16)
        carrier.props[_CARRIED] = restored
        return carrier


class _Pick:
    """The function of the last node: it returns frame n out of the carrier of its window.

    It also requests the next windows ahead, once the clip is read in sequence.

    Args:
        expanded: the carriers, one for each frame. `expanded` lies upstream, so this reference makes
            no cycle.
        window: frames of a window.
        count: windows of the clip.
        prefetch: windows to request ahead.
        workers: closed when this object is deleted, because nothing can request their windows then. A window
            that was requested ahead ends after its current step.
    """

    def __init__(
        self, expanded: vs.VideoNode, window: int, count: int, prefetch: int, workers: list[Worker]
    ) -> None:
        self._expanded, self._window, self._count, self._prefetch = expanded, window, count, prefetch
        self._workers = workers
        self._lock = threading.Lock()
        self._newest = -1
        self._requested = -1
        self._in_sequence = False

    def __call__(self, n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        number, place = divmod(n, self._window)
        for ahead in self._windows_ahead(number):
            # Request `expanded`, not a carrier: VapourSynth merges all requests of `expanded` for a carrier.
            self._expanded.get_frame_async(ahead * self._window, _drop)
        frames = f.props[_CARRIED]
        frame: vs.VideoFrame = frames[place] if isinstance(frames, list) else frames
        return frame

    def __del__(self) -> None:
        for worker in self._workers:
            worker.close()

    def _windows_ahead(self, number: int) -> range:
        with self._lock:
            if number == self._newest + 1:
                self._in_sequence = self._newest >= 0
                self._newest = number
            elif self._newest - number not in (0, 1):  # a late frame of the window before is not a seek
                self._newest, self._requested, self._in_sequence = number, number, False
            if not self._in_sequence:
                return range(0)
            first = max(self._requested, self._newest) + 1
            stop = min(self._newest + 1 + self._prefetch, self._count)
            self._requested = max(self._requested, stop - 1)
            return range(first, stop)


def _drop(frame: vs.VideoFrame | None, error: Exception | None) -> None:
    """Close a frame that was requested ahead; the cache keeps it.

    An error is ignored here. It is raised again when the frame is needed.
    """
    if frame is not None:
        frame.close()
