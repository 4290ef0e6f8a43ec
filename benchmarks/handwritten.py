"""Training steps written by hand on NumPy, without autograd: as fast as the arithmetic allows, the limit to measure against.

Each class holds parameters, and `step(x, y)` does forward, backward and update and returns the loss. The layout of the
convolutions is channels first and the batch last, so that unfolding is a few long copies and the product one large one.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def uniform(rng: np.random.Generator, *shape: int) -> Array:
    """PyTorch's first weights: uniform in +-1 / sqrt(fan_in)."""
    bound = 1 / np.sqrt(np.prod(shape[1:]))
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def softmax_loss(z: Array, y: Array) -> tuple[float, Array]:
    """Mean cross-entropy of logits (N, C), and its gradient for them."""
    rows = np.arange(len(y))
    z = z - np.maximum.reduce(z, axis=1, keepdims=True)
    p = np.exp(z)
    p /= np.add.reduce(p, axis=1, keepdims=True)
    loss = -np.log(p[rows, y]).mean()
    p[rows, y] -= 1
    p /= len(y)
    return loss, p


class SGD:
    """p -= lr g."""

    def __init__(self, lr: float) -> None:
        self.lr = np.float32(lr)

    def step(self, parameters: list[Array], gradients: list[Array]) -> None:
        """One update in place."""
        for p, g in zip(parameters, gradients, strict=True):
            g *= self.lr
            p -= g


class Adam:
    """Kingma and Ba (2015), algorithm 1, over all parameters as one vector."""

    def __init__(self, flat: Array, lr: float) -> None:
        self.flat, self.lr, self.steps = flat, lr, 0
        self.m, self.v, self.g, self.scratch = (np.zeros_like(flat) for _ in range(4))

    def step(self, gradients: list[Array]) -> None:
        """One update in place."""
        self.steps += 1
        g, scratch = self.g, self.scratch
        np.concatenate([d.reshape(-1) for d in gradients], out=g)
        np.multiply(g, np.float32(0.1), out=scratch)
        self.m *= np.float32(0.9)
        self.m += scratch
        np.multiply(g, g, out=scratch)
        scratch *= np.float32(0.001)
        self.v *= np.float32(0.999)
        self.v += scratch
        np.sqrt(self.v, out=scratch)
        scratch *= np.float32(1 / np.sqrt(1 - 0.999**self.steps))
        scratch += np.float32(1e-8)
        np.divide(self.m, scratch, out=scratch)
        scratch *= np.float32(self.lr / (1 - 0.9**self.steps))
        self.flat -= scratch


class MLP:
    """64-32-10 with relu, trained by SGD."""

    def __init__(self, seed: int = 0, lr: float = 0.1) -> None:
        rng = np.random.default_rng(seed)
        self.w1, self.w2 = uniform(rng, 32, 64), uniform(rng, 10, 32)
        self.b1, self.b2 = np.zeros(32, np.float32), np.zeros(10, np.float32)
        self.optimizer = SGD(lr)

    def step(self, x: Array, y: Array) -> float:
        """x (N, 64), y (N,)."""
        h = x @ self.w1.T
        h += self.b1
        np.maximum(h, 0, out=h)
        z = h @ self.w2.T
        z += self.b2
        loss, dz = softmax_loss(z, y)
        dh = dz @ self.w2
        dh *= h > 0
        self.optimizer.step(
            [self.w1, self.b1, self.w2, self.b2],
            [dh.T @ x, np.add.reduce(dh, axis=0), dz.T @ h, np.add.reduce(dz, axis=0)],
        )
        return loss


def unfold1d(x: Array, k: int, stride: int, padding: int) -> Array:
    """(C, L, N) -> (C, k, L_out, N)."""
    channels, length, batch = x.shape
    padded = np.zeros((channels, length + 2 * padding, batch), x.dtype)
    padded[:, padding : padding + length] = x
    count = (length + 2 * padding - k) // stride + 1
    columns = np.empty((channels, k, count, batch), x.dtype)
    for i in range(k):
        columns[:, i] = padded[:, i : i + (count - 1) * stride + 1 : stride]
    return columns


def fold1d(g: Array, length: int, stride: int, padding: int) -> Array:
    """(C, k, L_out, N) -> (C, L, N)."""
    channels, k, count, batch = g.shape
    padded = np.zeros((channels, length + 2 * padding, batch), g.dtype)
    for i in range(k):
        padded[:, i : i + (count - 1) * stride + 1 : stride] += g[:, i]
    return padded[:, padding : padding + length]


