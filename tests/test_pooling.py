"""Pooling: the values and gradients of PyTorch and of plain loops whatever the geometry, and what happens to ties, to
infinities, to nan and to windows of zeros."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import agree_with_torch, nothing_wider_than, torch_or_skip
from tests.strategies import LAYOUTS, Call, layouts
from tinytorch import pooling
from tinytorch.autograd import grad
from tinytorch.pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    LPPool1d,
    LPPool2d,
    MaxPool1d,
    MaxPool2d,
    avg_pool2d,
    lp_pool1d,
    lp_pool2d,
    max_pool1d,
    max_pool2d,
    root,
    spread,
    sum_pool,
)
from tinytorch.tensor import Tensor
from tinytorch.testing import GradcheckError, check_op, gradcheck, gradgradcheck

INF, NAN = math.inf, math.nan


class Case(NamedTuple):
    """What a pooling is called with."""

    shape: tuple[int, ...]
    size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...] | None
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    ceil_mode: bool
    layout: str

    @property
    def dims(self):
        return len(self.size)

    @property
    def options(self):
        """What all kinds of pooling know."""
        return {"kernel_size": self.kernel_size, "stride": self.stride, "ceil_mode": self.ceil_mode}

    def values(self):
        """Numbers that are all different, and none of them zero."""
        count = math.prod(self.shape)
        x = (np.random.default_rng(0).permutation(count).reshape(self.shape) + 0.5) / count - 0.4
        return LAYOUTS[self.layout](x)

    def ties(self):
        """Few different numbers, one of them the smallest there is."""
        return LAYOUTS[self.layout](np.random.default_rng(0).choice([-INF, -1.0, 0.0, 2.0], self.shape))

    def call(self, name, x, *arguments, **options):
        """A pooling of ours and of PyTorch's, by the name that both have."""
        home = f"{name}_pool{self.dims}d"
        return Call(lambda t, x: getattr(t.nn.functional, home)(x, *arguments, **options), [x], [self.layout])

    def pool(self, name, x, *arguments, **options):
        """Ours alone."""
        return getattr(pooling, f"{name}_pool{self.dims}d")(x, *arguments, **options)


def numbers(dims, least, most):
    """One number for each dimension of space."""
    return st.tuples(*[st.integers(least, most)] * dims)


