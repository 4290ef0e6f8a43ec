"""What is called in module 07, beside the learner's code. What is drawn at random is reported by what holds of every draw."""

from itertools import islice

import numpy as np

from tinytorch import data
from tinytorch.course.probing import Wrong
from tinytorch.course.probing import raised as name_of
from tinytorch.creation import Generator, manual_seed
from tinytorch.tensor import Tensor


def plain(value):
    """Tensors as arrays, all else as it is."""
    if isinstance(value, Tensor):
        return value.array
    if isinstance(value, (np.ndarray, np.generic)):
        raise Wrong("numbers must come in Tensors, but an array came")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def listed(values):
    """Values in one string, which a failure shows whole."""
    return ", ".join(map(str, values)) or "none"


def batch_by_batch(batches):
    """Numbers in one string, with a bar between batches."""
    return " | ".join(" ".join(f"{float(x):g}" for x in np.ravel(batch)) for batch in batches) or "none"


class Letters:
    """A dataset of strings: "a0", "a1", ..."""

    def __init__(self, name, n):
        self.name, self.n = name, n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(f"{self.n} examples have no example {index}")
        return f"{self.name}{index}"


# 07.1 Examples, row by row


def rows(x, y, index):
    """A TensorDataset's length and an example."""
    dataset = data.TensorDataset(Tensor(x), Tensor(y))
    example = dataset[index]
    return {"length": len(dataset), "type of an example": type(example).__name__, "example": plain(example)}


def refused(x, y=None, given="tensors"):
    """What TensorDataset raises."""
    if given == "nothing":
        return {"exception": name_of(data.TensorDataset)}
    tensors = (Tensor(x), y) if given == "an array" else (Tensor(x), Tensor(y))
    return {"exception": name_of(data.TensorDataset, *tensors)}


# 07.2 Parts and sums of datasets


def subset(n, indices):
    """The length and the examples of a Subset."""
    part = data.Subset(Letters("a", n), indices)
    return {"length": len(part), "list of examples": listed(part[i] for i in range(len(indices)))}


def concatenated(lengths, index):
    """The length of a ConcatDataset and one of its examples, or the exception."""
    whole = data.ConcatDataset([Letters(name, n) for name, n in zip("abcd", lengths, strict=False)])
    answer = {"length": len(whole)}
    exception = name_of(whole.__getitem__, index)
    answer["example"] = whole[index] if exception == "nothing" else f"raises {exception}"
    return answer


def iterated(lengths):
    """What a `for` over a ConcatDataset gives."""
    whole = data.ConcatDataset([Letters(name, n) for name, n in zip("abcd", lengths, strict=False)])
    return {"list of examples": listed(islice(iter(whole), 2 * sum(lengths) + 2))}


# 07.3 Dealing out


def split(n, lengths):
    """The sizes of the parts, and whether they are dealt out at random and share nothing."""
    dataset = list(range(n))
    parts = data.random_split(dataset, lengths, Generator().manual_seed(1))
    if not isinstance(parts, (list, tuple)):
        raise Wrong(f"random_split must return a list of Subsets, not a {type(parts).__name__}")
    if not all(isinstance(part, data.Subset) for part in parts):
        raise Wrong("random_split must return a list of Subsets")
    dealt = [part[i] for part in parts for i in range(len(part))]
    return {"list of sizes": listed(map(len, parts)), "list of all examples, sorted,": listed(sorted(dealt))}


def split_at_random(n, sizes):
    """Whether a split is random, the same for one seed, and another for another."""
    dataset = list(range(n))

    def dealt(generator):
        parts = data.random_split(dataset, sizes, generator)
        return [[part[i] for i in range(len(part))] for part in parts]

    manual_seed(0)
    some, same, other = (dealt(Generator().manual_seed(seed)) for seed in (1, 1, 2))
    first = some[0]
    return {
        "list of all examples, sorted,": listed(sorted(sum(some, []))),
        "first part": "the first examples" if sorted(first) == dataset[: len(first)] else "examples from everywhere",
        "split by the same seed": "the same" if some == same else "another",
        "split by another seed": "the same" if some == other else "another",
    }


def split_refused(n, lengths):
    """What random_split raises."""
    return {"exception": name_of(data.random_split, list(range(n)), lengths)}


# 07.4 A batch of examples


