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
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import tinytorch
from tinytorch._files import write_whole
from tinytorch.course import source
from tinytorch.course.exercises import COURSE, Exercise, Module, exercises, modules
from tinytorch.course.notebook import SETTINGS, find_jupytext, notebook_of
from tinytorch.course.source import Source

MARK = "tinytorch.json"
MEMORY = Path(".tinytorch") / "memory.json"


class WorkspaceError(Exception):
    """What is wrong with a workspace or a file in it, and what to do, in one sentence; `line`: the source it is about."""

    def __init__(self, said: str, line: str = "") -> None:
        super().__init__(said)
        self.line = line


# A learner's files in place of the library's


class Files(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of the library in other texts than the library's own, compiled anew each time."""

    def __init__(self, sources: Mapping[str, Source], as_edited: bool = True) -> None:
        self.sources = {f"tinytorch.{name}": text for name, text in sources.items()}
        self.as_edited = as_edited

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """A module whose text is here."""
        if fullname not in self.sources:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self.sources[fullname].path)

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's text."""
        text = self.sources[module.__name__]
        module.__file__ = text.path
        exec(text.compiled(self.as_edited), module.__dict__)


def enter(sources: Mapping[str, Source], as_edited: bool = True) -> None:
    """From here on, in this process, these files of the course come from these texts, all others from the library.

    as_edited: tracebacks name the lines of the learner's file, else those of the text, which is quicker. Raises
    RuntimeError where one of them, or a course file that may import one, was imported before.
    """
    first = min((COURSE.index(name) for name in sources), default=len(COURSE))
    loaded = [name for name in COURSE[first:] if f"tinytorch.{name}" in sys.modules]
    if loaded:
        raise RuntimeError(f"a workspace must be entered before tinytorch.{loaded[0]} is imported")
    sys.meta_path.insert(0, Files(sources, as_edited))


# What is judged, and what is run


def alone(exercise: Exercise, own: Source) -> Source:
    """A learner's file in which everything that other exercises ask for is the library's, where that is to be had."""
    module = exercise.module
    if module.for_class:
        return own
    others = [name for name in module.messages if name not in exercise.functions]
    return _with_library(own, module, others, module.own_helpers(exercise))


def workable(exercise: Exercise, own: Source, path: str) -> Source:
    """The text by which an exercise is judged. Raises WorkspaceError where a function is not what it should be."""
    module = exercise.module
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
        raise _without(module, path, missing) from None


def _without(module: Module, path: str, missing: KeyError) -> WorkspaceError:
    """A file that has lost a class."""
    return WorkspaceError(
        f"{path} has no {missing.args[0]}: give it its name back, or start the file over with "
        f"`tinytorch reset {module.exercises[0].id}`, which keeps a copy"
    )


def _with_library(own: Source, module: Module, names: Sequence[str], without: frozenset[str] = frozenset()) -> Source:
    """A learner's file with some functions as the library has them, which call the library's private ones."""
    completed, library, added = _prepared(own, module.library, frozenset(module.messages), without)
    return source.put(completed, library, [*names, *added])


@lru_cache(maxsize=32)
def _prepared(
    own: Source, library: Source, asked: frozenset[str], without: frozenset[str]
) -> tuple[Source, Source, list[str]]:
    """A learner's file with what it lacks, but for what is not lent; the library's, with other names for what both have and do differently; these."""
    completed = source.complete(own, library, without)
    clashing = source.clashes(completed, library) - {name.split(".")[-1] for name in asked}
    apart = source.renamed(library, sorted(clashing), "_of_the_library")
    return completed, apart, [name for name in apart.functions if name.endswith("_of_the_library")]


def substituted(module: Module, names: Sequence[str], donor: Source) -> Source:
    """The library's file with some functions as a donor has them, and what helpers they bring along."""
    helpers = source.extras(donor, module.library, names)
    return source.put(module.library, donor, [*names, *helpers])


def filled(module: Module, own: Source) -> Source:
    """A learner's file in which the library's functions stand in for those that are still to be written."""
    return _with_library(own, module, [name for name in source.unwritten(own) if name in module.messages])


# The folder


