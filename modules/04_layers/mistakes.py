"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""
# ruff: noqa: F821 - the names are those of the library's file

import math

import numpy as np

# 04.1 A linear layer


class stored_transposed:
    """the weight is stored as (in, out): one row belongs to one output, so it is (out, in)."""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            self.in_features, self.out_features = in_features, out_features
            self.weight = Parameter(empty(in_features, out_features, dtype=dtype))
            self.bias = Parameter(empty(out_features, dtype=dtype)) if bias else None
            self.reset_parameters()


class plain_tensors:
    """weight and bias are plain Tensors: a Module finds Parameters only, so these would never be trained."""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            self.in_features, self.out_features = in_features, out_features
            self.weight = empty(out_features, in_features, dtype=dtype)
            self.bias = empty(out_features, dtype=dtype) if bias else None
            self.reset_parameters()


class left_at_zero:
    """the weights stay at zero: every output then gets the same gradient, and all units learn the same. Call reset_parameters."""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            self.in_features, self.out_features = in_features, out_features
            self.weight = Parameter(zeros(out_features, in_features, dtype=dtype))
            self.bias = Parameter(zeros(out_features, dtype=dtype)) if bias else None


class dtype_dropped:
    """the data type that was asked for is not handed on: the weights are float32 always."""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            self.in_features, self.out_features = in_features, out_features
            self.weight = Parameter(empty(out_features, in_features))
            self.bias = Parameter(empty(out_features)) if bias else None
            self.reset_parameters()


class bias_always:
    """there is a bias although bias=False: then self.bias is None."""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            self.in_features, self.out_features = in_features, out_features
            self.weight = Parameter(empty(out_features, in_features, dtype=dtype))
            self.bias = Parameter(empty(out_features, dtype=dtype))
            self.reset_parameters()


class not_transposed:
    """x is multiplied by W as it stands: W is (out, in), so x (N, in) needs its transpose, x W^T."""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            y = input @ self.weight
            return y if self.bias is None else y + self.bias


class weight_times_x:
    """the product is W x: with one example in each row, it is x W^T."""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            y = self.weight @ input
            return y if self.bias is None else y + self.bias


class bias_forgotten:
    """the bias is not added."""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            return input @ self.weight.T


class bias_of_none:
    """the bias is added although it may be None."""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            return input @ self.weight.T + self.bias


class arrays_only:
    """the product is taken of the arrays: a Tensor made of an array has no graph, so nothing comes back."""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            y = input.array @ self.weight.array.T
            return Tensor(y if self.bias is None else y + self.bias.array)


# 04.2 First weights


class fan_out:
    """the bound is made of the number of outputs: what sums up is the number of inputs, the fan-in."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(weight.shape[0])
        init.uniform_(weight, -bound, bound)
        if bias is not None:
            init.uniform_(bias, -bound, bound)


class kernel_not_counted:
    """only the second axis counts as fan-in: all axes but the first do, a convolution sums over its kernel as well."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(weight.shape[1])
        init.uniform_(weight, -bound, bound)
        if bias is not None:
            init.uniform_(bias, -bound, bound)


class root_forgotten:
    """the bound is 1 / fan_in, without the root: the signal then shrinks from layer to layer."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.prod(weight.shape[1:])
        init.uniform_(weight, -bound, bound)
        if bias is not None:
            init.uniform_(bias, -bound, bound)


class positive_only:
    """the numbers are drawn from 0 to bound: the outputs of all units then have one sign. They go from -bound to bound."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
        init.uniform_(weight, 0, bound)
        if bias is not None:
            init.uniform_(bias, 0, bound)


class unit_range:
    """the numbers are drawn from 0 to 1, whatever the fan-in is."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        init.uniform_(weight)
        if bias is not None:
            init.uniform_(bias)


class bias_at_zero:
    """the bias is filled with zeros: here it is drawn within the bounds of the weight, as in PyTorch."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
        init.uniform_(weight, -bound, bound)
        if bias is not None:
            init.zeros_(bias)


