"""What is called in module 08, beside the learner's code: small models on a few rows of data."""

import os
import tempfile
from contextlib import contextmanager

import numpy as np

from tinytorch import training
from tinytorch.autograd import is_grad_enabled, no_grad
from tinytorch.course.probing import Wrong, raised
from tinytorch.creation import Generator
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.layers import Linear, Module, Sequential
from tinytorch.losses import cross_entropy, mse_loss
from tinytorch.optimizers import SGD, Adam
from tinytorch.regularization import BatchNorm1d
from tinytorch.schedules import ReduceLROnPlateau, StepLR
from tinytorch.tensor import Tensor


def filled(layer, weight):
    """A Linear layer with this weight and no bias."""
    with no_grad():
        layer = layer.double() if weight.dtype == np.float64 else layer
        layer.weight.copy_(weight)
    return layer


def linear(weight):
    """A Linear layer of a weight (out, in)."""
    outputs, inputs = weight.shape
    return filled(Linear(inputs, outputs, bias=False), weight)


def rows(x, y):
    """A dataset."""
    return TensorDataset(Tensor(x), Tensor(y))


def a_dict(value, name):
    """The figures by name that a function must return, as Python's numbers."""
    if not isinstance(value, dict):
        raise Wrong(f"{name} must return a dict of figures by name, but it returned {value!r:.80}")
    return {key: plain(figure) for key, figure in value.items()}


def plain(figure):
    """A figure; a Tensor or one of NumPy's numbers is none."""
    return figure if isinstance(figure, (int, float)) and not isinstance(figure, np.generic) else repr(type(figure))


METRICS = {
    "largest": lambda output, target: float(output.array.max()),
    "labels": lambda output, target: float(target.array.mean()),
}
LOSSES = {"cross_entropy": cross_entropy, "mse_loss": mse_loss}


def refusal(function, *args, **kwargs):
    """What a call raises."""
    return {"exception raised": raised(function, *args, **kwargs)}


# 08.1, 08.2 Figures


def accuracy(output, target):
    """The fraction of right answers."""
    value = training.accuracy(Tensor(output), Tensor(target))
    return float(value) if isinstance(value, np.floating) else value


def accuracy_refuses(output, target):
    """What is raised for shapes that do not go together."""
    return refusal(training.accuracy, Tensor(output), Tensor(target))


def means(batches):
    """The means after each of several batches."""
    running = training.Means()
    seen = {}
    for i, (n, values) in enumerate(batches, 1):
        running.add(n, values)
        seen |= {f"{name} after batch {i}": value for name, value in a_dict(running.values(), "values").items()}
    return seen


def no_means():
    """The means of nothing."""
    return training.Means().values()


# 08.3 Modes


def modes_of(model, when):
    """Whether each part is in training."""
    return {f"mode of part {i} {when}": module.training for i, module in enumerate(model.modules(), 1)}


def moods(modes, wanted, fails):
    """The modes of all parts of a model before, within and after a block."""
    model = Sequential(Linear(1, 1), Sequential(Linear(1, 1)))
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    seen = {}

    def block():
        with training.training_mode(model, wanted):
            seen.update(modes_of(model, "within"))
            if fails:
                raise KeyError("a fault within the block")

    error = raised(block)
    return {**seen, "exception that goes on": error, **modes_of(model, "afterwards")}


# 08.4 An epoch


def epoch(
    x, y, weight, batch_size, loss="cross_entropy", momentum=0.0, clip=None, schedule=False, metrics=None, twice=False
):
    """What an epoch returns, and the weight after it."""
    model = linear(weight)
    optimizer = SGD(model.parameters(), lr=0.25, momentum=momentum)
    options = {
        "schedule": StepLR(optimizer, step_size=1, gamma=0.5) if schedule else None,
        "transform": (lambda x: 2 * x) if twice else None,
        "clip": clip,
        "metrics": None if metrics is None else {name: METRICS[name] for name in metrics},
    }
    figures = training.train_epoch(model, DataLoader(rows(x, y), batch_size), optimizer, LOSSES[loss], **options)
    return {"weight": model.weight.array, **a_dict(figures, "train_epoch")}


