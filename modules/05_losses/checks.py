"""The checks of module 05: the value and the gradients of each loss, for all reductions, and its errors."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()

REDUCTIONS = ("mean", "sum", "none")


def words(options):
    return "".join(f", {key}={value!r}" for key, value in options.items())


def loss(draw, name, input, target, per_example, **options):
    """A call of a loss, and a gradient in the shape of its value."""
    arrays = {key: options.pop(key) for key in ("weight", "pos_weight") if options.get(key) is not None}
    options = {key: value for key, value in options.items() if value is not None}
    said = words(options) + "".join(f", {key}={key}" for key in arrays)
    g = draw.nonzero(per_example if options.get("reduction") == "none" else (), input.dtype)
    call = f"{name}(input, target{said})"
    return case("loss", call, name=name, options=options, input=input, target=target, **arrays, g=g)


# 05.1 Distances


@check("05.1", count=15)
def reductions(draw):
    """_reduce: the mean, the sum, or the losses as they are"""
    reduction = draw.choice(REDUCTIONS)
    losses = draw.array(draw.shape())
    return case("reduced", f'_reduce(losses, "{reduction}")', losses_=losses, reduction=reduction)


def distance(draw, name, dtype=np.float64):
    shape = draw.shape()
    arrays = draw.array(shape, dtype=dtype), draw.array(shape, dtype=dtype)
    return loss(draw, name, *arrays, shape, reduction=draw.choice(REDUCTIONS))


@check("05.1")
def squares(draw):
    """mse_loss: (input - target)^2, reduced, and its gradients"""
    return distance(draw, "mse_loss")


@check("05.1")
def absolute_values(draw):
    """l1_loss: |input - target|, reduced, and its gradients"""
    return distance(draw, "l1_loss")


@check("05.1", count=10)
def shapes_that_would_broadcast(draw):
    """mse_loss, l1_loss: ValueError where the shapes differ, even if they would broadcast"""
    n, name = draw.integer(2, 4), draw.choice(("mse_loss", "l1_loss"))
    shapes = draw.choice((((n, 1), (n,)), ((n,), (n, 1)), ((n, 2), (2,)), ((n,), ())))
    call = f"{name}(input, target)"
    return case("raised", call, name=name, input=draw.array(shapes[0]), target=draw.array(shapes[1]), options={})


@check("05.1", count=10)
def distances_in_float32(draw):
    """mse_loss, l1_loss: float32 in, float32 out, and float32 back"""
    return distance(draw, draw.choice(("mse_loss", "l1_loss")), np.float32)


# 05.2 Labels that make sense


def logits_and_labels(draw, dtype=np.float64, most=2):
    """Logits (N, C, ...) or (C,), and labels that fit."""
    classes = draw.integer(2, 4)
    rows = draw.integer(0, 5) and (draw.side(), *draw.shape(0, most - 1))
    shape = (rows[0], classes, *rows[1:]) if rows else (classes,)
    return draw.array(shape, dtype=dtype), draw.integers(rows or (), 0, classes - 1)


def labels_case(input, target, ignore_index=-100):
    call = f'_checked_labels("my_loss", input, target, {ignore_index})'
    return case("checked_labels", call, input=input, target=target, ignore_index=ignore_index)


@check("05.2")
def labels_in_range(draw):
    """_checked_labels: integers from 0 to C - 1 are returned, in the shape of the logits without their classes"""
    return labels_case(*logits_and_labels(draw))


@check("05.2")
def labels_out_of_range(draw):
    """_checked_labels: IndexError for a label below 0 or above C - 1"""
    input, target = logits_and_labels(draw)
    classes = input.shape[min(1, input.ndim - 1)]
    target.flat[draw.integer(0, target.size - 1)] = draw.choice((classes, -1, -classes, classes + 1))
    return labels_case(input, target)


@check("05.2", count=15)
def labels_to_ignore(draw):
    """_checked_labels: a label that is equal to ignore_index may be anything"""
    input, target = logits_and_labels(draw)
    ignore_index = draw.choice((-100, -1, 9))
    target.flat[draw.integer(0, target.size - 1)] = ignore_index
    return labels_case(input, target, ignore_index)


@check("05.2", count=15)
def labels_in_other_shapes(draw):
    """_checked_labels: ValueError for labels in another shape, even one of the same size"""
    n, classes = draw.integer(2, 3), draw.integer(2, 4)
    shape = draw.choice(((n, 1), (1, n), (n + 1,), (), (n, classes)))
    return labels_case(draw.array((n, classes)), draw.integers(shape, 0, 1))


@check("05.2", count=10)
def labels_that_are_no_integers(draw):
    """_checked_labels: ValueError for labels that are no integers"""
    input, target = logits_and_labels(draw)
    return labels_case(input, target.astype(draw.choice((np.float64, np.float32, np.bool_))))


# 05.3 What each class should get


def weights_case(draw, input, target, weight=None, **options):
    arrays = {} if weight is None else {"weight": weight}
    said = "".join(f", {key}={key}" for key in arrays) + words(options)
    call = f'target_weights("my_loss", input, target{said})'
    return case("target_weights", call, input=input, target=target, **arrays, options=options)


def classes_of(input):
    return input.shape[min(1, input.ndim - 1)]


@check("05.3")
def hot_labels(draw):
    """target_weights: 1 at the label and 0 elsewhere, in the shape of the logits; total counts the examples"""
    return weights_case(draw, *logits_and_labels(draw))


@check("05.3", count=15)
def smoothed_labels(draw):
    """target_weights: with label_smoothing s, s / C for every class and 1 - s more for the label"""
    return weights_case(draw, *logits_and_labels(draw), label_smoothing=draw.choice((0.25, 0.5, 1.0)))


@check("05.3", count=15)
def weighted_labels(draw):
    """target_weights: q times the weight of each class; total adds up the weights of the labels"""
    input, target = logits_and_labels(draw)
    smoothing = {"label_smoothing": 0.5} if draw.flag() else {}
    return weights_case(draw, input, target, draw.positive((classes_of(input),)), **smoothing)


@check("05.3", count=15)
def ignored_labels(draw):
    """target_weights: an example labelled ignore_index gets 0 everywhere, and does not count"""
    input, target = logits_and_labels(draw)
    ignore_index = draw.choice((-100, 0, 9))
    target.flat[0] = ignore_index
    weight = draw.positive((classes_of(input),)) if draw.flag() else None
    smoothing = {"label_smoothing": 0.5} if draw.flag() else {}
    return weights_case(draw, input, target, weight, ignore_index=ignore_index, **smoothing)


@check("05.3", count=15)
def given_probabilities(draw):
    """target_weights: probabilities are taken as q, smoothed and weighted alike; total counts the examples"""
    input, _ = logits_and_labels(draw)
    target = draw.positive(input.shape) / 4
    weight = draw.positive((classes_of(input),)) if draw.flag() else None
    smoothing = {"label_smoothing": 0.5} if draw.flag() else {}
    return weights_case(draw, input, target, weight, **smoothing)


@check("05.3", count=10)
def weights_in_float32(draw):
    """target_weights: q in the data type of the logits"""
    input, target = logits_and_labels(draw, np.float32)
    return weights_case(draw, input, target, draw.positive((classes_of(input),), np.float32))


# 05.4 Negative log-likelihood


def nll(draw, ignore=False, weighted=False, dtype=np.float64, most=1):
    input, target = logits_and_labels(draw, dtype, most)
    input = -np.abs(input)
    options = {"reduction": draw.choice(REDUCTIONS)}
    weight = draw.positive((classes_of(input),), dtype) if weighted else None
    if ignore and target.size > 1:
        target.flat[draw.integer(0, target.size - 1)] = -100
        if (target == -100).all():
            target.flat[0] = 0
    return loss(draw, "nll_loss", input, target, target.shape, weight=weight, **options)


@check("05.4")
def likelihoods(draw):
    """nll_loss: minus the log-probability of the label, reduced, and its gradient"""
    return nll(draw)


@check("05.4", count=15)
def weighted_likelihoods(draw):
    """nll_loss: each example counts by the weight of its label's class, in the mean too"""
    return nll(draw, weighted=True)


