"""04 Layers: Modules that hold parameters, and how Modules are made of Modules.

A Module finds its parameters by looking through its own attributes, and through lists and dicts of Modules among them, so
a network is an ordinary object with a `forward` method.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from tinytorch import functional as F
from tinytorch import init, ops
from tinytorch._lazy import Lacking
from tinytorch.autograd import no_grad
from tinytorch.creation import empty, zeros
from tinytorch.dtypes import Device, as_array
from tinytorch.methods import find_dtype
from tinytorch.tensor import Tensor, apply
from tinytorch.text import text_table


class Parameter(Tensor):
    """A Tensor that a Module learns: it requires grad, and `parameters()` finds it."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` did not find, and what it did not expect."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module(Lacking):
    """The base of all layers and networks. Write `forward`; call the Module itself.

    Attributes that are Parameters, Modules, or lists, tuples and dicts of them are found by name: "layers.0.weight".
    """

    training = True
    _buffer_names: tuple[str, ...] = ()
    _unsaved_buffers: frozenset[str] = frozenset()
    _forward_hooks: tuple[Callable[..., Any], ...] = ()

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the Module computes; every Module has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        output = self.forward(*inputs, **options)
        for hook in self._forward_hooks:
            changed = hook(self, inputs, output)
            output = output if changed is None else changed
        return output

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            if isinstance(self.__dict__.get(name), Parameter):
                raise TypeError(f"{type(self).__name__}.{name} is a Parameter: give it a Parameter, or change its data")
        super().__setattr__(name, value)

    # What it is made of

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The Modules directly inside, by name."""
        return self._own(Module)

    def _own(self, kind: type) -> Iterator[tuple[str, Any]]:
        """What of a kind stands in the attributes, by name."""
        for name, value in self.__dict__.items():
            yield from _found_in(value, name, kind)

    def children(self) -> Iterator[Module]:
        """The Modules directly inside."""
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
        """This Module and all inside it by path, each once or, with remove_duplicate=False, wherever it stands."""
        seen: set[int] = set()
        waiting: list[tuple[str, Module, tuple[int, ...]]] = [(prefix, self, ())]
        while waiting:
            path, module, above = waiting.pop()
            if id(module) not in (seen if remove_duplicate else above):
                seen.add(id(module))
                yield path, module
                inside = [(_join(path, name), child, (*above, id(module))) for name, child in module.named_children()]
                waiting.extend(reversed(inside))

    def modules(self) -> Iterator[Module]:
        """This Module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter by its path; one that stands in two places is given once."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, value in module._own(Parameter):
                if id(value) not in seen:
                    seen.add(id(value))
                    yield _join(path, name), value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every Parameter, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def add_module(self, name: str, module: Module) -> None:
        """Set a Module by a name that may be none for an attribute, such as "0".

        Raises TypeError for what is no Module, ValueError for a name that is empty, has a dot or means something else here.
        """
        if not isinstance(module, Module):
            raise TypeError(f"{type(self).__name__} holds Modules, got {type(module).__name__}")
        taken = hasattr(type(self), name) or not isinstance(self.__dict__.get(name, self), Module)
        if not name or "." in name or taken:
            raise ValueError(
                f"{type(self).__name__} cannot call a Module {name!r}: the name is empty, has a dot or is taken"
            )
        self.__dict__[name] = module

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Set a Parameter by name; None says that there is none, as `bias=False` does."""
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Set a Tensor that belongs to the state but is not learnt, such as a running mean."""
        self._buffer_names = tuple(dict.fromkeys((*self._buffer_names, name)))
        if not persistent:
            self._unsaved_buffers = self._unsaved_buffers | {name}
        setattr(self, name, tensor)

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every buffer by its path."""
        for path, module in self.named_modules(prefix):
            for name in module._buffer_names:
                if module.__dict__.get(name) is not None:
                    yield _join(path, name), module.__dict__[name]

    def buffers(self) -> Iterator[Tensor]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers())

    def register_forward_hook(self, hook: Callable[[Module, tuple[Any, ...], Any], Any]) -> HookHandle:
        """Call `hook(module, inputs, output)` after every forward; what it returns, but None, takes the output's place."""
        self._forward_hooks = (*self._forward_hooks, hook)
        return HookHandle(self, hook)

    # State

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by path, detached, on the same memory: clone what is to outlive the next step."""
        state = OrderedDict[str, Tensor]()
        for path, module in self.named_modules(remove_duplicate=False):
            saved = [name for name in module._buffer_names if name not in module._unsaved_buffers]
            for name, value in (*module._own(Parameter), *((name, module.__dict__.get(name)) for name in saved)):
                if value is not None:
                    state[_join(path, name)] = value.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy parameters and buffers from a state_dict, all of them or, if anything is wrong, none.

        Raises RuntimeError that names every entry that is missing, unexpected or of another shape; without `strict`,
        only for shapes; TypeError for what is no mapping of names to numbers.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict expects a mapping of names to Tensors, got {type(state_dict).__name__}")
        own = self.state_dict()
        given = {
            name: as_array(np.asarray(getattr(state_dict[name], "array", state_dict[name])))
            for name in own
            if name in state_dict
        }
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        misshaped = [
            f"{name} has shape {given[name].shape}, not {value.shape}"
            for name, value in own.items()
            if name in given and given[name].shape != value.shape
        ]
        faults = [f"other shapes: {'; '.join(misshaped)}"] if misshaped else []
        if strict:
            faults += [
                f"{what}: {', '.join(names)}"
                for what, names in (("missing", missing), ("unexpected", unexpected))
                if names
            ]
        if faults:
            raise RuntimeError(
                f"this state_dict is of another model than this {type(self).__name__}: {'; '.join(faults)}"
            )
        with no_grad():
            for name, array in given.items():
                own[name].copy_(array)
        return IncompatibleKeys(missing, unexpected)

    def train(self, mode: bool = True) -> Any:
        """Say to this Module and all inside it that they are being trained; returns this Module."""
        for module in self.modules():
            module.training = bool(mode)
        return self

    def eval(self) -> Any:
        """Say to this Module and all inside it that they are in use: no dropout, running statistics."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set whether the Parameters want gradients; returns this Module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all Parameters, or set them to zero."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                if parameter.grad.requires_grad:
                    parameter.grad = parameter.grad.detach()
                parameter.grad.zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Any:
        """Call a function on every Module inside and on this one, the innermost first; returns this Module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *target: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Any:
        """Parameters and buffers in another floating point type, in place; a device is checked and changes nothing.

        Raises TypeError for a type that is not of floating point, and for what is no type, device or Tensor.
        """
        dtype = find_dtype(f"{type(self).__name__}.to", *target, device) or dtype
        if dtype is not None and np.dtype(dtype).kind != "f":
            raise TypeError(f"{type(self).__name__}.to expects a floating point type, got {np.dtype(dtype)}")
        for tensor in chain(self.parameters(), self.buffers()) if dtype is not None else ():
            if tensor.is_floating_point():
                tensor.array = tensor.array.astype(dtype, copy=False)
                tensor.grad = None if tensor.grad is None else tensor.grad.to(dtype)
        return self

    def float(self) -> Any:
        """Parameters and buffers as float32."""
        return self.to(np.float32)

    def double(self) -> Any:
        """Parameters and buffers as float64."""
        return self.to(np.float64)

    def cpu(self) -> Any:
        """This Module: it is on the cpu already."""
        return self

    # What it looks like

    def extra_repr(self) -> str:
        """What to show between the brackets of a layer."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        inside = "\n  ".join(["", *([extra] if extra else []), *children]) + "\n"
        return f"{type(self).__name__}({inside if children else extra})"

    def summary(self, *inputs: Any) -> str:
        """A table of the layers in the order in which they ran, with the shape of their output and their parameters.

        inputs: Tensors to run on, or one shape with the batch first, for which zeros are taken.
        """
        if inputs and not any(isinstance(x, Tensor) for x in inputs):
            inputs = (zeros(*inputs),)
        rows: list[tuple[str, str, str]] = []

        def note(module: Module, _: Any, output: Any) -> None:
            own = sum(p.numel() for p in module.parameters())
            rows.append((paths[id(module)], str(getattr(output, "shape", "")), f"{own:,}"))

        leaves = [(path, module) for path, module in self.named_modules() if not any(True for _ in module.children())]
        paths = {id(module): f"{path or 'the model'}: {type(module).__name__}" for path, module in leaves}
        handles = [module.register_forward_hook(note) for _, module in leaves]
        before = [(module, module.training) for module in self.modules()]
        try:
            with no_grad():
                self.eval()(*inputs)
        finally:
            for module, mode in before:
                module.training = mode
            for handle in handles:
                handle.remove()
        lines = text_table([("layer", "output", "parameters"), *rows, ("all", "", f"{_count(self):,}")])
        rule = lines[1]
        return "\n".join([*lines[:-1], rule, lines[-1]])


