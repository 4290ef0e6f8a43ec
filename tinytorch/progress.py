"""How far a training run has come: a bar that redraws itself on a terminal, one plain line per epoch anywhere else.

The bar fits the terminal it is on, needs no colour and no Unicode, and costs next to nothing between two drawings.
"""

import os
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TextIO

REDRAW = 0.1  # seconds between two drawings, at least
LONGEST, SHORTEST = 24, 4  # columns of the bar


class Progress:
    """Shows the epochs of one run on a stream, standard error unless told otherwise.

    Used as a context, so that a run that is cut short leaves the cursor at the start of a line:

        with Progress() as progress:
            progress.start(epochs=20, batches=63)
            progress.batch(1, {"loss": 2.3})  # after each batch: how many of this epoch are done
            progress.epoch({"loss": 2.1, "accuracy": 0.4})  # after each epoch

    On a terminal it draws a bar in one line; where the stream is no terminal, or TERM is `dumb`, it prints one line per
    epoch; if `silent`, neither. `label` is put in front of both. NO_COLOR, if set, turns the colour off. `unit` is
    what an epoch is called.
    """

    def __init__(
        self, stream: TextIO | None = None, *, label: str = "", unit: str = "epoch", silent: bool = False
    ) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.label = f"{label} {unit}" if label else unit
        self.silent = silent
        self.live = not silent and self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = self.live and os.name == "posix" and not os.environ.get("NO_COLOR")
        self.full, self.empty = ("━", "─") if _can_print(self.stream, "━─") else ("#", "-")
        self.drawn = 0  # columns that the bar now covers
        self.start(epochs=1, batches=1)

    def start(self, *, epochs: int, batches: int, done: int = 0) -> None:
        """Begin a run of so many epochs of so many batches each, of which `done` epochs were finished before."""
        self.epochs, self.batches = epochs, max(1, batches)
        self.first = self.finished = done
        self.facts: dict[str, float] = {}
        self.began = self.epoch_began = time.monotonic()
        self.redraw_at = 0.0

    def batch(self, done: int, facts: Mapping[str, float]) -> None:
        """Redraw the bar after a batch, unless that was done a moment ago. `facts` are the epoch's means so far."""
        if self.live and time.monotonic() >= self.redraw_at:
            self._draw(self.finished + 1, self.finished + done / self.batches, {**self.facts, **facts})

    def epoch(self, facts: Mapping[str, float]) -> None:
        """Show the figures of an epoch that has just ended."""
        self.finished += 1
        self.facts = dict(facts)
        now = time.monotonic()
        if self.live and now >= self.redraw_at:
            self._draw(self.finished, self.finished, self.facts)
        elif not self.live and not self.silent:
            phrases = [*_phrases(facts, ".4f"), f"{now - self.epoch_began:.2f} s"]
            print(self._head(self.finished), *phrases, sep="  ", file=self.stream, flush=True)
        self.epoch_began = now

    def close(self) -> None:
        """Draw the bar as the last epoch left it and end its line, so that what is printed next starts on its own."""
        if self.drawn:
            if self.finished > self.first:
                self._draw(self.finished, self.finished, self.facts, ended=True)
            print(file=self.stream, flush=True)
            self.drawn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _draw(self, number: int, epochs_done: float, facts: Mapping[str, float], ended: bool = False) -> None:
        now = time.monotonic()
        self.redraw_at = now + REDRAW
        elapsed = now - self.began
        left = elapsed * (self.epochs - epochs_done) / max(epochs_done - self.first, 1e-9)
        clock = (f"{elapsed:.1f} s" if ended else f"{_clock(left)} left").ljust(len("0:00 left"))
        head = self._head(number)
        columns = width_of(self.stream) - 1  # some terminals wrap once their last column is full
        tail, size = _fit(head, [*_phrases(facts, ".3f", "val"), clock], columns)

        full = int(size * epochs_done / max(1, self.epochs))
        bar, rest = self.full * full, self.empty * (size - full)
        line = f"{head} {bar}{rest} {tail}" if size else f"{head} {tail}"[:columns]
        blanks = " " * (min(self.drawn, columns) - len(line))  # over what a longer line left behind
        self.drawn = len(line)
        if self.colour and full:
            line = f"{head} \033[32m{bar}\033[0m{rest} {tail}"
        self.stream.write(f"\r{line}{blanks}")
        self.stream.flush()

    def _head(self, number: int) -> str:
        return f"{self.label} {number:{len(str(self.epochs))}}/{self.epochs}"


def _fit(head: str, phrases: list[str], columns: int) -> tuple[str, int]:
    """Return the text right of the bar and the bar's length, 0 where there is no room for one.

    Where the line is short, the bar shrinks first, then figures go, from the middle: the loss and the time left stay.
    """
    while True:
        tail = "  ".join(phrases)
        room = columns - len(head) - len(tail) - 2
        if room >= SHORTEST:
            return tail, min(LONGEST, room)
        if len(phrases) <= 2:
            return tail, 0
        del phrases[len(phrases) // 2]


def _phrases(facts: Mapping[str, float], form: str, validation: str = "validation") -> list[str]:
    """{"validation_loss": 0.25} -> ["validation loss 0.250"]; what is tiny or huge is written as a power of ten."""
    phrases = []
    for name, value in facts.items():
        words = name.replace("validation", validation).replace("_", " ")
        phrases.append(f"{words} {value:{form if value == 0 or 1e-3 <= abs(value) < 1e4 else '.1e'}}")
    return phrases


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def width_of(stream: TextIO) -> int:
    """The width of the stream's own terminal; of what COLUMNS says, or 80, where it has none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        said = os.environ.get("COLUMNS", "")
        return int(said) if said.isdecimal() and int(said) > 0 else 80


def _can_print(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
