"""The filter graphs in FFmpeg's own manual, read from an installed one.

`python -m tests.ffmpeg.manual` runs all that can run, before and after a round trip through our grammar.
"""

from __future__ import annotations

import gzip
import itertools
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.ffmpeg.programs import FFMPEGS
from vsrealbasicvsr.ffmpeg.graph.grammar import parse

MANUAL = Path("/usr/share/man/man1/ffmpeg-filters.1.gz")
_BLOCK = re.compile(r"^\.Vb \d+\n(.*?)^\.Ve", re.DOTALL | re.MULTILINE)
_ROFF = ((r"\e", "\\"), (r"\-", "-"), (r"\*(Aq", "'"), (r"\(aq", "'"), (r"\&", ""))
_OPTIONS = ("-vf", "-af", "-filter_complex", "-lavfi", "-filter:v", "-filter:a")


def examples() -> list[str]:
    """Graphs as they stand in the manual, on command lines or by themselves; none without a manual."""
    if not MANUAL.exists():
        return []
    text = gzip.decompress(MANUAL.read_bytes()).decode()
    known = _filters()
    return [graph for block in _BLOCK.findall(text) for graph in _graphs(_unroffed(block), known)]


def picture_hashes(graph: str, ffmpeg: str) -> str | None:
    """What the graph makes of a test picture; None where it cannot run on one."""
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3")
    sink = ("-frames:v", "3", "-f", "framemd5", "-")
    words = [ffmpeg, "-v", "error", "-nostdin", *source, "-vf", graph, *sink]
    with tempfile.TemporaryDirectory() as folder:  # some examples write files, which others read
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, errors="replace", timeout=5, cwd=folder
            )
        except subprocess.TimeoutExpired:
            return None
    return done.stdout if done.returncode == 0 and "\n0," in done.stdout else None


def same_both_ways(graph: str, ffmpeg: str) -> bool | None:
    """Whether a graph that was read and written makes the same pictures; None where it cannot run."""
    before = picture_hashes(graph, ffmpeg)
    if before is None:
        return None
    if before == picture_hashes(str(parse(graph)), ffmpeg):
        return True
    return any(before != picture_hashes(graph, ffmpeg) for _ in range(20))  # drawgraph differs by itself


def _filters() -> set[str]:
    words = [FFMPEGS["packaged"], "-v", "error", "-filters"]
    said = subprocess.run(words, capture_output=True, text=True).stdout
    return set(re.findall(r"^ [T.][S.]\.? +(\w+) ", said, re.MULTILINE))


def _unroffed(block: str) -> str:
    for sign, plain in _ROFF:
        block = block.replace(sign, plain)
    return block.replace("\\\n", " ")


def _graphs(block: str, known: set[str]) -> Iterator[str]:
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    if not lines:
        return
    if any(line.startswith(("ffmpeg", "ffplay", "ffprobe", "./ff")) for line in lines):
        for line in lines:
            yield from _of_command(line)
    elif all(_is_graph(line, known) for line in lines) and not any(line[-1] in ",;\\" for line in lines):
        yield from lines
    elif _is_graph(lines[0], known):
        yield "\n".join(lines)


def _of_command(line: str) -> Iterator[str]:
    try:
        words = shlex.split(line)
    except ValueError:  # prose, or a command over several lines
        return
    for option, value in itertools.pairwise(words):
        if option in _OPTIONS:
            yield value


def _is_graph(line: str, known: set[str]) -> bool:
    name = re.match(r"(?:\s*\[[\w:]+\])*\s*(\w+)", line)
    return (
        name is not None and name[1] in known and re.match(r"\s*($|[=,;\[@])", line[name.end() :]) is not None
    )


def main() -> None:
    """Print how many examples are read, run, and differ, and those that do."""
    began = time.monotonic()
    graphs = examples()
    with ThreadPoolExecutor(2) as pool:
        same = list(pool.map(lambda graph: same_both_ways(graph, FFMPEGS["packaged"]), graphs))
    ran = sum(each is not None for each in same)
    differing = [graph for graph, each in zip(graphs, same, strict=True) if each is False]
    seconds = time.monotonic() - began
    click.echo(
        f"{len(graphs)} graphs read, {ran} run both ways, {len(differing)} differ, in {seconds:.0f} seconds"
    )
    for graph in differing:
        click.echo(f"differs: {graph!r}")


if __name__ == "__main__":
    main()
