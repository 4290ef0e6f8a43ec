"""Module 10: pooling, from the largest of a window to windows that adapt to their input."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="10.1",
        title="Max pooling",
        functions=("max_pool",),
        points=15,
        minutes=45,
        prompt="""
            A kernel has found an edge. Whether it lies one point to the left or to the right does not matter for
            what the picture shows. So keep the largest number of each window, and drop where it was: half as many
            points in each dimension, and a network that minds small shifts less.

            x is (N, C, *size), the value (N, C, *output_size). The padding is never the largest, whatever x holds.
            On the way back, g goes to the point that was the largest; where several are equal, all of it goes to
            the first, in the order of all_windows. Windows may overlap: a point that is the largest in two gets
            both gradients.

            all_windows, surround, inside, batch_last and batch_first are those of module 09. They work on (C,
            *size, N).
        """,
        hints=(
            "Which number can stand around x and never win, even if all of x is negative?",
            "Pad with -inf. Go through the places of the window and keep the larger with np.maximum. On the way "
            "back, go through them again: who equals the maximum, and has nobody equalled it before?",
            """
            Once y holds the maxima:

                taken = np.zeros(y.shape, bool)
                for _, met in windows:
                    largest = (padded[met] == y) & ~taken
                    taken |= largest
                    dpadded[met] += g * largest

            with g brought to the layout of y by batch_last.
            """,
        ),
        note="""
            Most of the gradient of a max pooling is 0: three points of four in a window of 2 x 2 hear nothing. What
            was not seen is not to blame.
        """,
    ),
    Exercise(
        id="10.2",
        title="Sums of windows",
        functions=("sum_pool", "spread"),
        points=10,
        minutes=30,
        prompt="""
            sum_pool adds up every window, (N, C, *size) -> (N, C, *output_size); zeros stand around x. An average
            is then only a division away.

            spread goes the other way: it adds each number of g to all points of its window, in an array (N, C,
            *size). Each is the way back of the other: `run(spread, g, size=..., kernel_size=..., ...)` and
            `run(sum_pool, h, kernel_size=..., ...)`.
        """,
        hints=(
            "You have written both before, with a kernel in between. What is a convolution whose weights are all 1?",
            "sum_pool adds padded[met] for all places; spread adds g to padded[met] for all places, and cuts off "
            "the border.",
            """
            spread:

                padded_size, within = inside(size, padding)
                padded = np.zeros((g.shape[1], *padded_size, g.shape[0]), g.dtype)
                for _, met in all_windows(size, kernel_size, stride, padding, dilation):
                    padded[met] += batch_last(g)
                return batch_first(padded[within]), ...
            """,
        ),
        note="""
            A sum on the way there is a copy on the way back, and the other way round. It is the same pair as unfold
            and fold, without the memory that unfold takes.
        """,
    ),
    Exercise(
        id="10.3",
        title="What an average counts",
        functions=("_avg_pool", "_counts"),
        points=10,
        minutes=35,
        prompt="""
            The mean of a window is its sum divided by how many points it has. At the border there are several
            answers. With count_include_pad the zeros of the padding count as points; without it, only points of x
            do. And with ceil_mode a last window may reach beyond even the padding: what lies there never counts.

            `_windows(...)` checks what a user gave and returns the geometry (kernel_size, stride, padding,
            dilation) as sum_pool takes it. With ceil_mode its padding after the end is larger than before: that is
            what lies beyond. _avg_pool returns a Tensor; input is one, (N, C, ...) or (C, ...). `apply(sum_pool,
            batch, **geometry)` records the sum. _counts(input, geometry, count_include_pad) returns an array with
            the count of every window.
        """,
        hints=(
            "How could you count the points of every window with a function that you have just written?",
            "The sum over windows of an image of ones is the count. Without count_include_pad, pad the ones with "
            "zeros; with it, put ones where the user's padding is (as wide as before, on both sides), and zeros "
            "beyond.",
            """
            In _counts:

                ones = np.ones((1, 1, *input.shape[-dims:]), input.dtype)
                if count_include_pad:
                    own = [(before, before) for before, _ in geometry["padding"]]
                    ones = np.pad(ones, [(0, 0), (0, 0), *own], constant_values=1)
                    beyond = tuple((0, after - before) for before, after in geometry["padding"])
                    geometry = {**geometry, "padding": beyond}
                return sum_pool(ones, **geometry)[0]
            """,
        ),
        note="""
            A darker frame around every picture is what you see where zeros are counted and nobody meant it. PyTorch
            counts them unless it is told otherwise.
        """,
    ),
    Exercise(
        id="10.4",
        title="Roots",
        functions=("root",),
        points=5,
        minutes=15,
        prompt="""
            root(x, p=p) is x^(1/p), for x that is never negative. Its slope is y / (p x), which is infinite at x =
            0 (for p above 1). There, send back 0: a window of zeros, which is what this is for, should move
            nothing.

            No nan, no inf, and no warning either: do not divide by 0 in the first place.
        """,
        hints=(
            "np.where computes both of its sides. What could you divide by where x is 0?",
            "Add 1 where x is 0. The root of that is 1, so make the value 0 there afterwards.",
            """
            The value:

                positive = x + (x == 0)
                y = positive ** (1 / p) * (x != 0)
            """,
        ),
        note="""
            0 times inf is nan, and one nan in a gradient is, a step later, a nan in every weight. Many a training
            that "suddenly" fails has a root or a norm of zeros in it.
        """,
    ),
    Exercise(
        id="10.5",
        title="Between the mean and the maximum",
        functions=("_lp_pool",),
        points=5,
        minutes=25,
        prompt="""
            (sum |x|^p)^(1/p) over a window: with p = 1 a sum, with p = 2 the length of a vector, with larger p
            nearer and nearer to the largest |x|, which it is at p = inf.

            input is a Tensor, and so is what you return. Powers, absolute values and products are Tensor methods
            and operators; `_avg_pool(name, dims, input, kernel_size, stride, padding, ceil_mode,
            count_include_pad)` gives means of windows, and its padding here is 0; `apply(root, x, p=...)` is the
            root that minds 0; `_max_pool(dims, input, kernel_size, stride, padding, dilation, ceil_mode)` gives
            maxima.

            The name, for errors, is lp_pool1d or lp_pool2d. A norm_type that is not above 0 raises RuntimeError.
        """,
        hints=(
            "You have means of windows. How do you get sums?",
            "A mean times the number of points in the kernel is a sum: `math.prod(sizes(name, 'kernel_size', "
            "kernel_size, dims))` is that number, for a kernel given as one number as well.",
            """
            For p below inf:

                powers = input.abs() ** norm_type
                means = _avg_pool(name, dims, powers, kernel_size, stride, 0, ceil_mode, True)
                return apply(root, means * points, p=norm_type)
            """,
        ),
        note="""
            Sermanet, Chintala and LeCun (2012) read house numbers better with p = 4 than with the mean or the
            maximum. Few use it today; that it took six lines is what composing is for.
        """,
    ),
    Exercise(
        id="10.6",
        title="Windows that adapt",
        functions=("_adaptive",),
        points=10,
        minutes=35,
        prompt="""
            The last layer of a network wants a fixed number of inputs; images come in all sizes. So say how many
            windows there shall be, and let each be as large as it must: of m windows over n points, window i goes
            from i n / m, rounded down, to (i + 1) n / m, rounded up. They may overlap by a point, and none is left
            out.

            kind is "max" or "avg", dims 1 or 2, input a Tensor with `dims` dimensions of space at its end.
            output_size is a number for all dimensions or one for each, where None keeps the size. Return a Tensor.
            A number below 1, or a wrong number of them, raises RuntimeError, whose message begins with
            adaptive_max_pool2d or whatever was called.

            The dimensions can be done one after the other. `F.cat(parts, axis)` joins Tensors; `t.mean(axis,
            keepdim=True)` and `t.max(axis, keepdim=True).values` reduce them.
        """,
        hints=(
            "Try n = 5, m = 3: windows 0-2, 1-4, 3-5 (an end is not reached). Now in whole numbers, without floats?",
            "i * n // m rounds down, -(-(i + 1) * n // m) rounds up. The mean of means is the mean, as long as each "
            "row of a window has as many points as the next; here it has.",
            """
            For each axis of space, with n points and m windows:

                bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
                before = (slice(None),) * axis
                parts = [input[(*before, slice(a, b))].mean(axis, keepdim=True) for a, b in bounds]
                input = F.cat(parts, axis)
            """,
        ),
        note="""
            With output_size 1 this is global average pooling, with which nearly every image network of today ends:
            however large the picture, one number for each channel. `tinytorch milestone images` trains a network
            with your convolution and your pooling.
        """,
    ),
]
