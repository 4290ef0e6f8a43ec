"""What a Raspberry Pi needs for the demo, for an import and for a check, counted on an emulated one: `make pi`.

    RPI_RUN=.../run-arm python -m benchmarks.emulated [--tests] [--out benchmarks/results/pi.json]

RPI_RUN names a runner: `RPI_RUN [--suite bookworm|trixie] [--profile zero|a53|armel] [--cache] --path DIR [--json FILE]
SCRIPT ...` runs Debian's Python and NumPy on an emulated Pi. It writes {"insns", "guest_peak_rss_kb", "regions"} to FILE and
prints a line with "estimate", three numbers of seconds: low, middle, high. Seconds are estimates of a model, instructions
and memory are counted. The status is 1 where a limit is missed. --tests runs the library's tests there instead, on three
machines, which takes an hour or two.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("tinydigits-mlp", "tinydigits-cnn", "mnist1d-mlp", "mnist1d-cnn")
CHECKS = (
    "01.3",
    "02.3",
    "03.5",
    "04.3",
    "05.2",
    "06.3",
    "07.3",
    "08.2",
    "09.4",
    "10.2",
    "11.3",
    "12.2",
)  # one of each module
MACHINES = (("bookworm", "zero"), ("trixie", "zero"), ("bookworm", "armel"))  # for the tests
LIMITS = {  # of a run: million instructions, megabytes and seconds by the high estimate, at most; per cent right, at least
    "import tinytorch": {"insns_M": 350, "memory_MB": 64},
    "zero tinydigits-mlp": {"seconds": 7, "memory_MB": 64, "accuracy": 97},
    "zero tinydigits-cnn": {"seconds": 10, "memory_MB": 64, "accuracy": 95},
    "zero mnist1d-mlp": {"seconds": 10, "memory_MB": 64, "accuracy": 58},
    "zero mnist1d-cnn": {"seconds": 10, "memory_MB": 64, "accuracy": 78},
    "a53 tinydigits-cnn": {"seconds": 10, "accuracy": 98},  # their memory is not counted
    "a53 mnist1d-cnn": {"seconds": 10, "accuracy": 94},
    **{f"check {one}": {"memory_MB": 64} for one in CHECKS},
    "a typical check": {"insns_M": 600},
}
SECONDS = re.compile(r"estimate[^:]*: ([\d.]+) - ([\d.]+) - ([\d.]+) s")
NEEDED = ["pytest", "hypothesis<6.130"]  # in wheels of Python alone, for any machine


def counted(*words: str, profile: str = "zero", cache: bool = True) -> dict[str, Any]:
    """What one run took: million instructions, by library too, megabytes, and seconds estimated (low, middle, high)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counts.json"
        options = ["--profile", profile, "--timeout", "3000", "--path", str(ROOT), "--json", str(file)]
        command = [os.environ["RPI_RUN"], *options, *(["--cache"] if cache else []), *words]
        run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        if run.returncode != 0:
            raise SystemExit(
                f"{' '.join(command)} ended with status {run.returncode}:\n{run.stderr[-2000:]}{run.stdout[-2000:]}"
            )
        counts = json.loads(file.read_text(encoding="utf-8"))
    said = SECONDS.search(run.stdout + run.stderr)
    row = {
        "insns_M": round(counts["insns"] / 1e6, 1),
        "memory_MB": round(counts.get("guest_peak_rss_kb", 0) / 1024, 1) or None,
        "seconds_low_mid_high": [float(number) for number in said.groups()] if said else None,
        "by_library_M": by_library(counts.get("regions", {})),
    }
    print(
        f"{profile:<6} {' '.join(words)[-60:]:<62} {row['insns_M']:8.1f} M  {row['seconds_low_mid_high']}", flush=True
    )
    return row


def by_library(regions: dict[str, list[int]]) -> dict[str, float]:
    """Million instructions of each library that took one or more."""
    millions = {name: round(numbers[0] / 1e6, 1) for name, numbers in regions.items()}
    return dict(sorted(((n, m) for n, m in millions.items() if m >= 1), key=lambda item: -item[1]))


