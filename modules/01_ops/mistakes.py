"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

import numpy as np

# 01.1 Arithmetic


class sign_of_b:
    """the gradient of b in a - b keeps its sign: when b grows, a - b falls, so b gets -g."""

    exercise = "01.1"

    def sub(a, b):
        return a - b, lambda g: g, lambda g: g


class factors_get_themselves:
    """each factor's gradient is multiplied by the factor itself: the slope of a b with respect to a is b."""

    exercise = "01.1"

    def mul(a, b):
        return a * b, lambda g: g * a, lambda g: g * b


class unsquared_divisor:
    """the divisor's gradient is divided by b once: the slope of a / b with respect to b is -a / b^2."""

    exercise = "01.1"

    def div(a, b):
        return a / b, lambda g: g / b, lambda g: -g * a / b


class sign_of_divisor:
    """the divisor's gradient has lost its minus: when b grows, a / b falls."""

    exercise = "01.1"

    def div(a, b):
        return a / b, lambda g: g / b, lambda g: g * a / b**2


class gradient_not_multiplied:
    """a way back returns the slope alone: the chain rule multiplies it by g, the gradient that arrives."""

    exercise = "01.1"

    def mul(a, b):
        return a * b, lambda g: b, lambda g: a


class arrived_gradient_changed:
    """a way back writes into g with *=: g belongs to whoever sends it, and others may get it too. Make a new array."""

    exercise = "01.1"

    def mul(a, b):
        def to_a(g):
            if g.ndim:
                g *= b
            return g

        return a * b, to_a, lambda g: g * a


# 01.2 Functions of one number


class power_rule_for_exp:
    """the power rule is applied to e^x: there x is the exponent, and the slope is e^x itself."""

    exercise = "01.2"

    def exp(x):
        return np.exp(x), lambda g: g * x * np.exp(x - 1)


class root_of_half:
    """the slope of the square root is taken for 1 / (2 x): it is 1 / (2 sqrt(x))."""

    exercise = "01.2"

    def sqrt(x):
        return np.sqrt(x), lambda g: g / (2 * x)


class tanh_unsquared:
    """the slope of tanh is taken for 1 - y: it is 1 - y^2."""

    exercise = "01.2"

    def tanh(x):
        y = np.tanh(x)
        return y, lambda g: g * (1 - y)


class sigmoid_of_x:
    """the slope of the sigmoid is computed from x: it is y (1 - y), where y is the value."""

    exercise = "01.2"

    def sigmoid(x):
        y = 1 / (1 + np.exp(-x))
        return y, lambda g: g * x * (1 - x)


class sigmoid_sign:
    """the exponent of the sigmoid is x: with 1 / (1 + exp(x)) the curve falls where it should rise."""

    exercise = "01.2"

    def sigmoid(x):
        y = 1 / (1 + np.exp(x))
        return y, lambda g: g * y * (1 - y)


class log_of_log:
    """the slope of the logarithm is taken for 1 / log(x): it is 1 / x."""

    exercise = "01.2"

    def log(x):
        y = np.log(x)
        return y, lambda g: g / y


class functions_of_math:
    """math takes single numbers, and x is an array: np.sqrt and its kin take every element."""

    exercise = "01.2"

    def sqrt(x):
        y = math.sqrt(x)  # noqa: F821
        return y, lambda g: g / (2 * y)


# 01.3 Kinks


class one_if_for_abs:
    """one `if` decides for the whole array: each element needs an answer of its own, by np.abs, np.where or a mask."""

    exercise = "01.3"

    def abs(x):
        if x > 0:
            return x, lambda g: g
        return -x, lambda g: -g


class one_if_for_relu:
    """one `if` decides for the whole array: each element needs an answer of its own, by np.maximum or a mask."""

    exercise = "01.3"

    def relu(x):
        if x > 0:
            return x, lambda g: g
        return 0 * x, lambda g: 0 * g


class relu_leaks:
    """relu sends back all of the gradient: where x is negative the value does not depend on it."""

    exercise = "01.3"

    def relu(x):
        return np.maximum(x, 0), lambda g: g


