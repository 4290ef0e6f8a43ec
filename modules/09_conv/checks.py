"""The checks of module 09: windows in numbers, then unfold, fold and convolution with their gradients."""

import numpy as np

from tinytorch import Tensor, conv
from tinytorch.course.checks import Checks, case

check = Checks()


def spelled(options):
    """Keywords as one would type them."""
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def windows(draw, dims, symmetric=False):
    """The size of an input into which at least one window fits, and kernel_size, stride, padding, dilation."""
    most = min(draw.longest, 3)
    kernel = tuple(draw.integer(1, most) for _ in range(dims))
    stride = tuple(draw.integer(1, most) for _ in range(dims))
    dilation = tuple(draw.integer(1, min(most, 2)) for _ in range(dims))
    each = [(draw.integer(0, most - 1), draw.integer(0, most - 1)) for _ in range(dims)]
    padding = tuple((before, before) if symmetric else (before, after) for before, after in each)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(max(1, n - sum(p)) + draw.integer(0, most) for n, p in zip(spans, padding, strict=True))
    return size, {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}


def few(draw):
    """One or two examples or channels."""
    return min(draw.side(), 2)


# 09.1 Counting


def counted(draw, dims):
    size, geometry = windows(draw, dims)
    arguments = (size, *geometry.values())
    call = f"conv.count_windows({size}, {spelled(geometry)})"
    return case("called", call, function="count_windows", arguments=arguments)


