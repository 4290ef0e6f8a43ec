"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""
# ruff: noqa: F821 - the names are those of the library's file

import numpy as np

# 05.1 Distances


class sum_for_mean:
    """ "mean" adds up and does not divide: the step would then grow with the batch."""

    exercise = "05.1"

    def _reduce(loss, reduction):
        return loss if reduction == "none" else loss.sum()


class mean_for_sum:
    """ "sum" gives the mean: only "mean" divides by the count."""

    exercise = "05.1"

    def _reduce(loss, reduction):
        return loss if reduction == "none" else loss.mean()


class none_reduced:
    """ "none" is reduced like "mean": it leaves a loss for each element."""

    exercise = "05.1"

    def _reduce(loss, reduction):
        return loss.sum() if reduction == "sum" else loss.mean()


class rows_averaged:
    """the mean divides by the number of rows: it is over all elements."""

    exercise = "05.1"

    def _reduce(loss, reduction):
        if reduction == "none":
            return loss
        return loss.sum() / (len(loss) if loss.ndim else 1) if reduction == "mean" else loss.sum()


class half_square:
    """the square is halved: that is often done on paper, so that no factor 2 is in the gradient, but mse_loss is the square itself."""

    exercise = "05.1"

    def mse_loss(input, target, reduction="mean"):
        _check_shapes("mse_loss", input, target)
        return _reduce((input - target).square() / 2, reduction)


class root_of_the_mean:
    """the root of the mean is taken: mse_loss is the mean of the squares."""

    exercise = "05.1"

    def mse_loss(input, target, reduction="mean"):
        _check_shapes("mse_loss", input, target)
        return _reduce((input - target).square(), reduction).sqrt()


class reduction_ignored:
    """mse_loss always gives the mean, whatever reduction was asked for."""

    exercise = "05.1"

    def mse_loss(input, target, reduction="mean"):
        _check_shapes("mse_loss", input, target)
        return (input - target).square().mean()


class abs_forgotten:
    """l1_loss is without its absolute value: errors of both signs cancel."""

    exercise = "05.1"

    def l1_loss(input, target, reduction="mean"):
        _check_shapes("l1_loss", input, target)
        return _reduce(input - target, reduction)


class abs_after_reduction:
    """l1_loss takes the absolute value of the mean: of each element, before they are averaged, or errors of both signs cancel."""

    exercise = "05.1"

    def l1_loss(input, target, reduction="mean"):
        _check_shapes("l1_loss", input, target)
        return _reduce(input - target, reduction).abs()


class shapes_broadcast:
    """the shapes are not compared: (5, 1) and (5,) broadcast to (5, 5), every answer against every target."""

    exercise = "05.1"

    def mse_loss(input, target, reduction="mean"):
        return _reduce((input - target).square(), reduction)

    def l1_loss(input, target, reduction="mean"):
        return _reduce((input - target).abs(), reduction)


class target_detached:
    """the difference is taken with the target's array: no gradient comes back to the target."""

    exercise = "05.1"

    def mse_loss(input, target, reduction="mean"):
        _check_shapes("mse_loss", input, target)
        return _reduce((input - target.array).square(), reduction)


# 05.2 Labels that make sense


class negatives_pass:
    """labels below 0 pass: NumPy counts them from the end, so -1 would be the last class."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {expected}")
        labels = target.array
        if ((labels != ignore_index) & (labels >= input.shape[axis])).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class one_too_many:
    """a label equal to the number of classes passes: C classes are 0 to C - 1."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {expected}")
        labels = target.array
        if ((labels != ignore_index) & ((labels < 0) | (labels > input.shape[axis]))).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class counted_from_one:
    """classes are counted from 1: they are 0 to C - 1."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {expected}")
        labels = target.array
        if ((labels != ignore_index) & ((labels < 1) | (labels > input.shape[axis]))).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class ignored_refused:
    """ignore_index is refused as a label out of range: it marks what does not count, and may be any number."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        if target.shape != expected or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {expected}")
        labels = target.array
        if ((labels < 0) | (labels >= input.shape[axis])).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class value_error_always:
    """a label out of range raises ValueError: it is an index that does not exist, so IndexError says more."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        expected = input.shape[:axis] + input.shape[axis + 1 :]
        labels = target.array
        if target.shape != expected or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {expected}")
        if ((labels != ignore_index) & ((labels < 0) | (labels >= input.shape[axis]))).any():
            raise ValueError(f"{name} got a label out of range")
        return labels


class asserted:
    """`assert` looks after the labels: it raises AssertionError, which says nothing, and is left out by python -O."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        assert target.shape == input.shape[:axis] + input.shape[axis + 1 :]
        assert target.dtype.kind in "iu"
        labels = target.array
        assert ((labels == ignore_index) | ((labels >= 0) & (labels < input.shape[axis]))).all()
        return labels


