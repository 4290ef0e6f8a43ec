"""More examples out of few, by changes that leave their class as it is, and harder ones, by changes that do not.

A transform takes a whole batch of images (N, C, H, W) or signals (N, C, L) and treats each on its own, as those in
tinytorch/data.py do, which shift, roll and scale: called on each batch it gives fresh examples, `expanded` makes them once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch.data import Compose, TensorDataset
from tinytorch.generator import Generator, default_generator
from tinytorch.tensor import Tensor

# Images, sampled between their cells


def sample(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The values of images (N, C, H, W) at fractional places (N, H', W'), the same in all channels: (N, C, H', W').

    Bilinear: a place between four cells takes from each the more, the nearer it is. Around the image there is 0.
    """
    n, c, height, width = images.shape
    padded = np.zeros((n, c, height + 2, width + 2), images.dtype)
    padded[:, :, 1:-1, 1:-1] = images
    top, down = _between(rows, height)
    left, right = _between(columns, width)
    # corners (N, C, H', W'): the upper left of each place's four cells, as an index into all of `padded`
    planes = np.arange(n * c, dtype=np.intp).reshape(n, c, 1, 1) * ((height + 2) * (width + 2))
    corners = planes + (top * (width + 2) + left)[:, np.newaxis]
    down, right = (w.astype(images.dtype)[:, np.newaxis] for w in (down, right))
    flat = padded.reshape(-1)
    above = flat[corners] * (1 - right) + flat[corners + 1] * right
    below = flat[corners + width + 2] * (1 - right) + flat[corners + width + 3] * right
    result: np.ndarray = above * (1 - down) + below * down
    return result


