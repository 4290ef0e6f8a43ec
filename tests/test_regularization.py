"""Dropout hides what it says at the rate it says; norms give PyTorch's values, gradients and running statistics, and those of
the definition written out."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import TOLERANCES, agree_with_torch, nothing_wider_than, torch_or_skip
from tests.strategies import LAYOUTS, Call, layouts
from tinytorch import ops, regularization
from tinytorch.autograd import grad
from tinytorch.regularization import (
    BatchNorm1d,
    BatchNorm2d,
    Dropout,
    Dropout1d,
    Dropout2d,
    LayerNorm,
    batch_norm,
    dropout,
    dropout1d,
    dropout2d,
    layer_norm,
    moments,
)
from tinytorch.tensor import Tensor, apply
from tinytorch.testing import GradcheckError, check_op, gradcheck, gradgradcheck


def normal(shape, layout="C", dtype=np.float64, seed=0):
    return LAYOUTS[layout]((2 + 3 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype))


def assert_close(ours, theirs, tolerance=1e-9):
    assert_allclose(ours.array, theirs.detach().numpy(), rtol=tolerance, atol=tolerance)


# Dropout

HIDING = {"dropout": (dropout, Dropout), "dropout1d": (dropout1d, Dropout1d), "dropout2d": (dropout2d, Dropout2d)}
SHAPES = {"dropout": (7, 3), "dropout1d": (4, 5, 6), "dropout2d": (4, 5, 3, 2)}


def check_rate(hide, p):
    """So many zeros, the rest larger, the mean kept: each within five standard deviations."""
    n = 20_000
    y = hide(Tensor(np.ones(n, np.float32)), p).array
    assert set(np.unique(y)) <= {np.float32(0), np.float32(1 / (1 - p))}
    spread = 5 * np.sqrt(p * (1 - p) / n)
    assert abs((y == 0).mean() - p) < spread
    assert abs(y.mean() - 1) < spread / (1 - p)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_dropout_hides_at_its_rate_and_keeps_the_mean(p):
    check_rate(dropout, p)


@pytest.mark.parametrize("name", HIDING)
def test_nothing_is_hidden_in_use_or_at_rate_zero(name):
    hide, layer = HIDING[name]
    x = Tensor(normal(SHAPES[name]))
    for y in (hide(x, 0.9, training=False), hide(x, 0.0), layer(0.9).eval()(x), layer(0)(x)):
        assert_array_equal(y.array, x.array)


@pytest.mark.parametrize("name", HIDING)
def test_all_is_hidden_at_rate_one(name):
    hide, layer = HIDING[name]
    x = Tensor(normal(SHAPES[name]), requires_grad=True)
    for y in (hide(x, 1.0), layer(1.0)(x)):
        assert_array_equal(y.array, 0)
        y.sum().backward()
        assert_array_equal(x.grad.array, 0)


@pytest.mark.parametrize("name", HIDING)
def test_the_gradient_is_hidden_where_the_value_was(name):
    hide, _ = HIDING[name]
    x = Tensor(normal(SHAPES[name]), requires_grad=True)
    y = hide(x, 0.4)
    g = normal(SHAPES[name], seed=1)
    y.backward(Tensor(g))
    factor = y.array / x.array
    assert_allclose(x.grad.array, g * factor, rtol=1e-12)
    assert_allclose(np.unique(factor.round(9)), [0, round(1 / 0.6, 9)])


@pytest.mark.parametrize("name", HIDING)
def test_a_seed_decides_what_is_hidden(name):
    _, layer = HIDING[name]
    x = Tensor(np.ones((30, 20, *SHAPES[name][2:])))
    tinytorch.manual_seed(3)
    first, second = layer()(x).array, layer()(x).array
    tinytorch.manual_seed(3)
    assert_array_equal(layer()(x).array, first)
    assert (first != second).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_hidden_depends_neither_on_layout_nor_on_precision(dtype, layout):
    hidden = []
    for x in (np.ones((6, 5)), LAYOUTS[layout](np.ones((6, 5), dtype))):
        tinytorch.manual_seed(0)
        y = dropout(Tensor(x))
        assert y.dtype == x.dtype
        hidden.append(y.array == 0)
    assert_array_equal(*hidden)


@pytest.mark.parametrize("batch", [(), (400,)])
@pytest.mark.parametrize("dims", [1, 2])
@pytest.mark.parametrize("as_layer", [False, True])
def test_channels_are_hidden_as_a_whole(as_layer, dims, batch):
    function, layer = HIDING[f"dropout{dims}d"]
    x = np.ones((*batch, 50, *(3, 2)[:dims]))
    y = layer(0.3)(Tensor(x)) if as_layer else function(Tensor(x), 0.3)
    y = y.array.reshape(*batch, 50, -1)
    assert_array_equal(y, y[..., :1] * np.ones_like(y))
    hidden = (y[..., 0] == 0).mean()
    assert abs(hidden - 0.3) < 5 * np.sqrt(0.3 * 0.7 / y[..., 0].size)


@pytest.mark.parametrize("name", HIDING)
def test_in_place_it_writes_into_what_it_got(name):
    _, layer = HIDING[name]
    x = Tensor(np.ones(SHAPES[name], np.float32))
    y = layer(0.5, inplace=True)(x)
    assert y is x
    assert set(np.unique(x.array)) <= {0.0, 2.0}

    leaf = Tensor(np.ones(SHAPES[name]), requires_grad=True)
    middle = leaf * 3
    y = layer(0.5, inplace=True)(middle)
    y.sum().backward()
    assert_allclose(leaf.grad.array, y.array)


def test_dropout_is_redrawn_for_every_example_and_call():
    layer = Dropout()
    x = Tensor(np.ones((2, 200)))
    y = layer(x).array
    assert (y[0] != y[1]).any()
    assert (layer(x).array != y).any()


# Batch norm


class Case(NamedTuple):
    """A batch of channels, and what the layer is made with."""

    shape: tuple[int, ...]
    eps: float
    momentum: float | None
    affine: bool
    bias: bool
    track: bool
    layout: str

    def layer(self, dtype=np.float64):
        kind = BatchNorm2d if len(self.shape) == 4 else BatchNorm1d
        made = kind(self.shape[1], self.eps, self.momentum, self.affine, self.track, dtype=dtype, bias=self.bias)
        for i, parameter in enumerate(made.parameters()):
            parameter.array[...] = normal(parameter.shape, seed=10 + i)
        return made


@st.composite
def cases(draw):
    """Features, signals or images, with at least two values for each channel."""
    places = draw(st.sampled_from([(), (1,), (3,), (1, 1), (2, 3)]))
    batch = draw(st.integers(1 if np.prod(places) > 1 else 2, 4))
    return Case(
        shape=(batch, draw(st.integers(1, 3)), *places),
        eps=draw(st.sampled_from([1e-5, 1e-2])),
        momentum=draw(st.sampled_from([None, 0.1, 0.7])),
        affine=draw(st.booleans()),
        bias=draw(st.booleans()),
        track=draw(st.booleans()),
        layout=draw(layouts),
    )


def norm_by_definition(x, eps):
    """Every channel by itself, in Python's own arithmetic."""
    y = np.empty(x.shape)
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].ravel()]
        mean = sum(values) / len(values)
        variance = sum((v - mean) ** 2 for v in values) / len(values)
        y[:, c] = (x[:, c] - mean) / (variance + eps) ** 0.5
    return y


