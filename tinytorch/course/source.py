"""Source text: functions are found in it by ast, emptied to stubs, and put from one file into another.

One swap serves everywhere: what is put in may be a learner's function, the library's, a known mistake or a mutant. Each line
remembers the line of the learner's file that it stands for, so that a traceback points to where they can edit.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from textwrap import dedent, indent
from types import CodeType

Function = ast.FunctionDef | ast.AsyncFunctionDef
LARGEST = 2**20  # bytes of a file; the library's own are thirty times smaller


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
        """A file, which must be UTF-8 and no larger than LARGEST. Raises SyntaxError where it is not."""
        with path.open("rb") as stream:
            return _decoded(stream.read(LARGEST + 1), str(path))

    @classmethod
    def decoded(cls, data: bytes, path: str) -> Source:
        """The bytes of a file, as `read` takes them. Raises SyntaxError."""
        return _decoded(data, path)

    @property
    def text(self) -> str:
        """The whole as one string."""
        return "\n".join(self.lines)

    @cached_property
    def tree(self) -> ast.Module:
        """What the text says. Raises SyntaxError."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in strings: Python says so when it runs the file
                return ast.parse(self.text, self.path)
        except (
            ValueError,
            RecursionError,
            MemoryError,
        ) as error:  # a null byte before Python 3.12, a thousand brackets
            raise SyntaxError(str(error) or "it is nested too deeply", (self.path, 1, 0, "")) from None

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

    def number(self, line: int) -> int:
        """The line of the learner's file that a line of the text stands for."""
        return self.numbers[line - 1] if 0 < line <= len(self.numbers) else 0

    def compiled(self, as_edited: bool = True) -> CodeType:
        """Code that, when it fails, names the lines of the learner's file, or else those of the text, which is quicker."""
        if not as_edited:
            return compile(self.text, self.path, "exec", dont_inherit=True)
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
    if len(data) > LARGEST:
        raise SyntaxError(f"it is larger than {LARGEST:,} bytes")
    try:
        return Source.of(data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"), path)
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
        if not mentions(rest, name):
            found.append(node)
    return found


def mentions(text: str, name: str) -> bool:
    """Whether a name stands anywhere in a text."""
    return re.search(rf"\b{name}\b", text) is not None


def _private_name(node: ast.stmt) -> str | None:
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.Assign(targets=[ast.Name(id=name)])
            | ast.AnnAssign(target=ast.Name(id=name))
        ):
            return name if is_helper(name) else None
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
            for given in new[i : i + 1] if i + 1 < len(old) else new[i:]:
                lines += indent(text_of(donor, given), _margin(base, node)).split("\n")
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
    margin = _margin(base, classes[0].body[-1]) if owner else ""
    return place, place, ["", *indent(text, margin).split("\n"), ""]


def _margin(source: Source, node: ast.stmt) -> str:
    """What a statement is indented by, tabs if they are tabs."""
    line = source.lines[node.lineno - 1]
    return line[: _width(line)]


def complete(base: Source, library: Source, without: Collection[str] = ()) -> Source:
    """`base` with what the library's functions may need and it lacks: imports, private functions, methods and names.

    without: private functions that are not lent, "_spoken" or "Optimizer._updates".
    """
    bound = _bound(base.tree.body)
    imports = [
        f"{_clause(node)} {ast.unparse(alias)}"
        for node in library.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__"
        for alias in node.names
        if (alias.asname or alias.name.partition(".")[0]) not in bound
    ]
    begin, end = _imports_begin(base.tree), len(base.lines)
    edits = [(begin, begin, imports), (end, end, _missing(base.tree.body, library.tree.body, library, "", without))]
    theirs = {node.name: node for node in base.tree.body if isinstance(node, ast.ClassDef)}
    for node in library.tree.body:
        if isinstance(node, ast.ClassDef) and (own := theirs.get(node.name)):
            kept = [name.removeprefix(f"{node.name}.") for name in without if name.startswith(f"{node.name}.")]
            lines = _missing(own.body, node.body, library, _margin(base, own.body[-1]), kept)
            edits.append((_ends(base, own), _ends(base, own), lines))
    return base.edited(edits)


def _missing(
    body: list[ast.stmt], whole: list[ast.stmt], library: Source, margin: str, without: Collection[str]
) -> list[str]:
    """The lines of the private functions and names of the library's file or class that a body lacks."""
    bound = _bound(body)
    nodes = [node for node in whole if _private_name(node) not in (None, *bound, *without)]
    return [line for node in nodes for line in ["", *indent(text_of(library, node), margin).split("\n")]]


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


def _bound(body: Iterable[ast.stmt]) -> set[str]:
    """The names that the statements of a file or class give a meaning to."""
    names = set()
    for node in body:
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
    """The functions of `donor` beside `names` that `base` lacks: helpers that its functions brought along.

    Methods come along into classes that both have.
    """
    owners = {"", *(node.name for node in base.tree.body if isinstance(node, ast.ClassDef))}
    lacking = [name for name in donor.functions if name not in names and name not in base.functions]
    return [name for name in lacking if name.rpartition(".")[0] in owners]


def is_helper(name: str) -> bool:
    """Whether a function's own name says that it is private: "_zeros", "Optimizer._updates"."""
    own = name.rpartition(".")[2]
    return own.startswith("_") and not own.endswith("__")


def clashes(own: Source, library: Source) -> set[str]:
    """The private functions and methods that both files have, and that do not say the same in both."""
    private = [name for name in library.functions if re.search(r"(^|\.)_[^_]", name) and name in own.functions]
    return {name.split(".")[-1] for name in private if not _same(own, library, name)}


def _same(own: Source, library: Source, name: str) -> bool:
    """Whether a function says the same in two files; the text is compared first, which is quick."""
    mine, theirs = own.functions[name], library.functions[name]
    if [text_of(own, node) for node in mine] == [text_of(library, node) for node in theirs]:
        return True
    return [ast.dump(node) for node in mine] == [ast.dump(node) for node in theirs]


def renamed(source: Source, names: Iterable[str], suffix: str) -> Source:
    """A file in which some names, wherever they stand, end in a suffix."""
    pattern = "|".join(map(re.escape, names))
    return Source.of(re.sub(rf"\b({pattern})\b", rf"\1{suffix}", source.text), source.path) if pattern else source


def signature(node: Function) -> tuple[object, ...]:
    """What a call has to know of a function: the names, order and kinds of its parameters."""
    a = node.args
    names = [[arg.arg for arg in group] for group in (a.posonlyargs + a.args, a.kwonlyargs)]
    return tuple(names[0]), a.vararg and a.vararg.arg, frozenset(names[1]), a.kwarg and a.kwarg.arg, len(a.defaults)
