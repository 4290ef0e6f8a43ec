"""01 Derivatives: what each operation does to numbers, and how it sends a gradient back.

Every rule takes arrays and returns its value, then one function per input that turns the gradient of the value into the
gradient of that input (a vector-Jacobian product). Inputs are positional, everything else is a keyword. Broadcasting is not
a rule's business: whoever calls sums a gradient back to the shape of its input.

The rules use operators and `np.` functions only, so the same formulas run on Tensors, which is how a gradient is
differentiated again. Where the inputs share their way back, a rule returns a single `pullback(g, wanted)` for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, TypeVar

import numpy as np

Array = Any  # a NumPy array, or a Tensor while the graph of a gradient is built
Rule = tuple[Any, ...]  # the value, then the way back for each input
Axis = int | tuple[int, ...] | None
Op = TypeVar("Op", bound=Callable[..., Rule])

KEPT = 65_536  # elements of a constant array that is kept for other calls


def linear_in_inputs(op: Op) -> Op:
    """Mark a rule whose way back never looks at its inputs: it serves as it is when a gradient is differentiated again."""
    op.__dict__["linear_in_inputs"] = True
    return op


def differentiable_once(op: Op) -> Op:
    """Mark a rule whose way back cannot itself be differentiated."""
    op.__dict__["differentiable_once"] = True
    return op


def run(op: Callable[..., Rule], *inputs: Array, **params: Any) -> Array:
    """The value of an op called from within another rule: arrays are computed, Tensors are recorded as well."""
    if isinstance(inputs[0], (np.ndarray, np.generic)):
        return op(*inputs, **params)[0]
    return inputs[0].apply(op, *inputs, **params)


# Arithmetic


@linear_in_inputs
def add(a: Array, b: Array) -> Rule:
    """a + b."""
    return a + b, lambda g: g, lambda g: g


@linear_in_inputs
def sub(a: Array, b: Array) -> Rule:
    """a - b."""
    return a - b, lambda g: g, lambda g: -g


def mul(a: Array, b: Array) -> Rule:
    """a b, element by element."""
    return a * b, lambda g: g * b, lambda g: g * a


def div(a: Array, b: Array) -> Rule:
    """a / b, element by element."""
    y = a / b
    return y, lambda g: g / b, lambda g: -g * y / b


@linear_in_inputs
def neg(x: Array) -> Rule:
    """-x."""
    return -x, lambda g: -g


def remainder(a: Array, b: Array) -> Rule:
    """a - b floor(a / b), which has the sign of b."""
    return np.remainder(a, b), lambda g: g, lambda g: -g * np.floor(a / b)


def pow(a: Array, b: Array) -> Rule:
    """a to the power of b. At a = 0 the gradients are the limits: nothing for b = 0, nothing for the exponent."""
    y = a**b
    return (
        y,
        lambda g: g * b * a ** (b - (b != 0)),
        lambda g: g * y * _log_or_zero(a),
    )


def _log_or_zero(x: Array) -> Array:
    """log x, and 0 at 0. A Python number stays one, so that it takes on the type of what it meets."""
    y = np.log(x + (x == 0))
    return y if hasattr(x, "dtype") else float(y)


# Elementwise functions


def abs(x: Array) -> Rule:
    """|x|, with slope 0 at 0."""
    return np.abs(x), lambda g: g * np.sign(x)


def sqrt(x: Array) -> Rule:
    """The square root."""
    y = np.sqrt(x)
    return y, lambda g: g / (2 * y)


def exp(x: Array) -> Rule:
    """e to the power of x."""
    y = np.exp(x)
    return y, lambda g: g * y


def log(x: Array) -> Rule:
    """The natural logarithm."""
    return np.log(x), lambda g: g / x


def sin(x: Array) -> Rule:
    """The sine."""
    return np.sin(x), lambda g: g * np.cos(x)


def cos(x: Array) -> Rule:
    """The cosine."""
    return np.cos(x), lambda g: -g * np.sin(x)


def tanh(x: Array) -> Rule:
    """The hyperbolic tangent."""
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


def sigmoid(x: Array) -> Rule:
    """1 / (1 + exp(-x)), and 0 where exp(-x) would overflow."""
    lowest = -math.log(np.finfo(x.dtype).max)
    y = np.where(x < lowest, 0, 1 / (1 + np.exp(-np.maximum(x, lowest))))
    return y, lambda g: g * (y * (1 - y))


def relu(x: Array) -> Rule:
    """max(x, 0), with slope 0 at 0.

    The mask is a product, which on large arrays is many times faster than choosing with np.where; an infinite gradient
    becomes nan where the mask is 0, and nothing passes where x is nan.
    """
    zero = _zeros((), (), x.dtype)  # NumPy compares with an array of no dimensions faster than with a number
    y = np.maximum(x, _zeros_like(x))
    return y, lambda g: g * (y > zero)


def _zeros_like(x: Array) -> Array:
    """What to take the larger of with x for max(x, 0): 0 or, because NumPy does it twice as fast for two arrays, zeros made
    once for all arrays of a shape and an order of memory."""
    return _zeros(x.shape, x.strides, x.dtype) if isinstance(x, np.ndarray) else 0


@lru_cache(maxsize=32)
def _zeros(shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros that broadcast to the shape, in the order of memory that the strides tell: few enough to stay in cache, and a
    single one where only rows so short would be left that they cost more than they save."""
    order, lengths = sorted(range(len(shape)), key=lambda axis: -math.fabs(strides[axis])), list(shape)
    for axis in order:
        if math.prod(lengths) > KEPT:
            lengths[axis] = 1
    if math.prod(lengths) < 32:
        lengths = [1] * len(shape)
    made = np.zeros([lengths[axis] for axis in order], dtype)
    made.flags.writeable = False
    return made.transpose(np.argsort(order))


