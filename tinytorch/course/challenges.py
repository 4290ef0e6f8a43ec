"""Challenges: how fast a learner's file does its module's typical work, beside the library's, in pairs within one run.

Two processes load the library, one of them with the learner's file in place of the library's. They take turns, so that
whatever else the machine does falls on both, and each pair of turns gives one ratio of their times.
"""

from __future__ import annotations

import math
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tinytorch.course import worker
from tinytorch.course.exercises import Module
from tinytorch.course.workspace import Workspace, enter, filled

TURN = 0.05  # seconds that a turn of the library's should take at least
PAIRS = 15
PATIENCE = 20  # seconds; what is slower gets fewer pairs, but FEWEST
FEWEST = 3
RESULT = "tinytorch-turn "  # begins the lines of a child's output that are for us

Work = Callable[[], float]


@dataclass(frozen=True)
class Challenge:
    """A module's typical work. make returns a function that does it once, and a number by which two runs compare."""

    title: str
    make: Callable[[Any], Work]


@dataclass(frozen=True)
class Outcome:
    """What came of the pairs: ratios of the learner's time to the library's, and seconds for doing the work once."""

    ratios: tuple[float, ...]
    own: float
    library: float
    alike: bool  # whether both computed the same

    @property
    def ratio(self) -> float:
        """The median."""
        return statistics.median(self.ratios)


# The work. Each is given the package, in a process that may have entered a workspace, and draws with its own seed.


def _arrays(*shapes: tuple[int, ...]) -> list[Any]:
    numpy = import_module("numpy")
    rng = numpy.random.default_rng(0)
    return [rng.normal(size=shape).astype(numpy.float32) for shape in shapes]


def _stepped(loss: Callable[[], Any]) -> Work:
    """Compute a loss and send its gradient back."""

    def work() -> float:
        value = loss()
        value.backward()
        return float(value.item())

    return work


def _ops(t: Any) -> Work:
    ops = import_module("tinytorch.ops")
    x, weight, bias = _arrays((64, 64), (128, 64), (128,))
    labels = import_module("numpy").arange(64) % 128

    def work() -> float:
        hidden, *back = ops.linear(x, weight, bias)
        y, back_of_relu = ops.relu(hidden)
        loss, back_of_loss = ops.cross_entropy(y, labels=labels)
        g = back_of_relu(back_of_loss(loss * 0 + 1))
        return float(loss) + sum(float(way(g).sum()) for way in back)

    return work


def _chain(t: Any) -> Work:
    (x,) = (t.tensor(array, requires_grad=True) for array in _arrays((4,)))

    def loss() -> Any:
        y = x
        for _ in range(300):
            y = y * 0.5 + x
        return y.sum()

    return _stepped(loss)


def _expression(t: Any) -> Work:
    a, b = (t.tensor(array, requires_grad=True) for array in _arrays((32, 32), (32,)))
    return _stepped(lambda: sum(((a * b + i).tanh() / (a * a + 1.0) - b).mean() for i in range(20)))


def _network(t: Any) -> Any:
    t.manual_seed(0)
    return t.nn.Sequential(t.nn.Linear(64, 128), t.nn.ReLU(), t.nn.Linear(128, 10))


def _layers(t: Any) -> Work:
    model, (x,) = _network(t), map(t.tensor, _arrays((32, 64)))
    return _stepped(lambda: model(x).logsumexp(1).mean())


def _losses(t: Any) -> Work:
    z = t.tensor(_arrays((128, 10))[0], requires_grad=True)
    target, labels = t.tensor(_arrays((128, 10))[0] * 0.5), t.arange(128) % 10
    return _stepped(lambda: t.nn.functional.cross_entropy(z, labels) + t.nn.functional.mse_loss(z, target))


def _optimizers(t: Any) -> Work:
    model, (x,) = _network(t), map(t.tensor, _arrays((32, 64)))
    model(x).logsumexp(1).mean().backward()
    optimizer = t.optim.Adam(model.parameters(), lr=1e-4)

    def work() -> float:
        optimizer.step()
        return float(model[0].bias.array.sum())

    return work


def _data(t: Any) -> Work:
    data = import_module("tinytorch.data")
    x, labels = t.tensor(_arrays((500, 1, 8, 8))[0]), t.arange(500) % 10
    loader = data.DataLoader(data.TensorDataset(x, labels), batch_size=32, shuffle=True)
    return lambda: float(sum(len(batch[0]) for batch in loader))


def _training(t: Any) -> Work:
    data = import_module("tinytorch.data")
    examples = data.TensorDataset(t.tensor(_arrays((320, 64))[0]), t.arange(320) % 10)

    def work() -> float:
        model = _network(t)
        t.fit(model, examples, epochs=1, optimizer=t.optim.SGD(model.parameters(), lr=0.1), batch_size=32)
        return float(t.evaluate(model, examples)["loss"])

    return work