# 08.5 Evaluation


class Moody(Module):
    """A model that answers otherwise in training, and notes how it was asked."""

    def __init__(self, weight):
        self.inner = linear(weight)
        self.recorded = []

    def forward(self, x):
        self.recorded.append(is_grad_enabled())
        return self.inner(x) * 2 if self.training else self.inner(x)


def evaluated(x, y, weight, batch_size, loader=False, metrics=None):
    """The figures of a dataset."""
    data = DataLoader(rows(x, y), 2) if loader else rows(x, y)
    chosen = None if metrics is None else {name: METRICS[name] for name in metrics}
    return a_dict(training.evaluate(linear(weight), data, batch_size=batch_size, metrics=chosen), "evaluate")


def looked_at(x, y, weight, modes):
    """How a model was asked, and how it is left."""
    model = Moody(weight)
    model.training, model.inner.training = modes
    figures = a_dict(training.evaluate(model, rows(x, y), batch_size=2), "evaluate")
    return {
        **figures,
        **{f"is_grad_enabled() in batch {i}": recorded for i, recorded in enumerate(model.recorded, 1)},
        "mode of the model afterwards": model.training,
        "mode of its part afterwards": model.inner.training,
    }


def nothing_to_evaluate(weight):
    """What is raised for a dataset without rows."""
    empty = TensorDataset(Tensor(np.zeros((0, weight.shape[1]))), Tensor(np.zeros(0, np.int64)))
    return refusal(training.evaluate, linear(weight), empty)


# 08.6 The best so far


def since_best(losses):
    """How many epochs ago the best one was."""
    history = [{"loss": -float(i), "validation_loss": loss} for i, loss in enumerate(losses)]
    return training.epochs_since_best(history)


def copied_state(weight):
    """What a copy holds after the model has gone on."""
    model = Sequential(linear(weight), BatchNorm1d(weight.shape[0]))
    state = training.copy_state(model)
    if not isinstance(state, dict):
        raise Wrong(f"copy_state must return a dict, but it returned a {type(state).__name__}")
    with no_grad():
        for tensor in model.state_dict().values():
            tensor.add_(1)
    answer = {name: state[name].array for name in sorted(state)}
    model.load_state_dict(state)
    return {"state": answer, "loaded again": model[0].weight.array}


# 08.7 Checkpoints


def make(weight, optimizer, schedule):
    """A model, its optimizer and its schedule."""
    model = Sequential(linear(weight))
    parameters = list(model.parameters())
    made = SGD(parameters, lr=0.25, momentum=0.5) if optimizer == "SGD" else Adam(parameters, lr=0.25)
    return model, made, StepLR(made, step_size=2, gamma=0.5) if schedule else None


def take_steps(model, optimizer, schedule, generator, x, count):
    """A few steps on inputs with noise; returns the noise."""
    drawn = []
    for _ in range(count):
        noise = generator.numpy.standard_normal()
        drawn.append(float(noise))
        optimizer.zero_grad()
        (model(Tensor(x + noise)) ** 2).mean().backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return drawn


@contextmanager
def a_file():
    """The name of a file in a folder that vanishes."""
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "checkpoint.npz")


def resumed(x, weight, optimizer, schedule, steps):
    """A run that was stopped and taken up again by another process, as it were."""
    with a_file() as file:
        generator = Generator().manual_seed(1)
        run = make(weight, optimizer, schedule)
        take_steps(*run, generator, x, steps)
        training.save_checkpoint(file, *run, generators=[generator], epoch=3, note="a word")
        take_steps(*run, generator, x, 1)  # the run goes on, the file stays as it is
        again = make(np.zeros_like(weight), optimizer, schedule)
        generator = Generator().manual_seed(2)
        extra = training.load_checkpoint(file, *again, generators=[generator])
    restored = again[0][0].weight.array.copy()
    noise = take_steps(*again, generator, x, 3)
    return {
        "weight as it is loaded": restored,
        "learning rate": float(again[1].param_groups[0]["lr"]),
        "random numbers": noise,
        "weight 3 steps later": again[0][0].weight.array,
        "extra": extra,
    }


