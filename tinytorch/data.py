"""07 Data: examples, cut into batches in a new order each epoch, and small changes that make few examples go further.

A Dataset gives examples one by one. A DataLoader draws their order, and gathers so many of them at a time into Tensors.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Unpack

import numpy as np

from tinytorch._lazy import OfWorkers, no_keyword
from tinytorch.creation import tensor
from tinytorch.functional import stack
from tinytorch.generator import Generator, default_generator
from tinytorch.tensor import Tensor

# Datasets


class Dataset:
    """A collection of examples. A subclass says how many there are, `__len__`, and gives each one, `__getitem__`.

    Anything with these two will do as a dataset, a list for example.
    """

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"the Dataset {type(self).__name__} must define __getitem__")

    def __len__(self) -> int:
        raise NotImplementedError(f"the Dataset {type(self).__name__} must define __len__")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Example i is row i of each tensor: TensorDataset(images, labels)[i] is (images[i], labels[i]).

    Raises ValueError where the tensors differ in length, TypeError for what is not a Tensor.
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ValueError("TensorDataset expects at least one Tensor, got none")
        for position, t in enumerate(tensors):
            if not isinstance(t, Tensor):
                raise TypeError(f"TensorDataset expects Tensors, got {type(t).__name__} at position {position}")
            if t.ndim == 0:
                raise ValueError(f"TensorDataset expects rows of examples, got a single number at position {position}")
        lengths = [len(t) for t in tensors]
        if len(set(lengths)) > 1:
            raise ValueError(f"TensorDataset expects Tensors of one length, got {_spoken(lengths)}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """The examples of a dataset at the given indices, in that order.

    Raises IndexError where an index is out of range.
    """

    def __init__(self, dataset: Any, indices: Iterable[int]) -> None:
        self.dataset = dataset
        self.indices = _indices(indices, len(dataset), "Subset")

    def __getitem__(self, index: Any) -> Any:
        chosen = self.indices[index]
        return self.dataset[chosen if chosen.ndim else int(chosen)]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """The examples of several datasets, one after the other.

    Raises ValueError for none, IndexError for an index out of range.
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        self.ends = list(accumulate(len(dataset) for dataset in self.datasets))
        if not self.datasets:
            raise ValueError("ConcatDataset expects at least one dataset, got none")

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset of {len(self)} examples has no example {index}")
        index %= len(self)
        which = bisect_right(self.ends, index)
        return self.datasets[which][index - self.ends[which] + len(self.datasets[which])]

    def __len__(self) -> int:
        return self.ends[-1]


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Deal a dataset's examples out at random into Subsets of the given lengths, or fractions that add up to 1.

    Fractions are rounded down, and what is left goes to the parts in turn. Raises ValueError where they do not add up.
    """
    n = len(dataset)
    sizes = list(lengths)
    if math.isclose(sum(lengths), 1):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for part in range(n - int(sum(sizes))):
            sizes[part % len(sizes)] += 1
    if sum(sizes) != n or any(size < 0 or size != int(size) for size in sizes):
        raise ValueError(f"random_split expects lengths that add up to {n}, or fractions to 1, got {_spoken(lengths)}")
    sizes = [int(size) for size in sizes]
    order = _random_order(n, generator)
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, accumulate(sizes), strict=True)]


# Batches


class DataLoader:
    """Gives a dataset in batches: `for x, y in DataLoader(dataset, batch_size=32, shuffle=True)` is an epoch.

    batch_size: examples in a batch; the last has fewer where they do not divide, or is left out with `drop_last`.
    shuffle: a new order each epoch, drawn from `generator`, so that loaders with generators of the same seed agree; the
    global one, which `manual_seed` sets, is used where none is given. sampler: gives the order itself, as indices.
    collate_fn: makes a batch of a list of examples; `default_collate` stacks them. num_workers and what else there is to say
    of workers (`OfWorkers`): taken so that scripts need no change; batches are made in this process, when they are asked for.

    The rows of a TensorDataset are not taken one by one: a batch costs one index per tensor. It is always a copy.
    Raises ValueError for a batch_size below 1 and for shuffle beside a sampler, TypeError for what is no dataset and for
    keywords that it does not have.
    """

    OTHERS = "batch_size", "shuffle", "sampler", "collate_fn", "drop_last", "generator", "num_workers"

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        sampler: Iterable[int] | None = None,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        generator: Generator | None = None,
        num_workers: int = 0,
        **of_workers: Unpack[OfWorkers],
    ) -> None:
        if not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ValueError(f"DataLoader expects a batch_size of at least 1, got {batch_size!r}")
        if shuffle and sampler is not None:
            raise ValueError("DataLoader expects shuffle or a sampler, which says the order itself, got both")
        if not isinstance(num_workers, int | np.integer) or num_workers < 0:
            raise ValueError(f"DataLoader expects a num_workers of 0 or more, got {num_workers!r}")
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise TypeError(f"DataLoader expects a dataset with a length and an index, got {type(dataset).__name__}")
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.sampler = sampler
        self.collate_fn = default_collate if collate_fn is None else collate_fn
        self.drop_last = drop_last
        self.generator = generator
        for name in of_workers:
            if name not in OfWorkers.__annotations__:
                raise no_keyword("DataLoader", name, [*self.OTHERS, *OfWorkers.__annotations__])

    def __iter__(self) -> Iterator[Any]:
        order = self._order()
        by_rows = self.collate_fn is default_collate and _has_rows(self.dataset)
        end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
        for start in range(0, end, self.batch_size):
            chosen = order[start : start + self.batch_size]
            yield _rows(self.dataset, chosen) if by_rows else self.collate_fn([self.dataset[int(i)] for i in chosen])

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        n = len(self.dataset if self.sampler is None else self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)

    def _order(self) -> range | np.ndarray:
        """The indices of one epoch."""
        if self.sampler is not None:
            return _indices(self.sampler, len(self.dataset), "DataLoader")
        return _random_order(len(self.dataset), self.generator) if self.shuffle else range(len(self.dataset))


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of examples: Tensors, arrays and numbers are stacked, tuples and dicts item by item.

    n Tensors of shape (...) -> (n, ...). Floats become float32 and ints int64, as in `tensor`; strings stay a list.
    Raises ValueError where the examples do not match, TypeError for what cannot be stacked.
    """
    if not batch:
        raise ValueError("default_collate expects at least one example, got none")
    first = batch[0]
    if isinstance(first, Tensor | np.ndarray):
        _check_same("shapes", [tuple(example.shape) for example in batch])
        return stack(list(batch)) if isinstance(first, Tensor) else Tensor(np.stack(batch))
    if isinstance(first, np.generic):
        return Tensor(np.stack(batch))
    if isinstance(first, bool | int | float):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([example[key] for example in batch]) for key in first}
    if isinstance(first, Sequence):
        _check_same("lengths", [len(example) for example in batch])
        return tuple(default_collate(items) for items in zip(*batch, strict=True))
    raise TypeError(f"default_collate cannot stack examples of type {type(first).__name__}: give a collate_fn")


