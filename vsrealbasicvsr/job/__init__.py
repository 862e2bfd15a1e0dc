"""One file's restoration: `restore_file` and what it takes and gives."""

from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.progress import Progress, Report
from vsrealbasicvsr.job.restore import restore_file

__all__ = ["Delivery", "Progress", "Report", "restore_file"]
