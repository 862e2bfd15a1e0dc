"""Graphs cut at the node; what each half must be was worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.graph.cut import cut, with_node
from vsrealbasicvsr.ffmpeg.graph.grammar import parse


@pytest.mark.parametrize(
    ("text", "before", "after", "shared"),
    [
        ("realbasicvsr", "null", "null", False),
        (
            "bwdif,realbasicvsr=refine=3,scale=1:2,format=gray",
            "bwdif,null",
            "null,scale=1:2,format=gray",
            False,
        ),
        ("[in]crop=2:2,realbasicvsr[out]", "[in]crop=2:2,null", "null[out]", False),
        (
            "split[a][b];[a]realbasicvsr[c];[b]scale[d];[c][d]hstack",
            "split[a][b];[a]null;[b]nullsink",
            "split[a][b];null[c];[b]scale[d];[c][d]hstack;[a]nullsink",
            True,
        ),
        ("movie=x[l];realbasicvsr[x];[x][l]overlay", "null", "movie=x[l];null[x];[x][l]overlay", False),
        ("sws_flags=area;realbasicvsr,null", "sws_flags=area;null", "sws_flags=area;null,null", False),
    ],
)
def test_a_simple_graph_is_cut_in_two(text: str, before: str, after: str, shared: bool) -> None:
    parts = cut(parse(text), text)
    assert (str(parts.before), str(parts.after), parts.shared) == (before, after, shared)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("[0:v]realbasicvsr[v]", "[0:v]null[vsrealbasicvsr_cut]", "[1:v:0]null[v]"),
        (
            "[0:v]yadif,split[x][y];[x]realbasicvsr[v];[0:a]volume=2[a]",
            "[0:v]yadif,split[x][y];[x]null[vsrealbasicvsr_cut];[y]nullsink",
            "[0:v]yadif,split[x][y];[1:v:0]null[v];[0:a]volume=2[a];[x]nullsink",
        ),
        (
            "[0:v]split[a],scale=1:1[b];[a]realbasicvsr,[b]overlay[v]",
            "[0:v]split[a][vsrealbasicvsr_0];[a]null[vsrealbasicvsr_cut];[vsrealbasicvsr_0]nullsink",
            "[0:v]split[a],scale=1:1[b];[1:v:0]null,[b]overlay[v];[a]nullsink",
        ),
        (
            "[0:v]realbasicvsr,split[v][w];[0:v]scale[z]",
            "[0:v]null[vsrealbasicvsr_cut]",
            "[1:v:0]null,split[v][w];[0:v]scale[z]",
        ),
        (
            "[0:v][1:v]overlay,realbasicvsr[v];[0:a]anull[s]",
            "[0:v][1:v]overlay,null[vsrealbasicvsr_cut]",
            "[1:v:0]null[v];[0:a]anull[s]",
        ),
    ],
)
def test_a_complex_graph_is_cut_in_two_with_labels(text: str, before: str, after: str) -> None:
    parts = cut(parse(text), text, pipe="1:v:0")
    assert (str(parts.before), str(parts.after)) == (before, after)


@pytest.mark.parametrize(
    ("text", "words", "position"),
    [
        ("realbasicvsr,realbasicvsr", "this is the second", 13),
        ("[q]realbasicvsr[p];[p]null[q]", "circle", 3),
        ("[a][b]realbasicvsr", "takes one video", 6),
        ("realbasicvsr[a][b]", "gives one", 0),
        ("scale,[x]realbasicvsr", "takes one video", 9),
        ("sendcmd=c='1 hue s 0',realbasicvsr,hue", "same side as hue", 0),
        ("hue@x,realbasicvsr,sendcmd=c='1 hue@x s 0'", "same side as hue@x", 19),
    ],
)
def test_what_cannot_be_cut_is_refused_with_its_place(text: str, words: str, position: int) -> None:
    with pytest.raises(GraphError, match=words) as caught:
        cut(parse(text), text)
    assert caught.value.position == position


def test_the_stand_in_takes_the_nodes_place_and_nothing_else() -> None:
    graph = parse("[0:v]drawtext='realbasicvsr',realbasicvsr=refine=2[v]")
    assert str(with_node(graph, "scale=4*iw:-1")) == "[0:v]drawtext='realbasicvsr',scale=4*iw:-1[v]"


@pytest.mark.parametrize(
    "text",
    [
        "sendcmd=c='1 hue s 0',hue,realbasicvsr,scale",
        "hue@a,realbasicvsr,sendcmd=c='1 hue@b s 0',hue@b",
        "hue,sendcmd=c='1 hue s 0',realbasicvsr,hue",
    ],
)
def test_commands_that_arrive_are_no_obstacle(text: str) -> None:
    parts = cut(parse(text), text)
    assert str(parts.before).count("sendcmd") + str(parts.after).count("sendcmd") == 1


def test_commands_are_read_from_their_file_too(tmp_path: Path) -> None:
    (tmp_path / "commands.txt").write_text("1.0 [enter] hue s 0;")
    text = f"sendcmd=f={tmp_path}/commands.txt,realbasicvsr,hue"
    with pytest.raises(GraphError, match="same side as hue"):
        cut(parse(text), text)
