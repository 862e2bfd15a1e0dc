from __future__ import annotations

from pathlib import Path

import pytest

from vsrealbasicvsr.errors import GraphError, JobError
from vsrealbasicvsr.ffmpeg.command.commandline import Option, read_command_line, with_graphs_inline
from vsrealbasicvsr.ffmpeg.command.node import find_node, with_graph


def test_options_belong_to_the_file_behind_them_or_to_all() -> None:
    line = (
        "-y -ss 5 -noautorotate -i a.mkv -nostdin -itsoffset 2 -i b -map 0 -c:v x -shortest out.mkv -an o2 -n"
    )
    command = read_command_line(line.split())
    assert command.options == (Option("y"), Option("nostdin"), Option("n"))
    assert [(file.options, file.url) for file in command.inputs] == [
        ((Option("ss", "5"), Option("noautorotate")), "a.mkv"),
        ((Option("itsoffset", "2"),), "b"),
    ]
    assert [(file.options, file.url) for file in command.outputs] == [
        ((Option("map", "0"), Option("c:v", "x"), Option("shortest")), "out.mkv"),
        ((Option("an"),), "o2"),
    ]


def test_names_that_look_like_options_can_follow_two_dashes() -> None:
    command = read_command_line(["-i", "-a.mkv", "--", "-out.mkv"])
    assert (command.inputs[0].url, command.outputs[0].url) == ("-a.mkv", "-out.mkv")


def test_a_single_dash_is_a_file_and_trailing_options_stay_trailing() -> None:
    command = read_command_line(["-i", "-", "-f", "nut", "-", "-shortest"])
    assert (command.inputs[0].url, command.outputs[0].url) == ("-", "-")
    assert command.trailing == (Option("shortest"),)


def test_an_option_without_its_value_is_refused() -> None:
    with pytest.raises(JobError, match="-crf has no value"):
        read_command_line(["-i", "a", "-crf"])


SPELLINGS = (
    *("-filter_complex_script", "-/filter_complex", "-/lavfi", "-filter_script:v", "-filter_script:v:0"),
    *("-/vf", "-/filter:v", "-/filter:v:0"),
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_script_of_any_spelling_is_read(tmp_path: Path, spelling: str) -> None:
    script = tmp_path / "a script.txt"
    script.write_bytes("\ufeff# ours: realbasicvsr\r\nscale=2:2,\r\n  realbasicvsr=window=3\r\n".encode())
    command = with_graphs_inline(read_command_line(["-i", "a", spelling, str(script), "o.mkv"]))
    node = find_node(command)
    assert node is not None
    assert str(node.graph) == "scale=2:2,realbasicvsr=window=3"
    changed = with_graph(command, node, "null")
    options = changed.options if node.output is None else changed.outputs[0].options
    assert [option.value for option in options] == ["null"]
    assert not options[0].name.startswith(("/", "filter_script", "filter_complex_script"))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_script_that_cannot_be_read_is_named(tmp_path: Path, spelling: str) -> None:
    with pytest.raises(JobError, match="nothing"):
        with_graphs_inline(read_command_line(["-i", "a", spelling, str(tmp_path / "nothing"), "o.mkv"]))


def test_only_a_filter_of_that_name_is_a_node() -> None:
    line = [
        "-i",
        "a",
        "-vf",
        "drawtext=text='realbasicvsr, realbasicvsr'",
        "-metadata",
        "t=realbasicvsr",
        "o",
    ]
    assert find_node(read_command_line(line)) is None


def test_a_graph_that_does_not_mention_us_may_be_wrong() -> None:
    assert find_node(read_command_line(["-i", "a", "-vf", "[[[", "o"])) is None


def test_nodes_in_two_graphs_are_refused() -> None:
    line = ["-i", "a", "-vf", "realbasicvsr", "o", "-vf", "realbasicvsr", "p"]
    with pytest.raises(GraphError, match="one realbasicvsr"):
        find_node(read_command_line(line))


def test_without_any_output_it_is_ffmpeg_that_says_so() -> None:
    assert find_node(read_command_line(["-i", "a", "-vf", "realbasicvsr"])) is None
