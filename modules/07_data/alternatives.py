"""Right solutions in other styles than the library's: the checks must let them all pass."""
# ruff: noqa: F821 - the names are those of the library's file

import math

import numpy as np


class loops_over_tensors:
    """loops, lengths compared one by one"""

    exercise = "07.1"

    class TensorDataset:
        def __init__(self, *tensors):
            super().__init__()
            if len(tensors) == 0:
                raise ValueError("give at least one Tensor")
            for t in tensors:
                if not isinstance(t, Tensor):
                    raise TypeError(f"{type(t).__name__} is no Tensor")
                if t.shape[0] != tensors[0].shape[0]:
                    raise ValueError("lengths differ")
            self.tensors = list(tensors)

        def __getitem__(self, index):
            example = []
            for t in self.tensors:
                example.append(t[index])
            return tuple(example)

        def __len__(self):
            return self.tensors[0].shape[0]


class walked_through:
    """a walk from dataset to dataset"""

    exercise = "07.2"

    class Subset:
        def __getitem__(self, index):
            return self.dataset[self.indices.tolist()[index]]

        def __len__(self):
            return self.indices.shape[0]

    class ConcatDataset:
        def __getitem__(self, index):
            if index < 0:
                index += len(self)
            if index < 0 or index >= len(self):
                raise IndexError("out of range")
            start = 0
            for dataset, end in zip(self.datasets, self.ends, strict=True):
                if index < end:
                    return dataset[index - start]
                start = end

        def __len__(self):
            return sum(len(dataset) for dataset in self.datasets)


class shuffled_list:
    """a list of numbers that is shuffled and cut"""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        lengths = list(lengths)
        if abs(sum(lengths) - 1) < 1e-6:
            lengths = [int(n * f) for f in lengths]
            i = 0
            while sum(lengths) < n:
                lengths[i % len(lengths)] += 1
                i += 1
        if sum(lengths) != n:
            raise ValueError(f"{lengths} do not add up to {n}")
        numbers = list(range(n))
        _numpy(generator).shuffle(numbers)
        parts = []
        for size in lengths:
            parts.append(Subset(dataset, numbers[:size]))
            del numbers[:size]
        return parts


class by_type:
    """one if after the other, places by number"""

    exercise = "07.4"

    def default_collate(batch):
        if len(batch) == 0:
            raise ValueError("empty")
        e = batch[0]
        if isinstance(e, str):
            return list(batch)
        if isinstance(e, Tensor):
            if any(x.shape != e.shape for x in batch):
                raise ValueError("shapes differ")
            return stack(list(batch))
        if isinstance(e, np.ndarray):
            return Tensor(np.array([*batch])) if len({x.shape for x in batch}) == 1 else _refuse()
        if isinstance(e, (int, float)):
            return tensor([*batch])
        if isinstance(e, dict):
            return {k: default_collate([x[k] for x in batch]) for k in e.keys()}
        if isinstance(e, (list, tuple)):
            if any(len(x) != len(e) for x in batch):
                _refuse()
            return tuple(default_collate([x[i] for x in batch]) for i in range(len(e)))
        raise TypeError(f"cannot collate {type(e)}")

    def _refuse():
        raise ValueError("these do not fit")


class filled_up:
    """a batch that is filled example by example"""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            if self.sampler is not None:
                return list(self.sampler)
            order = list(range(len(self.dataset)))
            if self.shuffle:
                _numpy(self.generator).shuffle(order)
            return order

        def __iter__(self):
            batch = []
            for i in self._order():
                batch.append(self.dataset[i])
                if len(batch) == self.batch_size:
                    yield self.collate_fn(batch)
                    batch = []
            if batch and not self.drop_last:
                yield self.collate_fn(batch)

        def __len__(self):
            n = len(self.dataset) if self.sampler is None else len(self.sampler)
            full, rest = divmod(n, self.batch_size)
            return full + (1 if rest and not self.drop_last else 0)


class channel_by_channel:
    """a loop over the channels"""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            out = np.array(_floats(x))
            if self.mean.ndim == 0 and self.std.ndim == 0:
                out -= float(self.mean)
                out /= float(self.std)
                return Tensor(out)
            if out.ndim < 2 or self.mean.size != out.shape[1]:
                raise ValueError(f"{self.mean.size} values for a batch {out.shape}")
            for c in range(out.shape[1]):
                out[:, c] = (out[:, c] - float(self.mean[c])) / float(self.std[c])
            return Tensor(out)


class copied_slices:
    """slices copied from place to place, image by image"""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            rng, m = _numpy(self.generator), self.max_shift
            out = np.zeros_like(x.array)
            for n in range(len(x)):
                source, goal = [slice(None)] * (x.ndim - 1), [slice(None)] * (x.ndim - 1)
                for axis in _places(x, "RandomShift"):
                    s, length = int(rng.integers(-m, m + 1)), x.shape[axis]
                    source[axis - 1] = slice(max(-s, 0), length - max(s, 0))
                    goal[axis - 1] = slice(max(s, 0), length - max(-s, 0))
                out[n][tuple(goal)] = x.array[n][tuple(source)]
            return Tensor(out)


class padded_and_cut:
    """np.pad, and a piece cut out of each image"""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            widths = [(m, m) if axis in places else (0, 0) for axis in range(x.ndim)]
            padded = np.pad(x.array, widths)
            images = []
            for image in padded:
                for axis in places:
                    start = int(math.floor(_numpy(self.generator).random() * (2 * m + 1)))
                    image = np.take(image, range(start, start + x.shape[axis]), axis=axis - 1)
                images.append(image)
            return Tensor(np.stack(images))