@check("05.4", count=15)
def likelihoods_with_gaps(draw):
    """nll_loss: an example labelled ignore_index adds nothing, and the mean does not count it"""
    return nll(draw, ignore=True, weighted=draw.flag())


@check("05.4", count=15)
def likelihoods_of_more_axes(draw):
    """nll_loss: the classes of (N, C, ...) are along the second axis"""
    return nll(draw, most=3)


@check("05.4", count=10)
def likelihoods_in_float32(draw):
    """nll_loss: float32 in, float32 out, and float32 back"""
    return nll(draw, dtype=np.float32)


# 05.5 Cross-entropy


def entropy(draw, scale=1.0, dtype=np.float64, most=1, weighted=False, ignore=False, smoothing=False):
    input, target = logits_and_labels(draw, dtype, most)
    options = {"reduction": draw.choice(REDUCTIONS)}
    if ignore and target.size > 1:
        target.flat[1:] = np.where(draw.integers((target.size - 1,), 0, 1), -100, target.flat[1:])
    if smoothing:
        options["label_smoothing"] = draw.choice((0.25, 0.5))
    weight = draw.positive((classes_of(input),), dtype) if weighted else None
    return loss(draw, "cross_entropy", input * dtype(scale), target, target.shape, weight=weight, **options)


@check("05.5")
def entropies(draw):
    """cross_entropy: minus the log-probability that softmax gives to the label, reduced, and its gradient"""
    return entropy(draw)


