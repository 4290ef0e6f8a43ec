"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821 - names of the library's file

import math

import numpy as np

# 09.1 Counting


class first_window_forgotten:
    """the last + 1 is missing: a window that fits exactly moves by nothing, and is still one window."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple((n + sum(p) - d * (k - 1) - 1) // s for n, k, s, p, d in geometry)


class padding_before_twice:
    """the padding before is counted on both sides: each pair says how much comes before and how much after."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple((n + 2 * p[0] - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in geometry)


class padding_on_one_side:
    """only the padding before is counted: there are points added after the last one, too."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple((n + p[0] - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in geometry)


class dilation_ignored:
    """dilation is left out: points that lie d apart make the window span d (k - 1) + 1 points, not k."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, strict=True)
        return tuple((n + sum(p) - k) // s + 1 for n, k, s, p in geometry)


class span_too_long:
    """a window is taken to span d k points: k points have k - 1 gaps between them, so it spans d (k - 1) + 1."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple((n + sum(p) - d * k) // s + 1 for n, k, s, p, d in geometry)


class rounded_up:
    """a last step that does not fit is counted: round down, since a window must lie wholly inside."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple(math.ceil((n + sum(p) - d * (k - 1) - 1) / s) + 1 for n, k, s, p, d in geometry)


class stride_and_dilation_exchanged:
    """stride and dilation are exchanged: stride is from window to window, dilation from point to point within one."""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
        return tuple((n + sum(p) - s * (k - 1) - 1) // d + 1 for n, k, s, p, d in geometry)


# 09.2 A border


class one_side_only:
    """there is a border before the points only: each pair also says how much comes after."""

    exercise = "09.2"

    def surround(x, padding, value):
        around = ((0, 0), *((before, 0) for before, _ in padding), (0, 0))
        return np.pad(x, around, constant_values=value)


class same_on_both_sides:
    """the border after is as wide as the one before: the second of each pair says how wide it is."""

    exercise = "09.2"

    def surround(x, padding, value):
        around = ((0, 0), *((before, before) for before, _ in padding), (0, 0))
        return np.pad(x, around, constant_values=value)


class before_and_after_exchanged:
    """before and after are exchanged: the points begin at index `before`."""

    exercise = "09.2"

    def surround(x, padding, value):
        around = ((0, 0), *((after, before) for before, after in padding), (0, 0))
        return np.pad(x, around, constant_values=value)


class always_zeros:
    """the border is 0 whatever the value: max pooling will need a border that is never the largest."""

    exercise = "09.2"

    def surround(x, padding, value):
        return np.pad(x, ((0, 0), *padding, (0, 0)))


class batch_taken_for_space:
    """the border is around the last axes: here the batch is last, and space lies between channels and batch."""

    exercise = "09.2"

    def surround(x, padding, value):
        return np.pad(x, ((0, 0), (0, 0), *padding), constant_values=value)


class border_widened:
    """np.full makes float64 unless it is told the data type of x."""

    exercise = "09.2"

    def surround(x, padding, value):
        padded_size, within = inside(x.shape[1:-1], padding)
        padded = np.full((x.shape[0], *padded_size, x.shape[-1]), float(value))
        padded[within] = x
        return padded


# 09.3 What is met


class steps_exchanged:
    """stride and dilation are exchanged: a place starts o d points in, and moves by s from window to window."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)

        def met(offset):
            geometry = zip(offset, count, stride, dilation, strict=True)
            return slice(None), *(slice(o * s, o * s + (n - 1) * d + 1, d) for o, n, s, d in geometry)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class kernel_flipped:
    """the kernel is flipped: place 0 meets the first point of a window, not the last."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)

        def met(offset):
            geometry = zip(offset, kernel_size, count, stride, dilation, strict=True)
            starts = [((k - 1 - o) * d, n, s) for o, k, n, s, d in geometry]
            return slice(None), *(slice(o, o + (n - 1) * s + 1, s) for o, n, s in starts)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class ends_too_early:
    """the slice ends n points after its start: n windows that are s apart reach over (n - 1) s + 1 points."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)

        def met(offset):
            geometry = zip(offset, count, stride, dilation, strict=True)
            return slice(None), *(slice(o * d, o * d + n, s) for o, n, s, d in geometry)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class last_window_lost:
    """the end of the slice is the last point: a slice does not reach its end, so add 1."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)

        def met(offset):
            geometry = zip(offset, count, stride, dilation, strict=True)
            return slice(None), *(slice(o * d, o * d + (n - 1) * s, s) for o, n, s, d in geometry)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class neighbours_always:
    """dilation is left out: place o lies o d points from the start of its window."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)

        def met(offset):
            geometry = zip(offset, count, stride, strict=True)
            return slice(None), *(slice(o, o + (n - 1) * s + 1, s) for o, n, s in geometry)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class to_the_end:
    """the slice goes on to the end of the array: it holds more points than there are windows."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        def met(offset):
            return slice(None), *(slice(o * d, None, s) for o, s, d in zip(offset, stride, dilation, strict=True))

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


class windows_of_the_unpadded:
    """the windows are counted without the padding: all_windows looks at the padded array."""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, tuple((0, 0) for _ in size), dilation)

        def met(offset):
            geometry = zip(offset, count, stride, dilation, strict=True)
            return slice(None), *(slice(o * d, o * d + max(n - 1, 0) * s + 1, s) for o, n, s, d in geometry)

        return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


# 09.4 Unfold


class unfold_flipped:
    """the kernel is flipped: y[offset] is what the place `offset` meets, without turning it around."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for (_, *offset), met in all_windows(tuple(size), **geometry):
            y[(slice(None), *(k - 1 - o for k, o in zip(kernel_size, offset, strict=True)))] = padded[met]
        return y, lambda g: run(fold, g, size=tuple(size), **geometry)


class not_padded:
    """the padding is forgotten: all_windows looks at the padded array, so x must be padded before it is indexed."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = batch_last(x)[met]
        return y, lambda g: run(fold, g, size=tuple(size), **geometry)


class batch_in_front:
    """the batch stays the first axis: the windows are (C, *kernel_size, *output_size, N)."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = padded[met]
        return np.moveaxis(y, -1, 0), lambda g: run(fold, np.moveaxis(g, 0, -1), size=tuple(size), **geometry)


class windows_before_places:
    """the axes of the output come before those of the kernel: it is (C, *kernel_size, *output_size, N)."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        dims = len(size)
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = padded[met]
        order = (0, *range(1 + dims, 1 + 2 * dims), *range(1, 1 + dims), 1 + 2 * dims)
        return np.transpose(y, order), lambda g: run(fold, np.transpose(g, order), size=tuple(size), **geometry)


class size_with_padding:
    """fold is told the padded size: the gradient then keeps the border, but it has the shape of x."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = padded[met]
        nothing = {**geometry, "padding": tuple((0, 0) for _ in size)}
        return y, lambda g: run(fold, g, size=padded.shape[1:-1], **nothing)


class unfold_widened:
    """np.empty and np.zeros make float64 unless they are told the data type of x."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.zeros((channels, *kernel_size, *count, batch))
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = padded[met]
        return y, lambda g: run(fold, g, size=tuple(size), **geometry)


class one_gradient_each:
    """the way back averages where windows overlap: a point that was copied three times gets three gradients, added."""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
        for offset, met in all_windows(tuple(size), **geometry):
            y[offset] = padded[met]

        def way_back(g):
            copies = run(fold, np.ones_like(g), size=tuple(size), **geometry)
            return run(fold, g, size=tuple(size), **geometry) / np.maximum(copies, 1)

        return y, way_back


# 09.5 Fold


class overwritten:
    """what a window brings is written over what another one brought: padded[met] += g[offset] adds them up."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
        for offset, met in all_windows(size, **geometry):
            padded[met] = g[offset]
        return batch_first(padded[within]), lambda h: run(unfold, h, **geometry)


class averaged:
    """overlapping windows are averaged: fold is not unfold undone, it adds what comes to the same point."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
        times = np.zeros_like(padded)
        for offset, met in all_windows(size, **geometry):
            padded[met] += g[offset]
            times[met] += 1
        return batch_first((padded / np.maximum(times, 1))[within]), lambda h: run(unfold, h, **geometry)


class border_kept:
    """the padding is still around the result: cut it off, `inside` gives the index."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, _ = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
        for offset, met in all_windows(size, **geometry):
            padded[met] += g[offset]
        return batch_first(padded), lambda h: run(unfold, h, **geometry)


class cut_from_the_start:
    """the result is cut off from index 0: its points begin at `before`, behind the padding."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, _ = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
        for offset, met in all_windows(size, **geometry):
            padded[met] += g[offset]
        return batch_first(padded[(slice(None), *map(slice, size))]), lambda h: run(unfold, h, **geometry)


class batch_left_behind:
    """the batch is still the last axis: batch_first brings it to (N, C, *size)."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
        for offset, met in all_windows(size, **geometry):
            padded[met] += g[offset]
        return padded[within], lambda h: run(unfold, batch_first(h), **geometry)


class fold_widened:
    """np.zeros makes float64 unless it is told the data type of g."""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]))
        for offset, met in all_windows(size, **geometry):
            padded[met] += g[offset]
        return batch_first(padded[within]), lambda h: run(unfold, h, **geometry)


# 09.6 Convolution


class flipped:
    """the kernel is flipped, as mathematicians do: a convolution of deep learning lays it on as it is."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        turned = np.flip(weight, tuple(range(2, weight.ndim)))
        value, pullback = _right_convolution(x, turned, *bias, s=stride, p=padding, d=dilation, groups=groups)

        def back(g, wanted):
            dx, dweight, *rest = pullback(g)
            return dx, np.flip(dweight, tuple(range(2, weight.ndim))), *rest

        return value, back

    def _right_convolution(x, weight, *bias, s, p, d, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": s, "padding": p, "dilation": d}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class bias_averaged:
    """the bias gradient is averaged: the bias was added at every place of every example, so it gets their sum."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.mean(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class bias_summed_over_places_only:
    """the bias gradient is averaged over the batch: the loss has done the averaging already, so sum over it as well."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1) / batch] if bias else [])

        return batch_first(y), pullback


class weight_averaged:
    """the weight's gradient is averaged over the batch: the loss has done the averaging already, so sum."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape) / batch
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class groups_mixed:
    """channels are dealt out in turns: of 2 groups, the first half of the outputs sees the first half of the inputs."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        dealt = np.arange(channels).reshape(-1, groups).T.reshape(-1)
        columns = run(unfold, x, **geometry)[dealt].reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = np.zeros((channels, *kernel_size, *count, batch), x.dtype)
            dcolumns[dealt] = (np.swapaxes(matrix, 1, 2) @ rows).reshape(dcolumns.shape)
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class first_group_for_all:
    """all outputs see the first group of inputs: each part of the outputs has a part of the inputs of its own."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, each, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry)[:each].reshape((-1, math.prod(count) * batch))
        matrix = weight.reshape((out, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((out, -1))
            dcolumns = np.zeros((channels, *kernel_size, *count, batch), x.dtype)
            dcolumns[:each] = (matrix.T @ rows).reshape((each, *kernel_size, *count, batch))
            dweight = (rows @ columns.T).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(1)] if bias else [])

        return batch_first(y), pullback


class bias_forgotten:
    """the bias is not added: each output channel has one, the same at every place."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class rows_of_another_order:
    """g is made into rows as it comes, (N, out, *size): bring the batch to the end first, as the columns have it."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, *count, batch))
        if bias:
            y = y + bias[0].reshape((out,) + (1,) * (y.ndim - 1))

        def pullback(g, wanted):
            rows = g.reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return batch_first(y), pullback


class value_of_another_order:
    """the value is reshaped to (N, out, *size) at once: it is (out, *size, N), and batch_first turns it."""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, _, *kernel_size = weight.shape
        geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
        count = count_windows(tuple(size), **geometry)
        columns = run(unfold, x, **geometry).reshape((groups, -1, math.prod(count) * batch))
        matrix = weight.reshape((groups, out // groups, -1))
        y = (matrix @ columns).reshape((out, -1))
        if bias:
            y = y + bias[0].reshape((out, 1))

        def pullback(g, wanted):
            rows = batch_last(g).reshape((groups, out // groups, -1))
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            dx = run(fold, dcolumns, size=tuple(size), **geometry)
            return dx, dweight, *([rows.sum(2).reshape(-1)] if bias else [])

        return y.reshape((batch, out, *count)), pullback


# 09.7 Sizes


class same_without_dilation:
    """ "same" leaves dilation out: a window spans d (k - 1) + 1 points, so d (k - 1) must be added."""

    exercise = "09.7"

    def paddings(name, given, kernel_size, stride, dilation):
        if given == "same":
            if any(s != 1 for s in stride):
                raise RuntimeError(f"{name} with padding='same' expects stride 1, got {stride}")
            return tuple(((k - 1) // 2, k // 2) for k in kernel_size)
        each = sizes(name, "padding", 0 if given == "valid" else given, len(kernel_size), least=0)
        return tuple((n, n) for n in each)


class same_on_both:
    """ "same" adds half on both sides, rounded down: with an even kernel one window is then missing."""

    exercise = "09.7"

    def paddings(name, given, kernel_size, stride, dilation):
        if given == "same":
            if any(s != 1 for s in stride):
                raise RuntimeError(f"{name} with padding='same' expects stride 1, got {stride}")
            halves = [d * (k - 1) // 2 for k, d in zip(kernel_size, dilation, strict=True)]
            return tuple((n, n) for n in halves)
        each = sizes(name, "padding", 0 if given == "valid" else given, len(kernel_size), least=0)
        return tuple((n, n) for n in each)


class odd_one_in_front:
    """the odd point is put in front: where before and after differ, the larger one comes behind."""

    exercise = "09.7"

    def paddings(name, given, kernel_size, stride, dilation):
        if given == "same":
            if any(s != 1 for s in stride):
                raise RuntimeError(f"{name} with padding='same' expects stride 1, got {stride}")
            spans = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
            return tuple((span - span // 2, span // 2) for span in spans)
        each = sizes(name, "padding", 0 if given == "valid" else given, len(kernel_size), least=0)
        return tuple((n, n) for n in each)


class same_with_any_stride:
    """ "same" takes any stride: with a stride of 2 there are half as many windows, whatever the padding."""

    exercise = "09.7"

    def paddings(name, given, kernel_size, stride, dilation):
        if given == "same":
            spans = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
            return tuple((span // 2, span - span // 2) for span in spans)
        each = sizes(name, "padding", 0 if given == "valid" else given, len(kernel_size), least=0)
        return tuple((n, n) for n in each)


class once_only:
    """one number stays one: it stands for all dimensions, so repeat it."""

    exercise = "09.7"

    def sizes(name, what, given, dims, least=1):
        each = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if any(not isinstance(n, (int, np.integer)) or n < least for n in each):
            raise RuntimeError(f"{name} expects a {what} of {dims} whole numbers of at least {least}, got {given!r}")
        return each


class anything_goes:
    """nothing is refused: a stride of 0 or three sizes for an image make no sense, and the user should hear it here."""

    exercise = "09.7"

    def sizes(name, what, given, dims, least=1):
        each = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        return each * dims if len(each) == 1 else each


class zero_allowed:
    """numbers below `least` are taken: a stride of 0 would never arrive."""

    exercise = "09.7"

    def sizes(name, what, given, dims, least=1):
        each = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        each = each * dims if len(each) == 1 else each
        if len(each) != dims or any(not isinstance(n, (int, np.integer)) for n in each):
            raise RuntimeError(f"{name} expects a {what} of {dims} whole numbers of at least {least}, got {given!r}")
        return each


# 09.8 The layer


class stride_and_padding_exchanged:
    """stride and padding are exchanged in the call of _conv: stride comes first."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(type(self).__name__, self.dims, input.shape, self.in_channels)
            padding = self.padding
            if self.padding_mode != "zeros":
                input, padding = F.pad(input, [n for pair in self._padding[::-1] for n in pair], self.padding_mode), 0
            return _conv(self.dims, input, self.weight, self.bias, padding, self.stride, self.dilation, self.groups)


class padded_twice:
    """the border is added twice: once F.pad has made it, _conv must add none."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(type(self).__name__, self.dims, input.shape, self.in_channels)
            if self.padding_mode != "zeros":
                input = F.pad(input, [n for pair in self._padding[::-1] for n in pair], self.padding_mode)
            return _conv(
                self.dims, input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
            )


class zeros_always:
    """padding_mode is ignored: the border is zeros whatever it says."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(type(self).__name__, self.dims, input.shape, self.in_channels)
            return _conv(
                self.dims, input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
            )


class first_dimension_first:
    """F.pad gets the amounts of the first dimension first: it wants those of the last one first."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(type(self).__name__, self.dims, input.shape, self.in_channels)
            padding = self.padding
            if self.padding_mode != "zeros":
                input, padding = F.pad(input, [n for pair in self._padding for n in pair], self.padding_mode), 0
            return _conv(self.dims, input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class dilation_left_out:
    """dilation is not handed on: _conv then takes it to be 1."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(type(self).__name__, self.dims, input.shape, self.in_channels)
            padding = self.padding
            if self.padding_mode != "zeros":
                input, padding = F.pad(input, [n for pair in self._padding[::-1] for n in pair], self.padding_mode), 0
            return _conv(self.dims, input, self.weight, self.bias, self.stride, padding, 1, self.groups)


class channels_unchecked:
    """the channels are not checked in the layer's name: the error then comes from conv1d, which nobody called."""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            padding = self.padding
            if self.padding_mode != "zeros":
                input, padding = F.pad(input, [n for pair in self._padding[::-1] for n in pair], self.padding_mode), 0
            return _conv(self.dims, input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
