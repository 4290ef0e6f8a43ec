"""An activation function that is itself learned, by gradient descent through a whole training.

A network with one hidden layer takes 301 steps of RMSprop. Its activation is ELU plus a fifth of what a small network of its own makes
of each number: 1-100-1, applied to every unit of every example. The mean loss over the last 200 steps has a derivative by
the weights of that small network, and they take a step of gradient descent; and so on.

The graph of such a training would take 15 gigabytes. So only the state of each step is kept, a few thousand numbers. The way back makes
the graph of one step at a time from its state, asks it what the gradients of what it returns say about what it was given, and
throws it away. It costs one more way forth; that is called checkpointing, and here it is a dozen lines.

The publication takes 301 such steps and arrives at a loss of 0.88 and a test accuracy of 68 %. Here ten must do: an hour's wait shows
that it falls, and how fast at first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tinytorch import datasets
from tinytorch.autograd import grad, no_grad
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.experiments.metalearn_lr import drawn_as_pytorch_does
from tinytorch.functional import elu
from tinytorch.losses import cross_entropy
from tinytorch.tensor import Tensor

BATCH, COUNTED = 100, 200  # examples of a step; the last so many losses count
RATE, MEMORY, EPSILON = 0.01, 0.4, 1e-8  # of RMSprop
OUTER_RATE, LARGEST = 0.3, 0.1  # of the descent on the activation, whose slopes are cut off
NOISE = 0.1
SHOWN = np.linspace(-5, 5, 101, dtype=np.float32)  # where the activation is looked at

Weights = list[Tensor]


class State(NamedTuple):
    """What a step of training is given, and what it leaves: the weights, and the running mean of each slope's square."""

    weights: Weights
    squares: Weights


def configs(outer_steps: int, hidden: int = 128, inner_steps: int = 301) -> list[Config]:
    """One run."""
    return [{"outer_steps": outer_steps, "hidden": hidden, "inner_steps": inner_steps}]


def run(config: Config, seed: int) -> Values:
    """Learn the activation; each training begins with the same weights, those of the seed."""
    train, test = (part.tensors for part in datasets.mnist1d(num_samples=10_000))
    signals, labels = train[0].flatten(1), train[1]
    drawn = drawn_as_pytorch_does(seed, [(1, 100), (100, 1), (40, config["hidden"]), (config["hidden"], 10)])
    activation, weights = drawn[:4], drawn[4:]

    losses, accuracies, shapes = [], [], [shape_of(activation)]
    for outer in range(config["outer_steps"]):
        batches = [batch(signals, labels, step) for step in range(config["inner_steps"])]
        noises = [(seed, outer, step) for step in range(config["inner_steps"])]
        loss, slopes, trained = through_training(activation, weights, batches, noises)
        losses.append(loss)
        accuracies.append(accuracy(trained, activation, *test))
        with no_grad():
            activation = [a - OUTER_RATE * s.clamp(-LARGEST, LARGEST) for a, s in zip(activation, slopes, strict=True)]
        shapes.append(shape_of(activation))
    return {
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "first_accuracy": accuracies[0],
        "last_accuracy": accuracies[-1],
        "losses": np.array(losses),
        "accuracies": np.array(accuracies),
        "shapes": np.array(shapes),
    }