def another_model(weight, other):
    """What is raised for the checkpoint of another model, and what is left of the model."""
    with a_file() as file:
        training.save_checkpoint(file, *make(weight, "SGD", False), generators=[])
        model, optimizer, _ = make(other, "SGD", False)
        error = raised(training.load_checkpoint, file, model, optimizer, generators=[])
    return {"exception raised": error, "weight": model[0].weight.array}


def no_checkpoint(weight):
    """What is raised for a file of something else."""
    model, optimizer, _ = make(weight, "SGD", False)
    with a_file() as file:
        training.save(model.state_dict(), file)
        return refusal(training.load_checkpoint, file, model, optimizer, generators=[])


# 08.8 fit


def without_time(history):
    """The rows of a history, without what differs from run to run."""
    if not isinstance(history, list):
        raise Wrong(f"fit must return a History, but it returned a {type(history).__name__}")
    if any("seconds" not in row for row in history):
        raise Wrong("each row of the history needs its seconds")
    rows = {
        f"row {i} of the history": {name: plain(value) for name, value in row.items() if name != "seconds"}
        for i, row in enumerate(history, 1)
    }
    return {"number of rows": len(history), **rows}


def fitted(x, y, weight, epochs, batch_size, validated, shuffled, plateau=False, mode=True):
    """The history of a run, and the weight after it."""
    model = Moody(weight)
    model.training = mode
    optimizer = SGD(model.parameters(), lr=0.25)
    data = rows(x, y)
    history = training.fit(
        model,
        data if shuffled else DataLoader(data, batch_size),
        epochs=epochs,
        optimizer=optimizer,
        batch_size=batch_size,
        validation=rows(-x, y) if validated else None,
        schedule=ReduceLROnPlateau(optimizer, patience=0) if plateau else None,
        generator=Generator().manual_seed(5),
        progress=False,
    )
    return {**without_time(history), "weight": model.inner.weight.array, "model.training": model.training}


def stopped(target, best, patience, epochs):
    """A run in which the validation loss falls, and then rises."""
    one = np.ones((2, 1))
    model = linear(np.zeros((1, 1)))
    history = training.fit(
        model,
        DataLoader(rows(one, target * one), 2),
        epochs=epochs,
        optimizer=SGD(model.parameters(), lr=0.1),
        loss=mse_loss,
        validation=rows(one, best * one),
        patience=patience,
        progress=False,
    )
    return {"epochs": len(history), "weight": float(model.weight.array[0, 0])}


class Interrupted(Exception):
    """Somebody stopped the run."""


def interrupted(x, y, weight, epochs, first, how):
    """A run that ended early, or was interrupted in its next epoch, and was taken up again."""
    with a_file() as file:

        def run(epochs, resume, stop_after=None):
            model = linear(weight)
            batches = [0]

            def transform(x):
                batches[0] += 1
                if stop_after is not None and batches[0] > stop_after:
                    raise Interrupted
                return x

            options = {"checkpoint": file, "resume": resume, "generator": Generator().manual_seed(7), "progress": False}
            optimizer = SGD(model.parameters(), lr=0.25, momentum=0.5)
            try:
                history = training.fit(
                    model, rows(x, y), epochs=epochs, optimizer=optimizer, batch_size=2, transform=transform, **options
                )
            except Interrupted:
                return None
            answer = {**without_time(history), "weight": model.weight.array}
            return {**answer, "batches that this run trained on": batches[0]}

        if how == "interrupted":
            run(epochs, False, first * -(-len(x) // 2))
        else:
            run(first, False)
        return run(epochs, True)


def diverged(x, y, weight):
    """What is raised when the numbers get out of hand."""
    model = linear(weight)
    optimizer = SGD(model.parameters(), lr=1e308)
    return refusal(training.fit, model, rows(x, y), epochs=1, optimizer=optimizer, batch_size=len(x), progress=False)
