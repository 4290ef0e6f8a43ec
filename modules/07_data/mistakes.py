"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""
# ruff: noqa: F821 - the names are those of the library's file

import math

import numpy as np

# 07.1 Examples, row by row


class lengths_not_compared:
    """lengths are not compared: with a label missing, every example after it would have another's."""

    exercise = "07.1"

    class TensorDataset:
        def __init__(self, *tensors):
            if not tensors:
                raise ValueError("at least one Tensor is needed")
            if not all(isinstance(t, Tensor) for t in tensors):
                raise TypeError("only Tensors are taken")
            self.tensors = tensors


class anything_goes:
    """nothing is checked: what is wrong shows only in training, if at all."""

    exercise = "07.1"

    class TensorDataset:
        def __init__(self, *tensors):
            self.tensors = tensors


class first_tensor_only:
    """only the first tensor is asked: an example is a row of each."""

    exercise = "07.1"

    class TensorDataset:
        def __getitem__(self, index):
            return self.tensors[0][index]


class labels_not_indexed:
    """the first tensor alone is indexed: each example would come with all of the labels."""

    exercise = "07.1"

    class TensorDataset:
        def __getitem__(self, index):
            return (self.tensors[0][index], *self.tensors[1:])


class list_of_rows:
    """an example is a list: it is a tuple, which a loader takes apart and puts together again as one."""

    exercise = "07.1"

    class TensorDataset:
        def __getitem__(self, index):
            return [t[index] for t in self.tensors]


class tensors_indexed:
    """the index picks a tensor, and not a row of each."""

    exercise = "07.1"

    class TensorDataset:
        def __getitem__(self, index):
            return self.tensors[index]


class tensors_counted:
    """the tensors are counted, not their rows."""

    exercise = "07.1"

    class TensorDataset:
        def __len__(self):
            return len(self.tensors)


class elements_counted:
    """all elements of the first tensor are counted, not its rows."""

    exercise = "07.1"

    class TensorDataset:
        def __len__(self):
            return self.tensors[0].numel()


# 07.2 Parts and sums of datasets


class indices_not_used:
    """the index goes to the dataset as it is: example i of a Subset is the dataset's example indices[i]."""

    exercise = "07.2"

    class Subset:
        def __getitem__(self, index):
            return self.dataset[index]


class index_returned:
    """the number of the example is returned, and not the example."""

    exercise = "07.2"

    class Subset:
        def __getitem__(self, index):
            return int(self.indices[index])


class length_of_the_whole:
    """a Subset says the length of the whole dataset: it has as many examples as indices."""

    exercise = "07.2"

    class Subset:
        def __len__(self):
            return len(self.dataset)


class end_belongs_to_the_first:
    """an index equal to an end is looked for in the dataset that ends there: it is the first of the next."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            if not -len(self) <= index < len(self):
                raise IndexError(f"no example {index}")
            index %= len(self)
            for dataset in self.datasets:
                if index <= len(dataset):
                    return dataset[index]
                index -= len(dataset)


class start_not_subtracted:
    """the right dataset is asked for an example counted from the start of all: take the lengths before it away."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            if not -len(self) <= index < len(self):
                raise IndexError(f"no example {index}")
            index %= len(self)
            return self.datasets[bisect_right(self.ends, index)][index]


class counted_from_the_end_of_it:
    """the end of the dataset is taken away from the index: its start is, the end of the one before."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            if not -len(self) <= index < len(self):
                raise IndexError(f"no example {index}")
            index %= len(self)
            which = bisect_right(self.ends, index)
            return self.datasets[which][index - self.ends[which]]


class no_negative_index:
    """an index below 0 is not understood: -1 is the last example, as in a list."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            if not 0 <= index < len(self):
                raise IndexError(f"no example {index}")
            for dataset in self.datasets:
                if index < len(dataset):
                    return dataset[index]
                index -= len(dataset)


class begins_again:
    """an index beyond the end begins again at 0: it raises IndexError, or a `for` never ends."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            index %= len(self)
            for dataset in self.datasets:
                if index < len(dataset):
                    return dataset[index]
                index -= len(dataset)


class none_beyond_the_end:
    """an index out of range gives None: it raises IndexError, or a `for` never ends."""

    exercise = "07.2"

    class ConcatDataset:
        def __getitem__(self, index):
            if index < 0:
                index += len(self)
            for dataset in self.datasets:
                if 0 <= index < len(dataset):
                    return dataset[index]
                index -= len(dataset)


class datasets_counted:
    """the datasets are counted, not their examples."""

    exercise = "07.2"

    class ConcatDataset:
        def __len__(self):
            return len(self.datasets)


# 07.3 Dealing out


class not_shuffled:
    """the examples are dealt out in their order: files often come sorted by class."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        parts, start = [], 0
        for size in sizes:
            parts.append(Subset(dataset, range(start, start + size)))
            start += size
        return parts


