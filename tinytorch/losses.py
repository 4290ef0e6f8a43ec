"""05 Losses: one number for how far a network's answer is from the right one.

Each is a function, and a Module around it. `reduction` is "mean" over the batch, "sum", or "none" for a loss per example.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch import functional as F
from tinytorch import kernels, ops
from tinytorch.dtypes import int64
from tinytorch.layers import Module
from tinytorch.tensor import Tensor, apply


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    """The mean, the sum, or the losses as they are."""
    _check_reduction(reduction)
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


def _check_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"a loss has the reductions 'mean', 'sum' and 'none', not {reduction!r}")


def _check_tensors(name: str, input: Tensor, target: Tensor) -> None:
    for what, value in (("input", input), ("target", target)):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{name} expects a Tensor as its {what}, got {type(value).__name__}: make it one with tensor()"
            )


def _check_shapes(name: str, input: Tensor, target: Tensor) -> None:
    _check_tensors(name, input, target)
    if input.shape != target.shape:
        raise ValueError(f"{name} expects input and target of one shape, got {input.shape} and {target.shape}")
    _check_batch(name, input)


def _check_batch(name: str, input: Tensor) -> None:
    if not input.array.size:
        raise ValueError(f"{name} expects at least one example, got an empty batch of shape {input.shape}")


def _check_counted(name: str, total: float, reduction: str) -> None:
    if reduction == "mean" and not total:
        raise ValueError(f"{name} has nothing to average: every label is ignored, or its class has weight 0")


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2. Raises ValueError where the shapes differ or the batch is empty."""
    _check_shapes("mse_loss", input, target)
    if reduction == "mean":
        return apply(ops.mse, input, target)
    return _reduce((input - target).square(), reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|. Raises ValueError where the shapes differ or the batch is empty."""
    _check_shapes("l1_loss", input, target)
    return _reduce((input - target).abs(), reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target]: how surprised the network is by the right class.

    input: logits (N, C), (C,) or (N, C, ...); target: labels (N,), (), (N, ...) of integers, or probabilities in the shape
    of the input. weight (C,) counts classes differently; examples labelled ignore_index do not count; label_smoothing
    mixes the target with the uniform distribution (Szegedy et al., 2016, section 7). The mean divides by the weights that
    count. Raises IndexError for a label out of range, ValueError for other shapes, an empty batch, and a mean of nothing.
    """
    plain = reduction == "mean" and weight is None and ignore_index < 0
    smooth = isinstance(label_smoothing, (float, int)) and 0 <= label_smoothing <= 1
    if plain and smooth and _are_labels(input, target):
        return apply(kernels.cross_entropy, input, labels=target.array, smoothing=float(label_smoothing))
    _check_reduction(reduction)
    _check_tensors("cross_entropy", input, target)
    q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
    _check_counted("cross_entropy", total, reduction)
    axis = class_axis(input)
    if reduction == "none":
        log_p = input.log_softmax(axis)
        impossible = (log_p == -math.inf) & (q == 0)  # -inf * 0 would be nan
        losses: Tensor = -(F.where(impossible, 0.0, log_p) * q).sum(axis)
        return losses
    return apply(ops.soft_cross_entropy, input, q / total if reduction == "mean" else q, axis=axis)


def _are_labels(input: Tensor, target: Tensor) -> bool:
    """Whether the target is plainly a label in range for each row of logits (N, C), as it nearly always is."""
    if type(input) is not Tensor or type(target) is not Tensor:
        return False
    shape, labels = input.array.shape, target.array
    if len(shape) != 2 or labels.shape != shape[:1] or not len(labels) or labels.dtype is not int64:
        return False
    unsigned = labels.view(np.uint64)  # where negative labels are very large
    return bool(unsigned.item(unsigned.argmax()) < shape[1])  # of few numbers, three times as fast as their maximum


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """-input[target] from log-probabilities (N, C): what cross_entropy is after log_softmax. Raises as it does."""
    _check_reduction(reduction)
    _check_tensors("nll_loss", input, target)
    if target.is_floating_point():
        raise ValueError(f"nll_loss expects labels, which are integers, got a target of {target.dtype}")
    q, total = target_weights("nll_loss", input, target, weight, ignore_index)
    _check_counted("nll_loss", total, reduction)
    loss: Tensor = -(F.where(q == 0, 0.0, input) * q).sum(class_axis(input))
    return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


def class_axis(logits: Tensor) -> int:
    """Where the classes are: the second dimension of a batch, the only one of a single example."""
    return 1 if logits.ndim > 1 else 0


def target_weights(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> tuple[Any, float]:
    """How much each class of each example counts, in the shape of the logits, and what a mean divides by."""
    _check_batch(name, input)
    if not isinstance(label_smoothing, (float, int, np.floating)) or not 0 <= label_smoothing <= 1:
        raise ValueError(f"{name} expects a label_smoothing from 0 to 1, got {label_smoothing!r}")
    axis = class_axis(input)
    classes = input.shape[axis]
    per_class = np.ones(classes, input.dtype) if weight is None else weight.array.astype(input.dtype)
    if per_class.shape != (classes,):
        raise ValueError(f"{name} expects a weight for each of {classes} classes, got shape {per_class.shape}")
    along_classes = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
    if target.shape == input.shape and target.is_floating_point():
        smoothed = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
        return smoothed * along_classes, input.array.size / classes
    labels = _checked_labels(name, input, target, ignore_index)
    counted = labels != ignore_index
    flat = np.where(counted, labels, 0).reshape(-1)
    q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
    q[np.arange(flat.size), flat] += 1 - label_smoothing
    q *= per_class * counted.reshape(-1, 1)
    total = float((per_class[flat] * counted.reshape(-1)).sum())
    return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


def _checked_labels(name: str, input: Tensor, target: Tensor, ignore_index: int) -> np.ndarray:
    """The labels of a target that fit the logits."""
    axis = class_axis(input)
    expected = input.shape[:axis] + input.shape[axis + 1 :]
    if target.shape != expected:
        raise ValueError(
            f"{name} expects labels of shape {expected} for an input of shape {input.shape}, got {target.shape}"
        )
    if target.dtype.kind not in "iu":
        raise ValueError(
            f"{name} expects labels, which are integers, or probabilities {input.shape}, got {target.dtype}"
        )
    labels, classes = target.array, input.shape[axis]
    outside = (labels != ignore_index) & ((labels < 0) | (labels >= classes))
    if outside.any():
        first = labels[outside].flat[0]
        raise IndexError(f"{name} got the label {first}, but the input has {classes} classes, 0 to {classes - 1}")
    return labels


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) from logits x and targets t in [0, 1] of one shape, stably.

    weight multiplies every loss, pos_weight only the part of t. Raises ValueError where shapes differ or are empty.
    """
    _check_shapes("binary_cross_entropy_with_logits", input, target)
    positive = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    loss = (1 - target) * input + positive * F.softplus(-input)
    return _reduce(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-t log(p) - (1 - t) log(1 - p) from probabilities p and targets t in [0, 1] of one shape.

    No logarithm goes below -100. From logits, `binary_cross_entropy_with_logits` is more exact. weight multiplies every
    loss. Raises ValueError where shapes differ or are empty, RuntimeError for a number outside of [0, 1].
    """
    _check_shapes("binary_cross_entropy", input, target)
    for what, x in (("input", input), ("target", target)):
        if not ((x.array >= 0) & (x.array <= 1)).all():
            raise RuntimeError(f"binary_cross_entropy expects every {what} to be from 0 to 1, got {_outside(x)}")
    loss = apply(ops.binary_cross_entropy, input, target)
    weighted = loss if weight is None else loss * weight
    return _reduce(weighted, reduction)


def _outside(x: Tensor) -> Any:
    """The first element that is not from 0 to 1."""
    return x.array[~((x.array >= 0) & (x.array <= 1))].flat[0]


class MSELoss(Module):
    """The squared distance; see `mse_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """input and target of one shape -> a number."""
        return mse_loss(input, target, self.reduction)


class L1Loss(MSELoss):
    """The absolute distance; see `l1_loss`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """input and target of one shape -> a number."""
        return l1_loss(input, target, self.reduction)


class NLLLoss(Module):
    """The negative log-likelihood; see `nll_loss`."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Log-probabilities (N, C) and labels (N,) -> a number."""
        return nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(Module):
    """Cross-entropy from logits; see `cross_entropy`."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits (N, C) and labels (N,) or probabilities (N, C) -> a number."""
        return cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class BCELoss(Module):
    """Binary cross-entropy from probabilities; see `binary_cross_entropy`."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Probabilities and targets of one shape -> a number."""
        return binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(Module):
    """Binary cross-entropy from logits; see `binary_cross_entropy_with_logits`."""

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, reduction: str = "mean", pos_weight: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits and targets of one shape -> a number."""
        return binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)
