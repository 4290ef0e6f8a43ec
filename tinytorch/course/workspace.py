"""A learner's folder: the files they write, which stand in for the library's, and what is remembered of them.

Progress is what is on disk. A pass is remembered with a hash of the text that passed, so nothing needs to be checked twice;
when the memory is deleted, checking again brings it back.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.abc
import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import tinytorch
from tinytorch.course import source
from tinytorch.course.exercises import COURSE, Exercise, Module, exercises, modules
from tinytorch.course.source import Source

MARK = "tinytorch.json"
MEMORY = Path(".tinytorch") / "memory.json"


class WorkspaceError(Exception):
    """What is wrong with a workspace or a file in it, and what to do, in one sentence."""


# A learner's files in place of the library's


class Files(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of the library in other texts than the library's own, compiled anew each time."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = {f"tinytorch.{name}": text for name, text in sources.items()}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """A module whose text is here."""
        if fullname not in self.sources:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self.sources[fullname].path)

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's text."""
        text = self.sources[module.__name__]
        module.__file__ = text.path
        exec(text.compiled(), module.__dict__)


def enter(sources: Mapping[str, Source]) -> None:
    """From here on, in this process, these files of the course come from these texts, all others from the library.

    Raises RuntimeError where one of the library's course files was imported before.
    """
    loaded = [name for name in COURSE if f"tinytorch.{name}" in sys.modules]
    if loaded:
        raise RuntimeError(f"a workspace must be entered before tinytorch.{loaded[0]} is imported")
    sys.meta_path.insert(0, Files(sources))


# What is judged, and what is run


def alone(exercise: Exercise, own: Source) -> Source:
    """A learner's file in which everything that other exercises ask for is the library's."""
    module = exercise.module
    others = [name for other in module.exercises if other != exercise for name in other.functions]
    return source.put(_completed(own, module.library), module.library, others)


@lru_cache(maxsize=32)
def _completed(own: Source, library: Source) -> Source:
    return source.complete(own, library)


def substituted(module: Module, names: Sequence[str], donor: Source) -> Source:
    """The library's file with some functions as a donor has them, and what helpers they bring along."""
    helpers = source.extras(donor, module.library, names)
    return source.put(module.library, donor, [*names, *helpers])


def filled(module: Module, own: Source) -> Source:
    """A learner's file in which the library's functions stand in for those that are still to be written."""
    stubs = [name for name in source.unwritten(own) if name in module.messages]
    return source.put(_completed(own, module.library), module.library, stubs)


# The folder


