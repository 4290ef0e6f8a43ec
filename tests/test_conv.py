"""Convolution: the values and gradients of PyTorch and of plain loops whatever the geometry, and unfold and fold as each
other's way back."""

import math
import tracemalloc
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import agree_with_torch, nothing_wider_than, torch_or_skip
from tests.strategies import LAYOUTS, Call, layouts
from tinytorch import conv, kernels
from tinytorch.conv import Conv1d, Conv2d, conv1d, conv2d, convolution, fold, fold_images, unfold, unfold_images
from tinytorch.layers import Parameter
from tinytorch.tensor import Tensor
from tinytorch.testing import GradcheckError, check_op, gradcheck, gradgradcheck

LAYERS = {1: Conv1d, 2: Conv2d}
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # PyTorch's


class Case(NamedTuple):
    """What a convolution is called with; channels are those of one group."""

    batch: int | None
    groups: int
    channels: int
    out_channels: int
    size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    bias: bool
    layout: str

    @property
    def dims(self):
        return len(self.size)

    @property
    def options(self):
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    def __call__(self, library, *tensors):
        """The convolution of tinytorch or of PyTorch."""
        return getattr(library.nn.functional, f"conv{self.dims}d")(*tensors, **self.options)

    def arrays(self, dtype=np.float64):
        """An input, a weight and perhaps a bias."""
        rng = np.random.default_rng(0)
        batch = () if self.batch is None else (self.batch,)
        x = rng.standard_normal((*batch, self.groups * self.channels, *self.size))
        weight = rng.standard_normal((self.groups * self.out_channels, self.channels, *self.kernel_size))
        bias = rng.standard_normal(len(weight))
        arrays = [LAYOUTS[self.layout](a.astype(dtype)) for a in (x, weight, bias)]
        return arrays if self.bias else arrays[:2]


def numbers(dims, least, most):
    """One number for each dimension of space."""
    return st.tuples(*[st.integers(least, most)] * dims)


@st.composite
def cases(draw, dims=None, room=3, channels=2):
    """Any geometry in which at least one window fits; with no room left, the kernel is as large as the padded input."""
    dims = draw(st.sampled_from([1, 2])) if dims is None else dims
    kernel_size, dilation = draw(numbers(dims, 1, 3)), draw(numbers(dims, 1, 3))
    padding = draw(st.sampled_from(["same", "valid"]) | numbers(dims, 0, 2))
    stride = (1,) * dims if padding == "same" else draw(numbers(dims, 1, 4))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    around = {"same": spans, "valid": (0,) * dims}.get(padding, padding)
    size = tuple(
        max(span - 2 * p, 1) + extra for span, p, extra in zip(spans, around, draw(numbers(dims, 0, room)), strict=True)
    )
    return Case(
        batch=draw(st.sampled_from([None, 1, 2, 3])),
        groups=draw(st.integers(1, 3)),
        channels=draw(st.integers(1, channels)),
        out_channels=draw(st.integers(1, channels)),
        size=size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        bias=draw(st.booleans()),
        layout=draw(layouts),
    )