def _between(places: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which cell of the padded axis lies before each place, and how far the place is beyond it, from 0 to 1."""
    inside = np.clip(places, -1, size) + 1
    before = np.minimum(inside.astype(np.intp), size)
    return before, inside - before


def affine(images: np.ndarray, matrices: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W), each mapped about its centre: the point p (row, column) goes to matrix @ p + shift.

    matrices (N, 2, 2), shifts (N, 2) in cells. Each cell of the result looks up where it comes from, so that none stays
    empty; what comes from outside is 0.
    """
    grid = np.indices(images.shape[2:])[:, np.newaxis]  # rows and columns (1, H, W)
    return sample(images, *affine_origins(grid[0], grid[1], matrices, shifts))


def affine_origins(
    rows: np.ndarray, columns: np.ndarray, matrices: np.ndarray, shifts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the places (N or 1, H, W) of images come from that were mapped as `affine` says: rows and columns (N, H, W)."""
    height, width = rows.shape[1:]
    centre = np.array([height - 1, width - 1]) / 2
    places = np.stack([rows, columns], -1).reshape(len(rows), height * width, 2) - centre
    # (N, H * W, 2): the inverse of each matrix, applied to rows of (row, column)
    origins = (places - shifts[:, np.newaxis]) @ np.linalg.inv(matrices).swapaxes(1, 2) + centre
    from_rows, from_columns = np.moveaxis(origins.reshape(-1, height, width, 2), -1, 0)
    return from_rows, from_columns


class RandomAffine:
    """Turn, scale, slant and shift each image (N, C, H, W), by amounts of its own drawn evenly up to those given.

    degrees: to either side. scale: a factor from 1 - scale to 1 + scale, for height and width alike. shear: columns that a
    row moves per row of distance from the centre. shift: cells, along both axes. Integers become float32.
    """

    def __init__(
        self,
        degrees: float = 0.0,
        scale: float = 0.0,
        shear: float = 0.0,
        shift: float = 0.0,
        *,
        generator: Generator | None = None,
    ) -> None:
        self.degrees = _amount(degrees, "RandomAffine", "degrees")
        self.scale = _amount(scale, "RandomAffine", "scale")
        self.shear = _amount(shear, "RandomAffine", "shear")
        self.shift = _amount(shift, "RandomAffine", "shift")
        self.generator = generator
        if self.scale >= 1:
            raise ValueError(f"RandomAffine expects a scale below 1, got {scale!r}")

    def __call__(self, x: Tensor) -> Tensor:
        images = _images(x, "RandomAffine")
        return Tensor(affine(images, *self.draw(len(images))))

    def draw(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (n, 2, 2) and shifts (n, 2), as `affine` takes them."""
        random = _numpy(self.generator)
        angle = np.deg2rad(random.uniform(-self.degrees, self.degrees, n))
        factor = random.uniform(1 - self.scale, 1 + self.scale, n)
        slant = random.uniform(-self.shear, self.shear, n)
        shifts = random.uniform(-self.shift, self.shift, (n, 2))
        cos, sin, zero, one = np.cos(angle), np.sin(angle), np.zeros(n), np.ones(n)
        turn = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)
        shear = np.array([[one, zero], [slant, one]]).transpose(2, 0, 1)
        return factor[:, np.newaxis, np.newaxis] * turn @ shear, shifts


class RandomElastic:
    """Distort each image (N, C, H, W) as if it were drawn on rubber; integers become float32.

    Each cell takes its value from a place `alpha` times a number from -1 to 1 away along each axis, once these numbers were
    smoothed by a Gaussian of deviation `sigma` cells, so that neighbours move alike. Simard, Steinkraus and Platt (2003),
    "Best practices for convolutional neural networks applied to visual document analysis", whose 4 and 34 are the defaults.
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0, *, generator: Generator | None = None) -> None:
        self.alpha = _amount(alpha, "RandomElastic", "alpha")
        self.sigma = _amount(sigma, "RandomElastic", "sigma")
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        images = _images(x, "RandomElastic")
        n, _, height, width = images.shape
        return Tensor(sample(images, *self.draw(n, height, width)))

    def draw(self, n: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns (n, height, width): the place that each cell takes its value from."""
        field = _numpy(self.generator).uniform(-1, 1, (2, n, height, width))
        rows, columns = self.alpha * smoothed(field, self.sigma)
        rows += np.arange(height)[:, np.newaxis]
        columns += np.arange(width)
        return rows, columns


class RandomDistortion(Compose):
    """Distort each image (N, C, H, W) as Compose([affine, elastic]) does, but sample it once.

    What is sampled twice is blurred twice, and strokes that are a cell or two wide lose by that.
    """

    def __init__(self, affine: RandomAffine, elastic: RandomElastic) -> None:
        super().__init__([affine, elastic])
        self.affine, self.elastic = affine, elastic

    def __call__(self, x: Tensor) -> Tensor:
        images = _images(x, "RandomDistortion")
        n, _, height, width = images.shape
        matrices, shifts = self.affine.draw(n)
        rows, columns = self.elastic.draw(n, height, width)
        return Tensor(sample(images, *affine_origins(rows, columns, matrices, shifts)))


def smoothed(field: np.ndarray, sigma: float) -> np.ndarray:
    """A field (..., H, W) smoothed by a Gaussian of deviation `sigma` cells, cut off at four; around it there is 0."""
    down, across = (_gaussian(size, sigma) for size in field.shape[-2:])
    result: np.ndarray = down @ field @ across
    return result


def _gaussian(size: int, sigma: float) -> np.ndarray:
    """The matrix (size, size) that smooths a column of so many cells."""
    if sigma == 0:
        return np.eye(size)
    radius = int(4 * sigma + 0.5)
    reach = np.arange(-radius, radius + 1)
    total = np.exp(-0.5 * (reach / sigma) ** 2).sum()
    distance = np.subtract.outer(np.arange(size), np.arange(size))
    weights: np.ndarray = np.where(np.abs(distance) <= radius, np.exp(-0.5 * (distance / sigma) ** 2), 0) / total
    return weights


# Any batch


class RandomIntensity:
    """a * x + b: each example with a contrast a and a brightness b of its own.

    a is drawn evenly from 1 - contrast to 1 + contrast, b from -brightness to brightness. Integers become float32.
    """

    def __init__(self, contrast: float = 0.0, brightness: float = 0.0, *, generator: Generator | None = None) -> None:
        self.contrast = _amount(contrast, "RandomIntensity", "contrast")
        self.brightness = _amount(brightness, "RandomIntensity", "brightness")
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        array, random = _floats(x), _numpy(self.generator)
        one_each = (len(array), *[1] * (array.ndim - 1))
        a = random.uniform(1 - self.contrast, 1 + self.contrast, one_each).astype(array.dtype)
        b = random.uniform(-self.brightness, self.brightness, one_each).astype(array.dtype)
        return Tensor(a * array + b)


class RandomNoise:
    """Add to every value a number of its own, drawn from a Gaussian of deviation `std`. Integers become float32."""

    def __init__(self, std: float, *, generator: Generator | None = None) -> None:
        self.std = _amount(std, "RandomNoise", "std")
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        array = _floats(x)
        noise = self.std * _numpy(self.generator).standard_normal(array.shape)
        return Tensor(array + noise.astype(array.dtype))


class ShuffleSpace:
    """Put the cells of all examples into one other order, the same in each channel, so that neighbours are no longer near.

    order: for each cell of the result, in rows from the top, the one that it takes its value from.
    (N, C, H, W) or (N, C, L) -> the same shape. Raises ValueError where `order` does not hold each cell once.
    """

    def __init__(self, order: Sequence[int] | np.ndarray) -> None:
        self.order = np.asarray(order)
        if self.order.ndim != 1 or not np.array_equal(np.sort(self.order), np.arange(self.order.size)):
            raise ValueError(f"ShuffleSpace expects an order that holds each cell from 0 on once, got {order!r}")

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 3 or np.prod(x.shape[2:], dtype=np.int64) != len(self.order):
            raise ValueError(f"ShuffleSpace has an order of {len(self.order)} cells, got an input of {tuple(x.shape)}")
        cells = x.array.reshape(*x.shape[:2], len(self.order))
        return Tensor(cells[..., self.order.astype(np.intp)].reshape(x.shape))


# Data sets made from others: tensors of inputs and labels, both with a row for each example


def expanded(dataset: TensorDataset, transform: Callable[[Tensor], Tensor], copies: int) -> TensorDataset:
    """A data set and so many changed copies of each of its examples, made now: 1 + copies times as many."""
    x, y = _inputs_and_labels(dataset, "expanded")
    if not isinstance(copies, int | np.integer) or copies < 0:
        raise ValueError(f"expanded expects a number of copies of 0 or more, got {copies!r}")
    changed = [transform(Tensor(x)).array for _ in range(copies)]
    return TensorDataset(Tensor(np.concatenate([x, *changed])), Tensor(np.tile(y, 1 + copies)))


def with_all_shifts(dataset: TensorDataset, distance: int) -> TensorDataset:
    """The images (N, C, H, W) of a data set, shifted by all of -distance to distance cells along both axes.

    (2 distance + 1)**2 times as many, row by row from the upper left; what comes in is 0.
    """
    x, y = _inputs_and_labels(dataset, "with_all_shifts")
    if x.ndim != 4:
        raise ValueError(f"with_all_shifts expects images of shape (N, C, H, W), got {x.shape}")
    if not isinstance(distance, int | np.integer) or distance < 0:
        raise ValueError(f"with_all_shifts expects a distance of 0 or more whole cells, got {distance!r}")
    d, (height, width) = int(distance), x.shape[2:]
    padded = np.pad(x, [(0, 0), (0, 0), (d, d), (d, d)])
    # what is moved down by k begins k rows further up in the padded image
    starts = [(d - down, d - right) for down in range(-d, d + 1) for right in range(-d, d + 1)]
    moved = [padded[:, :, top : top + height, left : left + width] for top, left in starts]
    return TensorDataset(Tensor(np.concatenate(moved)), Tensor(np.tile(y, len(moved))))


def with_label_noise(
    dataset: TensorDataset, fraction: float, classes: int = 10, *, generator: Generator | None = None
) -> TensorDataset:
    """A data set whose labels were drawn anew from all classes for a fraction of the examples, chosen at random.

    One in so many classes keeps its label by chance: as in Nakkiran et al. (2020), "Deep double descent".
    """
    x, y = _inputs_and_labels(dataset, "with_label_noise")
    if not 0 <= fraction <= 1:
        raise ValueError(f"with_label_noise expects a fraction from 0 to 1, got {fraction!r}")
    random = _numpy(generator)
    chosen = random.permutation(len(y))[: round(fraction * len(y))]
    noisy = y.copy()
    noisy[chosen] = random.integers(0, classes, len(chosen))
    return TensorDataset(Tensor(x), Tensor(noisy))


def with_labels(dataset: TensorDataset, labels: Sequence[int]) -> TensorDataset:
    """The examples of a data set that have one of these labels, which become 0, 1, ... in the order given.

    Raises ValueError where a label is given twice or no example has it.
    """
    x, y = _inputs_and_labels(dataset, "with_labels")
    missing = sorted(set(labels) - set(y.tolist()))
    if missing or not labels or len(set(labels)) < len(labels):
        raise ValueError(f"with_labels expects different labels that the data set has, got {list(labels)}")
    known = np.array(labels, np.int64)
    matches = y[:, np.newaxis] == known  # (N, labels)
    kept = matches.any(1)
    return TensorDataset(Tensor(x[kept]), Tensor(matches[kept].argmax(1).astype(np.int64)))


def per_class(dataset: TensorDataset, n: int) -> TensorDataset:
    """The first n examples of each class of a data set, in the order in which they stand there.

    Raises ValueError where a class has fewer.
    """
    x, y = _inputs_and_labels(dataset, "per_class")
    places = [np.flatnonzero(y == label) for label in np.unique(y)]
    fewest = min(map(len, places), default=0)
    if not isinstance(n, int | np.integer) or not 1 <= n <= fewest:
        raise ValueError(f"per_class expects n from 1 to {fewest}, the size of the smallest class, got {n!r}")
    kept = np.sort(np.concatenate([place[:n] for place in places]))
    return TensorDataset(Tensor(x[kept]), Tensor(y[kept]))


def _inputs_and_labels(dataset: Any, caller: str) -> tuple[np.ndarray, np.ndarray]:
    tensors: tuple[Any, ...] = getattr(dataset, "tensors", ())
    if len(tensors) != 2 or tensors[1].ndim != 1:
        raise TypeError(f"{caller} expects a TensorDataset of inputs and labels (N,), got {type(dataset).__name__}")
    return tensors[0].array, tensors[1].array


def _images(x: Tensor, caller: str) -> np.ndarray:
    if x.ndim != 4:
        raise ValueError(f"{caller} expects images of shape (N, C, H, W), got {tuple(x.shape)}")
    return _floats(x)


def _floats(x: Tensor) -> np.ndarray:
    """The array of x, integers (grey levels, say) as float32."""
    return x.array if x.array.dtype.kind == "f" else x.array.astype(np.float32)


def _amount(value: float, caller: str, name: str) -> float:
    if not isinstance(value, float | int | np.floating | np.integer) or not 0 <= value < np.inf:
        raise ValueError(f"{caller} expects {name} to be 0 or more, got {value!r}")
    return float(value)


def _numpy(generator: Generator | None) -> np.random.Generator:
    return (default_generator if generator is None else generator).numpy
