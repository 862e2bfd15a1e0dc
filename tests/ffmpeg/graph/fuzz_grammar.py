"""Spoiled and random filter graphs: what is read must be written back the same, the rest told with its place.

`python -m tests.ffmpeg.graph.fuzz_grammar --cases 100000 --seed 0`
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from tests.ffmpeg import manual
from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.graph.cut import NAME, cut, has_node
from vsrealbasicvsr.ffmpeg.graph.grammar import Graph, arguments_of, parse

SIGNS = "[]=,;:'\\# \n@\t\r"
WORDS = (
    NAME, f"{NAME}@one", f"{NAME}=window=3", f",{NAME},", f"[a]{NAME}[b]", "null", "split", "overlay",
    "scale=2:2", "drawtext=text='a, b; [c]'", "sws_flags=area;", "[a]", "[b]", "[0:v]", "[1:v:0]",
    "# comment\n", "\n#", "\\'", "''", "\\\\", "é", "\u2028",
)  # fmt: skip
GRAPHS = (
    "null",
    NAME,
    f"yadif,{NAME}=refine=3:window=12,format=yuv420p",
    f"[0:v]crop=iw:ih-8,{NAME}@one=model=C\\\\:/m\\,1.pth[v];[0:a]volume=2[a]",
    f"[0:v]split[a][b];[a]{NAME}[c];[b]scale=4*iw:4*ih:flags=lanczos[d];[c][d]hstack=inputs=2[v]",
    f"[0:v]split[a],scale=1:1[b];[a]{NAME},[b]overlay[v]",
    f"# one\n[0:v] bwdif , {NAME} = strength=0.5 : device=cpu [x] ;\r\n\r\n  # two\n[x]scale=2:2[v];\n",
    f"movie=logo.png[logo];{NAME}[big];[big][logo]overlay=W-w-10:H-h-10",
    f"drawtext=text='a, b; [c] {NAME}':fontsize=12,{NAME},null",
    f"{NAME}=model='a b;[c].pth':cuts=none,setsar=1",
    f"[q]{NAME}[p];[p]null[q]",
    f"split=3[a][b][c];[a]{NAME}[x];[b]{NAME}[y];[x][y][c]xstack=inputs=3",
    f"sws_flags=lanczos+accurate_rnd;[in]{NAME}[out]",
    r"drawtext=text='this is a \'string\'\: may contain one\, or more\, special characters'",
    r"drawtext=fontfile=/f.ttf:text=this is a \\\'string\\\'\\: may contain one\, or more\, others",
    r"subtitles=C\\:/films/a\\'b.srt:force_style='FontName=DejaVu,PrimaryColour=&HCCFF0000'",
    "geq=r='X/W*r(X,Y)':g='(1-X/W)*g(X,Y)':b='(H-Y)/H*b(X,Y)'",
    r"select='eq(pict_type\,I)+gt(scene,0.4)',showinfo",
    "color=c=#ff0000@0.5:s=16x16[c];[in][c]overlay@two=format=auto[out]",
    "metadata@a=mode=add:key=K:value='x = y',metadata@b=mode=print:file=-",
    "[0:a]aformat=sample_fmts=fltp:channel_layouts=stereo,pan=stereo|c0<c0+0.5*c2|c1<c1+0.5*c3[a]",
)
_TOLD = re.compile(r"filter graph, line \d+, column \d+: .+\.\n  .*\n   *\^", re.DOTALL)
_SECONDS = 1.0


@dataclass
class Tally:
    """What came of the cases.

    Attributes:
        accepted: Read and written back.
        rejected: Refused with a place.
        broken: Texts for which a promise does not hold, with that promise.
        seconds: Time for all.
    """

    accepted: int = 0
    rejected: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0


def fuzz(cases: int, seed: int) -> Tally:
    """Try as many texts; the same seed gives the same texts where the same manual is installed."""
    rng = random.Random(seed)
    tally = Tally()
    began = time.monotonic()
    graphs = (*GRAPHS, *manual.examples())
    for _ in range(cases):
        text = _case(graphs, rng)
        try:
            if is_accepted(text):
                tally.accepted += 1
            else:
                tally.rejected += 1
        except Exception as error:  # whatever is raised is a finding
            tally.broken.append((text, f"{type(error).__name__}: {error}"))
    tally.seconds = time.monotonic() - began
    return tally


def is_accepted(text: str) -> bool:
    """Whether a text is read, after all that must hold for it was checked."""
    began = time.process_time()
    try:
        graph = parse(text)
    except GraphError as error:
        _check_told(error, text)
        return False
    finally:
        seconds = time.process_time() - began
        assert seconds < _SECONDS, f"parse took {seconds:.1f} seconds"
    check_round_trip(graph)
    for item in graph:
        list(arguments_of(item))
    if has_node(graph):
        _check_cut(graph, text)
    assert time.process_time() - began < 4 * _SECONDS, "the checks took too long"
    return True


def check_round_trip(graph: Graph) -> None:
    """A graph is read from its own text as itself."""
    again = parse(str(graph))
    assert again == graph, f"{str(graph)!r} is read as another graph, {str(again)!r}"
    assert str(again) == str(graph), f"{str(graph)!r} is written anew as {str(again)!r}"


def _check_told(error: GraphError, text: str) -> None:
    assert 0 <= error.position <= len(text), f"position {error.position} of {len(text)}"
    assert _TOLD.fullmatch(str(error)), f"no place in {str(error)!r}"


def _check_cut(graph: Graph, text: str) -> None:
    for pipe in (None, "1:v:0"):
        try:
            parts = cut(graph, text, pipe=pipe)
        except GraphError as error:
            _check_told(error, text)
        else:
            check_round_trip(parts.before)
            check_round_trip(parts.after)


def _case(graphs: tuple[str, ...], rng: random.Random) -> str:
    if rng.random() < 0.2:
        pieces = (*SIGNS, *WORDS)
        return "".join(rng.choice(pieces) for _ in range(rng.randint(0, 20)))
    text = rng.choice(graphs)
    mark = "\ufeff" if rng.random() < 0.02 else ""
    for _ in range(rng.randint(1, 4)):
        text = _spoiled(text, rng, graphs)
    return mark + text


def _spoiled(text: str, rng: random.Random, graphs: tuple[str, ...]) -> str:
    first, last = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    head, middle, tail = text[:first], text[first:last], text[last:]
    match rng.randrange(8):
        case 0:
            return head + tail
        case 1:
            return head + middle * rng.choice((2, 2, 2, 3, 3, 5, 300 if len(text) < 200 else 2)) + tail
        case 2:
            return head + rng.choice(SIGNS) + text[first + 1 :]
        case 3 | 4:
            return head + rng.choice(SIGNS) + middle + tail
        case 5 | 6:
            return head + rng.choice(WORDS) + middle + tail
        case _:
            return head + rng.choice(";,\n") + rng.choice(graphs)


def _smaller(text: str, promise: str) -> str:
    """The text with all taken out that is not needed to break the same kind of promise."""
    kind = promise.partition(":")[0]
    shrinking = True
    while shrinking:
        shrinking = False
        for shorter in _shorter(text):
            try:
                is_accepted(shorter)
            except Exception as error:
                if type(error).__name__ == kind:
                    text, shrinking = shorter, True
                    break
    return text


def _shorter(text: str) -> Iterator[str]:
    size = len(text) // 2
    while size:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2


@click.command()
@click.option("--cases", default=100_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(cases: int, seed: int) -> None:
    """Print how many texts were read and refused, and the smallest form of those that break a promise."""
    tally = fuzz(cases, seed)
    click.echo(
        f"{cases} cases, {tally.accepted} accepted, {tally.rejected} rejected, {len(tally.broken)} broken, "
        f"{tally.seconds:.0f} seconds"
    )
    smallest = sorted({_smaller(text, promise) for text, promise in tally.broken[:50]}, key=len)
    for text in smallest:
        click.echo(f"broken: {text!r}")
    raise SystemExit(bool(tally.broken))


if __name__ == "__main__":
    main()