class each_part_drawn_anew:
    """each part is drawn from all examples: some are in two parts, and the test set is no longer unseen."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        return [Subset(dataset, _numpy(generator).permutation(n)[:size]) for size in sizes]


class drawn_with_replacement:
    """examples are drawn with integers(...), which gives some twice and others never: permutation gives each once."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        return [Subset(dataset, _numpy(generator).integers(0, n, size)) for size in sizes]


class generator_ignored:
    """the generator that was given is not used: nobody could make the same split again."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        order, parts, start = np.random.default_rng().permutation(n), [], 0
        for size in sizes:
            parts.append(Subset(dataset, order[start : start + size]))
            start += size
        return parts


class always_one_seed:
    """a fixed seed is used: whatever generator is given, the split is the same."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        order, parts, start = np.random.default_rng(0).permutation(n), [], 0
        for size in sizes:
            parts.append(Subset(dataset, order[start : start + size]))
            start += size
        return parts


class starts_at_the_size:
    """every part is cut from the start of the shuffled examples: it starts where the part before it ended."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        order = _numpy(generator).permutation(n)
        return [Subset(dataset, order[:size]) for size in sizes]


class rest_lost:
    """fractions are rounded down, and what is left over is in no part: it goes to the parts in turn."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
        elif sum(sizes) != n:
            raise ValueError("lengths do not add up")
        order, parts, start = _numpy(generator).permutation(n), [], 0
        for size in sizes:
            parts.append(Subset(dataset, order[start : start + size]))
            start += size
        return parts


class rest_to_the_last:
    """what is left over goes to the last part: it goes one by one to the first, the second, and so on."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            sizes[-1] += n - sum(sizes)
        if sum(sizes) != n:
            raise ValueError("lengths do not add up")
        order, parts, start = _numpy(generator).permutation(n), [], 0
        for size in sizes:
            parts.append(Subset(dataset, order[start : start + size]))
            start += size
        return parts


class sum_not_checked:
    """lengths that do not add up are let pass: then examples are lost, or a part is shorter than was asked for."""

    exercise = "07.3"

    def random_split(dataset, lengths, generator=None):
        n = len(dataset)
        sizes = list(lengths)
        if math.isclose(sum(lengths), 1):
            sizes = [math.floor(n * f) for f in lengths]
            for i in range(n - sum(sizes)):
                sizes[i % len(sizes)] += 1
        sizes = [int(size) for size in sizes]
        order, parts, start = _numpy(generator).permutation(n), [], 0
        for size in sizes:
            parts.append(Subset(dataset, order[start : start + size]))
            start += size
        return parts


# 07.4 A batch of examples


class joined_not_stacked:
    """Tensors are joined along the first axis that they have: stacking makes a new one, for the examples."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.concatenate([np.atleast_1d(np.asarray(e)) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class stacked_last:
    """the examples are stacked along the last axis: the first is that of the examples."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch], axis=-1))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class numbers_widened:
    """np.array makes float64 of Python's floats: `tensor` makes float32, which the network is in."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return Tensor(np.array(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class labels_as_floats:
    """all numbers become float32: labels are whole numbers, and stay int64."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return Tensor(np.array(batch, np.float32))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class pairs_not_taken_apart:
    """a batch of each example is made, a list of pairs: it is a pair of batches. zip(*batch) turns one into the other."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            if len({len(e) for e in batch}) > 1:
                raise ValueError("lengths differ")
            return list(batch)
        raise TypeError("cannot stack these")


class list_of_batches:
    """of tuples a list is made: a tuple, as the examples are, so that `x, y = batch` reads the same everywhere."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return [default_collate(list(items)) for items in zip(*batch, strict=True)]
        raise TypeError("cannot stack these")


class cut_to_the_shortest:
    """zip stops at the shortest tuple: tuples of different lengths raise ValueError, zip(..., strict=True) does so."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch))  # noqa: B905
        raise TypeError("cannot stack these")


