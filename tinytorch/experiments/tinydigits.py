"""TinyDigits: what small networks reach on it, and why some report 80 %.

TinyDigits is 1,000 handwritten digits of 8 x 8 points to learn from and 200 for the test. A course that uses it, TinyTorch,
reports 75 to 85 % for an MLP. Here the same MLP is trained in the same way, by SGD with a learning rate of 0.01 for 20 epochs,
and then with a learning rate ten times as large, or by Adam. Nearest neighbours, which learn nothing, set the mark: at 98.5 %
an image of the test set is nearest to one of its own digit.

One error on the 200 test images is 0.5 %. The same 13 people wrote training and test images, so all figures are about two points
higher than they would be for somebody new.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch import datasets
from tinytorch.conv import Conv2d
from tinytorch.experiments.charts import bar_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.optimizers import SGD, Adam, Optimizer
from tinytorch.pooling import MaxPool2d
from tinytorch.regularization import BatchNorm2d, Dropout
from tinytorch.training import evaluate, fit

# what it is called in the table; model; optimizer and learning rate; epochs; mean and standard deviation of five seeds with
# PyTorch; a bar of its own, or 0
TRAININGS: list[tuple[str, str, str, float, int, float, float, float]] = [
    ("softmax regression, SGD 0.1", "softmax", "sgd", 0.1, 50, 93.1, 0.4, 0),
    ("MLP 32, SGD 0.01, 20 epochs", "mlp32", "sgd", 0.01, 20, 76.0, 5.3, 0),
    ("MLP 32, SGD 0.1, 50 epochs", "mlp32", "sgd", 0.1, 50, 95.3, 0.4, 0),
    ("MLP 32, Adam 0.01, 30 epochs", "mlp32", "adam", 0.01, 30, 97.5, 0.3, 95),
    ("MLP 128, momentum 0.9, 30 epochs", "mlp128", "momentum", 0.1, 30, 96.2, 0.5, 95),
    ("MLP 128, Adam 0.003, 30 epochs", "mlp128", "adam", 0.003, 30, 96.9, 0.7, 95),
    ("CNN 8, SGD 0.01, 50 epochs", "cnn8", "sgd", 0.01, 50, 86.2, 1.0, 0),
    ("CNN 8, Adam 0.003, 40 epochs", "cnn8", "adam", 0.003, 40, 96.2, 0.5, 0),
    ("CNN 16-32, dropout, Adam 0.002", "cnn16", "adam", 0.002, 30, 98.1, 1.2, 96),
    ("CNN 32-64-64, batch norm, Adam 0.003", "batchnorm", "adam", 0.003, 30, 97.7, 1.9, 96),
]
NEIGHBOURS = [("1 nearest neighbour", 1, 98.5), ("3 nearest neighbours", 3, 97.5)]


def configs(epochs: int | None = None, only: tuple[str, ...] = ()) -> list[Config]:
    """A run for each network that is trained, and for each number of neighbours; epochs: not as many as each needs."""
    trained: list[Config] = [
        {"model": model, "optimizer": optimizer, "lr": lr, "epochs": epochs or own}
        for _, model, optimizer, lr, own, *_ in TRAININGS
        if not only or model in only
    ]
    return trained + [{"neighbours": k} for _, k, _ in NEIGHBOURS]


def network(name: str) -> Module:
    """The networks of the table, for images (N, 1, 8, 8)."""
    layers: dict[str, list[Module]] = {
        "softmax": [Linear(64, 10)],
        "mlp32": [Linear(64, 32), ReLU(), Linear(32, 10)],
        "mlp128": [Linear(64, 128), ReLU(), Linear(128, 10)],
        "cnn8": [Conv2d(1, 8, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(72, 10)],
        "cnn16": [
            *(Conv2d(1, 16, 3, padding=1), ReLU(), Conv2d(16, 32, 3, padding=1), ReLU(), MaxPool2d(2)),
            *(Flatten(), Dropout(0.25), Linear(512, 64), ReLU(), Dropout(0.5), Linear(64, 10)),
        ],
        "batchnorm": [
            *(Conv2d(1, 32, 3, padding=1), BatchNorm2d(32), ReLU(), MaxPool2d(2)),
            *(Conv2d(32, 64, 3, padding=1), BatchNorm2d(64), ReLU()),
            *(Conv2d(64, 64, 3, padding=1), BatchNorm2d(64), ReLU(), MaxPool2d(4), Flatten(), Linear(64, 10)),
        ],
    }
    images = name in ("cnn8", "cnn16", "batchnorm")
    return Sequential(*layers[name]) if images else Sequential(Flatten(), *layers[name])


def run(config: Config, seed: int) -> Values:
    """Train one network, and look at the test set after each epoch; or ask the neighbours."""
    train, test = datasets.tinydigits()
    if "neighbours" in config:
        return {"accuracy": nearest(train, test, config["neighbours"])}
    model = network(config["model"])
    optimizer = make_optimizer(config["optimizer"], model, config["lr"])
    history = fit(model, train, epochs=config["epochs"], optimizer=optimizer, validation=test, progress=False)
    return {
        "accuracy": history[-1]["validation_accuracy"],
        "train_accuracy": evaluate(model, train)["accuracy"],
        "curve": np.array(history.column("validation_accuracy")),
    }


def make_optimizer(name: str, model: Module, lr: float) -> Optimizer:
    """The optimizers of the table."""
    if name == "adam":
        return Adam(model.parameters(), lr)
    return SGD(model.parameters(), lr, momentum=0.9 if name == "momentum" else 0.0)


def nearest(train: Any, test: Any, k: int) -> float:
    """The fraction of test images whose k nearest training images have its digit most often, the smaller on a tie."""
    (images, labels), (others, truth) = (
        (np.asarray(x).reshape(len(x), -1), np.asarray(y)) for x, y in (train.tensors, test.tensors)
    )
    distances = (images**2).sum(1) - 2 * others @ images.T  # but for what all of a row have in common
    neighbours = labels[np.argsort(distances, axis=1, kind="stable")[:, :k]]
    votes = (neighbours[:, :, np.newaxis] == np.arange(10)).sum(1)
    return float((votes.argmax(1) == truth).mean())


def table(results: Results) -> list[Row]:
    """A row for each network, at the end of its training, and for each number of neighbours.

    A mean must lie within three standard deviations of PyTorch's, and not below a bar; the neighbours are no matter of chance.
    """
    rows = [
        Row(
            what,
            results.percent("accuracy", model=model, optimizer=optimizer, lr=lr),
            f"{mean} +- {spread}",
            (max(round(mean - 3 * spread, 1), bar), min(round(mean + 3 * spread, 1), 100)),
        )
        for what, model, optimizer, lr, _, mean, spread, bar in TRAININGS
    ]
    return rows + [
        Row(what, results.percent("accuracy", neighbours=k), f"{exact}", (exact - 0.01, exact + 0.01))
        for what, k, exact in NEIGHBOURS
    ]


def picture(results: Results) -> list[Panel]:
    """A bar for each row of the table."""
    bars = {row.what: row.ours for row in table(results) if row.ours}
    return [bar_chart("TinyDigits", "test accuracy, %", bars)]


STUDY = Study(
    name="tinydigits",
    question="What do small networks reach on TinyDigits, and why do some report 80 %?",
    source="TinyTorch, a course, milestones 03 and 04: 75 to 85 % for the MLP; the other figures were measured with PyTorch",
    run=run,
    quick=Plan(configs(), seeds=2),
    full=Plan(configs(), seeds=5),
    table=table,
    picture=picture,
)