class Workspace:
    """A folder in which somebody takes the course."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notebooks = bool(_read_json(folder / MARK).get("notebook"))
        self.unsaved: OSError | None = None  # why what was learnt is forgotten
        found = _read_json(folder / MEMORY)
        kinds = {"checked": dict, "hints": dict, "current": str}
        self.memory = {key: found[key] for key, kind in kinds.items() if isinstance(found.get(key), kind)}

    @classmethod
    def start(cls, folder: Path, notebook: bool = False) -> Workspace:
        """Make a workspace with the first file, or adopt one that is there; files that are there stay as they are.

        notebook: each file gets a notebook beside it. Raises WorkspaceError where jupytext is missing for that.
        """
        notebook = notebook or bool(_read_json(folder / MARK).get("notebook"))
        if notebook:
            _need_jupytext()
        folder.mkdir(parents=True, exist_ok=True)
        mark = {"workspace": 1, "version": tinytorch.__version__, "notebook": notebook}
        write_whole(folder / MARK, json.dumps(mark, indent=2) + "\n")
        for name, text in {"README.md": README, **({"jupytext.toml": SETTINGS} if notebook else {})}.items():
            if not (folder / name).exists():
                write_whole(folder / name, text)
        workspace = cls(folder)
        for module in modules():
            if module == modules()[0] or workspace.path(module).exists():
                workspace.file(module)
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
        book = path.with_suffix(".ipynb")
        if self.notebooks and not book.exists():
            _need_jupytext()
            write_whole(book, notebook_of(path))
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
            raise WorkspaceError(f"{path.name}{line} is not Python: {error.msg}", _with_caret(error)) from None

    def judged(self, exercise: Exercise) -> Source:
        """The text by which an exercise is judged. Raises WorkspaceError where a function is not what it should be."""
        path = self.path(exercise.module).name
        return workable(exercise, self.read(exercise.module), path)

    def beside(self, module: Module) -> dict[str, Source]:
        """The files with which one is judged: in a class the learner's others, else none but the library's.

        Raises WorkspaceError where one that comes before it cannot be read; a later one is then left out.
        """
        found = {}
        for one in modules() if module.for_class else ():
            with suppress(WorkspaceError) if one.number > module.number else nullcontext():
                if one != module:
                    found[one.name] = self.read(one)
        return found

    def sources(self) -> dict[str, Source]:
        """The learner's files, as they run as a whole: the library stands in for what is still to be written."""
        present = [module for module in modules() if self.path(module).exists()]
        found = {}
        for module in present:
            try:
                found[module.name] = filled(module, self.read(module))
            except KeyError as missing:
                raise _without(module, self.path(module).name, missing) from None
        return found

    def written(self, exercise: Exercise) -> bool:
        """Whether any function of an exercise is no longer a stub, as far as the file can be read."""
        if not self.path(exercise.module).exists():
            return False
        try:
            stubs = source.unwritten(self.read(exercise.module))
        except WorkspaceError:
            return True
        return any(name not in stubs for name in exercise.functions)

    # What is remembered

    def remembered(self, exercise: Exercise) -> bool | None:
        """Whether this very text passed or failed before; None where it was not checked."""
        known = self.memory.get("checked", {}).get(exercise.id)
        file = self._file_hash(exercise.module)
        try:
            match known:
                case {"file": str(before), "passed": bool(passed)} if before == file:
                    return passed
                case {"text": str(text), "passed": bool(passed)} if self.written(exercise):
                    if text != self.hash(exercise, self.judged(exercise)):
                        return None
                    known["file"] = file  # the change was elsewhere
                    return passed
            return None if self.written(exercise) else False
        except WorkspaceError:
            return False

    def stands(self, exercise: Exercise) -> bool:
        """Whether an exercise passes as far as is known: while a text cannot be read, or was not checked, as it did last."""
        known = self.memory.get("checked", {}).get(exercise.id)
        if not isinstance(known, dict) or known.get("passed") is not True:
            return False
        if known.get("file") == self._file_hash(exercise.module):  # nothing needs to be parsed
            return True
        try:
            if self.path(exercise.module).exists():
                self.read(exercise.module)
        except WorkspaceError:
            return True
        return self.remembered(exercise) is not False

    def lost(self) -> list[Module]:
        """The modules whose files were there, as is remembered of their exercises, and are gone."""
        known = {exercises()[0].id, *self.memory.get("checked", {})}
        been = [module for module in modules() if any(exercise.id in known for exercise in module.exercises)]
        return [module for module in been if not self.path(module).exists()]

    def remember(self, exercise: Exercise, judged: Source, passed: bool) -> None:
        """Note what came of a check."""
        facts = {"text": self.hash(exercise, judged), "passed": passed}  # the file may have been saved again meanwhile
        self.memory.setdefault("checked", {})[exercise.id] = facts
        for one in exercise.module.exercises:
            self.remembered(one)  # notes the file as it is now, where it still has the text that was checked
        self._save()

    def _file_hash(self, module: Module) -> str:
        """Of a whole file, and of what else the verdicts on it depend on."""
        try:
            data = self.path(module).read_bytes()
        except OSError:
            return ""
        beside = [other.text for other in self.beside(module).values()]
        parts = [tinytorch.__version__, module.library.text, *module.checks, *beside]
        return hashlib.sha256(b"\0".join([data, *(part.encode() for part in parts)])).hexdigest()

    def hash(self, exercise: Exercise, judged: Source) -> str:
        """Of what a verdict depends on: the text, the checks and the version."""
        beside = [other.text for other in self.beside(exercise.module).values()]
        parts = [tinytorch.__version__, judged.text, *exercise.module.checks, *beside]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def current(self) -> Exercise | None:
        """Where the learner went last, None where that is not known."""
        return next((exercise for exercise in exercises() if exercise.id == self.memory.get("current")), None)

    @current.setter
    def current(self, exercise: Exercise) -> None:
        if self.memory.get("current") != exercise.id:
            self.memory["current"] = exercise.id
            self._save()

    def next_hint(self, exercise: Exercise) -> int:
        """How many hints to give now: one more than last time."""
        given = self.memory.setdefault("hints", {})
        before = given.get(exercise.id)
        count = min((before if isinstance(before, int) else 0) + 1, len(exercise.hints))
        given[exercise.id] = count
        self._save()
        return count

    def _save(self) -> None:
        try:
            (self.folder / MEMORY).parent.mkdir(exist_ok=True)
            write_whole(self.folder / MEMORY, json.dumps(self.memory, indent=2) + "\n")
            self.unsaved = None
        except OSError as error:  # what there is to show matters more than its memory
            self.unsaved = error

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

    def reset(self, exercise: Exercise) -> tuple[Path | None, bool]:
        """Make an exercise's functions stubs again.

        Returns the backup of the file as it was, and whether all of the file became the stub again, because it could
        not be read as Python or has lost a class.
        """
        module = exercise.module
        path = self.path(module)
        if not path.exists():
            self.file(module)
            return None, True
        backup = self.back_up(path)
        try:
            text, whole = source.put(self.read(module), module.stub(), exercise.functions).text, False
        except (WorkspaceError, KeyError):
            text, whole = module.stub().text, True
        write_whole(path, text)
        return backup, whole


