"""Milestones: the learner's own files train a network on real data, with a number to reach.

What is still to be written is the library's; a milestone counts when all that it stands on is their own. What would
take long says so after a few steps, and offers the library's form of the one function that takes the time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from types import FrameType
from typing import Any

from tinytorch._lazy import left_out
from tinytorch.course import source, worker
from tinytorch.course.exercises import modules
from tinytorch.course.source import Source
from tinytorch.course.workspace import Workspace, enter
from tinytorch.progress import Progress

RESULT = "tinytorch-milestone "  # begins the line of the child's output that holds the figures
PATIENCE = 120  # seconds; what takes longer says so after STEPS steps
STEPS = 3
EVERY = 0.005  # seconds from one look at what is being run to the next


@dataclass(frozen=True)
class Plan:
    """A model, and what `fit` is told to train it."""

    model: Any
    training: Any
    test: Any
    epochs: int
    optimizer: Any
    batch_size: int = 32
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How often the optimizer takes a step."""
        return self.epochs * -(-len(self.training) // self.batch_size)


@dataclass(frozen=True)
class Milestone:
    """A network to be trained. goal: the accuracy on the test set to be reached; library: the library's, over five seeds.

    preset: the kind of machine that it is made for, "zero" or else "full".
    """

    name: str
    after: str  # the last module that it stands on
    title: str
    goal: float
    library: float
    plan: Callable[[], Plan]
    preset: str = "full"

    @property
    def left_out(self) -> list[str]:
        """The modules that it stands on and that are not here, as in a class release."""
        return [f"{number:02}" for number in left_out() if number <= int(self.after)]


# The networks. Each imports the library when it is called, in a process that has entered the learner's folder.


def _mlp() -> Plan:
    """An MLP on TinyDigits."""
    layers = import_module("tinytorch.layers")
    training, test = import_module("tinytorch.datasets").tinydigits()
    model = layers.Sequential(layers.Flatten(), layers.Linear(64, 128), layers.ReLU(), layers.Linear(128, 10))
    optimizer = import_module("tinytorch.optimizers").Adam(model.parameters(), lr=0.003)
    return Plan(model, training, test, 20, optimizer)


def _signals() -> Plan:
    """A CNN on MNIST-1D: three convolutions with a stride of 2, 40 steps to 19, 10, 5."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").mnist1d()
    layers: list[Any] = []
    for inputs, outputs, kernel in ((1, 32, 5), (32, 32, 3), (32, 32, 3)):
        layers += nn.Conv1d(inputs, outputs, kernel, stride=2, padding=1), nn.ReLU()
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 5, 10))
    roll = import_module("tinytorch.data").RandomRoll(2)
    loss = partial(nn.functional.cross_entropy, label_smoothing=0.1)
    return _in_one_cycle(model, training, test, epochs=25, batch_size=100, transform=roll, loss=loss)


def _images() -> Plan:
    """A CNN on TinyDigits: two convolutions, 8 x 8 points pooled to 4 x 4."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").tinydigits()
    convolutions = nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU()
    model = nn.Sequential(*convolutions, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 4 * 4, 10))
    return _in_one_cycle(model, training, test, epochs=10, batch_size=32)


def _few() -> Plan:
    """A CNN that has seen ten examples of each digit of TinyDigits, moved about, with batch norm and dropout."""
    return _ten_of_each(16, 32, epochs=100, batch_size=20)


def _ten_of_each(first: int, second: int, **options: Any) -> Plan:
    nn, data = import_module("tinytorch.nn"), import_module("tinytorch.data")
    training, test = import_module("tinytorch.datasets").tinydigits()
    labels = training.tensors[1].array
    ten_each = data.Subset(training, [int(i) for digit in range(10) for i in (labels == digit).nonzero()[0][:10]])
    layers: list[Any] = []
    for inputs, outputs in ((1, first), (first, second)):
        layers += nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    model = nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(second * 4 * 4, 10))
    return _in_one_cycle(model, ten_each, test, transform=data.RandomShift(1), **options)


