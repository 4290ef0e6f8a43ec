"""What layers must do: PyTorch's numbers, names and texts; find every parameter once; load all of a state or none of it."""

import copy
import math
import re
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import tinytorch
from tinytorch import nn
from tinytorch.autograd import no_grad
from tinytorch.layers import Module, Parameter
from tinytorch.tensor import Tensor

TOLERANCE = {"float64": {"rtol": 1e-9, "atol": 1e-9}, "float32": {"rtol": 1e-4, "atol": 1e-4}}

# What both libraries have, with arguments
LAYERS = [
    "Linear(3, 2)",
    "Linear(3, 2, bias=False)",
    "Linear(3, 1)",
    "Embedding(7, 3)",
    "Embedding(7, 3, padding_idx=2)",
    "Embedding(7, 3, -1)",
    "Identity()",
    "Identity(54, unused=1)",
    "Flatten()",
    "Flatten(0)",
    "Flatten(start_dim=0, end_dim=1)",
    "ReLU()",
    "ReLU(inplace=True)",
    "LeakyReLU()",
    "LeakyReLU(0.2)",
    "ELU()",
    "ELU(alpha=0.5)",
    "GELU()",
    "GELU(approximate='tanh')",
    "SiLU()",
    "Softplus()",
    "Softplus(beta=2)",
    "Tanh()",
    "Sigmoid()",
    "LogSigmoid()",
    "Softmax(dim=1)",
    "Softmax(dim=-1)",
    "LogSoftmax(dim=0)",
    "Sequential()",
    "Sequential(Linear(3, 4), ReLU(), Sequential(Linear(4, 4), Tanh()), Linear(4, 2))",
    "Sequential(OrderedDict([('hidden', Linear(3, 4)), ('act', Sigmoid()), ('out', Linear(4, 1, bias=False))]))",
]
every_layer = pytest.mark.parametrize("text", LAYERS)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def make(library, text):
    """A layer of one of the two libraries from the text that makes it."""
    return eval(
        text, {**{name: getattr(library.nn, name) for name in tinytorch.nn.__all__}, "OrderedDict": OrderedDict}
    )


def twins(torch, text, dtype="float64"):
    """The same layer with the same parameters in both libraries."""
    ours = make(tinytorch, text).to(np.dtype(dtype))
    theirs = make(torch, text).to(getattr(torch, dtype))
    for name, value in theirs.state_dict().items():
        assert ours.state_dict()[name].shape == tuple(value.shape)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    return ours, theirs


class Net(Module):
    """Parameters and Modules in every place where they may stand."""

    def __init__(self):
        super().__init__()
        self.scale = Parameter(tinytorch.ones(2))
        self.first = nn.Linear(2, 3)
        self.blocks = [nn.Linear(3, 3), [nn.Tanh(), nn.Linear(3, 3, bias=False)]]
        self.heads = {"a": nn.Linear(3, 1), "b": (nn.Linear(3, 2),)}
        self.loose = [Parameter(tinytorch.zeros(4)), {"deep": Parameter(tinytorch.zeros(5))}]
        self.number, self.text, self.nothing = 3, "text", None
        self.register_buffer("mean", tinytorch.zeros(2))
        self.register_buffer("scratch", tinytorch.zeros(3), persistent=False)
        self.register_buffer("absent", None)
        self.register_parameter("bias", None)

    def forward(self, x):
        x = self.first(x * self.scale)
        x = self.blocks[1][1](self.blocks[1][0](self.blocks[0](x)))
        return self.heads["a"](x) + self.heads["b"][0](x).sum(-1, keepdim=True)


NAMES = {  # of Net's parameters, with their shapes, in order
    "scale": (2,),
    "loose.0": (4,),
    "loose.1.deep": (5,),
    "first.weight": (3, 2),
    "first.bias": (3,),
    "blocks.0.weight": (3, 3),
    "blocks.0.bias": (3,),
    "blocks.1.1.weight": (3, 3),
    "heads.a.weight": (1, 3),
    "heads.a.bias": (1,),
    "heads.b.0.weight": (2, 3),
    "heads.b.0.bias": (2,),
}


