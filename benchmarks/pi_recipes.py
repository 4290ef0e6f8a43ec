"""How the recipes for the Raspberry Pi were chosen: by accuracy on held-out training data for the instructions spent.

    RPI_RUN=.../run-arm python -m benchmarks.pi_recipes [--only NAME ...] [--out benchmarks/results/pi_recipes]

RPI_RUN names a runner that runs a Python script as a Pi would and counts its instructions: `RPI_RUN --profile zero --path .
--json FILE -c CODE`, after which FILE holds {"insns": ...}. The instructions are those of a whole process: it imports NumPy
and the library, reads the data, trains on the whole training set and tests. The accuracy is the mean over parts of the
training set held out in turn, and seeds. Chosen is the best of those within the instructions allowed, which stand for seven
or ten seconds with some to spare; the test set has no say.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import pickle
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.recipes import held_out, round_, same  # sees to one thread first

import numpy as np  # isort: skip

from tinytorch.data import RandomRoll
from tinytorch.recipes import (
    PRESETS,
    Recipe,
    detector_cnn,
    heavy_ball,
    image_cnn,
    mlp,
    nesterov,
    patch_cnn,
    pooled_cnn,
    quick_adamw,
)

TRAIN = "import base64, pickle; from tinytorch.recipes import measure; measure(pickle.loads(base64.b64decode({!r})), seed=0)"
PROFILES = {"zero": "zero", "pi": "a53"}  # of each preset; the slowest machine that it is for
ALLOWED = {  # instructions of a whole process; the demo's own commands and curves add some 50 million
    "zero": {"tinydigits-mlp": 0.9e9, "tinydigits-cnn": 1.35e9, "mnist1d-mlp": 1.35e9, "mnist1d-cnn": 1.35e9},
    "pi": {"tinydigits-mlp": 2.9e9, "tinydigits-cnn": 2.9e9, "mnist1d-mlp": 2.9e9, "mnist1d-cnn": 2.9e9},
}


def candidates(preset: str, name: str) -> dict[str, Recipe]:
    """What was tried for a recipe, by how it differs."""
    return {
        "zero": {
            "tinydigits-mlp": zero_digit_mlps,
            "tinydigits-cnn": zero_digit_cnns,
            "mnist1d-mlp": zero_signal_mlps,
            "mnist1d-cnn": zero_signal_cnns,
        },
        "pi": {
            "tinydigits-mlp": pi_digit_mlps,
            "tinydigits-cnn": pi_digit_cnns,
            "mnist1d-mlp": pi_signal_mlps,
            "mnist1d-cnn": pi_signal_cnns,
        },
    }[preset][name]()


def zero_digit_mlps() -> dict[str, Recipe]:
    """AdamW against SGD, whose step costs a quarter, Nesterov's momentum, weight decay; width, batch size, epochs."""

    def sgd(hidden: int, epochs: int, batch_size: int = 50, lr: float = 0.3) -> Recipe:
        network = partial(mlp, 64, hidden, 10, dropout=0.0)
        return Recipe("tinydigits", "mlp", network, epochs, batch_size, lr, heavy_ball, weight_decay=0.0, watched=False)

    return {
        "AdamW, 64 hidden, 10 epochs of 50": replace(sgd(64, 10, lr=0.03), optimizer=quick_adamw, weight_decay=0.05),
        "Nesterov, 48 hidden, 12 epochs of 50, decay": replace(sgd(48, 12), optimizer=nesterov, weight_decay=0.001),
        "Nesterov, 48 hidden, 14 epochs of 100, decay": replace(
            sgd(48, 14, 100, 0.5), optimizer=nesterov, weight_decay=0.001
        ),
        "48 hidden, 12 epochs of 50": sgd(48, 12),
        "48 hidden, 12 epochs of 50, lr 0.5": sgd(48, 12, lr=0.5),
        "40 hidden, 13 epochs of 50, lr 0.4": sgd(40, 13, lr=0.4),
        "48 hidden, 14 epochs of 50": sgd(48, 14),
    }


def zero_digit_cnns() -> dict[str, Recipe]:
    """Channels and epochs of patches of 2 x 2 points."""

    def adamw(channels: tuple[int, int], epochs: int, batch_size: int = 50, lr: float = 0.03) -> Recipe:
        network = partial(patch_cnn, *channels)
        return Recipe("tinydigits", "cnn", network, epochs, batch_size, lr, quick_adamw, watched=False)

    return {
        "8-16 channels, 8 epochs": adamw((8, 16), 8),
        "12-24 channels, 5 epochs": adamw((12, 24), 5),
        "12-24 channels, 6 epochs": adamw((12, 24), 6),
        "12-24 channels, 6 epochs, lr 0.05": adamw((12, 24), 6, lr=0.05),
    }


