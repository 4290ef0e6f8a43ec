"""What the engine must do: the chain rule on any graph, every step once; nothing kept, nothing shared, nothing silently wrong."""

import functools
import gc
import math
import threading
import weakref
from collections import Counter

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tinytorch import autograd, changes, functional, nn, ops
from tinytorch.autograd import enable_grad, grad, is_grad_enabled, no_grad, set_grad_enabled
from tinytorch.changes import mark_changed
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor, apply

LABELS = np.array([1, 0, 2, 1])
ROWS = np.array([[2], [0], [1], [2]])

# name: (function of Tensors, shapes); every kind of op there is, once or twice
FUNCTIONS = {
    "add": (lambda a, b: a + b, [(4, 3), (3,)]),
    "sub": (lambda a, b: a - b, [(4, 1), (3,)]),
    "mul": (lambda a, b: a * b, [(4, 3), (3,)]),
    "div": (lambda a, b: a / b, [(4, 3), (4, 1)]),
    "neg": (lambda a: -a, [(4, 3)]),
    "pow": (lambda a, b: a**b, [(4, 3), (3,)]),
    "remainder": (lambda a, b: a % b, [(4, 3), (3,)]),
    "abs": (lambda a: a.abs(), [(4, 3)]),
    "sqrt": (lambda a: a.sqrt(), [(4, 3)]),
    "exp": (lambda a: a.exp(), [(4, 3)]),
    "log": (lambda a: a.log(), [(4, 3)]),
    "tanh": (lambda a: a.tanh(), [(4, 3)]),
    "sigmoid": (lambda a: a.sigmoid(), [(4, 3)]),
    "relu": (lambda a: a.relu(), [(4, 3)]),
    "leaky_relu": (F.leaky_relu, [(4, 3)]),
    "elu": (F.elu, [(4, 3)]),
    "gelu": (F.gelu, [(4, 3)]),
    "silu": (F.silu, [(4, 3)]),
    "softplus": (F.softplus, [(4, 3)]),
    "maximum": (lambda a, b: a.maximum(b), [(4, 3), (3,)]),
    "clamp": (lambda a: a.clamp(0.7, 1.2), [(4, 3)]),
    "where": (lambda a, b: functional.where(LABELS[:, None] > 0, a, b), [(4, 3), (3,)]),
    "matmul": (lambda a, b: a @ b, [(4, 3), (3, 2)]),
    "matmul of a vector": (lambda a, b: a @ b, [(2, 4, 3), (3,)]),
    "linear": (F.linear, [(4, 3), (2, 3), (2,)]),
    "sum": (lambda a: a.sum(1), [(4, 3)]),
    "sum of all": (lambda a: a.sum(), [(4, 3)]),
    "mean": (lambda a: a.mean(0, keepdim=True), [(4, 3)]),
    "var": (lambda a: a.var(1), [(4, 3)]),
    "amax": (lambda a: a.amax(1), [(4, 3)]),
    "max": (lambda a: a.max(1).values, [(4, 3)]),
    "logsumexp": (lambda a: a.logsumexp(1), [(4, 3)]),
    "norm": (lambda a: a.norm(dim=1), [(4, 3)]),
    "softmax": (lambda a: a.softmax(1), [(4, 3)]),
    "log_softmax": (lambda a: a.log_softmax(1), [(4, 3)]),
    "reshape": (lambda a: a.reshape(2, 6), [(4, 3)]),
    "transpose": (lambda a: a.T, [(4, 3)]),
    "expand": (lambda a: a.expand(4, 3), [(4, 1)]),
    "slice": (lambda a: a[1:, ::-1], [(4, 3)]),
    "rows taken twice": (lambda a: a[LABELS], [(4, 3)]),
    "gather": (lambda a: a.gather(1, Tensor(ROWS)), [(4, 3)]),
    "cat": (lambda a, b: functional.cat([a, b, a], 1), [(4, 3), (4, 2)]),
    "stack": (lambda a, b: functional.stack([a, b]), [(4, 3), (4, 3)]),
    "pad": (lambda a: F.pad(a, (1, 2)), [(4, 3)]),
    "roll": (lambda a: functional.roll(a, 1, 0), [(4, 3)]),
    "clone": (lambda a: a.clone(), [(4, 3)]),
    "mse": (F.mse_loss, [(4, 3), (4, 3)]),
    "cross_entropy": (lambda a: F.cross_entropy(a, Tensor(LABELS), label_smoothing=0.1), [(4, 3)]),
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b, padding=1), [(2, 3, 5), (4, 3, 3), (4,)]),
    "conv2d": (lambda x, w: F.conv2d(x, w, stride=2), [(2, 3, 5, 4), (4, 3, 2, 2)]),
    "unfold": (lambda x: F.unfold(x, 2), [(2, 3, 4, 4)]),
}
ONCE = {
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), [(2, 3, 4, 4)]),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), [(4, 3), (3,), (3,)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (3,), w, b), [(4, 3), (3,), (3,)]),
}
ALL = {**FUNCTIONS, **ONCE, "avg_pool2d": (lambda x: F.avg_pool2d(x, 2), [(2, 3, 4, 4)])}

every_function = pytest.mark.parametrize("name", ALL)


def positive(shapes, dtype=np.float64, requires_grad=True, seed=0):
    """Tensors that every function above can take: numbers in [0.5, 2)."""
    rng = np.random.default_rng(seed)
    return [Tensor(rng.uniform(0.5, 2, shape).astype(dtype), requires_grad) for shape in shapes]


def counted(op, calls, at_most=10_000_000):
    """The op, adding to calls how often it was computed ("forward") and each of its inputs' ways back taken (0, 1, ...)."""

    @functools.wraps(op)
    def rule(*inputs, **params):
        value, *vjps = op(*inputs, **params)
        calls["forward"] += 1

        def count(i, vjp):
            def way_back(g):
                calls[i] += 1
                assert calls[i] <= at_most, "more calls than can be right"
                return vjp(g)

            return way_back

        return value, *(count(i, vjp) for i, vjp in enumerate(vjps))

    return rule


# The chain rule


