"""What the fast forms must do: the very numbers of the clear form, and memories that stay true come what may."""

import copy
import os
import platform
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tinytorch import kernels, ops, optim
from tinytorch.conv import all_windows
from tinytorch.kernels import LONGEST, OneVector
from tinytorch.tensor import Tensor, apply
from tinytorch.testing import gradcheck, gradgradcheck

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
]
every_case = pytest.mark.parametrize(("name", "options"), CASES)
with_memory = pytest.mark.parametrize(("name", "options"), CASES[1:])


def parameters(dtype="float32"):
    rng = np.random.default_rng(0)
    single = () if dtype == "float64" else (1,)  # NumPy 1 multiplies a float32 of no dimensions by 0.1 in float64
    arrays = [np.array(rng.normal(size=shape), dtype) for shape in [(3, 4), (5,), single, (2, 1, 3), (0, 2)]]
    arrays.append(np.asfortranarray(rng.normal(size=(3, 2)).astype(dtype)))  # others in memory than as one reads
    return [Tensor(array, requires_grad=True) for array in arrays]


def one_by_one(optimizer):
    """The clear form: every parameter by itself."""
    optimizer._updates = lambda i, ready: [(p.array, p.grad.array, optimizer.state[p]) for p in ready]
    return optimizer


def both_forms(name, options, dtype="float32"):
    """An optimizer and its parameters as they are, and in the clear form."""
    fast, clear = parameters(dtype), parameters(dtype)
    kind = getattr(optim, name)
    return (kind(fast, **options), fast), (one_by_one(kind(clear, **options)), clear)


def step(optimizer, params, number, without=()):
    """One step; the parameters in `without` have no gradient."""
    rng = np.random.default_rng([1, number])
    for i, p in enumerate(params):
        gradient = np.array(0.3 * p.array + rng.normal(size=p.shape), p.dtype)
        p.grad = None if i in without else Tensor(gradient)
    optimizer.step()


def assert_equal_to_the_bit(ours, theirs):
    (optimizer, params), (clear, others) = ours, theirs
    for p, q in zip(params, others, strict=True):
        assert_array_equal(p.array, q.array)
        memory, expected = optimizer.state[p], clear.state[q]
        assert memory.keys() == expected.keys()
        for key, value in expected.items():
            if isinstance(value, Tensor):
                assert memory[key].shape == p.shape and memory[key].dtype == p.dtype
                assert_array_equal(memory[key].array, value.array)
            else:
                assert memory[key] == value


# OneVector


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_parameters_as_one_vector_have_the_numbers_of_parameters_one_by_one(name, options, dtype):
    forms = both_forms(name, options, dtype)
    for number in range(6):
        for optimizer, params in forms:
            step(optimizer, params, number)
        assert_equal_to_the_bit(*forms)


@every_case
def test_each_parameter_may_lack_a_gradient_for_a_step(name, options):
    forms = both_forms(name, options)
    for number, without in enumerate([(), (), (1,), (0,), (), (0, 5), (1, 2), (), (), (0, 1, 2, 3, 4, 5), ()]):
        for optimizer, params in forms:
            step(optimizer, params, number, without)
        assert_equal_to_the_bit(*forms)


@with_memory
def test_a_loaded_state_takes_the_place_of_the_vector(name, options):
    forms = both_forms(name, options)
    for optimizer, params in forms:
        for number in range(3):
            step(optimizer, params, number)
        saved = optimizer.state_dict()
        for number in range(3, 6):
            step(optimizer, params, number)
        optimizer.load_state_dict(saved)
        for number in range(6, 9):
            step(optimizer, params, number)
    assert_equal_to_the_bit(*forms)


@with_memory
def test_a_memory_that_is_cleared_begins_anew(name, options):
    forms = both_forms(name, options)
    for optimizer, params in forms:
        for number in range(3):
            step(optimizer, params, number)
        optimizer.state.clear()
        for number in range(3, 6):
            step(optimizer, params, number)
    assert_equal_to_the_bit(*forms)


