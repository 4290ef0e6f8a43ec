"""Progress: a bar that fits where there is a terminal, one plain line per epoch where there is none."""

import io
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch import progress as module
from tinytorch.progress import REDRAW, Progress

ROOT = Path(module.__file__).parents[1]
COLOUR = re.compile("\033\\[\\d+m")
FACTS = {"loss": 0.25, "accuracy": 0.5, "validation_loss": 1.5, "validation_accuracy": 0.75}


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Ascii(Terminal):
    encoding = "ascii"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A plain terminal of 80 columns, and a clock that the tests turn."""
    for name, value in {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def run(stream, clock, epochs=3, batches=4, seconds=1.0, facts=FACTS, **options):
    with Progress(stream, **options) as progress:
        progress.start(epochs=epochs, batches=batches)
        for _ in range(epochs):
            for batch in range(1, batches + 1):
                clock.now += seconds / batches
                progress.batch(batch, {"loss": 0.3})
            progress.epoch(facts)
    return stream.getvalue()


def drawings(text):
    return text.removesuffix("\n").split("\r")[1:]


def test_without_a_terminal_it_is_one_line_per_epoch(clock):
    lines = run(io.StringIO(), clock, epochs=10, label="mlp").splitlines()
    tail = "loss 0.2500  accuracy 0.5000  validation loss 1.5000  validation accuracy 0.7500  1.00 s"
    assert lines == [f"mlp epoch {epoch:2}/10  {tail}" for epoch in range(1, 11)]


def test_a_dumb_terminal_gets_lines_too(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    text = run(Terminal(), clock)
    assert text.count("\n") == 3 and "\r" not in text


def test_silent_is_silent(clock):
    assert run(Terminal(), clock, silent=True) == run(io.StringIO(), clock, silent=True) == ""


def test_a_terminal_gets_one_line_that_is_redrawn(clock):
    text = run(Terminal(), clock)
    assert text.count("\n") == 1 and text.endswith("\n")
    first, *_, last = (line.strip() for line in drawings(text))
    assert first == "epoch 1/3 ━━────────────────────── loss 0.300  0:02 left"
    assert last == "epoch 3/3 ━━━━━━━━━━━ loss 0.250  accuracy 0.500  val accuracy 0.750  3.0 s"


def test_running_figures_replace_those_of_the_last_epoch(clock):
    progress = Progress(stream := Terminal())
    progress.start(epochs=2, batches=2)
    progress.epoch({"loss": 0.9, "validation_accuracy": 0.8})
    clock.now += 1
    progress.batch(1, {"loss": 0.7})
    assert "loss 0.700  val accuracy 0.800" in drawings(stream.getvalue())[-1]


@pytest.mark.parametrize("columns", [1, 12, 40, 57, 80, 200])
@pytest.mark.parametrize("epochs", [3, 20])
def test_the_bar_never_reaches_the_last_column(columns, epochs, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = drawings(run(Terminal(), clock, epochs=epochs))
    assert lines and all(len(line) < columns for line in lines if line)
    if columns >= 40:
        assert all(re.match(r"epoch +\d+/\d+ [━─]{4,24} loss \d\.\d+  .*(left|s) *$", line) for line in lines)


@given(
    columns=st.integers(2, 150),
    numbers=st.dictionaries(st.sampled_from(list(FACTS)), st.floats(), min_size=1),
    done=st.integers(0, 7),
    label=st.text("ab-", max_size=20),
)
def test_it_fits_whatever_it_has_to_show(columns, numbers, done, label):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        progress = Progress(stream := Terminal(), label=label)
        progress.start(epochs=9, batches=5, done=done)
        progress.batch(3, numbers)
    (line,) = drawings(stream.getvalue())
    assert len(line) < columns


def test_a_shorter_line_leaves_nothing_of_a_longer_one(clock):
    progress = Progress(stream := Terminal())
    progress.start(epochs=2, batches=2)
    for facts in ({"loss": 1.0, "long_name": 2.0}, {"loss": 1.0}):
        clock.now += 1
        progress.batch(1, facts)
    long, short = drawings(stream.getvalue())
    assert len(short) == len(long) and len(short.rstrip()) < len(long)


def test_it_is_drawn_ten_times_a_second_at_most(clock):
    times = []

    class Watched(Terminal):
        def write(self, text):
            times.append(clock.now)
            return super().write(text)

    run(Watched(), clock, epochs=200, batches=10, seconds=0.05)
    *drawn, _, _ = times  # but for the last state and the end of the line
    assert min(b - a for a, b in pairwise(drawn)) >= REDRAW - 1e-9
    assert len(drawn) == pytest.approx(10 / REDRAW, rel=0.15)


def test_the_last_state_is_shown_however_fast_it_came(clock):
    last = drawings(run(Terminal(), clock, epochs=5, seconds=1e-4))[-1]
    assert last.startswith("epoch 5/5 ━━━━━━━━━━━ loss 0.250")


def test_the_time_left_counts_what_is_left_of_this_run(clock):
    progress = Progress(stream := Terminal())
    progress.start(epochs=10, batches=2, done=6)
    clock.now += 30
    progress.batch(1, {"loss": 1.0})  # half an epoch of the four to come: 7 halves more
    assert drawings(stream.getvalue())[-1].endswith("loss 1.000  3:30 left")
    clock.now += 3600
    progress.batch(1, {"loss": 1.0})
    assert drawings(stream.getvalue())[-1].endswith("7:03:30 left")


def test_cut_short_it_leaves_the_cursor_on_a_line_of_its_own(clock):
    for batches_done in (0, 1):
        stream = Terminal()
        with pytest.raises(KeyboardInterrupt), Progress(stream) as progress:
            progress.start(epochs=10, batches=2)
            if batches_done:
                progress.batch(1, {"loss": 1.0})
            raise KeyboardInterrupt
        assert stream.getvalue().count("\n") == batches_done and "epoch  0" not in stream.getvalue()
        assert stream.getvalue().endswith("\n" * batches_done)


def test_colour_is_for_terminals_and_can_be_turned_off(clock, monkeypatch):
    plain = run(Terminal(), clock)
    assert not COLOUR.search(plain)
    monkeypatch.delenv("NO_COLOR")
    coloured = run(Terminal(), clock)
    assert COLOUR.sub("", coloured) == plain
    if os.name == "posix":
        assert coloured.count("\033[32m") == coloured.count("\033[0m") > 1
    assert not COLOUR.search(run(io.StringIO(), clock))


def test_a_terminal_without_unicode_gets_ascii(clock):
    text = run(Ascii(), clock)
    assert text.isascii() and "epoch 1/3 ##---" in text


def test_tiny_and_huge_figures_stay_short(clock):
    text = run(io.StringIO(), clock, epochs=1, facts={"loss": 1.5e-7, "cost": 2.5e9, "zero": 0.0, "bad": float("nan")})
    assert "loss 1.5e-07  cost 2.5e+09  zero 0.0000  bad nan" in text


DRAW = """
import sys
from tinytorch.progress import Progress
with Progress() as progress:
    progress.start(epochs=1, batches=1)
    progress.batch(1, {"loss": 1.0})
    progress.epoch({"loss": 1.0, "accuracy": 0.5})
"""


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals here")
@pytest.mark.parametrize("columns", [40, 90])
def test_on_a_real_terminal_it_takes_the_terminals_own_width(columns):
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    subprocess.run([sys.executable, "-c", DRAW], stderr=theirs, env=environment, check=True)
    os.close(theirs)
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    *_, last = drawings(text.replace("\r\n", "\n"))
    assert last.rstrip() == f"epoch 1/1 {'━' * 7} loss 1.000  0.0 s" if columns == 40 else "accuracy 0.500" in last
