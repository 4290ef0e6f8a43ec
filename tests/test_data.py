"""Data: batches hold every example once, in the order that was drawn; transforms treat each example on its own."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinytorch.utils.data
from tinytorch import data
from tinytorch.creation import Generator, default_generator, manual_seed
from tinytorch.data import (
    Compose,
    ConcatDataset,
    DataLoader,
    Dataset,
    Normalize,
    Pad,
    RandomRoll,
    RandomScale,
    RandomShift,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from tinytorch.tensor import Tensor


def numbered(n, *shape):
    """A dataset whose example i is an array full of i, and i."""
    x = np.broadcast_to(np.arange(n, dtype=np.float32).reshape(n, *[1] * len(shape)), (n, *shape))
    return TensorDataset(Tensor(x.copy()), Tensor(np.arange(n, dtype=np.int64)))


def labels(loader):
    """The labels of each batch, after holding the inputs against them."""
    batches = []
    for x, y in loader:
        assert np.array_equal(x.array.reshape(len(x), -1)[:, 0], y.array)
        batches.append(y.tolist())
    return batches


def seeded(seed=0):
    return Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


class Squares(Dataset):
    """Examples that are made one by one."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        assert type(index) is int
        return float(index), {"square": index**2, "name": f"n{index}"}


# Datasets


def test_a_tensor_dataset_gives_row_i_of_each_tensor():
    x, y = numbered(5, 2, 3)[3]
    assert x.shape == (2, 3) and np.all(x.array == 3) and y.item() == 3
    assert len(numbered(5)) == 5


@pytest.mark.parametrize(
    "make, kind, words",
    [
        (lambda: TensorDataset(), ValueError, "at least one Tensor"),
        (lambda: TensorDataset(Tensor(np.ones(3)), Tensor(np.ones((4, 3)))), ValueError, "got 3 and 4"),
        (lambda: TensorDataset(Tensor(np.ones(3)), np.ones(3)), TypeError, "ndarray at position 1"),
        (lambda: TensorDataset(Tensor(np.array(1.0))), ValueError, "single number at position 0"),
        (lambda: Subset(numbered(3), [0, 3]), IndexError, "Subset expects indices into 3 examples, got 3"),
        (lambda: Subset(numbered(3), [-4]), IndexError, "got -4"),
        (lambda: Subset(numbered(3), [0.5]), TypeError, "integers as indices, got float64"),
        (lambda: Subset(numbered(3), np.array([True, False, True])), TypeError, "got bool"),
        (lambda: ConcatDataset([]), ValueError, "at least one dataset"),
        (lambda: ConcatDataset([numbered(3)])[3], IndexError, "of 3 examples has no example 3"),
        (lambda: Dataset()[0], NotImplementedError, "__getitem__"),
        (lambda: len(Dataset()), NotImplementedError, "__len__"),
        (lambda: random_split(numbered(10), [5, 6]), ValueError, "add up to 10, or fractions to 1, got 5 and 6"),
        (lambda: random_split(numbered(10), [11, -1]), ValueError, "got 11 and -1"),
        (lambda: random_split(numbered(10), [1.5, -0.5]), ValueError, "got 1.5 and -0.5"),
        (lambda: random_split(numbered(10), [4.5, 6.5]), ValueError, "got 4.5 and 6.5"),
        (lambda: random_split(numbered(10), [0.5, 0.4]), ValueError, "got 0.5 and 0.4"),
        (lambda: random_split(numbered(10), [4.5, 5.5]), ValueError, "got 4.5 and 5.5"),
        (lambda: random_split(numbered(10), []), ValueError, "add up to 10"),
        (lambda: DataLoader(numbered(3), 0), ValueError, "batch_size of at least 1, got 0"),
        (lambda: DataLoader(numbered(3), batch_size=-2), ValueError, "got -2"),
        (lambda: DataLoader(numbered(3), 2.5), ValueError, "got 2.5"),
        (lambda: DataLoader(numbered(3), None), ValueError, "got None"),
        (lambda: DataLoader(iter([1])), TypeError, "dataset with a length and an index, got list_iterator"),
        (lambda: DataLoader(numbered(3), num_workers=-1), ValueError, "num_workers of 0 or more, got -1"),
        (lambda: DataLoader(numbered(3), num_workers="4"), ValueError, "num_workers of 0 or more, got '4'"),
        (lambda: DataLoader(numbered(3), shuffle=True, sampler=[0]), ValueError, "shuffle or a sampler"),
        (lambda: list(DataLoader(numbered(3), sampler=[5])), IndexError, "DataLoader expects indices into 3 examples"),
    ],
)
def test_bad_input_is_told_in_a_sentence(make, kind, words):
    with pytest.raises(kind) as error:
        make()
    assert words in str(error.value)


