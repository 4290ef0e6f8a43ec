"""Where finished runs are kept, so that none is run twice: a file for each, in the user's cache.

A file is known by what decides its content: the settings, the seed, the text of what was run, and the library's version.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import tinytorch
from tinytorch import downloads
from tinytorch.experiments.face import Result, Results, Run, Study
from tinytorch.serialization import load, save

HOME = "tinytorch.experiments."

Place = tuple[str, str]  # a module, and a name of its top level


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
    found: dict[Place, str] = {}
    files: dict[str, dict[str, ast.stmt | Place]] = {}
    waiting: list[Place] = [(function.__module__, function.__name__)]
    for module, name in waiting:  # which grows as it is read
        if module not in files:
            files[module] = definitions(module)
        defined = files[module].get(name)
        if isinstance(defined, tuple):
            waiting.append(defined)
        elif defined is not None and (module, name) not in found:
            found[module, name] = ast.unparse(defined)
            waiting += [(module, used.id) for used in ast.walk(defined) if isinstance(used, ast.Name)]
    return "\n".join(found[place] for place in sorted(found))


def definitions(module: str) -> dict[str, ast.stmt | Place]:
    """The names that a file defines, each with its statement; those it takes from another study with where they stand there."""
    defined: dict[str, ast.stmt | Place] = {}
    for node in ast.parse(inspect.getsource(import_module(module))).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            defined |= dict.fromkeys(names, node)
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith(HOME):
            defined |= {alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names}
    return defined
