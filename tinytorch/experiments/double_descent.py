"""Double descent: a network that is larger than it needs to be errs less than one that is just large enough.

As a network grows, its test error falls, then rises until the network is just large enough to learn its training set by heart, and
falls again beyond (Belkin and others, 2019; Nakkiran and others, 2020). It shows best where some labels are wrong, here those of
15 % of the signals, drawn anew: to be just able to learn these by heart, a network must bend everything else.

How large is just large enough? It depends on the loss. With the mean squared error, a network of K outputs has to hit K numbers for
each of n signals: it needs about n K parameters. With the negative log-likelihood one output has to be ahead of the others by
enough: about n parameters do. So the first threshold grows with K, and the second hardly does. Here the same 300 signals are told
apart in two, five or ten ways (their class modulo K), on average with as many wrong labels, and the threshold is where the training
loss falls to a hundredth of what guessing costs. The code of the published figures on this is lost; this is a design of our own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from tinytorch import datasets
from tinytorch.augmentation import with_label_noise
from tinytorch.conv import Conv1d
from tinytorch.data import TensorDataset
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy, mse_loss
from tinytorch.optimizers import SGD, Adam, one_cycle
from tinytorch.tensor import Tensor
from tinytorch.training import evaluate, fit

NOISE = 0.15  # the fraction of training labels that are drawn anew
MLP_WIDTHS = (2, 3, 4, 5, 6, 8, 11, 14, 19, 25, 33, 43, 47, 50, 53, 57, 75, 99, 131, 172, 227, 300)  # 3 are ours
CNN_WIDTHS = (2, 6, 10, 14, 18, 24, 40, 70)  # some of the 29 published
OUTPUTS = (2, 5, 10)
LOSSES = {"mse": "mean squared error", "nll": "negative log-likelihood"}
HIDDEN = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 26, 34, 44, 56, 72, 92, 118)  # widths tried for a threshold
WRONG = NOISE * 9 / 10  # of ten classes, one label in ten is drawn as it was
ZERO = 0.1  # %: a training error below has reached zero
LEARNED = 0.01  # of the loss of guessing: what is below has been learned by heart


def configs(
    epochs: int,
    signals: int = 4_000,
    mlp: tuple[int, ...] = MLP_WIDTHS,
    cnn: tuple[int, ...] = CNN_WIDTHS,
    hidden: tuple[int, ...] = HIDDEN,
    steps: int = 1500,
) -> list[Config]:
    """Widths of perceptrons with wrong labels, and thresholds, which decide; then perceptrons without, and convolutions."""
    common = {"signals": signals, "epochs": epochs}
    return [
        *({"model": "mlp", "width": width, "noise": NOISE, **common} for width in mlp),
        *(
            {"loss": loss, "outputs": outputs, "hidden": width, "steps": steps}
            for loss in LOSSES
            for outputs in OUTPUTS
            for width in hidden
        ),
        *({"model": "mlp", "width": width, "noise": 0.0, **common} for width in mlp),
        *({"model": "cnn", "width": width, "noise": NOISE, **common} for width in cnn),
    ]


def run(config: Config, seed: int) -> Values:
    """Train one network."""
    return train_width(config) if "width" in config else train_threshold(config)


def network(name: str, width: int) -> Module:
    """A perceptron with two hidden layers of this width, or three convolutions of so many channels."""
    if name == "mlp":
        return Sequential(Flatten(), Linear(40, width), ReLU(), Linear(width, width), ReLU(), Linear(width, 10))
    layers: list[Module] = []
    for inputs, kernel in ((1, 5), (width, 3), (width, 3)):
        layers += Conv1d(inputs, width, kernel, stride=2, padding=1), ReLU()
    return Sequential(*layers, Flatten(), Linear(5 * width, 10))


def train_width(config: Config) -> Values:
    """Train by SGD with momentum, and look at three times as many signals as there were to learn from."""
    train, test = datasets.mnist1d(num_samples=4 * config["signals"], train_split=0.25)
    train = with_label_noise(train, config["noise"])
    model = network(config["model"], config["width"])
    optimizer = SGD(model.parameters(), 0.01, momentum=0.9)
    fit(model, train, epochs=config["epochs"], batch_size=100, optimizer=optimizer, progress=False)
    return {
        "test_error": 1 - evaluate(model, test, batch_size=1000)["accuracy"],
        "train_error": 1 - evaluate(model, train, batch_size=1000)["accuracy"],
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def train_threshold(config: Config, signals: int = 300) -> Values:
    """Train one hidden layer by Adam on all of a few signals at once; how much of the loss of guessing is left?"""
    outputs, steps = config["outputs"], config["steps"]
    train, test = (TensorDataset(x.flatten(1), y % outputs) for x, y in (part.tensors for part in datasets.mnist1d()))
    train = with_label_noise(TensorDataset(*train[:signals]), WRONG * outputs / (outputs - 1), outputs)
    x, labels = train.tensors
    one_hot = np.eye(outputs, dtype=np.float32)[labels.array]
    model = Sequential(Linear(40, config["hidden"]), ReLU(), Linear(config["hidden"], outputs))
    optimizer = Adam(model.parameters(), one_cycle(0.02, steps))
    criterion: Callable[[Tensor, Tensor], Tensor]
    if config["loss"] == "mse":
        guessing, criterion, target = float(one_hot.var(0).mean()), mse_loss, Tensor(one_hot)
    else:
        guessing, criterion, target = math.log(outputs), cross_entropy, labels
    loss = criterion(model(x), target)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = criterion(model(x), target)
        loss.backward()
        optimizer.step()
    return {
        "loss_left": loss.item() / guessing,
        "train_error": 1 - evaluate(model, train)["accuracy"],
        "test_error": 1 - evaluate(model, test, batch_size=1000)["accuracy"],
        "parameters": sum(p.numel() for p in model.parameters()),
    }


# What was found


def sweeps(results: Results, name: str, **settings: Any) -> list[dict[int, float]]:
    """Width -> a figure, one for each seed whose sweep over the widths is whole."""
    by_seed: dict[int, dict[int, float]] = {}
    found = results.where(**settings)
    for result in found:
        by_seed.setdefault(result.run.seed, {})[result.run.config["width"]] = 100 * result.values[name]
    return [sweep for sweep in by_seed.values() if len(sweep) == len(found.settings("width"))]


def peak_of(errors: dict[int, float]) -> tuple[int, float, float]:
    """Where the test error has risen most above what it was before, by how much, and how far it falls to the last width."""
    lowest, peak, rise = math.inf, next(iter(errors)), 0.0
    for width, error in errors.items():
        lowest = min(lowest, error)
        if error - lowest > rise:
            peak, rise = width, error - lowest
    return peak, rise, errors[peak] - [*errors.values()][-1]


def above(errors: list[dict[int, float]], left: list[dict[int, float]]) -> tuple[list[float], list[float]]:
    """How far the test error, where that of training has reached zero, is above its lowest before and above that of the last width.

    A number for each sweep in either list; none at all where one of the sweeps never comes to zero.
    """
    rises, falls = [], []
    for sweep, training, end in zip(errors, left, last(errors), strict=True):
        reached = next((width for width in sweep if training[width] < ZERO), None)
        if reached is None:
            return [], []
        rises.append(sweep[reached] - min(error for width, error in sweep.items() if width <= reached))
        falls.append(sweep[reached] - end)
    return rises, falls


def threshold(results: Results, loss: str, outputs: int) -> list[float]:
    """With how many parameters the training set has been learned by heart, between two widths by their losses, for each seed."""
    found = results.where(loss=loss, outputs=outputs)
    thresholds = []
    for seed in sorted({result.run.seed for result in found}):
        sizes = [(r.values["parameters"], r.values["loss_left"]) for r in found if r.run.seed == seed]
        for (small, before), (large, after) in pairwise(sizes):
            if before > LEARNED >= after:
                part = math.log(before / LEARNED) / math.log(before / after)
                thresholds.append(small * (large / small) ** part)
                break
    return thresholds


def table(results: Results) -> list[Row]:
    """The shape of the curves with wrong labels, and the thresholds of both losses.

    The peak is flat: where it is differs from seed to seed by a width or two, and a few training signals may not be learned there yet.
    Where the training error reaches zero hardly differs, so that rise and fall are looked at there as well.
    """
    rows = []
    for model, said, (rise, fall) in (
        ("mlp", ("7", "8.5", "47 to 61", "0"), ((3, None), (5, None))),
        ("cnn", ("13", "5", "18", ""), (None, None)),
    ):
        errors = sweeps(results, "test_error", model=model, noise=NOISE)
        left = sweeps(results, "train_error", model=model, noise=NOISE)
        peaks = [peak_of(sweep) for sweep in errors]
        at_peak = [training[peak] for (peak, _, _), training in zip(peaks, left, strict=True)]
        rises, falls = above(errors, left)
        rows += [
            Row(f"{model}: rise to the peak", [p[1] for p in peaks], said[0], rise, unit=" points"),
            Row(f"{model}: fall from it to the end", [p[2] for p in peaks], said[1], fall, unit=" points"),
            Row(f"{model}: width of the peak", [float(p[0]) for p in peaks], said[2], form=".0f", unit=""),
            Row(f"{model}: training error at the peak", at_peak, said[3]),
            Row(f"{model}: rise to training error 0", rises, "", rise, unit=" points"),
            Row(f"{model}: fall from there to the end", falls, "", fall, unit=" points"),
        ]
    rows.append(
        Row("mlp, right labels: error at the end", last(sweeps(results, "test_error", model="mlp", noise=0.0)), "37")
    )
    for loss, what in LOSSES.items():
        for outputs in OUTPUTS:
            expected = 300 * outputs if loss == "mse" else 300
            found = threshold(results, loss, outputs)
            rows.append(Row(f"{what}, {outputs} outputs: threshold", found, f"about {expected}", form=".0f", unit=""))
    for loss, must_grow, said_growth in (("mse", (3.0, None), "5"), ("nll", (None, 2.0), "1")):
        growth = [b / a for a, b in zip(threshold(results, loss, 2), threshold(results, loss, 10), strict=False)]
        rows.append(Row(f"{LOSSES[loss]}: growth from 2 to 10 outputs", growth, said_growth, must_grow, unit=" times"))
    return rows


def last(sweeps: list[dict[int, float]]) -> list[float]:
    """What each ends with."""
    return [[*sweep.values()][-1] for sweep in sweeps]


def picture(results: Results) -> list[Panel]:
    """Errors against width, with wrong labels and without, and what is left of the loss against the number of parameters."""
    panels: list[Panel] = []
    for model, label in (("mlp", "units in each hidden layer"), ("cnn", "channels")):
        curves: dict[str, Any] = {}
        for noise, which in ((NOISE, "15 % wrong labels"), (0.0, "right labels")):
            for name, what in (("test_error", "test"), ("train_error", "training")):
                found = results.where(model=model, noise=noise)
                curve = {width: found.percent(name, width=width) for width in found.settings("width")}
                curves |= {f"{what}, {which}": curve} if curve else {}
        if curves:
            panels.append(
                line_chart({"mlp": "perceptrons", "cnn": "convolutions"}[model], label, "error, %", curves, log=True)
            )
    left = {}
    for loss in LOSSES:
        for outputs in OUTPUTS:
            found = results.where(loss=loss, outputs=outputs)
            sizes = {r.run.config["hidden"]: r.values["parameters"] for r in found}
            left[f"{loss}, {outputs}"] = {size: found.percent("loss_left", hidden=h) for h, size in sizes.items()}
    panels.append(line_chart("loss and number of outputs", "parameters", "loss that is left, %", left, log=True))
    return panels


STUDY = Study(
    name="double-descent",
    question="Does a network err most where it is just large enough to learn its training set by heart, and where is that?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", section on double descent',
    run=run,
    quick=Plan(
        configs(400, 1000, mlp=(2, 4, 8, 12, 16, 22, 30, 45, 80, 150, 300), cnn=(), hidden=HIDDEN[::2], steps=600),
        seeds=1,
    ),
    full=Plan(configs(epochs=500), seeds=5),
    table=table,
    picture=picture,
)
