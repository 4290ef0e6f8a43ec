"""Augmentation: each example is changed by an amount of its own within the limits, as SciPy's slower functions change it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch import augmentation
from tinytorch.augmentation import (
    RandomAffine,
    RandomDistortion,
    RandomElastic,
    RandomIntensity,
    RandomNoise,
    ShuffleSpace,
    affine,
    expanded,
    per_class,
    sample,
    smoothed,
    with_all_shifts,
    with_label_noise,
    with_labels,
)
from tinytorch.creation import Generator, manual_seed
from tinytorch.data import Compose, DataLoader, TensorDataset
from tinytorch.tensor import Tensor


def seeded(seed=0):
    return Generator().manual_seed(seed)


def drawn(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.fixture(scope="module")
def ndimage():
    return pytest.importorskip("scipy.ndimage", reason="SciPy is not installed")


sizes = st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))


# Sampling


@given(size=sizes, seed=st.integers(0, 99), reach=st.sampled_from([0.5, 3.0, 1e6]))
def test_sampling_is_scipys_with_zeros_around(ndimage, size, seed, reach):
    images = drawn(*size, seed=seed)
    places = np.random.default_rng(seed).uniform(-reach, max(size[2:]) + reach, (2, size[0], 4, 5))
    places[:, :, 0] = np.round(places[:, :, 0])  # some cells exactly
    got = sample(images, *places)
    assert got.shape == (*size[:2], 4, 5)
    for n, c in np.ndindex(*size[:2]):
        expected = ndimage.map_coordinates(images[n, c], places[:, n], order=1, mode="grid-constant")
        np.testing.assert_allclose(got[n, c], expected, atol=1e-9)


def test_sampling_between_four_cells_weighs_them_by_nearness():
    image = np.array([[[[1.0, 2.0], [4.0, 8.0]]]])
    rows, columns = np.array([[[0.0, 0.5, 0.25, 1.0, -0.5, 1.75]]]), np.array([[[1.0, 0.5, 0.75, 0.0, 0.0, 1.0]]])
    assert sample(image, rows, columns).ravel().tolist() == [2.0, 3.75, 3.0625, 4.0, 0.5, 2.0]


@given(size=sizes, seed=st.integers(0, 99))
def test_affine_is_scipys_about_the_centre(ndimage, size, seed):
    images, random = drawn(*size, seed=seed), np.random.default_rng(seed)
    matrices, shifts = np.eye(2) + random.uniform(-0.4, 0.4, (size[0], 2, 2)), random.uniform(-2, 2, (size[0], 2))
    got = affine(images, matrices, shifts)
    centre = (np.array(size[2:]) - 1) / 2
    for n, c in np.ndindex(*size[:2]):
        inverse = np.linalg.inv(matrices[n])
        offset = centre - inverse @ (centre + shifts[n])
        expected = ndimage.affine_transform(images[n, c], inverse, offset, order=1, mode="grid-constant")
        np.testing.assert_allclose(got[n, c], expected, atol=1e-9)


def test_affine_turns_an_image_the_way_it_says():
    image = drawn(1, 2, 5, 5)
    quarter = np.array([[[0.0, -1.0], [1.0, 0.0]]])  # the row axis goes to the column axis: counterclockwise
    np.testing.assert_allclose(affine(image, quarter, np.zeros((1, 2)))[0, 0], np.rot90(image[0, 0]), atol=1e-12)
    moved = affine(image, np.eye(2)[None], np.array([[1.0, 2.0]]))
    np.testing.assert_allclose(moved[:, :, 1:, 2:], image[:, :, :-1, :-2], atol=1e-12)
    assert not moved[:, :, 0].any() and not moved[:, :, :, :2].any()


@given(shape=st.tuples(st.integers(1, 30), st.integers(1, 30)), sigma=st.sampled_from([0.0, 0.3, 1.0, 4.0]))
def test_smoothing_is_scipys(ndimage, shape, sigma):
    field = drawn(2, *shape)
    expected = [ndimage.gaussian_filter(part, sigma, mode="constant") for part in field]
    np.testing.assert_allclose(smoothed(field, sigma), expected, atol=1e-12)


# Transforms of images


def test_elastic_is_simards_by_scipy(ndimage):
    images = drawn(3, 2, 12, 10)
    field = seeded(5).numpy.uniform(-1, 1, (2, 3, 12, 10))
    got = RandomElastic(20, 3, generator=seeded(5))(Tensor(images)).array
    for n, c in np.ndindex(3, 2):
        by = [20 * ndimage.gaussian_filter(field[axis, n], 3, mode="constant") for axis in (0, 1)]
        places = np.mgrid[:12, :10] + by
        expected = ndimage.map_coordinates(images[n, c], places, order=1, mode="grid-constant")
        np.testing.assert_allclose(got[n, c], expected, atol=1e-9)


def test_a_distortion_is_affine_alone_where_nothing_is_elastic_and_the_other_way_round():
    images = Tensor(drawn(4, 2, 12, 10))
    for flat, elastic in ((RandomAffine(20, 0.2, 0.2, 2), RandomElastic(0)), (RandomAffine(), RandomElastic(20, 3))):
        flat.generator = elastic.generator = seeded(5)
        got = RandomDistortion(flat, elastic)(images).array
        flat.generator = elastic.generator = seeded(5)
        expected = elastic(flat(images)).array  # a move by nothing samples what is there
        np.testing.assert_allclose(got, expected, atol=1e-9)


def test_a_distortion_is_the_affine_map_and_then_the_elastic_one_on_what_bilinear_sampling_keeps():
    flat, elastic = RandomAffine(20, 0.2, 0.2, 2), RandomElastic(20, 4)
    flat.generator = elastic.generator = seeded(5)
    slopes = Tensor(ramps(20, 61).copy())
    got = RandomDistortion(flat, elastic)(slopes).array
    flat.generator = elastic.generator = seeded(5)
    twice = elastic(flat(slopes)).array
    np.testing.assert_allclose(got[:, :, 20:41, 20:41], twice[:, :, 20:41, 20:41], atol=1e-9)
    assert np.abs(got - slopes.array)[:, :, 20:41, 20:41].max() > 1


def test_the_parts_of_a_distortion_can_be_found_in_it():
    flat, elastic = RandomAffine(), RandomElastic()
    assert RandomDistortion(flat, elastic).transforms == [flat, elastic]


def test_a_distortion_keeps_a_thin_line_sharper_than_two_in_turn():
    line = np.zeros((50, 1, 28, 28))
    line[:, :, :, 14] = 1
    flat, elastic = RandomAffine(15, 0.15, 0.2, 2.5), RandomElastic()
    flat.generator = elastic.generator = seeded()
    once, twice = (
        transform(Tensor(line)).array.max(-1).mean()
        for transform in (RandomDistortion(flat, elastic), Compose([flat, elastic]))
    )
    assert once > twice + 0.05


def test_elastic_has_the_papers_parameters():
    images = Tensor(drawn(2, 1, 28, 28))
    as_said = RandomElastic(alpha=34, sigma=4, generator=seeded())(images).array
    assert np.array_equal(RandomElastic(generator=seeded())(images).array, as_said)


def ramps(n, size=21):
    """Images whose two channels say where each cell was: its row and its column, from the centre."""
    half = (size - 1) / 2
    return np.broadcast_to(np.mgrid[-half : half + 1, -half : half + 1], (n, 2, size, size))


def maps(transform, n=400, size=21):
    """The matrices (N, 2, 2) and shifts (N, 2) that a transform applied, read off the middle of the ramps."""
    got = transform(Tensor(ramps(n, size).copy())).array
    mid = size // 2
    inverse = np.stack(
        [got[:, :, mid + 1, mid] - got[:, :, mid, mid], got[:, :, mid, mid + 1] - got[:, :, mid, mid]], -1
    )
    matrices = np.linalg.inv(inverse)
    return matrices, -(matrices @ got[:, :, mid, mid, None])[..., 0]


def evenly(values, low, high):
    """Whether values fill a range to its ends and no further, as many in its upper half as in its lower."""
    width = high - low
    inside = low - 1e-9 <= values.min() and values.max() <= high + 1e-9
    filled = values.min() < low + 0.05 * width and values.max() > high - 0.05 * width
    return inside and filled and abs((values > (low + high) / 2).mean() - 0.5) < 0.1


def test_affine_turns_evenly_up_to_the_degrees_to_either_side():
    matrices, shifts = maps(RandomAffine(degrees=30, generator=seeded()))
    np.testing.assert_allclose(np.linalg.det(matrices), 1)
    np.testing.assert_allclose(matrices[:, 0, 0], matrices[:, 1, 1])
    np.testing.assert_allclose(matrices[:, 0, 1], -matrices[:, 1, 0])
    assert evenly(np.rad2deg(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0])), -30, 30)
    np.testing.assert_allclose(shifts, 0, atol=1e-9)


def test_affine_scales_height_and_width_alike():
    matrices, shifts = maps(RandomAffine(scale=0.25, generator=seeded()))
    np.testing.assert_allclose(matrices, matrices[:, :1, :1] * np.eye(2), atol=1e-9)
    assert evenly(matrices[:, 0, 0], 0.75, 1.25)
    np.testing.assert_allclose(shifts, 0, atol=1e-9)


def test_affine_slants_rows_along_the_columns():
    matrices, shifts = maps(RandomAffine(shear=0.4, generator=seeded()))
    np.testing.assert_allclose(matrices[:, [0, 0, 1], [0, 1, 1]], [[1, 0, 1]] * 400, atol=1e-9)
    assert evenly(matrices[:, 1, 0], -0.4, 0.4)
    np.testing.assert_allclose(shifts, 0, atol=1e-9)


def test_affine_shifts_along_both_axes_on_their_own():
    matrices, shifts = maps(RandomAffine(shift=3, generator=seeded()))
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), matrices.shape), atol=1e-9)
    assert evenly(shifts[:, 0], -3, 3) and evenly(shifts[:, 1], -3, 3)
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.15


def test_affine_does_all_at_once_to_each_image_on_its_own():
    matrices, shifts = maps(RandomAffine(20, 0.2, 0.2, 2, generator=seeded()))
    assert len(np.unique(matrices.round(6), axis=0)) == len(np.unique(shifts.round(6), axis=0)) == 400
    determinants = np.sqrt(np.linalg.det(matrices))
    assert evenly(determinants, 0.8, 1.2)


def test_elastic_moves_neighbours_alike_and_by_as_much_as_simard_says():
    got = RandomElastic(generator=seeded())(Tensor(ramps(60, 41).copy())).array - ramps(60, 41)
    moved = got[:, :, 16:25, 16:25]  # what stays inside
    # the sum of squared weights of a Gaussian in two dimensions is 1 / (4 pi sigma**2), of uniform numbers the variance 1 / 3
    expected = 34 / math.sqrt(3 * 4 * math.pi) / 4
    assert moved.std() == pytest.approx(expected, rel=0.15)
    assert np.abs(np.diff(moved, axis=-1)).mean() < 0.3 * expected
    assert abs(np.corrcoef(moved[:, 0].ravel(), moved[:, 1].ravel())[0, 1]) < 0.3


TRANSFORMS = {
    "affine": lambda **g: RandomAffine(10, 0.1, 0.1, 1, **g),
    "elastic": lambda **g: RandomElastic(8, 2, **g),
    "distortion": lambda **g: RandomDistortion(RandomAffine(10, 0.1, 0.1, 1, **g), RandomElastic(8, 2, **g)),
    "intensity": lambda **g: RandomIntensity(0.2, 0.1, **g),
    "noise": lambda **g: RandomNoise(0.1, **g),
}
every_transform = pytest.mark.parametrize("make", TRANSFORMS.values(), ids=TRANSFORMS)


@every_transform
def test_a_transform_with_a_seed_repeats_itself_and_without_one_follows_manual_seed(make):
    x = Tensor(drawn(4, 1, 6, 6))
    a, b = (make(generator=seeded(7)) for _ in range(2))
    first = a(x).array
    assert np.array_equal(first, b(x).array)
    assert not np.array_equal(first, a(x).array)
    manual_seed(7)
    assert np.array_equal(make()(x).array, first)


@every_transform
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_transform_keeps_shape_and_precision_and_its_input(make, dtype):
    x = drawn(3, 2, 6, 5, dtype=dtype)
    before = x.copy()
    got = make()(Tensor(x))
    assert got.shape == x.shape and got.array.dtype == dtype
    assert np.array_equal(x, before) and not np.shares_memory(got.array, x)
    assert make()(Tensor(x[:0])).shape == (0, 2, 6, 5)


@every_transform
def test_grey_levels_become_floats(make):
    grey = Tensor(np.full((2, 1, 6, 6), 200, np.uint8))
    assert make()(grey).dtype == np.float32 and make()(grey).array.max() > 100


@pytest.mark.parametrize(
    "nothing",
    [RandomAffine(), RandomElastic(0), RandomElastic(0, 0), RandomIntensity(), RandomNoise(0)],
    ids=["affine", "elastic", "elastic of no width", "intensity", "noise"],
)
def test_a_transform_by_nothing_changes_nothing(nothing):
    x = drawn(3, 2, 6, 5)
    got = nothing(Tensor(x)).array
    np.testing.assert_allclose(got, x, atol=1e-12)
    assert not np.shares_memory(got, x)


def test_intensity_is_a_contrast_and_a_brightness_for_each_example():
    x = np.stack([np.zeros((600, 1, 3)), np.ones((600, 1, 3))], -1)
    got = RandomIntensity(0.3, 0.1, generator=seeded())(Tensor(x)).array
    b, a = got[:, 0, 0, 0], got[:, 0, 0, 1] - got[:, 0, 0, 0]
    np.testing.assert_allclose(got, a[:, None, None, None] * x + b[:, None, None, None])
    assert evenly(a, 0.7, 1.3) and evenly(b, -0.1, 0.1)


def test_noise_is_gaussian_and_of_each_value_alone():
    noise = RandomNoise(0.5, generator=seeded())(Tensor(np.ones((50, 2, 40)))).array - 1
    assert noise.std() == pytest.approx(0.5, rel=0.05) and abs(noise.mean()) < 0.03
    assert np.mean(np.abs(noise) < 0.5) == pytest.approx(0.683, abs=0.02)
    assert len(np.unique(noise)) == noise.size


def test_transforms_compose_with_those_of_data_and_run_on_each_batch():
    loader = DataLoader(TensorDataset(Tensor(drawn(10, 1, 8, 8)), Tensor(np.arange(10))), batch_size=4)
    both = Compose([RandomAffine(5), RandomElastic(4, 2), RandomIntensity(0.1)])
    assert [both(x).shape for x, _ in loader] == [(4, 1, 8, 8), (4, 1, 8, 8), (2, 1, 8, 8)]


# Space


@pytest.mark.parametrize("shape", [(3, 2, 12), (3, 2, 3, 4)])
def test_space_is_shuffled_by_one_order_in_all_examples_and_channels(shape):
    x, order = drawn(*shape), np.random.default_rng(0).permutation(12)
    got = ShuffleSpace(order)(Tensor(x)).array
    assert got.shape == shape
    assert np.array_equal(got.reshape(3, 2, 12), x.reshape(3, 2, 12)[:, :, order])
    assert np.array_equal(ShuffleSpace(np.argsort(order))(Tensor(got)).array, x)


# Data sets


def numbered(labels, *shape):
    """A data set whose example i is full of i + 1."""
    n = len(labels)
    x = np.broadcast_to(np.arange(1.0, n + 1, dtype=np.float32).reshape(n, *[1] * len(shape)), (n, *shape))
    return TensorDataset(Tensor(x.copy()), Tensor(np.array(labels, np.int64)))


def first_values(dataset):
    return dataset.tensors[0].array.reshape(len(dataset), -1)[:, 0].tolist()


def test_expanded_holds_the_originals_and_fresh_copies_with_their_labels():
    dataset = numbered([3, 1, 2], 1, 4)
    larger = expanded(dataset, RandomNoise(0.1, generator=seeded()), 2)
    x, y = (t.array for t in larger.tensors)
    assert y.tolist() == [3, 1, 2] * 3 and y.dtype == np.int64 and x.dtype == np.float32
    assert np.array_equal(x[:3], dataset.tensors[0].array)
    assert np.abs(x - np.tile(x[:3], (3, 1, 1))).max() < 0.6
    assert len(np.unique(x[:, 0, 0])) == 9
    assert len(expanded(dataset, RandomNoise(1), 0)) == 3


def test_all_shifts_are_there_once_from_the_upper_left_on():
    image = drawn(2, 1, 4, 5)
    larger = with_all_shifts(TensorDataset(Tensor(image), Tensor(np.array([4, 7]))), 1)
    x, y = (t.array for t in larger.tensors)
    assert x.shape == (18, 1, 4, 5) and y.tolist() == [4, 7] * 9
    for k, (down, right) in enumerate((d, r) for d in (-1, 0, 1) for r in (-1, 0, 1)):
        expected = np.roll(image, (down, right), axis=(2, 3))
        expected[:, :, [0] if down > 0 else [-1] if down < 0 else []] = 0
        expected[:, :, :, [0] if right > 0 else [-1] if right < 0 else []] = 0
        assert np.array_equal(x[2 * k : 2 * k + 2], expected)
    assert len(with_all_shifts(TensorDataset(Tensor(image), Tensor(np.array([4, 7]))), 2)) == 50
    assert np.array_equal(with_all_shifts(larger, 0).tensors[0].array, x)


def test_label_noise_draws_labels_anew_for_a_fraction_and_leaves_the_rest():
    clean = numbered([3] * 4000, 1)
    noisy = with_label_noise(clean, 0.15, generator=seeded())
    x, y = (t.array for t in noisy.tensors)
    assert np.array_equal(x, clean.tensors[0].array) and y.dtype == np.int64
    assert clean.tensors[1].array.tolist() == [3] * 4000
    changed = y != 3
    assert changed.mean() == pytest.approx(0.15 * 0.9, abs=0.01)
    counts = np.array([np.sum(y == label) for label in range(10)])
    assert np.all(np.abs(np.delete(counts, 3) - 60) < 30) and set(y) == set(range(10))
    assert 1000 < np.flatnonzero(changed).mean() < 3000  # all over the data set

    again = with_label_noise(clean, 0.15, generator=seeded()).tensors[1].array
    assert np.array_equal(y, again)
    assert set(with_label_noise(clean, 1, classes=4).tensors[1].tolist()) == {0, 1, 2, 3}
    assert with_label_noise(clean, 0).tensors[1].tolist() == [3] * 4000


def test_a_subset_of_labels_is_numbered_in_the_order_given():
    subset = with_labels(numbered([3, 1, 7, 3, 1, 9], 1, 2), [7, 3])
    assert first_values(subset) == [1, 3, 4]
    assert subset.tensors[1].tolist() == [1, 0, 1] and subset.tensors[1].dtype == np.int64


def test_per_class_takes_the_first_of_each_in_their_order():
    subset = per_class(numbered([3, 1, 3, 3, 1, 1], 1, 2), 2)
    assert first_values(subset) == [1, 2, 3, 5] and subset.tensors[1].tolist() == [3, 1, 3, 1]


# Bad input

ONE = numbered([0, 1], 1, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomAffine(degrees=-1), "RandomAffine expects degrees to be 0 or more, got -1"),
        (lambda: RandomAffine(scale=1), "RandomAffine expects a scale below 1, got 1"),
        (lambda: RandomAffine(shear="a"), "RandomAffine expects shear to be 0 or more, got 'a'"),
        (lambda: RandomAffine(shift=math.nan), "RandomAffine expects shift to be 0 or more, got nan"),
        (lambda: RandomAffine(shift=math.inf), "RandomAffine expects shift to be 0 or more, got inf"),
        (lambda: RandomElastic(alpha=-1), "RandomElastic expects alpha to be 0 or more"),
        (lambda: RandomElastic(sigma=-1), "RandomElastic expects sigma to be 0 or more, got -1"),
        (lambda: RandomIntensity(contrast=-1), "RandomIntensity expects contrast to be 0 or more, got -1"),
        (lambda: RandomIntensity(brightness=-1), "RandomIntensity expects brightness to be 0 or more, got -1"),
        (lambda: RandomNoise(None), "RandomNoise expects std to be 0 or more, got None"),
        (
            lambda: RandomAffine()(Tensor(drawn(2, 3, 4))),
            "RandomAffine expects images of shape (N, C, H, W), got (2, 3, 4)",
        ),
        (
            lambda: RandomElastic()(Tensor(drawn(2, 3))),
            "RandomElastic expects images of shape (N, C, H, W), got (2, 3)",
        ),
        (lambda: ShuffleSpace([0, 2]), "ShuffleSpace expects an order that holds each cell from 0 on once, got [0, 2]"),
        (lambda: ShuffleSpace([[0]]), "ShuffleSpace expects an order that holds each cell from 0 on once, got [[0]]"),
        (lambda: ShuffleSpace([0, 1])(Tensor(drawn(1, 1, 3))), "an order of 2 cells, got an input of (1, 1, 3)"),
        (lambda: ShuffleSpace([0, 1])(Tensor(drawn(1, 2))), "an order of 2 cells, got an input of (1, 2)"),
        (lambda: expanded(ONE, RandomNoise(1), -1), "expanded expects a number of copies of 0 or more, got -1"),
        (lambda: expanded(ONE, RandomNoise(1), 1.5), "expanded expects a number of copies of 0 or more, got 1.5"),
        (lambda: with_all_shifts(ONE, 1), "with_all_shifts expects images of shape (N, C, H, W), got (2, 1, 3)"),
        (lambda: with_all_shifts(numbered([0], 1, 2, 2), -1), "a distance of 0 or more whole cells, got -1"),
        (lambda: with_all_shifts(numbered([0], 1, 2, 2), 0.5), "a distance of 0 or more whole cells, got 0.5"),
        (lambda: with_label_noise(ONE, 1.5), "with_label_noise expects a fraction from 0 to 1, got 1.5"),
        (lambda: with_label_noise(ONE, -0.5), "with_label_noise expects a fraction from 0 to 1, got -0.5"),
        (lambda: with_labels(ONE, [0, 2]), "with_labels expects different labels that the data set has, got [0, 2]"),
        (lambda: with_labels(ONE, [0, 0]), "with_labels expects different labels that the data set has, got [0, 0]"),
        (lambda: with_labels(ONE, []), "with_labels expects different labels that the data set has, got []"),
        (lambda: per_class(ONE, 2), "per_class expects n from 1 to 1, the size of the smallest class, got 2"),
        (lambda: per_class(ONE, 0), "per_class expects n from 1 to 1, the size of the smallest class, got 0"),
        (lambda: per_class(ONE, 0.5), "per_class expects n from 1 to 1, the size of the smallest class, got 0.5"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(make, words):
    with pytest.raises(ValueError) as error:
        make()
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda dataset: expanded(dataset, RandomNoise(1), 1),
        lambda dataset: with_all_shifts(dataset, 1),
        lambda dataset: with_label_noise(dataset, 0.5),
        lambda dataset: with_labels(dataset, [0]),
        lambda dataset: per_class(dataset, 1),
    ],
)
@pytest.mark.parametrize(
    "dataset",
    [[1, 2], TensorDataset(Tensor(np.zeros(2))), TensorDataset(Tensor(np.zeros((2, 1))), Tensor(np.zeros((2, 10))))],
)
def test_a_data_set_without_inputs_and_labels_is_refused(call, dataset):
    with pytest.raises(
        TypeError, match=r"expects a TensorDataset of inputs and labels \(N,\), got (list|TensorDataset)"
    ):
        call(dataset)


def test_every_transform_is_tested_here():
    own = (value for value in vars(augmentation).values() if getattr(value, "__module__", "") == augmentation.__name__)
    classes = {value.__name__ for value in own if isinstance(value, type)}
    assert classes == {
        "RandomAffine",
        "RandomDistortion",
        "RandomElastic",
        "RandomIntensity",
        "RandomNoise",
        "ShuffleSpace",
    }
