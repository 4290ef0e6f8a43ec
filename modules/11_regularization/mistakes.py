"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821 - names of the library's file

import numpy as np

# 11.1 Dropout


class unscaled:
    """what is kept is not scaled: on average the signal shrinks to 1 - p of what it was, so divide by 1 - p."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        mask = (default_generator.numpy.random(mask_shape, dtype=np.float32) >= p).astype(input.dtype)
        return input.mul_(mask) if inplace else input * mask


class kept_with_probability_p:
    """numbers are kept with probability p: p is the probability to be hidden."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = default_generator.numpy.random(mask_shape, dtype=np.float32) < p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class hidden_always:
    """numbers are hidden when not training, too: then the input passes as it is."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = default_generator.numpy.random(mask_shape, dtype=np.float32) >= p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class training_turned_around:
    """`training` is taken the other way round: numbers are hidden while training, and only then."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = default_generator.numpy.random(mask_shape, dtype=np.float32) >= p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class scaled_afterwards:
    """the input is scaled by 1 - p when not training: here it is scaled while training, and passes as it is later."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training:
            return input * (1 - p)
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        mask = (default_generator.numpy.random(mask_shape, dtype=np.float32) >= p).astype(input.dtype)
        return input.mul_(mask) if inplace else input * mask


class divided_by_p:
    """what is kept is divided by p: it is kept with probability 1 - p, so divide by that."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        mask = (default_generator.numpy.random(mask_shape, dtype=np.float32) >= p).astype(input.dtype) / p
        return input.mul_(mask) if inplace else input * mask


class one_mask_for_all:
    """one mask serves all examples of the batch: draw one for each, of mask_shape."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = default_generator.numpy.random((1, *mask_shape[1:]), dtype=np.float32) >= p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class always_the_same_mask:
    """a generator is seeded at every call, so every call hides the same numbers: draw from default_generator."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = np.random.default_rng(0).random(mask_shape) >= p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class not_to_be_seeded:
    """the numbers come from np.random: manual_seed cannot repeat them. Draw from default_generator."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = np.random.random(mask_shape) >= p
        mask = kept.astype(input.dtype) / max(1 - p, np.finfo(np.float32).tiny)
        return input.mul_(mask) if inplace else input * mask


class nothing_by_nothing:
    """with p = 1 the mask is 0 / 0, which is nan: all should be 0."""

    exercise = "11.1"

    def _dropout(input, mask_shape, p, training, inplace):
        _check_probability("dropout", p)
        if not training or p == 0:
            return input
        if not input.is_floating_point():
            raise RuntimeError("dropout expects floating point numbers")
        kept = default_generator.numpy.random(mask_shape, dtype=np.float32) >= p
        mask = kept.astype(input.dtype) / np.asarray(1 - p, input.dtype)
        return input.mul_(mask) if inplace else input * mask


# 11.2 Channels


class single_points:
    """single points are hidden: the mask has one number for each channel of each example, and length 1 in space."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
        return _dropout(input, input.shape, p, training, inplace)


class same_channels_for_all:
    """the same channels are hidden in all examples: draw for each example."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
        channels = input.shape[-dims - 1]
        return _dropout(input, (channels, *(1,) * dims), p, training, inplace)


class whole_examples:
    """all channels of an example share a fate: draw for each channel."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
        return _dropout(input, (len(input), *(1,) * (input.ndim - 1)), p, training, inplace)


class points_of_all_channels:
    """points are hidden in all channels at once: a channel is to be hidden at all points."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
        shape = (*input.shape[: -dims - 1], 1, *input.shape[-dims:])
        return _dropout(input, shape, p, training, inplace)


class batch_expected:
    """the first two axes are taken for examples and channels: without a batch, the first is the channels."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        if input.ndim not in (dims + 1, dims + 2):
            raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
        return _dropout(input, input.shape[:2] + (1,) * (input.ndim - 2), p, training, inplace)


