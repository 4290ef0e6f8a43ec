"""What optimizers must do: PyTorch's numbers, whatever the options; in place, seen by the graph; resumed to the bit."""

import copy
import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tinytorch import optim
from tinytorch.autograd import is_grad_enabled, no_grad
from tinytorch.optimizers import Optimizer, clip_grad_norm_, clip_grad_value_
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor

CASES = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.8, "weight_decay": 0.2, "nesterov": True, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.03, "alpha": 0.8, "eps": 0.01}),
    ("RMSprop", {"weight_decay": 0.2}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"alpha": 0.7, "eps": 0.1, "weight_decay": 0.2, "momentum": 0.5, "centered": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.01}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.2}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.6), "amsgrad": True}),
    ("Adam", {"lr": 0.1, "betas": (0.0, 0.6), "eps": 0.1, "weight_decay": 0.2, "amsgrad": True, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.01, "weight_decay": 0.2}),
    ("AdamW", {"lr": 0.1, "betas": (0.5, 0.6), "weight_decay": 0.2, "amsgrad": True, "maximize": True}),
]
SHAPES = [(3, 4), (5,), (), (2, 1, 3), (0, 2)]

every_case = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{name}-{'-'.join(options) or 'defaults'}" for name, options in CASES]
)
all_four = pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW"])


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def parameters(dtype="float64", shapes=SHAPES, seed=0):
    rng = np.random.default_rng(seed)
    return [Tensor(np.array(rng.normal(size=shape), dtype), requires_grad=True) for shape in shapes]


def parameter(*values, dtype="float32"):
    return Tensor(np.array(values, dtype), requires_grad=True)


def gradients(arrays, step, seed=1):
    """The gradients of a bowl with a floor that shakes: they depend on the parameters, so an error feeds on itself."""
    rng = np.random.default_rng([seed, step])
    return [np.array(0.3 * a + rng.normal(size=a.shape), a.dtype) for a in arrays]


def take_steps(optimizer, params, steps, begin=0, skip=None):
    """Let the optimizer take steps; in every third, the parameter numbered `skip` has no gradient."""
    for step in range(begin, begin + steps):
        for i, (p, g) in enumerate(zip(params, gradients([p.array for p in params], step), strict=True)):
            p.grad = None if i == skip and step % 3 == 1 else Tensor(g)
        optimizer.step()


def take_steps_in_torch(torch, optimizer, params, steps, begin=0, skip=None):
    for step in range(begin, begin + steps):
        arrays = [p.detach().numpy() for p in params]
        for i, (p, g) in enumerate(zip(params, gradients(arrays, step), strict=True)):
            p.grad = None if i == skip and step % 3 == 1 else torch.from_numpy(g)
        optimizer.step()


def in_torch(torch, params):
    return [torch.nn.Parameter(torch.from_numpy(p.array.copy())) for p in params]


def assert_all_close(ours, theirs, **tolerance):
    for p, q in zip(ours, theirs, strict=True):
        assert_allclose(p.array, q.detach().numpy(), **tolerance)


# The numbers


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
@every_case
def test_steps_agree_with_pytorch(torch, name, options, dtype, tolerance):
    ours = parameters(dtype)
    theirs = in_torch(torch, ours)
    take_steps(getattr(optim, name)(ours, **options), ours, 15, skip=1)
    take_steps_in_torch(torch, getattr(torch.optim, name)(theirs, **options), theirs, 15, skip=1)
    assert_all_close(ours, theirs, rtol=tolerance, atol=tolerance)


SMALL = st.sampled_from([0, 1e-3, 0.1, 0.9])
BETAS = st.tuples(st.sampled_from([0.0, 0.5, 0.9]), st.sampled_from([0.0, 0.9, 0.999]))
RATE = st.sampled_from([0, 1e-3, 0.1])
ALPHA = st.sampled_from([0.5, 0.9, 0.99])  # near 0, a centered variance is nothing but rounding
EPS = st.sampled_from([1e-8, 1e-3])
OPTIONS = {
    "SGD": {"lr": RATE, "momentum": SMALL, "dampening": SMALL, "weight_decay": SMALL, "nesterov": st.booleans()},
    "RMSprop": {
        "lr": RATE,
        "alpha": ALPHA,
        "eps": EPS,
        "weight_decay": SMALL,
        "momentum": SMALL,
        "centered": st.booleans(),
    },
    "Adam": {"lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": SMALL, "amsgrad": st.booleans()},
    "AdamW": {"lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": SMALL, "amsgrad": st.booleans()},
}


