"""The one error that a user of the training package can cause."""

from __future__ import annotations

from vsrealbasicvsr.errors import RestorationError


class TrainingError(RestorationError):
    """A configuration, a data set, a checkpoint or a run cannot be used; the message says what to do."""