class any_dimensions:
    """an input of any dimensions is taken: (N, C) has no space, and RuntimeError should say so."""

    exercise = "11.2"

    def _dropout_channels(name, dims, input, p, training, inplace):
        return _dropout(input, input.shape[:-dims] + (1,) * dims, p, training, inplace)


# 11.3 Mean and variance


class without_bias:
    """the squares are divided by n - 1: divide by n here."""

    exercise = "11.3"

    def moments(x, axes):
        return x.mean(axes, keepdims=True), x.var(axes, ddof=1, keepdims=True)


class deviation_for_variance:
    """the root of the variance is returned: the root comes later, after eps was added."""

    exercise = "11.3"

    def moments(x, axes):
        return x.mean(axes, keepdims=True), x.std(axes, keepdims=True)


class axes_lost:
    """the axes are lost: with keepdims=True they stay with length 1, and both broadcast against x."""

    exercise = "11.3"

    def moments(x, axes):
        return x.mean(axes), x.var(axes)


class difference_of_squares:
    """the variance is the mean of x^2 minus the mean squared: in float32 that is the difference of two large, rounded
    numbers. Subtract the mean before you square."""

    exercise = "11.3"

    def moments(x, axes):
        mean = x.mean(axes, keepdims=True)
        return mean, (x * x).mean(axes, keepdims=True) - mean * mean


class distances_not_squared:
    """the distances from the mean are not squared: their mean is always 0."""

    exercise = "11.3"

    def moments(x, axes):
        mean = x.mean(axes, keepdims=True)
        return mean, (x - mean).mean(axes, keepdims=True)


class sum_of_squares:
    """the squares are added up: the variance is their mean."""

    exercise = "11.3"

    def moments(x, axes):
        mean = x.mean(axes, keepdims=True)
        return mean, ((x - mean) ** 2).sum(axes, keepdims=True)


# 11.4 Batch norm


class momentum_reversed:
    """running statistics keep `momentum` of what they were: they keep 1 - momentum, and take momentum of the new."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if not training:
            channels = (1, -1) + (1,) * (input.ndim - 2)
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
            y = y if weight is None else y * weight.reshape(channels)
            return y if bias is None else y + bias.reshape(channels)
        n = input.numel() // input.shape[1]
        if n < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        for running, now in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
            if running is not None:
                running.array += (1 - momentum) * (now.reshape(-1) - running.array)
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


class memory_with_bias:
    """the running variance takes the variance divided by n: it takes that divided by n - 1, var * n / (n - 1)."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if not training:
            channels = (1, -1) + (1,) * (input.ndim - 2)
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
            y = y if weight is None else y * weight.reshape(channels)
            return y if bias is None else y + bias.reshape(channels)
        if input.numel() // input.shape[1] < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        for running, now in ((running_mean, mean), (running_var, var)):
            if running is not None:
                running.array += momentum * (now.reshape(-1) - running.array)
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


class batch_without_bias:
    """the batch is divided by a deviation over n - 1: only the running variance is without bias, here it is n."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if not training:
            channels = (1, -1) + (1,) * (input.ndim - 2)
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
            y = y if weight is None else y * weight.reshape(channels)
            return y if bias is None else y + bias.reshape(channels)
        n = input.numel() // input.shape[1]
        if n < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        var = var * (n / (n - 1))
        for running, now in ((running_mean, mean), (running_var, var)):
            if running is not None:
                running.array += momentum * (now.reshape(-1) - running.array)
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


class batch_always:
    """the batch's statistics are used when not training, too: then the running ones are."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if not training and running_mean is None:
            raise RuntimeError("batch_norm expects running statistics when it is not training")
        n = input.numel() // input.shape[1]
        if n < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        for running, now in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
            if running is not None and training:
                running.array += momentum * (now.reshape(-1) - running.array)
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