class HookHandle:
    """Takes a hook away again with `remove()`."""

    def __init__(self, module: Module, hook: Callable[..., Any]) -> None:
        self.module = module
        self.hook: Callable[..., Any] | None = hook

    def remove(self) -> None:
        """The hook is not called any more, or once less where it was registered several times."""
        hooks = list(self.module._forward_hooks)
        if self.hook in hooks:
            hooks.remove(self.hook)
        self.module._forward_hooks, self.hook = tuple(hooks), None


def _found_in(value: Any, name: str, kind: type) -> Iterator[tuple[str, Any]]:
    """What of a kind is in an attribute: itself, or what stands in a list, tuple or dict."""
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _found_in(item, _join(name, str(i)), kind)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _found_in(item, _join(name, str(key)), kind)


def _join(path: str, name: str) -> str:
    return ".".join(part for part in (path, name) if part)


def _count(module: Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# Modules of Modules


class _Numbered(Module):
    """Modules under the names 0, 1, 2, ..., which are their names in a state_dict too."""

    def append(self, module: Module) -> Any:
        """Add a Module at the end; returns this one."""
        self.add_module(str(len(self)), module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self.children()))

    def __getitem__(self, index: int | slice) -> Any:
        chosen = list(self.children())[index]
        return chosen if isinstance(chosen, Module) else type(self)(*self._arguments(chosen))

    def __setitem__(self, index: int, module: Module) -> None:
        name = [name for name, _ in self.named_children()][index]
        self.add_module(name, module)

    def _arguments(self, modules: list[Module]) -> tuple[Any, ...]:
        return tuple(modules)