@with_memory
def test_a_copy_goes_its_own_way_to_the_bit(name, options):
    optimizer, params = both_forms(name, options)[0]
    for number in range(3):
        step(optimizer, params, number)
    other, others = copy.deepcopy((optimizer, params))
    for number in range(3, 6):
        step(optimizer, params, number)
    for number in range(3, 6):
        step(other, others, number)
    assert_equal_to_the_bit((optimizer, params), (other, others))


def test_memories_are_parts_of_one_memory_and_all_is_written_to_in_place():
    (optimizer, params), _ = both_forms("Adam", {})
    arrays = [p.array for p in params]
    step(optimizer, params, 0)
    step(optimizer, params, 1)
    memories = [optimizer.state[p]["exp_avg"] for p in params]
    assert len({id(memory.array.base) for memory in memories}) == 1
    before = [memory.array.copy() for memory in memories]
    step(optimizer, params, 2)
    for p, memory, old in zip(params, memories, before, strict=True):
        assert optimizer.state[p]["exp_avg"] is memory
        assert not memory.array.size or (memory.array != old).all()
    assert all(p.array is array for p, array in zip(params, arrays, strict=True))


@with_memory
def test_parameters_that_someone_else_changes_go_on_from_there(name, options):
    forms = both_forms(name, options)
    for number in range(4):
        for optimizer, params in forms:
            step(optimizer, params, number)
            params[1].array *= 0.5
            if number == 2:
                params[0].data = params[0].data + 1
        assert_equal_to_the_bit(*forms)