def test_a_chain_of_100_000_ops_goes_forward_backward_and_away():
    x = Tensor(2.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = -y
    y.backward()
    assert (y.item(), x.grad.item()) == (2, 1)

    y = x
    for _ in range(100_000):
        y = -y
    alive = weakref.ref(y)
    del y
    assert alive() is None  # a graph that nobody walked goes as well, and not by recursion


def test_the_graph_of_a_gradient_may_be_as_deep():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(10_000):
        y = y * 1.0
    (g,) = grad(y * y, x, create_graph=True)
    (h,) = grad(g, x)
    assert (g.item(), h.item()) == (2, 2)
    del y, g, h


def test_doubling_sixty_times_takes_sixty_steps_back():
    calls = Counter()
    add = counted(ops.add, calls, at_most=1000)
    x = Tensor(np.array(1.5), requires_grad=True)
    y = x
    for _ in range(60):
        y = apply(add, y, y)
    y.backward()
    assert (y.item(), x.grad.item()) == (1.5 * 2**60, 2**60)
    assert calls == {"forward": 60, 0: 60, 1: 60}


@st.composite
def graphs(draw):
    """Calls on earlier values: (name, i, j) makes value number 2, 3, ... of values i and j; then which ones are summed."""
    steps = []
    for made in range(draw(st.integers(1, 12))):
        place = st.integers(0, made + 1)
        steps.append((draw(st.sampled_from(["add", "sub", "mul", "tanh", "neg"])), draw(place), draw(place)))
    last = draw(st.sets(st.integers(0, len(steps) + 1), min_size=1, max_size=4))
    return steps, sorted(last)


PAIRS = {  # value and derivative along a direction, forwards: what backward must agree with
    "add": lambda a, b, da, db: (a + b, da + db),
    "sub": lambda a, b, da, db: (a - b, da - db),
    "mul": lambda a, b, da, db: (a * b, da * b + a * db),
    "tanh": lambda a, _b, da, _db: (np.tanh(a), da * (1 - np.tanh(a) ** 2)),
    "neg": lambda a, _b, da, _db: (-a, -da),
}


@given(graph=graphs(), create_graph=st.booleans(), named=st.booleans())
def test_any_graph_has_the_derivative_found_by_going_forwards_and_takes_every_step_once(graph, create_graph, named):
    steps, last = graph
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=3), rng.normal(size=3)) for _ in range(2)]
    leaves = [Tensor(a.copy(), requires_grad=True) for a, _ in pairs]
    tensors, calls = list(leaves), []
    for name, i, j in steps:
        calls.append(Counter())
        inputs = (tensors[i],) if name in ("tanh", "neg") else (tensors[i], tensors[j])
        tensors.append(apply(counted(getattr(ops, name), calls[-1]), *inputs))
        pairs.append(PAIRS[name](pairs[i][0], pairs[j][0], pairs[i][1], pairs[j][1]))

    outputs = [tensors[i].sum() for i in last]
    if named:
        found = grad(outputs, leaves, create_graph=create_graph, allow_unused=True)
    else:
        autograd.backward(outputs, create_graph=create_graph)
        found = [leaf.grad for leaf in leaves]
    along = sum(float(g.array @ pairs[i][1]) for i, g in enumerate(found) if g is not None)
    assert_allclose(along, sum(pairs[i][1].sum() for i in last), rtol=1e-9, atol=1e-9)
    assert all(count <= 1 for step in calls for i, count in step.items() if i != "forward")


def test_a_step_back_left_out_or_taken_twice_is_seen():
    """The oracle of the test above, with a wrong derivative planted."""
    x = Tensor(np.array([0.5, 1.0]), requires_grad=True)
    wrong = apply(lambda a: (a * a, lambda g: g * a), x)
    wrong.sum().backward()
    assert not np.allclose(x.grad.array, PAIRS["mul"](x.array, x.array, 1, 1)[1])


# What is not computed


def test_the_gradient_of_the_first_layers_input_is_never_computed(monkeypatch):
    calls = Counter()
    monkeypatch.setattr(ops, "linear", counted(ops.linear, calls))
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    model(Tensor(np.ones((5, 3), np.float32))).sum().backward()
    assert calls == {"forward": 2, 0: 1, 1: 2, 2: 2}
    calls.clear()
    model(Tensor(np.ones((5, 3), np.float32), requires_grad=True)).sum().backward()
    assert calls[0] == 2


def test_frozen_parameters_cost_nothing(monkeypatch):
    calls = Counter()
    monkeypatch.setattr(ops, "linear", counted(ops.linear, calls))
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    model(Tensor(np.ones((5, 3), np.float32))).sum().backward()
    assert calls == {"forward": 2, 1: 1, 2: 1}
    assert model[0].weight.grad is None


def test_a_shared_way_back_is_told_which_gradients_are_wanted():
    asked = []

    def product(a, b, c):
        def pullback(g, wanted):
            asked.append(list(wanted))
            return g * b * c, g * a * c if wanted[1] else None, g * a * b

        return a * b * c, pullback

    a, b, c = positive([(3,)] * 3)
    b.requires_grad = False
    y = apply(product, a, b, c).sum()
    y.backward(retain_graph=True)
    assert_allclose(a.grad.array, b.array * c.array)
    assert b.grad is None
    grad(y, c)
    assert asked == [[True, False, True], [False, False, True]]


def test_grad_takes_only_the_steps_that_lead_to_its_inputs():
    calls = {name: Counter() for name in ("to x", "to w", "beyond h")}
    x, w = positive([(3,), (3,)])
    beyond = apply(counted(ops.exp, calls["beyond h"]), x)
    h = apply(counted(ops.tanh, calls["to x"]), beyond)
    y = (h * apply(counted(ops.exp, calls["to w"]), w)).sum()
    grad(y, h, retain_graph=True)
    assert [c[0] for c in calls.values()] == [0, 0, 0]
    grad(y, w, retain_graph=True)
    assert [c[0] for c in calls.values()] == [0, 1, 0]
    grad(y, [x, h], retain_graph=True)
    assert [c[0] for c in calls.values()] == [1, 1, 1]
    assert x.grad is None and w.grad is None and h.grad is None


# What is kept, and for how long


def graph_of_everything(how):
    for function, shapes in FUNCTIONS.values():
        inputs = positive(shapes)
        y = function(*inputs)
        if how == "backward":
            y.sum().backward()
        elif how == "grad of grad":
            gradients = grad(y.sum(), inputs, create_graph=True)
            total = sum((g * g).sum() for g in gradients)
            if total.requires_grad:
                total.backward()
        elif how == "in place" and y.ndim:
            y = y.clone()
            y *= 2
            y[0:1] = 0
            y.sum().backward()
        elif how == "in place by itself, never walked" and y.ndim:
            y = y.clone()
            y.add_(y.tanh())
            y[0:1] = y[-1:] * 2


@pytest.mark.parametrize("how", ["forward", "backward", "grad of grad", "in place", "in place by itself, never walked"])
def test_a_graph_leaves_nothing_for_the_garbage_collector(how):
    graph_of_everything(how)  # whatever is made once and kept
    gc.collect()
    gc.disable()
    try:
        graph_of_everything(how)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_cycle_is_seen_by_that_oracle():
    gc.collect()
    gc.disable()
    try:
        x = Tensor(1.0, requires_grad=True)
        x.grad = x * 2  # its Record holds x
        del x
        assert gc.collect() > 0
    finally:
        gc.enable()


