"""Right solutions in other styles than the library's: the checks must let them all pass."""
# ruff: noqa: F821 - the names are those of the library's file

import numpy as np


class products_and_powers:
    """powers, counts, and shapes compared by hand"""

    exercise = "05.1"

    def _reduce(loss, reduction):
        if reduction == "mean":
            return loss.sum() / loss.numel()
        if reduction == "sum":
            return loss.sum()
        return loss

    def mse_loss(input, target, reduction="mean"):
        if input.shape != target.shape:
            raise ValueError(f"shapes {input.shape} and {target.shape} differ")
        return _reduce((input - target) ** 2, reduction)

    def l1_loss(input, target, reduction="mean"):
        if input.shape != target.shape:
            raise ValueError(f"shapes {input.shape} and {target.shape} differ")
        difference = input - target
        return _reduce(difference.maximum(-difference), reduction)


class label_by_label:
    """a loop over the labels"""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        sizes = list(input.shape)
        classes = sizes.pop(class_axis(input))
        if list(target.shape) != sizes:
            raise ValueError(f"{name} expects labels of shape {sizes}, got {target.shape}")
        if not np.issubdtype(target.dtype, np.integer):
            raise ValueError(f"{name} expects integers")
        for label in target.array.flatten():
            if label != ignore_index and label not in range(classes):
                raise IndexError(f"{name} has no class {label}")
        return target.array


class example_by_example:
    """a loop over the examples"""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = [1.0] * classes if weight is None else list(weight.array)
        q, total = np.zeros(input.shape, input.dtype), 0.0
        if target.is_floating_point() and target.shape == input.shape:
            hot = np.moveaxis(target.array, axis, -1)
            total = hot.size / classes
            places = {place: None for place in np.ndindex(hot.shape[:-1])}
        else:
            labels = _checked_labels(name, input, target, ignore_index)
            places = {place: int(labels[place]) for place in np.ndindex(labels.shape)}
        for place, label in places.items():
            if label == ignore_index:
                continue
            if label is not None:
                total += per_class[label]
            for c in range(classes):
                share = float(c == label) if label is not None else hot[(*place, c)]
                where = (place[0], c, *place[1:]) if place or input.ndim > 1 else (c,)
                q[where] = per_class[c] * (share * (1 - label_smoothing) + label_smoothing / classes)
        return q, float(total)


class identity_rows:
    """one-hot rows from np.eye"""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        w = np.ones(classes) if weight is None else weight.array
        if target.is_floating_point() and target.shape == input.shape:
            q, total = np.moveaxis(target.array, axis, -1), input.array.size / classes
            counted = np.ones(q.shape[:-1])
        else:
            labels = _checked_labels(name, input, target, ignore_index)
            counted = (labels != ignore_index).astype(float)
            safe = np.where(labels == ignore_index, 0, labels)
            q, total = np.eye(classes)[safe], np.sum(w[safe] * counted)
        q = ((1 - label_smoothing) * q + label_smoothing / classes) * w * counted[..., None]
        return np.moveaxis(q, -1, axis).astype(input.dtype), total


class picked:
    """q reduced by hand, with if and return"""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        axis = 0 if input.ndim == 1 else 1
        losses = (-1 * input * Tensor(q)).sum(axis)
        if reduction == "none":
            return losses
        if reduction == "sum":
            return losses.sum()
        return losses.sum() * (1 / total)


class plain_formula:
    """log_softmax, times q, summed"""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        losses = -(input.log_softmax(axis) * q).sum(axis)
        if reduction == "mean":
            return losses.sum() / total
        return losses.sum() if reduction == "sum" else losses


class shifted_by_hand:
    """the shift and the logarithm of the sum written out"""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        shifted = input - np.max(input.array, axis=axis, keepdims=True)
        log_p = shifted - shifted.exp().sum(axis, keepdim=True).log()
        losses = (log_p * q).sum(axis) * -1
        return losses.sum() / total if reduction == "mean" else _reduce(losses, reduction)


class logsigmoids:
    """two logarithms of sigmoids"""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        if pos_weight is None:
            pos_weight = 1
        loss = -pos_weight * target * F.logsigmoid(input) - (1 - target) * F.logsigmoid(-input)
        if weight is not None:
            loss = weight * loss
        return _reduce(loss, reduction)


class maximum_and_absolute_value:
    """the form with max(x, 0) - x t + log(1 + exp(-|x|)), extended by the weight of the positives"""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        if input.shape != target.shape:
            raise ValueError("shapes differ")
        soft = (1 + (-input.abs()).exp()).log()
        below, above = (-input).maximum(0 * input) + soft, input.maximum(0 * input) + soft
        loss = target * below * (1 if pos_weight is None else pos_weight) + (1 - target) * above
        return _reduce(loss if weight is None else loss * weight, reduction)