def _sequences() -> Plan:
    """A GRU that reads MNIST-1D from both ends, two points at a time."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").mnist1d()

    class Reader(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(2, 48, batch_first=True, bidirectional=True)
            self.classes = nn.Linear(2 * 48, 10)

        def forward(self, signals: Any) -> Any:
            _, last = self.gru(signals.reshape(len(signals), 20, 2))
            return self.classes(last.transpose(0, 1).reshape(len(signals), 2 * 48))

    return _in_one_cycle(Reader(), training, test, epochs=16, batch_size=100, clip=1.0)


# The same for a Raspberry Pi Zero, for which those above are many minutes: less of everything, and a lower goal.


def _small_mlp() -> Plan:
    """An MLP on TinyDigits, with 48 hidden units."""
    layers, optimizers = import_module("tinytorch.layers"), import_module("tinytorch.optimizers")
    training, test = import_module("tinytorch.datasets").tinydigits()
    model = layers.Sequential(layers.Flatten(), layers.Linear(64, 48), layers.ReLU(), layers.Linear(48, 10))
    rate = optimizers.one_cycle(0.3, 12 * -(-len(training) // 50))
    return Plan(model, training, test, 12, optimizers.SGD(model.parameters(), rate, momentum=0.9), batch_size=50)


def _small_signals() -> Plan:
    """Two convolutions on MNIST-1D; what the second finds counts wherever it is found."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").mnist1d()

    class Detector(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv1d(1, 6, 3, stride=2), nn.Conv1d(6, 20, 3)
            self.classes = nn.Linear(20, 10)

        def forward(self, signals: Any) -> Any:
            return self.classes(self.second(self.first(signals).relu()).amax(-1))

    return _in_one_cycle(Detector(), training, test, epochs=4, batch_size=50, lr=0.05)


def _small_images() -> Plan:
    """Two convolutions on TinyDigits, each pooled: 8 x 8 points, 4 x 4, 2 x 2."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").tinydigits()
    layers: list[Any] = []
    for inputs, outputs in ((1, 8), (8, 16)):
        layers += nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 2 * 2, 10))
    return _in_one_cycle(model, training, test, epochs=8, batch_size=50, lr=0.03)


def _small_few() -> Plan:
    """Ten examples of each digit, moved about, batch norm and dropout, on half of the channels."""
    return _ten_of_each(8, 16, epochs=25, batch_size=25, lr=0.02)


def _small_sequences() -> Plan:
    """A GRU that reads MNIST-1D four points at a time, from one end."""
    nn = import_module("tinytorch.nn")
    training, test = import_module("tinytorch.datasets").mnist1d()

    class Reader(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.classes = nn.GRU(4, 32, batch_first=True), nn.Linear(32, 10)

        def forward(self, signals: Any) -> Any:
            _, last = self.gru(signals.reshape(len(signals), 10, 4))
            return self.classes(last.reshape(len(signals), 32))

    return _in_one_cycle(Reader(), training, test, epochs=5, batch_size=50, clip=1.0, lr=0.03)


def _in_one_cycle(
    model: Any, training: Any, test: Any, *, epochs: int, batch_size: int, lr: float = 0.01, **options: Any
) -> Plan:
    """AdamW with a learning rate that rises to lr and falls again."""
    optimizers = import_module("tinytorch.optimizers")
    steps = epochs * -(-len(training) // batch_size)
    optimizer = optimizers.AdamW(model.parameters(), optimizers.one_cycle(lr, steps), weight_decay=0.05)
    return Plan(model, training, test, epochs, optimizer, batch_size, options)


MILESTONES = {
    milestone.name: milestone
    for milestone in (
        Milestone("mlp", "08", "an MLP reads handwritten digits (TinyDigits)", 0.95, 0.969, _mlp),
        Milestone("signals", "09", "a CNN reads signals (MNIST-1D)", 0.92, 0.955, _signals),
        Milestone("images", "10", "a CNN reads handwritten digits (TinyDigits)", 0.97, 0.987, _images),
        Milestone("few", "11", "a CNN learns digits from ten examples of each (TinyDigits/10)", 0.88, 0.952, _few),
        Milestone("sequences", "12", "a GRU reads signals from both ends (MNIST-1D)", 0.85, 0.931, _sequences),
    )
}

SMALL = {
    milestone.name: milestone
    for milestone in (
        replace(MILESTONES["mlp"], goal=0.94, library=0.962, plan=_small_mlp, preset="zero"),
        replace(MILESTONES["signals"], goal=0.8, library=0.899, plan=_small_signals, preset="zero"),
        replace(MILESTONES["images"], goal=0.93, library=0.962, plan=_small_images, preset="zero"),
        replace(MILESTONES["few"], goal=0.84, library=0.909, plan=_small_few, preset="zero"),
        replace(MILESTONES["sequences"], goal=0.6, library=0.712, plan=_small_sequences, preset="zero"),
    )
}


def for_machine(preset: str) -> dict[str, Milestone]:
    """The milestones by name: those of a Pi Zero, or those of everything larger."""
    return SMALL if preset == "zero" else MILESTONES


def train(milestone: Milestone, watch: Sequence[str] = ()) -> tuple[float, bool]:
    """The accuracy on the test set after training, and whether every parameter moved.

    watch: paths of files of which it is said whose function takes the time, where it is long.
    """
    tinytorch = import_module("tinytorch")
    tinytorch.manual_seed(0)
    plan = milestone.plan()
    before = [parameter.array.copy() for parameter in plan.model.parameters()]
    tinytorch.fit(
        plan.model,
        plan.training,
        epochs=plan.epochs,
        optimizer=plan.optimizer,
        batch_size=plan.batch_size,
        progress=Forecast(_say_how_long, plan.steps, watch),
        **plan.options,
    )
    moved = all((old != new.array).any() for old, new in zip(before, plan.model.parameters(), strict=True))
    return tinytorch.evaluate(plan.model, plan.test)["accuracy"], moved


# How long it will take, from the first steps


class Forecast(Progress):
    """Shows progress and, once STEPS steps were taken, tells `say` how many seconds are left and what takes the most.

    A thread looks at what the main one is doing, and counts the function of a watched file that is nearest.
    """

    def __init__(self, say: Callable[[float, str | None], None], steps: int, watch: Sequence[str] = ()) -> None:
        super().__init__()
        self.say, self.steps, self.watch = say, steps, watch
        self.taken, self.over = 0, threading.Event()
        self.seen: Counter[str] = Counter()
        self.training_began = time.monotonic()
        main = threading.get_ident()
        threading.Thread(target=self._look, args=(main,), name="forecast", daemon=True).start()

    def batch(self, done: int, facts: Mapping[str, float]) -> None:
        """After a batch."""
        self.taken += 1
        if self.taken == STEPS:
            self.over.set()
            each = (time.monotonic() - self.training_began) / STEPS
            self.say(each * (self.steps - STEPS), max(self.seen, key=self.seen.__getitem__, default=None))
        super().batch(done, facts)

    def _look(self, main: int) -> None:
        while not self.over.wait(EVERY):
            frame = sys._current_frames().get(main)
            if frame is not None and (name := nearest(frame, self.watch)):
                self.seen[name] += 1


def nearest(frame: FrameType | None, files: Sequence[str]) -> str | None:
    """The function of one of these files that is being run, "conv.unfold", whatever it has called elsewhere."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename in files:
            parts = takewhile(lambda part: part != "<locals>", code.co_qualname.split("."))
            return f"{Path(code.co_filename).stem}.{'.'.join(parts)}"
        frame = frame.f_back
    return None


def _say_how_long(seconds: float, slowest: str | None) -> None:
    if seconds <= PATIENCE:
        return
    said = f"This will take about {max(round(seconds / 60), 2)} minutes"
    if slowest is not None and is_exercise(slowest):
        said += f", most of it in your {slowest}.\n"
        said += f"Let it run, or stop it with Ctrl+C and start it with --fast {slowest}:\nthen the library's stands in."
    print(said, file=sys.stderr, flush=True)


def is_exercise(name: str) -> bool:
    """Whether "conv.unfold" is a function that the course asks for."""
    file, _, function = name.partition(".")
    return any(module.name == file and function in module.messages for module in modules())


def with_fast(sources: Mapping[str, Source], fast: str) -> dict[str, Source]:
    """A learner's files, in which one function, "conv.unfold", is the library's."""
    file, _, function = fast.partition(".")
    module = next(module for module in modules() if module.name == file)
    if file not in sources:
        return dict(sources)
    own = source.complete(sources[file], module.library)
    return {**sources, file: source.put(own, module.library, [function])}


# In a process of its own


def run(milestone: Milestone, folder: Path, fast: str = "") -> dict[str, Any]:
    """Train in a process of its own, on the files in a folder; its progress goes to standard error.

    fast: a function for which the library's stands in, "conv.unfold". Returns accuracy, moved (whether the parameters
    changed) and files (those of the learner that ran). Raises ChildProcessError where it fails, with what it said.
    """
    words = [*worker.command("run_milestone"), milestone.preset, milestone.name, str(folder), fast]
    words[words.index("-c") + 1] = words[words.index("-c") + 1].replace("course.worker", "course.milestones")
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8", errors="replace")
    for line in done.stdout.splitlines():
        if line.startswith(RESULT):
            result: dict[str, Any] = json.loads(line.removeprefix(RESULT))
            return result
    if done.returncode == -9:
        raise ChildProcessError("the training was killed, as the system does where there is too little memory")
    raise ChildProcessError(f"the training ended with status {done.returncode}")


def run_milestone() -> None:
    """The child: enter the folder, train, print the figures."""
    _, preset, name, folder, fast = sys.argv
    sources = Workspace(Path(folder)).sources()
    enter(with_fast(sources, fast) if fast else sources)
    paths = [text.path for text in sources.values()]
    try:
        accuracy, moved = train(for_machine(preset)[name], paths)
    except KeyboardInterrupt:  # whoever started it is told as well, and says so
        sys.exit(130)
    except Exception as error:
        worker.show_error(error, paths)
        sys.exit(1)
    ran = [module.__file__ for title, module in list(sys.modules.items()) if title.startswith("tinytorch.")]
    files = sorted(Path(file).name for file in ran if file and Path(file).parent == Path(folder))
    print(f"\n{RESULT}{json.dumps({'accuracy': accuracy, 'moved': moved, 'files': files})}")