def test_arrays_die_while_backward_walks():
    alive = []

    def watched(x):
        return x * 1, lambda g: (alive.append([a() is not None for a in arrays]), g)[1]

    x = Tensor(np.ones(3), requires_grad=True)
    first = apply(watched, x)
    middle = first.exp()
    later = apply(watched, middle)
    last = later.exp()
    loss = (last * last).sum()
    arrays = [weakref.ref(t.array) for t in (middle, last)]
    del first, middle, later, last
    loss.backward()
    assert alive == [[True, False], [False, False]]


def test_after_backward_the_result_holds_only_itself():
    x = Tensor(np.ones(3), requires_grad=True)
    y = x.exp()
    loss = (y * y).sum()
    array, tensor = weakref.ref(y.array), weakref.ref(y)
    del y
    loss.backward()
    assert array() is None and tensor() is None


def test_a_retained_graph_keeps_its_arrays():
    x = Tensor(np.ones(3), requires_grad=True)
    y = x.exp()
    loss = (y * y).sum()
    array = weakref.ref(y.array)
    del y
    loss.backward(retain_graph=True)
    assert array() is not None


def test_without_recording_nothing_is_kept():
    x = Tensor(np.ones(3), requires_grad=True)
    with no_grad():
        y = x.exp()
        array = weakref.ref(y.array)
        z = y * y
    del y
    assert array() is None
    assert not z.requires_grad and z.grad_fn is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_second_backward_says_that_the_graph_is_gone(create_graph):
    x = Tensor(np.ones(3), requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=False, create_graph=create_graph)
    with pytest.raises(RuntimeError, match="freed it: say retain_graph=True the first time"):
        loss.backward()


def test_a_graph_that_is_shared_is_freed_for_all():
    x = Tensor(np.ones(3), requires_grad=True)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        (shared * 3).sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        grad((shared * 3).sum(), x)


def test_grad_through_a_freed_graph_never_says_unused():
    x, w = positive([(3,), (3,)])
    shared = x.exp()
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="freed"):
        grad((shared * w).sum(), x, allow_unused=True)
    (g,) = grad((shared * w).sum(), w)  # the way to w was not freed
    assert_array_equal(g.array, shared.array)


def test_retain_graph_lets_backward_go_again():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    loss.backward()
    assert_array_equal(x.grad.array, 3 * 2 * x.array)


# Whose memory a gradient is in


def test_a_change_of_one_gradient_leaves_the_other_alone():
    a, b = positive([(3,), (3,)])
    (a + b).sum().backward()
    a.grad *= 5
    assert_array_equal(b.grad.array, 1)


def test_the_users_gradient_stays_the_users():
    for y_of in (lambda x: x, lambda x: x + 0, lambda x: x.reshape(3), lambda x: x.T.T):
        x = Tensor(np.ones(3), requires_grad=True)
        g = Tensor(np.full(3, 2.0))
        y_of(x).backward(g)
        x.grad.mul_(3)
        assert_array_equal(g.array, 2)
        g.mul_(7)
        assert_array_equal(x.grad.array, 6)


def test_a_gradient_given_back_is_not_one_of_another_tensor():
    x = Tensor(np.ones(3), requires_grad=True)
    h = x + 0
    of_h, of_x = grad((h * 2).sum(), [h, x])
    of_h.mul_(5)
    assert_array_equal(of_x.array, 2)


@every_function
def test_every_gradient_has_memory_of_its_own_that_can_be_written(name):
    function, shapes = ALL[name]
    inputs = positive(shapes)
    y = function(*inputs)
    seed = Tensor(np.ones(y.shape))
    y.backward(seed)
    gradients = [x.grad.array for x in inputs]
    others = [seed.array, y.array, *(x.array for x in inputs)]
    for i, g in enumerate(gradients):
        assert g.flags.writeable
        assert not any(np.shares_memory(g, other) for other in [*others, *gradients[:i]])


def test_gradients_add_up_until_they_are_forgotten():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    (x * x).sum().backward()
    first = x.grad
    (3 * x).sum().backward()
    assert x.grad is first  # in place: what holds on to it sees it grow, as in PyTorch
    assert_array_equal(x.grad.array, 2 * x.array + 3)
    x.grad = None
    (3 * x).sum().backward()
    assert_array_equal(x.grad.array, 3)


def test_gradients_with_a_graph_add_up_as_a_graph():
    x = Tensor(np.array(2.0), requires_grad=True)
    (x**3).backward(create_graph=True)
    (x**2).backward(create_graph=True)
    assert x.grad.item() == 3 * 4 + 2 * 2
    (second,) = grad(x.grad, x)
    assert second.item() == 6 * 2 + 2
    x.grad = None


# Where recording is on


def test_recording_is_on_at_first_and_off_within_no_grad():
    assert is_grad_enabled()
    with no_grad():
        assert not is_grad_enabled()
        with enable_grad():
            assert is_grad_enabled()
            with no_grad():
                assert not is_grad_enabled()
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()


@pytest.mark.parametrize("make", [no_grad, lambda: set_grad_enabled(False)])
def test_an_exception_turns_recording_on_again(make):
    with pytest.raises(ZeroDivisionError), make():
        1 / 0  # noqa: B018
    assert is_grad_enabled()

    @make()
    def fails():
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        fails()
    assert is_grad_enabled()


def test_functions_can_be_decorated_and_keep_their_names():
    @no_grad()
    def off(x, *, y):
        """What it does."""
        return is_grad_enabled(), x, y

    @enable_grad()
    def on():
        return is_grad_enabled()

    assert off(1, y=2) == (False, 1, 2)
    assert (off.__name__, off.__doc__) == ("off", "What it does.")
    with no_grad():
        assert on()
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_no_grad_decorates_without_brackets_too():
    @no_grad
    def double(x):
        """Twice."""
        return x * 2, is_grad_enabled()

    x = Tensor(np.ones(2), requires_grad=True)
    y, recording = double(x)
    assert not y.requires_grad and not recording and is_grad_enabled()
    assert (double.__name__, double.__doc__) == ("double", "Twice.")


def test_a_decorated_function_may_call_itself():
    @no_grad()
    def down(n):
        with enable_grad():
            return down(n - 1) if n else is_grad_enabled()

    assert down(5)
    assert is_grad_enabled()


def test_set_grad_enabled_is_a_context_a_function_and_a_decorator():
    with set_grad_enabled(False):
        assert not is_grad_enabled()
        with set_grad_enabled(True):
            assert is_grad_enabled()
        assert not is_grad_enabled()
    assert is_grad_enabled()

    set_grad_enabled(False)
    assert not is_grad_enabled()
    set_grad_enabled(True)
    assert is_grad_enabled()

    @set_grad_enabled(False)
    def off():
        return is_grad_enabled()

    assert is_grad_enabled()  # decorating changes nothing
    assert not off()
    assert is_grad_enabled()
    with no_grad():
        off()
        assert not is_grad_enabled()  # as it was when called, not when decorated