def _check_same(what: str, values: Sequence[Any]) -> None:
    if len(set(values)) > 1:
        found = _spoken(sorted(set(values)))
        raise ValueError(f"default_collate cannot stack examples of {what} {found}: give a collate_fn that can")


def _has_rows(dataset: Any) -> bool:
    """Whether examples are rows of tensors, taken as they are: a subclass's own `__getitem__` must be asked."""
    if isinstance(dataset, Subset) and type(dataset).__getitem__ is Subset.__getitem__:
        return _has_rows(dataset.dataset)
    return isinstance(dataset, TensorDataset) and type(dataset).__getitem__ is TensorDataset.__getitem__


def _rows(dataset: Any, chosen: range | np.ndarray) -> tuple[Tensor, ...]:
    """The chosen rows of each tensor, as copies: what is done to a batch in place must not reach the dataset."""
    index = slice(chosen.start, chosen.stop) if isinstance(chosen, range) else chosen
    if isinstance(dataset, Subset):
        return _rows(dataset.dataset, dataset.indices[index])
    if any(t.requires_grad for t in dataset.tensors):
        return tuple(t[index].clone() for t in dataset.tensors)
    rows = [t.array[index] for t in dataset.tensors]
    return tuple(Tensor(part.copy() if isinstance(index, slice) else part) for part in rows)


def _random_order(n: int, generator: Generator | None) -> np.ndarray:
    return _numpy(generator).permutation(np.arange(n, dtype=np.int64))


def _indices(indices: Iterable[int], n: int, caller: str) -> np.ndarray:
    """Indices as an array, counted from the end where they are negative, and checked against a length."""
    array = np.array(indices if isinstance(indices, np.ndarray) else list(indices))
    array = array.astype(np.int64) if array.size == 0 else array
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise TypeError(f"{caller} expects a list of integers as indices, got {array.dtype} of shape {array.shape}")
    outside = array[(array < -n) | (array >= n)]
    if outside.size:
        raise IndexError(f"{caller} expects indices into {n} examples, got {outside[0]}")
    return np.where(array < 0, array + n, array).astype(np.int64)


def _numpy(generator: Generator | None) -> np.random.Generator:
    return (default_generator if generator is None else generator).numpy


def _spoken(values: Sequence[Any]) -> str:
    return " and ".join(str(value) for value in values)


# Transforms: each takes a whole batch (N, C, ...) and treats every example in it on its own. What never varies, such as
# Normalize, is best applied once, to the training and the test set before they become Datasets; what is drawn anew each
# time is given to `fit` as its `transform`, or called on x in a loop of one's own.