def test_subsets_and_sums_of_datasets_find_the_examples_they_stand_for():
    some = Subset(Subset(numbered(10), [9, 7, 5, 3]), [-1, 0])
    assert [y.item() for _, y in (some[0], some[1])] == [3, 9]
    assert Subset(Squares(4), [-1])[0][0] == 3.0
    both = Subset(Squares(4), [2]) + Squares(3)
    assert [both[i][0] for i in range(-4, 4)] == [2.0, 0.0, 1.0, 2.0] * 2
    assert len(both) == 4


@given(n=st.integers(1, 50), cuts=st.lists(st.integers(0, 50), max_size=4), seed=st.integers(0, 5))
def test_random_split_deals_every_example_out_once(n, cuts, seed):
    ends = sorted(min(cut, n) for cut in cuts)
    lengths = np.diff([0, *ends, n]).tolist()
    parts = random_split(numbered(n), lengths, generator=seeded(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted(i for part in parts for i in part.indices.tolist()) == list(range(n))
    again = random_split(numbered(n), lengths, generator=seeded(seed))
    assert all(np.array_equal(a.indices, b.indices) for a, b in zip(parts, again, strict=True))


def test_random_split_draws_at_random():
    drawn = [random_split(numbered(6), [3, 3], seeded(seed))[0].indices.tolist() for seed in range(600)]
    counts = Counter(i for part in drawn for i in part)
    assert min(counts.values()) > 240 and len(counts) == 6


@pytest.mark.filterwarnings("ignore:Length of split")
@given(n=st.integers(1, 60), shares=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_fractions_are_cut_as_pytorch_cuts_them(torch, n, shares):
    fractions = [share / sum(shares) for share in shares]
    if sum(fractions) > 1:  # PyTorch takes no fractions that rounding pushed above 1
        return
    theirs = torch.utils.data.random_split(range(n), fractions)
    assert [len(part) for part in random_split(range(n), fractions)] == [len(part) for part in theirs]


# Batches

sizes = {"n": st.integers(0, 40), "batch_size": st.integers(1, 12), "drop_last": st.booleans()}


@given(**sizes)
def test_batches_in_order_are_pytorchs(torch, n, batch_size, drop_last):
    x = np.arange(3 * n, dtype=np.float32).reshape(n, 3)
    y = np.arange(n)
    options = {"batch_size": batch_size, "drop_last": drop_last}
    theirs = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    theirs = torch.utils.data.DataLoader(theirs, **options)
    loader = DataLoader(TensorDataset(Tensor(x), Tensor(y)), **options)
    assert len(loader) == len(theirs)
    for (a, b), (c, d) in zip(loader, theirs, strict=True):
        assert np.array_equal(a.array, c.numpy()) and np.array_equal(b.array, d.numpy())
        assert a.dtype == np.float32 and b.dtype == y.dtype


@given(**sizes, seed=st.integers(0, 9))
def test_an_epoch_holds_every_example_once_and_len_counts_its_batches(n, batch_size, drop_last, seed):
    loader = DataLoader(numbered(n, 2), batch_size, shuffle=True, drop_last=drop_last, generator=seeded(seed))
    batches = labels(loader)
    seen = [i for batch in batches for i in batch]
    assert len(batches) == len(loader)
    assert all(len(batch) == batch_size for batch in batches[: len(batches) if drop_last else -1])
    assert len(set(seen)) == len(seen) == (n - n % batch_size if drop_last else n)


@given(**sizes, chosen=st.lists(st.integers(0, 39)), shuffle=st.booleans())
def test_rows_at_once_are_the_rows_one_by_one(n, batch_size, drop_last, chosen, shuffle):
    dataset = Subset(numbered(n, 2), [i for i in chosen if i < n])
    options = {"batch_size": batch_size, "drop_last": drop_last, "shuffle": shuffle}
    at_once = labels(DataLoader(dataset, **options, generator=seeded()))
    one_by_one = labels(DataLoader(dataset, **options, generator=seeded(), collate_fn=lambda b: default_collate(b)))
    assert at_once == one_by_one


def test_loaders_with_the_same_seed_agree_epoch_by_epoch_and_each_epoch_has_an_order_of_its_own():
    a, b = (DataLoader(numbered(50), 8, shuffle=True, generator=seeded(3)) for _ in range(2))
    default_generator.numpy.random()  # what others draw does not matter
    epochs = [(labels(a), labels(b)) for _ in range(3)]
    assert all(left == right for left, right in epochs)
    assert epochs[0][0] != epochs[1][0] != epochs[2][0]
    assert labels(DataLoader(numbered(50), 8, shuffle=True, generator=seeded(4))) != epochs[0][0]


def test_without_a_generator_the_order_follows_manual_seed():
    loader = DataLoader(numbered(50), 50, shuffle=True)
    manual_seed(1)
    first = labels(loader)
    assert labels(loader) != first
    manual_seed(1)
    assert labels(loader) == first


def test_every_order_is_as_likely_as_any_other():
    loader = DataLoader(numbered(3), 3, shuffle=True, generator=seeded())
    orders = Counter(tuple(labels(loader)[0]) for _ in range(1200))
    assert len(orders) == 6 and min(orders.values()) > 140


def test_workers_are_welcome_and_change_nothing():
    options = {"num_workers": 4, "persistent_workers": True, "pin_memory": True}
    alone, with_workers = (
        [x.tolist() for x, *_ in DataLoader(numbered(9), 4, shuffle=True, generator=Generator().manual_seed(3), **more)]
        for more in ({}, options)
    )
    assert alone == with_workers


def test_an_epoch_that_is_left_early_disturbs_no_other():
    loader = DataLoader(numbered(10), 3, shuffle=True, generator=seeded())
    next(iter(loader))
    for (_, a), (_, b) in zip(loader, loader, strict=True):
        assert len(a) == len(b)
    assert sorted(i for batch in labels(loader) for i in batch) == list(range(10))


def test_a_tensor_dataset_is_never_asked_for_single_examples():
    class Watched(Subset):
        pass

    dataset = numbered(10)
    dataset.tensors[0].array.flags.writeable = False
    asked = []
    original, TensorDataset.__getitem__ = TensorDataset.__getitem__, lambda self, i: asked.append(i)
    try:
        assert len(list(DataLoader(Watched(dataset, range(5)), 2, shuffle=True))) == 3
    finally:
        TensorDataset.__getitem__ = original
    assert asked == []


def test_a_subclass_that_changes_its_examples_is_asked_for_them():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            assert isinstance(index, int)
            x, y = super().__getitem__(index)
            return 2 * x, y

    class Negated(Subset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return -x, y

    doubled = Doubled(*numbered(4).tensors)
    assert next(iter(DataLoader(doubled, 4)))[0].tolist() == [0, 2, 4, 6]
    assert next(iter(DataLoader(Subset(doubled, [3]))))[0].tolist() == [6]
    assert next(iter(DataLoader(Negated(numbered(4), [3, 1]), 2)))[0].tolist() == [-3, -1]


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_is_a_copy(shuffle):
    dataset = numbered(6, 2)
    for x, y in DataLoader(dataset, 6, shuffle=shuffle):
        x.array[...] = -1
        y.array[...] = -1
    assert labels(DataLoader(dataset, 6)) == [[0, 1, 2, 3, 4, 5]]


def test_rows_that_require_gradients_pass_them_on():
    codes = Tensor(np.ones((4, 2), np.float32), requires_grad=True)
    for shuffle in (False, True):
        for (x,) in DataLoader(TensorDataset(codes), 3, shuffle=shuffle):
            x.sum().backward()
            assert not np.shares_memory(x.array, codes.array)
    assert np.all(codes.grad.array == 2)


def test_a_sampler_says_the_order():
    loader = DataLoader(numbered(5), 2, sampler=[4, 0, -1])
    assert len(loader) == 2 and labels(loader) == [[4, 0], [4]]


def test_any_sequence_is_a_dataset_and_a_collate_fn_gets_its_examples():
    loader = DataLoader([(1, 2), (3, 4), (5, 6)], 2, collate_fn=list)
    assert list(loader) == [[(1, 2), (3, 4)], [(5, 6)]]
    assert list(DataLoader(numbered(3), 2, collate_fn=len)) == [2, 1]


def test_examples_made_one_by_one_are_stacked_item_by_item():
    x, facts = next(iter(DataLoader(Squares(3), 3)))
    assert x.dtype == np.float32 and x.tolist() == [0, 1, 2]
    assert facts["square"].dtype == np.int64 and facts["square"].tolist() == [0, 1, 4]
    assert facts["name"] == ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    "batch, dtype, values",
    [
        ([Tensor(np.ones(2)), Tensor(np.zeros(2))], "float64", [[1, 1], [0, 0]]),
        ([np.ones(2, np.float32), np.zeros(2, np.float32)], "float32", [[1, 1], [0, 0]]),
        ([np.float64(1), np.float64(2)], "float64", [1, 2]),
        ([0.5, 1.5], "float32", [0.5, 1.5]),
        ([1, 2], "int64", [1, 2]),
        ([True, False], "bool", [True, False]),
    ],
)
def test_collating_keeps_types(batch, dtype, values):
    made = default_collate(batch)
    assert isinstance(made, Tensor) and made.dtype == dtype and made.tolist() == values


@pytest.mark.parametrize(
    "batch, kind, words",
    [
        ([], ValueError, "at least one example"),
        ([Tensor(np.ones(2)), Tensor(np.ones(3))], ValueError, "shapes (2,) and (3,)"),
        ([np.ones(2), np.ones((1, 2))], ValueError, "shapes (1, 2) and (2,)"),
        ([(1, 2), (1, 2, 3)], ValueError, "lengths 2 and 3"),
        ([None, None], TypeError, "type NoneType"),
    ],
)
def test_what_cannot_be_stacked_is_told_in_a_sentence(batch, kind, words):
    with pytest.raises(kind) as error:
        default_collate(batch)
    assert words in str(error.value)


def test_pytorchs_names_are_these():
    for name in tinytorch.utils.data.__all__:
        assert getattr(tinytorch.utils.data, name) is getattr(data, name)


# Transforms

batches = st.sampled_from([(4, 1, 5, 7), (3, 2, 6, 6), (5, 1, 9), (2, 3, 8), (4, 6), (1, 1, 1, 1), (0, 1, 4)])


def drawn(shape, seed=0):
    return Tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def test_normalize_takes_mean_and_standard_deviation_away():
    x = drawn((50, 3, 4, 4))
    mean, std = x.array.mean((0, 2, 3)), x.array.std((0, 2, 3))
    y = Normalize(mean.tolist(), std.tolist())(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.array.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(y.array.std((0, 2, 3)), 1, rtol=1e-5)
    np.testing.assert_allclose(Normalize(0.5, 2)(x).array, (x.array - 0.5) / 2, rtol=1e-6)


def test_grey_levels_become_floats():
    grey = Tensor(np.full((2, 1, 3), 128, np.uint8))
    assert Normalize(128, 1)(grey).dtype == np.float32 and np.all(Normalize(128, 1)(grey).array == 0)
    assert RandomScale(0.5)(grey).dtype == np.float32


@given(shape=batches, padding=st.integers(0, 3), value=st.sampled_from([0.0, -1.5]))
def test_pad_is_numpys(shape, padding, value):
    x = drawn(shape)
    spatial = max(1, len(shape) - 2)
    widths = [(0, 0)] * (len(shape) - spatial) + [(padding, padding)] * spatial
    assert np.array_equal(Pad(padding, value)(x).array, np.pad(x.array, widths, constant_values=value))


@given(shape=batches, max_shift=st.integers(0, 3), seed=st.integers(0, 99))
def test_each_example_is_shifted_as_a_whole_and_within_the_limit(shape, max_shift, seed):
    x = drawn(shape)
    y = RandomShift(max_shift, generator=seeded(seed))(x)
    assert y.shape == x.shape and y.dtype == x.dtype
    spatial = shape[1:] if len(shape) == 2 else shape[2:]
    for before, after in zip(x.array, y.array, strict=True):
        shifts = np.ndindex(*[2 * max_shift + 1] * len(spatial))
        assert any(np.array_equal(after, shifted(before, np.array(s) - max_shift)) for s in shifts)


def shifted(example, by):
    """The last axes of an example, moved by so many cells, the slow way."""
    moved = np.zeros_like(example)
    extent = example.shape[example.ndim - len(by) :]
    for place in np.ndindex(*extent):
        target = tuple(place + by)
        if all(0 <= t < n for t, n in zip(target, extent, strict=True)):
            moved[(..., *target)] = example[(..., *place)]
    return moved


def test_every_shift_is_as_likely_and_examples_are_shifted_independently():
    x = np.zeros((4500, 1, 5, 5), np.float32)
    x[:, 0, 2, 2] = 1
    counts = RandomShift(1, generator=seeded())(Tensor(x)).array.sum((0, 1))
    assert counts[1:4, 1:4].min() > 400 and counts.sum() == 4500
    steps = np.zeros((3000, 1, 5), np.float32)
    steps[:, 0, 2] = 1
    rolled = RandomRoll(1, generator=seeded())(Tensor(steps)).array.sum((0, 1))
    assert rolled[1:4].min() > 900 and rolled.sum() == 3000
    assert RandomRoll(generator=seeded())(Tensor(steps)).array.sum((0, 1)).min() > 500


@given(shape=batches.filter(lambda s: len(s) < 4), seed=st.integers(0, 99), max_roll=st.none() | st.integers(0, 2))
def test_each_signal_is_rolled_as_a_whole_and_within_the_limit(shape, seed, max_roll):
    x = drawn(shape)
    y = RandomRoll(max_roll, generator=seeded(seed))(x)
    assert y.shape == x.shape and y.dtype == x.dtype
    steps = range(shape[-1]) if max_roll is None else range(-max_roll, max_roll + 1)
    for before, after in zip(x.array, y.array, strict=True):
        assert any(np.array_equal(after, np.roll(before, step, axis=-1)) for step in steps)


@given(shape=batches, spread=st.floats(0, 1), seed=st.integers(0, 99))
def test_each_example_is_scaled_by_a_factor_of_its_own_within_the_spread(shape, spread, seed):
    y = RandomScale(spread, generator=seeded(seed))(Tensor(np.ones(shape, np.float32)))
    assert y.dtype == np.float32
    factors = y.array.reshape(shape[0], -1)[:, 0] if y.array.size else np.ones(0)
    assert np.all(y.array == factors.reshape(-1, *[1] * (len(shape) - 1)))
    assert np.all(np.abs(factors - 1) <= spread + 1e-6)
    if spread > 0.1 and shape[0] > 1:
        assert len(set(factors.tolist())) == shape[0]


@pytest.mark.parametrize("transform", [RandomShift, RandomRoll, RandomScale])
def test_a_transform_with_a_seed_repeats_itself_and_without_one_follows_manual_seed(transform):
    x = drawn((20, 1, 12))
    a, b = (transform(1, generator=seeded(7)) for _ in range(2))
    first = a(x).array
    assert np.array_equal(first, b(x).array)
    assert not np.array_equal(first, a(x).array)

    globally = transform(1, generator=None)
    manual_seed(7)
    assert np.array_equal(globally(x).array, first)


def test_transforms_leave_their_input_as_it_was_and_compose_in_order():
    x = drawn((3, 1, 6))
    before = x.array.copy()
    both = Compose([Pad(1, value=5.0), Normalize(5, 2), RandomShift(0), RandomRoll(0), RandomScale(0)])
    y = both(x)
    assert np.array_equal(x.array, before)
    assert y.shape == (3, 1, 8) and np.all(y.array[..., [0, -1]] == 0)
    y.array[...] = 9
    assert np.array_equal(x.array, before)


@pytest.mark.parametrize("identity", [RandomShift(0), RandomRoll(0), RandomScale(0), Pad(0), Normalize(0, 1)])
def test_a_transform_gives_memory_of_its_own_even_where_it_changes_nothing(identity):
    x = drawn((2, 1, 4))
    y = identity(x)
    assert np.array_equal(x.array, y.array) and not np.shares_memory(x.array, y.array)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Normalize(0, 0), "std above 0, got 0"),
        (lambda: Normalize([[1]], 1), "one per channel, got shapes (1, 1) and ()"),
        (lambda: Normalize([0, 1], 1)(drawn((2, 3, 4))), "2 channels, got an input of shape (2, 3, 4)"),
        (lambda: Normalize([0, 1], 1)(drawn((2,))), "2 channels, got an input of shape (2,)"),
        (lambda: Pad(-1), "padding of 0 or more whole cells, got -1"),
        (lambda: RandomShift(1.5), "max_shift of 0 or more whole cells, got 1.5"),
        (lambda: RandomRoll(-3), "max_roll of 0 or more whole cells, got -3"),
        (lambda: RandomScale(1.5), "spread from 0 to 1, got 1.5"),
        (lambda: RandomScale("a"), "spread from 0 to 1, got 'a'"),
        (lambda: RandomShift(1)(drawn((3,))), "(N, C, L) or (N, L), got (3,)"),
        (lambda: RandomRoll()(drawn((3, 1, 4, 4))), "signals of shape (N, L) or (N, C, L), got (3, 1, 4, 4)"),
    ],
)
def test_transforms_say_what_they_expect(make, words):
    with pytest.raises(ValueError) as error:
        make()
    assert words in str(error.value)
