"""The checks of module 11: dropout by what can be said of chance, norms with their gradients and their memory."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


def spelled(options):
    """Keywords as one would type them."""
    return "".join(f", {name}={value!r}" for name, value in options.items())


# 11.1, 11.2 Dropout


def dropped(p, training=True, dtype="float32"):
    shape = (50, 40)
    call = f"dropout(x, p={p}, training={training}) with x of shape {shape}"
    return case("hidden", call, function="dropout", shape=shape, dtype=dtype, p=p, training=training)


@check("11.1", count=6)
def hidden_and_scaled(draw):
    """dropout: each number is 0 with probability p, else 1 / (1 - p) times as large"""
    return dropped(draw.choice((0.25, 0.5, 0.75)))


@check("11.1", count=6)
def passed_on(draw):
    """dropout: when not training, or with p = 0, the input passes as it is"""
    return dropped(0.0, True) if draw.flag() else dropped(draw.choice((0.25, 0.75)), False)


@check("11.1", count=2)
def all_hidden(draw):
    """dropout: with p = 1 all is 0, and nothing is nan"""
    return dropped(1.0)


@check("11.1", count=4)
def masks_that_broadcast(draw):
    """dropout: the mask has mask_shape, and broadcasts to the input"""
    shape, mask_shape, p = (200, 3), (200, 1), draw.choice((0.25, 0.75))
    call = f"_dropout(x, {mask_shape}, p={p}, training=True, inplace=False) with x of shape {shape}"
    return case(
        "hidden", call, function="_dropout", shape=shape, dtype="float32", p=p, training=True, mask_shape=mask_shape
    )


@check("11.1", count=2)
def hidden_in_float64(draw):
    """dropout: float64 in, float64 out"""
    return dropped(0.5, dtype="float64")


@check("11.1", count=2)
def hidden_in_place(draw):
    """dropout: with inplace=True the input itself is changed"""
    return case("in_place", "dropout(x, p=0.5, training=True, inplace=True)", p=0.5)


@check("11.1", count=6)
def what_is_refused(draw):
    """dropout: no probability raises ValueError, and integers raise RuntimeError"""
    if draw.flag():
        x, options = np.ones(3, np.int64), {"p": 0.5}
    else:
        x, options = np.ones(3, np.float32), {"p": draw.choice((-0.5, 1.5))}
    return case("refused", f"dropout(x{spelled(options)})", function="dropout", x=x, options=options)


def dropped_channels(dims, p, training=True, batch=True):
    shape = (*((30, 20) if batch else (200,)), *(3, 2)[:dims])
    call = f"dropout{dims}d(x, p={p}, training={training}) with x of shape {shape}"
    return case("hidden_channels", call, dims=dims, shape=shape, p=p, training=training)


@check("11.2", count=5)
def channels_of_signals(draw):
    """dropout1d: each channel of each example is hidden or kept as a whole"""
    return dropped_channels(1, draw.choice((0.25, 0.5, 0.75)))


@check("11.2", count=5)
def channels_of_images(draw):
    """dropout2d: each channel of each image is hidden or kept as a whole"""
    return dropped_channels(2, draw.choice((0.25, 0.5, 0.75)))


@check("11.2", count=4)
def channels_without_a_batch(draw):
    """dropout1d, dropout2d: the same for a single (C, L) or (C, H, W)"""
    return dropped_channels(draw.integer(1, 2), 0.5, batch=False)


@check("11.2", count=3)
def channels_passed_on(draw):
    """dropout1d: when not training, the input passes as it is"""
    return dropped_channels(1, 0.5, training=False)


@check("11.2", count=6)
def other_dimensions(draw):
    """dropout1d, dropout2d: other dimensions raise RuntimeError"""
    dims = draw.integer(1, 2)
    x = draw.array((2,) * draw.choice((dims, dims + 3)), dtype=np.float32)
    call = f"dropout{dims}d(x) with x of shape {x.shape}"
    return case("refused", call, function=f"dropout{dims}d", x=x, options={})


# 11.3 Mean and variance


def spread(draw, offset=0, dtype=np.float64):
    shape = (draw.integer(2, 3), *draw.shape(0, 2))
    axes = tuple(axis for axis in range(len(shape)) if axis == 0 or draw.flag())
    x = (draw.array(shape) + offset).astype(dtype)
    return case("moments", f"moments(x, {axes})", x=x, axes=axes)


@check("11.3")
def means_and_variances(draw):
    """moments: mean and variance over some axes, which stay with length 1"""
    return spread(draw)


@check("11.3")
def variances_far_from_zero(draw):
    """moments: the variance in float32, where the mean is much larger"""
    return spread(draw, draw.choice((0, 1000, -2000)), np.float32)


# 11.4 Batch norm


def batch(draw, dtype=np.float64, least=2):
    """(N, C) or (N, C, L), with at least two values for each channel."""
    features = min(draw.side(), 3)
    places = draw.choice(((), (2,), (3,), (2, 2)) if draw.longest > 1 else ((),))
    return draw.array((draw.integer(least, 4), features, *places), dtype=dtype)


def batch_norm(draw, training, affine=True, dtype=np.float64, **options):
    x = batch(draw, dtype)
    channels = x.shape[1:2]
    arrays = {"running_mean": draw.array(channels, dtype=dtype), "running_var": draw.positive(channels, dtype)}
    if affine:
        arrays |= {"weight": draw.nonzero(channels, dtype), "bias": draw.array(channels, dtype=dtype)}
    keywords = {"training": training, "momentum": draw.choice((0.1, 0.25)), "eps": draw.choice((1e-5, 0.01)), **options}
    call = f"batch_norm({', '.join(['x', *arrays])}{spelled(keywords)})"
    return case("batch_normed", call, x=x, **arrays, **keywords, g=draw.nonzero(x.shape, dtype))


@check("11.4")
def normed_by_the_batch(draw):
    """batch_norm: while training, mean 0 and variance 1 in each channel, then weight and bias; and the memory moves"""
    return batch_norm(draw, True)


@check("11.4")
def normed_by_memory(draw):
    """batch_norm: when not training, the running statistics are used, and stay as they are"""
    return batch_norm(draw, False)


@check("11.4", count=10)
def normed_without_weights(draw):
    """batch_norm: without weight and bias"""
    return batch_norm(draw, draw.flag(), affine=False)


@check("11.4", count=10)
def normed_without_memory(draw):
    """batch_norm: while training there may be no running statistics"""
    x = batch(draw)
    call = "batch_norm(x, None, None, training=True)"
    keywords = {"training": True, "momentum": 0.1, "eps": 1e-5}
    return case("batch_normed", call, x=x, **keywords, g=draw.nonzero(x.shape))


@check("11.4", count=5)
def what_has_no_variance(draw):
    """batch_norm: one value for each channel has no variance, ValueError"""
    shape = draw.choice(((1, 2), (1, 3, 1), (1, 1)))
    options = {"running_mean": None, "running_var": None, "training": True}
    call = f"batch_norm(x{spelled(options)}) with x of shape {shape}"
    return case("refused", call, function="batch_norm", x=draw.array(shape), options=options)


@check("11.4", count=3)
def what_has_no_memory(draw):
    """batch_norm: when not training and without running statistics, RuntimeError"""
    options = {"running_mean": None, "running_var": None}
    call = f"batch_norm(x{spelled(options)}, training=False)"
    return case("refused", call, function="batch_norm", x=draw.array((3, 2)), options=options)


@check("11.4", count=10)
def normed_in_float32(draw):
    """batch_norm: float32 in, float32 out, and float32 back"""
    return batch_norm(draw, draw.flag(), dtype=np.float32, eps=0.01)


# 11.5 Layer norm


def layer_norm(draw, least, most, affine=True, dtype=np.float64, **options):
    features = tuple(draw.integer(2, 3) for _ in range(draw.integer(least, most)))
    x = draw.array((*draw.shape(0, 2), *features), dtype=dtype)
    parameters = {}
    if affine:
        parameters = {"weight": draw.nonzero(features, dtype), "bias": draw.array(features, dtype=dtype)}
    keywords = {"normalized_shape": features, "eps": draw.choice((1e-5, 0.01)), **options}
    call = f"layer_norm({', '.join(['x', *parameters])}{spelled(keywords)})"
    return case("layer_normed", call, x=x, **parameters, **keywords, g=draw.nonzero(x.shape, dtype))


@check("11.5")
def normed_rows(draw):
    """layer_norm: mean 0 and variance 1 along the last dimension of each example, then weight and bias"""
    return layer_norm(draw, 1, 1)


@check("11.5")
def normed_blocks(draw):
    """layer_norm: over as many of the last dimensions as normalized_shape has"""
    return layer_norm(draw, 1, 2)


@check("11.5", count=10)
def normed_without_parameters(draw):
    """layer_norm: without weight and bias"""
    return layer_norm(draw, 1, 2, affine=False)


@check("11.5", count=5)
def what_does_not_end_so(draw):
    """layer_norm: an input that does not end in normalized_shape raises RuntimeError"""
    options = {"normalized_shape": draw.choice(((3,), (2, 4), (1, 1)))}
    call = f"layer_norm(x{spelled(options)}) with x of shape (2, 4, 2)"
    return case("refused", call, function="layer_norm", x=draw.array((2, 4, 2)), options=options)


@check("11.5", count=10)
def rows_in_float32(draw):
    """layer_norm: float32 in, float32 out, and float32 back"""
    return layer_norm(draw, 1, 2, dtype=np.float32, eps=0.01)


# 11.6 The layer


def remembered(draw, modes, dtype=np.float64, **options):
    x = batch(draw, dtype)
    first, second = (draw.array(x.shape, dtype=dtype) for _ in range(2))
    name = f"BatchNorm{max(x.ndim - 2, 1)}d"
    how = " then ".join("training" if mode else "not training" for mode in modes)
    call = f"{name}({x.shape[1]}{spelled(options)}) on first, second and x, {how}"
    return case("remembered", call, first=first, second=second, x=x, modes=modes, options=options)


@check("11.6")
def in_training(draw):
    """BatchNorm1d, BatchNorm2d: while training, the batch's statistics, and a memory that moves by momentum"""
    return remembered(draw, (True, True, True), momentum=draw.choice((0.1, 0.5)))


