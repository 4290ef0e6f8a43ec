"""Milestones: the learner's own files train a network on real data, with a number to reach.

What is still to be written is the library's, and said to be so; a milestone counts when all that it stands on is their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tinytorch.course import worker
from tinytorch.course.workspace import Workspace, enter

RESULT = "tinytorch-milestone "  # begins the line of the child's output that holds the figures


@dataclass(frozen=True)
class Milestone:
    """A network to be trained. goal, library: accuracies on the test set, to be reached and reached by the library."""

    name: str
    after: str  # the last module that it stands on
    title: str
    goal: float
    library: float
    train: Callable[[], tuple[Any, float, bool]]


def _mlp() -> tuple[Any, float, bool]:
    """Train an MLP on TinyDigits: the model, its accuracy on the test set, and whether every parameter moved."""
    tinytorch = import_module("tinytorch")
    layers = import_module("tinytorch.layers")
    tinytorch.manual_seed(0)
    training, test = import_module("tinytorch.datasets").tinydigits()
    model = layers.Sequential(layers.Flatten(), layers.Linear(64, 128), layers.ReLU(), layers.Linear(128, 10))
    before = [parameter.array.copy() for parameter in model.parameters()]
    optimizer = import_module("tinytorch.optimizers").Adam(model.parameters(), lr=0.003)
    tinytorch.fit(model, training, epochs=20, optimizer=optimizer, batch_size=32, progress=True)
    moved = all((old != new.array).any() for old, new in zip(before, model.parameters(), strict=True))
    return model, tinytorch.evaluate(model, test)["accuracy"], moved


MILESTONES = {
    milestone.name: milestone
    for milestone in (Milestone("mlp", "08", "an MLP reads handwritten digits (TinyDigits)", 0.95, 0.965, _mlp),)
}


def run(milestone: Milestone, folder: Path) -> dict[str, Any]:
    """Train in a process of its own, on the files in a folder; its progress goes to standard error.

    Returns accuracy, moved (whether the parameters changed) and files (those of the learner that ran). Raises
    ChildProcessError where it fails, with what it said.
    """
    words = [*worker.command("run_milestone"), milestone.name, str(folder)]
    words[words.index("-c") + 1] = words[words.index("-c") + 1].replace("course.worker", "course.milestones")
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", errors="replace")
    for line in done.stdout.splitlines():
        if line.startswith(RESULT):
            result: dict[str, Any] = json.loads(line.removeprefix(RESULT))
            return result
    raise ChildProcessError(f"the training ended with status {done.returncode}")


def run_milestone() -> None:
    """The child: enter the folder, train, print the figures."""
    _, name, folder = sys.argv
    enter(Workspace(Path(folder)).sources())
    _, accuracy, moved = MILESTONES[name].train()
    ran = [module.__file__ for title, module in list(sys.modules.items()) if title.startswith("tinytorch.")]
    files = sorted(Path(file).name for file in ran if file and Path(file).parent == Path(folder))
    print(f"\n{RESULT}{json.dumps({'accuracy': accuracy, 'moved': moved, 'files': files})}")