@all_four
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_mix_of_options_agrees_with_pytorch(torch, name, data):
    options = data.draw(st.fixed_dictionaries({**OPTIONS[name], "maximize": st.booleans()}))
    if options.get("nesterov"):
        options |= {"momentum": options["momentum"] or 0.5, "dampening": 0}
    ours = parameters(shapes=[(2, 3)])
    theirs = in_torch(torch, ours)
    take_steps(getattr(optim, name)(ours, **options), ours, 10)
    take_steps_in_torch(torch, getattr(torch.optim, name)(theirs, **options), theirs, 10)
    assert_all_close(ours, theirs, rtol=1e-9, atol=1e-9)


@all_four
def test_groups_have_options_of_their_own(torch, name):
    ours = parameters()
    theirs = in_torch(torch, ours)

    def groups(params):
        return [
            {"params": params[0], "lr": 0.2},
            {"params": iter(params[1:3]), "weight_decay": 0.5},
            {"params": params[3:]},
        ]

    take_steps(getattr(optim, name)(groups(ours), lr=0.01), ours, 10)
    take_steps_in_torch(torch, getattr(torch.optim, name)(groups(theirs), lr=0.01), theirs, 10)
    assert_all_close(ours, theirs, rtol=1e-9, atol=1e-9)


@all_four
def test_a_group_may_join_later(torch, name):
    ours = parameters()
    theirs = in_torch(torch, ours)
    mine, oracle = getattr(optim, name)(ours[:2], lr=0.01), getattr(torch.optim, name)(theirs[:2], lr=0.01)
    take_steps(mine, ours, 4)
    take_steps_in_torch(torch, oracle, theirs, 4)
    mine.add_param_group({"params": ours[2:], "lr": 0.1})
    oracle.add_param_group({"params": theirs[2:], "lr": 0.1})
    take_steps(mine, ours, 6, begin=4)
    take_steps_in_torch(torch, oracle, theirs, 6, begin=4)
    assert_all_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_one_step_of_sgd_by_hand():
    p = parameter(1.0, -2.0)
    p.grad = Tensor(np.float32([10, 20]))
    optim.SGD([p], lr=0.1).step()
    assert_allclose(p.array, [0, -4])


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient():
    p = parameter(0.0, 0.0, dtype="float64")
    p.grad = Tensor(np.array([1e-3, -1e6]))
    optim.Adam([p], lr=0.5, eps=0).step()
    assert_allclose(p.array, [-0.5, 0.5], rtol=1e-12)


def test_adamw_shrinks_weights_that_get_a_gradient_of_zero():
    p = parameter(8.0)
    p.grad = Tensor(np.zeros(1, np.float32))
    optimizer = optim.AdamW([p], lr=0.5, weight_decay=1)
    optimizer.step()
    optimizer.step()
    assert_array_equal(p.array, [2])


def test_centered_rmsprop_survives_a_gradient_that_never_changes():
    """Its variance is zero but for rounding, and the root of less than zero is not a number (it is in PyTorch's)."""
    p = parameter(1.0, dtype="float64")
    p.grad = Tensor(np.array([1e-3]))
    optimizer = optim.RMSprop([p], centered=True)
    for _ in range(4000):
        optimizer.step()
    assert np.isfinite(p.array).all()