@check("11.6")
def after_training(draw):
    """BatchNorm1d, BatchNorm2d: after training, what was remembered, which then stays"""
    return remembered(draw, (True, draw.flag(), False), momentum=0.25)


@check("11.6", count=15)
def mean_of_all_batches(draw):
    """BatchNorm1d, BatchNorm2d: with momentum=None the memory is the mean over all training batches"""
    return remembered(draw, (True, draw.flag(), draw.flag()), momentum=None)


@check("11.6", count=10)
def without_memory(draw):
    """BatchNorm1d, BatchNorm2d: with track_running_stats=False the batch counts, training or not"""
    return remembered(draw, (True, False, draw.flag()), track_running_stats=False)


@check("11.6", count=8)
def inputs_that_do_not_fit(draw):
    """BatchNorm1d, BatchNorm2d: other dimensions raise ValueError, other channels RuntimeError"""
    dims = draw.integer(1, 2)
    shape = draw.choice(((2, 3), (2, 2, 2, 2), (2,) * 5) if dims == 1 else ((2, 3), (2, 3, 2), (2, 2, 2, 2)))
    call = f"BatchNorm{dims}d(3)(x) with x of shape {shape}" if shape != (2, 3) or dims == 2 else "BatchNorm1d(4)(x)"
    features = 4 if call.startswith("BatchNorm1d(4)") else 3
    return case("refused_by_layer", call, dims=dims, x=draw.array(shape, dtype=np.float32), features=features)


@check("11.6", count=5)
def layers_in_float32(draw):
    """BatchNorm1d, BatchNorm2d: float32 in, float32 out"""
    return remembered(draw, (True, True, draw.flag()), np.float32)