class relu_at_zero:
    """relu has slope 1 at 0: by agreement it is 0 there, so the mask is x > 0."""

    exercise = "01.3"

    def relu(x):
        return np.maximum(x, 0), lambda g: g * (x >= 0)


class equals_both_get_all:
    """equal a and b both get all of the gradient: they share it, a half each."""

    exercise = "01.3"

    def maximum(a, b):
        return np.maximum(a, b), lambda g: np.where(a >= b, g, 0), lambda g: np.where(b >= a, g, 0)


class first_of_equals:
    """of equal a and b, a gets all of the gradient: they share it, a half each."""

    exercise = "01.3"

    def maximum(a, b):
        return np.maximum(a, b), lambda g: np.where(a >= b, g, 0), lambda g: np.where(b > a, g, 0)


class clamp_leaks:
    """clamp sends back all of the gradient: where x was outside, the value does not depend on it."""

    exercise = "01.3"

    def clamp(x, *, min=None, max=None):
        return np.clip(x, min, max), lambda g: g


class abs_without_zero:
    """abs has slope 1 at 0: by agreement it is 0 there, as np.sign(x) says."""

    exercise = "01.3"

    def abs(x):
        return np.abs(x), lambda g: np.where(x >= 0, g, -g)


class where_both:
    """both sides of where get all of the gradient: each gets it only where it was chosen."""

    exercise = "01.3"

    def where(a, b, *, condition):
        return np.where(condition, a, b), lambda g: g, lambda g: g


# 01.4 Matrices


class all_axes_transposed:
    """.T transposes all axes of a stack: only the last two are the matrix, np.swapaxes(b, -1, -2)."""

    exercise = "01.4"

    def matmul(a, b):
        return a @ b, lambda g: g @ b.T, lambda g: a.T @ g


class not_transposed:
    """the other matrix is not transposed: g is (n, m) and b is (k, m), so a's gradient is g b^T."""

    exercise = "01.4"

    def matmul(a, b):
        return a @ b, lambda g: g @ b, lambda g: a @ g


class bias_averaged:
    """the bias gradient is averaged over the rows: the bias was added to every row, so it gets their sum."""

    exercise = "01.4"

    def linear(x, weight, *bias):
        rows = np.reshape(x, (-1, x.shape[-1]))
        ways_back = (
            lambda g: g @ weight,
            lambda g: np.reshape(g, (-1, g.shape[-1])).T @ rows,
            lambda g: np.mean(np.reshape(g, (-1, g.shape[-1])), axis=0),
        )
        return (x @ weight.T + bias[0], *ways_back) if bias else (x @ weight.T, *ways_back[:2])


class weight_gradient_transposed:
    """the weight's gradient is x^T g, of shape (in, out): the weight is (out, in), so it is g^T x."""

    exercise = "01.4"

    def linear(x, weight, *bias):
        rows = np.reshape(x, (-1, x.shape[-1]))
        ways_back = (
            lambda g: g @ weight,
            lambda g: rows.T @ np.reshape(g, (-1, g.shape[-1])),
            lambda g: np.sum(np.reshape(g, (-1, g.shape[-1])), axis=0),
        )
        return (x @ weight.T + bias[0], *ways_back) if bias else (x @ weight.T, *ways_back[:2])


class bias_always:
    """a way back for the bias is returned although there is none: without a bias there are two."""

    exercise = "01.4"

    def linear(x, weight, *bias):
        rows = np.reshape(x, (-1, x.shape[-1]))
        y = x @ weight.T + (bias[0] if bias else 0)
        return (
            y,
            lambda g: g @ weight,
            lambda g: np.reshape(g, (-1, g.shape[-1])).T @ rows,
            lambda g: np.sum(np.reshape(g, (-1, g.shape[-1])), axis=0),
        )


# 01.5 Sums and means


class mean_not_divided:
    """the gradient of the mean is not divided by the count: each of n elements moves the mean by 1/n."""

    exercise = "01.5"

    def mean(x, *, axis=None, keepdims=False):
        kept = _kept(x.shape, axis)  # noqa: F821
        return np.mean(x, axis=axis, keepdims=keepdims), lambda g: np.broadcast_to(np.reshape(g, kept), x.shape)