class bias_untouched:
    """the bias is not filled: it keeps what its memory happened to hold."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
        init.uniform_(weight, -bound, bound)


class new_tensor:
    """a new Tensor is made and given the name weight: the one that the layer holds must be filled in place."""

    exercise = "04.2"

    def reset_weights(weight, bias):
        bound = 1 / math.sqrt(math.prod(weight.shape[1:]))
        weight = Parameter(np.random.uniform(-bound, bound, weight.shape))
        if bias is not None:
            bias = Parameter(np.random.uniform(-bound, bound, bias.shape))


# 04.3 Activations


class leaky_everywhere:
    """LeakyReLU multiplies all of x by the slope: where x is positive, it stays as it is."""

    exercise = "04.3"

    class LeakyReLU:
        def forward(self, input):
            return self.negative_slope * input


class leaky_wrong_side:
    """LeakyReLU leaks on the wrong side: it is the negative x that is multiplied by the slope."""

    exercise = "04.3"

    class LeakyReLU:
        def forward(self, input):
            return F.where(input > 0, self.negative_slope * input, input)


class leaky_constant:
    """LeakyReLU gives the slope itself where x is negative: it is the slope times x."""

    exercise = "04.3"

    class LeakyReLU:
        def forward(self, input):
            return F.where(input > 0, input, self.negative_slope)


class elu_overflows:
    """ELU takes exp(x) of large x: the value is not used there, but its gradient is 0 times inf, nan. Clamp x first."""

    exercise = "04.3"

    class ELU:
        def forward(self, input):
            return F.where(input > 0, input, self.alpha * (input.exp() - 1))


class elu_jumps:
    """ELU subtracts 1 outside of the brackets: alpha (exp(x) - 1), so that the two sides meet at 0."""

    exercise = "04.3"

    class ELU:
        def forward(self, input):
            return F.where(input > 0, input, self.alpha * input.clamp(max=0).exp() - 1)


class elu_without_one:
    """ELU is alpha exp(x) where x is negative: without - 1 it jumps at 0."""

    exercise = "04.3"

    class ELU:
        def forward(self, input):
            return F.where(input > 0, input, self.alpha * input.clamp(max=0).exp())


class alpha_ignored:
    """ELU does not use its alpha."""

    exercise = "04.3"

    class ELU:
        def forward(self, input):
            return F.where(input > 0, input, input.clamp(max=0).exp() - 1)


class softplus_overflows:
    """Softplus takes exp(x) of large x, which is inf: log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)) never does."""

    exercise = "04.3"

    class Softplus:
        def forward(self, input):
            return (1 + (self.beta * input).exp()).log() / self.beta


class softplus_not_divided:
    """Softplus is not divided by beta: beta makes the bend sharper, and must leave the slope at 1."""

    exercise = "04.3"

    class Softplus:
        def forward(self, input):
            z = self.beta * input
            return z.clamp(min=0) + (1 + (-z.abs()).exp()).log()


class beta_ignored:
    """Softplus does not use its beta."""

    exercise = "04.3"

    class Softplus:
        def forward(self, input):
            return input.clamp(min=0) + (1 + (-input.abs()).exp()).log()


class silu_is_sigmoid:
    """SiLU is the sigmoid alone: it is x times the sigmoid."""

    exercise = "04.3"

    class SiLU:
        def forward(self, input):
            return input.sigmoid()


class gate_detached:
    """SiLU takes the sigmoid of the array: a gradient comes back through one of the two factors only."""

    exercise = "04.3"

    class SiLU:
        def forward(self, input):
            return input * input.detach().sigmoid()


# 04.4 One layer after the other


class all_get_the_input:
    """every Module is given the first input: each gets what the one before returned."""

    exercise = "04.4"

    class Sequential:
        def forward(self, x):
            output = x
            for module in self.children():
                output = module(x)
            return output


class returned_in_the_loop:
    """`return` stands in the loop: it ends with the first Module."""

    exercise = "04.4"

    class Sequential:
        def forward(self, x):
            for module in self.children():
                x = module(x)
                return x
            return x


class last_left_out:
    """the last Module is not called."""

    exercise = "04.4"

    class Sequential:
        def forward(self, x):
            for module in list(self.children())[:-1]:
                x = module(x)
            return x


class backwards:
    """the Modules are called from the last to the first."""

    exercise = "04.4"

    class Sequential:
        def forward(self, x):
            for module in reversed(list(self.children())):
                x = module(x)
            return x


class forward_called:
    """module.forward(x) is called: module(x) calls it too, and then the hooks."""

    exercise = "04.4"

    class Sequential:
        def forward(self, x):
            for module in self.children():
                x = module.forward(x)
            return x


class names_from_one:
    """the Modules are counted from 1: the first is called 0."""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            named = modules[0] if len(modules) == 1 and isinstance(modules[0], dict) else None
            for name, module in (named or {str(i): m for i, m in enumerate(modules, 1)}).items():
                self.add_module(name, module)


class kept_in_a_list:
    """the Modules are kept in a list called layers: their names are then layers.0, layers.1, ... and not 0, 1, ..."""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            self.layers = (
                list(modules[0].values()) if len(modules) == 1 and isinstance(modules[0], dict) else list(modules)
            )


class dict_not_opened:
    """a dict of Modules is taken for a Module: where it is the only argument, its keys are the names."""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            for i, module in enumerate(modules):
                self.add_module(str(i), module)


class method_hidden:
    """the list is kept as self.modules, which hides the method modules() that every Module has."""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            self.modules = list(modules)
            for i, module in enumerate(modules):
                self.add_module(str(i), module)


class names_dropped:
    """the keys of a dict are dropped: they are the names of the Modules."""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            if len(modules) == 1 and isinstance(modules[0], dict):
                modules = tuple(modules[0].values())
            for i, module in enumerate(modules):
                self.add_module(str(i), module)


# 04.5 Looking into an attribute


class lists_passed_over:
    """lists are passed over: a network that keeps its layers in a list then has no parameters, and never learns."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _found_in(item, _join(name, str(key)), kind)


