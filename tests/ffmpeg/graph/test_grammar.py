"""The grammar by hand, against ffmpeg itself, and on texts that nobody would write."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ffmpeg.graph.fuzz_grammar import SIGNS, WORDS, check_round_trip, fuzz, is_accepted
from tests.ffmpeg.programs import FFMPEGS
from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, arguments_of, parse, quoted_label, without_comments


def _one(text: str) -> Filter:
    (item,) = parse(text)
    return item


def _options(arguments: str) -> list[tuple[str | None, str]]:
    return list(arguments_of(_one(f"metadata={arguments}")))


def test_a_filter_is_its_labels_its_name_and_its_arguments() -> None:
    assert _one("[a][0:v]scale=2:flags=area[out]") == Filter(
        "scale", "scale=2:flags=area", "2:flags=area", ("a", "0:v"), ("out",)
    )


def test_without_an_equals_sign_there_are_no_arguments() -> None:
    assert _one("null").arguments is None
    assert _one("null=").arguments == ""
    assert list(arguments_of(_one("null"))) == list(arguments_of(_one("null="))) == []


def test_semicolons_part_chains_and_commas_part_filters() -> None:
    names = [[item.name for item in chain] for chain in parse("a,b;c;d,e,f").chains]
    assert names == [["a", "b"], ["c"], ["d", "e", "f"]]


def test_an_instance_is_no_part_of_the_name() -> None:
    item = _one("scale@big=2:2")
    assert (item.name, item.text, item.arguments) == ("scale", "scale@big=2:2", "2:2")


def test_each_filter_knows_where_it_begins() -> None:
    assert [item.position for item in parse(" [in] a = 1 , b;\n\t[x]c")] == [6, 14, 21]


def test_scaler_flags_stand_in_front_of_all() -> None:
    graph = parse(" sws_flags=area+accurate_rnd; a,b")
    assert graph.scaler_flags == "sws_flags=area+accurate_rnd"
    assert str(graph) == "sws_flags=area+accurate_rnd;a,b"


def test_scaler_flags_further_behind_are_a_filter() -> None:
    assert [item.name for item in parse("a;sws_flags=area")] == ["a", "sws_flags"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\n [a] [b]\tc\r\n[d] , e ;\r\n\r\n f \n", "[a][b]c[d],e;f"),
        ("a = 1 : 2 [x]", "a = 1 : 2[x]"),
        ("[ a ]b", "[a]b"),
        (r"a=b\  ,c", r"a=b\ ,c"),
        ("a='b ' ,c", "a='b ',c"),
    ],
)
def test_blanks_around_words_do_not_count(text: str, written: str) -> None:
    assert str(parse(text)) == written


def test_blanks_behind_the_arguments_are_no_part_of_them() -> None:
    assert _one("scale=2:2 [x]") == _one("scale=2:2[x]")


def test_a_last_semicolon_is_left_out() -> None:
    assert parse("a;b; \n") == parse("a;b")


def test_arguments_stay_as_they_were_written() -> None:
    text = r"[in]drawtext=text='a, b; [c] ''d':x=1\,2\\:\[e\],null[out]"
    graph = parse(text)
    assert str(graph) == text
    assert [item.arguments for item in graph] == [r"text='a, b; [c] ''d':x=1\,2\\:\[e\]", None]


def test_a_name_may_be_escaped_too() -> None:
    assert _one(r"sc\al'e'=1").name == "scale"
    assert _one(r"a\,b").name == "a,b"


@pytest.mark.parametrize("name", ["a b", "a]b", "'a'", "a\\", " a ", "[a", "\n"])
def test_a_label_of_odd_signs_is_written_as_it_is_read(name: str) -> None:
    assert _one(f"{quoted_label(name)}null{quoted_label(name)}") == Filter(
        "null", "null", None, (name,), (name,)
    )


def test_quotes_and_backslashes_in_labels_are_undone() -> None:
    item = _one(r"[a\]b]['c]d' ]null[e\\]")
    assert (item.inputs, item.outputs) == (("a]b", "c]d"), ("e\\",))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("add:K:3", [(None, "add"), (None, "K"), (None, "3")]),
        ("mode=add:key=K", [("mode", "add"), ("key", "K")]),
        ("add:key=K", [(None, "add"), ("key", "K")]),
        (" mode = add :\n key = K ", [("mode", "add"), ("key", "K")]),
        ("key=a=b", [("key", "a=b")]),
        ("key=", [("key", "")]),
        ("add::3", [(None, "add"), (None, ""), (None, "3")]),
        # The graph takes one level of quotes and backslashes, the list of options another.
        (r"key=a\:b", [("key", "a"), (None, "b")]),
        (r"key=a\\:b", [("key", "a:b")]),
        (r"key='a\:b'", [("key", "a:b")]),
        ("key='a:b'", [("key", "a"), (None, "b")]),
        (r"key=\'a:b\'", [("key", "a:b")]),
        (r"key=a\,b\;\[c\]", [("key", "a,b;[c]")]),
        ("key='a,b;[c]'", [("key", "a,b;[c]")]),
        (r"key=it\\\'s", [("key", "it's")]),
        (r"key='it\'\''s'", [("key", "it's")]),
        (r"key=C\\:\\\\x", [("key", r"C:\x")]),
        (r"key='C\:\\x'", [("key", r"C:\x")]),
        (r"key=\'  x  \'", [("key", "  x  ")]),
        (r"key=\\ \\ x", [("key", "  x")]),
    ],
)
def test_escapes_are_undone_at_both_levels(arguments: str, options: list[tuple[str | None, str]]) -> None:
    assert _options(arguments) == options


def test_a_last_colon_adds_no_option() -> None:
    assert _options("key=K:") == [("key", "K")]
    assert _options("add::") == [(None, "add"), (None, "")]


def test_an_equals_sign_after_more_than_a_name_is_part_of_the_value() -> None:
    assert _options("add:K:w*2=3") == [(None, "add"), (None, "K"), (None, "w*2=3")]


def test_a_quote_that_is_not_closed_reaches_to_the_end() -> None:
    graph = parse("a='b,c;[d]")
    assert [item.arguments for item in graph] == ["'b,c;[d]'"]
    assert str(graph) == "a='b,c;[d]'"


def test_a_quote_that_is_not_closed_holds_no_blanks_at_the_end() -> None:
    assert _options(r"key=a\ ")[0] == ("key", "a")
    assert _options(r"key='a\ ")[0] == ("key", "a\\")
    assert str(parse("a='b ")) == "a='b'"


def test_a_backslash_at_the_end_is_itself() -> None:
    graph = parse("a=b\\")
    assert str(graph) == r"a=b\\"
    assert list(arguments_of(next(iter(graph)))) == [(None, "b\\")]


def test_lines_of_comment_and_a_byte_order_mark_do_not_count() -> None:
    text = "\ufeff# one, [two; 'three\r\nnull,\n  # four\n[a]scale=2 # no comment\n,c=#ff0000\n#"
    assert str(parse(text)) == "null,[a]scale=2 # no comment,c=#ff0000"


def test_comments_leave_all_places_as_they_are() -> None:
    assert without_comments("#ab\r\nnull\n # c\n,a") == "   \r\nnull\n    \n,a"


@pytest.mark.parametrize(
    "text",
    ["drawtext=text='a\n# b'", "drawtext=text=a\\\n# b", "drawtext=text=a\u2028# b", "drawtext=text=a\v#b"],
)
def test_a_sign_that_begins_no_line_of_its_own_begins_no_comment(text: str) -> None:
    assert str(parse(text)) == text


def test_a_label_that_looks_like_a_comment_can_be_read_again() -> None:
    check_round_trip(parse("['\n#a']null"))


def test_a_comment_behind_a_filter_does_not_swallow_the_next_line() -> None:
    with pytest.raises(GraphError, match="comment") as caught:
        parse("scale=2:2, # enlarged\nrealbasicvsr")
    assert caught.value.position == 11


@pytest.mark.parametrize(
    ("text", "what", "line", "column", "shown"),
    [
        ("", "a filter's name is missing", 1, 1, ("", "^")),
        ("a,,b", "a filter's name is missing", 1, 3, ("a,,b", "  ^")),
        ("a;\n=1", "a filter's name is missing", 2, 1, ("=1", "^")),
        ("a;;b", "a filter's name is missing", 1, 3, ("a;;b", "  ^")),
        ("a;\r\n\tb,[c]", "a filter's name is missing", 2, 7, (" b,[c]", "      ^")),
        ("a,\n[b c", r"'\]' is missing after this '\['", 2, 1, ("[b c", "^")),
        ("a[b][\nc", r"'\]' is missing after this '\['", 1, 5, ("a[b][", "    ^")),
        ("a[b] []", "a label is empty", 1, 6, ("a[b] []", "     ^")),
        ("a[b]c", "',' or ';' is missing before 'c'", 1, 5, ("a[b]c", "    ^")),
        ("a=1]", r"',' or ';' is missing before '\]'", 1, 4, ("a=1]", "   ^")),
        ("sws_flags=area", "';' is missing after sws_flags=", 1, 15, ("sws_flags=area", " " * 14 + "^")),
        ("# one\n a,\n# two\n[b", r"'\]' is missing", 4, 1, ("[b", "^")),
    ],
)
def test_an_error_shows_its_place(
    text: str, what: str, line: int, column: int, shown: tuple[str, str]
) -> None:
    with pytest.raises(GraphError, match=what) as caught:
        parse(text)
    head, *rest = str(caught.value).split("\n")
    assert head.startswith(f"filter graph, line {line}, column {column}: ")
    assert rest == [f"  {shown[0]}", f"  {shown[1]}"]
    assert caught.value.position == sum(map(len, text.splitlines(keepends=True)[: line - 1])) + column - 1


def test_of_a_long_line_the_part_around_the_error_is_shown() -> None:
    text = ",".join(f"scale={number}" for number in range(100, 200)) + "[,null"
    with pytest.raises(GraphError) as caught:
        parse(text)
    _, shown, mark = str(caught.value).split("\n")
    assert len(shown) <= 102
    assert shown[mark.index("^") :].startswith("[,null")


AWKWARD = (
    "v",
    "a b",
    "  a  b  ",
    "'  a  '",
    r"\'  a  \'",
    r"\ a\ ",
    r"\\ a\\ ",
    r"a\:b",
    r"a\\:b",
    r"a\\\:b",
    r"a\\\\:b",
    r"'a\:b'",
    r"'a\\:b'",
    "'a:b'",
    r"\'a:b\'",
    r"'\'a:b\''",
    r"a\,b",
    "'a,b'",
    r"a\;b\[c\]",
    "'a;b[c]'",
    r"'C\:/films/a b.srt'",
    r"C\\:\\\\films\\\\a",
    "a=b",
    "a=b=c",
    r"a\=b",
    "'a=b'",
    r"it\\\'s",
    r"'it\'\''s'",
    r"it's fine'",
    "''",
    "a''b",
    "a'b'c",
    r"'a'\''b'",
    r"'a\b'",
    r"a\b",
    r"a\\b",
    r"a\\\\b",
    r"a\\\\\\b",
    "a\nb",
    "a\r\n\tb\r\n",
    "'\na\n'",
    "#ff0000@0.5",
    "é\u2028#x",
    "50%{pts}",
    "a:",
    "a@b/c|d+e-f*g",
    "w*2=3",
    "eq(t=1)",
)
SOURCE = "color=s=16x16:r=1:d=1"
PLACES = ("add:K:", " mode = add :\nkey=K : value = ")


def _run(ffmpeg: str, *, source: str = SOURCE, graph: str) -> subprocess.CompletedProcess[bytes]:
    words = [ffmpeg, "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-vf", graph]
    return subprocess.run([*words, "-frames:v", "1", "-f", "null", "-"], capture_output=True, timeout=20)


def _printed(done: subprocess.CompletedProcess[bytes]) -> str | None:
    """The value that ffmpeg put under the key K; None where it refused the graph."""
    _, key, value = done.stdout.decode().partition("\nK=")
    return value.removesuffix("\n") if key else None


def _read(text: str) -> str | None:
    """The same value as we read it; None where it is missing, or one option is too many."""
    places = ["mode", "key", "value"]
    values: dict[str, str] = {}
    for name, value in arguments_of(next(iter(parse(text)))):
        if name is None and not places:
            return None
        values[places.pop(0) if name is None else name] = value
        if name in places:
            places = places[places.index(name) + 1 :]
    return values.get("value")


@pytest.mark.parametrize("value", AWKWARD)
def test_arguments_are_what_ffmpeg_reads(value: str, ffmpeg: str) -> None:
    places = PLACES if ffmpeg == FFMPEGS["packaged"] else PLACES[:1]  # others start several times slower
    for place in places:
        node = f"metadata={place}{value}"
        understood = _printed(_run(ffmpeg, graph=f"{node},metadata=print:file=-"))
        assert _read(node) == understood, place
        written = str(parse(node))
        if written != node:
            again = _printed(_run(ffmpeg, graph=f"{written},metadata=print:file=-"))
            assert again == understood, place


@pytest.mark.parametrize(
    "value", ["'a", "'a  ", "a\\", r"\'a", r"\'a\ ", r"a\ ", r"'a\ ", "a '", "a '  ", "a'b,c;[e]"]
)
def test_the_end_of_a_graph_is_what_ffmpeg_reads(value: str, ffmpeg: str) -> None:
    source = f"{SOURCE},metadata=add:K:{value}"
    _, node = parse(source)
    understood = _printed(_run(ffmpeg, source=source, graph="metadata=print:file=-"))
    assert understood is not None
    assert _read(str(node)) == understood
    followed = f"{parse(source)},null"
    assert _printed(_run(ffmpeg, source=followed, graph="metadata=print:file=-")) == understood


@pytest.mark.parametrize(
    "text",
    ["", " ", ";null", "null;;null", "null,,null", "[a", "[]null", "null[", "sws_flags=area", "null[a]null"],
)
def test_what_is_refused_ffmpeg_refuses_too(text: str, ffmpeg: str) -> None:
    with pytest.raises(GraphError):
        parse(text)
    assert _run(ffmpeg, graph=text).returncode != 0


TEXTS = st.lists(st.sampled_from([*SIGNS, *WORDS, "a", "b"]), max_size=30).map("".join)


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_any_text_is_refused_with_a_place_or_read_again_as_itself(text: str) -> None:
    is_accepted(text)


def test_spoiled_graphs_break_no_promise() -> None:
    tally = fuzz(2_000, seed=1)
    assert tally.broken == []
    assert min(tally.accepted, tally.rejected) > 400


def test_the_fuzzer_notices_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ffmpeg.graph.fuzz_grammar.parse", lambda text: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        is_accepted("null")
    assert len(fuzz(3, seed=0).broken) == 3