@all_four
def test_training_reaches_the_bottom_of_a_bowl(name):
    w = parameter(3.0, -2.0)
    target = Tensor(np.float32([1, 1]))
    optimizer = getattr(optim, name)([w], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        ((w - target) * (w - target)).sum().backward()
        optimizer.step()
    assert_allclose(w.array, target.array, atol=0.1)


# In place


@every_case
def test_a_step_writes_into_the_parameters_own_array_and_leaves_the_gradient(name, options):
    params = parameters("float32")
    arrays, views = [p.array for p in params], [p.detach() for p in params]
    before = [a.copy() for a in arrays]
    optimizer = getattr(optim, name)(params, **options)
    for step in range(3):
        grads = gradients(arrays, step)
        for p, g in zip(params, grads, strict=True):
            p.grad = Tensor(g.copy())
        optimizer.step()
        for p, g in zip(params, grads, strict=True):
            assert_array_equal(p.grad.array, g)
    for p, a, view, old in zip(params, arrays, views, before, strict=True):
        assert p.array is a and p.array.dtype == np.float32
        assert_array_equal(view.array, a)
        assert a.size == 0 or not np.array_equal(a, old)


@every_case
def test_the_layout_of_a_parameter_does_not_matter(name, options):
    plain = parameters(shapes=[(3, 4)])
    turned = [Tensor(np.asfortranarray(plain[0].array), requires_grad=True)]
    for params in plain, turned:
        take_steps(getattr(optim, name)(params, **options), params, 4)
    assert_allclose(plain[0].array, turned[0].array, rtol=1e-15)


@every_case
def test_memory_keeps_the_type_of_its_parameter(name, options):
    widening = {k: np.float64(v) if isinstance(v, float) else v for k, v in options.items()}
    params = parameters("float32")
    optimizer = getattr(optim, name)(params, **widening)
    take_steps(optimizer, params, 3)
    kept = [value for memory in optimizer.state.values() for value in memory.values() if isinstance(value, Tensor)]
    assert all(value.dtype == np.float32 for value in kept)


@all_four
def test_a_step_between_forward_and_backward_is_noticed(name):
    w = parameter(1.0, 2.0)
    w.grad = Tensor(np.ones(2, np.float32))
    y = (w * w).sum()
    getattr(optim, name)([w]).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@all_four
def test_a_parameter_without_a_gradient_stays_as_it_is(name):
    still, moved = parameter(1.0), parameter(1.0)
    moved.grad = Tensor(np.ones(1, np.float32))
    optimizer = getattr(optim, name)([still, moved], weight_decay=0.1)
    y = (still * still).sum()
    optimizer.step()
    assert still.array[0] == 1 and moved.array[0] != 1
    assert not optimizer.state[still]
    y.backward()  # nothing it needs has changed
    assert still.grad.array[0] == 2


def test_zero_grad_forgets_or_fills_with_zeros():
    one, two, none = parameter(1.0), parameter(2.0), parameter(3.0)
    optimizer = optim.SGD([{"params": [one, none]}, {"params": [two]}])
    for p in one, two:
        p.grad = Tensor(np.ones(1, np.float32))
    memory = one.grad.array
    optimizer.zero_grad(set_to_none=False)
    assert one.grad.array is memory and one.grad.array[0] == 0 == two.grad.array[0]
    assert none.grad is None
    optimizer.zero_grad()
    assert one.grad is None and two.grad is None


def test_zero_grad_is_noticed_by_a_graph_that_holds_the_gradient():
    w, p = parameter(1.0), parameter(2.0)
    p.grad = Tensor(np.ones(1, np.float32))
    y = (w * p.grad).sum()
    optim.SGD([p]).zero_grad(set_to_none=False)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


# A step's arguments


def test_a_closure_is_called_once_with_recording_on_and_its_loss_returned():
    w = parameter(3.0)
    optimizer = optim.SGD([w], lr=0.1)
    seen = []

    def closure():
        seen.append(is_grad_enabled())
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with no_grad():
        loss = optimizer.step(closure)
    assert seen == [True]
    assert loss.item() == 9
    assert_allclose(w.array, [3 - 0.1 * 6])
    assert optimizer.step() is None


@all_four
def test_a_learning_rate_may_be_a_function_of_the_step(name):
    ours, same = parameters(), parameters()
    asked = []

    def rate(step):
        asked.append(step)
        return np.float64(0.1 / (step + 1))

    take_steps(getattr(optim, name)(ours, lr=rate), ours, 5)
    assert asked == [0, 1, 2, 3, 4]
    by_hand = getattr(optim, name)(same, lr=0)
    for step in range(5):
        by_hand.param_groups[0]["lr"] = 0.1 / (step + 1)
        take_steps(by_hand, same, 1, begin=step)
    for p, q in zip(ours, same, strict=True):
        assert_array_equal(p.array, q.array)


def test_each_group_may_have_a_function_of_its_own():
    a, b = parameter(0.0), parameter(0.0)
    optimizer = optim.SGD([{"params": a, "lr": lambda step: 10.0**step}, {"params": b}], lr=1)
    for _ in range(3):
        a.grad, b.grad = Tensor(np.ones(1, np.float32)), Tensor(np.ones(1, np.float32))
        optimizer.step()
    assert (a.item(), b.item()) == (-111, -3)
    assert optimizer.learning_rates() == [1000, 1]


def test_an_optimizer_of_ones_own_defines_update():
    class SignDescent(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, p, grad, state, lr, group):
            p -= lr * np.sign(grad)

    w = parameter(1.0, 1.0)
    w.grad = Tensor(np.float32([5, -7]))
    SignDescent([w], 0.25).step()
    assert_array_equal(w.array, [0.75, 1.25])
    with pytest.raises(NotImplementedError, match="Optimizer has no update"):
        Optimizer([w], {"lr": 1}).step()


def test_the_dicts_that_make_groups_are_left_as_they_are():
    params = (parameter(1.0),)
    given_group = {"params": params}
    optim.SGD([given_group], momentum=0.5).param_groups[0]["lr"] = 7
    assert given_group.keys() == {"params"} and given_group["params"] is params


def test_repr_shows_the_options_of_every_group():
    optimizer = optim.SGD([{"params": [parameter(1.0)]}, {"params": [parameter(2.0)], "lr": 0.5}], lr=0.1)
    assert repr(optimizer) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.1\n    maximize: False\n    momentum: 0\n"
        "    nesterov: False\n    weight_decay: 0\nParameter Group 1\n    dampening: 0\n    lr: 0.5\n    maximize: False\n"
        "    momentum: 0\n    nesterov: False\n    weight_decay: 0\n)"
    )