# Against PyTorch


@every_layer
def test_a_layer_shows_itself_as_in_pytorch(torch, text):
    assert repr(make(tinytorch, text)) == repr(make(torch, text))


def test_a_module_of_ones_own_shows_itself_as_in_pytorch(torch):
    def network(library):
        class Network(library.nn.Module):
            def __init__(self):
                super().__init__()
                self.body = library.nn.Sequential(library.nn.Linear(2, 3), library.nn.ReLU())
                self.heads = library.nn.ModuleDict({"a": library.nn.Linear(3, 1), "b": library.nn.Identity()})
                self.tail = library.nn.ModuleList([library.nn.Tanh(), library.nn.Softmax(dim=1)])

            def extra_repr(self):
                return "two heads"

        return Network()

    assert repr(network(tinytorch)) == repr(network(torch))


@every_layer
def test_a_layers_state_has_the_names_order_and_shapes_of_pytorchs(torch, text):
    ours, theirs = make(tinytorch, text).state_dict(), make(torch, text).state_dict()
    assert [(name, value.shape) for name, value in ours.items()] == [(n, tuple(v.shape)) for n, v in theirs.items()]


@every_layer
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_layer_computes_what_pytorchs_does_and_its_gradients(torch, text, dtype):
    if text.startswith("Embedding"):
        return check_embedding(torch, text, dtype)
    ours, theirs = twins(torch, text, dtype)
    rng = np.random.default_rng(0)
    for shape in [(4, 3), (2, 5, 3)]:
        x = rng.normal(size=shape).astype(dtype)
        a, b = Tensor(x.copy(), requires_grad=True), torch.tensor(x.copy(), requires_grad=True)
        y, z = ours(a * 1), theirs(b * 1)
        assert_allclose(y.detach().numpy(), z.detach().numpy(), **TOLERANCE[dtype])
        assert y.dtype == np.dtype(dtype)
        g = rng.normal(size=y.shape).astype(dtype)
        ours.zero_grad()
        theirs.zero_grad()
        y.backward(Tensor(g))
        z.backward(torch.tensor(g))
        assert_allclose(a.grad.numpy(), b.grad.numpy(), **TOLERANCE[dtype])
        for (name, p), (other, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            assert name == other
            assert_allclose(p.grad.numpy(), q.grad.numpy(), **TOLERANCE[dtype])


def check_embedding(torch, text, dtype):
    """As below, of indices, for which there is no gradient."""
    ours, theirs = twins(torch, text, dtype)
    index = np.random.default_rng(0).integers(0, 7, (4, 5))
    y, z = ours(tinytorch.tensor(index)), theirs(torch.tensor(index))
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(Tensor(g))
    z.backward(torch.tensor(g))
    assert_allclose(y.detach().numpy(), z.detach().numpy(), **TOLERANCE[dtype])
    assert_allclose(ours.weight.grad.numpy(), theirs.weight.grad.numpy(), **TOLERANCE[dtype])
    assert y.dtype == np.dtype(dtype)


def test_the_vector_of_padding_is_zero_at_first_and_the_others_are_normal():
    tinytorch.manual_seed(0)
    weight = nn.Embedding(500, 20, padding_idx=-1).weight.array
    assert not weight[-1].any() and weight[:-1].all()
    assert abs(weight[:-1].mean()) < 0.05 and abs(weight[:-1].std() - 1) < 0.05


def test_a_transposed_weight_would_be_seen_by_that_oracle(torch):
    ours, theirs = twins(torch, "Linear(3, 3)")
    ours.weight.data = ours.weight.data.T
    x = np.random.default_rng(0).normal(size=(4, 3))
    assert not np.allclose(ours(Tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy())


def test_modules_and_parameters_that_stand_twice_have_the_names_of_pytorch(torch):
    def tied(library):
        nn = library.nn
        shared = nn.Linear(2, 2)
        model = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(2, 2), nn.Sequential(shared))
        model[3].weight = shared.weight
        return model

    ours, theirs = tied(tinytorch), tied(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for names in ("named_parameters", "named_modules"):
        assert [name for name, _ in getattr(ours, names)()] == [name for name, _ in getattr(theirs, names)()]
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    assert_allclose(ours(Tensor(x)).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), **TOLERANCE["float32"])


@pytest.mark.parametrize("text", ["Linear(40, 4000)", "Linear(7, 6000)"])
def test_first_weights_are_spread_as_pytorchs(torch, text):
    torch.manual_seed(0)
    ours, theirs = make(tinytorch, text), make(torch, text)
    bound = 1 / math.sqrt(ours.in_features)
    for name in ("weight", "bias"):
        a, b = getattr(ours, name).detach().numpy(), getattr(theirs, name).detach().numpy()
        assert -bound <= a.min() < -0.98 * bound and 0.98 * bound < a.max() <= bound
        assert_allclose(np.quantile(a, np.linspace(0, 1, 9)), np.quantile(b, np.linspace(0, 1, 9)), atol=0.1 * bound)


def test_first_weights_are_drawn_from_the_seed_and_each_differently():
    def drawn(seed):
        tinytorch.manual_seed(seed)
        return np.concatenate(
            [p.detach().numpy().ravel() for p in nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)).parameters()]
        )

    assert_array_equal(drawn(1), drawn(1))
    assert len(np.intersect1d(drawn(1), drawn(2))) == 0
    assert len(np.unique(drawn(1))) == 40


