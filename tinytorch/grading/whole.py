"""The whole: a student's files run together, with none of the library's for these modules, against the library's own numbers.

Each check is named for the last module that it stands on, and is worth POINTS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tinytorch.course.checks import Case, Check, Checks, case, copied, difference
from tinytorch.course.drawing import Draw
from tinytorch.grading import scenarios

POINTS = 5
PROBES = Path(scenarios.__file__).read_text(encoding="utf-8")

check = Checks()
Drawing = Callable[[Draw], Case]


@cache
def expected(case: Case) -> Any:
    """The library's own answer."""
    return getattr(scenarios, case.probe)(**copied(case.arguments))


def as_the_library(case: Case, answer: Any) -> str | None:
    """What is wrong with an answer that should be the library's."""
    found = difference(answer, expected(case))
    if found is None:
        return None
    return f"the {found.where} {found.what}" if found.where else f"the answer {found.what}"


def part(number: str, count: int = 3) -> Callable[[Drawing], Drawing]:
    """A check of all modules up to one."""
    added: Callable[[Drawing], Drawing] = check(number, count=count, judge=as_the_library)
    return added


def _weights(draw: Draw) -> dict[str, Any]:
    return {"first": draw.array((4, 3), -1, 1), "second": draw.array((2, 4), -1, 1)}


@part("03")
def expression(draw: Draw) -> Case:
    """an expression of Tensors and its gradients"""
    shape = draw.shape(1, 2)
    a, b, c = draw.array(shape), draw.positive(draw.partner(shape)), draw.array(shape[-1:])
    return case("expression", "((a * b + c) ** 2 / (b + 4) - a).sum().backward()", a=a, b=b, c=c)


@part("03", count=1)
def chain(draw: Draw) -> Case:
    """ten thousand operations in a row, there and back"""
    return case("chain", "for _ in range(5000): x = x * 0.999 + 0.25", x=draw.array((2,)), steps=5000)


@part("04")
def network(draw: Draw) -> Case:
    """a network of two layers and its gradients"""
    x, g = draw.array((3, 3)), draw.array((3, 2))
    return case("network", "Sequential(Linear(3, 4), Tanh(), Linear(4, 2))(x).backward(g)", x=x, g=g, **_weights(draw))


@part("05")
def classifier(draw: Draw) -> Case:
    """a classifier's loss and its gradients"""
    x, labels = draw.array((4, 3)), draw.integers((4,), 0, 1)
    return case("classifier", "cross_entropy(model(x), labels).backward()", x=x, labels=labels, **_weights(draw))


@part("06")
def learner(draw: Draw) -> Case:
    """five steps of Adam"""
    x, labels = draw.array((6, 3)), draw.integers((6,), 0, 1)
    return case("learner", "optimizer.step(), five times", x=x, labels=labels, **_weights(draw))


@part("08")
def epochs(draw: Draw) -> Case:
    """two epochs of training and the accuracy"""
    x, labels = draw.array((10, 3)), draw.integers((10,), 0, 1)
    return case("epochs", "fit(model, loader, epochs=2, optimizer=SGD(...))", x=x, labels=labels, **_weights(draw))


@part("10")
def images(draw: Draw) -> Case:
    """a convolution and a pooling, and their gradients"""
    x, g, weight = draw.distinct((2, 2, 4, 4)), draw.array((2, 3, 2, 2)), draw.array((3, 2, 3, 3), -1, 1)
    return case("images", "MaxPool2d(2)(relu(Conv2d(2, 3, 3, padding=1)(x))).backward(g)", x=x, g=g, weight=weight)


@part("11")
def normalized(draw: Draw) -> Case:
    """a network with batch norm, trained and used"""
    return case("normalized", "Sequential(Linear, BatchNorm1d, ReLU)(x)", x=draw.array((5, 3)), **_weights(draw))


@part("12")
def sequences(draw: Draw) -> Case:
    """a GRU over a sequence, and its gradients"""
    weights = [draw.array(shape, -1, 1) for shape in ((6, 3), (6, 2), (6,), (6,))]
    return case("sequences", "GRU(3, 2, batch_first=True)(x)", x=draw.array((2, 4, 3)), weights=weights)


def parts(modules: tuple[str, ...]) -> list[Check]:
    """The checks whose last module is one of these: what ran on the library's files alone would earn points for nothing."""
    return [one for one in check if one.exercise in modules]