def same_padding(kernel_size, dilation):
    """(before, after) for each dimension: what is left over of an odd number comes after."""
    spans = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
    return [(span // 2, (span + 1) // 2) for span in spans]


def in_pairs(padding, kernel_size, dilation):
    if padding == "same":
        return same_padding(kernel_size, dilation)
    return [(0, 0)] * len(kernel_size) if padding == "valid" else [(p, p) for p in padding]


def windows_by_loops(x, kernel_size, stride, padding, dilation):
    """Every window of x (N, C, *size) by its place: {place: (N, C, *kernel_size)}."""
    padded = np.pad(x, [(0, 0), (0, 0), *in_pairs(padding, kernel_size, dilation)])
    geometry = list(zip(padded.shape[2:], kernel_size, stride, dilation, strict=True))
    found = {}
    for place in np.ndindex(*((n - d * (k - 1) - 1) // s + 1 for n, k, s, d in geometry)):
        window = np.empty((*x.shape[:2], *kernel_size), x.dtype)
        for offset in np.ndindex(*kernel_size):
            at = [p * s + o * d for p, o, s, d in zip(place, offset, stride, dilation, strict=True)]
            window[(..., *offset)] = padded[(..., *at)]
        found[place] = window
    return found


def convolution_by_loops(x, weight, bias=None, *, stride, padding, dilation, groups):
    """Every output is a window times the weights of its channel."""
    out, channels, *kernel_size = weight.shape
    found = windows_by_loops(x, tuple(kernel_size), stride, padding, dilation)
    count = [1 + max(place[i] for place in found) for i in range(len(kernel_size))]
    y = np.zeros((len(x), out, *count))
    for place, window in found.items():
        for o in range(out):
            first = o // (out // groups) * channels
            terms = window[:, first : first + channels] * weight[o]
            y[(slice(None), o, *place)] = terms.reshape(len(x), -1).sum(1) + (0 if bias is None else bias[o])
    return y


# Convolution


@settings(max_examples=300)
@given(case=cases())
def test_values_and_gradients_are_pytorchs(case):
    agree_with_torch(case)


@settings(max_examples=60)
@given(case=cases())
def test_values_and_gradients_are_pytorchs_in_float32(case):
    agree_with_torch(case, np.float32)


def check_against_loops(case):
    x, *parameters = case.arrays()
    y = case(tinytorch, *map(Tensor, (x, *parameters)))
    expected = convolution_by_loops(x if case.batch else x[None], *parameters, **case.options)
    assert_allclose(y.array, expected if case.batch else expected[0], rtol=1e-12, atol=1e-12)


@settings(max_examples=60)
@given(case=cases())
def test_values_are_those_of_plain_loops(case):
    check_against_loops(case)


def check_gradients(case, order=1):
    inputs = [Tensor(a.copy(), requires_grad=True) for a in case.arrays()]
    check = gradcheck if order == 1 else gradgradcheck
    check(lambda *inputs: case(tinytorch, *inputs), inputs)


@settings(max_examples=60)
@given(case=cases(room=1, channels=1))
def test_gradients_agree_with_differences(case):
    check_gradients(case)


@settings(max_examples=40)
@given(case=cases(room=1, channels=1))
def test_second_derivatives_agree_with_differences(case):
    assume(math.prod(case.size) <= 16)
    check_gradients(case, order=2)


@settings(max_examples=15)
@given(case=cases(room=1, channels=1))
def test_the_rule_is_right_on_arrays_alone(case):
    case = case._replace(batch=case.batch or 1)
    padding = tuple(in_pairs(case.padding, case.kernel_size, case.dilation))
    check_op(convolution, *case.arrays(), **{**case.options, "padding": padding})


def test_a_convolution_worked_out_by_hand():
    x = Tensor([[[1.0, 2.0, 3.0, 4.0]]], requires_grad=True)
    weight = Tensor([[[1.0, 10.0]]], requires_grad=True)
    y = conv1d(x, weight, Tensor([0.5]))
    assert y.tolist() == [[[21.5, 32.5, 43.5]]]  # the kernel is not flipped
    y.backward(Tensor([[[1.0, 0.0, 100.0]]]))
    assert x.grad.tolist() == [[[1.0, 10.0, 100.0, 1000.0]]]
    assert weight.grad.tolist() == [[[301.0, 402.0]]]


def test_one_number_stands_for_all_dimensions():
    x, weight = Tensor(np.random.default_rng(0).standard_normal((1, 2, 9, 9))), Tensor(np.ones((3, 2, 2, 2)))
    expected = conv2d(x, weight, None, (2, 2), (1, 1), (3, 3)).array
    assert_array_equal(conv2d(x, weight, None, 2, 1, 3).array, expected)
    assert_array_equal(conv2d(x, weight, None, [2], [1], [3]).array, expected)


@pytest.mark.parametrize("dims", [1, 2])
def test_an_empty_batch_gives_an_empty_batch(dims):
    layer = LAYERS[dims](2, 4, 3)
    x = Tensor(np.zeros((0, 2, *(5,) * dims), np.float32), requires_grad=True)
    y = layer(x)
    assert y.shape == (0, 4, *(3,) * dims)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert_array_equal(layer.weight.grad.array, 0)


def test_the_batch_is_the_last_axis_in_memory():
    y = conv2d(Tensor(np.ones((5, 2, 4, 4))), Tensor(np.ones((3, 2, 3, 3))))
    assert np.moveaxis(y.array, 0, -1).flags.c_contiguous


def test_nothing_that_comes_in_is_written_to():
    case = Case(2, 2, 1, 2, (4, 4), (2, 2), (1, 1), (1, 1), (1, 1), True, "C")
    arrays = case.arrays()
    before = [a.copy() for a in arrays]
    conv2d(*(Tensor(a, requires_grad=True) for a in arrays), **case.options).sum().backward()
    for a, b in zip(arrays, before, strict=True):
        assert_array_equal(a, b)


def test_a_gradient_nobody_needs_is_not_computed(monkeypatch):
    folded = []
    monkeypatch.setattr(conv, "fold", lambda g, **geometry: folded.append(g) or fold(g, **geometry))
    layer = Conv2d(1, 2, 3)
    layer(Tensor(np.ones((1, 1, 4, 4), np.float32))).sum().backward()
    assert not folded
    layer(Tensor(np.ones((1, 1, 4, 4), np.float32), requires_grad=True)).sum().backward()
    assert len(folded) == 1


LAYERS_OF_ALL_SORTS = [Conv1d(2, 4, 3, padding="same", groups=2), Conv2d(2, 4, 3, 2, 1, bias=False)]


@pytest.mark.parametrize("layer", LAYERS_OF_ALL_SORTS, ids=repr)
def test_float32_stays_float32(layer):
    x = Tensor(np.ones((3, 2, *(6,) * layer.dims), np.float32), requires_grad=True)
    with nothing_wider_than(np.float32):
        y = layer(x)
        y.sum().backward()
    assert {t.dtype for t in (y, x.grad, *(p.grad for p in layer.parameters()))} == {np.dtype("float32")}


# Unfold and fold


def batched(case):
    """The input of a case, with a batch."""
    x = case.arrays()[0]
    return x if case.batch else x[None]


def geometry_of(case):
    padding = tuple(in_pairs(case.padding, case.kernel_size, case.dilation))
    return {"kernel_size": case.kernel_size, "stride": case.stride, "padding": padding, "dilation": case.dilation}


def check_adjoint(case):
    x = batched(case)
    geometry = geometry_of(case)
    columns = unfold(x, **geometry)[0]
    c = np.random.default_rng(1).standard_normal(columns.shape)
    assert_allclose((columns * c).sum(), (x * fold(c, size=case.size, **geometry)[0]).sum(), rtol=1e-10, atol=1e-10)


@settings(max_examples=80)
@given(case=cases())
def test_unfold_and_fold_are_adjoint(case):
    """<unfold(x), c> = <x, fold(c)> for every x and c: each is the other's way back."""
    check_adjoint(case)


@settings(max_examples=40)
@given(case=cases())
def test_unfold_writes_every_window_side_by_side(case):
    x = batched(case)
    y = unfold(x, **geometry_of(case))[0]
    expected = windows_by_loops(x, case.kernel_size, case.stride, case.padding, case.dilation)
    for place, window in expected.items():
        found = y[(slice(None), *(slice(None),) * case.dims, *place)]  # (C, *kernel_size, N)
        assert_array_equal(np.moveaxis(found, -1, 0), window)


@settings(max_examples=15)
@given(case=cases(room=1, channels=1))
def test_the_rules_of_unfold_and_fold_are_right_on_arrays_alone(case):
    x = batched(case).copy()
    check_op(unfold, x, **geometry_of(case))
    check_op(fold, unfold(x, **geometry_of(case))[0], size=case.size, **geometry_of(case))


@settings(max_examples=50)
@given(case=cases(dims=2))
def test_unfold_and_fold_are_pytorchs(case):
    assume(not isinstance(case.padding, str))
    options = {name: getattr(case, name) for name in ("kernel_size", "dilation", "padding", "stride")}
    x = case.arrays()[0]
    columns = unfold_images(Tensor(x), **options).array
    agree_with_torch(Call(lambda t, x: t.nn.functional.unfold(x, **options), [x], [case.layout]))
    agree_with_torch(Call(lambda t, c: t.nn.functional.fold(c, case.size, **options), [columns], [case.layout]))


@settings(max_examples=10)
@given(case=cases(dims=2, room=1, channels=1))
def test_first_and_second_derivatives_of_unfold_and_fold(case):
    assume(not isinstance(case.padding, str) and math.prod(case.size) <= 16)
    options = {name: getattr(case, name) for name in ("kernel_size", "dilation", "padding", "stride")}
    x = Tensor(case.arrays()[0].copy(), requires_grad=True)
    columns = Tensor(unfold_images(x, **options).array.copy(), requires_grad=True)
    for check in (gradcheck, gradgradcheck):
        check(lambda x: unfold_images(x, **options) ** 2, x)
        check(lambda columns: fold_images(columns, case.size, **options) ** 2, columns)


def test_fold_counts_how_often_unfold_took_an_element():
    ones = Tensor(np.ones((1, 1, 3, 3)))
    assert fold_images(unfold_images(ones, 2), (3, 3), 2).tolist() == [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]


@pytest.mark.parametrize("images", [(0, 2, 4, 4), (2, 0, 4, 4)])
def test_unfold_and_fold_of_nothing(images):
    columns = unfold_images(Tensor(np.ones(images)), 3)
    assert columns.shape == (images[0], images[1] * 9, 4)
    assert fold_images(columns, (4, 4), 3).shape == images


# Layers


@settings(max_examples=100)
@given(case=cases(), mode=st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
def test_layers_are_pytorchs(case, mode):
    """With their padding modes, and with a state_dict that either side can load."""
    around = in_pairs(case.padding, case.kernel_size, case.dilation)
    assume(mode in ("zeros", "replicate") or all(max(p) < n for p, n in zip(around, case.size, strict=True)))
    arguments = (case.groups * case.channels, case.groups * case.out_channels, case.kernel_size)
    options = {**case.options, "bias": case.bias, "padding_mode": mode}
    torch = torch_or_skip()
    layer = LAYERS[case.dims](*arguments, **options, dtype=np.float64)
    other = getattr(torch.nn, f"Conv{case.dims}d")(*arguments, **options, dtype=torch.float64)
    other.load_state_dict({name: torch.tensor(t.array) for name, t in layer.state_dict().items()})
    agree_with_torch(Call(lambda t, x: (layer if t is tinytorch else other)(x), case.arrays()[:1], [case.layout]))
    for (name, p), (other_name, q) in zip(layer.named_parameters(), other.named_parameters(), strict=True):
        assert name == other_name
        assert_allclose(p.grad.array, q.grad.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_modes_are_numpys(mode):
    """The same without PyTorch: pad by NumPy, then convolve with no padding."""
    layer = Conv2d(2, 3, (2, 3), padding="same", padding_mode=mode, dtype=np.float64)
    x = np.random.default_rng(0).standard_normal((2, 2, 5, 4))
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    padded = np.pad(x, [(0, 0), (0, 0), *same_padding((2, 3), (1, 1))], mode=names[mode])
    assert_allclose(layer(Tensor(x)).array, conv2d(Tensor(padded), layer.weight, layer.bias).array, atol=1e-12)


def test_first_weights_are_within_pytorchs_bounds():
    layer = Conv2d(8, 64, (3, 5), groups=2)
    bound = 1 / math.sqrt(8 / 2 * 3 * 5)
    for parameter in (layer.weight, layer.bias):
        assert isinstance(parameter, Parameter)
        assert parameter.dtype == np.float32
        assert 0.9 * bound < np.abs(parameter.array).max() <= bound
        assert abs(parameter.array.mean()) < 0.3 * bound
    assert layer.weight.shape == (64, 4, 3, 5)
    assert layer.bias.shape == (64,)


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        tinytorch.manual_seed(7)
        weights.append(Conv1d(2, 3, 4).weight.array)
    assert_array_equal(*weights)


def test_options_are_kept_as_pytorch_keeps_them():
    layer = Conv2d(2, 4, 3, 2, 1, 2, 2, False)
    assert (layer.kernel_size, layer.stride, layer.padding, layer.dilation) == ((3, 3), (2, 2), (1, 1), (2, 2))
    assert (layer.in_channels, layer.out_channels, layer.groups, layer.bias) == (2, 4, 2, None)
    assert list(layer.state_dict()) == ["weight"]


REPRS = {
    "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1))": lambda nn: nn.Conv2d(2, 4, 3),
    "Conv2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))": lambda nn: nn.Conv2d(2, 4, 3, 2, 1),
    "Conv2d(2, 4, kernel_size=(3, 1), stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2, bias=False)": (
        lambda nn: nn.Conv2d(2, 4, (3, 1), (1, 2), (1, 0), (2, 1), 2, False)
    ),
    "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=reflect)": (
        lambda nn: nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect")
    ),
    "Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=same)": lambda nn: nn.Conv1d(2, 4, 3, padding="same"),
    "Conv1d(2, 4, kernel_size=(1,), stride=(1,), padding=valid)": lambda nn: nn.Conv1d(2, 4, 1, padding="valid"),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_layer_shows_its_options(text):
    assert repr(REPRS[text](tinytorch.nn)) == text


@pytest.mark.parametrize("text", REPRS)
def test_pytorch_shows_the_same(text):
    assert repr(REPRS[text](torch_or_skip().nn)) == text


# What is refused: each call with the one sentence that says why


REFUSALS = {
    "Conv2d expects 3 input channels, got 1 in an input of shape (2, 1, 8, 8)": (
        lambda t: t.nn.Conv2d(3, 4, 3)(t.zeros(2, 1, 8, 8))
    ),
    "Conv1d expects 3 input channels, got 8 in an input of shape (8, 3)": lambda t: t.nn.Conv1d(3, 4, 3)(t.zeros(8, 3)),
    "Conv2d expects 3 input channels, got 2 in an input of shape (1, 2, 8, 8)": (
        lambda t: t.nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")(t.zeros(1, 2, 8, 8))
    ),
    "Conv2d expects an input of 4 dimensions, got shape (8, 8)": lambda t: t.nn.Conv2d(3, 4, 3)(t.zeros(8, 8)),
    "Conv1d expects an input of 3 dimensions, got shape (1, 2, 3, 8)": (
        lambda t: t.nn.Conv1d(3, 4, 3)(t.zeros(1, 2, 3, 8))
    ),
    "conv2d expects an input at least as large as its kernel (9, 3) with dilation (1, 1), "
    "got shape (2, 3, 8, 8) with padding (0, 0)": lambda t: t.nn.Conv2d(3, 4, (9, 3))(t.zeros(2, 3, 8, 8)),
    "conv1d expects an input at least as large as its kernel (3,) with dilation (5,), "
    "got shape (3, 8) with padding (1,)": (lambda t: t.nn.Conv1d(3, 4, 3, dilation=5, padding=1)(t.zeros(3, 8))),
    "conv2d expects 4 input channels, got 3 in an input of shape (1, 3, 8, 8)": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 2, 3, 3), groups=2)
    ),
    "conv2d expects a weight of 4 dimensions, got shape (4, 3, 3)": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3))
    ),
    "conv2d expects a bias of shape (4,), got (1,)": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3, 3), t.zeros(1))
    ),
    "conv2d expects a number of groups that divides 4 output channels, got groups=3": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 1, 3, 3), groups=3)
    ),
    "conv2d expects a number of groups that divides 4 output channels, got groups=0": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3, 3), groups=0)
    ),
    "Conv2d expects 3 and 4 channels to be divisible by groups=2": lambda t: t.nn.Conv2d(3, 4, 3, groups=2),
    "Conv2d expects 4 and 3 channels to be divisible by groups=2": lambda t: t.nn.Conv2d(4, 3, 3, groups=2),
    "Conv1d expects 2 and 4 channels to be divisible by groups=0": lambda t: t.nn.Conv1d(2, 4, 3, groups=0),
    "conv1d expects a stride of one whole number of at least 1, got 0": (
        lambda t: t.nn.functional.conv1d(t.zeros(1, 3, 8), t.zeros(4, 3, 3), stride=0)
    ),
    "conv2d expects a dilation of 2 whole numbers of at least 1, got (1, 2, 3)": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3, 3), dilation=(1, 2, 3))
    ),
    "conv2d expects a stride of 2 whole numbers of at least 1, got 1.5": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3, 3), stride=1.5)
    ),
    "conv2d expects a padding 'same', 'valid' or of 2 whole numbers of at least 0, got -1": (
        lambda t: t.nn.functional.conv2d(t.zeros(1, 3, 8, 8), t.zeros(4, 3, 3, 3), padding=-1)
    ),
    "Conv2d expects a padding 'same', 'valid' or of 2 whole numbers of at least 0, got 'full'": (
        lambda t: t.nn.Conv2d(3, 4, 3, padding="full")
    ),
    "Conv2d with padding='same' expects stride 1, got (2, 2)": lambda t: t.nn.Conv2d(3, 4, 3, 2, "same"),
    "Conv1d knows the padding modes zeros, reflect, replicate, circular, not 'mirror'": (
        lambda t: t.nn.Conv1d(3, 4, 3, padding_mode="mirror")
    ),
    "unfold expects images (N, C, H, W), got shape (8, 8)": lambda t: t.nn.functional.unfold(t.zeros(8, 8), 2),
    "unfold expects an input at least as large as its kernel (3, 3) with dilation (1, 1), "
    "got shape (1, 1, 2, 8) with padding (0, 0)": lambda t: t.nn.functional.unfold(t.zeros(1, 1, 2, 8), 3),
    "fold of windows (2, 2) to (3, 3) expects (N, C x 4, 2 x 2), got shape (2, 7, 4)": (
        lambda t: t.nn.functional.fold(t.zeros(2, 7, 4), 3, 2)
    ),
    "fold of windows (2, 2) to (3, 3) expects (N, C x 4, 2 x 2), got shape (2, 8, 5)": (
        lambda t: t.nn.functional.fold(t.zeros(2, 8, 5), 3, 2)
    ),
    "fold of windows (4, 4) to (2, 2) expects (N, C x 16, -1 x -1), got shape (1, 16, 1)": (
        lambda t: t.nn.functional.fold(t.zeros(1, 16, 1), 2, 4)
    ),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_says_what_was_expected_and_what_came(sentence):
    with pytest.raises((RuntimeError, ValueError)) as error:
        REFUSALS[sentence](tinytorch)
    assert str(error.value) == sentence