class Compose:
    """Several transforms, one after the other."""

    def __init__(self, transforms: Sequence[Callable[[Tensor], Tensor]]) -> None:
        self.transforms = list(transforms)

    def __call__(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x


class Normalize:
    """(x - mean) / std: one number each for all of x (N, C, ...), or a list with one for each channel."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean, self.std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        if self.mean.ndim > 1 or self.std.ndim > 1:
            raise ValueError(
                f"Normalize expects a number, or one per channel, got shapes {self.mean.shape} and {self.std.shape}"
            )
        if not np.all(self.std > 0):
            raise ValueError(f"Normalize expects a std above 0, got {std}")

    def __call__(self, x: Tensor) -> Tensor:
        array = _floats(x)
        return Tensor((array - self._per_channel(self.mean, array)) / self._per_channel(self.std, array))

    def _per_channel(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        """() or (C,) -> what broadcasts against x (N, C, ...), in its data type."""
        if values.ndim and (x.ndim < 2 or values.shape[0] != x.shape[1]):
            raise ValueError(f"Normalize has values for {len(values)} channels, got an input of shape {x.shape}")
        return values.astype(x.dtype).reshape(-1, *[1] * (x.ndim - 2)) if values.ndim else values.astype(x.dtype)


class Pad:
    """Put `padding` cells of `value` at every edge.

    (N, C, H, W) -> (N, C, H + 2p, W + 2p); (N, C, L) or (N, L) -> the same with L + 2p.
    """

    def __init__(self, padding: int, value: float = 0.0) -> None:
        self.padding = _count(padding, "Pad", "padding")
        self.value = value

    def __call__(self, x: Tensor) -> Tensor:
        return Tensor(_pad(x.array, self.padding, _places(x, "Pad"), self.value))


class RandomShift:
    """Move each image or signal by up to `max_shift` cells either way along each of its axes; what comes in is 0.

    (N, C, H, W), (N, C, L) or (N, L) -> the same shape. A shift by more than the size is an error.
    """

    def __init__(self, max_shift: int, *, generator: Generator | None = None) -> None:
        self.max_shift = _count(max_shift, "RandomShift", "max_shift")
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        m, places = self.max_shift, _places(x, "RandomShift")
        padded = _pad(x.array, m, places)
        # windows (N, C, 2m + 1, 2m + 1, H, W): each image at every place in its padded self, without a copy
        windows = np.lib.stride_tricks.sliding_window_view(padded, [x.shape[axis] for axis in places], axis=places)
        shifts = _numpy(self.generator).integers(0, 2 * m + 1, size=(len(places), len(x)))
        kept = [slice(None)] * (places[0] - 1)
        return Tensor(windows[(np.arange(len(x)), *kept, *shifts)])


class RandomRoll:
    """Roll each signal, so that what leaves at one end enters at the other, by up to `max_roll` steps either way.

    Without `max_roll`, by any number of steps. (N, C, L) or (N, L) -> the same shape; channels stay together.
    """

    def __init__(self, max_roll: int | None = None, *, generator: Generator | None = None) -> None:
        self.max_roll = None if max_roll is None else _count(max_roll, "RandomRoll", "max_roll")
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim not in (2, 3):
            raise ValueError(f"RandomRoll expects signals of shape (N, L) or (N, C, L), got {tuple(x.shape)}")
        length = x.shape[-1]
        low, high = (0, length) if self.max_roll is None else (-self.max_roll, self.max_roll + 1)
        steps = _numpy(self.generator).integers(low, high, size=(len(x), *[1] * (x.ndim - 1)))
        return Tensor(np.take_along_axis(x.array, (np.arange(length) - steps) % length, axis=-1))


class RandomScale:
    """Multiply each example by a factor of its own, drawn evenly from 1 - spread to 1 + spread."""

    def __init__(self, spread: float, *, generator: Generator | None = None) -> None:
        if not isinstance(spread, float | int | np.floating) or not 0 <= spread <= 1:
            raise ValueError(f"RandomScale expects a spread from 0 to 1, got {spread!r}")
        self.spread = spread
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        array = _floats(x)
        factors = _numpy(self.generator).uniform(1 - self.spread, 1 + self.spread, size=(len(x), *[1] * (x.ndim - 1)))
        return Tensor(array * factors.astype(array.dtype))


def _places(x: Tensor, caller: str) -> tuple[int, ...]:
    """The axes along which an image or a signal extends."""
    if x.ndim not in (2, 3, 4):
        raise ValueError(f"{caller} expects a batch (N, C, H, W), (N, C, L) or (N, L), got {tuple(x.shape)}")
    return {2: (1,), 3: (2,), 4: (2, 3)}[x.ndim]


def _pad(x: np.ndarray, width: int, axes: tuple[int, ...], value: float = 0.0) -> np.ndarray:
    widths = [width if axis in axes else 0 for axis in range(x.ndim)]
    padded = np.full([n + 2 * w for n, w in zip(x.shape, widths, strict=True)], value, x.dtype)
    padded[tuple(slice(w, w + n) for n, w in zip(x.shape, widths, strict=True))] = x
    return padded


def _floats(x: Tensor) -> np.ndarray:
    """The array of x, integers (grey levels, say) as float32."""
    return x.array if x.array.dtype.kind == "f" else x.array.astype(np.float32)


def _count(value: int, caller: str, name: str) -> int:
    if not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"{caller} expects a {name} of 0 or more whole cells, got {value!r}")
    return int(value)
