"""The GRU, one fused op, gives the numbers and gradients of PyTorch's and of a GRU written out step by step."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tests.oracles import TOLERANCES, nothing_wider_than, torch_or_skip
from tests.strategies import LAYOUTS, layouts
from tinytorch import functional as F
from tinytorch import recurrent
from tinytorch.autograd import grad
from tinytorch.recurrent import GRU, gru
from tinytorch.regularization import dropout
from tinytorch.tensor import Tensor
from tinytorch.testing import GradcheckError, check_op, gradcheck


class Case(NamedTuple):
    """What a GRU is made with and called with."""

    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    bidirectional: bool
    steps: int
    batch: int | None
    given_state: bool
    layout: str

    @property
    def options(self):
        names = ("num_layers", "bias", "batch_first", "bidirectional")
        return {name: getattr(self, name) for name in names}

    def layer(self, dtype=np.float64, **options):
        made = GRU(self.input_size, self.hidden_size, dtype=dtype, **{**self.options, **options})
        for i, parameter in enumerate(made.parameters()):
            parameter.array[...] = normal(parameter.shape, seed=10 + i)
        return made

    def arrays(self, dtype=np.float64):
        """An input, and perhaps the states before it."""
        batch = [] if self.batch is None else [self.batch]
        lead = [*batch, self.steps] if self.batch_first and batch else [self.steps, *batch]
        states = self.num_layers * (1 + self.bidirectional)
        x = normal((*lead, self.input_size), self.layout, dtype)
        return [x, normal((states, *batch, self.hidden_size), self.layout, dtype, 1)] if self.given_state else [x]


@st.composite
def cases(draw):
    return Case(
        input_size=draw(st.integers(1, 3)),
        hidden_size=draw(st.integers(1, 4)),
        num_layers=draw(st.integers(1, 3)),
        bias=draw(st.booleans()),
        batch_first=draw(st.booleans()),
        bidirectional=draw(st.booleans()),
        steps=draw(st.integers(1, 5)),
        batch=draw(st.sampled_from([None, 1, 2, 3])),
        given_state=draw(st.booleans()),
        layout=draw(layouts),
    )


def normal(shape, layout="C", dtype=np.float64, seed=0):
    return LAYOUTS[layout](np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def step_by_step(layer, x, h_0=None):
    """A GRU of single Tensor operations, Cho et al. (2014) with the reset gate after the product."""
    if x.ndim == 2:
        batch = 0 if layer.batch_first else 1
        output, last = step_by_step(layer, x.unsqueeze(batch), None if h_0 is None else h_0.unsqueeze(1))
        return output.squeeze(batch), last.squeeze(1)
    sequence = list(x.transpose(0, 1) if layer.batch_first else x)
    parameters, last = dict(layer.named_parameters()), []
    for number in range(layer.num_layers):
        read = []
        for suffix in ["", "_reverse"][: 1 + layer.bidirectional]:
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            w, u, b, c = (parameters.get(f"{name}_l{number}{suffix}") for name in names)
            h = Tensor(np.zeros((len(sequence[0]), layer.hidden_size))) if h_0 is None else h_0[len(last)]
            states = []
            for x_t in reversed(sequence) if suffix else sequence:
                to_r, to_z, to_n = F.chunk(F.linear(x_t, w, b), 3, 1)
                from_r, from_z, from_n = F.chunk(F.linear(h, u, c), 3, 1)
                r, z = (to_r + from_r).sigmoid(), (to_z + from_z).sigmoid()
                n = (to_n + r * from_n).tanh()
                h = (1 - z) * n + z * h
                states.append(h)
            last.append(h)
            read.append(states[::-1] if suffix else states)
        sequence = [F.cat(both, 1) for both in zip(*read, strict=True)]
    output = F.stack(sequence)
    return output.transpose(0, 1) if layer.batch_first else output, F.stack(last)


OUTPUTS = {"all": slice(None), "states": slice(1), "last states": slice(1, None)}


def cotangents(outputs, layout):
    """What the gradients of the outputs are weighed by."""
    return [normal(tuple(y.shape), layout, seed=20 + i) for i, y in enumerate(outputs)]


def check_step_by_step(case, led_back="all"):
    layer = case.layer()
    inputs = [Tensor(a, requires_grad=True) for a in case.arrays()]
    outputs, expected = layer(*inputs), step_by_step(layer, *inputs)
    for y, z in zip(outputs, expected, strict=True):
        assert y.shape == z.shape
        assert_allclose(y.array, z.array, rtol=1e-11, atol=1e-11)
    outputs, expected = outputs[OUTPUTS[led_back]], expected[OUTPUTS[led_back]]
    weights = [Tensor(w) for w in cotangents(outputs, case.layout)]
    everything = [*inputs, *layer.parameters()]
    correct = grad(expected, everything, weights, allow_unused=True)
    for g, e in zip(grad(outputs, everything, weights), correct, strict=True):
        assert_allclose(g.array, 0 if e is None else e.array, rtol=1e-9, atol=1e-9)


@settings(max_examples=120)
@given(case=cases(), led_back=st.sampled_from(list(OUTPUTS)))
def test_the_fused_gru_is_the_one_written_step_by_step(case, led_back):
    check_step_by_step(case, led_back)


def check_against_pytorch(case, led_back="all", dtype=np.float64):
    torch, tolerance = torch_or_skip(), TOLERANCES[dtype]
    layer = case.layer(dtype)
    other = torch.nn.GRU(case.input_size, case.hidden_size, dtype=getattr(torch, np.dtype(dtype).name), **case.options)
    other.load_state_dict({name: torch.tensor(t.array) for name, t in layer.state_dict().items()})
    inputs = [Tensor(a, requires_grad=True) for a in case.arrays(dtype)]
    others = [torch.tensor(np.ascontiguousarray(a), requires_grad=True) for a in case.arrays(dtype)]
    outputs, expected = layer(*inputs), other(*others)
    for y, z in zip(outputs, expected, strict=True):
        assert y.dtype == dtype
        assert_allclose(y.array, z.detach().numpy(), rtol=tolerance, atol=tolerance)
    outputs, expected = outputs[OUTPUTS[led_back]], expected[OUTPUTS[led_back]]
    weights = [w.astype(dtype) for w in cotangents(outputs, case.layout)]
    found = grad(outputs, [*inputs, *layer.parameters()], [Tensor(w) for w in weights])
    given = [torch.tensor(np.ascontiguousarray(w)) for w in weights]
    correct = torch.autograd.grad(expected, [*others, *other.parameters()], given)
    for g, e in zip(found, correct, strict=True):
        assert g.dtype == dtype
        assert_allclose(g.array, e.numpy(), rtol=tolerance, atol=tolerance)


@settings(max_examples=200)
@given(case=cases(), led_back=st.sampled_from(list(OUTPUTS)))
def test_values_and_gradients_are_pytorchs(case, led_back):
    check_against_pytorch(case, led_back)


@settings(max_examples=60)
@given(case=cases())
def test_values_and_gradients_are_pytorchs_in_float32(case):
    check_against_pytorch(case, dtype=np.float32)


@pytest.mark.parametrize("directions", [1, 2])
def test_the_rule_is_right_on_arrays_alone(directions):
    x, start = normal((3, 2, 2)), normal((directions, 2, 3), seed=1)
    shapes = [(9, 2), (9, 3), (9,), (9,)] * directions
    check_op(gru, x, start, *(normal(shape, seed=2 + i) for i, shape in enumerate(shapes)))


def test_gradients_agree_with_differences():
    layer = Case(2, 2, 2, True, False, True, 3, 2, True, "C").layer()
    x, h_0 = (Tensor(a, requires_grad=True) for a in (normal((3, 2, 2)), normal((4, 2, 2), seed=1)))
    gradcheck(lambda x, h_0, *_: layer(x, h_0), [x, h_0, *layer.parameters()])


def test_a_gru_of_one_number_by_hand():
    layer = GRU(1, 1)
    weights = ([1, 2, 3], [4, 5, 6], [0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    for parameter, values in zip(layer.parameters(), weights, strict=True):
        parameter.array[...] = np.reshape(values, parameter.shape)
    output, last = layer(Tensor([[[0.5]]]), Tensor([[[-0.25]]]))
    r = 1 / (1 + math.exp(-(1 * 0.5 + 0.1 - 4 * 0.25 + 0.4)))
    z = 1 / (1 + math.exp(-(2 * 0.5 + 0.2 - 5 * 0.25 + 0.5)))
    n = math.tanh(3 * 0.5 + 0.3 + r * (-6 * 0.25 + 0.6))
    assert output.item() == pytest.approx((1 - z) * n + z * -0.25, rel=1e-6)
    assert last.item() == output.item()


# What a sequence model must do whatever its weights


def test_a_sequence_may_be_read_in_pieces():
    layer = Case(2, 3, 2, True, False, False, 0, 0, False, "C").layer()
    x = Tensor(normal((7, 2, 2)))
    whole, last = layer(x)
    first, state = layer(x[:3])
    second, end = layer(x[3:], state)
    assert_allclose(np.concatenate([first.array, second.array]), whole.array, atol=1e-12)
    assert_allclose(end.array, last.array, atol=1e-12)


def test_examples_of_a_batch_do_not_meet():
    layer = Case(2, 3, 2, True, True, True, 0, 0, False, "C").layer()
    x = normal((4, 5, 2))
    for one, row in zip(x, layer(Tensor(x))[0].array, strict=True):
        assert_allclose(layer(Tensor(one))[0].array, row, atol=1e-12)


def test_one_direction_cannot_see_what_is_to_come():
    layer = Case(2, 3, 2, True, False, False, 0, 0, False, "C").layer()
    x = Tensor(normal((5, 1, 2)), requires_grad=True)
    (dx,) = grad(layer(x)[0][2].sum(), x)
    assert (dx.array[:3] != 0).all()
    assert_array_equal(dx.array[3:], 0)


def test_the_last_state_is_where_each_direction_ends():
    layer = Case(2, 3, 1, True, False, True, 0, 0, False, "C").layer()
    output, last = layer(Tensor(normal((5, 2, 2))))
    assert_array_equal(last.array[0], output.array[-1, :, :3])
    assert_array_equal(last.array[1], output.array[0, :, 3:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_numbers_do_not_overflow(dtype):
    layer = GRU(2, 3, dtype=dtype)
    x = Tensor(1e4 * normal((4, 2, 2), dtype=dtype), requires_grad=True)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        output, _ = layer(x)
        output.sum().backward()
    assert np.abs(output.array).max() <= 1
    assert np.isfinite(x.grad.array).all()


def test_an_empty_batch_gives_an_empty_batch():
    layer = GRU(2, 3, 2, bidirectional=True)
    x = Tensor(np.zeros((4, 0, 2), np.float32), requires_grad=True)
    output, last = layer(x)
    assert (output.shape, last.shape) == ((4, 0, 6), (4, 0, 3))
    output.sum().backward()
    assert x.grad.shape == x.shape
    assert_array_equal(layer.weight_hh_l1.grad.array, 0)


def test_nothing_that_comes_in_is_written_to():
    layer = Case(2, 3, 2, True, False, True, 0, 0, False, "C").layer()
    inputs = [Tensor(normal((5, 2, 2)), requires_grad=True), Tensor(normal((4, 2, 3)), requires_grad=True)]
    everything = [*inputs, *layer.parameters()]
    before = [t.array.copy() for t in everything]
    output, _ = layer(*inputs)
    g = Tensor(np.ones(output.shape))
    output.backward(g)
    for t, b in zip([*everything, g], [*before, np.ones(output.shape)], strict=True):
        assert_array_equal(t.array, b)


# Dropout between the layers


def test_dropout_stands_between_the_layers_while_training():
    """Seeded alike, it is two GRUs with a dropout between them; nothing is hidden from what comes out."""
    case = Case(2, 3, 2, True, False, True, 0, 0, False, "C")
    both = case.layer(dropout=0.5)
    lower, upper = GRU(2, 3, bidirectional=True, dtype=np.float64), GRU(6, 3, bidirectional=True, dtype=np.float64)
    for name, t in both.state_dict().items():
        (lower if "_l0" in name else upper).state_dict()[name.replace("_l1", "_l0")].copy_(t)
    x = Tensor(normal((4, 3, 2)))

    tinytorch.manual_seed(5)
    output, last = both(x)
    tinytorch.manual_seed(5)
    between, lower_last = lower(x)
    expected, upper_last = upper(dropout(between, 0.5))
    assert_allclose(output.array, expected.array, atol=1e-12)
    assert_allclose(last.array, np.concatenate([lower_last.array, upper_last.array]), atol=1e-12)

    in_use = both.eval()(x)[0].array
    assert (np.abs(in_use - output.array) > 1e-3).any()
    assert_allclose(in_use, case.layer()(x)[0].array, atol=1e-12)


def test_dropout_of_everything_leaves_the_second_layer_its_biases():
    layer = Case(2, 3, 2, True, False, False, 0, 0, False, "C").layer(dropout=1.0)
    first, second = (layer(Tensor(normal((4, 1, 2), seed=s)))[0].array for s in range(2))
    assert_array_equal(first, second)


def test_one_layer_has_nothing_to_drop():
    layer = GRU(2, 3, dropout=0.9)
    x = Tensor(normal((4, 1, 2), dtype=np.float32))
    assert_array_equal(layer(x)[0].array, layer.eval()(x)[0].array)


# Weights, precision, what it shows


def test_parameters_have_pytorchs_names_and_shapes():
    layer = GRU(2, 3, num_layers=2, bidirectional=True)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert shapes == {
        **{f"weight_ih_l0{end}": (9, 2) for end in ("", "_reverse")},
        **{f"weight_ih_l1{end}": (9, 6) for end in ("", "_reverse")},
        **{f"weight_hh_l{i}{end}": (9, 3) for i in (0, 1) for end in ("", "_reverse")},
        **{f"bias_{kind}_l{i}{end}": (9,) for kind in ("ih", "hh") for i in (0, 1) for end in ("", "_reverse")},
    }
    assert list(GRU(2, 3, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]


def test_first_weights_are_within_pytorchs_bounds():
    bound = 1 / math.sqrt(25)
    for parameter in GRU(8, 25).parameters():
        assert parameter.dtype == np.float32
        assert 0.9 * bound < np.abs(parameter.array).max() <= bound
        assert abs(parameter.array.mean()) < 0.3 * bound


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_float32_stays_float32(bias, bidirectional):
    layer = GRU(2, 3, 2, bias, dropout=0.5, bidirectional=bidirectional)
    x = Tensor(normal((4, 2, 2), dtype=np.float32), requires_grad=True)
    with nothing_wider_than(np.float32):
        output, last = layer(x)
        (output.sum() + last.sum()).backward()
    assert {t.dtype for t in (output, last, x.grad, *(p.grad for p in layer.parameters()))} == {np.dtype("float32")}


def test_a_gradient_nobody_needs_is_not_computed():
    x, start = normal((3, 2, 2)), normal((1, 2, 3))
    weights = [normal(shape) for shape in ((9, 2), (9, 3), (9,), (9,))]
    y, pullback = gru(x, start, *weights)
    assert pullback(np.ones_like(y), [False] + [True] * 5)[0] is None


def test_it_says_that_it_is_differentiable_once():
    x = Tensor(normal((3, 2, 2), dtype=np.float32), requires_grad=True)
    with pytest.raises(RuntimeError) as error:
        grad(GRU(2, 3)(x)[0].sum(), x, create_graph=True)
    assert str(error.value) == (
        "gru can be differentiated only once, but create_graph=True asks for the graph of its gradient"
    )


REPRS = {
    "GRU(3, 5)": lambda nn: nn.GRU(3, 5),
    "GRU(3, 5, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)": (
        lambda nn: nn.GRU(3, 5, 2, False, True, 0.5, True)
    ),
    "GRU(3, 5, batch_first=True)": lambda nn: nn.GRU(input_size=3, hidden_size=5, batch_first=True),
}


@pytest.mark.parametrize("text", REPRS)
def test_a_layer_shows_its_options(text):
    assert repr(REPRS[text](tinytorch.nn)) == text


@pytest.mark.parametrize("text", REPRS)
def test_pytorch_shows_the_same(text):
    assert repr(REPRS[text](torch_or_skip().nn)) == text


# What is refused: each call with the one sentence that says why

REFUSALS = {
    "GRU expects sequences of 3 features, got an input of shape (7, 2, 2)": lambda t: t.nn.GRU(3, 5)(t.zeros(7, 2, 2)),
    "GRU expects sequences of 3 features, got an input of shape (7, 2)": lambda t: t.nn.GRU(3, 5)(t.zeros(7, 2)),
    "GRU expects sequences of 3 features, got an input of shape (3,)": lambda t: t.nn.GRU(3, 5)(t.zeros(3)),
    "GRU expects sequences of 3 features, got an input of shape (1, 7, 2, 3)": (
        lambda t: t.nn.GRU(3, 5)(t.zeros(1, 7, 2, 3))
    ),
    "GRU expects sequences of at least one step, got an input of shape (2, 0, 3)": (
        lambda t: t.nn.GRU(3, 5, batch_first=True)(t.zeros(2, 0, 3))
    ),
    "GRU expects a first state of shape (2, 2, 5) for an input of shape (7, 2, 3), got (1, 2, 5)": (
        lambda t: t.nn.GRU(3, 5, bidirectional=True)(t.zeros(7, 2, 3), t.zeros(1, 2, 5))
    ),
    "GRU expects a first state of shape (3, 2, 5) for an input of shape (2, 7, 3), got (2, 3, 5)": (
        lambda t: t.nn.GRU(3, 5, 3, batch_first=True)(t.zeros(2, 7, 3), t.zeros(2, 3, 5))
    ),
    "GRU expects a first state of shape (1, 5) for an input of shape (7, 3), got (1, 1, 5)": (
        lambda t: t.nn.GRU(3, 5)(t.zeros(7, 3), t.zeros(1, 1, 5))
    ),
    "GRU expects a first state of shape (1, 2, 5) for an input of shape (7, 2, 3), got (2, 5)": (
        lambda t: t.nn.GRU(3, 5)(t.zeros(7, 2, 3), t.zeros(2, 5))
    ),
    "GRU expects a dropout from 0 to 1, got 1.5": lambda t: t.nn.GRU(3, 5, dropout=1.5),
    "GRU expects sizes and layers of at least 1, got 3, 5, 0": lambda t: t.nn.GRU(3, 5, 0),
    "GRU expects sizes and layers of at least 1, got 3, 0, 1": lambda t: t.nn.GRU(3, 0),
    "GRU expects sizes and layers of at least 1, got -1, 5, 1": lambda t: t.nn.GRU(-1, 5),
}


@pytest.mark.parametrize("sentence", REFUSALS)
def test_a_refusal_says_what_was_expected_and_what_came(sentence):
    with pytest.raises((RuntimeError, ValueError)) as error:
        REFUSALS[sentence](tinytorch)
    assert str(error.value) == sentence


@pytest.mark.parametrize("sentence", REFUSALS)
def test_pytorch_refuses_the_same_calls(sentence):
    torch = torch_or_skip()
    with pytest.raises((RuntimeError, ValueError)):
        REFUSALS[sentence](torch)


# The oracles: each catches a fault that is planted for it

HARD = Case(2, 3, 2, True, True, True, 4, 2, True, "Fortran")


def plant_gates_in_another_order(monkeypatch):
    """Update before reset, as other libraries keep them."""

    def reordered(x, start, *weights):
        y, pullback = gru(x, start, *(w[[3, 4, 5, 0, 1, 2, 6, 7, 8]] for w in weights))
        return y, pullback

    monkeypatch.setattr(recurrent, "gru", reordered)


def plant_a_second_direction_that_is_not_turned_back(monkeypatch):
    monkeypatch.setattr(recurrent, "side_by_side", lambda y: np.concatenate([y[:, 0], y[:, 1]], axis=1).swapaxes(1, 2))


def plant_a_gradient_cut_after_one_step(monkeypatch):
    """The state before a step taken for a constant."""

    def cut(x, start, *weights):
        y, pullback = gru(x, start, *weights)

        def planted(g, wanted):
            dx, dh, *rest = pullback(g, wanted)
            return dx, np.zeros_like(dh), *rest

        return y, planted

    monkeypatch.setattr(recurrent, "gru", cut)


PLANTS = [
    plant_gates_in_another_order,
    plant_a_second_direction_that_is_not_turned_back,
    plant_a_gradient_cut_after_one_step,
]


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("check", [check_step_by_step, check_against_pytorch])
def test_the_oracles_catch_a_planted_fault(monkeypatch, plant, check):
    check(HARD)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check(HARD)


def test_differences_catch_a_planted_fault(monkeypatch):
    plant_a_gradient_cut_after_one_step(monkeypatch)
    with pytest.raises(GradcheckError):
        test_gradients_agree_with_differences()


def test_scripts_that_call_flatten_parameters_need_no_change():
    layer = GRU(2, 3)
    before = {name: p.array.copy() for name, p in layer.named_parameters()}
    assert layer.flatten_parameters() is None
    assert all(np.array_equal(p.array, before[name]) for name, p in layer.named_parameters())


def test_an_array_and_another_type_are_refused():
    network = GRU(2, 3)
    with pytest.raises(TypeError, match="^GRU expects a Tensor, got ndarray"):
        network(np.ones((4, 1, 2), np.float32))
    with pytest.raises(RuntimeError, match="^GRU of float32 expects an input of that type, got float64"):
        network(tinytorch.ones((4, 1, 2), dtype="float64"))
    with pytest.raises(RuntimeError, match="^GRU of float32 expects an input of that type, got float64"):
        network(tinytorch.ones(4, 1, 2), tinytorch.ones((1, 1, 3), dtype="float64"))
