"""The checks of module 01: every rule on its own, its value and its ways back, before any engine exists."""

import inspect

import numpy as np

from tinytorch import ops
from tinytorch.course.checks import Checks, case

check = Checks()


def rule(draw, op, *inputs, **params):
    """A call of a rule, and a gradient for its value to send back."""
    names = list(inspect.signature(getattr(ops, op)).parameters)
    arrays = dict(zip(["h" if name == "g" else name for name in names], inputs, strict=False))
    with np.errstate(all="ignore"):
        value = np.asarray(getattr(ops, op)(*inputs, **params)[0])
    words = [*arrays, *(f"{name}={spelled(value)}" for name, value in params.items())]
    g = draw.nonzero(value.shape, value.dtype)
    return case("rule", f"ops.{op}({', '.join(words)})", op=op, params=params, **arrays, g=g)


def spelled(value):
    """A keyword's value as one would type it."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    if isinstance(value, tuple):
        return f"({', '.join(map(spelled, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def pair(draw, make="array", **how):
    """Two arrays, one of which may have to be broadcast to the other."""
    shape = draw.shape()
    sides = [shape, draw.partner(shape)]
    if draw.flag():
        sides.reverse()
    return [getattr(draw, make)(side, **how) for side in sides]


# 01.1 Arithmetic


@check("01.1")
def sums(draw):
    """add: a + b, and the gradient goes to both unchanged"""
    return rule(draw, "add", *pair(draw))


@check("01.1")
def differences(draw):
    """sub: a - b, and what b gets back has the other sign"""
    return rule(draw, "sub", *pair(draw))


@check("01.1")
def products(draw):
    """mul: a b, and what each factor's gradient owes to the other"""
    return rule(draw, "mul", *pair(draw))


@check("01.1")
def quotients(draw):
    """div: a / b, and how the divisor's gradient depends on both"""
    return rule(draw, "div", *pair(draw, "nonzero"))


@check("01.1")
def negatives(draw):
    """neg: -x"""
    return rule(draw, "neg", draw.array(draw.shape()))


@check("01.1", count=10)
def arithmetic_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    op = draw.choice(("add", "sub", "mul", "div"))
    return rule(draw, op, *pair(draw, "nonzero", dtype=np.float32))


# 01.2 Functions of one number


@check("01.2")
def roots(draw):
    """sqrt: the square root and its slope"""
    return rule(draw, "sqrt", draw.positive(draw.shape()))


@check("01.2")
def exponentials(draw):
    """exp: e to the power of x and its slope"""
    return rule(draw, "exp", draw.array(draw.shape()))


@check("01.2")
def logarithms(draw):
    """log: the natural logarithm and its slope"""
    return rule(draw, "log", draw.positive(draw.shape()))


@check("01.2")
def hyperbolic_tangents(draw):
    """tanh: the hyperbolic tangent and its slope"""
    return rule(draw, "tanh", draw.array(draw.shape()))


@check("01.2")
def sigmoids(draw):
    """sigmoid: 1 / (1 + exp(-x)) and its slope, far from 0 as well"""
    far = draw.choice((1, 1, 1, 400))
    return rule(draw, "sigmoid", far * draw.array(draw.shape()))


@check("01.2", count=10)
def functions_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    op = draw.choice(("sqrt", "exp", "log", "tanh", "sigmoid"))
    return rule(draw, op, draw.positive(draw.shape(), np.float32))


# 01.3 Kinks


@check("01.3")
def absolute_values(draw):
    """abs: |x|, with slope 0 at 0"""
    return rule(draw, "abs", draw.array(draw.shape(), -1, 1))


@check("01.3")
def rectified(draw):
    """relu: max(x, 0), with slope 0 at 0"""
    return rule(draw, "relu", draw.array(draw.shape(), -1, 1))


@check("01.3")
def larger_ones(draw):
    """maximum: the larger of two, and equals share the gradient"""
    return rule(draw, "maximum", *pair(draw, low=-0.5, high=0.5))


@check("01.3")
def clamped(draw):
    """clamp: x kept within [min, max], and no gradient from outside"""
    low, high = draw.choice(((-0.5, 1.0), (None, 0.5), (-1.0, None)))
    return rule(draw, "clamp", draw.array(draw.shape(), -2, 2), min=low, max=high)


@check("01.3")
def chosen(draw):
    """where: a where the condition holds, else b"""
    a, b = pair(draw)
    condition = draw.integers(np.broadcast_shapes(a.shape, b.shape), 0, 1).astype(bool)
    return rule(draw, "where", a, b, condition=condition)


@check("01.3", count=10)
def kinks_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    if draw.flag():
        return rule(draw, draw.choice(("abs", "relu")), draw.array(draw.shape(), dtype=np.float32))
    return rule(draw, "maximum", *pair(draw, dtype=np.float32))


# 01.4 Matrices


@check("01.4")
def matrix_products(draw):
    """matmul: (n, k) @ (k, m) -> (n, m), and the gradient of each matrix"""
    n, k, m = draw.side(), draw.side(), draw.side()
    return rule(draw, "matmul", draw.array((n, k)), draw.array((k, m)))


@check("01.4")
def stacks_of_matrices(draw):
    """matmul: stacks of matrices (..., n, k) @ (..., k, m), where only the last two axes are the matrix"""
    n, k, m, stack = draw.side(), draw.side(), draw.side(), draw.shape(1, 2)
    return rule(draw, "matmul", draw.array((*stack, n, k)), draw.array((*draw.partner(stack), k, m)))


@check("01.4")
def linear_layers(draw):
    """linear: x W^T + b for rows x (N, in), weight (out, in), bias (out,)"""
    n, inputs, outputs = draw.side(), draw.side(), draw.side()
    return rule(draw, "linear", draw.array((n, inputs)), draw.array((outputs, inputs)), draw.array((outputs,)))


