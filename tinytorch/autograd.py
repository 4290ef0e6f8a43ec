"""02 Automatic differentiation: a graph of calls, walked backwards by the chain rule.

Every call of an op that a gradient may have to pass is kept as a Record: where its inputs came from, and how to send a
gradient back to each. `backpropagate` starts at the end with the gradient of the result with respect to itself, and
visits the records from the youngest to the oldest, because whatever used a value is younger than it.

This file knows neither the ops nor Tensor. A source is where a value came from: the Record of the call that made it, or the
leaf itself. Gradients are arrays, or Tensors when a graph of the gradient is asked for (`create_graph`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ContextDecorator
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from tinytorch import _lazy
from tinytorch.changes import changed_since, check_current, check_unchanged, clock

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)  # answers names of PyTorch that are not here with what is near

Gradient = Any  # a NumPy array, or a Tensor while the graph of a gradient is built
Source = Any  # a Record, or the leaf itself

_FREED = "backward went through this graph before and freed it: say retain_graph=True the first time to go twice"


class Record:
    """One call of an op: what went in, where it came from, and the way back to each input (None once it is freed).

    inputs: arrays and numbers; sources: for each the Record of the call that made it, the leaf that it belongs to, or None
    where no gradient is wanted.
    """

    __slots__ = ("inputs", "moment", "op", "params", "sources", "vjps")

    def __init__(
        self,
        op: Callable[..., Any],
        inputs: Sequence[Any],
        params: dict[str, Any],
        sources: Sequence[Source | None],
        vjps: Sequence[Callable[..., Any]] | None,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.sources = sources
        self.vjps = vjps
        self.moment = next(clock)

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def name(self) -> str:
        """The op, for messages."""
        return self.op.__name__

    def free(self) -> None:
        """Let go of everything the way back needed."""
        self.inputs = self.sources = ()
        self.params.clear()
        self.vjps = None


# What a user calls: from Tensors to gradients


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add to `grad` of every leaf (or of the inputs named) the gradient of the tensors, weighted by grad_tensors.

    tensors: a Tensor or several; grad_tensors: a gradient for each in its shape, needed unless it is a single number.
    Raises RuntimeError where a tensor does not require grad, a gradient is missing or has another shape, or the graph
    was freed by an earlier backward.
    """
    if inputs is None:
        for leaf, gradient in _gradients(tensors, grad_tensors, None, retain_graph, create_graph).items():
            leaf.accumulate(gradient)
        return
    named = {x.source: x for x in _several(inputs)}
    if not all(x.requires_grad for x in named.values()):
        raise RuntimeError("backward asks for the gradient of an input which does not require grad")
    for source, gradient in _gradients(tensors, grad_tensors, list(named), retain_graph, create_graph).items():
        named[source].accumulate(gradient)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the outputs for the inputs, as a tuple of Tensors; `grad` of no Tensor is touched.

    With `create_graph` they can be differentiated again. `only_inputs` is a word of older scripts and changes nothing.
    Raises RuntimeError where an input does not require grad, or did not contribute to the outputs (`allow_unused` gives
    None for it).
    """
    inputs = _several(inputs)
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(f"autograd.grad asks for the gradient of input {i}, which does not require grad")
    targets = [x.source for x in inputs]
    arrived = _gradients(outputs, grad_outputs, targets, retain_graph, create_graph)
    for i, target in enumerate(targets):
        if target not in arrived and not allow_unused:
            raise RuntimeError(
                f"autograd.grad: input {i} has no part in the outputs (or its graph was freed): allow_unused=True gives None"
            )
    gradients = [arrived.get(target) for target in targets]
    return tuple(g if g is None else x.as_gradient(g) for x, g in zip(inputs, gradients, strict=True))


def _several(tensors: Any) -> Sequence[Any]:
    return tensors if isinstance(tensors, (tuple, list)) else (tensors,)


def _gradients(
    outputs: Any, seeds: Any, targets: Sequence[Source] | None, retain_graph: bool | None, create_graph: bool
) -> dict[Source, Gradient]:
    """`backpropagate` from Tensors, each gradient in memory that nothing else uses."""
    outputs = _several(outputs)
    seeds = (None,) * len(outputs) if seeds is None else _several(seeds)
    if len(seeds) != len(outputs):
        raise RuntimeError(f"backward from {len(outputs)} Tensors needs a gradient for each, got {len(seeds)}")
    sources, start, taken = [], [], set()
    for output, seed in zip(outputs, seeds, strict=True):
        gradient = _seed(output, seed)
        sources.append(output.source)
        start.append(gradient if create_graph else gradient.array)
        taken.add(id(gradient.array))
    if create_graph:
        with enable_grad():
            arrived = backpropagate(sources, start, targets, retain_graph=retain_graph is not False, create_graph=True)
            return {source: _unshared(outputs[0].as_gradient(g), taken) for source, g in arrived.items()}
    arrived = backpropagate(sources, start, targets, retain_graph=bool(retain_graph))
    for source, gradient in arrived.items():
        if gradient.base is not None or id(gradient) in taken:
            arrived[source] = np.array(gradient)
        taken.add(id(gradient))
    return arrived


def _unshared(gradient: Any, taken: set[int]) -> Any:
    """A Tensor, or a clone of it where its memory is a view of another's or among those `taken` already."""
    own = gradient if gradient.array.base is None and id(gradient.array) not in taken else gradient.clone()
    taken.add(id(own.array))
    return own