# State


def through_a_file(state):
    file = io.BytesIO()
    save(state, file)
    file.seek(0)
    return load(file)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_case
def test_a_loaded_state_goes_on_to_the_bit(name, options, dtype):
    ours = parameters(dtype)
    optimizer = getattr(optim, name)(ours, **options)
    take_steps(optimizer, ours, 4, skip=1)
    weights, state = [p.array.copy() for p in ours], optimizer.state_dict()
    take_steps(optimizer, ours, 7, begin=4, skip=1)

    for saved in state, through_a_file(state):  # a state_dict is a copy: the steps since did not touch it
        others = [Tensor(w.copy(), requires_grad=True) for w in weights]
        other = getattr(optim, name)(others, lr=123)
        other.load_state_dict(saved)
        take_steps(other, others, 7, begin=4, skip=1)
        for p, q in zip(ours, others, strict=True):
            assert_array_equal(p.array, q.array)


@every_case
def test_the_state_has_pytorchs_format(torch, name, options):
    ours = parameters()
    theirs = in_torch(torch, ours)
    mine = getattr(optim, name)([{"params": ours[:2]}, {"params": ours[2:], "lr": 0.3}], **options)
    oracle = getattr(torch.optim, name)([{"params": theirs[:2]}, {"params": theirs[2:], "lr": 0.3}], **options)
    take_steps(mine, ours, 3)
    take_steps_in_torch(torch, oracle, theirs, 3)
    state, expected = mine.state_dict(), oracle.state_dict()

    for group, reference in zip(state["param_groups"], expected["param_groups"], strict=True):
        assert group == {key: reference[key] for key in group}
    assert state["state"].keys() == expected["state"].keys()
    for i, memory in state["state"].items():
        step = {} if name != "RMSprop" else {"step"}  # which RMSprop counts and never uses
        assert memory.keys() == expected["state"][i].keys() - step
        for key, value in memory.items():
            assert_allclose(value.array if isinstance(value, Tensor) else value, expected["state"][i][key], rtol=1e-9)


