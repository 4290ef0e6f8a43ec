"""The figures of the framework, measured: accuracy and seconds of the demo over five seeds, its memory, the time of import.

    python -m benchmarks.measure [--seeds 5] [--out benchmarks/results/framework.json]

Run it with one BLAS thread and little else on the machine (`make measure` sees to the first). Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tinytorch.machine import described

IMPORTS = """
import time
start = time.perf_counter()
import numpy
between = time.perf_counter()
import tinytorch
print(between - start, time.perf_counter() - between)
"""


def import_time(runs: int = 21) -> dict[str, float]:
    """Milliseconds that `import numpy` takes, and `import tinytorch` after it: medians over processes."""
    subprocess.run([sys.executable, "-c", "import tinytorch"], check=True)  # so that bytecode is there, as for a user
    outputs = (subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, check=True) for _ in range(runs))
    seconds = [tuple(map(float, run.stdout.split())) for run in outputs]
    numpy, beyond = (1000 * statistics.median(column) for column in zip(*seconds, strict=True))
    return {"numpy_ms": round(numpy, 1), "tinytorch_beyond_numpy_ms": round(beyond, 1)}


def demo(seeds: int) -> list[dict[str, Any]]:
    """The demo's own account of its runs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "demo.json"
        subprocess.run(
            [sys.executable, "-m", "tinytorch", "demo", "--seeds", str(seeds), "--json", str(file)], check=True
        )
        return json.loads(file.read_text(encoding="utf-8"))


def table(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each data set and model: means over the seeds, and the standard deviation of the test accuracy."""
    rows = []
    for key in dict.fromkeys((run["dataset"], run["model"]) for run in runs):
        same = [run for run in runs if (run["dataset"], run["model"]) == key]
        accuracies = [run["test_accuracy"] for run in same]
        rows.append(
            {
                "dataset": key[0],
                "model": key[1],
                "parameters": same[0]["parameters"],
                "epochs": same[0]["epochs"],
                "seeds": [run["seed"] for run in same],
                "mean_test_accuracy": round(statistics.mean(accuracies), 4),
                "sd_test_accuracy": round(statistics.stdev(accuracies), 4) if len(same) > 1 else None,
                "mean_train_accuracy": round(statistics.mean(run["train_accuracy"] for run in same), 4),
                "longest_seconds": round(max(run["seconds"] for run in same), 2),
            }
        )
    return rows


def peak_memory() -> float:
    """The most memory that the demo, one seed of each, ever held: megabytes of resident memory."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'tinytorch', 'demo'], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return round(int(run.stdout) / 1024, 1)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measure", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="seeds of each training (5)")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/framework.json"), metavar="FILE")
    options = parser.parse_args()
    figures = {
        "command": "python -m benchmarks.measure",
        "machine": {**described(), "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS", "not set")},
        "import": import_time(),
        "demo_peak_memory_mb": peak_memory(),
        "demo": table(demo(options.seeds)),
    }
    options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
