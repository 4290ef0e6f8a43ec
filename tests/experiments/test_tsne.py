"""t-SNE: its gradient is that of its divergence, each example has as many neighbours as was asked for, clusters come out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tinytorch.experiments import tsne

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(0, 1, (40, 5))


def test_the_gradient_is_that_of_the_divergence():
    likely, y = tsne.neighbour_probabilities(X, 8.0), RANDOM.normal(0, 1, (40, 2))
    slope, step = tsne.gradient(likely, y), 1e-5
    for i, axis in ((0, 0), (7, 1), (39, 0)):
        move = np.zeros_like(y)
        move[i, axis] = step
        difference = (tsne.divergence(likely, y + move) - tsne.divergence(likely, y - move)) / (2 * step)
        assert difference == pytest.approx(slope[i, axis], rel=1e-4)


def test_probabilities_sum_to_one_and_look_alike_from_both_sides():
    likely = tsne.neighbour_probabilities(X, 8.0)
    assert_allclose(likely.sum(), 1)
    assert_allclose(likely, likely.T)
    assert (np.diag(likely) == 0).all()


def test_twins_have_as_many_neighbours_as_the_perplexity_says():
    """Where all others are equally near, there is no width that leaves less; where eight are near, eight count."""
    groups = np.repeat(100 * np.eye(4), 9, axis=0) + 0.01 * RANDOM.normal(0, 1, (36, 4))
    likely = tsne.neighbour_probabilities(groups, 8.0)
    within = likely.reshape(4, 9, 4, 9).sum((1, 3))
    assert_allclose(np.diag(within), 0.25, rtol=0.01)


def test_principal_components_are_those_of_the_covariance():
    flat = tsne.pca(X, 2)
    values = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    assert_allclose(np.cov(flat.T), np.diag(values[:2]), atol=1e-9)


def test_clusters_are_found_and_noise_has_none():
    """So many steps that every one of many seeds has come out: where it stops earlier, the last digit of a machine decides."""
    labels, rng = np.arange(90) % 3, np.random.default_rng(0)
    clusters = 3 * np.eye(3)[labels] @ rng.normal(0, 1, (3, 10)) + rng.normal(0, 0.5, (90, 10))
    assert tsne.agreement(tsne.tsne(clusters, 150, 10.0), labels) > 0.95
    assert tsne.agreement(tsne.tsne(rng.normal(0, 1, (90, 10)), 150, 10.0), labels) < 0.6
