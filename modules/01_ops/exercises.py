"""Module 01: the derivatives of single operations, on plain arrays."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="01.1",
        title="Arithmetic",
        functions=("add", "sub", "mul", "div", "neg"),
        points=5,
        minutes=20,
        prompt="""
            Everything a network learns, it learns from slopes: how much the loss changes when a number is moved a little.
            A rule computes a value and knows the way back: for each input, a function that takes g, the gradient of the
            loss with respect to the value, and returns the gradient with respect to that input.

            So `neg` returns two things, -x and a function of g; `mul` returns three, a b and a function for each factor.
            Shapes may differ (NumPy broadcasts); whoever calls a rule sees to that, so do not mind it here.
        """,
        hints=(
            "Move one input a little and hold the other fixed. By how much does the value move? Multiply that by g.",
            "The slopes: a + b has 1 and 1; a - b has 1 and -1; a b has b for a, and a for b; a / b has 1 / b for a and "
            "-a / b^2 for b.",
            """
            One rule, whole:

                def mul(a, b):
                    return a * b, lambda g: g * b, lambda g: g * a
            """,
        ),
        note="""
            A function that keeps what it needs from the call, as `lambda g: g * b` keeps b, is all that a deep learning
            framework has to remember of a call. Those of PyTorch store the same b.
        """,
    ),
    Exercise(
        id="01.2",
        title="Functions of one number",
        functions=("sqrt", "exp", "log", "tanh", "sigmoid"),
        points=5,
        minutes=20,
        prompt="""
            Five curves, each applied to every element. For most of them the slope is cheapest to tell from the value y,
            which you have already: keep it, and use it on the way back.

            The sigmoid is 1 / (1 + exp(-x)). It squeezes any number into a probability; its value far to the left is 0.
        """,
        hints=(
            "The way back of a function of one number is g times its slope at x, element by element.",
            "The slopes, with y the value: sqrt 1 / (2 y); exp y; log 1 / x; tanh 1 - y^2; sigmoid y (1 - y).",
            """
            One rule, whole:

                def tanh(x):
                    y = np.tanh(x)
                    return y, lambda g: g * (1 - y * y)
            """,
        ),
        note="""
            The slope of the sigmoid is never above a quarter, that of tanh reaches 1 at 0: in a deep network of sigmoids
            gradients fade from layer to layer. It is one of the reasons why ReLU, which comes next, took over.
        """,
    ),
    Exercise(
        id="01.3",
        title="Kinks",
        functions=("abs", "relu", "maximum", "clamp", "where"),
        points=5,
        minutes=25,
        prompt="""
            Some functions choose: relu is max(x, 0), maximum the larger of two, clamp keeps x within [min, max], either
            of which may be None. What was not chosen does not move the value, and gets no gradient.

            At a kink there is no slope, so one is agreed on: 0 for abs and relu at 0; a half for each of two equals in
            maximum; clamp passes the gradient where x is within the bounds or on them.

            In this file `abs`, `sum` and other names are rules: use np.abs and np.sum.
        """,
        hints=(
            "Each way back is g where something holds, and 0 elsewhere: np.where(mask, g, 0), or g * mask.",
            "abs has slope np.sign(x); relu's mask is x > 0; clamp's is that the value equals x; maximum has three cases.",
            """
            For maximum, the way back to a:

                lambda g: np.where(a == b, 0.5 * g, np.where(a > b, g, 0))
            """,
        ),
        note="""
            A network of linear layers and relu is a function of flat pieces. Where a relu is negative for every example,
            its gradient is 0 and it never learns again: a dead unit.
        """,
    ),
    Exercise(
        id="01.4",
        title="Products of matrices",
        functions=("matmul", "linear"),
        points=10,
        minutes=40,
        prompt="""
            matmul multiplies stacks of matrices, (..., n, k) and (..., k, m) to (..., n, m). linear is a layer of a
            network: x (..., in), weight (out, in) and perhaps a bias (out,) give x W^T + b of shape (..., out), one row
            of outputs for each row of inputs. `*bias` holds one array or none; there are as many ways back as inputs.

            The shapes tell nearly everything: a gradient has the shape of what it is the gradient of.
        """,
        hints=(
            "Write down the shapes of g and of the inputs. There is only one product of two of them with the right shape.",
            "With y = a b: a's gradient is g b^T, b's is a^T g, transposing only the last two axes. With y = x W^T + b and "
            "x as rows (N, in): x gets g W, W gets g^T x, and b the sum of g over the rows.",
            """
            With rows = np.reshape(x, (-1, x.shape[-1])), and g made into rows in the same way, linear's ways back are

                g @ weight
                g_rows.T @ rows
                np.sum(g_rows, axis=0)
            """,
        ),
        note="""
            Two products of matrices on the way back for one on the way there: this is why training costs about three
            times as much as using a network.
        """,
    ),
    Exercise(
        id="01.5",
        title="Sums and means",
        functions=("sum", "mean"),
        points=5,
        minutes=25,
        prompt="""
            axis is None for all axes, a number, or a tuple of numbers, from either end; keepdims keeps the axes that were
            summed, with length 1. np.sum and np.mean do the way there.

            On the way back every element gets the gradient of the sum that it went into. `_kept(shape, axis)`, which
            stands above, is the shape that the sum would have with its axes kept.
        """,
        hints=(
            "Which shape has g, and which the gradient of x? What has to be put back before it can be broadcast?",
            "Reshape g to _kept(x.shape, axis), broadcast it to x.shape; for the mean divide by the number of elements that "
            "went into each, which is x.size / value.size.",
            """
            The way back of sum:

                lambda g: np.broadcast_to(np.reshape(g, kept), x.shape)
            """,
        ),
        note="""
            Summing and broadcasting are each other's way back. You will meet it again in the next module: where an input
            was broadcast, its gradient is a sum.
        """,
    ),
    Exercise(
        id="01.6",
        title="Softmax",
        functions=("log_softmax", "softmax"),
        points=10,
        minutes=40,
        prompt="""
            A network's last layer gives any numbers, the logits z. Softmax makes them probabilities: exp(z) divided by
            the sum of exp(z) along an axis. log_softmax is its logarithm, computed without taking one of a probability
            that was rounded to 0.

            exp(1000) is inf. Subtract the largest logit first: it changes nothing but the range. Each output depends on
            every logit of its row, so the way back sums over the axis.
        """,
        hints=(
            "Use keepdims=True in every maximum and sum, so that they broadcast against z, whatever the axis is.",
            "With s the sum along the axis: softmax sends back y (g - s(g y)); log_softmax sends back g - exp(y) s(g).",
            """
            For log_softmax:

                shifted = z - np.max(z, axis=axis, keepdims=True)
                y = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
            """,
        ),
        note="""
            The matrix of slopes of softmax has C^2 elements for C classes. You multiplied by it without ever writing it
            down, which is what a way back is for.
        """,
    ),
    Exercise(
        id="01.7",
        title="Taking and putting back",
        functions=("getitem", "scatter"),
        points=10,
        minutes=30,
        prompt="""
            getitem is x[index], for whatever index NumPy takes: slices, masks, arrays of places. On the way back, what was
            taken goes to its place in zeros of the shape of x; that is scatter, which is a rule itself. An element that was
            taken twice gets two gradients.

            Call scatter as `run(scatter, g, index=index, shape=x.shape)`: run gives the value alone.
        """,
        hints=(
            "What does `y = np.zeros(3); y[[0, 0]] += 1` leave in y[0]?",
            "np.add.at(y, index, g) adds each time that the index names a place. The way back of scatter is h[index].",
            """
            For scatter:

                y = np.zeros(shape, g.dtype)
                np.add.at(y, index, g)
                return y, lambda h: h[index]
            """,
        ),
        note="""
            A table of word vectors is trained by exactly this: rows are taken by number, and a word that occurs twice in a
            sentence gets two gradients.
        """,
    ),
    Exercise(
        id="01.8",
        title="Losses",
        functions=("mse", "cross_entropy"),
        points=10,
        minutes=40,
        prompt="""
            A loss is the number that training makes small. mse is the mean of (x - y)^2 over all elements. cross_entropy
            takes logits z (N, C) and the right classes, labels (N,), and is the mean over the rows of minus the logarithm
            of the probability that softmax gives to the label.

            `run(log_softmax, z, axis=-1)` gives log-probabilities; log_p[rows, labels] with rows = np.arange(N) picks one
            from each row.
        """,
        hints=(
            "Both are means: divide by the count on the way there and on the way back.",
            "mse sends 2 (x - y) / count times g to x, and the opposite to y. cross_entropy sends (p - one_hot) / N times g, "
            "where p is softmax(z) and one_hot is 1 at the labels.",
            """
            The way back of cross_entropy:

                one_hot = np.zeros(z.shape, z.dtype)
                one_hot[rows, labels] = 1
                return (np.exp(log_p) - one_hot) * (g / len(labels))
            """,
        ),
        note="""
            p - one_hot: the prediction minus the truth. With the softmax and the logarithm taken together the gradient is
            as simple as that of mse, and never 0 while the answer is wrong.
        """,
    ),
]
