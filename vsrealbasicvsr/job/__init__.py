"""The restoration of one file: `restore_file`, its options, progress and report.

`restore` runs a job. `spec` checks it, `fingerprint` names all that changes the pictures, `segments`
decides where segments start, `store` is the folder OUT.parts, `workers` makes segments. `note` and
`figures` stay when the job is done; `forecast` is `job plan`.
"""

from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.progress import Progress, Report
from vsrealbasicvsr.job.restore import restore_file

__all__ = ["Delivery", "Progress", "Report", "restore_file"]
