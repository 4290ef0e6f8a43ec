"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""
# ruff: noqa: F821, F841 - the names are those of the library's file, and a mistake may leave one unused

import math

import numpy as np

# 06.1 A step


class none_not_skipped:
    """parameters without a gradient are not passed over: p.grad is None for what took no part in the loss."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    grad = -p.grad.array if group.get("maximize") else p.grad.array
                    self.update(p.array, grad, self.state[p], lr, group)
                    mark_changed(p.array)
            self.steps += 1
            return loss


class steps_not_counted:
    """steps are not counted: a learning rate that is a schedule never moves on."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            return loss


class counted_by_parameter:
    """self.steps is counted up for every parameter: it is one more for each call of step."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
                        self.steps += 1
            return loss


class first_rate_for_all:
    """all groups take the learning rate of the first: each has its own."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            lr = self.learning_rates()[0]
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return loss


class first_group_only:
    """only the first group is updated."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups[:1], self.learning_rates()[:1], strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return loss


class one_memory_for_all:
    """one memory is shared by all parameters: self.state[p] is that of p."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[self.param_groups[0]["params"][0]], lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return loss


class memory_lost:
    """each update is given a new, empty memory: what is remembered of p is in self.state[p]."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, {}, lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return loss


class maximize_ignored:
    """maximize is not looked at: the gradient then goes in with the other sign."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return loss


class gradients_forgotten:
    """step forgets the gradients: that is for zero_grad to do, somebody may still want to look at them."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
                        p.grad = None
            self.steps += 1
            return loss


class closure_after:
    """the closure is called after the update: it computes the gradients that the update takes."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            self.steps += 1
            return None if closure is None else closure()


class loss_dropped:
    """what the closure returns is dropped: step returns it."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
                        mark_changed(p.array)
            self.steps += 1


class change_not_told:
    """mark_changed is not called: a graph that was made before the step would give a wrong gradient, and no error."""

    exercise = "06.1"

    class Optimizer:
        def step(self, closure=None):
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        grad = -p.grad.array if group.get("maximize") else p.grad.array
                        self.update(p.array, grad, self.state[p], lr, group)
            self.steps += 1
            return loss


class zeros_in_place_of_none:
    """gradients are set to zeros always: by default they are forgotten, None."""

    exercise = "06.1"

    class Optimizer:
        def zero_grad(self, set_to_none=True):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad = Tensor(np.zeros_like(p.array))


class none_in_place_of_zeros:
    """set_to_none is not looked at: with False, a gradient that is there becomes zeros."""

    exercise = "06.1"

    class Optimizer:
        def zero_grad(self, set_to_none=True):
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad = None


class zeros_where_none_was:
    """a gradient that was None becomes zeros: then an optimizer with momentum moves what took no part."""

    exercise = "06.1"

    class Optimizer:
        def zero_grad(self, set_to_none=True):
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad = None if set_to_none else Tensor(np.zeros_like(p.array))


class first_group_forgotten:
    """only the gradients of the first group are forgotten."""

    exercise = "06.1"

    class Optimizer:
        def zero_grad(self, set_to_none=True):
            for p in self.param_groups[0]["params"]:
                if p.grad is not None:
                    p.grad = None if set_to_none else Tensor(np.zeros_like(p.array))


# 06.2 Gradient descent with momentum


class velocity_of_one_step:
    """the velocity is not remembered: v is the gradient alone in every step."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= 0
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class memory_anew:
    """_running makes new zeros in every call: once made, the same array must come back."""

    exercise = "06.2"

    def _running(name, state, p):
        state[name] = Tensor(np.zeros_like(p))
        return state[name].array


class memory_starts_at_p:
    """what is remembered starts as a copy of p: it starts at zero."""

    exercise = "06.2"

    def _running(name, state, p):
        if name not in state:
            state[name] = Tensor(p.copy())
        return state[name].array


class memory_widened:
    """np.zeros(p.shape) makes float64 of float32: np.zeros_like(p) keeps the data type."""

    exercise = "06.2"

    def _running(name, state, p):
        if name not in state:
            state[name] = Tensor(np.zeros(p.shape))
        return state[name].array


class memory_in_arrays:
    """the state holds arrays: it holds Tensors, so that it can be saved as the parameters are."""

    exercise = "06.2"

    def _running(name, state, p):
        return state.setdefault(name, np.zeros_like(p))


