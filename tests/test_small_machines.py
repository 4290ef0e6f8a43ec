"""A bad day on a small machine: no memory left, a card that became read-only, a clock that was never set, an old terminal.

Each is answered with a sentence, and the work is kept. That NumPy multiplies slowly is for the doctor: tests/cli/test_doctor.py.
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinytorch
from tinytorch import datasets, recipes
from tinytorch.cli import main as cli
from tinytorch.course import worker
from tinytorch.course.exercises import exercises
from tinytorch.course.source import Source, put
from tinytorch.course.workspace import Workspace
from tinytorch.data import Subset

ROOT = Path(tinytorch.__file__).parents[1]
FIRST = exercises()[0]
NEVER_SET = """\
import time
time.time = lambda: 7.0  # seconds after 1970 began, as on a board without a battery
time.strftime = lambda form, moment=time.gmtime(7), _=time.strftime: _(form, moment)
time.localtime = lambda moment=7, _=time.localtime: _(moment)
"""
SAVED = """\
import numpy as np
import tinytorch as torch
kept = torch.arange(5.0)
torch.save({"kept": kept}, "kept.pt")
assert np.array_equal(torch.load("kept.pt")["kept"].numpy(), kept.numpy())
print("saved and loaded")
"""


def run(*words, folder, path=(), status=0, **changes):
    """What a command says on both streams."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])), **changes}
    done = subprocess.run(
        [sys.executable, "-m", "tinytorch", *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == status and "Traceback" not in done.stdout, done.stdout
    return done.stdout


def solve(folder):
    workspace = Workspace(folder)
    path = workspace.path(FIRST.module)
    path.write_text(put(Source.read(path), FIRST.module.library, FIRST.functions).text, encoding="utf-8")
    return path


def date_back(folder):
    """Give every file the date that it has where the clock was never set."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (7, 7))


def test_with_a_clock_that_was_never_set_all_work_goes_on(tmp_path):
    (tmp_path / "1970").mkdir()
    (tmp_path / "1970" / "sitecustomize.py").write_text(NEVER_SET)
    here = {"folder": tmp_path / "work", "path": [tmp_path / "1970"]}
    run("start", "work", folder=tmp_path, path=here["path"])
    path = solve(here["folder"])
    solved = path.read_bytes()
    date_back(here["folder"])
    assert "passes" in run("check", FIRST.id, **here)
    (here["folder"] / "script.py").write_text(SAVED)
    assert "saved and loaded" in run("run", "script.py", **here)
    for _ in range(2):  # in the same second of the same day, as after each start of the board
        path.write_bytes(solved)
        run("reset", FIRST.id, **here)
    backups = sorted((here["folder"] / "backups").iterdir())
    assert [copy.read_bytes() for copy in backups] == [solved, solved]
    assert all(copy.name.startswith("ops-1970-01-01-") for copy in backups)
    assert "the clock says 1970" in run("doctor", status=1, **here)


def test_without_memory_the_demo_shows_what_was_trained_and_says_what_to_do(monkeypatch, capsys):
    real = recipes.measure

    def measure(recipe, **options):
        if recipe.model == "cnn":
            raise MemoryError
        return real(recipe, **options)

    monkeypatch.setattr(recipes, "measure", measure)
    assert cli.main(["demo", "--only", "tinydigits-mlp", "tinydigits-cnn", "--epochs", "1", "--preset", "zero"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("tinydigits")] == [["tinydigits", "mlp"]]
    last = err.splitlines()[-1]
    assert last.startswith("tinytorch: there is not enough memory") and "doctor" in last


@pytest.mark.skipif(os.name != "posix", reason="there are no limits of memory here")
def test_an_exercise_that_takes_all_memory_fails_alone(tmp_path):
    run("start", "work", folder=tmp_path)
    path = solve(tmp_path / "work")
    text = path.read_text(encoding="utf-8").replace("    return a + b,", "    np.ones(1 << 46)\n    return a + b,")
    path.write_text(text, encoding="utf-8")
    said = run("check", FIRST.id, folder=tmp_path / "work", status=1)
    assert "Unable to allocate" in said and path.read_text(encoding="utf-8") == text


def test_where_nothing_can_be_written_a_check_works_in_memory(monkeypatch):
    def refused(*_, **__):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    with monkeypatch.context() as patch:
        patch.setattr(worker.tempfile, "TemporaryFile", refused)
        if sys.platform != "linux":
            with pytest.raises(FileNotFoundError):
                worker.scratch()
            return
        with worker.scratch() as file:
            os.write(file.fileno(), b"printed")
            file.seek(0)
            assert file.read() == b"printed"


def test_the_way_of_a_learner_fits_80_columns_of_ascii(tmp_path):
    """As over ssh to a board whose locale was never set."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "80", "TERM": "vt100"}
    run("start", "work", folder=tmp_path, **plain)
    solve(tmp_path / "work")
    for words, status in (
        (["list"], 0), (["check", FIRST.id], 0), (["hint"], 0), (["milestone", "mlp", "--preset", "zero"], 1),
    ):  # fmt: skip
        said = run(*words, folder=tmp_path / "work", status=status, **plain)
        assert said.isascii(), (words, [line for line in said.splitlines() if not line.isascii()])
        assert max(map(len, said.splitlines())) <= 80, (words, said)


@pytest.mark.parametrize("preset", ["zero", "pi"])
@pytest.mark.parametrize("name", recipes.RECIPES)
def test_all_that_a_small_machine_computes_is_of_four_bytes(preset, name):
    """Wider numbers take twice the memory, and on a Zero more than twice the time."""
    recipe = recipes.PRESETS[preset][name]
    train, _ = datasets.load(recipe.dataset)
    model, _ = recipes.train(recipe, Subset(train, range(2 * recipe.batch_size)), seed=0, epochs=1)
    arrays = [array for p in model.parameters() for array in (p.array, p.grad.array)]
    assert {str(array.dtype) for array in arrays} == {"float32"}
