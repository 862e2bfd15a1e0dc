"""The graph of nodes that turns requests for frames into windows, without ever waiting for a frame itself.

    padded source -> one clip for each place in a window, one frame for each window
      -> carriers: the window's restored frames hang in a property of a tiny frame
      -> expanded: each carrier once for each frame of its window
      -> picked: the frame itself

VapourSynth requests what a node needs before it calls the node, so nothing can wait in a circle.
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
from vsrealbasicvsr.filter.errors import told
from vsrealbasicvsr.filter.shot_props import FOUND, cuts_among
from vsrealbasicvsr.filter.worker import Worker
from vsrealbasicvsr.windows import window_at


def picture_of(frame: vs.VideoFrame) -> NDArray[Any]:
    """(3, H, W) of an RGB float frame, copied, in the frame's own precision."""
    return np.stack([np.asarray(frame[plane]) for plane in range(3)])


def frame_of(picture: NDArray[Any], format: vs.VideoFormat, props: Mapping[str, Any]) -> vs.VideoFrame:
    """A new RGB float frame of (3, H, W) with these properties."""
    frame = vs.core.create_video_frame(format, picture.shape[2], picture.shape[1])
    for plane in range(3):
        np.copyto(np.asarray(frame[plane]), picture[plane])
    for name, value in props.items():
        frame.props[name] = value
    return frame


log = logging.getLogger("vsrealbasicvsr")

SCALE = 4
"""The network's, whose module would load torch."""
_CARRIED = "_RealBasicVSRFrames"


def restored_clip(clip: vs.VideoNode, arguments: Arguments) -> vs.VideoNode:
    """The restored clip: frames of an RGBS or RGBH clip at four times its width and height.

    Held in all: `1 + prefetch` restored windows for each device, and one in the making; the frames of a
    window and its margins; what `Neighbours` states.
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
    for turn, worker in enumerate(workers):
        ours = [_every(place, devices, turn) for place in places]
        kept = 1 + arguments.prefetch
        carry = _Carry(clip, worker, arguments.cuts, warning, window, margin, devices, turn, kept)
        blank = vs.core.std.BlankClip(
            width=16, height=16, format=vs.GRAY8, length=-(-(count - turn) // devices), keep=True
        )
        carrier = blank.std.ModifyFrame(ours, carry)
        carrier.std.SetVideoCache(mode=1, fixedsize=1, maxsize=kept)
        carriers.append(carrier)
        _close_with_the_script(worker)
    expanded = _interleave([_interleave(carriers)[:count]] * window)[:length]
    base = vs.core.std.BlankClip(
        clip, width=SCALE * clip.width, height=SCALE * clip.height, length=length, keep=True
    )
    pick = _Pick(expanded, window, count, arguments.prefetch * devices, workers)
    return base.std.ModifyFrame([expanded], pick)


def _places(clip: vs.VideoNode, window: int, margin: int) -> list[vs.VideoNode]:
    """A clip for each place in a window with its margins; frame w of it belongs to window w.

    Beyond the ends the first and last frame are repeated; they are not looked at.
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
        # The frames that two windows share, and those in flight.
        padded.std.SetVideoCache(mode=1, fixedsize=1, maxsize=2 * margin + 4)
    return [_every(padded[place:], window, 0)[:count] for place in range(window + 2 * margin)]


def _every(clip: vs.VideoNode, cycle: int, offset: int) -> vs.VideoNode:
    return clip.std.SelectEvery(cycle, [offset], modify_duration=False) if cycle > 1 else clip


def _interleave(clips: list[vs.VideoNode]) -> vs.VideoNode:
    return vs.core.std.Interleave(clips, modify_duration=False) if len(clips) > 1 else clips[0]


def _close_with_the_script(worker: Worker) -> None:
    close = weakref.WeakMethod(worker.close)

    def on_destroy() -> None:
        method = close()
        if method is not None:
            method()

    vs.register_on_destroy(on_destroy)


class _InterlacedWarning:
    """Says once that frames are flagged as interlaced."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given = False

    def look_at(self, number: int, frame: vs.VideoFrame) -> None:
        if not frame.props.get("_FieldBased"):
            return
        with self._lock:
            given, self._given = self._given, True
        if not given:
            log.warning(
                "realbasicvsr: frame %d is flagged as interlaced: deinterlace in front of the filter, or, "
                "where the flag is wrong, say so with clip.std.SetFieldBased(0).",
                number,
            )


class _Carry:
    """Restores window n of one device's turn and hangs its frames in a tiny frame.

    Keeps the carriers used last beside the node's cache, which VapourSynth empties whenever it is short of
    memory: then a window would be computed again for each of its frames. VapourSynth calls a node once at a
    time, so nothing is locked here.
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
        turn: int,
        kept: int,
    ) -> None:
        self._format, self._length = clip.format, clip.num_frames
        self._worker, self._cuts, self._warning = worker, cuts, warning
        self._window, self._margin, self._devices, self._turn = window, margin, devices, turn
        self._kept: deque[tuple[int, vs.VideoFrame]] = deque(maxlen=kept)

    def __call__(self, n: int, f: vs.VideoFrame | list[vs.VideoFrame]) -> vs.VideoFrame:
        found = next((carrier for number, carrier in self._kept if number == n), None)
        if found is not None:
            return found
        number, frames = n * self._devices + self._turn, f if isinstance(f, list) else [f]
        try:
            carrier = self._worker.run(partial(self._carrier, number, frames))
        except RestorationError as error:
            raise told(error) from None
        self._kept.append((n, carrier))
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
        with closing(pictures):  # whatever happens, the device is free again at once
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
    """Hands out frame n of its window, and asks for the next windows once they are read in sequence.

    Args:
        expanded: carriers, one for each frame; upstream, so that holding it makes no circle.
        window: frames of a window.
        count: windows of the clip.
        prefetch: windows to ask for ahead.
        workers: closed when this node goes, for nobody else can ask for their windows: a window that was
            asked for ahead then ends after its current step.
    """

    def __init__(
        self, expanded: vs.VideoNode, window: int, count: int, prefetch: int, workers: list[Worker]
    ) -> None:
        self._expanded, self._window, self._count, self._prefetch = expanded, window, count, prefetch
        self._workers = workers
        self._lock = threading.Lock()
        self._newest = -1
        self._asked = -1
        self._in_sequence = False

    def __call__(self, n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        number, place = divmod(n, self._window)
        for ahead in self._to_ask(number):
            # On this node, not on the carriers: VapourSynth merges what it asks of them with other requests.
            self._expanded.get_frame_async(ahead * self._window, _drop)
        frames = f.props[_CARRIED]
        frame: vs.VideoFrame = frames[place] if isinstance(frames, list) else frames
        return frame

    def __del__(self) -> None:
        for worker in self._workers:
            worker.close()

    def _to_ask(self, number: int) -> range:
        with self._lock:
            if number == self._newest + 1:
                self._in_sequence = self._newest >= 0
                self._newest = number
            elif self._newest - number not in (0, 1):  # late frames of the window before are no seek
                self._newest, self._asked, self._in_sequence = number, number, False
            if not self._in_sequence:
                return range(0)
            first = max(self._asked, self._newest) + 1
            stop = min(self._newest + 1 + self._prefetch, self._count)
            self._asked = max(self._asked, stop - 1)
            return range(first, stop)


def _drop(frame: vs.VideoFrame | None, error: Exception | None) -> None:
    """The frame waits in the cache; an error comes again when the frame is really asked for."""
    if frame is not None:
        frame.close()
