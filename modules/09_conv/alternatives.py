"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821 - names of the library's file

import numpy as np


class counted_one_by_one:
    """moves a window along until it no longer fits"""

    exercise = "09.1"

    def count_windows(size, kernel_size, stride, padding, dilation):
        counts = []
        for n, k, s, (before, after), d in zip(size, kernel_size, stride, padding, dilation):  # noqa: B905
            start, count = 0, 0
            while start + (k - 1) * d < before + n + after:
                start += s
                count += 1
            counts.append(count)
        return tuple(counts)


class with_pad:
    """np.pad does it"""

    exercise = "09.2"

    def surround(x, padding, value):
        return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


class slices_that_reach_further:
    """the end of each slice is n steps on, where nothing more is met"""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)
        pairs = []
        for offset in np.ndindex(*kernel_size):
            met = [slice(None)]
            for o, n, s, d in zip(offset, count, stride, dilation):  # noqa: B905
                met.append(slice(o * d, o * d + n * s, s))
            pairs.append(((slice(None), *offset), tuple(met)))
        return pairs


class lists_of_places:
    """arrays of indices in the place of slices"""

    exercise = "09.3"

    def all_windows(size, kernel_size, stride, padding, dilation):
        count = count_windows(size, kernel_size, stride, padding, dilation)
        pairs = []
        for offset in np.ndindex(*kernel_size):
            places = [np.arange(n) * s + o * d for o, n, s, d in zip(offset, count, stride, dilation)]  # noqa: B905
            pairs.append(((slice(None), *offset), (slice(None), *np.ix_(*places))))
        return pairs


class window_by_window:
    """a loop over every place of the output"""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        batch, channels, *size = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), *padding))
        count = count_windows(tuple(size), kernel_size, stride, padding, dilation)
        y = np.zeros((channels, *kernel_size, *count, batch), x.dtype)
        for place in np.ndindex(*count):
            for offset in np.ndindex(*kernel_size):
                point = tuple(i * s + o * d for i, s, o, d in zip(place, stride, offset, dilation))  # noqa: B905
                y[(slice(None), *offset, *place)] = padded[(slice(None), slice(None), *point)].T

        def way_back(g):
            return run(
                fold, g, size=tuple(size), kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
            )

        return y, way_back


class sliding_window_view:
    """NumPy's own view of all windows"""

    exercise = "09.4"

    def unfold(x, *, kernel_size, stride, padding, dilation):
        size, dims = x.shape[2:], x.ndim - 2
        padded = np.pad(x, ((0, 0), (0, 0), *padding))
        spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel_size, dilation))  # noqa: B905
        windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=tuple(range(2, 2 + dims)))
        steps = tuple(slice(None, None, s) for s in (*stride, *dilation))
        windows = windows[(slice(None), slice(None), *steps)]  # (N, C, *count, *kernel_size)
        y = windows.transpose(1, *range(2 + dims, 2 + 2 * dims), *range(2, 2 + dims), 0)
        geometry = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        return np.array(y), lambda g: run(fold, g, size=size, **geometry)


