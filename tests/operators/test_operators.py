"""The operators that PyTorch and this library share agree on PyTorch's own samples: values, gradients, second gradients, refusals.

A few samples of each here; all of them with --long, or by `python -m tests.operators`, which shows the counts.
"""

import re

import numpy as np
import pytest

import tinytorch
from tests.operators.compare import Difference, compare
from tests.operators.differences import ACCEPTED, accepted
from tests.operators.run import outcomes
from tests.operators.samples import DTYPES, converted, ours, table
from tinytorch import Tensor

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of PyTorch's own tests, and of numbers beyond a type, which samples hold
]
SHARED = 150  # at least so many operators are in the table


def run(dtypes, at_most=None):
    """(faults, the places in ACCEPTED of differences met, how many samples agreed) of the whole table."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    faults, met, agreed = [], set(), 0
    with np.errstate(all="ignore"):
        for name in table():
            torch.manual_seed(0)
            for outcome in outcomes(name, dtypes, at_most):
                if outcome.difference is None:
                    agreed += 1
                elif entry := accepted(name, *outcome.difference, outcome.dtype):
                    met.add(ACCEPTED.index(entry))
                else:
                    faults.append(outcome)
    return faults, met, agreed


def test_a_few_samples_of_every_operator_agree():
    faults, _, agreed = run(["float64", "int64"], at_most=3)
    assert not faults
    assert len(table()) >= SHARED and agreed > 7 * SHARED


@pytest.mark.long
def test_all_samples_of_every_operator_agree_and_every_accepted_difference_is_one():
    faults, met, agreed = run(DTYPES)
    assert not faults
    assert agreed > 100 * SHARED
    assert [entry for i, entry in enumerate(ACCEPTED) if i not in met] == []


def test_an_accepted_difference_has_a_reason_and_a_pattern():
    assert all(len(entry.reason) > 20 and re.compile(entry.message) for entry in ACCEPTED)


# What the comparison sees


def sample(*args, input=None, **kwargs):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch.testing._internal.opinfo.core import SampleInput

    x = torch.tensor([0.5, -2.0, 3.0], dtype=torch.float64, requires_grad=True) if input is None else input
    return SampleInput(x, args=args, kwargs=kwargs)


def square(x):
    return x * x, lambda g: g * 2 * x


def wrong_gradient(x):
    return x * x, lambda g: g * x


def wrong_second(x):
    constant = 2 * getattr(x, "array", x)
    return x * x, lambda g: g * constant


def once(x):
    return x * x, lambda g: g * 2 * x


once.differentiable_once = True


def changing(x):
    x.array[0] = 7.0
    return x * x


PLANTED = {
    "value": lambda x: x * x * 1.0001,
    "value of another type": lambda x: (x * x).float(),
    "value of another shape": lambda x: (x * x)[None],
    "value that is no Tensor": lambda x: (x * x).array,
    "value twice": lambda x: (x * x, x * x),
    "gradient": lambda x: tinytorch.apply(wrong_gradient, x),
    "gradient that is lost": lambda x: (x * x).detach(),
    "second gradient": lambda x: tinytorch.apply(wrong_second, x),
    "second gradient refused": lambda x: tinytorch.apply(once, x),
    "refused": lambda x: x @ tinytorch.ones(7),
    "argument afterwards": changing,
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_fault_is_seen(what):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    with np.errstate(all="ignore"):
        found = compare(torch.square, PLANTED[what], sample(), "function", "float64", False)
    assert found is not None and what.startswith(found.what)
    assert accepted("square", *found, "float64") is None


def test_what_agrees_differs_in_nothing():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    assert compare(torch.square, lambda x: tinytorch.apply(square, x), sample(), "function", "float64", False) is None
    assert compare(torch.rand_like, tinytorch.rand_like, sample(), "function", "float64", True) is None
    assert compare(torch.Tensor.relu_, Tensor.relu_, sample(), "in place", "float64", False) is None


def test_what_pytorch_refuses_must_be_refused_in_a_sentence():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    both = sample(torch.ones(7, dtype=torch.float64))
    found = compare(torch.matmul, lambda x, y: x, both, "function", "float64", False)
    assert found == Difference("refusal", found.how) and "PyTorch refuses" in found.how

    def fails(error):
        def called(x, y):
            raise error

        return compare(torch.matmul, called, both, "function", "float64", False)

    assert fails(RuntimeError("a sentence")) is None
    assert fails(RuntimeError("two\nlines")).what == "message"
    assert fails(AttributeError("no attribute")).what == "message"


def test_arguments_keep_their_layout_and_whether_they_require_grad():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x = torch.arange(24.0).reshape(2, 3, 4).transpose(0, 2)[::2].requires_grad_()
    made = converted({"x": [x, (slice(1, None), torch.float32)]})["x"]
    assert made[0].requires_grad and made[0].array.strides == x.detach().numpy().strides
    assert np.array_equal(made[0].array, x.detach().numpy()) and not np.shares_memory(made[0].array, x.detach().numpy())
    assert made[1] == (slice(1, None), np.dtype("float32"))


def test_an_operator_is_found_where_a_user_would_look():
    assert ours("nn.functional.relu") is tinytorch.nn.functional.relu
    assert ours("matmul") is tinytorch.matmul and ours("view") is Tensor.view
    assert ours("fft.fft") is None and ours("no_such_operator") is None
    assert ours("T")(tinytorch.ones(2, 3)).shape == (3, 2)


@pytest.mark.parametrize("name", ["max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"])
def test_indices_of_a_pooling_are_refused_in_a_sentence(name):
    pool, x = (
        getattr(tinytorch.nn.functional, name),
        tinytorch.ones(1, 1, 4, 4)[:, 0 if name.endswith("1d") else slice(None)],
    )
    assert pool(x, 2, return_indices=False).shape == pool(x, 2).shape
    with pytest.raises(NotImplementedError, match=f"^{name} gives the values alone"):
        pool(x, 2, return_indices=True)
