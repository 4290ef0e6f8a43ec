"""The computation graph of a Tensor: which calls it came from, as a listing in text and as a drawing in SVG.

The drawing is laid out in layers, as Sugiyama, Tagawa and Toda (1981) do it: every call stands below what goes into it, the
order within a layer is moved about until few lines cross, and each node is then pulled towards its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from tinytorch.autograd import trace

MOST = 500  # nodes that a drawing may hold
CHARACTER, HEIGHT, BETWEEN, LEVEL = (
    7.2,
    38,
    26,
    78,
)  # pixels: a letter's width; a box; between boxes; from layer to layer
MARGIN = 16
SWEEPS = 12  # over all layers, down and up


@dataclass(eq=False)
class Node:
    """A call, or what went into one: a parameter, an input that wants a gradient, or a constant.

    shape: of its value, None where the graph does not know it. inputs: the nodes that it was computed from.
    """

    kind: str  # "call", "parameter", "input", "constant" or "number"
    name: str
    shape: tuple[int, ...] | None = None
    inputs: list[Node] = field(default_factory=list)


# From records to nodes


def graph_nodes(output: Any, names: Mapping[str, Any] | None = None) -> list[Node]:
    """The nodes that a Tensor came from, inputs before what uses them, the Tensor's own call last.

    names: Tensors by name, as `model.named_parameters()` gives them: they are called so. Raises ValueError where nothing was
    recorded, or backward has freed it.
    """
    record = getattr(output, "grad_fn", None)
    if record is None:
        raise ValueError("graph expects a Tensor that was computed from one that requires grad; nothing was recorded")
    known = {id(tensor.array): name for name, tensor in (names or {}).items()}
    nodes: dict[int, Node] = {}
    order: list[Node] = []
    for call in trace([record]):
        if not call.inputs:
            raise ValueError("graph finds a graph that backward has freed: draw it before, or say retain_graph=True")
        node = Node("call", call.name)
        for value, source in zip(call.inputs, call.sources, strict=True):
            key = id(value if source is None else source)
            if key not in nodes or nodes[key].kind == "number":  # Python has one 2 for all that use it
                nodes[key] = _leaf(value, source, known.get(id(value)))
                order.append(nodes[key])
            if nodes[key].kind != "number":
                nodes[key].shape = np.shape(value)
            node.inputs.append(nodes[key])
        nodes[id(call)] = node
        order.append(node)
    order[-1].shape = tuple(output.shape)
    return order


def _leaf(value: Any, source: Any, name: str | None) -> Node:
    if source is not None:
        return Node("parameter" if name else "input", name or "input")
    if name is None and np.ndim(value) == 0:
        return Node("number", f"{float(value):.4g}")
    return Node("constant", name or "constant")


def graph_text(nodes: Iterable[Node]) -> list[str]:
    """A line for each call: what it is called here, the op, what goes in, and the shape of its value."""
    called: dict[int, str] = {}
    counts: dict[str, int] = {}
    rows = []
    for node in nodes:
        letter = "v" if node.kind == "call" else node.name
        if node.kind == "call" or node.name == node.kind:  # without a name of its own
            counts[letter] = counts.get(letter, 0) + 1
            letter += str(counts[letter])
        called[id(node)] = letter
        if node.kind == "call":
            rows.append((letter, f"= {node.name}({', '.join(called[id(n)] for n in node.inputs)})", _shape(node)))
        elif node.kind != "number":
            rows.append((letter, f"  {node.kind}", _shape(node)))
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return [f"{a:<{widths[0]}} {b:<{widths[1]}}  {shape}".rstrip() for a, b, shape in rows]


def _shape(node: Node) -> str:
    return "" if node.shape is None else f"({', '.join(map(str, node.shape))})"


# Where each node stands


def layers_of(nodes: Iterable[Node]) -> list[list[Node]]:
    """Nodes in layers, each call below all that goes into it, and what goes in right above the first that uses it.

    A line that passes a layer gets a node of kind "bend" there, so that all lines go from a layer to the next.
    """
    order = list(nodes)
    depth: dict[int, int] = {}
    for node in order:
        depth[id(node)] = 1 + max((depth[id(source)] for source in node.inputs), default=-1)
    users: dict[int, list[int]] = {}
    for node in order:
        for source in node.inputs:
            users.setdefault(id(source), []).append(depth[id(node)])
    for node in order:
        if not node.inputs and id(node) in users:
            depth[id(node)] = min(users[id(node)]) - 1

    layers: list[list[Node]] = [[] for _ in range(1 + max(depth.values()))]
    for node in order:
        layers[depth[id(node)]].append(node)
    for node in order:
        for i, source in enumerate(node.inputs):
            for level in range(depth[id(source)] + 1, depth[id(node)]):
                source = Node("bend", "", inputs=[source])
                layers[level].append(source)
            node.inputs[i] = source
    return layers


def untangle(layers: list[list[Node]]) -> int:
    """Reorder the nodes within the layers so that few lines cross; returns how many do.

    Going down and up in turn, each layer is sorted by the mean place of its neighbours in the layer before; the best order
    that was seen is kept.
    """
    users = _users(layers)
    best, fewest = [list(layer) for layer in layers], crossings(layers)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for i in range(1, len(layers)) if down else range(len(layers) - 2, -1, -1):
            place = {id(node): x for x, node in enumerate(layers[i - 1 if down else i + 1])}
            here = {id(node): x for x, node in enumerate(layers[i])}

            def mean(
                node: Node, down: bool = down, place: dict[int, int] = place, here: dict[int, int] = here
            ) -> float:
                near = [place[id(n)] for n in (node.inputs if down else users.get(id(node), [])) if id(n) in place]
                return sum(near) / len(near) if near else here[id(node)]

            layers[i].sort(key=mean)
        now = crossings(layers)
        if now < fewest:
            best, fewest = [list(layer) for layer in layers], now
    layers[:] = best
    return fewest


def crossings(layers: list[list[Node]]) -> int:
    """How many pairs of lines cross."""
    total = 0
    for above, below in zip(layers, layers[1:], strict=False):
        place = {id(node): x for x, node in enumerate(above)}
        ends = [(place[id(s)], x) for x, node in enumerate(below) for s in node.inputs if id(s) in place]
        ends.sort()
        total += sum(a[0] < b[0] and a[1] > b[1] for i, a in enumerate(ends) for b in ends[i + 1 :])
    return total


def places(layers: list[list[Node]]) -> dict[int, float]:
    """The middle of each node in pixels from the left, by its id: near its neighbours, and no two over each other."""
    users = _users(layers)
    x: dict[int, float] = {}
    for layer in layers:
        _spread(layer, [sum(map(_width, layer[:i])) + BETWEEN * i for i in range(len(layer))], x)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = []
            for node in layer:
                near = [x[id(n)] for n in ([*node.inputs] if sweep % 2 == 0 else users.get(id(node), []))]
                wanted.append(sorted(near)[len(near) // 2] if near else x[id(node)])
            _spread(layer, wanted, x)
    left = min(x[id(node)] - _width(node) / 2 for layer in layers for node in layer)
    return {key: value - left + MARGIN for key, value in x.items()}


def _spread(layer: list[Node], wanted: list[float], x: dict[int, float]) -> None:
    """Put the nodes of a layer where they want to be, as near as their order and their widths allow.

    Nodes that want the same room move together, to the mean of what they want: least squares under the order (Best and
    Chakravarti 1990, "Active set algorithms for isotonic regression").
    """
    offset, offsets = 0.0, []
    for i, node in enumerate(layer):
        offset += (_width(layer[i - 1]) + _width(node)) / 2 + BETWEEN if i else 0.0
        offsets.append(offset)
    blocks: list[list[float]] = []  # of neighbours that touch: the sum of what they want, and how many they are
    for target, offset in zip(wanted, offsets, strict=True):
        blocks.append([target - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    starts = [total / count for total, count in blocks for _ in range(int(count))]
    for node, start, offset in zip(layer, starts, offsets, strict=True):
        x[id(node)] = start + offset


def _users(layers: list[list[Node]]) -> dict[int, list[Node]]:
    users: dict[int, list[Node]] = {}
    for node in (node for layer in layers for node in layer):
        for source in node.inputs:
            users.setdefault(id(source), []).append(node)
    return users


def _width(node: Node) -> float:
    return 0.0 if node.kind == "bend" else CHARACTER * max(len(node.name), len(_shape(node)), 4) + 20


# The drawing


def graph_svg(nodes: Iterable[Node]) -> str:
    """The graph as SVG: calls are rounded boxes, parameters have a thick frame, inputs a thin one, constants a dashed one, numbers none.

    Raises ValueError for a graph with more nodes than anybody could read.
    """
    copies = _copied(nodes)
    if len(copies) > MOST:
        raise ValueError(f"graph draws up to {MOST} nodes, got {len(copies)}: draw fewer steps, or a part")
    layers = layers_of(copies)
    untangle(layers)
    x = places(layers)
    y = {id(node): MARGIN + HEIGHT / 2 + LEVEL * level for level, layer in enumerate(layers) for node in layer}
    width = max(x[id(node)] + _width(node) / 2 for layer in layers for node in layer) + MARGIN
    height = 2 * MARGIN + HEIGHT + LEVEL * (len(layers) - 1)
    lines = [_line(source, node, x, y) for layer in layers for node in layer for source in node.inputs]
    boxes = [_box(node, x[id(node)], y[id(node)]) for layer in layers for node in layer if node.kind != "bend"]
    return "\n".join([_HEAD.format(width=f"{width:.0f}", height=f"{height:.0f}"), *lines, *boxes, "</svg>\n"])


_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"
     font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" text-anchor="middle">
<rect width="100%" height="100%" fill="white"/>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 8 4 0 8z" fill="#444"/></marker></defs>"""

