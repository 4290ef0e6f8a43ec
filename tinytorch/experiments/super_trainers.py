"""Super-trainers: the ten images that teach most.

Nielsen's essay ends with the question whether some images train better than others. Ten digits, one of each kind, can be

    random       as in RMNIST/1: one draw after another, to see what luck does
    average      of each kind the image that is nearest to the mean of its kind
    chosen       for the nearest neighbour: starting from a random draw, one of the ten after another is replaced by whichever
                 image of its kind lets most of some thousand others be named rightly, until no replacement helps
    synthesised  drawn by gradient: a perceptron takes a few steps on ten images of noise, and what it then says to real
                 images has a derivative by every point of the ten, through all of its steps. So the images, and the size of the
                 steps, are learned, for students that begin with other weights each time. Maclaurin, Duvenaud and Adams (2015);
                 Wang et al. (2018), "Dataset distillation"

Two students learn from each ten: the nearest neighbour, and perceptrons that begin with weights nobody saw before. They are examined on
MNIST's test set. Images are chosen from the first 50,000 for training, and nothing else was looked at.
"""

from __future__ import annotations

import numpy as np

from tinytorch import datasets, viz
from tinytorch.autograd import grad, no_grad
from tinytorch.creation import default_generator, rand, randn, tensor
from tinytorch.experiments.charts import bar_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor

KINDS = ("random", "average", "chosen", "synthesised")
STUDENTS = {"neighbour": "nearest neighbour", "perceptron": "perceptron"}
DIGITS = np.arange(10)
HIDDEN = 100
RATE, PATIENCE = 0.1, 200  # of a perceptron that learns real images: the size of its steps, and their number
CLASSES_OF = 5  # perceptrons that are examined after each ten


def configs(candidates: int = 5000, judges: int = 10_000, outer_steps: int = 1500, exam: int = 10_000) -> list[Config]:
    """A run for each kind. candidates: to choose from; judges: to choose by; outer_steps: of the synthesis; exam: images."""
    size = {"candidates": candidates, "judges": judges, "outer_steps": outer_steps, "exam": exam}
    return [{"kind": kind, **size} for kind in KINDS]


def run(config: Config, seed: int) -> Values:
    """Make or find ten images, and examine both students."""
    train, test = datasets.mnist()
    x, y = (t.array[: datasets.RMNIST_END] for t in train.tensors)
    questions, answers = (t.array[: config["exam"]] for t in test.tensors)
    x, questions = x.reshape(len(x), -1), questions.reshape(len(questions), -1)
    shuffled = default_generator.numpy.permutation(len(y))
    x, y = x[shuffled], y[shuffled]

    rate, steps = RATE, PATIENCE
    if config["kind"] == "synthesised":
        ten, rate, steps = synthesise(x, y, config["outer_steps"])
    elif config["kind"] == "chosen":
        ten = choose(x, y, config["candidates"], config["judges"])
    else:
        ten = np.stack([pick(x[y == digit], config["kind"]) for digit in DIGITS])
    taught = [teach(tensor(ten), rate, steps) for _ in range(CLASSES_OF)]
    marks = [float((perceptron(w, tensor(questions)).array.argmax(1) == answers).mean()) for w in taught]
    return {
        "neighbour": float((nearest(ten, questions) == answers).mean()),
        "perceptron": float(np.mean(marks)),
        "images": ten.reshape(10, 28, 28).astype(np.float32),
        "rate": float(rate),
    }


# Real images


def pick(images: np.ndarray, kind: str) -> np.ndarray:
    """Of the images (N, 784) of one digit the first, which is random, or the one nearest to the mean of all."""
    if kind == "random":
        first: np.ndarray = images[0]
        return first
    closest: np.ndarray = images[((images - images.mean(0)) ** 2).sum(1).argmin()]
    return closest


def choose(x: np.ndarray, y: np.ndarray, candidates: int, judges: int) -> np.ndarray:
    """The images (10, 784) from which the nearest neighbour names most of the judges.

    With nine images fixed, each judge has a nearest one among them. A tenth wins the judges that are nearer to it, and loses
    the others. So all candidates of a digit are weighed at once.
    """
    pool, kinds = x[:candidates], y[:candidates]
    others, truth = x[candidates : candidates + judges], y[candidates : candidates + judges]
    distances = squared_distances(pool, others)  # (candidates, judges)
    places = [np.flatnonzero(kinds == digit) for digit in DIGITS]
    ten = np.array([place[0] for place in places])
    best, improved = -1, True
    while improved:
        improved = False
        for digit in DIGITS:
            rest = np.delete(DIGITS, digit)
            nine = distances[ten[rest]]
            border, said = nine.min(0), rest[nine.argmin(0)]
            wins = distances[places[digit]] < border  # (candidates of this digit, judges)
            right = np.where(wins, truth == digit, said == truth).sum(1)
            if right.max() > best:
                best, improved = int(right.max()), True
                ten[digit] = places[digit][right.argmax()]
    found: np.ndarray = pool[ten]
    return found


