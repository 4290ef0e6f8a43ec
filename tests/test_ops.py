"""Every rule of ops.py on plain arrays, against finite differences, and once more for the gradient of its gradient."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from tests.strategies import (
    Call,
    along,
    also,
    call,
    dims,
    elementwise,
    for_every,
    indices,
    orders,
    products,
    reducing,
    reshaped,
    several_parts,
    shapes,
    shaping,
)
from tinytorch import ops
from tinytorch.autograd import grad
from tinytorch.tensor import Tensor, apply
from tinytorch.testing import GradcheckError, check_op, gradgradcheck

# One line for each rule: how to draw a call of it


@st.composite
def choosing(draw: st.DrawFn) -> Call:
    drawn = draw(elementwise(ops.where, 2))
    shape = np.broadcast_shapes(*(x.shape for x in drawn.values))
    return Call(ops.where, drawn.values, drawn.layouts, {"condition": draw(hnp.arrays(bool, shape))})


@st.composite
def linear_maps(draw: st.DrawFn) -> Call:
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    bias = [(outputs,)] if draw(st.booleans()) else []
    return draw(call(ops.linear, (*draw(shapes(0, 2)), inputs), (outputs, inputs), *bias))


@st.composite
def scattering(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1))
    index = draw(indices(shape))
    return draw(call(ops.scatter, np.zeros(shape)[index].shape, params={"index": index, "shape": shape}))


@st.composite
def putting(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1))
    masked = draw(st.booleans())
    index = draw(hnp.arrays(bool, shape) if masked else hnp.basic_indices(shape))
    target = np.zeros(shape)[index].shape
    sizes = [target, ()] if masked else [target, (), (1, *target)]  # NumPy takes no further dimensions for a mask
    return draw(call(ops.put, shape, draw(st.sampled_from(sizes)), params={"index": index}))


@st.composite
def joining(draw: st.DrawFn) -> Call:
    dim, parts = draw(several_parts())
    return draw(call(ops.cat, *parts, params={"axis": dim}))


@st.composite
def pairs_of_one_shape(draw: st.DrawFn, op: Any) -> Call:
    shape = draw(shapes())
    return draw(call(op, shape, shape))


@st.composite
def labelled(draw: st.DrawFn) -> Call:
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    labels = draw(hnp.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    return draw(call(ops.cross_entropy, (rows, classes), params={"labels": labels}))


@st.composite
def probable(draw: st.DrawFn) -> Call:
    """Probabilities well within 0 and 1, and targets."""
    drawn = draw(pairs_of_one_shape(ops.binary_cross_entropy))
    return Call(drawn.function, [1 / (1 + np.exp(-x)) for x in drawn.values], drawn.layouts, drawn.params)


@st.composite
def soft_labelled(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1))
    return draw(call(ops.soft_cross_entropy, shape, shape, params={"axis": draw(dims(len(shape)))}))


def batch_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Any:
    others = tuple(i for i in range(x.ndim) if i != 1)
    mean, std = np.mean(x, others, keepdims=True), np.sqrt(np.var(x, others, keepdims=True) + 0.1)
    return ops.batch_norm(x, weight, bias, mean=mean, std=std)


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Any:
    last = tuple(range(x.ndim - weight.ndim, x.ndim))
    mean, std = np.mean(x, last, keepdims=True), np.sqrt(np.var(x, last, keepdims=True) + 0.1)
    return ops.layer_norm(x, weight, bias, mean=mean, std=std)


@st.composite
def normalising_channels(draw: st.DrawFn) -> Call:
    shape = draw(shapes(2, 4, max_side=3))
    return draw(call(batch_norm, shape, shape[1:2], shape[1:2]))


@st.composite
def normalising_features(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1, 3, max_side=3))
    features = shape[draw(st.integers(0, len(shape) - 1)) :]
    return draw(call(layer_norm, shape, features, features))


def widths(shape: tuple[int, ...]) -> dict[str, Any]:
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return {"widths": st.tuples(*(pair for _ in shape)), "value": st.sampled_from([0.0, -1.5])}


def wider(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    lengths = st.tuples(*(st.sampled_from([n, 3]) if n == 1 else st.just(n) for n in shape))
    return st.builds(lambda before, after: before + after, shapes(0, 1), lengths)


RULES = {
    "add": elementwise(ops.add, 2),
    "sub": elementwise(ops.sub, 2),
    "mul": elementwise(ops.mul, 2),
    "div": elementwise(ops.div, 2, avoid=[0]),
    "neg": elementwise(ops.neg),
    "remainder": elementwise(ops.remainder, 2, low=0.3),
    "pow": elementwise(ops.pow, 2, low=0.3),
    "abs": elementwise(ops.abs, avoid=[0]),
    "sqrt": elementwise(ops.sqrt, low=0.3),
    "exp": elementwise(ops.exp),
    "log": elementwise(ops.log, low=0.3),
    "sin": elementwise(ops.sin),
    "cos": elementwise(ops.cos),
    "tanh": elementwise(ops.tanh),
    "sigmoid": elementwise(ops.sigmoid),
    "relu": elementwise(ops.relu, avoid=[0]),
    "logaddexp": elementwise(ops.logaddexp, 2),
    "erf": elementwise(ops.erf),
    "maximum": elementwise(ops.maximum, 2),
    "minimum": elementwise(ops.minimum, 2),
    "clamp": also(elementwise(ops.clamp, avoid=[-1, 1]), min=st.sampled_from([None, -1.0]), max=st.just(1.0)),
    "where": choosing(),
    "matmul": products(ops.matmul, vectors=False),
    "linear": linear_maps(),
    "sum": reducing(ops.sum, "axis", "keepdims"),
    "mean": reducing(ops.mean, "axis", "keepdims"),
    "amax": reducing(ops.amax, "axis", "keepdims"),
    "amin": reducing(ops.amin, "axis", "keepdims"),
    "logsumexp": reducing(ops.logsumexp, "axis", "keepdims"),
    "norm": also(reducing(ops.norm, "axis", "keepdims", avoid=[0]), p=st.sampled_from([1, 1.5, 2, 3])),
    "log_softmax": along(ops.log_softmax, "axis"),
    "softmax": along(ops.softmax, "axis"),
    "reshape": shaping(ops.reshape, lambda shape: {"shape": reshaped(shape)}),
    "transpose": shaping(ops.transpose, lambda shape: {"axes": orders(len(shape))}),
    "broadcast_to": shaping(ops.broadcast_to, lambda shape: {"shape": wider(shape)}),
    "getitem": shaping(ops.getitem, lambda shape: {"index": indices(shape)}),
    "scatter": scattering(),
    "put": putting(),
    "cat": joining(),
    "pad": shaping(ops.pad, widths),
    "cast": shaping(ops.cast, lambda shape: {"dtype": st.just(np.float64)}),
    "copy": shaping(ops.copy, lambda shape: {}),
    "mse": pairs_of_one_shape(ops.mse),
    "cross_entropy": labelled(),
    "soft_cross_entropy": soft_labelled(),
    "binary_cross_entropy": probable(),
    "batch_norm": normalising_channels(),
    "layer_norm": normalising_features(),
}


def test_every_rule_has_its_line_in_the_table():
    no_rules = {"linear_in_inputs", "differentiable_once", "run", "ones"}
    public = {name for name, f in vars(ops).items() if inspect.isfunction(f) and f.__module__ == ops.__name__}
    assert {name for name in public - no_rules if not name.startswith("_")} == set(RULES)


# What holds for all of them


def check_first_derivative(drawn: Call) -> None:
    check_op(drawn.function, *drawn.arrays(), atol=1e-6, rtol=1e-5, **drawn.params)


def check_second_derivative(drawn: Call) -> None:
    inputs = [Tensor(x, requires_grad=True) for x in drawn.arrays()]
    gradgradcheck(lambda *xs: apply(drawn.function, *xs, **drawn.params), inputs, atol=1e-6, rtol=1e-5)


def check_nothing_is_written_to(drawn: Call) -> None:
    arrays = drawn.arrays()
    value, *ways_back = drawn.function(*arrays, **drawn.params)
    before = np.array(value)
    cotangent = np.ones(np.shape(value))
    for way_back in ways_back:
        way_back(cotangent, [True] * len(arrays)) if len(ways_back) < len(arrays) else way_back(cotangent)
    for array, drawn_values in zip(arrays, drawn.values, strict=True):
        assert_array_equal(array, drawn_values)
    assert_array_equal(value, before)
    assert_array_equal(cotangent, 1)


def check_way_back_ignores_inputs(drawn: Call) -> None:
    value, *ways_back = drawn.function(*drawn.arrays(), **drawn.params)
    _, *elsewhere = drawn.function(*(1 - 2 * x for x in drawn.arrays()), **drawn.params)
    cotangent = np.random.default_rng(0).standard_normal(np.shape(value))
    for here, there in zip(ways_back, elsewhere, strict=True):
        assert_array_equal(here(cotangent), there(cotangent))


@pytest.mark.parametrize("rule", RULES)
def test_ways_back_agree_with_finite_differences(rule):
    for_every(RULES[rule], check_first_derivative, 50)


@pytest.mark.parametrize("rule", [name for name in RULES if not hasattr(getattr(ops, name), "differentiable_once")])
def test_ways_back_can_be_differentiated_again(rule):
    for_every(RULES[rule], check_second_derivative, 10)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_writes_neither_to_its_inputs_nor_to_gradients(rule):
    for_every(RULES[rule], check_nothing_is_written_to, 10)


@pytest.mark.parametrize("rule", [name for name in RULES if hasattr(getattr(ops, name), "linear_in_inputs")])
def test_a_rule_marked_linear_has_a_way_back_that_ignores_its_inputs(rule):
    for_every(RULES[rule], check_way_back_ignores_inputs, 10)


# The checks are checked: each fault is one that only some of what is drawn can show


def transpose_that_sorts_negative_axes(x, *, axes):
    back = tuple(np.argsort(axes).tolist())
    return np.transpose(x, axes), lambda g: np.transpose(g, back)


def exp_that_reads_memory_in_order(x):
    y = np.exp(x)
    return y, lambda g: g * np.reshape(np.ravel(y, order="K"), y.shape)


def sum_that_forgets_keepdims(x, *, axis=None, keepdims=False):
    shape = x.shape
    return np.sum(x, axis=axis, keepdims=keepdims), lambda g: np.broadcast_to(g, shape)


def mean_over_one_axis(x, *, axis=None, keepdims=False):
    y, way_back = ops.mean(x, axis=axis, keepdims=keepdims)
    return y, lambda g: way_back(g) * (x.shape[axis[1]] if isinstance(axis, tuple) and len(axis) > 1 else 1)


def mul_that_knows_no_broadcasting(a, b):
    return a * b, lambda g: g * b, lambda g: g * (a if a.shape == b.shape else 1)


def getitem_that_takes_each_element_once(x, *, index):
    def way_back(g):
        y = np.zeros(x.shape)
        y[index] = g
        return y

    return x[index], way_back


def norm_with_the_power_left_out(x, *, p=2, axis=None, keepdims=False):
    y, way_back = ops.norm(x, p=p, axis=axis, keepdims=keepdims)
    return y, lambda g: way_back(g) * (1 if p == 2 else p)


def tanh_a_little_off(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - 0.9999 * y * y)


def add_with_one_way_back(a, b):
    return a + b, lambda g: g


FAULTS = {
    transpose_that_sorts_negative_axes: RULES["transpose"],
    exp_that_reads_memory_in_order: RULES["exp"],
    sum_that_forgets_keepdims: RULES["sum"],
    mean_over_one_axis: RULES["mean"],
    mul_that_knows_no_broadcasting: RULES["mul"],
    getitem_that_takes_each_element_once: RULES["getitem"],
    norm_with_the_power_left_out: RULES["norm"],
    tanh_a_little_off: RULES["tanh"],
    add_with_one_way_back: RULES["add"],
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_wrong_way_back_is_caught_by_what_is_drawn(fault):
    wrong = FAULTS[fault].map(lambda c: Call(fault, c.values, c.layouts, c.params))
    with pytest.raises((GradcheckError, ValueError, TypeError)):
        for_every(wrong, check_first_derivative, 50, phases=[Phase.generate])


# Where a function has a corner or two elements are equal, on arrays: what PyTorch does there


KINKS = {
    "abs at 0": (ops.abs, ([-2.0, 0.0, 3.0],), {}, ([-1, 0, 1],)),
    "relu at 0": (ops.relu, ([-1.0, 0.0, 2.0],), {}, ([0, 0, 1],)),
    "clamp at its bounds": (ops.clamp, ([-2.0, -1.0, 0.0, 1.0, 2.0],), {"min": -1, "max": 1}, ([0, 1, 1, 1, 0],)),
    "maximum of equals": (ops.maximum, ([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]), {}, ([0.5, 0, 1], [0.5, 1, 0])),
    "minimum of equals": (ops.minimum, ([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]), {}, ([0.5, 1, 0], [0.5, 0, 1])),
    "amax of equals": (ops.amax, ([2.0, 5.0, 5.0, 1.0],), {}, ([0, 0.5, 0.5, 0],)),
    "amin of equals": (ops.amin, ([2.0, 1.0, 1.0, 1.0],), {}, ([0, 1 / 3, 1 / 3, 1 / 3],)),
    "norm at 0": (ops.norm, ([0.0, 0.0],), {}, ([0, 0],)),
    "norm with a 0 in it": (ops.norm, ([0.0, 3.0, 4.0],), {}, ([0, 0.6, 0.8],)),
    "sum of roots with a 0 in it": (ops.norm, ([0.0, 4.0],), {"p": 0.5}, ([0, 1],)),
    "pow at 0 to the 0": (ops.pow, ([0.0, 2.0], [0.0, 0.0]), {}, ([0, 0], [0, math.log(2)])),
    "pow at 0 to the 2": (ops.pow, ([0.0], [2.0]), {}, ([0], [0])),
    "pow at 0 to the 1": (ops.pow, ([0.0], [1.0]), {}, ([1], [0])),
    "remainder of a negative": (ops.remainder, ([-5.0], [3.0]), {}, ([1], [2])),
    "soft_cross_entropy of what cannot be": (ops.soft_cross_entropy, ([0.0, -1e4], [1.0, 0.0]), {}, ([0, 0], [0, 1e4])),
}


@pytest.mark.parametrize("case", KINKS)
def test_ways_back_at_kinks_and_ties(case):
    op, inputs, params, gradients = KINKS[case]
    value, *ways_back = op(*map(np.array, inputs), **params)
    for way_back, expected in zip(ways_back, gradients, strict=True):
        assert_allclose(way_back(np.ones(np.shape(value))), expected, atol=1e-15)


# What single rules promise


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e300])
def test_nothing_overflows_however_large_the_logits(scale):
    z = scale * np.array([[-1.0, 0.5, 1.0], [1.0, 1.0, -1.0]])
    assert_allclose(ops.softmax(z)[0].sum(-1), 1)
    assert_allclose(np.exp(ops.log_softmax(z)[0]).sum(-1), 1)
    above_largest = ops.logsumexp(z, axis=-1)[0] - z.max(-1)
    assert (above_largest >= 0).all() and (above_largest <= math.log(3)).all()
    assert_allclose(ops.sigmoid(z)[0] + ops.sigmoid(-z)[0], 1)
    assert_allclose(ops.logaddexp(z, 0.0)[0], np.maximum(z, 0), atol=1)
    for rule in (ops.softmax, ops.log_softmax, ops.logsumexp, ops.sigmoid, ops.tanh):
        value, way_back = rule(z)
        assert np.isfinite(way_back(np.ones(np.shape(value)))).all()


def test_logsumexp_of_nothing_possible_is_minus_infinity():
    with np.errstate(divide="ignore"):
        assert ops.logsumexp(np.array([-np.inf, -np.inf]))[0] == -np.inf


def test_erf_is_the_standard_librarys():
    x = np.linspace(-3, 3, 13)
    assert_array_equal(ops.erf(x)[0], [math.erf(v) for v in x])
    assert ops.erf(np.float32([0.5]))[0].dtype == np.float32
    assert ops.erf(np.zeros((0, 2)))[0].shape == (0, 2)


def check_scatter_against_getitem(drawn: Call) -> None:
    (x,), index = drawn.arrays(), drawn.params["index"]
    taken = np.asarray(ops.getitem(x, index=index)[0])
    g = np.random.default_rng(0).standard_normal(taken.shape)
    assert_allclose(np.sum(ops.scatter(g, index=index, shape=x.shape)[0] * x), np.sum(g * taken))


def test_scatter_is_the_transpose_of_getitem():
    for_every(RULES["getitem"], check_scatter_against_getitem, 100)


def test_an_element_taken_is_a_view_like_any_other_slice():
    x = np.arange(6.0).reshape(2, 3)
    ops.getitem(x, index=(1, 2))[0][...] = 9
    ops.getitem(x[0], index=0)[0][...] = 7
    assert_array_equal(x, [[7, 1, 2], [3, 4, 9]])


def test_put_leaves_the_array_it_copies_alone():
    x, v = np.zeros(3), np.ones(1)
    y = ops.put(x, v, index=slice(0, 1))[0]
    assert_array_equal(x, 0)
    assert_array_equal(y, [1, 0, 0])


def test_run_computes_on_arrays_and_records_on_tensors():
    x = np.array([1.0, 2.0])
    assert_array_equal(ops.run(ops.exp, x), np.exp(x))
    recorded = ops.run(ops.exp, Tensor(x, requires_grad=True))
    assert recorded.grad_fn.name == "exp"
    assert_array_equal(recorded.detach().numpy(), np.exp(x))


@pytest.mark.parametrize(("rule", "statistics"), [(ops.batch_norm, (1, 3)), (ops.layer_norm, (4, 1))])
def test_a_rule_that_can_be_differentiated_only_once_says_so(rule, statistics):
    x, weight, bias = (Tensor(np.ones(shape), requires_grad=True) for shape in [(4, 3), (3,), (3,)])
    y = apply(rule, x, weight, bias, mean=np.zeros(statistics), std=np.ones(statistics))
    with pytest.raises(RuntimeError, match=f"{rule.__name__} can be differentiated only once"):
        grad(y.sum(), x, create_graph=True)


@pytest.mark.parametrize("order", ["C", "F"])
def test_linear_leaves_the_batch_last_in_memory_forward_and_back(order):
    """Behind a convolution the batch is last in memory, and what stands before would have to turn it around again."""
    rng = np.random.default_rng(0)
    x, weight, g = (np.array(rng.normal(size=size), order=order) for size in [(4, 3), (2, 3), (4, 2)])
    y, to_x, *_ = ops.linear(x, weight)
    assert y.flags.f_contiguous
    assert to_x(g).flags.f_contiguous
    assert_allclose(to_x(g), g @ weight)


def test_relu_compares_with_zeros_in_the_memory_order_of_its_input_made_once():
    image = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)
    for x in (image, np.moveaxis(image, 0, -1), image[:, ::2], image[..., :1], np.zeros((2, 0), np.float32)):
        y, to_x = ops.relu(x)
        assert_array_equal(y, np.where(x > 0, x, 0))
        assert_array_equal(to_x(x), np.where(x > 0, x, 0))
        assert y.dtype == x.dtype
        zeros = ops._zeros_like(x)
        assert zeros is ops._zeros_like(x + 1 if x.flags.c_contiguous else x)
        long = [axis for axis, n in enumerate(x.shape) if n > 1]  # the strides of others mean nothing
        orders = [np.argsort([array.strides[axis] for axis in long]).tolist() for array in (zeros, x)]
        assert orders[0] == orders[1]
        assert not zeros.flags.writeable
    assert ops._zeros_like(np.zeros(65_537, np.float32)) == 0
    assert not ops.ones(3, np.dtype(np.float32)).flags.writeable
