"""Source text: functions are found in it by ast, emptied to stubs, and put from one file into another.

One swap serves everywhere: what is put in may be a learner's function, the library's, a known mistake or a mutant. Each line
remembers the line of the learner's file that it stands for, so that a traceback points to where they can edit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from textwrap import dedent, indent
from types import CodeType

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """The lines of a file, with the number that each has in the file at `path` that a learner edits."""

    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    path: str

    @classmethod
    def of(cls, text: str, path: str = "<text>") -> Source:
        """A text as it stands."""
        lines = tuple(text.split("\n"))
        return cls(lines, tuple(range(1, len(lines) + 1)), path)

    @classmethod
    def read(cls, path: Path) -> Source:
        """A file, which must be UTF-8. Raises SyntaxError where it is not."""
        return _decoded(path.read_bytes(), str(path))

    @property
    def text(self) -> str:
        """The whole as one string."""
        return "\n".join(self.lines)

    @cached_property
    def tree(self) -> ast.Module:
        """What the text says. Raises SyntaxError."""
        try:
            return ast.parse(self.text, self.path)
        except ValueError as error:  # a null byte, before Python 3.12
            raise SyntaxError(str(error), (self.path, 1, 0, "")) from None

    @cached_property
    def functions(self) -> dict[str, list[Function]]:
        """Every function and method by name: "mul", "Linear.forward". A property's setter shares its getter's name."""
        found: dict[str, list[Function]] = {}
        for name, node in _functions(self.tree.body, ""):
            found.setdefault(name, []).append(node)
        return found

    def line_of(self, name: str) -> int | None:
        """The line in the learner's file where a function begins."""
        nodes = self.functions.get(name)
        return self.numbers[nodes[0].lineno - 1] if nodes else None

    def compiled(self) -> CodeType:
        """Code that, when it fails, names the lines of the learner's file."""
        tree = ast.parse(self.text, self.path)
        for node in ast.walk(tree) if self.numbers != tuple(range(1, len(self.lines) + 1)) else ():
            if isinstance(node, (ast.stmt, ast.expr, ast.excepthandler, ast.arg, ast.keyword, ast.alias)):
                first, last = node.lineno, node.end_lineno or node.lineno
                node.lineno, node.end_lineno = self.numbers[first - 1], self.numbers[last - 1]
                if first != last and node.lineno == node.end_lineno:  # lines that were put in stand for a single one
                    node.end_col_offset = max(node.col_offset, node.end_col_offset or 0)
        return compile(tree, self.path, "exec", dont_inherit=True)

    def edited(self, edits: Iterable[tuple[int, int, list[str]]]) -> Source:
        """With lines [start, stop) replaced, for each edit; the new lines stand for the first of the old ones."""
        lines, numbers = list(self.lines), list(self.numbers)
        for start, stop, new in sorted(edits, key=lambda edit: (edit[0], edit[1]), reverse=True):
            lines[start:stop] = new
            numbers[start:stop] = [self.numbers[min(start, len(self.numbers) - 1)]] * len(new)
        return Source(tuple(lines), tuple(numbers), self.path)


@lru_cache(maxsize=64)  # what was parsed once is not parsed again
def _decoded(data: bytes, path: str) -> Source:
    try:
        return Source.of(data.decode("utf-8-sig").replace("\r\n", "\n"), path)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SyntaxError("it is not saved as UTF-8 text", (path, line, 0, "")) from None


