"""What is called in module 05, beside the learner's code: a loss and its gradients, and what stands behind it."""

import numpy as np

from tinytorch import losses
from tinytorch.course.probing import Wrong
from tinytorch.course.probing import raised as name_of
from tinytorch.tensor import Tensor


def loss(name, options, input, target, g, weight=None, pos_weight=None):
    """A loss, and what comes back to its input, and to its target where that is no label."""
    x = Tensor(np.array(input), requires_grad=True)
    learnt = name in ("mse_loss", "l1_loss")
    t = Tensor(np.array(target), requires_grad=learnt)
    if weight is not None:
        options = {**options, "weight": Tensor(np.array(weight))}
    if pos_weight is not None:
        options = {**options, "pos_weight": Tensor(np.array(pos_weight))}
    value = getattr(losses, name)(x, t, **options)
    if not isinstance(value, Tensor):
        raise Wrong(f"{name} must return a Tensor, not {'None' if value is None else f'a {type(value).__name__}'}")
    answer = {"value": value.array}
    if value.shape == g.shape:
        value.backward(Tensor(np.array(g)))
        answer["gradient of input"] = None if x.grad is None else x.grad.array
        if learnt:
            answer["gradient of target"] = None if t.grad is None else t.grad.array
    return answer


def raised(name, input, target, options):
    """The exception that a loss raises."""
    call = getattr(losses, name)
    return {"exception": name_of(call, Tensor(np.array(input)), Tensor(np.array(target)), **options)}


def reduced(losses_, reduction):
    """What `_reduce` makes of losses."""
    value = losses._reduce(Tensor(np.array(losses_)), reduction)
    if not isinstance(value, Tensor):
        raise Wrong(f"_reduce must return a Tensor, not {'None' if value is None else f'a {type(value).__name__}'}")
    return {"value": value.array}


def checked_labels(input, target, ignore_index):
    """The labels that are found good, or the exception."""
    given = "my_loss", Tensor(np.array(input)), Tensor(np.array(target)), ignore_index
    exception = name_of(losses._checked_labels, *given)
    if exception != "nothing":
        return {"exception": exception}
    labels = losses._checked_labels(*given)
    return {"exception": exception, "array of labels": np.asarray(getattr(labels, "array", labels))}


def target_weights(input, target, options, weight=None):
    """q as an array, and the total."""
    if weight is not None:
        options = {**options, "weight": Tensor(np.array(weight))}
    returned = losses.target_weights("my_loss", Tensor(np.array(input)), Tensor(np.array(target)), **options)
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise Wrong("target_weights must return two things, q and the total")
    q, total = returned
    return {"array q": np.asarray(getattr(q, "array", q)), "total": float(total)}