@pytest.mark.parametrize("sentence", REFUSALS)
def test_pytorch_refuses_the_same_calls(sentence):
    torch = torch_or_skip()
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError)):
        REFUSALS[sentence](torch)


@pytest.mark.parametrize(("mode", "padding"), [("reflect", 8), ("circular", 9)])
def test_a_padding_that_a_mode_cannot_fill_is_refused(mode, padding):
    with pytest.raises(RuntimeError, match=f"adds at most {padding - 1} "):
        Conv2d(1, 1, 3, padding=padding, padding_mode=mode)(tinytorch.ones(1, 1, 8, 8))


# In slabs: the fast form of a convolution whose windows would not fit into the cache


def always_in_slabs(patch, elements):
    patch.setattr(kernels, "MANY", 0)
    patch.setattr(kernels, "SLAB", elements)


def check_slabs(case, elements, wanted=(True, True, True)):
    """The values, and the gradients asked for, of the clear form."""
    x, *parameters = case._replace(batch=case.batch or 1).arrays()
    options = case.options | {"padding": tuple(in_pairs(case.padding, case.kernel_size, case.dilation))}
    y, pullback = convolution(x, *parameters, **options)
    g = np.random.default_rng(1).standard_normal(y.shape)
    with pytest.MonkeyPatch.context() as patch:
        always_in_slabs(patch, elements)
        found, found_pullback = convolution(x, *parameters, **options)
        assert_allclose(found, y, atol=1e-12)
        for mine, clear in zip(found_pullback(g, wanted), pullback(g, wanted), strict=True):
            assert (mine is None) == (clear is None)
            if clear is not None:
                assert mine.shape == clear.shape
                assert_allclose(mine, clear, atol=1e-12)


