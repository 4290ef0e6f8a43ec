"""RMNIST: features that were learned elsewhere, and a small head that learns digits from a few images.

Nielsen's essay borrows the features of a large network that had learned a thousand classes of photographs. Here a small network learns
something else first, its last layer is taken off, and what remains is frozen: 150 features for each image. What it learns first is

    letters   to tell 242 handwritten letters of many alphabets apart, of 20 writers each, distorted anew in every batch. It sees no
              digit; but o, l, z and S look like some. Lake, Salakhutdinov and Tenenbaum (2015), the Omniglot data set, MIT licence
    turns     by how many quarters a digit was turned, for digits of MNIST whose labels it is not shown. Gidaris et al. (2018)
    nothing   its weights are as they were drawn: what the architecture alone is worth

Then a softmax regression learns the digits from the features, or the nearest neighbour by angle names them. The images are those behind the
essay's table of baselines, and accuracy is that on MNIST's training images 50,000 to 59,999.

The letters are used where somebody put omniglot-small-28.npz into a folder of data: "x" (N, 28, 28) in bytes, "y" (N,), classes from 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinytorch import datasets, downloads
from tinytorch.augmentation import RandomAffine
from tinytorch.creation import default_generator, tensor
from tinytorch.data import Normalize
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.experiments.rmnist_conv import modern_network
from tinytorch.layers import Linear, Module, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam, AdamW, one_cycle
from tinytorch.tensor import Tensor
from tinytorch.training import training_mode

LETTERS = "omniglot-small-28.npz"
SIZES = (1, 5, 10)
BATCH = 64
STEPS = 4_000  # of 1,600 and 4,000, by letters of writers that were left out: 87.7 and 91.0 % by their nearest
CONTRAST = Normalize(0.1, 0.25)
DISTORT = RandomAffine(degrees=15, scale=0.15, shear=0.2, shift=2.5)
FIRST = {"letters": "letters", "turns": "turns of digits", "nothing": "nothing"}  # what is learned first
HEADS = {"softmax": "softmax regression", "angle": "nearest neighbour by angle"}
PHOTOGRAPHS = {1: 51.01, 5: 72.81, 10: 82.95}  # the essay's, with the features of a ResNet-18
MUST = {1: 75.0, 5: 91.0, 10: 93.0}  # with letters and softmax regression


def configs(steps: int) -> list[Config]:
    """A run for each that is learned first; steps: of this."""
    return [{"first": first, "steps": steps} for first in FIRST if first != "letters" or letters_file()]


def letters_file() -> str | None:
    """Where the letters are, None where they are not."""
    places = [folder / LETTERS for folder in downloads.folders()]
    return next((str(place) for place in places if place.is_file()), None)


def run(config: Config, seed: int) -> Values:
    """Learn the features, then from few digits both heads."""
    found: Values = {}
    body = Sequential(*[*modern_network().children()][:-1])
    if config["first"] == "letters":
        found["letters_accuracy"] = learn(body, *letters(), steps=config["steps"])
    elif config["first"] == "turns":
        found["turns_accuracy"] = learn(body, *unlabelled_digits(), steps=config["steps"], turned=True)
    for n in SIZES:
        few, others = datasets.rmnist(n)
        (x, y), (z, truth) = few.tensors, others.tensors
        known, asked = features(body, x), features(body, z)
        for head, name_them in (("softmax", softmax_regression), ("angle", nearest_by_angle)):
            found[f"{head}_{n}"] = float((name_them(known, y.array, asked) == truth.array).mean())
    return found


# What is learned first


def letters() -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 1, 28, 28) from 0, paper, to 1, and their classes (N,)."""
    with np.load(str(letters_file()), allow_pickle=False) as content:
        return (content["x"][:, np.newaxis] / 255).astype(np.float32), content["y"].astype(np.int64)


def unlabelled_digits() -> tuple[np.ndarray, np.ndarray]:
    """MNIST's first 50,000 images, without what they are: all of one class."""
    train, _ = datasets.mnist()
    images = train.tensors[0].array[: datasets.RMNIST_END]
    return images, np.zeros(len(images), np.int64)


