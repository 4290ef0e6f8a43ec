"""Stubs and swaps keep what they should keep, and every line knows which line of the learner's file it stands for."""

import ast
import re

import pytest

from tinytorch._places import PACKAGE
from tinytorch.course import source
from tinytorch.course.exercises import COURSE, modules
from tinytorch.course.source import Source

LIBRARY = Source.of('''\
"""A file."""

from __future__ import annotations

import math
from itertools import count, pairwise

_scale = 2.0
_kept = 3.0


def decorated(f):
    return f


# Section


@decorated
def area(r: float) -> float:
    """The area.

    More on it.
    """
    # a comment inside
    return _scale * _half(r) * math.pi  # and one behind
    # and one at the end


def _half(r):
    return _deeper(r) / 2


def _deeper(r):
    return r


class Shape:
    """A shape."""

    @property
    def size(self):
        """Its size."""
        return [*self._secret(), _kept]

    @size.setter
    def size(self, value):
        self.value = value

    def _secret(self):
        return list(pairwise([1, 2]))

    def other(self): return _kept
''')
STUB = Source.of('''\
"""A file."""

from __future__ import annotations

import math
from itertools import count, pairwise

_kept = 3.0


def decorated(f):
    return f


# Section


@decorated
def area(r: float) -> float:
    """The area.

    More on it.
    """
    raise NotImplementedError("01.1 area")


class Shape:
    """A shape."""

    @property
    def size(self):
        """Its size."""
        raise NotImplementedError("01.2 size")

    @size.setter
    def size(self, value):
        raise NotImplementedError("01.2 size")

    def other(self):
        raise NotImplementedError("01.3 other")
''')
MESSAGES = {"area": "01.1 area", "Shape.size": "01.2 size", "Shape.other": "01.3 other"}


def run(text):
    namespace = {"__name__": "a_test"}
    exec(text.compiled(), namespace)
    return namespace


def test_a_stub_keeps_all_but_the_bodies_and_what_only_they_used():
    messages = {name: message for name, message in MESSAGES.items() if name != "Shape.other"}
    other = Source.of(
        STUB.text.replace('other(self):\n        raise NotImplementedError("01.3 other")', "other(self): return _kept")
    )
    assert source.stub(LIBRARY, messages).text == other.text


def test_a_function_on_one_line_is_emptied_too():
    assert 'def other(self):\n        raise NotImplementedError("01.3 other")' in source.stub(LIBRARY, MESSAGES).text


def test_what_another_file_mentions_stays():
    assert "_scale = 2.0" in source.stub(LIBRARY, MESSAGES, lambda name: name == "_scale").text
    assert "_scale = 2.0" not in source.stub(LIBRARY, MESSAGES).text


def test_the_functions_of_a_stub_are_unwritten_and_those_of_a_solution_are_not():
    assert set(source.unwritten(STUB)) == set(MESSAGES)
    assert source.unwritten(LIBRARY) == []


def test_solutions_put_into_the_stub_work_with_their_helpers():
    whole = source.complete(source.put(STUB, LIBRARY, MESSAGES), LIBRARY)
    namespace = run(whole)
    shape = namespace["Shape"]()
    assert namespace["area"](1.0) == pytest.approx(3.14159265)
    shape.size = 4
    assert (shape.value, shape.size, shape.other()) == (4, [(1, 2), 3.0], 3.0)


def test_a_private_method_that_went_with_the_stub_comes_back_for_the_librarys_functions():
    """Into the class, behind what a learner added; one of theirs by that name stays."""
    own = source.put(STUB, Source.of("class Shape:\n    def other(self):\n        return 1"), ["Shape.other"])
    assert "_secret" not in own.text
    assert run(source.complete(own, LIBRARY))["Shape"]()._secret() == [(1, 2)]
    mine = Source.of(own.text.rstrip() + "\n\n    def _secret(self):\n        return 5\n")
    assert run(source.complete(mine, LIBRARY))["Shape"]()._secret() == 5
    assert source.clashes(mine, LIBRARY) == {"_secret"}
    assert source.clashes(LIBRARY, LIBRARY) == set()


def test_what_is_put_into_a_file_with_tabs_has_tabs():
    tabs = Source.of("class Shape:\n\tdef size(self):\n\t\treturn 1\n")
    whole = source.put(tabs, Source.of("class Shape:\n    def other(self):\n        return 2\n"), ["Shape.other"])
    whole = source.put(whole, Source.of("class Shape:\n    def size(self):\n        return 3\n"), ["Shape.size"])
    shape = run(whole)["Shape"]()
    assert (shape.size(), shape.other()) == (3, 2)


@pytest.mark.parametrize("copies", [2, 3])
def test_all_definitions_of_a_function_are_replaced(copies):
    """A learner may have kept an older version above the new one."""
    own = Source.of("def f():\n    return 1\n\n\n" * copies)
    whole = source.put(own, Source.of("def f():\n    return 2"), ["f"])
    assert run(whole)["f"]() == 2 and "return 1" not in whole.text