class tuples_passed_over:
    """tuples are passed over: isinstance(value, (list, tuple)) takes both."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, list):
            for i, item in enumerate(value):
                yield from _found_in(item, _join(name, str(i)), kind)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _found_in(item, _join(name, str(key)), kind)


class dicts_passed_over:
    """dicts are passed over."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                yield from _found_in(item, _join(name, str(i)), kind)


class keys_not_values:
    """a dict is gone through like a list, which gives its keys: .items() gives keys and values."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple, dict)):
            for i, item in enumerate(value):
                yield from _found_in(item, _join(name, str(i)), kind)


class one_level:
    """only one level is looked into: what stands in a list may be a list."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                if isinstance(item, kind):
                    yield _join(name, str(i)), item
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, kind):
                    yield _join(name, str(key)), item


class places_not_named:
    """all that a list holds is given the list's own name: its place belongs to the name, or entries of one name overwrite each other."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from _found_in(item, name, kind)
        elif isinstance(value, dict):
            for item in value.values():
                yield from _found_in(item, name, kind)


class path_lost:
    """the name is the place alone: the path that leads there stands before it, _join(name, ...)."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                yield from _found_in(item, str(i), kind)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _found_in(item, str(key), kind)


class parameters_only:
    """Parameters are looked for, whatever kind was asked for."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, Parameter):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                yield from _found_in(item, _join(name, str(i)), kind)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from _found_in(item, _join(name, str(key)), kind)


class call_not_yielded:
    """_found_in is called for what is inside, but what it yields is dropped: `yield from` passes it on."""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                _found_in(item, _join(name, str(i)), kind)
        elif isinstance(value, dict):
            for key, item in value.items():
                _found_in(item, _join(name, str(key)), kind)


# 04.6 All parameters of a network


class root_left_out:
    """the Module itself is left out: it comes first, under the prefix."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen = set()

            def walk(path, module):
                for name, child in module.named_children():
                    if not remove_duplicate or id(child) not in seen:
                        seen.add(id(child))
                        yield _join(path, name), child
                        yield from walk(_join(path, name), child)

            yield from walk(prefix, self)


class children_only:
    """only the children are visited, and not what is inside of them."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen = set()
            yield prefix, self
            for name, child in self.named_children():
                if not remove_duplicate or id(child) not in seen:
                    seen.add(id(child))
                    yield _join(prefix, name), child


class children_first:
    """a Module comes after what it holds: it comes before."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen = set()

            def walk(path, module):
                if not remove_duplicate or id(module) not in seen:
                    seen.add(id(module))
                    for name, child in module.named_children():
                        yield from walk(_join(path, name), child)
                    yield path, module

            yield from walk(prefix, self)


