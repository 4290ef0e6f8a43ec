"""Schedulers: the schedules of `tinytorch.optimizers` as the classes a PyTorch user knows.

A scheduler sets the learning rate of every parameter group of an optimizer, once when it is made and again at each `step`.
The formulas are the functions'; what is here is the bookkeeping.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinytorch._lazy import Lacking
from tinytorch.optimizers import (
    Optimizer,
    Schedule,
    constant,
    cosine,
    exponential,
    linear,
    multi_step,
    one_cycle,
    one_cycle_momentum,
    step_decay,
)


class LRScheduler(Lacking):
    """What schedulers share: they count epochs (or batches, as you call `step`) and set the rate of each group.

    last_epoch: the index of the last epoch done, to go on with an optimizer that was loaded; -1 begins. A scheduler of your
    own defines `schedule`, or `get_lr`. Raises TypeError for anything but an Optimizer, ValueError for one whose learning
    rate is a function already, KeyError for one that no scheduler has set before if last_epoch is not -1.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        _check_optimizer(type(self).__name__, optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"{type(self).__name__} with last_epoch={last_epoch} expects 'initial_lr' in group {i}")
        self.optimizer = optimizer
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def step(self) -> None:
        """Set the learning rates of the next epoch. Raises ValueError if a group was added since the scheduler was made."""
        groups = self.optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__} was made for {len(self.base_lrs)} parameter groups, the optimizer has {len(groups)}"
            )
        self.last_epoch += 1
        for group, lr in zip(groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr: list[float] = [group["lr"] for group in groups]

    def get_lr(self) -> list[float]:
        """The rate of each group at `last_epoch`.

        Where something else has changed a rate since, a second scheduler or the user, the change stays as a factor.
        """
        lrs = []
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            schedule = self.schedule(base_lr)
            before = schedule(self.last_epoch - 1) if self.last_epoch > 0 else base_lr
            lrs.append(schedule(self.last_epoch) * (group["lr"] / before if before else 1.0))
        return lrs

    def schedule(self, lr: float) -> Schedule:
        """The function of the step for a group that starts from lr."""
        raise NotImplementedError(f"{type(self).__name__} has no schedule")

    def get_last_lr(self) -> list[float]:
        """The rate of each group as it was set last."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that `load_state_dict` needs to go on: everything but the optimizer and functions."""
        kept = {name: value for name, value in vars(self).items() if name not in ("optimizer", "lr_lambdas")}
        return copy.deepcopy(kept)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from where the scheduler was that gave the `state_dict`; the rates are in the optimizer's own.

        Raises ValueError for the state of another kind of scheduler, or of another number of groups.
        """
        name = type(self).__name__
        expected, got = sorted(self.state_dict()), sorted(state_dict)
        if expected != got:
            raise ValueError(f"{name}.load_state_dict expects {', '.join(expected)}, got {', '.join(got)}")
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ValueError(
                f"{name}.load_state_dict expects {len(self.base_lrs)} groups, got {len(state_dict['base_lrs'])}"
            )
        vars(self).update(copy.deepcopy(state_dict))


class StepLR(LRScheduler):
    """`step_decay` of each group's rate."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return step_decay(lr, self.step_size, self.gamma)


class MultiStepLR(LRScheduler):
    """`multi_step` of each group's rate."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return multi_step(lr, self.milestones, self.gamma)


class ExponentialLR(LRScheduler):
    """`exponential` of each group's rate."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return exponential(lr, self.gamma)


class ConstantLR(LRScheduler):
    """`constant` of each group's rate."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return constant(lr, self.factor, self.total_iters)


class LinearLR(LRScheduler):
    """`linear` of each group's rate."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return linear(lr, self.start_factor, self.end_factor, self.total_iters)


class CosineAnnealingLR(LRScheduler):
    """`cosine` of each group's rate, down to eta_min in T_max steps."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def schedule(self, lr: float) -> Schedule:
        return cosine(lr, self.T_max, self.eta_min)


class LambdaLR(LRScheduler):
    """Each group's rate times lr_lambda(epoch): one function, or one for each group. They are not in the state_dict.

    Raises TypeError for what is no function.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = _for_each_group("LambdaLR", optimizer, "lr_lambda", lr_lambda)
        for factor in self.lr_lambdas:
            if not callable(factor):
                raise TypeError(f"LambdaLR expects functions of the epoch, got {factor!r}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * factor(self.last_epoch) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class OneCycleLR(LRScheduler):
    """`one_cycle` with a peak of max_lr, one number or one for each group, whatever rate the optimizer has.

    Its length is total_steps or epochs * steps_per_epoch. With `cycle_momentum` it sets the momentum (beta1 of Adam) too,
    by `one_cycle_momentum`. Raises ValueError for no length, and for a step beyond it.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR expects total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        self.max_lrs = _for_each_group("OneCycleLR", optimizer, "max_lr", max_lr)
        self.base_momentums = _for_each_group("OneCycleLR", optimizer, "base_momentum", base_momentum)
        self.max_momentums = _for_each_group("OneCycleLR", optimizer, "max_momentum", max_momentum)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"OneCycleLR with cycle_momentum expects a momentum or betas, {type(optimizer).__name__} has neither"
            )
        self.total_steps = total_steps
        self.factors: dict[str, Any] = {"div_factor": div_factor, "final_div_factor": final_div_factor}
        self.shape: dict[str, Any] = {
            "pct_start": pct_start,
            "anneal_strategy": anneal_strategy,
            "three_phase": three_phase,
        }
        one_cycle(1.0, total_steps, **self.factors, **self.shape)  # refuses what is out of range before anything is set
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, self.max_lrs, strict=True):
                group["initial_lr"] = lr / div_factor
        super().__init__(optimizer, last_epoch)

    def step(self) -> None:
        """Set the learning rates of the next epoch, and the momentums."""
        super().step()
        if not self.cycle_momentum:
            return
        ranges = zip(self.base_momentums, self.max_momentums, strict=True)
        for group, (lowest, highest) in zip(self.optimizer.param_groups, ranges, strict=True):
            momentum = one_cycle_momentum(self.total_steps, lowest, highest, **self.shape)(self.last_epoch)
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum

    def get_lr(self) -> list[float]:
        return [one_cycle(lr, self.total_steps, **self.factors, **self.shape)(self.last_epoch) for lr in self.max_lrs]


class ReduceLROnPlateau(LRScheduler):
    """Each group's rate times factor, where a figure has not become better for more than `patience` epochs.

    `step(figure)` after each epoch. mode: "min" for a loss, "max" for an accuracy; better is by more than threshold, as a
    fraction of the best ("rel") or as it is ("abs"). cooldown: epochs after a reduction that do not count. min_lr: the least
    rate, one number or one for each group; changes of at most eps are not made. Raises ValueError for what is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(factor, (float, int)) or not factor < 1:
            raise ValueError(f"ReduceLROnPlateau expects a factor below 1, got {factor!r}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau expects the mode 'min' or 'max' and the threshold_mode 'rel' or 'abs', "
                f"got {mode!r} and {threshold_mode!r}"
            )
        self.min_lrs: list[float] = _for_each_group("ReduceLROnPlateau", optimizer, "min_lr", min_lr)
        self.optimizer = optimizer
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.best = math.inf if mode == "min" else -math.inf
        self.last_epoch = self.num_bad_epochs = self.cooldown_counter = 0
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self._last_lr = list(self.base_lrs)

    def step(self, metrics: Any = None) -> None:
        """Take in an epoch's figure, a number or a Tensor of one element, and set the rates of the next epoch."""
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step expects the figure that it looks at, such as the validation loss")
        figure, self.last_epoch = float(metrics), self.last_epoch + 1
        if self._is_better(figure):
            self.best, self.num_bad_epochs = figure, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _is_better(self, figure: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        relative = self.threshold_mode == "rel"
        bound = self.best * (1 - sign * self.threshold) if relative else self.best - sign * self.threshold
        return sign * figure < sign * bound

    def _reduce(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr


def _check_optimizer(scheduler: str, optimizer: Any) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{scheduler} expects an Optimizer, got {type(optimizer).__name__}")
    if any(callable(group["lr"]) for group in optimizer.param_groups):
        raise ValueError(f"{scheduler} expects a learning rate that is a number, this one is a function of the step")


def _for_each_group(scheduler: str, optimizer: Optimizer, name: str, value: Any) -> list[Any]:
    """The values for the parameter groups, where one value may stand for all."""
    _check_optimizer(scheduler, optimizer)
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{scheduler} expects {name} for each of {count} parameter groups, got {len(value)}")
    return list(value)
