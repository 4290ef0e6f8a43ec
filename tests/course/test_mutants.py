"""Mutants differ from the reference in one place, are the same for the same seed, and what is caught is told from what is not."""

import ast

import pytest

from tests.course import mutants
from tinytorch.course.exercises import exercises
from tinytorch.course.source import Source


def function(text):
    return ast.parse(text).body[0]


def made_of(text):
    """What can be made of the one statement of a function."""
    f = function(f"def f():\n    {text}\n")
    return {
        ast.unparse(mutants.mutated(f, way, change).body[0])
        for way, node, _ in mutants.places(f)
        for change in mutants.changes(node)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("return a + b", {"return a - b"}),
        ("return a - b", {"return a + b", "return b - a"}),
        ("return -a", {"return a"}),
        ("return a < b", {"return a <= b", "return a > b"}),
        ("return a == b", {"return a != b"}),
        ("return a and b", {"return a or b"}),
        ("return 1", {"return 2", "return 0"}),
        ("return 0.5", {"return 1.0"}),
        ("return f(a, b)", {"return f(b, a)"}),
        ("return f(axis=n)", {"return f()"}),
        ("return a if c else b", {"return b if c else a"}),
        ("y += a", {"y -= a", "pass"}),
        ("raise ValueError(1 + 1)", {"pass"}),
        ("x: int = 'no'", set()),
    ],
)
def test_one_place_is_changed(text, expected):
    assert made_of(text) == expected


def test_what_is_said_of_a_function_is_left_alone():
    f = function('def f(x: int = 3) -> "a + b":\n    """1 + 1"""\n    return x\n')
    assert not [1 for _, node, _ in mutants.places(f) for _ in mutants.changes(node)]


def test_guards_are_told_from_the_rest():
    guards = ["if x < 1:\n    raise ValueError", "check_sizes(a)", "self._check(a)", "raise ValueError"]
    guards += ["for x in xs:\n    if x < 1:\n        raise ValueError"]
    others = ["if x < 1:\n    x = 1", "f(a)", "x = 1", "if x:\n    raise ValueError\nelse:\n    x = 1"]
    said = [mutants._is_guard(ast.parse(text).body[0]) for text in (*guards, *others)]
    assert said == [True] * len(guards) + [False] * len(others)


def test_the_same_mutants_for_the_same_seed_and_each_is_python():
    first = exercises()[0]
    labels = [[mutant.label for mutant in mutants.mutants_of(first, 9, seed)] for seed in (0, 0, 1)]
    assert labels[0] == labels[1] != labels[2] and len(set(labels[0])) == 9
    assert all(mutant.source.tree for mutant in mutants.mutants_of(exercises()[-1], 9, 0))


def test_a_mutant_that_is_wrong_is_caught_and_one_that_is_equal_survives(judge):
    first = exercises()[0]
    library = first.module.library
    assert all(mutants.caught(judge, mutant) for mutant in mutants.mutants_of(first, 2, 0))
    assert not mutants.caught(judge, mutants.Mutant(first, "mul", "", "", Source.of(library.text + "\n"), False))


def test_every_judged_survivor_is_of_an_exercise_that_there_is():
    known = {f"{exercise.id} {name}" for exercise in exercises() for name in exercise.functions}
    for label, said in mutants.judgements().items():
        assert label.split("\n")[0] in known, label
        assert said.startswith(("equivalent: ", "weak: ")), label
