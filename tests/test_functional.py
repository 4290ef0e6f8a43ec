"""Every function of Tensors: first and second derivatives, PyTorch's numbers and types, and nothing that widens.

A line in a table adds a function to all of these; it is written once, for both frameworks: `t` is tinytorch or torch.
"""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

import tinytorch
from tests.oracles import agree_with_torch, nothing_wider_than, torch_or_skip, values_and_gradients
from tests.strategies import (
    Call,
    Shape,
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
    sizes_of_pieces,
)
from tinytorch import functional
from tinytorch.autograd import grad
from tinytorch.tensor import Tensor, apply
from tinytorch.testing import GradcheckError, gradcheck, gradgradcheck

# How to draw the calls that need more than a shape


@st.composite
def choosing(draw: st.DrawFn) -> Call:
    drawn = draw(elementwise(lambda t, a, b, condition: t.where(t.tensor(condition), a, b), 2))
    shape = np.broadcast_shapes(*(x.shape for x in drawn.values))
    return Call(drawn.function, drawn.values, drawn.layouts, {"condition": draw(hnp.arrays(bool, shape))})


@st.composite
def linear_maps(draw: st.DrawFn) -> Call:
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    bias = [(outputs,)] if draw(st.booleans()) else []
    return draw(
        call(lambda t, *xs: t.nn.functional.linear(*xs), (*draw(shapes(0, 2)), inputs), (outputs, inputs), *bias)
    )


@st.composite
def gathering(draw: st.DrawFn) -> Call:
    shape = draw(shapes(1))
    dim = draw(dims(len(shape)))
    sides = [draw(st.integers(1, 3 if d == dim % len(shape) else n)) for d, n in enumerate(shape)]
    index = draw(hnp.arrays(np.int64, sides, elements=st.integers(0, shape[dim] - 1)))
    return draw(
        call(lambda t, x, dim, index: t.gather(x, dim, t.tensor(index)), shape, params={"dim": dim, "index": index})
    )


@st.composite
def joining(draw: st.DrawFn) -> Call:
    dim, parts = draw(several_parts())
    return draw(call(lambda t, *xs, dim: t.cat(xs, dim), *parts, params={"dim": dim}))


@st.composite
def stacking(draw: st.DrawFn) -> Call:
    shape = draw(shapes())
    parts = [shape] * draw(st.integers(1, 3))
    return draw(call(lambda t, *xs, dim: t.stack(xs, dim), *parts, params={"dim": draw(dims(len(shape) + 1))}))


@st.composite
def masked(draw: st.DrawFn, function: Any) -> Call:
    shape = draw(shapes())
    return draw(call(function, shape, params={"mask": draw(hnp.arrays(bool, shape))}))


@st.composite
def looked_up(draw: st.DrawFn) -> Call:
    rows = draw(st.integers(1, 4))
    index = draw(hnp.arrays(np.int64, draw(shapes()), elements=st.integers(0, rows - 1)))
    return draw(
        call(lambda t, x, index: t.nn.functional.embedding(t.tensor(index), x), (rows, 3), params={"index": index})
    )


@st.composite
def of_one_shape(draw: st.DrawFn, function: Any, **params: st.SearchStrategy[Any]) -> Call:
    shape = draw(shapes())
    return draw(call(function, shape, shape, params=draw(st.fixed_dictionaries(params))))


@st.composite
def labelled(draw: st.DrawFn) -> Call:
    rows, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    labels = draw(hnp.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))

    def function(t: Any, z: Any, reduction: str, label_smoothing: float) -> Any:
        return t.nn.functional.cross_entropy(z, t.tensor(labels), reduction=reduction, label_smoothing=label_smoothing)

    params = {"reduction": draw(reductions), "label_smoothing": draw(st.sampled_from([0.0, 0.1]))}
    return draw(call(function, (rows, classes), params=params))


@st.composite
def padding(draw: st.DrawFn, mode: str) -> Call:
    """PyTorch pads with other than a constant only the last dimensions of 2 to 4."""
    count = draw(st.integers(1, 2))
    shape = draw(shapes(count + 1, count + 1, min_side=2))
    most = {"reflect": 1, "circular": 2, "replicate": 3}[mode]
    pad = draw(st.lists(st.integers(0, most), min_size=2 * count, max_size=2 * count).map(tuple))
    return draw(call(lambda t, x, pad: t.nn.functional.pad(x, pad, mode), shape, params={"pad": pad}))


reductions = st.sampled_from(["mean", "sum", "none"])


def constant_padding(shape: Shape) -> dict[str, Any]:
    pairs = st.integers(0, len(shape)).flatmap(lambda n: st.lists(st.integers(0, 2), min_size=2 * n, max_size=2 * n))
    return {"pad": pairs.map(tuple), "value": st.sampled_from([0.0, -1.5])}


def subsets(shape: Shape) -> st.SearchStrategy[Any]:
    every = st.lists(dims(len(shape)), max_size=len(shape), unique_by=lambda d: d % len(shape))
    return every.map(tuple)


def shifts(shape: Shape) -> dict[str, Any]:
    pairs = st.lists(st.tuples(st.integers(-4, 4), dims(len(shape))), min_size=1, max_size=2)
    return {"by": pairs.map(lambda chosen: tuple(zip(*chosen, strict=True)))}


def pieces(shape: Shape) -> Any:
    return dims(len(shape)).flatmap(
        lambda dim: st.tuples(st.integers(1, 4) | sizes_of_pieces(shape[dim]), st.just(dim))
    )


def expanded(shape: Shape) -> dict[str, Any]:
    lengths = st.tuples(*(st.sampled_from([n, 3]) if n == 1 else st.sampled_from([n, -1]) for n in shape))
    return {"shape": st.builds(lambda before, after: before + after, shapes(0, 1), lengths)}


def one_dim_or_two(shape: Shape) -> st.SearchStrategy[Any]:
    return st.none() | dims(len(shape)) | st.tuples(st.just(0), st.just(len(shape) - 1)).filter(lambda d: d[0] != d[1])


def over(dim: Any, x: Any) -> Any:
    """All dims, for functions of PyTorch's that do not take None for them."""
    return tuple(range(x.ndim)) if dim is None else dim


