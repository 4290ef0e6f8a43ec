"""The graph of a Tensor: every call is there, lines run downwards, few cross, boxes do not overlap, and the SVG is one."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinytorch as torch
from tinytorch import nn
from tinytorch.graphs import (
    BETWEEN,
    MOST,
    Node,
    _width,
    crossings,
    graph_nodes,
    graph_svg,
    graph_text,
    layers_of,
    untangle,
)
from tinytorch.graphs import places as places_of

SVG = "{http://www.w3.org/2000/svg}"


def small():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return x, (x * 2 + x.exp()).sum()


def test_the_listing_says_what_was_computed_from_what():
    x, y = small()
    assert graph_text(graph_nodes(y, {"x": x})) == [
        "x    parameter    (2)",
        "v1 = mul(x, 2)    (2)",
        "v2 = exp(x)       (2)",
        "v3 = add(v1, v2)  (2)",
        "v4 = sum(v3)      ()",
    ]


def test_leaves_are_told_apart():
    w = torch.ones(2, 2, requires_grad=True)
    x, other = torch.ones(3, 2), torch.ones(2, 2, requires_grad=True)
    nodes = graph_nodes((x @ w @ other) ** 2, {"w": w})
    kinds = [(node.kind, node.name) for node in nodes if node.kind != "call"]
    assert kinds == [("constant", "constant"), ("parameter", "w"), ("input", "input"), ("number", "2")]
    assert graph_text(nodes)[0].split() == ["constant1", "constant", "(3,", "2)"]


def test_a_number_is_drawn_for_each_that_uses_it():
    x = torch.tensor(3.0, requires_grad=True)
    assert sum(node.kind == "number" for node in graph_nodes((x * 2) ** 2)) == 2


def test_what_was_not_recorded_or_is_freed_is_refused():
    with pytest.raises(ValueError, match="nothing was recorded"):
        graph_nodes(torch.ones(2))
    _, y = small()
    y.backward()
    with pytest.raises(ValueError, match="backward has freed"):
        graph_nodes(y)


def test_a_graph_that_nobody_could_read_is_refused():
    x = torch.tensor(1.0, requires_grad=True)
    for _ in range(MOST):
        x = x.tanh()
    with pytest.raises(ValueError, match=f"up to {MOST} nodes, got {MOST + 1}"):
        graph_svg(graph_nodes(x))


def test_lines_that_cross_are_counted_and_untangled():
    a, b = Node("input", "a"), Node("input", "b")
    c, d = Node("call", "c", inputs=[b]), Node("call", "d", inputs=[a])
    layers = [[a, b], [c, d]]
    assert crossings(layers) == 1
    assert untangle(layers) == 0 == crossings(layers)


@st.composite
def graphs(draw):
    nodes = [Node("input", "x", (1,))]
    for i in range(draw(st.integers(1, 14))):
        sources = draw(st.lists(st.integers(0, i), min_size=1, max_size=3))
        nodes.append(Node("call", "op" * draw(st.integers(1, 5)), (2, 3), [nodes[s] for s in sources]))
    return nodes


@given(nodes=graphs())
def test_in_the_layout_lines_join_neighbouring_layers_and_boxes_keep_apart(nodes):
    layers = layers_of(nodes)
    level = {id(node): i for i, layer in enumerate(layers) for node in layer}
    assert all(level[id(node)] == level[id(s)] + 1 for layer in layers for node in layer for s in node.inputs)
    before = crossings(layers)
    assert untangle(layers) <= before
    x = places_of(layers)
    for layer in layers:
        for left, right in zip(layer, layer[1:], strict=False):
            gap = x[id(right)] - x[id(left)] - (_width(left) + _width(right)) / 2
            assert gap >= BETWEEN - 1e-6
    assert all(x[id(node)] - _width(node) / 2 >= 0 for layer in layers for node in layer)


def test_the_drawing_has_a_box_for_each_node_and_a_tip_for_each_use():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    nodes = graph_nodes(nn.functional.cross_entropy(model(torch.randn(5, 4)), torch.tensor(np.zeros(5, np.int64))))
    drawn = ElementTree.fromstring(graph_svg(nodes))
    boxes, lines = drawn.findall(f"{SVG}g"), drawn.findall(f"{SVG}path")
    assert len(boxes) == len(nodes) == 9
    assert sum("marker-end" in line.attrib for line in lines) == sum(len(node.inputs) for node in nodes)
    said = [[text.text for text in box.findall(f"{SVG}text")] for box in boxes]
    assert ["linear", "(5, 3)"] in said and ["cross_entropy", "()"] in said


def test_what_goes_around_a_layer_is_one_line_and_the_graph_stays_as_it_was():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    nodes = graph_nodes(x.tanh().exp().tanh() + x)
    uses = [list(node.inputs) for node in nodes]
    drawn = graph_svg(nodes)
    assert drawn.count("<path d=") - 1 > sum(map(len, uses)) == drawn.count("marker-end")  # the tip itself is a path
    assert [node.inputs for node in nodes] == uses


def test_names_are_escaped():
    x = torch.tensor(1.0, requires_grad=True)
    assert "a&lt;b" in graph_svg(graph_nodes(x.exp(), {"a<b": x}))
