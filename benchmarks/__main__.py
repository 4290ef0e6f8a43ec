"""Training steps side by side with PyTorch and with NumPy by hand, in one process, on one thread.

    python -m benchmarks [--only NAME ...] [--rounds N] [--others] [--json FILE]

Each round runs the frameworks one after the other, so that whatever else the machine does meets all of them; what is
printed is the median of the rounds' ratios, with quartiles. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

import tinytorch
from benchmarks import peers
from benchmarks.workloads import WORKLOADS, Workload, batch, by_hand, training_step
from tinytorch.machine import described

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

NOISY = 0.25  # quartiles further apart than this part of the median tell nothing
COLD_START = Path(__file__).with_name("cold_start.py")


def seconds(step: Callable[[], Any], calls: int) -> float:
    """The time of a number of calls."""
    start = time.perf_counter()
    for _ in range(calls):
        step()
    return time.perf_counter() - start


def paired(steps: list[Callable[[], Any]], rounds: int, budget: float = 0.02) -> np.ndarray:
    """Seconds of each step in each round, (rounds, steps); each round gives every step about `budget` seconds."""
    for step in steps:
        seconds(step, 3)
    calls = [max(1, int(budget / seconds(step, 1))) for step in steps]
    return np.array([[seconds(s, n) / n for s, n in zip(steps, calls, strict=True)] for _ in range(rounds)])


def ratio(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """The median of paired ratios and its quartiles."""
    low, middle, high = np.quantile(ours / theirs, [0.25, 0.5, 0.75]).tolist()
    return {"median": round(middle, 3), "low": round(low, 3), "high": round(high, 3)}


def measure(workload: Workload, rounds: int, with_others: bool) -> dict[str, Any]:
    """One row of the first table."""
    steps = {"tinytorch": training_step(tinytorch, workload)}
    if torch is not None:
        steps["torch"] = training_step(torch, workload)
    hand = by_hand(workload)
    if hand is not None:
        steps["by hand"] = hand
    others = peers.installed() if with_others and workload.sizes else []
    for name in others:
        steps[name] = peers.mlp_step(name, *batch(workload), workload.sizes)
    taken = dict(zip(steps, paired(list(steps.values()), rounds).T, strict=True))
    row: dict[str, Any] = {
        "workload": workload.name,
        "microseconds": round(1e6 * statistics.median(taken["tinytorch"]), 1),
    }
    for name, limit in (("torch", workload.of_torch), ("by hand", workload.of_hand)):
        if name in taken:
            row[f"of {name}"] = ratio(taken["tinytorch"], taken[name]) | {"limit": limit}
    if "torch" in taken and "by hand" in taken:
        row["by hand of torch"] = ratio(taken["by hand"], taken["torch"])
    row["of others"] = {name: ratio(taken["tinytorch"], taken[name]) for name in others}
    return row


def cold_start(runs: int = 7) -> dict[str, Any]:
    """Whole processes, import and all: ours against the same script in PyTorch."""
    frameworks = ["tinytorch", "torch"] if torch is not None else ["tinytorch"]
    environment = {**os.environ, "PYTHONPATH": str(COLD_START.parents[1])}
    taken: dict[str, list[float]] = {name: [] for name in frameworks}
    accuracy = {}
    for _ in range(runs):
        for name in frameworks:
            start = time.perf_counter()
            run = subprocess.run(
                [sys.executable, str(COLD_START), name], check=True, capture_output=True, text=True, env=environment
            )
            taken[name].append(time.perf_counter() - start)
            accuracy[name] = float(run.stdout)
    row: dict[str, Any] = {"workload": "cold start to a trained TinyDigits MLP", "test accuracy": accuracy}
    row["seconds"] = {name: round(statistics.median(values), 3) for name, values in taken.items()}
    if torch is not None:
        row["of torch"] = ratio(*(np.array(taken[name]) for name in frameworks)) | {"limit": 0.2}
    return row


def chain(length: int) -> Callable[[], None]:
    """Forward and backward through a chain of additions."""

    def step() -> None:
        y = x = tinytorch.ones(8, requires_grad=True)
        for _ in range(length):
            y = y + x
        y.sum().backward()

    return step


def growth(rounds: int) -> list[dict[str, Any]]:
    """What doubling costs: the length of the graph, the samples of an epoch, and the examples in a batch."""
    mlp = WORKLOADS[0]

    def epoch(samples: int) -> Callable[[], None]:
        step = training_step(tinytorch, mlp)

        def steps() -> None:
            for _ in range(samples // mlp.shape[0]):
                step()

        return steps

    def step(examples: int) -> Callable[[], None]:
        return training_step(tinytorch, mlp._replace(shape=(examples, *mlp.shape[1:])))

    rows = []
    cases = (
        ("graph of n calls", chain, (2000, 4000)),
        ("epoch of n samples", epoch, (2048, 4096)),
        ("batch of n examples", step, (1024, 2048)),
    )
    gc.collect()
    gc.freeze()  # what others keep alive is not to be looked through in the middle of a measurement
    for what, make, sizes in cases:
        taken = paired([make(n) for n in sizes], rounds, budget=0.05)
        rows.append(
            {"what": what, "n": list(sizes), "doubling costs": ratio(taken[:, 1], taken[:, 0]) | {"limit": 2.1}}
        )
    return rows


def memory_left_behind(steps: int = 200) -> int:
    """Bytes that further training steps leave behind after the first ten."""
    step = training_step(tinytorch, WORKLOADS[0])
    seconds(step, 10)
    tracemalloc.start()
    seconds(step, 10)
    before, _ = tracemalloc.get_traced_memory()
    seconds(step, steps)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def line(row: dict[str, Any]) -> str:
    """A row of the table as text."""
    cells = [f"{row['workload']:<40}", f"{row['microseconds']:>10.0f} us" if "microseconds" in row else " " * 13]
    for name in ("of torch", "of by hand", "by hand of torch"):
        cells.append(f"{show(row[name]) if name in row else '':<34}")
    others = [f"\n    of {name}: {show(r)}" for name, r in row.get("of others", {}).items()]
    return "  ".join(cells).rstrip() + "".join(others)


def show(r: dict[str, Any]) -> str:
    """A ratio with its quartiles, its limit, and a warning where they are far apart."""
    limit = f" (limit {r['limit']})" if r.get("limit") else ""
    noisy = ", too noisy" if r["high"] - r["low"] > NOISY * r["median"] else ""
    return f"{r['median']:.2f} [{r['low']:.2f}, {r['high']:.2f}]{limit}{noisy}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only workloads whose name holds one of these")
    parser.add_argument("--rounds", type=int, default=61, help="how often each is measured (61)")
    parser.add_argument("--others", action="store_true", help="compare with JAX and HIPS autograd too, if installed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table to a file as well")
    options = parser.parse_args()
    if torch is None:
        print("PyTorch is not installed: the columns that compare with it are left out (make oracles installs it).")
    wanted = [w for w in WORKLOADS if not options.only or any(o.lower() in w.name.lower() for o in options.only)]
    if not wanted:
        parser.error(f"no workload has such a name: there are {', '.join(w.name for w in WORKLOADS)}")

    print(f"{'training step':<40}  {'ours':>13}  {'of PyTorch':<34}  {'of NumPy by hand':<34}  by hand of PyTorch")
    rows = []
    for workload in wanted:
        rows.append(measure(workload, options.rounds, options.others))
        print(line(rows[-1]), flush=True)
    result: dict[str, Any] = {"command": "python -m benchmarks", "machine": machine(), "steps": rows}
    if not options.only:
        result["cold start"] = cold_start()
        print(line(result["cold start"]), result["cold start"]["seconds"], result["cold start"]["test accuracy"])
        result["growth"] = growth(options.rounds)
        for row in result["growth"]:
            print(f"{row['what']:<40}  doubling costs {show(row['doubling costs'])}")
        result["bytes left behind by 200 steps"] = memory_left_behind()
        print(f"bytes left behind by 200 further steps: {result['bytes left behind by 200 steps']}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """What it ran on."""
    return {**described(), "torch": getattr(torch, "__version__", None), "blas threads": 1}


if __name__ == "__main__":
    main()
