"""What a person should look at in a student's code. It is advice: a flag never costs a point, and stops nobody who hides."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache

from tinytorch.course.exercises import Module
from tinytorch.course.source import Source
from tinytorch.grading.submissions import Submission

USUAL = {  # imports that nobody needs to explain
    *("__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "heapq"),
    *("itertools", "math", "numbers", "numpy", "operator", "random", "re", "string", "typing", "warnings"),
}
ODD_NAMES = {
    *("exec", "eval", "compile", "__import__", "open", "globals", "vars", "breakpoint", "__builtins__", "exit", "quit")
}
ODD_ATTRIBUTES = {
    *("_getframe", "f_back", "f_globals", "f_locals", "__globals__", "__subclasses__", "__code__", "__builtins__"),
    *("_exit", "get_objects", "get_referrers", "getppid", "meta_path"),
    *("os", "_os", "sys", "_sys", "ctypes", "ctypeslib"),  # what other modules have imported
    *("fromfile", "memmap", "st_ino", "st_atime_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"),
}
ODD_KEYS = {"os", "time", "ctypes"}  # of sys.modules under whatever name
MOST = 20  # remarks on a submission


def remarks_on(submission: Submission, graded: Sequence[Module]) -> list[str]:
    """What is unusual in the files of a submission, each in a few words with its first line."""
    found = [said for module in graded if module.name in submission.files for said in _of_file(submission, module)]
    return found[:MOST]


def _of_file(submission: Submission, module: Module) -> list[str]:
    if said := submission.problem(module.name):
        return [said]
    own = submission.source(module.name)
    lines: dict[str, list[int]] = {}
    for line, what in _odd(own.tree, _imported(module)):
        if what not in _of_the_library(module):
            lines.setdefault(what, []).append(line)
    odd = [f"{module.name}.py {_at(sorted(where))}: {what}" for what, where in lines.items()]
    return [*_without_docstrings(module, own), *odd]


def _at(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"line {lines[0]}{more}"


def _without_docstrings(module: Module, own: Source) -> list[str]:
    """A stub whose docstrings are gone was perhaps not what was written into."""
    asked = [name for name in module.messages if name in own.functions]
    told = [name for name in asked if ast.get_docstring(module.library.functions[name][0])]
    gone = [name for name in told if ast.get_docstring(own.functions[name][0]) is None]
    return [f"{module.name}.py: the stub's docstrings are gone"] if len(gone) > len(told) / 2 else []


@cache
def _of_the_library(module: Module) -> set[str]:
    """What the library's own file does, which is nothing odd in a student's."""
    return {what for _, what in _odd(module.library.tree, _imported(module))}


@cache
def _imported(module: Module) -> set[str]:
    """What the library's own file imports."""
    names = {name for node in ast.walk(module.library.tree) for name in _names(node)}
    return names | {name.split(".")[0] for name in names if not name.startswith("tinytorch")}


def _names(node: ast.AST) -> list[str]:
    """The modules that a statement imports: "os", "tinytorch.ops"."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = node.module or "."
        return [f"tinytorch.{alias.name}" for alias in node.names] if module == "tinytorch" else [module]
    return []


def _odd(tree: ast.Module, known: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for name in _names(node):
            if name not in known and name.split(".")[0] not in USUAL:
                yield getattr(node, "lineno", 0), f"imports {name}"
        if isinstance(node, ast.Name) and node.id in ODD_NAMES:
            yield node.lineno, f"uses {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in ODD_ATTRIBUTES:
            yield node.lineno, f"uses {node.attr}"
        if isinstance(node, ast.Attribute) and node.attr == "modules" and _is_sys(node.value):
            yield node.lineno, "uses sys.modules"
        if isinstance(node, ast.Subscript) and isinstance(key := node.slice, ast.Constant) and key.value in ODD_KEYS:
            yield node.lineno, f"uses [{key.value!r}]"
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_module(node.value):
            yield node.lineno, f"changes {ast.unparse(node)}"


def _is_sys(node: ast.expr) -> bool:
    """Whether it is called sys, wherever it was found."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("sys", "_sys")


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "builtins", "sys", "os", "ops", "F")
