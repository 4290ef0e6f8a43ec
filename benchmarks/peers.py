"""The same MLP step in other frameworks, for whichever are installed: JAX (compiled) and HIPS autograd.

DeZero is not among them, for its last release needs a NumPy older than 1.24, nor is tinygrad, which needs clang to run.

Each function takes the batch and the first weights, a list of (W (in, out), b (out,)), and returns a step of plain gradient
descent on the mean cross-entropy, with a learning rate of 0.1. They import what they need when they are called.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray
Weights = list[tuple[Array, Array]]
LEARNING_RATE = 0.1


def jax(x: Array, y: Array, weights: Weights) -> Callable[[], Any]:
    """One compiled function for the whole step."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    def loss(weights: Any, x: Any, y: Any) -> Any:
        log_p = jax.nn.log_softmax(network(jnp.maximum, x, weights))
        return -jnp.mean(log_p[jnp.arange(len(y)), y])

    @jax.jit
    def updated(weights: Any, x: Any, y: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, x, y)
        return value, jax.tree.map(lambda w, g: w - LEARNING_RATE * g, weights, gradients)

    state = jax.tree.map(jnp.asarray, weights)
    inputs, labels = jnp.asarray(x), jnp.asarray(y)

    def step() -> None:
        nonlocal state
        value, state = updated(state, inputs, labels)
        value.block_until_ready()

    return step


def autograd(x: Array, y: Array, weights: Weights) -> Callable[[], Any]:
    """HIPS autograd, which traces NumPy's own functions."""
    import autograd
    import autograd.numpy as anp

    rows = np.arange(len(y))

    def loss(weights: Any) -> Any:
        z = network(anp.maximum, x, weights)
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - z[rows, y])

    gradient = autograd.value_and_grad(loss)

    def step() -> None:
        _, gradients = gradient(weights)
        for pair, changes in zip(weights, gradients, strict=True):
            for w, g in zip(pair, changes, strict=True):
                w -= LEARNING_RATE * g

    return step


def network(maximum: Callable[..., Any], x: Any, weights: Any) -> Any:
    """The logits of an MLP with relu."""
    for w, b in weights[:-1]:
        x = maximum(x @ w + b, 0)
    w, b = weights[-1]
    return x @ w + b


PEERS = {"jax": jax, "autograd": autograd}


def installed() -> dict[str, Callable[..., Callable[[], Any]]]:
    """Those that can be imported here."""
    return {name: make for name, make in PEERS.items() if importlib.util.find_spec(name) is not None}


def mlp_step(name: str, x: Array, y: Array, sizes: tuple[int, ...]) -> Callable[[], Any]:
    """A step of the MLP with these sizes in another framework, from the same random weights each time."""
    rng = np.random.default_rng(0)
    weights = []
    for inputs, outputs in pairwise(sizes):
        bound = 1 / np.sqrt(inputs)
        weights.append(
            (rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32), np.zeros(outputs, np.float32))
        )
    return PEERS[name](x, y, weights)