class strings_taken_apart:
    """strings are taken for sequences of characters: they are to be asked for before tuples and lists are."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, Sequence):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class dicts_forgotten:
    """dicts are not known: of dicts, a dict with a batch for each key is made."""

    exercise = "07.4"

    def default_collate(batch):
        if not batch:
            raise ValueError("no examples")
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


class nothing_known_of_nothing:
    """an empty list is not asked for: batch[0] then raises IndexError, which says nothing of a batch."""

    exercise = "07.4"

    def default_collate(batch):
        first = batch[0]
        if isinstance(first, (Tensor, np.ndarray)):
            if len({tuple(e.shape) for e in batch}) > 1:
                raise ValueError("shapes differ")
            return Tensor(np.stack([np.asarray(e) for e in batch]))
        if isinstance(first, (bool, int, float)):
            return tensor(list(batch))
        if isinstance(first, str):
            return list(batch)
        if isinstance(first, dict):
            return {key: default_collate([e[key] for e in batch]) for key in first}
        if isinstance(first, (tuple, list)):
            return tuple(default_collate(list(items)) for items in zip(*batch, strict=True))
        raise TypeError("cannot stack these")


# 07.5 An epoch


class last_batch_dropped:
    """a last batch that is shorter is left out: only with drop_last."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            for start in range(0, len(order) - self.batch_size + 1, self.batch_size):
                yield self.collate_fn([self.dataset[int(i)] for i in order[start : start + self.batch_size]])


class last_batch_kept:
    """drop_last is not looked at: with it, a last batch that is shorter is left out."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            for start in range(0, len(order), self.batch_size):
                yield self.collate_fn([self.dataset[int(i)] for i in order[start : start + self.batch_size]])


class whole_batches_too:
    """drop_last leaves out the last batch always: one that is full is kept."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            starts = list(range(0, len(order), self.batch_size))
            for start in starts[:-1] if self.drop_last else starts:
                yield self.collate_fn([self.dataset[int(i)] for i in order[start : start + self.batch_size]])


class an_empty_batch:
    """there is one batch too many, an empty one, where the batches divide the examples."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            for b in range(len(order) // self.batch_size + (not self.drop_last)):
                chosen = order[b * self.batch_size : (b + 1) * self.batch_size]
                yield self.collate_fn([self.dataset[int(i)] for i in chosen])


class batches_overlap:
    """the start moves on by one example and not by a batch: the batches overlap."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            for start in range(len(self)):
                yield self.collate_fn([self.dataset[int(i)] for i in order[start : start + self.batch_size]])


class never_shuffled:
    """shuffle is not looked at."""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            return range(len(self.dataset)) if self.sampler is None else list(self.sampler)


class order_not_used:
    """the batches are cut from 0, 1, 2, ... and not from the order that `_order` gives."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            n = len(list(self._order()))
            end = n - n % self.batch_size if self.drop_last else n
            for start in range(0, end, self.batch_size):
                yield self.collate_fn([self.dataset[i] for i in range(start, min(start + self.batch_size, n))])


class default_collate_always:
    """default_collate is called whatever collate_fn was given."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            for start in range(0, end, self.batch_size):
                yield default_collate([self.dataset[int(i)] for i in order[start : start + self.batch_size]])


class not_collated:
    """a batch is the list of its examples: collate_fn makes Tensors of it."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            for start in range(0, end, self.batch_size):
                yield [self.dataset[int(i)] for i in order[start : start + self.batch_size]]


class returned_not_yielded:
    """`return` ends with the first batch: `yield` gives one after the other."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            for start in range(0, len(order), self.batch_size):
                return iter([self.collate_fn([self.dataset[int(i)] for i in order[start : start + self.batch_size]])])
            return iter([])


class labels_not_shuffled:
    """the examples are shuffled and the labels are not: one order must serve both, or nothing can be learnt."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            for start in range(0, end, self.batch_size):
                examples = [self.dataset[int(i)] for i in order[start : start + self.batch_size]]
                if self.shuffle:
                    examples = [(x, self.dataset[start + k][1]) for k, (x, _) in enumerate(examples)]
                yield self.collate_fn(examples)


class views_of_the_dataset:
    """a batch is a slice of the dataset's own memory: what is done to it in place would reach the dataset."""

    exercise = "07.5"

    class DataLoader:
        def __iter__(self):
            order = list(self._order())
            end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            for start in range(0, end, self.batch_size):
                chosen = order[start : start + self.batch_size]
                plain = isinstance(self.dataset, TensorDataset) and self.sampler is None and not self.shuffle
                if plain:
                    yield self.dataset[start : start + len(chosen)]
                else:
                    yield self.collate_fn([self.dataset[int(i)] for i in chosen])


class shuffled_once:
    """the order is drawn once and kept: it is drawn anew for each epoch."""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            if self.sampler is not None:
                return list(self.sampler)
            if not self.shuffle:
                return range(len(self.dataset))
            if not hasattr(self, "_kept_order"):
                self._kept_order = _numpy(self.generator).permutation(len(self.dataset))
            return self._kept_order