def _with_caret(error: SyntaxError) -> str:
    """The line that Python could not read, and a caret below the place."""
    if not error.text or not error.offset:
        return ""
    line = error.text.rstrip()
    start = len(line) - len(line.lstrip())
    return f"    {line[start:]}\n    {' ' * max(error.offset - 1 - start, 0)}^"


def _need_jupytext() -> None:
    try:
        find_jupytext()
    except ModuleNotFoundError as error:
        raise WorkspaceError(str(error)) from None


def _parameters(node: source.Function) -> str:
    return ast.unparse(node.args)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


README = """\
# Building tinytorch

In this folder you write a deep learning library, file by file. What you have not written yet is there all the same: the
library's own code stands in for it, so that whatever you write runs in real training at once.

1. Open `ops.py` in your editor. Each function that raises `NotImplementedError("01.1 ...")` is yours to write.
2. `tinytorch` checks the exercise you are at and says exactly what is wrong; `tinytorch watch` does so on every save.
3. `tinytorch task` says what the exercise asks for, `tinytorch hint` helps, `tinytorch list` shows the way, `tinytorch
   next` goes on, `tinytorch run script.py` runs any script on your own files.
4. `tinytorch milestone mlp` trains a network on real data with what you wrote, `tinytorch challenge ops` measures how fast it is;
   `tinytorch milestone` and `tinytorch challenge` list what else there is.

Your files are never overwritten; `tinytorch reset ID` keeps a copy in `backups/`. Where your shell does not find
`tinytorch`, start it as you did at first, by its path or as `python -m tinytorch`.
"""