class uphill:
    """the step has the sign of the gradient: the gradient points to where the loss grows, so the step is p - lr g."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p += lr * grad


class not_in_place:
    """`p = p - lr * grad` makes a new array and leaves the parameter as it was: `p -= lr * grad` changes it."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p = p - lr * grad


class rate_forgotten:
    """the learning rate is not used."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= grad


class decay_ignored:
    """weight_decay is not used."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class decay_sign:
    """weight decay has the wrong sign: g + weight_decay p, so that p shrinks."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad - group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class gradient_changed:
    """`grad += ...` changes the array of p.grad itself: `grad = grad + ...` makes a new one."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad += group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class momentum_sign:
    """momentum has the wrong sign: v = momentum v + g, and then p goes against v."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= -momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class averaged_velocity:
    """the velocity is a mean, momentum v + (1 - momentum) g: here it is a sum, momentum v + g."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += (1 - momentum) * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class no_decay_of_velocity:
    """the velocity does not decay: v = momentum v + g, or it would grow for ever."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class rate_in_velocity:
    """the learning rate is in the velocity and outside of it: it belongs outside, so that it holds at once when it changes."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += lr * share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class first_dampened:
    """the first gradient is dampened too: it counts whole, v = g."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"]
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class dampening_ignored:
    """dampening is not used."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class dampened_by_itself:
    """the gradient is multiplied by dampening: it is by 1 - dampening."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = group["dampening"] if group["dampening"] and "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


class nesterov_ignored:
    """nesterov is not looked at: its step is g + momentum v."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = velocity
            p -= lr * grad


