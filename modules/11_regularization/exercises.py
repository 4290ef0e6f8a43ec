"""Module 11: dropout, which hides parts of a signal while training, and norms, which keep its scale."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="11.1",
        title="Dropout",
        functions=("_dropout",),
        points=10,
        minutes=30,
        prompt="""
            A network with more weights than examples can learn them by heart. Dropout spoils that: while training,
            each number is set to 0 with probability p, drawn anew at every call, so no unit can rely on another
            being there. What is kept becomes 1 / (1 - p) times as large, so that on average the layer after it sees
            the same signal. When not training, the input passes as it is.

            The random numbers come from `default_generator.numpy.random(shape, dtype=np.float32)`, uniform between
            0 and 1, so that manual_seed makes a run repeatable. mask_shape is the shape of the mask: that of the
            input, or one that broadcasts to it. The mask is a constant: input * mask is a Tensor, and its gradient
            takes care of itself.

            With p = 1 all is 0, and nothing nan. `_check_probability("dropout", p)` refuses what is no probability.
            While training, integers raise RuntimeError. With inplace, change the input itself with
            input.mul_(mask).
        """,
        hints=(
            "How often is a number that is uniform between 0 and 1 below p?",
            "kept = random >= p is True with probability 1 - p. As numbers, divided by 1 - p, it is the mask; at p "
            "= 1 you must not divide by 0.",
            """
            The beginning:

                if not training or p == 0:
                    return input
                kept = default_generator.numpy.random(mask_shape, dtype=np.float32) >= p
                mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
            """,
        ),
        note="""
            Every step trains another network, with p = 0.5 thinner by half, and all of them share their weights. Using the whole
            network afterwards is like asking all of them at once. Scaling while training, not afterwards, keeps the
            layer out of the way of whoever uses the network.
        """,
    ),
    Exercise(
        id="11.2",
        title="Whole channels",
        functions=("_dropout_channels",),
        points=5,
        minutes=15,
        prompt="""
            In a picture, a point that is hidden can be guessed from its neighbours, so hiding single points teaches
            little. Hide whole channels: each channel of each example is either all 0 or all kept.

            `dims` is how many dimensions of space there are. The input is (N, C, *size), or (C, *size) without a
            batch; anything else raises RuntimeError, whose message begins with `name`. You need nothing but the
            right mask_shape for `_dropout(input, mask_shape, p, training, inplace)`.
        """,
        hints=(
            "Which shape broadcasts to (N, C, H, W) and has one number for each channel of each example?",
            "(N, C, 1, 1) for images. Count from the end, and (C, H, W) works as well.",
            "The shape is input.shape[:-dims] + (1,) * dims.",
        ),
        note="""
            Broadcasting did the work: a mask of N C numbers hid N C H W. PyTorch calls these Dropout1d and
            Dropout2d.
        """,
    ),
    Exercise(
        id="11.3",
        title="Mean and variance",
        functions=("moments",),
        points=5,
        minutes=15,
        prompt="""
            Norms begin with two numbers: the mean, and the variance, which is the mean of the squared distances
            from the mean. Divide by the number of elements, n, not by n - 1. Both are taken over `axes` of an array
            x, which stay with length 1, so that they broadcast against x.

            In float32 a variance can be lost to rounding. Keep it even where the mean is a thousand times larger
            than the spread.
        """,
        hints=(
            "The mean of x^2 minus the mean squared is right on paper. What is 1000000.25 - 1000000 in float32?",
            "Subtract the mean first, then square, then take the mean.",
            """
            The beginning:

                mean = x.mean(axes, keepdims=True)
                centred = x - mean
            """,
        ),
        note="""
            float32 holds seven digits. x^2 used them all up for the mean, and nothing was left for the spread. That
            kind of loss makes no noise: no inf, no nan, only a network that trains worse.
        """,
    ),
    Exercise(
        id="11.4",
        title="Batch norm",
        functions=("batch_norm",),
        points=15,
        minutes=50,
        prompt="""
            As a network learns, the scale of each layer's input drifts, and the layer above learns to follow it.
            Batch norm takes the drift out: for each channel of (N, C, ...), over the whole batch and all places,
            subtract the mean and divide by sqrt(variance + eps). Then times weight (C,), plus bias (C,): the
            network may choose its scale itself. Either may be None.

            While training, use the statistics of the batch, and move running_mean and running_var (Tensors, changed
            in place, if not None) towards them by `momentum`: running = (1 - momentum) running + momentum now.
            There the variance is without bias, divided by n - 1. When not training, use the running ones and change
            nothing.

            `apply(ops.batch_norm, input, scale, shift, mean=mean, std=std)` computes and records the training case,
            with the gradient through mean and std; mean and std are arrays (1, C, 1, ...), as moments gives them. A
            training batch with one value for each channel raises ValueError. No running statistics when not
            training raises RuntimeError, and so do shapes that do not fit (`_check_shapes`).
        """,
        hints=(
            "Over which axes is the mean of (N, C, H, W) taken, so that C numbers are left? How many numbers went "
            "into each?",
            "All axes but 1; n = input.numel() / C. The batch's own variance has n below it, the running one n - 1: "
            "var * n / (n - 1).",
            """
                mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
                unbiased = var * (n / (n - 1))
                running_mean.array += momentum * (mean.reshape(-1) - running_mean.array)
                mark_changed(running_mean.array)

            and the same for running_var with unbiased. Without a weight, np.ones(C, input.dtype) serves.
            """,
        ),
        note="""
            An example's output depends on who else is in its batch. That is a noise that helps while training, and
            a trap afterwards: forget model.eval(), and a single picture is judged by itself alone.
        """,
    ),
    Exercise(
        id="11.5",
        title="Layer norm",
        functions=("layer_norm",),
        points=10,
        minutes=30,
        prompt="""
            The same for each example on its own: the mean and variance over its last dimensions, as many as
            normalized_shape has. No batch is involved, so training and using are alike, and nothing is remembered.

            weight and bias have the shape normalized_shape, and either may be None. `apply(ops.layer_norm, input,
            scale, shift, mean=mean, std=std)` computes and records; mean and std come from `moments`. An input that
            does not end in normalized_shape raises RuntimeError, as do a weight or bias of another shape
            (`_check_shapes`).
        """,
        hints=(
            "normalized_shape (4, 5) of an input (N, T, 4, 5): which axes is that, counted from the end?",
            "The axes are -1, -2, ... as many as normalized_shape has dimensions: tuple(range(-len(features), 0)).",
            """
            Nearly all of it:

                features = tuple(normalized_shape)
                mean, var = moments(input.array, tuple(range(-len(features), 0)))
                scale = np.ones(features, input.dtype) if weight is None else weight
                return apply(ops.layer_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))
            """,
        ),
        note="""
            In sentences of different lengths, and in batches of one, there is no batch to speak of. Recurrent
            networks and transformers use layer norm.
        """,
    ),
    Exercise(
        id="11.6",
        title="The layer that remembers",
        functions=("_BatchNorm.forward",),
        points=10,
        minutes=25,
        prompt="""
            BatchNorm1d and BatchNorm2d keep weight, bias, running_mean and running_var, and share this forward. It
            decides which statistics count, and calls batch_norm.

            While training (self.training) the batch's do, and the running ones move by self.momentum. With momentum
            None they shall be the mean of all batches so far: the k-th batch moves them by 1 / k.
            num_batches_tracked counts the training batches. With track_running_stats False there are none of these
            (they are None), and the batch's statistics count always, training or not.

            First, look at the input: as many dimensions as self.dims allows (else ValueError), and
            self.num_features channels (else RuntimeError); the message names the class.
        """,
        hints=(
            "batch_norm's `training` means: use the batch. When is that, in terms of self.training and "
            "self.track_running_stats?",
            "training = self.training or not self.track_running_stats. Count before you divide: the first batch "
            "moves by 1/1.",
            """
                momentum = self.momentum
                if self.training and self.track_running_stats:
                    self.num_batches_tracked.array += 1
                    if momentum is None:
                        momentum = 1 / self.num_batches_tracked.item()

            then batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, ..., momentum or
            0.0, self.eps).
            """,
        ),
        note="""
            Running statistics are state, but no parameters: no gradient reaches them, yet they must be saved with
            the network. That is what buffers are for. `tinytorch milestone few` now trains on ten images of each
            digit.
        """,
    ),
]