@settings(max_examples=200)
@given(cases(room=6), st.integers(0, 300), st.tuples(*[st.booleans()] * 3))
def test_in_slabs_a_convolution_is_the_same(case, elements, wanted):
    check_slabs(case, elements, wanted)


def test_in_slabs_windows_are_those_of_conv(monkeypatch):
    """Whoever writes unfold and fold anew sees them used."""
    check_slabs(HARD, 100)
    called = []

    def counted(op):
        return lambda *arrays, **params: called.append(op.__name__) or op(*arrays, **params)

    monkeypatch.setattr(conv, "unfold", counted(unfold))
    monkeypatch.setattr(conv, "fold", counted(fold))
    always_in_slabs(monkeypatch, 100)
    tensors = [Tensor(array, requires_grad=True) for array in HARD.arrays()]
    HARD(tinytorch, *tensors).sum().backward()
    assert set(called) == {"unfold", "fold"}


def test_in_slabs_a_convolution_is_differentiated_twice(monkeypatch):
    always_in_slabs(monkeypatch, 20)
    check_gradients(HARD._replace(size=(2, 2), dilation=(1, 1), channels=1), order=2)


def test_a_large_convolution_never_holds_all_its_windows():
    x = Tensor(np.zeros((64, 16, 32, 32), np.float32), requires_grad=True)
    weight = Tensor(np.zeros((8, 16, 3, 3), np.float32), requires_grad=True)
    windows = 64 * 16 * 9 * 30 * 30 * 4
    tracemalloc.start()
    conv2d(x, weight).sum().backward()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < windows


