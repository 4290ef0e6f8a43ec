"""Initial weights: the ranges and variances of PyTorch's functions of the same names, drawn from a seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import torch_or_skip
from tinytorch import init
from tinytorch.creation import Generator

SHAPES = [(200, 300), (300, 200), (40, 30, 7), (20, 30, 5, 5)]
DRAWN: dict[str, Any] = {
    "uniform_": lambda i, w: i.uniform_(w),
    "uniform_ in a range": lambda i, w: i.uniform_(w, -3.0, 1.0),
    "normal_": lambda i, w: i.normal_(w),
    "normal_ elsewhere": lambda i, w: i.normal_(w, 2.0, 0.5),
    "kaiming_uniform_": lambda i, w: i.kaiming_uniform_(w),
    "kaiming_uniform_ as layers do": lambda i, w: i.kaiming_uniform_(w, a=math.sqrt(5)),
    "kaiming_uniform_ for relu": lambda i, w: i.kaiming_uniform_(w, nonlinearity="relu"),
    "kaiming_uniform_ by outputs": lambda i, w: i.kaiming_uniform_(w, mode="fan_out"),
    "kaiming_normal_": lambda i, w: i.kaiming_normal_(w),
    "kaiming_normal_ by outputs for tanh": lambda i, w: i.kaiming_normal_(w, mode="fan_out", nonlinearity="tanh"),
    "xavier_uniform_": lambda i, w: i.xavier_uniform_(w),
    "xavier_uniform_ with a gain": lambda i, w: i.xavier_uniform_(w, gain=2.0),
    "xavier_normal_": lambda i, w: i.xavier_normal_(w),
    "xavier_normal_ with a gain": lambda i, w: i.xavier_normal_(w, gain=0.5),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", DRAWN)
def test_weights_are_spread_as_pytorchs(name, shape):
    """Means, deviations and, where they are bounded, ranges of some ten thousand weights, to a few hundredths."""
    torch = torch_or_skip()
    torch.manual_seed(0)
    ours = DRAWN[name](init, tinytorch.zeros(shape)).numpy()
    theirs = DRAWN[name](torch.nn.init, torch.zeros(shape)).numpy()
    deviation = theirs.std()
    assert abs(ours.mean() - theirs.mean()) < 0.05 * deviation
    assert abs(ours.std() / deviation - 1) < 0.03
    if "uniform" in name:
        assert abs(ours.min() - theirs.min()) < 0.02 * deviation
        assert abs(ours.max() - theirs.max()) < 0.02 * deviation


@pytest.mark.parametrize("name", DRAWN)
def test_weights_are_filled_in_place_unrecorded_and_in_their_own_type(name):
    for dtype in (np.float32, np.float64):
        weight = tinytorch.zeros(4, 3, dtype=dtype, requires_grad=True)
        memory = weight.array
        assert DRAWN[name](init, weight) is weight
        assert weight.array is memory and weight.dtype == dtype
        assert weight.is_leaf and weight.requires_grad and weight.grad is None
        assert len(set(memory.ravel().tolist())) == 12


FUNCTIONS = [
    init.uniform_,
    init.normal_,
    init.kaiming_uniform_,
    init.kaiming_normal_,
    init.xavier_uniform_,
    init.xavier_normal_,
]


@pytest.mark.parametrize("fill", FUNCTIONS, ids=lambda f: f.__name__)
def test_weights_come_again_with_the_seed_or_with_a_generator(fill):
    tinytorch.manual_seed(1)
    first = fill(tinytorch.zeros(3, 2)).numpy()
    tinytorch.manual_seed(1)
    assert_array_equal(fill(tinytorch.zeros(3, 2)).numpy(), first)
    assert_array_equal(fill(tinytorch.zeros(3, 2), generator=Generator().manual_seed(1)).numpy(), first)
    assert fill(tinytorch.zeros(3, 2), generator=Generator().manual_seed(2)).tolist() != first.tolist()


def test_constants_fill_everything():
    weight = tinytorch.ones(2, 3, requires_grad=True)
    assert init.constant_(weight, 2.5).tolist() == [[2.5] * 3] * 2
    assert init.zeros_(weight).tolist() == [[0] * 3] * 2
    assert init.ones_(weight) is weight and weight.tolist() == [[1] * 3] * 2


def test_filling_is_seen_by_a_graph_that_holds_the_weight():
    weight = tinytorch.ones(2, requires_grad=True)
    y = (weight * weight).sum()
    init.zeros_(weight)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"), [((5, 3), 3, 5), ((6, 4, 3), 12, 18), ((8, 2, 3, 5), 30, 120)], ids=str
)
def test_fans_count_inputs_and_outputs_of_a_weight(shape, fan_in, fan_out):
    assert init.fans(tinytorch.zeros(shape)) == (fan_in, fan_out)


@pytest.mark.parametrize("name", ["linear", "conv1d", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_pytorchs(name):
    torch = torch_or_skip()
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))


def test_the_gain_of_leaky_relu_depends_on_its_slope():
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(math.sqrt(2 / 1.09))
    assert init.calculate_gain("leaky_relu", 0) == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize("fill", FUNCTIONS[2:], ids=lambda f: f.__name__)
def test_a_vector_has_no_fans(fill):
    with pytest.raises(ValueError, match=r"at least 2 dimensions, got shape \(3,\)"):
        fill(tinytorch.zeros(3))


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="no gain is known for 'softmax', only for linear, .*leaky_relu"):
        init.calculate_gain("softmax")
    with pytest.raises(ValueError, match="mode is 'fan_in' or 'fan_out', not 'fan'"):
        init.kaiming_normal_(tinytorch.zeros(2, 2), mode="fan")


def test_the_comparison_of_spreads_tells_a_wrong_bound():
    """A planted fault: the bound of Kaiming's uniform weights without the square root of 3."""
    torch = torch_or_skip()
    ours = init.uniform_(tinytorch.zeros(200, 300), -math.sqrt(2 / 300), math.sqrt(2 / 300)).numpy()
    theirs = torch.nn.init.kaiming_uniform_(torch.zeros(200, 300)).numpy()
    assert abs(ours.std() / theirs.std() - 1) > 0.3


@pytest.mark.parametrize("fill", [init.kaiming_uniform_, init.kaiming_normal_], ids=lambda f: f.__name__)
def test_kaimings_weights_are_smaller_for_a_leakier_relu(fill):
    """A slope of 1 halves the variance of a slope of 0; the numbers behind it are the same with the same seed."""
    steep = fill(tinytorch.zeros(3, 2), a=0, generator=Generator().manual_seed(1)).numpy()
    leaky = fill(tinytorch.zeros(3, 2), a=1, generator=Generator().manual_seed(1)).numpy()
    assert_allclose(leaky * math.sqrt(2), steep, rtol=1e-6)
