"""Module 09: convolution, from counting windows to a layer that slides over signals and images."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="09.1",
        title="How many windows fit",
        functions=("count_windows",),
        points=5,
        minutes=15,
        prompt="""
            A linear layer gives every point of an image weights of its own. A convolution has one small set of
            weights, the kernel, and lays it over every place. What it finds in one corner, it finds in the other.

            First, count the places. For each dimension of space, `size` has n points; `padding` is a pair, how many
            are added before and after; the window starts every `stride` points; and its own points lie `dilation`
            apart. A window must fit wholly. Each argument is a tuple with an entry for each dimension; return a
            tuple of whole numbers.

            With n = 5, a kernel of 3 and nothing else there are 3 windows, with stride 2 there are 2.
        """,
        hints=(
            "How many points does a window reach over, from its first to its last? Draw 3 points with 2 steps between.",
            "A window spans d (k - 1) + 1 points. The first one starts at 0, the last at most at n + before + after "
            "- span. How many multiples of the stride are there from 0 to that?",
            """
            For one dimension, with p its pair:

                (n + sum(p) - d * (k - 1) - 1) // s + 1

            zip(size, kernel_size, stride, padding, dilation) goes through the dimensions.
            """,
        ),
        note="""
            Three layers with kernels of 3 see 7 points; with stride 2 in each they see 15. This is how a network
            with small kernels comes to see a whole image. The formula is relationship 15 of Dumoulin and Visin's
            guide (2016).
        """,
    ),
    Exercise(
        id="09.2",
        title="A border",
        functions=("surround",),
        points=5,
        minutes=15,
        prompt="""
            Without padding each layer loses a border, and the corners are seen by one window only. So put a border
            of some value around the points: zeros for a convolution, something else for pooling.

            From here on the batch is the last axis: x is (C, *size, N), where *size is one length for a signal and
            two for an image. `padding` holds a pair (before, after) for each dimension of space. Channels and batch
            get no border. The data type stays.
        """,
        hints=(
            "Which axes of x are space? Not the first, and not the last.",
            "The new size is n + before + after in each dimension of space. `inside(size, padding)` gives that "
            "padded size, and the index at which x goes into it.",
            """
            Nearly all of it:

                padded_size, within = inside(x.shape[1:-1], padding)
                padded = np.full((x.shape[0], *padded_size, x.shape[-1]), value, x.dtype)
                padded[within] = ...
            """,
        ),
        note="""
            Zeros look like black to the network, so it can tell where the border is. That is sometimes a help: a
            plain convolution does not know where it is. The batch stands last in memory so that every step that you
            write next moves long rows of numbers at once.
        """,
    ),
    Exercise(
        id="09.3",
        title="What a place in the kernel meets",
        functions=("all_windows",),
        points=10,
        minutes=30,
        prompt="""
            To loop over all windows is slow in Python. Loop over the places in the kernel instead: there are nine
            in a kernel of 3 x 3, and each of them meets one point of every window. All these points together are a
            slice.

            Return a list with a pair for every place (offset) in the kernel, in the order of
            np.ndindex(kernel_size). The first of the pair is the index (slice(None), *offset). The second is the
            index into the padded array (C, *padded size, N) of all that this place meets: slice(None) for the
            channels, then a slice for each dimension of space.

            In a kernel of 2 over 4 points, place 0 meets points 0, 1, 2 and place 1 meets points 1, 2, 3.
        """,
        hints=(
            "Take one dimension. Where is place o of the first window? Of the second? Of the last?",
            "Place o of window i lies at o d + i s. There are n = count_windows(...) windows, so i goes from 0 to n "
            "- 1. A slice has a start, an end that it does not reach, and a step.",
            """
            The slice for one dimension:

                slice(o * d, o * d + (n - 1) * s + 1, s)

            and the list:

                [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]
            """,
        ),
        note="""
            The loop is now as long as the kernel is large, however many images there are. The same shapes come back
            at every step of training, so the answer is kept (lru_cache).
        """,
    ),
    Exercise(
        id="09.4",
        title="Unfold",
        functions=("unfold",),
        points=10,
        minutes=30,
        prompt="""
            Write the window of every output side by side: x (N, C, *size) becomes (C, *kernel_size, *output_size,
            N). Then a convolution is one product of matrices, which computers do best. The windows overlap, so the
            same number is written in several places.

            You have what it takes: batch_last brings x to (C, *size, N), surround pads it with 0, all_windows says
            what each place of the kernel meets.

            The way back of unfold is fold, the next exercise. Call it as `run(fold, g, size=..., kernel_size=...,
            ...)`, with the size of x without its padding.
        """,
        hints=(
            "What shape has padded[met]? And what shape has y[offset]?",
            "y = np.empty((C, *kernel_size, *count, N), x.dtype); each pair of all_windows fills one place of the "
            "kernel, for all windows and the whole batch at once.",
            """
            Nearly all of it:

                padded = surround(batch_last(x), padding, 0.0)
                for offset, met in all_windows(tuple(size), kernel_size, stride, padding, dilation):
                    y[offset] = padded[met]
            """,
        ),
        note="""
            This is im2col, the trick behind the first fast convolutions on CPUs and GPUs. It costs memory: with a
            kernel of 3 x 3 every number is written up to nine times.
        """,
    ),
    Exercise(
        id="09.5",
        title="Fold",
        functions=("fold",),
        points=10,
        minutes=30,
        prompt="""
            Fold takes windows (C, *kernel_size, *output_size, N) and puts each number back where unfold took it, in
            an array (N, C, *size). A point that was in several windows gets the sum of what they bring: it moved
            the loss through each of them.

            Add up in an array that has the padding, start from zeros, and cut the padding off at the end.
            batch_first brings (C, *size, N) to (N, C, *size). The way back of fold is unfold: `run(unfold, h,
            kernel_size=..., ...)`.
        """,
        hints=(
            "It is unfold read backwards. Which of its lines is turned around, and what becomes of = ?",
            "padded[met] += g[offset] for every pair of all_windows. `inside(size, padding)` gives the padded size "
            "and the index of what is not padding.",
            """
            Nearly all of it:

                padded_size, within = inside(size, padding)
                padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
                for offset, met in all_windows(size, kernel_size, stride, padding, dilation):
                    padded[met] += g[offset]
                return batch_first(padded[within]), ...
            """,
        ),
        note="""
            Unfold copies, fold adds. Copying and adding are each other's way back: you saw it with broadcasting and
            sums, with taking and putting back, and here it is again. The way back of a convolution to its input, a
            product with the kernel and then fold, is also used as a layer: the transposed convolution.
        """,
    ),
    Exercise(
        id="09.6",
        title="Convolution",
        functions=("convolution",),
        points=20,
        minutes=60,
        prompt="""
            Every window of x times the weights: x (N, C, *size), weight (out, C / groups, *kernel_size) and perhaps
            a bias (out,) give (N, out, *output_size). The kernel is not flipped. `*bias` holds one array or none.

            Unfold x, make matrices of the columns and the weight, multiply. With groups, the channels are split
            into that many parts, and each part has its own share of the output channels: with 2 groups, the first
            half of the outputs sees only the first half of the inputs.

            Return the value and one function, pullback(g, wanted), which returns a tuple: the gradients of x,
            weight and bias (if there is one), in this order. `wanted` says which of them are needed; you may ignore
            it.
        """,
        hints=(
            "Begin with groups = 1. The columns are (C k, places), the weight is (out, C k), so the value is weight "
            "@ columns. Now look back at `linear` in module 01.",
            "With g as rows (groups, out / groups, places): columns get matrix^T g, which fold brings to the shape "
            "of x; the matrix gets g columns^T; the bias gets the sum of g over all places and the whole batch.",
            """
            The value:

                columns = run(unfold, x, **geometry).reshape((groups, inputs, places))
                matrix = weight.reshape((groups, out // groups, inputs))
                y = (matrix @ columns).reshape((out, *count, batch))

            In pullback:

                rows = batch_last(g).reshape((groups, out // groups, places))
                dcolumns = np.swapaxes(matrix, 1, 2) @ rows
                dweight = (rows @ np.swapaxes(columns, 1, 2)).reshape(weight.shape)
            """,
        ),
        note="""
            The weight's gradient is a sum over all places: everything that the kernel saw anywhere teaches the same
            few numbers. A layer of 32 kernels of 3 x 3 on one channel has 320 parameters, whatever the size of the
            image.
        """,
    ),
    Exercise(
        id="09.7",
        title="Sizes as people give them",
        functions=("sizes", "paddings"),
        points=5,
        minutes=20,
        prompt="""
            People write Conv2d(1, 8, 3), Conv2d(1, 8, (3, 5)), padding=1, padding="same". Turn that into tuples.

            `sizes` returns a tuple of `dims` whole numbers: from one number for all dimensions, a tuple or list of
            one, or one for each. Anything else, and a number below `least`, raises RuntimeError. Its message begins
            with `name`, which is the function that the user called.

            `paddings` returns a pair (before, after) for each dimension. A number is added on both sides. "valid"
            is 0. "same" makes as many windows as there are points: it needs stride 1 (else RuntimeError), and where
            what is needed is odd, the extra point goes behind.
        """,
        hints=(
            'With "same" and stride 1, count_windows must give n. What must before + after be?',
            "The total is d (k - 1), half of it before, rounded down, and the rest after.",
            """
            For "same":

                spans = [d * (k - 1) for k, d in zip(kernel_size, dilation)]
                return tuple((span // 2, span - span // 2) for span in spans)
            """,
        ),
        note="""
            A mistake that is told at once, in the words of the one who made it, costs a minute; one that is told by
            a NumPy call ten frames further down costs an hour.
        """,
    ),
    Exercise(
        id="09.8",
        title="The layer",
        functions=("_Conv.forward",),
        points=5,
        minutes=20,
        prompt="""
            Conv1d and Conv2d share one forward. `_conv(dims, input, weight, bias, stride, padding, dilation,
            groups)` does the work; the layer remembers all of these by name, and self.dims.

            First let check_channels(name, dims, input shape, channels) see to the input, with the name of the
            class, which may be Conv1d or Conv2d.

            The border need not be zeros: self.padding_mode may be "reflect", "replicate" or "circular". Then
            F.pad(input, amounts, mode) makes the border, and the convolution itself adds none. The amounts are
            before and after for the last dimension first, then for the one before it; self._padding has a pair for
            each dimension, in order.
        """,
        hints=(
            "What happens when F.pad has added the border and _conv adds another?",
            "For an image, self._padding is ((top, bottom), (left, right)); F.pad wants [left, right, top, bottom].",
            """
            For the other borders:

                if self.padding_mode != "zeros":
                    amounts = [n for pair in self._padding[::-1] for n in pair]
                    input, padding = F.pad(input, amounts, self.padding_mode), 0
            """,
        ),
        note="""
            That was the last piece. Conv1d and Conv2d now work in any network, beside layers that you wrote before:
            `tinytorch milestone signals` trains one on MNIST-1D, on your own code.
        """,
    ),
]
