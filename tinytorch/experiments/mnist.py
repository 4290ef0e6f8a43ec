"""MNIST: the networks that everybody begins with, on all of its 60,000 digits.

The published table of MNIST-1D has a row for MNIST, on which all networks look alike: logistic regression reaches 92 %, and whatever has a
hidden layer 97 to 99 %. That is why MNIST-1D was made. Here are the same kinds of network, small ones: logistic regression, a perceptron of
two hidden layers, LeCun's convolutional network in its modern form, and a recurrent network that reads an image row by row.
"""

from __future__ import annotations

import numpy as np

from tinytorch import datasets, viz
from tinytorch.conv import Conv2d
from tinytorch.data import TensorDataset
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Result, Results, Row, Study, Values
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.optimizers import Adam, one_cycle
from tinytorch.pooling import MaxPool2d
from tinytorch.recurrent import GRU
from tinytorch.tensor import Tensor
from tinytorch.training import fit, training_mode

MODELS = {  # what it is called, epochs, published for MNIST (with other settings), and what must be reached
    "lr": ("logistic regression", 6, "94", 91.5),
    "mlp": ("perceptron 128-64", 6, "97.4; 99", 97.4),
    "lenet": ("LeNet", 5, "99", 98.8),
    "gru": ("recurrent (GRU) over rows", 5, "99", 97.0),
}

BATCH, PEAK = 64, 0.003  # of the learning rate


def configs(epochs: int | None = None, examples: int | None = None) -> list[Config]:
    """A run for each model. epochs, examples: not as many as each needs, and not all."""
    return [{"model": model, "epochs": epochs or own, "examples": examples} for model, (_, own, *_) in MODELS.items()]


class Rows(Module):
    """A recurrent network that reads an image from the top to the bottom, and then says what it was."""

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.gru, self.head = GRU(28, hidden, batch_first=True), Linear(hidden, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) -> (N, 10)."""
        states, _ = self.gru(x.squeeze(1))
        logits: Tensor = self.head(states[:, -1])
        return logits


def network(name: str) -> Module:
    """The networks of the table, for images (N, 1, 28, 28)."""
    if name == "lr":
        return Sequential(Flatten(), Linear(784, 10))
    if name == "mlp":
        return Sequential(Flatten(), Linear(784, 128), ReLU(), Linear(128, 64), ReLU(), Linear(64, 10))
    if name == "gru":
        return Rows()
    return Sequential(
        *(Conv2d(1, 6, 5, padding=2), ReLU(), MaxPool2d(2), Conv2d(6, 16, 5), ReLU(), MaxPool2d(2)),
        *(Flatten(), Linear(400, 120), ReLU(), Linear(120, 84), ReLU(), Linear(84, 10)),
    )


def run(config: Config, seed: int) -> Values:
    """Train one network."""
    return learn(network(config["model"]), *limited(datasets.mnist(), config["examples"]), config["epochs"])


def limited(splits: datasets.Splits, examples: int | None) -> datasets.Splits:
    """The first examples of the training and the test set; all of them for None."""
    train, test = (TensorDataset(*(t[:examples] for t in split.tensors)) for split in splits)
    return train, test


def learn(model: Module, train: TensorDataset, test: TensorDataset, epochs: int) -> Values:
    """Train a network of images by Adam, look at the test set after each epoch, and keep what it said to it in the end."""
    steps = epochs * -(-len(train) // BATCH)
    history = fit(
        model,
        train,
        epochs=epochs,
        optimizer=Adam(model.parameters(), one_cycle(PEAK, steps)),
        batch_size=BATCH,
        validation=test,
        progress=False,
    )
    images, labels = test.tensors
    sureness = probabilities(model, images)
    return {
        "accuracy": float((sureness.argmax(1) == labels.array).mean()),
        "curve": np.array(history.column("validation_accuracy")),
        "answers": sureness.argmax(1),
        "sureness": sureness.max(1),
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def probabilities(model: Module, images: Tensor) -> np.ndarray:
    """(N, 10): how sure a network is of each class."""
    with training_mode(model, False):
        parts = [model(images[i : i + 500]).softmax(-1).array for i in range(0, len(images), 500)]
    return np.concatenate(parts)


def table(results: Results) -> list[Row]:
    """A row for each network, at the end of its training."""
    return [
        Row(what, results.percent("accuracy", model=model), published, (bar, None), ".2f")
        for model, (what, _, published, bar) in MODELS.items()
    ]


def picture(results: Results) -> list[Panel]:
    """Test accuracy over the epochs, and what the convolutional network of the first seed got wrong."""
    names = {model: what for model, (what, *_) in MODELS.items()}
    return [over_epochs("MNIST", results, names), *mistakes(results.where(model="lenet")[0], datasets.mnist()[1])]


def over_epochs(title: str, results: Results, names: dict[str, str]) -> Panel:
    """Test accuracy after each epoch, for each model by name."""
    curves = {
        name: {
            float(epoch): [100 * float(v) for v in values]
            for epoch, values in enumerate(zip(*results.values("curve", model=model), strict=True), 1)
        }
        for model, name in names.items()
        if results.where(model=model)
    }
    return line_chart(title, "epoch", "test accuracy, %", curves)


def mistakes(result: Result, test: TensorDataset, names: list[str] | None = None) -> list[Panel]:
    """Test images, those first that a network was surest of and wrong about, and which classes it takes for which."""
    said, sureness = result.values["answers"], result.values["sureness"]
    images, labels = (t.array[: len(said)] for t in test.tensors)
    return [
        viz.samples(images, labels, said, confidence=sureness, names=names, count=15, across=5),
        viz.confusion(labels, said, classes=names or 10),
    ]


STUDY = Study(
    name="mnist",
    question="What do four kinds of network reach on all of MNIST?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", table 1, the row of MNIST',
    run=run,
    quick=Plan(configs(epochs=2, examples=6000), seeds=1),
    full=Plan(configs(), seeds=2),
    table=table,
    picture=picture,
    needs=("mnist",),
)