def test_reset_parameters_draws_again():
    layer = nn.Linear(4, 4)
    before = layer.weight.detach().clone().numpy()
    layer.reset_parameters()
    assert not np.any(layer.weight.detach().numpy() == before)


def test_a_layer_without_inputs_gives_its_bias_which_is_zero():
    assert_array_equal(nn.Linear(0, 3)(tinytorch.zeros(2, 0)).array, np.zeros((2, 3)))


# What a Module finds


def test_parameters_are_found_wherever_they_stand():
    assert {name: p.shape for name, p in Net().named_parameters()} == NAMES
    assert [name for name, _ in Net().named_parameters()] == list(NAMES)


def test_parameters_of_the_module_alone_can_be_asked_for():
    assert [name for name, _ in Net().named_parameters(recurse=False)] == ["scale", "loose.0", "loose.1.deep"]
    assert len(list(Net().parameters(recurse=False))) == 3
    assert [name for name, _ in Net().named_parameters("net")] == [f"net.{name}" for name in NAMES]


def test_modules_children_and_buffers_are_found_by_name():
    net = Net()
    children = ["first", "blocks.0", "blocks.1.0", "blocks.1.1", "heads.a", "heads.b.0"]
    assert [name for name, _ in net.named_children()] == children
    assert [name for name, _ in net.named_modules()] == ["", *children]
    assert list(net.children()) == list(net.modules())[1:]
    assert [(name, buffer.shape) for name, buffer in net.named_buffers()] == [("mean", (2,)), ("scratch", (3,))]
    assert [name for name, _ in nn.Sequential(net).named_buffers("all")] == ["all.0.mean", "all.0.scratch"]
    assert len(list(net.buffers())) == 2


def test_a_parameter_or_module_that_stands_twice_is_given_once():
    net = Net()
    net.again, net.once_more, net.tied = net.first, [net.first], net.scale
    assert [name for name, _ in net.named_parameters()] == [*list(NAMES)[:1], *list(NAMES)[1:]]
    assert Counter(map(id, net.parameters())).most_common(1)[0][1] == 1
    assert sum(module is net.first for module in net.modules()) == 1


def test_a_module_that_knows_its_parent_does_not_go_in_circles():
    net = Net()
    net.first.parent = net
    assert [name for name, _ in net.named_parameters()] == list(NAMES)
    assert list(net.state_dict()) == [*list(NAMES)[:3], "mean", *list(NAMES)[3:]]