def test_optimizers_that_load_one_state_do_not_share_memory():
    def loaded(state):
        p = parameter(1.0)
        optimizer = optim.SGD([p], momentum=0.9)
        optimizer.load_state_dict(state)
        return optimizer, p

    first, p = loaded(
        {"state": {}, "param_groups": optim.SGD([parameter(1.0)], momentum=0.9).state_dict()["param_groups"]}
    )
    p.grad = Tensor(np.ones(1, np.float32))
    first.step()
    state = first.state_dict()
    (second, q), (third, _) = loaded(state), loaded(state)
    q.grad = Tensor(np.ones(1, np.float32))
    second.step()
    assert third.state_dict()["state"][0]["momentum_buffer"].item() == 1
    assert second.state_dict()["state"][0]["momentum_buffer"].item() == pytest.approx(1.9)


def test_memory_is_loaded_in_the_type_of_the_parameter():
    narrow, wide = parameters("float32"), parameters("float64")
    saved = optim.Adam(wide)
    take_steps(saved, wide, 2)
    optimizer = optim.Adam(narrow)
    optimizer.load_state_dict(saved.state_dict())
    assert optimizer.state[narrow[0]]["exp_avg"].dtype == np.float32
    assert optimizer.state[narrow[0]]["step"] == 2


def test_a_function_stays_the_learning_rate_and_goes_on_from_the_step_it_had():
    ours = parameters()
    optimizer = optim.SGD(ours, lr=lambda step: 1 / (step + 1))
    take_steps(optimizer, ours, 3)
    state = through_a_file(optimizer.state_dict())
    assert state["param_groups"][0]["lr"] == 0.25 and state["steps"] == 3

    other = optim.SGD(parameters(), lr=lambda step: 1 / (step + 1))
    other.load_state_dict(state)
    assert other.learning_rates() == [0.25]
    other.step()
    assert other.learning_rates() == [0.2]
    plain = optim.SGD(parameters(), lr=9)
    plain.load_state_dict(state)
    assert plain.param_groups[0]["lr"] == 0.25


def state_after_one_step():
    p = parameter(1.0, 2.0)
    optimizer = optim.Adam([p])
    p.grad = Tensor(np.ones(2, np.float32))
    optimizer.step()
    return optimizer.state_dict()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ([], "the state_dict of an optimizer, got a list"),
        ({"weight": 1}, "the state_dict of an optimizer, got a dict"),
        ({**state_after_one_step(), "param_groups": []}, r"groups of \[2\] parameters, got groups of \[\]"),
        (state_after_one_step(), r"groups of \[2\] parameters, got groups of \[1\]"),
        (
            {"state": {}, "param_groups": [{"params": [0, 1], "lr": 1}]},
            "its own options, got another optimizer's, without amsgrad, betas, eps, maximize, weight_decay",
        ),
        (
            {**optim.Adam([parameter(1.0), parameter(2.0)]).state_dict(), "state": {7: {"step": 1}}},
            r"the state of parameters \[0, 1\], got that of 7",
        ),
        (
            {**optim.Adam([parameter(1.0), parameter(2.0)]).state_dict(), "state": state_after_one_step()["state"]},
            r"exp_avg 0 to have shape \(1,\), got \(2,\)",
        ),
    ],
)
def test_the_state_of_something_else_is_refused_and_changes_nothing(state, words):
    params = [parameter(1.0), parameter(2.0)]
    optimizer = optim.Adam(params, lr=0.5)
    for p in params:
        p.grad = Tensor(np.ones(1, np.float32))
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(ValueError, match=f"Adam.load_state_dict expects {words}"):
        optimizer.load_state_dict(state)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"] and after["steps"] == 1
    assert_array_equal(after["state"][1]["exp_avg"].array, before["state"][1]["exp_avg"].array)


# Bad input


class Net:
    pass


