"""A class release: what is in it, what is not, and that it can be worked with."""

import ast
import re
import shutil
import subprocess
import sys

import pytest

from tinytorch.course import milestones
from tinytorch.course.exercises import COURSE, modules
from tinytorch.course.source import Source, stub
from tinytorch.grading import release as releases
from tinytorch.grading.release import Leak, leaks, release, removed

FOUR = modules()[:4]
NUMBERS = [module.number for module in FOUR]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "release"
    release(folder, NUMBERS)
    return folder


def learner(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "tinytorch", *words], cwd=folder, env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def first_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "release"
    release(folder, NUMBERS[:2])
    return folder


def test_a_release_of_two_modules_says_what_is_not_in_it(first_two):
    rows = " ".join(learner(first_two, "milestone").split())
    assert rows.count("which is not in this release") == len(milestones.MILESTONES)
    said = learner(first_two, "milestone", "mlp")
    needed = "mlp needs modules that are not in this release (03, 04, 05, 06, 07, 08)"
    assert f"{needed}; milestones that can be reached with it: none" in said
    (first_two / "script.py").write_text(ASKS, encoding="utf-8")
    expected = "{} is not in this release: it comes with module 03 or a later one"
    assert learner(first_two, "run", "script.py").splitlines() == [
        expected.format(f"tinytorch.{name}") for name in ("creation", "layers", "layers", "viz")
    ]


ASKS = """
import tinytorch

for line in ("tinytorch.ones(3)", "tinytorch.nn.Linear", "from tinytorch.layers import Linear", "tinytorch.viz"):
    try:
        exec(line)
    except ImportError as error:
        print(error)
"""


def test_the_doctor_finds_no_trouble_in_a_release(first_two):
    rows = learner(first_two, "doctor").splitlines()
    assert any(row.startswith("a check") for row in rows) and not any("01.1" in row for row in rows)


def test_a_release_is_what_was_allowed_and_nothing_else(made):
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    forbidden = [name for name in names if re.search(r"mistakes|alternatives|/checks\.py|grading|grade|tests", name)]
    assert forbidden == ["tinytorch/course/checks.py"]
    later = [name for name in COURSE[4:] if f"tinytorch/{name}.py" in names]
    assert later == [] and {f"{module.name}.py" for module in FOUR} <= names


def test_everything_that_a_file_of_a_release_imports_is_in_it(made):
    for path in (made / "tinytorch").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tinytorch":
                place = made.joinpath(*node.module.split("."))
                names = [place] if node.module != "tinytorch" else [place / alias.name for alias in node.names]
                for name in names:
                    assert name.with_suffix(".py").is_file() or name.is_dir(), (path, name)


def test_no_line_of_a_solution_is_in_a_release(made):
    """Said once more, without the release's own search: every line of the library's files that its stubs lack."""
    stubs = "\n".join(module.stub().text for module in FOUR)
    tasks = "\n".join(exercise.prompt for module in FOUR for exercise in module.exercises)
    lines = {line.strip() for module in FOUR for line in module.library.lines}
    lines = [line for line in lines if len(line) >= 12 and line not in stubs and line not in tasks]
    assert len(lines) > 200
    theirs = [*made.glob("*.*"), *made.glob("modules/*/exercises.py"), *made.glob("modules/*/*.frames")]
    theirs += [made / "tinytorch" / f"{module.name}.py" for module in FOUR]
    for path in theirs:
        text = path.read_bytes().decode("utf-8", "replace")
        assert [line for line in lines if line in text] == [], path


def test_a_leak_is_found_wherever_it_is(made, tmp_path):
    line = sorted(removed(FOUR), key=len)[-1]
    for name in ("notes.txt", "modules/01_ops/more.py", "tinytorch/spare.py"):
        path = made / name
        path.write_text(f"x\n    {line}\ny\n", encoding="utf-8")
        try:
            assert any(name in found for found in leaks(made, FOUR, []))
        finally:
            path.unlink()
    assert leaks(made, FOUR, []) == []


def test_a_release_with_a_leak_is_not_made(tmp_path, monkeypatch):
    line = sorted(removed(FOUR[:1]), key=len)[-1]
    monkeypatch.setattr(releases, "README", f"{releases.README}\n{line}\n")
    with pytest.raises(Leak, match=r"README.md holds"):
        release(tmp_path / "new", ["01"])
    assert not (tmp_path / "new").exists()


def test_two_lines_in_a_row_of_a_given_file_are_a_leak(made, monkeypatch):
    """The file of a later module that repeats a solution, say."""
    module = FOUR[0]
    (node,) = module.library.functions["cross_entropy"]
    monkeypatch.setattr(releases, "_given_as_it_is", lambda whole: list(whole))
    path = made / "tinytorch" / "spare.py"
    path.write_text("\n".join(module.library.lines[node.lineno - 1 : node.end_lineno]), encoding="utf-8")
    try:
        assert any("spare.py" in found for found in leaks(made, FOUR, []))
    finally:
        path.unlink()


def test_zero_work_earns_zero(made, bench):
    files = {module.name: (made / f"{module.name}.py").read_text(encoding="utf-8") for module in FOUR}
    result = bench.grade(NUMBERS, **files)
    assert result["score"] == 0 and all(test["score"] == 0 for test in result["tests"])


def test_a_stub_of_a_stub_is_the_stub():
    for module in modules():
        once = module.stub()
        assert stub(once, module.messages, lambda name: True).text == once.text


def test_a_class_works_with_what_it_got(made, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(made, folder)
    assert "It is not written yet" in learner(folder, "check", "01.1")
    text = FOUR[0].library.text
    (folder / "ops.py").write_text(text.replace("return a * b, ", "return a * b + 1, "), encoding="utf-8")
    said = learner(folder, "check", "01.1")
    assert "does not pass" in said and "came" in said and "expected" in said
    (folder / "ops.py").write_text(text, encoding="utf-8")
    assert "01.1 Arithmetic passes" in learner(folder, "check", "01.1")
    (folder / "autograd.py").write_text(FOUR[1].library.text, encoding="utf-8")
    assert "is not written yet, with which this is checked: go on" in " ".join(learner(folder, "check", "02.7").split())
    assert "no solutions" in learner(folder, "solution", "01.1", "--yes")
    assert "grade" not in learner(folder, "--help")


@pytest.mark.long
def test_whoever_solves_all_of_a_release_passes_all(made, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(made, folder)
    for module in FOUR:
        (folder / f"{module.name}.py").write_text(module.library.text, encoding="utf-8")
    said = learner(folder, "list")
    assert said.count(" passes ") == sum(len(module.exercises) for module in FOUR), said


def test_what_comes_later_needs_what_stands_before_it(tmp_path):
    with pytest.raises(ValueError, match=r"tensor.py needs autograd.py|needs ops.py"):
        release(tmp_path / "new", ["03"])
    with pytest.raises(ValueError, match="cannot be a stub and stand in"):
        release(tmp_path / "new", ["01"], ["01"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(FileExistsError, match="not empty"):
        release(tmp_path / "full", ["01"])


def test_later_modules_may_stand_in(tmp_path):
    release(tmp_path / "new", ["01"], [module.number for module in modules()[1:]])
    given = Source.read(tmp_path / "new" / "tinytorch" / "layers.py")
    assert given.text == modules()[3].library.text
    assert not (tmp_path / "new" / "layers.py").exists()
    assert "01.1 Arithmetic" in learner(tmp_path / "new", "task", "01.1")