@check("09.1")
def windows_without_padding(draw):
    """count_windows: with stride 1, no padding and dilation 1 there are n - k + 1"""
    kernel = (draw.integer(1, 3),)
    size = (kernel[0] + draw.integer(0, 4),)
    geometry = {"kernel_size": kernel, "stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
    call = f"conv.count_windows({size}, {spelled(geometry)})"
    return case("called", call, function="count_windows", arguments=(size, *geometry.values()))


@check("09.1")
def windows_of_a_signal(draw):
    """count_windows: stride, padding before and after, and dilation"""
    return counted(draw, 1)


@check("09.1")
def windows_of_an_image(draw):
    """count_windows: each dimension of space is counted on its own"""
    return counted(draw, 2)


# 09.2 A border


def border(draw, dtype=np.float64):
    size = draw.shape(1, 2)
    padding = tuple((draw.integer(0, 2), draw.integer(0, 2)) for _ in size)
    value = draw.choice((0.0, 1.5, -np.inf))
    shown = "-np.inf" if value < 0 else value
    x = draw.nonzero((few(draw), *size, few(draw)), dtype)
    return case("bordered", f"conv.surround(x, {padding}, {shown})", x=x, padding=padding, value=value)


@check("09.2")
def borders(draw):
    """surround: x (C, *size, N) with a value around the dimensions of space"""
    return border(draw)


@check("09.2", count=10)
def borders_in_float32(draw):
    """surround: float32 in, float32 out"""
    return border(draw, np.float32)


# 09.3 What is met


def seen(draw, dims):
    size, geometry = windows(draw, dims)
    call = f"conv.all_windows({size}, {spelled(geometry)})"
    return case("looks", call, geometry=(size, *geometry.values()))


@check("09.3")
def points_of_a_signal(draw):
    """all_windows: what each place in the kernel meets in a signal"""
    return seen(draw, 1)


@check("09.3")
def points_of_an_image(draw):
    """all_windows: what each place in the kernel meets in an image"""
    return seen(draw, 2)


# 09.4, 09.5 Unfold and fold


def unfolded(draw, dims, dtype=np.float64):
    size, geometry = windows(draw, dims)
    x = draw.array((few(draw), few(draw), *size), dtype=dtype)
    g = draw.nonzero(conv.unfold(x, **geometry)[0].shape, dtype)
    return case("rule", f"conv.unfold(x, {spelled(geometry)})", op="unfold", params=geometry, x=x, g=g)


def folded(draw, dims, dtype=np.float64):
    size, geometry = windows(draw, dims)
    batch, channels, count = few(draw), few(draw), conv.count_windows(size, *geometry.values())
    x = draw.array((channels, *geometry["kernel_size"], *count, batch), dtype=dtype)
    params = {"size": size, **geometry}
    g = draw.nonzero((batch, channels, *size), dtype)
    return case("rule", f"conv.fold(x, {spelled(params)})", op="fold", params=params, x=x, g=g)


@check("09.4")
def windows_side_by_side(draw):
    """unfold: every window of a signal, (N, C, L) -> (C, k, L_out, N)"""
    return unfolded(draw, 1)


@check("09.4")
def windows_of_images_side_by_side(draw):
    """unfold: every window of an image, (N, C, H, W) -> (C, kh, kw, H_out, W_out, N)"""
    return unfolded(draw, 2)


@check("09.4", count=10)
def windows_in_float32(draw):
    """unfold: float32 in, float32 out, and float32 back"""
    return unfolded(draw, 1, np.float32)


@check("09.5")
def added_up(draw):
    """fold: windows of a signal added up where they came from, (C, k, L_out, N) -> (N, C, L)"""
    return folded(draw, 1)


@check("09.5")
def images_added_up(draw):
    """fold: windows of an image added up where they came from"""
    return folded(draw, 2)


@check("09.5", count=10)
def added_up_in_float32(draw):
    """fold: float32 in, float32 out, and float32 back"""
    return folded(draw, 1, np.float32)


# 09.6 Convolution


def convolution(draw, dims, groups=1, bias=True, dtype=np.float64, plain=False):
    size, geometry = windows(draw, dims)
    kernel = geometry.pop("kernel_size")
    if plain:
        geometry = {"stride": (1,) * dims, "padding": ((0, 0),) * dims, "dilation": (1,) * dims}
        size = tuple(k + draw.integer(0, 2) for k in kernel)
    params = {**geometry, "groups": groups}
    x = draw.array((few(draw), groups * few(draw), *size), dtype=dtype)
    out = groups * few(draw)
    weight = draw.array((out, x.shape[1] // groups, *kernel), dtype=dtype)
    parameters = {"weight": weight, **({"bias": draw.array((out,), dtype=dtype)} if bias else {})}
    g = draw.nonzero(conv.convolution(x, *parameters.values(), **params)[0].shape, dtype)
    call = f"conv.convolution({', '.join(['x', *parameters])}, {spelled(params)})"
    return case("convolved", call, x=x, **parameters, params=params, g=g)


def value_only(found):
    """The same call, of which the value is looked at."""
    return case("value", found.call, **{name: given for name, given in found.arguments.items() if name != "g"})


@check("09.6")
def values_of_plain_convolutions(draw):
    """convolution: each window of a signal times the kernel, which is not flipped"""
    return value_only(convolution(draw, 1, bias=False, plain=True))


@check("09.6")
def values_of_convolutions(draw):
    """convolution: stride, padding, dilation, and a bias for each output channel"""
    return value_only(convolution(draw, draw.integer(1, 2)))


@check("09.6", count=15)
def values_in_groups(draw):
    """convolution: with groups, each part of the outputs sees its own part of the inputs"""
    return value_only(convolution(draw, 1, groups=draw.choice((1, 2, 2, 3)), plain=draw.flag()))


@check("09.6")
def plain_gradients(draw):
    """convolution: the gradients of x and weight, with stride 1, no padding and no bias"""
    return convolution(draw, 1, bias=False, plain=True)


@check("09.6")
def convolutions_of_signals(draw):
    """convolution: the gradients of x, weight and bias, for signals"""
    return convolution(draw, 1)


@check("09.6", count=15)
def convolutions_of_images(draw):
    """convolution: the gradients of x, weight and bias, for images"""
    return convolution(draw, 2)


@check("09.6", count=15)
def convolutions_in_groups(draw):
    """convolution: the gradients with groups"""
    return convolution(draw, 1, groups=draw.integer(1, 3))


@check("09.6", count=10)
def convolutions_in_float32(draw):
    """convolution: float32 in, float32 out, and float32 back"""
    return convolution(draw, 1, dtype=np.float32)


# 09.7 Sizes


@check("09.7")
def one_for_all_or_one_for_each(draw):
    """sizes: one number for all dimensions, or one for each, in a tuple or a list"""
    dims = draw.integer(1, 2)
    each = [draw.integer(1, 4) for _ in range(dims)]
    given = draw.choice((each[0], (each[0],), tuple(each), each))
    arguments = ("Conv2d" if dims == 2 else "Conv1d", "stride", given, dims)
    return case("called", f"conv.sizes{arguments}", function="sizes", arguments=arguments)


@check("09.7")
def sizes_that_make_no_sense(draw):
    """sizes: too many numbers, fractions and numbers below the least raise RuntimeError"""
    given = draw.choice((0, -1, (1, 2, 3), 1.5, (1, 0), "3"))
    arguments = ("Conv2d", "stride", given, 2)
    return case("refused", f"conv.sizes{arguments}", function="sizes", arguments=arguments)


def padded(draw, given, stride):
    dims = len(stride)
    kernel, dilation = (tuple(draw.integer(1, most) for _ in range(dims)) for most in (4, 2))
    return ("Conv2d" if dims == 2 else "Conv1d", given, kernel, stride, dilation)


@check("09.7")
def numbers_around(draw):
    """paddings: a number on both sides, one for each dimension, and "valid" for none"""
    dims = draw.integer(1, 2)
    given = draw.choice(("valid", draw.integer(0, 3), tuple(draw.integer(0, 3) for _ in range(dims))))
    arguments = padded(draw, given, tuple(draw.integer(1, 2) for _ in range(dims)))
    return case("called", f"conv.paddings{arguments}", function="paddings", arguments=arguments)


@check("09.7")
def as_many_windows_as_points(draw):
    """paddings: "same" gives as many windows as points, and the odd one goes behind"""
    arguments = padded(draw, "same", (1,) * draw.integer(1, 2))
    return case("called", f"conv.paddings{arguments}", function="paddings", arguments=arguments)


@check("09.7", count=5)
def same_with_a_stride(draw):
    """paddings: "same" with a stride of more than 1 raises RuntimeError"""
    arguments = padded(draw, "same", (draw.integer(1, 2), 2))
    return case("refused", f"conv.paddings{arguments}", function="paddings", arguments=arguments)


# 09.8 The layer


def through_layer(draw, dims, mode="zeros", dtype=np.float64):
    size, geometry = windows(draw, dims, symmetric=True)
    kernel = geometry.pop("kernel_size")
    padding = tuple(before for before, _ in geometry["padding"])
    if mode != "zeros":
        size = tuple(n + p + 1 for n, p in zip(size, padding, strict=True))  # to reflect, a signal must be longer
    options = {**geometry, "padding": padding}
    if mode != "zeros":
        options["padding_mode"] = mode
    x = draw.array((few(draw), few(draw), *size), dtype=dtype)
    weight, bias = draw.array((few(draw), x.shape[1], *kernel), dtype=dtype), draw.array((1,), dtype=dtype)
    bias = np.repeat(bias, len(weight))
    net = getattr(conv, f"Conv{dims}d")(x.shape[1], len(weight), kernel, dtype=dtype, **options)
    g = draw.nonzero(net(Tensor(x)).shape, dtype)
    call = f"Conv{dims}d({x.shape[1]}, {len(weight)}, {kernel}, {spelled(options)})(x)"
    return case("layer", call, x=x, weight=weight, bias=bias, g=g, options=options)


@check("09.8")
def layers_on_signals(draw):
    """Conv1d: the layer's weight, bias, stride, padding and dilation, each where it belongs"""
    return through_layer(draw, 1)


@check("09.8", count=15)
def layers_on_images(draw):
    """Conv2d: the same for images, where the dimensions of space differ"""
    return through_layer(draw, 2)


@check("09.8", count=15)
def other_borders(draw):
    """Conv1d, Conv2d: a border that reflects, repeats or goes around"""
    return through_layer(draw, draw.integer(1, 2), draw.choice(("reflect", "replicate", "circular")))


@check("09.8", count=5)
def other_channels(draw):
    """Conv1d, Conv2d: an input of other channels raises RuntimeError in the layer's name"""
    x = draw.array((1, draw.integer(1, 2), *(3,) * draw.integer(1, 2)), dtype=np.float32)
    return case("refused_by_layer", f"Conv{x.ndim - 2}d({x.shape[1] + 1}, 1, 1)(x)", x=x, channels=x.shape[1] + 1)


@check("09.8", count=5)
def layers_in_float32(draw):
    """Conv1d: float32 in, float32 out, and float32 back"""
    return through_layer(draw, 1, dtype=np.float32)
