"""08 Training: the loop that all the rest is for, made so that it can be stopped and taken up again.

`fit` shows a model its examples epoch by epoch and takes a step after each batch; `evaluate` only looks. A run that is
interrupted and resumed from its checkpoint ends with the same parameters, to the bit, as one that was not.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinytorch.autograd import no_grad
from tinytorch.data import Compose, DataLoader, Subset
from tinytorch.generator import Generator, default_generator
from tinytorch.layers import Module
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Optimizer, clip_grad_norm_
from tinytorch.progress import Progress
from tinytorch.schedules import ReduceLROnPlateau
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Tensor, Tensor], float]


class History(list[dict[str, float]]):
    """What `fit` saw: a row per epoch with its figures by name, such as history[-1]["validation_accuracy"]."""

    def column(self, name: str) -> list[float]:
        """One figure over the epochs, to be plotted."""
        return [row[name] for row in self]


def fit(
    model: Module,
    train: Any,
    *,
    epochs: int,
    optimizer: Optimizer,
    loss: Loss = cross_entropy,
    validation: Any = None,
    batch_size: int = 32,
    schedule: Any = None,
    transform: Callable[[Tensor], Tensor] | None = None,
    clip: float | None = None,
    metrics: Mapping[str, Metric] | None = None,
    patience: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    generator: Generator | None = None,
    progress: bool | Progress = True,
) -> History:
    """Train a model, and return a row of figures for each epoch.

    train: a dataset of pairs (input, target), taken `batch_size` at a time in an order drawn anew each epoch from
    `generator`; or a DataLoader, taken as it is. validation: a dataset or loader, evaluated after each epoch.
    loss: (output, target) -> the mean over a batch, as one number. metrics: further means by name; accuracy where
    the targets are class indices, unless told otherwise. transform: changes the inputs of each training batch.
    schedule: of the learning rate, stepped after every batch, ReduceLROnPlateau after every epoch with the loss, that of
    the validation if there is one. clip: the norm beyond which gradients are scaled down.
    patience: stop when the validation loss has not fallen for so many epochs, and go back to the best parameters.
    checkpoint: a file, written whole after each epoch; with `resume`, a run goes on where the file's run stopped, and
    from the beginning if there is no such file. `epochs` counts from the beginning in either case.
    progress: True, False, or a Progress of your own.

    Each row has epoch, loss, validation_loss, the metrics with their validation_ likewise, lr (as the epoch began) and
    seconds. Loss and metrics of training are means over the batches as they passed, while the parameters were changing.
    Raises FloatingPointError where a loss or parameter is no longer finite, ValueError for another model's checkpoint or
    optimizer, TypeError for a model that returns None and a loss that is not one number.
    """
    _check_options(epochs, validation, patience, schedule, checkpoint, resume)
    _check_optimizer(model, optimizer)
    each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
    batches = as_loader(train, batch_size, shuffle=True, generator=generator)
    if len(batches) == 0:
        raise ValueError(f"fit expects at least one batch to train on, got none from {len(batches.dataset)} examples")
    generators = find_generators(model, batches, transform, validation)
    history, best = History(), None
    if checkpoint is not None and resume and os.path.exists(checkpoint):
        past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
        history, best = History(past["history"]), past["best"]

    shown = progress if isinstance(progress, Progress) else Progress(silent=not progress)
    with shown, training_mode(model, True):
        shown.start(epochs=epochs, batches=len(batches), done=len(history))
        for epoch in range(len(history) + 1, epochs + 1):
            if patience is not None and epochs_since_best(history) >= patience:
                break
            began, rate = time.perf_counter(), learning_rate(optimizer)
            figures = train_epoch(
                model, batches, optimizer, loss, epoch,
                schedule=each_batch, transform=transform, clip=clip, metrics=metrics, progress=shown,
            )  # fmt: skip
            if validation is not None:
                seen = evaluate(model, validation, loss=loss, metrics=metrics)
                figures |= {f"validation_{name}": value for name, value in seen.items()}
            check_finite(model, figures, epoch, optimizer)
            if schedule is not each_batch:
                schedule.step(figures.get("validation_loss", figures["loss"]))
            history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
            if patience is not None and epochs_since_best(history) == 0:
                best = copy_state(model)
            if checkpoint is not None:
                extra = {"history": history, "best": best}
                save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
            shown.epoch(figures)
    if best is not None:
        model.load_state_dict(best)
    return history


def _check_options(
    epochs: int,
    validation: Any,
    patience: int | None,
    schedule: Any,
    checkpoint: str | os.PathLike[str] | None,
    resume: bool,
) -> None:
    """Raise for options of `fit` that are wrong or do not go together, before an epoch is spent on them."""
    for name, count in (("epochs", epochs), ("patience", 0 if patience is None else patience)):
        if not isinstance(count, int | np.integer) or count < 0:
            raise ValueError(f"fit expects {name} to be a whole number of 0 or more, got {count!r}")
    if patience is not None and validation is None:
        raise ValueError("fit needs a validation set to know when to stop: patience was given without validation")
    if schedule is not None and not hasattr(schedule, "step"):
        kind = type(schedule).__name__
        raise TypeError(f"fit expects a scheduler such as OneCycleLR, got a {kind}: functions go to an optimizer's lr")
    if resume and checkpoint is None:
        raise ValueError("fit was asked to resume, but given no checkpoint to resume from")
    if checkpoint is not None and not os.path.isdir(os.path.dirname(checkpoint) or "."):
        raise FileNotFoundError(f"fit cannot write the checkpoint {os.fspath(checkpoint)}: there is no such folder")


def _check_optimizer(model: Module, optimizer: Any) -> None:
    """Raise where there is no model, or an optimizer that would leave it as it is."""
    if not isinstance(model, Module):
        raise TypeError(f"fit expects a model, got {getattr(model, '__name__', model)!r}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"fit expects an optimizer such as Adam(model.parameters()), got {getattr(optimizer, '__name__', optimizer)!r}"
        )
    optimized = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not any(id(p) in optimized for p in model.parameters()):
        raise ValueError(f"fit expects an optimizer of this {type(model).__name__}'s parameters, got another model's")


def train_epoch(
    model: Module,
    batches: DataLoader,
    optimizer: Optimizer,
    loss: Loss = cross_entropy,
    epoch: int = 1,
    *,
    schedule: Any = None,
    transform: Callable[[Tensor], Tensor] | None = None,
    clip: float | None = None,
    metrics: Mapping[str, Metric] | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Show the model every batch once, take a step after each, and return the means of loss and metrics; see `fit`."""
    means = Means()
    for done, batch in enumerate(batches, 1):
        x, y = pair(batch)
        if transform is not None:
            x = transform(x)
        optimizer.zero_grad()
        output = answer(model, x)
        cost = one_number(loss(output, y))
        if not math.isfinite(cost.item()):  # before it reaches the parameters
            if not np.all(np.isfinite(x.array)):
                raise FloatingPointError(f"the inputs of epoch {epoch}, batch {done} of {len(batches)} hold nan or inf")
            place = f"in epoch {epoch}, batch {done} of {len(batches)}"
            raise FloatingPointError(f"the loss is {cost.item()} {place}: {_advice(optimizer)}")
        cost.backward()
        if clip is not None:
            clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        if progress is not None:
            progress.batch(done, means.values())
    return means.values()


