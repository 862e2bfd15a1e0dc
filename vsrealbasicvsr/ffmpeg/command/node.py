"""Where in a command line the `realbasicvsr` node stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, Option, is_complex_graph, is_video_graph
from vsrealbasicvsr.ffmpeg.graph.cut import NAME, has_node
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, Graph, parse, without_comments


@dataclass(frozen=True, slots=True)
class Node:
    """The node with the graph around it.

    Attributes:
        option: The option whose value is the graph.
        output: Number of the output that the option belongs to; None for a complex graph.
        text: The graph as text, without comments.
        graph: The same, read.
    """

    option: Option
    output: int | None
    text: str
    graph: Graph

    @property
    def item(self) -> Filter:
        """The node itself, or the first if there are several."""
        return next(item for item in self.graph if item.name == NAME)


def find_node(command: CommandLine) -> Node | None:
    """The node of a command whose graphs are given inline; None where it has none.

    Graphs that do not mention us are not read: what is wrong with them FFmpeg can say.

    Raises:
        GraphError: a graph that mentions us cannot be read, or there are nodes in two graphs, or one stands
            where FFmpeg would not look for it.
    """
    found = [
        Node(option, output, text, graph)
        for option, output in _graphs(command)
        if NAME in str(option.value)
        for text in [without_comments(str(option.value))]
        for graph in [parse(text)]
        if has_node(graph)
    ]
    if len(found) > 1:
        raise GraphError(
            f"a command can have one {NAME}; this has {len(found)}: run one command after the other."
        )
    for value, place in _misplaced(command):
        if NAME in value and _names_us(value):
            raise GraphError(f"{NAME} cannot stand in {place}: give an output -vf or -filter_complex.")
    return found[0] if found else None


def with_graph(command: CommandLine, node: Node, graph: str | None, name: str | None = None) -> CommandLine:
    """The command with another graph in the place of the node's; None takes the option away.

    Args:
        command: Holds the node.
        node: Where it stands.
        graph: The other graph.
        name: Another name for the option.
    """

    def replaced(options: tuple[Option, ...]) -> tuple[Option, ...]:
        new = () if graph is None else (Option(name or node.option.name, graph),)
        return tuple(each for option in options for each in (new if option is node.option else (option,)))

    return replace(
        command,
        options=replaced(command.options),
        outputs=tuple(replace(file, options=replaced(file.options)) for file in command.outputs),
    )


def _misplaced(command: CommandLine) -> Iterator[tuple[str, str]]:
    """Graphs, or what may be graphs, where FFmpeg would not find us, or ignore us; and what they stand in."""
    for file in command.inputs:
        if file.last("f") == "lavfi":
            yield file.url, "an input's graph"
        yield from ((str(option.value), f"-{option.name} of an input") for option in file.options)
    for file in command.outputs:
        for option in file.options:
            if option.base in ("filter", "af") and not is_video_graph(option):
                yield str(option.value), f"-{option.name}"
    for option in command.trailing:
        if command.outputs and is_video_graph(option):
            yield str(option.value), f"-{option.name} behind the last output"


def _names_us(text: str) -> bool:
    try:
        return has_node(parse(without_comments(text)))
    except GraphError:
        return False


def _graphs(command: CommandLine) -> Iterator[tuple[Option, int | None]]:
    yield from ((option, None) for option in command.options if is_complex_graph(option))
    for number, file in enumerate(command.outputs):
        yield from ((option, number) for option in file.options if is_video_graph(option))
