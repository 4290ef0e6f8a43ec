"""Which tests run which line of the library, so that a fault is first shown to the tests that can see it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

AT_MOST = 12  # tests to begin with, each with all of its parameters, whose names may change with a fault


class Reach:
    """What the tests of a copy of the project reach, all run once under pytest-cov; they must pass."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        data = copy / "coverage.data"
        words = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "tests"]
        words += ["--cov=tinytorch", "--cov-context=test", "--cov-report="]
        settings = {"COVERAGE_FILE": str(data), "PYTHONPATH": str(copy)}
        run = subprocess.run(
            words, cwd=copy, env={**os.environ, **settings}, capture_output=True, text=True, check=False
        )
        if run.returncode:
            sys.exit(f"without any fault a test fails, there is nothing to judge by:\n{run.stdout[-3000:]}")

        from coverage import CoverageData

        self.data = CoverageData(str(data))
        self.data.read()

    def tests(self, file: str, text: str, at: int, length: int, first: Iterable[str]) -> list[str]:
        """Some tests that run the statement where a piece of a file stands, those in the files `first` before others."""
        lines = statement_lines(text, at, length)
        contexts = self.data.contexts_by_lineno(str(self.copy / file))
        found = {name.partition("[")[0].partition("|")[0] for line in lines for name in contexts.get(line, []) if name}
        files = tuple(first)
        ordered = sorted(found, key=lambda name: (not name.startswith(files), len(name), name))
        return ordered[:: max(1, len(ordered) // AT_MOST)][:AT_MOST]


def statement_lines(text: str, at: int, length: int) -> range:
    """The lines of the smallest statement around a piece of Python, or of the piece itself."""
    start, end = text.count("\n", 0, at) + 1, text.count("\n", 0, at + length - 1) + 1
    around = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and node.lineno <= start and (node.end_lineno or 0) >= end
    ]
    innermost = max(around, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
    simple = innermost is not None and not hasattr(innermost, "body")
    return range(innermost.lineno, (innermost.end_lineno or 0) + 1) if simple and innermost else range(start, end + 1)