def _conv(t: Any) -> Work:
    t.manual_seed(0)
    model = t.nn.Sequential(t.nn.Conv2d(1, 8, 3, padding=1), t.nn.ReLU(), t.nn.Conv2d(8, 16, 3, padding=1))
    (x,) = map(t.tensor, _arrays((16, 1, 8, 8)))
    return _stepped(lambda: (model(x) ** 2).mean())


def _pooling(t: Any) -> Work:
    x = t.tensor(_arrays((16, 16, 8, 8))[0], requires_grad=True)
    pools = t.nn.MaxPool2d(2), t.nn.AvgPool2d(2)
    return _stepped(lambda: sum((pool(x) ** 2).mean() for pool in pools))


def _regularization(t: Any) -> Work:
    x = t.tensor(_arrays((32, 16, 8, 8))[0], requires_grad=True)
    norm, dropout = t.nn.BatchNorm2d(16), t.nn.Dropout(0.5)

    def loss() -> Any:
        t.manual_seed(0)
        return (dropout(norm(x)) ** 2).mean()

    return _stepped(loss)


def _recurrent(t: Any) -> Work:
    t.manual_seed(0)
    gru, (x,) = t.nn.GRU(2, 32, batch_first=True), map(t.tensor, _arrays((32, 20, 2)))
    return _stepped(lambda: (gru(x)[0] ** 2).mean())


CHALLENGES = {
    "ops": Challenge("the rules of a small network, there and back", _ops),
    "autograd": Challenge("the way back through a chain of 600 calls", _chain),
    "tensor": Challenge("an expression of many small calls, and its gradient", _expression),
    "layers": Challenge("a network of two layers, there and back", _layers),
    "losses": Challenge("two losses of 128 examples, and their gradients", _losses),
    "optimizers": Challenge("a step of Adam", _optimizers),
    "data": Challenge("500 examples in shuffled batches", _data),
    "training": Challenge("an epoch of 10 batches, and an evaluation", _training),
    "conv": Challenge("two convolutions, there and back", _conv),
    "pooling": Challenge("the maximum and the mean of windows, there and back", _pooling),
    "regularization": Challenge("batch norm and dropout, there and back", _regularization),
    "recurrent": Challenge("a GRU over 20 steps, there and back", _recurrent),
}


# Turn by turn


class Side:
    """A process that does the work as often as it is told, and says how long that took."""

    def __init__(self, name: str, folder: str) -> None:
        words = worker.command("take_turns")
        words[-1] = words[-1].replace("course.worker", "course.challenges")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*words, name, folder], stdin=pipe, stdout=pipe, encoding="utf-8")
        self.value = 0.0

    def turn(self, times: int) -> float:
        """Seconds for doing the work some times. Raises ChildProcessError where the process ended."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(f"{times}\n")
            self.process.stdin.flush()
        except OSError:  # what it left is read below
            pass
        for line in self.process.stdout:
            if line.startswith(RESULT):
                seconds, self.value = map(float, line.removeprefix(RESULT).split())
                return seconds
        raise ChildProcessError(f"the work ended with status {self.process.wait()}")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def take_turns() -> None:
    """The child: load the files, then work as often as each line says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it, and kills it
    _, name, folder = sys.argv
    paths = []
    if folder:
        place = Workspace(Path(folder))
        module = next(module for module in import_module("tinytorch.course.exercises").modules() if module.name == name)
        paths = [str(place.path(module))]
        enter({name: filled(module, place.read(module))})
    try:
        work = CHALLENGES[name].make(import_module("tinytorch"))
        work()
        for line in sys.stdin:
            began = time.perf_counter()
            for _ in range(int(line)):
                value = work()
            print(f"\n{RESULT}{time.perf_counter() - began} {value}", flush=True)
    except Exception as error:
        worker.show_error(error, paths)
        sys.exit(1)


def run(module: Module, folder: Path, turn: float = TURN, pairs: int = PAIRS) -> Outcome:
    """Let the learner's file and the library's take turns. Raises ChildProcessError where one of them fails."""
    own, library = Side(module.name, str(folder)), Side(module.name, "")
    try:
        times = max(1, math.ceil(turn / max(library.turn(1), 1e-9)))
        own.turn(1)
        seconds: list[tuple[float, float]] = []
        began = time.perf_counter()
        while len(seconds) < pairs and (len(seconds) < FEWEST or time.perf_counter() - began < PATIENCE):
            first, second = (own, library) if len(seconds) % 2 else (library, own)  # neither always goes first
            took = {side: side.turn(times) / times for side in (first, second)}
            seconds.append((took[own], took[library]))
        alike = math.isclose(own.value, library.value, rel_tol=1e-3, abs_tol=1e-4)
    finally:
        own.close()
        library.close()
    of_own, of_library = (statistics.median(column) for column in zip(*seconds, strict=True))
    return Outcome(tuple(sorted(mine / theirs for mine, theirs in seconds)), of_own, of_library, alike)