@pytest.mark.parametrize("size", [(9,), (5, 4)])
def test_a_small_convolution_keeps_its_windows(monkeypatch, size):
    """To unfold them twice would cost more than to hold them."""
    monkeypatch.setattr(kernels, "convolution_in_slabs", None)
    dims = len(size)
    LAYERS[dims](2, 3, 3)(Tensor(np.zeros((4, 2, *size), np.float32))).sum().backward()


# The oracles: each catches a fault that is planted for it

HARD = Case(2, 2, 2, 1, (5, 6), (2, 3), (1, 1), "same", (3, 2), True, "Fortran")


def plant_same_padding_on_the_wrong_side(monkeypatch):
    checked = conv._checked_conv

    def turned(*given):
        found = checked(*given)
        return found | {"padding": tuple((after, before) for before, after in found["padding"])}

    monkeypatch.setattr(conv, "_checked_conv", turned)


def plant_dilation_ignored(monkeypatch):
    windows = kernels.windows

    def undilated(padded, count, kernel_size, stride, dilation):
        return windows(padded, count, kernel_size, stride, (1, 1))

    monkeypatch.setattr(kernels, "windows", undilated)


def plant_groups_in_the_wrong_order(monkeypatch):
    plain = conv.apply

    def swapped(op, x, weight, *bias, **params):
        half = weight.shape[0] // 2
        return plain(op, x, tinytorch.cat([weight[half:], weight[:half]]), *bias, **params)

    monkeypatch.setattr(conv, "apply", swapped)


