"""Recipes: networks for the data that came along, each with all that it takes to train it in seconds.

There are three presets: "full" for a laptop or a server, "pi" for a Raspberry Pi with vectors, "zero" for one without.
What stands here was chosen on held-out parts of the training sets, by benchmarks/recipes.py and benchmarks/pi_recipes.py;
the test sets had no say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from tinytorch import datasets, machine
from tinytorch.conv import Conv1d, Conv2d
from tinytorch.creation import manual_seed
from tinytorch.data import DataLoader, RandomRoll
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import SGD, AdamW, Optimizer, one_cycle
from tinytorch.pooling import MaxPool2d
from tinytorch.progress import Progress
from tinytorch.regularization import BatchNorm1d, BatchNorm2d, Dropout
from tinytorch.tensor import Tensor
from tinytorch.training import History, Loss, check_finite, evaluate, fit, learning_rate, train_epoch, training_mode


@dataclass(frozen=True)
class Recipe:
    """A network for a data set, and how it is trained: with a learning rate of one cycle that peaks at `lr`.

    optimizer: takes parameters, that schedule and the weight_decay. watched: whether the test set is looked at after each
    epoch, for the curves, or only at the end, where each look would cost a noticeable part of the training.
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
    optimizer: Callable[..., Optimizer] = AdamW
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    transform: Callable[[Tensor], Tensor] | None = None
    watched: bool = True

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.dataset}-{self.model}"


def mlp(*sizes: int, dropout: float) -> Sequential:
    """Linear layers of these sizes, from the points of an image or a signal to the classes."""
    layers: list[Module] = [Flatten()]
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += [Linear(inputs, outputs), ReLU(), *([Dropout(dropout)] if dropout else [])]
    return Sequential(*layers, Linear(sizes[-2], sizes[-1]))


def image_cnn(*channels: int, dropout: float) -> Sequential:
    """Convolutions for images of 8 x 8 points in ten classes; the last is pooled to 4 x 4."""
    layers: list[Module] = []
    for inputs, outputs in zip((1, *channels), channels, strict=False):
        layers += Conv2d(inputs, outputs, 3, padding=1, bias=False), BatchNorm2d(outputs), ReLU()
    return Sequential(*layers, MaxPool2d(2), Flatten(), Dropout(dropout), Linear(channels[-1] * 4 * 4, 10))