def test_all_parameters_get_a_gradient_and_forget_it():
    net = Net()
    net(Tensor(np.ones((4, 2), np.float32))).sum().backward()
    assert {name for name, p in net.named_parameters() if p.grad is None} == {"loose.0", "loose.1.deep"}
    kept = net.scale.grad.array
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.array is kept and not kept.any()
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_gradients_set_to_zero_leave_their_graph():
    layer = nn.Linear(2, 1)
    (layer(tinytorch.ones(3, 2)) ** 2).sum().backward(create_graph=True)
    assert layer.weight.grad.requires_grad
    layer.zero_grad(set_to_none=False)
    assert not layer.weight.grad.requires_grad and not layer.weight.grad.array.any()


def test_parameters_can_be_frozen():
    net = Net().requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(tinytorch.ones(1, 2)).requires_grad
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_a_parameter_is_replaced_by_a_parameter_only():
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"Linear.weight is a Parameter: give it a Parameter"):
        layer.weight = tinytorch.zeros(2, 2)
    layer.weight = Parameter(tinytorch.zeros(2, 2))
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert_array_equal(layer(tinytorch.ones(1, 2)).array, 0)


def test_a_parameter_is_a_tensor_that_requires_grad():
    p = Parameter(tinytorch.ones(2))
    assert p.requires_grad and isinstance(p, Tensor)
    assert not Parameter(tinytorch.ones(2), requires_grad=False).requires_grad
    assert repr(p) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    with pytest.raises(RuntimeError, match="floating point"):
        Parameter(tinytorch.arange(3))


def test_train_and_eval_reach_every_module_and_are_undone():
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())
    net.train(False)
    assert not net.blocks[1][0].training and Net().training


def test_apply_calls_the_innermost_first():
    seen = []
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Tanh()))
    assert model.apply(lambda module: seen.append(type(module).__name__)) is model
    assert seen == ["Linear", "Tanh", "Sequential", "Sequential"]


def test_a_module_without_forward_says_so():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward method"):
        Empty()(1)


def test_forward_gets_everything_it_is_called_with():
    class Echo(Module):
        def forward(self, *inputs, **options):
            return inputs, options

    assert Echo()(1, 2, mask=3) == ((1, 2), {"mask": 3})


# Hooks


def test_a_hook_sees_and_may_change_the_output_until_it_is_removed():
    layer, seen = nn.Linear(2, 2), []
    x = tinytorch.ones(1, 2)
    plain = layer(x)
    look = layer.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs, output)))
    double = layer.register_forward_hook(lambda module, inputs, output: output * 2)
    assert_allclose(layer(x).detach().numpy(), 2 * plain.detach().numpy())
    (module, inputs, output), *_ = seen
    assert module is layer and inputs == (x,) and output.shape == (1, 2)
    look.remove()
    layer(x)
    assert len(seen) == 1
    double.remove()
    double.remove()  # once more does no harm
    assert_allclose(layer(x).detach().numpy(), plain.detach().numpy())


def test_a_hook_is_of_one_module_only():
    a, b, seen = nn.Tanh(), nn.Tanh(), []
    a.register_forward_hook(lambda *_: seen.append("a"))
    b(tinytorch.ones(1))
    assert seen == []


# Copies and types


def test_a_deep_copy_has_everything_of_its_own():
    net = Net()
    net.tied = net.scale
    net(tinytorch.ones(1, 2)).sum().backward()
    net.eval()
    other = copy.deepcopy(net)
    assert other.tied is other.scale and not other.training
    assert list(other.state_dict()) == list(net.state_dict())
    for (name, p), (_, q) in zip(net.named_parameters(), other.named_parameters(), strict=True):
        assert type(q) is Parameter and q.requires_grad
        assert not np.shares_memory(p.array, q.array), name
        assert_array_equal(p.array, q.array)
        assert (p.grad is None) == (q.grad is None)
    assert not np.shares_memory(net.scale.grad.array, other.scale.grad.array)
    with no_grad():
        for p in other.parameters():
            p.add_(1)
    other.mean.add_(1)
    assert net.scale.array[0] == 1 and net.mean.array[0] == 0


