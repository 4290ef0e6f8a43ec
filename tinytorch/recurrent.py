"""12 Recurrent networks: a GRU, which reads a sequence step by step and decides what to keep.

All steps of a layer, in both directions, are one op: what does not depend on the step before is computed for the whole
sequence at once, and each step is left with one product and a few operations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch import functional as F
from tinytorch import init
from tinytorch.creation import empty, zeros
from tinytorch.dtypes import Device
from tinytorch.layers import Module, Parameter
from tinytorch.ops import Rule, differentiable_once
from tinytorch.regularization import dropout
from tinytorch.tensor import Tensor, apply


def by_direction(x: np.ndarray, directions: int) -> np.ndarray:
    """(T, N, D F) -> (T, D, F, N) in the order in which each direction reads: the second one from the end."""
    steps, batch, features = x.shape
    y = x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)
    return y if directions == 1 else np.stack([y[:, 0], y[::-1, 1]], axis=1)


def side_by_side(y: np.ndarray) -> np.ndarray:
    """(T, D, F, N) in the order of reading -> (T, N, D F) in the order of time."""
    in_time = y[:, 0] if y.shape[1] == 1 else np.concatenate([y[:, 0], y[::-1, 1]], axis=1)
    return in_time.swapaxes(1, 2)


@differentiable_once
def gru(x: np.ndarray, start: np.ndarray, *weights: np.ndarray) -> Rule:
    """The states of a gated recurrent unit after every step of a sequence.

    x (T, N, in), start (D, N, H), then for each of D directions weight_ih (3H, in), weight_hh (3H, H), bias_ih (3H,),
    bias_hh (3H,), with the gates in the order reset, update, new -> (T, N, D H). Cho et al. (2014), equations 5 to 8, with
    the reset gate after the product, as in cuDNN and PyTorch:

        r, z = sigmoid(W x + b + U h + c),  n = tanh(W_n x + b_n + r (U_n h + c_n)),  h' = (1 - z) n + z h

    The batch is last in memory, (T, D, features, N), so that every gate of a step is one run of numbers.
    """
    weight_ih, weight_hh, bias_ih, bias_hh = (np.stack(weights[i::4]) for i in range(4))
    directions, _, hidden = weight_hh.shape
    steps, batch, _ = x.shape
    columns = x.swapaxes(1, 2)
    read = np.stack([columns, columns[::-1]][:directions], axis=1)  # (T, D, in, N), as each direction reads it

    gates = weight_ih @ read + bias_ih[:, :, None]  # (T, D, 3H, N): at first what the input says, then r, z, n
    both, r, z, n = (gates[:, :, part] for part in parts_of(hidden))
    bias = bias_hh[:, :, None]
    candidate = np.empty(n.shape, x.dtype)
    states = np.empty((steps + 1, *n.shape[1:]), x.dtype)
    states[0] = start.swapaxes(1, 2)
    for t in range(steps):
        from_state = weight_hh @ states[t] + bias
        both[t] = 0.5 * (1 + np.tanh(0.5 * (both[t] + from_state[:, : 2 * hidden])))
        candidate[t] = from_state[:, 2 * hidden :]
        n[t] = np.tanh(n[t] + r[t] * candidate[t])
        states[t + 1] = n[t] + z[t] * (states[t] - n[t])

    def pullback(g: np.ndarray, wanted: Sequence[bool]) -> tuple[Any, ...]:
        arriving = by_direction(g, directions)
        to_new = (1 - z) * (1 - n * n)
        slopes = np.empty((*gates.shape[:2], 3, *n.shape[2:]), x.dtype)  # of the gates' recurrent sums, (T, D, 3, H, N)
        slopes[:, :, 0] = to_new * candidate * r * (1 - r)
        slopes[:, :, 1] = (states[:-1] - n) * z * (1 - z)
        slopes[:, :, 2] = to_new * r
        at_gates, back = np.empty(gates.shape, x.dtype), weight_hh.swapaxes(1, 2)
        at_each, at_state = at_gates.reshape(slopes.shape), np.empty(n.shape, x.dtype)
        dh = np.zeros(n.shape[1:], x.dtype)
        for t in reversed(range(steps)):
            at_state[t] = dh = dh + arriving[t]
            at_each[t] = dh[:, None] * slopes[t]
            dh = dh * z[t] + back @ at_gates[t]
        rows = by_feature(at_gates)
        dweight_hh, dbias_hh = rows @ by_feature(states[:-1]).swapaxes(1, 2), rows.sum(2)
        at_each[:, :, 2] = at_state * to_new  # the reset gate is not on the way to the input
        rows = by_feature(at_gates)
        dweight_ih, dbias_ih = rows @ by_feature(read).swapaxes(1, 2), rows.sum(2)
        dx = None
        if wanted[0]:
            from_each = (weight_ih.swapaxes(1, 2) @ at_gates).swapaxes(2, 3)
            dx = from_each[:, 0] if directions == 1 else from_each[:, 0] + from_each[::-1, 1]
        of_weights = zip(dweight_ih, dweight_hh, dbias_ih, dbias_hh, strict=True)
        return dx, dh.swapaxes(1, 2), *(gradient for direction in of_weights for gradient in direction)

    return side_by_side(states[1:]), pullback


def parts_of(hidden: int) -> list[slice]:
    """Where the reset and update gates together, each of them, and the new state stand among 3H rows."""
    return [slice(0, 2 * hidden), *(slice(i * hidden, (i + 1) * hidden) for i in range(3))]


def by_feature(x: np.ndarray) -> np.ndarray:
    """(T, D, F, N) -> (D, F, T N): all steps of all examples in one row for each feature."""
    steps, directions, features, batch = x.shape
    return x.transpose(1, 2, 0, 3).reshape(directions, features, steps * batch)


class GRU(Module):
    """Gated recurrent units, in layers, in one direction or both; names, shapes and formulas as PyTorch's; see `gru`.

    Input (T, N, input_size), or (N, T, input_size) with batch_first, or (T, input_size) for one sequence; h_0
    (num_layers D, N, hidden_size), zeros by default -> (output, h_n): all states of the last layer, (T, N, D hidden_size),
    and the last state of every layer and direction in the shape of h_0. Weights and biases are uniform in
    +-1 / sqrt(hidden_size) at first. Raises ValueError for sizes below 1 and for a dropout outside of [0, 1], RuntimeError
    for inputs of other shapes.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        if min(input_size, hidden_size, num_layers) < 1:
            raise ValueError(
                f"GRU expects sizes and layers of at least 1, got {input_size}, {hidden_size}, {num_layers}"
            )
        if not 0 <= dropout <= 1:
            raise ValueError(f"GRU expects a dropout from 0 to 1, got {dropout}")
        self.input_size, self.hidden_size, self.num_layers, self.bias = input_size, hidden_size, num_layers, bias
        self.batch_first, self.dropout, self.bidirectional = batch_first, dropout, bidirectional
        gates = 3 * hidden_size
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else hidden_size * self._directions
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (gates, inputs), "weight_hh": (gates, hidden_size)}
            shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)} if bias else {}
            for suffix in self._suffixes(layer):
                for name, shape in shapes.items():
                    setattr(self, name + suffix, Parameter(empty(shape, dtype=dtype)))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 1 + self.bidirectional

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    def reset_parameters(self) -> None:
        """Draw new weights, as PyTorch does."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do: PyTorch's scripts call it to bring the weights together in a GPU's memory."""

    def _weights(self, layer: int, like: Tensor) -> list[Any]:
        """The inputs of `gru` for a layer; without biases, zeros."""
        none = np.zeros(3 * self.hidden_size, like.dtype)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [getattr(self, name + suffix, none) for suffix in self._suffixes(layer) for name in names]

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The states after every step, and the last ones."""
        F.check_input("GRU", input, next(self.parameters()))
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"GRU expects sequences of {self.input_size} features, got an input of shape {input.shape}"
            )
        single = input.ndim == 2
        x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
        steps, batch, _ = x.shape
        if not steps:
            raise RuntimeError(f"GRU expects sequences of at least one step, got an input of shape {input.shape}")
        states = (self.num_layers * self._directions, batch, self.hidden_size)
        expected = (states[0], states[2]) if single else states
        if hx is not None:
            F.check_input("GRU", hx, next(self.parameters()))
        if hx is not None and hx.shape != expected:
            raise RuntimeError(
                f"GRU expects a first state of shape {expected} for an input of shape {input.shape}, got {hx.shape}"
            )
        output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
        if single:
            return output.squeeze(1), last.squeeze(1)
        return output.transpose(0, 1) if self.batch_first else output, last

    def _layers(self, x: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        """x (T, N, in), start (num_layers D, N, H) -> (T, N, D H), (num_layers D, N, H)."""
        directions, hidden = self._directions, self.hidden_size
        last = []
        for layer in range(self.num_layers):
            if layer:
                x = dropout(x, self.dropout, self.training)
            x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
            last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
        return x, F.stack(last)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        options = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}
        changed = [f"{name}={getattr(self, name)}" for name, usual in options.items() if getattr(self, name) != usual]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *changed])