class eps_after_the_root:
    """eps is added after the root: it belongs under it, sqrt(var + eps)."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        channels = (1, -1) + (1,) * (input.ndim - 2)
        if not training:
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var.sqrt() + eps).reshape(channels)
            y = y if weight is None else y * weight.reshape(channels)
            return y if bias is None else y + bias.reshape(channels)
        n = input.numel() // input.shape[1]
        if n < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        for running, now in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
            if running is not None:
                running.array += momentum * (now.reshape(-1) - running.array)
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var) + eps)


class memory_forgotten:
    """the running statistics never move: after training they are still 0 and 1."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        if not training:
            channels = (1, -1) + (1,) * (input.ndim - 2)
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
            y = y if weight is None else y * weight.reshape(channels)
            return y if bias is None else y + bias.reshape(channels)
        if input.numel() // input.shape[1] < 2:
            raise ValueError("batch_norm expects more than one value for each channel")
        mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
        scale = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shift = np.zeros(input.shape[1], input.dtype) if bias is None else bias
        return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


class batch_axis_only:
    """mean and variance are taken over the batch alone: each channel has one of each, over all places as well."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        channels = (1, -1) + (1,) * (input.ndim - 2)
        if not training:
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
        else:
            n = input.numel() // input.shape[1]
            if n < 2:
                raise ValueError("batch_norm expects more than one value for each channel")
            mean = input.mean(0, keepdim=True)
            var = (input - mean).square().mean(0, keepdim=True)
            for running, now in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
                if running is not None:
                    now = now.array.reshape(len(running), -1).mean(1)
                    running.array += momentum * (now - running.array)
            y = (input - mean) / (var + eps).sqrt()
        y = y if weight is None else y * weight.reshape(channels)
        return y if bias is None else y + bias.reshape(channels)


class statistics_taken_for_constants:
    """the gradient takes mean and variance for constants: they are made of x, so moving x moves them, too."""

    exercise = "11.4"

    def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
        channels = (1, -1) + (1,) * (input.ndim - 2)
        if not training:
            if running_mean is None:
                raise RuntimeError("batch_norm expects running statistics when it is not training")
            y = (input - running_mean.reshape(channels)) / (running_var + eps).sqrt().reshape(channels)
        else:
            n = input.numel() // input.shape[1]
            if n < 2:
                raise ValueError("batch_norm expects more than one value for each channel")
            mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
            for running, now in ((running_mean, mean), (running_var, var * (n / (n - 1)))):
                if running is not None:
                    running.array += momentum * (now.reshape(-1) - running.array)
            y = (input - Tensor(mean)) / Tensor(np.sqrt(var + eps))
        y = y if weight is None else y * weight.reshape(channels)
        return y if bias is None else y + bias.reshape(channels)


# 11.5 Layer norm


class over_the_batch:
    """mean and variance are taken over the examples: each example has its own, over its last dimensions."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        axes = tuple(range(input.ndim - len(features)))
        mean = input.mean(axes, keepdim=True) if axes else input
        var = (input - mean).square().mean(axes, keepdim=True) if axes else (input - mean).square()
        y = (input - mean) / (var + eps).sqrt()
        y = y if weight is None else y * weight
        return y if bias is None else y + bias


class last_axis_only:
    """mean and variance are taken over the last dimension alone: take as many as normalized_shape has."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        mean = input.mean(-1, keepdim=True)
        y = (input - mean) / ((input - mean).square().mean(-1, keepdim=True) + eps).sqrt()
        y = y if weight is None else y * weight
        return y if bias is None else y + bias


class rows_without_bias:
    """the variance is divided by n - 1: moments divides by n, and so does every layer norm."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        axes = tuple(range(-len(features), 0))
        n = int(np.prod(features))
        mean = input.mean(axes, keepdim=True)
        var = (input - mean).square().sum(axes, keepdim=True) / (n - 1)
        y = (input - mean) / (var + eps).sqrt()
        y = y if weight is None else y * weight
        return y if bias is None else y + bias