@check("01.4")
def linear_layers_without_bias(draw):
    """linear: without a bias there are two ways back"""
    n, inputs, outputs = draw.side(), draw.side(), draw.side()
    return rule(draw, "linear", draw.array((n, inputs)), draw.array((outputs, inputs)))


@check("01.4")
def linear_layers_on_more_axes(draw):
    """linear: x may have any number of axes before its last, (..., in) -> (..., out)"""
    rows, inputs, outputs = draw.shape(0, 3), draw.side(), draw.side()
    return rule(draw, "linear", draw.array((*rows, inputs)), draw.array((outputs, inputs)), draw.array((outputs,)))


@check("01.4", count=10)
def products_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    n, k, m = draw.side(), draw.side(), draw.side()
    x = draw.array((n, k), dtype=np.float32)
    if draw.flag():
        return rule(draw, "matmul", x, draw.array((k, m), dtype=np.float32))
    return rule(draw, "linear", x, draw.array((m, k), dtype=np.float32), draw.array((m,), dtype=np.float32))


# 01.5 Sums and means


def reduction(draw, op, dtype=np.float64):
    shape = draw.shape()
    return rule(draw, op, draw.array(shape, dtype=dtype), axis=draw.axes(len(shape)), keepdims=draw.flag())


@check("01.5")
def totals(draw):
    """sum: over all, one or several axes, which keepdims keeps with length 1"""
    return reduction(draw, "sum")


@check("01.5")
def averages(draw):
    """mean: over all, one or several axes, which keepdims keeps with length 1"""
    return reduction(draw, "mean")


@check("01.5", count=10)
def reductions_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    return reduction(draw, draw.choice(("sum", "mean")), np.float32)


# 01.6 Softmax


def logits(draw, scale=1.0):
    shape = draw.shape(1, 3)
    return scale * draw.array(shape), draw.axis(len(shape))


@check("01.6")
def log_probabilities(draw):
    """log_softmax: log(exp(z) / sum(exp(z))) along any axis"""
    z, axis = logits(draw)
    return rule(draw, "log_softmax", z, axis=axis)


@check("01.6")
def probabilities(draw):
    """softmax: exp(z) / sum(exp(z)) along any axis"""
    z, axis = logits(draw)
    return rule(draw, "softmax", z, axis=axis)


@check("01.6")
def probabilities_of_large_logits(draw):
    """softmax and log_softmax: logits in the thousands overflow nowhere"""
    z, axis = logits(draw, 1000.0)
    return rule(draw, draw.choice(("softmax", "log_softmax")), z, axis=axis)


@check("01.6", count=10)
def softmax_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    shape = draw.shape(1, 2)
    z = draw.array(shape, dtype=np.float32)
    return rule(draw, draw.choice(("softmax", "log_softmax")), z, axis=draw.axis(len(shape)))


# 01.7 Places


def an_index(draw, shape):
    """A slice, an array of places that may name one twice, a mask, or places along two axes."""
    n = shape[0]
    kind = draw.integer(0, 4)
    if kind == 0:
        return slice(draw.integer(0, n - 1), None, draw.integer(1, 2))
    if kind == 1:
        return draw.integer(-n, n - 1)
    if kind == 2:
        return draw.integers((n,), 0, 1).astype(bool)
    places = draw.integers((draw.side(),), 0, n - 1)
    if kind == 3 and len(shape) > 1:
        return places, draw.integers(places.shape, 0, shape[1] - 1)
    return places


@check("01.7")
def taken(draw):
    """getitem: x[index] for slices, masks and arrays of places, and the gradient goes back to where it was taken"""
    shape = draw.shape(1, 3)
    return rule(draw, "getitem", draw.array(shape), index=an_index(draw, shape))


@check("01.7")
def scattered(draw):
    """scatter: zeros with g added at an index, twice where the index names a place twice"""
    shape = draw.shape(1, 3)
    index = an_index(draw, shape)
    return rule(draw, "scatter", draw.nonzero(np.zeros(shape)[index].shape), index=index, shape=shape)


@check("01.7", count=10)
def places_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    shape = draw.shape(1, 2)
    return rule(draw, "getitem", draw.array(shape, dtype=np.float32), index=draw.integer(0, shape[0] - 1))


# 01.8 Losses


@check("01.8")
def mean_squares(draw):
    """mse: the mean of (x - y)^2 over all elements"""
    shape = draw.shape(0, 3)
    return rule(draw, "mse", draw.array(shape), draw.array(shape))


@check("01.8")
def cross_entropies(draw):
    """cross_entropy: the mean over the rows of -log softmax(z)[label]"""
    n, classes = draw.side(), draw.side()
    return rule(draw, "cross_entropy", draw.array((n, classes)), labels=draw.integers((n,), 0, classes - 1))


@check("01.8")
def cross_entropies_of_large_logits(draw):
    """cross_entropy: logits in the thousands give large losses, not inf or nan"""
    n, classes = draw.side(), draw.side()
    return rule(draw, "cross_entropy", 1000 * draw.array((n, classes)), labels=draw.integers((n,), 0, classes - 1))


@check("01.8", count=10)
def losses_in_float32(draw):
    """float32 in, float32 out, and float32 back"""
    shape = n, classes = draw.side(), draw.side()
    if draw.flag():
        return rule(draw, "mse", draw.array(shape, dtype=np.float32), draw.array(shape, dtype=np.float32))
    labels = draw.integers((n,), 0, classes - 1)
    return rule(draw, "cross_entropy", draw.array(shape, dtype=np.float32), labels=labels)