def test_backward_and_grad_work_where_recording_is_off():
    x = Tensor(np.array(3.0), requires_grad=True)
    y = x * x
    with no_grad():
        (g,) = grad(y, x, create_graph=True)
        assert not is_grad_enabled()
        y.backward()
    assert g.requires_grad and x.grad.item() == 6
    x.grad = None


def test_threads_record_or_not_each_on_its_own():
    seen = {}

    def other():
        seen["at first"] = is_grad_enabled()
        set_grad_enabled(False)

    with no_grad():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen["at first"] and is_grad_enabled()


def test_one_decorated_function_serves_two_threads_at_once():
    """Each goes back to its own mode, in whatever order they come and go."""
    inside, leave, modes = threading.Barrier(2), threading.Event(), {}

    @no_grad()
    def work(name):
        inside.wait(60)
        if name == "recording":
            leave.wait(60)

    def recording():
        work("recording")
        modes["recording"] = is_grad_enabled()

    def silent():
        with no_grad():
            work("silent")
            modes["silent"] = is_grad_enabled()
        leave.set()

    threads = [threading.Thread(target=f) for f in (recording, silent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert modes == {"recording": True, "silent": False}


def test_threads_compute_gradients_side_by_side():
    wrong = []

    def train(seed):
        x = Tensor(np.random.default_rng(seed).normal(size=50), requires_grad=True)
        for _ in range(100):
            x.grad = None
            (x.exp() * x).sum().backward()
            if not np.allclose(x.grad.array, np.exp(x.array) * (1 + x.array)):
                wrong.append(seed)
            with no_grad():
                x -= 0.001 * x.grad

    threads = [threading.Thread(target=train, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# autograd.grad and autograd.backward


def test_grad_of_several_outputs_is_the_weighted_sum():
    x, w = positive([(3,), (3,)])
    a, b = x * w, x.sum()
    of_x, of_w = grad([a, b], [x, w], grad_outputs=[Tensor(np.array([1.0, 2.0, 3.0])), None])
    assert_allclose(of_x.array, np.array([1, 2, 3]) * w.array + 1)
    assert_allclose(of_w.array, np.array([1, 2, 3]) * x.array)
    assert x.grad is None and w.grad is None


def test_one_output_and_one_input_need_no_lists_and_give_a_tuple():
    x = Tensor(np.array(3.0), requires_grad=True)
    result = grad(x * x, x)
    assert isinstance(result, tuple) and len(result) == 1
    assert isinstance(result[0], Tensor) and not result[0].requires_grad


def test_an_output_named_twice_counts_twice():
    x = Tensor(np.array(3.0), requires_grad=True)
    y = x * x
    assert grad([y, y], x)[0].item() == 12


def test_an_input_named_twice_is_answered_twice():
    x = Tensor(np.array(3.0), requires_grad=True)
    a, b = grad(x * x, [x, x])
    assert (a.item(), b.item()) == (6, 6)


def test_an_output_may_be_an_input():
    x = Tensor(np.array(3.0), requires_grad=True)
    y = x * x
    of_y, of_x = grad(y, [y, x])
    assert (of_y.item(), of_x.item()) == (1, 6)
    assert grad(x, x)[0].item() == 1


def test_grad_reaches_inputs_in_the_middle_and_what_they_came_from():
    x = Tensor(np.array(3.0), requires_grad=True)
    h = x * x
    y = h * h + x
    of_h, of_x = grad(y, [h, x])
    assert (of_h.item(), of_x.item()) == (2 * 9, 4 * 27 + 1)
    young = h * 2  # h is older than what follows, and x older still
    of_young, of_h = grad(young * young * h, [young, h], allow_unused=True)
    assert (of_young.item(), of_h.item()) == (2 * 18 * 9, 2 * 18 * 9 * 2 + 18**2)


def test_an_unused_input_is_refused_or_given_none():
    x, w = positive([(), ()])
    y = x * x
    with pytest.raises(RuntimeError, match="input 1 has no part in the outputs .* allow_unused=True gives None"):
        grad(y, [x, w], retain_graph=True)
    of_x, of_w = grad(y, [x, w], allow_unused=True)
    assert of_x.item() == 2 * x.item() and of_w is None


def test_backward_with_inputs_leaves_all_others_alone():
    x, w = positive([(3,), (3,)])
    h = x * w
    autograd.backward((h * h).sum(), inputs=[w, h])
    assert x.grad is None
    assert_allclose(w.grad.array, 2 * h.array * x.array)
    assert_allclose(h.grad.array, 2 * h.array)


def test_backward_of_several_tensors_adds_up():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    y = x * x
    autograd.backward([y.sum(), y], [None, Tensor(np.array([10.0, 100.0]))])
    assert_allclose(x.grad.array, 2 * x.array * [11, 101])


def test_a_gradient_has_a_graph_only_where_it_is_asked_for():
    for create_graph in ({}, {"create_graph": False}, {"create_graph": True}):
        x = positive([(3,)])[0]
        autograd.backward((x * x * x).sum(), **create_graph)
        assert x.grad.requires_grad is create_graph.get("create_graph", False)


def test_backward_from_a_leaf_gives_it_its_own_gradient():
    x = Tensor(np.array(3.0), requires_grad=True)
    x.backward()
    assert x.grad.item() == 1


@pytest.mark.parametrize(
    ("called", "error", "sentence"),
    [
        (lambda x: (x * x).backward(), RuntimeError, r"shape \(3,\) needs a gradient of that shape"),
        (lambda x: (x * x).backward(Tensor(np.ones(2))), RuntimeError, r"shape \(3,\) got a gradient of shape \(2,\)"),
        (lambda x: (x * x).backward(np.ones(3)), TypeError, "takes a Tensor .* got ndarray"),
        (lambda x: (x * x).sum().backward(1.0), TypeError, "takes a Tensor .* got float"),
        (lambda x: x.detach().sum().backward(), RuntimeError, "requires grad, and this one does not"),
        (lambda x: grad([x.sum()], x, [None, None]), RuntimeError, "from 1 Tensors needs a gradient for each, got 2"),
        (lambda x: grad(x.sum(), x.detach()), RuntimeError, "gradient of input 0, which does not require grad"),
        (
            lambda x: tinytorch.tensor([1, 2], requires_grad=True),
            RuntimeError,
            "only Tensors of floating point .* not int64",
        ),
        (
            lambda x: tinytorch.tensor([True]).requires_grad_(),
            RuntimeError,
            "only Tensors of floating point .* not bool",
        ),
        (lambda x: (x * x).requires_grad_(False), RuntimeError, "only a leaf can stop requiring gradients"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(called, error, sentence):
    x = Tensor(np.ones(3), requires_grad=True)
    with pytest.raises(error, match=sentence) as raised:
        called(x)
    assert "\n" not in str(raised.value)
    assert x.grad is None


def test_a_gradient_is_of_the_type_of_what_it_belongs_to():
    x = Tensor(np.ones(3, np.float32), requires_grad=True)
    x.backward(Tensor(np.full(3, 2.0)))
    assert x.grad.dtype == np.float32
    x.exp().backward(Tensor([1, 1, 1]))
    assert x.grad.dtype == np.float32
    assert_allclose(x.grad.array, 2 + math.e, rtol=1e-6)


# Gradients of gradients


def test_the_first_five_derivatives_of_a_polynomial():
    x = Tensor(np.array(1.5), requires_grad=True)
    y = x * x * x * x * x
    for order in range(1, 6):
        (y,) = grad(y, x, create_graph=True)
        assert_allclose(y.item(), math.perm(5, order) * 1.5 ** (5 - order))
    assert_allclose(y.item(), 120)


def test_the_third_derivative_of_tanh():
    x = Tensor(np.linspace(-2, 2, 9), requires_grad=True)
    y = x.tanh()
    t = np.tanh(x.array)
    for expected in (1 - t**2, -2 * t * (1 - t**2), (1 - t**2) * (6 * t**2 - 2)):
        (y,) = grad(y.sum(), x, create_graph=True)
        assert_allclose(y.array, expected, atol=1e-12)


def test_a_matrix_of_second_derivatives_is_symmetric_and_right():
    a = np.array([[2.0, 1.0], [0.5, 3.0]])
    x = Tensor(np.array([0.3, -0.7]), requires_grad=True)
    (g,) = grad(x @ Tensor(a) @ x, x, create_graph=True)
    hessian = np.stack([grad(g[i], x, retain_graph=True)[0].array for i in range(2)])
    assert_allclose(hessian, a + a.T)


def test_a_gradient_without_a_graph_is_a_constant():
    x = Tensor(np.array(3.0), requires_grad=True)
    (g,) = grad(x * x, x)
    assert not g.requires_grad
    y = g * x
    assert grad(y, x)[0].item() == 6


def test_a_gradient_of_a_gradient_may_be_the_users_too():
    """The gradient passed in gets a gradient: a trick for forward-mode derivatives."""
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    v = Tensor(np.zeros(2), requires_grad=True)
    (g,) = grad(x * x, x, v, create_graph=True)
    (along,) = grad(g, v, Tensor(np.array([1.0, 10.0])))
    assert_allclose(along.array, 2 * x.array * [1, 10])


@pytest.mark.parametrize("name", ONCE)
def test_what_can_be_differentiated_only_once_says_so(name):
    function, shapes = ONCE[name]
    inputs = positive(shapes)
    y = (function(*inputs) ** 2).sum()
    with pytest.raises(RuntimeError, match=r"^\w+ can be differentiated only once"):
        grad(y, inputs, create_graph=True)
    grad(y, inputs)


def test_what_can_be_differentiated_only_once_may_stand_where_no_gradient_passes():
    x, w = positive([(2, 3, 4, 4), (2, 3, 2, 2)])
    y = (F.max_pool2d(x, 2) * w * w).sum()
    (g,) = grad(y, w, create_graph=True)
    assert_allclose(grad(g.sum(), w)[0].array, 2 * F.max_pool2d(x, 2).array)


def unrolled(lr, steps):
    """The loss after steps of gradient descent on a small quartic, a function of the learning rate."""
    a = Tensor(np.array([[2.0, 0.3], [0.3, 1.0]]))
    w = Tensor(np.array([0.8, -0.6]), requires_grad=True)

    def loss(w):
        return (w @ a @ w) + (w * w * w * w).sum()

    for _ in range(steps):
        (g,) = grad(loss(w), w, create_graph=True)
        w = w - lr * g
    return loss(w)


def test_a_learning_rate_has_a_gradient_through_200_steps():
    lr = Tensor(np.array(0.003), requires_grad=True)
    (analytic,) = grad(unrolled(lr, 200), lr)
    eps = 1e-6
    above, below = (unrolled(Tensor(np.array(0.003 + e), requires_grad=True), 200).item() for e in (eps, -eps))
    assert_allclose(analytic.item(), (above - below) / (2 * eps), rtol=1e-6)


def test_unrolled_steps_cost_the_same_each(monkeypatch):
    """Every inner gradient walks only the step it belongs to, not all of the history."""
    calls, trace = Counter(), autograd.trace

    def counting_trace(*args, **kwargs):
        records = trace(*args, **kwargs)
        calls["records found"] += len(records)
        return records

    monkeypatch.setattr(autograd, "trace", counting_trace)
    cube = counted(lambda w: (w * w * w, lambda g: g * 3 * w * w), calls)
    per_step = []
    for steps in (50, 100, 200):
        calls.clear()
        w, lr = Tensor(np.array([0.8, 0.6]), requires_grad=True), Tensor(np.array(0.003), requires_grad=True)
        for _ in range(steps):
            (g,) = grad(apply(cube, w).sum(), w, create_graph=True)
            w = w - lr * g
        per_step.append({what: n / steps for what, n in calls.items()})
    assert per_step[0] == per_step[1] == per_step[2]
    assert per_step[0]["forward"] == 2 and per_step[0][0] == 1  # once, and once more on Tensors for the graph


# Broadcasting undone


@st.composite
def shapes_and_broadcast(draw):
    """A shape, and one that it broadcasts to."""
    wide = draw(st.lists(st.integers(0, 3), max_size=4).map(tuple))
    kept = draw(st.integers(0, len(wide)))
    shape = tuple(1 if draw(st.booleans()) else n for n in wide[len(wide) - kept :])
    return shape, wide


@given(shapes_and_broadcast())
def test_unbroadcast_sums_what_went_into_every_element(shapes):
    shape, wide = shapes
    gradient = np.random.default_rng(0).normal(size=wide)
    size = math.prod(shape)
    place = np.broadcast_to(np.arange(size).reshape(shape), wide)
    expected = np.bincount(place.ravel(), gradient.ravel(), minlength=size).reshape(shape)
    assert_allclose(autograd.unbroadcast(gradient, shape), expected, atol=1e-12)
    assert_allclose(autograd.unbroadcast(Tensor(gradient), shape).array, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("had", "expected"), [((3,), (2,)), ((3, 2), (3,)), ((2,), (1, 2)), ((2, 3), (2, 1, 3)), ((), (2,))]
)
def test_a_rule_that_gives_another_shape_is_named(had, expected):
    def careless(x):
        return x * 1, lambda g: np.zeros(had)

    x = Tensor(np.zeros(expected), requires_grad=True)
    with pytest.raises(RuntimeError) as raised:
        apply(careless, x).backward(Tensor(np.ones(expected)))
    assert str(raised.value) == f"careless gave a gradient of shape {had} for an input of shape {expected}"


def test_a_rule_with_another_number_of_ways_back_is_named():
    def generous(a, b):
        return a * b, lambda g: g * b, lambda g: g * a, lambda g: g

    a, b = positive([(3,), (3,)])
    with pytest.raises(RuntimeError, match="^generous gave 3 ways back for 2 inputs$"):
        apply(generous, a, b).sum().backward()


@pytest.mark.parametrize("given_back", [None, 2.0, [1.0, 2.0]])
def test_a_rule_that_gives_no_array_is_named(given_back):
    def forgetful(x):
        return x * 1, lambda g: given_back

    x = Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^forgetful gave .* for the gradient of an input of shape \(2,\)$"):
        apply(forgetful, x).sum().backward()


# Changes in place


def changed_after(function, inputs, change):
    """The gradients where something is changed between the call and backward; None where backward refuses."""
    inputs = [x + 0 for x in inputs]
    y = function(*inputs)
    if not y.array.flags.writeable:
        y = y + 0
    weights = np.random.default_rng(1).normal(size=y.shape)
    loss = (y * Tensor(weights)).sum()
    change(inputs, y)
    try:
        return [g.array for g in grad(loss, inputs)]
    except RuntimeError as error:
        assert "changed in place" in str(error)
        return None


@every_function
def test_a_change_of_what_a_gradient_needs_is_refused_and_of_anything_else_harmless(name):
    function, shapes = ALL[name]
    inputs = positive(shapes)
    right = changed_after(function, inputs, lambda inputs, y: None)
    assert right is not None
    changes = [lambda inputs, y: y.mul_(3.0)]
    changes += [lambda inputs, y, i=i: inputs[i].mul_(3.0) for i in range(len(inputs))]
    changes += [lambda inputs, y, i=i: inputs[i].detach().mul_(3.0) for i in range(len(inputs))]
    for change in changes:
        with no_grad():
            found = changed_after_without_recording(function, inputs, change)
        if found is not None:
            for a, b in zip(found, right, strict=True):
                assert_allclose(a, b)


@enable_grad()
def changed_after_without_recording(function, inputs, change):
    return changed_after(function, inputs, no_grad()(change))


@pytest.mark.parametrize("name", ["mul", "div", "pow", "log", "relu", "tanh", "matmul", "linear", "conv2d", "norm"])
def test_some_changes_are_indeed_refused(name):
    """So the test above is no empty one: these need an input or the value."""
    function, shapes = FUNCTIONS[name]

    def change(inputs, y):
        for t in (*inputs, y):
            t.detach().mul_(3.0)

    assert changed_after(function, positive(shapes), change) is None


def test_only_the_ways_back_that_are_taken_are_looked_at():
    """w may change before backward where its old value is only for the gradient of x, which is not wanted."""
    x, w = Tensor(np.ones((2, 3))), Tensor(np.ones((4, 3)), requires_grad=True)
    y = F.linear(x, w)
    with no_grad():
        w.mul_(2)
    y.sum().backward()
    assert_array_equal(w.grad.array, 2)


def test_a_step_of_an_optimizer_between_two_backwards_is_noticed():
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    tinytorch.optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="gradient of mul needs was changed in place after mul used it"):
        loss.backward()


def test_new_data_for_a_tensor_leaves_the_graph_what_it_saw():
    """Taking another array is no change in place: the gradient is that of the old values."""
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    loss = (w * w).sum()
    w.data = Tensor(np.array([10.0, 20.0]))
    loss.backward()
    assert_array_equal(w.grad.array, [2, 4])


def test_a_change_is_seen_through_any_view():
    for view in (lambda a: a, lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(-1)[::2], strided):
        x = Tensor(np.ones((2, 3)), requires_grad=True)
        y = (x * x).sum()
        mark_changed(view(x.array))
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    y = (x * x).sum()
    mark_changed(np.ones((2, 3)))
    y.backward()


def strided(array):
    return np.lib.stride_tricks.sliding_window_view(array, (2, 2))


def test_the_owner_of_a_view_is_the_array_it_was_taken_of():
    a = np.zeros((4, 5))
    for view in (
        a,
        a[1:],
        a[1:][:, ::-1].T,
        a.reshape(20)[3:],
        np.broadcast_to(a, (3, 4, 5)),
        strided(a),
        strided(a)[1:].T,
    ):
        assert changes.owner(view) is a
    b = np.frombuffer(bytes(16), np.float64)
    assert changes.owner(b[1:]) is b


def test_a_strided_view_that_a_way_back_holds_is_watched():
    def windows(x):
        view = strided(x)
        return (view * view).sum((-1, -2)), lambda g: np.full(x.shape, view.sum())

    x = Tensor(np.ones((3, 3)), requires_grad=True)
    y = apply(windows, x).sum()
    with no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="gradient of windows needs was changed"):
        y.backward()


def test_held_arrays_are_found_wherever_a_way_back_keeps_them():
    a, b, c, d, e = (np.full(1, i) for i in range(5))

    def nested():
        inner = [a, (b, "text")]

        def helper(g):
            return helper if g is None else g * c  # it holds itself, too

        def way_back(g, d=d):
            return helper(g) * inner[0] * d

        return way_back

    assert {id(x) for x in changes.held_arrays([nested()])} == {id(x) for x in (a, b, c, d)}
    assert list(changes.held_arrays([lambda g: g])) == []

    class Keeper:
        def __init__(self):
            self.kept = {"deep": [e]}

        def __call__(self, g):
            return g * e

    held = [{"key": a}, functools.partial(lambda x, g: x * g, b, g=Tensor(c)), Keeper(), d]
    assert {id(x) for x in changes.held_arrays(held)} == {id(x) for x in (a, b, c, d, e)}
    assert [id(x) for x in changes.held_arrays([Keeper().__call__])] == [id(e)]


@pytest.mark.parametrize("keep", ["a dict", "a partial", "an object", "a default"])
def test_whatever_a_rule_of_ones_own_keeps_is_watched(keep):
    class Square:
        def __init__(self, a):
            self.a = a

        def __call__(self, g):
            return 2 * g * self.a

    def square(a):
        kept = {"a": a}
        ways = {
            "a dict": lambda g: 2 * g * kept["a"],
            "a partial": functools.partial(lambda a, g: 2 * g * a, a),
            "an object": Square(a),
            "a default": lambda g, a=a: 2 * g * a,
        }
        return a * a, ways[keep]

    y = tinytorch.tensor([1.0, 2.0], requires_grad=True) * 1
    z = apply(square, y)
    y.add_(10)
    with pytest.raises(RuntimeError, match="changed in place after square used it"):
        z.sum().backward()


def test_labels_changed_before_the_graph_of_a_gradient_is_built_are_noticed():
    x, labels = tinytorch.tensor([[1.0, 2.0, 3.0]], requires_grad=True), tinytorch.tensor([0])
    loss = F.cross_entropy(x * 1, labels)
    labels[0] = 2
    with pytest.raises(RuntimeError, match="changed in place after cross_entropy used it"):
        grad(loss, x, create_graph=True)


def test_a_shared_way_back_is_watched_whole():
    def both(a, b):
        return a * b, lambda g, wanted: (g * b, g * a)

    a, b = positive([(3,), (3,)])
    y = apply(both, a, b).sum()
    with no_grad():
        b.add_(1)
    with pytest.raises(RuntimeError, match="gradient of both needs"):
        y.backward()


def test_the_graph_of_a_gradient_is_refused_where_an_input_changed():
    x = Tensor(np.ones(3), requires_grad=True)
    h = x * 1
    y = h.exp()  # keeps only its value, but the gradient's graph starts from the input
    with no_grad():
        h.add_(1)
    assert_allclose(grad(y.sum(), x, retain_graph=True)[0].array, math.e)
    with pytest.raises(RuntimeError, match="exp needs was changed"):
        grad(y.sum(), x, create_graph=True)


def test_a_tensor_changed_in_place_leaves_earlier_calls_their_own_way():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    h = x + 0
    before = h + 0
    h.mul_(3)
    (before * Tensor(np.array([1.0, 10.0])) + h).sum().backward()
    assert_array_equal(x.grad.array, [1 + 3, 10 + 3])


def test_a_constant_that_becomes_variable_stays_constant_for_earlier_calls():
    w = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    t = Tensor(np.zeros(2))
    before = t + 0
    t.add_(w)
    assert not before.requires_grad and t.requires_grad
    (t * 2).sum().backward()
    assert_array_equal(w.grad.array, 2)


def test_a_view_taken_before_a_recorded_change_is_refused_and_before_an_unrecorded_one_welcome():
    x = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    h = x * 1
    view = h[:2]
    with no_grad():
        h.add_(1)
    (view * view).sum().backward(retain_graph=True)
    assert_array_equal(x.grad.array, [4, 6, 0])  # of the values that the view has now

    h.mul_(2)
    for stale in (lambda: (view * 2).sum().backward(), lambda: view[0].backward(), lambda: grad(view, x, view)):
        with pytest.raises(RuntimeError, match="changed in place through another Tensor .* take the view again"):
            stale()
    (gradient,) = grad(h[:2].sum(), x)
    assert_array_equal(gradient.array, [2, 2, 0])


def test_a_single_element_taken_before_a_change_is_refused_as_well():
    x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    h = x * 1
    element = h[0]
    h.mul_(2)
    with pytest.raises(RuntimeError, match="take the view again"):
        element.backward()


def test_what_is_remembered_of_a_change_goes_with_the_memory():
    array = np.ones(3)
    mark_changed(array)
    remembered = len(changes._histories)
    for _ in range(100):
        mark_changed(array)
        mark_changed(np.ones(3)[1:])
    assert len(changes._histories) == remembered
    del array
    assert len(changes._histories) == remembered - 1


def test_elements_set_in_place_take_their_gradient_with_them():
    x, v = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True), Tensor(np.array(5.0), requires_grad=True)
    h = x * 1
    early = h.sum()
    h[0] = v
    h[1:] = h[1:] * 2
    (early + h @ Tensor(np.array([1.0, 10.0, 100.0]))).backward()
    assert_array_equal(x.grad.array, [1, 1 + 20, 1 + 200])
    assert v.grad.item() == 1


@st.composite
def programs_in_place(draw):
    """Calls, views and changes in place on Tensors of shape (2, 2) in any order, and what is added up at the end."""
    steps, count = [], 3
    for _ in range(draw(st.integers(2, 8))):
        kind = draw(st.sampled_from(["mul", "add", "tanh", "T", "flip", "add_", "mul_", "set", "relu_", "quiet"]))
        steps.append((kind, draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))))
        count += kind in ("mul", "add", "tanh", "T", "flip")
    return steps, draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=3))


