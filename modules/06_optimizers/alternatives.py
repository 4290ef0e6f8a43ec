"""Right solutions in other styles than the library's: the checks must let them all pass."""
# ruff: noqa: F821 - the names are those of the library's file

import math

import numpy as np


class one_by_one:
    """plain loops, an index for the groups"""

    exercise = "06.1"

    class Optimizer:
        def zero_grad(self, set_to_none=True):
            for group in self.param_groups:
                for p in group["params"]:
                    if set_to_none:
                        p.grad = None
                    elif p.grad is not None:
                        p.grad = Tensor(np.zeros_like(p.array))

        def step(self, closure=None):
            result = None
            if closure:
                with enable_grad():
                    result = closure()
            rates = self.learning_rates()
            for i in range(len(self.param_groups)):
                group = self.param_groups[i]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    sign = -1 if "maximize" in group and group["maximize"] else 1
                    self.update(p.array, sign * p.grad.array, self.state[p], rates[i], group)
                    mark_changed(p.array)
            self.steps = self.steps + 1
            return result


class new_arrays:
    """new Tensors in the state, np.copyto into the parameter"""

    exercise = "06.2"

    def _running(name, state, p):
        return state.setdefault(name, Tensor(np.zeros(p.shape, p.dtype))).array

    class SGD:
        def update(self, p, grad, state, lr, group):
            g = grad + group["weight_decay"] * p
            mu = group["momentum"]
            if mu:
                if "momentum_buffer" in state:
                    v = mu * state["momentum_buffer"].array + (1 - group["dampening"]) * g
                else:
                    v = g
                state["momentum_buffer"] = Tensor(np.array(v, p.dtype))
                g = g + mu * v if group["nesterov"] else v
            np.copyto(p, p - lr * g)


class written_out:
    """every option in its place, powers in place of products"""

    exercise = "06.3"

    class RMSprop:
        def update(self, p, grad, state, lr, group):
            a = group["alpha"]
            g = grad + group["weight_decay"] * p
            s = _running("square_avg", state, p)
            s[...] = a * s + (1 - a) * g**2
            variance = s
            if group["centered"]:
                m = _running("grad_avg", state, p)
                m[...] = a * m + (1 - a) * g
                variance = np.where(s > m**2, s - m**2, 0)
            step = g / (variance**0.5 + group["eps"])
            if group["momentum"]:
                v = _running("momentum_buffer", state, p)
                v[...] = group["momentum"] * v + step
                step = v
            p[...] = p - lr * step


class as_in_the_paper:
    """m_hat and v_hat, line by line"""

    exercise = "06.4"

    class Adam:
        def update(self, p, grad, state, lr, group):
            beta1, beta2 = group["betas"]
            g = grad + group["weight_decay"] * p
            state.setdefault("step", 0)
            state["step"] += 1
            t = state["step"]
            m = _running("exp_avg", state, p)
            v = _running("exp_avg_sq", state, p)
            m[...] = beta1 * m + (1 - beta1) * g
            v[...] = beta2 * v + (1 - beta2) * g**2
            if group["amsgrad"]:
                top = _running("max_exp_avg_sq", state, p)
                top[...] = np.maximum(top, v)
                v = top
            m_hat = m / (1 - math.pow(beta1, t))
            v_hat = v / (1 - math.pow(beta2, t))
            p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])


class subtracted:
    """the decay as a difference, a copy of the group by dict()"""

    exercise = "06.5"

    class AdamW:
        def update(self, p, grad, state, lr, group):
            p -= lr * group["weight_decay"] * p
            Adam.update(self, p, grad, state, lr, dict(group, weight_decay=0.0))


class one_long_vector:
    """the norm of one long vector, without an eps"""

    exercise = "06.6"

    def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
        grads = _gradients(parameters)
        if len(grads) == 0:
            return Tensor(np.zeros(()))
        x = np.abs(np.concatenate([g.flatten() for g in grads]))
        norm = x.max() if norm_type == math.inf else (x**norm_type).sum() ** (1 / norm_type)
        factor = min(1.0, max_norm / norm)
        for g in grads:
            g[...] = g * factor
            mark_changed(g)
        return Tensor(np.asarray(norm))

    def clip_grad_value_(parameters, clip_value):
        for g in _gradients(parameters):
            g[g > clip_value] = clip_value
            g[g < -clip_value] = -clip_value
            mark_changed(g)


class loops_and_ifs:
    """inner functions that count"""

    exercise = "06.7"

    def step_decay(lr, step_size, gamma=0.1):
        def rate(step):
            value = lr
            for s in range(1, step + 1):
                if s % step_size == 0:
                    value *= gamma
            return value

        return rate

    def multi_step(lr, milestones, gamma=0.1):
        milestones = list(milestones)
        return lambda step: lr * math.prod(gamma for m in milestones if m <= step)

    def exponential(lr, gamma):
        return lambda step: lr * math.prod([gamma] * step)

    def linear(lr, start_factor=1 / 3, end_factor=1.0, total_iters=5):
        def rate(step):
            if step >= total_iters:
                return lr * end_factor
            return lr * (start_factor + (end_factor - start_factor) * step / total_iters)

        return rate

    def cosine(lr, steps, min_lr=0.0):
        return lambda step: min_lr + 0.5 * (lr - min_lr) * (1 + np.cos(np.pi * step / steps))
