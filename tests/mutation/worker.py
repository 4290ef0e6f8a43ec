"""Runs the tests of a copy of the project, in a process that has loaded what they need but not the library."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is loaded before pytest could rewrite it
PROJECT = Path(__file__).resolve().parents[2]


def run_tests(tests: list[str], copy: Path, output: Path) -> None:
    """Run the tests of a copy, in a process that has not imported the library."""
    os.chdir(copy)
    os.environ.update(PYTHONPATH=str(copy), HYPOTHESIS_PROFILE="unshrunk")
    sys.path[:] = [str(copy), *(path for path in sys.path if Path(path or ".").resolve() != PROJECT)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    with output.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(pytest.main(["-x", "-q", "--no-header", "-p", "no:cacheprovider", *QUIET, *tests]))
