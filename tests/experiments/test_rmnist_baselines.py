"""The methods are what they are called: against scikit-learn, where it is installed, and by what defines them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tinytorch.experiments import rmnist_baselines as baselines

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, (60, 12)) / np.float32(256)
Y = np.arange(60) % 10
OTHERS = RANDOM.integers(0, 256, (300, 12)) / np.float32(256)


@pytest.mark.parametrize(("cost", "width"), [(0.1, None), (1000.0, 1 / 12), (1.0, 2.0)])
def test_support_vectors_answer_as_scikit_learns_do(cost, width):
    svm = pytest.importorskip("sklearn.svm", reason="scikit-learn is not installed")
    kernel = {"kernel": "linear"} if width is None else {"kernel": "rbf", "gamma": width}
    theirs = svm.SVC(C=cost, tol=1e-5, **kernel).fit(X, Y).predict(OTHERS)
    ours = baselines.support_vectors(X, Y, OTHERS, cost=cost, width=width)
    assert (ours == theirs).mean() > 0.99  # on a border, rounding decides


def test_a_maximal_margin_meets_the_conditions_of_an_optimum():
    sign, cost = np.where(X[:, 0] > X[:, 1], 1.0, -1.0), 5.0
    likeness = baselines.kernel(X, X, 0.5)
    alpha, offset = baselines.maximal_margin(likeness, sign, cost)
    assert 0 <= alpha.min() <= alpha.max() <= cost and abs(alpha @ sign) < 1e-9
    margin = sign * (likeness @ (alpha * sign) + offset)
    assert margin[alpha == 0].min() >= 1 - 1e-4 and margin[alpha == cost].max() <= 1 + 1e-4
    between = (alpha > 0) & (alpha < cost)
    assert between.any() and (alpha == cost).any()
    assert_allclose(margin[between], 1, atol=1e-4)


def test_the_nearest_neighbour_is_nearest_and_the_first_of_several():
    nearest = [np.square(X.astype(np.float64) - b).sum(1).argmin() for b in OTHERS.astype(np.float64)]
    assert_array_equal(baselines.nearest_neighbour(X, Y, OTHERS), Y[nearest])
    twice = np.concatenate([X[:1], X[:1]])
    assert_array_equal(baselines.nearest_neighbour(twice, np.array([3, 4]), X[:1]), [3])


def test_with_one_image_of_each_digit_support_vectors_say_what_the_nearest_neighbour_says():
    ten, digits = X[:10], np.arange(10)
    nearest = baselines.nearest_neighbour(ten, digits, OTHERS)
    assert_array_equal(baselines.support_vectors(ten, digits, OTHERS, cost=1e9, width=None), nearest)