def logaddexp(a: Array, b: Array) -> Rule:
    """log(exp(a) + exp(b)) without overflow; with b = 0 it is the softplus of a."""
    y = np.logaddexp(a, b)
    return y, lambda g: g * np.exp(a - y), lambda g: g * np.exp(b - y)


def erf(x: Array) -> Rule:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Abramowitz and Stegun (1964), equation 7.1.1. NumPy has none, so each element asks the standard library.
    """
    array: Array = getattr(x, "array", x)
    value = np.asarray(_erf(array), x.dtype)
    return value, lambda g: g * (2 / math.sqrt(math.pi)) * np.exp(-x * x)


_erf = np.frompyfunc(math.erf, 1, 1)


def maximum(a: Array, b: Array) -> Rule:
    """The larger of a and b; where they are equal each gets half of the gradient."""
    return (
        np.maximum(a, b),
        lambda g: np.where(a == b, 0.5 * g, np.where(a > b, g, 0)),
        lambda g: np.where(a == b, 0.5 * g, np.where(b > a, g, 0)),
    )


def minimum(a: Array, b: Array) -> Rule:
    """The smaller of a and b; where they are equal each gets half of the gradient."""
    return (
        np.minimum(a, b),
        lambda g: np.where(a == b, 0.5 * g, np.where(a < b, g, 0)),
        lambda g: np.where(a == b, 0.5 * g, np.where(b < a, g, 0)),
    )


def clamp(x: Array, *, min: float | None = None, max: float | None = None) -> Rule:
    """x kept within [min, max]; the gradient passes where x was within already."""
    low, high = (bound if bound is None or x.dtype.kind != "f" else x.dtype.type(bound) for bound in (min, max))
    y = np.clip(x, low, high)
    return y, lambda g: np.where(y == x, g, 0)


@linear_in_inputs
def where(a: Array, b: Array, *, condition: Array) -> Rule:
    """a where the condition holds, else b."""
    return np.where(condition, a, b), lambda g: np.where(condition, g, 0), lambda g: np.where(condition, 0, g)


# Products of matrices


def matmul(a: Array, b: Array) -> Rule:
    """The matrix product of stacks of matrices, (..., n, k) and (..., k, m) -> (..., n, m)."""
    return a @ b, lambda g: g @ np.swapaxes(b, -1, -2), lambda g: np.swapaxes(a, -1, -2) @ g


def linear(x: Array, weight: Array, *bias: Array) -> Rule:
    """x W^T + b, one row of outputs for each row of inputs.

    x (..., in), weight (out, in), bias (out,) or none -> (..., out). Goodfellow, Bengio and Courville (2016), section 6.1.
    Each product is the transpose of the one in the formula, (A B)^T = B^T A^T: so the batch is last in the memory of what
    comes out, as it is for convolutions (see `tinytorch.conv`), and each feature a long run of numbers.
    """
    if x.ndim != 2:
        return _in_rows(linear, x, weight, *bias)
    y = np.dot(weight, x.T).T
    ways_back = (
        lambda g: np.dot(weight.T, g.T).T,
        lambda g: np.dot(g.T, x),
        lambda g: np.dot(ones(g.shape[0], g.dtype), g),  # the sum over the rows, quicker than np.sum
    )
    return (y + bias[0], *ways_back) if bias else (y, *ways_back[:2])


def _in_rows(op: Op, x: Array, *others: Array) -> Rule:
    """An op on rows (N, n) for x (..., n), which comes back from it with its other dimensions."""
    before, features = x.shape[:-1], x.shape[-1]
    y, to_x, *ways_back = op(np.reshape(x, (math.prod(before), features)), *others)
    rows = y.shape
    return (
        np.reshape(y, (*before, rows[-1])),
        lambda g: np.reshape(to_x(np.reshape(g, rows)), (*before, features)),
        *(_after_reshape(way_back, rows) for way_back in ways_back),
    )


def _after_reshape(way_back: Callable[[Array], Array], shape: Sequence[int]) -> Callable[[Array], Array]:
    return lambda g: way_back(np.reshape(g, shape))


def ones(count: int, dtype: np.dtype) -> np.ndarray:
    """A vector of ones, which nobody may write to: a short one is made once for all calls that ask for it."""
    return _short_ones(count, dtype) if count <= KEPT else np.ones(count, dtype)


@lru_cache(maxsize=64)
def _short_ones(count: int, dtype: np.dtype) -> np.ndarray:
    made = np.ones(count, dtype)
    made.flags.writeable = False
    return made


# Reductions


def _axes(ndim: int, axis: Axis) -> tuple[int, ...]:
    """The axes meant, as a tuple of numbers from 0 on."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def _kept(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape that is left of a reduction when its axes are kept with length 1."""
    reduced = _axes(len(shape), axis)
    return tuple(1 if i in reduced else n for i, n in enumerate(shape))


