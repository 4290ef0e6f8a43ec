"""06 Optimizers: how gradients change the weights, and how the learning rate changes on the way.

An optimizer sees nothing but a parameter, its gradient and what it remembers of earlier ones. A schedule is a function from
the step to the learning rate: hand it to an optimizer in place of a number.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, TypeAlias, Unpack

import numpy as np

from tinytorch._lazy import How, HowOff, Lacking, no_keyword
from tinytorch.autograd import enable_grad
from tinytorch.changes import mark_changed
from tinytorch.kernels import OneVector
from tinytorch.tensor import Tensor

Schedule: TypeAlias = Callable[[int], float]  # from the number of steps taken so far to the learning rate
Group: TypeAlias = dict[str, Any]  # {"params": [Tensor, ...], "lr": 0.1, ...}
Params: TypeAlias = Iterable[Tensor] | Iterable[Group]
State: TypeAlias = dict[str, Any]  # what is remembered of one parameter


class Optimizer(Lacking):
    """What optimizers share: parameters in groups with options of their own, and a memory for each parameter.

    params: Tensors, or dicts of "params" and the options in which these differ from the `defaults` (parameter groups).
    The learning rate "lr" is a number or a Schedule. how: words of PyTorch, `foreach` and `fused`, for how the same numbers
    are computed; they change nothing. An optimizer of your own hands its defaults to `__init__` and defines `update`.
    Raises TypeError for anything but leaf Tensors in an order and for keywords that it does not have, ValueError for no
    Tensor, for one given twice, or for an option that is unknown or out of range.
    """

    elementwise = False  # whether `update` treats every element by itself, so that parameters may come as one vector

    def __init__(self, params: Params, defaults: dict[str, Any], **how: Unpack[How]) -> None:
        name = type(self).__name__
        for option, asked in how.items():
            if option not in How.__annotations__ or (asked and option in HowOff.__annotations__):
                raise no_keyword(name, option, defaults)
        given = _in_order(name, params)
        if not given:
            raise ValueError(f"{name} got an empty parameter list, expected at least one Tensor")
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.steps = 0  # taken so far
        self._vectors: dict[int, OneVector | None] = {}  # for each group, its parameters as one
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Optimize more parameters: a dict of "params" and the options in which they differ from the defaults."""
        name = type(self).__name__
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"{name} expects a parameter group to be a dict with 'params', got {_kind(param_group)}")
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else _in_order(name, params)
        group = {**self.defaults, **param_group, "params": params}
        _check_options(name, group, self.defaults)

        known = set(self._parameters())
        for p in group["params"]:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name} can optimize only Tensors, got {_kind(p)}")
            if not p.is_leaf:
                raise ValueError(f"{name} can optimize only leaf Tensors, got the result of an operation")
            if p in known:
                raise ValueError(f"{name} got a parameter of shape {p.shape} twice")
            known.add(p)
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for p in self._parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad = p.grad.detach().zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place.

        closure: computes the gradients anew and returns the loss, which is then returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for i, (group, lr) in enumerate(zip(self.param_groups, self.learning_rates(), strict=True)):
            ready = [p for p in group["params"] if p.grad is not None]
            maximize = group.get("maximize")
            for p, grad, state in self._updates(i, ready):
                self.update(p, -grad if maximize else grad, state, lr, group)
            for p in ready:
                mark_changed(p.array)
        self.steps += 1
        return loss

    def _updates(self, i: int, ready: list[Tensor]) -> Iterable[tuple[np.ndarray, np.ndarray, State]]:
        """Parameters, gradients and memory of group i: one by one, or as one vector where that is faster."""
        each = []
        for p in ready:
            array, grad = p.array, p.grad.array  # type: ignore[union-attr]  # those that are ready have one
            if grad.shape != array.shape:
                raise ValueError(
                    f"{type(self).__name__} got a gradient of shape {grad.shape} for a parameter of shape {array.shape}"
                )
            each.append((array, grad, self.state[p]))
        if not self.elementwise or not each or not each[0][2]:  # nothing is remembered, as in plain gradient descent
            return each
        states = [state for _, _, state in each]
        vector = self._vectors.get(i)
        if vector is None or not vector.holds(ready, states):
            vector = self._vectors[i] = OneVector(ready, states) if OneVector.pays(ready, states) else None
        return each if vector is None else vector.taken_together()

    def learning_rates(self) -> list[float]:
        """The learning rate of each group in the next step."""
        return [float(lr(self.steps) if callable(lr := group["lr"]) else lr) for group in self.param_groups]

    def update(self, p: np.ndarray, grad: np.ndarray, state: State, lr: float, group: Group) -> None:
        """The formula: change the array of one parameter in place, and leave its gradient as it is.

        state: a dict of this parameter's own, empty at first; lr: the learning rate now; group: the other options.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update")

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that `load_state_dict` needs to go on to the bit, with parameters as numbers, in PyTorch's format.

        {"state": {0: {...}, ...}, "param_groups": [{"lr": 0.1, ..., "params": [0, ...]}, ...], "steps": 10}
        A Schedule is no data: its present value stands for it.
        """
        number = {p: i for i, p in enumerate(self._parameters())}
        groups = [
            {**group, "lr": lr, "params": [number[p] for p in group["params"]]}
            for group, lr in zip(self.param_groups, self.learning_rates(), strict=True)
        ]
        state = {
            number[p]: {name: _copied(value, value) for name, value in memory.items()}
            for p, memory in self.state.items()
            if memory
        }
        return {"state": state, "param_groups": groups, "steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where the optimizer was that gave the `state_dict`; a learning rate that is a Schedule stays one.

        Raises ValueError, and changes nothing, for the state of other parameters or of another optimizer.
        """
        parameter = self._matched(state_dict)
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            lr = group["lr"] if callable(group["lr"]) else saved["lr"]
            group.update({**saved, "lr": lr, "params": group["params"]})
        self.state.clear()
        self._vectors.clear()
        for i, memory in state_dict["state"].items():
            p = parameter[i]
            self.state[p] = {name: _copied(value, p) for name, value in memory.items()}
        self.steps = state_dict.get("steps", 0)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_vectors": {}}  # a copy lays its own parameters end to end

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _matched(self, state_dict: dict[str, Any]) -> dict[int, Tensor]:
        """The parameter that each number in a state_dict stands for."""
        expects = f"{type(self).__name__}.load_state_dict expects"
        if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= state_dict.keys():
            raise ValueError(f"{expects} the state_dict of an optimizer, got {_kind(state_dict)}")
        groups = state_dict["param_groups"]
        sizes, saved_sizes = ([len(group["params"]) for group in gs] for gs in (self.param_groups, groups))
        if sizes != saved_sizes:
            raise ValueError(f"{expects} groups of {sizes} parameters, got groups of {saved_sizes}")
        missing = {name for group in groups for name in self.defaults if name not in group}
        if missing:
            raise ValueError(f"{expects} its own options, got another optimizer's, without {_listed(missing)}")

        numbers = [i for group in groups for i in group["params"]]
        parameter = dict(zip(numbers, self._parameters(), strict=True))
        for i, memory in state_dict["state"].items():
            if i not in parameter:
                raise ValueError(f"{expects} the state of parameters {numbers}, got that of {i}")
            for name, value in memory.items():
                if isinstance(value, Tensor) and value.shape != parameter[i].shape:
                    raise ValueError(f"{expects} {name} {i} to have shape {parameter[i].shape}, got {value.shape}")
        return parameter


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, names)))


def _in_order(optimizer: str, params: Any) -> list[Any]:
    if not isinstance(params, Iterable) or isinstance(params, (Tensor, dict, set)):
        raise TypeError(
            f"{optimizer} expects a list of parameters, as from parameters(), or of dicts, got {_kind(params)}"
        )
    return list(params)


def _copied(value: Any, like: Any) -> Any:
    """A Tensor of a parameter's memory on memory of its own, in the type of `like`; a number as it is."""
    return Tensor(np.array(value.array, dtype=like.dtype)) if isinstance(value, Tensor) else value


def _check_options(optimizer: str, group: Group, known: Iterable[str]) -> None:
    unknown = group.keys() - {*known, "params", "name", "initial_lr"}
    if unknown:
        raise ValueError(f"{optimizer} has no option {_listed(unknown)}: its options are {_listed(known)}")
    for name in ("lr", "momentum", "alpha", "eps", "weight_decay"):
        value = group.get(name, 0)
        if name == "lr" and callable(value):
            continue
        if not isinstance(value, (float, int, np.floating, np.integer)):
            raise TypeError(f"{optimizer} expects {name} to be a number, got {_kind(value)}")
        if not value >= 0:
            raise ValueError(f"{optimizer} expects {name} >= 0, got {value}")
    betas = group.get("betas", (0, 0))
    if not isinstance(betas, (tuple, list)) or len(betas) != 2 or not all(map(_is_part, betas)):
        raise ValueError(f"{optimizer} expects betas to be two numbers from 0 up to but not including 1, got {betas}")
    if group.get("nesterov") and not (group["momentum"] > 0 and group["dampening"] == 0):
        raise ValueError(
            f"{optimizer} with nesterov=True expects momentum > 0 and dampening 0, "
            f"got momentum {group['momentum']} and dampening {group['dampening']}"
        )


def _is_part(beta: Any) -> bool:
    return isinstance(beta, (float, int, np.floating, np.integer)) and bool(0 <= beta < 1)


def _running(name: str, state: State, p: np.ndarray) -> np.ndarray:
    """The array of this name in a parameter's memory: zeros at first, then what was last written to it."""
    if name not in state:
        state[name] = Tensor(np.zeros_like(p))
    array: np.ndarray = state[name].array
    return array


class SGD(Optimizer):
    """Stochastic gradient descent (Robbins and Monro, 1951), with momentum and Nesterov's variant of it.

    The velocity is a decaying sum of gradients, and Nesterov's looks ahead by one step of it: Sutskever, Martens, Dahl and
    Hinton (2013), equations 1 to 4, with the learning rate outside the velocity, as in PyTorch.
    """

    elementwise = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[How],
    ) -> None:
        common = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, {**common, "momentum": momentum, "dampening": dampening, "nesterov": nesterov}, **how)

    def update(self, p: np.ndarray, grad: np.ndarray, state: State, lr: float, group: Group) -> None:
        """v = momentum v + (1 - dampening) g, then p = p - lr v, or p - lr (g + momentum v) with `nesterov`."""
        momentum = group["momentum"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * p
        if momentum:
            share = 1 - group["dampening"] if "momentum_buffer" in state else 1  # the first gradient counts whole
            velocity = _running("momentum_buffer", state, p)
            velocity *= momentum
            velocity += grad if share == 1 else share * grad
            grad = grad + momentum * velocity if group["nesterov"] else velocity
        p -= lr * grad


class RMSprop(Optimizer):
    """Divide the gradient by a running root of its mean square: Tieleman and Hinton (2012), lecture 6.5.

    `centered` divides by the standard deviation instead (Graves, 2013, equations 38 to 41); momentum sums up the quotients.
    """

    elementwise = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[How],
    ) -> None:
        common = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(
            params, {**common, "alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}, **how
        )

    def update(self, p: np.ndarray, grad: np.ndarray, state: State, lr: float, group: Group) -> None:
        """s = alpha s + (1 - alpha) g^2, then p = p - lr g / (sqrt(s) + eps)."""
        alpha = group["alpha"]
        if group["weight_decay"]:
            grad = grad + group["weight_decay"] * p
        variance = _running("square_avg", state, p)
        variance *= alpha
        variance += (1 - alpha) * grad * grad
        if group["centered"]:
            mean = _running("grad_avg", state, p)
            mean *= alpha
            mean += (1 - alpha) * grad
            variance = np.maximum(variance - mean * mean, 0)  # rounding takes it below 0 where gradients hardly change
        step = grad / (np.sqrt(variance) + group["eps"])
        if group["momentum"]:
            velocity = _running("momentum_buffer", state, p)
            velocity *= group["momentum"]
            velocity += step
            step = velocity
        p -= lr * step


class Adam(Optimizer):
    """Running means of the gradient and of its square, freed from their start at zero: Kingma and Ba (2015), algorithm 1.

    `amsgrad` divides by the largest mean square so far (Reddi, Kale and Kumar, 2018, algorithm 2).
    """

    elementwise = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[How],
    ) -> None:
        common = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, {**common, "betas": betas, "eps": eps, "amsgrad": amsgrad}, **how)

    def update(self, p: np.ndarray, grad: np.ndarray, state: State, lr: float, group: Group) -> None:
        """p = p - lr m_hat / (sqrt(v_hat) + eps), where m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t)."""
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

        # The corrections of m and v are numbers: taken together, they spare two passes over the arrays (section 2, end)
        root = math.sqrt(1 - beta2**t)
        p -= lr * root / (1 - beta1**t) * m / (np.sqrt(v) + group["eps"] * root)