def pooled_cnn(first: int, second: int, *, dropout: float) -> Sequential:
    """Two convolutions for images of 8 x 8 points in ten classes; the second, which costs the most, sees 4 x 4."""
    convolutions = Conv2d(1, first, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(first, second, 3, padding=1), ReLU()
    return Sequential(*convolutions, Flatten(), Dropout(dropout), Linear(second * 4 * 4, 10))


def patch_cnn(first: int, second: int) -> Sequential:
    """Two convolutions for images of 8 x 8 points in ten classes: patches of 2 x 2 points, then four neighbours of these."""
    convolutions = Conv2d(1, first, 2, stride=2), ReLU(), Conv2d(first, second, 2), ReLU()
    return Sequential(*convolutions, Flatten(), Linear(second * 3 * 3, 10))


class Largest(Module):
    """The largest value of every channel, wherever in the signal it is: (N, C, L) -> (N, C)."""

    def forward(self, input: Tensor) -> Tensor:
        """It is not linear, and so stands for the activation too."""
        y: Tensor = input.amax(-1)
        return y


def detector_cnn(first: int, second: int, *, kernel: int) -> Sequential:
    """Two convolutions for signals in ten classes; what the second finds counts wherever it is found.

    A bias of the second would pass through Largest as it is, and the last layer has one.
    """
    convolutions = Conv1d(1, first, kernel, stride=2), ReLU(), Conv1d(first, second, kernel, bias=False)
    return Sequential(*convolutions, Largest(), Linear(second, 10))


def signal_cnn(*channels: int) -> Sequential:
    """Three convolutions for signals of 40 steps in ten classes, each with a stride of 2: 40, 19, 10, 5 steps."""
    layers: list[Module] = []
    for inputs, outputs, kernel in zip((1, *channels), channels, (5, 3, 3), strict=False):
        layers += Conv1d(inputs, outputs, kernel, stride=2, padding=1, bias=False), BatchNorm1d(outputs), ReLU()
    return Sequential(*layers, Flatten(), Linear(channels[-1] * 5, 10))


def _by_name(*recipes: Recipe) -> dict[str, Recipe]:
    return {recipe.name: recipe for recipe in recipes}


RECIPES = _by_name(
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

heavy_ball = partial(SGD, momentum=0.9)  # a step costs a quarter of AdamW's, and a third
nesterov = partial(SGD, momentum=0.9, nesterov=True)
quick_adamw = partial(AdamW, betas=(0.9, 0.99))  # forgets gradients of before a hundred steps: there are few

PI = _by_name(
    Recipe(
        dataset="tinydigits",
        model="mlp",
        network=partial(mlp, 64, 128, 10, dropout=0.0),
        epochs=20,
        batch_size=50,
        lr=0.3,
        optimizer=heavy_ball,
        weight_decay=0.0,
        watched=False,
    ),
    Recipe(
        dataset="tinydigits",
        model="cnn",
        network=partial(pooled_cnn, 12, 24, dropout=0.2),
        epochs=14,
        batch_size=50,
        lr=0.03,
        optimizer=quick_adamw,
        watched=False,
    ),
    Recipe(
        dataset="mnist1d",
        model="mlp",
        network=partial(mlp, 40, 96, 96, 10, dropout=0.0),
        epochs=20,
        batch_size=100,
        lr=0.3,
        optimizer=nesterov,
        weight_decay=0.001,
        transform=RandomRoll(1),
        watched=False,
    ),
    Recipe(
        dataset="mnist1d",
        model="cnn",
        network=partial(detector_cnn, 12, 32, kernel=5),
        epochs=6,
        batch_size=50,
        lr=0.05,
        optimizer=quick_adamw,
        watched=False,
    ),
)

ZERO = _by_name(
    Recipe(
        dataset="tinydigits",
        model="mlp",
        network=partial(mlp, 64, 48, 10, dropout=0.0),
        epochs=12,
        batch_size=50,
        lr=0.5,
        optimizer=heavy_ball,
        weight_decay=0.0,
        watched=False,
    ),
    Recipe(
        dataset="tinydigits",
        model="cnn",
        network=partial(patch_cnn, 12, 24),
        epochs=6,
        batch_size=50,
        lr=0.05,
        optimizer=quick_adamw,
        watched=False,
    ),
    Recipe(
        dataset="mnist1d",
        model="mlp",
        network=partial(mlp, 40, 80, 10, dropout=0.0),
        epochs=6,
        batch_size=100,
        lr=0.5,
        optimizer=nesterov,
        weight_decay=0.001,
        watched=False,
    ),
    Recipe(
        dataset="mnist1d",
        model="cnn",
        network=partial(detector_cnn, 6, 20, kernel=3),
        epochs=2,
        batch_size=50,
        lr=0.08,
        optimizer=quick_adamw,
        watched=False,
    ),
)

PRESETS = dict(zip(machine.PRESETS, (RECIPES, PI, ZERO), strict=True))


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
    recipe: Recipe,
    *,
    seed: int,
    epochs: int | None = None,
    seconds: float | None = None,
    progress: bool | Progress = False,
) -> tuple[Figures, History]:
    """Train a recipe's network on the whole training set, for some epochs or within some seconds, and test it.

    Where the recipe is not watched or the seconds are counted, the accuracy in training is that of the last epoch, as its
    examples passed, and no time goes into looking at them once more.
    """
    examples, test = datasets.load(recipe.dataset)
    began = time.perf_counter()
    watch = test if recipe.watched else None
    if seconds is None:
        model, history = train(recipe, examples, seed=seed, epochs=epochs, watch=watch, progress=progress)
    else:
        model, history = train_within(recipe, examples, seconds=seconds, seed=seed, watch=watch, progress=progress)
    took, last = time.perf_counter() - began, history[-1]
    figures = Figures(
        dataset=recipe.dataset,
        model=recipe.model,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        epochs=len(history),
        seconds=round(took, 3),
        train_accuracy=evaluate(model, examples)["accuracy"] if watch and seconds is None else last["accuracy"],
        test_accuracy=last["validation_accuracy"] if watch else evaluate(model, test)["accuracy"],
        seed=seed,
    )
    return figures, history


def prepare(recipe: Recipe, seed: int, steps: int) -> tuple[Module, Optimizer, Loss]:
    """A new network, an optimizer that has so many steps to go, and the loss."""
    manual_seed(seed)
    model = recipe.network()
    rate = one_cycle(recipe.lr, steps)
    optimizer = recipe.optimizer(model.parameters(), rate, weight_decay=recipe.weight_decay)
    return model, optimizer, partial(cross_entropy, label_smoothing=recipe.label_smoothing)


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
    model, optimizer, loss = prepare(recipe, seed, epochs * -(-len(examples) // recipe.batch_size))
    history = fit(
        model,
        examples,
        epochs=epochs,
        optimizer=optimizer,
        loss=loss,
        validation=watch,
        batch_size=recipe.batch_size,
        transform=recipe.transform,
        progress=progress,
    )
    return model, history


# Within some seconds

STEPS, SHARE = 10, 0.1  # how many steps are timed, and in which part of the time allowed at most
CAUTION = 0.85  # the part of the time that is planned for: what else a machine does slows it down


class Limited(DataLoader):
    """A DataLoader whose epochs end where so many batches were given in all, or one more would last beyond a moment."""

    def __init__(self, *arguments: Any, steps: int, until: float, clock: Callable[[], float], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.left, self.until, self.clock = steps, until, clock
        self.longest = 0.0  # seconds from one batch to the next

    @property
    def over(self) -> bool:
        """Whether there will be no more."""
        return self.left == 0 or self.clock() + self.longest > self.until

    def __iter__(self) -> Iterator[Any]:
        for batch in super().__iter__():
            self.left -= 1
            given = self.clock()
            yield batch
            self.longest = max(self.longest, self.clock() - given)
            if self.over:
                return


def train_within(
    recipe: Recipe,
    examples: Any,
    *,
    seconds: float,
    seed: int,
    watch: Any = None,
    progress: bool | Progress = False,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Module, History]:
    """Train as `train` does, for as many epochs as fit into some seconds, but no more than the recipe says.

    The first steps of a network that is then thrown away tell how long a step takes, and so how many epochs fit, or how many
    steps of one where not even that does; the learning rate comes down in time for them. Where the machine becomes slower,
    the training ends when the seconds do. One step is taken in any case.
    """
    began = clock()
    step, look = pace(recipe, examples, watch, seconds, clock)
    batches = -(-len(examples) // recipe.batch_size)
    left = max(0.0, CAUTION * (seconds - (clock() - began)))
    epochs = min(recipe.epochs, int(left / (batches * step + look)))
    steps = epochs * batches or max(1, min(batches, int((left - look) / step)))
    model, optimizer, loss = prepare(recipe, seed, steps)
    until = began + seconds - look
    loader = Limited(examples, recipe.batch_size, shuffle=True, steps=steps, until=until, clock=clock)

    history = History()
    shown = progress if isinstance(progress, Progress) else Progress(silent=not progress)
    with shown, training_mode(model, True):
        shown.start(epochs=max(epochs, 1), batches=min(batches, steps))
        while not history or not loader.over:
            epoch, rate, epoch_began = len(history) + 1, learning_rate(optimizer), clock()
            figures = train_epoch(model, loader, optimizer, loss, epoch, transform=recipe.transform, progress=shown)
            if watch is not None:
                figures |= {f"validation_{name}": value for name, value in evaluate(model, watch, loss=loss).items()}
            check_finite(model, figures, epoch, optimizer)
            history.append({"epoch": epoch, **figures, "lr": rate, "seconds": clock() - epoch_began})
            shown.epoch(figures)
    return model, history


def pace(recipe: Recipe, examples: Any, watch: Any, seconds: float, clock: Callable[[], float]) -> tuple[float, float]:
    """How long a step takes here, and a look at the data set that is watched (0 where none is)."""
    model, optimizer, loss = prepare(recipe, 0, STEPS + 1)
    limits: dict[str, Any] = {"clock": clock, "until": clock() + SHARE * seconds}
    first = Limited(examples, recipe.batch_size, steps=1, **limits)
    train_epoch(model, first, optimizer, loss, transform=recipe.transform)  # the first of all is slower than all others
    began = clock()
    some = Limited(examples, recipe.batch_size, steps=STEPS, **limits)
    train_epoch(model, some, optimizer, loss, transform=recipe.transform)
    ended = clock()
    if watch is not None:
        evaluate(model, watch, loss=loss)
    return (ended - began) / (STEPS - some.left), clock() - ended if watch is not None else 0.0
