"""What a class gets: stubs, checks that hold no solution, data, and the learner's commands; nothing that was not allowed.

A release is built from lists of what may be in it, and then searched for what must not. Checks come as recorded cases: the
call, its arguments, and the answer.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tinytorch
from tinytorch._files import write_whole
from tinytorch._places import PACKAGE, find_folder
from tinytorch.course import recorded
from tinytorch.course.checks import Check
from tinytorch.course.exercises import COURSE, Exercise, Module, modules
from tinytorch.course.judge import checks_of, expected
from tinytorch.course.source import Source

MACHINERY = {  # of the faces, the course and the command line; no mistakes, no grader
    "backends": ("__init__", "cudnn", "mps"),
    "course": (
        *("__init__", "challenges", "checks", "drawing", "exercises", "frames", "judge", "milestones", "notebook"),
        *("probing", "recorded", "report", "source", "style", "worker", "workspace"),
    ),
    "cli": ("__init__", "data", "desk", "doctor", "learner", "main", "session"),
    "nn": ("__init__", "functional", "init", "utils"),
    "optim": ("__init__", "lr_scheduler"),
    "utils": ("__init__", "data"),
}
BASE = ("__init__", "__main__", "_lazy", "_places", "_threads")
HELPERS = (  # of the library, each as far as what it imports is there
    *("accelerator", "changes", "creation", "cuda", "datasets", "downloads", "dtypes", "functional", "idx", "init"),
    *("methods", "progress", "serialization", "testing", "text", "viz"),
)
SHORTEST = 12  # characters of a line that gives something away
UNTOLD = "Your course gives this hint in another place."
REMARK = "# generated for a class"


class Leak(Exception):
    """What a release must not hold, and where it was found."""


def release(out: Path, stubs: Sequence[str], stand_ins: Sequence[str] = ()) -> None:
    """Make a release in a new folder: modules as stubs, and others, as they are, to stand in. Numbers are "01", "02".

    Raises FileExistsError where there is something already, ValueError where a module would be both, Leak where a line of a
    solution is found in it; then nothing is left of it.
    """
    if both := set(stubs) & set(stand_ins):
        raise ValueError(f"module {min(both)} cannot be a stub and stand in for itself")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: a release is made in a new folder")
    out.mkdir(parents=True, exist_ok=True)
    released = [module for module in modules() if module.number in stubs]
    given = [module for module in modules() if module.number in stand_ins]
    try:
        _write_library(out / "tinytorch", released, given)
        _write_course(out / "modules", released)
        shutil.copytree(find_folder("datasets"), out / "datasets", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        for module in released:
            write_whole(out / f"{module.name}.py", module.stub().text)
        write_whole(out / "README.md", _readme(released))
        write_whole(out / "tinytorch.json", f'{{"workspace": 1, "version": "{tinytorch.__version__}"}}\n')
        if found := leaks(out, released, given):
            raise Leak("; ".join(found[:5]))
    except BaseException:
        shutil.rmtree(out)
        raise


# The library


def _write_library(package: Path, released: Sequence[Module], given: Sequence[Module]) -> None:
    stubs = [module.name for module in released]
    for name in library_files([module.name for module in [*released, *given]]):
        if name not in stubs:
            _copy(PACKAGE / f"{name}.py", package / f"{name}.py")
    for folder, names in MACHINERY.items():
        for name in names:
            _copy(PACKAGE / folder / f"{name}.py", package / folder / f"{name}.py")
    for module in released:
        write_whole(package / f"{module.name}.py", module.stub().text)


def library_files(course: Sequence[str]) -> list[str]:
    """The files that a release holds: these of the course, what they import, and helpers that need no other.

    Raises ValueError where they need another file of the course.
    """
    found = {*BASE, *course}
    waiting = list(course)
    while waiting:
        name = waiting.pop()
        for other in sorted(_imported(name) - found):
            if other in COURSE:
                raise ValueError(f"{name}.py needs {other}.py, which is neither a stub nor stands in")
            found.add(other)
            waiting.append(other)
    machinery = [PACKAGE / folder / f"{name}.py" for folder, names in MACHINERY.items() for name in names]
    helpers = {*HELPERS, *(name for path in machinery for name in _named(path))} - set(COURSE)
    while ready := [name for name in sorted(helpers) if name not in found and _imported(name) <= found]:
        found |= set(ready)
    return sorted(found)


def _imported(name: str) -> set[str]:
    """The files of the library that one imports when it is loaded."""
    return _named(PACKAGE / f"{name}.py")


def _named(path: Path) -> set[str]:
    """The files of the library that a file imports when it is loaded."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module == "tinytorch":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tinytorch."):
            found.add((node.module or "").split(".")[1])
    return {one for one in found if (PACKAGE / f"{one}.py").exists()}


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


# The course