class eps_outside:
    """eps is added after the root: it belongs under it, sqrt(var + eps)."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        mean, var = moments(input.array, tuple(range(-len(features), 0)))
        scale = np.ones(features, input.dtype) if weight is None else weight
        shift = np.zeros(features, input.dtype) if bias is None else bias
        return apply(ops.layer_norm, input, scale, shift, mean=mean, std=np.sqrt(var) + eps)


class variance_for_deviation:
    """the input is divided by the variance: divide by its root."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        mean, var = moments(input.array, tuple(range(-len(features), 0)))
        scale = np.ones(features, input.dtype) if weight is None else weight
        shift = np.zeros(features, input.dtype) if bias is None else bias
        return apply(ops.layer_norm, input, scale, shift, mean=mean, std=var + eps)


class constants_of_the_row:
    """the gradient takes mean and variance for constants: they are made of x, so moving x moves them, too."""

    exercise = "11.5"

    def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
        features = tuple(normalized_shape)
        if input.shape[-len(features) :] != features:
            raise RuntimeError(f"layer_norm expects an input that ends in {features}, got {input.shape}")
        mean, var = moments(input.array, tuple(range(-len(features), 0)))
        y = (input - Tensor(mean)) / Tensor(np.sqrt(var + eps))
        y = y if weight is None else y * weight
        return y if bias is None else y + bias


# 11.6 The layer


class memory_asked_for:
    """running statistics are asked for where there are none: with track_running_stats=False the batch counts always."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            momentum = self.momentum
            if self.training and self.track_running_stats:
                self.num_batches_tracked.array += 1
                momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, self.training, momentum or 0.0, self.eps)


class never_in_training:
    """the running statistics are used while training, too: then the batch's are, and the running ones only move."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            _look_at(self, input)
            if self.training and self.track_running_stats:
                self.num_batches_tracked.array += 1
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, False, self.momentum or 0.0, self.eps)

    def _look_at(layer, input):
        if input.ndim not in layer.dims:
            raise ValueError(f"{type(layer).__name__} expects another number of dimensions, got {input.shape}")
        if input.shape[1] != layer.num_features:
            raise RuntimeError(f"{type(layer).__name__} expects {layer.num_features} channels, got {input.shape}")


class always_in_training:
    """the batch's statistics are used when not training, too, and the memory moves: look at self.training."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            momentum = self.momentum
            if self.track_running_stats:
                self.num_batches_tracked.array += 1
                momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, True, momentum or 0.0, self.eps)


class never_moved_without_momentum:
    """with momentum None the memory never moves: it is the mean of all batches, so the k-th moves it by 1 / k."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            if self.training and self.track_running_stats:
                self.num_batches_tracked.array += 1
            training = self.training or not self.track_running_stats
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, training, self.momentum or 0.0, self.eps)


class usual_momentum:
    """with momentum None the memory moves by 0.1: it is the mean of all batches, so the k-th moves it by 1 / k."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            if self.training and self.track_running_stats:
                self.num_batches_tracked.array += 1
            training = self.training or not self.track_running_stats
            momentum = 0.1 if self.momentum is None else self.momentum
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, training, momentum, self.eps)


class batches_not_counted:
    """num_batches_tracked stays 0: count each training batch."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            training = self.training or not self.track_running_stats
            momentum = 0.1 if self.momentum is None else self.momentum
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, training, momentum, self.eps)


class counted_afterwards:
    """with momentum None the first batch moves the memory by half: count it before you divide, 1 / 1 is the first."""

    exercise = "11.6"

    class _BatchNorm:
        def forward(self, input):
            if input.ndim not in self.dims:
                raise ValueError(f"{type(self).__name__} expects another number of dimensions, got {input.shape}")
            if input.shape[1] != self.num_features:
                raise RuntimeError(f"{type(self).__name__} expects {self.num_features} channels, got {input.shape}")
            momentum = self.momentum
            if self.training and self.track_running_stats:
                self.num_batches_tracked.array += 1
                momentum = 1 / (1 + self.num_batches_tracked.item()) if momentum is None else momentum
            training = self.training or not self.track_running_stats
            running = self.running_mean, self.running_var
            return batch_norm(input, *running, self.weight, self.bias, training, momentum or 0.0, self.eps)