def _seed(output: Any, gradient: Any) -> Any:
    """The gradient to start from at an output, a Tensor: what was given or, for a single number, one."""
    if not output.requires_grad:
        raise RuntimeError("backward starts from a Tensor that requires grad, and this one does not: nothing led to it")
    record = output.grad_fn
    if record is not None and changed_since(record.moment):
        check_current(record, output.array)
    if gradient is None:
        if output.array.size != 1:
            raise RuntimeError(
                f"backward from a Tensor of shape {output.shape} needs a gradient of that shape; only a single number has one"
            )
        return output.as_gradient(np.array(1, output.array.dtype).reshape(output.array.shape))
    if not hasattr(gradient, "requires_grad"):
        raise TypeError(f"backward takes a Tensor for a gradient to start from, got {type(gradient).__name__}")
    if gradient.shape != output.shape:
        raise RuntimeError(f"backward from a Tensor of shape {output.shape} got a gradient of shape {gradient.shape}")
    return gradient.to(output.dtype)


# The chain rule


def backpropagate(
    outputs: Sequence[Source],
    gradients: Sequence[Gradient],
    targets: Sequence[Source] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Source, Gradient]:
    """Send the gradients of the outputs back through the graph.

    Returns {source: gradient} for the targets that a gradient reached; without targets, for the leaves.
    With `create_graph` the gradients are Tensors and know how they came about. Griewank and Walther (2008), section 3.2.
    """
    records = trace(outputs, since=oldest(targets))
    needed = None if targets is None else leading_to(targets, records)
    asked_for = set(targets or ())
    arrived: dict[Source, Gradient] = {}
    for source, gradient in zip(outputs, gradients, strict=True):
        arrived[source] = arrived[source] + gradient if source in arrived else gradient

    any_change = bool(records) and changed_since(records[0].moment)
    for record in reversed(records):
        sources = record.sources
        if needed is not None:
            if record not in needed:
                continue
            sources = [s if s in needed else None for s in sources]
        gradient = arrived[record] if record in asked_for else arrived.pop(record)
        if any_change:
            check_unchanged(record, needed_of(record, sources, create_graph), sources)
        vjps = record.vjps
        if create_graph or vjps is None or len(vjps) != len(sources):
            vjps = ways_back(record, gradient, sources, create_graph)
        for source, x, vjp in zip(sources, record.inputs, vjps, strict=True):
            if source is not None:
                back = vjp(gradient)
                if type(back) is not np.ndarray or back.shape != x.shape or back.dtype is not x.dtype:
                    back = fit(back, x, record)
                arrived[source] = arrived[source] + back if source in arrived else back
        if not retain_graph:
            record.free()
    if targets is None or needed is None:
        return arrived
    if not asked_for <= arrived.keys() and any(r.vjps is None and r not in needed for r in records):
        raise RuntimeError(_FREED)  # what was freed may have led to the targets that no gradient reached
    return {target: arrived[target] for target in asked_for if target in arrived}


def ways_back(
    record: Record, gradient: Gradient, sources: Sequence[Source | None], create_graph: bool
) -> Sequence[Callable[[Gradient], Gradient]]:
    """A function for each input of a call that sends the gradient back: those that the call left behind or, for a graph
    of the gradient, the same formulas on Tensors, which the op gives when it is run on its inputs once more."""
    vjps = record.vjps
    if vjps is None:
        raise RuntimeError(_FREED)
    if create_graph and replayed(record):
        if hasattr(record.op, "differentiable_once"):
            raise RuntimeError(
                f"{record.name} can be differentiated only once, but create_graph=True asks for the graph of its gradient"
            )
        inputs = [gradient.restored(x, s) for x, s in zip(record.inputs, record.sources, strict=True)]
        vjps = record.op(*inputs, **record.params)[1:]
    if len(vjps) == len(sources):
        return vjps
    if len(vjps) != 1:
        raise RuntimeError(f"{record.name} gave {len(vjps)} ways back for {len(sources)} inputs")
    backs = vjps[0](gradient, [source is not None for source in sources])
    return [partial(_kept, back) for back in backs]