def check_against_definition(case):
    layer = case.layer()
    x = normal(case.shape, case.layout)
    y = norm_by_definition(x, case.eps)
    channels = (-1,) + (1,) * (len(case.shape) - 2)
    if layer.weight is not None:
        y = y * layer.weight.array.reshape(channels)
    if layer.bias is not None:
        y = y + layer.bias.array.reshape(channels)
    assert_allclose(layer(Tensor(x)).array, y, atol=1e-10)


@settings(max_examples=60)
@given(case=cases())
def test_batch_norm_is_its_definition(case):
    check_against_definition(case)


def pytorchs(layer):
    """The same layer of PyTorch's, with the same state."""
    torch = torch_or_skip()
    options = {"affine": layer.affine, "track_running_stats": layer.track_running_stats, "dtype": torch.float64}
    other = getattr(torch.nn, type(layer).__name__)(layer.num_features, layer.eps, layer.momentum, **options)
    if layer.bias is None and layer.affine:
        other.register_parameter("bias", None)  # PyTorch has the option since 2.13 only
    other.load_state_dict({name: torch.tensor(t.array) for name, t in layer.state_dict().items()})
    return other


def check_against_pytorch(case):
    """Three batches while training, then one in use: values, gradients, and all that is remembered."""
    layer = case.layer()
    other = pytorchs(layer)
    for seed, training in enumerate([True, True, True, False]):
        layer.train(training)
        other.train(training)
        layer.zero_grad()
        other.zero_grad()
        x = normal(case.shape, seed=seed)
        agree_with_torch(Call(lambda t, x: (layer if t is tinytorch else other)(x), [x], [case.layout]))
        for p, q in zip(layer.parameters(), other.parameters(), strict=True):
            assert_close(p.grad, q.grad, 1e-8)
        assert list(layer.state_dict()) == list(other.state_dict())
        for name, t in layer.state_dict().items():
            assert_close(t, other.state_dict()[name])


