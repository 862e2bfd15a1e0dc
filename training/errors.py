"""The error class for all errors that a user of the training package can cause."""

from __future__ import annotations

from vsrealbasicvsr.errors import RestorationError


class TrainingError(RestorationError):
    """A configuration, data set, checkpoint or run cannot be used. The message says what to do."""
