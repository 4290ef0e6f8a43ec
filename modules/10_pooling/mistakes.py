"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821 - names of the library's file

import math

import numpy as np

# 10.1 Max pooling


class border_of_zeros:
    """the padding is 0: where all points of a window are negative, 0 wins. Pad with -inf."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = surround(batch_last(x), padding, 0.0)
        y = np.max([padded[places] for places in met], axis=0)

        def way_back(g):
            dx, taken = np.zeros(padded.shape, g.dtype), np.zeros(y.shape, bool)
            for places in met:
                largest = (padded[places] == y) & ~taken
                taken |= largest
                dx[places] += batch_last(g) * largest
            return batch_first(dx[within])

        return batch_first(y), way_back


class all_equals_get_all:
    """every point that equals the maximum gets all of the gradient: of several equal ones only the first does."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = surround(batch_last(x), padding, -np.inf)
        y = np.max([padded[places] for places in met], axis=0)

        def way_back(g):
            dx = np.zeros(padded.shape, g.dtype)
            for places in met:
                dx[places] += batch_last(g) * (padded[places] == y)
            return batch_first(dx[within])

        return batch_first(y), way_back


class shared_among_equals:
    """equal points share the gradient: here the first of them gets all of it."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = surround(batch_last(x), padding, -np.inf)
        y = np.max([padded[places] for places in met], axis=0)
        equals = np.sum([padded[places] == y for places in met], axis=0)

        def way_back(g):
            dx = np.zeros(padded.shape, g.dtype)
            for places in met:
                dx[places] += batch_last(g) * (padded[places] == y) / equals
            return batch_first(dx[within])

        return batch_first(y), way_back


class last_of_equals:
    """of several equal points the last gets the gradient: it goes to the first, so compare with > and not with >=."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = surround(batch_last(x), padding, -np.inf)
        y = np.max([padded[places] for places in met], axis=0)

        def way_back(g):
            dx, taken = np.zeros(padded.shape, g.dtype), np.zeros(y.shape, bool)
            for places in reversed(met):
                largest = (padded[places] == y) & ~taken
                taken |= largest
                dx[places] += batch_last(g) * largest
            return batch_first(dx[within])

        return batch_first(y), way_back


class written_over:
    """where windows overlap, the gradient of one is written over that of another: a point gets the sum of both."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = surround(batch_last(x), padding, -np.inf)
        y = np.max([padded[places] for places in met], axis=0)

        def way_back(g):
            dx, taken = np.zeros(padded.shape, g.dtype), np.zeros(y.shape, bool)
            for places in met:
                largest = (padded[places] == y) & ~taken
                taken |= largest
                dx[places] = np.where(largest, batch_last(g), dx[places])
            return batch_first(dx[within])

        return batch_first(y), way_back


class gradient_for_all:
    """every point of a window gets the gradient: only the largest moves the value."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        padded = surround(batch_last(x), padding, -np.inf)
        y = np.max([padded[places] for places in met], axis=0)
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        return batch_first(y), lambda g: spread(g, size=x.shape[2:], **geometry)[0]


class largest_absolute_value:
    """the largest absolute value is looked for: -3 is smaller than 1."""

    exercise = "10.1"

    def max_pool(x, *, kernel_size, stride, padding, dilation):
        met = [places for _, places in all_windows(x.shape[2:], kernel_size, stride, padding, dilation)]
        _, within = inside(x.shape[2:], padding)
        padded = np.abs(surround(batch_last(x), padding, 0.0))
        y = np.max([padded[places] for places in met], axis=0)

        def way_back(g):
            dx, taken = np.zeros(padded.shape, g.dtype), np.zeros(y.shape, bool)
            for places in met:
                largest = (padded[places] == y) & ~taken
                taken |= largest
                dx[places] += batch_last(g) * largest
            return batch_first(dx[within])

        return batch_first(y), way_back


# 10.2 Sums


class averaged_already:
    """sum_pool divides by the number of points: it is a sum, the division comes later."""

    exercise = "10.2"

    def sum_pool(x, *, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded = surround(batch_last(x), padding, 0.0)
        points = math.prod(kernel_size)
        y = sum(padded[places] for _, places in all_windows(x.shape[2:], **geometry)) / points
        return batch_first(y), lambda g: run(spread, g / points, size=x.shape[2:], **geometry)


class spread_over_what_was:
    """spread writes over what another window has brought: where windows overlap, add."""

    exercise = "10.2"

    def spread(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[1], *padded_size, g.shape[0]), g.dtype)
        for _, places in all_windows(size, **geometry):
            padded[places] = batch_last(g)
        return batch_first(padded[within]), lambda h: run(sum_pool, h, **geometry)