def test_double_and_float_change_parameters_buffers_and_gradients():
    net = Net()
    net.register_buffer("count", tinytorch.tensor(3))
    net(tinytorch.ones(1, 2)).sum().backward()
    parameter = net.scale
    assert net.double() is net and net.scale is parameter
    assert all(t.dtype == np.float64 for t in [*net.parameters(), net.mean, net.scale.grad])
    assert net.count.dtype == np.int64
    assert net(tinytorch.ones(1, 2).double()).dtype == np.float64
    assert net.float().scale.dtype == np.float32
    assert net.to("cpu").to(tinytorch.float64).scale.dtype == np.float64
    assert net.to(dtype=tinytorch.float32, device="cpu").scale.dtype == np.float32
    assert net.cpu() is net


def test_linear_can_be_made_in_double_precision():
    layer = nn.Linear(2, 3, dtype=tinytorch.float64, device="cpu")
    assert layer.weight.dtype == layer.bias.dtype == np.float64


# State


def test_a_state_holds_parameters_and_saved_buffers_on_the_same_memory():
    net = Net()
    state = net.state_dict()
    assert list(state) == [*list(NAMES)[:3], "mean", *list(NAMES)[3:]]
    assert all(type(value) is Tensor and not value.requires_grad for value in state.values())
    assert np.shares_memory(state["scale"].array, net.scale.array)


def test_a_loaded_state_is_a_copy_in_the_types_of_the_model():
    source, net = Net().double(), Net()
    with no_grad():
        for p in source.parameters():
            p.copy_(np.random.default_rng(0).normal(size=p.shape))
    parameter = net.scale
    result = net.load_state_dict(source.state_dict())
    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    assert net.scale is parameter and parameter.dtype == np.float32
    for p, q in zip(net.parameters(), source.parameters(), strict=True):
        assert_array_equal(p.array, q.array.astype(np.float32))
        assert not np.shares_memory(p.array, q.array)


@pytest.mark.parametrize("convert", [lambda t: t, lambda t: t.numpy(), lambda t: t.tolist(), lambda t: Parameter(t)])
def test_a_state_may_hold_tensors_arrays_or_lists(convert):
    source, layer = nn.Linear(2, 3), nn.Linear(2, 3)
    layer.load_state_dict({name: convert(value) for name, value in source.state_dict().items()})
    assert_array_equal(layer.weight.array, source.weight.array)


def test_a_graph_that_holds_old_weights_notices_that_new_ones_were_loaded():
    layer = nn.Linear(2, 2)
    y = layer(Tensor(np.ones((1, 2), np.float32), requires_grad=True)).sum()
    layer.load_state_dict(nn.Linear(2, 2).state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@settings(max_examples=60)
@given(
    missing=st.sets(st.sampled_from(list(NAMES)), max_size=3),
    unexpected=st.sets(st.sampled_from(["extra", "first.wieght", "heads.c.bias"])),
    misshaped=st.sets(st.sampled_from(list(NAMES)), max_size=3),
    strict=st.booleans(),
)
def test_every_fault_of_a_state_is_named_and_nothing_is_loaded(missing, unexpected, misshaped, strict):
    misshaped -= missing
    net = Net()
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    state = {name: value.numpy() + 1 for name, value in net.state_dict().items() if name not in missing}
    state |= {name: np.ones(3) for name in unexpected}
    state |= {name: np.zeros((7, *state[name].shape)) for name in misshaped}
    refused = misshaped or (strict and (missing or unexpected))
    if refused:
        with pytest.raises(RuntimeError) as raised:
            net.load_state_dict(state, strict)
        message = str(raised.value)
        assert message.startswith("this state_dict is of another model than this Net: ") and "\n" not in message
        for name in misshaped:
            assert f"{name} has shape {(7, *NAMES[name])}, not {NAMES[name]}" in message
        said = {what: re.search(rf"{what}: ([^;]*)", message) for what in ("missing", "unexpected")}
        for what, names in (("missing", missing), ("unexpected", unexpected)):
            found = set(said[what][1].split(", ")) if said[what] else set()
            assert found == (names if strict else set())
    else:
        result = net.load_state_dict(state, strict)
        assert set(result.missing_keys) == missing and set(result.unexpected_keys) == unexpected
    for name, value in net.state_dict().items():
        changed = 0 if refused or name in missing else 1
        assert_array_equal(value.numpy(), before[name] + changed)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)], ids=str)