class nesterov_unscaled:
    """Nesterov's step is taken for g + v: it is g + momentum v."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = grad + velocity if group["nesterov"] else velocity
            p -= lr * grad


class nesterov_twice:
    """Nesterov's step is taken for v + momentum v: it is g + momentum v, with the velocity that g is in already."""

    exercise = "06.2"

    class SGD:
        def update(self, p, grad, state, lr, group):
            momentum = group["momentum"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            if momentum:
                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= momentum
                velocity += share * grad
                grad = velocity + momentum * velocity if group["nesterov"] else velocity
            p -= lr * grad


# 06.3 RMSprop


class eps_inside:
    """eps is inside of the root: sqrt(s) + eps, not sqrt(s + eps)."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square + group["eps"]))
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class root_forgotten:
    """the gradient is divided by its mean square: by the root of it."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (square + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class square_forgotten:
    """the mean is of the gradient, not of its square."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * np.abs(grad)
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class alpha_exchanged:
    """alpha and 1 - alpha are exchanged: s = alpha s + (1 - alpha) g^2 remembers long."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= 1 - alpha
            square += alpha * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class summed_squares:
    """the squares are summed and not averaged, s = alpha s + g^2: the new one counts by 1 - alpha."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class adagrad:
    """the squares are summed without decay, as in Adagrad: the steps then only get shorter."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square += grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class old_square:
    """the step is divided by the s of the step before: s takes in the new gradient first."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            old = square.copy()
            square *= alpha
            square += (1 - alpha) * grad * grad
            square = old
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class rms_not_in_place:
    """`p = p - lr * step` makes a new array and leaves the parameter as it was: `p -= lr * step` changes it."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p = p - lr * step


class memory_not_kept:
    """`square = alpha * square + ...` gives a new array a name: what is remembered must change in place, *= and +=."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square = alpha * square + (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class decay_after_square:
    """weight decay comes after the square was taken: g = g + weight_decay p is first."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = (grad + group["weight_decay"] * p) / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class decay_not_used:
    """weight_decay is not used."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class centered_ignored:
    """centered is not looked at."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                pass
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class mean_not_squared:
    """the mean itself is subtracted from s: its square is."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step


class momentum_of_gradients:
    """momentum sums up the gradients, and the sum is divided: it sums up the quotients g / (sqrt(s) + eps)."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
                step = velocity
            p -= lr * step / (np.sqrt(square) + group["eps"])


class momentum_ignored:
    """momentum is not used."""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            alpha = group["alpha"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            square = _running("square_avg", state, p)
            square *= alpha
            square += (1 - alpha) * grad * grad
            if group["centered"]:
                mean = _running("grad_avg", state, p)
                mean *= alpha
                mean += (1 - alpha) * grad
                square = np.maximum(square - mean * mean, 0)
            step = grad / (np.sqrt(square) + group["eps"])
            if group["momentum"]:
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += step
            p -= lr * step


# 06.4 Adam


class not_corrected:
    """the means are not corrected: they start at 0, and are too small at first."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m
            v_hat = v
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class correction_one_ahead:
    """the correction is one step ahead: in the first step t is 1."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            t = t + 1
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class correction_one_behind:
    """the correction is one step behind: in the first step t is 1, and 1 - beta^0 would be 0."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            t = t - 1
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class step_never_counted:
    """t stays at 1: remember it in the state, and count it up."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class correction_multiplied:
    """1 - beta t is taken for the correction: it is 1 - beta to the power of t."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1 * t)
            v_hat = v / (1 - beta2 * t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class only_m_corrected:
    """only m is corrected: v starts at 0 just the same."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class only_v_corrected:
    """only v is corrected: m starts at 0 just the same."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class corrected_in_place:
    """the correction is written into what is remembered: m_hat and v_hat are new arrays."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m /= 1 - beta1**t
            m_hat = m
            v /= 1 - beta2**t
            v_hat = v
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class adam_eps_inside:
    """eps is inside of the root: sqrt(v_hat) + eps, not sqrt(v_hat + eps)."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat + group["eps"]))


class eps_before_correction:
    """eps is added before the correction: the root of v_hat, and then eps."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            p -= lr * m_hat / ((np.sqrt(v) + group["eps"]) / math.sqrt(1 - beta2**t))


class betas_exchanged:
    """beta1 and beta2 are exchanged: the first is for the mean of g, the second for that of g^2."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta2, beta1 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class adam_square_forgotten:
    """v is the mean of |g|: it is that of g^2."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * np.abs(grad)
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class adam_root_forgotten:
    """the step is divided by v_hat: by its root."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (v_hat + group["eps"])


class gradient_for_mean:
    """the gradient itself is divided: m_hat is, the mean, which gives the direction."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * grad / (np.sqrt(v_hat) + group["eps"])


class adam_decay_ignored:
    """weight_decay is not used."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class adam_decoupled:
    """weight decay is taken out of the gradient: that is AdamW. In Adam it is g + weight_decay p, before anything else."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            p *= 1 - lr * group["weight_decay"]
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class adam_gradient_changed:
    """`grad += ...` changes the array of p.grad itself: `grad = grad + ...` makes a new one."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad += group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                v = np.maximum(largest, v, out=largest)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class amsgrad_ignored:
    """amsgrad is not looked at."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                pass
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class amsgrad_of_corrected:
    """the largest v_hat is kept: the largest v is, and then corrected."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            if group["amsgrad"]:
                v_hat = np.maximum(largest, v_hat, out=largest)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class largest_fed_back:
    """the largest v is written back into v: v goes on as it would without amsgrad."""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            if group["weight_decay"]:
                grad = grad + group["weight_decay"] * p
            t = state["step"] = state.get("step", 0) + 1
            m = _running("exp_avg", state, p)
            m *= beta1
            m += (1 - beta1) * grad
            v = _running("exp_avg_sq", state, p)
            v *= beta2
            v += (1 - beta2) * grad * grad
            if group["amsgrad"]:
                largest = _running("max_exp_avg_sq", state, p)
                np.maximum(largest, v, out=largest)
                v[...] = largest
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


# 06.5 Weight decay beside the gradient


class coupled:
    """the decay is left to Adam, in the gradient: there it is divided by the gradient's size."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            super().update(p, grad, state, lr, group)


class decay_twice:
    """the weights decay twice, once here and once in Adam: hand it a group in which weight_decay is 0."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p *= 1 - lr * group["weight_decay"]
            super().update(p, grad, state, lr, group)


class decay_without_rate:
    """the decay is without the learning rate: 1 - lr weight_decay, so that it follows the schedule."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p *= 1 - group["weight_decay"]
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})


class decay_after:
    """the decay comes after Adam's step, and shrinks the step as well."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})
            p *= 1 - lr * group["weight_decay"]


class growth:
    """the weights grow: 1 - lr weight_decay, and not 1 +."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p *= 1 + lr * group["weight_decay"]
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})


