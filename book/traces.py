"""What the moving figures show, recorded from the library while the book is built. Each function gives plain data."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

import tinytorch as torch
from tinytorch import autograd, nn
from tinytorch._places import find_folder
from tinytorch.conv import fold, unfold

SEED_OF_SIGNALS = 7


def rounded(values: Any, digits: int = 3) -> Any:
    """Numbers as they are shown."""
    return np.round(np.asarray(values, np.float64), digits).tolist()


# A graph, forward and backward


def graph() -> dict[str, Any]:
    """One neuron and its squared error: every call with its value, its gradient, and what it sends to each input."""
    w, x, b, t = (
        torch.tensor(v, requires_grad=name in "wb") for name, v in zip("wxbt", (0.5, 2.0, -0.4, 1.0), strict=True)
    )
    product = w * x
    h = product + b
    y = h.tanh()
    e = y - t
    loss = e * e

    tensors = {"w": w, "x": x, "b": b, "t": t, "wx": product, "h": h, "y": y, "e": e, "L": loss}
    names = {id(tensor.source): name for name, tensor in tensors.items()}
    arrays = {id(tensor.array): name for name, tensor in tensors.items()}
    records = autograd.trace([loss.source])
    wanted = [tensor for tensor in tensors.values() if tensor.requires_grad]
    gradients = dict(zip(map(id, wanted), autograd.grad(loss, wanted, retain_graph=True), strict=True))

    steps = []
    for record in records:
        name = names[id(record)]
        g = gradients[id(tensors[name])].array
        sends = [
            {"to": arrays[id(array)], "gradient": None if source is None else rounded(way_back(g))}
            for array, source, way_back in zip(record.inputs, record.sources, record.vjps, strict=True)
        ]
        steps.append({"name": name, "op": record.name, "inputs": sends})
    nodes = {
        name: {"value": rounded(tensor.item()), "gradient": rounded(gradients[id(tensor)].item())}
        if tensor.requires_grad
        else {"value": rounded(tensor.item()), "gradient": None}
        for name, tensor in tensors.items()
    }
    return {"nodes": nodes, "calls": steps}


# Broadcasting, and its undoing


def broadcasting() -> list[dict[str, Any]]:
    """Sums of arrays of different shapes, the gradient that arrives, and what `unbroadcast` makes of it."""
    examples = []
    for left, right in (((2, 3), (3,)), ((3, 1), (1, 4)), ((2, 3), ()), ((2, 1), (2, 3))):
        a = torch.arange(1, 1 + int(np.prod(left))).reshape(left).float().requires_grad_()
        b = (10 * torch.arange(1, 1 + int(np.prod(right)))).reshape(right).float().requires_grad_()
        y = a + b
        g = (torch.arange(y.numel()) % 5 + 1).reshape(y.shape).float()
        y.backward(g)
        stretched = [np.broadcast_to(z.array, y.shape) for z in (a.detach(), b.detach())]
        examples.append(
            {
                "shapes": [list(a.shape), list(b.shape), list(y.shape)],
                "a": as_rows(a), "b": as_rows(b), "y": as_rows(y), "g": as_rows(g),
                "stretched": [rounded(z) for z in stretched],
                "ga": as_rows(a.grad), "gb": as_rows(b.grad),
            }
        )  # fmt: skip
    return examples


def as_rows(tensor: Any) -> list[list[float]]:
    """Any array of up to two axes as rows."""
    array = tensor.detach().numpy()
    return rounded(array.reshape((1,) * (2 - array.ndim) + array.shape))


# A convolution, unfolded


def convolution() -> dict[str, Any]:
    """An image of 5 x 5, its windows of 3 x 3 side by side, their product with a kernel, and the way back."""
    image = torch.tensor([[0, 0, 1, 0, 0], [0, 1, 2, 1, 0], [0, 1, 2, 1, 0], [0, 0, 2, 1, 0], [0, 0, 1, 2, 1]]).float()
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    geometry = {"kernel_size": (3, 3), "stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
    x = image.reshape(1, 1, 5, 5)
    columns = unfold(x.array, **geometry)[0].reshape(9, 9)
    y = nn.functional.conv2d(x, kernel.reshape(1, 1, 3, 3))
    g = torch.tensor([[1.0, 0, 2], [0, 1, 0], [-1, 0, 1]])
    dcolumns = np.outer(kernel.array.reshape(9), g.array.reshape(9))
    summed = []
    for windows in range(10):
        first = np.where(np.arange(9) < windows, dcolumns, 0)
        summed.append(rounded(fold(first.reshape(1, 3, 3, 3, 3, 1), size=(5, 5), **geometry)[0][0, 0]))
    x.requires_grad_()
    nn.functional.conv2d(x, kernel.reshape(1, 1, 3, 3)).backward(g.reshape(1, 1, 3, 3))
    return {
        "image": rounded(image), "kernel": rounded(kernel), "columns": rounded(columns), "output": rounded(y[0, 0]),
        "g": rounded(g), "dcolumns": rounded(dcolumns), "summed": summed, "dx": rounded(x.grad[0, 0]),
    }  # fmt: skip


# A training run


def training(epochs: int = 12) -> dict[str, Any]:
    """A small CNN on TinyDigits: loss, filters, and what it says about ten test images, before and after each epoch."""
    train, test = torch.datasets.tinydigits()
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 4 * 4, 10)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    images, labels = test.tensors
    shown = [int(np.flatnonzero(labels.array == digit)[0]) for digit in range(10)]  # the first of each digit

    def look() -> dict[str, Any]:
        with torch.no_grad():
            probabilities = model(images[shown]).softmax(1)
        seen, known = torch.evaluate(model, test), torch.evaluate(model, train)
        return {
            "loss": rounded(known["loss"]), "test_loss": rounded(seen["loss"]), "accuracy": rounded(seen["accuracy"]),
            "filters": rounded(model[0].weight.detach().numpy().reshape(8, 25), 2), "probabilities": rounded(probabilities, 3),
        }  # fmt: skip

    states = [look()]
    for _ in range(epochs):
        torch.fit(model, train, epochs=1, optimizer=optimizer, progress=False)
        states.append(look())
    pictures = rounded(images.array[shown].reshape(10, 64), 2)
    return {"states": states, "images": pictures, "labels": labels.array[shown].tolist()}


# How a signal of MNIST-1D is made


def signals(per_class: int = 2) -> dict[str, Any]:
    """Every stage of `make_dataset` for a few examples of each class, by the functions that make the data set."""
    make = _script("mnist1d", "create_mnist1d")
    usual = {name: one.default for name, one in inspect.signature(make.make_dataset).parameters.items()}
    (shortest, longest), moves, points = (usual[n] for n in ("padding", "max_translation", "final_seq_length"))
    length = usual["template_len"] + longest
    random = np.random.RandomState(SEED_OF_SIGNALS)
    examples = []
    for template in make.make_templates()["x"]:
        chance = make.draw(random, per_class, length, moves)
        silence = shortest + (chance["padding"] * (longest - shortest + 1)).astype(np.int64)
        stages = [np.tile(template, (per_class, 1))]
        stages.append(make.stretch(template, silence, length))
        stages.append(stages[-1] * (1 + usual["scale_coeff"] * (chance["scale"] - 0.5)))
        stages.append(make.rotate(stages[-1], chance["translation"]))
        noise = make.smooth(usual["corr_noise_scale"] * chance["correlated"])
        stages.append(np.where(stages[-1] != 0, stages[-1], noise))
        stages.append(stages[-1] + usual["iid_noise_scale"] * chance["independent"])
        tilt = usual["shear_scale"] * (chance["shear"] - 0.5)
        stages.append(stages[-1] - tilt * np.linspace(-0.5, 0.5, length))
        stages.append(make.resample(stages[-1], points))
        examples.append([[rounded(stage[i]) for stage in stages] for i in range(per_class)])
    names: Sequence[str] = (
        "The template: twelve points, drawn to resemble the digit.",
        f"Silence is put behind it, {shortest} to {longest} points, and the whole stretched to {length} points.",
        f"It is made up to {usual['scale_coeff'] / 2:.0%} taller or flatter.".replace("%", " %"),
        f"It moves right by up to {moves - 1} points; what leaves at the end comes in at the beginning.",
        "Smooth noise fills the silence: noise that looks as if it might mean something.",
        "A little noise is added to every point.",
        "The whole is tilted.",
        f"It is read off at {points} points. These numbers, brought to mean 0 and deviation 1, are what a network sees.",
    )
    return {"names": list(names), "examples": examples}


def _script(folder: str, name: str) -> ModuleType:
    """A script beside a data set, as a module."""
    specification = importlib.util.spec_from_file_location(name, find_folder("datasets") / folder / f"{name}.py")
    if specification is None or specification.loader is None:
        raise ImportError(f"there is no {name}.py beside the data set {folder}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