@pytest.mark.parametrize("text", ["x = '\\d'\n", "f = lambda: 1 is 1\n"])
def test_what_python_warns_of_does_not_disturb_the_reading(text):
    assert Source.of(text).tree


@pytest.mark.parametrize("data", [b"(" * 5000, b"x = 1\n" * 400_000, b"-" * 100_000 + b"1"])
def test_a_file_that_is_too_much_to_read_is_a_syntax_error(tmp_path, data):
    (tmp_path / "ops.py").write_bytes(data)
    with pytest.raises(SyntaxError):
        _ = Source.read(tmp_path / "ops.py").tree


def test_lines_are_counted_as_python_counts_them(tmp_path):
    (tmp_path / "ops.py").write_bytes(b"x = 1\r\n\ry = 2\r\rdef f():\r    pass\n")
    own = Source.read(tmp_path / "ops.py")
    assert own.line_of("f") == 5 and own.lines[4] == "def f():"


def test_a_decorator_stays_where_the_donor_has_none_and_goes_where_it_has_one():
    plain = source.put(LIBRARY, Source.of("def area(r):\n    return 7"), ["area"])
    assert "@decorated\ndef area(r):\n    return 7\n" in plain.text
    cached = source.put(LIBRARY, Source.of("@other\ndef area(r):\n    return 7"), ["area"])
    assert "@other\ndef area(r):\n    return 7\n" in cached.text and "@decorated" not in cached.text


def test_a_function_that_is_missing_is_added_where_it_belongs():
    without = Source.of("class Shape:\n    def size(self):\n        return 1\n\n\nx = 1\n")
    whole = source.put(
        without,
        Source.of("def area():\n    return 2\n\n\nclass Shape:\n    def other(self):\n        return 3\n"),
        ["area", "Shape.other"],
    )
    namespace = run(whole)
    assert (namespace["area"](), namespace["Shape"]().other(), namespace["x"]) == (2, 3, 1)
    with pytest.raises(KeyError, match="class Round"):
        source.put(without, Source.of("class Round:\n    def f(self):\n        return 3\n"), ["Round.f"])


def test_imports_that_an_editor_removed_come_back():
    tidy = Source.of(STUB.text.replace("from itertools import count, pairwise\n", "").replace("import math\n", ""))
    assert {"math", "pairwise", "count"} <= run(source.complete(tidy, LIBRARY)).keys()
    assert source.complete(LIBRARY, LIBRARY).text == LIBRARY.text


def test_a_traceback_names_the_lines_of_the_learners_file():
    """Whatever is put in before and after: longer bodies, imports, helpers."""
    own = Source.of(
        STUB.text.replace('raise NotImplementedError("01.3 other")', "return (\n            1 / 0)"), "own.py"
    )
    whole = source.complete(source.put(own, LIBRARY, ["area", "Shape.size"]), LIBRARY)
    with pytest.raises(ZeroDivisionError) as caught:
        run(whole)["Shape"]().other()
    frame = caught.traceback[-1].frame
    assert frame.code.raw.co_filename == "own.py"
    found = own.lines[caught.traceback[-1].lineno]
    assert "1 / 0" in found and own.line_of("Shape.other") == whole.line_of("Shape.other")


@pytest.mark.parametrize("name", COURSE)
def test_every_course_file_survives_being_emptied_and_filled_again(name):
    """For all of its functions at once: the stub is Python, and with the bodies back it is the library again."""
    library = Source.read(PACKAGE / f"{name}.py")
    public = [f for f in library.functions if not re.search(r"(^|\.)_[^_]", f)]
    stub = source.stub(library, {f: f"01.1 {f}" for f in public})
    ast.parse(stub.text)
    assert set(public) <= set(source.unwritten(stub))
    back = source.put(stub, library, public)
    kept = {f: [ast.dump(node) for node in nodes] for f, nodes in back.functions.items()}
    assert all(kept[f] == [ast.dump(node) for node in library.functions[f]] for f in public)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_stub_holds_no_line_of_the_solutions(module):
    """Lines of twelve characters or more that were removed, and that the given part of the file does not have itself."""
    stub = module.stub()
    bodies = {line.strip() for name in module.messages for node in module.library.functions[name]
              for line in module.library.lines[node.body[-1].lineno - 1 : node.end_lineno]}  # fmt: skip
    given = {line.strip() for line in stub.lines}
    others = [n for n in module.library.functions if n not in module.messages]
    needed = {line.strip() for name in others for node in module.library.functions[name]
              for line in module.library.lines[node.lineno - 1 : node.end_lineno]}  # fmt: skip
    assert not {line for line in bodies & given if len(line) >= 12} - needed
