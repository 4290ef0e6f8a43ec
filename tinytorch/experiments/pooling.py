"""Pooling: what it is worth depends on how many examples there are.

Two convolutions read a signal of MNIST-1D, and after each comes nothing, or a stride of two, or pooling of two points into one: the
larger, their mean, or the root of the sum of their squares. With 1,000 signals to learn from, those that pool are far ahead. With
50,000 it hardly matters: what pooling knows beforehand, that a small shift changes nothing, the others have learned.

Signals are made anew for each number of them, as many as that and 1,000 for the test.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tinytorch import datasets
from tinytorch.conv import Conv1d
from tinytorch.data import DataLoader
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.layers import Linear, Module
from tinytorch.optimizers import Adam
from tinytorch.pooling import avg_pool1d, lp_pool1d, max_pool1d
from tinytorch.tensor import Tensor
from tinytorch.training import evaluate, fit

VARIANTS = {"none": "nothing", "stride": "a stride of 2", "max": "max", "average": "average", "l2": "L2"}
POOLED = ("max", "average", "l2")
BATCH = 100
PUBLISHED = {  # signals to learn from: accuracy in the order of VARIANTS
    1_000: (59, 57, 78, 78, 77),
    2_000: (82, 82, 89, 90, 90),
    5_000: (92, 90, 94.5, 94, 95),
    10_000: (94, 91, 97, 96, 97),
    20_000: (94, 92, 97, 96, 98),
    50_000: (96, 95, 98, 97, 97),
}


def configs(steps: int, samples: tuple[int, ...] = tuple(PUBLISHED)) -> list[Config]:
    """A run for each variant and number of signals, those that decide first."""
    decisive_first = sorted(samples, key=lambda n: n not in (1_000, 50_000))
    return [{"variant": variant, "samples": n, "steps": steps} for n in decisive_first for variant in VARIANTS]


class Network(Module):
    """Two convolutions of 20 channels, what comes after each, and a layer that decides."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        stride = 2 if variant == "stride" else 1
        self.first = Conv1d(1, 20, 3, stride=stride, padding=1)
        self.second = Conv1d(20, 20, 3, stride=stride, padding=1)
        self.head = Linear(20 * (40 if variant == "none" else 10), 10)
        pools: dict[str, Callable[[Tensor], Tensor]] = {
            "max": partial(max_pool1d, kernel_size=2),
            "average": partial(avg_pool1d, kernel_size=2),
            "l2": partial(lp_pool1d, norm_type=2, kernel_size=2),
        }
        self.pool = pools.get(variant, unchanged)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 40) -> (N, 10)."""
        x = self.pool(self.first(x).relu())
        x = self.pool(self.second(x).relu())
        logits: Tensor = self.head(x.flatten(1))
        return logits


def unchanged(x: Tensor) -> Tensor:
    """No pooling."""
    return x


def run(config: Config, seed: int) -> Values:
    """Train one variant by Adam for a number of steps, however often it sees each signal in them."""
    n = config["samples"]
    train, test = datasets.mnist1d(num_samples=n + 1000, train_split=n / (n + 1000))
    model = Network(config["variant"])
    epochs = config["steps"] * BATCH // n
    fit(model, DataLoader(train, BATCH), epochs=epochs, optimizer=Adam(model.parameters(), 0.01), progress=False)
    return {"accuracy": evaluate(model, test)["accuracy"], "train_accuracy": evaluate(model, train)["accuracy"]}


def table(results: Results) -> list[Row]:
    """A row for each number of signals and variant, and what pooling is worth with few signals and with many."""
    rows = [
        Row(
            f"{n:,} signals, {VARIANTS[variant]}",
            results.percent("accuracy", samples=n, variant=variant),
            f"{accuracy:g}",
        )
        for n, accuracies in PUBLISHED.items()
        for variant, accuracy in zip(VARIANTS, accuracies, strict=True)
        if n in (1_000, 50_000) or n in results.settings("samples")
    ]
    return [
        *rows,
        Row("what pooling is worth, 1,000 signals", worth(results, 1_000), "18 to 19", (12, None), unit=" points"),
        Row("what pooling is worth, 50,000 signals", worth(results, 50_000), "1 to 2", (None, 4), unit=" points"),
    ]


def worth(results: Results, samples: int) -> list[float]:
    """How much better than no pooling the three kinds of pooling are on average, for each seed."""
    columns = [results.percent("accuracy", samples=samples, variant=variant) for variant in ("none", *POOLED)]
    return [sum(pooled) / len(POOLED) - none for none, *pooled in zip(*columns, strict=False)]


def picture(results: Results) -> list[Panel]:
    """Test accuracy against the number of signals."""
    curves = {
        what: {n: results.percent("accuracy", samples=n, variant=variant) for n in sorted(results.settings("samples"))}
        for variant, what in VARIANTS.items()
    }
    return [line_chart("after each convolution", "signals to learn from", "test accuracy, %", curves, log=True)]


STUDY = Study(
    name="pooling",
    question="When is pooling worth it?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", section on pooling',
    run=run,
    quick=Plan(configs(steps=1000, samples=(1_000, 5_000, 50_000)), seeds=1),
    full=Plan(configs(steps=6000), seeds=2),
    table=table,
    picture=picture,
)
