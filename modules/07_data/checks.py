"""The checks of module 07: what is certain by its value, what is random by what holds of every draw."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


# 07.1 Examples, row by row


@check("07.1")
def examples(draw):
    """TensorDataset: example i is the tuple of row i of each tensor, and there are as many as rows"""
    n = draw.side()
    x, y = draw.array((n, *draw.shape(0, 2))), draw.integers((n,), 0, 9)
    index = draw.integer(-n, n - 1)
    call = f"TensorDataset(x, y)[{index}]"
    return case("rows", call, x=x, y=y, index=index)


@check("07.1", count=10)
def tensors_that_do_not_fit(draw):
    """TensorDataset: ValueError for tensors that differ in length, and for none; TypeError for what is no Tensor"""
    n = draw.side()
    given = draw.choice(("tensors", "tensors", "nothing", "an array"))
    x, y = draw.array((n, 2)), draw.integers((n + draw.integer(1, 2),), 0, 9)
    words = {"tensors": "x, y", "nothing": "", "an array": "x, y.numpy()"}[given]
    return case("refused", f"TensorDataset({words})", x=x, y=y, given=given)


# 07.2 Parts and sums of datasets


@check("07.2", count=15)
def parts(draw):
    """Subset: the examples at some indices, in that order"""
    n = draw.integer(1, 5)
    indices = [draw.integer(0, n - 1) for _ in range(draw.integer(0, 3))]
    call = f"the examples of Subset(dataset, {indices}), where dataset is a0, a1, ..., a{n - 1}"
    return case("subset", call, n=n, indices=indices)


def lengths(draw):
    return [draw.integer(1, 3) for _ in range(draw.integer(1, 3))]


@check("07.2")
def sums(draw):
    """ConcatDataset: the examples of one dataset after the other, counted from either end"""
    sizes = lengths(draw)
    index = draw.integer(-sum(sizes), sum(sizes) - 1)
    call = f"ConcatDataset(datasets)[{index}] of datasets a, b, c with lengths {sizes}"
    return case("concatenated", call, lengths=sizes, index=index)


@check("07.2", count=10)
def sums_out_of_range(draw):
    """ConcatDataset: IndexError for an index out of range"""
    sizes = lengths(draw)
    total = sum(sizes)
    index = draw.choice((total, total + 1, -total - 1, -2 * total - 1))
    call = f"ConcatDataset(datasets)[{index}] of datasets a, b, c with lengths {sizes}"
    return case("concatenated", call, lengths=sizes, index=index)


@check("07.2", count=10)
def sums_gone_through(draw):
    """ConcatDataset: a `for` gives every example once, and ends"""
    sizes = lengths(draw)
    return case("iterated", f"list(ConcatDataset(datasets)) of datasets with lengths {sizes}", lengths=sizes)


# 07.3 Dealing out


@check("07.3", count=15)
def sizes_of_parts(draw):
    """random_split: parts of the given lengths that share no example, and together have all"""
    sizes = [draw.integer(0, 4) for _ in range(draw.integer(1, 3))]
    if sum(sizes) < 2:
        sizes.append(3)
    return case("split", f"random_split(dataset, {sizes}) of {sum(sizes)} examples", n=sum(sizes), lengths=sizes)


@check("07.3", count=15)
def fractions(draw):
    """random_split: fractions are rounded down, and what is left over goes to the parts in turn"""
    n = draw.integer(1, 12)
    given = draw.choice(((0.5, 0.5), (0.75, 0.25), (0.3, 0.3, 0.4), (0.25, 0.25, 0.25, 0.25), (0.8, 0.1, 0.1)))
    return case("split", f"random_split(dataset, {list(given)}) of {n} examples", n=n, lengths=list(given))


@check("07.3", count=5)
def random_parts(draw):
    """random_split: at random, by the generator that is given"""
    n = draw.integer(30, 40)
    call = f"random_split(dataset, [{n // 2}, {n - n // 2}], generator) of {n} examples"
    return case("split_at_random", call, n=n, sizes=[n // 2, n - n // 2])


@check("07.3", count=10)
def lengths_that_do_not_add_up(draw):
    """random_split: ValueError for lengths that do not add up"""
    n = draw.integer(3, 9)
    given = draw.choice(([n - 1, 2], [n - 2, 1], [n + 1], [0.5, 0.25], [0.9, 0.3]))
    return case("split_refused", f"random_split(dataset, {given}) of {n} examples", n=n, lengths=given)


# 07.4 A batch of examples


def spelled(value):
    """An example as one would type it."""
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.ndim else str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {spelled(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(map(spelled, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    return "object()" if value == "object()" else repr(value)


def collated(batch, as_tensors=True, words=""):
    call = f"default_collate({spelled(batch)}){words}"
    return case("collated", call, batch=batch, as_tensors=as_tensors)


@check("07.4", count=15)
def stacked(draw):
    """default_collate: Tensors and arrays are stacked along a new first axis, in their data type"""
    shape, dtype, as_tensors = draw.shape(0, 2), draw.choice((np.float64, np.float32)), draw.flag()
    batch = [draw.array(shape, dtype=dtype) for _ in range(draw.side())]
    words = f", {'Tensors' if as_tensors else 'arrays'} of {np.dtype(dtype)}"
    return collated(batch, as_tensors, words)


@check("07.4", count=15)
def numbers(draw):
    """default_collate: ints become int64, floats float32, bools bool"""
    make = draw.choice((lambda: draw.integer(-9, 9), lambda: draw.integer(-9, 9) / 4, lambda: draw.flag()))
    return collated([make() for _ in range(draw.side())])


@check("07.4")
def pairs(draw):
    """default_collate: of tuples, a tuple with a batch for each place"""
    count = draw.side()
    items = [(draw.array((2,)), draw.integer(0, 9), "abc"[draw.integer(0, 2)])[: draw.longest] for _ in range(count)]
    return collated(items if draw.flag() else [list(item) for item in items])


@check("07.4")
def dicts(draw):
    """default_collate: of dicts, a dict with a batch for each key, however deep"""
    inner = draw.flag()
    batch = []
    for _ in range(draw.side()):
        label = draw.integer(0, 9)
        batch.append({"x": draw.array((2,)), "y": (label, draw.integer(0, 9)) if inner else label})
    return collated(batch)


@check("07.4", count=8)
def texts(draw):
    """default_collate: strings stay a list"""
    return collated([draw.choice(("seven", "two", "")) for _ in range(draw.side())])


@check("07.4", count=15)
def examples_that_do_not_fit(draw):
    """default_collate: ValueError for an empty list, other shapes and other lengths; TypeError for anything else"""
    a = draw.array((2,))
    batch = draw.choice(([], [a, draw.array((3,))], [a, draw.array((2, 1))], [(1, 2), (1, 2, 3)], ["object()"], [None]))
    return collated(
        batch, words=", with Tensors for lists of numbers" if any(isinstance(b, np.ndarray) for b in batch) else ""
    )


# 07.5 An epoch


def words(options):
    return ", ".join(f"{key}={value}" for key, value in options.items())


@check("07.5")
def batches_in_order(draw):
    """DataLoader: all examples in order, the last batch shorter where they do not divide"""
    n, options = draw.integer(1, 7), {"batch_size": draw.integer(1, 4)}
    return case("epoch", f"DataLoader(dataset, {words(options)}) of {n} examples", n=n, options=options)


@check("07.5", count=15)
def whole_batches(draw):
    """DataLoader: with drop_last, a last batch that is shorter is left out"""
    n, options = draw.integer(1, 9), {"batch_size": draw.integer(1, 4), "drop_last": True}
    return case("epoch", f"DataLoader(dataset, {words(options)}) of {n} examples", n=n, options=options)


@check("07.5", count=10)
def batches_of_a_sampler(draw):
    """DataLoader: a sampler says which examples, in which order"""
    n = draw.integer(3, 7)
    options = {"batch_size": draw.integer(1, 3), "sampler": [draw.integer(0, n - 1) for _ in range(draw.integer(1, 5))]}
    return case("epoch", f"DataLoader(dataset, {words(options)}) of {n} examples", n=n, options=options)


@check("07.5", count=6)
def shuffled_batches(draw):
    """DataLoader: with shuffle, a new order each epoch from the generator; every example once, with its label"""
    n, options = draw.integer(20, 30), {"batch_size": draw.integer(3, 8)}
    if draw.flag():
        options["drop_last"] = True
    call = f"DataLoader(dataset, {words(options)}, shuffle=True, generator=...) of {n} examples"
    return case("shuffled", call, n=n, options=options)


@check("07.5", count=6)
def batches_of_their_own(draw):
    """DataLoader: a batch is a copy, and a change of it does not reach the dataset"""
    n, options = draw.integer(2, 5), {"batch_size": draw.integer(1, 3)}
    return case(
        "batches_are_copies",
        f"for x, y in DataLoader(dataset, {words(options)}): x.array[...] = 77",
        n=n,
        options=options,
    )


@check("07.5", count=8)
def batches_of_any_dataset(draw):
    """DataLoader: of any dataset, by the collate_fn that is given"""
    n, size = draw.integer(1, 7), draw.integer(1, 3)
    call = f'DataLoader(dataset, batch_size={size}, collate_fn="+".join) of the strings a0, a1, ..., a{n - 1}'
    return case("of_strings", call, n=n, batch_size=size)


# 07.6 Zero mean, unit spread


def normalizing(draw, x, channels):
    mean = draw.array((channels,)).tolist() if channels else draw.integer(-3, 3) / 2
    std = draw.positive((channels,)).tolist() if channels else draw.integer(1, 6) / 2
    return case("normalized", f"Normalize({mean}, {std})(x)", x=x, mean=mean, std=std)


@check("07.6", count=15)
def one_number(draw):
    """Normalize: (x - mean) / std, one number each for the whole batch"""
    return normalizing(draw, draw.array(draw.shape(1, 4)), 0)


@check("07.6")
def one_for_each_channel(draw):
    """Normalize: one number for each channel of a batch (N, C, ...)"""
    channels = draw.side()
    rest = draw.shape(0, 2) if draw.flag() else (draw.side(), channels)
    return normalizing(draw, draw.array((draw.side(), channels, *rest)), channels)


@check("07.6", count=10)
def types_of_numbers(draw):
    """Normalize: float32 stays float32, and whole numbers become float32"""
    shape = (draw.side(), 2, 2)
    x = draw.array(shape, dtype=np.float32) if draw.flag() else draw.integers(shape, 0, 255).astype(np.uint8)
    return normalizing(draw, x, draw.choice((0, 2)))


@check("07.6", count=10)
def other_channels(draw):
    """Normalize: ValueError for another number of channels, even one that would broadcast"""
    channels, n = draw.choice(((1, 3), (3, 1), (2, 3), (3, 2)))
    mean, std = draw.array((channels,)).tolist(), draw.positive((channels,)).tolist()
    x = draw.array((2, n, draw.choice((1, channels))))
    return case("channels_refused", f"Normalize({mean}, {std})(x)", x=x, mean=mean, std=std)


# 07.7 Small shifts


def shifts(shape, max_shift, float32=False):
    count = 600 if len(shape) == 3 else 150
    axes = {1: "L", 2: "C, L", 3: "C, H, W"}[len(shape)]
    sizes = ", ".join(map(str, (count, *shape)))
    call = f"RandomShift({max_shift})(x) of a batch (N, {axes}) = ({sizes}), every image 1, 2, 3, ..."
    return case("shifted", call, shape=shape, max_shift=max_shift, count=count, float32=float32)


@check("07.7", count=6)
def shifted_signals(draw):
    """RandomShift: each signal by a shift of its own, up to max_shift either way; zeros come in"""
    length = draw.integer(5, 7)
    return shifts((length,) if draw.flag() else (draw.integer(1, 2), length), draw.integer(0, 2))


@check("07.7", count=5)
def shifted_images(draw):
    """RandomShift: each image along both axes on their own, all channels alike; zeros come in"""
    height = draw.integer(4, 5)
    return shifts((draw.integer(1, 2), height, height + draw.integer(0, 1)), draw.integer(1, 2))


@check("07.7", count=3)
def shifted_in_float32(draw):
    """RandomShift: float32 stays float32"""
    return shifts((1, 4, 5), 1, True)
