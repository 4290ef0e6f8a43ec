"""What schedules must do: PyTorch's numbers over whole runs, the same from a class and from a function, and resumed."""

import io
import itertools
import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tinytorch import optim
from tinytorch.optim import SGD, Adam, RMSprop, lr_scheduler
from tinytorch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
    constant,
    cosine,
    exponential,
    linear,
    multi_step,
    one_cycle,
    one_cycle_momentum,
    step_decay,
)
from tinytorch.optimizers import Optimizer
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor

CASES = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.8}),
    ("MultiStepLR", {"milestones": [12, 3, 3, 30], "gamma": 0.5}),
    ("MultiStepLR", {"milestones": []}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 9}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 12}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 10}),
    ("CosineAnnealingLR", {"T_max": 40}),
    ("CosineAnnealingLR", {"T_max": 11, "eta_min": 0.03}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("LambdaLR", {"lr_lambda": [lambda epoch: 0.9**epoch, lambda epoch: 1.0 + epoch]}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 40}),
    ("OneCycleLR", {"max_lr": [0.5, 0.1], "epochs": 8, "steps_per_epoch": 5, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 40, "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 41, "three_phase": True, "pct_start": 0.45, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 40, "pct_start": 0.1, "div_factor": 3, "final_div_factor": 7}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 40, "base_momentum": [0.5, 0.6], "max_momentum": 0.7}),
]
every_case = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=[f"{i}-{name}" for i, (name, _) in enumerate(CASES)]
)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def parameter(value=1.0):
    return Tensor(np.array([value]), requires_grad=True)


def two_groups(optimizer=SGD, make=parameter):
    return optimizer([{"params": [make()]}, {"params": [make()], "lr": 0.02}], lr=0.1)


def in_torch(torch, name="SGD"):
    return two_groups(getattr(torch.optim, name), lambda: torch.nn.Parameter(torch.ones(1)))


def options_of(optimizer):
    """What a scheduler may set, in every group."""
    return [
        [group["lr"], group["initial_lr"], group.get("momentum", 0), *group.get("betas", ())]
        for group in optimizer.param_groups
    ]