def _write_course(folder: Path, released: Sequence[Module]) -> None:
    folder.mkdir()
    _copy(find_folder("modules") / "TINYTORCH", folder / "TINYTORCH")
    solutions = removed(released)
    for module in released:
        place = folder / module.folder.name
        place.mkdir()
        _copy(module.folder / "probes.py", place / "probes.py")
        exercises = ",\n".join(_spelled(_untold(exercise, solutions)) for exercise in module.exercises)
        write_whole(place / "exercises.py", f"{REMARK}\n{_IMPORT}\n\nEXERCISES = [\n{exercises},\n]\n")
        checks = [check for exercise in module.exercises for check in checks_of(exercise)]
        recorded.write(
            place, [(check, [(case, expected(check.exercise, case)) for case in check.cases()]) for check in checks]
        )
        write_whole(place / recorded.JUDGEMENTS, f"{REMARK}\n{_judgements(module, checks)}")


_IMPORT = "from tinytorch.course.exercises import Exercise"


def _untold(exercise: Exercise, solutions: Iterable[str]) -> Exercise:
    """An exercise without the hints and the note in which there is a line of a solution."""
    said = tuple(UNTOLD if _holds(hint, solutions) else hint for hint in exercise.hints)
    note = "" if _holds(exercise.note, solutions) else exercise.note
    return replace(exercise, hints=(said[0], said[1], said[2]), note=note)


def _holds(text: str, lines: Iterable[str]) -> bool:
    return any(line in text for line in lines)


def _spelled(exercise: Exercise) -> str:
    names = ("id", "title", "functions", "points", "minutes", "prompt", "hints", "note")
    return "\n".join(["    Exercise(", *(f"        {name}={getattr(exercise, name)!r}," for name in names), "    )"])


def _judgements(module: Module, checks: Sequence[Check]) -> str:
    """The functions by which answers are judged that are not simply the recorded ones, and what these use."""
    whole = Source.read(module.folder / "checks.py")
    defined = {name: node for node in whole.tree.body for name in _bound(node)}
    wanted = [check.judge.__name__ for check in checks if check.judge is not None]
    for name in wanted:  # which grows
        words = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
        wanted += [word for word in sorted(words) if word in defined and word not in wanted]
    nodes = [node for node in whole.tree.body if set(_bound(node)) & set(wanted)]
    return "\n\n".join(ast.unparse(node) for node in nodes) + "\n"


def _bound(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.split(".")[0] for alias in aliases]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


# The search for leaks


def removed(released: Iterable[Module]) -> set[str]:
    """The lines of solutions: what the stubs do not have and the tasks do not say, of some length."""
    released = list(released)
    stubs = [module.stub().text for module in released]
    needed = "\n".join([*stubs, *(exercise.prompt for module in released for exercise in module.exercises)])
    lines = {line.strip() for module in released for line in module.library.lines}
    return {line for line in lines if len(line) >= SHORTEST and line not in needed}


def leaks(out: Path, released: Sequence[Module], given: Sequence[Module]) -> list[str]:
    """Where lines of solutions stand in a release.

    A file that is given as it is may have a line in common with a solution, not two in a row; any other text none at all.
    """
    lines = removed(released)
    pairs = {pair for module in released for pair in _pairs(module.library) if set(pair) <= lines}
    whole = {path.relative_to(out): path for path in out.rglob("*") if path.is_file()}
    as_they_are = {Path("tinytorch") / f"{module.name}.py" for module in given} | set(_given_as_it_is(whole))
    found = []
    for name, path in sorted(whole.items()):
        text = path.read_bytes().decode("utf-8", "replace")
        if name in as_they_are:
            hits = [" / ".join(pair) for pair in _pairs(Source.of(text)) if pair in pairs]
        else:
            hits = [line for line in lines if line in text]
        found += [f"{name.as_posix()} holds {hit!r}" for hit in sorted(hits)]
    return found


def _pairs(text: Source) -> Iterator[tuple[str, str]]:
    """Lines that follow one another, blank ones left out."""
    lines = [line.strip() for line in text.lines if line.strip()]
    return zip(lines, lines[1:], strict=False)


def _given_as_it_is(whole: Mapping[Path, Path]) -> Iterator[Path]:
    """The files of a release that are the very ones of the library or of the course."""
    homes: dict[str, Any] = {
        "tinytorch": PACKAGE,
        "modules": find_folder("modules"),
        "datasets": find_folder("datasets"),
    }
    for name, path in whole.items():
        origin = homes.get(name.parts[0])
        same = origin / Path(*name.parts[1:]) if origin and len(name.parts) > 1 else None
        if same is not None and same.is_file() and same.read_bytes() == path.read_bytes():
            yield name


def _readme(released: Sequence[Module]) -> str:
    files = ", ".join(f"`{module.name}.py`" for module in released)
    return README.replace("FILES", files).replace("FIRST", released[0].exercises[0].id if released else "01.1")


README = """\
# Building tinytorch

In this folder you write a deep learning library, file by file: FILES. Each function that raises
`NotImplementedError("FIRST ...")` is yours to write. You need Python 3.11 or newer, and NumPy.

    python -m tinytorch task FIRST       what an exercise asks for
    python -m tinytorch check FIRST      is it right? if not: where, and by how much
    python -m tinytorch hint FIRST       hints, each says more than the one before
    python -m tinytorch list             all exercises, and how each stands

Write them in order: what comes later is checked with what you wrote before. The checks compare with recorded answers; your
work is graded with other inputs, where only NumPy and Python's own modules can be imported. Hand in FILES, in a folder or a
zip.
"""
