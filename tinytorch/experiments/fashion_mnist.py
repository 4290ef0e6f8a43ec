"""Fashion-MNIST: clothes in place of digits, and in the same format.

MNIST is solved by anything. Fashion-MNIST was made to be put in its place without changing a line, and leaves room: a shirt, a pullover, a
coat and a T-shirt, 28 points wide, are hard to tell apart.
"""

from __future__ import annotations

from tinytorch import datasets
from tinytorch.conv import Conv2d
from tinytorch.experiments import mnist
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.experiments.mnist import learn, limited, network
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.pooling import MaxPool2d
from tinytorch.regularization import BatchNorm2d, Dropout

NAMES = ["T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
MODELS = {  # what it is called, epochs, and what the makers of the data set publish for such a model
    "lr": ("logistic regression", 6, "84.2"),
    "mlp": ("perceptron 128-64", 8, "87.1 (100 units)"),
    "cnn": ("convolutional", 6, "91.6 (two convolutions)"),
}


def configs(epochs: int | None = None, examples: int | None = None) -> list[Config]:
    """A run for each model. epochs, examples: not as many as each needs, and not all."""
    return [{"model": model, "epochs": epochs or own, "examples": examples} for model, (_, own, _) in MODELS.items()]


def convolutional() -> Module:
    """(N, 1, 28, 28) -> (N, 10)."""
    return Sequential(
        *(Conv2d(1, 16, 3, padding=1), BatchNorm2d(16), ReLU(), MaxPool2d(2)),
        *(Conv2d(16, 32, 3, padding=1), BatchNorm2d(32), ReLU(), MaxPool2d(2)),
        *(Flatten(), Linear(32 * 7 * 7, 128), ReLU(), Dropout(0.4), Linear(128, 10)),
    )


def run(config: Config, seed: int) -> Values:
    """Train one network."""
    model = convolutional() if config["model"] == "cnn" else network(config["model"])
    return learn(model, *limited(datasets.fashion_mnist(), config["examples"]), config["epochs"])


def table(results: Results) -> list[Row]:
    """A row for each network, at the end of its training."""
    return [
        Row(what, results.percent("accuracy", model=model), published) for model, (what, _, published) in MODELS.items()
    ]


def picture(results: Results) -> list[Panel]:
    """Test accuracy over the epochs, and what the convolutional network of the first seed got wrong."""
    names = {model: what for model, (what, *_) in MODELS.items()}
    _, test = datasets.fashion_mnist()
    wrong = mnist.mistakes(results.where(model="cnn")[0], test, NAMES)
    return [mnist.over_epochs("Fashion-MNIST", results, names), *wrong]


STUDY = Study(
    name="fashion-mnist",
    question="What do small networks reach on clothes, where MNIST's digits are too easy?",
    source="Xiao, Rasul and Vollgraf (2017), Fashion-MNIST, and the benchmark beside it",
    run=run,
    quick=Plan(configs(epochs=2, examples=6000), seeds=1),
    full=Plan(configs(), seeds=2),
    table=table,
    picture=picture,
    needs=("fashion_mnist",),
)