class AdamW(Adam):
    """Adam with weight decay beside the gradient, not in it: Loshchilov and Hutter (2019), algorithm 2.

    As in PyTorch the decay is lr * weight_decay, so it follows the schedule.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[How],
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, **how)

    def update(self, p: np.ndarray, grad: np.ndarray, state: State, lr: float, group: Group) -> None:
        """p = (1 - lr weight_decay) p, then Adam's step."""
        p *= 1 - lr * group["weight_decay"]
        super().update(p, grad, state, lr, {**group, "weight_decay": 0})


# Clipping


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients, in place, by the one factor that brings their common norm down to max_norm; return the norm.

    The norm is that of all gradients as one vector, before: Pascanu, Mikolov and Bengio (2013), algorithm 1. norm_type is
    its order, also `inf`. Raises RuntimeError for a norm that is infinite or not a number, if that is asked for.
    """
    grads = _gradients(parameters)
    if not grads:
        return Tensor(np.zeros((), np.float32))
    order = float(norm_type)
    total = np.linalg.norm([np.linalg.norm(np.ravel(g), order) for g in grads], order)
    if error_if_nonfinite and not np.isfinite(total):
        raise RuntimeError(f"clip_grad_norm_ cannot clip: the norm of order {order} of the gradients is {total}")
    scale = float(max_norm) / (float(total) + 1e-6)
    if not scale >= 1:  # a norm that is not a number shows in every gradient
        for g in grads:
            g *= scale
            mark_changed(g)
    return Tensor(np.asarray(total))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Bring every element of the gradients, in place, into the range from -clip_value to clip_value."""
    for g in _gradients(parameters):
        np.clip(g, -float(clip_value), float(clip_value), out=g)
        mark_changed(g)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[np.ndarray]:
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad.array for p in tensors if p.grad is not None]


