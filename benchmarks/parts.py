"""Where the time of a training step goes: in each op forward and back, in the optimizer, and in what holds them together.

    python -m benchmarks.parts [--rounds 200] [--plot FILE] [--json FILE]

The calls of a step are replayed from its graph in their order, forward and back, without Tensors and without the engine, and
each is timed. What the whole step takes beyond them and the optimizer is the engine's and the layers'.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

import tinytorch
from benchmarks.workloads import WORKLOADS, Workload, batch, by_hand
from tinytorch.autograd import Record, trace

COLORS = ["#0072b2", "#56b4e9", "#009e73", "#f0e442", "#e69f00", "#d55e00", "#cc79a7", "#999999"]


def parts(workload: Workload, rounds: int) -> dict[str, Any]:
    """Median microseconds of a whole step, and of its parts by name."""
    tinytorch.manual_seed(0)
    model = workload.network(tinytorch)
    optimizer = workload.optimizer(tinytorch, model.parameters())
    for group in optimizer.param_groups:
        group["lr"] = 0.0  # the same step again and again would go astray
    x, y = (tinytorch.tensor(a) for a in batch(workload))

    def loss() -> Any:
        optimizer.zero_grad()
        return tinytorch.nn.functional.cross_entropy(model(x), y)

    def step() -> None:
        loss().backward()
        optimizer.step()

    step()
    end = loss()
    records = trace([end.source])
    end.backward(retain_graph=True)
    calls: dict[str, Callable[[], Any]] = {"step": step, "optimizer": optimizer.step}
    hand = by_hand(workload)
    if hand is not None:
        calls["by hand"] = hand
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        found.append(replay(records) | {name: timed(call) for name, call in calls.items()})
    medians = {name: 1e6 * statistics.median(taken[name] for taken in found) for name in found[0]}
    whole = {name: medians.pop(name) for name in ("step", "by hand") if name in medians}
    return {
        "workload": workload.name,
        **whole,
        "parts": medians,
        "engine": max(0.0, whole["step"] - sum(medians.values())),
    }


def timed(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def replay(records: list[Record]) -> dict[str, float]:
    """Seconds that the ops of a graph take, forward and back, by name."""
    spent: dict[str, float] = defaultdict(float)
    values: dict[Record, Any] = {}
    ways: dict[Record, Any] = {}
    for record in records:
        inputs = [values.get(s, x) for s, x in zip(record.sources, record.inputs, strict=True)]
        start = time.perf_counter()
        values[record], *ways[record] = record.op(*inputs, **record.params)
        spent[record.name] += time.perf_counter() - start
    gradients: dict[Any, Any] = {records[-1]: np.ones_like(values[records[-1]])}
    for record in reversed(records):
        gradient, vjps = gradients.pop(record), ways.pop(record)
        wanted = [source is not None for source in record.sources]
        start = time.perf_counter()
        if len(vjps) == len(wanted):
            backs = [vjp(gradient) if w else None for vjp, w in zip(vjps, wanted, strict=True)]
        else:
            backs = vjps[0](gradient, wanted)
        spent[record.name] += time.perf_counter() - start
        for source, back in zip(record.sources, backs, strict=True):
            if source is not None:
                gradients[source] = gradients[source] + back if source in gradients else back
    return dict(spent)


def shares(row: dict[str, Any], at_most: int = 6) -> dict[str, float]:
    """Parts of the whole step, largest first, the small ones as one, the engine last."""
    ordered = sorted(row["parts"].items(), key=lambda part: -part[1])
    named = dict(ordered[:at_most])
    if len(ordered) > at_most:
        named["other ops"] = sum(taken for _, taken in ordered[at_most:])
    return {name: taken / row["step"] for name, taken in {**named, "engine and layers": row["engine"]}.items()}


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """A bar for each workload, cut into its parts, with a mark at what the same step takes by hand."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 0.75 * len(rows) + 1), layout="constrained")
    for y, row in enumerate(rows):
        left = 0.0
        for color, (name, share) in zip(COLORS, shares(row).items(), strict=False):
            color = "#dddddd" if name == "engine and layers" else color
            axes.barh(y, 100 * share, left=left, color=color, edgecolor="white")
            if share > 0.07:
                axes.text(left + 50 * share, y, name.replace(" ", "\n"), ha="center", va="center", fontsize=7)
            left += 100 * share
        if "by hand" in row:
            axes.plot([100 * row["by hand"] / row["step"]] * 2, [y - 0.4, y + 0.4], color="black", linewidth=2)
    axes.set_yticks(range(len(rows)), [f"{row['workload']}\n{row['step']:,.0f} us" for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("per cent of the training step (black: the whole step by hand, without autograd)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=200, help="how often everything is measured (200)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a bar for each workload (needs matplotlib)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table to a file as well")
    options = parser.parse_args()
    rows = []
    for workload in WORKLOADS:
        row = parts(workload, options.rounds)
        rows.append(row)
        cells = ", ".join(f"{name} {share:.0%}" for name, share in shares(row, at_most=20).items())
        print(f"{row['workload']:<28}{row['step']:>8.0f} us  {cells}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        draw(rows, options.plot)


if __name__ == "__main__":
    main()
