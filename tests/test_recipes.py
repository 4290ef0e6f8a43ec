"""Recipes: each is what it says, trains as the loop that one would write, and learns from nothing but its examples."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tinytorch import datasets, recipes
from tinytorch.creation import manual_seed
from tinytorch.data import RandomShift, Subset
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import AdamW, one_cycle
from tinytorch.recipes import (
    CAUTION,
    PRESETS,
    RECIPES,
    STEPS,
    Recipe,
    detector_cnn,
    image_cnn,
    measure,
    mlp,
    patch_cnn,
    signal_cnn,
    train,
    train_within,
)
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


# Within some seconds: a clock that goes on by a second for each training batch


class Clock:
    def __init__(self, pace=1.0):
        self.now, self.pace, self.batches = 0.0, pace, 0

    def __call__(self):
        return self.now

    def batch(self, x):
        self.batches += 1
        self.now += self.pace
        return x


def within(seconds, *, n=100, epochs=10, pace=1.0, batch_size=20, slower=None, **options):
    """(model, history, clock) of a training of so many seconds, five batches of 20 to an epoch."""
    clock = Clock(pace)

    def transform(x):
        if slower is not None and clock.batches >= slower[0]:
            clock.pace = slower[1]
        return clock.batch(x)

    network = partial(mlp, 64, 12, 10, dropout=0.0)
    recipe = Recipe("tinydigits", "mlp", network, epochs, batch_size, lr=0.05, transform=transform)
    return *train_within(recipe, some("tinydigits-mlp", n)[0], seconds=seconds, seed=3, clock=clock, **options), clock


TIMED = 1 + min(STEPS, 5)  # steps of the network that is thrown away


def test_as_many_epochs_are_trained_as_fit_with_a_schedule_of_their_length():
    model, history, clock = within(80, epochs=100)
    epochs = int(CAUTION * (80 - TIMED) / 5)
    assert [row["epoch"] for row in history] == [*range(1, epochs + 1)] and clock.now <= 80
    assert history.column("seconds") == [5.0] * epochs
    recipe = Recipe("tinydigits", "mlp", partial(mlp, 64, 12, 10, dropout=0.0), epochs, 20, lr=0.05)
    expected, same_history = train(recipe, some("tinydigits-mlp")[0], seed=3)
    assert same(parameters(model), parameters(expected))
    assert [row["lr"] for row in history] == [row["lr"] for row in same_history]


def test_no_more_epochs_are_trained_than_the_recipe_says():
    _, history, clock = within(1e6, epochs=3)
    assert len(history) == 3 and clock.batches == TIMED + 3 * 5


def test_a_part_of_an_epoch_is_trained_where_no_whole_one_fits():
    model, history, clock = within(8)
    assert len(history) == 1 and clock.now <= 8
    assert clock.batches == 1 + 1 + int(CAUTION * 6)


def test_one_step_is_taken_in_any_case():
    _, history, clock = within(0.5)
    assert len(history) == 1 and clock.batches == 3


@pytest.mark.parametrize("watched", [False, True])
def test_figures_of_so_many_seconds_are_those_of_the_last_epoch_and_one_look_at_the_test_set(watched):
    """A moment that is over before the first step, with a look that would take longer than what is left."""
    recipe = replace(PRESETS["zero"]["tinydigits-mlp"], watched=watched)
    figures, history = measure(recipe, seed=4, seconds=1e-9)
    assert figures.epochs == len(history) == 1
    assert figures.train_accuracy == history[-1]["accuracy"]
    examples, test = datasets.tinydigits()
    model, _ = train_within(recipe, examples, seconds=1e-9, seed=4, watch=test if watched else None)
    assert figures.test_accuracy == evaluate(model, test)["accuracy"]
    assert history[-1].get("validation_accuracy") == (figures.test_accuracy if watched else None)


def test_a_machine_that_becomes_slower_ends_in_time_all_the_same():
    _, history, clock = within(100, slower=(30, 4.0))
    assert clock.now <= 100 and 1 < len(history) < int(CAUTION * (100 - TIMED) / 5)


def test_a_set_that_is_watched_is_looked_at_after_each_epoch_within_the_time(monkeypatch):
    clock = Clock()
    evaluated = []

    def look(model, dataset, **options):
        clock.now += 10
        evaluated.append(dataset)
        return {"loss": 1.0, "accuracy": 0.5}

    monkeypatch.setattr(recipes, "evaluate", look)
    recipe = Recipe("tinydigits", "mlp", partial(mlp, 64, 12, 10, dropout=0.0), 10, 20, lr=0.05, transform=clock.batch)
    train_set, test_set = some("tinydigits-mlp")
    _, history = train_within(recipe, train_set, seconds=100, seed=3, watch=test_set, clock=clock)
    assert clock.now <= 100 and history.column("validation_accuracy") == [0.5] * len(history)
    assert len(history) == int(CAUTION * (100 - TIMED - 10) / 15) and len(evaluated) == 1 + len(history)


@pytest.mark.parametrize("preset", ["pi", "zero"])
@pytest.mark.parametrize("name", RECIPES)
def test_recipes_of_small_machines_are_for_the_same_data_and_smaller(preset, name):
    recipe, full = PRESETS[preset][name], RECIPES[name]
    assert (recipe.name, recipe.dataset, recipe.model) == (full.name, full.dataset, full.model)
    train_set, _ = some(name, 5)
    assert recipe.network().eval()(train_set[:][0]).shape == (5, 10)
    sizes = [sum(p.numel() for p in one.network().parameters()) for one in (recipe, full)]
    assert sizes[0] < sizes[1] or recipe.epochs < full.epochs or preset == "pi"


def test_a_recipe_that_is_not_watched_is_tested_once_at_the_end(monkeypatch):
    looked = []
    real = recipes.evaluate
    monkeypatch.setattr(
        recipes, "evaluate", lambda model, data, **o: looked.append(len(data)) or real(model, data, **o)
    )
    recipe = replace(PRESETS["zero"]["tinydigits-mlp"], epochs=2)
    figures, history = measure(recipe, seed=1)
    assert looked == [200] and "validation_accuracy" not in history[-1]
    assert figures.train_accuracy == history[-1]["accuracy"]
    model, _ = train(recipe, datasets.tinydigits()[0], seed=1)
    assert figures.test_accuracy == real(model, datasets.tinydigits()[1])["accuracy"]


def test_the_networks_of_a_pi_zero_are_what_they_are_described_to_be():
    assert patch_cnn(4, 6).summary(2, 1, 8, 8).count("6, 3, 3)") == 2  # the second convolution and its ReLU
    net = detector_cnn(3, 5, kernel=3)
    assert [getattr(layer, "stride", None) for layer in net] == [(2,), None, (1,), None, None]
    assert net[0].bias is not None and net[2].bias is None
    x = datasets.mnist1d()[0].tensors[0][:4]
    features = net[2](net[1](net[0](x))).detach()
    assert np.array_equal(net[3](features).numpy(), features.numpy().max(axis=2))
