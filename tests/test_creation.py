"""Making Tensors: PyTorch's shapes, types and values; and random numbers that a seed gives again on every machine."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import torch_or_skip
from tinytorch import creation
from tinytorch.creation import Generator
from tinytorch.tensor import Tensor

# Values: the same in both frameworks


MADE = {
    "tensor of a float": lambda t: t.tensor(1.5),
    "tensor of lists": lambda t: t.tensor([[1, 2], [3, 4]]),
    "tensor of nothing": lambda t: t.tensor([]),
    "tensor of an array": lambda t: t.tensor(np.arange(3, dtype=np.float64)),
    "tensor in a type": lambda t: t.tensor([1, 2], dtype=t.float64),
    "tensor of truth": lambda t: t.tensor([0.5, 0.0], dtype=t.bool),
    "as_tensor": lambda t: t.as_tensor([1.0, 2.0]),
    "as_tensor in a type": lambda t: t.as_tensor(np.array([1, 2]), dtype=t.float32),
    "from_numpy": lambda t: t.from_numpy(np.array([1, 2], np.uint8)),
    "zeros": lambda t: t.zeros(2, 3),
    "zeros of a shape": lambda t: t.zeros((2, 3)),
    "zeros of a list": lambda t: t.zeros([2]),
    "zeros without dimensions": lambda t: t.zeros(()),
    "zeros in a type": lambda t: t.zeros(2, dtype=t.int64),
    "zeros in no type": lambda t: t.zeros(2, dtype=None),
    "zeros of nothing": lambda t: t.zeros(0, 3),
    "ones": lambda t: t.ones(2, 3, dtype=t.float64),
    "ones in no type": lambda t: t.ones(2, dtype=None),
    "full": lambda t: t.full((2,), 2.5),
    "full of whole numbers": lambda t: t.full((2, 2), 7),
    "full of truth": lambda t: t.full((1,), True),
    "full in a type": lambda t: t.full((2,), 7, dtype=t.float32),
    "zeros_like": lambda t: t.zeros_like(t.ones(2, 3, dtype=t.float64)),
    "ones_like": lambda t: t.ones_like(t.tensor([1, 2])),
    "ones_like in a type": lambda t: t.ones_like(t.tensor([1, 2]), dtype=t.float32),
    "full_like": lambda t: t.full_like(t.zeros(2), 3),
    "full_like of whole numbers": lambda t: t.full_like(t.tensor([1, 2]), 3),
    "empty": lambda t: t.empty(2, 3) * 0,
    "empty_like": lambda t: t.empty_like(t.tensor([1, 2])) * 0,
    "arange": lambda t: t.arange(5),
    "arange from": lambda t: t.arange(2, 5),
    "arange in steps": lambda t: t.arange(1, 10, 3),
    "arange down": lambda t: t.arange(5, 0, -2),
    "arange of floats": lambda t: t.arange(0.0, 1.0, 0.1),
    "arange of one float": lambda t: t.arange(3.0),
    "arange in a type": lambda t: t.arange(3, dtype=t.float64),
    "arange of nothing": lambda t: t.arange(0),
    "arange far from 0": lambda t: t.arange(1e6, 1e6 + 2, 0.1),
    "linspace": lambda t: t.linspace(-1, 1, 5),
    "linspace of one": lambda t: t.linspace(3, 4, 1),
    "linspace in a type": lambda t: t.linspace(0, 1, 7, dtype=t.float64),
    "linspace in no type": lambda t: t.linspace(0, 1, 3, dtype=None),
    "eye": lambda t: t.eye(3),
    "eye, wide": lambda t: t.eye(2, 3, dtype=t.int64),
    "eye in no type": lambda t: t.eye(2, dtype=None),
}
OPTIONS: dict[str, Any] = {
    "zeros": lambda t, **o: t.zeros(2, **o),
    "ones": lambda t, **o: t.ones(2, **o),
    "empty": lambda t, **o: t.empty(2, **o),
    "full": lambda t, **o: t.full((2,), 1.0, **o),
    "tensor": lambda t, **o: t.tensor([1.0], **o),
    "arange": lambda t, **o: t.arange(3.0, **o),
    "linspace": lambda t, **o: t.linspace(0, 1, 3, **o),
    "eye": lambda t, **o: t.eye(2, **o),
    "rand": lambda t, **o: t.rand(2, **o),
    "randn": lambda t, **o: t.randn(2, **o),
    "zeros_like": lambda t, **o: t.zeros_like(t.ones(2), **o),
    "ones_like": lambda t, **o: t.ones_like(t.ones(2), **o),
    "empty_like": lambda t, **o: t.empty_like(t.ones(2), **o),
    "full_like": lambda t, **o: t.full_like(t.ones(2), 1.0, **o),
}


@pytest.mark.parametrize("name", MADE)
def test_tensors_are_made_as_in_pytorch(name):
    torch = torch_or_skip()
    ours, theirs = (MADE[name](t) for t in (tinytorch, torch))
    assert (str(theirs.dtype), tuple(theirs.shape)) == (f"torch.{ours.dtype}", ours.shape)
    if not name.startswith("empty"):  # which holds whatever was there
        assert_allclose(ours.numpy(), theirs.numpy(), rtol=1.2e-7)  # one last place of float32
    assert ours.is_leaf and not ours.requires_grad


@pytest.mark.parametrize("name", OPTIONS)
def test_everything_made_can_require_a_gradient_on_the_cpu(name):
    assert OPTIONS[name](tinytorch, requires_grad=True, device="cpu").requires_grad
    assert OPTIONS[name](tinytorch, dtype=tinytorch.float64).dtype == np.float64
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        OPTIONS[name](tinytorch, device="cuda")


def test_empty_holds_zeros_so_that_nothing_depends_on_chance():
    assert tinytorch.empty(3).tolist() == [0, 0, 0] == tinytorch.empty_like(tinytorch.ones(3)).tolist()


def test_memory_is_copied_by_tensor_and_shared_by_the_others():
    array = np.zeros(2, np.float32)
    assert tinytorch.from_numpy(array).array is array
    assert tinytorch.as_tensor(array).array is array
    assert not np.shares_memory(tinytorch.tensor(array).array, array)
    x = tinytorch.tensor(array)
    assert tinytorch.as_tensor(x) is x
    assert not np.shares_memory(tinytorch.tensor(x).array, x.array)
    assert tinytorch.as_tensor(x, dtype=tinytorch.float64).dtype == np.float64


def test_a_tensor_made_of_one_that_requires_grad_is_a_leaf_of_its_own():
    x = tinytorch.ones(2, requires_grad=True)
    y = tinytorch.tensor(x * 2)
    assert y.is_leaf and not y.requires_grad and y.tolist() == [2, 2]


REFUSED = {
    "text": (lambda t: t.tensor("a"), TypeError, "real numbers"),
    "lists of unequal lengths": (lambda t: t.tensor([[1], [1, 2]]), ValueError, "equal lengths"),
    "from_numpy of a list": (lambda t: t.from_numpy([1.0]), TypeError, "from_numpy expects a NumPy array, got list"),
    "gradients of whole numbers": (lambda t: t.ones(2, dtype=t.int64, requires_grad=True), RuntimeError, "int64"),
    "arange without a step": (lambda t: t.arange(0, 5, 0), RuntimeError, "arange cannot go from 0 to 5 in steps of 0"),
    "arange the wrong way": (lambda t: t.arange(5, 0), RuntimeError, "arange cannot go from 5 to 0 in steps of 1"),
    "randint of none": (lambda t: t.randint(3, 3, (2,)), RuntimeError, "randint expects low < high, got 3 and 3"),
    "random whole numbers": (lambda t: t.rand(2, dtype=t.int64), (TypeError, RuntimeError), "not as int64"),
    "a length that is no whole number": (lambda t: t.zeros(1.5), TypeError, r"zeros expects whole numbers .*\(1.5,\)"),
    "a length of text": (lambda t: t.randn(2, "3"), TypeError, r"randn expects whole numbers .*\(2, '3'\)"),
    "a negative length": (lambda t: t.zeros(-1), RuntimeError, r"zeros expects lengths of 0 or more, got \(-1,\)"),
    "a negative length among others": (lambda t: t.full((2, -3), 1.0), RuntimeError, r"full expects .*\(2, -3\)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_pytorch_refuses_is_refused_in_one_sentence(what):
    make, error, message = REFUSED[what]
    with pytest.raises(error, match=message) as refusal:
        make(tinytorch)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("what", REFUSED)
def test_pytorch_refuses_it_too(what):
    torch = torch_or_skip()
    with pytest.raises((RuntimeError, TypeError, ValueError)):
        REFUSED[what][0](torch)


# Chance


DRAWS: dict[str, Any] = {
    "rand": lambda **g: tinytorch.rand(3, 4, **g),
    "randn": lambda **g: tinytorch.randn((3, 4), **g),
    "randint": lambda **g: tinytorch.randint(0, 1000, (3, 4), **g),
    "randperm": lambda **g: tinytorch.randperm(12, **g),
    "rand_like": lambda **g: tinytorch.rand_like(tinytorch.zeros(3, 4), **g),
    "randn_like": lambda **g: tinytorch.randn_like(tinytorch.zeros(3, 4), **g),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_gives_the_same_numbers_again_and_another_seed_others(name):
    tinytorch.manual_seed(5)
    first, second = DRAWS[name](), DRAWS[name]()
    tinytorch.manual_seed(5)
    assert_array_equal(DRAWS[name]().numpy(), first.numpy())
    assert_array_equal(DRAWS[name]().numpy(), second.numpy())
    assert first.tolist() != second.tolist()
    tinytorch.manual_seed(6)
    assert DRAWS[name]().tolist() != first.tolist()


@pytest.mark.parametrize("name", DRAWS)
def test_a_generator_of_its_own_leaves_the_common_one_alone(name):
    tinytorch.manual_seed(5)
    expected = DRAWS[name]()
    tinytorch.manual_seed(5)
    own = DRAWS[name](generator=Generator().manual_seed(7))
    assert_array_equal(DRAWS[name]().numpy(), expected.numpy())
    assert_array_equal(own.numpy(), DRAWS[name](generator=Generator().manual_seed(7)).numpy())
    assert own.tolist() != expected.tolist()


def test_seeds_give_these_very_numbers_on_every_machine_and_numpy():
    expected = {
        (tinytorch.randint, (0, 100, (5,))): [85, 63, 51, 26, 30],
        (tinytorch.rand, (3,)): np.float32([0.8506242036819458, 0.6369616389274597, 0.5111364722251892]).tolist(),
        (tinytorch.randn, (3,)): np.float32([1.1176220178604126, -1.3871248960494995, -0.4265716075897217]).tolist(),
    }
    for (draw, arguments), numbers in expected.items():
        tinytorch.manual_seed(0)
        assert draw(*arguments).tolist() == numbers


def test_a_state_is_a_place_to_go_back_to():
    generator = Generator().manual_seed(3)
    tinytorch.rand(3, generator=generator)
    state = copy.deepcopy(generator.get_state())
    following = tinytorch.rand(3, generator=generator).tolist()
    assert tinytorch.rand(3, generator=generator).tolist() != following
    assert generator.set_state(state) is generator
    assert tinytorch.rand(3, generator=generator).tolist() == following
    other = Generator().set_state(state)
    assert tinytorch.rand(3, generator=other).tolist() == following
    assert other.initial_seed() == 3


def test_the_common_generator_has_a_state_too():
    assert creation.default_generator is tinytorch.default_generator
    tinytorch.manual_seed(4)
    assert tinytorch.initial_seed() == 4
    tinytorch.rand(1)
    state = tinytorch.get_rng_state()
    following = tinytorch.rand(2).tolist()
    tinytorch.set_rng_state(state)
    assert tinytorch.rand(2).tolist() == following


def test_generators_differ_unless_seeded_alike():
    assert Generator().initial_seed() != Generator().initial_seed()
    assert Generator().manual_seed(-1).numpy.random() == Generator().manual_seed(2**64 - 1).numpy.random()
    with pytest.raises(RuntimeError, match="no device 'cuda'"):
        Generator("cuda")


def test_draws_have_the_types_and_ranges_they_should():
    assert tinytorch.rand(2).dtype == tinytorch.randn(2).dtype == np.float32
    assert (
        tinytorch.rand(2, dtype=np.float64).dtype
        == tinytorch.randn_like(tinytorch.zeros(2, dtype=np.float64)).dtype
        == np.float64
    )
    assert tinytorch.rand_like(tinytorch.tensor([1]), dtype=np.float32).dtype == np.float32
    assert tinytorch.rand(()).shape == tinytorch.randn(()).shape == () and isinstance(tinytorch.rand(()), Tensor)
    assert tinytorch.randint(5, (2, 3)).shape == tinytorch.randint(high=5, size=(2, 3)).shape == (2, 3)
    assert tinytorch.randint(5, (1,), dtype=np.int32).dtype == np.int32
    assert sorted(tinytorch.randperm(50).tolist()) == list(range(50)) and tinytorch.randperm(3).dtype == np.int64
    assert set(tinytorch.randint(-2, 3, (1000,)).tolist()) == {-2, -1, 0, 1, 2}
    assert set(tinytorch.randint(3, (1000,)).tolist()) == {0, 1, 2} == set(tinytorch.randint(3, size=(1000,)).tolist())
    uniform, normal = tinytorch.rand(100_000).numpy(), tinytorch.randn(100_000).numpy()
    assert 0 <= uniform.min() < 0.01 and 0.99 < uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.005
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.01


def test_arange_of_numpys_whole_numbers_is_of_whole_numbers():
    numbers = tinytorch.arange(np.int64(1), np.int32(7), np.int64(2))
    assert numbers.tolist() == [1, 3, 5] and numbers.dtype == np.int64


def test_draws_like_another_tensor_are_of_its_shape_and_of_their_own_distribution():
    like = tinytorch.zeros(100, 100, dtype=np.float64)
    source = Generator().manual_seed(0)
    uniform, normal = tinytorch.rand_like(like, generator=source), tinytorch.randn_like(like, generator=source)
    assert uniform.shape == normal.shape == (100, 100) and uniform.dtype == normal.dtype == np.float64
    assert 0 <= uniform.array.min() < 0.01 and 0.99 < uniform.array.max() < 1
    assert abs(normal.array.mean()) < 0.05 and abs(normal.array.std() - 1) < 0.05


def test_ranges_of_whole_numbers_drop_what_is_behind_the_point():
    assert tinytorch.arange(-8.5, -4.5, dtype=tinytorch.int64).tolist() == [-8, -7, -6, -5]
    assert tinytorch.linspace(-2.9, 2.9, 3, dtype=tinytorch.int64).tolist() == [-2, 0, 2]
    assert tinytorch.linspace(tinytorch.tensor(0), tinytorch.tensor(1.0), 3).tolist() == [0, 0.5, 1]


def test_arange_takes_its_bounds_by_name():
    assert tinytorch.arange(start=1, end=7, step=2).tolist() == [1, 3, 5]