def examples_of(batch, as_tensors):
    """Examples as they are described, arrays as Tensors if asked for."""
    if isinstance(batch, np.ndarray):
        return Tensor(batch) if as_tensors else batch
    if isinstance(batch, dict):
        return {key: examples_of(item, as_tensors) for key, item in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(examples_of(item, as_tensors) for item in batch)
    return object() if batch == "object()" else batch


def collated(batch, as_tensors=True):
    """The batch that default_collate makes, or the exception."""
    examples = examples_of(batch, as_tensors)
    exception = name_of(data.default_collate, examples)
    if exception != "nothing":
        return {"exception": exception}
    made = data.default_collate(examples)
    return {"exception": "nothing", "type of the batch": type(made).__name__, "batch": plain(made)}


# 07.5 An epoch


def loader_of(n, options, seed=None):
    numbers = np.arange(n)
    dataset = data.TensorDataset(Tensor(numbers.astype(np.float32)), Tensor(100 + numbers))
    generator = None if seed is None else Generator().manual_seed(seed)
    return data.DataLoader(dataset, generator=generator, **options), dataset


def arrays_of(loader, most=100):
    """The batches of an epoch, x and y of each."""
    batches = list(islice(iter(loader), most))
    if not all(isinstance(b, tuple) and len(b) == 2 and all(isinstance(t, Tensor) for t in b) for b in batches):
        raise Wrong("of a dataset of pairs, every batch must be a tuple of two Tensors, as collate_fn makes it")
    return [(x.array, y.array) for x, y in batches]


def epoch(n, options):
    """The batches of an epoch in order."""
    loader, _ = loader_of(n, options)
    batches = arrays_of(loader)
    return {
        "list of batches": batch_by_batch(x for x, _ in batches),
        "list of labels": batch_by_batch(y for _, y in batches),
        "data types of a batch": listed(t.dtype for t in batches[0]) if batches else "none",
        "length of the loader": len(loader),
    }


def shuffled(n, options):
    """What must hold of shuffled epochs, however they are drawn."""
    manual_seed(0)
    loader, _ = loader_of(n, {**options, "shuffle": True}, seed=1)
    again, _ = loader_of(n, {**options, "shuffle": True}, seed=1)
    batches, second, same = arrays_of(loader), arrays_of(loader), arrays_of(again)
    x, x2, x3 = (np.concatenate([x for x, _ in b]) if b else np.zeros(0) for b in (batches, second, same))
    y = np.concatenate([y for _, y in batches]) if batches else np.zeros(0)
    whole = len(x) == n
    return {
        "list of sizes": listed(len(x) for x, _ in batches),
        "number of different examples": len(set(x.tolist())),
        "list of examples, sorted,": batch_by_batch([sorted(x.tolist())]) if whole else "not whole",
        "labels": "those of the examples" if np.array_equal(y, 100 + x) else "those of other examples",
        "order": "0, 1, 2, ..." if np.array_equal(x, np.arange(len(x))) else "random",
        "order of the second epoch": "the same" if np.array_equal(x, x2) else "another",
        "order drawn with the same seed": "the same" if np.array_equal(x, x3) else "another",
    }


def batches_are_copies(n, options):
    """Whether a change of a batch reaches the dataset."""
    loader, dataset = loader_of(n, options)
    for x, _ in loader:
        x.array[...] = 77
    return {"dataset after its batches were changed": dataset.tensors[0].array.copy()}


def of_strings(n, batch_size):
    """Batches of a dataset that is no TensorDataset, by a collate_fn."""
    loader = data.DataLoader(Letters("a", n), batch_size=batch_size, collate_fn="+".join)
    return {"list of batches": listed(islice(iter(loader), 100)), "length of the loader": len(loader)}


# 07.6 Zero mean, unit spread


def normalized(x, mean, std):
    """A normalised batch."""
    y = data.Normalize(mean, std)(Tensor(np.array(x)))
    if not isinstance(y, Tensor):
        raise Wrong(f"Normalize must return a Tensor, not {'None' if y is None else f'a {type(y).__name__}'}")
    return {"value": y.array}


def channels_refused(x, mean, std):
    """What Normalize raises for a batch with another number of channels."""
    return {"exception": name_of(data.Normalize(mean, std), Tensor(np.array(x)))}


# 07.7 Small shifts


def moved(image, axes, shift, wrap):
    """An image (C, ...) moved along its last axes; what comes in is 0, or what left."""
    y = np.roll(image, shift, axes)
    for axis, s in zip(axes, shift, strict=True) if not wrap else ():
        n = image.shape[axis]
        gone = slice(0, min(s, n)) if s > 0 else slice(max(n + s, 0), n)
        if s:
            y[(slice(None),) * axis + (gone,)] = 0
    return y


def shifted(shape, max_shift, count, float32):
    """How the images of a batch, all of them the same, were moved."""
    dtype = np.float32 if float32 else np.float64
    image = np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)
    axes = {1: (0,), 2: (1,), 3: (1, 2)}[len(shape)]
    batch = np.repeat(image[None], count, axis=0)
    ways = range(-max_shift - 1, max_shift + 2)
    shifts = [(s,) for s in ways] if len(axes) == 1 else [(s, t) for s in ways for t in ways]

    def run(seed):
        out = data.RandomShift(max_shift, generator=Generator().manual_seed(seed))(Tensor(batch.copy()))
        if not isinstance(out, Tensor):
            raise Wrong(f"RandomShift must return a Tensor, not {'None' if out is None else f'a {type(out).__name__}'}")
        return out.array

    manual_seed(0)
    out, again = run(4), run(4)
    answer = {"shape": tuple(out.shape), "data type": str(out.dtype)}
    if out.shape != batch.shape:
        return answer
    flat = out.reshape(count, -1)
    seen, wrapped = {}, np.zeros(count, bool)
    for shift in shifts:
        hits = (flat == moved(image, axes, shift, False).reshape(-1)).all(1)
        seen[shift] = hits
        wrapped |= (flat == moved(image, axes, shift, True).reshape(-1)).all(1)
    known = np.any(list(seen.values()), axis=0)
    answer["batch"] = (
        "moved, and zeros came in"
        if known.all()
        else "moved, but what left at one side came in at the other"
        if (known | wrapped).all()
        else "not moved as a whole, or something other than zeros came in"
    )
    found = [shift for shift in shifts if seen[shift].any()]
    for i, axis in enumerate(axes):
        along = [shift[i] for shift in found]
        answer[f"range of shifts along axis {axis + 1}"] = f"{min(along)} to {max(along)}" if along else "none"
    answer["number of different shifts"] = len(found)
    answer["shift drawn with the same seed"] = "the same" if np.array_equal(out, again) else "another"
    return answer
