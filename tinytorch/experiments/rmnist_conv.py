"""RMNIST: convolutional networks that learn from one, five or ten images of each digit.

First the network of Nielsen's essay, trained as he did: by plain gradient descent on batches of ten that are drawn once, at a learning
rate that falls by a fifth every ten epochs. Then on more images, made of the few: each shifted by up to one or two cells along both axes,
turned, or changed in brightness and contrast with a little noise.

Then what is usual by now: three convolutions with batch normalisation, AdamW with a learning rate of one cycle, and fresh distortions for
every batch, affine ones alone or with elastic ones. A handwritten digit drawn on rubber stays that digit: with one image of each digit this
is worth ten points. An ensemble adds what its members say.

All learn from the images behind the essay's figures. Accuracy is that on MNIST's training images 50,000 to 59,999. From one image of each
digit, it moves by four points from seed to seed, so what counts is the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinytorch import datasets
from tinytorch.augmentation import (
    RandomAffine,
    RandomDistortion,
    RandomElastic,
    RandomIntensity,
    RandomNoise,
    expanded,
    with_all_shifts,
)
from tinytorch.conv import Conv2d
from tinytorch.creation import randint, tensor
from tinytorch.data import Compose, DataLoader, Normalize, TensorDataset
from tinytorch.experiments.charts import bar_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.layers import Flatten, Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import SGD, AdamW, one_cycle
from tinytorch.pooling import MaxPool2d
from tinytorch.regularization import BatchNorm2d, Dropout, Dropout2d
from tinytorch.tensor import Tensor
from tinytorch.training import fit, training_mode

EPOCHS = {1: 500, 5: 400, 10: 200}  # of the essay's training, by the number of images of each digit
STEPS = {1: 400, 5: 800, 10: 1000}  # of the one with fresh distortions
BATCH = 50
CONTRAST = Normalize(0.1, 0.25)  # of grey levels: the essay's scale

MORE: dict[str, Callable[[TensorDataset], TensorDataset]] = {  # training sets that are made of few images
    "plain": lambda few: few,
    "shift 1": lambda few: with_all_shifts(few, 1),
    "shift 2": lambda few: with_all_shifts(few, 2),
    "jitter": lambda few: expanded(few, Compose([RandomIntensity(0.2, 0.1), RandomNoise(0.05)]), 8),
    "turned": lambda few: expanded(few, RandomAffine(degrees=15), 8),
}
AFFINE = RandomAffine(degrees=15, scale=0.15, shear=0.2, shift=2.5)
FRESH: dict[str, Callable[[Tensor], Tensor] | None] = {  # distortions, anew for each batch
    "modern, plain": None,
    "modern, affine": AFFINE,
    "modern, elastic": RandomDistortion(AFFINE, RandomElastic()),
}
ROWS = {  # training and images of each digit: what was published, and what the mean of five seeds must reach
    ("plain", 1): ("56.91 (one run)", 48),
    ("plain", 5): ("76.65", 75),
    ("plain", 10): ("86.53", 85),
    ("shift 1", 1): ("55.25 (one run)", 50),
    ("shift 1", 5): ("84.38", 83),
    ("shift 1", 10): ("92.07", 91),
    ("shift 2", 1): ("about 60", None),
    ("jitter", 10): ("", None),
    ("turned", 10): ("", None),
    ("modern, plain", 10): ("", None),
    ("modern, affine", 1): ("", None),
    ("modern, affine", 10): ("", None),
    ("modern, elastic", 1): ("", 68),
    ("modern, elastic", 5): ("", 93.5),
    ("modern, elastic", 10): ("", 96.5),
}
ENSEMBLES = (1, 5, 10)


def configs(
    rows: tuple[tuple[str, int], ...] = tuple(ROWS), share: float = 1.0, whole: float = 15, batch: int = 100
) -> list[Config]:
    """A run for each training. share: of the published epochs or steps. whole: epochs on all 50,000, none if 0."""
    runs: list[Config] = [{"training": training, "n": n, "share": share} for training, n in rows]
    return runs + [{"training": "all of MNIST", "epochs": whole, "batch": batch}] * bool(whole)


def essay_network() -> Module:
    """(N, 1, 28, 28) -> (N, 10)."""
    return Sequential(
        *(Conv2d(1, 10, 5), MaxPool2d(2), ReLU(), Conv2d(10, 20, 5), Dropout2d(0.5), MaxPool2d(2), ReLU()),
        *(Flatten(), Linear(320, 50), ReLU(), Dropout(0.5), Linear(50, 10)),
    )


def modern_network() -> Module:
    """(N, 1, 28, 28) -> (N, 10)."""
    return Sequential(
        *(Conv2d(1, 24, 5, padding=2), BatchNorm2d(24), ReLU(), MaxPool2d(2)),
        *(Conv2d(24, 48, 5, padding=2), BatchNorm2d(48), ReLU(), MaxPool2d(2)),
        *(Conv2d(48, 48, 3, padding=1), BatchNorm2d(48), ReLU(), MaxPool2d(2)),
        *(Flatten(), Linear(432, 150), ReLU(), Dropout(0.4), Linear(150, 10)),
    )


def run(config: Config, seed: int) -> Values:
    """Train one network; all say how sure they are, from which an ensemble is made."""
    if config["training"] == "all of MNIST":
        return learn_everything(config["epochs"], config["batch"])
    train, others = datasets.rmnist(config["n"], draw="figure")
    learn = learn_modern if config["training"] in FRESH else learn_as_in_the_essay
    model = learn(train, config["training"], config["n"], config["share"])
    sureness = probabilities(model, others.tensors[0])
    return {"accuracy": accuracy(sureness, others), "sureness": sureness.astype(np.float16)}


def learn_as_in_the_essay(few: TensorDataset, training: str, n: int, share: float) -> Module:
    """Batches of ten, drawn once and taken in the same order in all epochs."""
    x, y = MORE[training](few).tensors
    order = np.random.default_rng(int(randint(0, 2**31, (1,)).item())).permutation(len(y))
    train = TensorDataset(CONTRAST(tensor(x.array[order])), tensor(y.array[order]))
    model, epochs = essay_network(), max(1, round(share * EPOCHS[n]))
    steps = -(-len(y) // 10)
    optimizer = SGD(model.parameters(), lambda step: 0.1 * 0.8 ** (step // steps // 10 + 1))
    fit(model, DataLoader(train, 10), epochs=epochs, optimizer=optimizer, progress=False)
    return model


def learn_modern(few: TensorDataset, training: str, n: int, share: float) -> Module:
    """Each step on a batch of images drawn from the few, and distorted."""
    x, y = few.tensors
    distort = FRESH[training]
    model, steps = modern_network(), max(1, round(share * STEPS[n]))
    optimizer = AdamW(model.parameters(), one_cycle(0.002, steps))
    with training_mode(model, True):
        for _ in range(steps):
            chosen = randint(0, len(y), (BATCH,))
            images = x[chosen] if distort is None else distort(x[chosen])
            optimizer.zero_grad()
            cross_entropy(model(CONTRAST(images)), y[chosen]).backward()
            optimizer.step()
    return model


def learn_everything(epochs: float, batch: int) -> Values:
    """The essay's network on MNIST's first 50,000 images, by AdamW, and its accuracy on the test set as well.

    epochs: may be a part of one.
    """
    everything, test = datasets.mnist()
    x, y = everything.tensors
    end = datasets.RMNIST_END
    first, others = TensorDataset(CONTRAST(x[:end]), y[:end]), TensorDataset(x[end:], y[end:])
    if epochs < 1:
        first, epochs = TensorDataset(*(t[: round(end * epochs)] for t in first.tensors)), 1
    model, steps = essay_network(), int(epochs) * -(-len(first) // batch)
    optimizer = AdamW(model.parameters(), one_cycle(0.004, steps), weight_decay=0.01)
    fit(model, first, epochs=int(epochs), optimizer=optimizer, batch_size=batch, progress=False)
    return {
        "accuracy": accuracy(probabilities(model, others.tensors[0]), others),
        "test_accuracy": accuracy(probabilities(model, test.tensors[0]), test),
    }


def probabilities(model: Module, images: Tensor) -> np.ndarray:
    """(N, 10): how sure a network is of each digit."""
    with training_mode(model, False):
        parts = [model(CONTRAST(images[i : i + 500])).softmax(-1).array for i in range(0, len(images), 500)]
    return np.concatenate(parts)


def accuracy(sureness: np.ndarray, others: TensorDataset) -> float:
    """The fraction of images of which a network is surest of what they are."""
    return float((sureness.argmax(1) == others.tensors[1].array).mean())


def ensemble(results: Results, n: int) -> list[float]:
    """Accuracy, in percent, of what the networks of all seeds say together: one number, none for less than two networks.

    What the images are follows from one network's answers and its accuracy only with the images: they are read again.
    """
    members = results.values("sureness", training="modern, elastic", n=n)
    if len(members) < 2:
        return []
    _, others = datasets.rmnist(n, draw="figure")
    return [100 * accuracy(np.mean([m.astype(np.float32) for m in members], axis=0), others)]


def table(results: Results) -> list[Row]:
    """A row for each training and number of images, for the ensembles, and for all of MNIST."""
    rows = [
        Row(f"{training}, RMNIST/{n}", results.percent("accuracy", training=training, n=n), published, least(bar))
        for (training, n), (published, bar) in ROWS.items()
    ]
    rows += [Row(f"ensemble of all seeds, RMNIST/{n}", ensemble(results, n)) for n in ENSEMBLES]
    whole = results.where(training="all of MNIST")
    return [
        *rows,
        Row("the essay's network, all of MNIST", whole.percent("accuracy"), "99.11", (98.9, None), ".2f"),
        Row("the same, on the test set", whole.percent("test_accuracy"), form=".2f"),
    ]


def least(bar: float | None) -> tuple[float | None, float | None] | None:
    """What must be reached."""
    return None if bar is None else (bar, None)


def picture(results: Results) -> list[Panel]:
    """A bar for each training."""
    bars = {
        f"{training}, {n} of each": ours
        for training, n in ROWS
        if (ours := results.percent("accuracy", training=training, n=n))
    }
    return [bar_chart("RMNIST: convolutional networks", "accuracy, %", bars, size=(7.0, 5.0))]


STUDY = Study(
    name="rmnist-conv",
    question="How well do convolutional networks learn digits from 10, 50 or 100 images, and the same distorted?",
    source='Nielsen (2017), "Reduced MNIST: how well can machines learn from small data?"; distortions after Simard et al. (2003)',
    run=run,
    quick=Plan(
        configs((("plain", 1), ("plain", 10), ("shift 1", 1), ("modern, elastic", 1)), share=0.3, whole=0), seeds=1
    ),
    full=Plan(configs(), seeds=5),
    table=table,
    picture=picture,
    needs=("mnist",),
)
