"""What a container or a control group of Linux leaves to this process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60  # bytes; version 1 of control groups has a huge number for none


@dataclass(frozen=True, slots=True)
class Limits:
    """The control groups that a process belongs to, of version 2 or 1; a group's parents limit it, too.

    Attributes:
        root: where they are mounted.
        membership: what /proc/self/cgroup says.
    """

    root: Path
    membership: str

    @classmethod
    def of_this_process(cls) -> Limits:
        """Those of this process; none where the system has no such thing."""
        told = Path("/proc/self/cgroup")
        return cls(Path("/sys/fs/cgroup"), told.read_text(encoding="utf-8") if told.is_file() else "")

    @property
    def memory(self) -> int | None:
        """Bytes at most; None where there is no limit."""
        texts = [*self._texts("", "memory.max"), *self._texts("memory", "memory.limit_in_bytes")]
        limits = [int(text) for text in texts if text.isdecimal()]
        return min((limit for limit in limits if limit < _UNLIMITED), default=None)

    @property
    def cores(self) -> float | None:
        """Cores' worth of time at most; None where there is no limit."""
        pairs = [text.split() for text in self._texts("", "cpu.max")]
        quotas, periods = self._texts("cpu", "cpu.cfs_quota_us"), self._texts("cpu", "cpu.cfs_period_us")
        pairs += [[quota, period] for quota, period in zip(quotas, periods, strict=False)]
        return min(
            (int(quota) / int(period) for quota, period in pairs if quota.isdecimal()), default=None
        )  # "max" and -1 are no limit

    def _texts(self, controller: str, name: str) -> Iterator[str]:
        """What files of that name say, from this process's group up; version 2 names no controller."""
        for line in self.membership.splitlines():
            _, controllers, path = line.split(":", 2)
            if controller not in controllers.split(","):
                continue
            # Version 1 mounts controllers one by one, or several together with a link for each.
            top = self.root / controller
            group = top / path.strip("/")
            for place in (group, *group.parents):
                if not place.is_relative_to(top):
                    break
                file = place / name
                if file.is_file():
                    yield file.read_text(encoding="utf-8").strip()
