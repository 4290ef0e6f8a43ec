"""Where finished runs are kept, so that none is run twice: a file for each, in the user's cache.

A file is known by what decides its content: the settings, the seed, the text of what was run, and the library's version.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import tinytorch
from tinytorch import downloads
from tinytorch.experiments.face import Result, Results, Run, Study
from tinytorch.serialization import load, save

HOME = "tinytorch.experiments."


class Store:
    """The finished runs of one study, as its text stands when this is made."""

    def __init__(self, study: Study) -> None:
        self.folder = downloads.folders()[-1] / "studies" / study.name
        self.text = text_of(study.run)

    def get(self, run: Run) -> Result | None:
        """What a run found; None where it is not finished, or its file is damaged."""
        try:
            content = load(self._file(run))
            return Result(run, content["values"], content["seconds"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def results(self, runs: Sequence[Run]) -> Results:
        """What was found by those of the runs that are finished, in their order."""
        return Results(result for run in runs if (result := self.get(run)) is not None)

    def put(self, result: Result) -> None:
        """Keep what a run found, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"config": result.run.config, "seed": result.run.seed}
        save({**content, "values": result.values, "seconds": result.seconds}, self._file(result.run))

    def _file(self, run: Run) -> Path:
        known_by = [run.config, run.seed, self.text, tinytorch.__version__]
        digest = hashlib.sha256(json.dumps(known_by, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{digest[:24]}.npz"


def text_of(function: Callable[..., Any]) -> str:
    """The text of a function and of what it uses of its own file and of other studies' files, directly or not.

    Comments and the layout are no part of it.
    """
    found: dict[str, str] = {}
    waiting = [(sys.modules[function.__module__], function.__name__)]
    while waiting:
        module, name = waiting.pop()
        place = f"{module.__name__}.{name}"
        node, home = _definition(module, name)
        if node is not None and place not in found:
            found[place] = ast.unparse(node)
            waiting += [(home, used.id) for used in ast.walk(node) if isinstance(used, ast.Name)]
    return "\n".join(found[place] for place in sorted(found))


def _definition(module: ModuleType, name: str) -> tuple[ast.stmt | None, ModuleType]:
    """Where a name of a module's top level gets its value, and in which module: None where that is not a study's."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(HOME):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    return _definition(import_module(str(node.module)), alias.name)
        if name in _names(node):
            return node, module
    return None, module


def _names(node: ast.stmt) -> Iterator[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