def figures() -> dict[str, Any]:
    """All that is counted."""
    demo = ("-m", "tinytorch", "demo")
    return {
        "import numpy": counted("-c", "import numpy"),
        "import tinytorch": counted("-c", "import tinytorch; tinytorch.Tensor"),
        **{f"zero {name}": counted(*demo, "--preset", "zero", "--only", name) for name in NAMES},
        **{
            f"a53 {name}": counted(*demo, "--preset", "pi", "--only", name, profile="a53")
            for name in NAMES
            if name.endswith("cnn")
        },
        **{f"check {one}": counted(str(ROOT / "benchmarks" / "one_check.py"), one, cache=False) for one in CHECKS},
    }


def accuracies(preset: str, seeds: int = 5) -> dict[str, Any]:
    """Test accuracies in percent of each training, over seeds, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        words = ["-m", "tinytorch", "demo", "--preset", preset, "--seeds", str(seeds), "--json", str(file)]
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
        rows = json.loads(file.read_text(encoding="utf-8"))
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(f"{row['dataset']}-{row['model']}", []).append(round(100 * row["test_accuracy"], 2))
    return {name: {"mean": round(sum(each) / len(each), 2), "each": each} for name, each in found.items()}


def with_accuracies(runs: dict[str, Any], preset: str, found: dict[str, Any]) -> dict[str, Any]:
    """The runs, those of a preset with the accuracies of its trainings."""
    profile = {"zero": "zero", "pi": "a53"}[preset]
    return {
        name: row | {"accuracy_percent": found[name.removeprefix(f"{profile} ")]} if name.startswith(profile) else row
        for name, row in runs.items()
    }


def typical(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What half of the runs do with."""
    memory = None if any(row["memory_MB"] is None for row in rows) else max(row["memory_MB"] for row in rows)
    instructions = round(statistics.median(row["insns_M"] for row in rows), 1)
    return {"insns_M": instructions, "memory_MB": memory, "seconds_low_mid_high": None, "by_library_M": {}}


def misses(runs: dict[str, Any]) -> list[str]:
    """A sentence for each limit that a run does not keep, or does not say how it stands to."""
    said = []
    for name, limits in LIMITS.items():
        row = runs[name]
        had = {
            "insns_M": row["insns_M"],
            "memory_MB": row["memory_MB"],
            "seconds": (row["seconds_low_mid_high"] or [None])[-1],
            "accuracy": row.get("accuracy_percent", {}).get("mean"),
        }
        for what, limit in limits.items():
            value = had[what]
            if value is None or (value < limit if what == "accuracy" else value > limit):
                said.append(f"{name}: {what} {value}, and the limit is {limit}")
    return said


def run_tests() -> int:
    """The library's tests on each machine; how many of these they fail on."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        pure = ["--platform", "any", "--implementation", "py", "--abi", "none", "--only-binary", ":all:"]
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--python-version", "3.11", "--target", folder]
        subprocess.run([*install, *pure, *NEEDED], check=True)
        for suite, profile in MACHINES:
            print(f"{suite} {profile}", flush=True)
            options = ["--suite", suite, "--profile", profile, "--nocount", "--mem", "0", "--timeout", "20000"]
            paths = ["--path", str(ROOT), "--path", folder]
            run = subprocess.run([os.environ["RPI_RUN"], *options, *paths, str(ROOT / "tests" / "emulated.py")])
            failed += [f"{suite} {profile}"] if run.returncode else []
    print(f"the tests failed on {', '.join(failed)}" if failed else "the tests pass on all three")
    return len(failed)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulated", description=__doc__.split("\n\n")[0])
    parser.add_argument("--tests", action="store_true", help="run the library's tests, and count nothing")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures")
    options = parser.parse_args()
    if not os.environ.get("RPI_RUN"):
        print("nothing was emulated: RPI_RUN names no runner (see the head of benchmarks/emulated.py)")
        return
    if options.tests:
        raise SystemExit(1 if run_tests() else 0)
    runs = figures()
    runs["a typical check"] = typical([runs[f"check {one}"] for one in CHECKS])
    for preset in ("zero", "pi"):
        runs = with_accuracies(runs, preset, accuracies(preset))
    content = {
        "command": "RPI_RUN=run-arm python -m benchmarks.emulated",
        "machine": "emulated: Debian bookworm, Python 3.11.2, NumPy 1.24.2, OpenBLAS; seconds are estimated, and no Pi was "
        "used; accuracies are means of five seeds, from the machine that emulated",
        "limits": LIMITS,
        "runs": runs,
    }
    if options.out is not None:
        options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    missed = misses(runs)
    print("\n".join(missed) or "every limit is kept")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