PLANTS = [plant_same_padding_on_the_wrong_side, plant_dilation_ignored, plant_groups_in_the_wrong_order]


@pytest.mark.parametrize("plant", PLANTS)
def test_the_loops_catch_a_planted_fault(monkeypatch, plant):
    check_against_loops(HARD)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check_against_loops(HARD)


@pytest.mark.parametrize("plant", PLANTS)
def test_pytorch_catches_a_planted_fault(monkeypatch, plant):
    agree_with_torch(HARD)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        agree_with_torch(HARD)


def plant_fold_that_overwrites(monkeypatch):
    """Windows that overlap: the last one wins instead of being added."""

    def overwriting(g, *, size, **geometry):
        y, way_back = fold(g, size=size, **geometry)
        return y / np.maximum(fold(np.ones_like(g), size=size, **geometry)[0], 1), way_back

    monkeypatch.setattr(conv, "fold", overwriting)


def test_differences_catch_a_planted_fault(monkeypatch):
    check_gradients(HARD)
    plant_fold_that_overwrites(monkeypatch)
    with pytest.raises(GradcheckError):
        check_gradients(HARD)


def test_second_differences_catch_a_planted_fault(monkeypatch):
    small = HARD._replace(size=(2, 2), dilation=(1, 1), channels=1)
    check_gradients(small, order=2)

    def half_a_way_back(g, **params):
        y, way_back = fold(g, **params)
        return y, lambda h: 0.5 * way_back(h)

    monkeypatch.setattr(conv, "fold", half_a_way_back)
    check_gradients(small)  # the first order never asks fold for its way back
    with pytest.raises(GradcheckError):
        check_gradients(small, order=2)


