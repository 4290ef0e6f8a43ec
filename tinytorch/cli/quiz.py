"""`tinytorch quiz`: shows signals of MNIST-1D in the terminal, takes guesses, and sets the score beside the networks'.

It goes through the test set from the front and never shows a signal twice; the answers are kept in a file. So a few sittings give a
human baseline.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch import downloads, text
from tinytorch._files import atomic_write
from tinytorch.cli import CommandError
from tinytorch.cli.demo import count

if TYPE_CHECKING:
    import numpy as np

Answer = dict[str, int]  # which signal of the test set, the guess and the truth

OTHERS = [  # published, on the test set
    ("a person", 95.8),
    ("convolutional network", 94),
    ("recurrent network (GRU)", 91),
    ("perceptron", 68),
    ("logistic regression", 32),
    ("chance", 10),
]
HELP = "a digit from 0 to 9, ? for the ten shapes, q to stop"


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(
        name,
        help=summary,
        description="Name signals of MNIST-1D, which networks were tested on, and see how you compare. Each shape, 0 to 9, "
        "was padded, stretched, rolled around its circle, tilted and covered with noise. Answers are kept, and "
        "no signal is shown twice.",
    )
    parser.add_argument("--signals", type=count, default=20, metavar="N", help="how many in this sitting (20)")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="where answers are kept (in the user's cache)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask, keep the answers, and show the score."""
    from tinytorch import datasets  # loads NumPy, for which --help does not wait

    file = options.answers or downloads.folders()[-1] / "quiz.json"
    answers = load_answers(file)
    _, test = datasets.mnist1d()
    signals, labels = (t.array for t in test.tensors)
    seen = {answer["signal"] for answer in answers}
    left = [i for i in range(len(labels)) if i not in seen][: options.signals]
    if not left:
        raise CommandError(f"all {len(labels)} signals were shown: the answers are in {file}")
    braille = text.can_draw_braille(sys.stdout)
    show_shapes(braille)
    before = len(answers)
    try:
        for number, i in enumerate(left, 1):
            guess = ask(signals[i, 0], f"{number}/{len(left)} ", braille)
            if guess is None:
                break
            answers.append({"signal": i, "guess": guess, "truth": int(labels[i])})
            save_answers(file, answers)
            print("Right." if guess == labels[i] else f"It was {labels[i]}.")
    finally:
        if answers:
            show_score(answers[before:], answers)
    return 0


# What it shows and asks


def show_shapes(braille: bool) -> None:
    """The ten shapes before anything happened to them."""
    from tinytorch.datasets import mnist1d_templates  # loads NumPy, as above

    shapes = mnist1d_templates()
    low, high = float(shapes.min()), float(shapes.max())
    rows = 5 if braille else 12
    drawn = [text.text_signal(s.tolist(), low=low, high=high, columns=10, rows=rows, braille=braille) for s in shapes]
    blocks = [[f"{digit:<10}", *lines] for digit, lines in enumerate(drawn)]
    print(f"The ten shapes, each from the top down:\n\n{text.side_by_side(blocks, 60)}\n")


def ask(signal: np.ndarray, prompt: str, braille: bool) -> int | None:
    """Show a signal and return the digit that was guessed, None where somebody wants to stop."""
    low, high = float(signal.min()), float(signal.max())
    print("\n".join(text.text_signal(signal.tolist(), low=low, high=high, columns=24, rows=20, braille=braille)))
    while True:
        try:
            said = input(f"{prompt}which digit? ").strip().lower()
        except EOFError:
            print()
            return None
        if said == "q":
            return None
        if len(said) == 1 and said in "0123456789":
            return int(said)
        if said == "?":
            show_shapes(braille)
        else:
            print(HELP)


def show_score(now: list[Answer], everything: list[Answer]) -> None:
    """How many were right, and how many networks get right."""
    rows = [("", "right, %", "")]
    rows += [("you, now", *score(now))] if now and len(now) < len(everything) else []
    rows += [("you, in all", *score(everything))]
    rows += [(name, f"{percent:g}", "published") for name, percent in OTHERS]
    print("", *(line.rstrip() for line in text.text_table(rows, left=1)), sep="\n")
    missed = [answer for answer in everything if answer["guess"] != answer["truth"]]
    if missed:
        print("\nmissed: " + ", ".join(f"{a['truth']} taken for {a['guess']}" for a in missed[-10:]))


def score(answers: list[Answer]) -> tuple[str, str]:
    """The percentage, and the range that it stands for: Wilson's interval (1927) of 95 %."""
    n, right = len(answers), sum(answer["guess"] == answer["truth"] for answer in answers)
    share, z = right / n, 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    low, high = max(middle - reach, 0.0), min(middle + reach, 1.0)
    return f"{100 * share:.1f}", f"{right} of {n}: {100 * low:.0f} to {100 * high:.0f} likely"


# What it keeps


def load_answers(file: Path) -> list[Answer]:
    """All answers so far. Raises CommandError where the file is something else."""
    if not file.exists():
        return []
    try:
        answers = json.loads(file.read_text(encoding="utf-8"))
        return [{name: int(answer[name]) for name in ("signal", "guess", "truth")} for answer in answers]
    except (ValueError, TypeError, KeyError) as error:
        raise CommandError(f"{file} does not hold the answers of a quiz ({error}): move it away") from error


def save_answers(file: Path, answers: list[Answer]) -> None:
    """Write all answers, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as stream:
        stream.write((json.dumps(answers) + "\n").encode())