class level_by_level:
    """the tree is walked level by level: a child and all inside it come before the next child."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen, waiting = set(), [(prefix, self)]
            while waiting:
                path, module = waiting.pop(0)
                if not remove_duplicate or id(module) not in seen:
                    seen.add(id(module))
                    yield path, module
                    waiting += [(_join(path, name), child) for name, child in module.named_children()]


class last_child_first:
    """the last child comes first, as things do that are taken from the end of a list: put them there in reverse."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen, waiting = set(), [(prefix, self)]
            while waiting:
                path, module = waiting.pop()
                if not remove_duplicate or id(module) not in seen:
                    seen.add(id(module))
                    yield path, module
                    waiting += [(_join(path, name), child) for name, child in module.named_children()]


class module_path_lost:
    """a Module's path is its own name only: the path of the Module that holds it stands before it."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen = set()

            def walk(path, module):
                if not remove_duplicate or id(module) not in seen:
                    seen.add(id(module))
                    yield path, module
                    for name, child in module.named_children():
                        yield from walk(name, child)

            yield from walk(prefix, self)


class modules_twice:
    """a Module that stands in two places is always given twice."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            yield prefix, self
            for name, child in self.named_children():
                yield from child.named_modules(_join(prefix, name), remove_duplicate)


class modules_once_always:
    """a Module that stands in two places is given once although remove_duplicate is False."""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            seen = set()

            def walk(path, module):
                if id(module) not in seen:
                    seen.add(id(module))
                    yield path, module
                    for name, child in module.named_children():
                        yield from walk(_join(path, name), child)

            yield from walk(prefix, self)


class parameters_twice:
    """a Parameter that two Modules share is given twice: an optimizer would take its step twice."""

    exercise = "04.6"

    class Module:
        def named_parameters(self, prefix="", recurse=True):
            for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
                for name, value in module._own(Parameter):
                    yield _join(path, name), value


class own_parameters_only:
    """only this Module's own Parameters are given: those of all Modules inside belong to it too."""

    exercise = "04.6"

    class Module:
        def named_parameters(self, prefix="", recurse=True):
            for name, value in self._own(Parameter):
                yield _join(prefix, name), value


class recurse_ignored:
    """the Parameters of Modules inside are given although recurse is False."""

    exercise = "04.6"

    class Module:
        def named_parameters(self, prefix="", recurse=True):
            seen = set()
            for path, module in self.named_modules(prefix):
                for name, value in module._own(Parameter):
                    if id(value) not in seen:
                        seen.add(id(value))
                        yield _join(path, name), value


class names_without_path:
    """the names are without the path of their Module: every layer would have a weight of the same name."""

    exercise = "04.6"

    class Module:
        def named_parameters(self, prefix="", recurse=True):
            seen = set()
            for _, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
                for name, value in module._own(Parameter):
                    if id(value) not in seen:
                        seen.add(id(value))
                        yield name, value


# 04.7 Saving and loading


class buffers_forgotten:
    """buffers are not saved: the running mean of a batch norm would be lost."""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            return OrderedDict(
                (_join(path, name), value.detach())
                for path, module in self.named_modules(remove_duplicate=False)
                for name, value in module._own(Parameter)
            )


class still_in_the_graph:
    """the Parameters themselves are handed out: a state is detached, it wants no gradients."""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            state = OrderedDict()
            for path, module in self.named_modules(remove_duplicate=False):
                for name, value in module._own(Parameter):
                    state[_join(path, name)] = value
                for name in module._buffer_names:
                    value = getattr(module, name)
                    if value is not None and name not in module._unsaved_buffers:
                        state[_join(path, name)] = value
            return state


