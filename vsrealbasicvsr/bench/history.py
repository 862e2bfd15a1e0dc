"""A plot of the reports of `vsrealbasicvsr bench` over time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vsrealbasicvsr.bench.bench import NAME
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.plot.figure import new_figure, save_figure

_SIZE = (8.0, 4.5)


def plot_history(folder: Path, path: Path) -> int:
    """Draw seconds per frame by date: a line for each machine, size, window, precision and acceleration.

    The plain network of the same runs is drawn dashed. The speed of a machine changes from day to day, so
    compare the distances between the two lines. If the plain network did not fit, its line has a gap.

    Returns:
        The number of measurements that were drawn.

    Raises:
        JobError: the folder holds no reports, one of them cannot be read, or the plot cannot be written.
        UnavailableError: matplotlib is not installed.
    """
    lines: dict[str, list[tuple[str, float, float]]] = {}
    for source, report in _reports(folder):
        try:
            for label, point in _points(report):
                lines.setdefault(label, []).append(point)
        except (KeyError, TypeError) as error:
            raise JobError(f"{source} is no whole report of `vsrealbasicvsr bench`: {error}.") from error
    if not lines:
        raise JobError(f"{folder} holds no report of `vsrealbasicvsr bench`: make one with --json.")
    figure = new_figure(*_SIZE)
    panel = figure.subplots()
    dates = sorted({date for points in lines.values() for date, _, _ in points})
    for number, (label, points) in enumerate(sorted(lines.items())):
        days, streams, plains = zip(*sorted(points), strict=True)
        places = [dates.index(day) for day in days]
        panel.plot(places, streams, marker="o", color=f"C{number}", label=label)
        panel.plot(places, plains, marker="x", color=f"C{number}", linestyle="--")
    panel.set_xticks(range(len(dates)), dates, rotation=30, ha="right")
    panel.set_ylabel("seconds a frame (dashed: plain network, fp32)")
    panel.set_ylim(bottom=0)
    panel.legend(fontsize="x-small")
    save_figure(figure, path)
    return sum(map(len, lines.values()))


def _points(report: dict[str, Any]) -> Iterator[tuple[str, tuple[str, float, float]]]:
    """Yield the label of a line, and a point of it: date, stream and plain network."""
    for result in report["results"]:
        case, host, speed = result["case"], report["machine"], result["speed"]
        label = (
            f"{case['width']}x{case['height']}, window {case['window']}+{case['margin']}, "
            f"{result['precision']}, acceleration {result['acceleration']}, {case['channels']} channels, "
            f"{case['blocks']} blocks, {case['frames']} frames, {host['device']} ({host['cores']} cores)"
        )
        plain = speed["plain"] if isinstance(speed["plain"], float) else math.nan
        yield label, (report["date"], speed["stream"], plain)


def _reports(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise JobError(f"{path} cannot be read as a report: {error}.") from error
        if isinstance(report, dict) and report.get("benchmark") == NAME:
            yield path, report
