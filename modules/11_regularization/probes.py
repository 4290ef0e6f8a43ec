"""What is called in module 11, beside the learner's code: dropout, as far as chance does not decide it, and norms with
their gradients and what they remember."""

import math

import numpy as np

import tinytorch
from tinytorch import Tensor, regularization
from tinytorch.course.probing import Wrong, raised


def numbered(shape, dtype):
    """A Tensor of numbers from 1 to 7 that can be told from 0."""
    count = np.arange(math.prod(shape), dtype=np.int64).reshape(shape)
    return Tensor((count % 7 + 1).astype(dtype), requires_grad=True)


def hidden(function, shape, dtype, p, training, mask_shape=None):
    """What dropout does to an input, as far as chance does not decide it."""
    shapes = [] if mask_shape is None else [mask_shape]

    def once():
        x = numbered(shape, dtype)
        y = getattr(regularization, function)(x, *shapes, p, training, *([False] if shapes else []))
        if not isinstance(y, Tensor) or y.shape != x.shape:
            raise Wrong(f"{function} must return a Tensor of the shape {x.shape}")
        return x, y

    tinytorch.manual_seed(7)
    x, y = once()
    _, another = once()
    tinytorch.manual_seed(7)
    _, again = once()
    factor = y.array / x.array
    answer = {"data type": str(y.dtype), "list of what inputs are multiplied by": np.unique(np.round(factor, 3))}
    if training and 0 < p < 1:
        mask = (factor != 0).reshape(shape[0], -1)
        groups = math.prod(mask_shape or shape)
        share = float(np.mean(~mask))
        answer["mask"] = "the same for all examples" if (mask == mask[0]).all() else "another for each example"
        answer["mask of a second call"] = "the same" if (y.array == another.array).all() else "another"
        answer["mask after the same manual_seed"] = "the same" if (y.array == again.array).all() else "another"
        answer["share of zeros"] = p if abs(share - p) < 6 * math.sqrt(p * (1 - p) / groups) else round(share, 1)
    if y.requires_grad:
        y.backward(Tensor(np.ones(shape, dtype)))
        alike = x.grad is not None and np.allclose(x.grad.array, factor, rtol=1e-4)
        answer["gradient"] = "multiplied by the mask, as the value is" if alike else "something else"
    else:
        answer["gradient"] = "lost"
    return answer


def in_place(p):
    """Whether the input is what was changed."""
    x = numbered((40,), "float32").detach()
    y = regularization.dropout(x, p, True, True)
    return "the input itself" if (x.array == y.array).all() and (x.array == 0).any() else "a copy"


def hidden_channels(dims, shape, p, training):
    """What dropout of channels does, as far as chance does not decide it."""
    tinytorch.manual_seed(7)
    x = numbered(shape, "float32")
    y = getattr(regularization, f"dropout{dims}d")(x, p, training)
    if not isinstance(y, Tensor) or y.shape != x.shape:
        raise Wrong(f"dropout{dims}d must return a Tensor of the shape {x.shape}")
    factor = (y.array / x.array).reshape(*shape[:-dims], -1)
    answer = {"list of what inputs are multiplied by": np.unique(np.round(factor, 3))}
    whole = factor.min(-1) == factor.max(-1)
    answer["share of channels that are hidden or kept as a whole"] = float(np.round(np.mean(whole), 1))
    if whole.all():
        channels = factor[..., 0] != 0
        share = float(np.mean(~channels))
        sure = not training or abs(share - p) < 6 * math.sqrt(p * (1 - p) / channels.size)
        if channels.ndim == 2:
            answer["choice of channels"] = (
                "the same for all examples" if (channels == channels[0]).all() else "their own"
            )
            alike = (channels == channels[:, :1]).all()
            answer["fate of channels of an example"] = "always the same" if alike else "their own"
        answer["share of hidden channels"] = (p if training else 0.0) if sure else round(share, 1)
    return answer


def moments(x, axes):
    """Mean and variance."""
    pair = regularization.moments(x, axes)
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise Wrong("moments must return two arrays, the mean and the variance")
    return {"mean": pair[0], "variance": pair[1]}


def tensors(*arrays):
    """Each as a Tensor with a gradient, None as None."""
    return [None if array is None else Tensor(np.array(array), requires_grad=True) for array in arrays]


def with_gradients(value, g, **inputs):
    """A value, and the gradients that come back to inputs."""
    if not isinstance(value, Tensor):
        raise Wrong("a Tensor must be returned")
    answer = {"value": value.array}
    if value.shape != g.shape:
        return answer
    if not value.requires_grad:
        raise Wrong("the value has no gradient: it was made from arrays, not recorded")
    value.backward(Tensor(g))
    for name, given in inputs.items():
        if given is not None:
            answer[f"gradient of {name}"] = None if given.grad is None else given.grad.array
    return answer


def batch_normed(x, g, training, momentum, eps, running_mean=None, running_var=None, weight=None, bias=None):
    """Batch norm, its gradients, and the running statistics afterwards."""
    x, weight, bias = tensors(x, weight, bias)
    running = [None if array is None else Tensor(np.array(array)) for array in (running_mean, running_var)]
    value = regularization.batch_norm(x, *running, weight, bias, training=training, momentum=momentum, eps=eps)
    answer = with_gradients(value, g, x=x, weight=weight, bias=bias)
    names = ("running mean afterwards", "running variance afterwards")
    return answer | {name: each.array for name, each in zip(names, running, strict=True) if each is not None}


def layer_normed(x, g, normalized_shape, eps, weight=None, bias=None):
    """Layer norm and its gradients."""
    x, weight, bias = tensors(x, weight, bias)
    value = regularization.layer_norm(x, normalized_shape, weight, bias, eps)
    return with_gradients(value, g, x=x, weight=weight, bias=bias)


def remembered(first, second, x, modes, options):
    """What a layer makes of x after two other batches, and what it remembers. modes: whether each was for training."""
    net = getattr(regularization, f"BatchNorm{max(x.ndim - 2, 1)}d")(x.shape[1], dtype=x.dtype, **options)
    for batch, training in zip((first, second, x), modes, strict=True):
        net.train(training)
        value = net(Tensor(batch))
    answer = {"value": value.array}
    if net.running_mean is not None:
        answer["running mean"], answer["running variance"] = net.running_mean.array, net.running_var.array
        answer["number of batches"] = int(net.num_batches_tracked.item())
    return answer


def refused(function, x, options):
    """The name of the exception that a call raises."""
    return {"exception raised": raised(getattr(regularization, function), Tensor(x), **options)}


def refused_by_layer(dims, x, features):
    """What a layer raises."""
    return {"exception raised": raised(getattr(regularization, f"BatchNorm{dims}d")(features), Tensor(x))}
