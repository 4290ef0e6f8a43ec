"""The checks of module 10: each pooling with its gradient, at borders, in overlaps, and where numbers are equal."""

import math

import numpy as np

from tinytorch import Tensor, pooling
from tinytorch.course.checks import Checks, case

check = Checks()


def spelled(options):
    """Keywords as one would type them."""
    return "".join(f", {name}={'math.inf' if value == math.inf else repr(value)}" for name, value in options.items())


def few(draw):
    """One or two examples or channels."""
    return min(draw.side(), 2)


def windows(draw, dims, padded=True, overlapping=True):
    """The size of an input into which windows fit, each with a point of it, and the geometry as the rules take it."""
    kernel = tuple(draw.integer(1, min(draw.longest + 1, 3)) for _ in range(dims))
    stride = tuple(draw.integer(1, k if overlapping else 1) if overlapping else k for k in kernel)
    dilation = tuple(draw.integer(1, 2) if overlapping and draw.longest > 2 else 1 for _ in range(dims))
    padding = tuple((draw.integer(0, k // 2), draw.integer(0, k // 2)) if padded else (0, 0) for k in kernel)
    size = tuple(d * (k - 1) + 1 + draw.integer(0, 2) for k, d in zip(kernel, dilation, strict=True))
    return size, {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def rule(draw, op, x, params):
    """A call of a rule, and a gradient for its value to send back."""
    g = draw.nonzero(getattr(pooling, op)(x, **params)[0].shape, x.dtype)
    return case("rule", f"pooling.{op}(x{spelled(params)})", op=op, params=params, x=x, g=g)


def pooled(draw, function, x, options):
    """A call of a function on a Tensor, and a gradient to send back."""
    g = draw.nonzero(getattr(pooling, function)(Tensor(x), **options).shape, x.dtype)
    return case("pooled", f"{function}(x{spelled(options)})", function=function, x=x, options=options, g=g)


# 10.1 Max pooling


@check("10.1")
def largest_of_each(draw):
    """max_pool: the largest of each window of a signal, and the gradient goes there"""
    size, geometry = windows(draw, 1, padded=False, overlapping=False)
    return rule(draw, "max_pool", draw.distinct((few(draw), few(draw), *size)), geometry)


@check("10.1")
def largest_where_windows_overlap(draw):
    """max_pool: a point that is the largest in several windows gets the sum of their gradients"""
    size, geometry = windows(draw, 1, padded=False)
    return rule(draw, "max_pool", draw.distinct((few(draw), few(draw), *size)), geometry)


@check("10.1")
def first_of_equals(draw):
    """max_pool: of several equal ones the first gets all of the gradient"""
    size, geometry = windows(draw, 1, padded=False)
    return rule(draw, "max_pool", draw.array((few(draw), few(draw), *size), -0.25, 0.25), geometry)


@check("10.1")
def border_never_wins(draw):
    """max_pool: the padding is never the largest, even where all numbers are negative"""
    size, geometry = windows(draw, 1)
    return rule(draw, "max_pool", draw.distinct((few(draw), few(draw), *size)) - 3, geometry)


@check("10.1", count=15)
def largest_in_images(draw):
    """max_pool: windows of an image"""
    size, geometry = windows(draw, 2)
    return rule(draw, "max_pool", draw.array((few(draw), few(draw), *size)), geometry)


@check("10.1", count=8)
def largest_in_float32(draw):
    """max_pool: float32 in, float32 out, and float32 back"""
    size, geometry = windows(draw, 1)
    return rule(draw, "max_pool", draw.distinct((few(draw), few(draw), *size), np.float32), geometry)


# 10.2 Sums


def summed(draw, dims, dtype=np.float64):
    size, geometry = windows(draw, dims)
    return rule(draw, "sum_pool", draw.array((few(draw), few(draw), *size), dtype=dtype), geometry)


def spread_out(draw, dims, dtype=np.float64):
    size, geometry = windows(draw, dims)
    count = pooling.sum_pool(np.zeros((1, 1, *size)), **geometry)[0].shape[2:]
    return rule(draw, "spread", draw.array((few(draw), few(draw), *count), dtype=dtype), {"size": size, **geometry})


@check("10.2")
def sums_of_windows(draw):
    """sum_pool: the sum of every window of a signal"""
    return summed(draw, 1)


@check("10.2")
def spread_over_windows(draw):
    """spread: each number added to all points of its window"""
    return spread_out(draw, 1)


@check("10.2", count=15)
def sums_in_images(draw):
    """sum_pool, spread: windows of an image"""
    return summed(draw, 2) if draw.flag() else spread_out(draw, 2)


@check("10.2", count=8)
def sums_in_float32(draw):
    """sum_pool, spread: float32 in, float32 out, and float32 back"""
    return summed(draw, 1, np.float32) if draw.flag() else spread_out(draw, 1, np.float32)


# 10.3 Averages


def averaged(draw, dims, dtype=np.float64, padded=False, **options):
    kernel = draw.integer(1, min(draw.longest + 1, 3))
    options = {"kernel_size": kernel, "stride": draw.integer(1, kernel), **options}
    if padded:
        options["padding"] = draw.integer(0, kernel // 2)
    shape = (few(draw), few(draw), *(kernel + draw.integer(0, 3) for _ in range(dims)))
    x = draw.array(shape if draw.integer(0, 3) else shape[1:], dtype=dtype)
    return pooled(draw, f"avg_pool{dims}d", x, options)


@check("10.3")
def means_of_windows(draw):
    """avg_pool1d: the mean of every window, of (N, C, L) or (C, L)"""
    return averaged(draw, 1)


@check("10.3")
def means_with_padding(draw):
    """avg_pool1d: the zeros of the padding count as points"""
    return averaged(draw, 1, padded=True)


@check("10.3")
def means_without_padding(draw):
    """avg_pool1d: with count_include_pad=False only points of the input count"""
    return averaged(draw, 1, padded=True, count_include_pad=False)


@check("10.3")
def means_beyond_the_end(draw):
    """avg_pool1d: with ceil_mode, what lies beyond the padding never counts"""
    return averaged(draw, 1, padded=True, ceil_mode=True, count_include_pad=draw.flag())


@check("10.3", count=15)
def means_in_images(draw):
    """avg_pool2d: the same for images"""
    return averaged(draw, 2, padded=True, ceil_mode=draw.flag(), count_include_pad=draw.flag())


@check("10.3", count=8)
def means_in_float32(draw):
    """avg_pool1d: float32 in, float32 out, and float32 back"""
    return averaged(draw, 1, np.float32, padded=True, count_include_pad=draw.flag())


# 10.4 Roots


@check("10.4")
def roots(draw):
    """root: x^(1/p) and its slope"""
    return rule(draw, "root", draw.positive(draw.shape(1, 3)), {"p": draw.choice((2, 1, 3, 2.5))})


@check("10.4")
def roots_of_zero(draw):
    """root: at 0 the value is 0, and so is the gradient"""
    x = draw.array(draw.shape(1, 2), 0, 0.5)
    p = draw.choice((2, 3, 2.5))
    return case("root_of_zeros", f"pooling.root(x, p={p})", x=x, arriving=draw.nonzero(x.shape), p=p)


@check("10.4", count=8)
def roots_in_float32(draw):
    """root: float32 in, float32 out, and float32 back"""
    return rule(draw, "root", draw.positive(draw.shape(1, 3), np.float32), {"p": draw.choice((2, 3.0))})


# 10.5 Norms


def normed(draw, dims, norm, make="nonzero", dtype=np.float64):
    kernel = draw.integer(1, min(draw.longest + 1, 3))
    options = {"norm_type": norm, "kernel_size": kernel}
    if draw.flag():
        options["stride"] = draw.integer(1, kernel)
    shape = (few(draw), few(draw), *(kernel + draw.integer(0, 3) for _ in range(dims)))
    return pooled(draw, f"lp_pool{dims}d", getattr(draw, make)(shape, dtype=dtype), options)


@check("10.5")
def lengths(draw):
    """lp_pool1d: with p = 2 the length of the window as a vector"""
    return normed(draw, 1, 2)


@check("10.5")
def other_norms(draw):
    """lp_pool1d: other p, for numbers of either sign"""
    return normed(draw, 1, draw.choice((1, 3, 4, 1.5)))


@check("10.5")
def largest_of_all(draw):
    """lp_pool1d: with p = inf the largest absolute value"""
    return normed(draw, 1, math.inf, make="distinct")


@check("10.5", count=15)
def norms_in_images(draw):
    """lp_pool2d: the same for images"""
    return normed(draw, 2, draw.choice((1, 2, 3)))


@check("10.5", count=5)
def norms_of_windows_of_zeros(draw):
    """lp_pool1d: a window of zeros sends back 0, not nan"""
    x = np.zeros((1, 1, draw.integer(1, 3)))
    return pooled(draw, "lp_pool1d", x, {"norm_type": draw.choice((2, 3)), "kernel_size": 1})


@check("10.5", count=5)
def norms_that_make_no_sense(draw):
    """lp_pool1d: a norm_type of 0 or less raises RuntimeError"""
    options = {"norm_type": draw.choice((0, -1, -0.5)), "kernel_size": 2}
    return case(
        "refused", f"lp_pool1d(x{spelled(options)})", function="lp_pool1d", x=draw.array((1, 1, 3)), options=options
    )


@check("10.5", count=8)
def norms_in_float32(draw):
    """lp_pool1d: float32 in, float32 out, and float32 back"""
    return normed(draw, 1, draw.choice((2, 3)), dtype=np.float32)


# 10.6 Windows that adapt


def adapted(draw, kind, dims, output_size=None, dtype=np.float64):
    size = tuple(draw.integer(1, 2 + draw.longest) for _ in range(dims))
    shape = (few(draw), few(draw), *size)
    x = draw.distinct(shape if draw.integer(0, 3) else shape[1:], dtype)
    return pooled(draw, f"adaptive_{kind}_pool{dims}d", x, {"output_size": output_size or draw.integer(1, 4)})


@check("10.6")
def means_of_adapted_windows(draw):
    """adaptive_avg_pool1d: as many means as asked for, of windows as even as they can be"""
    return adapted(draw, "avg", 1)


@check("10.6")
def maxima_of_adapted_windows(draw):
    """adaptive_max_pool1d: as many maxima as asked for"""
    return adapted(draw, "max", 1)


@check("10.6")
def adapted_windows_of_images(draw):
    """adaptive_avg_pool2d: a number for each dimension, or one for both"""
    return adapted(draw, "avg", 2, draw.choice(((1, 2), (3, 2), (2, 3), (4, 1), 2)))


@check("10.6", count=15)
def sizes_that_are_kept(draw):
    """adaptive_avg_pool2d, adaptive_max_pool2d: None keeps a size"""
    return adapted(draw, draw.choice(("avg", "max")), 2, draw.choice(((None, 2), (2, None), (None, None), (1, None))))


@check("10.6", count=6)
def sizes_of_nothing(draw):
    """adaptive_avg_pool2d: a size below 1, or three for an image, raises RuntimeError"""
    options = {"output_size": draw.choice((0, (2, 0), (1, 2, 3), -1))}
    call = f"adaptive_avg_pool2d(x{spelled(options)})"
    return case("refused", call, function="adaptive_avg_pool2d", x=draw.array((1, 1, 4, 4)), options=options)


@check("10.6", count=8)
def adapted_windows_in_float32(draw):
    """adaptive_avg_pool1d: float32 in, float32 out, and float32 back"""
    return adapted(draw, "avg", 1, dtype=np.float32)
