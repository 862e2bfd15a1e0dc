"""Cutting a filter graph at its `realbasicvsr` node; checks for commands that cannot cross the cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, Graph, arguments_of

NAME = "realbasicvsr"
CUT = "vsrealbasicvsr_cut"
"""Label of the frames in front of the node."""
_AUDIO = frozenset(
    """
    acrossover aformat amix anequalizer anull aresample asegment asplit atrim channelsplit pan volume
    """.split()  # noqa: SIM905
)
"""Filters with audio outputs that can be on both sides of a cut."""


@dataclass(frozen=True, slots=True)
class CutGraph:
    """The two halves of a graph.

    Attributes:
        before: The filters that the frames pass on their way to the node; a `null` replaces the node.
        after: All other filters; another filter replaces the node. A filter whose frames are needed on both
            sides is in both graphs.
        node: The node itself.
        shared: True if `after` also needs the sources, because it begins with more than the node.
    """

    before: Graph
    after: Graph
    node: Filter
    shared: bool


@dataclass(frozen=True, slots=True)
class _Node:
    """A filter with its place in the graph."""

    item: Filter
    follows: bool
    """True if the filter before it in the list feeds it without a label."""


def has_node(graph: Graph) -> bool:
    """Return whether one of the filters is `realbasicvsr`."""
    return any(item.name == NAME for item in graph)


def cut(graph: Graph, text: str, *, pipe: str | None = None, leaving: str = "null") -> CutGraph:
    """Cut the graph at its only `realbasicvsr` node.

    Args:
        graph: A graph with the node.
        text: The graph as the user wrote it, for error messages.
        pipe: The stream from which `after` takes the restored frames, such as `1:v:0`; `before` then gives
            its frames the label `CUT`. None leaves both ends open, as in the graph of a `-vf`.
        leaving: The filter that replaces the node in `after`.

    Raises:
        GraphError: there are two nodes; the node has several inputs or outputs; the node feeds itself; or a
            filter sends commands to a filter on the other side.
    """
    nodes = list(_nodes(graph))
    places = [place for place, node in enumerate(nodes) if node.item.name == NAME]
    place = places[0]
    item = nodes[place].item
    if len(places) > 1:
        what = f"a command can have one {NAME}, and this is the second: run one command after the other"
        raise GraphError.at(what, text, nodes[places[1]].item.position)
    if len(item.inputs) + nodes[place].follows > 1 or len(item.outputs) > 1:
        raise GraphError.at(f"{NAME} takes one video and gives one", text, item.position)
    links = _Links(nodes)
    before = links.ancestors(place)
    if place in before:
        raise GraphError.at(f"{NAME} gets its own output: the graph runs in a circle", text, item.position)
    after = links.needed_without(place, before)
    check_commands((nodes[n].item for n in before), (nodes[n].item for n in after), text)
    entrance = replace(item, name="null", text="null", arguments=None, outputs=(CUT,) if pipe else ())
    exit_ = replace(item, name="null", text=leaving, arguments=None, inputs=(pipe,) if pipe else ())
    return CutGraph(
        Graph(tuple(links.side(before, place, entrance, fed=True)), graph.scaler_flags),
        Graph(tuple(links.side(after, place, exit_, fed=False)), graph.scaler_flags),
        item,
        shared=bool(after & before) or links.has_other_starts(after, place),
    )


def with_node(graph: Graph, text: str) -> Graph:
    """Return the graph with other filters, given as text, in place of the node."""
    return Graph(
        tuple(
            tuple(replace(item, text=text) if item.name == NAME else item for item in chain)
            for chain in graph.chains
        ),
        graph.scaler_flags,
    )


def _nodes(graph: Graph) -> Iterator[_Node]:
    for chain in graph.chains:
        for number, item in enumerate(chain):
            yield _Node(item, number > 0)


class _Links:
    """The connections between the filters of a graph."""

    def __init__(self, nodes: list[_Node]) -> None:
        self._nodes = nodes
        self._maker = {label: place for place, node in enumerate(nodes) for label in node.item.outputs}
        self._taken = {label for node in nodes for label in node.item.inputs}

    def ancestors(self, place: int) -> set[int]:
        """Return the places of all filters that the frames pass on their way to the node."""
        ancestors: set[int] = set()
        waiting = [place]
        while waiting:
            for parent in self._parents(waiting.pop()) - ancestors:
                ancestors.add(parent)
                waiting.append(parent)
        return ancestors

    def needed_without(self, place: int, before: set[int]) -> set[int]:
        """Return the places of all filters, except the node and the filters that serve only the node."""
        needed = set(range(len(self._nodes))) - before - {place}
        waiting = [*needed, *(other for other in before if self._is_open(other))]
        needed.update(waiting)
        while waiting:
            for parent in (self._parents(waiting.pop()) & before) - needed:
                needed.add(parent)
                waiting.append(parent)
        return needed

    def has_other_starts(self, side: set[int], place: int) -> bool:
        """Return whether a filter of the side takes an input that no filter of the graph makes."""
        return any(label not in self._maker for other in side - {place} for label in self._item(other).inputs)

    def side(
        self, which: set[int], place: int, stand_in: Filter, *, fed: bool
    ) -> Iterator[tuple[Filter, ...]]:
        """Yield the chains of one half, with a stand-in for the node.

        If `fed` is true, the stand-in takes the input of the node, otherwise it takes none. An output that
        only the other half takes is closed with a `nullsink`. Outputs of the graph stay open in the half
        that is not fed, and are closed in the other half.
        """
        present = sorted(which | {place})
        items = {other: self._item(other) for other in present} | {place: stand_in}
        loose: list[str] = []
        for other in present:
            if (
                other != place
                and self._is_followed(other)
                and not self._is_joined(other + 1, items, place, fed)
            ):
                loose.append(f"vsrealbasicvsr_{other}")
                items[other] = replace(items[other], outputs=(*items[other].outputs, loose[-1]))
        chain: list[Filter] = []
        for other in present:
            if chain and not self._is_joined(other, items, place, fed):
                yield tuple(chain)
                chain = []
            chain.append(items[other])
        yield tuple(chain)
        taken = {*loose, *(label for item in items.values() for label in item.inputs)}
        labels = [label for other in present if other != place for label in items[other].outputs]
        loose += [label for label in labels if label not in taken and (fed or label in self._taken)]
        for label in loose:
            sink = "anullsink" if self._is_audio(label) else "nullsink"
            yield (Filter(sink, sink, inputs=(label,)),)

    def _is_audio(self, label: str) -> bool:
        """Return whether a label carries sound; it knows only filters that can be on both sides of a cut."""
        if label not in self._maker:
            return False
        item = self._item(self._maker[label])
        if item.name == "concat":  # video outputs come first, then audio outputs
            options = dict(arguments_of(item))
            return item.outputs.index(label) >= int(options.get("v") or 1)
        return item.name in _AUDIO

    def _is_joined(self, other: int, items: dict[int, Filter], place: int, fed: bool) -> bool:
        """Return whether in this half the filter before it in the text feeds a filter."""
        return self._nodes[other].follows and {other, other - 1} <= items.keys() and (fed or other != place)

    def _is_followed(self, place: int) -> bool:
        return place + 1 < len(self._nodes) and self._nodes[place + 1].follows

    def _parents(self, place: int) -> set[int]:
        parents = {self._maker[label] for label in self._item(place).inputs if label in self._maker}
        return parents | {place - 1} if self._nodes[place].follows else parents

    def _is_open(self, place: int) -> bool:
        """Return whether something outside the graph may take an output of this filter."""
        outputs = self._item(place).outputs
        open_end = not outputs and not self._is_followed(place)
        return open_end or any(label not in self._taken for label in outputs)

    def _item(self, place: int) -> Filter:
        return self._nodes[place].item


_SENDERS = ("sendcmd", "asendcmd")
_FILE_OPTIONS = ("f", "filename")


def check_commands(before: Iterable[Filter], after: Iterable[Filter], text: str) -> None:
    """Refuse commands that a filter sends to a filter on the other side of the node: they would never arrive.

    Args:
        before: The filters in front of the node.
        after: The other filters.
        text: The graph as the user wrote it, for the error message.

    Raises:
        GraphError: a filter sends such a command.
    """
    sides = [*before], [*after]
    for own, other in (sides, sides[::-1]):
        reached = {name for item in own for name in _names(item)}
        for item in own:
            if item.name not in _SENDERS or item in other:
                continue
            sent = set(re.findall(r"[\w@]+", _commands(item)))
            lost = {name for each in other for name in _names(each)} & sent - reached
            if lost:
                what = f"commands do not pass realbasicvsr: put {item.name} on the same side as {min(lost)}"
                raise GraphError.at(what, text, item.position)


def _names(item: Filter) -> set[str]:
    """Return the names by which commands address the filter."""
    return {item.name, item.text.partition("=")[0].strip()}


def _commands(item: Filter) -> str:
    words = []
    for name, value in arguments_of(item):
        words.append(value)
        if name in _FILE_OPTIONS:
            with suppress(OSError):  # FFmpeg reports the error
                words[-1] = Path(value).read_text(encoding="utf-8", errors="replace")
    return "\n".join(words)