class sizes_compared:
    """the number of labels is compared and not their shape: (3, 1) is not (3,), and would broadcast later."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        if target.array.size != input.array.size // input.shape[axis] or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects other labels")
        labels = target.array
        if ((labels != ignore_index) & ((labels < 0) | (labels >= input.shape[axis]))).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class last_axis_is_classes:
    """the classes are taken to be along the last axis: they are along class_axis(input), the second of a batch."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        if target.shape != input.shape[:-1] or target.dtype.kind not in "iu":
            raise ValueError(f"{name} expects integer labels {input.shape[:-1]}")
        labels = target.array
        if ((labels != ignore_index) & ((labels < 0) | (labels >= input.shape[-1]))).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


class floats_pass:
    """labels that are no integers pass: they cannot be used as an index."""

    exercise = "05.2"

    def _checked_labels(name, input, target, ignore_index):
        axis = class_axis(input)
        if target.shape != input.shape[:axis] + input.shape[axis + 1 :]:
            raise ValueError(f"{name} expects labels in another shape")
        labels = target.array.astype(np.int64)
        if ((labels != ignore_index) & ((labels < 0) | (labels >= input.shape[axis]))).any():
            raise IndexError(f"{name} got a label out of range")
        return labels


# 05.3 What each class should get


class even_share_for_others:
    """the even share is s / (C - 1), for the other classes only: all C classes get s / C, the label too."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / (classes - 1), input.dtype)
        q[np.arange(flat.size), flat] = 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class smoothed_label_overwritten:
    """the label gets 1 - s alone: the even share s / C comes on top, so that each q adds up to 1."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] = 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class smoothing_ignored:
    """label_smoothing is not used."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            return (target.array * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.zeros((flat.size, classes), input.dtype)
        q[np.arange(flat.size), flat] = 1
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class total_of_examples:
    """total is the number of examples: with class weights, it is the sum of the weights of their labels."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += 1 - label_smoothing
        q *= per_class * counted[:, None]
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), float(counted.sum())


