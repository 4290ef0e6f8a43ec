"""The rules of the house: imports run downwards only, every name says what it is, every function fits on a screen.

Each rule is a function of a file's text that lists what breaks it, and is shown a file that does.
"""

import ast
import importlib
import inspect
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[1] / "tinytorch"

FLOORS = [  # a file imports from floors below its own only
    [
        "_executors",
        "_files",
        "_lazy",
        "_places",
        "_threads",
        "changes",
        "downloads",
        "dtypes",
        "machine",
        "progress",
        "text",
    ],
    ["accelerator", "autograd", "backends", "cuda", "generator", "idx", "ops"],
    ["methods"],
    ["tensor"],
    ["creation", "functional", "kernels", "serialization", "testing"],
    ["init"],
    ["layers"],
    ["conv", "data", "losses", "optimizers", "regularization"],
    ["augmentation", "datasets", "pooling", "recurrent", "schedules"],
    ["graphs", "training"],
    ["viz"],
    ["recipes"],
]
FACES = ["__init__", "nn", "optim", "utils"]  # names only
OUTSIDE = ["__main__", "cli", "course", "experiments", "grading"]  # nothing in the library imports these

COURSE = [
    *("ops", "autograd", "tensor", "layers", "losses", "optimizers"),
    *("data", "training", "conv", "pooling", "regularization", "recurrent"),
]
LONGEST = 60  # lines of a function

FILES = sorted(LIBRARY.rglob("*.py"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())

Rule = Callable[[str, str], list[str]]


def place(path: Path) -> str:
    """The first part of a file's place in the library: "ops" for ops.py, "nn" for nn/init.py."""
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def floor_of(name: str) -> int:
    return next((i for i, floor in enumerate(FLOORS) if name in floor), len(FLOORS))


def imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every import of a part of the library: (where, which part), "" for the package itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package, _, rest = alias.name.partition(".")
                if package == "tinytorch":
                    yield node, rest.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "tinytorch":
            part = node.module.partition(".")[2].partition(".")[0]
            for name in [part] if part else [alias.name for alias in node.names]:
                yield node, name


# The rules


def wrong_imports(text: str, name: str) -> list[str]:
    """Imports that do not run downwards."""
    parts = [part for _, part in imports(ast.parse(text))]
    if name in OUTSIDE:
        return []
    if name in FACES:
        return [part for part in parts if part in OUTSIDE]
    return [part or "tinytorch" for part in parts if floor_of(part) >= floor_of(name)]


def imports_inside_functions(text: str, name: str) -> list[str]:
    """Parts of the library that are imported within a function, which hides a cycle. The command line may wait."""
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return [
        f"{function.name}: {part}" for function in functions for _, part in imports(function) if name not in OUTSIDE
    ]


def relative_imports(text: str, name: str) -> list[str]:
    """Imports that do not say from where."""
    nodes = ast.walk(ast.parse(text))
    return [f"line {node.lineno}" for node in nodes if isinstance(node, ast.ImportFrom) and node.level]


def definitions_in_faces(text: str, name: str) -> list[str]:
    """Functions and classes defined where there should be names only."""
    if name not in FACES:
        return []
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in ast.parse(text).body if isinstance(node, kinds) and not node.name.startswith("_")]


def without_docstring(text: str, name: str) -> list[str]:
    """Public functions and classes that do not say what they are, and the file first of all."""
    tree = ast.parse(text)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    missing = [] if ast.get_docstring(tree) else ["the file"]
    return missing + [node.name for node in public if not ast.get_docstring(node)]


def methods_without_docstring(cls: type) -> list[str]:
    """Public methods and properties that neither say what they are nor override one that does."""
    kinds = (staticmethod, classmethod, property)
    own = [name for name, value in vars(cls).items() if inspect.isfunction(value) or isinstance(value, kinds)]
    said = [name for base in cls.__mro__ for name, value in vars(base).items() if getattr(value, "__doc__", None)]
    return [name for name in own if not name.startswith("_") and name not in said]


def too_long(text: str, name: str) -> list[str]:
    """Functions that do not fit on a screen, what they say of themselves aside."""
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    lengths = [
        (f.name, f.end_lineno - f.lineno + 1 - len((ast.get_docstring(f) or "").splitlines())) for f in functions
    ]
    return [f"{name}: {lines} lines" for name, lines in lengths if lines > LONGEST]


def pictographs(text: str, name: str) -> list[str]:
    """Emoji and other little pictures, and characters that cannot be seen."""
    allowed = {"\n"}
    drawings = range(0x2500, 0x25A0), range(0x2800, 0x2900)  # lines, blocks and braille: what curves are drawn with

    def forbidden(c: str) -> bool:
        if c in allowed or any(ord(c) in drawing for drawing in drawings):
            return False
        return unicodedata.category(c) in ("So", "Sk", "Cf", "Cc", "Co", "Cn") and c not in "`^"

    return [f"line {i}: U+{ord(c):04X}" for i, line in enumerate(text.split("\n"), 1) for c in line if forbidden(c)]


def unfinished(text: str, name: str) -> list[str]:
    """Notes to oneself."""
    marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    return [f"line {i}: {mark}" for i, line in enumerate(text.splitlines(), 1) for mark in marks if mark in line]


def prints(text: str, name: str) -> list[str]:
    """What a library must not do: print. The command line, progress and pictures write to a stream they are given."""
    if name in OUTSIDE:
        return []
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [
        f"line {call.lineno}"
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "print"
        and not any(k.arg == "file" for k in call.keywords)
    ]


