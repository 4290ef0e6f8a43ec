"""What gradient checking must do: pass what is right, and say of anything wrong which element of which input, and by how much."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import functional, ops
from tinytorch.autograd import is_grad_enabled, no_grad
from tinytorch.nn import functional as F
from tinytorch.tensor import Tensor, apply
from tinytorch.testing import GradcheckError, check_op, differences, gradcheck, gradgradcheck


def tensor(*shape, seed=0, requires_grad=True):
    return Tensor(np.random.default_rng(seed).uniform(0.5, 2, shape), requires_grad)


def custom(*rule):
    """A function of Tensors made of a rule that may be wrong."""
    return lambda *inputs: apply(*rule, *inputs)


# Rules that are right, and what goes wrong with them


def square(x):
    return x * x, lambda g: g * 2 * x


def square_forgets_the_two(x):
    return x * x, lambda g: g * x


def square_forgets_the_gradient(x):
    return x * x, lambda g: 2 * x


def square_of_the_wrong_sign(x):
    return x * x, lambda g: -2 * g * x


def square_wrong_at_one_place(x):
    def way_back(g):
        wrong = 2 * g * x
        wrong[1, 2] *= 1.01
        return wrong

    return x * x, way_back


def square_gives_nan(x):
    return x * x, lambda g: g * 2 * x / np.where(x > 1, 1, np.nan)


def square_gives_infinity(x):
    return x * x, lambda g: g * np.inf


def square_in_single_precision(x):
    return x * x, lambda g: g * 2 * np.float32(1.00001) * x + 0.002


def product_swapped(a, b):
    return a * b, lambda g: g * a, lambda g: g * b


def sum_that_averages(x):
    return np.sum(x), lambda g: np.broadcast_to(g / x.size, x.shape)


def softmax_without_its_sum(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    y = e / np.sum(e, axis=-1, keepdims=True)
    return y, lambda g: y * g


def exp_of_a_frozen_value(x):
    """Right at first order; its way back holds an array where a Tensor is needed, so its gradient is a constant."""
    frozen = np.exp(getattr(x, "array", x))
    return np.exp(x), lambda g: g * frozen


def square_half_frozen(x):
    """As above, but only one of the two terms is lost."""
    frozen = getattr(x, "array", x)
    return x * x, lambda g: g * x + g * frozen


WRONG = {
    square_forgets_the_two: [(3, 4)],
    square_forgets_the_gradient: [(3, 4)],
    square_of_the_wrong_sign: [(3, 4)],
    square_wrong_at_one_place: [(3, 4)],
    square_gives_nan: [(3, 4)],
    square_gives_infinity: [(3, 4)],
    square_in_single_precision: [(3, 4)],
    product_swapped: [(3, 4), (3, 4)],
    sum_that_averages: [(3, 4)],
    softmax_without_its_sum: [(3, 4)],
}
every_wrong_rule = pytest.mark.parametrize("rule", WRONG, ids=lambda rule: rule.__name__)


@every_wrong_rule
def test_a_wrong_rule_is_caught(rule):
    inputs = [tensor(*shape, seed=i) for i, shape in enumerate(WRONG[rule])]
    with np.errstate(all="ignore"):
        with pytest.raises(GradcheckError, match="the gradient of input 0 is wrong at"):
            gradcheck(custom(rule), inputs)
        assert gradcheck(custom(rule), inputs, raise_exception=False) is False


@every_wrong_rule
def test_a_wrong_rule_is_caught_on_plain_arrays(rule):
    arrays = [tensor(*shape, seed=i).array for i, shape in enumerate(WRONG[rule])]
    with (
        np.errstate(all="ignore"),
        pytest.raises(GradcheckError, match=f"the gradient of input 0 of {rule.__name__} is"),
    ):
        check_op(rule, *arrays)


def test_a_right_rule_passes():
    assert gradcheck(custom(square), tensor(3, 4)) is True
    assert gradgradcheck(custom(square), tensor(3, 4)) is True
    check_op(square, tensor(3, 4).array)


@pytest.mark.parametrize("rule", [exp_of_a_frozen_value, square_half_frozen])
def test_a_way_back_that_is_a_constant_where_it_should_not_be_is_seen_at_the_second_order_only(rule):
    x = tensor(2, 3)
    assert gradcheck(custom(rule), x)
    with pytest.raises(GradcheckError, match="the gradient of input 0 is wrong at 6 of 6 elements"):
        gradgradcheck(custom(rule), x)
    assert gradgradcheck(custom(rule), x, raise_exception=False) is False


def test_a_gradient_cut_off_by_detach_is_seen():
    x = tensor(3)
    with pytest.raises(GradcheckError, match=r"at 3 of 3 elements, first at \[0\]: analytic 0, numeric"):
        gradcheck(lambda x: x.detach() * x.detach(), x)
    with pytest.raises(GradcheckError, match="input 0"):
        gradcheck(lambda x: x * x.detach(), x)


def test_an_input_without_a_part_has_a_gradient_of_zero():
    x, w = tensor(3), tensor(3, seed=1)
    assert gradcheck(lambda x, w: x * 2, [x, w])
    assert gradgradcheck(lambda x, w: x * x, [x, w])
    assert gradcheck(lambda x: Tensor(np.ones(3)), x)  # a constant, and rightly so


# What is said


def test_the_message_names_input_element_and_both_values():
    a, b = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), True), Tensor(np.array([5.0, 6.0]), True)

    def scaled(a, b):
        return a * b, lambda g: g * b, lambda g: g * a * np.array([1, 1.5])

    with pytest.raises(GradcheckError) as raised:
        check_op(scaled, a.array, np.broadcast_to(b.array, (2, 2)).copy())
    found = re.fullmatch(
        r"the gradient of input 1 of scaled is wrong at 2 of 4 elements, first at \[0, 1\]: analytic (\S+), numeric (\S+)",
        str(raised.value),
    )
    analytic, numeric = map(float, found.groups())
    assert analytic == pytest.approx(1.5 * numeric, rel=1e-4)

    with pytest.raises(GradcheckError, match=r"^the gradient of input 1 is wrong at 1 of 2 elements, first at \[1\]: "):
        gradcheck(custom(scaled), [a, b])


def test_a_single_number_is_at_no_place():
    with pytest.raises(GradcheckError, match=r"wrong at 1 of 1 elements, first at \[\]: "):
        gradcheck(custom(square_forgets_the_two), tensor())


def test_the_second_order_counts_the_weights_of_the_outputs_after_the_inputs():
    def forgets_its_gradient_at_second_order(x):
        frozen = 2 * getattr(x, "array", x)
        return x * x, lambda g: getattr(g, "array", g) * frozen

    with pytest.raises(GradcheckError, match="input 0"):
        gradgradcheck(custom(forgets_its_gradient_at_second_order), tensor(3))

    def linear_but_frozen(x):
        return x * 2, lambda g: Tensor(2 * g.array) if isinstance(g, Tensor) else 2 * g

    with pytest.raises(GradcheckError, match="input 1"):
        gradgradcheck(custom(linear_but_frozen), tensor(3))


def test_a_rule_with_too_few_ways_back_is_told_so():
    with pytest.raises(GradcheckError, match="forgetful has 2 ways back for 3 inputs"):
        check_op(forgetful, *(tensor(3).array for _ in range(3)))


def forgetful(a, b, c):
    return a * b * c, lambda g: g * b * c, lambda g: g * a * c


def test_a_shared_way_back_is_checked_whole():
    def product(a, b):
        return a * b, lambda g, wanted: (g * b, g * a)

    def wrong(a, b):
        return a * b, lambda g, wanted: (g * b, g * b)

    arrays = tensor(3).array, tensor(3, seed=1).array
    check_op(product, *arrays)
    with pytest.raises(GradcheckError, match="input 1 of wrong"):
        check_op(wrong, *arrays)


def test_broadcasting_is_undone_before_comparing():
    for shapes in ([(3, 4), (4,)], [(3, 1), (2, 1, 4)], [(), (3,)], [(1, 1), (2, 3)]):
        check_op(ops.mul, *(tensor(*shape, seed=i).array for i, shape in enumerate(shapes)))
        with pytest.raises(GradcheckError):
            check_op(product_swapped, *(tensor(*shape, seed=i).array for i, shape in enumerate(shapes)))


@pytest.mark.parametrize(
    ("called", "sentence"),
    [
        (lambda: gradcheck(lambda x: x, tensor(3, requires_grad=False)), "at least one input that requires grad"),
        (lambda: gradcheck(lambda x: x, Tensor([1.0], requires_grad=True)), "expects float64 inputs, got float32"),
        (lambda: gradgradcheck(lambda x: x, Tensor([1.0], requires_grad=True)), "expects float64 inputs, got float32"),
    ],
)
def test_what_cannot_be_checked_is_refused(called, sentence):
    with pytest.raises(ValueError, match=sentence):
        called()


def test_what_can_be_differentiated_only_once_says_so():
    assert gradcheck(lambda x: F.max_pool2d(x, 2), tensor(1, 1, 4, 4))
    with pytest.raises(RuntimeError, match="can be differentiated only once"):
        gradgradcheck(lambda x: F.max_pool2d(x, 2), tensor(1, 1, 4, 4))


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_what_needs_no_gradient_may_be_of_any_type(check):
    assert check(lambda x, times: x * times, [tensor(3), Tensor(np.arange(3, dtype=np.float32))])


# How it is done


def test_nothing_is_left_behind():
    """The inputs have their values and no gradient, and recording is as it was."""
    x, w = tensor(2, 3), tensor(3, seed=1)
    before = x.array.copy()
    for check in (gradcheck, gradgradcheck):
        with no_grad():
            assert not is_grad_enabled()
        check(lambda x, w: x * w, [x, w])
        assert is_grad_enabled()
    assert np.array_equal(x.array, before) and x.grad is None and w.grad is None


def test_several_outputs_are_all_checked():
    def both(x):
        return x * 2, custom(square_forgets_the_two)(x)

    with pytest.raises(GradcheckError):
        gradcheck(both, tensor(3))
    assert gradcheck(lambda x: (x * 2, x * x, x.amax(0)), tensor(3)) is True
    assert gradgradcheck(lambda x: [x * 2, x * x], tensor(3)) is True
    assert gradcheck(lambda x: x.max(1), tensor(3, 4)) is True  # values, and indices that have no gradient
    assert gradgradcheck(lambda x: x.max(1), tensor(3, 4)) is True


def test_errors_that_cancel_in_a_sum_do_not_hide():
    """Were the outputs summed with equal weights, these two faults would be invisible."""

    def shuffled(x):
        return x * 2, lambda g: 2 * g[::-1]

    def softmax_given_nothing_back(z):
        return ops.softmax(z)[0], lambda g: g * 0

    for rule in (shuffled, softmax_given_nothing_back):
        x = tensor(4)
        assert np.allclose(
            rule(x.array)[1](np.ones(4)), differences(lambda x=x, rule=rule: rule(x.array)[0].sum(), x.array)
        )
        with pytest.raises(GradcheckError):
            gradcheck(custom(rule), x)
        with pytest.raises(GradcheckError):
            check_op(rule, x.array)


def test_the_seed_changes_the_weights_and_nothing_else():
    seen = []

    def spy(x):
        return x * 2, lambda g: (seen.append(np.array(g)), 2 * g)[1]

    for seed in (0, 0, 1):
        gradcheck(custom(spy), tensor(5), seed=seed)
    assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])
    assert all((np.abs(g) >= 0.5).all() for g in seen)


def test_tolerances_are_absolute_and_relative():
    def off_by(error):
        return lambda x: (x * 1, lambda g: g * (1 + error))

    x = tensor(4)
    assert gradcheck(custom(off_by(1e-4)), x)
    assert not gradcheck(custom(off_by(1e-4)), x, rtol=1e-6, atol=1e-6, raise_exception=False)
    assert not gradcheck(custom(off_by(1e-2)), x, raise_exception=False)
    assert gradcheck(custom(off_by(1e-2)), x, rtol=0.1)
    assert gradcheck(custom(off_by(1e-2)), x, atol=0.1)
    assert gradcheck(lambda x: 1000 * custom(off_by(1e-4))(x), x)  # off by more than any atol of use
    assert gradcheck(lambda x: x * 1e-9, x, rtol=0)


def test_differences_of_a_polynomial():
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    before = x.copy()
    gradient = differences(lambda: float((x**3).sum()), x)
    assert np.allclose(gradient, 3 * before**2, atol=1e-9)
    assert np.array_equal(x, before)
    assert differences(lambda: 1.0, np.zeros(())).shape == ()


@settings(max_examples=60)
@given(
    shape=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    order=st.sampled_from(["C", "F"]),
    step=st.sampled_from([1, 2, -1]),
    seed=st.integers(0, 3),
)
def test_any_shape_and_layout_can_be_checked(shape, order, step, seed):
    wide = np.random.default_rng(seed).uniform(0.5, 2, (*shape[:-1], 2 * shape[-1]) if shape else ())
    array = np.asarray(wide, order=order)
    array = array[..., ::step] if shape else array
    x = Tensor(array, requires_grad=True)
    assert gradcheck(lambda x: x * x.exp(), x)
    assert gradgradcheck(lambda x: x * x.exp(), x)
    if x.array.size:
        assert not gradcheck(custom(square_forgets_the_two), x, raise_exception=False)


def test_one_tensor_given_twice_is_moved_once():
    x = tensor(3)
    assert gradcheck(lambda a, b: a * b, [x, x])


def test_inputs_that_want_no_gradient_may_be_of_any_type():
    def loss(x, labels, weight):
        return F.cross_entropy(x, labels, weight)

    inputs = [tensor(3, 4), Tensor(np.array([0, 1, 3])), Tensor([1.0, 2.0, 3.0, 4.0])]
    assert gradcheck(loss, inputs) and gradgradcheck(loss, inputs)


def test_a_composed_function_is_checked_as_one():
    x, w, b = tensor(4, 3), tensor(2, 3, seed=1), tensor(2, seed=2)

    def loss(x, w, b):
        return F.cross_entropy(functional.tanh(F.linear(x, w, b)), Tensor(np.array([0, 1, 1, 0])))

    assert gradcheck(loss, [x, w, b])
    assert gradgradcheck(loss, [x, w, b])