_FRAMES = {
    "call": 'rx="12" fill="#e8eef7" stroke="#345"',
    "parameter": 'fill="#fdf3dc" stroke="#345" stroke-width="2.5"',
    "input": 'fill="white" stroke="#345"',
    "constant": 'fill="white" stroke="#777" stroke-dasharray="4 3"',
    "number": 'fill="white" stroke="none"',
}


def _copied(nodes: Iterable[Node]) -> list[Node]:
    """Nodes like these, for the layout to put bends between."""
    copies: dict[int, Node] = {}
    for node in nodes:
        copies[id(node)] = Node(node.kind, node.name, node.shape, [copies[id(source)] for source in node.inputs])
    return [*copies.values()]


def _line(source: Node, node: Node, x: Mapping[int, float], y: Mapping[int, float]) -> str:
    """A line from a node down to one of the next layer, with a tip where it ends at a box."""
    start = y[id(source)] + (0 if source.kind == "bend" else HEIGHT / 2)
    end = y[id(node)] - (0 if node.kind == "bend" else HEIGHT / 2)
    half = (start + end) / 2
    tip = "" if node.kind == "bend" else ' marker-end="url(#tip)"'
    a, b = f"{x[id(source)]:.1f}", f"{x[id(node)]:.1f}"
    path = f"M{a} {start:.1f}C{a} {half:.1f} {b} {half:.1f} {b} {end:.1f}"
    return f'<path d="{path}" fill="none" stroke="#444"{tip}/>'


def _box(node: Node, x: float, y: float) -> str:
    width, shape = _width(node), _shape(node)
    place = f'x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{width:.1f}" height="{HEIGHT}"'
    name = f'<text x="{x:.1f}" y="{y - 3 if shape else y + 4:.1f}">{escape(node.name)}</text>'
    below = f'<text x="{x:.1f}" y="{y + 12:.1f}" fill="#555">{escape(shape)}</text>' if shape else ""
    return f"<g><title>{node.kind}</title><rect {place} {_FRAMES[node.kind]}/>{name}{below}</g>"