class Workspace:
    """A folder in which somebody takes the course."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory = _read_json(folder / MEMORY)

    @classmethod
    def start(cls, folder: Path) -> Workspace:
        """Make a workspace with the first file, or adopt one that is there; files that are there stay as they are."""
        folder.mkdir(parents=True, exist_ok=True)
        workspace = cls(folder)
        workspace.file(modules()[0])
        if not (folder / "README.md").exists():
            write_whole(folder / "README.md", README)
        write_whole(folder / MARK, json.dumps({"workspace": 1, "version": tinytorch.__version__}, indent=2) + "\n")
        return workspace

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The workspace that a folder is, or lies in. Raises WorkspaceError where there is none, or of another version."""
        for folder in (start, *start.parents):
            if (folder / MARK).is_file():
                version = _read_json(folder / MARK).get("version")
                if version != tinytorch.__version__:
                    raise WorkspaceError(
                        f"this workspace was made by version {version} of tinytorch, and this is {tinytorch.__version__}: "
                        f"`tinytorch start {folder}` takes it over and leaves your files as they are"
                    )
                return cls(folder)
        raise WorkspaceError(f"{start} is not a workspace: make one with `tinytorch start DIR` and go there")

    def path(self, module: Module) -> Path:
        """Where a module's file is."""
        return self.folder / f"{module.name}.py"

    def file(self, module: Module) -> Path:
        """A module's file, which is made from the stub where there is none yet."""
        path = self.path(module)
        if not path.exists():
            write_whole(path, module.stub().text)
        return path

    def read(self, module: Module) -> Source:
        """A module's file as the learner has it. Raises WorkspaceError where it cannot be read."""
        path = self.file(module)
        try:
            own = Source.read(path)
            _ = own.tree
            return own
        except SyntaxError as error:
            line = f" line {error.lineno}" if error.lineno else ""
            raise WorkspaceError(f"{path.name}{line} is not Python: {error.msg}") from None

    def judged(self, exercise: Exercise) -> Source:
        """The text by which an exercise is judged. Raises WorkspaceError where a function is not what it should be."""
        module = exercise.module
        own = self.read(module)
        path = self.path(module).name
        for name in exercise.functions:
            if name not in own.functions:
                raise WorkspaceError(
                    f"{path} has no {name}, which {exercise.id} asks for: give it its name back, or "
                    f"`tinytorch reset {exercise.id}`"
                )
            theirs, ours = own.functions[name][0], module.library.functions[name][0]
            if source.signature(theirs) != source.signature(ours):
                raise WorkspaceError(
                    f"{path} line {own.line_of(name)}: {name} must take ({_parameters(ours)}), not ({_parameters(theirs)})"
                )
        try:
            return alone(exercise, own)
        except KeyError as missing:
            raise WorkspaceError(
                f"{path} has no {missing.args[0]}: give it its name back, or copy it from `tinytorch reset {exercise.id}`"
            ) from None

    def sources(self) -> dict[str, Source]:
        """The learner's files, as they run as a whole: the library stands in for what is still to be written."""
        present = [module for module in modules() if self.path(module).exists()]
        return {module.name: filled(module, self.read(module)) for module in present}

    def written(self, exercise: Exercise) -> bool:
        """Whether any function of an exercise is no longer a stub."""
        if not self.path(exercise.module).exists():
            return False
        stubs = source.unwritten(self.read(exercise.module))
        return any(name not in stubs for name in exercise.functions)

    # What is remembered

    def remembered(self, exercise: Exercise) -> bool | None:
        """Whether this very text passed or failed before; None where it was not checked."""
        try:
            known = self.memory.get("checked", {}).get(exercise.id, {})
            if not known or not self.written(exercise):
                return False if not self.written(exercise) else None
            return known.get("passed") if known.get("text") == self.hash(exercise, self.judged(exercise)) else None
        except WorkspaceError:
            return False

    def remember(self, exercise: Exercise, judged: Source, passed: bool) -> None:
        """Note what came of a check."""
        self.memory.setdefault("checked", {})[exercise.id] = {"text": self.hash(exercise, judged), "passed": passed}
        self._save()

    @staticmethod
    def hash(exercise: Exercise, judged: Source) -> str:
        """Of what a verdict depends on: the text, the checks and the version."""
        parts = [tinytorch.__version__, judged.text, *exercise.module.checks]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def current(self) -> Exercise:
        """Where the learner is: where they went last, else the first exercise that is not known to pass."""
        known = {exercise.id: exercise for exercise in exercises()}
        if self.memory.get("current") in known:
            return known[self.memory["current"]]
        return self.first_open() or exercises()[-1]

    @current.setter
    def current(self, exercise: Exercise) -> None:
        if self.memory.get("current") != exercise.id:
            self.memory["current"] = exercise.id
            self._save()

    def first_open(self, after: Exercise | None = None) -> Exercise | None:
        """The first exercise that is not known to pass, from one on and then from the beginning."""
        every = exercises()
        start = every.index(after) + 1 if after else 0
        return next((e for e in every[start:] + every[:start] if not self.remembered(e)), None)

    def next_hint(self, exercise: Exercise) -> int:
        """How many hints to give now: one more than last time."""
        given = self.memory.setdefault("hints", {})
        given[exercise.id] = min(int(given.get(exercise.id, 0)) + 1, len(exercise.hints))
        self._save()
        return int(given[exercise.id])

    def _save(self) -> None:
        (self.folder / MEMORY).parent.mkdir(exist_ok=True)
        write_whole(self.folder / MEMORY, json.dumps(self.memory, indent=2) + "\n")

    # Going back

    def back_up(self, path: Path) -> Path:
        """A copy of a file under today's date and time, which no other file has."""
        folder = self.folder / "backups"
        folder.mkdir(exist_ok=True)
        name = f"{path.stem}-{time.strftime('%Y-%m-%d-%H%M%S')}"
        copies = (folder / f"{name}{f'-{i}' if i else ''}{path.suffix}" for i in range(1000))
        copy = next(copy for copy in copies if not copy.exists())
        write_whole(copy, path.read_bytes())
        return copy

    def reset(self, exercise: Exercise) -> Path | None:
        """Make an exercise's functions stubs again; returns the backup of the file as it was.

        Where the file can no longer be read as Python, all of it becomes the stub again.
        """
        module = exercise.module
        path = self.path(module)
        if not path.exists():
            self.file(module)
            return None
        backup = self.back_up(path)
        try:
            text = source.put(self.read(module), module.stub(), exercise.functions).text
        except (WorkspaceError, KeyError):
            text = module.stub().text
        write_whole(path, text)
        return backup


def _parameters(node: source.Function) -> str:
    return ast.unparse(node.args)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, whenever the disk fills up or the machine stops."""
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tinytorch-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


README = """\
# Building tinytorch

In this folder you write a deep learning library, file by file. What you have not written yet is there all the same: the
library's own code stands in for it, so that whatever you write runs in real training at once.

1. Open `ops.py` in your editor. Each function that raises `NotImplementedError("01.1 ...")` is yours to write.
2. `tinytorch` checks the exercise you are at and says exactly what is wrong; `tinytorch watch` does so on every save.
3. `tinytorch hint` helps, `tinytorch list` shows the way, `tinytorch next` goes on, `tinytorch run script.py` runs any
   script on your own files.

Your files are never overwritten; `tinytorch reset ID` keeps a copy in `backups/`.
"""
