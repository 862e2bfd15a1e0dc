"""Limits of memory and processor time by a container or a control group of Linux."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60  # bytes; version 1 of control groups states a huge number for no limit


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a process by its control groups (version 1 or 2) and by the parents of these groups.

    Attributes:
        root: the folder where control groups are mounted.
        membership: the text of /proc/self/cgroup.
    """

    root: Path
    membership: str

    @classmethod
    def of_this_process(cls) -> Limits:
        """Return the limits of this process; a system without control groups has no limits."""
        file = Path("/proc/self/cgroup")
        return cls(Path("/sys/fs/cgroup"), file.read_text(encoding="utf-8") if file.is_file() else "")

    @property
    def memory(self) -> int | None:
        """Maximum memory in bytes; None if there is no limit."""
        texts = [*self._texts("", "memory.max"), *self._texts("memory", "memory.limit_in_bytes")]
        limits = [int(text) for text in texts if text.isdecimal()]
        return min((limit for limit in limits if limit < _UNLIMITED), default=None)

    @property
    def cores(self) -> float | None:
        """Maximum processor time as a number of cores; None if there is no limit."""
        pairs = [text.split() for text in self._texts("", "cpu.max")]
        quotas, periods = self._texts("cpu", "cpu.cfs_quota_us"), self._texts("cpu", "cpu.cfs_period_us")
        pairs += [[quota, period] for quota, period in zip(quotas, periods, strict=False)]
        return min(
            (int(quota) / int(period) for quota, period in pairs if quota.isdecimal()), default=None
        )  # "max" and -1 mean no limit

    def _texts(self, controller: str, name: str) -> Iterator[str]:
        """Yield the texts of files of a name, in this process's group and the groups above it.

        The controller is an empty text for version 2.
        """
        for line in self.membership.splitlines():
            _, controllers, path = line.split(":", 2)
            if controller not in controllers.split(","):
                continue
            # Version 1 mounts each controller separately, or several together with a link for each.
            top = self.root / controller
            group = top / path.strip("/")
            for place in (group, *group.parents):
                if not place.is_relative_to(top):
                    break
                file = place / name
                if file.is_file():
                    yield file.read_text(encoding="utf-8").strip()
