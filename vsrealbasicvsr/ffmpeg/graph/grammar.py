"""The grammar of filter graphs: parse the text into filters, and write it back without new escapes.

The rules are those of libavfilter's graph parser. A backslash takes the next character as it is. Single
quotes take everything up to the next quote. A word ends at a stop character that is neither quoted nor
escaped. Blanks around words do not count. Two things are allowed here that FFmpeg refuses: a byte order mark,
and comment lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vsrealbasicvsr.errors import GraphError

BLANKS = " \n\t\r"
_SCALER_FLAGS = "sws_flags="
_NAMED = re.compile(r"[ \n\t\r]*([A-Za-z0-9_./-]*)[ \n\t\r]*=")


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a graph.

    Attributes:
        name: The filter's name, without the `@instance` part.
        text: `name[@instance][=arguments]` as the user wrote it.
        arguments: The text after the `=`, still escaped; None if there is no `=`.
        inputs: Labels in front of the filter.
        outputs: Labels behind the filter.
        position: Index in the graph's text where the filter begins.
    """

    name: str
    text: str
    arguments: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{_labels(self.inputs)}{self.text}{_labels(self.outputs)}"


@dataclass(frozen=True, slots=True)
class Graph:
    """A filter graph.

    Attributes:
        chains: Filters that follow one another; an output without a label feeds the next filter.
        scaler_flags: `sws_flags=...` at the beginning of the graph, or an empty text.
    """

    chains: tuple[tuple[Filter, ...], ...]
    scaler_flags: str = ""

    def __iter__(self) -> Iterator[Filter]:
        """Return all filters in the order of the text."""
        return (item for chain in self.chains for item in chain)

    def __str__(self) -> str:
        flags = f"{self.scaler_flags};" if self.scaler_flags else ""
        return flags + ";".join(",".join(str(item) for item in chain) for chain in self.chains)


def parse(text: str) -> Graph:
    """Parse the text of a filter graph.

    Raises:
        GraphError: FFmpeg cannot read the text either; the message shows the place.
    """
    return _Parser(without_comments(text)).graph()


def options_text(item: Filter) -> str:
    """Return a filter's options as the filter gets them: the graph's escapes are removed, their own stay."""
    return _plain(item.arguments or "")


def arguments_of(item: Filter) -> Iterator[tuple[str | None, str]]:
    """Yield a filter's options as (name, value), without any escapes; an option without a name has None."""
    text, start = options_text(item), 0
    while text:
        end = _stop(text, start, ":")
        part = text[start:end]
        named = _NAMED.match(part)
        yield (named[1], _plain(part[named.end() :])) if named else (None, _plain(part))
        if end + 1 >= len(text):  # a last colon adds nothing
            return
        start = end + 1


def without_comments(text: str) -> str:
    """Remove a byte order mark, and fill comment lines with blanks, so that positions stay the same.

    A comment is a line whose first character after blanks is `#`, outside quotes and not behind a backslash.
    """
    lines: list[str] = []
    open_sign = ""
    for line in re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix("\ufeff")):
        if not open_sign and line.lstrip(BLANKS).startswith("#"):
            lines.append("".join(sign if sign in "\r\n" else " " for sign in line))
            continue
        lines.append(line)
        open_sign = _left_open(line, open_sign)
    return "".join(lines)


def quoted_label(name: str) -> str:
    """Return a label as it must be written in a graph: `[name]`."""
    return "[" + "".join(f"\\{sign}" if sign in "\\']#" + BLANKS else sign for sign in name) + "]"


def _labels(names: tuple[str, ...]) -> str:
    return "".join(quoted_label(name) for name in names)


def _left_open(line: str, open_sign: str) -> str:
    """Return the quote or the backslash that continues beyond the end of the line, or an empty text."""
    at, quoted = 0, open_sign == "'"
    while at < len(line):
        if quoted:
            quoted = line[at] != "'"
        elif line[at] == "\\":
            at += 1
            if line[at:] == "\n":
                return "\\"
        elif line[at] == "'":
            quoted = True
        at += 1
    return "'" if quoted else ""


def _stop(text: str, start: int, stops: str) -> int:
    """Return the index of the first stop character outside quotes and escapes from `start` on, or the end."""
    at = start
    while at < len(text) and text[at] not in stops:
        if text[at] == "\\":
            at += 2
        elif text[at] == "'":
            closing = text.find("'", at + 1)
            at = len(text) if closing < 0 else closing + 1
        else:
            at += 1
    return min(at, len(text))