class Lars(optim.Optimizer):
    """A formula that looks at a whole parameter, by its norm, and remembers a Tensor of another shape."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    def update(self, p, grad, state, lr, group):
        state.setdefault("norms", Tensor(np.zeros(1, p.dtype))).array[0] = np.linalg.norm(p)
        p -= lr * grad * np.linalg.norm(p) / np.linalg.norm(grad)


def test_an_optimizer_of_ones_own_is_given_each_parameter_by_itself():
    together = parameters("float64")[:2]
    alone = parameters("float64")[:2]
    one, others = Lars(together), [Lars([p]) for p in alone]
    for number in range(3):
        step(one, together, number)
        for p, q in zip(alone, together, strict=True):
            p.grad = Tensor(q.grad.array.copy())
        for optimizer in others:
            optimizer.step()
    for p, q in zip(together, alone, strict=True):
        assert_array_equal(p.array, q.array)


@with_memory
def test_parameters_of_another_type_or_memory_from_now_on_are_taken_up_as_they_are(name, options):
    forms = both_forms(name, options)
    for number in range(6):
        for optimizer, params in forms:
            if number == 3:
                for p in params:
                    p.array = p.array.astype(np.float64)
            step(optimizer, params, number)
        for p, q in zip(forms[0][1], forms[1][1], strict=True):
            assert p.dtype == q.dtype
            assert_array_equal(p.array, q.array)


def test_two_parameters_on_one_memory_are_both_updated():
    for form in (lambda optimizer: optimizer, one_by_one):
        shared = np.zeros(2)
        a, b = (Tensor(shared, requires_grad=True) for _ in range(2))
        optimizer = form(optim.SGD([a, b], lr=0.1, momentum=0.9))
        for _ in range(3):
            a.grad, b.grad = Tensor(np.ones(2)), Tensor(np.ones(2))
            optimizer.step()
        assert shared[0] == pytest.approx(-2 * 0.1 * (1 + 1.9 + 2.71))


def zeros(*shape, dtype="float32"):
    return Tensor(np.zeros(shape, dtype))


@pytest.mark.parametrize(
    ("pays", "params", "states"),
    [
        (True, [zeros(2), zeros(3)], [{"m": zeros(2), "step": 1}, {"m": zeros(3), "step": 1}]),
        (True, [zeros(LONGEST - 1), zeros(1)], [{"m": zeros(LONGEST - 1)}, {"m": zeros(1)}]),
        (False, [zeros(LONGEST), zeros(1)], [{"m": zeros(LONGEST)}, {"m": zeros(1)}]),
        (False, [zeros(2)], [{"m": zeros(2)}]),
        (False, [zeros(2), zeros(3, dtype="float64")], [{"m": zeros(2)}, {"m": zeros(3, dtype="float64")}]),
        (False, [zeros(2), zeros(3)], [{}, {}]),
        (False, [zeros(2), zeros(3)], [{"step": 1}, {"step": 1}]),
        (False, [zeros(2), zeros(3)], [{"m": zeros(2), "step": 1}, {"m": zeros(3), "step": 2}]),
        (False, [zeros(2), zeros(3)], [{"m": zeros(2)}, {}]),
        (False, [zeros(2), zeros(3)], [{"m": zeros(2), "v": np.zeros(2)}, {"m": zeros(3), "v": np.zeros(3)}]),
    ],
    ids=[
        "several small",
        "just",
        "too long",
        "one",
        "two types",
        "first step",
        "numbers only",
        "other steps",
        "new",
        "arrays",
    ],
)
def test_one_vector_is_for_several_small_parameters_with_memories_alike(pays, params, states):
    assert OneVector.pays(params, states) is pays


def test_a_memory_that_someone_resets_is_taken_up_anew():
    def trained(reset):
        params = [Tensor(np.full(n, 1.0), requires_grad=True) for n in (2, 3)]
        optimizer = optim.Adam(params, lr=0.1)
        for step in range(5):
            if step == 3 and reset:
                for p in params:
                    zeros = {name: Tensor(np.zeros(p.shape)) for name in ("exp_avg", "exp_avg_sq")}
                    optimizer.state[p].update({"step": 0, **zeros})
            for p in params:
                p.grad = Tensor(np.full(p.shape, 1.0 + step))
            optimizer.step()
        assert optimizer.state[params[0]]["step"] == (2 if reset else 5)
        return params[0].array

    assert not np.array_equal(trained(True), trained(False))


def test_a_gradient_of_another_shape_is_refused():
    a, b = (Tensor(np.zeros(n), requires_grad=True) for n in (2, 3))
    a.grad, b.grad = Tensor(np.zeros(3)), Tensor(np.zeros(2))
    with pytest.raises(ValueError, match=r"^Adam got a gradient of shape \(3,\) for a parameter of shape \(2,\)$"):
        optim.Adam([a, b]).step()


# Losses


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 2), (7, 10)])
def test_cross_entropy_with_classes_first_is_that_of_ops(shape, dtype, order):
    rng = np.random.default_rng(0)
    z = np.array(30 * rng.normal(size=shape), dtype, order=order)
    labels = rng.integers(0, shape[1], shape[0])
    g = np.array(0.3, dtype)
    (fast, fast_back), (clear, clear_back) = (
        rule(z, labels=labels) for rule in (kernels.cross_entropy, ops.cross_entropy)
    )
    assert fast.dtype == fast_back(g).dtype == dtype and fast.shape == ()
    assert_allclose(fast, clear, rtol=1e-5, atol=1e-6)
    assert_allclose(fast_back(g), clear_back(g), rtol=1e-4, atol=1e-7)
    assert fast_back(g).flags.f_contiguous  # for linear, which stands before it


@pytest.mark.parametrize("smoothing", [0.1, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_smoothed_cross_entropy_is_that_of_probabilities(smoothing, dtype):
    rng = np.random.default_rng(0)
    z, labels = np.array(3 * rng.normal(size=(7, 10)), dtype), rng.integers(0, 10, 7)
    q = np.full((7, 10), smoothing / 10 / 7, dtype)
    q[np.arange(7), labels] += (1 - smoothing) / 7
    fast, fast_back = kernels.cross_entropy(z, labels=labels, smoothing=smoothing)
    clear, clear_back, _ = ops.soft_cross_entropy(z, q)
    assert fast.dtype == fast_back(np.ones((), dtype)).dtype == dtype
    assert_allclose(fast, clear, rtol=1e-5)
    assert_allclose(fast_back(np.array(0.3, dtype)), clear_back(np.array(0.3, dtype)), rtol=1e-4, atol=1e-7)
    for checked in (gradcheck, gradgradcheck):
        logits = Tensor(z.astype("float64"), requires_grad=True)
        assert checked(lambda t: apply(kernels.cross_entropy, t, labels=labels, smoothing=smoothing), logits)


def test_cross_entropy_with_classes_first_knows_impossible_classes_and_hopeless_logits():
    z = np.array([[0, -np.inf, 1], [1e30, 0, -1e30]], np.float32)
    for labels, loss in (([0, 0], np.log(1 + np.e) / 2), ([1, 0], np.inf)):
        value, back = kernels.cross_entropy(z, labels=np.array(labels))
        assert_allclose(value, loss, rtol=1e-6)
        assert np.isfinite(back(np.ones((), np.float32))).all()


# Windows


@pytest.mark.parametrize("laid_out", ["as a whole", "as a part", "read-only"])
@pytest.mark.parametrize(
    ("size", "kernel_size", "stride", "dilation"),
    [
        ((7,), (3,), (2,), (1,)),
        ((9,), (2,), (1,), (3,)),
        ((5, 6), (2, 3), (1, 2), (2, 1)),
        ((3, 3), (3, 3), (1, 1), (1, 1)),
    ],
)
def test_windows_are_what_each_place_in_the_kernel_meets(size, kernel_size, stride, dilation, laid_out):
    padding = ((0, 0),) * len(size)
    whole = np.arange(4 * np.prod(size) * 2, dtype=np.float32).reshape(4, *size, 2)
    padded = whole[::2] if laid_out == "as a part" else whole
    padded.flags.writeable = laid_out != "read-only"
    places = all_windows(size, kernel_size, stride, padding, dilation)
    count = padded[places[0][1]].shape[1:-1]
    windows = kernels.windows(padded, count, kernel_size, stride, dilation)
    assert windows.shape == (len(padded), *kernel_size, *count, 2)
    assert np.shares_memory(windows, whole)
    for offset, met in places:
        assert_array_equal(windows[offset], padded[met])


def test_labels_changed_before_the_way_back_leave_the_gradient_of_those_that_were():
    labels = np.array([0, 2])
    z = np.random.default_rng(0).standard_normal((2, 3))
    _, way_back = kernels.cross_entropy(z, labels=labels)
    before = way_back(np.ones(()))
    labels[:] = 1
    assert_array_equal(way_back(np.ones(())), before)


def test_only_short_constants_are_kept():
    assert ops.ones(8, np.dtype("f4")) is ops.ones(8, np.dtype("f4"))
    assert ops.ones(ops.KEPT + 1, np.dtype("f4")) is not ops.ones(ops.KEPT + 1, np.dtype("f4"))


@pytest.mark.parametrize("shape", [(), (3,), (70_000,), (70_000, 2), (2, 70_000), (300, 300), (0, 5)])
@pytest.mark.parametrize("turned", [False, True])
def test_relu_is_that_of_a_number_whatever_zeros_it_is_taken_with(shape, turned):
    x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    x = x.T[::-1] if turned and x.ndim else x
    y, way_back = ops.relu(x)
    assert_array_equal(y, np.maximum(x, 0))
    assert_array_equal(way_back(y), y)
    assert y.dtype == np.float32


# Memory that was freed is kept

REPEATED = """
import resource
import numpy as np
{imported}

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    arrays = [np.ones(400_000) for _ in range(10)]  # 32 MB

step()
before = faults()
for _ in range(5):
    step()
print(faults() - before)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or sys.maxsize < 2**32, reason="glibc on 64 bits is what learns it"
)
def test_memory_that_a_step_frees_serves_the_next():
    """Every page that the system gives anew is a fault, 39,000 for these steps."""

    def run(imported):
        script = [sys.executable, "-c", REPEATED.format(imported=imported)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        return int(subprocess.run(script, check=True, capture_output=True, text=True, env=environment).stdout)

    assert run("import tinytorch.kernels") < 0.2 * run("")


def test_one_vector_is_not_for_the_first_of_its_parameters_alone():
    """The last one has no gradient in the last step: it stays where it is, the others go on."""
    params = [Tensor(np.full(3, float(i + 1)), requires_grad=True) for i in range(3)]
    optimizer = optim.Adam(params, lr=0.1)
    for count in (3, 3, 3, 2):
        optimizer.zero_grad()
        sum((p * p).sum() for p in params[:count]).backward()
        before = [p.array.copy() for p in params]
        optimizer.step()
    assert [bool((p.array != was).all()) for p, was in zip(params, before, strict=True)] == [True, True, False]
