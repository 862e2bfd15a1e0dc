"""Restoration of clips by peers, and the scores of the results."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from vsrealbasicvsr.errors import RestorationError, UnavailableError
from vsrealbasicvsr.evaluate.absent import Absent, Figure, reason_of
from vsrealbasicvsr.evaluate.footage import Store
from vsrealbasicvsr.evaluate.metrics.metric import Measure, Metric
from vsrealbasicvsr.evaluate.peers.peer import Peer
from vsrealbasicvsr.evaluate.peers.process import Effort, PeerProcess
from vsrealbasicvsr.evaluate.samples import Sample

TRUTH = "ground truth"
"""Peer name of the rows for the ground truth itself; they have the scores that need no reference."""
_NO_TRUTH = Absent("the clip has no ground truth")
_ITSELF = Absent("it is the ground truth")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The results of one clip, restored by one peer.

    Attributes:
        set: name of the data set.
        clip: name of the clip in the set.
        peer: name of the peer, or `TRUTH`.
        frames: number of frames.
        parameters: millions of learned parameters.
        effort: time and memory.
        scores: scores by name of the metric.
    """

    set: str
    clip: str
    peer: str
    frames: int
    parameters: Figure
    effort: Effort
    scores: Mapping[str, Figure]


def evaluate(
    samples: Sequence[Sample],
    peers: Sequence[Peer],
    metrics: Sequence[Metric],
    *,
    device: str = "cpu",
    frames: int | None = None,
    start: int = 0,
) -> Iterator[Row]:
    """Restore each sample by each peer; yield each row as soon as it is ready, the ground truths first.

    Each peer runs in its own process, one at a time. Memory holds a clip and one restored clip; low-quality
    clips are kept in a temporary folder.

    Args:
        samples: the clips.
        peers: the peers that restore them.
        metrics: the metrics that score the results.
        device: the device of the metrics' networks, and of the peers that can choose their device.
        frames: maximum number of frames of each clip; None for all.
        start: number of the first frame.

    Raises:
        VideoError: a clip cannot be read.
        ClipError: a clip and its ground truth do not fit together.
    """
    judge = _Judge(metrics, device)
    with tempfile.TemporaryDirectory(prefix="vsrealbasicvsr-", ignore_cleanup_errors=True) as folder:
        store = Store(Path(folder), frames, start)
        for sample in samples:
            truth = store.load(sample).truth
            if truth is not None:
                yield _row(sample, TRUTH, len(truth), _ITSELF, _unable(_ITSELF), judge.of_truth(truth))
        for peer in peers:
            with PeerProcess(peer, device) as process:
                for sample in samples:
                    footage = store.load(sample)
                    done = process.restore(footage.low, Path(folder, "restored"))
                    if isinstance(done, Absent):
                        effort, scores = _unable(done), judge.of_nobody(done)
                    else:
                        effort, scores = done[1], judge.of_peer(done[0], footage.truth)
                    yield _row(sample, peer.name, len(footage.low), process.parameters, effort, scores)


class _Judge:
    """The loaded metrics; the figure of a metric that is not available is the reason."""

    def __init__(self, metrics: Sequence[Metric], device: str) -> None:
        self._metrics = metrics
        self._measures = {metric.name: _loaded(metric, device) for metric in metrics}

    def of_nobody(self, reason: Absent) -> dict[str, Figure]:
        return {metric.name: reason for metric in self._metrics}

    def of_truth(self, truth: Tensor) -> dict[str, Figure]:
        return {
            metric.name: _ITSELF if metric.of == "truth" else self._score(metric, truth, None)
            for metric in self._metrics
        }

    def of_peer(self, restored: Tensor, truth: Tensor | None) -> dict[str, Figure]:
        return {
            metric.name: _NO_TRUTH
            if metric.of == "truth" and truth is None
            else self._score(metric, restored, truth)
            for metric in self._metrics
        }

    def _score(self, metric: Metric, restored: Tensor, truth: Tensor | None) -> Figure:
        measure = self._measures[metric.name]
        if isinstance(measure, Absent):
            return measure
        try:
            return measure(restored, truth)
        except UnavailableError as error:
            return Absent(reason_of(error))


def _loaded(metric: Metric, device: str) -> Measure | Absent:
    try:
        return metric.load(device)
    except RestorationError as error:
        return Absent(reason_of(error))


def _unable(reason: Absent) -> Effort:
    return Effort(seconds=reason, memory=reason, device_memory=reason)


def _row(
    sample: Sample, peer: str, frames: int, parameters: Figure, effort: Effort, scores: Mapping[str, Figure]
) -> Row:
    return Row(
        set=sample.set, clip=sample.clip, peer=peer, frames=frames, parameters=parameters, effort=effort,
        scores=scores,
    )  # fmt: skip