def test_the_adjoint_catches_a_planted_fault(monkeypatch):
    case = HARD._replace(stride=(2, 1), padding=(1, 0))
    check_adjoint(case)
    surround = conv.surround
    monkeypatch.setattr(conv, "surround", lambda x, padding, value: surround(x, padding, 1.0))
    with pytest.raises(AssertionError):
        check_adjoint(case)


def test_float64_in_a_graph_of_float32_is_found(monkeypatch):
    plain = conv.convolution

    def widening(x, weight, *bias, **params):
        y, pullback = plain(x, weight, *bias, **params)
        return y, lambda g, wanted: pullback(g * np.ones(1), wanted)

    monkeypatch.setattr(conv, "convolution", widening)
    with pytest.raises(AssertionError, match="float64"):
        test_float32_stays_float32(Conv1d(2, 4, 3))


@pytest.mark.parametrize("layer", [Conv1d(2, 3, 1), Conv2d(2, 3, 1)])
def test_an_array_and_another_type_are_refused_in_the_words_of_the_caller(layer):
    shape = (1, 2, 4, 4)[: layer.weight.ndim]
    with pytest.raises(TypeError, match=r"^Conv.d expects a Tensor, got ndarray"):
        layer(np.ones(shape, np.float32))
    with pytest.raises(RuntimeError, match=r"^Conv.d of float32 expects an input of that type, got float64"):
        layer(tinytorch.ones(shape, dtype="float64"))
    function = conv1d if layer.dims == 1 else conv2d
    with pytest.raises(RuntimeError, match=r"^conv.d of float32 expects"):
        function(tinytorch.ones(shape, dtype="float64"), layer.weight)