def nearest(ten: np.ndarray, questions: np.ndarray) -> np.ndarray:
    """The digits (N,) of the nearest of ten images."""
    digits: np.ndarray = squared_distances(ten, questions).argmin(0)
    return digits


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, D), (M, D) -> (N, M)."""
    distances: np.ndarray = (a**2).sum(1)[:, np.newaxis] - 2 * a @ b.T + (b**2).sum(1)
    return distances


# A student, and images that are made for it


def beginner() -> list[Tensor]:
    """The weights of a perceptron before it learns: those of 784-100-10, as He et al. (2015) draw them."""
    return [
        *(randn(HIDDEN, 784) * (2 / 784) ** 0.5, randn(HIDDEN) * 0),
        *(randn(10, HIDDEN) * (2 / HIDDEN) ** 0.5, randn(10) * 0),
    ]


def perceptron(weights: list[Tensor], x: Tensor) -> Tensor:
    """(N, 784) -> (N, 10)."""
    first, first_bias, second, second_bias = weights
    logits: Tensor = (x @ first.T + first_bias).relu() @ second.T + second_bias
    return logits


def teach(ten: Tensor, rate: float, steps: int) -> list[Tensor]:
    """A beginner's weights after so many steps of gradient descent on ten images."""
    weights = [w.requires_grad_() for w in beginner()]
    for _ in range(steps):
        slopes = grad(cross_entropy(perceptron(weights, ten), tensor(DIGITS)), weights)
        with no_grad():
            weights = [(w - rate * slope).requires_grad_() for w, slope in zip(weights, slopes, strict=True)]
    return [w.detach() for w in weights]


def synthesise(
    x: np.ndarray, y: np.ndarray, outer_steps: int, steps: int = 10, batch: int = 200
) -> tuple[np.ndarray, float, int]:
    """Ten images (10, 784), the size of a student's steps and their number, learned through the student's learning."""
    ten = rand(10, 784).requires_grad_()
    log_rate = tensor(float(np.log(0.05))).requires_grad_()
    optimizer = Adam([ten, log_rate], lr=0.01)
    for outer in range(outer_steps):
        weights = [w.requires_grad_() for w in beginner()]
        rate = log_rate.exp()
        for _ in range(steps):
            loss = cross_entropy(perceptron(weights, ten), tensor(DIGITS))
            slopes = grad(loss, weights, create_graph=True)
            weights = [w - rate * slope for w, slope in zip(weights, slopes, strict=True)]
        chosen = slice(outer * batch % (len(y) - batch + 1), None)
        images, labels = tensor(x[chosen][:batch]), tensor(y[chosen][:batch])
        optimizer.zero_grad()
        cross_entropy(perceptron(weights, images), labels).backward()
        optimizer.step()
    return ten.detach().array, float(log_rate.exp().item()), steps


def table(results: Results) -> list[Row]:
    """A row for each kind and student; what must hold is said of the gain over random images."""
    rows = [
        Row(f"{kind}, {called}", results.percent(student, kind=kind))
        for student, called in STUDENTS.items()
        for kind in KINDS
    ]
    return rows + [
        Row(
            f"gain of {kind}, {called}",
            gain(results, kind, student),
            must=(8.0, None) if must else None,
            unit=" points",
        )
        for kind, student, called, must in (
            ("average", "neighbour", "nearest neighbour", False),
            ("chosen", "neighbour", "nearest neighbour", True),
            ("synthesised", "perceptron", "perceptron", True),
        )
    ]


def gain(results: Results, kind: str, student: str) -> list[float]:
    """What ten images of a kind are better than the mean random ones, in points."""
    random = results.percent(student, kind="random")
    return [ours - float(np.mean(random)) for ours in results.percent(student, kind=kind)] if random else []


def picture(results: Results) -> list[Panel]:
    """What each ten is worth, and the images of the first seed."""
    bars = {
        f"{kind}, {called}": ours
        for kind in KINDS
        for student, called in STUDENTS.items()
        if (ours := results.percent(student, kind=kind))
    }
    panels: list[Panel] = [bar_chart("What ten images teach", "accuracy on the test set, %", bars)]
    for kind in KINDS:
        images = results.values("images", kind=kind)[0]
        panels.append(viz.samples(images, DIGITS, count=10, across=5, title=kind))
    return panels


STUDY = Study(
    name="super-trainers",
    question="Which ten images teach most?",
    source='Nielsen (2017), "Reduced MNIST: how well can machines learn from small data?", its last question',
    run=run,
    quick=Plan(configs(candidates=1000, judges=2000, outer_steps=300), seeds=2),
    full=Plan(configs(), seeds=5),
    table=table,
    picture=picture,
    needs=("mnist",),
)