def evaluate(
    model: Module,
    dataset: Any,
    *,
    loss: Loss = cross_entropy,
    batch_size: int = 256,
    metrics: Mapping[str, Metric] | None = None,
) -> dict[str, float]:
    """Return the means of loss and metrics over a dataset or a DataLoader, in evaluation mode and without gradients.

    Every example counts the same, also in a short last batch. loss and metrics are those of `fit`; so is the result:
    {"loss": 0.31, "accuracy": 0.95}. Raises ValueError for an empty dataset.
    """
    batches = as_loader(dataset, batch_size)
    means = Means()
    with no_grad(), training_mode(model, False):
        for batch in batches:
            x, y = pair(batch)
            output = answer(model, x)
            means.add(len(x), {"loss": one_number(loss(output, y)).item(), **measure(metrics, output, y)})
    if means.count == 0:
        raise ValueError("evaluate expects at least one example, got an empty dataset")
    return means.values()


def accuracy(output: Tensor, target: Tensor) -> float:
    """The fraction of examples whose largest output is the target's.

    output (N, C) or (N, C, ...), target (N) or (N, ...) class indices. Raises ValueError for other shapes.
    """
    if output.ndim < 2 or output.shape[:1] + output.shape[2:] != target.shape:
        raise ValueError(
            f"accuracy expects outputs (N, C, ...) and class indices (N, ...), got shapes {tuple(output.shape)} and "
            f"{tuple(target.shape)}"
        )
    return float(np.count_nonzero(output.array.argmax(axis=1) == target.array) / target.array.size)