def _kept(back: Gradient, _: Gradient) -> Gradient:
    """A gradient that a shared way back has given already."""
    return back


def needed_of(record: Record, sources: Sequence[Source | None], create_graph: bool) -> Sequence[Any]:
    """What of a call its ways back to the sources look at: themselves or, where the op runs again, all that went in."""
    if create_graph and replayed(record):
        return [*record.inputs, *record.params.values()]
    vjps = record.vjps or ()
    return [vjp for i, vjp in enumerate(vjps) if len(vjps) == 1 or sources[i] is not None]


def trace(outputs: Iterable[Source], since: int = 0) -> list[Record]:
    """The records younger than `since` that the outputs depend on, oldest first.

    The order in which calls were made is a topological order. A loop, not a recursion: graphs are deeper than stacks.
    """
    found = {source for source in outputs if type(source) is Record and source.moment > since}
    waiting = list(found)
    while waiting:
        for source in waiting.pop().sources:
            if type(source) is Record and source not in found and source.moment > since:
                found.add(source)
                waiting.append(source)
    return sorted(found, key=attrgetter("moment"))


def oldest(targets: Sequence[Source] | None) -> int:
    """The moment before which no record can lead to a target: 0 where a target is a leaf."""
    return min(t.moment if isinstance(t, Record) else 0 for t in targets) if targets else 0


def leading_to(targets: Iterable[Source], records: Iterable[Record]) -> set[Source]:
    """The targets and all the records, given oldest first, that a gradient passes on its way to them."""
    needed = set(targets)
    for record in records:
        if not needed.isdisjoint(record.sources):
            needed.add(record)
    return needed


def replayed(record: Record) -> bool:
    """Whether an op must run on Tensors for the graph of a gradient: where its way back looks at its inputs."""
    return not hasattr(record.op, "linear_in_inputs")


def fit(gradient: Gradient, like: np.ndarray, record: Record) -> Gradient:
    """A gradient in the shape and the data type of the input that it belongs to."""
    if not hasattr(gradient, "shape"):
        raise RuntimeError(f"{record.name} gave {gradient!r} for the gradient of an input of shape {like.shape}")
    if gradient.shape != like.shape:
        gradient = unbroadcast(gradient, like.shape, record.name)
    if gradient.dtype != like.dtype:
        gradient = (
            gradient.astype(like.dtype) if isinstance(gradient, (np.ndarray, np.generic)) else gradient.to(like.dtype)
        )
    return gradient


def unbroadcast(gradient: Gradient, shape: tuple[int, ...], name: str = "unbroadcast") -> Gradient:
    """Undo broadcasting: an element that was used in many places gets the sum of their gradients.

    gradient (..., n, m) -> shape, which broadcasts to the gradient's own. Raises RuntimeError where it does not.
    """
    added = gradient.ndim - len(shape)
    stretched = tuple(
        axis for axis, n in enumerate(gradient.shape) if axis < added or (shape[axis - added] == 1 and n != 1)
    )
    summed = np.add.reduce(gradient, axis=stretched, keepdims=True) if stretched else gradient
    if added < 0 or summed.shape[added:] != shape:
        raise RuntimeError(f"{name} gave a gradient of shape {gradient.shape} for an input of shape {shape}")
    return np.reshape(summed, shape)


# Whether calls are recorded


class _Mode(threading.local):
    def __init__(self) -> None:
        self.recording = True
        self.before: list[bool] = []  # what to go back to, innermost last


_mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether calls are recorded in this thread."""
    return _mode.recording


class _Recording(ContextDecorator):
    """Turns recording on or off for a `with` block or for the calls of a function; uses may be nested."""

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)

    def __enter__(self) -> None:
        _mode.before.append(_mode.recording)
        _mode.recording = self._mode

    def __exit__(self, *error: object) -> None:
        _mode.recording = _mode.before.pop()


class no_grad(_Recording):
    """Do not record: `with no_grad():`, or `@no_grad()` above a function, with the brackets or without."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(False)


class enable_grad(_Recording):
    """Record again, within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)


class set_grad_enabled(_Recording):
    """Record, or do not, from here on; used in a `with` or above a function, only there."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self._at_first = _mode.recording
        _mode.recording = self._mode

    def __enter__(self) -> None:
        _mode.before.append(self._at_first)
        _mode.recording = self._mode

    def __call__(self, function: Any) -> Any:
        _mode.recording = self._at_first
        return _Recording(self._mode)(function)
