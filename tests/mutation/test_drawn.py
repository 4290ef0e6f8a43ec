"""What drawing mutants must do: the same ones for a seed, only such as do something, each fitting its file in one place."""

import ast

import pytest

from tests.mutation import drawn
from tests.mutation.__main__ import PROJECT, Fault

pytest.importorskip("cosmic_ray", reason="cosmic-ray is not installed")
FILE = "tinytorch/dtypes.py"


def test_mutants_are_the_same_for_a_seed_and_fit_in_one_place():
    once, again, others = (drawn.draw(FILE, 12, seed) for seed in (0, 0, 1))
    assert once == again != others and len(once) == 12
    text = (PROJECT / FILE).read_text(encoding="utf-8")
    for fault, operator in once:
        assert text.count(fault.was) == 1 and fault.was != fault.becomes and operator
        ast.parse(text.replace(fault.was, fault.becomes))


def test_annotations_are_left_alone():
    text = "def f(x: int | None = 1 | 2) -> int | None:\n    y: int | str = 3 | 4\n    return x | y\n"
    places = [(name, at) for name, at in drawn._places(text) if "BitOr_Add" in name]
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    mutated = [mutate_code(text, plugins.get_operator(name)(), at) for name, at in places]
    assert mutated and all("x: int | None" in m and "-> int | None" in m and "y: int | str" in m for m in mutated)
    assert any("x + y" in m for m in mutated)


def test_a_mutant_of_a_line_that_stands_twice_takes_more_lines_with_it():
    text = "a = 1\nb = 2\nc = 1\nb = 2\n"
    assert drawn.fault_of("f", text, "a = 1\nb = 2\nc = 1\nb = 3\n") == Fault("f", "c = 1\nb = 2\n", "c = 1\nb = 3\n")


def test_the_report_counts_by_file_and_lists_survivors_by_operator():
    mutants = [drawn.Mutant(Fault("f.py", f"{i}", "x"), "Number") for i in range(3)]
    found = drawn.report(mutants, ["caught by t", "survived", "caught by t"])
    assert found["drawn"] == 3 and found["killed"] == 2 and found["files"]["f.py"] == {"drawn": 3, "killed": 2}
    assert found["survivors"] == {"Number": ["f.py: 1 -> x"]}