def test_as_many_numbers_in_another_shape_are_refused(shape):
    layer = nn.Linear(2, 3)
    state = {"weight": np.zeros((3, 2)), "bias": np.zeros(shape)}
    with pytest.raises(RuntimeError, match=re.escape(f"bias has shape {shape}, not (3,)")):
        layer.load_state_dict(state)


def test_a_state_that_is_no_numbers_changes_nothing():
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone().numpy()
    with pytest.raises(TypeError, match="holds real numbers"):
        layer.load_state_dict({"weight": np.zeros((2, 2)), "bias": np.array(["a", "b"])})
    assert_array_equal(layer.weight.array, before)


# Modules of Modules


def test_sequential_is_indexed_sliced_counted_and_walked():
    parts = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)]
    model = nn.Sequential(*parts)
    assert len(model) == 3 and list(model) == parts
    assert model[0] is parts[0] and model[-1] is parts[-1]
    head = model[:2]
    assert type(head) is nn.Sequential and list(head) == parts[:2]
    assert list(model[::-1]) == parts[::-1]
    with pytest.raises(IndexError):
        model[3]
    x = tinytorch.ones(4, 2)
    assert_array_equal(model(x).array, parts[2](head(x)).array)
    assert model.append(nn.Tanh()) is model and len(model) == 4
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_part_of_a_sequence_can_be_replaced_where_it_stands():
    model = nn.Sequential(OrderedDict(hidden=nn.Linear(2, 3), act=nn.ReLU(), out=nn.Linear(3, 1)))
    model[1] = act = nn.Tanh()
    model[-1] = out = nn.Linear(3, 5)
    assert list(model.named_children()) == [("hidden", model[0]), ("act", act), ("out", out)]
    assert model(tinytorch.ones(4, 2)).shape == (4, 5)
    layers = nn.ModuleList([nn.ReLU(), nn.ReLU()])
    layers[0] = act
    assert list(layers.named_children()) == [("0", act), ("1", layers[1])]
    with pytest.raises(IndexError):
        layers[2] = act
    with pytest.raises(TypeError, match="ModuleList holds Modules, got int"):
        layers[0] = 3


def test_sequential_takes_names():
    model = nn.Sequential(OrderedDict(hidden=nn.Linear(2, 3), out=nn.Linear(3, 1)))
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert model.hidden is model[0] and model(tinytorch.ones(4, 2)).shape == (4, 1)


def test_an_empty_sequential_passes_its_input_on():
    x = tinytorch.ones(2)
    assert nn.Sequential()(x) is x


def test_a_module_list_is_a_list():
    layers = nn.ModuleList([nn.Linear(1, 1)])
    assert layers.append(nn.ReLU()) is layers and layers.extend([nn.Tanh(), nn.Tanh()]) is layers
    assert len(layers) == 4 and isinstance(layers[1], nn.ReLU)
    assert type(layers[1:]) is nn.ModuleList and len(layers[1:]) == 3
    assert [name for name, _ in layers.named_children()] == ["0", "1", "2", "3"]
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "Tanh", "Tanh"]


def test_a_module_dict_is_a_dict():
    heads = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    heads["c"] = nn.Tanh()
    heads["b"] = nn.Sigmoid()
    assert list(heads) == heads.keys() == ["a", "b", "c"] and len(heads) == 3
    assert "c" in heads and "d" not in heads and "training" not in heads
    assert isinstance(heads["b"], nn.Sigmoid) and heads.values()[0] is heads["a"]
    assert dict(heads.items()) == {name: heads[name] for name in heads}
    assert list(heads.state_dict()) == ["a.weight", "a.bias"]
    with pytest.raises(KeyError):
        heads["d"]