def new_value(kind, a, b):
    """A Tensor made of two others, or an array and its derivative made of theirs: (value, derivative)."""
    if isinstance(a, Tensor):
        made = {"mul": lambda: a * b, "add": lambda: a + b, "tanh": a.tanh, "T": lambda: a.T, "flip": lambda: a[::-1]}
        return made[kind]()
    (x, dx), (y, dy) = a, b
    made = {
        "mul": lambda: (x * y, dx * y + x * dy),
        "add": lambda: (x + y, dx + dy),
        "tanh": lambda: (np.tanh(x), dx * (1 - np.tanh(x) ** 2)),
        "T": lambda: (x.T, dx.T),
        "flip": lambda: (x[::-1], dx[::-1]),
    }
    return made[kind]()


def change(kind, a, b):
    """Change a in place: a Tensor, or an array and its derivative."""
    if isinstance(a, Tensor):
        if kind == "set":
            a[0] = b[1]
        elif kind == "quiet":
            with no_grad():
                a.add_(0.25)
        else:
            {"add_": lambda: a.add_(b), "mul_": lambda: a.mul_(b), "relu_": a.relu_}[kind]()
        return
    (x, dx), (y, dy) = a, b
    if kind == "set":
        x[0], dx[0] = y[1].copy(), dy[1].copy()
    elif kind == "quiet":
        x += 0.25
    elif kind == "add_":
        dx += dy.copy()
        x += y.copy()
    elif kind == "mul_":
        dx[...] = dx * y + x * dy
        x *= y.copy()
    else:
        dx *= x > 0
        np.maximum(x, 0, out=x)


