"""What is learned elsewhere: turned images, batches, and that nothing is asked of letters that are not here."""

import numpy as np
from numpy.testing import assert_array_equal

from tinytorch.creation import manual_seed
from tinytorch.experiments import rmnist_transfer as transfer


def test_an_image_is_turned_by_as_many_quarters_as_is_said():
    manual_seed(0)
    images = np.random.default_rng(0).random((40, 1, 28, 28)).astype(np.float32)
    turned, turns = transfer.quarter_turns(images)
    assert sorted(set(turns.tolist())) == [0, 1, 2, 3]
    for image, other, turn in zip(images[:, 0], turned[:, 0], turns, strict=True):
        assert_array_equal(np.rot90(image, turn), other)


def test_all_examples_are_seen_before_one_comes_again():
    manual_seed(0)
    seen = np.concatenate([*transfer.batches(3 * transfer.BATCH, 6)])
    assert np.bincount(seen).tolist() == [2] * (3 * transfer.BATCH)
    first = seen[: 3 * transfer.BATCH]
    assert len(set(first.tolist())) == len(first) and not np.array_equal(first, seen[len(first) :])


def test_the_smallest_angle_is_not_the_smallest_distance():
    known, digits = np.array([[1.0, 0.0], [0.0, 9.0]]), np.array([3, 4])
    assert_array_equal(transfer.nearest_by_angle(known, digits, np.array([[0.1, 0.2], [20.0, 1.0]])), [4, 3])


def test_without_letters_there_is_no_run_with_letters(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [config["first"] for config in transfer.configs(steps=1)] == ["turns", "nothing"]
    np.savez(tmp_path / transfer.LETTERS, x=np.full((2, 28, 28), 255, np.uint8), y=np.array([0, 1]))
    assert [config["first"] for config in transfer.configs(steps=1)] == ["letters", "turns", "nothing"]
    images, classes = transfer.letters()
    assert images.shape == (2, 1, 28, 28) and images.max() == 1 and classes.tolist() == [0, 1]