def test_a_module_may_be_added_by_name():
    net = Module()
    net.add_module("0", nn.ReLU())
    net.add_module("named", nn.Tanh())
    net.add_module("named", nn.Sigmoid())
    assert isinstance(net.named, nn.Sigmoid)
    assert [name for name, _ in net.named_children()] == ["0", "named"]


def test_registering_a_buffer_again_replaces_it():
    net = Net()
    net.register_buffer("mean", tinytorch.ones(7))
    assert [(name, b.shape) for name, b in net.named_buffers()] == [("mean", (7,)), ("scratch", (3,))]
    del net.mean
    assert [name for name, _ in net.named_buffers()] == ["scratch"] and "mean" not in net.state_dict()


# summary


def test_a_summary_has_every_layer_its_output_and_its_parameters():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2, bias=False)))
    model[1].training = False
    text = model.summary(5, 2, 3)
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines() if not line.startswith("-")]
    assert rows == [
        ["layer", "output", "parameters"],
        ["0: Flatten", "(5, 6)", "0"],
        ["1: Linear", "(5, 4)", "28"],
        ["2: ReLU", "(5, 4)", "0"],
        ["3.0: Linear", "(5, 2)", "8"],
        ["all", "36"],
    ]
    assert text == model.summary((5, 2, 3)) == model.summary(tinytorch.zeros(5, 2, 3))
    assert model.training and not model[1].training
    assert not any(module._forward_hooks for module in model.modules())


def test_a_summary_counts_in_thousands_and_a_shared_layer_once():
    shared = nn.Linear(100, 100)
    text = nn.Sequential(shared, shared).summary(1, 100)
    assert text.count("10,100") == 3 and text.splitlines()[-1].split() == ["all", "10,100"]
    assert nn.Linear(2, 1).summary(3, 2).splitlines()[2].startswith("the model: Linear  (3, 1)")


def test_a_summary_does_not_train():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    model.summary(4, 2)
    assert model[1].num_batches_tracked.item() == 0 and model[1].training


def test_a_summary_of_a_wrong_shape_leaves_the_model_as_it_was():
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="Linear expects inputs of 2 features"):
        model.summary(1, 3)
    assert model.training and not model[0]._forward_hooks


# What cannot be done