def test_no_program_of_views_and_changes_in_place_gets_a_silently_wrong_gradient():
    """It is refused, when it changes or at the latest in backward, or agrees with derivatives taken forwards through the
    same views and changes."""
    outcomes = Counter()

    @settings(max_examples=400)
    @given(programs_in_place())
    def run(program):
        steps, last = program
        rng = np.random.default_rng(0)
        pairs = [(rng.normal(size=(2, 2)), rng.normal(size=(2, 2))) for _ in range(2)]
        directions = [d.copy() for _, d in pairs]
        leaves = [Tensor(a.copy(), requires_grad=True) for a, _ in pairs]
        pairs.append((np.ones((2, 2)), np.zeros((2, 2))))
        tensors = [*leaves, Tensor(np.ones((2, 2)))]
        for kind, i, j in steps:
            if kind in ("mul", "add", "tanh", "T", "flip"):
                tensors.append(new_value(kind, tensors[i], tensors[j]))
                pairs.append(new_value(kind, pairs[i], pairs[j]))
                continue
            try:
                change(kind, tensors[i], tensors[j])
            except RuntimeError:
                outcomes["refused at once"] += 1  # and then nothing may have changed
            else:
                change(kind, pairs[i], pairs[j])
            for t, (value, _) in zip(tensors, pairs, strict=True):
                assert_allclose(t.array, value, atol=1e-12)
        try:
            total = sum((tensors[i] * (i + 1)).sum() for i in last)
            found = grad(total, leaves, allow_unused=True) if total.requires_grad else (None, None)
        except RuntimeError as error:
            assert "in place" in str(error)
            outcomes["refused"] += 1
            event("refused")
            return
        outcomes["agreed"] += 1
        event("agreed")
        along = sum((g.array * d).sum() for g, d in zip(found, directions, strict=True) if g is not None)
        assert_allclose(along, sum(pairs[i][1].sum() * (i + 1) for i in last), rtol=1e-9, atol=1e-9)

    run()
    assert min(outcomes[what] for what in ("agreed", "refused", "refused at once")) > 5


