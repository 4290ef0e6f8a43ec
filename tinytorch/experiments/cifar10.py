"""CIFAR-10: photographs, where a perceptron fails and convolutions begin to pay.

Sixty thousand photographs of ten kinds of things, in colour, 32 points wide. Points in fixed places say little here: an airplane may be
anywhere and have any colour. A perceptron stays near one half, three convolutions reach two thirds in a few epochs on one core; what is
published beyond that takes larger networks, and hours.
"""

from __future__ import annotations

from tinytorch import datasets
from tinytorch.conv import Conv2d
from tinytorch.experiments import mnist
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.experiments.mnist import learn, limited
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.pooling import MaxPool2d
from tinytorch.regularization import BatchNorm2d, Dropout

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
MODELS = {"lr": ("logistic regression", 6), "mlp": ("perceptron 256-128", 8), "cnn": ("convolutional", 8)}


def configs(epochs: int | None = None, examples: int | None = None) -> list[Config]:
    """A run for each model. epochs, examples: not as many as each needs, and not all."""
    return [{"model": model, "epochs": epochs or own, "examples": examples} for model, (_, own) in MODELS.items()]


def network(name: str) -> Module:
    """The networks of the table, for images (N, 3, 32, 32)."""
    if name == "lr":
        return Sequential(Flatten(), Linear(3072, 10))
    if name == "mlp":
        return Sequential(Flatten(), Linear(3072, 256), ReLU(), Linear(256, 128), ReLU(), Linear(128, 10))
    return Sequential(
        *(Conv2d(3, 16, 3, padding=1), BatchNorm2d(16), ReLU(), MaxPool2d(2)),
        *(Conv2d(16, 32, 3, padding=1), BatchNorm2d(32), ReLU(), MaxPool2d(2)),
        *(Conv2d(32, 64, 3, padding=1), BatchNorm2d(64), ReLU(), MaxPool2d(2)),
        *(Flatten(), Dropout(0.3), Linear(64 * 4 * 4, 10)),
    )


def run(config: Config, seed: int) -> Values:
    """Train one network."""
    return learn(network(config["model"]), *limited(datasets.cifar10(), config["examples"]), config["epochs"])


def table(results: Results) -> list[Row]:
    """A row for each network, at the end of its training."""
    return [Row(what, results.percent("accuracy", model=model)) for model, (what, _) in MODELS.items()]


def picture(results: Results) -> list[Panel]:
    """Test accuracy over the epochs, and what the convolutional network of the first seed got wrong."""
    names = {model: what for model, (what, _) in MODELS.items()}
    _, test = datasets.cifar10()
    wrong = mnist.mistakes(results.where(model="cnn")[0], test, NAMES)
    return [mnist.over_epochs("CIFAR-10", results, names), *wrong]


STUDY = Study(
    name="cifar10",
    question="What do small networks reach on photographs?",
    source='Krizhevsky (2009), "Learning multiple layers of features from tiny images"',
    run=run,
    quick=Plan(configs(epochs=2, examples=4000), seeds=1),
    full=Plan(configs(), seeds=1),
    table=table,
    picture=picture,
    needs=("cifar10",),
)