class added_point_by_point:
    """a loop over every place of the output"""

    exercise = "09.5"

    def fold(g, *, size, kernel_size, stride, padding, dilation):
        channels, batch = g.shape[0], g.shape[-1]
        padded = np.zeros((batch, channels, *(n + sum(p) for n, p in zip(size, padding))), g.dtype)  # noqa: B905
        for place in np.ndindex(*g.shape[1 + len(size) : -1]):
            for offset in np.ndindex(*kernel_size):
                point = tuple(i * s + o * d for i, s, o, d in zip(place, stride, offset, dilation))  # noqa: B905
                padded[(slice(None), slice(None), *point)] += g[(slice(None), *offset, *place)].T
        cut = tuple(slice(before, before + n) for n, (before, _) in zip(size, padding))  # noqa: B905
        geometry = dict(kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        return padded[(slice(None), slice(None), *cut)], lambda h: run(unfold, h, **geometry)


class loops:
    """loops over examples, outputs and places, and a function for each input"""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, each, *kernel_size = weight.shape
        padded = np.pad(x, ((0, 0), (0, 0), *padding))
        count = count_windows(tuple(size), tuple(kernel_size), stride, padding, dilation)

        def visits():
            for o in range(out):
                group = o // (out // groups)
                seen = slice(group * each, (group + 1) * each)
                for place in np.ndindex(*count):
                    starts = [i * s for i, s in zip(place, stride)]  # noqa: B905
                    spans = [
                        slice(a, a + (k - 1) * d + 1, d)
                        for a, k, d in zip(starts, kernel_size, dilation)  # noqa: B905
                    ]
                    yield o, place, (seen, *spans)

        y = np.zeros((batch, out, *count), x.dtype)
        for n in range(batch):
            for o, place, window in visits():
                y[(n, o, *place)] = np.sum(padded[(n, *window)] * weight[o]) + (bias[0][o] if bias else 0)

        def to_x(g):
            dpadded = np.zeros_like(padded)
            for n in range(batch):
                for o, place, window in visits():
                    dpadded[(n, *window)] += g[(n, o, *place)] * weight[o]
            cut = [slice(before, before + m) for m, (before, _) in zip(size, padding)]  # noqa: B905
            return dpadded[(slice(None), slice(None), *cut)]

        def to_weight(g):
            dweight = np.zeros_like(weight)
            for n in range(batch):
                for o, place, window in visits():
                    dweight[o] += g[(n, o, *place)] * padded[(n, *window)]
            return dweight

        def to_bias(g):
            return np.sum(g, axis=(0, *range(2, g.ndim)))

        return (y, to_x, to_weight, to_bias) if bias else (y, to_x, to_weight)


class kernel_offsets:
    """a loop over the places in the kernel, and einsum"""

    exercise = "09.6"

    def convolution(x, weight, *bias, stride, padding, dilation, groups):
        batch, channels, *size = x.shape
        out, each, *kernel_size = weight.shape
        padded = np.pad(x, ((0, 0), (0, 0), *padding)).reshape(
            batch,
            groups,
            each,
            *(n + sum(p) for n, p in zip(size, padding)),  # noqa: B905
        )
        count = count_windows(tuple(size), tuple(kernel_size), stride, padding, dilation)
        matrix = weight.reshape(groups, out // groups, each, *kernel_size)
        y = np.zeros((batch, groups, out // groups, *count), x.dtype)
        pairs = all_windows(tuple(size), tuple(kernel_size), stride, padding, dilation)
        for (_, *offset), (_, *met) in pairs:
            y += np.einsum("ngc...,goc->ngo...", padded[(..., *met)], matrix[(..., *offset)])
        y = y.reshape(batch, out, *count)
        if bias:
            y = y + bias[0].reshape(-1, *(1 for _ in count))

        def pullback(g, wanted):
            g = g.reshape(batch, groups, out // groups, *count)
            dpadded, dweight = np.zeros_like(padded), np.zeros_like(matrix)
            for (_, *offset), (_, *met) in pairs:
                dpadded[(..., *met)] += np.einsum("ngo...,goc->ngc...", g, matrix[(..., *offset)])
                product = g[:, :, :, np.newaxis] * padded[(..., *met)][:, :, np.newaxis]
                dweight[(..., *offset)] = np.sum(product, axis=(0, *range(4, product.ndim)))
            cut = [slice(before, before + n) for n, (before, _) in zip(size, padding)]  # noqa: B905
            dx = dpadded.reshape(batch, channels, *dpadded.shape[3:])[(..., *cut)]
            gradients = (dx, dweight.reshape(weight.shape))
            if not bias:
                return gradients
            return *gradients, np.sum(g, axis=(0, *range(3, g.ndim))).reshape(out)

        return y, pullback


class step_by_step:
    """one question after the other"""

    exercise = "09.7"

    def sizes(name, what, given, dims, least=1):
        if isinstance(given, (int, np.integer)):
            given = [given] * dims
        if not isinstance(given, (tuple, list)):
            raise RuntimeError(f"{name} got a {what} that is no number: {given!r}")
        if len(given) == 1:
            given = list(given) * dims
        if len(given) != dims:
            raise RuntimeError(f"{name} got {len(given)} numbers for its {what}, expected {dims}")
        for n in given:
            if not isinstance(n, (int, np.integer)):
                raise RuntimeError(f"{name} got a {what} that is not whole: {n!r}")
            if n < least:
                raise RuntimeError(f"{name} got a {what} below {least}")
        return tuple(given)


class by_hand:
    """F.pad for every mode"""

    exercise = "09.8"

    class _Conv:
        def forward(self, input):
            check_channels(self.__class__.__name__, self.dims, input.shape, self.in_channels)
            if self.padding_mode == "zeros":
                return _conv(
                    self.dims, input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
                )
            amounts = []
            for before, after in reversed(self._padding):
                amounts.append(before)
                amounts.append(after)
            wider = F.pad(input, amounts, mode=self.padding_mode)
            return _conv(self.dims, wider, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)
