"""What is run with all files of a student at once: probes, each of a little more of the library than the one before.

This text is sent to the worker; the judge runs the same with the library's own files for the expected answers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinytorch as torch
from tinytorch import nn


def expression(a: Any, b: Any, c: Any) -> dict[str, Any]:
    """Tensors in an expression, with broadcasting, a value used twice, and a reduction."""
    x, y, z = (torch.tensor(array, requires_grad=True) for array in (a, b, c))
    product = x * y + z
    value = (product * product / (y + 4.0) - x).sum()
    value.backward()
    return {"value": value.array, **{f"gradient {i}": _gradient(t) for i, t in enumerate((x, y, z))}}


def chain(x: Any, steps: int) -> dict[str, Any]:
    """A long text: one operation upon the other, deeper than Python's stack."""
    given = torch.tensor(x, requires_grad=True)
    value = given
    for _ in range(steps):
        value = value * 0.999 + 0.25
    value.sum().backward()
    return {"value": value.array, "gradient of x": _gradient(given)}


def network(x: Any, g: Any, first: Any, second: Any) -> dict[str, Any]:
    """A network of two layers, there and back."""
    model = _network(first, second)
    given = torch.tensor(x, requires_grad=True)
    output = model(given)
    output.backward(torch.tensor(g))
    return {"output": output.array, "gradient of x": _gradient(given), **_gradients(model)}


def classifier(x: Any, labels: Any, first: Any, second: Any) -> dict[str, Any]:
    """The loss of a classifier and its gradients."""
    model = _network(first, second)
    loss = nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(labels))
    loss.backward()
    return {"loss": loss.array, **_gradients(model)}


def learner(x: Any, labels: Any, first: Any, second: Any) -> dict[str, Any]:
    """Five steps of Adam."""
    model = _network(first, second)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(labels))
        loss.backward()
        optimizer.step()
        losses.append(loss.array)
    return {"losses": np.stack(losses), "weight": model[0].weight.array}


def epochs(x: Any, labels: Any, first: Any, second: Any) -> dict[str, Any]:
    """Two epochs of `fit` over batches, and the accuracy."""
    model = _network(first, second)
    data = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(labels))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    torch.fit(model, loader, epochs=2, optimizer=optimizer, progress=None)
    return {"weight": model[0].weight.array, "accuracy": float(torch.evaluate(model, data)["accuracy"])}


def images(x: Any, g: Any, weight: Any) -> dict[str, Any]:
    """A convolution and a pooling, there and back."""
    convolution = _filled(nn.Conv2d(x.shape[1], len(weight), weight.shape[-1], padding=1, bias=False), weight)
    model = nn.Sequential(convolution, nn.ReLU(), nn.MaxPool2d(2))
    given = torch.tensor(x, requires_grad=True)
    output = model(given)
    output.backward(torch.tensor(g))
    return {"output": output.array, "gradient of x": _gradient(given), **_gradients(model)}


def normalized(x: Any, first: Any, second: Any) -> dict[str, Any]:
    """A network with batch norm, in training and then in use."""
    model = nn.Sequential(_network(first, second)[0], nn.BatchNorm1d(len(first)).to(torch.float64), nn.ReLU())
    given = torch.tensor(x, requires_grad=True)
    trained = model(given)
    trained.sum().backward()
    model.eval()
    return {"trained": trained.array, "used": model(given).array, "gradient of x": _gradient(given)}


def sequences(x: Any, weights: Any) -> dict[str, Any]:
    """A GRU over a sequence, there and back."""
    gru = _filled(nn.GRU(x.shape[-1], len(weights[0]) // 3, batch_first=True), *weights)
    output, last = gru(torch.tensor(x))
    output.sum().backward()
    return {"output": output.array, "last": last.array, **_gradients(gru)}


def _network(first: Any, second: Any) -> Any:
    (hidden, inputs), outputs = first.shape, len(second)
    layers = (
        _filled(nn.Linear(inputs, hidden, bias=False), first),
        _filled(nn.Linear(hidden, outputs, bias=False), second),
    )
    return nn.Sequential(layers[0], nn.Tanh(), layers[1])


def _filled(layer: Any, *weights: Any) -> Any:
    """A layer with these numbers for its weights, in float64."""
    layer.to(torch.float64)
    for parameter, weight in zip(layer.parameters(), weights, strict=True):
        parameter.array[...] = weight
    return layer


def _gradients(model: Any) -> dict[str, Any]:
    return {f"gradient of {name}": _gradient(parameter) for name, parameter in model.named_parameters()}


def _gradient(tensor: Any) -> Any:
    return tensor.grad.array