def learn(body: Sequential, x: np.ndarray, y: np.ndarray, *, steps: int, turned: bool = False) -> float:
    """Train the body with a last layer of its own on distorted images, and return the accuracy of the last tenth of the steps.

    turned: not the class has to be told, but by how many quarters an image was turned.
    """
    classes = 4 if turned else int(y.max()) + 1
    model = Sequential(body, Linear(150, classes))
    optimizer = AdamW(model.parameters(), one_cycle(0.002, steps))
    right = []
    with training_mode(model, True):
        for chosen in batches(len(y), steps):
            images, labels = x[chosen], y[chosen]
            if turned:
                images, labels = quarter_turns(images)
            logits = model(CONTRAST(DISTORT(tensor(images))))
            optimizer.zero_grad()
            cross_entropy(logits, tensor(labels)).backward()
            optimizer.step()
            right.append(float((logits.array.argmax(1) == labels).mean()))
    return float(np.mean(right[-max(1, steps // 10) :]))


def batches(n: int, steps: int) -> Iterator[np.ndarray]:
    """So many batches of indices: all examples in random order, then in another."""
    waiting = np.empty(0, np.int64)
    for _ in range(steps):
        if len(waiting) < min(BATCH, n):
            waiting = np.concatenate([waiting, default_generator.numpy.permutation(n)])
        yield waiting[:BATCH]
        waiting = waiting[BATCH:]


def quarter_turns(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each image (N, C, H, H), turned by a number of quarters of its own, and these numbers (N,)."""
    turns = default_generator.numpy.integers(0, 4, len(images))
    turned = [np.rot90(image, turn, axes=(1, 2)) for image, turn in zip(images, turns, strict=True)]
    return np.stack(turned), turns.astype(np.int64)


def features(body: Module, images: Tensor) -> np.ndarray:
    """(N, 150): what a frozen body makes of images."""
    with training_mode(body, False):
        parts = [body(CONTRAST(images[i : i + 500])).array for i in range(0, len(images), 500)]
    return np.concatenate(parts)


# Heads: features (N, D), their digits (N,), and the features of others (M, D) -> digits for these


def softmax_regression(x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """One layer on features of the same mean size, trained on all at once, with a penalty that counts as one example."""
    scale = 1 / np.sqrt((x**2).mean())
    head, examples, labels = Linear(x.shape[1], 10), tensor(x * scale), tensor(y)
    optimizer = Adam(head.parameters(), lr=0.01, weight_decay=1 / len(y))
    for _ in range(300):
        optimizer.zero_grad()
        cross_entropy(head(examples), labels).backward()
        optimizer.step()
    digits: np.ndarray = head(tensor(others * scale)).array.argmax(1)
    return digits


def nearest_by_angle(x: np.ndarray, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The digit of the features at the least angle."""
    lengths = np.linalg.norm(x, axis=1)
    digits: np.ndarray = y[(others @ (x / np.maximum(lengths, 1e-9)[:, np.newaxis]).T).argmax(1)]
    return digits


def table(results: Results) -> list[Row]:
    """A row for each that is learned first, each head, and each number of images."""
    return [
        Row(
            f"{what}, {called}, RMNIST/{n}",
            results.percent(f"{head}_{n}", first=first),
            f"{PHOTOGRAPHS[n]} (photographs)" if first == "letters" else "",
            (MUST[n], None) if (first, head) == ("letters", "softmax") else None,
        )
        for first, what in FIRST.items()
        for head, called in HEADS.items()
        for n in SIZES
    ]


def picture(results: Results) -> list[Panel]:
    """Accuracy over the number of images of each digit, for each head."""
    learned = [first for first in FIRST if results.where(first=first)]
    return [
        line_chart(
            called,
            "images of each digit",
            "accuracy, %",
            {FIRST[f]: {float(n): results.percent(f"{head}_{n}", first=f) for n in SIZES} for f in learned},
            log=True,
        )
        for head, called in HEADS.items()
    ]


STUDY = Study(
    name="rmnist-transfer",
    question="How well are digits learned from 10, 50 or 100 images with features that were learned elsewhere?",
    source='Nielsen (2017), "Reduced MNIST: how well can machines learn from small data?", the columns of ResNet-18',
    run=run,
    quick=Plan(configs(steps=150), seeds=1),
    full=Plan(configs(steps=STEPS), seeds=3),
    table=table,
    picture=picture,
    needs=("mnist",),
)