class SignalCNN:
    """The MNIST-1D network, 1-25 k5, 25-25 k3, 25-25 k3 with stride 2 and padding 1, then 125-10, trained by Adam."""

    def __init__(self, seed: int = 0, lr: float = 0.01) -> None:
        rng = np.random.default_rng(seed)
        shapes = [(25, 1, 5), (25,), (25, 25, 3), (25,), (25, 25, 3), (25,), (10, 125), (10,)]
        self.flat = np.zeros(sum(int(np.prod(s)) for s in shapes), np.float32)
        self.parameters, start = [], 0
        for shape in shapes:
            part = self.flat[start : start + int(np.prod(shape))].reshape(shape)
            if len(shape) > 1:
                part[...] = uniform(rng, *shape)
            self.parameters.append(part)
            start += part.size
        self.optimizer = Adam(self.flat, lr)

    def step(self, x: Array, y: Array) -> float:
        """x (N, 1, 40), y (N,)."""
        w1, b1, w2, b2, w3, b3, w4, b4 = self.parameters
        batch = len(x)
        a0 = np.ascontiguousarray(x.transpose(1, 2, 0))
        layers, a = [], a0
        for w, b in ((w1, b1), (w2, b2), (w3, b3)):
            columns = unfold1d(a, w.shape[2], 2, 1)
            matrix = columns.reshape(-1, columns.shape[2] * batch)
            out = w.reshape(25, -1) @ matrix
            out += b[:, None]
            np.maximum(out, 0, out=out)
            layers.append((a.shape[1], columns.shape, matrix, out))
            a = out.reshape(25, -1, batch)
        features = np.ascontiguousarray(a.reshape(125, batch).T)
        loss, dz = softmax_loss(features @ w4.T + b4, y)
        gradients = [np.add.reduce(dz, axis=0), dz.T @ features]
        g = np.ascontiguousarray((dz @ w4).T).reshape(25, -1)
        for i, w in ((2, w3), (1, w2), (0, w1)):
            length, shape, matrix, out = layers[i]
            g *= out > 0
            gradients += [np.add.reduce(g, axis=1), g @ matrix.T]
            if i:
                g = fold1d((w.reshape(25, -1).T @ g).reshape(shape), length, 2, 1).reshape(25, -1)
        self.optimizer.step(gradients[::-1])
        return loss


def unfold2d(x: Array) -> Array:
    """(C, H, W, N) -> (C, 3, 3, H, W, N), with a border of zeros."""
    channels, height, width, batch = x.shape
    padded = np.zeros((channels, height + 2, width + 2, batch), x.dtype)
    padded[:, 1:-1, 1:-1] = x
    columns = np.empty((channels, 3, 3, height, width, batch), x.dtype)
    for i in range(3):
        for j in range(3):
            columns[:, i, j] = padded[:, i : i + height, j : j + width]
    return columns


def fold2d(g: Array) -> Array:
    """(C, 3, 3, H, W, N) -> (C, H, W, N)."""
    channels, _, _, height, width, batch = g.shape
    padded = np.zeros((channels, height + 2, width + 2, batch), g.dtype)
    for i in range(3):
        for j in range(3):
            padded[:, i : i + height, j : j + width] += g[:, i, j]
    return padded[:, 1:-1, 1:-1]


def halve(x: Array) -> tuple[Array, list[Array]]:
    """The largest of every 2 x 2 in (C, H, W, N), and for each of the four places where it was."""
    parts = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    y = np.maximum(parts[0], parts[1])
    np.maximum(y, parts[2], out=y)
    np.maximum(y, parts[3], out=y)
    left = np.ones(y.shape, bool)
    masks = []
    for part in parts:
        mask = part == y
        mask &= left
        left ^= mask
        masks.append(mask)
    return y, masks


def double(g: Array, masks: list[Array]) -> Array:
    """The gradient sent to where each maximum was."""
    channels, height, width, batch = g.shape
    dx = np.empty((channels, 2 * height, 2 * width, batch), g.dtype)
    for mask, (i, j) in zip(masks, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        np.multiply(g, mask, out=dx[:, i::2, j::2])
    return dx


class ImageCNN:
    """The TinyDigits network, 1-8 k3, pool, 8-16 k3, pool, then 64-10, trained by SGD."""

    def __init__(self, seed: int = 0, lr: float = 0.1) -> None:
        rng = np.random.default_rng(seed)
        self.w1, self.w2, self.w3 = uniform(rng, 8, 1, 3, 3), uniform(rng, 16, 8, 3, 3), uniform(rng, 10, 64)
        self.b1, self.b2, self.b3 = (np.zeros(n, np.float32) for n in (8, 16, 10))
        self.optimizer = SGD(lr)

    def step(self, x: Array, y: Array) -> float:
        """x (N, 1, 8, 8), y (N,)."""
        batch = len(x)
        matrix1 = unfold2d(x.transpose(1, 2, 3, 0)).reshape(9, -1)
        a1 = self.w1.reshape(8, 9) @ matrix1
        a1 += self.b1[:, None]
        np.maximum(a1, 0, out=a1)
        p1, masks1 = halve(a1.reshape(8, 8, 8, batch))
        columns2 = unfold2d(p1)
        matrix2 = columns2.reshape(72, -1)
        a2 = self.w2.reshape(16, 72) @ matrix2
        a2 += self.b2[:, None]
        np.maximum(a2, 0, out=a2)
        p2, masks2 = halve(a2.reshape(16, 4, 4, batch))
        features = np.ascontiguousarray(p2.reshape(64, batch).T)
        loss, dz = softmax_loss(features @ self.w3.T + self.b3, y)
        dw3, db3 = dz.T @ features, np.add.reduce(dz, axis=0)
        g = np.ascontiguousarray((dz @ self.w3).T).reshape(16, 2, 2, batch)
        g2 = double(g, masks2).reshape(16, -1)
        g2 *= a2 > 0
        dw2, db2 = (g2 @ matrix2.T).reshape(self.w2.shape), np.add.reduce(g2, axis=1)
        g1 = double(fold2d((self.w2.reshape(16, 72).T @ g2).reshape(columns2.shape)), masks1).reshape(8, -1)
        g1 *= a1 > 0
        dw1, db1 = (g1 @ matrix1.T).reshape(self.w1.shape), np.add.reduce(g1, axis=1)
        self.optimizer.step([self.w1, self.b1, self.w2, self.b2, self.w3, self.b3], [dw1, db1, dw2, db2, dw3, db3])
        return loss
