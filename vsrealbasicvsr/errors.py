"""Every error a user can cause, one sentence each: what is wrong and what to do.

RestorationError
├── SettingsError   a setting is unknown or out of range
├── WeightsError    a weights file is missing, damaged, or of something else
├── ClipError       frames do not fit together (shapes, ranges, cuts)
├── VideoError      a video or image file cannot be read or written
└── JobError        a restoration as a whole cannot start or go on
"""

from __future__ import annotations


class RestorationError(Exception):
    """The base of all of them; its text is shown to the user as it is."""


class SettingsError(RestorationError):
    """A setting is unknown or out of range."""


class WeightsError(RestorationError):
    """A weights file is missing, damaged, or holds something else."""


class ClipError(RestorationError):
    """Frames do not fit together: shapes, ranges, cuts."""


class VideoError(RestorationError):
    """A video or image file cannot be read or written."""


class JobError(RestorationError):
    """A restoration as a whole cannot start or go on."""