# Schedules: each returns a function from the number of steps taken so far, 0 at first, to the learning rate


def step_decay(lr: float, step_size: int, gamma: float = 0.1) -> Schedule:
    """lr times gamma, once more every step_size steps."""
    _check_positive("step_decay", step_size=step_size)
    return lambda step: lr * gamma ** (step // step_size)


def multi_step(lr: float, milestones: Iterable[int], gamma: float = 0.1) -> Schedule:
    """lr times gamma, once more at each milestone."""
    milestones = sorted(milestones)
    return lambda step: lr * gamma ** bisect_right(milestones, step)


def exponential(lr: float, gamma: float) -> Schedule:
    """lr times gamma, once more at every step."""
    return lambda step: lr * gamma**step


def linear(lr: float, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5) -> Schedule:
    """From start_factor to end_factor of lr in a straight line of total_iters steps, then level: a warm-up."""
    _check_positive("linear", start_factor=start_factor, total_iters=total_iters)
    return lambda step: lr * _straight(start_factor, end_factor, min(step / total_iters, 1))


def constant(lr: float, factor: float = 1 / 3, total_iters: int = 5) -> Schedule:
    """factor times lr for total_iters steps, then lr."""
    return lambda step: lr * (factor if step < total_iters else 1)


def cosine(lr: float, steps: int, min_lr: float = 0.0) -> Schedule:
    """From lr down to min_lr in half a cosine of `steps` steps, and up again after: Loshchilov and Hutter (2017), eq. 5."""
    _check_positive("cosine", steps=steps)
    return lambda step: _half_cosine(lr, min_lr, step / steps)


def one_cycle(
    max_lr: float,
    total_steps: int,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
) -> Schedule:
    """From max_lr / div_factor up to max_lr, then down to 1 / final_div_factor of where it began.

    The way up takes the fraction pct_start of total_steps. With `three_phase`, the way back to where it began takes as long,
    and the last phase goes below. Smith and Topin (2018), section 3. The function raises ValueError beyond total_steps.
    """
    _check_positive("one_cycle", div_factor=div_factor, final_div_factor=final_div_factor)
    first = max_lr / div_factor
    return _cycle(first, max_lr, first / final_div_factor, total_steps, pct_start, anneal_strategy, three_phase)


def one_cycle_momentum(
    total_steps: int,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    three_phase: bool = False,
) -> Schedule:
    """The momentum that goes with `one_cycle`: from max_momentum down to base_momentum while the rate rises, and back."""
    return _cycle(max_momentum, base_momentum, max_momentum, total_steps, pct_start, anneal_strategy, three_phase)


def _cycle(
    start: float, peak: float, end: float, total_steps: int, pct_start: float, anneal_strategy: str, three_phase: bool
) -> Schedule:
    """From start over the peak (and start once more) to the end; its last step is total_steps - 1."""
    _check_positive("one_cycle", total_steps=total_steps)
    if not 0 <= pct_start <= 1:
        raise ValueError(f"one_cycle expects pct_start from 0 to 1, got {pct_start}")
    if anneal_strategy not in ("cos", "linear"):
        raise ValueError(f"one_cycle expects anneal_strategy to be 'cos' or 'linear', got {anneal_strategy!r}")
    between = _half_cosine if anneal_strategy == "cos" else _straight
    top = pct_start * total_steps - 1
    back = [(2 * top, start)] if three_phase else []
    turns = [(0, start), (top, peak), *back, (total_steps - 1, end)]

    def at(step: int) -> float:
        if not 0 <= step <= total_steps:  # one more than there are, for loops that end with a call too many
            raise ValueError(f"one_cycle was made for {total_steps} steps, and is asked for step {step}")
        phases = list(pairwise(turns))
        (since, first), (until, last) = next((phase for phase in phases if step <= phase[1][0]), phases[-1])
        return between(first, last, (step - since) / (until - since) if until != since else 1.0)

    return at


def _straight(start: float, end: float, progress: float) -> float:
    return start + (end - start) * progress


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def _check_positive(schedule: str, **values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{schedule} expects {name} > 0, got {value}")
