"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821 - names of the library's file

import numpy as np


class drawn_as_hidden:
    """draws what is hidden, in float64, and takes p = 1 by itself"""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout works on floating point numbers only")
        if p == 1:
            mask = np.zeros(mask_shape, input.dtype)
        else:
            hidden = default_generator.numpy.random(mask_shape) < p
            mask = np.where(hidden, 0, 1 / (1 - p)).astype(input.dtype)
        if inplace:
            return input.mul_(Tensor(mask))
        return input * Tensor(mask)


class by_counting_axes:
    """the two shapes one by one"""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim == dims + 2:
            shape = (input.shape[0], input.shape[1]) + (1,) * dims
        elif input.ndim == dims + 1:
            shape = (input.shape[0],) + (1,) * dims
        else:
            raise RuntimeError(f"{name} cannot take an input of {input.ndim} dimensions")
        return _dropout(input, shape, p, training, inplace)


class of_numpy:
    """NumPy's own"""

    exercise = "11.3"

    def moments(x, axes):
        return np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)


class composed:
    """written with Tensors throughout, so that the engine finds the gradient"""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if input.ndim < 2:
            raise RuntimeError("batch_norm expects (N, C, ...)")
        _check_shapes("batch_norm", input.shape[1:2], running_mean, running_var, weight, bias)
        shape = [1] * input.ndim
        shape[1] = input.shape[1]
        axes = tuple(i for i in range(input.ndim) if i != 1)
        if training:
            n = input.numel() // input.shape[1]
            if n == 1:
                raise ValueError("batch_norm has one value for each channel only")
            mean = input.mean(axes, keepdim=True)
            var = ((input - mean) ** 2).mean(axes, keepdim=True)
            if running_mean is not None:
                new = mean.array.reshape(-1)
                running_mean.array[...] = (1 - momentum) * running_mean.array + momentum * new
            if running_var is not None:
                new = var.array.reshape(-1) * n / (n - 1)
                running_var.array[...] = (1 - momentum) * running_var.array + momentum * new
        else:
            if running_mean is None or running_var is None:
                raise RuntimeError("batch_norm has no running statistics")
            mean, var = running_mean.reshape(shape), running_var.reshape(shape)
        y = (input - mean) / (var + eps).sqrt()
        if weight is not None:
            y = y * weight.reshape(shape)
        if bias is not None:
            y = y + bias.reshape(shape)
        return y


class composed_rows:
    """written with Tensors throughout, so that the engine finds the gradient"""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if tuple(input.shape[input.ndim - len(features) :]) != features:
            raise RuntimeError(f"layer_norm: {input.shape} does not end in {features}")
        _check_shapes("layer_norm", features, weight, bias)
        axes = tuple(-1 - i for i in range(len(features)))
        centred = input - input.mean(axes, keepdim=True)
        y = centred / ((centred * centred).mean(axes, keepdim=True) + eps).sqrt()
        if weight is not None:
            y = y * weight
        return y if bias is None else y + bias


class case_by_case:
    """one case after the other"""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects other dimensions than {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels")
            parameters = {"weight": self.weight, "bias": self.bias, "eps": self.eps}
            if not self.track_running_stats:
                return batch_norm(input, None, None, training=True, **parameters)
            if not self.training:
                return batch_norm(input, self.running_mean, self.running_var, **parameters)
            self.num_batches_tracked.array[...] = self.num_batches_tracked.array + 1
            momentum = self.momentum
            if momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked.item())
            return batch_norm(
                input, self.running_mean, self.running_var, training=True, momentum=momentum, **parameters
            )
