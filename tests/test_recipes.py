"""Recipes: each is what it says, trains as the loop that one would write, and learns from nothing but its examples."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tinytorch import datasets
from tinytorch.creation import manual_seed
from tinytorch.data import RandomShift, Subset
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import AdamW, one_cycle
from tinytorch.recipes import RECIPES, Recipe, image_cnn, measure, mlp, signal_cnn, train
from tinytorch.training import evaluate, fit

IN_A_HURRY = {"epochs": 2}


def some(name, n=100):
    return [Subset(split, range(n)) for split in datasets.load(RECIPES[name].dataset)]


def parameters(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def same(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", RECIPES)
def test_its_network_sorts_its_data_into_ten_classes(name):
    recipe = RECIPES[name]
    train_set, test_set = some(name, 5)
    assert recipe.name == name == f"{recipe.dataset}-{recipe.model}"
    assert recipe.network().eval()(train_set[:][0]).shape == recipe.network().eval()(test_set[:][0]).shape == (5, 10)


@pytest.mark.parametrize("name", RECIPES)
def test_its_transform_moves_examples_and_keeps_their_shape(name):
    transform, (train_set, _) = RECIPES[name].transform, some(name)
    if transform is not None:
        x, _ = train_set[:]
        moved = transform(x)
        assert moved.shape == x.shape and moved.dtype == x.dtype and not np.array_equal(moved.numpy(), x.numpy())


def test_networks_are_built_as_they_are_described():
    kinds = [
        [type(layer).__name__ for layer in net] for net in (mlp(40, 8, 9, 10, dropout=0.1), image_cnn(4, dropout=0.2))
    ]
    assert kinds == [
        ["Flatten", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"],
        ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "Flatten", "Dropout", "Linear"],
    ]
    assert [layer.p for layer in mlp(40, 8, 9, 10, dropout=0.1) if hasattr(layer, "p")] == [0.1, 0.1]
    assert [layer.p for layer in image_cnn(4, dropout=0.2) if hasattr(layer, "p")] == [0.2]
    assert image_cnn(4, 6, dropout=0)[-1].in_features == 6 * 16
    assert [layer.kernel_size for layer in signal_cnn(3, 4, 5) if hasattr(layer, "kernel_size")] == [(5,), (3,), (3,)]
    assert signal_cnn(3, 4, 5).summary(2, 1, 40).count("5, 5)") == 3  # convolution, batch norm and ReLU leave 5 steps


@pytest.mark.parametrize("transform", [None, RandomShift(1)])
def test_training_is_what_the_recipe_says(transform):
    train_set, _ = some("tinydigits-mlp")
    recipe = Recipe(
        "tinydigits", "mlp", partial(mlp, 64, 12, 10, dropout=0.25),
        epochs=3, batch_size=32, lr=0.05, weight_decay=0.3, label_smoothing=0.2, transform=transform,
    )  # fmt: skip
    model, history = train(recipe, train_set, seed=5)

    manual_seed(5)
    expected = mlp(64, 12, 10, dropout=0.25)
    optimizer = AdamW(expected.parameters(), lr=one_cycle(0.05, 3 * 4), weight_decay=0.3)
    loss = partial(cross_entropy, label_smoothing=0.2)
    options = {"batch_size": 32, "loss": loss, "transform": transform, "progress": False}
    fit(expected, train_set, epochs=3, optimizer=optimizer, **options)
    assert same(parameters(model), parameters(expected)) and len(history) == 3


def test_whether_it_is_watched_and_by_what_changes_nothing():
    train_set, test_set = some("tinydigits-cnn")
    recipe = RECIPES["tinydigits-cnn"]
    alone, silent = train(recipe, train_set, seed=1, **IN_A_HURRY)
    watched, told = train(recipe, train_set, seed=1, watch=test_set, **IN_A_HURRY)
    assert same(parameters(alone), parameters(watched))
    assert "validation_accuracy" not in silent[-1]
    assert told[-1]["validation_accuracy"] == evaluate(watched, test_set)["accuracy"]


def test_another_seed_is_another_network():
    train_set, _ = some("tinydigits-mlp")
    one, other = (train(RECIPES["tinydigits-mlp"], train_set, seed=seed, **IN_A_HURRY)[0] for seed in (1, 2))
    assert not same(parameters(one), parameters(other))


def test_figures_are_of_the_whole_data_set():
    recipe = replace(RECIPES["tinydigits-mlp"], epochs=4)
    figures, history = measure(recipe, seed=7)
    train_set, test_set = datasets.tinydigits()
    model, _ = train(recipe, train_set, seed=7)
    assert figures.train_accuracy == evaluate(model, train_set)["accuracy"]
    assert figures.test_accuracy == evaluate(model, test_set)["accuracy"] == history[-1]["validation_accuracy"]
    assert (figures.dataset, figures.model, figures.epochs, figures.seed) == ("tinydigits", "mlp", 4, 7)
    assert figures.parameters == 64 * 256 + 256 + 256 * 10 + 10 and 0 < figures.seconds < 600