def positive_steps(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(p.step is None or p.step > 0 for p in parts if isinstance(p, slice))


# One line for each function


FUNCTIONS = {
    "add": elementwise(lambda t, a, b: t.add(a, b), 2),
    "add alpha": elementwise(lambda t, a, b: a.add(b, alpha=-2), 2),
    "sub": elementwise(lambda t, a, b: t.sub(a, b), 2),
    "sub alpha": elementwise(lambda t, a, b: a.sub(b, alpha=0.5), 2),
    "mul": elementwise(lambda t, a, b: t.mul(a, b), 2),
    "div": elementwise(lambda t, a, b: t.div(a, b), 2, avoid=[0]),
    "neg": elementwise(lambda t, x: t.neg(x)),
    "pow": elementwise(lambda t, a, b: t.pow(a, b), 2, low=0.3),
    "square": elementwise(lambda t, x: t.square(x)),
    "a + 2": elementwise(lambda t, x: x + 2),
    "2 - a": elementwise(lambda t, x: 2 - x),
    "a - 2.5": elementwise(lambda t, x: x - 2.5),
    "a * 2.5": elementwise(lambda t, x: x * 2.5),
    "a / 3": elementwise(lambda t, x: x / 3),
    "2 / a": elementwise(lambda t, x: 2 / x, low=0.3),
    "a ** 2": elementwise(lambda t, x: x**2),
    "a ** 3": elementwise(lambda t, x: x**3, avoid=[0]),
    "a ** 0": elementwise(lambda t, x: x**0 * x),
    "a ** -1": elementwise(lambda t, x: x**-1, avoid=[0]),
    "a ** 2.5": elementwise(lambda t, x: x**2.5, low=0.3),
    "2.5 ** a": elementwise(lambda t, x: 2.5**x),
    "2 ** a": elementwise(lambda t, x: 2**x),
    "a % b": elementwise(lambda t, a, b: a % b, 2, low=0.3),
    "a % 0.7": elementwise(lambda t, x: x % 0.7),
    "-a": elementwise(lambda t, x: -x),
    "+a": elementwise(lambda t, x: +x * x),
    "abs(a)": elementwise(lambda t, x: abs(x), avoid=[0]),
    "abs": elementwise(lambda t, x: t.abs(x), avoid=[0]),
    "sqrt": elementwise(lambda t, x: t.sqrt(x), low=0.3),
    "exp": elementwise(lambda t, x: t.exp(x)),
    "log": elementwise(lambda t, x: t.log(x), low=0.3),
    "sin": elementwise(lambda t, x: t.sin(x)),
    "cos": elementwise(lambda t, x: t.cos(x)),
    "tanh": elementwise(lambda t, x: t.tanh(x)),
    "sigmoid": elementwise(lambda t, x: t.sigmoid(x)),
    "erf": elementwise(lambda t, x: t.erf(x)),
    "relu": elementwise(lambda t, x: t.relu(x), avoid=[0]),
    "leaky_relu": elementwise(lambda t, x: t.nn.functional.leaky_relu(x, 0.2), avoid=[0]),
    "elu": elementwise(lambda t, x: t.nn.functional.elu(x, 1.5), avoid=[0]),
    "softplus": also(elementwise(lambda t, x, beta: t.nn.functional.softplus(x, beta)), beta=st.sampled_from([1, 2.0])),
    "logsigmoid": elementwise(lambda t, x: t.nn.functional.logsigmoid(x)),
    "silu": elementwise(lambda t, x: t.nn.functional.silu(x)),
    "gelu": elementwise(lambda t, x: t.nn.functional.gelu(x)),
    "gelu by tanh": elementwise(lambda t, x: t.nn.functional.gelu(x, approximate="tanh")),
    "logaddexp": elementwise(lambda t, a, b: t.logaddexp(a, b), 2),
    "maximum": elementwise(lambda t, a, b: t.maximum(a, b), 2),
    "minimum": elementwise(lambda t, a, b: t.minimum(a, b), 2),
    "max of two": elementwise(lambda t, a, b: t.max(a, b), 2),
    "min of two": elementwise(lambda t, a, b: t.min(a, b), 2),
    "clamp": elementwise(lambda t, x: t.clamp(x, -1, 1), avoid=[-1, 1]),
    "clamp below": elementwise(lambda t, x: x.clamp(min=0.5), avoid=[0.5]),
    "where": choosing(),
    "where with numbers": elementwise(lambda t, x: t.where(x > 0, x * x, 2.0) + t.where(x > 1, -1.0, x), avoid=[0, 1]),
    "matmul": products(lambda t, a, b: t.matmul(a, b), vectors=True),
    "a @ b": products(lambda t, a, b: a @ b, vectors=True),
    "dot": st.integers(1, 4).flatmap(lambda n: call(lambda t, a, b: t.dot(a, b), (n,), (n,))),
    "linear": linear_maps(),
    "sum": reducing(lambda t, x, dim, keepdim: t.sum(x, dim, keepdim)),
    "sum over a list": shapes(2, 2).flatmap(lambda shape: call(lambda t, x: x.sum([0, -1]), shape)),
    "mean": reducing(lambda t, x, dim, keepdim: t.mean(x, dim, keepdim)),
    "var": also(
        reducing(
            lambda t, x, dim, keepdim, correction: t.var(x, dim, correction=correction, keepdim=keepdim),
            sizes=shapes(1, min_side=2),
        ),
        correction=st.sampled_from([0, 1]),
    ),
    "var biased": along(lambda t, x, dim: t.var(x, dim, unbiased=False)),
    "std": reducing(lambda t, x, dim, keepdim: t.std(x, dim, keepdim=keepdim), sizes=shapes(1, min_side=2)),
    "amax": reducing(lambda t, x, dim, keepdim: t.amax(x, over(dim, x), keepdim)),
    "amin": reducing(lambda t, x, dim, keepdim: t.amin(x, over(dim, x), keepdim)),
    "logsumexp": reducing(lambda t, x, dim, keepdim: t.logsumexp(x, over(dim, x), keepdim)),
    "norm": also(
        reducing(lambda t, x, dim, keepdim, p: x.norm(p, dim, keepdim), avoid=[0]),
        p=st.sampled_from([1, 1.5, 2, 3, math.inf]),
    ),
    "max": elementwise(lambda t, x: t.max(x)),
    "min": elementwise(lambda t, x: t.min(x)),
    "max along": along(lambda t, x, dim: t.max(x, dim)),
    "min along": along(lambda t, x, dim: t.min(x, dim)),
    "max along, kept": along(lambda t, x, dim: t.max(x, dim, keepdim=True)),
    "min along, kept": along(lambda t, x, dim: t.min(x, dim, keepdim=True)),
    "softmax": along(lambda t, x, dim: t.softmax(x, dim)),
    "log_softmax": along(lambda t, x, dim: t.log_softmax(x, dim)),
    "normalize": along(lambda t, x, dim: t.nn.functional.normalize(x, dim=dim), avoid=[0]),
    "reshape": shaping(lambda t, x, shape: t.reshape(x, shape), lambda shape: {"shape": reshaped(shape)}),
    "view": shaping(lambda t, x, shape: x.view(*shape), lambda shape: {"shape": reshaped(shape)}),
    "flatten": shaping(lambda t, x, start: t.flatten(x, start), lambda shape: {"start": dims(len(shape))}),
    "flatten to": shaping(lambda t, x, end: x.flatten(end_dim=end), lambda shape: {"end": dims(len(shape))}),
    "transpose": shaping(
        lambda t, x, some, other: t.transpose(x, some, other),
        lambda shape: {"some": dims(len(shape)), "other": dims(len(shape))},
    ),
    "permute": shaping(lambda t, x, order: t.permute(x, order), lambda shape: {"order": orders(len(shape))}),
    "permute, one by one": shaping(
        lambda t, x, order: x.permute(*order), lambda shape: {"order": orders(len(shape))}, min_dims=1
    ),
    "t": shapes(max_dims=2).flatmap(lambda shape: call(lambda t, x: x.t() * 2, shape)),
    "T": shapes(min_dims=2, max_dims=2).flatmap(lambda shape: call(lambda t, x: x.T * 2, shape)),
    "mT": shapes(min_dims=2).flatmap(lambda shape: call(lambda t, x: x.mT * 2, shape)),
    "squeeze": shaping(lambda t, x: t.squeeze(x) * 2, lambda shape: {}),
    "squeeze along": shaping(lambda t, x, dim: t.squeeze(x, dim) * 2, lambda shape: {"dim": dims(len(shape))}),
    "unsqueeze": shaping(lambda t, x, dim: t.unsqueeze(x, dim), lambda shape: {"dim": dims(len(shape) + 1)}),
    "broadcast_to": shaping(
        lambda t, x, shape: t.broadcast_to(x, shape), lambda shape: {"shape": st.just((2, *shape))}
    ),
    "expand": shaping(lambda t, x, shape: x.expand(shape), expanded),
    "indexing": shaping(lambda t, x, index: x[index], lambda shape: {"index": indices(shape).filter(positive_steps)}),
    "gather": gathering(),
    "cat": joining(),
    "stack": stacking(),
    "split": shaping(lambda t, x, by: t.split(x, *by), lambda shape: {"by": pieces(shape)}, min_dims=1),
    "chunk": shaping(
        lambda t, x, count, dim: t.chunk(x, count, dim),
        lambda shape: {"count": st.integers(1, 4), "dim": dims(len(shape))},
        min_dims=1,
    ),
    "unbind": along(lambda t, x, dim: t.unbind(x, dim)),
    "split as a method": shaping(lambda t, x, by: x.split(*by), lambda shape: {"by": pieces(shape)}, min_dims=1),
    "chunk as a method": along(lambda t, x, dim: x.chunk(2, dim=dim)),
    "unbind as a method": along(lambda t, x, dim: x.unbind(dim)),
    "flip as a method": shaping(
        lambda t, x, dims: x.flip(dims=dims), lambda shape: {"dims": subsets(shape)}, min_dims=1
    ),
    "flip, one by one": shapes(2).flatmap(lambda shape: call(lambda t, x: x.flip(0, -1), shape)),
    "roll as a method": shaping(lambda t, x, by: x.roll(*by), shifts, min_dims=1),
    "masked_fill": masked(lambda t, x, mask: t.masked_fill(x, t.tensor(mask), -1.5)),
    "masked_fill as a method": masked(lambda t, x, mask: x.masked_fill(t.tensor(mask), t.tensor(2.0))),
    "embedding": looked_up(),
    "flip": shaping(lambda t, x, dims: t.flip(x, dims), lambda shape: {"dims": subsets(shape)}, min_dims=1),
    "roll": shaping(lambda t, x, by: t.roll(x, *by), shifts, min_dims=1),
    "roll flat": shaping(lambda t, x, by: t.roll(x, by), lambda shape: {"by": st.integers(-5, 5)}, min_dims=1),
    "pad": shaping(
        lambda t, x, pad, value: t.nn.functional.pad(x, pad, "constant", value), constant_padding, min_dims=1
    ),
    "pad reflect": padding("reflect"),
    "pad replicate": padding("replicate"),
    "pad circular": padding("circular"),
    "clone": elementwise(lambda t, x: t.clone(x) * x),
    "contiguous": elementwise(lambda t, x: x.contiguous() * x),
    "to the same type": elementwise(lambda t, x: x.to(x.dtype) * x),
    "cross_entropy": labelled(),
    "mse_loss": of_one_shape(
        lambda t, a, b, reduction: t.nn.functional.mse_loss(a, b, reduction=reduction), reduction=reductions
    ),
}


# What holds for all of them


def leaves(drawn: Call, dtype: Any = np.float64) -> list[Tensor]:
    return [Tensor(x, requires_grad=True) for x in drawn.arrays(dtype)]


def check_first_derivative(drawn: Call) -> None:
    gradcheck(lambda *xs: drawn(tinytorch, *xs), leaves(drawn), atol=1e-6, rtol=1e-5)


def check_second_derivative(drawn: Call) -> None:
    gradgradcheck(lambda *xs: drawn(tinytorch, *xs), leaves(drawn), atol=1e-5, rtol=1e-4)


def check_against_torch(drawn: Call) -> None:
    agree_with_torch(drawn, np.float64)
    agree_with_torch(drawn, np.float32)


def check_nothing_widens(drawn: Call) -> None:
    with nothing_wider_than(np.float32):
        inputs = leaves(drawn, np.float32)
        outputs = drawn(tinytorch, *inputs)
        outputs = [y for y in (outputs if isinstance(outputs, tuple) else (outputs,)) if y.requires_grad]
        seeds = [tinytorch.ones_like(y) for y in outputs]
        once = grad(outputs, inputs, seeds, create_graph=True, allow_unused=True)
        led = [g for g in once if g is not None and g.requires_grad]
        if led:
            twice = grad(led, inputs, [tinytorch.ones_like(g) for g in led], allow_unused=True)
            assert all(g.dtype == np.float32 for g in twice if g is not None)
    assert all(g.dtype == np.float32 for g in once if g is not None)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_agree_with_finite_differences(name):
    for_every(FUNCTIONS[name], check_first_derivative, 30)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_gradients_agree_with_finite_differences(name):
    for_every(FUNCTIONS[name], check_second_derivative, 12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_are_pytorchs(name):
    torch_or_skip()
    for_every(FUNCTIONS[name], check_against_torch, 20)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_stays_float32_in_values_graphs_and_gradients(name):
    for_every(FUNCTIONS[name], check_nothing_widens, 10)


# Functions that no gradient passes: PyTorch's numbers and types, whatever the elements are


FLOATS = ["float32", "float64"]
NUMBERS = ["uint8", "int32", "int64", *FLOATS]
ALL = ["bool", *NUMBERS]
CONSTANTS = {
    "all": (lambda t, x: t.all(x), [*ALL[2:], "bool"]),
    "all along": (lambda t, x: t.all(x, 1), [*ALL[2:], "bool"]),
    "any": (lambda t, x: t.any(x), [*ALL[2:], "bool"]),
    "any along": (lambda t, x: t.any(x, 0, keepdim=True), [*ALL[2:], "bool"]),
    "argmax": (lambda t, x: t.argmax(x), NUMBERS),
    "argmax along": (lambda t, x: t.argmax(x, 1), NUMBERS),
    "argmax along, kept": (lambda t, x: x.argmax(dim=-1, keepdim=True), NUMBERS),
    "argmin": (lambda t, x: t.argmin(x), NUMBERS),
    "argmin along": (lambda t, x: t.argmin(x, 0), NUMBERS),
    "max": (lambda t, x: t.max(x), ALL),
    "max along": (lambda t, x: t.max(x, 1), ALL),
    "min": (lambda t, x: t.min(x), ALL),
    "min along": (lambda t, x: t.min(x, 0, keepdim=True), ALL),
    "amin": (lambda t, x: t.amin(x, (0, 1)), ALL),
    "amax": (lambda t, x: t.amax(x, 0), ALL),
    "maximum": (lambda t, x: t.maximum(x, t.flip(x, [0])), ALL),
    "minimum": (lambda t, x: t.minimum(x, t.flip(x, [0])), ALL),
    "sum": (lambda t, x: t.sum(x, 0), ALL),
    "eq": (lambda t, x: t.eq(x, 1), ALL),
    "ne": (lambda t, x: t.ne(x, t.flip(x, [1])), ALL),
    "lt": (lambda t, x: t.lt(x, t.flip(x, [0])), ALL),
    "le": (lambda t, x: t.le(x, 1.5), ALL),
    "gt": (lambda t, x: t.gt(x, 0), ALL),
    "ge": (lambda t, x: t.ge(x, True), ALL),
    "isnan": (lambda t, x: t.isnan(x), ALL),
    "isfinite": (lambda t, x: t.isfinite(x), ALL),
    "exp": (lambda t, x: t.exp(x), ALL),
    "sqrt": (lambda t, x: t.sqrt(x + 1), ALL),
    "log": (lambda t, x: t.log(x + 1), ALL),
    "tanh": (lambda t, x: t.tanh(x), ALL),
    "sigmoid": (lambda t, x: t.sigmoid(x), ALL),
    "erf": (lambda t, x: t.erf(x), ALL),
    "sin": (lambda t, x: t.sin(x), ALL),
    "cos": (lambda t, x: t.cos(x), ALL),
    "masked_fill": (lambda t, x: x.masked_fill(x > 1, 7), NUMBERS),
    "masked_fill by a half": (lambda t, x: (x + 2**28).masked_fill(x > 1, 2.5), ["int32", "int64"]),
    "masked_fill by a Tensor": (lambda t, x: x.masked_fill(x > 1, t.tensor(2.5)), ["int64", *FLOATS]),
    "masked_fill of booleans": (lambda t, x: x.masked_fill(~x, True), ["bool"]),
    "sum over no dims": (lambda t, x: t.sum(x, ()), ALL),
    "amax over no dims": (lambda t, x: t.amax(x, []), ALL),
    "square": (lambda t, x: t.square(x), NUMBERS),
    "sign": (lambda t, x: t.sign(x), NUMBERS),
    "abs": (lambda t, x: t.abs(x), NUMBERS),
    "neg": (lambda t, x: t.neg(x), NUMBERS),
    "relu": (lambda t, x: t.relu(x), NUMBERS),
    "a / 2": (lambda t, x: x / 2, ALL),
    "logsumexp": (lambda t, x: t.logsumexp(x, 1), ALL),
    "clamp": (lambda t, x: t.clamp(x, 0.5, 2), ALL),
    "where": (lambda t, x: t.where(x > 1, x, 0.5), ALL),
    "pad": (lambda t, x: t.nn.functional.pad(x, (1, 0)), ALL),
    "cat": (lambda t, x: t.cat([x, x > 1]), ALL),
    "matmul": (lambda t, x: x @ x.T, ["int32", "int64", *FLOATS]),
    "one_hot": (lambda t, x: t.nn.functional.one_hot(x), ["int64"]),
    "one_hot of 7": (lambda t, x: t.nn.functional.one_hot(x, 7), ["int64"]),
}
WITH_TIES = np.array([[3, 1, 3, 0], [0, 1, 1, 0], [2, 2, 2, 2]])


@pytest.mark.parametrize(
    ("name", "dtype"), [(name, dtype) for name, (_, types) in CONSTANTS.items() for dtype in types]
)
def test_every_type_of_elements_gives_pytorchs_numbers_and_types(name, dtype):
    torch = torch_or_skip()
    ours, theirs = (
        values_and_gradients(t, CONSTANTS[name][0], [WITH_TIES.astype(dtype)])[0] for t in (tinytorch, torch)
    )
    for one, other in zip(ours, theirs, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert_allclose(one, other, rtol=1e-6)


def test_allclose_and_equal_give_one_answer_for_all_elements():
    x, y = tinytorch.tensor([1.0, 2.0]), tinytorch.tensor([1.0, 2.00001])
    assert functional.allclose(x, y) is True
    assert functional.allclose(x, y, rtol=0, atol=1e-9) is False
    assert functional.equal(x, x.clone()) is True
    assert functional.equal(x, y) is False
    assert functional.equal(x, x.reshape(1, 2)) is False


@pytest.mark.parametrize("name", ["mean", "var", "std", "norm"])
def test_long_sums_of_float16_do_not_overflow(name):
    torch = torch_or_skip()
    x = np.tile(np.array([100, -100, 60], np.float16), 2000)
    ours, theirs = (getattr(t.tensor(x), name)() for t in (tinytorch, torch))
    assert ours.dtype == np.float16 and math.isfinite(theirs.item()) == math.isfinite(ours.item())
    assert_allclose(ours.item(), theirs.item(), rtol=2e-3)
    assert_allclose(tinytorch.full((3000,), 100.0, dtype=np.float16).mean().item(), 100)


@pytest.mark.parametrize("padding", [0, -1, 2])
def test_the_padding_of_an_embedding_gets_no_gradient_as_in_pytorch(padding):
    torch = torch_or_skip()
    weight, index = np.arange(12.0).reshape(4, 3), np.array([[0, 3, 2], [3, 0, 0]])
    ours, theirs = (
        values_and_gradients(t, lambda t, w: t.nn.functional.embedding(t.tensor(index), w, padding), [weight])
        for t in (tinytorch, torch)
    )
    assert_allclose(ours[0][0], theirs[0][0])
    assert_allclose(ours[1][0], theirs[1][0])
    assert not ours[1][0][padding].any() and ours[1][0].any()


def test_the_gradient_of_a_mean_of_float16_is_of_float16():
    x = tinytorch.full((8,), 100.0, dtype=np.float16, requires_grad=True)
    x.mean().backward()
    assert x.grad.dtype == np.float16 and x.grad.tolist() == [0.125] * 8


def test_every_function_has_its_line_in_a_table():
    named = {name.split()[0] for name in [*FUNCTIONS, *CONSTANTS, "allclose", "equal"]}
    public = {name for name, f in vars(functional).items() if inspect.isfunction(f) and not name.startswith("_")}
    others = {"apply", "as_array", "check_input", "constant", "is_tensor"}
    assert {"chunk", "mean", "sin"} < public
    assert public - others <= named


# Corners, ties, what is infinite and what is no number


SPECIAL = np.array([-math.inf, -1e3, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 1e3, math.inf, math.nan])
ALL_PAIRS = [np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL))]
AT_CORNERS = {
    **{
        name: [SPECIAL]
        for name in (
            *("neg", "square", "a + 2", "2 - a", "a - 2.5", "a * 2.5", "a / 3", "2 / a", "a ** 2", "a ** 3", "a ** 0"),
            *(
                "a ** -1",
                "a ** 2.5",
                "2.5 ** a",
                "a % 0.7",
                "abs",
                "sqrt",
                "exp",
                "log",
                "tanh",
                "sigmoid",
                "erf",
                "relu",
            ),
            *("leaky_relu", "elu", "softplus", "logsigmoid", "silu", "gelu", "gelu by tanh", "clamp", "clamp below"),
            *("where with numbers",),
        )
    },
    **{name: ALL_PAIRS for name in ("add", "sub", "mul", "div", "a % b", "pow", "maximum", "minimum", "logaddexp")},
}


@pytest.mark.parametrize("name", AT_CORNERS)
def test_corners_and_what_is_infinite_or_undefined_are_as_in_pytorch(name):
    """All values; and the gradients where the inputs and the value are finite."""
    torch = torch_or_skip()

    def check(drawn: Call) -> None:
        arrays = [np.array(x) for x in AT_CORNERS[name]]
        with np.errstate(all="ignore"):
            (value,), gradients = values_and_gradients(tinytorch, drawn, arrays)
        (expected,), expected_gradients = values_and_gradients(torch, drawn, arrays)
        assert_allclose(value, expected, 1e-9, 1e-9)
        finite = np.isfinite([*arrays, value]).all(0)
        for ours, theirs in zip(gradients, expected_gradients, strict=True):
            assert_allclose(ours[finite], theirs[finite], 1e-9, 1e-9)

    for_every(FUNCTIONS[name], check, 2)


TIED = {
    "amax": lambda t, x: t.amax(x, (0, 1)),
    "amin": lambda t, x: t.amin(x, 1, keepdim=True),
    "max": lambda t, x: t.max(x),
    "min": lambda t, x: t.min(x),
    "max along": lambda t, x: t.max(x, 1),
    "min along": lambda t, x: t.min(x, 0),
    "norm": lambda t, x: x.norm(dim=1),
    "norm 1": lambda t, x: x.norm(1, 1),
    "norm 3": lambda t, x: x.norm(3, 1),
    "norm 0.5": lambda t, x: x.norm(0.5, 1),
    "norm inf": lambda t, x: x.norm(math.inf, 1),
    "norm -inf": lambda t, x: x.norm(-math.inf, 1),
    "norm 0": lambda t, x: x.norm(0, 1),
    "var": lambda t, x: t.var(x, 1),
    "normalize": lambda t, x: t.nn.functional.normalize(x),
    "softmax": lambda t, x: t.softmax(x * 1e4, 1),
    "log_softmax": lambda t, x: t.log_softmax(x * 1e4, 0),
    "logsumexp": lambda t, x: t.logsumexp(x, 1),
    "repeated elements": lambda t, x: x[[0, 0, 2]],
    "relu of a product": lambda t, x: t.relu(x * x),
    "x ** x": lambda t, x: x.abs() ** x.abs(),
}


@pytest.mark.parametrize("name", TIED)
def test_equal_elements_and_rows_of_zeros_are_as_in_pytorch(name):
    rows = np.array([[3, 1, 3, 0], [0, 1, 1, 0], [-2, -2, -2, -2], [0, 0, 0, 0]])
    agree_with_torch(Call(TIED[name], [rows], ["C"]), np.float64)


def test_isnan_and_isfinite_know_what_is_neither():
    x = tinytorch.tensor([math.nan, math.inf, -math.inf, 0.0])
    assert functional.isnan(x).tolist() == [True, False, False, False]
    assert functional.isfinite(x).tolist() == [False, False, False, True]


def test_softplus_is_exact_and_does_not_overflow():
    x = tinytorch.tensor([-1000.0, 0.0, 25.0, 1000.0], dtype=tinytorch.float64, requires_grad=True)
    y = functional.softplus(x)
    y.sum().backward()
    assert_allclose(y.detach().numpy(), [0, math.log(2), 25 + math.log1p(math.exp(-25)), 1000], rtol=1e-15)
    assert_allclose(x.grad.numpy(), [0, 0.5, 1 / (1 + math.exp(-25)), 1])


# What PyTorch refuses is refused, in one sentence that names what was called


REFUSED = {
    "shapes that do not broadcast": (lambda t: t.zeros(2, 3) + t.zeros(2, 4), r"add .*\(2, 3\) and \(2, 4\)"),
    "comparison": (lambda t: t.zeros(2, 3) < t.zeros(2, 4), r"less .*\(2, 3\) and \(2, 4\)"),
    "where": (lambda t: t.where(t.zeros(2) > 0, t.zeros(3), t.zeros(2)), r"where .*\(3,\) and \(2,\)"),
    "matmul": (lambda t: t.zeros(2, 3) @ t.zeros(2, 3), r"matmul .*\(2, 3\) and \(2, 3\)"),
    "matmul of a number": (lambda t: t.zeros(2, 3) @ t.tensor(2.0), r"matmul .*\(2, 3\) and \(\)"),
    "matmul of stacks": (lambda t: t.zeros(2, 3, 4) @ t.zeros(3, 4, 5), r"matmul .*\(2, 3, 4\) and \(3, 4, 5\)"),
    "dot": (lambda t: t.dot(t.zeros(2, 2), t.zeros(2)), r"dot .*\(2, 2\) and \(2,\)"),
    "linear": (lambda t: t.nn.functional.linear(t.zeros(2, 3), t.zeros(4, 5)), r"linear expects .* 5 .*\(2, 3\)"),
    "linear with bias": (
        lambda t: t.nn.functional.linear(t.zeros(2, 3), t.zeros(4, 3), t.zeros(5)),
        r"linear .*\(2, 3\) and \(4, 3\) and \(5,\)",
    ),
    "sum": (lambda t: t.sum(t.zeros(2, 3), 2), r"sum .*\(2, 3\).* 2 "),
    "sum over a name": (lambda t: t.sum(t.zeros(2, 3), "rows"), "dim is a whole number .* 'rows'"),
    "sum twice over one": (lambda t: t.sum(t.zeros(2, 3), (0, 0)), r"sum .*\(2, 3\)"),
    "mean of integers": (lambda t: t.mean(t.tensor([1, 2])), "mean needs floating point numbers.*int64"),
    "var of integers": (lambda t: t.var(t.tensor([1, 2])), "var needs floating point numbers.*int64"),
    "softmax of integers": (lambda t: t.softmax(t.tensor([1, 2]), 0), "softmax needs floating point numbers.*int64"),
    "log_softmax of booleans": (lambda t: t.log_softmax(t.tensor([True]), 0), "log_softmax needs .*bool"),
    "norm of integers": (lambda t: t.tensor([1, 2]).norm(), "norm needs floating point numbers.*int64"),
    "softmax along": (lambda t: t.softmax(t.zeros(2, 3), 2), r"softmax .*\(2, 3\).* 2 "),
    "max of nothing": (lambda t: t.max(t.zeros(0)), r"max .*\(0,\)"),
    "max along nothing": (lambda t: t.max(t.zeros(2, 0), 1), r"argmax .*\(2, 0\)"),
    "max along": (lambda t: t.max(t.zeros(2, 3), 2), r"argmax .*\(2, 3\).* 2 "),
    "argmax of nothing": (lambda t: t.argmax(t.zeros(0)), r"argmax .*\(0,\)"),
    "clamp": (lambda t: t.clamp(t.zeros(2)), "clamp needs min, max or both"),
    "integers to negative powers": (lambda t: t.tensor([2]) ** -1, "pow .*negative integer powers"),
    "reshape": (lambda t: t.zeros(2, 3).reshape(4), r"reshape cannot make shape \(4,\) of the 6 .*\(2, 3\)"),
    "reshape with two open": (
        lambda t: t.zeros(2, 3).reshape(-1, -1),
        r"reshape cannot make shape \(-1, -1\) of .*\(2, 3\)",
    ),
    "reshape with a remainder": (lambda t: t.zeros(2, 3).view(-1, 4), r"reshape cannot make shape \(-1, 4\)"),
    "flatten": (lambda t: t.flatten(t.zeros(2, 3), 0, 2), r"flatten: dim 2 .*\(2, 3\)"),
    "flatten of features": (lambda t: t.nn.Flatten()(t.zeros(3)), r"flatten: dim 1 is out of range .*\(3,\)"),
    "flatten backwards": (lambda t: t.flatten(t.zeros(2, 3), 1, 0), r"flatten .*start_dim 1 .*end_dim 0 .*\(2, 3\)"),
    "permute": (lambda t: t.permute(t.zeros(2, 3), (0,)), r"permute expects every dim of shape \(2, 3\) once"),
    "permute twice": (lambda t: t.permute(t.zeros(2, 3), (0, 0)), r"permute expects .* once, got \(0, 0\)"),
    "transpose": (lambda t: t.transpose(t.zeros(2, 3), 0, 2), r"dim 2 .*\(2, 3\)"),
    "t": (lambda t: t.zeros(2, 3, 4).t(), r"t\(\) expects at most 2 .*\(2, 3, 4\)"),
    "squeeze": (lambda t: t.squeeze(t.zeros(2, 3), 2), r"dim 2 .*\(2, 3\)"),
    "unsqueeze": (lambda t: t.unsqueeze(t.zeros(2, 3), 4), "unsqueeze got dim 4"),
    "broadcast_to": (lambda t: t.broadcast_to(t.zeros(2, 3), (2, 4)), r"broadcast_to .*\(2, 3\)"),
    "expand": (lambda t: t.zeros(2, 3).expand(4, 3), r"broadcast_to .*\(2, 3\)"),
    "expand new": (lambda t: t.zeros(2, 3).expand(-1, 2, 3), r"expand .*-1 .*\(2, 3\)"),
    "gather of more": (lambda t: t.gather(t.zeros(2, 3), 0, t.tensor([[0, 0, 0, 0]])), r"gather .*\(2, 3\).*\(1, 4\)"),
    "gather of other dimensions": (lambda t: t.gather(t.zeros(2, 3), 0, t.tensor([[[0]]])), r"gather .*\(1, 1, 1\)"),
    "gather beyond": (lambda t: t.gather(t.zeros(2, 3), 1, t.tensor([[3], [0]])), "gather expects places from 0 to 2"),
    "gather from the back": (lambda t: t.gather(t.zeros(3), 0, t.tensor([-1])), "gather expects places .* got -1"),
    "gather by booleans": (
        lambda t: t.gather(t.zeros(3), 0, t.tensor([True])),
        "gather expects .*whole numbers, got bool",
    ),
    "gather along": (lambda t: t.gather(t.zeros(3), 1, t.tensor([0])), r"dim 1 .*\(3,\)"),
    "cat": (lambda t: t.cat([t.zeros(2, 3), t.zeros(2, 4)]), r"cat .*\(2, 3\) and \(2, 4\)"),
    "cat of nothing": (lambda t: t.cat([]), "cat expects at least one"),
    "cat of numbers": (lambda t: t.cat([t.tensor(1.0)]), r"cat .*\(\)"),
    "cat along": (lambda t: t.cat([t.zeros(2)], 1), r"cat .*\(2,\).* 1 "),
    "stack": (lambda t: t.stack([t.zeros(2), t.zeros(3)]), r"stack expects .*one shape.*\(2,\), \(3,\)"),
    "cat of a Tensor": (lambda t: t.cat(t.zeros(2, 3)), "cat expects a list of Tensors, got Tensor"),
    "cat of arrays": (lambda t: t.cat([t.zeros(2), np.zeros(2)]), "cat expects a list of Tensors, got ndarray"),
    "stack of a number": (lambda t: t.stack([t.zeros(2), 1.0]), "stack expects a list of Tensors, got float"),
    "masked_fill by numbers": (
        lambda t: t.zeros(2).masked_fill(t.tensor([1, 0]), 1.0),
        "masked_fill expects a mask of booleans, got int64",
    ),
    "masked_fill with several": (
        lambda t: t.zeros(2).masked_fill(t.tensor([True, False]), t.zeros(2)),
        r"masked_fill expects a single number as its value, got shape \(2,\)",
    ),
    "embedding beyond": (
        lambda t: t.nn.functional.embedding(t.tensor([0, 3]), t.zeros(3, 2)),
        "embedding expects indices from 0 to 2, got 3",
    ),
    "embedding from the back": (
        lambda t: t.nn.functional.embedding(t.tensor([-1]), t.zeros(3, 2)),
        "embedding expects indices from 0 to 2, got -1",
    ),
    "embedding of floats": (
        lambda t: t.nn.functional.embedding(t.tensor([1.0]), t.zeros(3, 2)),
        "embedding expects a Tensor of whole numbers, got float32",
    ),
    "embedding of a list": (
        lambda t: t.nn.functional.embedding([1], t.zeros(3, 2)),
        "embedding expects a Tensor of whole numbers, got list",
    ),
    "linear of another type": (
        lambda t: t.nn.functional.linear(t.zeros(2, 3, dtype=t.float64), t.zeros(4, 3)),
        "linear of float32 expects an input of that type, got float64",
    ),
    "linear of whole numbers": (
        lambda t: t.nn.functional.linear(t.tensor([1, 2, 3]), t.zeros(4, 3)),
        "linear of float32 expects an input of that type, got int64",
    ),
    "linear of an array": (
        lambda t: t.nn.functional.linear(np.zeros((2, 3)), t.zeros(4, 3)),
        r"linear expects a Tensor, got ndarray: make it one with tensor\(\)",
    ),
    "stack of nothing": (lambda t: t.stack([]), "at least one"),
    "split": (lambda t: t.split(t.zeros(4), [1, 2]), r"split expects .* 4.*\[1, 2\]"),
    "split into less than nothing": (lambda t: t.split(t.zeros(3), [-1, 4]), r"split expects .* 3.*\[-1, 4\]"),
    "split of none": (lambda t: t.split(t.zeros(3), -1), "split expects pieces of at least"),
    "split of a number": (lambda t: t.split(t.tensor(1.0), 1), "split expects at least one dimension"),
    "split along": (lambda t: t.split(t.zeros(3), 1, 1), r"dim 1 .*\(3,\)"),
    "chunk": (lambda t: t.chunk(t.zeros(3), 0), "chunk expects"),
    "flip": (lambda t: t.flip(t.zeros(2, 3), [2]), r"dim 2 .*\(2, 3\)"),
    "flip twice": (lambda t: t.flip(t.zeros(2, 3), [0, 0]), r"flip got a dimension twice"),
    "roll": (lambda t: t.roll(t.zeros(2), (1, 2), (0,)), "roll expects one shift for each"),
    "roll along more": (lambda t: t.roll(t.zeros(2, 2), 1, (0, 1)), "roll expects one shift for each"),
    "roll along": (lambda t: t.roll(t.zeros(2), 1, 1), r"dim 1 .*\(2,\)"),
    "roll of a number": (lambda t: t.roll(t.tensor(1.0), 1, 0), "roll expects at least one dimension"),
    "pad": (lambda t: t.nn.functional.pad(t.zeros(2), (1,)), r"pad expects pairs .*\(1,\)"),
    "pad of more": (lambda t: t.nn.functional.pad(t.zeros(2), (1, 1, 1, 1)), "pad expects pairs .* at most 1"),
    "pad in a mode": (lambda t: t.nn.functional.pad(t.zeros(1, 2), (1, 1), "mirror"), "pad knows the modes .*'mirror'"),
    "pad reflecting": (
        lambda t: t.nn.functional.pad(t.zeros(1, 3), (3, 0), "reflect"),
        r"pad .*reflect .* 2 .*\(1, 3\)",
    ),
    "pad around": (lambda t: t.nn.functional.pad(t.zeros(1, 3), (4, 0), "circular"), r"pad .*circular .* 3 .*\(1, 3\)"),
    "gelu": (lambda t: t.nn.functional.gelu(t.zeros(2), approximate="x"), "gelu approximates by .*'x'"),
    "one_hot": (
        lambda t: t.nn.functional.one_hot(t.tensor([0, 3]), 3),
        "one_hot expects labels from 0 to 2, got 0 to 3",
    ),
    "one_hot from the back": (lambda t: t.nn.functional.one_hot(t.tensor([0, -1])), "one_hot expects labels .* -1"),
    "one_hot of floats": (
        lambda t: t.nn.functional.one_hot(t.zeros(2)),
        "one_hot expects .*whole numbers, got float32",
    ),
}
REFUSALS = (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError)


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_told_in_one_sentence(what):
    call, message = REFUSED[what]
    with pytest.raises(REFUSALS, match=message) as refusal:
        call(tinytorch)
    text = str(refusal.value)
    assert "\n" not in text and not text.endswith((".", " ")) and len(text) < 300


@pytest.mark.parametrize("what", REFUSED)
def test_pytorch_refuses_it_too_and_agrees_on_what_is_an_index_error(what):
    torch = torch_or_skip()
    with pytest.raises(REFUSALS) as theirs:
        REFUSED[what][0](torch)
    with pytest.raises(REFUSALS) as ours:
        REFUSED[what][0](tinytorch)
    assert theirs.type is not IndexError or ours.type is IndexError or "nothing" in what


# The checks are checked: wrong rules, each caught by the check that should catch it


def recorded(rule: Any, **params: Any) -> Any:
    return lambda t, *xs: apply(rule, *xs, **params)


def square_with_half_its_gradient(x):
    return x * x, lambda g: g * x


def square_with_a_slope_forgotten_in_the_second_derivative(x):
    kept = np.array(getattr(x, "array", x))
    return x * x, lambda g: 2 * g * kept


def relu_with_a_slope_at_zero(x):
    return np.maximum(x, 0), lambda g: g * (x >= 0)


def exp_a_billionth_off(x):
    y = np.exp(x) * (1 + 1e-7)
    return y, lambda g: g * y


def tanh_with_a_gradient_a_billionth_off(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y) * (1 + 1e-7)


def value_in_double_precision(x):
    return x * np.ones(x.shape), lambda g: g


def gradient_in_double_precision(x):
    return x + 1, lambda g: g * np.ones(g.shape)


def memory_in_double_precision(x):
    kept = np.full(x.shape, 2.0)
    return x * 2, lambda g: np.asarray(g * kept, g.dtype)


WRONG = {
    square_with_half_its_gradient: check_first_derivative,
    square_with_a_slope_forgotten_in_the_second_derivative: check_second_derivative,
    value_in_double_precision: check_nothing_widens,
    gradient_in_double_precision: check_nothing_widens,
    memory_in_double_precision: check_nothing_widens,
}
UNLIKE_TORCH = {
    "the value is a little off": lambda t, x: t.exp(x) if t is not tinytorch else apply(exp_a_billionth_off, x),
    "the gradient is": lambda t, x: t.tanh(x) if t is not tinytorch else apply(tanh_with_a_gradient_a_billionth_off, x),
    "the shape is another": lambda t, x: x.sum() if t is not tinytorch else x.sum(0, keepdim=True),
    "the type is another": lambda t, x: x > 0 if t is not tinytorch else (x > 0).to(x.dtype),
    "no gradient arrives": lambda t, x: x * 2 if t is not tinytorch else x.detach() * 2,
    "the slope at zero": lambda t, x: (
        t.relu(x - 0.5) if t is not tinytorch else apply(relu_with_a_slope_at_zero, x - 0.5)
    ),
}


@pytest.mark.parametrize("rule", WRONG, ids=lambda rule: rule.__name__)
def test_a_wrong_rule_is_caught(rule):
    with pytest.raises((GradcheckError, AssertionError)):
        for_every(elementwise(recorded(rule), low=0.3), WRONG[rule], 10, phases=[Phase.generate])


@pytest.mark.parametrize("what", UNLIKE_TORCH)
def test_a_difference_from_pytorch_is_caught(what):
    torch_or_skip()
    with pytest.raises(AssertionError):
        agree_with_torch(Call(UNLIKE_TORCH[what], [np.array([0.5, 0.7])], ["C"]))


def test_a_leak_is_a_hundredth_unless_told_otherwise():
    leaked = tinytorch.nn.functional.leaky_relu(tinytorch.tensor([-2.0, 3.0]))
    assert leaked.tolist() == pytest.approx([-0.02, 3.0])


def test_relu_in_place_changes_the_memory_itself():
    x = tinytorch.tensor([-1.0, 2.0])
    assert tinytorch.nn.functional.relu(x, inplace=True) is x
    assert x.tolist() == [0, 2]


def test_close_means_within_rtol_of_the_other_plus_atol():
    a, b = tinytorch.tensor([100.0]), tinytorch.tensor([101.0])
    for rtol, atol, close in ((0.02, 0.0, True), (0.0, 0.02, False), (0.0, 2.0, True), (0.001, 0.5, False)):
        assert functional.allclose(a, b, rtol, atol) is close
        assert functional.allclose(a, b, rtol=rtol, atol=atol) is close


def test_a_negative_padding_takes_away_and_no_more_than_there_is():
    x = tinytorch.arange(1, 4, dtype="float32").reshape(1, 3)
    assert functional.pad(x, (-1, 2)).tolist() == [[2, 3, 0, 0]]
    assert functional.pad(x, (1, -2), "replicate").tolist() == [[1, 1]]
    assert functional.pad(x, (-2, 1), "circular").tolist() == [[3, 3]]
    assert functional.pad(x, (-1, -2)).shape == (1, 0)
    with pytest.raises(RuntimeError, match=r"^pad cannot take \(3, 1\) from the 3 at dim -1"):
        functional.pad(x, (-3, -1))


def test_normalize_divides_along_the_second_dimension_unless_told():
    x = tinytorch.arange(1, 25, dtype="float32").reshape(2, 3, 4)
    lengths = np.sqrt((functional.normalize(x).array ** 2).sum(1))
    assert_allclose(lengths, np.ones((2, 4)), rtol=1e-6)


NO_TENSORS = {
    "exp": lambda t: t.exp(2.0),
    "sum": lambda t: t.sum([1.0, 2.0]),
    "maximum": lambda t: t.maximum(2, t.ones(2)),
    "relu": lambda t: t.nn.functional.relu(np.ones(2)),
    "elu": lambda t: t.nn.functional.elu(1.0),
    "softplus": lambda t: t.nn.functional.softplus(1.0),
    "gelu": lambda t: t.nn.functional.gelu(None),
    "silu": lambda t: t.nn.functional.silu(3),
    "leaky_relu": lambda t: t.nn.functional.leaky_relu(3),
    "logsigmoid": lambda t: t.nn.functional.logsigmoid(3),
    "logaddexp": lambda t: t.logaddexp(3, t.ones(2)),
    "isnan": lambda t: t.isnan(3.0),
    "isfinite": lambda t: t.isfinite(3.0),
    "equal": lambda t: t.equal(t.ones(2), 1),
    "allclose": lambda t: t.allclose(t.ones(2), 1.0),
    "linear": lambda t: t.nn.functional.linear(np.ones((1, 2)), t.ones(2, 2)),
}


@pytest.mark.parametrize("name", NO_TENSORS)
def test_what_is_no_tensor_is_refused_by_name(name):
    with pytest.raises(TypeError, match=rf"^{name} expects a Tensor, got .*: make it one with tensor\(\)"):
        NO_TENSORS[name](tinytorch)


def test_functions_call_their_first_argument_input():
    x = tinytorch.tensor([[1.0, 2.0]])
    assert tinytorch.sum(input=x, dim=1).tolist() == [3]
    assert functional.softmax(input=x, dim=1).shape == (1, 2)
    assert tinytorch.exp.__name__ == "exp" and "e to the power" in tinytorch.exp.__doc__


def test_softmax_converts_first_and_takes_nothing():
    x = tinytorch.tensor([1, 2])
    assert functional.softmax(x, 0, dtype=tinytorch.float64).dtype == np.float64
    assert functional.log_softmax(x, 0, dtype=tinytorch.float32).dtype == np.float32
    nothing = tinytorch.ones(2, 0, requires_grad=True)
    for function in (functional.softmax, functional.log_softmax):
        y = function(nothing, 1)
        assert y.shape == (2, 0) and y.requires_grad


def test_softplus_is_a_line_above_its_threshold():
    x = tinytorch.tensor([-1.0, 2.0, 4.0])
    y = functional.softplus(x, beta=2, threshold=6)
    assert_allclose(y.array, [np.log1p(np.exp(-2.0)) / 2, np.log1p(np.exp(4.0)) / 2, 4.0], rtol=1e-6)
    assert y[2].item() == 4.0


def test_cat_takes_the_empty_tensor_that_a_list_starts_with():
    nothing, x = tinytorch.tensor([]), tinytorch.ones(2, 3)
    for dim in (0, 1, -1):
        assert tinytorch.cat([nothing, x, nothing], dim).tolist() == x.tolist()
    assert tinytorch.cat([nothing, nothing]).shape == (0,)
    assert tinytorch.cat([nothing, tinytorch.tensor([1])]).dtype == np.float32
    with pytest.raises(TypeError, match="cat expects a list of Tensors, got NoneType"):
        tinytorch.cat([x, None])
    with pytest.raises(RuntimeError, match="cat cannot take inputs"):
        tinytorch.cat([tinytorch.tensor(1.0), nothing])


@pytest.mark.parametrize("function", [functional.leaky_relu, functional.elu, functional.silu])
def test_an_activation_in_place_is_the_same_and_passes_the_same_gradient(function):
    start = tinytorch.tensor([-2.0, -0.5, 0.5, 3.0], requires_grad=True)
    function(start * 1).sum().backward()
    expected, start.grad = start.grad.tolist(), None
    x = start * 1
    y = function(x, inplace=True)
    assert y is x and y.tolist() == function(start).tolist()
    y.sum().backward()
    assert start.grad.tolist() == expected


def test_norm_knows_the_name_of_its_default():
    x = tinytorch.tensor([[3.0, 4.0]])
    assert x.norm().item() == x.norm("fro").item() == x.norm(2).item() == 5
    with pytest.raises(ValueError, match="norm knows 'fro' and every number, not 'nuc'"):
        x.norm("nuc")


def test_var_takes_the_older_word_for_its_correction_by_place_as_well():
    x = tinytorch.tensor([[1.0, 3.0]])
    assert x.var(False).item() == 1 and x.var(True).item() == 2 and x.std(False).item() == 1
    assert x.var(correction=None).item() == 2


def test_a_single_number_has_one_dim_when_dims_are_named():
    x = tinytorch.tensor(2.0)
    assert x.sum((0,)).item() == x.logsumexp((-1,)).item() == x.amax([0]).item() == 2
    with pytest.raises(IndexError, match="dim 1 is out of range"):
        x.sum((1,))


def test_gather_takes_indices_of_nothing_and_single_numbers():
    x = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    assert x.gather(0, tinytorch.zeros(2, 0, dtype=tinytorch.int64)).shape == (2, 0)
    assert tinytorch.tensor(5.0).gather(0, tinytorch.tensor([0, 0])).tolist() == [5, 5]
    assert x.gather(0, tinytorch.tensor(1)).item() == 2


def test_booleans_have_a_sign_and_a_square():
    x = tinytorch.tensor([True, False])
    assert x.sign().tolist() == [True, False]
    assert x.square().tolist() == [1, 0] and x.square().dtype == np.int64


def test_masked_fill_and_embedding_refuse_what_they_cannot_hold():
    with pytest.raises(RuntimeError, match="masked_fill expects a real number as its value, got 1j"):
        tinytorch.ones(2).masked_fill(tinytorch.tensor([True, False]), 1j)
    with pytest.raises(RuntimeError, match=r"embedding expects a table .*, got shape \(3,\)"):
        functional.embedding(tinytorch.tensor([0]), tinytorch.ones(3))


AFFINE = {  # what has a weight and a bias: the function, and the shapes of its input, weight and bias
    "linear": (functional.linear, (3, 4), (2, 4), (2,)),
    "linear of one row": (functional.linear, (4,), (2, 4), (2,)),
    "linear of many": (functional.linear, (2, 3, 4), (2, 4), (2,)),
    "conv1d": (lambda *inputs: tinytorch.nn.functional.conv1d(*inputs, groups=2), (3, 4, 5), (2, 2, 3), (2,)),
    "conv2d": (tinytorch.nn.functional.conv2d, (2, 2, 3, 4), (3, 2, 2, 2), (3,)),
}


@pytest.mark.parametrize("wanted", list(itertools.product([False, True], repeat=3))[1:])
@pytest.mark.parametrize("name", AFFINE)
def test_whichever_of_input_weight_and_bias_is_learnt_it_is_differentiated_twice(name, wanted):
    function, *shapes = AFFINE[name]
    rng = np.random.default_rng(0)
    inputs = [Tensor(rng.standard_normal(shape), requires_grad=w) for shape, w in zip(shapes, wanted, strict=True)]
    assert gradgradcheck(lambda *inputs: function(*inputs) ** 2, inputs)


def test_linear_refuses_a_bias_of_another_type():
    x, weight = tinytorch.ones(3, 4), tinytorch.ones(2, 4)
    with pytest.raises(RuntimeError, match="linear of float32 expects a bias of that type, got float64"):
        functional.linear(x, weight, tinytorch.ones(2, dtype=tinytorch.float64))


def test_a_bias_of_another_type_than_the_weight_is_refused():
    x, weight = tinytorch.ones(1, 1, 4), tinytorch.ones(1, 1, 2)
    with pytest.raises(RuntimeError, match="conv1d of float32 expects a bias of that type, got float64"):
        tinytorch.nn.functional.conv1d(x, weight, tinytorch.ones(1, dtype=tinytorch.float64))


def test_dropout_of_everything_keeps_the_type():
    assert tinytorch.nn.functional.dropout(tinytorch.ones(3, dtype=tinytorch.float16), 1.0).dtype == np.float16
    assert tinytorch.nn.functional.dropout(tinytorch.ones(3, dtype=tinytorch.float16), 1.0).tolist() == [0, 0, 0]