# Data types


@every_function
def test_float32_stays_float32_on_every_way_back(name):
    """Not only in the end: no rule widens what it is given (single numbers may, in NumPy 1)."""
    function, shapes = ALL[name]
    inputs = positive(shapes, np.float32)
    y = function(*inputs)
    assert y.dtype == np.float32
    seed = np.ones(y.shape, np.float32)
    for record in autograd.trace([y.source]):
        back = watch_types(record.vjps)
        record.vjps = back
    y.backward(Tensor(seed))
    assert all(x.grad.dtype == np.float32 for x in inputs)


def watch_types(vjps):
    def check(vjp):
        def way_back(g, *wanted):
            found = vjp(g, *wanted)
            for one in found if wanted else [found]:
                assert one is None or one.dtype == np.float32 or one.ndim == 0, f"{vjp} widens to {one.dtype}"
            return found

        return way_back

    return [check(vjp) for vjp in vjps]


def test_the_second_order_stays_float32_too():
    for function, shapes in FUNCTIONS.values():
        inputs = positive(shapes, np.float32)
        gradients = grad(function(*inputs).sum(), inputs, create_graph=True)
        assert all(g.dtype == np.float32 for g in gradients)


def test_types_are_mixed_and_every_gradient_comes_back_in_its_own():
    a, b = Tensor(np.ones(3, np.float32), requires_grad=True), Tensor(np.ones((2, 3)), requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)
    assert (a.grad.shape, b.grad.shape) == ((3,), (2, 3))