BROKEN: dict[Rule, list[tuple[str, str, list[str]]]] = {  # each rule: (text, where it stands, what is found)
    wrong_imports: [
        ("from tinytorch.tensor import Tensor", "ops", ["tensor"]),
        ("from tinytorch import ops", "autograd", ["ops"]),
        ("from tinytorch import autograd as a, ops", "tensor", []),
        ("import tinytorch.layers", "functional", ["layers"]),
        ("import numpy, tinytorch", "layers", ["tinytorch"]),
        ("from tinytorch.nn.functional import relu", "losses", ["nn"]),
        ("from tinytorch.conv import windows", "losses", ["conv"]),
        ("from tinytorch.cli.main import main", "training", ["cli"]),
        ("from tinytorch.cli.main import main", "nn", ["cli"]),
        ("from tinytorch.cli.main import main", "__main__", []),
        ("if TYPE_CHECKING:\n    from tinytorch.training import fit", "data", ["training"]),
        ("def f():\n    from tinytorch.training import fit", "data", ["training"]),
    ],
    imports_inside_functions: [
        ("def f():\n    from tinytorch import ops", "layers", ["f: ops"]),
        ("class C:\n    def f(self):\n        import tinytorch.ops", "layers", ["f: ops"]),
        ("def f():\n    import matplotlib", "viz", []),
        ("def f():\n    from tinytorch import recipes", "cli", []),
    ],
    relative_imports: [("from . import ops", "layers", ["line 1"]), ("\nfrom .ops import add", "layers", ["line 2"])],
    definitions_in_faces: [("def f(): pass\nclass C: pass", "nn", ["f", "C"]), ("def f(): pass", "ops", [])],
    without_docstring: [
        ("x = 1", "ops", ["the file"]),
        ('"""File."""\ndef f(): pass', "ops", ["f"]),
        ('"""File."""\nclass C:\n    def f(self):\n        """F."""', "ops", ["C"]),
        ('"""File."""\ndef _f(): pass', "ops", []),
    ],
    too_long: [
        ("def f():\n" + "    x = 1\n" * LONGEST, "ops", [f"f: {LONGEST + 1} lines"]),
        ("def f():\n" + "    x = 1\n" * (LONGEST - 1), "ops", []),
        ('def f():\n    """F.\n\n    Why.\n    """\n' + "    x = 1\n" * (LONGEST - 2), "ops", []),
    ],
    pictographs: [
        ("x = '\U0001f600'", "ops", ["line 1: U+1F600"]),
        ("a\nb \u2728", "ops", ["line 2: U+2728"]),
        ("\u200b\t", "ops", ["line 1: U+200B", "line 1: U+0009"]),
        ("\u2588\u2807 \u00e9 \u2212 `^", "viz", []),
    ],
    unfinished: [("x = 1  # TO" + "DO: y", "ops", ["line 1: TO" + "DO"])],
    prints: [
        ("print(1)", "training", ["line 1"]),
        ("print(1, file=stream)", "progress", []),
        ("print(1)", "cli", []),
    ],
}
every_rule = pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)


@every_file
@every_rule
def test_every_file_keeps_every_rule(rule, path):
    assert rule(path.read_text(encoding="utf-8"), place(path)) == []


@every_rule
def test_a_rule_sees_a_file_that_breaks_it(rule):
    for text, name, found in BROKEN[rule]:
        assert rule(text, name) == found, text
    assert any(found for _, _, found in BROKEN[rule])


@every_file
def test_every_public_method_says_what_it_is(path):
    if path.stem == "__main__":
        return
    parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    public = [value for name, value in vars(module).items() if isinstance(value, type) and not name.startswith("_")]
    silent = {cls.__name__: methods_without_docstring(cls) for cls in public if cls.__module__ == module.__name__}
    assert {name: methods for name, methods in silent.items() if methods} == {}


def test_a_method_that_says_nothing_is_seen():
    class Base:
        def said(self):
            """Something."""

        def silent(self):
            pass

        @property
        def shape(self):
            return ()

        def _private(self):
            pass

    class Derived(Base):
        def said(self):
            pass

        def new(self):
            pass

    assert methods_without_docstring(Base) == ["silent", "shape"]
    assert methods_without_docstring(Derived) == ["new"]


def test_every_file_has_its_floor():
    """A new file is given its place in FLOORS, and one that is gone loses it."""
    known = {name for floor in FLOORS for name in floor}
    assert sum(len(floor) for floor in FLOORS) == len(known)
    assert {place(path) for path in FILES} - known - set(FACES) - set(OUTSIDE) == set()
    assert known - {place(path) for path in FILES} == set()


def test_the_course_is_twelve_files_numbered_in_their_first_line():
    first_lines = {name: (LIBRARY / f"{name}.py").read_text(encoding="utf-8").splitlines()[0] for name in COURSE}
    assert len(first_lines) == 12
    for number, (name, line) in enumerate(first_lines.items(), 1):
        assert line.startswith(f'"""{number:02} '), name
    numbered = [path.stem for path in FILES if path.read_text(encoding="utf-8")[3:5].isdigit()]
    assert sorted(numbered) == sorted(COURSE)


def test_a_course_file_imports_only_what_comes_before_it_in_the_course():
    """So that a learner can write them in order; files without a number are given."""
    for i, name in enumerate(COURSE):
        text = (LIBRARY / f"{name}.py").read_text(encoding="utf-8")
        later = {part for _, part in imports(ast.parse(text))} & set(COURSE[i:])
        assert not later, f"{name} imports {later}"


def test_every_file_opens_with_a_sentence():
    for path in FILES:
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring.split("\n\n")[0].endswith("."), path