class multiplied_by_decay:
    """p is multiplied by lr weight_decay: by 1 - lr weight_decay."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p *= lr * group["weight_decay"]
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})


class no_decay:
    """there is no decay at all."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})


class decay_not_in_place:
    """`p = ...` gives a new array the name p: `p *= ...` changes the parameter."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p = p * (1 - lr * group["weight_decay"])
            super().update(p, grad, state, lr, {**group, "weight_decay": 0})


class group_changed:
    """weight_decay is set to 0 in the group itself: from the second step on nothing decays."""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p *= 1 - lr * group["weight_decay"]
            group["weight_decay"] = 0
            super().update(p, grad, state, lr, group)


# 06.6 Clipping


class each_alone:
    """each gradient is clipped by its own norm: that turns the direction of the step. One factor for all, by their common norm."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        for g in grads:
            norm = np.linalg.norm(np.ravel(g), float(norm_type))
            if norm > max_norm:
                g *= max_norm / norm
                mark_changed(g)
        return Tensor(np.asarray(total))


class always_scaled:
    """small gradients are scaled up to max_norm: a norm below it stays as it is."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        for g in grads:
            g *= max_norm / total
            mark_changed(g)
        return Tensor(np.asarray(total))


class norms_added:
    """the norms of the gradients are added up: the norm of one long vector is the root of the sum of their squares."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = sum(np.linalg.norm(np.ravel(g), float(norm_type)) for g in grads)
        if total > max_norm:
            for g in grads:
                g *= max_norm / total
                mark_changed(g)
        return Tensor(np.asarray(total))


class norm_not_rooted:
    """the sum of the squares is taken for the norm: it is the root of it."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type)) ** 2
        if total > max_norm:
            for g in grads:
                g *= max_norm / total
                mark_changed(g)
        return Tensor(np.asarray(total))


class norm_after:
    """the norm after clipping is returned: the one before is, it tells that something exploded."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        if total > max_norm:
            for g in grads:
                g *= max_norm / total
                mark_changed(g)
        return Tensor(np.asarray(min(total, max_norm)))


class not_scaled_to_limit:
    """the gradients are divided by their norm: times max_norm as well."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        if total > max_norm:
            for g in grads:
                g *= 1 / total
                mark_changed(g)
        return Tensor(np.asarray(total))


class norm_of_two_always:
    """norm_type is not looked at."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), 2.0)
        if total > max_norm:
            for g in grads:
                g *= max_norm / total
                mark_changed(g)
        return Tensor(np.asarray(total))


class clipped_copies:
    """`g = g * ...` makes a new array: `g *= ...` changes the gradient."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        if total > max_norm:
            for g in grads:
                g = g * (max_norm / total)
                mark_changed(g)
        return Tensor(np.asarray(total))


class norm_not_returned:
    """the norm is not returned."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        if total > max_norm:
            for g in grads:
                g *= max_norm / total
                mark_changed(g)


class values_clipped:
    """every element is clipped: clip_grad_norm_ scales all of them by one factor."""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if not grads:
            return Tensor(np.zeros((), np.float32))
        total = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]), float(norm_type))
        if total > max_norm:
            for g in grads:
                np.clip(g, -max_norm, max_norm, out=g)
                mark_changed(g)
        return Tensor(np.asarray(total))


class above_only:
    """only what is above clip_value is clipped: what is below -clip_value is as large."""

    exercise = "06.6"

    def clip_grad_value_(parameters, clip_value):
        for g in _gradients(parameters):
            np.minimum(g, clip_value, out=g)
            mark_changed(g)


class negatives_lost:
    """elements are clipped to the range from 0: it goes from -clip_value to clip_value."""

    exercise = "06.6"

    def clip_grad_value_(parameters, clip_value):
        for g in _gradients(parameters):
            np.clip(g, 0, clip_value, out=g)
            mark_changed(g)


class clip_not_in_place:
    """np.clip returns a new array: with out=g it writes into the gradient."""

    exercise = "06.6"

    def clip_grad_value_(parameters, clip_value):
        for g in _gradients(parameters):
            g = np.clip(g, -clip_value, clip_value)
            mark_changed(g)


# 06.7 Schedules


