"""Drawing: the same inputs on every machine and under every NumPy, whatever its own generator draws."""

import numpy as np
import pytest

from tinytorch.course.drawing import Draw, seed_of

KNOWN = [40, 15, 78, 87, -1.75, -1.5, -0.5]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-12, 12), (3, 3), (1, 12), (0, 3 * 2**30), (5, 2**32 + 3)])
@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_those_of_numpys_generator(seed, low, high):
    """Whose stream may change with a version of NumPy; ours may not."""
    words = seed_of("salt", seed, 0)
    draw, generator = Draw(words), np.random.default_rng(words)
    for _ in range(100):  # of which some are refused where their number does not divide 2^32
        assert draw.integer(low, high) == generator.integers(low, high + 1)
        assert draw.integer(0, 9) == generator.integers(0, 10)
    numbers = draw.integers((3, 2), low, high)
    assert numbers.shape == (3, 2) and numbers.dtype == np.int64
    assert numbers.ravel().tolist() == [generator.integers(low, high + 1) for _ in range(6)]


def test_the_first_inputs_of_a_check_are_these():
    """Known figures: a change of the drawing would change everybody's checks, and the recorded ones of a class."""
    draw = Draw(seed_of("", "01.1", "add", 0))
    assert [draw.integer(0, 99) for _ in range(4)] == KNOWN[:4]
    assert draw.array((3,)).tolist() == KNOWN[4:]
