"""MNIST-1D: what a network gains from knowing that neighbouring points belong together.

Four networks learn the 4,000 signals of 40 points: logistic regression, which only weighs points; a perceptron with two hidden
layers, the second around a skip connection; a convolutional network; and a recurrent one that reads each signal from both ends.
Then all of them learn the same signals with their points in another order, the same for all signals. The first two do not notice.
What the others were ahead is gone: it came from the order of the points.

The published perceptron reaches 68 %. The code that was published with it reaches 64 to 66 %, and so do we.

A person, shown 500 test signals in five quizzes, named 96, 96, 96, 97 and 94 of each hundred. The second quiz repeats the signals of
the first, so 400 different ones were seen, and 383 named.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch import datasets, downloads
from tinytorch.augmentation import ShuffleSpace
from tinytorch.conv import Conv1d
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Range, Results, Row, Study, Values
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.optimizers import Adam
from tinytorch.recurrent import GRU
from tinytorch.tensor import Tensor
from tinytorch.training import evaluate, fit

MODELS = {"lr": "logistic regression", "mlp": "perceptron", "cnn": "convolutional", "gru": "recurrent (GRU)"}
PUBLISHED: dict[tuple[str, bool], tuple[str, Range]] = {  # the model, whether shuffled; and what must hold
    ("lr", False): ("32", (31, 33)),
    ("mlp", False): ("68 (its code: 64-66)", (63, 68)),
    ("cnn", False): ("94", (93, None)),
    ("gru", False): ("91", (89, None)),
    ("lr", True): ("32", (31, 33)),
    ("mlp", True): ("68 (its code: 66)", (63, 68)),
    ("cnn", True): ("56", (54, 60)),
    ("gru", True): ("57", (51, 58)),
}
HUMAN = "mnist1d_human.npz"  # the quizzes, where somebody put them into a folder of data


def configs(epochs: int) -> list[Config]:
    """A run for each model, plain and shuffled; an epoch is 40 steps."""
    return [{"model": model, "shuffled": shuffled, "epochs": epochs} for model, shuffled in PUBLISHED]


class Perceptron(Module):
    """40-100-100-10, the second hidden layer around a skip connection."""

    def __init__(self, hidden: int = 100) -> None:
        super().__init__()
        self.first, self.second, self.third = Linear(40, hidden), Linear(hidden, hidden), Linear(hidden, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 40) -> (N, 10)."""
        h = self.first(x.flatten(1)).relu()
        h = h + self.second(h).relu()
        logits: Tensor = self.third(h)
        return logits


class Recurrent(Module):
    """Six units in each direction; all 40 states of both decide."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = GRU(1, 6, batch_first=True, bidirectional=True), Linear(40 * 12, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 40) -> (N, 10)."""
        states, _ = self.gru(x.transpose(1, 2))
        logits: Tensor = self.head(states.flatten(1))
        return logits


def network(name: str) -> Module:
    """The networks of the table, for signals (N, 1, 40)."""
    if name == "lr":
        return Sequential(Flatten(), Linear(40, 10))
    if name == "mlp":
        return Perceptron()
    if name == "gru":
        return Recurrent()
    return Sequential(
        *(Conv1d(1, 25, 5, stride=2, padding=1), ReLU(), Conv1d(25, 25, 3, stride=2, padding=1), ReLU()),
        *(Conv1d(25, 25, 3, stride=2, padding=1), ReLU(), Flatten(), Linear(125, 10)),
    )


def run(config: Config, seed: int) -> Values:
    """Train one network by Adam on batches of 100, always in the same order, and look at the test set after each epoch."""
    train, test = datasets.mnist1d()
    if config["shuffled"]:
        train, test = shuffled(train), shuffled(test)
    model = network(config["model"])
    optimizer = Adam(model.parameters(), 0.01)
    history = fit(
        model, DataLoader(train, 100), epochs=config["epochs"], optimizer=optimizer, validation=test, progress=False
    )
    return {
        "accuracy": history[-1]["validation_accuracy"],
        "train_accuracy": evaluate(model, train)["accuracy"],
        "curve": np.array(history.column("validation_accuracy")),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def shuffled(signals: TensorDataset) -> TensorDataset:
    """The signals with their points in the published order, that of NumPy's permutation from seed 42."""
    x, y = signals.tensors
    return TensorDataset(ShuffleSpace(np.random.RandomState(42).permutation(40))(x), y)


def human() -> list[float]:
    """The percentage that a person named in each of five quizzes; nothing where the file of the quizzes is not here."""
    places = [folder / HUMAN for folder in downloads.folders()]
    for place in places:
        if place.is_file():
            with np.load(place, allow_pickle=False) as quizzes:
                return [float(p) for p in 100 * (quizzes["guess"] == quizzes["truth"]).mean(1)]
    return []


def table(results: Results) -> list[Row]:
    """A row for each network, plain and shuffled, and one for a person."""
    rows = [
        Row(
            f"{MODELS[model]}{', shuffled' if mixed else ''}",
            results.percent("accuracy", model=model, shuffled=mixed),
            published,
            must,
        )
        for (model, mixed), (published, must) in PUBLISHED.items()
    ]
    return [*rows, Row("a person, five quizzes", human(), "95.8 +- 0.4", (95.79, 95.81))]


def picture(results: Results) -> list[Panel]:
    """Test accuracy over the epochs, plain and shuffled."""
    return [
        line_chart(
            title, "epoch", "test accuracy, %", {MODELS[model]: over_epochs(results, model, mixed) for model in MODELS}
        )
        for title, mixed in (("MNIST-1D", False), ("the same, shuffled", True))
    ]


def over_epochs(results: Results, model: str, mixed: bool) -> dict[float, Any]:
    """Epoch -> test accuracy, one for each seed."""
    curves = results.values("curve", model=model, shuffled=mixed)
    return {epoch: [100 * float(v) for v in values] for epoch, values in enumerate(zip(*curves, strict=True), 1)}


STUDY = Study(
    name="mnist1d",
    question="Does a network gain from knowing that neighbouring points belong together?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", table 1',
    run=run,
    quick=Plan(configs(epochs=20), seeds=1),
    full=Plan(configs(epochs=150), seeds=3),
    table=table,
    picture=picture,
)