class one_step_early:
    """the decay comes one step early: step counts the steps taken so far, 0 at first."""

    exercise = "06.7"

    def step_decay(lr, step_size, gamma=0.1):
        return lambda step: lr * gamma ** ((step + 1) // step_size)


class one_step_late:
    """the decay comes one step late: step counts the steps taken so far, 0 at first."""

    exercise = "06.7"

    def step_decay(lr, step_size, gamma=0.1):
        return lambda step: lr * gamma ** (max(step - 1, 0) // step_size)


class divided_exactly:
    """the exponent is step / step_size: // rounds it down, so that the rate stays level between the drops."""

    exercise = "06.7"

    def step_decay(lr, step_size, gamma=0.1):
        return lambda step: lr * gamma ** (step / step_size)


class times_not_powers:
    """the rate is multiplied by gamma and by the number of drops: it is by gamma to that power."""

    exercise = "06.7"

    def step_decay(lr, step_size, gamma=0.1):
        return lambda step: lr * gamma * (step // step_size) if step >= step_size else lr


class milestones_late:
    """a milestone counts from the step after it: at the milestone itself the rate drops."""

    exercise = "06.7"

    def multi_step(lr, milestones, gamma=0.1):
        return lambda step: lr * gamma ** sum(step > m for m in milestones)


class dropped_once:
    """the rate drops once only: once more at each milestone."""

    exercise = "06.7"

    def multi_step(lr, milestones, gamma=0.1):
        return lambda step: lr * (gamma if step >= min(milestones) else 1)


class milestones_unsorted:
    """the milestones are taken in the order in which they are given: bisect needs them sorted."""

    exercise = "06.7"

    def multi_step(lr, milestones, gamma=0.1):
        return lambda step: lr * gamma ** bisect_right(milestones, step)


class linear_in_gamma:
    """gamma is multiplied by the step: it is raised to the power of it."""

    exercise = "06.7"

    def exponential(lr, gamma):
        return lambda step: lr * gamma * step if step else lr


class exponential_ahead:
    """the first step is already at lr gamma: step is 0 at first."""

    exercise = "06.7"

    def exponential(lr, gamma):
        return lambda step: lr * gamma ** (step + 1)


class natural_decay:
    """exp(-gamma step) is taken for the decay: it is gamma to the power of step."""

    exercise = "06.7"

    def exponential(lr, gamma):
        return lambda step: lr * math.exp(-gamma * step)


class never_level:
    """the line goes on after total_iters steps: progress is 1 at most."""

    exercise = "06.7"

    def linear(lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        return lambda step: lr * _straight(start_factor, end_factor, step / total_iters)


class a_step_too_fast:
    """the line is at its end one step early: it takes total_iters steps."""

    exercise = "06.7"

    def linear(lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        return lambda step: lr * _straight(start_factor, end_factor, min(step / (total_iters - 1), 1))


class from_zero:
    """the line starts at 0: it starts at lr start_factor."""

    exercise = "06.7"

    def linear(lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        return lambda step: lr * _straight(0, end_factor, min(step / total_iters, 1))


class factors_without_rate:
    """the factors are given back without lr: the rate is lr times the factor."""

    exercise = "06.7"

    def linear(lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        return lambda step: _straight(start_factor, end_factor, min(step / total_iters, 1))


class cosine_a_step_too_fast:
    """the cosine is at min_lr one step early: it takes `steps` steps."""

    exercise = "06.7"

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: _half_cosine(lr, min_lr, step / (steps - 1))


class quarter_cosine:
    """the cosine itself is taken, which falls from 1 to 0 in a quarter turn: half a turn, from 1 to -1, is lifted and halved, (1 + cos) / 2."""

    exercise = "06.7"

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: min_lr + (lr - min_lr) * math.cos(math.pi / 2 * step / steps)


class cosine_upwards:
    """the rate rises from min_lr to lr: it falls."""

    exercise = "06.7"

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: _half_cosine(min_lr, lr, step / steps)


class cosine_to_zero:
    """min_lr is not used: the rate falls to 0."""

    exercise = "06.7"

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: _half_cosine(lr, 0, step / steps)


class cosine_in_degrees:
    """the cosine is taken of progress alone: half a turn is pi."""

    exercise = "06.7"

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: min_lr + (lr - min_lr) * (1 + math.cos(step / steps)) / 2