@check("05.5", count=15)
def entropies_of_large_logits(draw):
    """cross_entropy: logits in the thousands give large losses, not inf or nan"""
    return entropy(draw, 1000.0)


@check("05.5", count=15)
def entropies_of_more_axes(draw):
    """cross_entropy: the classes of (N, C, ...) are along the second axis, those of (C,) along the only one"""
    return entropy(draw, most=3)


@check("05.5", count=15)
def entropies_with_weights(draw):
    """cross_entropy: class weights and ignore_index; the mean divides by the weights that count"""
    return entropy(draw, weighted=draw.flag(), ignore=True)


@check("05.5", count=15)
def smoothed_entropies(draw):
    """cross_entropy: label_smoothing"""
    return entropy(draw, smoothing=True, weighted=draw.flag())


@check("05.5", count=15)
def entropies_of_probabilities(draw):
    """cross_entropy: targets that are probabilities, in the shape of the logits"""
    input, labels = logits_and_labels(draw)
    target = draw.positive(input.shape)
    target /= target.sum(axis=min(1, input.ndim - 1), keepdims=True)
    return loss(draw, "cross_entropy", input, target, labels.shape, reduction=draw.choice(REDUCTIONS))


@check("05.5", count=10)
def entropies_in_float32(draw):
    """cross_entropy: float32 in, float32 out, and float32 back"""
    return entropy(draw, dtype=np.float32)


# 05.6 Yes or no


def binary(draw, scale=1.0, dtype=np.float64, hard=False, **options):
    shape = draw.shape(0, 2)
    target = draw.integers(shape, 0, 1).astype(dtype) if hard else draw.array(shape, 0, 1, dtype)
    input = dtype(scale) * draw.array(shape, dtype=dtype)
    options["reduction"] = draw.choice(REDUCTIONS)
    return loss(draw, "binary_cross_entropy_with_logits", np.asarray(input), target, shape, **options)


@check("05.6")
def binary_entropies(draw):
    """binary_cross_entropy_with_logits: -t log(p) - (1 - t) log(1 - p) with p = sigmoid(x), and its gradient"""
    return binary(draw)


@check("05.6", count=15)
def binary_entropies_of_large_logits(draw):
    """binary_cross_entropy_with_logits: logits in the thousands give large losses, not inf or nan"""
    return binary(draw, 1000.0, hard=draw.flag())


@check("05.6", count=15)
def binary_entropies_with_pos_weight(draw):
    """binary_cross_entropy_with_logits: pos_weight multiplies the part with t alone"""
    return binary(draw, pos_weight=draw.positive(()))


@check("05.6", count=15)
def binary_entropies_with_weight(draw):
    """binary_cross_entropy_with_logits: weight multiplies the whole loss of each element"""
    return binary(draw, weight=draw.positive(()), pos_weight=draw.positive(()) if draw.flag() else None)


@check("05.6", count=6)
def binary_shapes_that_would_broadcast(draw):
    """binary_cross_entropy_with_logits: ValueError where the shapes differ, even if they would broadcast"""
    n = draw.integer(2, 4)
    name = "binary_cross_entropy_with_logits"
    input, target = draw.array((n, 1)), draw.array((n,), 0, 1)
    return case("raised", f"{name}(input, target)", name=name, input=input, target=target, options={})


@check("05.6", count=10)
def binary_entropies_in_float32(draw):
    """binary_cross_entropy_with_logits: float32 in, float32 out, and float32 back"""
    return binary(draw, dtype=np.float32)
