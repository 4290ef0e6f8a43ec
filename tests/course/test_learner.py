"""The learner's commands, run as learners run them: what they say, what they leave on disk, and how they end."""

import ast
import errno
import json
import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinytorch
from tinytorch import cli
from tinytorch._files import UNFINISHED_PREFIX, write_whole
from tinytorch.cli.main import main
from tinytorch.course import milestones
from tinytorch.course import workspace as places
from tinytorch.course.exercises import exercises, modules
from tinytorch.course.source import Source, mentions, put
from tinytorch.course.workspace import Workspace

ROOT = Path(tinytorch.__file__).parents[1]
FIRST, SECOND = exercises()[:2]
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no POSIX terminals and permissions here")


def environment(**changes):
    unset = ("COLUMNS", "NO_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm", **changes}


def learner(folder, *words, status=None, **changes):
    """What a command prints, on both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "tinytorch", *words], cwd=folder, env=environment(**changes),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert status is None or done.returncode == status, done.stdout
    if words[:1] != ("run",):
        assert "Traceback" not in done.stdout
    return done.stdout


def solve(workspace, exercise):
    path = workspace.path(exercise.module)
    write_whole(path, put(Source.read(path), exercise.module.library, exercise.module.solving(exercise)).text)


def edit(workspace, old, new):
    path = workspace.folder / "ops.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def sentence(text):
    """One sentence to the learner, which says what to do."""
    assert text.startswith("tinytorch: ") and text.count("\n") == 1, text
    return text


# The way through


def test_from_nothing_to_the_first_pass(tmp_path):
    said = learner(tmp_path, "start", "work", status=0)
    assert FIRST.title in said and "ops.py" in said
    folder = tmp_path / "work"
    assert sorted(p.name for p in folder.glob("[!.]*")) == ["README.md", "ops.py", "tinytorch.json"]
    said = learner(folder, "check", status=1)
    assert "is not written yet" in said and "0 of" in said.splitlines()[-1]
    solve(Workspace(folder), FIRST)
    said = learner(folder, "check", status=0)
    assert "passes" in said and re.match(r"\[#*\.*\] 1 of ", said.splitlines()[-1])
    assert said.splitlines()[0].startswith(FIRST.id), "it does not move on by itself"
    assert learner(folder, status=0).splitlines()[0].startswith(FIRST.id)
    assert SECOND.title in learner(folder, "next", status=0)
    assert learner(folder, status=1).splitlines()[0].startswith(SECOND.id)


def test_the_first_check_after_the_start_is_of_the_first_exercise(tmp_path):
    learner(tmp_path, "start", "work", status=0)
    solve(Workspace(tmp_path / "work"), FIRST)
    assert learner(tmp_path / "work", "check", status=0).splitlines()[0].startswith(FIRST.id)


@ON_POSIX
def test_a_session_does_not_move_on_by_itself(workspace):
    from tests.course.terminal import Terminal

    with Terminal(workspace.folder, environment=environment()) as terminal:
        terminal.until("[q]uit > ")
        solve(workspace, FIRST)
        for _ in range(2):
            terminal.type("r")
            assert f"{FIRST.id} {FIRST.title} passes" in terminal.until("[q]uit > ")
        terminal.type("n")
        assert f"{SECOND.id} {SECOND.title} (" in terminal.until("[q]uit > ")


def test_without_a_memory_it_goes_on_at_the_first_that_does_not_pass(workspace):
    """Not at the first of all, although those before were not checked."""
    solve(workspace, FIRST)
    solve(workspace, SECOND)
    assert learner(workspace.folder, status=1).startswith(exercises()[2].id)


def test_next_stays_where_something_fails(workspace):
    assert "does not pass yet" in learner(workspace.folder, "next", status=1)
    assert Workspace(workspace.folder).current == FIRST


def test_hints_come_one_at_a_time(workspace):
    counts = [learner(workspace.folder, "hint", FIRST.id, status=0).count("Hint ") for _ in range(4)]
    assert counts == [1, 2, 3, 3]
    assert "tinytorch solution" in learner(workspace.folder, "hint", FIRST.id)


def test_the_list_says_in_words_how_each_stands(workspace):
    solve(workspace, FIRST)
    edit(workspace, f'raise NotImplementedError("{SECOND.id} {SECOND.functions[0]}")', "return x, lambda g: g")
    rows = learner(workspace.folder, "list", status=0).splitlines()
    assert any(re.match(rf"  {FIRST.id} +passes ", row) for row in rows)
    assert any(re.match(rf"> {SECOND.id} +fails ", row) for row in rows)
    assert sum(re.match(r"[> ] \d\d\.\d +to do ", row) is not None for row in rows) == len(exercises()) - 2
    assert max(map(len, rows)) <= 80
    narrow = learner(workspace.folder, "list", COLUMNS="60").splitlines()
    assert all(len(row) <= 60 or sys.executable in row for row in narrow)


def test_progress_is_what_is_on_disk(workspace):
    """Deleting the memory loses nothing, and breaking what passed is noticed."""
    solve(workspace, FIRST)
    before = learner(workspace.folder, "list")
    (workspace.folder / places.MEMORY).unlink()
    assert learner(workspace.folder, "list").splitlines()[-1] == before.splitlines()[-1]
    edit(workspace, "return a + b, ", "return a - b, ")
    assert "0 of" in learner(workspace.folder, "status", status=0).splitlines()[-1]


def test_what_is_remembered_is_not_believed_of_another_text(workspace):
    memory = {"checked": {e.id: {"text": "0" * 64, "passed": True} for e in exercises()}}
    (workspace.folder / ".tinytorch").mkdir(exist_ok=True)
    (workspace.folder / places.MEMORY).write_text(json.dumps(memory))
    assert "0 of" in learner(workspace.folder, "list").splitlines()[-1]


def test_reset_makes_a_stub_and_keeps_a_dated_copy(workspace):
    solve(workspace, FIRST)
    solve(workspace, SECOND)
    before = (workspace.folder / "ops.py").read_bytes()
    said = learner(workspace.folder, "reset", FIRST.id, status=0)
    (backup,) = (workspace.folder / "backups").iterdir()
    assert backup.name in said and re.fullmatch(r"ops-\d{4}-\d\d-\d\d-\d{6}\.py", backup.name)
    assert backup.read_bytes() == before
    again = Workspace(workspace.folder)
    assert not again.written(FIRST) and again.written(SECOND)
    workspace.reset(SECOND)
    workspace.reset(SECOND)
    assert len(list((workspace.folder / "backups").iterdir())) == 3, "two within a second are two"


def test_a_solution_comes_with_what_went_with_the_stub():
    """What a solution calls is either in the stub or shown beside it."""
    gone = 0
    for module in modules():
        stub = module.stub()
        if len(stub.functions) == len(module.library.functions):
            continue
        for exercise in module.exercises:
            shown = Source.of(module.solution(exercise))
            for name in (name for name in module.library.functions if re.search(r"(^|\.)_[^_]", name)):
                if mentions(shown.text, name.split(".")[-1]):
                    assert name in stub.functions or f"def {name.split('.')[-1]}(" in shown.text
                    gone += name not in stub.functions
    assert gone


def test_a_solution_is_shown_after_the_pass_or_on_demand(workspace):
    assert "--yes" in learner(workspace.folder, "solution", FIRST.id, status=1)
    assert "def add(" in learner(workspace.folder, "solution", FIRST.id, "--yes", status=0)
    solve(workspace, FIRST)
    assert "def add(" in learner(workspace.folder, "solution", FIRST.id, status=0)


def test_pytest_judges_a_workspace(workspace):
    solve(workspace, FIRST)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "modules/01_ops", "--workspace", str(workspace.folder)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8")
    others = len(FIRST.module.exercises) - 1
    assert done.returncode == 1 and f"{others} failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert f"{SECOND.id} {SECOND.title} does not pass" in done.stdout


def test_a_script_runs_on_the_learners_files(workspace):
    solve(workspace, FIRST)
    edit(workspace, "return a + b, ", "return a + b + 100, ")
    script = workspace.folder / "script.py"
    script.write_text(
        "import sys\nimport tinytorch as torch\nfrom tinytorch import ops, tensor\n"
        "print(float(torch.tensor(1.0) + 1), torch.tensor(2.0).exp().item() > 7, ops.__file__, sys.argv)\n"
        "def f():\n    raise KeyError('here')\nif sys.argv[1:]:\n    f()\n"
    )
    said = learner(workspace.folder, "run", "script.py", status=0)
    assert said.startswith("102.0 True ") and str(workspace.folder / "ops.py") in said
    said = learner(workspace.folder, "run", "script.py", "-x", status=1)
    assert "'script.py', '-x'" in said and "KeyError: 'here'" in said and "runpy" not in said and "line 8" in said


def test_a_workspace_must_be_entered_before_the_library_is_imported(workspace):
    with pytest.raises(RuntimeError, match="before tinytorch"):
        places.enter(workspace.sources())


def test_status_and_doctor_say_how_things_are(workspace):
    assert f"You are at {FIRST.id}" in learner(workspace.folder, "status", status=0)
    said = learner(workspace.folder, "doctor", status=0)
    assert "NumPy" in said and str(workspace.folder) in said and "trouble" not in said


def test_a_milestone_trains_on_the_learners_files(workspace):
    solve(workspace, FIRST)
    said = learner(workspace.folder, "milestone", "mlp", status=1)
    assert "Of yours ran: ops.py." in said and "It counts as reached when" in said
    accuracy = float(re.search(r"Test accuracy ([\d.]+)%", said)[1])
    assert accuracy >= 95
    assert "mlp:" in learner(workspace.folder, "milestone", status=0)


def test_a_milestone_before_anything_is_written_says_so(workspace):
    said = " ".join(learner(workspace.folder, "milestone", "mlp", status=1).split())
    needed = sum(exercise.module.number <= milestones.MILESTONES["mlp"].after for exercise in exercises())
    assert f"(TinyDigits). None of its {needed} exercises passes yet, so the library lends them all. " in said
    assert (
        f"Of yours ran: nothing, for nothing is written yet. It counts as reached when all {needed} exercises pass: `"
        in said
    )


def test_a_milestone_sees_parameters_that_never_change(workspace):
    weight = "def linear(x, weight, *bias):\n    y = x @ weight.T + bias[0]\n    return y, lambda g: g @ weight, "
    still = Source.of(f"{weight}lambda g: 0 * weight, lambda g: g.sum(0)")
    path = workspace.folder / "ops.py"
    write_whole(path, put(Source.read(path), still, ["linear"]).text)
    assert "A parameter never changed" in learner(workspace.folder, "milestone", "mlp", status=1)


@ON_POSIX
def test_watch_checks_on_every_save(workspace):
    process = subprocess.Popen(
        [sys.executable, "-m", "tinytorch", "watch"], cwd=workspace.folder, env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    shown = []
    try:
        while "0 of" not in (line := process.stdout.readline()) or "exercises" not in line:
            shown.append(line)
        assert any("not written yet" in line for line in shown)
        time.sleep(0.05)
        solve(workspace, FIRST)
        while "1 of" not in (line := process.stdout.readline()) or "exercises" not in line:
            shown.append(line)
        assert any(f"{FIRST.id} {FIRST.title} passes" in line for line in shown)
    finally:
        process.send_signal(2)
        assert process.wait(10) == 0
        process.stdout.close()


@ON_POSIX
def test_alone_on_a_terminal_it_asks_what_to_do(workspace):
    from tests.course.terminal import Terminal

    solve(workspace, FIRST)
    with Terminal(workspace.folder, environment=environment()) as terminal:
        terminal.until("[q]uit > ")
        for answer, expected in (
            ("h", "Hint 1"),
            ("l", " to do "),
            ("x", "[y/N]"),
            ("n", ""),
            ("z", "none of these"),
            ("n", SECOND.title),
        ):
            terminal.type(answer)
            assert expected in terminal.until("[y/N] " if answer == "x" else "[q]uit > ")
        for last in ("n\n", "\x04"):  # Ctrl-D
            terminal.type("s")
            terminal.until("[y/N] ")
            terminal.type(last, end="")
            assert "def " not in terminal.until("[q]uit > ")
        edit(workspace, "import numpy as np", "import numpy as")
        terminal.type("r")
        assert "is not Python" in terminal.until("[q]uit > "), "and it goes on"
        terminal.type("q")
        assert terminal.end() == 0
    assert "\x1b[32m" in terminal.shown and Workspace(workspace.folder).written(FIRST)


def test_help_hints_and_lists_need_no_numpy(workspace):
    learner(workspace.folder, "list")
    for words in (["check", "--help"], ["hint"], ["list"], ["status"], ["next"]):
        code = f"import sys; from tinytorch.cli.main import main\ntry: main({words})\nexcept SystemExit: pass\nassert 'numpy' not in sys.modules"
        subprocess.run(
            [sys.executable, "-c", code], cwd=workspace.folder, env=environment(), check=True, capture_output=True
        )


@pytest.mark.parametrize(
    "changes", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_it_speaks_utf8_whatever_the_locale(workspace, changes):
    edit(
        workspace,
        f'raise NotImplementedError("{FIRST.id} add")',
        "print('\u00e4\u4e2d')\n    return a + b, lambda g: g, lambda g: g",
    )
    assert "\u00e4\u4e2d" in learner(workspace.folder, "check", **changes)


def test_all_that_is_said_fits(workspace):
    """Into 60 columns, paths aside."""
    solve(workspace, FIRST)
    said = ["list", "hint", "status", "check", "next", "task", "reset", "solution", "milestone", "challenge", "doctor"]
    for words in ([word] for word in said):
        for line in learner(workspace.folder, *words, COLUMNS="60").splitlines():
            one_word = len(line.removeprefix("system").split()) == 1
            assert len(line) <= 60 or one_word or str(workspace.folder) in line or sys.executable in line, line


@ON_POSIX
def test_a_verdict_that_cannot_be_remembered_is_shown_all_the_same(workspace):
    solve(workspace, FIRST)
    (workspace.folder / ".tinytorch").write_text("not a folder")
    said = learner(workspace.folder, "check", FIRST.id, status=0)
    assert f"{FIRST.id} {FIRST.title} passes" in said
    sentence(said[said.index("tinytorch: ") :])
    assert "progress could not be saved" in said
    assert "Hint 1" in learner(workspace.folder, "hint", FIRST.id, status=0)


@pytest.mark.parametrize(
    "memory", ["[]", "{", '{"checked": [], "hints": 3, "current": {}}', '{"checked": {"01.1": 1}}']
)
def test_a_memory_that_makes_no_sense_is_none(workspace, memory):
    (workspace.folder / ".tinytorch").mkdir(exist_ok=True)
    (workspace.folder / places.MEMORY).write_text(memory)
    for command in ("list", "hint", "status"):
        learner(workspace.folder, command, status=0)


def test_nothing_is_coloured_without_a_terminal(workspace):
    assert "\x1b" not in learner(workspace.folder, "check")


def test_a_notebook_beside_each_file_and_checks_read_the_file(tmp_path):
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    said = learner(tmp_path, "start", "work", "--notebook", status=0)
    folder = tmp_path / "work"
    assert "ops.ipynb" in said and (folder / "jupytext.toml").exists()
    book = jupytext.read(folder / "ops.ipynb")
    assert jupytext.writes(book, fmt="py:light") == (folder / "ops.py").read_text(encoding="utf-8"), "nothing is added"
    solve(Workspace(folder), FIRST)
    learner(folder, "check", status=0)
    learner(folder, "check", SECOND.id)
    learner(folder, "check", "04.1")
    assert (folder / "layers.ipynb").exists(), "files that come later have one too"
    (folder / "ops.ipynb").write_text("mine")
    learner(folder, "start", "--notebook", status=0)
    assert (folder / "ops.ipynb").read_text() == "mine"


def test_every_stub_survives_being_a_notebook():
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    for module in modules():
        text = module.stub().text
        assert jupytext.writes(jupytext.reads(text, fmt="py:light"), fmt="py:light") == text, module.name


# What a newcomer stumbled over


def write_in(workspace, name, body):
    """A function of ops.py with another body."""
    path = workspace.folder / "ops.py"
    own = Source.read(path)
    node = own.functions[name][0]
    header = f"def {name}({ast.unparse(node.args)}):"
    write_whole(path, put(own, Source.of(f"{header}\n    {body}"), [name]).text)


def bar_of(said):
    return said.splitlines()[-1].split("] ")[1].split(",")[0]


def test_what_an_exercise_asks_for_is_shown_until_it_is_written_and_whenever_it_is_asked_for(workspace):
    asks = " ".join(FIRST.prompt.split())[:60]
    for words, status in ((["check", FIRST.id], 1), ([], 1), (["task"], 0), (["task", FIRST.id], 0)):
        assert asks in " ".join(learner(workspace.folder, *words, status=status).split()), words
    assert "tinytorch task" in learner(workspace.folder, "hint")
    assert "tinytorch task ID" in learner(workspace.folder, "list")
    solve(workspace, FIRST)
    assert asks not in " ".join(learner(workspace.folder, "check", FIRST.id, status=0).split())
    assert asks in " ".join(learner(workspace.folder, "task", FIRST.id, status=0).split())


def test_the_bar_keeps_what_passed_while_something_else_is_edited(workspace):
    solve(workspace, FIRST)
    solve(workspace, SECOND)
    for exercise in (FIRST, SECOND):
        learner(workspace.folder, "check", exercise.id, status=0)
    path = workspace.folder / "ops.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n\ndef helper():\n    pass\n", encoding="utf-8")
    third = exercises()[2]
    write_in(workspace, third.functions[0], "return helper()")
    assert bar_of(learner(workspace.folder, "check", third.id, status=1)) == f"2 of {len(exercises())} exercises"
    edit(workspace, "def add(", "def plus(")
    assert bar_of(learner(workspace.folder, "check", FIRST.id, status=1)) == f"1 of {len(exercises())} exercises"
    edit(workspace, "def plus(", "def add")
    said = learner(workspace.folder, "check", FIRST.id, status=1)
    assert bar_of(said) == f"2 of {len(exercises())} exercises"
    for command in ("list", "status"):
        said = learner(workspace.folder, command, status=0)
        assert bar_of(said) == f"2 of {len(exercises())} exercises" and "is not Python" in said
        assert re.search(rf"{FIRST.id} +passes|01 ops +2 of", said) and "Written, and not" not in said


def test_a_syntax_error_comes_with_its_line_and_a_caret(workspace):
    edit(workspace, "def add(a: Array, b: Array) ->", "def add a: Array, b: Array) ->")
    row, caret = learner(workspace.folder, "check", FIRST.id, status=1).splitlines()[-4:-2]
    assert row.startswith("    def add a: Array") and row[caret.index("^")] == ")" and caret.strip() == "^"


@pytest.mark.parametrize("words", [("milestone", "mlp"), ("challenge", "ops")])
@pytest.mark.parametrize(("old", "said"), [("def add(", "is not Python")])
def test_what_trains_says_in_a_sentence_that_a_file_is_not_python(workspace, words, old, said):
    edit(workspace, old, "def add")
    assert said in sentence(learner(workspace.folder, *words, status=1))


def test_only_next_moves_on(workspace):
    learner(workspace.folder, "status")
    solve(workspace, SECOND)
    learner(workspace.folder, "check", SECOND.id, status=0)
    assert Workspace(workspace.folder).current == FIRST
    assert re.search(rf"^> {FIRST.id}", learner(workspace.folder, "list"), re.MULTILINE)
    solve(workspace, FIRST)
    assert "tinytorch next" in learner(workspace.folder, "check", status=0)
    assert exercises()[2].title in learner(workspace.folder, "next", status=0)


def test_what_broke_elsewhere_in_the_file_is_said_after_a_pass_and_by_status(workspace):
    for exercise in exercises()[:2]:
        solve(workspace, exercise)
        learner(workspace.folder, "check", exercise.id, status=0)
    for old, new in (("return a + b, ", "return a - b, "), ("def add(", "def plus(")):
        edit(workspace, old, new)
        said = " ".join(learner(workspace.folder, "check", SECOND.id, status=0).split())
        assert f"In ops.py, {FIRST.id} does not pass, though it is written" in said
        assert f"Written, and not passing: {FIRST.id}." in learner(workspace.folder, "status")


@pytest.mark.parametrize(("program", "python", "found", "typed"), [
    ("/venv/bin/tinytorch", "/venv/bin/python", True, "tinytorch"),
    ("/venv/bin/tinytorch", "/venv/bin/python", False, "/venv/bin/tinytorch"),
    ("/home/own/../venv/bin/tinytorch", "/venv/bin/python", False, "/home/venv/bin/tinytorch"),
    ("/src/tinytorch/__main__.py", ".venv/bin/python", True, "python -m tinytorch"),
    ("/src/tinytorch/__main__.py", ".venv/bin/python", False, "/venv/bin/python -m tinytorch"),
    ("/src/tinytorch/__main__.py", "python3", True, "python3 -m tinytorch"),
    ("/src/tinytorch/__main__.py", "python3.12", False, "python3.12 -m tinytorch"),
])  # fmt: skip
@ON_POSIX
def test_commands_are_spelled_as_they_can_be_typed(monkeypatch, program, python, found, typed):
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setattr(sys, "orig_argv", [python, program])
    monkeypatch.setattr(sys, "executable", "/home/../venv/bin/python")
    monkeypatch.setattr(cli.shutil, "which", lambda name: f"/{'venv' if found else 'other'}/bin/{name}")
    assert cli.as_typed("run `tinytorch next`") == f"run `{typed} next`"


def test_a_file_that_is_gone_is_made_again_and_that_is_said(workspace):
    assert "was gone" not in learner(workspace.folder)
    (workspace.folder / "ops.py").unlink()
    assert "ops.py was gone, and was made again from its stub." in learner(workspace.folder)
    assert (workspace.folder / "ops.py").exists() and "was gone" not in learner(workspace.folder)


def test_words_that_are_nearly_right(workspace):
    assert "`check`" in sentence(learner(workspace.folder, "chek", status=2))
    assert "01.2" in learner(workspace.folder, "check", "1.2", status=1)
    assert "is an exercise" in sentence(learner(workspace.folder, "start", "02.2", status=2))
    assert not (workspace.folder / "02.2").exists()


def test_headings_are_cut_at_a_word(workspace):
    rows = learner(workspace.folder, "list", COLUMNS="60").splitlines()
    for module in modules():
        (row,) = (row for row in rows if row.startswith(f"{module.number} "))
        whole = f"{module.number} {module.title}"
        assert row == whole or (row.endswith(" ...") and whole.startswith(row.removesuffix("...")))
    assert any(re.match(r"  02\.\d  to do   Undoing broadcasting ", row) for row in rows)
    assert any(re.match(r"  09\.\d  to do   What a place in the \.\.\. ", row) for row in rows)


@ON_POSIX
def test_ctrl_c_everywhere_shows_no_traceback(workspace):
    """Sent to all processes of the group, as some terminals do, while a check waits for an endless loop."""
    for name in FIRST.functions:
        edit(workspace, f'raise NotImplementedError("{FIRST.id} {name}")', "while True: pass")
    process = subprocess.Popen(
        [sys.executable, "-m", "tinytorch", "watch"], cwd=workspace.folder, env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert "Watching" in process.stdout.readline()
    time.sleep(1.5)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for pid in [*(children.read_text().split() if children.exists() else []), process.pid]:
        os.kill(int(pid), 2)
    assert "Traceback" not in process.communicate(timeout=30)[0]


# Bad input: a sentence, and nothing is lost


def test_notebooks_without_jupytext(tmp_path):
    (tmp_path / "jupytext.py").write_text("raise ModuleNotFoundError('no')")
    said = sentence(learner(tmp_path, "start", "work", "--notebook", status=1))
    assert "notebooks need jupytext: python -m pip install" in said
    assert not (tmp_path / "work").exists()


def test_places_where_no_workspace_can_be(tmp_path):
    (tmp_path / "notes").write_text("mine")
    assert "is a file" in sentence(learner(tmp_path, "start", "notes", status=2))
    assert (tmp_path / "notes").read_text() == "mine"
    said = sentence(learner(tmp_path, "start", str(Path(tinytorch.__file__).parent), status=2))
    assert "the library's own folder" in said and not (Path(tinytorch.__file__).parent / places.MARK).exists()


def test_a_folder_that_is_no_workspace(tmp_path):
    assert "tinytorch start" in sentence(learner(tmp_path, "check", status=1))


def test_a_workspace_of_another_version_is_taken_over_by_start(workspace):
    edit(workspace, f'raise NotImplementedError("{FIRST.id} add")', "return 17")
    mark = workspace.folder / places.MARK
    mark.write_text(json.dumps({"workspace": 1, "version": "0.0.1"}))
    said = sentence(learner(workspace.folder, "check", status=1))
    assert "0.0.1" in said and "tinytorch start" in said
    before = (workspace.folder / "ops.py").read_bytes()
    learner(workspace.folder, "start", status=0)
    assert (workspace.folder / "ops.py").read_bytes() == before
    assert "add" in learner(workspace.folder, "check", status=1)


def test_an_exercise_that_there_is_not(workspace):
    assert FIRST.id in sentence(learner(workspace.folder, "check", "99.9", status=2))
    assert "mlp" in sentence(learner(workspace.folder, "milestone", "99", status=2))
    assert "no script" in sentence(learner(workspace.folder, "run", "missing.py", status=2))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def add(a: Array, b: Array)", "def add(a: Array, b: Array", r"ops\.py line \d+ is not Python: "),
        ("def add(", "def plus(", r"ops\.py has no add, which 01\.1 asks for.* reset 01\.1"),
        (
            "def add(a: Array, b: Array)",
            "def add(a)",
            r"ops\.py line \d+: add must take \(a: Array, b: Array\), not \(a\)",
        ),
        ("def add(a: Array, b: Array)", "def add(a, c)", r"add must take"),
        ('"""a + b."""', '"""\0"""', r"ops\.py.* is not Python: .*null"),
    ],
)
def test_a_file_that_cannot_be_judged(workspace, old, new, said):
    edit(workspace, old, new)
    before = (workspace.folder / "ops.py").read_bytes()
    shown = learner(workspace.folder, "check", FIRST.id, status=1)
    assert re.search(said, " ".join(shown.split())), shown
    assert re.search(rf"{FIRST.id} +(fails|to do)", learner(workspace.folder, "list", status=0))
    for command in ("status", "next", "hint"):
        learner(workspace.folder, command)
    assert (workspace.folder / "ops.py").read_bytes() == before


def test_a_file_that_is_not_utf8_and_one_with_a_byte_order_mark(workspace):
    path = workspace.folder / "ops.py"
    text = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert "not written yet" in learner(workspace.folder, "check", status=1)
    path.write_bytes(text + b"# \xe4\n")
    assert "not saved as UTF-8" in learner(workspace.folder, "check", status=1)


@pytest.mark.parametrize(
    ("line", "said"),
    [("import sys; sys.exit(0)", "sys.exit(0)"), ("input()", "input()"), ("1 / 0", "ZeroDivisionError")],
)
def test_a_file_that_ends_or_asks_when_it_is_imported(workspace, line, said):
    solve(workspace, FIRST)
    path = workspace.folder / "ops.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    shown = learner(workspace.folder, "check", FIRST.id, status=1)
    assert said in shown and f"Edit ops.py line {len(path.read_text(encoding='utf-8').splitlines())}." in shown


def test_reset_of_a_file_that_is_not_python_keeps_it_in_the_backup(workspace):
    path = workspace.folder / "ops.py"
    path.write_text("def broken(:\n", encoding="utf-8")
    assert learner(workspace.folder, "reset", FIRST.id, status=0).startswith("All of ops.py")
    (backup,) = (workspace.folder / "backups").iterdir()
    assert backup.read_text(encoding="utf-8") == "def broken(:\n"
    assert path.read_text(encoding="utf-8") == FIRST.module.stub().text


@pytest.mark.parametrize("line", ["print('here')", "import sys; print('here', file=sys.stderr)"])
def test_a_file_that_prints_when_it_is_imported_is_judged_all_the_same(workspace, line):
    solve(workspace, FIRST)
    path = workspace.folder / "ops.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    shown = learner(workspace.folder, "check", FIRST.id, status=0)
    assert "passes" in shown and "Your code printed:\n    here\n" in shown


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EACCES, "you may write there"), (errno.EROFS, "you may write there")],
)
@pytest.mark.parametrize("words", [["reset", FIRST.id], ["start", "."], ["check", "02.1"]])
def test_what_cannot_be_written_is_said_with_a_remedy(workspace, monkeypatch, capsys, words, number, remedy):
    solve(workspace, FIRST)
    before = {path: path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()}

    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.chdir(workspace.folder)
    assert main(words) == 1
    said = sentence(capsys.readouterr().err)
    assert remedy in said and f"({workspace.folder}" in said and "nothing of yours was changed" in said
    assert {path: path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "Permission denied" in sentence(learner(tmp_path / "locked", "start", "work", status=1))


def test_a_full_disk_loses_nothing(workspace, monkeypatch):
    """Wherever in the saving of a reset the disk is full."""
    solve(workspace, FIRST)
    path = workspace.folder / "ops.py"
    before = path.read_bytes()
    for room in (0, 1):  # writes that there is still room for
        left = iter([os.fsync] * room)

        def full(handle, left=left):
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                return None
            for write in left:
                return write(handle)
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            patch.setattr(os, "fsync", full)
            workspace.reset(FIRST)
        assert path.read_bytes() == before
    assert not [p for p in workspace.folder.rglob(f"{UNFINISHED_PREFIX}*")]


@ON_POSIX
def test_a_file_that_is_a_link_stays_one(workspace, tmp_path):
    path = workspace.folder / "ops.py"
    path.rename(tmp_path / "mine.py")
    path.symlink_to(tmp_path / "mine.py")
    solve(workspace, FIRST)
    workspace.reset(FIRST)
    assert path.is_symlink() and (tmp_path / "mine.py").read_text() == FIRST.module.stub().text


def test_files_that_are_there_are_not_overwritten_by_start(tmp_path):
    (tmp_path / "ops.py").write_text("mine = 1\n")
    (tmp_path / "README.md").write_text("mine")
    Workspace.start(tmp_path)
    assert (tmp_path / "ops.py").read_text() == "mine = 1\n" and (tmp_path / "README.md").read_text() == "mine"