@settings(max_examples=150)
@given(case=cases())
def test_batch_norm_is_pytorchs(case):
    check_against_pytorch(case)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5), (4, 3, 5, 6)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_pytorchs_in_float32(shape, training):
    weight, bias, mean, var = (normal((3,), dtype=np.float32, seed=s) for s in range(4))

    def norm(t, x, weight, bias):
        return t.nn.functional.batch_norm(x, t.tensor(mean), t.tensor(var * var), weight, bias, training)

    agree_with_torch(Call(norm, [normal(shape), weight, bias], ["Fortran", "C", "strided"]), np.float32)


@settings(max_examples=60)
@given(case=cases())
def test_the_gradient_of_batch_norm_agrees_with_differences(case):
    inputs = [Tensor(normal(s), requires_grad=True) for s in (case.shape, case.shape[1:2], case.shape[1:2])]
    gradcheck(lambda x, weight, bias: batch_norm(x, None, None, weight, bias, True, eps=case.eps), inputs)


def test_batch_norm_in_use_can_be_differentiated_twice():
    inputs = [Tensor(normal(s), requires_grad=True) for s in ((2, 3, 2), (3,), (3,))]
    mean, var = Tensor(normal((3,))), Tensor(np.abs(normal((3,))))
    gradgradcheck(lambda x, weight, bias: batch_norm(x, mean, var, weight, bias), inputs)


def test_running_statistics_move_towards_the_batch():
    """By a tenth, the variance of a sample: it divides by one less than the number of values."""
    layer = BatchNorm1d(2)
    x = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]], np.float32)
    layer(Tensor(x))
    assert_allclose(layer.running_mean.array, [0.1 * 3, 0.1 * 20])
    assert_allclose(layer.running_var.array, [0.9 + 0.1 * 4, 0.9 + 0.1 * 300])
    assert layer.num_batches_tracked.item() == 1
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32


def test_without_a_momentum_the_mean_of_all_batches_is_kept():
    layer = BatchNorm1d(2, momentum=None, dtype=np.float64)
    batches = [normal((5, 2), seed=s) for s in range(4)]
    for x in batches:
        layer(Tensor(x))
    assert_allclose(layer.running_mean.array, np.mean([x.mean(0) for x in batches], axis=0))
    assert_allclose(layer.running_var.array, np.mean([x.var(0, ddof=1) for x in batches], axis=0))


def test_in_use_nothing_is_remembered_and_examples_do_not_meet():
    layer = BatchNorm2d(3, dtype=np.float64)
    layer(Tensor(normal((4, 3, 2, 2))))
    layer.eval()
    before = {name: t.array.copy() for name, t in layer.state_dict().items()}
    x = normal((4, 3, 2, 2), seed=1)
    y = layer(Tensor(x)).array
    assert_allclose(layer(Tensor(x[:1])).array, y[:1])
    for name, t in layer.state_dict().items():
        assert_array_equal(t.array, before[name])


