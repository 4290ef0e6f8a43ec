"""What is called in module 06, beside the learner's code: some steps of an optimizer, and what they do to parameters."""

import numpy as np

from tinytorch import optimizers
from tinytorch.course.probing import Wrong
from tinytorch.optimizers import Optimizer
from tinytorch.tensor import Tensor


class Plain(Optimizer):
    """p - lr grad, and a count of the updates of each parameter."""

    def __init__(self, params, lr, **options):
        super().__init__(params, {"lr": lr, **options})

    def update(self, p, grad, state, lr, group):
        if not isinstance(p, np.ndarray) or not isinstance(grad, np.ndarray):
            raise Wrong(f"update must be given arrays, not a {type(p).__name__} and a {type(grad).__name__}")
        state["updates"] = state.get("updates", 0) + 1
        p -= lr * grad


def leaves(arrays):
    return [Tensor(np.array(array), requires_grad=True) for array in arrays]


# 06.1 A step


def steps_taken(a, b, rates, gradients, maximize=None, count=1, halving=False):
    """Some steps with a in one group and b in another; a gradient may be None."""
    params = leaves((a, b))
    schedule = (lambda step: rates[0] / 2**step) if halving else rates[0]
    groups = [{"params": [params[0]], "lr": schedule}, {"params": [params[1]], "lr": rates[1]}]
    optimizer = Plain(groups, 0.1, **({} if maximize is None else {"maximize": maximize}))
    for p, gradient in zip(params, gradients, strict=True):
        p.grad = None if gradient is None else Tensor(np.array(gradient))
    for _ in range(count):
        optimizer.step()
    answer = {
        "parameter a": params[0].array,
        "parameter b": params[1].array,
        "number of steps counted": optimizer.steps,
    }
    answer["number of updates remembered of a"] = optimizer.state[params[0]].get("updates", 0)
    for name, p in zip("ab", params, strict=True):
        answer[f"gradient of {name} afterwards"] = None if p.grad is None else p.grad.array
    return answer


def with_closure(a):
    """A step with a closure that computes the gradient anew."""
    (p,) = leaves((a,))
    optimizer = Plain([p], 0.25)
    seen = []

    def closure():
        seen.append(p.array.copy())
        optimizer_loss = (p * p).sum()
        p.grad = None
        optimizer_loss.backward()
        return optimizer_loss

    loss = optimizer.step(closure)
    return {
        "number of calls of the closure": len(seen),
        "parameter as the closure saw it": seen[0] if seen else None,
        "parameter": p.array,
        "returned loss": loss.array if isinstance(loss, Tensor) else loss,
    }


def graph_after_step(a):
    """Whether the graph is told that the parameters changed."""
    (p,) = leaves((a,))
    optimizer = Plain([p], 0.25)
    p.grad = Tensor(np.ones_like(a))
    loss = (p * p).sum()
    optimizer.step()
    try:
        loss.backward()
    except RuntimeError:
        return {"result of backward": "a RuntimeError"}
    return {"result of backward": "a wrong gradient"}


def zero_grad(a, b, given, set_to_none):
    """The gradients after zero_grad."""
    params = leaves((a, b))
    optimizer = Plain([{"params": [params[0]]}, {"params": [params[1]]}], 0.1)
    for p, has in zip(params, given, strict=True):
        p.grad = Tensor(np.ones_like(p.array)) if has else None
    optimizer.zero_grad(set_to_none=set_to_none)
    return {
        f"gradient of {name}": None if p.grad is None else p.grad.array for name, p in zip("ab", params, strict=True)
    }


# 06.2 to 06.5 Optimizers


def optimized(name, options, p, gradients, q=None):
    """The parameter after each of some steps, and whether the gradient was left alone."""
    params = leaves((p,) if q is None else (p, q))
    optimizer = getattr(optimizers, name)(params, **options)
    answer = {}
    for i, gradient in enumerate(gradients, 1):
        given = gradient.copy()
        for parameter in params:
            parameter.grad = Tensor(given if parameter is params[0] else np.full_like(parameter.array, i))
        optimizer.step()
        answer[f"parameter after step {i}"] = params[0].array.copy()
        answer[f"gradient after step {i}"] = given
        if q is not None:
            answer[f"second parameter after step {i}"] = params[1].array.copy()
    group = optimizer.param_groups[0]
    answer["weight_decay of the group"] = float(group["weight_decay"])
    return answer


def running(p):
    """What `_running` gives at first, and after it was written to."""
    state = {}
    first = optimizers._running("memory", state, p)
    if not isinstance(first, np.ndarray):
        raise Wrong(f"_running must return an array, not {'None' if first is None else f'a {type(first).__name__}'}")
    answer = {"array at first": first.copy()}
    first += 1
    answer["array after 1 was added to it"] = optimizers._running("memory", state, p).copy()
    answer["array under another name"] = optimizers._running("other", state, p).copy()
    answer["set of types in the state"] = sorted({type(value).__name__ for value in state.values()})
    return answer


# 06.6 Clipping


def clipped(function, gradients, limit, options):
    """Gradients after clipping, and the norm that is returned."""
    params = leaves([np.zeros(1) if g is None else np.zeros_like(g) for g in gradients])
    arrays = []
    for p, gradient in zip(params, gradients, strict=True):
        if gradient is not None:
            p.grad = Tensor(np.array(gradient))
            arrays.append(p.grad.array)
    returned = getattr(optimizers, function)(params, limit, **options)
    answer = {f"gradient {i}": g.astype(np.float32) for i, g in enumerate(arrays)}  # an eps in the divisor is let pass
    answer["list of data types"] = [str(g.dtype) for g in arrays]
    if function == "clip_grad_norm_":
        answer["norm that is returned"] = (
            returned.array.astype(np.float32) if isinstance(returned, Tensor) else returned
        )
    return answer


# 06.7 Schedules


def schedule(name, arguments, count):
    """The learning rate at steps 0, 1, 2, ..."""
    made = getattr(optimizers, name)(**arguments)
    if not callable(made):
        raise Wrong(
            f"{name} must return a function of the step, not {'None' if made is None else f'a {type(made).__name__}'}"
        )
    return {"array of learning rates": np.array([float(made(step)) for step in range(count)])}