def _plain(word: str) -> str:
    """Return a word without its escapes, quotes and outer blanks."""
    word = word.lstrip(BLANKS)
    signs: list[str] = []
    length = 0  # without the blanks at the end
    at = 0
    while at < len(word):
        if word[at] == "\\" and at + 1 < len(word):
            signs.append(word[at + 1])
            at += 2
            length = len(signs)
        elif word[at] == "'":
            closing = word.find("'", at + 1)
            if closing < 0:  # FFmpeg also drops blanks at the end of an open quote
                rest = word[at + 1 :].rstrip(BLANKS)
                return "".join(signs) + rest if rest else "".join(signs[:length])
            signs.extend(word[at + 1 : closing])
            at = closing + 1
            length = len(signs)
        else:
            signs.append(word[at])
            at += 1
            if signs[-1] not in BLANKS:
                length = len(signs)
    return "".join(signs[:length])


def _closed(word: str) -> str:
    """Return a word as written, without blanks at the end; an open quote or escape is closed."""
    at = end = 0  # `end` is the index behind the last character that is no blank
    while at < len(word):
        if word[at] == "\\":
            if at + 1 == len(word):  # FFmpeg reads a backslash at the end as itself
                return word + "\\"
            at += 2
            end = at
        elif word[at] == "'":
            closing = word.find("'", at + 1)
            if closing < 0:  # FFmpeg closes an open quote at the end
                rest = word[at + 1 :].rstrip(BLANKS)
                return word[: at + 1] + rest + "'" if rest else word[:end]
            at = end = closing + 1
        else:
            at += 1
            if word[at - 1] not in BLANKS:
                end = at
    return word[:end]


class _Parser:
    """Parser that reads the text of a graph once, from start to end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def graph(self) -> Graph:
        self._skip_blanks()
        flags = self._scaler_flags()
        chains = [self._chain()]
        while self._next() == ";":
            self._at += 1
            self._skip_blanks()
            if self._at == len(self._text):  # FFmpeg 6 and newer allow a last semicolon
                break
            chains.append(self._chain())
        if self._at < len(self._text):
            raise self._error(f"',' or ';' is missing before {self._text[self._at]!r}")
        return Graph(tuple(chains), flags)

    def _scaler_flags(self) -> str:
        if not self._text.startswith(_SCALER_FLAGS, self._at):
            return ""
        end = self._text.find(";", self._at)
        if end < 0:
            raise self._error("';' is missing after sws_flags=...", len(self._text))
        flags = self._text[self._at : end].rstrip(BLANKS)
        self._at = end + 1
        return flags

    def _chain(self) -> tuple[Filter, ...]:
        filters = [self._filter()]
        while self._next() == ",":
            self._at += 1
            filters.append(self._filter())
        return tuple(filters)

    def _filter(self) -> Filter:
        self._skip_blanks()
        inputs = self._read_labels()
        start = self._at
        end = _stop(self._text, start, "=,;[")
        name = _plain(self._text[start:end])
        if not name:
            raise self._error("a filter's name is missing", start)
        if name.startswith("#"):
            raise self._error("a comment needs a line of its own", start)
        begin = end + 1
        has_arguments = self._text[end:begin] == "="
        if has_arguments:
            end = _stop(self._text, begin, "[],;")
        self._at = end
        outputs = self._read_labels()
        written = _closed(self._text[start:end])
        arguments = written[begin - start :] if has_arguments else None
        return Filter(name.partition("@")[0], written, arguments, inputs, outputs, start)

    def _read_labels(self) -> tuple[str, ...]:
        labels: list[str] = []
        self._skip_blanks()
        while self._next() == "[":
            start = self._at
            end = _stop(self._text, start + 1, "]")
            if end == len(self._text):
                raise self._error("']' is missing after this '['", start)
            label = _plain(self._text[start + 1 : end])
            if not label:
                raise self._error("a label is empty", start)
            labels.append(label)
            self._at = end + 1
            self._skip_blanks()
        return tuple(labels)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in BLANKS:
            self._at += 1

    def _error(self, what: str, position: int | None = None) -> GraphError:
        return GraphError.at(what, self._text, self._at if position is None else position)
