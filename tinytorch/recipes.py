"""Recipes: networks for the data that came along, each with all that it takes to train it in seconds.

What stands here was chosen on held-out parts of the training sets by benchmarks/recipes.py; the test sets had no say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from tinytorch import datasets
from tinytorch.conv import Conv1d, Conv2d
from tinytorch.creation import manual_seed
from tinytorch.data import RandomRoll
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import AdamW, one_cycle
from tinytorch.pooling import MaxPool2d
from tinytorch.progress import Progress
from tinytorch.regularization import BatchNorm1d, BatchNorm2d, Dropout
from tinytorch.tensor import Tensor
from tinytorch.training import History, evaluate, fit


@dataclass(frozen=True)
class Recipe:
    """A network for a data set, and how it is trained: by AdamW, with a learning rate of one cycle that peaks at `lr`.

    transform: what is done to the inputs of each batch. A signal of MNIST-1D was rolled anywhere within two thirds of its
    circle when it was made: one that is rolled by a few steps more is, but for the slope that came last, another that
    could have been made. One that is rolled all around often is not, and held-out accuracy falls.
    """

    dataset: str
    model: str
    network: Callable[[], Module]
    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    transform: Callable[[Tensor], Tensor] | None = None

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.dataset}-{self.model}"


def mlp(*sizes: int, dropout: float) -> Sequential:
    """Linear layers of these sizes, from the points of an image or a signal to the classes."""
    layers: list[Module] = [Flatten()]
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += Linear(inputs, outputs), ReLU(), Dropout(dropout)
    return Sequential(*layers, Linear(sizes[-2], sizes[-1]))


def image_cnn(*channels: int, dropout: float) -> Sequential:
    """Convolutions for images of 8 x 8 points in ten classes; the last is pooled to 4 x 4."""
    layers: list[Module] = []
    for inputs, outputs in zip((1, *channels), channels, strict=False):
        layers += Conv2d(inputs, outputs, 3, padding=1, bias=False), BatchNorm2d(outputs), ReLU()
    return Sequential(*layers, MaxPool2d(2), Flatten(), Dropout(dropout), Linear(channels[-1] * 4 * 4, 10))


def signal_cnn(*channels: int) -> Sequential:
    """Three convolutions for signals of 40 steps in ten classes, each with a stride of 2: 40, 19, 10, 5 steps."""
    layers: list[Module] = []
    for inputs, outputs, kernel in zip((1, *channels), channels, (5, 3, 3), strict=False):
        layers += Conv1d(inputs, outputs, kernel, stride=2, padding=1, bias=False), BatchNorm1d(outputs), ReLU()
    return Sequential(*layers, Flatten(), Linear(channels[-1] * 5, 10))


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            dataset="tinydigits",
            model="mlp",
            network=partial(mlp, 64, 256, 10, dropout=0.2),
            epochs=60,
            batch_size=32,
            lr=0.01,
        ),
        Recipe(
            dataset="tinydigits",
            model="cnn",
            network=partial(image_cnn, 16, 32, dropout=0.3),
            epochs=20,
            batch_size=32,
            lr=0.01,
        ),
        Recipe(
            dataset="mnist1d",
            model="mlp",
            network=partial(mlp, 40, 256, 256, 10, dropout=0.1),
            epochs=80,
            batch_size=100,
            lr=0.01,
            transform=RandomRoll(3),
        ),
        Recipe(
            dataset="mnist1d",
            model="cnn",
            network=partial(signal_cnn, 32, 32, 32),
            epochs=60,
            batch_size=100,
            lr=0.02,
            transform=RandomRoll(2),
        ),
    )
}


@dataclass(frozen=True)
class Figures:
    """What came of one training. Accuracies are fractions of all examples, seconds those of the training alone."""

    dataset: str
    model: str
    parameters: int
    epochs: int
    seconds: float
    train_accuracy: float
    test_accuracy: float
    seed: int


def measure(
    recipe: Recipe, *, seed: int, epochs: int | None = None, progress: bool | Progress = False
) -> tuple[Figures, History]:
    """Train a recipe's network on the whole training set, and look at the test set after each epoch and at the end."""
    examples, test = datasets.load(recipe.dataset)
    began = time.perf_counter()
    model, history = train(recipe, examples, seed=seed, epochs=epochs, watch=test, progress=progress)
    figures = Figures(
        dataset=recipe.dataset,
        model=recipe.model,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        epochs=len(history),
        seconds=round(time.perf_counter() - began, 3),
        train_accuracy=evaluate(model, examples)["accuracy"],
        test_accuracy=history[-1]["validation_accuracy"],
        seed=seed,
    )
    return figures, history


def train(
    recipe: Recipe,
    examples: Any,
    *,
    seed: int,
    epochs: int | None = None,
    watch: Any = None,
    progress: bool | Progress = False,
) -> tuple[Module, History]:
    """Train a recipe's network on a data set, for as many epochs as it says or as are given; equal seeds, equal networks.

    watch: another data set, on which the network is evaluated after each epoch and from which nothing follows; its
    figures are the history's validation_loss and validation_accuracy.
    """
    epochs = recipe.epochs if epochs is None else epochs
    manual_seed(seed)
    model = recipe.network()
    steps = epochs * -(-len(examples) // recipe.batch_size)
    optimizer = AdamW(model.parameters(), one_cycle(recipe.lr, steps), weight_decay=recipe.weight_decay)
    history = fit(
        model,
        examples,
        epochs=epochs,
        optimizer=optimizer,
        loss=partial(cross_entropy, label_smoothing=recipe.label_smoothing),
        validation=watch,
        batch_size=recipe.batch_size,
        transform=recipe.transform,
        progress=progress,
    )
    return model, history