def test_untracked_statistics_are_always_the_batchs():
    layer = BatchNorm1d(3, affine=False, track_running_stats=False, dtype=np.float64)
    x = normal((5, 3))
    assert_array_equal(layer.eval()(Tensor(x)).array, layer.train()(Tensor(x)).array)
    assert not layer.state_dict()
    assert not list(layer.parameters())


def test_what_is_remembered_goes_through_a_state_dict():
    layer = BatchNorm1d(3)
    for seed in range(3):
        layer(Tensor(normal((5, 3), dtype=np.float32, seed=seed)))
    state = layer.state_dict()
    assert list(state) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert state["num_batches_tracked"].dtype == np.int64
    assert state["num_batches_tracked"].item() == 3

    other = BatchNorm1d(3)
    other.load_state_dict(state)
    x = Tensor(normal((5, 3), dtype=np.float32))
    assert_array_equal(other.eval()(x).array, layer.eval()(x).array)
    other.train()(x)
    assert (other.num_batches_tracked.item(), layer.num_batches_tracked.item()) == (4, 3)


def test_a_state_dict_follows_the_running_statistics():
    layer = BatchNorm1d(3)
    state = layer.state_dict()
    layer(Tensor(normal((5, 3), dtype=np.float32)))
    for name, buffer in layer.named_buffers():
        assert_array_equal(state[name].array, buffer.array)


def test_a_graph_that_holds_old_running_statistics_notices_new_ones():
    layer = BatchNorm1d(3)
    x = Tensor(normal((5, 3), dtype=np.float32))
    in_use = layer.eval()(x).sum()
    layer.train()(x)
    with pytest.raises(RuntimeError, match="changed in place"):
        in_use.backward()


def test_a_second_batch_before_the_first_backward_does_no_harm():
    """The running statistics that a forward changes are no part of the graph."""
    layer = BatchNorm1d(2, dtype=np.float64)
    x = Tensor(normal((4, 2)), requires_grad=True)
    first = (layer(x) ** 3).sum()
    layer(Tensor(normal((4, 2), seed=1)))
    first.backward()
    expected = Tensor(x.array, requires_grad=True)
    (BatchNorm1d(2, dtype=np.float64)(expected) ** 3).sum().backward()
    assert_array_equal(x.grad.array, expected.grad.array)


def test_far_from_zero_the_variance_is_still_right():
    """A mean of squares less the square of the mean would be lost in rounding."""
    x = (1e4 + np.array([[0.0], [1.0], [2.0], [3.0]])).astype(np.float32)
    y = batch_norm(Tensor(x), None, None, training=True)
    assert_allclose(y.array.ravel(), np.array([-3, -1, 1, 3]) / np.sqrt(5), rtol=1e-4)


def test_moments_are_numpys():
    x = normal((4, 3, 5))
    mean, var = moments(x, (0, 2))
    assert_allclose(mean, x.mean((0, 2), keepdims=True))
    assert_allclose(var, x.var((0, 2), keepdims=True))


# Layer norm


@st.composite
def feature_shapes(draw):
    """(batch, features) such that there is more than one feature."""
    features = draw(st.sampled_from([(2,), (5,), (1, 4), (3, 2), (2, 2, 2)]))
    return draw(st.sampled_from([(), (1,), (3,), (2, 3)])), features


def check_layer_norm(batch, features, layout):
    """Row by row as the definition says."""
    x = normal((*batch, *features), layout)
    weight, bias = normal(features, seed=1), normal(features, seed=2)
    y = layer_norm(Tensor(x), features, Tensor(weight), Tensor(bias), 1e-3)
    for row in np.ndindex(*batch):
        expected = norm_by_definition(x[row].reshape(-1, 1), 1e-3).reshape(features) * weight + bias
        assert_allclose(y.array[row], expected, atol=1e-10)


@settings(max_examples=40)
@given(shapes=feature_shapes(), layout=layouts)
def test_layer_norm_is_its_definition(shapes, layout):
    check_layer_norm(*shapes, layout)


