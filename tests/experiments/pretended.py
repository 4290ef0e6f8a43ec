"""A study that does what its settings say, and notes each run in a file: to try out what runs studies."""

import os
import time
from pathlib import Path

import tinytorch
from tinytorch.experiments.charts import bar_chart
from tinytorch.experiments.face import Plan, Row, Study


def run(config, seed):
    """Note that it ran, then do what the config asks for."""
    notes = Path(config["notes"])
    with open(notes, "a", encoding="utf-8") as file:
        file.write(f"{config['what']} {seed}\n")
    before = notes.read_text(encoding="utf-8").splitlines().count(f"{config['what']} {seed}")
    if config["what"] == "fails":
        raise FloatingPointError("the loss is no longer finite")
    if config["what"] == "dies" or (config["what"] == "dies once" and before == 1):
        os._exit(9)
    if config["what"] == "waits":
        time.sleep(60)
    if config["what"] == "dawdles":
        time.sleep(0.2)
    if config["what"] == "is interrupted" and before == 1:
        raise KeyboardInterrupt
    return {"found": scaled(seed), "random": tinytorch.rand(1).item()}


def scaled(seed):
    return 10.0 * seed


def table(results):
    """What each kind of run found."""
    return [Row(what, results.values("found", what=what), "5", (4, 6)) for what in KINDS]


KINDS = ("first", "second")


def picture(results):
    """A bar for each kind of run."""
    return [bar_chart("pretended", "found", {what: results.values("found", what=what) for what in KINDS})]


def study(notes, kinds=KINDS, seeds=2):
    """The study of these kinds of runs."""
    plan = Plan([{"what": what, "notes": str(notes)} for what in kinds], seeds)
    return Study("pretended", "Does it run?", "nobody", run, plan, plan, table, picture)