def _functions(body: Iterable[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
    for node in body:
        if isinstance(node, Function):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")


def _begins(node: ast.stmt) -> int:
    """The index of the first line, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)]) - 1


def _ends(source: Source, node: ast.stmt) -> int:
    """The index after the last line, with the comments behind it that are indented deeper than it."""
    end = last = node.end_lineno or node.lineno
    while last < len(source.lines):
        line = source.lines[last]
        if line.strip() and not (line.lstrip().startswith("#") and _width(line) > node.col_offset):
            break
        last += 1
        end = last if line.strip() else end
    return end


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def text_of(source: Source, node: ast.stmt, start: int | None = None) -> str:
    """The lines of a statement, moved to the left margin."""
    return dedent("\n".join(source.lines[_begins(node) if start is None else start : _ends(source, node)]))


# Stubs


def stub(
    source: Source, messages: Mapping[str, str], used_elsewhere: Callable[[str], bool] = lambda name: False
) -> Source:
    """The file with functions emptied: each raises NotImplementedError with its message, docstring and all else kept.

    messages: function -> message. Private functions, methods and names that nothing is left to use go too, unless they
    are `used_elsewhere`. Raises KeyError for a function that the file does not have.
    """
    edits = []
    for name, message in messages.items():
        for node in source.functions[name]:
            start, header = _body(source, node)
            margin = " " * (node.col_offset + 4)
            edits.append((start, _ends(source, node), [*header, f'{margin}raise NotImplementedError("{message}")']))
    emptied = source.edited(edits)
    while unused := _unused(emptied, set(messages), used_elsewhere):
        emptied = emptied.edited((_begins(node), _ends_with_blanks(emptied, node), []) for node in unused)
    return emptied


def unwritten(source: Source) -> list[str]:
    """The functions that are still stubs."""
    return [name for name, nodes in source.functions.items() if all(_is_stub(node) for node in nodes)]


def _is_stub(node: Function) -> bool:
    match node.body[-1:]:
        case [ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(text))]))]:
            return len(node.body) <= 2 and re.match(r"\d\d\.\d+ ", text) is not None
    return False


def _body(source: Source, node: Function) -> tuple[int, list[str]]:
    """The index where the body after the docstring begins, and what of that line belongs to the header."""
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        return first.end_lineno or first.lineno, []
    start = _begins(first)
    before = source.lines[start][: first.col_offset].rstrip()
    if before:  # def f(x): return x
        return start, [before]
    while source.lines[start - 1].lstrip().startswith("#") or not source.lines[start - 1].strip():
        start -= 1
    return start, []


def _unused(source: Source, keep: set[str], used_elsewhere: Callable[[str], bool]) -> list[ast.stmt]:
    """Private functions, methods and assigned names that the rest of the file never mentions."""
    found: list[ast.stmt] = []
    for node in [*source.tree.body, *(m for c in source.tree.body if isinstance(c, ast.ClassDef) for m in c.body)]:
        name = _private_name(node)
        if name is None or any(key.split(".")[-1] == name for key in keep) or used_elsewhere(name):
            continue
        first, last = _begins(node), node.end_lineno or node.lineno
        rest = "\n".join([*source.lines[:first], *source.lines[last:]])
        if not re.search(rf"\b{name}\b", rest):
            found.append(node)
    return found


def _private_name(node: ast.stmt) -> str | None:
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
        ):
            return name if name.startswith("_") and not name.endswith("__") else None
    return None


def _ends_with_blanks(source: Source, node: ast.stmt) -> int:
    end = _ends(source, node)
    while end < len(source.lines) - 1 and not source.lines[end].strip():
        end += 1
    return end


# Swaps


def put(base: Source, donor: Source, names: Iterable[str]) -> Source:
    """`base` with functions as `donor` has them, each in its place; one that base lacks is added.

    Decorators stay as they are where the donor has none. Raises KeyError for a function that the donor does not have.
    """
    edits = []
    for name in names:
        new, old = donor.functions[name], base.functions.get(name)
        if old is None:
            edits.append(_added(base, donor, name))
            continue
        for i, node in enumerate(old):
            lines: list[str] = []
            for given in [new[i]] if i + 1 < len(old) else new[i:]:
                text = text_of(donor, given)
                lines += indent(text, " " * node.col_offset).split("\n")
            decorated = any(given.decorator_list for given in new)
            edits.append((_begins(node) if decorated else node.lineno - 1, _ends(base, node), lines))
    return base.edited(edits)


def _added(base: Source, donor: Source, name: str) -> tuple[int, int, list[str]]:
    """The edit that adds a function: a method at the end of its class, anything else at the end of the file."""
    owner, _, _ = name.rpartition(".")
    classes = [node for node in base.tree.body if isinstance(node, ast.ClassDef) and node.name == owner]
    text = "\n\n".join(text_of(donor, node) for node in donor.functions[name])
    if owner and not classes:
        raise KeyError(f"class {owner}")
    place = _ends(base, classes[0]) if owner else len(base.lines)
    margin = " " * (classes[0].body[0].col_offset if owner else 0)
    return place, place, ["", *indent(text, margin).split("\n"), ""]


def complete(base: Source, library: Source) -> Source:
    """`base` with what the library's functions may need and it lacks: imports, and private functions and names."""
    bound = _bound(base.tree)
    imports = [
        f"{_clause(node)} {ast.unparse(alias)}"
        for node in library.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"
        for alias in node.names
        if (alias.asname or alias.name.partition(".")[0]) not in bound
    ]
    missing = [node for node in library.tree.body if _private_name(node) not in (None, *bound)]
    lines = [line for node in missing for line in ["", *text_of(library, node).split("\n")]]
    return base.edited(
        [(_imports_begin(base.tree), _imports_begin(base.tree), imports), (len(base.lines),) * 2 + (lines,)]
    )


def _clause(node: ast.Import | ast.ImportFrom) -> str:
    return "import" if isinstance(node, ast.Import) else f"from {node.module} import"


def _imports_begin(tree: ast.Module) -> int:
    """The index of the line after the docstring and what comes from the future."""
    end = 0
    for node in tree.body:
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not future and not docstring:
            break
        end = node.end_lineno or node.lineno
    return end


def _bound(tree: ast.Module) -> set[str]:
    """The names that a file's own statements give a meaning to."""
    names = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.Assign() | ast.AnnAssign() | ast.If() | ast.Try():
                names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                names |= {
                    alias.asname or alias.name
                    for n in ast.walk(node)
                    if isinstance(n, ast.ImportFrom)
                    for alias in n.names
                }
    return names


def extras(donor: Source, base: Source, names: Iterable[str]) -> list[str]:
    """The functions of `donor` beside `names` that `base` lacks: helpers that its functions brought along."""
    return [name for name in donor.functions if name not in names and name not in base.functions and "." not in name]


def signature(node: Function) -> tuple[object, ...]:
    """What a call has to know of a function: the names, order and kinds of its parameters."""
    a = node.args
    names = [[arg.arg for arg in group] for group in (a.posonlyargs + a.args, a.kwonlyargs)]
    return tuple(names[0]), a.vararg and a.vararg.arg, frozenset(names[1]), a.kwarg and a.kwarg.arg, len(a.defaults)