def measure(metrics: Mapping[str, Metric] | None, output: Tensor, target: Tensor) -> dict[str, float]:
    """The metrics of one batch by name; where none are given, accuracy if the targets are class indices."""
    if metrics is None:
        is_class = target.array.dtype.kind in "iu" and output.ndim == target.ndim + 1
        return {"accuracy": accuracy(output, target)} if is_class else {}
    with no_grad():
        return {name: float(metric(output, target)) for name, metric in metrics.items()}


def answer(model: Module, x: Tensor) -> Any:
    """What a model makes of a batch. Raises TypeError where it is None."""
    output = model(x)
    if output is None:
        raise TypeError(f"{type(model).__name__} returned None for a batch: its forward has no return statement")
    return output


def one_number(cost: Any) -> Tensor:
    """The loss of a batch as it is. Raises TypeError where it is not a Tensor of one element."""
    if not isinstance(cost, Tensor) or cost.numel() != 1:
        kind = f"shape {cost.shape}" if isinstance(cost, Tensor) else f"a {type(cost).__name__}"
        raise TypeError(f"training expects the loss of a batch to be a Tensor of one number, got {kind}")
    return cost


class Means:
    """Running means over examples, by name: a batch of n counts n times."""

    def __init__(self) -> None:
        self.count = 0
        self.totals: dict[str, float] = {}

    def add(self, n: int, values: Mapping[str, float]) -> None:
        """Take in the means of a batch of n examples."""
        self.count += n
        for name, value in values.items():
            self.totals[name] = self.totals.get(name, 0.0) + n * value

    def values(self) -> dict[str, float]:
        """The means of all that was taken in."""
        return {name: total / self.count for name, total in self.totals.items()}


def as_loader(data: Any, batch_size: int, **options: Any) -> DataLoader:
    """A DataLoader as it is, a dataset in one. Raises TypeError for Tensors that are no dataset yet."""
    if isinstance(data, tuple | list) and data and all(isinstance(part, Tensor) for part in data):
        raise TypeError(f"training expects a dataset or a DataLoader, got {len(data)} Tensors: use TensorDataset(x, y)")
    return data if isinstance(data, DataLoader) else DataLoader(data, batch_size, **options)


def pair(batch: Any) -> tuple[Tensor, Tensor]:
    """A batch as inputs and targets. Raises ValueError where it is something else, or empty."""
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        kind = f"{len(batch)} items" if isinstance(batch, tuple | list) else f"a {type(batch).__name__}"
        raise ValueError(f"training expects batches of (inputs, targets), got {kind}")
    if len(batch[0]) == 0 or len(batch[0]) != len(batch[1]):
        raise ValueError(f"training expects as many targets as inputs, got {len(batch[0])} and {len(batch[1])}")
    return batch[0], batch[1]