@settings(max_examples=120)
@given(
    shapes=feature_shapes(),
    layout=layouts,
    affine=st.booleans(),
    bias=st.booleans(),
    dtype=st.sampled_from(list(TOLERANCES)),
)
def test_layer_norm_is_pytorchs(shapes, layout, affine, bias, dtype):
    torch = torch_or_skip()
    batch, features = shapes
    layer = LayerNorm(features, 1e-3, affine, bias, dtype=dtype)
    other = torch.nn.LayerNorm(features, 1e-3, affine, bias, dtype=getattr(torch, np.dtype(dtype).name))
    for i, (name, parameter) in enumerate(layer.named_parameters()):
        parameter.array[...] = normal(features, seed=3 + i)
        getattr(other, name).data.copy_(torch.tensor(parameter.array))
    x = normal((*batch, *features))
    agree_with_torch(Call(lambda t, x: (layer if t is tinytorch else other)(x), [x], [layout]), dtype)
    for (name, p), (other_name, q) in zip(layer.named_parameters(), other.named_parameters(), strict=True):
        assert name == other_name
        assert_close(p.grad, q.grad, TOLERANCES[dtype])


@settings(max_examples=40)
@given(shapes=feature_shapes())
def test_the_gradient_of_layer_norm_agrees_with_differences(shapes):
    batch, features = shapes
    inputs = [Tensor(normal(s), requires_grad=True) for s in ((*batch, *features), features, features)]
    gradcheck(lambda x, weight, bias: layer_norm(x, features, weight, bias), inputs)


def test_one_number_is_a_shape():
    assert LayerNorm(4).normalized_shape == (4,)
    assert LayerNorm([4, 2]).weight.shape == (4, 2)


# All of them