class mean_of_all:
    """the gradient of the mean is divided by all of the elements of x: only those that were averaged count."""

    exercise = "01.5"

    def mean(x, *, axis=None, keepdims=False):
        kept = _kept(x.shape, axis)  # noqa: F821
        return np.mean(
            x, axis=axis, keepdims=keepdims
        ), lambda g: np.broadcast_to(np.reshape(g, kept), x.shape) / x.size


class lost_axes:
    """g is broadcast without the axes that were summed away: it must get them back, with length 1, in their places."""

    exercise = "01.5"

    def sum(x, *, axis=None, keepdims=False):
        return np.sum(x, axis=axis, keepdims=keepdims), lambda g: np.broadcast_to(g, x.shape)


class lost_axes_times_ones:
    """g meets x without the axes that were summed away: it must get them back, with length 1, in their places."""

    exercise = "01.5"

    def sum(x, *, axis=None, keepdims=False):
        return np.sum(x, axis=axis, keepdims=keepdims), lambda g: g * np.ones_like(x)


class mean_of_rows:
    """the gradient of the mean is divided by len(x), the length of the first axis: what counts is how many were averaged."""

    exercise = "01.5"

    def mean(x, *, axis=None, keepdims=False):
        kept = _kept(x.shape, axis)  # noqa: F821
        return np.mean(
            x, axis=axis, keepdims=keepdims
        ), lambda g: np.broadcast_to(np.reshape(g, kept), x.shape) / len(x)


class shape_of_the_sum:
    """the gradient comes back in the shape of the sum: every element of x gets its own."""

    exercise = "01.5"

    def sum(x, *, axis=None, keepdims=False):
        return np.sum(x, axis=axis, keepdims=keepdims), lambda g: g


class keepdims_forgotten:
    """keepdims is not passed on: the axes that were summed are gone from the value."""

    exercise = "01.5"

    def sum(x, *, axis=None, keepdims=False):
        kept = _kept(x.shape, axis)  # noqa: F821
        return np.sum(x, axis=axis), lambda g: np.broadcast_to(np.reshape(g, kept), x.shape)


# 01.6 Softmax


class softmax_without_shift:
    """softmax takes exp(z) of large logits, which is inf, and inf / inf is nan: subtract the maximum first."""

    exercise = "01.6"

    def softmax(z, *, axis=-1):
        e = np.exp(z)
        y = e / np.sum(e, axis=axis, keepdims=True)
        return y, lambda g: y * (g - np.sum(g * y, axis=axis, keepdims=True))


class log_softmax_without_shift:
    """log_softmax takes exp(z) of large logits, which is inf: subtract the maximum first."""

    exercise = "01.6"

    def log_softmax(z, *, axis=-1):
        y = z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))
        return y, lambda g: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True)


class log_of_softmax:
    """log_softmax is the logarithm of softmax, which rounds small probabilities to 0: z - max - log(sum(exp)) does not."""

    exercise = "01.6"

    def log_softmax(z, *, axis=-1):
        e = np.exp(z - np.max(z, axis=axis, keepdims=True))
        p = e / np.sum(e, axis=axis, keepdims=True)
        return np.log(p), lambda g: g - p * np.sum(g, axis=axis, keepdims=True)


class diagonal_only:
    """the gradient of softmax is y (1 - y), as if each probability depended on its own logit only: it depends on all."""

    exercise = "01.6"

    def softmax(z, *, axis=-1):
        e = np.exp(z - np.max(z, axis=axis, keepdims=True))
        y = e / np.sum(e, axis=axis, keepdims=True)
        return y, lambda g: g * y * (1 - y)


class log_diagonal_only:
    """the gradient of log_softmax is g (1 - p), as if g were not summed: each logit moves all of the outputs."""

    exercise = "01.6"

    def log_softmax(z, *, axis=-1):
        shifted = z - np.max(z, axis=axis, keepdims=True)
        y = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
        return y, lambda g: g - np.exp(y) * g


class last_axis_always:
    """softmax sums over the last axis whatever it is asked for."""

    exercise = "01.6"

    def softmax(z, *, axis=-1):
        e = np.exp(z - np.max(z, axis=-1, keepdims=True))
        y = e / np.sum(e, axis=-1, keepdims=True)
        return y, lambda g: y * (g - np.sum(g * y, axis=-1, keepdims=True))


