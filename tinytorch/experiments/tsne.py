"""Maps of data sets: MNIST falls into ten clusters, MNIST-1D does not.

A map puts every example into the plane. Principal components (PCA) keep what varies most, and are a linear view. t-SNE keeps neighbours:
it makes a probability for each pair of examples, large where they are near, and moves the points of the map until the same
probabilities, made of their distances with a heavier tail, agree.

How well a map shows the classes is said by one number: how often an example's ten neighbours on the map have its label most often. On
MNIST most do. On MNIST-1D, whose signals are rolled and stretched, pixel by pixel the nearest are often of another class, so a map has
nothing to show, while a network with convolutions learns it well: it is not a harder data set, but one where distance says little.
"""

from __future__ import annotations

import numpy as np

from tinytorch import datasets, viz
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values

SETS = {"mnist": "MNIST", "mnist1d": "MNIST-1D"}
METHODS = {"pca": "PCA", "tsne": "t-SNE"}
PERPLEXITY = 30.0  # how many neighbours count, about
NEIGHBOURS = 10  # that are asked how well a map shows the classes
EXAGGERATION, EARLY = 12.0, 250  # of the probabilities, in so many first steps
TINY = 1e-12
MUST = {("tsne", "mnist"): (88.0, None), ("tsne", "mnist1d"): (None, 60.0)}


def configs(examples: int, steps: int) -> list[Config]:
    """A run for each data set. steps: of t-SNE, after 250 in which clusters form, or after as many again if they are fewer."""
    return [{"data": data, "examples": examples, "steps": steps} for data in SETS]


def run(config: Config, seed: int) -> Values:
    """Draw examples, make both maps, and see how well each shows the classes."""
    train, _ = datasets.load(config["data"])
    x, y = (t.array for t in train.tensors)
    chosen = np.random.default_rng(seed).permutation(len(y))[: config["examples"]]
    x, y = x[chosen].reshape(len(chosen), -1).astype(np.float64), y[chosen]
    flat = pca(x, 2)
    found = tsne(x, config["steps"])
    return {
        **{"pca": agreement(flat, y), "tsne": agreement(found, y), "pixels": agreement(x, y)},
        **{"pca_map": flat, "tsne_map": found, "labels": y},
    }


def pca(x: np.ndarray, dimensions: int) -> np.ndarray:
    """The coordinates (N, dimensions) of examples (N, D) along the directions in which they vary most.

    Each direction has a sign of its own choice: here its largest coordinate is positive.
    """
    centred = x - x.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    kept = directions[:dimensions]
    sign = np.sign(kept[np.arange(dimensions), np.abs(kept).argmax(1)])
    coordinates: np.ndarray = centred @ (kept * sign[:, np.newaxis]).T
    return coordinates


def tsne(x: np.ndarray, steps: int, perplexity: float = PERPLEXITY) -> np.ndarray:
    """A map (N, 2) of examples (N, D), by exact t-SNE that begins at their principal components.

    van der Maaten and Hinton (2008), "Visualizing data using t-SNE", with the step sizes of Jacobs (1988) as there; the
    beginning and the learning rate are Kobak and Berens' (2019).
    """
    likely = neighbour_probabilities(x, perplexity)
    y = pca(x, 2)
    y *= 1e-4 / y[:, 0].std()
    early = min(EARLY, steps)
    rate = max(len(x) / EXAGGERATION, 50.0)
    velocity, gain = np.zeros_like(y), np.ones_like(y)
    for step in range(early + steps):
        slope = gradient(likely * (EXAGGERATION if step < early else 1.0), y)
        gain = np.where(np.sign(slope) != np.sign(velocity), gain + 0.2, np.maximum(0.8 * gain, 0.01))
        velocity = (0.5 if step < early else 0.8) * velocity - rate * gain * slope
        y = y + velocity
    return y


def neighbour_probabilities(x: np.ndarray, perplexity: float) -> np.ndarray:
    """(N, N): how likely each pair is picked, which sums to 1.

    Each example picks others with a Gaussian around it that is as wide as it takes for so many to have a fair chance: its
    entropy is the logarithm of the perplexity. The width is found for all examples at once, by halving.
    """
    distances = squared_distances(x)
    np.fill_diagonal(distances, np.inf)  # nobody picks itself
    distances -= distances.min(1, keepdims=True)
    low, high = np.zeros(len(x)), np.full(len(x), np.inf)
    precision = 1 / np.sort(distances, 1)[:, min(len(x) - 2, int(perplexity))].clip(TINY)
    for _ in range(60):
        picks = np.exp(-distances * precision[:, np.newaxis])
        total = picks.sum(1)
        mean = np.where(np.isfinite(distances), distances, 0.0)
        entropy = np.log(total) + precision * (picks * mean).sum(1) / total
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), 2 * precision, (low + high) / 2)
    picks /= total[:, np.newaxis]
    likely: np.ndarray = (picks + picks.T) / (2 * len(x))
    return likely


def gradient(likely: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N, 2): how the divergence of the map's probabilities from the likely ones changes with each point.

    Equation 5 of the paper: 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + |y_i - y_j|^2).
    """
    near = 1 / (1 + squared_distances(y))
    np.fill_diagonal(near, 0)
    pull = (likely - near / near.sum()) * near
    slope: np.ndarray = 4 * (pull.sum(1)[:, np.newaxis] * y - pull @ y)
    return slope


def divergence(likely: np.ndarray, y: np.ndarray) -> float:
    """Kullback and Leibler's: what `gradient` is the gradient of."""
    near = 1 / (1 + squared_distances(y))
    np.fill_diagonal(near, 0)
    return float((likely * np.log((likely + TINY) / (near / near.sum() + TINY))).sum())


def squared_distances(x: np.ndarray) -> np.ndarray:
    """(N, D) -> (N, N)."""
    squares = (x**2).sum(1)
    distances: np.ndarray = squares[:, np.newaxis] - 2 * x @ x.T + squares
    return distances.clip(0)


def agreement(points: np.ndarray, labels: np.ndarray) -> float:
    """How often the label that is most frequent among an example's nearest others is its own."""
    distances = squared_distances(points)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]]
    votes = (nearest[:, :, np.newaxis] == np.arange(10)).sum(1)
    return float((votes.argmax(1) == labels).mean())


def table(results: Results) -> list[Row]:
    """How well each map shows the classes, and how well the examples themselves do."""
    rows = [
        Row(f"{name} of {SETS[data]}", results.percent(method, data=data), must=MUST.get((method, data)))
        for data in SETS
        for method, name in METHODS.items()
    ]
    return rows + [Row(f"{SETS[data]} without a map", results.percent("pixels", data=data)) for data in SETS]


def picture(results: Results) -> list[Panel]:
    """The maps of the first seed; each example is drawn as its label."""
    panels: list[Panel] = []
    for data, called in SETS.items():
        for method, name in METHODS.items():
            first = results.where(data=data)[0].values
            panels.append(viz.scatter(first[f"{method}_map"], first["labels"], title=f"{name} of {called}"))
    return panels


STUDY = Study(
    name="tsne",
    question="Do the classes of MNIST and of MNIST-1D lie apart?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", figure 3: clusters on MNIST, none on MNIST-1D',
    run=run,
    quick=Plan(configs(examples=1000, steps=250), seeds=1),
    full=Plan(configs(examples=2000, steps=500), seeds=3),
    table=table,
    picture=picture,
    needs=("mnist",),
)