NORMS = {
    "batch_norm": (BatchNorm1d(3), (4, 3)),
    "batch_norm of images": (BatchNorm2d(3, affine=False), (2, 3, 2, 2)),
    "layer_norm": (LayerNorm((3, 2)), (4, 3, 2)),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms_say_that_they_are_differentiable_once(name):
    layer, shape = NORMS[name]
    layer.train()
    x = Tensor(normal(shape, dtype=np.float32), requires_grad=True)
    with pytest.raises(RuntimeError) as error:
        grad((layer(x) ** 2).sum(), x, create_graph=True)
    assert str(error.value) == (
        f"{name.split()[0]} can be differentiated only once, but create_graph=True asks for the graph of its gradient"
    )


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_rules_are_right_on_arrays_alone(layout):
    """With the statistics held still, each rule is a function of its inputs, and its way back is through them all the same."""
    x, weight, bias = normal((4, 3, 2), layout), normal((3,)), normal((3,))

    def batch(x, weight, bias):
        mean, var = moments(x, (0, 2))
        return ops.batch_norm(x, weight, bias, mean=mean, std=np.sqrt(var))

    def layer(x, weight, bias):
        mean, var = moments(x, (1, 2))
        return ops.layer_norm(x, weight, bias, mean=mean, std=np.sqrt(var))

    check_op(batch, x, weight, bias)
    check_op(layer, x, normal((3, 2)), normal((3, 2)))


@pytest.mark.parametrize("name", NORMS)
def test_float32_stays_float32(name):
    layer, shape = NORMS[name]
    x = Tensor(normal(shape, dtype=np.float32), requires_grad=True)
    with nothing_wider_than(np.float32):
        y = layer.train()(x)
        y.sum().backward()
        in_use = layer.eval()(x)
        in_use.sum().backward()
    tensors = [y, in_use, x.grad, *(p.grad for p in layer.parameters()), *layer.buffers()]
    assert {t.dtype for t in tensors if t.is_floating_point()} == {np.dtype("float32")}


REPRS = {
    "Dropout(p=0.5, inplace=False)": lambda nn: nn.Dropout(),
    "Dropout1d(p=0.2, inplace=True)": lambda nn: nn.Dropout1d(0.2, True),
    "Dropout2d(p=0.5, inplace=False)": lambda nn: nn.Dropout2d(),
    "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)": (
        lambda nn: nn.BatchNorm1d(3)
    ),
    "BatchNorm2d(3, eps=0.001, momentum=None, affine=False, bias=False, track_running_stats=False)": (
        lambda nn: nn.BatchNorm2d(3, 1e-3, None, False, False)
    ),
    "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=False, track_running_stats=True)": (
        lambda nn: nn.BatchNorm2d(3, bias=False)
    ),
    "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)": lambda nn: nn.LayerNorm(3),
    "LayerNorm((3, 4), eps=0.001, elementwise_affine=True, bias=False)": (
        lambda nn: nn.LayerNorm([3, 4], 1e-3, bias=False)
    ),
    "LayerNorm((3,), eps=1e-05, elementwise_affine=False, bias=False)": (
        lambda nn: nn.LayerNorm((3,), elementwise_affine=False)
    ),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_layer_shows_its_options(text):
    assert repr(REPRS[text](tinytorch.nn)) == text


@pytest.mark.parametrize("text", REPRS)
def test_pytorch_shows_the_same(text):
    assert repr(REPRS[text](torch_or_skip().nn)) == text


# What is refused: each call with the one sentence that says why

REFUSALS = {
    "dropout expects a probability from 0 to 1, got 1.5": lambda t: t.nn.functional.dropout(t.zeros(3), 1.5),
    "dropout expects a probability from 0 to 1, got -0.1": (
        lambda t: t.nn.functional.dropout1d(t.zeros(2, 3, 4), -0.1, training=True)
    ),
    "Dropout2d expects a probability from 0 to 1, got 2": lambda t: t.nn.Dropout2d(2),
    "Dropout expects a probability from 0 to 1, got None": lambda t: t.nn.Dropout(None),
    "dropout expects a probability from 0 to 1, got 'half'": lambda t: t.nn.functional.dropout(t.zeros(3), "half"),
    "dropout expects floating point numbers, got int64": lambda t: t.nn.Dropout()(t.tensor([1, 2])),
    "dropout1d expects an input of 3 dimensions, got shape (2, 3, 8, 8)": lambda t: t.nn.Dropout1d()(
        t.zeros(2, 3, 8, 8)
    ),
    "BatchNorm2d expects 4 channels, got 3 in an input of shape (2, 3, 8, 8)": (
        lambda t: t.nn.BatchNorm2d(4)(t.zeros(2, 3, 8, 8))
    ),
    "BatchNorm1d expects an input of 2 or 3 dimensions, got shape (2, 3, 8, 8)": (
        lambda t: t.nn.BatchNorm1d(3)(t.zeros(2, 3, 8, 8))
    ),
    "BatchNorm2d expects an input of 4 dimensions, got shape (3, 8, 8)": lambda t: t.nn.BatchNorm2d(3)(
        t.zeros(3, 8, 8)
    ),
    "batch_norm expects more than one value for each channel while training, got shape (1, 3)": (
        lambda t: t.nn.BatchNorm1d(3)(t.zeros(1, 3))
    ),
    "batch_norm expects more than one value for each channel while training, got shape (1, 3, 1, 1)": (
        lambda t: t.nn.BatchNorm2d(3)(t.zeros(1, 3, 1, 1))
    ),
    "batch_norm expects running statistics when it is not training": (
        lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), None, None)
    ),
    "batch_norm expects weights, biases and statistics of shape (3,), got (2,)": (
        lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), t.zeros(2), t.ones(3))
    ),
    "batch_norm expects weights, biases and statistics of shape (3,), got (1,)": (
        lambda t: t.nn.functional.batch_norm(t.zeros(2, 3), None, None, t.ones(1), training=True)
    ),
    "layer_norm expects an input (..., 3, 4), got shape (2, 4, 3)": lambda t: t.nn.LayerNorm((3, 4))(t.zeros(2, 4, 3)),
    "layer_norm expects an input (..., 3), got shape ()": lambda t: t.nn.LayerNorm(3)(t.zeros(())),
    "layer_norm expects weights, biases and statistics of shape (8, 8), got (8,)": (
        lambda t: t.nn.functional.layer_norm(t.zeros(2, 8, 8), (8, 8), t.ones(8))
    ),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_says_what_was_expected_and_what_came(sentence):
    with pytest.raises((RuntimeError, ValueError)) as error:
        REFUSALS[sentence](tinytorch)
    assert str(error.value) == sentence


