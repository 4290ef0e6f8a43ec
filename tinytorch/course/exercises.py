"""What the course asks for: modules and their exercises, read from the files in modules/ without loading NumPy.

How a module is written stands in modules/README.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from tinytorch._lazy import COURSE as COURSE
from tinytorch._places import PACKAGE, find_folder
from tinytorch.course import source
from tinytorch.course.source import Source

RECORDED = "recorded.frames"


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A few functions of one file to be written, and all that is said about them.

    id: "04.2", the second of module 04; minutes: an estimate; hints: a nudge, the formula or shapes, nearly the code;
    note: what is said after the pass.
    """

    id: str
    title: str
    functions: tuple[str, ...]
    points: int
    minutes: int
    prompt: str
    hints: tuple[str, str, str]
    note: str

    @property
    def module(self) -> Module:
        """The module it belongs to."""
        return next(module for module in modules() if module.number == self.id[:2])


@dataclass(frozen=True)
class Variant:
    """Another solution of an exercise: a known mistake, or a right one in another style. What it says is for the learner."""

    exercise: str
    name: str
    message: str
    source: Source


@dataclass(frozen=True)
class Module:
    """One file of the library, as a part of the course."""

    number: str  # "04"
    name: str  # "layers", the file without .py
    folder: Path
    exercises: tuple[Exercise, ...]

    @cached_property
    def library(self) -> Source:
        """The library's own file, which is the solution."""
        return Source.read(PACKAGE / f"{self.name}.py")

    @property
    def title(self) -> str:
        """What the file's first line says it is: "Derivatives: what each operation does ..."."""
        return self.library.lines[0].strip('"')[3:].rstrip(".")

    @cached_property
    def for_class(self) -> bool:
        """Whether the checks are recorded ones, as a class gets them, and there are no solutions."""
        return (self.folder / RECORDED).is_file()

    @cached_property
    def checks(self) -> tuple[str, ...]:
        """The texts of which the checks consist."""
        names = (RECORDED if self.for_class else "checks.py", "probes.py")
        return tuple((self.folder / name).read_text(encoding="utf-8", errors="replace") for name in names)

    @cached_property
    def messages(self) -> dict[str, str]:
        """What each function raises until it is written."""
        return {name: f"{exercise.id} {name}" for exercise in self.exercises for name in exercise.functions}

    def stub(self) -> Source:
        """The library's file with the exercises to be written."""
        return source.stub(self.library, self.messages, lambda name: _mentioned_beside(self.name, name))

    def solution(self, exercise: Exercise) -> str:
        """The library's own functions, as they stand in its file, and the private ones that went with them."""
        nodes = [node for name in self.solving(exercise) for node in self.library.functions[name]]
        return "\n\n".join(source.text_of(self.library, node) for node in nodes)

    def solving(self, exercise: Exercise) -> list[str]:
        """The functions of an exercise, and those that only its solution needs, which the stub does not have."""
        left = self.stub().functions
        went = [name for name in self.library.functions if name not in left]
        names = list(exercise.functions)
        for name in names:  # which grows
            text = "".join(source.text_of(self.library, node) for node in self.library.functions[name])
            names += [other for other in went if other not in names and source.mentions(text, other.split(".")[-1])]
        return names

    def own_helpers(self, exercise: Exercise) -> frozenset[str]:
        """The private functions that this exercise's solution needs and nothing else does: they are a part of it."""
        texts = {
            name: "".join(source.text_of(self.library, node) for node in nodes)
            for name, nodes in self.library.functions.items()
        }
        helpers = [name for name in texts if source.is_helper(name) and name not in self.messages]

        def needed(names: Iterable[str]) -> list[str]:
            found = list(names)
            for name in found:  # which grows
                text = texts[name]
                found += [one for one in helpers if one not in found and source.mentions(text, one.split(".")[-1])]
            return found

        others = needed(name for name in texts if name not in (*helpers, *exercise.functions))
        return frozenset(needed(exercise.functions)).difference(others, exercise.functions)

    @cached_property
    def mistakes(self) -> dict[str, list[Variant]]:
        """The known mistakes of each exercise; empty where the file did not come along."""
        return self._variants("mistakes.py")

    @cached_property
    def alternatives(self) -> dict[str, list[Variant]]:
        """Right solutions in another style."""
        return self._variants("alternatives.py")

    def _variants(self, file: str) -> dict[str, list[Variant]]:
        variants: dict[str, list[Variant]] = {exercise.id: [] for exercise in self.exercises}
        path = self.folder / file
        if path.is_file():
            for variant in _read_variants(path):
                variants[variant.exercise].append(variant)
        return variants


def _mentioned_beside(file: str, name: str) -> bool:
    return any(name in words for other, words in _words().items() if other != file)


@cache
def _words() -> Mapping[str, set[str]]:
    """The names that each file of the library mentions."""
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.glob("*.py")}
    return {file: {_word(node) for node in ast.walk(tree)} for file, tree in trees.items()}


def _word(node: ast.AST) -> str:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
            return word
    return ""


def _read_variants(path: Path) -> Iterator[Variant]:
    """Each class of a file: its docstring is the message, `exercise` the id, its functions the solution.

    Methods stand in a class within, under the name that theirs has in the library.
    """
    whole = Source.read(path)
    for node in whole.tree.body:
        if isinstance(node, ast.ClassDef):
            exercise, functions = "", []
            for part in node.body:
                match part:
                    case ast.Assign(targets=[ast.Name(id="exercise")], value=ast.Constant(value=str(exercise))):
                        pass
                    case ast.FunctionDef() | ast.ClassDef():
                        functions.append(source.text_of(whole, part))
            message = " ".join((ast.get_docstring(node) or "").split())
            yield Variant(exercise, node.name, message, Source.of("\n\n\n".join(functions), f"{path}: {node.name}"))


@cache
def modules() -> tuple[Module, ...]:
    """The modules of the course that there are, in order. Raises FileNotFoundError where the folder was lost."""
    found = []
    for folder in sorted(find_folder("modules").glob("[0-9][0-9]_*")):
        number, _, name = folder.name.partition("_")
        file = folder / "exercises.py"
        if file.is_file():
            found.append(Module(number, name, folder, tuple(execute(file)["EXERCISES"])))
    return tuple(found)


def exercises() -> tuple[Exercise, ...]:
    """All exercises, in order."""
    return tuple(exercise for module in modules() for exercise in module.exercises)


def execute(path: Path, **names: Any) -> dict[str, Any]:
    """The names that a file of modules/ defines. It is compiled once, as a module that is imported would be."""
    name = f"tinytorch_{path.parent.name}_{path.stem}"
    namespace = {"__name__": name, "__file__": str(path), **names}
    code = SourceFileLoader(name, str(path)).get_code(name)
    assert code is not None  # as for every source
    exec(code, namespace)
    return namespace
