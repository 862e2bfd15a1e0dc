"""The `realbasicvsr` node in a command line: find it, and replace its graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, Option, is_complex_graph, is_video_graph
from vsrealbasicvsr.ffmpeg.graph.cut import NAME, has_node
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, Graph, parse, without_comments


@dataclass(frozen=True, slots=True)
class Node:
    """The node with its graph.

    Attributes:
        option: The option whose value is the graph.
        output: Number of the output that the option belongs to; None for a complex graph.
        text: The text of the graph, without comments.
        graph: The parsed graph.
    """

    option: Option
    output: int | None
    text: str
    graph: Graph

    @property
    def item(self) -> Filter:
        """The node itself, or the first node if there are several."""
        return next(item for item in self.graph if item.name == NAME)


def find_node(command: CommandLine) -> Node | None:
    """Return the node of a command whose graphs are given as text, or None if there is no node.

    Graphs that do not contain the name of our filter are not parsed, because FFmpeg reports their errors.

    Raises:
        GraphError: a graph with the name cannot be parsed, two graphs have nodes, or a node stands where
            FFmpeg would not look for it.
    """
    nodes = [
        Node(option, output, text, graph)
        for option, output in _graphs(command)
        if NAME in str(option.value)
        for text in [without_comments(str(option.value))]
        for graph in [parse(text)]
        if has_node(graph)
    ]
    if len(nodes) > 1:
        raise GraphError(
            f"a command can have one {NAME}; this has {len(nodes)}: run one command after the other."
        )
    for value, place in _misplaced(command):
        if NAME in value and _has_node_in_text(value):
            raise GraphError(f"{NAME} cannot stand in {place}: give an output -vf or -filter_complex.")
    return nodes[0] if nodes else None


def with_graph(command: CommandLine, node: Node, graph: str | None, name: str | None = None) -> CommandLine:
    """Return the command with another graph in place of the node's graph.

    Args:
        command: The command with the node.
        node: The node.
        graph: The text of the other graph; None removes the option.
        name: Another name for the option; None keeps the name.
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
    """Yield texts that may be graphs where FFmpeg would not find or would ignore a node, with their place."""
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


def _has_node_in_text(text: str) -> bool:
    try:
        return has_node(parse(without_comments(text)))
    except GraphError:
        return False


def _graphs(command: CommandLine) -> Iterator[tuple[Option, int | None]]:
    yield from ((option, None) for option in command.options if is_complex_graph(option))
    for number, file in enumerate(command.outputs):
        yield from ((option, number) for option in file.options if is_video_graph(option))