class order_with_replacement:
    """examples are drawn with integers(...): some come twice in an epoch, and others not at all."""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            n = len(self.dataset)
            if self.sampler is not None:
                return list(self.sampler)
            return _numpy(self.generator).integers(0, n, n) if self.shuffle else range(n)


class loader_generator_ignored:
    """the generator that was given is not used: nobody could repeat the run."""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            if self.sampler is not None:
                return list(self.sampler)
            n = len(self.dataset)
            return np.random.default_rng().permutation(n) if self.shuffle else range(n)


class sampler_ignored:
    """the sampler is not asked: it says the order, and which examples there are."""

    exercise = "07.5"

    class DataLoader:
        def _order(self):
            n = len(self.dataset)
            return _numpy(self.generator).permutation(n) if self.shuffle else range(n)


class examples_counted:
    """the examples are counted: len of a loader is the number of batches."""

    exercise = "07.5"

    class DataLoader:
        def __len__(self):
            return len(self.dataset if self.sampler is None else self.sampler)


class rounded_down:
    """the number of batches is rounded down: a last batch that is shorter counts too, unless drop_last leaves it out."""

    exercise = "07.5"

    class DataLoader:
        def __len__(self):
            return len(self.dataset if self.sampler is None else self.sampler) // self.batch_size


class one_batch_more:
    """n // batch_size + 1 is one too many where the batches divide the examples: math.ceil(n / batch_size)."""

    exercise = "07.5"

    class DataLoader:
        def __len__(self):
            n = len(self.dataset if self.sampler is None else self.sampler)
            return n // self.batch_size + (not self.drop_last)


class length_without_sampler:
    """the batches of the whole dataset are counted: with a sampler, those of its indices are."""

    exercise = "07.5"

    class DataLoader:
        def __len__(self):
            n = len(self.dataset)
            return n // self.batch_size if self.drop_last else math.ceil(n / self.batch_size)


# 07.6 Zero mean, unit spread


class statistics_of_the_batch:
    """the mean and the deviation of the batch itself are taken: those of the training set are given, the same for every batch."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            for values in (self.mean, self.std):
                if values.ndim and (array.ndim < 2 or len(values) != array.shape[1]):
                    raise ValueError("another number of channels")
            axes = tuple(i for i in range(array.ndim) if i != 1) if self.mean.ndim else None
            mean, std = array.mean(axis=axes, keepdims=True), array.std(axis=axes, keepdims=True)
            return Tensor(((array - mean) / (std + 1e-8)).astype(array.dtype))


class along_the_last_axis:
    """the values meet the last axis, as NumPy broadcasts: the channels are along the second, (N, C, ...)."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            return Tensor((array - self.mean.astype(array.dtype)) / self.std.astype(array.dtype))


class along_the_batch:
    """the values meet the first axis, the examples: the channels are along the second, (N, C, ...)."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            mean, std = self.mean.astype(array.dtype), self.std.astype(array.dtype)
            if mean.ndim:
                if len(mean) != array.shape[1]:
                    raise ValueError("another number of channels")
                mean = mean.reshape(-1, *[1] * (array.ndim - 1))
            if std.ndim:
                std = std.reshape(-1, *[1] * (array.ndim - 1))
            return Tensor((array - mean) / std)


class images_only:
    """the values are made (C, 1, 1) whatever comes: signals (N, C, L) and rows (N, C) have fewer axes behind the channels."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            mean, std = self.mean.astype(array.dtype), self.std.astype(array.dtype)
            if mean.ndim and len(mean) != array.shape[1]:
                raise ValueError("another number of channels")
            if mean.ndim:
                mean = mean.reshape(-1, 1, 1)
            if std.ndim:
                std = std.reshape(-1, 1, 1)
            return Tensor((array - mean) / std)


class divided_by_variance:
    """the deviation is squared: divide by std itself."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            return Tensor((array - self._per_channel(self.mean, array)) / self._per_channel(self.std**2, array))


class multiplied_by_std:
    """x - mean is multiplied by std: it is divided by it."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            return Tensor((array - self._per_channel(self.mean, array)) * self._per_channel(self.std, array))


class brackets_forgotten:
    """only the mean is divided: (x - mean) / std needs its brackets."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            return Tensor(array - self._per_channel(self.mean, array) / self._per_channel(self.std, array))


class mean_added:
    """the mean is added: it is taken away."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            return Tensor((array + self._per_channel(self.mean, array)) / self._per_channel(self.std, array))


