"""How long the book takes to be built: from nothing, its cells run, with no network in reach where bubblewrap is installed.

    python -m benchmarks.book [--json FILE]

Run it with little else on the machine. Nothing is asserted but that the build ends without a warning.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.figures import report

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
SHUT_OFF = ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--"]  # before a command that may reach itself alone
WANTED = 300  # seconds


@cache
def without_network() -> list[str]:
    """What to put before a command so that it has no network; nothing where this machine cannot do that."""
    able = shutil.which("bwrap") and not subprocess.run([*SHUT_OFF, "true"], capture_output=True).returncode
    return SHUT_OFF if able else []


def build(builder: str, folder: Path, *settings: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Build the book into a folder of the builder's name; what was read is kept beside it, for other builders."""
    command = [*without_network(), sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder, *settings]
    return subprocess.run(
        [*command, "-d", str(folder / "doctrees"), str(ROOT / "book"), str(folder / builder)],
        cwd=ROOT, env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


def measure() -> dict[str, Any]:
    """Seconds of the whole build, of the clock and of all processors. Raises ChildProcessError for a warning."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = processors(), time.perf_counter()
        done = build("html", Path(folder), "-j", "2")
        took = time.perf_counter() - began
        if done.returncode:
            raise ChildProcessError(f"the book could not be built:\n{done.stderr}")
        pages = len(list((Path(folder) / "html").rglob("*.html")))
        return {
            "seconds": round(took), "processor_seconds": round(processors() - before), "limit": WANTED,
            "pages": pages, "without_network": bool(without_network()),
        }  # fmt: skip


def processors() -> float:
    """Seconds that processors gave to children that ended."""
    spent = os.times()
    return spent.children_user + spent.children_system


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.book", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(arguments)
    report("book", measure(), options.json)


if __name__ == "__main__":
    main()
