"""Right solutions in other styles than the library's: the checks must let them all pass."""

import math

import numpy as np


class explicit_functions:
    """with inner functions, and the quotient as a product"""

    exercise = "01.1"

    def div(a, b):
        def way_back_to_a(g):
            return g * (1 / b)

        def way_back_to_b(g):
            return g * (-a / b**2)

        return a * (1 / b), way_back_to_a, way_back_to_b


class sums_back_itself:
    """undoes broadcasting itself, which the engine would do for it"""

    exercise = "01.1"

    def _to_shape(g, shape):
        while g.ndim > len(shape):
            g = g.sum(axis=0)
        for axis, n in enumerate(shape):
            if n == 1:
                g = g.sum(axis=axis, keepdims=True)
        return g

    def mul(a, b):
        return a * b, lambda g: _to_shape(g * b, a.shape), lambda g: _to_shape(g * a, b.shape)  # noqa: F821


class from_exponentials:
    """tanh and sigmoid from exp, slopes from x alone"""

    exercise = "01.2"

    def sqrt(x):
        return x**0.5, lambda g: g * 0.5 * x**-0.5

    def tanh(x):
        return np.tanh(x), lambda g: g / np.cosh(x) ** 2

    def sigmoid(x):
        positive = 1 / (1 + np.exp(-np.abs(x)))
        y = np.where(x >= 0, positive, 1 - positive)
        return y, lambda g: g * y * (1 - y)


class with_masks:
    """masks as products, and an average of two masks where they tie"""

    exercise = "01.3"

    def relu(x):
        mask = x > 0
        return x * mask, lambda g: g * mask

    def abs(x):
        slope = np.where(x > 0, 1, np.where(x < 0, -1, 0)).astype(x.dtype)
        return x * slope, lambda g: g * slope

    def maximum(a, b):
        share = ((a > b).astype(a.dtype) + (a >= b)) / 2
        return np.where(a > b, a, b), lambda g: g * share.astype(g.dtype), lambda g: g * (1 - share).astype(g.dtype)


class einsum:
    """the products as sums over named indices"""

    exercise = "01.4"

    def matmul(a, b):
        return (
            np.einsum("...nk,...km->...nm", a, b),
            lambda g: np.einsum("...nm,...km->...nk", g, b),
            lambda g: np.einsum("...nk,...nm->...km", a, g),
        )


class loops:
    """a linear layer row by row"""

    exercise = "01.4"

    def linear(x, weight, *bias):
        rows = x.reshape(-1, x.shape[-1])
        y = np.zeros((len(rows), len(weight)), x.dtype)
        for i in range(len(rows)):
            for j in range(len(weight)):
                y[i, j] = np.dot(rows[i], weight[j]) + (bias[0][j] if bias else 0)

        def to_weight(g):
            g = g.reshape(-1, len(weight))
            total = np.zeros_like(weight)
            for i in range(len(rows)):
                total += np.outer(g[i], rows[i])
            return total

        backs = [lambda g: g @ weight, to_weight]
        if bias:
            backs.append(lambda g: g.reshape(-1, len(weight)).sum(axis=0))
        return (y.reshape(*x.shape[:-1], len(weight)), *backs)


class expanded:
    """the axes put back with expand_dims, and ones to carry the gradient"""

    exercise = "01.5"

    def sum(x, *, axis=None, keepdims=False):
        def way_back(g):
            if not keepdims and x.ndim:
                g = np.expand_dims(g, tuple(range(x.ndim)) if axis is None else axis)
            return np.ones_like(x) * g

        return np.sum(x, axis=axis, keepdims=keepdims), way_back

    def mean(x, *, axis=None, keepdims=False):
        value = np.mean(x, axis=axis, keepdims=keepdims)

        def way_back(g):
            if not keepdims and x.ndim:
                g = np.expand_dims(g, tuple(range(x.ndim)) if axis is None else axis)
            return np.ones_like(x) * g / x.dtype.type(x.size / value.size)

        return value, way_back


class whole_jacobians:
    """softmax row by row, with the whole matrix of slopes"""

    exercise = "01.6"

    def softmax(z, *, axis=-1):
        rows = np.moveaxis(z, axis, -1)
        e = np.exp(rows - rows.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)

        def way_back(g):
            g = np.moveaxis(g, axis, -1)
            back = np.zeros_like(p)
            for i in np.ndindex(p.shape[:-1]):
                back[i] = (np.diag(p[i]) - np.outer(p[i], p[i])) @ g[i]
            return np.moveaxis(back, -1, axis)

        return np.moveaxis(p, -1, axis), way_back


class add_at_always:
    """np.add.at for every index"""

    exercise = "01.7"

    def getitem(x, *, index):
        def way_back(g):
            back = np.zeros_like(x)
            np.add.at(back, index, g)
            return back

        return np.array(x[index]), way_back

    def scatter(g, *, index, shape):
        y = np.zeros(shape, g.dtype)
        np.add.at(y, index, g)
        return y, lambda h: h[index]


class one_hot:
    """cross-entropy with one-hot labels, mse through np.mean"""

    exercise = "01.8"

    def mse(x, y):
        return np.mean((x - y) ** 2), lambda g: g * 2 * (x - y) / x.size, lambda g: g * 2 * (y - x) / x.size

    def cross_entropy(z, *, labels):
        shifted = z - z.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        hot = np.eye(z.shape[1], dtype=z.dtype)[labels]
        n = math.prod(labels.shape)
        return -np.sum(hot * log_p) / n, lambda g: g * (np.exp(log_p) - hot) / n