def zero_signal_mlps() -> dict[str, Recipe]:
    """Width against epochs."""

    def sgd(hidden: int, epochs: int, batch_size: int, lr: float) -> Recipe:
        network = partial(mlp, 40, hidden, 10, dropout=0.0)
        return Recipe("mnist1d", "mlp", network, epochs, batch_size, lr, nesterov, weight_decay=0.001, watched=False)

    return {
        "AdamW, 96 hidden, 5 epochs of 100": replace(sgd(96, 5, 100, 0.03), optimizer=quick_adamw, weight_decay=0.1),
        "64 hidden, 8 epochs of 100": sgd(64, 8, 100, 0.5),
        "80 hidden, 6 epochs of 100": sgd(80, 6, 100, 0.5),
        "96 hidden, 5 epochs of 100": sgd(96, 5, 100, 0.5),
        "96 hidden, 6 epochs of 100": sgd(96, 6, 100, 0.5),
    }


def zero_signal_cnns() -> dict[str, Recipe]:
    """Two convolutions whose last looks for patterns anywhere: channels, kernels and epochs."""

    def adamw(channels: tuple[int, int], kernel: int, epochs: int, batch_size: int, lr: float = 0.08) -> Recipe:
        network = partial(detector_cnn, *channels, kernel=kernel)
        return Recipe("mnist1d", "cnn", network, epochs, batch_size, lr, quick_adamw, watched=False)

    return {
        "6-20 channels of 3, 2 epochs of 50": adamw((6, 20), 3, 2, 50),
        "6-20 channels of 3, 3 epochs of 100": adamw((6, 20), 3, 3, 100),
        "8-16 channels of 3, 2 epochs of 50": adamw((8, 16), 3, 2, 50),
        "8-20 channels of 3, 2 epochs of 50": adamw((8, 20), 3, 2, 50),
        "8-12 channels of 5, 2 epochs of 50": adamw((8, 12), 5, 2, 50),
    }


def pi_digit_mlps() -> dict[str, Recipe]:
    """Width and epochs."""

    def sgd(hidden: int, epochs: int) -> Recipe:
        network = partial(mlp, 64, hidden, 10, dropout=0.0)
        return Recipe("tinydigits", "mlp", network, epochs, 50, 0.3, heavy_ball, weight_decay=0.0, watched=False)

    return {
        "64 hidden, 30 epochs": sgd(64, 30),
        "128 hidden, 20 epochs": sgd(128, 20),
        "128 hidden, 30 epochs": sgd(128, 30),
    }


def pi_digit_cnns() -> dict[str, Recipe]:
    """Batch norm at 8 x 8 points, or pooling before the second convolution and more epochs."""

    def adamw(network: Callable[[], Any], epochs: int, lr: float = 0.02) -> Recipe:
        return Recipe("tinydigits", "cnn", network, epochs, 50, lr, quick_adamw, watched=False)

    return {
        "batch norm, 8-16 channels, 6 epochs": adamw(partial(image_cnn, 8, 16, dropout=0.1), 6),
        "batch norm, 8-16 channels, 8 epochs": adamw(partial(image_cnn, 8, 16, dropout=0.1), 8),
        "pooled, 8-16 channels, 16 epochs": adamw(partial(pooled_cnn, 8, 16, dropout=0.1), 16),
        "pooled, 12-24 channels, 12 epochs": adamw(partial(pooled_cnn, 12, 24, dropout=0.2), 12),
        "pooled, 12-24 channels, 14 epochs, lr 0.03": adamw(partial(pooled_cnn, 12, 24, dropout=0.2), 14, 0.03),
    }


def pi_signal_mlps() -> dict[str, Recipe]:
    """Depth, epochs, and signals rolled by a step."""

    def sgd(hidden: tuple[int, ...], epochs: int, roll: int | None) -> Recipe:
        network = partial(mlp, 40, *hidden, 10, dropout=0.0)
        transform = None if roll is None else RandomRoll(roll)
        return Recipe("mnist1d", "mlp", network, epochs, 100, 0.3, nesterov, 0.001, transform=transform, watched=False)

    return {
        "128 hidden, 16 epochs, roll 1": sgd((128,), 16, 1),
        "96 + 96 hidden, 16 epochs": sgd((96, 96), 16, None),
        "96 + 96 hidden, 16 epochs, roll 1": sgd((96, 96), 16, 1),
        "96 + 96 hidden, 20 epochs, roll 1": sgd((96, 96), 20, 1),
        "128 + 128 hidden, 16 epochs, roll 1": sgd((128, 128), 16, 1),
    }


