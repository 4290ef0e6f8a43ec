"""Right solutions in other styles than the library's: the checks must let them all pass."""
# ruff: noqa: F821 - the names are those of the library's file

import math

import numpy as np


class operators:
    """a product and a sum, numbers drawn by NumPy"""

    exercise = "04.1"

    class Linear:
        def __init__(self, in_features, out_features, bias=True, device=None, dtype=np.float32):
            super().__init__()
            self.in_features = in_features
            self.out_features = out_features
            bound = 1 / math.sqrt(in_features)
            self.weight = Parameter(np.random.uniform(-bound, bound, (out_features, in_features)).astype(dtype))
            self.bias = None
            if bias:
                self.bias = Parameter(np.random.uniform(-bound, bound, out_features).astype(dtype))

        def forward(self, input):
            y = input @ self.weight.T
            if self.bias is not None:
                y = y + self.bias
            return y


class output_by_output:
    """each output on its own, put side by side"""

    exercise = "04.1"

    class Linear:
        def forward(self, input):
            columns = []
            for i in range(self.out_features):
                y = (input * self.weight[i]).sum(-1)
                columns.append(y if self.bias is None else y + self.bias[i])
            return F.stack(columns, -1)


class filled_by_hand:
    """numbers drawn by NumPy, copied in place"""

    exercise = "04.2"

    def reset_weights(weight, bias):
        fan_in = weight.numel() // weight.shape[0]
        bound = fan_in**-0.5
        for parameter in (weight, bias):
            if parameter is not None:
                with no_grad():
                    parameter.copy_(np.random.default_rng().uniform(-bound, bound, parameter.shape))


class composed:
    """clamps and masks; the usual threshold for softplus"""

    exercise = "04.3"

    class LeakyReLU:
        def forward(self, input):
            return input.clamp(min=0) + self.negative_slope * input.clamp(max=0)

    class ELU:
        def forward(self, input):
            mask = (input > 0).float().to(input.dtype)
            below = input * (1 - mask)
            return input * mask + self.alpha * (below.exp() - 1)

    class Softplus:
        def forward(self, input):
            z = self.beta * input
            small = z.clamp(max=self.threshold)
            return F.where(z > self.threshold, input, (1 + small.exp()).log() / self.beta)

    class SiLU:
        def forward(self, input):
            return input / (1 + (-input).exp())


class softplus_of_two_parts:
    """softplus as max(z, 0) + log(1 + exp(-|z|)), as the hint has it"""

    exercise = "04.3"

    class Softplus:
        def forward(self, input):
            z = self.beta * input
            return (z.clamp(min=0) + (1 + (-z.abs()).exp()).log()) / self.beta


class stable_by_hand:
    """softplus as max(z, 0) + log(1 + exp(-|z|)), the slope on both sides by hand"""

    exercise = "04.3"

    class Softplus:
        def forward(self, input):
            z = self.beta * input
            near = (1 + (-2 * z.clamp(min=0) + z).exp()).log()
            return (z.clamp(min=0) + near) / self.beta


class attributes:
    """add_module in a loop with an if, forward over the numbers"""

    exercise = "04.4"

    class Sequential:
        def __init__(self, *modules):
            super().__init__()
            if len(modules) == 1 and isinstance(modules[0], dict):
                for name in modules[0]:
                    self.add_module(name, modules[0][name])
            else:
                for i in range(len(modules)):
                    self.add_module(str(i), modules[i])

        def forward(self, x):
            layers = [module for _, module in self.named_children()]
            while layers:
                x = layers.pop(0)(x)
            return x


class returned_as_a_list:
    """a list that grows, and no generator"""

    exercise = "04.5"

    def _found_in(value, name, kind):
        if isinstance(value, kind):
            return [(name, value)]
        found = []
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
        )
        for key, item in items:
            found += _found_in(item, f"{name}.{key}", kind)
        return found


class recursion:
    """an inner function that calls itself, lists in place of generators"""

    exercise = "04.6"

    class Module:
        def named_modules(self, prefix="", remove_duplicate=True):
            found = []

            def visit(path, module):
                if remove_duplicate and any(module is other for _, other in found):
                    return
                found.append((path, module))
                for name, child in module.named_children():
                    visit(f"{path}.{name}" if path else name, child)

            visit(prefix, self)
            return found

        def named_parameters(self, prefix="", recurse=True):
            found = {}
            modules = self.named_modules(prefix) if recurse else [(prefix, self)]
            for path, module in modules:
                for name, parameter in module._own(Parameter):
                    if id(parameter) not in found:
                        found[id(parameter)] = (_join(path, name), parameter)
            return list(found.values())


class step_by_step:
    """plain loops, one kind of fault after the other, arrays written to"""

    exercise = "04.7"

    class Module:
        def state_dict(self):
            state = {}
            for path, module in self.named_modules(remove_duplicate=False):
                for name, parameter in module._own(Parameter):
                    state[_join(path, name)] = parameter.data
                for name in module._buffer_names:
                    buffer = getattr(module, name)
                    if buffer is not None and name not in module._unsaved_buffers:
                        state[_join(path, name)] = buffer.detach()
            return state

        def load_state_dict(self, state_dict, strict=True):
            own = self.state_dict()
            missing = sorted(set(own) - set(state_dict))
            unexpected = sorted(set(state_dict) - set(own))
            problems = ""
            if strict:
                for name in missing:
                    problems += f"\n  {name} is missing"
                for name in unexpected:
                    problems += f"\n  {name} is not expected"
            for name in own:
                if name in state_dict and tuple(state_dict[name].shape) != tuple(own[name].shape):
                    problems += f"\n  {name} has shape {state_dict[name].shape}, expected {own[name].shape}"
            if problems:
                raise RuntimeError("cannot load:" + problems)
            for name in own:
                if name in state_dict:
                    own[name].array[...] = np.asarray(state_dict[name])
            return IncompatibleKeys(missing, unexpected)