def run(optimizer, schedulers, steps):
    """What the schedulers set at first, and in every step from then on."""
    seen = [options_of(optimizer)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's: that its optimizer took no steps
        for _ in range(steps):
            for scheduler in schedulers:
                scheduler.step()
            seen.append(options_of(optimizer))
    return seen


# The numbers


@every_case
@pytest.mark.parametrize("optimizer", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_whole_runs_agree_with_pytorch(torch, name, options, optimizer):
    ours, theirs = two_groups(getattr(optim, optimizer)), in_torch(torch, optimizer)
    mine = getattr(lr_scheduler, name)(ours, **options)
    oracle = getattr(torch.optim.lr_scheduler, name)(theirs, **options)
    assert_allclose(run(ours, [mine], 40), run(theirs, [oracle], 40), rtol=1e-12, atol=1e-12)
    assert mine.last_epoch == oracle.last_epoch == 40
    assert_allclose(mine.get_last_lr(), oracle.get_last_lr(), rtol=1e-12, atol=1e-12)
    assert_allclose(mine.base_lrs, oracle.base_lrs, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    total_steps=st.integers(2, 60),
    pct_start=st.floats(0, 1),
    anneal_strategy=st.sampled_from(["cos", "linear"]),
    three_phase=st.booleans(),
    cycle_momentum=st.booleans(),
    div_factor=st.sampled_from([1.0, 25.0]),
)
def test_one_cycle_agrees_with_pytorch_whatever_its_shape(torch, total_steps, **shape):
    ours, theirs = SGD([parameter()], lr=0.1), torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    try:
        oracle = torch.optim.lr_scheduler.OneCycleLR(theirs, 0.5, total_steps, **shape)
        expected = run(theirs, [oracle], total_steps)
    except ZeroDivisionError:  # a phase of no width: see below
        return
    mine = OneCycleLR(ours, 0.5, total_steps, **shape)
    assert_allclose(run(ours, [mine], total_steps), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("total_steps", "pct_start"), [(10, 0.1), (10, 1.0), (1, 1.0), (4, 0.25)])
@pytest.mark.parametrize("three_phase", [False, True])
def test_a_phase_of_one_cycle_without_width_is_passed_over(total_steps, pct_start, three_phase):
    rate = one_cycle(1.0, total_steps, pct_start=pct_start, three_phase=three_phase)
    assert all(0 <= rate(step) <= 1 for step in range(total_steps + 1))
    assert max(rate(step) for step in range(total_steps)) == 1


FUNCTIONS = [
    (StepLR, {"step_size": 3}, lambda lr: step_decay(lr, 3)),
    (MultiStepLR, {"milestones": (9, 2)}, lambda lr: multi_step(lr, iter([9, 2]))),
    (ExponentialLR, {"gamma": 0.9}, lambda lr: exponential(lr, 0.9)),
    (ConstantLR, {}, constant),
    (LinearLR, {}, linear),
    (CosineAnnealingLR, {"T_max": 12, "eta_min": 1e-3}, lambda lr: cosine(lr, steps=12, min_lr=1e-3)),
    (LambdaLR, {"lr_lambda": lambda epoch: 0.5**epoch}, lambda lr: lambda step: lr * 0.5**step),
    (OneCycleLR, {"max_lr": 3.0, "total_steps": 12}, lambda lr: one_cycle(3.0, 12)),
]


@pytest.mark.parametrize(("scheduler", "options", "function"), FUNCTIONS, ids=[f[0].__name__ for f in FUNCTIONS])
def test_a_class_sets_to_the_bit_what_the_function_gives(scheduler, options, function):
    optimizer = two_groups()
    seen = run(optimizer, [scheduler(optimizer, **options)], 12)
    for group, lr in enumerate([0.1, 0.02]):
        assert [groups[group][0] for groups in seen] == [function(lr)(step) for step in range(13)]


@pytest.mark.parametrize(("scheduler", "options", "function"), FUNCTIONS, ids=[f[0].__name__ for f in FUNCTIONS])
def test_training_is_the_same_to_the_bit_with_either(scheduler, options, function):
    weights = []
    for lr in 0.1, function(0.1):
        p = parameter()
        optimizer = RMSprop([p], lr=lr)
        keeper = None if callable(lr) else scheduler(optimizer, **options, **no_cycle(scheduler))
        for step in range(12):
            p.grad = Tensor(np.array([np.sin(step)]))
            optimizer.step()
            if keeper:
                keeper.step()
        weights.append(p.item())
    assert weights[0] == weights[1]


def no_cycle(scheduler):
    return {"cycle_momentum": False} if scheduler is OneCycleLR else {}


def test_the_shapes_that_the_names_promise():
    assert [step_decay(1, 2, 0.5)(i) for i in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    assert [multi_step(1, [1, 3], 0.5)(i) for i in range(5)] == [1, 0.5, 0.5, 0.25, 0.25]
    assert [exponential(1, 0.5)(i) for i in range(4)] == [1, 0.5, 0.25, 0.125]
    assert [constant(1, 0.5, 2)(i) for i in range(4)] == [0.5, 0.5, 1, 1]
    assert [linear(1, 0.5, 1.0, 2)(i) for i in range(4)] == [0.5, 0.75, 1, 1]
    assert_allclose([cosine(1, 4, 0.5)(i) for i in (0, 2, 4)], [1, 0.75, 0.5])
    assert_allclose([one_cycle(1, 11, 0.5, div_factor=10, final_div_factor=100)(i) for i in (0, 10)], [0.1, 0.001])
    assert_allclose([one_cycle_momentum(10, 0.8, 0.9, 0.5)(i) for i in (0, 4, 9)], [0.9, 0.8, 0.9])
    assert max(range(10), key=one_cycle(1, 10, 0.5)) == 4


# More than one hand on a rate


@pytest.mark.parametrize(
    "pair",
    [
        [("ExponentialLR", {"gamma": 0.9}), ("MultiStepLR", {"milestones": [3, 8]})],
        [("LinearLR", {"total_iters": 4}), ("ExponentialLR", {"gamma": 0.8})],
        [("ConstantLR", {"factor": 0.1}), ("CosineAnnealingLR", {"T_max": 30})],
        [("StepLR", {"step_size": 2}), ("StepLR", {"step_size": 3, "gamma": 0.7})],
    ],
)
def test_schedulers_can_be_chained_as_in_pytorch(torch, pair):
    ours, theirs = two_groups(), in_torch(torch)
    mine = [getattr(lr_scheduler, name)(ours, **options) for name, options in pair]
    oracle = [getattr(torch.optim.lr_scheduler, name)(theirs, **options) for name, options in pair]
    assert_allclose(run(ours, mine, 20), run(theirs, oracle, 20), rtol=1e-12)


def test_a_rate_set_by_hand_is_kept_as_in_pytorch(torch):
    seen = []
    for optimizer, module in (two_groups(), lr_scheduler), (in_torch(torch), torch.optim.lr_scheduler):
        scheduler = module.StepLR(optimizer, 4)
        before = run(optimizer, [scheduler], 5)
        optimizer.param_groups[0]["lr"] = 7.0
        seen.append(before + run(optimizer, [scheduler], 9))
    assert_allclose(seen[0], seen[1], rtol=1e-12)
    assert seen[0][-1][0][0] == pytest.approx(0.07)


def test_a_rate_of_zero_stays_zero():
    optimizer = SGD([parameter()], lr=0)
    assert {groups[0][0] for groups in run(optimizer, [StepLR(optimizer, 2)], 5)} == {0}


def test_a_scheduler_of_ones_own_defines_its_schedule_or_get_lr():
    class Halving(LRScheduler):
        def schedule(self, lr):
            return lambda step: lr / 2**step

    class Counting(LRScheduler):
        def get_lr(self):
            return [self.last_epoch for _ in self.base_lrs]

    optimizer = SGD([parameter()], lr=1)
    assert [groups[0][0] for groups in run(optimizer, [Halving(optimizer)], 3)] == [1, 0.5, 0.25, 0.125]
    assert [groups[0][0] for groups in run(optimizer, [Counting(optimizer)], 3)] == [0, 1, 2, 3]
    with pytest.raises(NotImplementedError, match="LRScheduler has no schedule"):
        LRScheduler(optimizer)


# Going on


def through_a_file(state):
    file = io.BytesIO()
    save(state, file)
    file.seek(0)
    return load(file)


@every_case
@pytest.mark.parametrize("stop", [0, 5, 13])
def test_a_loaded_state_goes_on_to_the_bit(name, options, stop):
    optimizer = two_groups(Adam)
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    run(optimizer, [scheduler], stop)
    state = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    expected = run(optimizer, [scheduler], 40 - stop)

    optimizer = two_groups(Adam)
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    assert scheduler.last_epoch == stop and len(scheduler.get_last_lr()) == 2
    assert run(optimizer, [scheduler], 40 - stop) == expected


def test_a_state_is_plain_data_and_a_copy():
    scheduler = MultiStepLR(two_groups(), [4, 2])
    state = scheduler.state_dict()
    assert json.loads(json.dumps(state)) == state
    state["milestones"].append(6)
    assert scheduler.milestones == [2, 4]
    scheduler.load_state_dict(state)
    state["milestones"].append(8)
    assert scheduler.milestones == [2, 4, 6]


def test_a_loaded_state_brings_the_options_it_was_saved_with():
    saved = StepLR(two_groups(), 2, gamma=0.5)
    optimizer = two_groups()
    scheduler = StepLR(optimizer, 1000)
    scheduler.load_state_dict(saved.state_dict())
    run(optimizer, [scheduler], 2)
    assert scheduler.get_last_lr() == [0.05, 0.01]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("StepLR", {"step_size": 3}),
        ("MultiStepLR", {"milestones": [2, 6]}),
        ("LambdaLR", {"lr_lambda": lambda epoch: 0.9**epoch}),
    ],
)
def test_last_epoch_goes_on_as_in_pytorch(torch, name, options):
    seen = []
    for optimizer, module in (two_groups(), lr_scheduler), (in_torch(torch), torch.optim.lr_scheduler):
        run(optimizer, [getattr(module, name)(optimizer, **options)], 4)
        again = getattr(module, name)(optimizer, **options, last_epoch=4)
        seen.append(run(optimizer, [again], 10))
        assert again.last_epoch == 15
    assert_allclose(seen[0], seen[1], rtol=1e-12)


def test_last_epoch_goes_on_from_an_initial_rate_that_a_group_is_given():
    optimizer = SGD([{"params": [parameter()], "initial_lr": 0.1, "lr": 0.025}])
    assert ExponentialLR(optimizer, 0.5, last_epoch=2).get_last_lr() == [0.0125]


def test_last_lr_is_a_copy():
    scheduler = StepLR(two_groups(), 1)
    scheduler.get_last_lr()[0] = 9
    assert_array_equal(scheduler.get_last_lr(), [0.1, 0.02])


# Where the rate follows a figure


FIGURES = [
    5,
    4,
    3,
    3,
    3,
    2.9999,
    3,
    2.99,
    2.5,
    2.6,
    2.5,
    2.5,
    math.nan,
    2,
    -1,
    -1,
    -1.5,
    -2,
    -2,
    -2,
    -2,
    -2,
    -2,
    -2,
    9,
    9,
    9,
]
PLATEAUS = [
    {"patience": 0},
    {"patience": 2, "factor": 0.5},
    {"mode": "max", "patience": 1},
    {"mode": "max", "patience": 3, "threshold": 0.4},
    {"patience": 1, "threshold": 0.6, "threshold_mode": "abs"},
    {"mode": "max", "patience": 1, "threshold": 0.6, "threshold_mode": "abs"},
    {"patience": 1, "cooldown": 3},
    {"patience": 0, "factor": 0.5, "cooldown": 1, "min_lr": [0.01, 0.015]},
    {"patience": 0, "factor": 0.9, "min_lr": 0.001, "eps": 0.002},
]


def plateau(module, optimizer, options, figures):
    """The scheduler of a library, and the rates and counts after every figure."""
    scheduler = module.ReduceLROnPlateau(optimizer, **options)
    seen = []
    for figure in figures:
        scheduler.step(figure)
        rates = [group["lr"] for group in optimizer.param_groups]
        seen.append(
            [*rates, scheduler.best, scheduler.num_bad_epochs, scheduler.cooldown_counter, scheduler.last_epoch]
        )
        assert scheduler.get_last_lr() == rates
    return scheduler, seen


@pytest.mark.parametrize("options", PLATEAUS, ids=repr)
def test_a_rate_that_follows_a_figure_is_pytorchs(torch, options):
    _, ours = plateau(lr_scheduler, two_groups(), options, FIGURES)
    _, theirs = plateau(torch.optim.lr_scheduler, in_torch(torch), options, FIGURES)
    assert_allclose(ours, theirs, rtol=1e-12)
    assert len({row[0] for row in ours}) > 1


@pytest.mark.parametrize("options", PLATEAUS, ids=repr)
def test_a_rate_that_follows_a_figure_goes_on_from_a_loaded_state(options):
    _, expected = plateau(lr_scheduler, two_groups(), options, FIGURES)
    optimizer = two_groups()
    scheduler, _ = plateau(lr_scheduler, optimizer, options, FIGURES[:9])
    state = through_a_file({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
    optimizer = two_groups()
    again = ReduceLROnPlateau(optimizer)
    optimizer.load_state_dict(state["optimizer"])
    again.load_state_dict(state["scheduler"])
    for figure, row in zip(FIGURES[9:], expected[9:], strict=True):
        again.step(Tensor(np.array(figure)))
        assert [group["lr"] for group in optimizer.param_groups] == row[:2]


# Bad input


class Plain(Optimizer):
    """An optimizer with nothing that could be called a momentum."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})


def stepped_too_far():
    scheduler = OneCycleLR(two_groups(), 0.1, total_steps=3)
    for _ in range(4):
        scheduler.step()


def stepped_with_a_new_group():
    optimizer = two_groups()
    scheduler = StepLR(optimizer, 1)
    optimizer.add_param_group({"params": [parameter()]})
    scheduler.step()


BAD_INPUT = {
    "no optimizer": (lambda: StepLR(parameter(), 1), TypeError, "StepLR expects an Optimizer, got Tensor"),
    "no optimizer to cycle": (lambda: OneCycleLR(1, 1), ValueError, "OneCycleLR expects total_steps, or epochs"),
    "not an optimizer to cycle": (lambda: OneCycleLR(1, 1, 9), TypeError, "OneCycleLR expects an Optimizer, got int"),
    "a function already": (
        lambda: StepLR(SGD([parameter()], lr=cosine(1, 9)), 1),
        ValueError,
        "StepLR expects a learning rate that is a number, this one is a function of the step",
    ),
    "nothing to go on from": (
        lambda: StepLR(two_groups(), 1, last_epoch=3),
        KeyError,
        "StepLR with last_epoch=3 expects 'initial_lr' in group 0",
    ),
    "a new group": (stepped_with_a_new_group, ValueError, "made for 2 parameter groups, the optimizer has 3"),
    "a step size of zero": (lambda: step_decay(1, 0), ValueError, "step_decay expects step_size > 0, got 0"),
    "a step size of zero in a class": (lambda: StepLR(two_groups(), 0), ValueError, "step_size > 0, got 0"),
    "a cosine of no steps": (lambda: cosine(1, 0), ValueError, "cosine expects steps > 0, got 0"),
    "a line from zero": (lambda: linear(1, start_factor=0), ValueError, "linear expects start_factor > 0, got 0"),
    "a line of no steps": (lambda: linear(1, total_iters=0), ValueError, "linear expects total_iters > 0, got 0"),
    "a cycle of no steps": (lambda: one_cycle(1, 0), ValueError, "one_cycle expects total_steps > 0, got 0"),
    "a cycle without a length": (
        lambda: OneCycleLR(two_groups(), 1, epochs=3),
        ValueError,
        "epochs and steps_per_epoch",
    ),
    "a peak past the end": (lambda: one_cycle(1, 9, 1.1), ValueError, "pct_start from 0 to 1, got 1.1"),
    "an unknown way": (
        lambda: one_cycle(1, 9, anneal_strategy="exp"),
        ValueError,
        "one_cycle expects anneal_strategy to be 'cos' or 'linear', got 'exp'",
    ),
    "a division by zero in a class": (
        lambda: OneCycleLR(two_groups(), 1, 9, div_factor=0),
        ValueError,
        "div_factor > 0",
    ),
    "a division by zero": (lambda: one_cycle(1, 9, div_factor=0), ValueError, "one_cycle expects div_factor > 0"),
    "a step too many": (lambda: one_cycle(1, 9)(10), ValueError, "made for 9 steps, and is asked for step 10"),
    "a step before the first": (lambda: one_cycle(1, 9)(-1), ValueError, "is asked for step -1"),
    "a step of the class too many": (stepped_too_far, ValueError, "made for 3 steps, and is asked for step 4"),
    "one peak for two groups": (
        lambda: OneCycleLR(two_groups(), [0.1], 9),
        ValueError,
        "OneCycleLR expects max_lr for each of 2 parameter groups, got 1",
    ),
    "one function for two groups": (
        lambda: LambdaLR(two_groups(), [lambda epoch: 1]),
        ValueError,
        "LambdaLR expects lr_lambda for each of 2 parameter groups, got 1",
    ),
    "no momentum to cycle": (
        lambda: OneCycleLR(Plain([parameter()]), 0.1, 9),
        ValueError,
        "OneCycleLR with cycle_momentum expects a momentum or betas, Plain has neither",
    ),
    "a factor in place of a function": (
        lambda: LambdaLR(two_groups(), 0.5),
        TypeError,
        "functions of the epoch, got 0.5",
    ),
    "a factor that is none": (
        lambda: ReduceLROnPlateau(two_groups(), factor="a"),
        ValueError,
        "ReduceLROnPlateau expects a factor below 1, got 'a'",
    ),
    "a factor that is no reduction": (lambda: ReduceLROnPlateau(two_groups(), factor=1), ValueError, "below 1, got 1"),
    "an unknown mode": (
        lambda: ReduceLROnPlateau(two_groups(), "least"),
        ValueError,
        "the mode 'min' or 'max' .*'least'",
    ),
    "an unknown threshold": (
        lambda: ReduceLROnPlateau(two_groups(), threshold_mode="far"),
        ValueError,
        "the threshold_mode 'rel' or 'abs', got 'min' and 'far'",
    ),
    "no figure to follow": (
        lambda: ReduceLROnPlateau(two_groups()).step(),
        TypeError,
        "ReduceLROnPlateau.step expects the figure that it looks at, such as the validation loss",
    ),
    "one least rate for two groups": (
        lambda: ReduceLROnPlateau(two_groups(), min_lr=[0.1]),
        ValueError,
        "ReduceLROnPlateau expects min_lr for each of 2 parameter groups, got 1",
    ),
    "the state of another kind": (
        lambda: StepLR(two_groups(), 1).load_state_dict(ExponentialLR(two_groups(), 0.5).state_dict()),
        ValueError,
        "StepLR.load_state_dict expects _last_lr, base_lrs, gamma, last_epoch, step_size, got _last_lr, base_lrs, gamma, l",
    ),
    "the state of another number of groups": (
        lambda: StepLR(two_groups(), 1).load_state_dict(StepLR(SGD([parameter()]), 1).state_dict()),
        ValueError,
        "StepLR.load_state_dict expects 2 groups, got 1",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_refused_in_one_clear_sentence(call, error, words):
    with pytest.raises(error, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_a_cycle_needs_no_momentum_if_it_leaves_it_alone():
    optimizer = Plain([parameter()])
    assert OneCycleLR(optimizer, 0.5, 9, cycle_momentum=False).get_last_lr() == [pytest.approx(0.5 / 25)]


def test_the_schedulers_are_named_as_pytorchs(torch):
    classes = [name for name in lr_scheduler.__all__ if name[0].isupper()]
    assert len(classes) == 10
    for name in classes:
        theirs = getattr(torch.optim.lr_scheduler, name).__init__.__code__
        ours = getattr(lr_scheduler, name).__init__.__code__
        pairs = itertools.zip_longest(*(code.co_varnames[: code.co_argcount] for code in (ours, theirs)))
        assert all(a == b for a, b in pairs)