W = parameter(1.0)
BAD_INPUT = {
    "no parameters": (lambda: optim.SGD([]), ValueError, "SGD got an empty parameter list"),
    "a Tensor": (lambda: optim.SGD(W), TypeError, "SGD expects a list of parameters.* got a Tensor"),
    "a network": (lambda: optim.Adam(Net()), TypeError, r"as from parameters\(\).* got a Net"),
    "a set": (lambda: optim.SGD({W}), TypeError, "got a set"),
    "a dict": (lambda: optim.SGD({"params": [W]}), TypeError, "got a dict"),
    "an array": (lambda: optim.SGD([W.array]), TypeError, "SGD can optimize only Tensors, got a ndarray"),
    "a group among Tensors": (lambda: optim.SGD([W, {"params": []}]), TypeError, "only Tensors, got a dict"),
    "a Tensor among groups": (lambda: optim.SGD([{"params": [W]}, W]), TypeError, "dict with 'params', got a Tensor"),
    "a group without params": (lambda: optim.SGD([{"lr": 1}]), TypeError, "dict with 'params'"),
    "a group of a set": (lambda: optim.SGD([{"params": {W}}]), TypeError, "got a set"),
    "a result": (lambda: optim.SGD([W * 2]), ValueError, "only leaf Tensors, got the result of an operation"),
    "twice": (lambda: optim.SGD([W, W]), ValueError, r"SGD got a parameter of shape \(1,\) twice"),
    "in two groups": (lambda: optim.SGD([{"params": [W]}, {"params": W}]), ValueError, "twice"),
    "an unknown option": (lambda: optim.SGD([W], beta=1), TypeError, "beta"),
    "an option mistyped": (
        lambda: optim.SGD([{"params": W, "momentun": 1}]),
        ValueError,
        "SGD has no option momentun: its options are dampening, lr, maximize, momentum, nesterov, weight_decay",
    ),
    "a negative rate": (lambda: optim.SGD([W], lr=-1), ValueError, "SGD expects lr >= 0, got -1"),
    "a rate that is no number": (lambda: optim.SGD([W], lr=math.nan), ValueError, "lr >= 0, got nan"),
    "a negative rate of a group": (lambda: optim.SGD([{"params": W, "lr": -1}]), ValueError, "lr >= 0, got -1"),
    "a rate in words": (lambda: optim.SGD([W], lr="fast"), TypeError, "SGD expects lr to be a number, got a str"),
    "negative momentum": (lambda: optim.SGD([W], momentum=-0.1), ValueError, "SGD expects momentum >= 0, got -0.1"),
    "negative decay": (lambda: optim.AdamW([W], weight_decay=-1), ValueError, "AdamW expects weight_decay >= 0"),
    "negative eps": (lambda: optim.Adam([W], eps=-1), ValueError, "Adam expects eps >= 0, got -1"),
    "negative alpha": (lambda: optim.RMSprop([W], alpha=-1), ValueError, "RMSprop expects alpha >= 0, got -1"),
    "a beta of one": (lambda: optim.Adam([W], betas=(0.9, 1)), ValueError, r"betas .* got \(0.9, 1\)"),
    "a negative beta": (lambda: optim.Adam([W], betas=(-0.9, 0)), ValueError, r"betas .* got \(-0.9, 0\)"),
    "three betas": (lambda: optim.Adam([W], betas=(0, 0, 0)), ValueError, "betas to be two numbers"),
    "Nesterov alone": (lambda: optim.SGD([W], nesterov=True), ValueError, "expects momentum > 0 and dampening 0"),
    "Nesterov dampened": (
        lambda: optim.SGD([W], nesterov=True, momentum=0.9, dampening=0.1),
        ValueError,
        "got momentum 0.9 and dampening 0.1",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_refused_in_one_clear_sentence(call, error, words):
    with pytest.raises(error, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_a_group_that_is_refused_is_not_added():
    optimizer = optim.SGD([parameter(1.0)])
    with pytest.raises(ValueError, match="lr"):
        optimizer.add_param_group({"params": [parameter(2.0)], "lr": -1})
    assert len(optimizer.param_groups) == 1


def test_a_group_may_be_empty_and_have_a_name():
    optimizer = optim.SGD([{"params": [], "name": "biases"}, {"params": [parameter(1.0)]}])
    optimizer.step()
    assert optimizer.state_dict()["param_groups"][0]["name"] == "biases"


# Clipping


def with_gradients(dtype="float32", scale=1.0):
    params = [*parameters(dtype, SHAPES[:4]), parameter(1.0)]
    for p, g in zip(params[:-1], gradients([p.array for p in params[:-1]], 0), strict=True):
        p.grad = Tensor(g * np.array(scale, dtype))
    return params


def in_torch_with_gradients(torch, params):
    theirs = in_torch(torch, params)
    for p, q in zip(params, theirs, strict=True):
        q.grad = None if p.grad is None else torch.from_numpy(p.grad.array.copy())
    return theirs


def assert_equal_gradients(ours, theirs):
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            assert_allclose(p.grad.array, q.grad.numpy(), rtol=1e-5)


@pytest.mark.parametrize("norm_type", [2, 2.0, 1, 3, math.inf, "inf", 0.5])
@pytest.mark.parametrize("max_norm", [0.1, 1, 1000])
def test_clipping_by_norm_agrees_with_pytorch(torch, norm_type, max_norm):
    ours = with_gradients()
    theirs = in_torch_with_gradients(torch, ours)
    total = clip_grad_norm_(iter(ours), max_norm, norm_type)
    assert total.dtype == np.float32 and total.shape == ()
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, float(norm_type))
    assert total.item() == pytest.approx(expected.item(), rel=1e-5)
    assert_equal_gradients(ours, theirs)


def test_clipping_by_norm_scales_long_gradients_in_place_and_leaves_short_ones():
    params = with_gradients("float64")
    arrays = [p.grad.array for p in params[:-1]]
    before = [a.copy() for a in arrays]
    norm = clip_grad_norm_(params, 1e6).item()
    assert norm == pytest.approx(math.sqrt(sum((a**2).sum() for a in before)))
    for a, b in zip(arrays, before, strict=True):
        assert_array_equal(a, b)
    clip_grad_norm_(params, norm / 2)
    for a, b in zip(arrays, before, strict=True):
        assert_allclose(a, b / 2, rtol=1e-5)


@pytest.mark.parametrize("clip_value", [0.1, 1])
def test_clipping_by_value_agrees_with_pytorch(torch, clip_value):
    ours = with_gradients()
    theirs = in_torch_with_gradients(torch, ours)
    assert clip_grad_value_(ours, clip_value) is None
    torch.nn.utils.clip_grad_value_(theirs, clip_value)
    assert_equal_gradients(ours, theirs)
    assert max(abs(p.grad.array).max() for p in ours[:-1]) == np.float32(clip_value)


def test_clipping_takes_a_single_tensor_and_nothing_at_all():
    p = parameter(0.0, 0.0)
    p.grad = Tensor(np.float32([3, 4]))
    assert clip_grad_norm_(p, 1).item() == 5
    assert_allclose(p.grad.array, [0.6, 0.8], rtol=1e-5)
    clip_grad_value_(p, 0.7)
    assert_allclose(p.grad.array, [0.6, 0.7], rtol=1e-5)
    assert clip_grad_norm_([parameter(1.0)], 1).item() == 0
    assert clip_grad_norm_([], 1).item() == 0


def test_a_norm_that_is_not_finite_is_reported_or_shows():
    p, q = parameter(0.0), parameter(0.0)
    p.grad, q.grad = Tensor(np.float32([np.nan])), Tensor(np.float32([1]))
    with pytest.raises(RuntimeError, match="norm of order 2.0 of the gradients is nan"):
        clip_grad_norm_([p, q], 1, error_if_nonfinite=True)
    assert q.grad.item() == 1
    assert math.isnan(clip_grad_norm_([p, q], 1).item())
    assert math.isnan(q.grad.item())


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_clipping_is_noticed_by_a_graph_that_holds_the_gradient(clip):
    w, p = parameter(1.0), parameter(2.0)
    p.grad = Tensor(np.float32([5]))
    y = (w * p.grad).sum()
    clip(p, 1)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_constant_schedule_begins_with_a_third_for_five_steps():
    rates = [optim.lr_scheduler.constant(0.3)(step) for step in range(7)]
    assert_allclose(rates, [0.1] * 5 + [0.3] * 2)