class ignored_counted:
    """an example that is ignored is counted in the total: the mean is over those that count."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float(per_class[flat].sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class ignored_smoothed:
    """an example that is ignored still gets the even share of label_smoothing: its q is 0 everywhere."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += (1 - label_smoothing) * counted
        q *= per_class
        total = float((per_class[flat] * counted).sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class ignored_as_the_last:
    """a label to be ignored is used as an index: -100 is out of range, and -1 is the last class. Replace it first."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = labels.reshape(-1)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return np.moveaxis(q.reshape(*labels.shape, classes), -1, axis), total


class classes_left_last:
    """the classes are left along the last axis: q is in the shape of the logits, where they are the second, (N, C, ...)."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return q.reshape(*labels.shape, classes), total


class reshaped_not_moved:
    """q (N, ..., C) is reshaped to the shape of the logits: that mixes up places and classes, np.moveaxis moves the axis."""

    exercise = "05.3"

    def target_weights(name, input, target, weight=None, ignore_index=-100, label_smoothing=0.0):
        axis = class_axis(input)
        classes = input.shape[axis]
        per_class = np.ones(classes, input.dtype) if weight is None else weight.array
        along = per_class.reshape((-1,) + (1,) * (input.ndim - axis - 1))
        if target.shape == input.shape and target.is_floating_point():
            q = target.array * (1 - label_smoothing) + label_smoothing / classes
            return (q * along).astype(input.dtype), input.array.size / classes
        labels = _checked_labels(name, input, target, ignore_index)
        counted = (labels != ignore_index).reshape(-1)
        flat = np.where(counted, labels.reshape(-1), 0)
        q = np.full((flat.size, classes), label_smoothing / classes, input.dtype)
        q[np.arange(flat.size), flat] += 1 - label_smoothing
        q *= per_class * counted[:, None]
        total = float((per_class[flat] * counted).sum())
        return q.reshape(input.shape), total


# 05.4 Negative log-likelihood


class minus_forgotten:
    """the minus is missing: a loss falls as the label's probability rises."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        loss = (input * q).sum(class_axis(input))
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class all_examples_averaged:
    """the mean divides by the number of examples: with class weights or ignored labels, it divides by the total of the weights."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        return _reduce(-(input * q).sum(class_axis(input)), reduction)


class logarithm_twice:
    """the logarithm is taken once more: the input of nll_loss holds log-probabilities already."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        loss = -(input.log() * q).sum(class_axis(input))
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class softmax_first:
    """log_softmax is taken first: the input of nll_loss holds log-probabilities already, cross_entropy takes logits."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        loss = -(input.log_softmax(class_axis(input)) * q).sum(class_axis(input))
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class summed_over_the_last:
    """the sum is over the last axis: the classes of (N, C, ...) are along the second, class_axis(input)."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        loss = -(input * q).sum(-1)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class classes_not_summed:
    """the classes are not summed: with "none" there is one loss for each example."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, weight, ignore_index)
        loss = -(input * q)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class weight_ignored:
    """the class weights are not handed on to target_weights."""

    exercise = "05.4"

    def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
        q, total = target_weights("nll_loss", input, target, None, ignore_index)
        loss = -(input * q).sum(class_axis(input))
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


# 05.5 Cross-entropy


class log_of_softmax:
    """the logarithm of softmax is taken: a probability that is rounded to 0 gives -inf. log_softmax never does."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.softmax(axis).log() * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class softmax_without_shift:
    """exp(logits) is taken without subtracting the maximum: exp(1000) is inf."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        log_p = input - input.exp().sum(axis, keepdim=True).log()
        loss = -(log_p * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class logits_taken_for_logs:
    """the logits are taken for log-probabilities: log_softmax makes them so."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class logarithm_forgotten:
    """the logarithm is missing: minus the probability itself hardly minds an answer that is sure and wrong."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.softmax(axis) * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class softmax_twice:
    """softmax is taken twice: log_softmax takes the logits themselves. The loss then cannot fall far, and learning is slow."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.softmax(axis).log_softmax(axis) * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class sign_lost:
    """the minus is missing: training would make the right class less and less likely."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = (input.log_softmax(axis) * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class sum_of_the_batch:
    """ "mean" adds up and does not divide by the total."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.log_softmax(axis) * q).sum(axis)
        return loss if reduction == "none" else loss.sum()


class mean_of_all_classes:
    """the mean is taken over the classes too: they are summed, and the mean is over the examples."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        losses = -(input.log_softmax(axis) * q)
        return losses.mean() if reduction == "mean" else _reduce(losses.sum(axis), reduction)


class mean_of_examples:
    """the mean divides by the number of examples: with class weights or ignored labels, it divides by the total of the weights."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        return _reduce(-(input.log_softmax(axis) * q).sum(axis), reduction)


class softmax_over_the_last:
    """softmax is taken over the last axis: the classes of (N, C, ...) are along the second, class_axis(input)."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.log_softmax(-1) * q).sum(-1)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class softmax_over_the_batch:
    """softmax is taken over the first axis, the batch: it is over the classes of each example."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index, label_smoothing)
        loss = -(input.log_softmax(0) * q).sum(class_axis(input))
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class smoothing_not_handed_on:
    """label_smoothing is not handed on to target_weights."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        q, total = target_weights("cross_entropy", input, target, weight, ignore_index)
        loss = -(input.log_softmax(axis) * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


class probabilities_refused:
    """only labels are taken: the target may be probabilities too, in the shape of the logits."""

    exercise = "05.5"

    def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        axis = class_axis(input)
        labels = Tensor(_checked_labels("cross_entropy", input, target, ignore_index))
        q, total = target_weights("cross_entropy", input, labels, weight, ignore_index, label_smoothing)
        loss = -(input.log_softmax(axis) * q).sum(axis)
        return loss.sum() / total if reduction == "mean" else _reduce(loss, reduction)


# 05.6 Yes or no


class logarithm_of_sigmoid:
    """the logarithm of the sigmoid is taken: a probability that is rounded to 0 gives -inf. F.logsigmoid never does."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        p = input.sigmoid()
        positive = 1 if pos_weight is None else pos_weight
        loss = -(positive * target * p.log() + (1 - target) * (1 - p).log())
        return _reduce(loss if weight is None else loss * weight, reduction)


class clamped:
    """the probability is clamped away from 0 and 1: the loss of a sure and wrong answer is then cut off, and its gradient 0."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        p = input.sigmoid().clamp(1e-7, 1 - 1e-7)
        positive = 1 if pos_weight is None else pos_weight
        loss = -(positive * target * p.log() + (1 - target) * (1 - p).log())
        return _reduce(loss if weight is None else loss * weight, reduction)


class positives_only:
    """only the part with t is there: an answer of yes is then never wrong."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        loss = target * F.softplus(-input) * (1 if pos_weight is None else pos_weight)
        return _reduce(loss if weight is None else loss * weight, reduction)


class yes_and_no_exchanged:
    """the two parts are exchanged: t goes with log(p), 1 - t with log(1 - p)."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        positive = 1 if pos_weight is None else pos_weight
        loss = positive * target * F.softplus(input) + (1 - target) * F.softplus(-input)
        return _reduce(loss if weight is None else loss * weight, reduction)


class binary_sign:
    """the minus is missing: log-probabilities are negative, a loss is not."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        positive = 1 if pos_weight is None else pos_weight
        loss = positive * target * F.logsigmoid(input) + (1 - target) * F.logsigmoid(-input)
        return _reduce(loss if weight is None else loss * weight, reduction)


class logits_as_probabilities:
    """the logits are taken for probabilities: the sigmoid makes them so."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        positive = 1 if pos_weight is None else pos_weight
        loss = -(positive * target * input.log() + (1 - target) * (1 - input).log())
        return _reduce(loss if weight is None else loss * weight, reduction)


class pos_weight_on_both:
    """pos_weight multiplies both parts: only the part with t."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        loss = target * F.softplus(-input) + (1 - target) * F.softplus(input)
        loss = loss if pos_weight is None else loss * pos_weight
        return _reduce(loss if weight is None else loss * weight, reduction)


class pos_weight_on_the_other:
    """pos_weight multiplies the part with 1 - t: it is for the positives, the part with t."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        positive = 1 if pos_weight is None else pos_weight
        loss = target * F.softplus(-input) + positive * (1 - target) * F.softplus(input)
        return _reduce(loss if weight is None else loss * weight, reduction)


class pos_weight_ignored:
    """pos_weight is not used."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        loss = target * F.softplus(-input) + (1 - target) * F.softplus(input)
        return _reduce(loss if weight is None else loss * weight, reduction)


class element_weight_ignored:
    """weight is not used: it multiplies the whole loss of each element."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        _check_shapes("binary_cross_entropy_with_logits", input, target)
        positive = 1 if pos_weight is None else pos_weight
        loss = positive * target * F.softplus(-input) + (1 - target) * F.softplus(input)
        return _reduce(loss, reduction)


class binary_shapes_broadcast:
    """the shapes are not compared: (5, 1) and (5,) broadcast to (5, 5), every answer against every target."""

    exercise = "05.6"

    def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
        positive = 1 if pos_weight is None else pos_weight
        loss = positive * target * F.softplus(-input) + (1 - target) * F.softplus(input)
        return _reduce(loss if weight is None else loss * weight, reduction)
