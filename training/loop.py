"""The training loop: the same for all stages and for any number of processes."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Never

import torch
from tqdm import tqdm

from training.checkpoint import Checkpoints
from training.data.loader import is_lost_worker
from training.data.samples import Batch
from training.errors import TrainingError
from training.interruption import Interruption, interruption
from training.metrics.lpips import Lpips
from training.pool.samples import CleaningBatch
from training.processes import Processes, first_line, is_lost_peer
from training.record import Record
from training.stage import Stage
from training.state import State
from training.update.cleaning_step import CleaningFrames
from training.update.objective import Clips
from training.update.step import Outcome
from training.validation import Pair, is_better, validate

log = logging.getLogger("training")


@dataclass(slots=True, kw_only=True)
class Loop[B: (Batch, CleaningBatch), C: (Clips, CleaningFrames)]:
    """The iterations from the state's to the stage's last, with checkpoints, validation and records.

    Attributes:
        feed: moves a batch to the training device.
        step: does one iteration on this process's parts of a batch.
        loader: yields this process's parts of each iteration's batch, in order.
        configuration: the stage as TOML, stored in the checkpoints.
        record: None in processes that do not write files.
        pairs: clips to validate on; may be empty.
        lpips: the LPIPS measure; None omits it from validation.
    """

    stage: Stage
    state: State
    feed: Callable[[B], C]
    step: Callable[[Sequence[C]], Outcome]
    loader: Iterable[B]
    processes: Processes
    checkpoints: Checkpoints
    configuration: str
    record: Record | None
    pairs: Sequence[Pair]
    lpips: Lpips | None
    _whole: bool = field(default=True, init=False)  # False while a step changes the state
    _skips: int = field(default=0, init=False)  # skipped iterations in a row
    _reported: set[str] = field(default_factory=set, init=False)

    def run(self) -> int:
        """Train. Return 0, or the number of the signal that stopped the run."""
        state, last = self.state, self.stage.iterations
        with interruption() as request, self._bar() as bar, self._failures_explained():
            batches = iter(self.loader)
            while state.iteration < last:
                began = time.perf_counter()
                parts = list(islice(batches, self.stage.accumulation))
                waited = time.perf_counter() - began
                outcome = self._iterate(parts)
                self._note(outcome, time.perf_counter() - began, waited)
                bar.update()
                stop = self.processes.any(bool(request.signal))
                due = state.iteration == last or state.iteration % self.stage.record.checkpoint == 0
                if stop or due:
                    self._save(must=stop or state.iteration == last, measured=not stop)
                if due and not stop and state.iteration < last:  # a signal may have come while it validated
                    stop = self.processes.any(bool(request.signal))
                if stop:
                    return self._stopped(request)
        return 0

    def _iterate(self, parts: Sequence[B]) -> Outcome:
        for message in dict.fromkeys(message for batch in parts for message in batch.damaged):
            self.state.damaged += 1
            if message not in self._reported:
                self._reported.add(message)
                log.warning("another clip was taken instead: %s", message)
        clips = [self.feed(batch) for batch in parts]
        self._whole = False
        outcome = self.step(clips)
        self.state.iteration += 1
        self._whole = True
        self._count_skips(outcome)
        return outcome

    def _count_skips(self, outcome: Outcome) -> None:
        self._skips = self._skips + 1 if outcome.skipped else 0
        if not outcome.skipped:
            return
        self.state.skipped += 1
        if self.processes.leads:
            log.warning("iteration %d gave no finite gradient and was skipped", self.state.iteration)
        if self._skips > self.stage.optimizer.skips_allowed:
            raise TrainingError(
                f"{self._skips} iterations in a row gave no finite gradient, up to {self.state.iteration}; "
                "lower optimizer.learning_rate, set optimizer.precision to fp32 or optimizer.clip_norm above "
                "0, and resume from the last checkpoint."
            )

    def _note(self, outcome: Outcome, seconds: float, waited: float) -> None:
        if self.record is None:
            return
        number, options = self.state.iteration, self.stage.record
        if number % options.losses == 0 or number == self.stage.iterations:
            self.record.losses(
                {
                    "iteration": number,
                    **outcome.losses,
                    "gradient_norm": outcome.gradient_norm,
                    "learning_rate": self.state.optimizer.param_groups[0]["lr"],
                    "seconds": round(seconds, 4),
                    "waiting": round(waited, 4),
                    "skipped": self.state.skipped,
                    "damaged": self.state.damaged,
                }
            )
        if options.pictures and number % options.pictures == 0:
            self.record.picture(number, outcome.picture)

    def _save(self, *, must: bool, measured: bool) -> None:
        """Write a checkpoint, then validate; write it again if it is the best.

        Validation takes long, so the first checkpoint is written before it.
        """
        self._write(best=False, must=must)
        if measured and self.pairs and self._validate():
            self._write(best=True, must=must)

    def _write(self, *, best: bool, must: bool) -> None:
        """Write a checkpoint.

        If that fails, as on a full disk, the run ends only if `must`: there is no later chance to write.
        """
        if not self.processes.leads:
            return
        try:
            self.checkpoints.write(self.state, self.configuration, best=best)
        except TrainingError as error:
            if must:
                raise
            log.warning("%s Training goes on; the checkpoints before it are whole.", error)

    def _validate(self) -> bool:
        """Validate, record the measures, and return whether this is the best checkpoint so far."""
        measures = validate(self.state.average, self.pairs, self.stage, self.processes, self.lpips)
        measure = self.stage.record.best
        best = is_better(measure, measures[measure], self.state.best)
        if best:
            self.state.best = measures[measure]
        if self.record is not None:
            self.record.validation({"iteration": self.state.iteration, **measures})
            summary = ", ".join(f"{name} {value:.4g}" for name, value in measures.items())
            log.info("iteration %d: %s%s", self.state.iteration, summary, ", the best so far" if best else "")
        return best

    def _stopped(self, request: Interruption) -> int:
        if self.processes.leads:
            log.info("stopped after iteration %d; --resume goes on from there", self.state.iteration)
        return request.signal or signal.SIGTERM

    @contextmanager
    def _bar(self) -> Iterator[tqdm[Never]]:
        with tqdm(
            total=self.stage.iterations, initial=self.state.iteration, unit=" iterations",
            dynamic_ncols=True, smoothing=0.05, disable=not self.processes.leads,
        ) as bar:  # fmt: skip
            yield bar

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """On out-of-memory or a lost process: write a checkpoint if possible, then raise one clear error.

        The checkpoint is possible if the state is that of a finished iteration.
        """
        try:
            yield
        except (RuntimeError, EOFError, ConnectionError) as error:
            cause = _failure_message(error, self.processes)
            if cause is None:
                raise
            if self._whole and self.processes.leads:
                self.checkpoints.write(self.state, self.configuration)
            raise TrainingError(
                f"{cause} The run ended in iteration {self.state.iteration + 1}; --resume goes on from the "
                "newest checkpoint."
            ) from error


def _failure_message(error: RuntimeError | EOFError | ConnectionError, processes: Processes) -> str | None:
    if isinstance(error, torch.OutOfMemoryError):
        return (
            f"{processes.device} is out of memory: raise accumulation, set losses.perceptual.frames_at_once, "
            "or lower batch or data.frames."
        )
    # A loader process that dies while it sends a clip leaves a closed pipe: EOFError or ConnectionError.
    if is_lost_worker(error):
        return "A loader process ended, perhaps for want of memory: try a smaller data.workers."
    if processes.count > 1 and is_lost_peer(error):
        return f"Another process of this run was lost ({first_line(error)})."
    return None
