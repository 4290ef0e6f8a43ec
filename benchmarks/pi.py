"""For people who own a Raspberry Pi: how long the trainings of the demo take on it, as a table to send in.

    python3 -m benchmarks.pi [--preset zero] [--json FILE]

It needs NumPy alone, and takes about a minute on a Pi Zero. Each training is a process of its own, as with `demo --only`:
its seconds are those from the start of Python to its end. The second of two runs counts, when the card has been read.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tinytorch import machine
from tinytorch.cli.doctor import kind_of_blas
from tinytorch.text import text_table

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("tinydigits-mlp", "tinydigits-cnn", "mnist1d-mlp", "mnist1d-cnn")
WHICH_BLAS = "import numpy\nprint(numpy.__version__)\nprint(open('/proc/self/maps').read())"


def timed(*words: str) -> dict[str, Any]:
    """Seconds that a Python takes, by the clock and of the processor, and the most memory that it holds, in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, encoding="utf-8")
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with status {done.returncode}: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "seconds": round(seconds, 2),
        "cpu": round(cpu, 2),
        "memory": round(after.ru_maxrss / 1024),
        "out": done.stdout,
    }


def second_of_two(*words: str) -> dict[str, Any]:
    """What a run takes once everything has been read."""
    timed(*words)
    return timed(*words)


def trained(name: str, preset: str) -> dict[str, Any]:
    """The run of one training, with its test accuracy in percent."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        words = ("-m", "tinytorch", "demo", "--preset", preset, "--only", name, "--json", str(file))
        found = second_of_two(*words)
        (figures,) = json.loads(file.read_text(encoding="utf-8"))
    return {**found, "accuracy": round(100 * figures["test_accuracy"], 1)}


def facts() -> dict[str, Any]:
    """What the machine is."""
    version, _, maps = timed("-c", WHICH_BLAS)["out"].partition("\n")
    libraries = ["/".join(line.split("/")[-2:]) for line in maps.splitlines() if ".so" in line]
    free = machine.available_memory()
    return {
        "board": machine.board() or platform.machine(),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        "numpy": version,
        "blas": kind_of_blas(libraries) or "unknown",
        "free memory, MB": None if free is None else round(free),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks.pi", description=__doc__.split("\n\n")[0])
    parser.add_argument("--preset", choices=machine.PRESETS, default=machine.preset(), help="(%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, too")
    options = parser.parse_args()
    known = facts()
    for name, value in known.items():
        print(f"{name:<16} {value}")
    print(f"{'preset':<16} {options.preset}\n", flush=True)
    rows: dict[str, dict[str, Any]] = {
        "import numpy": second_of_two("-c", "import numpy"),
        "import tinytorch": second_of_two("-c", "import tinytorch; tinytorch.Tensor"),
    }
    for name in NAMES:
        rows[name] = trained(name, options.preset)
    for row in rows.values():
        del row["out"]
    head = ("", "seconds", "of the processor", "memory, MB", "test accuracy, %")
    lines = [
        [name, *map(str, [r["seconds"], r["cpu"], r["memory"], r.get("accuracy", "")])] for name, r in rows.items()
    ]
    print("\n".join(text_table([head, *lines], 1)))
    if options.json is not None:
        content = {**known, "preset": options.preset, "runs": rows}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