def pi_signal_cnns() -> dict[str, Recipe]:
    """Channels and epochs of detectors."""

    def adamw(channels: tuple[int, int], epochs: int, batch_size: int) -> Recipe:
        network = partial(detector_cnn, *channels, kernel=5)
        return Recipe("mnist1d", "cnn", network, epochs, batch_size, 0.05, quick_adamw, watched=False)

    return {
        "12-24 channels, 6 epochs of 100": adamw((12, 24), 6, 100),
        "12-24 channels, 6 epochs of 50": adamw((12, 24), 6, 50),
        "12-32 channels, 5 epochs of 50": adamw((12, 32), 5, 50),
        "12-32 channels, 6 epochs of 50": adamw((12, 32), 6, 50),
        "16-32 channels, 5 epochs of 100": adamw((16, 32), 5, 100),
        "16-32 channels, 6 epochs of 50": adamw((16, 32), 6, 50),
    }


def instructions(recipe: Recipe, profile: str) -> int:
    """How many a process takes that trains and tests a recipe's network, on an emulated Pi."""
    code = TRAIN.format(base64.b64encode(pickle.dumps(recipe)).decode())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts.json"
        command = [os.environ["RPI_RUN"], "--profile", profile, "--path", ".", "--json", str(file), "-c", code]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return int(json.loads(file.read_text(encoding="utf-8"))["insns"])


def study(preset: str, name: str, folds: int, seeds: int) -> dict[str, Any]:
    """All candidates of one recipe and the one that the rule chooses."""
    allowed = ALLOWED[preset][name]
    print(f"{preset} {name}: {folds} parts held out in turn, {seeds} seeds each", flush=True)
    rows, tried = [], candidates(preset, name)
    for label, recipe in tried.items():
        accuracies, _ = held_out(recipe, folds, seeds)
        error = statistics.stdev(accuracies) / len(accuracies) ** 0.5
        spent = instructions(recipe, PROFILES[preset])
        rows.append(
            {"candidate": label, "held_out": statistics.mean(accuracies), "error": error, "insns_M": spent / 1e6}
        )
        print(f"  {label:<44} {rows[-1]['held_out']:6.2f} +- {error:.2f} %  {spent / 1e6:7.0f} M", flush=True)
    within = [row for row in rows if row["insns_M"] <= allowed / 1e6]
    chosen = max(within, key=lambda row: (round(row["held_out"], 1), -row["insns_M"]))["candidate"] if within else None
    used = [label for label, recipe in tried.items() if same(recipe, PRESETS[preset][name])]
    print(f"  chosen: {chosen}; the library has: {', '.join(used) or 'another'}", flush=True)
    rounded = [{key: round_(value) for key, value in row.items()} for row in rows]
    return {"preset": preset, "recipe": name, "allowed_M": allowed / 1e6, "chosen": chosen, "candidates": rounded}


def as_text(result: dict[str, Any]) -> str:
    """The results as a page."""
    lines = [f"# Recipes for the Raspberry Pi\n\n`{result['command']}`, {result['machine']}."]
    for study in result["studies"]:
        lines.append(
            f"\n## {study['preset']}: {study['recipe']}\n\nAt most {study['allowed_M']:.0f} million instructions.\n\n"
            "| candidate | held-out accuracy, % | million instructions |\n| --- | --- | --- |"
        )
        for row in study["candidates"]:
            mark = " (chosen)" if row["candidate"] == study["chosen"] else ""
            accuracy = f"{row['held_out']:.2f} +- {row['error']:.2f}"
            lines.append(f"| {row['candidate']}{mark} | {accuracy} | {row['insns_M']:.0f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pi_recipes", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--preset", nargs="+", choices=list(PROFILES), default=list(PROFILES), help="only these presets"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(PRESETS["zero"]), default=list(PRESETS["zero"]), metavar="NAME"
    )
    parser.add_argument("--folds", type=int, default=10, help="in how many parts the training set is cut (10)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings for each part held out (3)")
    parser.add_argument("--out", type=Path, metavar="STEM", help="write STEM.json and STEM.md")
    options = parser.parse_args()
    if "RPI_RUN" not in os.environ:
        parser.error("the variable RPI_RUN must name what runs a script as a Pi would, and counts its instructions")
    names = [(preset, name) for preset in options.preset for name in options.only]
    result = {
        "command": f"python -m benchmarks.pi_recipes --preset {' '.join(options.preset)} --folds {options.folds} "
        f"--seeds {options.seeds}",
        "machine": f"accuracies on {platform.system()} {platform.machine()}, Python {platform.python_version()}, NumPy "
        f"{np.__version__}; instructions on an emulated Pi, Python 3.11.2, NumPy 1.24.2, OpenBLAS",
        "studies": [study(preset, name, options.folds, options.seeds) for preset, name in names],
    }
    if options.out is not None:
        options.out.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        options.out.with_suffix(".md").write_text(as_text(result), encoding="utf-8")


if __name__ == "__main__":
    main()
