"""The restoration of one file: `restore_file`, its options, progress and report."""

from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.progress import Progress, Report
from vsrealbasicvsr.job.restore import restore_file

__all__ = ["Delivery", "Progress", "Report", "restore_file"]