@st.composite
def cases(draw, room=4, dilated=False, padded=True):
    """Any geometry in which at least one window fits and every window sees something of the input."""
    dims = draw(st.sampled_from([1, 2]))
    kernel_size = draw(numbers(dims, 1, 4))
    stride = draw(st.none() | numbers(dims, 1, 5))
    padding = tuple(draw(st.integers(0, k // 2 if padded else 0)) for k in kernel_size)
    dilation = draw(numbers(dims, 1, 3)) if dilated else (1,) * dims
    ceil_mode = draw(st.booleans())
    spare = [s - 1 for s in stride or kernel_size] if ceil_mode else [0] * dims
    spans = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    size = tuple(
        max(span - 2 * p - left, 1) + extra
        for span, p, left, extra in zip(spans, padding, spare, draw(numbers(dims, 0, room)), strict=True)
    )
    shape = (*draw(st.sampled_from([(), (1,), (2,), (3,)])), draw(st.integers(1, 2)), *size)
    case = Case(shape, size, kernel_size, stride, padding, dilation, ceil_mode, draw(layouts))
    seen = places_by_loops(case)
    assume(seen and all(elements for elements, _ in seen.values()))
    return case


def places_by_loops(case):
    """{output: (the places of the input that its window sees, how many places of input and padding it has)}."""
    starts = []
    geometry = (case.size, case.kernel_size, case.stride or case.kernel_size, case.padding, case.dilation)
    for n, k, s, p, d in zip(*geometry, strict=True):
        span = d * (k - 1) + 1
        fits = [start for start in range(-p, n + p, s) if start + span <= n + p]
        more = [start for start in range(-p, n, s) if start - s + span < n + p < start + span]
        starts.append(fits + more if case.ceil_mode else fits)
    found = {}
    for output in np.ndindex(*map(len, starts)):
        first = [start[i] for start, i in zip(starts, output, strict=True)]
        elements, places = [], 0
        for offset in np.ndindex(*case.kernel_size):
            at = tuple(f + o * d for f, o, d in zip(first, offset, case.dilation, strict=True))
            places += all(a < n + p for a, n, p in zip(at, case.size, case.padding, strict=True))
            if all(0 <= a < n for a, n in zip(at, case.size, strict=True)):
                elements.append(at)
        found[output] = elements, places
    return found


def pool_by_loops(case, x, summary):
    """summary(elements of one window, number of places it has) for every window."""
    windows = places_by_loops(case)
    count = [1 + max(output[i] for output in windows) for i in range(case.dims)]
    y = np.empty((*x.shape[: -case.dims], *count))
    for output, (elements, places) in windows.items():
        for lead in np.ndindex(*x.shape[: -case.dims]):
            y[(*lead, *output)] = summary(np.array([x[(*lead, *at)] for at in elements]), places)
    return y


def cotangent(shape):
    return np.random.default_rng(1).standard_normal(shape)


# Max pooling


def agree_in_both_precisions(call):
    for dtype in (np.float64, np.float32):
        agree_with_torch(call, dtype)


def check_max_against_pytorch(case, x):
    agree_in_both_precisions(case.call("max", x, padding=case.padding, dilation=case.dilation, **case.options))


@settings(max_examples=200)
@given(case=cases(dilated=True), ties=st.booleans())
def test_max_pooling_is_pytorchs(case, ties):
    check_max_against_pytorch(case, case.ties() if ties else case.values())


def check_max_against_loops(case):
    x = Tensor(case.ties(), requires_grad=True)
    y = case.pool("max", x, padding=case.padding, dilation=case.dilation, **case.options)
    assert_array_equal(y.array, pool_by_loops(case, x.array, lambda elements, _: elements.max()))

    g = cotangent(y.shape)
    expected = np.zeros(case.shape)
    for output, (elements, _) in places_by_loops(case).items():
        for lead in np.ndindex(*case.shape[: -case.dims]):
            first = max(elements, key=lambda at, lead=lead: x.array[(*lead, *at)])
            expected[(*lead, *first)] += g[(*lead, *output)]
    y.backward(Tensor(g))
    assert_allclose(x.grad.array, expected, atol=1e-12)


@settings(max_examples=60)
@given(case=cases(dilated=True))
def test_max_pooling_gives_the_gradient_to_the_first_of_equals(case):
    check_max_against_loops(case)


@settings(max_examples=25)
@given(case=cases(room=2, dilated=True))
def test_the_gradient_of_max_pooling_agrees_with_differences(case):
    options = {**case.options, "padding": case.padding, "dilation": case.dilation}
    gradcheck(lambda x: case.pool("max", x, **options), Tensor(case.values(), requires_grad=True))


def test_ties_in_overlapping_windows():
    x = Tensor(np.ones((1, 1, 4)), requires_grad=True)
    max_pool1d(x, 2, 1).backward(Tensor([[[1.0, 10.0, 100.0]]]))
    assert x.grad.tolist() == [[[1, 10, 100, 0]]]


@pytest.mark.parametrize("dims", [1, 2])
def test_a_window_of_minus_infinities_keeps_its_gradient_inside(dims):
    """Padding is minus infinity too, and yet it takes no gradient away."""
    x = Tensor(np.full((1, 1, *(2,) * dims), -INF), requires_grad=True)
    y = (max_pool1d if dims == 1 else max_pool2d)(x, 2, 2, 1)
    assert_array_equal(y.array, -INF)
    y.backward(Tensor(np.ones(y.shape)))
    assert_array_equal(x.grad.array, 1)


def test_nan_in_a_window_is_its_value_as_in_pytorch():
    torch = torch_or_skip()
    rows = [[1, NAN, 3, 4, 2, 5], [NAN] * 6, [-INF, NAN, -INF, 1, INF, INF]]
    x = np.array(rows)[None]
    for options in [(3, 1, 1), (3, 3, 0), (2, 2, 1), (2, 1, 1, 2)]:
        expected = torch.nn.functional.max_pool1d(torch.tensor(x), *options)
        assert_array_equal(max_pool1d(Tensor(x), *options).array, expected.numpy())


def test_a_window_with_nan_sends_no_gradient():
    x = Tensor([[[1.0, NAN, 3.0, 4.0]]], requires_grad=True)
    y = max_pool1d(x, 2)
    assert_array_equal(y.array, [[[NAN, 4.0]]])
    y.backward(Tensor([[[1.0, 1.0]]]))
    assert x.grad.tolist() == [[[0, 0, 0, 1]]]


def test_max_pooling_of_whole_numbers():
    x = Tensor(np.arange(16, dtype=np.int64).reshape(1, 1, 4, 4) - 99)
    y = max_pool2d(x, 2)
    assert y.tolist() == [[[[5 - 99, 7 - 99], [13 - 99, 15 - 99]]]]
    assert y.dtype == np.int64
    assert max_pool2d(x, 4, padding=2).tolist() == [[[[5 - 99, 7 - 99], [13 - 99, 15 - 99]]]]


# Average pooling


def check_avg_against_loops(case, count_include_pad):
    x = case.values()
    options = {**case.options, "padding": case.padding, "count_include_pad": count_include_pad}
    y = case.pool("avg", Tensor(x), **options)
    expected = pool_by_loops(
        case, x, lambda elements, places: elements.sum() / (places if count_include_pad else len(elements))
    )
    assert_allclose(y.array, expected, atol=1e-12)


@settings(max_examples=60)
@given(case=cases(), count_include_pad=st.booleans())
def test_average_pooling_is_that_of_plain_loops(case, count_include_pad):
    check_avg_against_loops(case, count_include_pad)


def check_avg_against_pytorch(case, count_include_pad):
    options = {**case.options, "padding": case.padding, "count_include_pad": count_include_pad}
    agree_in_both_precisions(case.call("avg", case.values(), **options))


@settings(max_examples=120)
@given(case=cases(), count_include_pad=st.booleans())
def test_average_pooling_is_pytorchs(case, count_include_pad):
    check_avg_against_pytorch(case, count_include_pad)


@settings(max_examples=20)
@given(case=cases(room=1), count_include_pad=st.booleans())
def test_the_derivatives_of_average_pooling_agree_with_differences(case, count_include_pad):
    options = {**case.options, "padding": case.padding, "count_include_pad": count_include_pad}
    x = Tensor(case.values(), requires_grad=True)
    gradcheck(lambda x: case.pool("avg", x, **options), x)
    if x.numel() <= 24:
        gradgradcheck(lambda x: case.pool("avg", x, **options) ** 2, x)


def geometry_of(case):
    """The keywords of the rules; without ceil_mode, padding is the same at both ends."""
    padding = tuple((p, p) for p in case.padding)
    stride = case.stride or case.kernel_size
    return {"kernel_size": case.kernel_size, "stride": stride, "padding": padding, "dilation": case.dilation}


@settings(max_examples=40)
@given(case=cases(dilated=True))
def test_sum_pooling_and_spreading_are_adjoint(case):
    """<sum_pool(x), c> = <x, spread(c)> for every x and c: each is the other's way back."""
    assume(not case.ceil_mode)
    x = case.values().reshape(-1, *case.shape[-case.dims - 1 :])
    y = sum_pool(x, **geometry_of(case))[0]
    c = cotangent(y.shape)
    assert_allclose((y * c).sum(), (x * spread(c, size=case.size, **geometry_of(case))[0]).sum(), atol=1e-10)


@settings(max_examples=10)
@given(case=cases(room=1, dilated=True))
def test_the_rules_are_right_on_arrays_alone(case):
    assume(not case.ceil_mode)
    x = case.values().reshape(-1, *case.shape[-case.dims - 1 :])
    check_op(pooling.max_pool, x, **geometry_of(case))
    check_op(sum_pool, x, **geometry_of(case))
    check_op(spread, sum_pool(x, **geometry_of(case))[0], size=case.size, **geometry_of(case))
    check_op(root, np.abs(x) + 0.1, p=3.0)


# L2 and other norms


def check_lp_against_loops(case, p):
    x = case.values()
    y = case.pool("lp", Tensor(x), p, **case.options)
    kernel = math.prod(case.kernel_size)

    def norm(elements, places):
        return (np.sum(np.abs(elements) ** p) * kernel / places) ** (1 / p)

    assert_allclose(y.array, pool_by_loops(case, x, norm), atol=1e-12)


@settings(max_examples=60)
@given(case=cases(padded=False), p=st.sampled_from([1, 2, 3, 1.5]))
def test_lp_pooling_is_a_norm_of_every_window(case, p):
    check_lp_against_loops(case, p)


def check_lp_against_pytorch(case, p):
    """PyTorch raises the numbers themselves, not their sizes, to the power: for odd ones we agree where they are positive."""
    options = case.options
    if case.dims == 1:  # for signals PyTorch takes no tuples here
        options = {name: given[0] if isinstance(given, tuple) else given for name, given in options.items()}
    agree_in_both_precisions(case.call("lp", case.values() + (p not in (2, INF)), p, **options))


@settings(max_examples=80)
@given(case=cases(padded=False), p=st.sampled_from([1, 2, 3, 1.5, INF]))
def test_lp_pooling_is_pytorchs(case, p):
    check_lp_against_pytorch(case, p)


@settings(max_examples=20)
@given(case=cases(room=1, padded=False), p=st.sampled_from([1, 2, 3]))
def test_the_derivatives_of_lp_pooling_agree_with_differences(case, p):
    x = Tensor(case.values() + 0.41 * np.sign(case.values()), requires_grad=True)  # not near 0, where |x| has a corner
    gradcheck(lambda x: case.pool("lp", x, p, **case.options), x)
    if x.numel() <= 24:
        gradgradcheck(lambda x: case.pool("lp", x, p, **case.options), x)


@pytest.mark.parametrize("p", [1, 2, 3, 1.5])
def test_a_window_of_zeros_has_gradient_zero(p):
    """The slope is infinite there, and yet nothing warns."""
    x = Tensor([[[0.0, 0.0, 3.0, 4.0]]], requires_grad=True)
    y = lp_pool1d(x, p, 2)
    assert y.array[0, 0, 0] == 0
    (dx,) = grad(y.sum(), x)
    assert_array_equal(dx.array[0, 0, :2], 0)
    assert (dx.array[0, 0, 2:] > 0).all()


def test_a_window_of_zeros_has_a_second_derivative_too():
    x = Tensor([[[0.0, 0.0, 3.0, 4.0]]], requires_grad=True)
    (dx,) = grad(lp_pool1d(x, 2, 2).sum(), x, create_graph=True)
    (ddx,) = grad((dx * dx).sum(), x)
    assert_array_equal(ddx.array[0, 0, :2], 0)


def test_l2_pooling_by_hand():
    x = Tensor([[[[3.0, -4.0], [0.0, 0.0]]]], requires_grad=True)
    y = lp_pool2d(x, 2, 2)
    assert y.tolist() == [[[[5.0]]]]
    y.backward()
    assert_allclose(x.grad.array, [[[[0.6, -0.8], [0.0, 0.0]]]], rtol=1e-6)


# Adaptive pooling

ADAPTIVE = {"max": pooling.adaptive_max_pool2d, "avg": pooling.adaptive_avg_pool2d}


@st.composite
def adaptive_cases(draw):
    dims = draw(st.sampled_from([1, 2]))
    size = draw(numbers(dims, 1, 8))
    shape = (*draw(st.sampled_from([(), (1,), (2,)])), 2, *size)
    output = draw(numbers(dims, 1, 9))
    if draw(st.booleans()):
        output = tuple(math.gcd(n, m) for n, m in zip(size, output, strict=True))
    if dims == 2 and draw(st.booleans()):
        output = (output[0], None)
    return Case(shape, size, output, None, (), (), False, draw(layouts))


@settings(max_examples=120)
@given(case=adaptive_cases(), kind=st.sampled_from(["max", "avg"]), ties=st.booleans())
def test_adaptive_pooling_is_pytorchs(case, kind, ties):
    x = np.maximum(case.ties(), -9) if ties else case.values()
    agree_in_both_precisions(case.call(f"adaptive_{kind}", x, case.kernel_size))


@settings(max_examples=60)
@given(case=adaptive_cases())
def test_adaptive_windows_are_as_even_as_they_can_be(case):
    x = case.values()
    output = tuple(n if m is None else m for n, m in zip(case.size, case.kernel_size, strict=True))
    for kind, summary in (("max", np.max), ("avg", np.mean)):
        y = case.pool(f"adaptive_{kind}", Tensor(x), case.kernel_size).array
        for place in np.ndindex(*output):
            bounds = [
                (i * n // m, math.ceil((i + 1) * n / m)) for i, n, m in zip(place, case.size, output, strict=True)
            ]
            window = x[(..., *(slice(start, stop) for start, stop in bounds))]
            assert_allclose(y[(..., *place)], summary(window, axis=tuple(range(-case.dims, 0))), atol=1e-12)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("output_size", [1, 2, 3, (4, 5)])
def test_the_gradients_of_adaptive_pooling_agree_with_differences(kind, output_size):
    x = Tensor(np.random.default_rng(0).permutation(40).reshape(2, 1, 4, 5) / 10, requires_grad=True)
    gradcheck(lambda x: ADAPTIVE[kind](x, output_size), x)


@pytest.mark.parametrize("output_size", [1, 2, 3])
def test_adaptive_average_pooling_can_be_differentiated_twice(output_size):
    x = Tensor(np.random.default_rng(0).standard_normal((1, 2, 4, 4)), requires_grad=True)
    gradgradcheck(lambda x: ADAPTIVE["avg"](x, output_size) ** 3, x)


@pytest.mark.parametrize(
    ("image", "gradient"),
    [
        ([[1, 1, 1], [1, 1, 1], [1, 1, 1]], [[1, 10, 0], [100, 1000, 0], [0, 0, 0]]),
        ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], [[0, 11, 0], [100, 1000, 0], [0, 0, 0]]),  # rows come before columns
    ],
)
def test_the_first_of_equals_as_one_reads_in_uneven_windows(image, gradient):
    x = Tensor(np.array([[image]], np.float64), requires_grad=True)
    ADAPTIVE["max"](x, 2).backward(Tensor([[[[1.0, 10.0], [100.0, 1000.0]]]]))
    assert x.grad.tolist() == [[gradient]]


# All of them


def some(layer, batch=2):
    """An input for a layer."""
    return np.random.default_rng(0).standard_normal((batch, 3, *(7, 8)[: layer.dims]))


EVERY_LAYER = [
    MaxPool1d(3, 2, 1, ceil_mode=True),
    MaxPool2d(2),
    AvgPool1d(3, 2, 1, True, False),
    AvgPool2d((2, 3), padding=1),
    LPPool1d(2, 3),
    LPPool2d(2, 2, 1, True),
    AdaptiveMaxPool1d(3),
    AdaptiveMaxPool2d((3, None)),
    AdaptiveAvgPool1d(1),
    AdaptiveAvgPool2d((4, 3)),
]


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_a_layer_is_pytorchs(layer):
    """The repr of ours makes PyTorch's layer, but for options it does not show."""
    text = repr(layer).replace("AvgPool1d(", "AvgPool1d(ceil_mode=True, count_include_pad=False, ")
    text = text.replace("AdaptiveAvgPool1d(ceil_mode=True, count_include_pad=False, ", "AdaptiveAvgPool1d(")
    other = eval(text, vars(torch_or_skip().nn))
    assert repr(other) == repr(layer)
    agree_with_torch(Call(lambda t, x: (layer if t is tinytorch else other)(x), [some(layer)], ["Fortran"]))


REPRS = {
    "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)": lambda nn: nn.MaxPool1d(2),
    "MaxPool2d(kernel_size=(2, 3), stride=1, padding=1, dilation=1, ceil_mode=True)": (
        lambda nn: nn.MaxPool2d((2, 3), 1, 1, ceil_mode=True)
    ),
    "AvgPool1d(kernel_size=(3,), stride=(2,), padding=(1,))": lambda nn: nn.AvgPool1d(3, 2, 1),
    "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))": lambda nn: nn.AvgPool1d(2),
    "AvgPool2d(kernel_size=(2, 3), stride=(1, 2), padding=1)": lambda nn: nn.AvgPool2d((2, 3), (1, 2), 1),
    "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)": lambda nn: nn.LPPool1d(2, 3),
    "LPPool2d(norm_type=1.5, kernel_size=(2, 3), stride=2, ceil_mode=True)": (
        lambda nn: nn.LPPool2d(1.5, (2, 3), 2, True)
    ),
    "AdaptiveAvgPool1d(output_size=3)": lambda nn: nn.AdaptiveAvgPool1d(3),
    "AdaptiveAvgPool2d(output_size=(2, None))": lambda nn: nn.AdaptiveAvgPool2d((2, None)),
    "AdaptiveMaxPool1d(output_size=3)": lambda nn: nn.AdaptiveMaxPool1d(3),
    "AdaptiveMaxPool2d(output_size=1)": lambda nn: nn.AdaptiveMaxPool2d(1),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_layer_shows_its_options(text):
    assert repr(REPRS[text](tinytorch.nn)) == text


@pytest.mark.parametrize("text", REPRS)
def test_pytorch_shows_the_same(text):
    assert repr(REPRS[text](torch_or_skip().nn)) == text


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_one_example_needs_no_batch(layer):
    x = some(layer)
    assert_allclose(layer(Tensor(x[1])).array, layer(Tensor(x)).array[1], rtol=1e-12)


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_an_empty_batch_gives_an_empty_batch(layer):
    x = Tensor(some(layer, batch=0), requires_grad=True)
    y = layer(x)
    assert y.shape[:2] == (0, 3)
    y.sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_the_memory_that_comes_in_is_left_alone_and_not_shared(layer):
    x = Tensor(some(layer), requires_grad=True)
    before = x.array.copy()
    y = layer(x)
    y.sum().backward()
    assert_array_equal(x.array, before)
    assert not np.shares_memory(x.array, y.array)


@pytest.mark.parametrize("layer", EVERY_LAYER, ids=repr)
def test_float32_stays_float32(layer):
    x = Tensor(some(layer).astype(np.float32), requires_grad=True)
    with nothing_wider_than(np.float32):
        y = layer(x)
        y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize("layer", [MaxPool1d(2), MaxPool2d(3, 1, 1), AdaptiveMaxPool2d(1)], ids=repr)
def test_max_pooling_says_that_it_is_differentiable_once(layer):
    x = Tensor(some(layer), requires_grad=True)
    with pytest.raises(RuntimeError) as error:
        grad(layer(x).sum(), x, create_graph=True)
    assert str(error.value) == (
        "max_pool can be differentiated only once, but create_graph=True asks for the graph of its gradient"
    )


# What is refused: each call with the one sentence that says why

REFUSALS = {
    "max_pool2d expects an input of 4 dimensions, got shape (8, 8)": lambda t: t.nn.MaxPool2d(2)(t.zeros(8, 8)),
    "avg_pool1d expects an input of 3 dimensions, got shape (1, 1, 2, 8)": (
        lambda t: t.nn.AvgPool1d(2)(t.zeros(1, 1, 2, 8))
    ),
    "lp_pool2d expects an input of 4 dimensions, got shape (8, 8)": lambda t: t.nn.LPPool2d(2, 2)(t.zeros(8, 8)),
    "max_pool2d expects an input at least as large as its kernel (9, 9) with dilation (1, 1), "
    "got shape (2, 3, 8, 8) with padding (0, 0)": lambda t: t.nn.MaxPool2d(9)(t.zeros(2, 3, 8, 8)),
    "max_pool1d expects an input at least as large as its kernel (3,) with dilation (4,), "
    "got shape (3, 8) with padding (0,)": lambda t: t.nn.MaxPool1d(3, dilation=4)(t.zeros(3, 8)),
    "avg_pool2d expects an input at least as large as its kernel (9, 2) with dilation (1, 1), "
    "got shape (2, 3, 3, 8) with padding (0, 0)": (
        lambda t: t.nn.AvgPool2d((9, 2), 2, ceil_mode=True)(t.zeros(2, 3, 3, 8))
    ),
    "max_pool2d expects a padding of at most half of its kernel (2, 3), got (1, 2)": (
        lambda t: t.nn.MaxPool2d((2, 3), padding=(1, 2))(t.zeros(2, 3, 8, 8))
    ),
    "max_pool1d expects a padding of at most half of its kernel (2,), got 2": (
        lambda t: t.nn.MaxPool1d(2, padding=2, dilation=3)(t.zeros(2, 3, 8))
    ),
    "avg_pool1d expects a padding of at most half of its kernel (2,), got 2": (
        lambda t: t.nn.AvgPool1d(2, padding=2)(t.zeros(2, 3, 8))
    ),
    "avg_pool2d expects a padding of 2 whole numbers of at least 0, got -1": (
        lambda t: t.nn.AvgPool2d(2, padding=-1)(t.zeros(2, 3, 8, 8))
    ),
    "max_pool2d expects a stride of 2 whole numbers of at least 1, got 0": (
        lambda t: t.nn.MaxPool2d(2, 0)(t.zeros(2, 3, 8, 8))
    ),
    "max_pool2d expects a kernel_size of 2 whole numbers of at least 1, got (1, 2, 3)": (
        lambda t: t.nn.MaxPool2d((1, 2, 3))(t.zeros(2, 3, 8, 8))
    ),
    "lp_pool1d expects a kernel_size of one whole number of at least 1, got 0": (
        lambda t: t.nn.LPPool1d(2, 0)(t.zeros(2, 3, 8))
    ),
    "max_pool1d expects a dilation of one whole number of at least 1, got 0": (
        lambda t: t.nn.MaxPool1d(2, dilation=0)(t.zeros(2, 3, 8))
    ),
    "adaptive_avg_pool2d expects an input of 4 dimensions, got shape (8, 8)": (
        lambda t: t.nn.AdaptiveAvgPool2d(2)(t.zeros(8, 8))
    ),
    "adaptive_max_pool2d expects 2 output sizes of at least 1, or None to keep one, got (1, 2, 3)": (
        lambda t: t.nn.AdaptiveMaxPool2d((1, 2, 3))(t.zeros(2, 3, 8, 8))
    ),
    "adaptive_avg_pool1d expects 1 output sizes of at least 1, or None to keep one, got -1": (
        lambda t: t.nn.AdaptiveAvgPool1d(-1)(t.zeros(2, 3, 8))
    ),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_says_what_was_expected_and_what_came(sentence):
    with pytest.raises(RuntimeError) as error:
        REFUSALS[sentence](tinytorch)
    assert str(error.value) == sentence


@pytest.mark.parametrize("sentence", REFUSALS)
def test_pytorch_refuses_the_same_calls(sentence):
    torch = torch_or_skip()
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)):
        REFUSALS[sentence](torch)


@pytest.mark.parametrize("norm_type", [0, -2, NAN])
def test_a_norm_needs_a_positive_power(norm_type):
    with pytest.raises(RuntimeError, match=f"^lp_pool1d expects a norm_type above 0, got {norm_type}$"):
        lp_pool1d(Tensor(np.ones((1, 1, 4))), norm_type, 2)


# The oracles: each catches a fault that is planted for it

HARD = Case((2, 1, 8, 7), (8, 7), (3, 2), (2, 3), (1, 1), (1, 1), True, "Fortran")


def plant_a_window_moved(monkeypatch):
    """The second place in the window is taken for the third, and the third for the second."""
    all_windows = pooling.all_windows

    def moved(*geometry, **named):
        first, second, third, *others = all_windows(*geometry, **named)
        return [first, third, second, *others]

    monkeypatch.setattr(pooling, "all_windows", moved)


def plant_ties_to_the_last(monkeypatch):
    all_windows = pooling.all_windows
    monkeypatch.setattr(pooling, "all_windows", lambda *a, **k: all_windows(*a, **k)[::-1])


def plant_padding_that_counts(monkeypatch):
    counts = pooling._counts
    monkeypatch.setattr(pooling, "_counts", lambda x, geometry, _: counts(x, geometry, True))


def plant_no_last_window(monkeypatch):
    plain = pooling._windows
    monkeypatch.setattr(pooling, "_windows", lambda *a: plain(*a[:-1], False))


@pytest.mark.parametrize("plant", [plant_a_window_moved, plant_ties_to_the_last, plant_no_last_window])
@pytest.mark.parametrize("check", [check_max_against_loops, lambda case: check_max_against_pytorch(case, case.ties())])
def test_faults_in_max_pooling_are_caught(monkeypatch, plant, check):
    check(HARD)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check(HARD)


@pytest.mark.parametrize("plant", [plant_padding_that_counts, plant_no_last_window])
@pytest.mark.parametrize("check", [check_avg_against_loops, check_avg_against_pytorch])
def test_faults_in_average_pooling_are_caught(monkeypatch, plant, check):
    check(HARD, False)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check(HARD, False)


@pytest.mark.parametrize("check", [check_lp_against_loops, check_lp_against_pytorch])
def test_faults_in_lp_pooling_are_caught(monkeypatch, check):
    case = HARD._replace(padding=(0, 0))
    check(case, 2)
    monkeypatch.setattr(pooling, "root", lambda x, p: root(x, p=p + 0.01))
    with pytest.raises(AssertionError):
        check(case, 2)


def test_faults_in_gradients_are_caught(monkeypatch):
    def overwriting(g, **params):
        return np.minimum(spread(g, **params)[0], 1), None

    monkeypatch.setattr(pooling, "spread", overwriting)
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: avg_pool2d(x, 2, 1), Tensor(HARD.values(), requires_grad=True))