@pytest.mark.parametrize(
    ("called", "error", "sentence"),
    [
        (
            lambda: nn.Linear(3, 2)(tinytorch.ones(4, 5)),
            RuntimeError,
            r"Linear expects inputs of 3 features, got an input of shape \(4, 5\)",
        ),
        (lambda: nn.Linear(3, 2)(tinytorch.tensor(1.0)), RuntimeError, r"3 features, got an input of shape \(\)"),
        (lambda: nn.Linear(3, 2, device="cuda"), RuntimeError, "no device 'cuda'"),
        (lambda: nn.Linear(3, 2).to("cuda:0"), RuntimeError, "no device 'cuda:0'"),
        (lambda: nn.Linear(3, 2).to(tinytorch.int64), TypeError, "Linear.to expects a floating point type, got int64"),
        (lambda: nn.Linear(3, 2).to(3), TypeError, "Linear.to expects a data type, a device or a Tensor, got 3"),
        (
            lambda: nn.Linear("3", 2),
            ValueError,
            "Linear expects in_features to be a whole number of 0 or more, got '3'",
        ),
        (lambda: nn.Linear(3, 2.0), ValueError, "Linear expects out_features to be a whole number .* got 2.0"),
        (lambda: nn.Linear(-3, 2), ValueError, "Linear expects in_features .* got -3"),
        (lambda: nn.Embedding(None, 2), ValueError, "Embedding expects num_embeddings .* got None"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError, "Embedding of 3 vectors has no padding_idx 3"),
        (lambda: nn.Embedding(3, 2, padding_idx=-4), ValueError, "Embedding of 3 vectors has no padding_idx -4"),
        (lambda: nn.Embedding(3, 2)(tinytorch.tensor([3])), IndexError, "indices from 0 to 2, got 3"),
        (
            lambda: nn.Linear(3, 2)(np.ones((2, 3))),
            TypeError,
            r"Linear expects a Tensor, got ndarray: make it one with tensor\(\)",
        ),
        (lambda: nn.Linear(3, 2)(nn.ReLU()), TypeError, "Linear expects a Tensor, got ReLU"),
        (
            lambda: nn.Linear(3, 2)(tinytorch.ones(2, 3).double()),
            RuntimeError,
            r"Linear of float32 expects an input of that type, got float64: convert it with to\(\)",
        ),
        (lambda: nn.Linear(3, 2).double()(tinytorch.ones(2, 3)), RuntimeError, "Linear of float64 .* got float32"),
        (lambda: nn.Linear(3, 2)(tinytorch.tensor([1, 2, 3])), RuntimeError, "Linear of float32 .* got int64"),
        (lambda: nn.GELU("erf")(tinytorch.ones(1)), ValueError, "gelu approximates by 'none' or 'tanh', not by 'erf'"),
        (lambda: nn.Sequential(nn.ReLU(), 3), TypeError, "Sequential holds Modules, got int"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, "Sequential holds Modules, got list"),
        (lambda: nn.ModuleList([nn.ReLU]), TypeError, "ModuleList holds Modules, got type"),
        (lambda: nn.ModuleList().append(None), TypeError, "ModuleList holds Modules, got NoneType"),
        (lambda: nn.ModuleDict({"a": 3}), TypeError, "ModuleDict holds Modules, got int"),
        (lambda: nn.ModuleDict({"keys": nn.ReLU()}), ValueError, "ModuleDict cannot call a Module 'keys'"),
        (lambda: nn.ModuleDict({"training": nn.ReLU()}), ValueError, "ModuleDict cannot call a Module 'training'"),
        (lambda: nn.ModuleDict({"a.b": nn.ReLU()}), ValueError, "ModuleDict cannot call a Module 'a.b'"),
        (lambda: nn.Sequential({"": nn.ReLU()}), ValueError, "Sequential cannot call a Module ''"),
        (lambda: nn.Sequential({"forward": nn.ReLU()}), ValueError, "Sequential cannot call a Module 'forward'"),
        (
            lambda: nn.Linear(2, 3).load_state_dict({"weight": np.ones((2, 3)), "bias": np.ones(3)}),
            RuntimeError,
            r"other shapes: weight has shape \(2, 3\), not \(3, 2\)$",
        ),
        (lambda: nn.Linear(1, 1).load_state_dict([1]), TypeError, "expects a mapping of names to Tensors, got list"),
        (lambda: nn.Linear(1, 1).load_state_dict({}), RuntimeError, "than this Linear: missing: weight, bias"),
        (lambda: copy.deepcopy(nn.Linear(1, 1)(tinytorch.ones(1, 1))), RuntimeError, "only a leaf can be deep-copied"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(called, error, sentence):
    with pytest.raises(error, match=sentence) as raised:
        called()
    assert "\n" not in str(raised.value) and str(raised.value)[0] != " "


def test_a_module_goes_to_the_type_and_device_of_a_tensor_or_both_at_once():
    layer = nn.Linear(2, 2)
    assert layer.to("cpu", np.float64, non_blocking=True) is layer and layer.weight.dtype == np.float64
    assert layer.to(tinytorch.ones(1)).weight.dtype == np.float32


def test_a_hook_that_is_registered_twice_and_removed_once_is_called_once():
    layer, calls = nn.Linear(2, 2), []

    def hook(module, inputs, output):
        calls.append(module)

    first, second = layer.register_forward_hook(hook), layer.register_forward_hook(hook)
    first.remove()
    first.remove()
    layer(tinytorch.ones(1, 2))
    assert len(calls) == 1
    second.remove()
    layer(tinytorch.ones(1, 2))
    assert len(calls) == 1