class widened_by_statistics:
    """a float64 mean makes float64 of a float32 batch: take it in the data type of the batch."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            values = []
            for v in (self.mean, self.std):
                if v.ndim and (array.ndim < 2 or len(v) != array.shape[1]):
                    raise ValueError("another number of channels")
                values.append(v.reshape(-1, *[1] * (array.ndim - 2)) if v.ndim else v.reshape((1,) * array.ndim))
            return Tensor((array - values[0]) / values[1])


class channels_not_compared:
    """the number of channels is not compared: one value for three channels, or three for one, would broadcast."""

    exercise = "07.6"

    class Normalize:
        def __call__(self, x):
            array = _floats(x)
            mean, std = self.mean.astype(array.dtype), self.std.astype(array.dtype)
            if mean.ndim:
                mean = mean.reshape(-1, *[1] * (array.ndim - 2))
            if std.ndim:
                std = std.reshape(-1, *[1] * (array.ndim - 2))
            return Tensor((array - mean) / std)


# 07.7 Small shifts


class wraps_round:
    """np.roll is used: what leaves at one side comes in at the other, and it should be 0."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            out = x.array.copy()
            for n in range(len(x)):
                steps = _numpy(self.generator).integers(-m, m + 1, size=len(places))
                out[n] = np.roll(out[n], tuple(int(s) for s in steps), axis=tuple(p - 1 for p in places))
            return Tensor(out)


class one_shift_for_all:
    """one shift is drawn for the whole batch: each image has its own."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded = _pad(x.array, m, places)
            cut = [slice(None)] * x.ndim
            for axis in places:
                start = int(_numpy(self.generator).integers(0, 2 * m + 1))
                cut[axis] = slice(start, start + x.shape[axis])
            return Tensor(padded[tuple(cut)].copy())


class upper_end_left_out:
    """the largest shift never occurs: integers(0, 2 m) ends at 2 m - 1, the upper end is left out."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded, out = _pad(x.array, m, places), x.array.copy()
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                for axis in places:
                    start = int(_numpy(self.generator).integers(0, max(2 * m, 1)))
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)


class one_direction:
    """the shifts are from 0 to max_shift: they go from -max_shift, both ways."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded, out = _pad(x.array, m, places), x.array.copy()
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                for axis in places:
                    start = int(_numpy(self.generator).integers(0, m + 1))
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)


class along_the_diagonal:
    """one number is drawn for both axes: the image then moves along the diagonal only."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded, out = _pad(x.array, m, places), x.array.copy()
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                start = int(_numpy(self.generator).integers(0, 2 * m + 1))
                for axis in places:
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)


class one_axis_only:
    """only the last axis is shifted: an image moves along both."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m = self.max_shift
            padded, out = _pad(x.array, m, (x.ndim - 1,)), x.array.copy()
            for n in range(len(x)):
                start = int(_numpy(self.generator).integers(0, 2 * m + 1))
                out[n] = padded[n][..., start : start + x.shape[-1]]
            return Tensor(out)


class edges_repeated:
    """the edge is repeated where something comes in: it should be 0."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded = np.pad(x.array, [(m, m) if axis in places else (0, 0) for axis in range(x.ndim)], mode="edge")
            out = x.array.copy()
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                for axis in places:
                    start = int(_numpy(self.generator).integers(0, 2 * m + 1))
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)


class left_padded:
    """the padding is left on: cut a piece of the old size out of the padded image."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            return Tensor(_pad(x.array, self.max_shift, _places(x, "RandomShift")))


class centre_cut_out:
    """the piece is always cut from the middle: nothing moves."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            return Tensor(x.array.copy())


class widened_by_zeros:
    """np.zeros makes float64 of float32 unless it is told the data type."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded, out = _pad(x.array, m, places), np.zeros(x.shape)
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                for axis in places:
                    start = int(_numpy(self.generator).integers(0, 2 * m + 1))
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)


class shift_generator_ignored:
    """the generator that was given is not used: nobody could repeat the run."""

    exercise = "07.7"

    class RandomShift:
        def __call__(self, x):
            m, places = self.max_shift, _places(x, "RandomShift")
            padded, out = _pad(x.array, m, places), x.array.copy()
            for n in range(len(x)):
                cut = [slice(None)] * x.ndim
                for axis in places:
                    start = int(np.random.default_rng().integers(0, 2 * m + 1))
                    cut[axis] = slice(start, start + x.shape[axis])
                out[n] = padded[n][tuple(cut[1:])]
            return Tensor(out)
