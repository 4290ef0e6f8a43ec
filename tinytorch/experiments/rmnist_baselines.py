"""RMNIST: how far one gets without convolution, from one, five or ten images of each digit.

Nielsen's essay "Reduced MNIST" asks how well machines learn from little data, and begins with methods from a library. Here they are
written out: the nearest neighbour, softmax regression, support vector machines, a perceptron of two hidden layers. The tree and the
forest are scikit-learn's, and appear where that is installed.

The nearest neighbour is a matter of whole numbers: it must name the same images as the essay's, to the last one. With one image for each
digit both support vector machines say the same as the nearest neighbour: of two images, the middle between them is the border.

Accuracy is that on MNIST's training images 50,000 to 59,999, as in the essay.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np

from tinytorch import datasets
from tinytorch.creation import tensor
from tinytorch.data import TensorDataset
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Range, Results, Row, Study, Values
from tinytorch.layers import Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam

SIZES = (1, 5, 10)
METHODS = {  # what it is called, the published figures for 1, 5, 10 images of each digit, and how near ours must be
    "neighbour": ("nearest neighbour", (41.85, 65.08, 70.14), 0.001),
    "softmax": ("softmax regression", (None, None, None), None),
    "linear": ("linear SVM", (41.85, 69.43, 75.09), 0.2),
    "rbf": ("SVM with Gaussian kernel", (41.85, 69.73, 75.46), 0.2),
    "perceptron": ("perceptron 500-100", (42.00, 69.47, 75.33), 1.5),
    "tree": ("decision tree (scikit-learn)", (16.13, 34.09, 41.09), None),
    "forest": ("random forest (scikit-learn)", (41.56, 65.70, 72.87), None),
}
BORROWED = ("tree", "forest")


def configs(
    methods: tuple[str, ...] = tuple(METHODS), sizes: tuple[int, ...] = SIZES, whole: bool = True
) -> list[Config]:
    """A run for each method and number of images; whole: and the nearest neighbour among all 50,000."""
    here = [method for method in methods if method not in BORROWED or find_spec("sklearn")]
    runs: list[Config] = [{"method": method, "n": n} for method in here for n in sizes]
    return [*runs, {"method": "neighbour", "n": 0}] if whole else runs


def run(config: Config, seed: int) -> Values:
    """Learn from a few images, and name 10,000 others."""
    x, y, others, truth = examples(config["n"])
    answers = {
        "neighbour": nearest_neighbour,
        "softmax": softmax_regression,
        "linear": lambda *data: support_vectors(*data, cost=0.1, width=None),
        "rbf": lambda *data: support_vectors(*data, cost=1000.0, width=1 / 784),
        "perceptron": perceptron,
        "tree": lambda *data: borrowed("tree", seed, *data),
        "forest": lambda *data: borrowed("forest", seed, *data),
    }[config["method"]](x, y, others)
    return {"accuracy": float((answers == truth).mean())}


def examples(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (N, 784) and labels (N,) to learn from and to name: RMNIST/n of the essay's table, or all 50,000 for n = 0.

    White is 255/256, as it was for the essay.
    """
    if n:
        train, others = datasets.rmnist(n)
    else:
        everything, _ = datasets.mnist()
        train, others = (
            TensorDataset(*(t[part] for t in everything.tensors))
            for part in (slice(datasets.RMNIST_END), slice(datasets.RMNIST_END, None))
        )
    x, y, z, truth = (t.array for t in (*train.tensors, *others.tensors))
    return x.reshape(len(x), -1) * np.float32(255 / 256), y, z.reshape(len(z), -1) * np.float32(255 / 256), truth


# The methods: images (N, 784), their labels, and others (M, 784) -> labels for these


