"""What losses must do: PyTorch's numbers for every reduction, weight and kind of target; finite where they can be; refuse the rest."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor
from tinytorch.testing import gradcheck, gradgradcheck

TOLERANCE = {"float64": {"rtol": 1e-9, "atol": 1e-9}, "float32": {"rtol": 1e-4, "atol": 1e-5}}
REDUCTIONS = ["mean", "sum", "none"]
LOGITS = [(5, 3), (1, 4), (3,), (4, 3, 2), (2, 3, 2, 3), (6, 1)]  # (N, C, ...) or (C,)

every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
every_shape = pytest.mark.parametrize("shape", LOGITS, ids=str)
both_types = pytest.mark.parametrize("dtype", ["float64", "float32"])


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def numbers(shape, dtype="float64", seed=0, low=-2, high=2):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def labels_for(shape, seed=1):
    """Labels for logits (N, C, ...) or (C,), every class among them where there is room."""
    axis = 1 if len(shape) > 1 else 0
    size = shape[:axis] + shape[axis + 1 :]
    return np.asarray(np.random.default_rng(seed).integers(0, shape[axis], size), np.int64)


def probabilities_for(shape, dtype="float64", seed=2):
    axis = 1 if len(shape) > 1 else 0
    p = numbers(shape, dtype, seed, 0.1, 1)
    return p / p.sum(axis, keepdims=True)


def assert_same_loss(torch, name, variables, constants=(), dtype="float64", **options):
    """The loss of both libraries, and the gradients for all variables, weighted differently for every element."""
    ours = [Tensor(v.copy(), requires_grad=True) for v in variables]
    theirs = [torch.tensor(v, requires_grad=True) for v in variables]
    kept = {key: Tensor(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    other = {key: torch.tensor(v) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    a = getattr(F, name)(*ours, *(Tensor(c) for c in constants), **kept)
    b = getattr(torch.nn.functional, name)(*theirs, *(torch.tensor(c) for c in constants), **other)
    assert a.shape == tuple(b.shape) and a.dtype == np.dtype(dtype)
    assert_allclose(a.detach().numpy(), b.detach().numpy(), **TOLERANCE[dtype])
    g = numbers(a.shape, dtype, 9, 0.5, 1.5)
    a.backward(Tensor(g))
    b.backward(torch.tensor(g))
    for x, y in zip(ours, theirs, strict=True):
        assert x.grad.dtype == np.dtype(dtype)
        assert_allclose(x.grad.numpy(), y.grad.numpy(), **TOLERANCE[dtype])


# Against PyTorch


@both_types
@every_reduction
@pytest.mark.parametrize("shape", [(4, 3), (5,), (), (2, 1, 3)], ids=str)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_distances_are_pytorchs(torch, name, shape, reduction, dtype):
    pair = [numbers(shape, dtype, seed) for seed in (0, 1)]
    assert_same_loss(torch, name, pair, dtype=dtype, reduction=reduction)


def class_weights(shape, dtype):
    """None, and a weight for every class of logits (N, C, ...) or (C,)."""
    return None, numbers(shape[1 if len(shape) > 1 else 0], dtype, 3, 0.2, 2)


@both_types
@every_reduction
@every_shape
@pytest.mark.parametrize("ignored", [-100, 0, -1])
def test_cross_entropy_and_nll_with_labels_are_pytorchs(torch, shape, reduction, dtype, ignored):
    labels = labels_for(shape)
    if labels.size > 1:
        labels.flat[0] = ignored
    if reduction == "mean" and (labels == ignored).all():
        with pytest.raises(ValueError, match="nothing to average"):  # where PyTorch has nan
            F.cross_entropy(Tensor(numbers(shape)), Tensor(labels), ignore_index=ignored)
        return
    for weight in class_weights(shape, dtype):
        options = {"reduction": reduction, "weight": weight, "ignore_index": ignored}
        assert_same_loss(torch, "nll_loss", [numbers(shape, dtype, low=-3, high=0)], [labels], dtype, **options)
        for smoothing in (0.0, 0.1, 1.0):
            options["label_smoothing"] = smoothing
            assert_same_loss(torch, "cross_entropy", [numbers(shape, dtype)], [labels], dtype, **options)


@both_types
@every_reduction
@every_shape
def test_cross_entropy_with_probabilities_is_pytorchs(torch, shape, reduction, dtype):
    pair = [numbers(shape, dtype), probabilities_for(shape, dtype)]
    for weight in class_weights(shape, dtype):
        for smoothing in (0.0, 0.2, 1.0):
            options = {"reduction": reduction, "label_smoothing": smoothing, "weight": weight}
            assert_same_loss(torch, "cross_entropy", pair, dtype=dtype, **options)


@both_types
@every_reduction
@pytest.mark.parametrize("shape", [(4, 3), (5,), ()], ids=str)
def test_binary_cross_entropy_of_probabilities_is_pytorchs(torch, shape, reduction, dtype):
    pair = [numbers(shape, dtype, low=0.01, high=0.99), numbers(shape, dtype, 1, 0, 1)]
    for weight in (None, numbers(shape[-1:], dtype, 3, 0.2, 2)):
        assert_same_loss(torch, "binary_cross_entropy", pair, dtype=dtype, reduction=reduction, weight=weight)


@every_reduction
def test_binary_cross_entropy_of_what_is_certain_is_finite_as_in_pytorch(torch, reduction, monkeypatch):
    p, t = np.array([0.0, 1, 0, 1, 1e-50, 0.5]), np.array([1.0, 0, 0, 1, 1, 0.3])
    monkeypatch.setitem(TOLERANCE, "float64", {"rtol": 1e-8, "atol": 0})  # PyTorch's 1e-12 is one of float32
    assert_same_loss(torch, "binary_cross_entropy", [p], [t], reduction=reduction)
    assert F.binary_cross_entropy(Tensor(p), Tensor(t), reduction="none").tolist()[:2] == [100, 100]


@both_types
@every_reduction
@pytest.mark.parametrize("shape", [(4, 3), (5,), ()], ids=str)
def test_binary_cross_entropy_is_pytorchs(torch, shape, reduction, dtype):
    pair = [numbers(shape, dtype, low=-6, high=6), numbers(shape, dtype, 1, 0, 1)]
    for weight in (None, numbers(shape[-1:], dtype, 3, 0.2, 2)):
        for pos_weight in (None, numbers(shape[-1:], dtype, 4, 0.2, 2)):
            options = {"reduction": reduction, "weight": weight, "pos_weight": pos_weight}
            assert_same_loss(torch, "binary_cross_entropy_with_logits", pair, dtype=dtype, **options)


def test_a_mean_over_the_wrong_count_would_be_seen_by_that_oracle(torch, monkeypatch):
    right = F.cross_entropy

    def averages_over_all_examples(input, target, weight=None, **options):
        return right(input, target, weight, reduction="sum", **options) / len(input)

    weight = np.array([1.0, 2.0, 3.0])
    assert_same_loss(torch, "cross_entropy", [numbers((5, 3))], [labels_for((5, 3))], weight=weight)
    monkeypatch.setattr(F, "cross_entropy", averages_over_all_examples)
    with pytest.raises(AssertionError):
        assert_same_loss(torch, "cross_entropy", [numbers((5, 3))], [labels_for((5, 3))], weight=weight)


MODULES = [
    ("MSELoss()", "numbers"),
    ("MSELoss(reduction='sum')", "numbers"),
    ("L1Loss()", "numbers"),
    ("L1Loss(reduction='none')", "numbers"),
    ("NLLLoss()", "labels"),
    ("NLLLoss(weight=W, ignore_index=1, reduction='sum')", "labels"),
    ("NLLLoss(W)", "labels"),
    ("CrossEntropyLoss()", "labels"),
    ("CrossEntropyLoss(weight=W, label_smoothing=0.1)", "labels"),
    ("CrossEntropyLoss(ignore_index=0, reduction='none')", "labels"),
    ("CrossEntropyLoss(W)", "numbers"),
    ("BCELoss()", "chances"),
    ("BCELoss(W)", "chances"),
    ("BCELoss(reduction='none')", "chances"),
    ("BCEWithLogitsLoss()", "numbers"),
    ("BCEWithLogitsLoss(reduction='sum')", "numbers"),
    ("BCEWithLogitsLoss(weight=W, pos_weight=W)", "numbers"),
    ("BCEWithLogitsLoss(pos_weight=W)", "numbers"),
]


@pytest.mark.parametrize(("text", "kind"), MODULES)
def test_a_loss_as_a_module_is_pytorchs(torch, text, kind):
    w = np.array([0.5, 1.5, 2.0])
    ours = eval(f"nn.{text}", {"nn": nn, "W": Tensor(w)})
    theirs = eval(f"nn.{text}", {"nn": torch.nn, "W": torch.tensor(w)})
    x = numbers((5, 3), low=0 if kind == "chances" else -2, high=1)
    target = labels_for((5, 3)) if kind == "labels" else probabilities_for((5, 3))
    found = ours(Tensor(x), Tensor(target)).numpy()
    assert_allclose(found, theirs(torch.tensor(x), torch.tensor(target)).numpy(), rtol=1e-12)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


# What they must be


@settings(max_examples=50)
@given(
    scale=st.sampled_from([1.0, 100.0, 1e4, 1e30]),
    shift=st.sampled_from([0.0, 1e3, -1e4]),
    dtype=st.sampled_from(["float32", "float64"]),
    seed=st.integers(0, 100),
)
def test_no_logit_is_too_large(scale, shift, dtype, seed):
    x = Tensor((scale * numbers((4, 3), seed=seed) + shift).astype(dtype), requires_grad=True)
    t = Tensor(probabilities_for((4, 3), dtype, seed))
    for loss in (
        F.cross_entropy(x, Tensor(labels_for((4, 3), seed))),
        F.cross_entropy(x, t, reduction="sum"),
        F.cross_entropy(x, t, reduction="none").sum(),
        F.binary_cross_entropy_with_logits(x, t),
    ):
        (g,) = tinytorch.autograd.grad(loss, x)
        assert np.isfinite(loss.item()) and np.isfinite(g.array).all() and loss.item() >= 0


def test_cross_entropy_of_no_opinion_is_the_logarithm_of_the_classes():
    for classes in (1, 2, 10):
        loss = F.cross_entropy(tinytorch.zeros(3, classes), tinytorch.tensor([0, 0, 0]))
        assert loss.item() == pytest.approx(math.log(classes), abs=1e-7)


def test_adding_a_number_to_all_logits_changes_nothing():
    x, labels = numbers((4, 3)), Tensor(labels_for((4, 3)))
    losses = [F.cross_entropy(Tensor(x + shift), labels).item() for shift in (0, 5, -1000)]
    assert_allclose(losses, losses[0], rtol=1e-12)


@every_reduction
@pytest.mark.parametrize("target", ["labels", "probabilities"])
def test_a_class_that_cannot_be_costs_nothing_where_it_is_not_meant(reduction, target):
    """Logits of -inf, as a mask sets them."""
    x = numbers((2, 3))
    x[:, 2] = -np.inf
    q = np.array([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]])
    wanted = Tensor(np.array([0, 1])) if target == "labels" else Tensor(q)
    short = Tensor(np.array([0, 1])) if target == "labels" else Tensor(q[:, :2].copy())
    masked, without = Tensor(x, requires_grad=True), Tensor(x[:, :2].copy(), requires_grad=True)
    a = F.cross_entropy(masked, wanted, reduction=reduction)
    b = F.cross_entropy(without, short, reduction=reduction)
    assert_allclose(a.detach().numpy(), b.detach().numpy())
    a.sum().backward()
    b.sum().backward()
    assert_allclose(masked.grad.numpy(), np.pad(without.grad.numpy(), ((0, 0), (0, 1))), atol=1e-12)


@every_reduction
def test_nll_of_an_impossible_class_that_is_not_meant_is_finite(reduction):
    x = Tensor(np.array([[-1.0, -np.inf]]), requires_grad=True)
    loss = F.nll_loss(x, tinytorch.tensor([0]), reduction=reduction)
    loss.sum().backward()
    assert loss.sum().item() == 1 and x.grad.tolist() == [[-1, 0]]
    assert F.nll_loss(x.detach(), tinytorch.tensor([1])).item() == np.inf


def test_an_ignored_example_has_no_loss_and_no_gradient():
    x = Tensor(numbers((3, 4)), requires_grad=True)
    labels = tinytorch.tensor([2, 7, 1])
    each = F.cross_entropy(x, labels, ignore_index=7, reduction="none")
    assert each.array[1] == 0 and (each.array[[0, 2]] > 0).all()
    F.cross_entropy(x, labels, ignore_index=7).backward()
    assert not x.grad.array[1].any()
    assert F.cross_entropy(x, labels, ignore_index=7).item() == pytest.approx(each.array.sum() / 2)


@pytest.mark.parametrize("loss", [F.nll_loss, F.cross_entropy, nn.NLLLoss(), nn.CrossEntropyLoss()])
def test_a_label_of_minus_one_hundred_is_ignored_unless_another_is_named(loss):
    x = Tensor(numbers((3, 4)))
    assert loss(x, tinytorch.tensor([2, -100, 1])).item() == pytest.approx(
        loss(x[::2], tinytorch.tensor([2, 1])).item()
    )


def test_an_ignored_label_may_be_a_class():
    x = numbers((3, 2))
    assert F.cross_entropy(Tensor(x), tinytorch.tensor([0, 1, 0]), ignore_index=1).item() == pytest.approx(
        F.cross_entropy(Tensor(x[[0, 2]]), tinytorch.tensor([0, 0])).item()
    )


def test_labels_are_probabilities_that_are_all_one_class():
    x, labels = numbers((5, 3)), labels_for((5, 3))
    q = np.eye(3)[labels]
    for reduction in REDUCTIONS:
        a = F.cross_entropy(Tensor(x), Tensor(labels), reduction=reduction)
        assert_allclose(a.numpy(), F.cross_entropy(Tensor(x), Tensor(q), reduction=reduction).numpy())


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8])
def test_labels_may_be_any_integers(kind):
    x, labels = numbers((5, 3)), labels_for((5, 3))
    expected = F.cross_entropy(Tensor(x), Tensor(labels)).item()
    assert F.cross_entropy(Tensor(x), Tensor(labels.astype(kind))).item() == pytest.approx(expected, rel=1e-14)
    assert F.nll_loss(Tensor(x).log_softmax(1), Tensor(labels.astype(kind))).item() == pytest.approx(expected)


def test_a_loss_of_float32_stays_float32():
    x = Tensor(numbers((5, 3), "float32"), requires_grad=True)
    labels = Tensor(labels_for((5, 3)))
    weight = Tensor(np.ones(3))  # of another type: it is the logits' that counts
    for reduction in REDUCTIONS:
        for loss in (
            F.cross_entropy(x, labels, reduction=reduction),
            F.cross_entropy(x, labels, weight, reduction=reduction, label_smoothing=0.1),
            F.nll_loss(x, labels, weight, reduction=reduction),
        ):
            assert loss.dtype == np.float32


# Twice differentiable


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses_pass_gradcheck_twice(reduction):
    x, y = Tensor(numbers((3, 4)), requires_grad=True), Tensor(numbers((3, 4), seed=1), requires_grad=True)
    q = Tensor(probabilities_for((3, 4)), requires_grad=True)
    labels, weight = tinytorch.tensor([1, 0, 3]), Tensor(numbers(4, low=0.5))
    for function, inputs in (
        (lambda x, y: F.mse_loss(x, y, reduction), [x, y]),
        (lambda x, y: F.l1_loss(x, y, reduction), [x, y]),
        (lambda x: F.cross_entropy(x, labels, reduction=reduction), [x]),
        (lambda x: F.cross_entropy(x, labels, weight, 0, reduction, 0.2), [x]),
        (lambda x, q: F.cross_entropy(x, q, weight, reduction=reduction), [x, q]),
        (lambda x: F.nll_loss(x, labels, weight, reduction=reduction), [x]),
        (lambda x, q: F.binary_cross_entropy_with_logits(x, q, weight, reduction, weight), [x, q]),
        (lambda x, q: F.binary_cross_entropy(x.sigmoid(), q, weight, reduction), [x, q]),
    ):
        assert gradcheck(function, inputs)
        assert gradgradcheck(function, inputs)


# What cannot be


ONES, LABELS = tinytorch.ones, tinytorch.tensor


@pytest.mark.parametrize(
    ("called", "error", "sentence"),
    [
        (
            lambda: F.mse_loss(ONES(3), ONES(3, 1)),
            ValueError,
            r"mse_loss expects .* one shape, got \(3,\) and \(3, 1\)",
        ),
        (lambda: F.l1_loss(ONES(3), ONES(4)), ValueError, r"l1_loss expects .* one shape, got \(3,\) and \(4,\)"),
        (
            lambda: F.binary_cross_entropy_with_logits(ONES(3), ONES(4)),
            ValueError,
            r"binary_cross_entropy_with_logits expects .* one shape",
        ),
        (lambda: F.binary_cross_entropy(ONES(3), ONES(4)), ValueError, "binary_cross_entropy expects .* one shape"),
        (
            lambda: F.binary_cross_entropy(LABELS([0.5, 1.5]), ONES(2)),
            RuntimeError,
            "binary_cross_entropy expects every input to be from 0 to 1, got 1.5",
        ),
        (
            lambda: F.binary_cross_entropy(ONES(2), LABELS([0.5, -0.25])),
            RuntimeError,
            "binary_cross_entropy expects every target to be from 0 to 1, got -0.25",
        ),
        (lambda: F.binary_cross_entropy(LABELS([math.nan]), ONES(1)), RuntimeError, "input to be from 0 to 1, got nan"),
        (
            lambda: F.cross_entropy(ONES(2, 3), np.array([0, 1])),
            TypeError,
            r"cross_entropy expects a Tensor as its target, got ndarray: make it one with tensor\(\)",
        ),
        (lambda: F.cross_entropy(ONES(2, 3), [0, 1]), TypeError, "cross_entropy .* as its target, got list"),
        (lambda: F.cross_entropy(np.ones((2, 3)), LABELS([0, 1])), TypeError, "cross_entropy .* input, got ndarray"),
        (lambda: F.nll_loss(ONES(2, 3), [0, 1]), TypeError, "nll_loss expects a Tensor as its target, got list"),
        (lambda: F.mse_loss(ONES(2), 1.0), TypeError, "mse_loss expects a Tensor as its target, got float"),
        (lambda: F.l1_loss([1.0], ONES(1)), TypeError, "l1_loss expects a Tensor as its input, got list"),
        (lambda: F.binary_cross_entropy([1.0], ONES(1)), TypeError, "binary_cross_entropy expects a Tensor as its in"),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 1]), label_smoothing="a little"),
            ValueError,
            "cross_entropy expects a label_smoothing from 0 to 1, got 'a little'",
        ),
        (lambda: F.mse_loss(ONES(0, 3), ONES(0, 3)), ValueError, r"mse_loss .* empty batch of shape \(0, 3\)"),
        (
            lambda: F.cross_entropy(ONES(0, 3), ONES(0).long()),
            ValueError,
            r"cross_entropy expects at least one example, got an empty batch of shape \(0, 3\)",
        ),
        (lambda: F.cross_entropy(ONES(2, 3), ONES(2, 3).long()), ValueError, r"labels of shape \(2,\) .* got \(2, 3\)"),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([0])),
            ValueError,
            r"expects labels of shape \(2,\) for an input of",
        ),
        (
            lambda: F.cross_entropy(ONES(2, 3, 4), LABELS([0, 1])),
            ValueError,
            r"expects labels of shape \(2, 4\) for an",
        ),
        (lambda: F.cross_entropy(ONES(3), LABELS([0])), ValueError, r"expects labels of shape \(\) for an input of"),
        (lambda: F.cross_entropy(ONES(2, 3), ONES(2)), ValueError, r"labels, which are integers, or .* got float32"),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([True, False])), ValueError, "which are integers, .* got bool"),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 3])),
            IndexError,
            "label 3, but the input has 3 classes, 0 to 2",
        ),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([-1, 0])), IndexError, "got the label -1, but the input has 3"),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 3]), label_smoothing=0.1), IndexError, "got the label 3"),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([0, -100])), None, None),
        (lambda: F.nll_loss(ONES(2, 3), LABELS([0, 5])), IndexError, "nll_loss got the label 5, but the input has 3"),
        (lambda: F.nll_loss(ONES(2, 3), ONES(2, 3)), ValueError, "nll_loss expects labels, which are integers, got a"),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 1]), ONES(4)),
            ValueError,
            r"expects a weight for each of 3 classes, got shape \(4,\)",
        ),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 1]), label_smoothing=1.5),
            ValueError,
            "label_smoothing from 0 to 1, got 1.5",
        ),
        (
            lambda: F.cross_entropy(ONES(2, 3), LABELS([-100, -100])),
            ValueError,
            "nothing to average: every label is ignored",
        ),
        (lambda: F.nll_loss(ONES(2, 3), LABELS([1, 1]), LABELS([1.0, 0, 1])), ValueError, "its class has weight 0"),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([-100, -100]), reduction="sum"), None, None),
        (lambda: F.mse_loss(ONES(2), ONES(2), "avg"), ValueError, "the reductions 'mean', 'sum' and 'none', not 'avg'"),
        (lambda: F.cross_entropy(ONES(2, 3), LABELS([0, 1]), reduction="avg"), ValueError, "not 'avg'"),
        (lambda: F.nll_loss(ONES(2, 3), LABELS([0, 1]), reduction=None), ValueError, "not None"),
        (lambda: F.binary_cross_entropy_with_logits(ONES(2), ONES(2), reduction=""), ValueError, "not ''"),
        (lambda: nn.MSELoss("avg")(ONES(2), ONES(2)), ValueError, "not 'avg'"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_that_names_the_loss(called, error, sentence):
    if error is None:
        assert np.isfinite(called().item())
        return
    with pytest.raises(error, match=sentence) as raised:
        called()
    assert "\n" not in str(raised.value)


def test_targets_are_left_alone():
    """No loss writes into what it is given."""
    x, labels, q = numbers((4, 3)), labels_for((4, 3)), probabilities_for((4, 3))
    before = [a.copy() for a in (x, labels, q)]
    weight = np.ones(3)
    for reduction in REDUCTIONS:
        F.cross_entropy(Tensor(x), Tensor(labels), Tensor(weight), 0, reduction, 0.1)
        F.cross_entropy(Tensor(x), Tensor(q), Tensor(weight), reduction=reduction, label_smoothing=0.1)
        F.binary_cross_entropy_with_logits(Tensor(x), Tensor(q), Tensor(weight), reduction, Tensor(weight))
    for a, b in zip((x, labels, q), before, strict=True):
        assert_array_equal(a, b)
    assert_array_equal(weight, 1)