def batch(signals: Tensor, labels: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """What a step looks at, in a fixed order."""
    first = step * BATCH % len(signals)
    return signals[first : first + BATCH], labels[first : first + BATCH]


def logits(weights: Weights, activation: Weights, x: Tensor, noise: np.random.Generator | None = None) -> Tensor:
    """A network of one hidden layer with the learned activation, (N, 40) -> (N, 10); what is hidden is noisy in training."""
    first, first_bias, second, second_bias = weights
    y: Tensor = noisy(activated(x @ first.T + first_bias, activation, noise), noise) @ second.T + second_bias
    return y


def activated(x: Tensor, activation: Weights, noise: np.random.Generator | None = None) -> Tensor:
    """ELU, and a fifth of what the activation's own network makes of each number."""
    first, first_bias, second, second_bias = activation
    hidden = noisy((x.reshape(-1, 1) @ first.T + first_bias).tanh(), noise)
    y: Tensor = elu(x) + 0.2 * (hidden @ second.T + second_bias).reshape(x.shape)
    return y


def noisy(x: Tensor, noise: np.random.Generator | None) -> Tensor:
    """Each number moved by up to a tenth."""
    if noise is None:
        return x
    moves = NOISE * (2 * noise.random(x.shape, dtype=np.float32) - 1)
    y: Tensor = x + Tensor(moves)
    return y


def step(
    state: State, activation: Weights, examples: tuple[Tensor, Tensor], noise: Sequence[int], create_graph: bool
) -> tuple[Tensor, State]:
    """The loss, and the state after a step of RMSprop; with `create_graph`, as a function that can be differentiated."""
    x, labels = examples
    loss = cross_entropy(logits(state.weights, activation, x, np.random.default_rng(noise)), labels)
    slopes = grad(loss, state.weights, create_graph=create_graph)
    squares = [MEMORY * q + (1 - MEMORY) * s * s for q, s in zip(state.squares, slopes, strict=True)]
    weights = [w - RATE * s / (q.sqrt() + EPSILON) for w, s, q in zip(state.weights, slopes, squares, strict=True)]
    return loss, State(weights, squares)


def through_training(
    activation: Weights, weights: Weights, batches: Sequence[tuple[Tensor, Tensor]], noises: Sequence[Sequence[int]]
) -> tuple[float, Weights, Weights]:
    """Train; return the mean of the losses that count, its gradient by the activation, and the trained weights.

    batches, noises: for each step what it looks at, and the seed of its noise.
    """
    states = [State([leaf(w) for w in weights], [leaf(w * 0 + 1) for w in weights])]
    losses = []
    for examples, noise in zip(batches, noises, strict=True):
        loss, after = step(states[-1], activation, examples, noise, create_graph=False)
        losses.append(loss.item())
        states.append(State([leaf(w) for w in after.weights], [leaf(q) for q in after.squares]))
    trained = states.pop().weights

    counted = min(COUNTED, len(losses))
    activation = [leaf(a) for a in activation]
    total = [a.detach() * 0 for a in activation]
    arriving = [w.detach() * 0 for w in (*weights, *weights)]  # the gradient by what the last step left
    for i in reversed(range(len(losses))):
        loss, after = step(states[i], activation, batches[i], noises[i], create_graph=True)
        weight = (loss.detach() * 0 + 1) / counted if i >= len(losses) - counted else loss.detach() * 0
        given = [*states[i].weights, *states[i].squares, *activation]
        gradients = grad([loss, *after.weights, *after.squares], given, [weight, *arriving])
        arriving = [*gradients[: len(arriving)]]
        total = [t + g for t, g in zip(total, gradients[len(arriving) :], strict=True)]
    return float(np.mean(losses[-counted:])), total, trained


def leaf(x: Tensor) -> Tensor:
    """The numbers of a Tensor, from which a graph can begin."""
    return x.detach().requires_grad_()


def accuracy(weights: Weights, activation: Weights, x: Tensor, labels: Tensor) -> float:
    """The fraction of signals that are told right, without noise."""
    with no_grad():
        told = [
            logits(weights, activation, x[i : i + BATCH].flatten(1)).array.argmax(1) for i in range(0, len(x), BATCH)
        ]
    return float((np.concatenate(told) == labels.array).mean())


def shape_of(activation: Weights) -> np.ndarray:
    """The activation at some places."""
    with no_grad():
        return activated(Tensor(SHOWN), activation).array.copy()


def table(results: Results) -> list[Row]:
    """The loss and the test accuracy of the first training, and of the last."""
    fall = [a - b for a, b in zip(results.values("first_loss"), results.values("last_loss"), strict=True)]
    return [
        Row("loss, at first", results.values("first_loss"), "1.352", (1.33, 1.37), ".3f", ""),
        Row("loss, at last", results.values("last_loss"), "0.884 after 301 steps", None, ".3f", ""),
        Row("loss, how far it fell", fall, "0.468 after 301 steps", (0.001, None), ".3f", ""),
        Row("test accuracy, at first", results.percent("first_accuracy"), "48.6"),
        Row("test accuracy, at last", results.percent("last_accuracy"), "68 after 301 steps"),
    ]


def picture(results: Results) -> list[Panel]:
    """The loss over the outer steps, and the activation as it was and as it became, of the first seed."""
    losses = zip(*results.values("losses"), strict=True)
    first, *_, final = results[0].values["shapes"]
    shapes = {
        name: {round(float(x), 1): [float(y)] for x, y in zip(SHOWN, shape, strict=True)}
        for name, shape in (("at first", first), ("at last", final))
    }
    return [
        line_chart("as it is learned", "outer step", "mean loss", {"loss": {i: [*v] for i, v in enumerate(losses)}}),
        line_chart("the activation", "x", "activation", shapes),
    ]


STUDY = Study(
    name="metalearn-activation",
    question="Can gradient descent find a better activation function than those in use?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", section on metalearning',
    run=run,
    quick=Plan(configs(outer_steps=4, hidden=32), seeds=1),
    full=Plan(configs(outer_steps=10), seeds=1),
    table=table,
    picture=picture,
)