@contextmanager
def training_mode(model: Module, training: bool) -> Iterator[None]:
    """Put a model into training or evaluation mode, and every part of it back into its own mode afterwards."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before:
            module.training = was_training


def check_finite(model: Module, figures: Mapping[str, float], epoch: int, optimizer: Optimizer) -> None:
    """Raise FloatingPointError where an epoch's last step, which no further loss would show, has broken the model."""
    broken = [f"the parameter {name}" for name, p in model.named_parameters() if not np.all(np.isfinite(p.array))]
    if not math.isfinite(figures.get("validation_loss", 0.0)):
        broken.append("the validation loss")
    if broken:
        raise FloatingPointError(f"{broken[0]} is no longer finite after epoch {epoch}: {_advice(optimizer)}")


def learning_rate(optimizer: Optimizer) -> float:
    """The learning rate of the next step, in the optimizer's first group."""
    rate = optimizer.param_groups[0]["lr"]
    return float(rate(optimizer.steps) if callable(rate) else rate)


def _advice(optimizer: Optimizer) -> str:
    return f"try a smaller learning rate than {learning_rate(optimizer):g}, or clip=1.0 to shorten long gradients"


def epochs_since_best(history: Sequence[Mapping[str, float]]) -> int:
    """How many epochs ago the validation loss was lowest, for the first time."""
    losses = [row["validation_loss"] for row in history]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0


# Checkpoints

CONTENT = {"run", "model", "optimizer", "schedule", "generators", "extra"}


def save_checkpoint(
    file: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer,
    schedule: Any = None,
    *,
    generators: Sequence[Generator] = (default_generator,),
    **extra: Any,
) -> None:
    """Write all that a training run needs to go on to the bit into one file, whole or not at all.

    generators: those the run draws from, always in the same order; see `find_generators`. extra: what else to keep and
    get back, anything that `tinytorch.save` holds, such as epoch=3.
    """
    content = {
        "run": _describe(optimizer, schedule, generators),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": None if schedule is None else schedule.state_dict(),
        "generators": [generator.get_state() for generator in generators],
        "extra": extra,
    }
    save(content, file)


def load_checkpoint(
    file: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer,
    schedule: Any = None,
    *,
    generators: Sequence[Generator] = (default_generator,),
) -> dict[str, Any]:
    """Put model, optimizer, schedule and generators back to where `save_checkpoint` saw them, and return its extra.

    Raises ValueError, and changes nothing, where the file is damaged, or of another model, optimizer or schedule.
    """
    content = load(file)
    if not isinstance(content, dict) or content.keys() != CONTENT:
        raise ValueError(f"{file} is no checkpoint: it was not written by save_checkpoint or fit")
    run = _describe(optimizer, schedule, generators)
    if content["run"] != run:
        raise ValueError(f"{file} is the checkpoint of another run, with {content['run']}, where this one has {run}")

    before = copy_state(model)
    try:
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
    except (KeyError, RuntimeError, ValueError) as error:
        model.load_state_dict(before)
        raise ValueError(f"{file} is the checkpoint of another model: {error}") from error
    if schedule is not None:
        schedule.load_state_dict(content["schedule"])
    for generator, state in zip(generators, content["generators"], strict=True):
        generator.set_state(state)
    extra: dict[str, Any] = content["extra"]
    return extra


def copy_state(model: Module) -> dict[str, Tensor]:
    """The model's parameters and buffers as they are now, on memory of their own."""
    return {name: t.clone() for name, t in model.state_dict().items()}


def find_generators(*owners: Any) -> list[Generator]:
    """The random generators that decide a run, each once: the global one, and the `generator` of loaders, datasets,
    transforms and models, of what they are made of too."""
    found = [default_generator]
    waiting = list(owners)
    for owner in waiting:  # which grows as owners are opened
        if isinstance(owner, Compose):
            waiting += owner.transforms
        elif isinstance(owner, Module):
            waiting += owner.children()
        elif isinstance(owner, DataLoader | Subset):
            waiting.append(owner.dataset)
        own = getattr(owner, "generator", None)
        if isinstance(own, Generator) and all(own is not generator for generator in found):
            found.append(own)
    return found


def _describe(optimizer: Optimizer, schedule: Any, generators: Sequence[Generator]) -> str:
    named = "no schedule" if schedule is None else type(schedule).__name__
    return f"{type(optimizer).__name__}, {named} and {len(generators)} random generators"