@linear_in_inputs
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Rule:
    """The sum over the axes: every element gets the gradient of the sum it went into."""
    shape, kept = x.shape, _kept(x.shape, axis)
    return np.sum(x, axis=axis, keepdims=keepdims), lambda g: np.broadcast_to(np.reshape(g, kept), shape)


@linear_in_inputs
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Rule:
    """The mean over the axes."""
    shape, kept = x.shape, _kept(x.shape, axis)
    count = math.prod(shape[a] for a in _axes(x.ndim, axis))
    y = np.sum(x, axis=axis, keepdims=keepdims) / count
    return y, lambda g: np.broadcast_to(np.reshape(g / count, kept), shape)


def amax(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Rule:
    """The largest element over the axes; equal ones share the gradient evenly."""
    y = np.max(x, axis=axis, keepdims=keepdims)
    return y, _shared_by_equals(x, y, axis)


def amin(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Rule:
    """The smallest element over the axes; equal ones share the gradient evenly."""
    y = np.min(x, axis=axis, keepdims=keepdims)
    return y, _shared_by_equals(x, y, axis)


def _shared_by_equals(x: Array, y: Array, axis: Axis) -> Callable[[Array], Array]:
    """The way back from an element y of x, chosen along the axes, to all that are equal to it."""
    kept = _kept(x.shape, axis)
    chosen = x == np.reshape(y, kept)
    return lambda g: chosen * (np.reshape(g, kept) / np.sum(chosen, axis=axis, keepdims=True, dtype=g.dtype))


def logsumexp(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Rule:
    """log(sum(exp(x))) over the axes, without overflow."""
    kept = _kept(x.shape, axis)
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # a row of -inf has the value -inf, not nan
    y = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    value = y if keepdims else np.squeeze(y, axis=_axes(x.ndim, axis))
    return value, lambda g: np.reshape(g, kept) * np.exp(x - y)


def norm(x: Array, *, p: float = 2, axis: Axis = None, keepdims: bool = False) -> Rule:
    """(sum |x|^p)^(1/p) over the axes. Where it is 0 so is the gradient."""
    kept = _kept(x.shape, axis)
    total = np.sum(x * x if p == 2 else np.abs(x) ** p, axis=axis, keepdims=keepdims)
    y = np.sqrt(total) if p == 2 else total ** (1 / p)

    def way_back(g: Array) -> Array:
        nonzero = np.reshape(np.where(y == 0, 1, y), kept)
        steepness = x if p == 2 else np.sign(x) * np.where(x == 0, 1, np.abs(x)) ** (p - 1)
        return np.reshape(g, kept) * steepness / nonzero ** (p - 1)

    return y, way_back


def log_softmax(z: Array, *, axis: int = -1) -> Rule:
    """log(exp(z) / sum(exp(z))) along an axis, without overflow.

    z (..., C, ...) -> the same shape. Subtracting the maximum changes nothing but the range of exp.
    Goodfellow, Bengio and Courville (2016), section 4.1.
    """
    shifted = z - np.maximum.reduce(z, axis=axis, keepdims=True)
    y = shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
    return y, lambda g: g - np.exp(y) * np.add.reduce(g, axis=axis, keepdims=True)


def softmax(z: Array, *, axis: int = -1) -> Rule:
    """exp(z) / sum(exp(z)) along an axis, without overflow; z (..., C, ...) -> the same shape."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    y = e / np.sum(e, axis=axis, keepdims=True)
    return y, lambda g: y * (g - np.sum(g * y, axis=axis, keepdims=True))


# Shapes and places


@linear_in_inputs
def reshape(x: Array, *, shape: Sequence[int]) -> Rule:
    """The same elements in another shape."""
    before = x.shape
    return np.reshape(x, shape), lambda g: np.reshape(g, before)


@linear_in_inputs
def transpose(x: Array, *, axes: Sequence[int]) -> Rule:
    """The axes in another order."""
    back = tuple(np.argsort([a % len(axes) for a in axes]).tolist())
    return np.transpose(x, axes), lambda g: np.transpose(g, back)


@linear_in_inputs
def broadcast_to(x: Array, *, shape: Sequence[int]) -> Rule:
    """x repeated along new axes and axes of length 1."""
    return np.broadcast_to(x, shape), lambda g: g


@linear_in_inputs
def getitem(x: Array, *, index: Any) -> Rule:
    """x[index], for any index NumPy takes; an element taken twice gets two gradients."""
    shape, y = x.shape, x[index]
    if isinstance(y, np.generic):  # a single element: with the ellipsis NumPy gives a view, as for every other slice
        y = x[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    return y, lambda g: run(scatter, g, index=index, shape=shape)


@linear_in_inputs
def scatter(g: Array, *, index: Any, shape: tuple[int, ...]) -> Rule:
    """Zeros of a shape with g added at an index: the way back of getitem, as getitem is of scatter."""
    y = np.zeros(shape, g.dtype)
    if _may_repeat(index):
        np.add.at(y, index, g)
    else:
        y[index] = g
    return y, lambda h: h[index]


def _may_repeat(index: Any) -> bool:
    """Whether an index can name one element twice: only arrays of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, (list, tuple, np.ndarray)) and np.asarray(p).dtype != bool for p in parts)


@linear_in_inputs
def put(x: Array, v: Array, *, index: Any) -> Rule:
    """A copy of x with v written at an index, which may not name an element twice."""
    y = np.array(x)
    y[index] = v
    written = np.zeros(x.shape, bool)
    written[index] = True
    ndim = np.ndim(v)

    def to_v(g: Array) -> Array:
        taken = g[index]
        return np.reshape(taken, (1,) * (ndim - taken.ndim) + taken.shape)  # v may have had more dimensions of 1

    return y, lambda g: g * ~written, to_v


@linear_in_inputs
def cat(*parts: Array, axis: int = 0) -> Rule:
    """The parts joined along an axis."""
    y = np.concatenate(parts, axis=axis)
    bounds = pairwise(accumulate((p.shape[axis] for p in parts), initial=0))
    before = (slice(None),) * (axis % y.ndim)

    def take(start: int, stop: int) -> Callable[[Array], Array]:
        return lambda g: g[(*before, slice(start, stop))]

    return y, *(take(*b) for b in bounds)


@linear_in_inputs
def pad(x: Array, *, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Rule:
    """x surrounded by a value, widths[i] = (before, after) along axis i."""
    shape = [before + n + after for n, (before, after) in zip(x.shape, widths, strict=True)]
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
    y = np.full(shape, value, x.dtype)
    y[inside] = x
    return y, lambda g: g[inside]


@linear_in_inputs
def cast(x: Array, *, dtype: Any) -> Rule:
    """x in another data type; the gradient comes back in the data type of x."""
    return x.astype(dtype), lambda g: g


@linear_in_inputs
def copy(x: Array) -> Rule:
    """x in memory of its own, in C order."""
    return np.array(x, order="C"), lambda g: g


# Losses


def mse(x: Array, y: Array) -> Rule:
    """The mean of (x - y)^2 over all elements, x and y of one shape."""
    difference = x - y
    count = math.prod(difference.shape)
    value = np.sum(difference * difference) / count
    return value, lambda g: (2 / count * g) * difference, lambda g: (-2 / count * g) * difference


def cross_entropy(z: Array, *, labels: np.ndarray) -> Rule:
    """The mean over the rows of z of -log softmax(z)[label]; logits z (N, C), labels (N,) from 0 to C - 1.

    The gradient for the logits is p - 1 at the label and p elsewhere, with p = softmax(z), over N: Bishop (2006),
    equation 4.109.
    """
    rows = np.arange(len(labels))
    log_p = run(log_softmax, z, axis=-1)

    def way_back(g: Array) -> Array:
        one_hot = np.zeros(z.shape, z.dtype)
        one_hot[rows, labels] = 1
        return (np.exp(log_p) - one_hot) * (g / len(labels))

    return -np.add.reduce(log_p[rows, labels], axis=0) / len(labels), way_back


def soft_cross_entropy(z: Array, q: Array, *, axis: int = -1) -> Rule:
    """-sum(q log softmax(z)) over everything, from logits z and probabilities or weights q of one shape."""
    log_p = run(log_softmax, z, axis=axis)
    return (
        -np.sum(q * np.where(q == 0, 0, log_p)),  # a class that cannot be may well have log p = -inf
        lambda g: g * (np.exp(log_p) * np.sum(q, axis=axis, keepdims=True) - q),
        lambda g: -g * log_p,
    )


def binary_cross_entropy(p: Array, t: Array) -> Rule:
    """-t log(p) - (1 - t) log(1 - p), element by element, from probabilities p and t of one shape.

    As in PyTorch, no logarithm goes below -100, and the gradient for p, (p - t) / (p (1 - p)), divides by 1e-12 at least.
    """
    with np.errstate(divide="ignore"):
        log_p, log_q = np.maximum(np.log(p), -100), np.maximum(np.log(1 - p), -100)
    return (
        -t * log_p - (1 - t) * log_q,
        lambda g: g * (p - t) / np.maximum(p * (1 - p), 1e-12),
        lambda g: g * (log_q - log_p),
    )


# Normalisation by an input's own statistics, which are computed outside


@differentiable_once
def batch_norm(x: Array, weight: Array, bias: Array, *, mean: Array, std: Array) -> Rule:
    """(x - mean) / std * weight + bias for every channel, where mean and std are those of x itself.

    x (N, C, ...), weight and bias (C,), mean and std (1, C, 1, ...). Ioffe and Szegedy (2015), algorithm 1; the way back is
    the derivative through mean and std as well, section 3.
    """
    axes = tuple(i for i in range(x.ndim) if i != 1)
    count = math.prod(x.shape) // x.shape[1]
    standard = (x - mean) / std
    scale = np.reshape(weight, mean.shape)

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, ...]:
        dbias = np.sum(g, axis=axes, keepdims=True)
        dweight = np.sum(g * standard, axis=axes, keepdims=True)
        dx = (g - (dbias + standard * dweight) / count) * (scale / std) if wanted[0] else None
        return dx, np.reshape(dweight, weight.shape), np.reshape(dbias, bias.shape)

    return standard * scale + np.reshape(bias, mean.shape), pullback


@differentiable_once
def layer_norm(x: Array, weight: Array, bias: Array, *, mean: Array, std: Array) -> Rule:
    """(x - mean) / std * weight + bias for every example, where mean and std are those of its features.

    x (..., *features), weight and bias (*features), mean and std (..., 1, ...). Ba, Kiros and Hinton (2016), equation 4.
    """
    axes = tuple(range(x.ndim - weight.ndim, x.ndim))
    standard = (x - mean) / std

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, ...]:
        h = g * weight
        along_x = np.mean(h * standard, axis=axes, keepdims=True)
        dx = (h - np.mean(h, axis=axes, keepdims=True) - standard * along_x) / std
        return dx, g * standard, g

    return standard * weight + bias, pullback