def test_a_constant_that_something_else_looks_at_cannot_take_a_gradient_that_would_be_lost_there():
    w = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    for look in (lambda t: t[0], lambda t: t.detach(), lambda t: t.array, lambda t: t.reshape(2, 1)):
        constant = tinytorch.zeros(2)
        view = look(constant)
        with pytest.raises(RuntimeError, match="something else looks at"):
            constant.add_(w)
        assert constant.tolist() == [0, 0] and view is not None
        del view
        assert constant.add_(w).requires_grad


def test_a_second_derivative_uses_what_the_call_saw_or_says_that_it_is_gone():
    x = tinytorch.tensor([2.0], requires_grad=True)
    y = x * x * x
    x.data = tinytorch.tensor([5.0])
    with pytest.raises(RuntimeError, match="given other data"):
        grad(y.sum(), x, create_graph=True)


def test_a_view_is_no_start_once_another_tensor_changed_its_memory():
    x = tinytorch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    view = y[0]
    y.mul_(3)
    with pytest.raises(RuntimeError, match="through another Tensor on the same memory after getitem"):
        view.backward()


def test_gradients_of_a_graph_of_the_gradient_are_each_in_memory_of_their_own():
    a, b = (tinytorch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    ((a + b) ** 2).sum().backward(create_graph=True)
    first = b.grad.tolist()
    (a * 3).sum().backward()
    assert b.grad.tolist() == first and a.grad.tolist() == [g + 3 for g in first]

    seed = tinytorch.ones(2)
    a.grad = None
    (a + 1).backward(seed, create_graph=True)
    (a * 3).sum().backward()
    assert seed.tolist() == [1, 1] and a.grad.tolist() == [4, 4]

    a.grad = None
    a.sum().backward(create_graph=True)
    a.sum().backward()
    assert a.grad.tolist() == [2, 2]
    (gradient,) = grad(a.sum(), a, create_graph=True)
    gradient.array += 1


def test_backward_of_a_tensor_takes_inputs_and_refuses_those_that_want_no_gradient():
    x, w = (tinytorch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    (x * w).sum().backward(inputs=[x])
    assert x.grad.tolist() == [1, 2] and w.grad is None
    with pytest.raises(RuntimeError, match="an input which does not require grad"):
        (x * w).sum().backward(inputs=[tinytorch.ones(2)])


@pytest.mark.parametrize("keep", ["a builtin method", "a method of an object with slots"])
def test_methods_are_looked_into_for_what_they_belong_to(keep):
    class Scale:
        __slots__ = ("by",)

        def __init__(self, by):
            self.by = by

        def back(self, g):
            return g * self.by

    def scale(x, w):
        ways = {"a builtin method": w.__mul__, "a method of an object with slots": Scale(w).back}
        return x * w, ways[keep], x.__mul__

    x, w = (tinytorch.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    y = apply(scale, x, w)
    with no_grad():
        w.mul_(10)
    with pytest.raises(RuntimeError, match="changed in place after scale used it"):
        y.sum().backward()


def test_linear_sends_gradients_back_where_there_are_no_features():
    x, weight = tinytorch.zeros(2, 3, 0, requires_grad=True), tinytorch.zeros(4, 0, requires_grad=True)
    functional.linear(x, weight).sum().backward()
    assert x.grad.shape == (2, 3, 0) and weight.grad.shape == (4, 0)


def test_a_shared_way_back_is_watched_whichever_of_its_inputs_is_wanted():
    def scale(x, w):
        return x * w, lambda g, wanted: (g * w, g * x)

    for wanted in range(2):
        inputs = [tinytorch.tensor([1.0, 2.0], requires_grad=i == wanted) for i in range(2)]
        y = apply(scale, *inputs)
        with no_grad():
            inputs[1 - wanted].mul_(10)
        with pytest.raises(RuntimeError, match="changed in place after scale used it"):
            y.sum().backward()


def test_no_leaf_is_asked_for_what_it_has_not(monkeypatch):
    """A name that a Tensor has not costs a search for what was meant, hundreds of times as long as an op."""

    def search(name, *names):
        raise AssertionError(f"a step searched for what {name} means")

    monkeypatch.setattr("tinytorch._lazy.nearest", search)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    optimizer = tinytorch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):  # the statistics of the batch norm are changed in place between call and way back
        optimizer.zero_grad()
        F.cross_entropy(model(tinytorch.ones(5, 3)), tinytorch.zeros(5, dtype=tinytorch.int64)).backward()
        optimizer.step()
    assert all(parameter.grad is not None for parameter in model.parameters())
