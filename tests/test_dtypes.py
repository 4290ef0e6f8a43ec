"""Types of elements: what data becomes, what meets what, and that the answer is PyTorch's on every NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import torch_or_skip
from tinytorch import dtypes
from tinytorch.dtypes import Device, as_array, common_dtype
from tinytorch.tensor import Tensor

# What data becomes


DATA = {
    "a float": (1.5, "float32"),
    "a whole number": (3, "int64"),
    "a boolean": (True, "bool"),
    "floats": ([1.5, 2.5], "float32"),
    "whole numbers": ([[1, 2], [3, 4]], "int64"),
    "large whole numbers": ([2**40, -(2**63)], "int64"),
    "booleans": ([True, False], "bool"),
    "floats among whole numbers": ([1, 2.5], "float32"),
    "whole numbers among booleans": ([True, 2], "int64"),
    "a tuple": ((1.0, 2.0), "float32"),
    "nothing": ([], "float32"),
    "rows of nothing": ([[], []], "float32"),
    "an array of doubles": (np.zeros(2), "float64"),
    "an array of halves": (np.zeros(2, np.float16), "float16"),
    "an array of bytes": (np.zeros(2, np.uint8), "uint8"),
    "an array of int32": (np.zeros(2, np.int32), "int32"),
    "a NumPy double": (np.float64(1.5), "float64"),
    "a NumPy int32": (np.int32(1), "int32"),
    "a NumPy boolean": (np.bool_(True), "bool"),
    "a list of NumPy doubles": ([np.float64(1.5), np.float64(2.5)], "float64"),
    "a list of arrays": ([np.zeros(2, np.float32), np.ones(2, np.float32)], "float32"),
}


@pytest.mark.parametrize("what", DATA)
def test_data_becomes_an_array_of_pytorchs_type(what):
    data, dtype = DATA[what]
    array = as_array(data)
    assert array.dtype == dtype
    assert_array_equal(array, np.array(data))


@pytest.mark.parametrize("what", [what for what in DATA if what != "a list of arrays"])
def test_pytorch_gives_data_the_same_type(what):
    torch = torch_or_skip()
    data, dtype = DATA[what]
    assert str(torch.tensor(data).dtype) == f"torch.{dtype}"


def test_a_tensor_and_a_list_of_tensors_become_their_arrays():
    a, b = Tensor(np.array([1.0, 2.0])), Tensor(np.array([3.0, 4.0]))
    assert as_array(a) is a.array
    assert_array_equal(as_array([a, b]), [[1, 2], [3, 4]])
    assert as_array([a, b]).dtype == np.float64
    assert as_array([a[0].to(np.float32), a[1].to(np.float32)]).dtype == np.float32


def test_arrays_share_their_memory_and_a_type_asked_for_is_given():
    array = np.zeros(2)
    assert as_array(array) is array
    assert as_array(array, np.float64) is array
    assert as_array([1, 2], np.float64).dtype == np.float64
    assert as_array([0.5, 0.0], bool).tolist() == [True, False]


REFUSED = {
    "None": (None, TypeError, "NoneType"),
    "text": ("a", TypeError, "str"),
    "a list of texts": (["a", "b"], TypeError, "list"),
    "a complex number": (1j, TypeError, "complex"),
    "an object": ([object()], TypeError, "object"),
    "times": (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "datetime64"),
    "lists of unequal lengths": ([[1, 2], [3]], ValueError, "equal lengths"),
    "whole numbers beyond 64 bits": ([2**63], ValueError, "64 bits"),
    "whole numbers far beyond": ([2**70], (TypeError, ValueError), "object"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_numbers_is_refused_in_one_sentence(what):
    data, error, message = REFUSED[what]
    with pytest.raises(error, match=message) as refusal:
        as_array(data)
    assert "\n" not in str(refusal.value)


# What meets what: three kinds of operands, of every type


KINDS = {"array": np.array([3, 1, 2]), "0-d": np.array(2)}
NAMES = ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64"]
PYTHON = {"bool": True, "int": 2, "float": 2.5}
OPERANDS = [*product(KINDS, NAMES), *product(["Python"], PYTHON)]
PAIRS = [(a, b) for a, b in product(OPERANDS, OPERANDS) if "Python" not in (a[0], b[0]) or a[0] != b[0]]


def operand(framework: Any, kind: str, name: str) -> Any:
    return PYTHON[name] if kind == "Python" else framework.tensor(KINDS[kind].astype(name))


def rank(dtype: np.dtype) -> int:
    return "bif".index(dtype.kind.replace("u", "i"))


def promoted(*operands: tuple[str, str]) -> np.dtype:
    """PyTorch's rule: arrays decide; single tensors, and then Python's numbers, only where theirs is a higher kind."""
    result = None
    for kind in ("array", "0-d", "Python"):
        defaults = {"int": "int64", "float": "float32"} if kind == "Python" else {}
        here = [np.dtype(defaults.get(name, name)) for k, name in operands if k == kind]
        highest = max(map(rank, here), default=-1)
        if result is None or highest > rank(result):
            result = np.result_type(*(d for d in here if rank(d) == highest)) if here else result
    assert result is not None
    return result


def test_the_rule_of_these_tests_is_pytorchs():
    torch = torch_or_skip()
    for a, b in PAIRS:
        assert str(torch.result_type(operand(torch, *a), operand(torch, *b))) == f"torch.{promoted(a, b)}"


ARITHMETIC = {
    "a + b": lambda t, a, b: a + b,
    "a * b": lambda t, a, b: a * b,
    "a / b": lambda t, a, b: a / b,
    "a // b": lambda t, a, b: a // b,
    "a % b": lambda t, a, b: a % b,
    "a ** b": lambda t, a, b: a**b,
    "a < b": lambda t, a, b: a < b,
    "a == b": lambda t, a, b: a == b,
    "where": lambda t, a, b: t.where(t.tensor([True, False, True]), a, b),
}


def result_type(name: str, a: tuple[str, str], b: tuple[str, str]) -> np.dtype | None:
    """What the rule says of an operation; None where PyTorch has another idea for booleans, or refuses them."""
    common = promoted(a, b)
    if name in ("a < b", "a == b"):
        return np.dtype(bool)
    if name == "a / b" and common.kind != "f":
        return np.dtype(np.float32)
    return None if common.kind == "b" and name in ("a // b", "a % b", "a ** b") else common


@pytest.mark.parametrize("name", ARITHMETIC)
def test_operands_of_any_types_give_the_type_of_the_rule(name):
    for a, b in PAIRS:
        expected = result_type(name, a, b)
        if expected is not None:
            result = ARITHMETIC[name](tinytorch, operand(tinytorch, *a), operand(tinytorch, *b))
            assert result.dtype == expected, f"{name} of {a} and {b}"


@pytest.mark.parametrize("name", ARITHMETIC)
def test_operands_of_any_types_give_pytorchs_numbers(name):
    torch = torch_or_skip()
    for a, b in PAIRS:
        if result_type(name, a, b) is not None:
            theirs = ARITHMETIC[name](torch, operand(torch, *a), operand(torch, *b))
            ours = ARITHMETIC[name](tinytorch, operand(tinytorch, *a), operand(tinytorch, *b))
            assert str(theirs.dtype) == f"torch.{ours.dtype}", f"{name} of {a} and {b}"
            assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, err_msg=f"{name} of {a} and {b}")


def test_common_dtype_is_the_rule_for_arrays():
    for a, b in product(product(KINDS, NAMES), repeat=2):
        assert common_dtype([KINDS[kind].astype(name) for kind, name in (a, b)]) == promoted(a, b)


SCALARS = [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.float16(2.5), np.int64(2), np.int8(2), np.bool_(True)]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_a_scalar_of_python_or_numpy_takes_the_type_of_a_tensor_of_floats_on_either_side(scalar, shape):
    x = tinytorch.full(shape, 3.0, dtype=tinytorch.float32)
    for result in (
        x + scalar,
        scalar + x,
        x * scalar,
        scalar - x,
        scalar / x,
        scalar**x,
        x**scalar,
        x // scalar,
        x % scalar,
    ):
        assert isinstance(result, Tensor)
        assert (result.dtype, result.shape) == (np.float32, shape)
    assert_array_equal((scalar - x).numpy(), np.full(shape, float(scalar) - 3))


def test_single_numbers_are_computed_in_their_own_type_on_every_numpy():
    x = tinytorch.tensor(0.1)
    assert bool(x == 0.1) and not bool(x < 0.1) and not bool(x > 0.1)
    assert (x * 3).item() == np.float32(0.1) * np.float32(3)
    assert (tinytorch.tensor(2, dtype=tinytorch.int32) // 2).dtype == np.int32


# Names and devices


def test_names_are_numpys_types_under_pytorchs_names():
    for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"):
        assert getattr(dtypes, name) == np.dtype(name) == getattr(tinytorch, name)
    assert tinytorch.bool == np.dtype(bool)
    aliases = {
        "half": "float16",
        "float": "float32",
        "double": "float64",
        "short": "int16",
        "int": "int32",
        "long": "int64",
    }
    for alias, name in aliases.items():
        assert getattr(tinytorch, alias) == np.dtype(name)


def test_the_only_device_is_the_cpu():
    cpu = tinytorch.device("cpu")
    assert cpu == Device("cpu:0") == "cpu" == Device(cpu)
    assert (str(cpu), repr(cpu), cpu.type) == ("cpu", "device(type='cpu')", "cpu")
    assert cpu != "cuda" and len({cpu, Device("cpu")}) == 1
    assert tinytorch.zeros(1).device == cpu
    assert not tinytorch.cuda.is_available()
    assert [device.index for device in (cpu, Device("cpu:0"), Device("cpu", 1), Device(Device("cpu:2")))] == [
        None,
        0,
        1,
        2,
    ]
    assert (str(Device("cpu:0")), repr(Device("cpu", 0))) == ("cpu:0", "device(type='cpu', index=0)")
    for name in ("cuda", "cuda:0", "mps", "banana", "cpu:x"):
        with pytest.raises(RuntimeError, match=f"no device '{name}'"):
            tinytorch.device(name)


# Nested lists


def test_tensors_that_require_gradients_become_their_arrays_in_lists_and_tuples():
    a, b = Tensor(np.array([1.0, 2.0]), requires_grad=True), Tensor(np.array([3.0, 4.0]), requires_grad=True)
    for nested in ([a, b], (a, b)):
        array = as_array(nested)
        assert_array_equal(array, [[1, 2], [3, 4]])
        assert array.dtype == np.float64


def test_numpys_numbers_keep_their_type_at_every_depth():
    torch = torch_or_skip()
    rows = [[[np.float64(1.5)], [np.float64(2.5)]]]
    assert as_array(rows).dtype == np.float64
    assert torch.tensor(rows).dtype == torch.float64


def test_numbers_for_a_type_are_not_rounded_to_another_first():
    assert tinytorch.tensor(0.1, dtype=tinytorch.float64).item() == 0.1
    assert tinytorch.tensor([[0.1]], dtype=tinytorch.float64).tolist() == [[0.1]]
    assert tinytorch.full((2,), 0.1, dtype=tinytorch.float64).tolist() == [0.1, 0.1]
    assert tinytorch.tensor(16777217.0, dtype=tinytorch.int64).item() == 16777217
    assert tinytorch.tensor(0.1).item() == float(np.float32(0.1))