# 01.7 Places


class written_not_added:
    """a place that the index names twice keeps one gradient only: y[index] += g writes once, np.add.at adds each."""

    exercise = "01.7"

    def scatter(g, *, index, shape):
        y = np.zeros(shape, g.dtype)
        y[index] += g
        return y, lambda h: h[index]


class gradient_of_the_part:
    """the gradient comes back in the shape of x[index]: it belongs into zeros of the shape of x."""

    exercise = "01.7"

    def getitem(x, *, index):
        return x[index], lambda g: g


class scatter_everywhere:
    """the gradient is put everywhere: the elements that were not taken get 0."""

    exercise = "01.7"

    def getitem(x, *, index):
        def way_back(g):
            y = np.ones(x.shape, g.dtype)
            y[index] = g
            return y

        return x[index], way_back


class widened:
    """np.zeros makes float64 unless it is told the data type of g."""

    exercise = "01.7"

    def scatter(g, *, index, shape):
        y = np.zeros(shape)
        np.add.at(y, index, g)
        return y, lambda h: h[index]


# 01.8 Losses


class half_the_square:
    """the factor 2 of the square's slope is missing from the gradient of mse."""

    exercise = "01.8"

    def mse(x, y):
        d = x - y
        return np.mean(d * d), lambda g: g * d / d.size, lambda g: -g * d / d.size


class mse_summed:
    """mse is the sum of the squares: it is their mean."""

    exercise = "01.8"

    def mse(x, y):
        d = x - y
        return np.sum(d * d), lambda g: 2 * g * d, lambda g: -2 * g * d


class mse_same_sign:
    """both sides of mse get the same gradient: y is subtracted, so its own has the other sign."""

    exercise = "01.8"

    def mse(x, y):
        d = x - y
        return np.mean(d * d), lambda g: 2 * g * d / d.size, lambda g: 2 * g * d / d.size


class entropy_gradient_summed:
    """the gradient of cross_entropy is not divided by the number of rows, although the loss is their mean."""

    exercise = "01.8"

    def cross_entropy(z, *, labels):
        rows = np.arange(len(labels))
        log_p = run(log_softmax, z, axis=-1)  # noqa: F821

        def way_back(g):
            p = np.exp(log_p)
            p[rows, labels] -= 1
            return g * p

        return -np.mean(log_p[rows, labels]), way_back


class entropy_summed:
    """cross_entropy is the sum over the rows: it is their mean."""

    exercise = "01.8"

    def cross_entropy(z, *, labels):
        rows = np.arange(len(labels))
        log_p = run(log_softmax, z, axis=-1)  # noqa: F821

        def way_back(g):
            p = np.exp(log_p)
            p[rows, labels] -= 1
            return g * p

        return -np.sum(log_p[rows, labels]), way_back


class entropy_sign:
    """cross_entropy has lost its minus: it is a loss, which falls as the label's probability rises."""

    exercise = "01.8"

    def cross_entropy(z, *, labels):
        rows = np.arange(len(labels))
        log_p = run(log_softmax, z, axis=-1)  # noqa: F821

        def way_back(g):
            p = np.exp(log_p)
            p[rows, labels] -= 1
            return -g * p / len(labels)

        return np.mean(log_p[rows, labels]), way_back


class label_not_subtracted:
    """the gradient of cross_entropy is p everywhere: at the label it is p - 1."""

    exercise = "01.8"

    def cross_entropy(z, *, labels):
        rows = np.arange(len(labels))
        log_p = run(log_softmax, z, axis=-1)  # noqa: F821
        return -np.mean(log_p[rows, labels]), lambda g: g * np.exp(log_p) / len(labels)


class probabilities_changed:
    """a way back writes into an array that the call left behind: used again, it subtracts 1 once more. Copy it first."""

    exercise = "01.8"

    def cross_entropy(z, *, labels):
        rows = np.arange(len(labels))
        log_p = run(log_softmax, z, axis=-1)  # noqa: F821
        p = np.exp(log_p)

        def way_back(g):
            p[rows, labels] -= 1
            return g * p / len(labels)

        return -np.mean(log_p[rows, labels]), way_back
