"""Module 05: losses, the one number that training makes small."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="05.1",
        title="Distances",
        functions=("_reduce", "mse_loss", "l1_loss"),
        points=5,
        minutes=20,
        prompt="""
            How far is the answer from the target? mse_loss squares the difference of every element, l1_loss takes its
            absolute value.

            `_reduce` then makes one number of many: their mean for "mean", their sum for "sum", and for "none" it leaves
            them as they are.

            Shapes must be the same. An answer of shape (5, 1) and a target of shape (5,) would broadcast to (5, 5), and
            compare every answer with every target. `_check_shapes(name, input, target)` raises ValueError then.
        """,
        hints=(
            "Everything you need is a method of Tensors: abs, square, mean, sum.",
            "Three lines each: check the shapes, make a loss for each element, reduce it.",
            """
            For l1_loss:

                _check_shapes("l1_loss", input, target)
                return _reduce((input - target).abs(), reduction)
            """,
        ),
        note="""
            The gradient of a square grows with the error, that of an absolute value does not: mse_loss minds one large
            error more than many small ones, l1_loss minds them alike. One target with a misplaced decimal point can ruin a
            fit by mse_loss.
        """,
    ),
    Exercise(
        id="05.2",
        title="Labels that make sense",
        functions=("_checked_labels",),
        points=5,
        minutes=20,
        prompt="""
            Of all inputs, labels are wrong most often. A label -1 takes NumPy to the last class without a word, and the
            network learns nonsense. So look before you index.

            The logits `input` have one axis of classes, `class_axis(input)`. The labels `target` must be integers, in the
            shape of the input without that axis: else raise ValueError. Each must be from 0 to C - 1, where C is the
            number of classes, or be equal to ignore_index: else raise IndexError. Return the labels as an array.

            `name` is the loss that was called. Say in your errors what was expected and what came.
        """,
        hints=(
            "For logits of shape (8, 10, 5), ten classes: which shape do the labels have?",
            'input.shape[:axis] + input.shape[axis + 1 :] is the shape expected; target.dtype.kind is "i" or "u" for '
            "integers.",
            """
            The labels that are out of range:

                outside = (labels != ignore_index) & ((labels < 0) | (labels >= classes))
            """,
        ),
        note="""
            It costs a few microseconds in each step, and saves the afternoon in which somebody counts classes from 1.
        """,
    ),
    Exercise(
        id="05.3",
        title="What each class should get",
        functions=("target_weights",),
        points=10,
        minutes=40,
        prompt="""
            Cross-entropy multiplies log-probabilities by weights q, in the shape of the logits `input`, and adds up. Make
            these q, and the total that a mean divides by.

            For labels, q is 1 at the label and 0 elsewhere. label_smoothing s mixes that with an even share for all C
            classes: (1 - s) q + s / C. The weight of each class (C,), if given, multiplies q along the classes. An example
            whose label is ignore_index has q = 0. total is the sum, over the examples that count, of the weight of their
            label's class: just their number if there is no weight.

            The target may also be probabilities in the shape of the input: they are smoothed and weighted in the same way,
            and total is the number of examples.

            `_checked_labels(name, input, target, ignore_index)` gives the labels as an array; q is an array in the data
            type of the input.
        """,
        hints=(
            "First for logits (N, C). Which places are written to, one in each row?",
            "With more axes, (N, C, L): make q with the classes last, (N, L, C), then np.moveaxis(q, -1, axis) puts them "
            "where they belong. A label that is ignored may be out of range: replace it by 0 before you index.",
            """
            With flat labels and counted (1.0 where the label counts, else 0.0):

                q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
                q[np.arange(flat.size), flat] += 1 - label_smoothing
                q *= per_class * counted[:, None]
                total = float((per_class[flat] * counted).sum())
            """,
        ),
        note="""
            Weights help where one class is rare: 99 % right is easy if 99 % of the examples are of one class. Smoothing
            keeps a network from being certain: without it, logits grow for ever.
        """,
    ),
    Exercise(
        id="05.4",
        title="Negative log-likelihood",
        functions=("nll_loss",),
        points=5,
        minutes=20,
        prompt="""
            The input holds log-probabilities (N, C). The loss of an example is minus that of its label, times the weight
            of the label's class: how surprised the network is by the truth.

            `q, total = target_weights("nll_loss", input, target, weight, ignore_index)` does most of it: q is in the shape
            of the input, with the weight of the class at the label, and 0 elsewhere. "mean" divides the sum by the total,
            so that what is ignored does not count.
        """,
        hints=(
            "The classes are along class_axis(input). What is left of a row after it is multiplied by q?",
            "The loss of each example is -(input * q).sum(axis).",
            """
            All of it, but for "none":

                loss = -(input * q).sum(class_axis(input))
                return loss.sum() / total if reduction == "mean" else loss.sum()
            """,
        ),
        note="""
            Sentences differ in length, and are filled up to the longest. ignore_index is how the filling is kept out of
            the loss, and dividing by the number of rows would make short sentences count less.
        """,
    ),
    Exercise(
        id="05.5",
        title="Cross-entropy",
        functions=("cross_entropy",),
        points=10,
        minutes=40,
        prompt="""
            The loss of nearly every classifier: from logits, minus the log-probability of the right class. It is nll_loss
            of log_softmax, but the target may also be probabilities, and labels may be smoothed: target_weights gives q
            and total for all of these.

            Logits are (N, C), (C,) for a single example, or (N, C, ...): the classes are along class_axis(input).
            Reductions are as before.

            Logits may be in the thousands. The logarithm of a softmax that was rounded to 0 is -inf; log_softmax, a method
            of Tensors, never is.
        """,
        hints=(
            "Are the classes always along the last axis? Is a mean always over all examples?",
            "The loss of each example is -(log_p * q).sum(axis), where log_p = input.log_softmax(axis).",
            """
            The beginning:

                axis = class_axis(input)
                q, total = target_weights(
                    "cross_entropy", input, target, weight, ignore_index, label_smoothing
                )
                losses = -(input.log_softmax(axis) * q).sum(axis)
            """,
        ),
        note="""
            An untrained network gives all C classes about the same probability, so its loss is about log(C): 2.3 for ten
            classes. If the first loss that you see is far from it, look at the first weights or the labels.
        """,
    ),
    Exercise(
        id="05.6",
        title="Yes or no",
        functions=("binary_cross_entropy_with_logits",),
        points=10,
        minutes=30,
        prompt="""
            For questions that are answered by yes or no, each on its own, a logit x and a target t in [0, 1] have the loss

                -t log(p) - (1 - t) log(1 - p)     with p = sigmoid(x)

            which must hold for logits in the thousands, where p is rounded to 0 or 1. `F.softplus(x)` is log(1 + exp(x)),
            without overflow; F.logsigmoid(x) is log(sigmoid(x)).

            pos_weight multiplies the part with t alone, so that a yes that was missed costs more than a false alarm;
            weight multiplies the whole loss of each element. Then comes the reduction. Shapes must be the same:
            `_check_shapes` sees to that.
        """,
        hints=(
            "1 - sigmoid(x) is the sigmoid of something. Of what?",
            "log(p) = -softplus(-x), and log(1 - p) = -softplus(x).",
            """
            The loss of each element, without weights:

                target * F.softplus(-input) + (1 - target) * F.softplus(input)
            """,
        ),
        note="""
            Ten classes and a softmax answer one question: which of these? Ten logits and this loss answer ten: is there a
            dog, is there a cat? Its gradient is again the simplest there is, p - t.
        """,
    ),
]