def nearest_neighbour(x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The label of the image at the least distance, the first of several.

    |a - b|^2 is |a|^2 - 2 ab + |b|^2, of which |b|^2 is the same for all. In grey levels all of these are whole numbers,
    which float64 holds exactly.
    """
    levels = np.rint(256 * x.astype(np.float64))
    squares = (levels**2).sum(1)
    nearest = [
        (squares - 2 * (np.rint(256 * part.astype(np.float64)) @ levels.T)).argmin(1)
        for part in np.array_split(others, max(1, len(others) // 250))
    ]
    labels: np.ndarray = y[np.concatenate(nearest)]
    return labels


def softmax_regression(x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """One linear layer, trained on all images at once."""
    return trained(Linear(784, 10), x, y, others, steps=200, decay=0.01)


def perceptron(x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Two hidden layers and a penalty on weights, which scikit-learn, that the essay used, divides by the batch."""
    model = Sequential(Linear(784, 500), ReLU(), Linear(500, 100), ReLU(), Linear(100, 10))
    return trained(model, x, y, others, steps=200, decay=1 / len(x))


def trained(model: Module, x: np.ndarray, y: np.ndarray, others: np.ndarray, *, steps: int, decay: float) -> np.ndarray:
    """Train a network by Adam, all images in every step, and ask it. decay: of the weights, not of the biases."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": decay}, {"params": biases}]
    optimizer = Adam(groups, lr=0.001)
    images, labels = tensor(x), tensor(y)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        optimizer.step()
    answers: np.ndarray = model(tensor(others)).array.argmax(1)
    return answers


def support_vectors(
    x: np.ndarray, y: np.ndarray, others: np.ndarray, *, cost: float, width: float | None
) -> np.ndarray:
    """A machine for each pair of classes; the class that wins most pairs is the answer, the first of several.

    width: of the kernel exp(-width |a - b|^2); None for the plain product.
    """
    among, across = kernel(x, x, width), kernel(others, x, width)
    votes = np.zeros((len(others), 10), np.int64)
    for first, second in combinations(range(10), 2):
        chosen = np.flatnonzero((y == first) | (y == second))
        sign = np.where(y[chosen] == first, 1.0, -1.0)
        alpha, offset = maximal_margin(among[np.ix_(chosen, chosen)], sign, cost)
        side = across[:, chosen] @ (alpha * sign) + offset
        np.add.at(votes, (np.arange(len(others)), np.where(side > 0, first, second)), 1)
    answers: np.ndarray = votes.argmax(1)
    return answers


def kernel(a: np.ndarray, b: np.ndarray, width: float | None) -> np.ndarray:
    """How alike each of a is to each of b: (N, 784), (M, 784) -> (N, M)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    product: np.ndarray = a @ b.T
    if width is None:
        return product
    distances = (a**2).sum(1)[:, np.newaxis] - 2 * product + (b**2).sum(1)
    alike: np.ndarray = np.exp(-width * distances)
    return alike


def maximal_margin(
    likeness: np.ndarray, sign: np.ndarray, cost: float, tolerance: float = 1e-5
) -> tuple[np.ndarray, float]:
    """The support vector machine of two classes: weights (N,) from 0 to `cost`, and an offset.

    The dual problem is solved two weights at a time, the pair that violates the conditions of an optimum most: Platt (1998),
    "Sequential minimal optimization"; Keerthi et al. (2001) for the choice of the pair.
    """
    alpha = np.zeros(len(sign))
    gradient = -np.ones(len(sign))  # of the dual by alpha
    signed = likeness * np.outer(sign, sign)
    while True:
        slope = -sign * gradient
        up = np.where((alpha < cost) & (sign > 0) | (alpha > 0) & (sign < 0), slope, -np.inf)
        down = np.where((alpha < cost) & (sign < 0) | (alpha > 0) & (sign > 0), slope, np.inf)
        i, j = int(up.argmax()), int(down.argmin())
        if up[i] - down[j] < tolerance:
            break
        # alpha[i] moves by sign[i] * step and alpha[j] by -sign[j] * step, as far as both may
        curvature = max(likeness[i, i] + likeness[j, j] - 2 * likeness[i, j], 1e-12)
        room_i = cost - alpha[i] if sign[i] > 0 else alpha[i]
        room_j = alpha[j] if sign[j] > 0 else cost - alpha[j]
        step = min((up[i] - down[j]) / curvature, room_i, room_j)
        alpha[i] += sign[i] * step
        alpha[j] -= sign[j] * step
        gradient += signed[i] * sign[i] * step - signed[j] * sign[j] * step
    return alpha, float(up[i] + down[j]) / 2


def borrowed(method: str, seed: int, x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The methods that scikit-learn has to provide, with the settings of the essay."""
    model: Any
    if method == "tree":
        model = import_module("sklearn.tree").DecisionTreeClassifier(random_state=seed)
    else:
        forest = import_module("sklearn.ensemble").RandomForestClassifier
        model = forest(500, max_depth=10, max_features=1, random_state=seed)
    answers: np.ndarray = model.fit(x, y).predict(others)
    return answers


def table(results: Results) -> list[Row]:
    """A row for each method and number of images."""
    rows = []
    for method, (what, published, near) in METHODS.items():
        for n, figure in zip(SIZES, published, strict=True):
            must: Range | None = None if near is None or figure is None else (figure - near, figure + near)
            ours = results.percent("accuracy", method=method, n=n)
            rows.append(Row(f"{what}, RMNIST/{n}", ours, "" if figure is None else f"{figure:.2f}", must, ".2f"))
    whole = results.percent("accuracy", method="neighbour", n=0)
    return [*rows, Row("nearest neighbour, all of MNIST", whole, "97.12", (97.119, 97.121), ".2f")]


def picture(results: Results) -> list[Panel]:
    """Accuracy over the number of images of each digit."""
    curves = {
        what: {float(n): ours for n in SIZES if (ours := results.percent("accuracy", method=method, n=n))}
        for method, (what, _, _) in METHODS.items()
    }
    kept = {name: curve for name, curve in curves.items() if curve}
    return [line_chart("RMNIST without convolution", "images of each digit", "accuracy, %", kept, log=True)]


STUDY = Study(
    name="rmnist-baselines",
    question="How well do methods that know nothing of images learn digits from 10, 50 or 100 of them?",
    source='Nielsen (2017), "Reduced MNIST: how well can machines learn from small data?", the table of baselines',
    run=run,
    quick=Plan(configs(whole=False), seeds=1),
    full=Plan(configs(), seeds=3),
    table=table,
    picture=picture,
    needs=("mnist",),
)