class nothing_copied:
    """`own[name] = ...` changes the dict and not the model: copy into the Tensor, own[name].copy_(...)."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            faults = [n for n in own if n in state_dict and np.shape(state_dict[n]) != own[n].shape]
            faults += missing + unexpected if strict else []
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            for name in own:
                if name in state_dict:
                    own[name] = state_dict[name]
            return IncompatibleKeys(missing, unexpected)


class state_cloned:
    """the numbers are copied: a state is on the memory of the model, and whoever wants a copy makes one."""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            state = OrderedDict()
            for path, module in self.named_modules(remove_duplicate=False):
                for name, value in module._own(Parameter):
                    state[_join(path, name)] = value.detach().clone()
                for name in module._buffer_names:
                    value = getattr(module, name)
                    if value is not None and name not in module._unsaved_buffers:
                        state[_join(path, name)] = value.detach().clone()
            return state


class shared_saved_once:
    """a Module that stands in two places is saved in the first only: another program may want it under the other name."""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            state = OrderedDict()
            for path, module in self.named_modules():
                for name, value in module._own(Parameter):
                    state[_join(path, name)] = value.detach()
                for name in module._buffer_names:
                    value = getattr(module, name)
                    if value is not None and name not in module._unsaved_buffers:
                        state[_join(path, name)] = value.detach()
            return state


class all_buffers_saved:
    """buffers that are not persistent are saved as well: those in _unsaved_buffers are left out."""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            state = OrderedDict()
            for path, module in self.named_modules(remove_duplicate=False):
                for name, value in module._own(Parameter):
                    state[_join(path, name)] = value.detach()
                for name in module._buffer_names:
                    value = getattr(module, name)
                    if value is not None:
                        state[_join(path, name)] = value.detach()
            return state


class first_fault_only:
    """loading stops at the first entry that is missing: look through all of them, and name all."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            for name, value in own.items():
                if name in state_dict and np.shape(state_dict[name]) != value.shape:
                    raise RuntimeError(f"{name} has another shape")
            if strict:
                for name in missing:
                    raise RuntimeError(f"{name} is missing")
                for name in unexpected:
                    raise RuntimeError(f"{name} is unexpected")
            with no_grad():
                for name in own:
                    if name in state_dict:
                        own[name].copy_(np.asarray(state_dict[name]))
            return IncompatibleKeys(missing, unexpected)


class half_loaded:
    """entries are copied while the state is looked through: after an error, half of the model is loaded."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing, faults = [], []
            with no_grad():
                for name, value in own.items():
                    if name not in state_dict:
                        missing.append(name)
                    elif np.shape(state_dict[name]) != value.shape:
                        faults.append(name)
                    else:
                        value.copy_(np.asarray(state_dict[name]))
            unexpected = [name for name in state_dict if name not in own]
            if strict:
                faults += missing + unexpected
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            return IncompatibleKeys(missing, unexpected)


class shapes_not_compared:
    """shapes are not compared: an entry of one number is copied to all of a Parameter."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            if strict and missing + unexpected:
                raise RuntimeError(f"not the state of this model: {', '.join(missing + unexpected)}")
            with no_grad():
                for name in own:
                    if name in state_dict:
                        own[name].copy_(np.asarray(state_dict[name]))
            return IncompatibleKeys(missing, unexpected)


class unexpected_let_pass:
    """unexpected entries are let pass: then what was loaded is the state of another model."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            faults = [n for n in own if n in state_dict and np.shape(state_dict[n]) != own[n].shape]
            faults += missing if strict else []
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            with no_grad():
                for name in own:
                    if name in state_dict:
                        own[name].copy_(np.asarray(state_dict[name]))
            return IncompatibleKeys(missing, unexpected)


class missing_let_pass:
    """missing entries are let pass: what is not in the state keeps its random numbers, and nobody is told."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            faults = [n for n in own if n in state_dict and np.shape(state_dict[n]) != own[n].shape]
            faults += unexpected if strict else []
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            with no_grad():
                for name in own:
                    if name in state_dict:
                        own[name].copy_(np.asarray(state_dict[name]))
            return IncompatibleKeys(missing, unexpected)


class always_strict:
    """strict=False is ignored: it lets missing and unexpected entries pass."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            faults = [n for n in own if n in state_dict and np.shape(state_dict[n]) != own[n].shape]
            faults += missing + unexpected
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            with no_grad():
                for name in own:
                    own[name].copy_(np.asarray(state_dict[name]))
            return IncompatibleKeys(missing, unexpected)


class memory_taken_over:
    """the arrays are taken over and not copied: model and state are then on one memory, and training one changes the other."""

    exercise = "04.7"

    class Module:
        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = [name for name in own if name not in state_dict]
            unexpected = [name for name in state_dict if name not in own]
            faults = [n for n in own if n in state_dict and np.shape(state_dict[n]) != own[n].shape]
            faults += missing + unexpected if strict else []
            if faults:
                raise RuntimeError(f"not the state of this model: {', '.join(faults)}")
            for name, tensor in [*self.named_parameters(), *self.named_buffers()]:
                if name in state_dict:
                    tensor.array = np.asarray(getattr(state_dict[name], "array", state_dict[name]))
            return IncompatibleKeys(missing, unexpected)