class divided_among_points:
    """spread divides each number among the points of its window: each of them moved the sum by as much as it moved."""

    exercise = "10.2"

    def spread(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[1], *padded_size, g.shape[0]), g.dtype)
        for _, places in all_windows(size, **geometry):
            padded[places] += batch_last(g) / math.prod(kernel_size)
        return batch_first(padded[within]), lambda h: run(sum_pool, h, **geometry) / math.prod(kernel_size)


class border_not_cut:
    """the padding is still around what spread returns: it has the size of x, so cut the border off."""

    exercise = "10.2"

    def spread(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, _ = inside(size, padding)
        padded = np.zeros((g.shape[1], *padded_size, g.shape[0]), g.dtype)
        for _, places in all_windows(size, **geometry):
            padded[places] += batch_last(g)
        return batch_first(padded), lambda h: run(sum_pool, h, **geometry)


class view_added_to:
    """the first place is taken without a copy: the others are then added into the input itself."""

    exercise = "10.2"

    def sum_pool(x, *, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded = surround(batch_last(x), padding, 0.0)
        (_, first), *others = all_windows(x.shape[2:], **geometry)
        y = padded[first]
        for _, places in others:
            y += padded[places]
        return batch_first(y), lambda g: run(spread, g, size=x.shape[2:], **geometry)


class sums_widened:
    """np.zeros makes float64 unless it is told the data type of g."""

    exercise = "10.2"

    def spread(g, *, size, kernel_size, stride, padding, dilation):
        geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        padded_size, within = inside(size, padding)
        padded = np.zeros((g.shape[1], *padded_size, g.shape[0]))
        for _, places in all_windows(size, **geometry):
            padded[places] += batch_last(g)
        return batch_first(padded[within]), lambda h: run(sum_pool, h, **geometry)


# 10.3 Averages


class always_the_kernel:
    """every window is divided by the size of the kernel: at the border it has fewer points than that."""

    exercise = "10.3"

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
        means = apply(sum_pool, batch, **geometry) / math.prod(geometry["kernel_size"])
        return means if batch is input else means.squeeze(0)


class padding_never_counted:
    """the padding is never counted: with count_include_pad, which is the default, its zeros are points as well."""

    exercise = "10.3"

    def _counts(input, geometry, count_include_pad):
        ones = np.ones((1, 1, *input.shape[-len(geometry["kernel_size"]) :]), input.dtype)
        return sum_pool(ones, **geometry)[0]

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
        means = apply(sum_pool, batch, **geometry) / Tensor(_counts(input, geometry, count_include_pad))
        return means if batch is input else means.squeeze(0)


class counted_the_other_way:
    """count_include_pad is taken the other way round: if it is True, the zeros of the padding count."""

    exercise = "10.3"

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
        means = apply(sum_pool, batch, **geometry) / Tensor(_counts(input, geometry, not count_include_pad))
        return means if batch is input else means.squeeze(0)


class what_lies_beyond_counts:
    """all that a last window reaches counts: what lies beyond the user's padding never does."""

    exercise = "10.3"

    def _counts(input, geometry, count_include_pad):
        ones = np.ones((1, 1, *input.shape[-len(geometry["kernel_size"]) :]), input.dtype)
        if count_include_pad:
            ones = np.pad(ones, [(0, 0), (0, 0), *geometry["padding"]], constant_values=1)
            geometry = {**geometry, "padding": tuple((0, 0) for _ in geometry["padding"])}
        return sum_pool(ones, **geometry)[0]


class not_divided:
    """the sum of the window is not divided: a mean is the sum divided by the number of points."""

    exercise = "10.3"

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
        sums = apply(sum_pool, batch, **geometry)
        return sums if batch is input else sums.squeeze(0)


class batch_of_one_kept:
    """an input without a batch comes back with one: (C, L) gives (C, L_out)."""

    exercise = "10.3"

    def _avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode, count_include_pad):
        geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
        batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
        return apply(sum_pool, batch, **geometry) / Tensor(_counts(input, geometry, count_include_pad))


# 10.4 Roots


class infinite_slope:
    """the slope is taken at 0 as it is: 1 / 0 is inf, and 0 times inf is nan. There it should be 0."""

    exercise = "10.4"

    def root(x, *, p):
        y = x ** (1 / p)
        return y, lambda g: g * y / (p * x)


class power_for_root:
    """x is raised to the power p: its root is x^(1/p)."""

    exercise = "10.4"

    def root(x, *, p):
        return x**p, lambda g: g * p * x ** (p - 1)


class root_without_p:
    """the factor 1/p is missing from the slope: the power rule brings the exponent down."""

    exercise = "10.4"

    def root(x, *, p):
        positive = x + (x == 0)
        y = positive ** (1 / p) * (x != 0)
        return y, lambda g: g * y / positive


class square_root_always:
    """the root is always the square root: it is the p-th."""

    exercise = "10.4"

    def root(x, *, p):
        y = np.sqrt(x)
        return y, lambda g: np.where(x == 0, 0, g / (2 * np.where(x == 0, 1, y)))


class root_of_zero_is_one:
    """the value at 0 is 1: where a 1 was put in for 0, the value must become 0 again."""

    exercise = "10.4"

    def root(x, *, p):
        positive = np.where(x == 0, 1, x)
        y = positive ** (1 / p)
        return y, lambda g: np.where(x == 0, 0, g * y / (p * positive))


# 10.5 Norms


class mean_for_sum:
    """the mean of the powers is taken: (sum |x|^p)^(1/p) has their sum, so multiply by the number of points."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        if norm_type == math.inf:
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        means = _avg_pool(name, dims, input.abs() ** norm_type, kernel_size, stride, 0, ceil_mode, True)
        return apply(root, means, p=norm_type)


class signs_kept:
    """the absolute value is forgotten: with p = 3, negative numbers would be subtracted."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        if norm_type == math.inf:
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        means = _avg_pool(name, dims, input**norm_type, kernel_size, stride, 0, ceil_mode, True)
        return apply(root, means * math.prod(sizes(name, "kernel_size", kernel_size, dims)), p=norm_type)


class root_forgotten:
    """the root is forgotten: the sum of the powers is raised to 1/p at the end."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        if norm_type == math.inf:
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        means = _avg_pool(name, dims, input.abs() ** norm_type, kernel_size, stride, 0, ceil_mode, True)
        return means * math.prod(sizes(name, "kernel_size", kernel_size, dims))


class infinity_as_a_power:
    """p = inf is computed like any other p: x^inf is inf or 0. It is the largest |x|, a case of its own."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        means = _avg_pool(name, dims, input.abs() ** norm_type, kernel_size, stride, 0, ceil_mode, True)
        return apply(root, means * math.prod(sizes(name, "kernel_size", kernel_size, dims)), p=norm_type)


class side_for_points:
    """the mean is multiplied by the side of the kernel: a kernel of 3 over an image has 9 points."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        if norm_type == math.inf:
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        means = _avg_pool(name, dims, input.abs() ** norm_type, kernel_size, stride, 0, ceil_mode, True)
        return apply(root, means * sizes(name, "kernel_size", kernel_size, dims)[0], p=norm_type)


class plain_power:
    """the root is taken as ** (1 / p): at a window of zeros its slope is infinite. `root` sends back 0 there."""

    exercise = "10.5"

    def _lp_pool(dims, input, norm_type, kernel_size, stride, ceil_mode):
        name = f"lp_pool{dims}d"
        if not norm_type > 0:
            raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
        if norm_type == math.inf:
            return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        means = _avg_pool(name, dims, input.abs() ** norm_type, kernel_size, stride, 0, ceil_mode, True)
        return (means * math.prod(sizes(name, "kernel_size", kernel_size, dims))) ** (1 / norm_type)


# 10.6 Windows that adapt


class ends_rounded_down:
    """the ends are rounded down: they are rounded up, so that no window is empty and none too short."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = _wanted_sizes(kind, dims, input, output_size)
        return _reduced(kind, dims, input, wanted, lambda i, n, m: (i * n // m, max((i + 1) * n // m, i * n // m + 1)))

    def _wanted_sizes(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
            raise RuntimeError(f"adaptive_{kind}_pool{dims}d expects {dims} output sizes, got {output_size}")
        return [n if m is None else m for n, m in zip(input.shape[-dims:], wanted, strict=True)]

    def _reduced(kind, dims, input, wanted, bounds):
        for axis, m in zip(range(input.ndim - dims, input.ndim), wanted, strict=True):
            parts = []
            for i in range(m):
                a, b = bounds(i, input.shape[axis], m)
                part = input[(slice(None),) * axis + (slice(a, b),)]
                reduced = part.max(axis, keepdim=True).values if kind == "max" else part.mean(axis, keepdim=True)
                parts.append(reduced)
            input = F.cat(parts, axis)
        return input


class equal_blocks:
    """all windows are n // m points long: what is left over at the end is never looked at."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
            raise RuntimeError(f"adaptive_{kind}_pool{dims}d expects {dims} output sizes, got {output_size}")
        wanted = [n if m is None else m for n, m in zip(input.shape[-dims:], wanted, strict=True)]
        for axis, m in zip(range(input.ndim - dims, input.ndim), wanted, strict=True):
            length = max(input.shape[axis] // m, 1)
            starts = [min(i * length, input.shape[axis] - 1) for i in range(m)]
            slices = [input[(slice(None),) * axis + (slice(a, a + length),)] for a in starts]
            if kind == "max":
                input = F.cat([part.max(axis, keepdim=True).values for part in slices], axis)
            else:
                input = F.cat([part.mean(axis, keepdim=True) for part in slices], axis)
        return input


class rest_to_the_last:
    """the last window gets all that is left over: the windows should be as even as they can be."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
            raise RuntimeError(f"adaptive_{kind}_pool{dims}d expects {dims} output sizes, got {output_size}")
        wanted = [n if m is None else m for n, m in zip(input.shape[-dims:], wanted, strict=True)]
        for axis, m in zip(range(input.ndim - dims, input.ndim), wanted, strict=True):
            n = input.shape[axis]
            length = max(n // m, 1)
            bounds = [(min(i * length, n - 1), n if i == m - 1 else min(i * length, n - 1) + length) for i in range(m)]
            slices = [input[(slice(None),) * axis + (slice(a, b),)] for a, b in bounds]
            if kind == "max":
                input = F.cat([part.max(axis, keepdim=True).values for part in slices], axis)
            else:
                input = F.cat([part.mean(axis, keepdim=True) for part in slices], axis)
        return input


class always_the_mean:
    """the mean is taken whatever the kind: "max" asks for the largest."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
            raise RuntimeError(f"adaptive_{kind}_pool{dims}d expects {dims} output sizes, got {output_size}")
        wanted = [n if m is None else m for n, m in zip(input.shape[-dims:], wanted, strict=True)]
        for axis, m in zip(range(input.ndim - dims, input.ndim), wanted, strict=True):
            n = input.shape[axis]
            bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            slices = [input[(slice(None),) * axis + (slice(a, b),)] for a, b in bounds]
            input = F.cat([part.mean(axis, keepdim=True) for part in slices], axis)
        return input


class axes_exchanged:
    """the output sizes are given to the wrong axes: the first is the height, the second the width."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
            raise RuntimeError(f"adaptive_{kind}_pool{dims}d expects {dims} output sizes, got {output_size}")
        for axis, m in zip(reversed(range(input.ndim - dims, input.ndim)), wanted, strict=True):
            n = input.shape[axis]
            m = n if m is None else m
            bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            slices = [input[(slice(None),) * axis + (slice(a, b),)] for a, b in bounds]
            if kind == "max":
                input = F.cat([part.max(axis, keepdim=True).values for part in slices], axis)
            else:
                input = F.cat([part.mean(axis, keepdim=True) for part in slices], axis)
        return input


class zero_sizes_taken:
    """a size of 0 is not refused: a RuntimeError tells the user, in the name of what they called."""

    exercise = "10.6"

    def _adaptive(kind, dims, input, output_size):
        wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
        for axis, m in zip(range(input.ndim - dims, input.ndim), wanted, strict=True):
            n = input.shape[axis]
            m = n if m is None else m
            bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            slices = [input[(slice(None),) * axis + (slice(a, b),)] for a, b in bounds]
            if kind == "max":
                input = F.cat([part.max(axis, keepdim=True).values for part in slices], axis)
            else:
                input = F.cat([part.mean(axis, keepdim=True) for part in slices], axis)
        return input
