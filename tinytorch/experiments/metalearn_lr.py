"""A learning rate that is itself learned, by gradient descent through a whole training.

A small network takes 200 steps of gradient descent. All of it is one expression: the parameters after a step are a function of
those before it and of the learning rate. So the mean loss over the 200 steps has a derivative by the learning rate, and
backpropagation finds it, by going back through every step, and through the gradient that each step was made of. That takes second
derivatives, which is what `create_graph=True` is for. Then the learning rate takes a step of gradient descent of its own.

From far too large and from far too small it finds the same value. With the initial weights of the publication that is 0.62; with
others, drawn in the same way, it finds others, between 0.55 and 0.65 mostly. PyTorch drew the published ones, from seed 0; its
generator is the Mersenne Twister that NumPy has too, so that they can be drawn again.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinytorch import datasets
from tinytorch.autograd import grad
from tinytorch.creation import tensor
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.losses import cross_entropy
from tinytorch.tensor import Tensor

STARTS = (1.5, 0.15)
OUTER_RATE = 0.3  # at which the learning rate is learned
BATCH = 50


def configs(outer_steps: int, inner_steps: int = 200) -> list[Config]:
    """A run from each start."""
    return [{"start": start, "outer_steps": outer_steps, "inner_steps": inner_steps} for start in STARTS]


def run(config: Config, seed: int) -> Values:
    """Learn the learning rate; each training begins with the same weights, those of the seed."""
    train, _ = datasets.mnist1d()
    signals, labels = train.tensors
    signals = signals.flatten(1)
    weights = drawn_as_pytorch_does(seed, [(40, 50), (50, 10)])

    rate = tensor(config["start"])
    rates, losses = [rate.item()], []
    for _ in range(config["outer_steps"]):
        rate.requires_grad_()
        loss = unrolled_training(weights, rate, signals, labels, config["inner_steps"])
        (slope,) = grad(loss, [rate])
        rate = rate.detach() - OUTER_RATE * slope
        rates.append(rate.item())
        losses.append(loss.item())
    return {"rate": rates[-1], "loss": losses[-1], "rates": np.array(rates), "losses": np.array(losses)}


def drawn_as_pytorch_does(seed: int, layers: Sequence[tuple[int, int]]) -> list[Tensor]:
    """The weights and biases of linear layers of so many inputs and outputs, as PyTorch draws them after manual_seed(seed), but for rounding.

    They are uniform in +-1 / sqrt(inputs); each takes the lower 24 bits of a draw.
    """
    draws = np.random.RandomState(seed)
    weights = []
    for inputs, outputs in layers:
        for shape in ((outputs, inputs), (outputs,)):
            bits = draws.randint(0, 1 << 32, shape, dtype=np.uint32) & 0xFFFFFF
            weights.append(tensor((bits / 2**23 - 1).astype(np.float32) / np.float32(np.sqrt(inputs))))
    return weights


def unrolled_training(weights: Sequence[Tensor], rate: Tensor, signals: Tensor, labels: Tensor, steps: int) -> Tensor:
    """The mean loss over a training, as a differentiable function of its learning rate.

    There is no optimizer: it would change the weights in place. Here each step makes new ones, and the graph keeps them all.
    """
    weights = [weight.clone().requires_grad_() for weight in weights]
    total = tensor(0.0)
    for step in range(steps):
        first = step * BATCH % len(signals)
        loss = cross_entropy(logits(weights, signals[first : first + BATCH]), labels[first : first + BATCH])
        slopes = grad(loss, weights, create_graph=True)
        weights = [weight - rate * slope for weight, slope in zip(weights, slopes, strict=True)]
        total = total + loss
    return total / steps


def logits(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """A network of one hidden layer, (N, 40) -> (N, 10)."""
    first, first_bias, second, second_bias = weights
    y: Tensor = (x @ first.T + first_bias).tanh() @ second.T + second_bias
    return y


def table(results: Results) -> list[Row]:
    """Where the learning rate and the loss arrive, from each start; with the published initial weights, and with others."""
    rates, others, losses = [], [], []
    for start, published in zip(STARTS, ("0.624", "0.620"), strict=True):
        found = results.where(start=start)
        first, later = (Results(r for r in found if (r.run.seed == 0) is chosen) for chosen in (True, False))
        rates.append(Row(f"learning rate, from {start}", first.values("rate"), published, (0.61, 0.63), ".3f", ""))
        others.append(Row(f"... other initial weights, from {start}", later.values("rate"), "", None, ".3f", ""))
        losses.append(Row(f"mean loss, from {start}", first.values("loss"), "1.716", (1.706, 1.726), ".3f", ""))
    return rates + losses + others


def picture(results: Results) -> list[Panel]:
    """The learning rate and the mean loss over the outer steps."""
    return [
        line_chart(title, "outer step", label, {f"from {start}": over_steps(results, name, start) for start in STARTS})
        for title, label, name in (
            ("as it is learned", "learning rate", "rates"),
            ("what it is learned from", "mean loss of the training", "losses"),
        )
    ]


def over_steps(results: Results, name: str, start: float) -> dict[float, list[float]]:
    """Outer step -> learning rate or loss, one for each seed."""
    traces = zip(*results.values(name, start=start), strict=True)
    return {step: [float(value) for value in values] for step, values in enumerate(traces)}


STUDY = Study(
    name="metalearn-lr",
    question="Can gradient descent find the learning rate of gradient descent?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", section on metalearning',
    run=run,
    quick=Plan(configs(outer_steps=20), seeds=1),
    full=Plan(configs(outer_steps=50), seeds=3),
    table=table,
    picture=picture,
)
