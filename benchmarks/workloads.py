"""The networks that students train, written once and run on tinytorch and on PyTorch alike.

Each workload is a whole training step: forward, loss, backward and update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import handwritten


class Workload(NamedTuple):
    """A network, what goes into it, its optimizer, and the ratios to stay under."""

    name: str
    network: Callable[[Any], Any]
    shape: tuple[int, ...]  # of a batch
    optimizer: Callable[[Any, Any], Any]
    by_hand: Callable[[], Any] | None
    of_torch: float
    of_hand: float | None
    sizes: tuple[int, ...] | None = None  # of an MLP that other frameworks train as well


def sgd(t: Any, parameters: Any) -> Any:
    """Plain gradient descent."""
    return t.optim.SGD(parameters, lr=0.1)


def adam(t: Any, parameters: Any) -> Any:
    """Adam as the MNIST-1D experiments use it."""
    return t.optim.Adam(parameters, lr=0.01)


def mlp(t: Any) -> Any:
    """64-32-10."""
    n = t.nn
    return n.Sequential(n.Linear(64, 32), n.ReLU(), n.Linear(32, 10))


def mnist_mlp(t: Any) -> Any:
    """784-128-64-10."""
    n = t.nn
    return n.Sequential(n.Linear(784, 128), n.ReLU(), n.Linear(128, 64), n.ReLU(), n.Linear(64, 10))


def signal_cnn(t: Any) -> Any:
    """The MNIST-1D network: 1-25 k5, 25-25 k3, 25-25 k3, stride 2, padding 1, then 125-10."""
    n = t.nn
    return n.Sequential(
        *(n.Conv1d(1, 25, 5, stride=2, padding=1), n.ReLU()),
        *(n.Conv1d(25, 25, 3, stride=2, padding=1), n.ReLU()),
        *(n.Conv1d(25, 25, 3, stride=2, padding=1), n.ReLU()),
        *(n.Flatten(), n.Linear(125, 10)),
    )


def digit_cnn(t: Any) -> Any:
    """The TinyDigits network: 1-8 k3, pool, 8-16 k3, pool, then 64-10."""
    n = t.nn
    return n.Sequential(
        *(n.Conv2d(1, 8, 3, padding=1), n.ReLU(), n.MaxPool2d(2)),
        *(n.Conv2d(8, 16, 3, padding=1), n.ReLU(), n.MaxPool2d(2)),
        *(n.Flatten(), n.Linear(64, 10)),
    )


def lenet(t: Any) -> Any:
    """LeNet-5 with relu and max pooling, on 28 x 28."""
    n = t.nn
    return n.Sequential(
        *(n.Conv2d(1, 6, 5, padding=2), n.ReLU(), n.MaxPool2d(2)),
        *(n.Conv2d(6, 16, 5), n.ReLU(), n.MaxPool2d(2)),
        *(n.Flatten(), n.Linear(400, 120), n.ReLU(), n.Linear(120, 84), n.ReLU(), n.Linear(84, 10)),
    )


def color_cnn(t: Any) -> Any:
    """3-32-64 k3 with pooling, on 32 x 32."""
    n = t.nn
    return n.Sequential(
        *(n.Conv2d(3, 32, 3, padding=1), n.ReLU(), n.MaxPool2d(2)),
        *(n.Conv2d(32, 64, 3, padding=1), n.ReLU(), n.MaxPool2d(2)),
        *(n.Flatten(), n.Linear(4096, 10)),
    )


def signal_gru(t: Any) -> Any:
    """A GRU that reads 40 steps in both directions, hidden 6, all outputs to 10 classes."""

    class Reader(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = t.nn.GRU(1, 6, batch_first=True, bidirectional=True)
            self.out = t.nn.Linear(480, 10)

        def forward(self, x: Any) -> Any:
            states, _ = self.gru(x)
            return self.out(states.flatten(1))

    return Reader()


WORKLOADS = [
    Workload("MLP 64-32-10, SGD", mlp, (32, 64), sgd, handwritten.MLP, 0.43, 1.35, (64, 32, 10)),
    Workload("MLP 64-32-10, Adam", mlp, (32, 64), adam, None, 0.35, None),
    Workload("MLP 784-128-64-10, Adam", mnist_mlp, (64, 784), adam, None, 0.8, None),
    Workload("MNIST-1D CNN, Adam", signal_cnn, (100, 1, 40), adam, handwritten.SignalCNN, 0.45, 1.2),
    Workload("TinyDigits CNN, SGD", digit_cnn, (32, 1, 8, 8), sgd, handwritten.ImageCNN, 0.40, 1.25),
    Workload("GRU 40 steps, Adam", signal_gru, (100, 40, 1), adam, None, 0.4, None),
    Workload("LeNet-5, SGD", lenet, (64, 1, 28, 28), sgd, None, 1.1, None),
    Workload("CNN 3-32-64 on 32x32, SGD", color_cnn, (64, 3, 32, 32), sgd, None, 1.15, None),
]


def training_step(t: Any, workload: Workload) -> Callable[[], Any]:
    """One training step in a framework, on the same random batch each time."""
    t.manual_seed(0)
    model = workload.network(t)
    optimizer = workload.optimizer(t, model.parameters())
    x, y = (t.tensor(a) for a in batch(workload))

    def step() -> None:
        optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    return step


def by_hand(workload: Workload) -> Callable[[], Any] | None:
    """The same step by hand, where there is one."""
    if workload.by_hand is None:
        return None
    x, y = batch(workload)
    network = workload.by_hand()
    return lambda: network.step(x, y)


def batch(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and labels."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(workload.shape, dtype=np.float32), rng.integers(0, 10, workload.shape[0])
