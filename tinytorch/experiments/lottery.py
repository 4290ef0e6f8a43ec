"""Lottery tickets: within a large network, small ones that learn better than all of it.

A perceptron with two hidden layers of 500 is trained, its smallest weights are taken out, and what is left goes back to the values
it began with, to be trained again; and so on, a hundredth of the weights at a time. When 92 % are gone, what is left learns better
than the whole did, and far better than as many weights chosen at random: it is a winning ticket (Frankle and Carbin, 2019).

Why? A ticket found on one set of signals is tried on a new one, as it is, and with what it may have learned about signals made
useless: points in another order, signals reversed, halves exchanged, other initial weights. And the weights of its first layer are
looked at: more often than by chance, two that are left read neighbouring points. It is as though it had become convolutional.

Two of the published notebook's figures do not belong together: its later run draws other initial weights for the ticket than those
it was found with, since its function for seeds no longer seeds PyTorch. Here everything has one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinytorch import datasets
from tinytorch.augmentation import ShuffleSpace
from tinytorch.autograd import no_grad
from tinytorch.creation import default_generator, manual_seed
from tinytorch.data import TensorDataset
from tinytorch.experiments.charts import line_chart
from tinytorch.experiments.face import Config, Panel, Plan, Results, Row, Study, Values
from tinytorch.experiments.mnist1d import Perceptron
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor
from tinytorch.training import evaluate

Masks = list[Tensor]  # one for each parameter: 1 where a weight is left, 0 where it is gone

ROUNDS = 100  # of pruning, from 0 to 100 %
LOOKS = 6  # at the test set, in the last third of a training
TICKET = 91  # the round after which the ticket is drawn: 92 % are gone
AT_RANDOM = (0, 10, 20, 30, 40, 50, 55, 60, 65, 70, 75, 80, 83, 86, 89, 91, 94, 97)  # rounds to be compared with chance
ORDERS: dict[str, Callable[[], np.ndarray]] = {  # of the points of new signals
    "plain": lambda: np.arange(40),
    "shuffled": lambda: np.random.RandomState(42).permutation(40),
    "reversed": lambda: np.arange(40)[::-1],
    "halves": lambda: np.r_[20:40, 0:20],
}


def configs(every: int = 1, hidden: int = 500, steps: int = 1501, new_steps: int = 6000) -> list[Config]:
    """For a trial: the search for a ticket, in rounds or in every so many of them; and what it is compared with."""
    common = {"hidden": hidden, "steps": steps}
    rounds = sorted({*range(0, ROUNDS - 1, every), TICKET})
    chosen = [i for i in AT_RANDOM if i in rounds]
    return [
        {"part": "lottery", "rounds": rounds, "new_steps": new_steps, **common},
        *({"part": "random", "round": i, **common} for i in chosen),
        *({"part": part, "hidden": hidden, "new_steps": new_steps} for part in ("new, dense", "new, random")),
    ]


def run(config: Config, seed: int) -> Values:
    """One part of a trial. All parts of one begin with the same initial weights."""
    model = Perceptron(config["hidden"])
    match config["part"]:
        case "lottery":
            return search(model, config, seed)
        case "random":
            masks = largest(noise_like(model), config["round"] / (ROUNDS - 1))
            return {"accuracy": train(model, masks, *datasets.mnist1d(), config["steps"])[0]}
        case "new, random":
            masks = largest(noise_like(model), TICKET / (ROUNDS - 1))
        case _:
            masks = largest(noise_like(model), 0.0)
    return {"accuracy": train_on_new(model, masks, "plain", config["new_steps"])}


def search(model: Perceptron, config: Config, seed: int) -> Values:
    """Prune round by round; then try the ticket on new signals."""
    rounds, steps, new_steps = config["rounds"], config["steps"], config["new_steps"]
    initial = {name: value.clone() for name, value in model.state_dict().items()}
    train_set, test_set = datasets.mnist1d()
    sizes = sizes_of(model)
    accuracies, ticket = [], largest(sizes, 0.0)
    for i in rounds:
        masks = largest(sizes, i / (ROUNDS - 1))
        if i == TICKET:
            ticket = masks
        model.load_state_dict(initial)
        accuracy, sizes = train(model, masks, train_set, test_set, steps)
        accuracies.append(accuracy)
    values: Values = {"rounds": np.array(rounds), "accuracies": np.array(accuracies), **adjacency(ticket[0].array)}

    for order in ORDERS:
        model.load_state_dict(initial)
        values[order] = train_on_new(model, ticket, order, new_steps)
    manual_seed(seed + 1_000_000)
    values["other weights"] = train_on_new(Perceptron(config["hidden"]), ticket, "plain", new_steps)
    return values


def train(
    model: Perceptron, masks: Masks, train_set: TensorDataset, test_set: TensorDataset, steps: int, batch: int = 100
) -> tuple[float, list[np.ndarray]]:
    """Train what is left of a model, by Adam on batches in a fixed order.

    Returns the accuracy on the test set, and how large each weight is. The accuracy is a mean over the last third of the steps: the
    rate never falls, and that of a single step moves by two points. The sizes are those with which this third begins, since the
    published search takes them from its last checkpoint.
    """
    x, y = train_set.tensors
    looks = np.linspace(2 * (steps - 1) // 3, steps - 1, LOOKS).astype(int).tolist()
    accuracies, sizes = [], sizes_of(model)
    take_out(model, masks)
    optimizer = Adam(model.parameters(), 0.02)
    for step in range(steps):
        first = step * batch % len(x)
        optimizer.zero_grad()
        cross_entropy(model(x[first : first + batch]), y[first : first + batch]).backward()
        optimizer.step()
        take_out(model, masks)
        if step in looks:
            accuracies.append(evaluate(model, test_set, batch_size=1000)["accuracy"])
        if step == looks[0]:
            sizes = sizes_of(model)
    return float(np.mean(accuracies)), sizes


def train_on_new(model: Perceptron, masks: Masks, order: str, steps: int) -> float:
    """The same on signals that no ticket was found on, their points in another order."""
    rearrange = ShuffleSpace(ORDERS[order]())
    train_set, test_set = (
        TensorDataset(rearrange(x), y) for x, y in (part.tensors for part in datasets.mnist1d(seed=43))
    )
    return train(model, masks, train_set, test_set, steps, batch=500)[0]


def take_out(model: Perceptron, masks: Masks) -> None:
    """Set the weights to zero that the masks do not leave."""
    with no_grad():
        for parameter, mask in zip(model.parameters(), masks, strict=True):
            parameter.mul_(mask)


def largest(scores: list[np.ndarray], sparsity: float) -> Masks:
    """Masks that take this fraction of the lowest scores out of each layer, whose weight and bias follow each other."""
    masks: Masks = []
    for weight, bias in zip(scores[::2], scores[1::2], strict=True):
        together = np.concatenate([weight.ravel(), bias])
        mask = np.ones(together.size, np.float32)
        mask[np.argsort(together, kind="stable")[: round(sparsity * together.size)]] = 0
        masks += Tensor(mask[: weight.size].reshape(weight.shape)), Tensor(mask[weight.size :])
    return masks


def sizes_of(model: Perceptron) -> list[np.ndarray]:
    """How large each weight is."""
    return [np.abs(parameter.array) for parameter in model.parameters()]


def noise_like(model: Perceptron) -> list[np.ndarray]:
    """A random score for each weight."""
    return [default_generator.numpy.random(parameter.shape) for parameter in model.parameters()]


def adjacency(mask: np.ndarray) -> Values:
    """How often neighbouring points are both read, over how often by chance: (units, points), 1 where a weight is left.

    By chance: if what is left lay anywhere; or, stricter, anywhere within its unit, since units differ in how much they keep.
    """
    both = (mask[:, :-1] * mask[:, 1:]).mean()
    kept, points = mask.sum(1), mask.shape[1]
    within_units = (kept * (kept - 1) / (points * (points - 1))).mean()
    return {
        "adjacency": float(both / max(mask.mean() ** 2, 1e-12)),
        "adjacency_within_units": float(both / max(within_units, 1e-12)),
    }


def table(results: Results) -> list[Row]:
    """The ticket against all weights and against chance, what it can do on new signals, and what it looks like."""
    found = accuracy_by_round(results)
    chance = {i: results.percent("accuracy", part="random", round=i) for i in results.settings("round")}
    dense, ticket = found.get(0, []), found.get(TICKET, [])
    compared = [i for i in chance if 49 <= i <= 97 and found.get(i) and chance[i]]
    ahead = {i: [a - b for a, b in zip(found[i], chance[i], strict=False)] for i in compared}
    least = min(ahead.values(), key=lambda values: sum(values) / len(values), default=[])
    new = [
        ("ticket", "plain", "70.5"),
        ("ticket, other initial weights", "other weights", "67"),
        ("ticket, shuffled signals", "shuffled", "63"),
        ("ticket, reversed signals", "reversed", "62 to 64"),
        ("ticket, halves exchanged", "halves", "61 to 62"),
    ]
    return [
        Row("all weights", dense, "60 to 64"),
        Row("ticket, 92 % gone", ticket, "74 to 76"),
        Row("by chance, 92 % gone", chance.get(TICKET, []), "61 to 62"),
        Row("ticket over all weights", differences(ticket, dense), "12", (8, None), unit=" points"),
        Row("ticket over chance, least of 50 to 98 % gone", least, "3", (0, None), unit=" points"),
        *(
            Row(f"new signals, {what}", results.percent(name, part="lottery"), published)
            for what, name, published in new
        ),
        Row("new signals, all weights", results.percent("accuracy", part="new, dense"), "64"),
        Row("new signals, by chance", results.percent("accuracy", part="new, random"), "58"),
        Row(
            "neighbours read, over chance", results.values("adjacency", part="lottery"), "1.19", (1.1, None), ".2f", ""
        ),
        Row(
            "... over chance within units",
            results.values("adjacency_within_units", part="lottery"),
            "",
            None,
            ".2f",
            "",
        ),
    ]


def differences(values: Sequence[float], others: Sequence[float]) -> list[float]:
    """Pair by pair."""
    return [a - b for a, b in zip(values, others, strict=False)]


def accuracy_by_round(results: Results) -> dict[int, list[float]]:
    """Round of the search -> accuracy in percent, one for each trial."""
    by_round: dict[int, list[float]] = {}
    for result in results.where(part="lottery"):
        for i, accuracy in zip(result.values["rounds"], result.values["accuracies"], strict=True):
            by_round.setdefault(int(i), []).append(100 * float(accuracy))
    return by_round


def picture(results: Results) -> list[Panel]:
    """Accuracy against sparsity."""
    gone = {i: round(100 * i / (ROUNDS - 1), 1) for i in range(ROUNDS)}
    curves = {
        "lottery": {gone[i]: values for i, values in accuracy_by_round(results).items()},
        "by chance": {gone[i]: results.percent("accuracy", part="random", round=i) for i in results.settings("round")},
    }
    return [line_chart("what is left, trained", "weights gone, %", "test accuracy, %", curves)]


STUDY = Study(
    name="lottery",
    question="Is there a small network within a large one that learns better, and what does it know?",
    source='Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D", section on lottery tickets',
    run=run,
    quick=Plan(configs(every=10, hidden=250, steps=750, new_steps=400), seeds=1),
    full=Plan(configs(), seeds=2),
    table=table,
    picture=picture,
)
