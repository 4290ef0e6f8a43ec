"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821 - names of the library's file

import math

import numpy as np


class window_by_window:
    """loops over every window, and looks for its largest point"""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        padded = np.pad(x, ((0, 0), (0, 0), *padding), constant_values=-np.inf)
        spans = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation)]  # noqa: B905
        count = [(n - span) // s + 1 for n, span, s in zip(padded.shape[2:], spans, stride)]  # noqa: B905
        y = np.zeros((*x.shape[:2], *count), x.dtype)
        winners = {}
        for place in np.ndindex(*y.shape):
            best = -np.inf
            for offset in np.ndindex(*kernel_size):
                steps = zip(place[2:], stride, offset, dilation)  # noqa: B905
                point = place[:2] + tuple(i * s + o * d for i, s, o, d in steps)
                if padded[point] > best:
                    best = padded[point]
                    winners[place] = point
            y[place] = best

        def way_back(g):
            dpadded = np.zeros_like(padded)
            for place, point in winners.items():
                dpadded[point] += g[place]
            cut = [slice(before, before + n) for n, (before, _) in zip(x.shape[2:], padding)]  # noqa: B905
            return dpadded[(slice(None), slice(None), *cut)]

        return y, way_back


class argmax:
    """all windows side by side, and argmax"""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        padded = surround(batch_last(x), padding, -np.inf)
        candidates = np.stack([padded[places] for places in met])
        winner = np.argmax(candidates, axis=0)

        def way_back(g):
            dpadded = np.zeros(padded.shape, g.dtype)
            for i, places in enumerate(met):
                dpadded[places] += batch_last(g) * (winner == i)
            return batch_first(dpadded[inside(x.shape[2:], padding)[1]])

        return batch_first(np.max(candidates, axis=0)), way_back


class with_unfold:
    """a convolution with ones, by loops over the windows"""

    exercise = "10.2"

    def sum_pool(x, *, kernel_size, stride, padding, dilation):
        padded = np.pad(x, ((0, 0), (0, 0), *padding))
        spans = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation)]  # noqa: B905
        count = [(n - span) // s + 1 for n, span, s in zip(padded.shape[2:], spans, stride)]  # noqa: B905
        y = np.zeros((*x.shape[:2], *count), x.dtype)
        for place in np.ndindex(*count):
            steps = zip(place, stride, spans, dilation)  # noqa: B905
            window = [slice(i * s, i * s + span, d) for i, s, span, d in steps]
            axes = tuple(range(2, x.ndim))
            y[(slice(None), slice(None), *place)] = padded[(slice(None), slice(None), *window)].sum(axis=axes)
        geometry = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        return y, lambda g: spread(g, size=x.shape[2:], **geometry)[0]

    def spread(g, *, size, kernel_size, stride, padding, dilation):
        padded = np.zeros((*g.shape[:2], *(n + sum(p) for n, p in zip(size, padding))), g.dtype)  # noqa: B905
        for place in np.ndindex(*g.shape[2:]):
            window = [
                slice(i * s, i * s + d * (k - 1) + 1, d)
                for i, s, k, d in zip(place, stride, kernel_size, dilation)  # noqa: B905
            ]
            each = g[(slice(None), slice(None), *place)]
            padded[(slice(None), slice(None), *window)] += each.reshape(*each.shape, *(1 for _ in size))
        cut = [slice(before, before + n) for n, (before, _) in zip(size, padding)]  # noqa: B905
        geometry = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        return padded[(slice(None), slice(None), *cut)], lambda h: sum_pool(h, **geometry)[0]


class counts_always:
    """always counts, and counts window by window"""

    exercise = "10.3"

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        if input.ndim == dims + 1:
            batch = input.unsqueeze(0)
            means = _avg_pool(name, dims, batch, kernel_size, stride, padding, ceil_mode, count_include_pad)
            return means.squeeze(0)
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        return apply(sum_pool, input, **geometry) / Tensor(_counts(input, geometry, count_include_pad))

    def _counts(input, geometry, count_include_pad):
        along = []
        sides = zip(input.shape[-len(geometry["kernel_size"]) :], *geometry.values())  # noqa: B905
        for n, k, s, (before, after), _ in sides:
            low, high = (-before, n + before) if count_include_pad else (0, n)
            starts = range(-before, n + after - k + 1, s)
            along.append([sum(low <= start + o < high for o in range(k)) for start in starts])
        counts = np.array(along[0], input.dtype)
        for more in along[1:]:
            counts = counts[:, np.newaxis] * np.array(more, input.dtype)
        return counts


class with_masks:
    """np.where twice, so that nothing is divided by 0"""

    exercise = "10.4"

    def root(x, *, p):
        zero = x == 0
        safe = np.where(zero, np.ones_like(x), x)
        y = np.where(zero, np.zeros_like(x), safe ** (1 / p))
        return y, lambda g: np.where(zero, np.zeros_like(x), g * safe ** (1 / p - 1) / p)


class through_ones:
    """sums from sum_pool itself"""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if norm_type <= 0:
            raise RuntimeError(f"{name}: norm_type must be above 0")
        if math.isinf(norm_type):
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        geometry = _windows(name, dims, input, kernel_size, stride, 0, 1, ceil_mode)
        return apply(root, apply(sum_pool, input.abs() ** norm_type, **geometry), p=norm_type)


class one_axis_after_the_other:
    """without the short cut for windows of equal size"""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        name = f"adaptive_{kind}_pool{dims}d"
        if not isinstance(output_size, (tuple, list)):
            output_size = [output_size] * dims
        if len(output_size) != dims:
            raise RuntimeError(f"{name} expects {dims} sizes")
        for i, m in enumerate(output_size):
            axis = input.ndim - dims + i
            n = input.shape[axis]
            if m is None:
                continue
            if m < 1:
                raise RuntimeError(f"{name} expects sizes of at least 1")
            parts = []
            for j in range(m):
                a, b = math.floor(j * n / m), math.ceil((j + 1) * n / m)
                index = [slice(None)] * input.ndim
                index[axis] = slice(a, b)
                part = input[tuple(index)]
                parts.append(part.max(axis, keepdim=True).values if kind == "max" else part.mean(axis, keepdim=True))
            input = F.cat(parts, axis)
        return input
