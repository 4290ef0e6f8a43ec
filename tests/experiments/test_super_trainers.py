"""Ten images: no single replacement helps those that were chosen, and those that are synthesised teach better than noise."""

import numpy as np
from numpy.testing import assert_allclose

from tinytorch.creation import manual_seed, tensor
from tinytorch.experiments import super_trainers as trainers


def data(n):
    random = np.random.default_rng(0)
    y = np.arange(n) % 10
    x = random.normal(0, 0.5, (n, 784)).astype(np.float32)
    x[np.arange(n), 30 * y] += 8
    return x, y


def correct(ten, x, y):
    return (trainers.nearest(ten, x) == y).sum()


def test_no_single_replacement_helps_what_was_chosen():
    x, y = data(60)
    x += np.random.default_rng(1).normal(0, 1.6, x.shape)  # so that ten images cannot name all
    pool, kinds, judges, truth = x[:30], y[:30], x[30:], y[30:]
    ten = trainers.choose(x, y, 30, 30)
    best = correct(ten, judges, truth)
    assert correct(pool[:10], judges, truth) < best < 30
    for candidate, kind in zip(pool, kinds, strict=True):
        other = ten.copy()
        other[kind] = candidate
        assert correct(other, judges, truth) <= best


def test_distances_are_squares():
    x, _ = data(20)
    assert_allclose(trainers.squared_distances(x[:3], x)[2, 7], ((x[2] - x[7]) ** 2).sum(), rtol=1e-4)


def test_the_average_image_is_the_one_nearest_to_the_mean():
    images = np.array([[0.0], [4.0], [5.0], [9.5]])
    assert trainers.pick(images, "average") == 5 and trainers.pick(images, "random") == 0


def test_synthesised_images_teach_a_student_that_was_not_there(monkeypatch):
    monkeypatch.setattr(trainers, "HIDDEN", 30)
    x, y = data(400)
    manual_seed(0)
    marks = []
    for outer_steps in (0, 200):
        ten, rate, steps = trainers.synthesise(x, y, outer_steps, steps=4, batch=50)
        weights = trainers.teach(tensor(ten), rate, steps)
        marks.append((trainers.perceptron(weights, tensor(x)).array.argmax(1) == y).mean())
    assert marks[0] < 0.35 and marks[1] > marks[0] + 0.3