class Sequential(_Numbered):
    """Modules one after the other, each given what the one before returned; an OrderedDict gives them names."""

    def __init__(self, *modules: Any) -> None:
        named = (
            modules[0]
            if len(modules) == 1 and isinstance(modules[0], dict)
            else {str(i): m for i, m in enumerate(modules)}
        )
        for name, module in named.items():
            self.add_module(name, module)

    def forward(self, x: Any) -> Any:
        """x, through all of the Modules."""
        for module in self.__dict__.values():
            if isinstance(module, Module):
                x = module(x)
        return x


class ModuleList(_Numbered):
    """A list of Modules."""

    def __init__(self, modules: Any = ()) -> None:
        self.extend(modules)

    def extend(self, modules: Any) -> ModuleList:
        """Add Modules at the end; returns this list."""
        for module in modules:
            self.append(module)
        return self

    def _arguments(self, modules: list[Module]) -> tuple[Any, ...]:
        return (modules,)


class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        for name, module in (modules or {}).items():
            self[name] = module

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """The names."""
        return [name for name, _ in self.named_children()]

    def values(self) -> list[Module]:
        """The Modules."""
        return list(self.children())

    def items(self) -> list[tuple[str, Module]]:
        """The names and the Modules."""
        return list(self.named_children())


# Layers


class Linear(Module):
    """x W^T + b, with weight (out, in) and bias (out,) uniform in +-1 / sqrt(in) at first.

    Input (..., in_features) -> (..., out_features). Raises RuntimeError for inputs of another number of features, or of
    another type than the weight; ValueError for sizes that are none.
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = np.float32
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, dtype=dtype))
        self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, as PyTorch does."""
        reset_weights(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """(..., in_features) -> (..., out_features)."""
        weight, bias = self.weight, self.bias
        F.check_input("Linear", input, weight)
        if input.array.shape[-1:] != (self.in_features,):
            raise RuntimeError(
                f"Linear expects inputs of {self.in_features} features, got an input of shape {input.shape}"
            )
        return apply(ops.linear, input, weight) if bias is None else apply(ops.linear, input, weight, bias)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def check_sizes(name: str, **sizes: Any) -> None:
    """Raise ValueError where a layer is to have a size that is not a whole number of 0 or more."""
    for what, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or size < 0:
            raise ValueError(f"{name} expects {what} to be a whole number of 0 or more, got {size!r}")


def reset_weights(weight: Tensor, bias: Tensor | None) -> None:
    """PyTorch's first weights and biases: uniform in +-1 / sqrt(fan_in)."""
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        fan_in, _ = init.fans(weight)
        bound = 1 / math.sqrt(fan_in) if fan_in else 0
        init.uniform_(bias, -bound, bound)


class Embedding(Module):
    """A table of vectors, one for each of num_embeddings indices, normal at first.

    Input: indices (...) from 0 to num_embeddings - 1 -> (..., embedding_dim). The vector at padding_idx is zero at first
    and learns nothing. Raises ValueError for a padding_idx that is not in the table and sizes that are none; see
    `functional.embedding` for what it refuses.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        device: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        check_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding of {num_embeddings} vectors has no padding_idx {padding_idx}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(empty(num_embeddings, embedding_dim, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new vectors, as PyTorch does."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """Indices (...) -> (..., embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Identity(Module):
    """What comes in goes out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Flatten(Module):
    """(N, C, ...) -> (N, features): the dimensions from start_dim to end_dim made one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The same elements, flattened."""
        y: Tensor = input.flatten(self.start_dim, self.end_dim)
        return y

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class ReLU(Module):
    """max(x, 0)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return input.relu_() if self.inplace else apply(ops.relu, input)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Module):
    """x where it is positive, else negative_slope x."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"negative_slope={self.negative_slope}{', inplace=True' if self.inplace else ''}"


class ELU(Module):
    """x where it is positive, else alpha (exp(x) - 1); see `elu`."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"alpha={self.alpha}{', inplace=True' if self.inplace else ''}"


class Softplus(Module):
    """log(1 + exp(beta x)) / beta."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"beta={self.beta}, threshold={self.threshold}"


class GELU(Module):
    """x times the normal distribution function of x; see `gelu`."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """x sigmoid(x); see `silu`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.silu(input, self.inplace)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        y: Tensor = input.tanh()
        return y


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        y: Tensor = input.sigmoid()
        return y


class LogSigmoid(Module):
    """log(sigmoid(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Of every element."""
        return F.logsigmoid(input)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along dim."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Along dim."""
        y: Tensor = input.softmax(self.dim)
        return y

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of softmax along dim."""

    def forward(self, input: Tensor) -> Tensor:
        """Along dim."""
        y: Tensor = input.log_softmax(self.dim)
        return y