def test_a_large_convolution_lets_go_of_its_value_and_of_its_bias():
    """As a small one does: a relu in place after it, and a new bias, change nothing that its way back needs."""
    for batch in (2, 64):
        layer = Conv2d(3, 32, 3, padding=1)
        x = tinytorch.randn(batch, 3, 32, 32)
        assert (3 * 9 * 32 * 32 * batch > kernels.MANY) is (batch == 64)  # the large one goes in slabs
        y = layer(x)
        with tinytorch.no_grad():
            layer.bias.add_(1)
        y.relu_().sum().backward()
        assert layer.weight.grad is not None


@pytest.mark.parametrize("stride", [np.array([2, 1]), np.array(2), [np.int64(2), np.uint8(1)], (2, np.int32(1))])
def test_sizes_may_be_arrays_and_numbers_of_numpy(stride):
    x = tinytorch.randn(1, 1, 6, 6)
    usual = tuple(np.broadcast_to(np.asarray(stride), 2).tolist())
    layer = Conv2d(1, 2, 3, stride=stride)
    assert layer.stride == usual and all(type(n) is int for n in layer.stride)
    assert_array_equal(conv2d(x, layer.weight, stride=stride).array, conv2d(x, layer.weight, stride=usual).array)


def test_sizes_of_no_numbers_are_refused_in_a_sentence():
    for stride in (([1], 1), "ab", 1.5, (1, 1, 1)):
        with pytest.raises(RuntimeError, match="^conv2d expects a stride of 2 whole numbers"):
            conv2d(tinytorch.randn(1, 1, 4, 4), tinytorch.randn(1, 1, 2, 2), stride=stride)


def test_a_kernel_of_many_places_is_laid_out_in_time_that_grows_with_them():
    calls = conv.first_there.__wrapped__((60, 60), (60, 60), (1, 1))
    assert len(calls) == 3600 and all(calls)
    overlapping = conv.first_there.__wrapped__((3, 3), (2, 2), (1, 1))
    assert overlapping == [True, True, False, True, True, False, False, False, False]


def test_channels_of_an_image_without_a_batch_are_counted_where_they_stand():
    with pytest.raises(RuntimeError, match=r"expects 3 input channels, got 1 in an input of shape \(1, 8, 9\)"):
        tinytorch.nn.Conv2d(3, 4, 3)(tinytorch.ones(1, 8, 9))