@pytest.mark.parametrize("sentence", REFUSALS)
def test_pytorch_refuses_the_same_calls(sentence):
    torch = torch_or_skip()
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        REFUSALS[sentence](torch)


def test_a_batch_that_is_refused_leaves_the_statistics_alone():
    layer = BatchNorm1d(3)
    for shape in ((1, 3), (4, 2)):
        with pytest.raises((RuntimeError, ValueError)):
            layer(Tensor(normal(shape, dtype=np.float32)))
    assert_array_equal(layer.running_mean.array, 0)
    assert_array_equal(layer.running_var.array, 1)


def test_batch_norm_needs_channels():
    with pytest.raises(RuntimeError, match=r"batch_norm expects an input \(N, C, ...\), got shape \(3,\)"):
        tinytorch.nn.functional.batch_norm(Tensor(np.ones(3)), None, None, training=True)


def test_an_empty_batch_is_refused_while_training_only():
    layer = BatchNorm1d(3)
    with pytest.raises(
        ValueError, match=r"expects more than one value for each channel while training, got shape \(0, 3\)"
    ):
        layer(Tensor(np.ones((0, 3), np.float32)))
    assert layer.eval()(Tensor(np.ones((0, 3), np.float32))).shape == (0, 3)
    assert LayerNorm(3)(Tensor(np.ones((0, 3), np.float32))).shape == (0, 3)


# The oracles: each catches a fault that is planted for it

HARD = Case((3, 2, 2, 2), 1e-2, 0.1, True, True, True, "Fortran")


def plant_unbiased_variance(monkeypatch):
    """The variance of a sample where that of the batch belongs."""

    def unbiased(x, axes):
        mean, var = moments(x, axes)
        count = x.size / mean.size
        return mean, var * count / (count - 1)

    monkeypatch.setattr(regularization, "moments", unbiased)


def plant_a_gradient_through_the_value_alone(monkeypatch):
    """Mean and deviation taken for constants."""

    def constant(x, weight, bias, *, mean, std):
        y, pullback = ops.batch_norm(x, weight, bias, mean=mean, std=std)
        scale = weight.reshape(mean.shape) / std
        return y, lambda g, wanted: (g * scale, *pullback(g, wanted)[1:])

    def planted(op, *inputs, **params):
        return apply(constant if op is ops.batch_norm else op, *inputs, **params)

    monkeypatch.setattr(regularization, "apply", planted)


def test_the_definition_catches_a_planted_fault(monkeypatch):
    check_against_definition(HARD)
    check_layer_norm((2,), (3,), "reversed")
    plant_unbiased_variance(monkeypatch)
    with pytest.raises(AssertionError):
        check_against_definition(HARD)
    with pytest.raises(AssertionError):
        check_layer_norm((2,), (3,), "reversed")


@pytest.mark.parametrize("plant", [plant_unbiased_variance, plant_a_gradient_through_the_value_alone])
def test_pytorch_catches_a_planted_fault(monkeypatch, plant):
    check_against_pytorch(HARD)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check_against_pytorch(HARD)


def test_differences_catch_a_planted_fault(monkeypatch):
    plant_a_gradient_through_the_value_alone(monkeypatch)
    with pytest.raises(GradcheckError, match="input 0"):
        gradcheck(lambda x: batch_norm(x, None, None, training=True), Tensor(normal((3, 2)), requires_grad=True))


def test_counting_catches_planted_faults():
    for faulty in (
        lambda x, p: dropout(x, p + 0.03),  # hides too much
        lambda x, p: dropout(x, p) * (1 - p),  # forgets to make up for it
    ):
        with pytest.raises(AssertionError):
            check_rate(faulty, 0.25)
