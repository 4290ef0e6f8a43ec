"""Gradescope's archive: unpacked where Gradescope would, its scripts grade a submission into its results.json."""

import json
import os
import subprocess
import sys
import time
import zipfile

import pytest

from tests.grading.conftest import library
from tinytorch.grading import adapter
from tinytorch.grading.adapter import archive


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="a script for bash")
def test_a_submission_is_graded_as_gradescope_would(tmp_path):
    archive(tmp_path / "autograder.zip", "1", "it's a salt", allow_weak=True)
    source, home = tmp_path / "autograder" / "source", tmp_path / "opt" / "tinytorch"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as packed:
        packed.extractall(source)
        names = packed.namelist()
        assert packed.getinfo("run_autograder").external_attr >> 16 == 0o755
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    for name in ("results", "submission"):
        (tmp_path / "autograder" / name).mkdir()
    (tmp_path / "autograder" / "submission" / "ops.py").write_text(library("01")["ops"], encoding="utf-8")
    (home / "bin").mkdir(parents=True)
    for name in ("tinytorch", "modules", "datasets"):
        (source / name).rename(home / name)
    python = home / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    environment = {"AUTOGRADER_ROOT": str(tmp_path), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    subprocess.run(["bash", str(source / "run_autograder")], env=environment, check=True, stdout=subprocess.DEVNULL)
    result = json.loads((tmp_path / "autograder" / "results" / "results.json").read_text())
    assert result["score"] == 60 and len(result["tests"]) == 8
    fields = {"output", "output_format", "stdout_visibility", "score", "tests", "extra_data"}
    assert set(result) == fields  # those that Gradescope knows
    known = {"name", "number", "score", "max_score", "status", "output", "output_format", "visibility", "extra_data"}
    assert all(set(test) == known for test in result["tests"])


def test_it_is_written_where_the_clock_was_never_set(tmp_path, monkeypatch):
    """A zip knows no date before 1980."""
    old = tmp_path / "ops.py"
    old.write_text("x = 1\n")
    os.utime(old, (7, 7))
    monkeypatch.setattr(adapter, "_files", lambda: iter([("tinytorch/ops.py", old)]))
    monkeypatch.setattr(time, "time", lambda: 7.0)
    archive(tmp_path / "autograder.zip", "1", "salt")
    with zipfile.ZipFile(tmp_path / "autograder.zip") as packed:
        assert packed.namelist() == ["setup.sh", "run_autograder", "settings", "tinytorch/ops.py"]
        assert packed.read("tinytorch/ops.py") == b"x = 1\n" and b"SALT=salt" in packed.read("settings")
        modes = [info.external_attr >> 16 & 0o777 for info in packed.infolist()[:3]]
    assert modes == [0o755, 0o755, 0o644]


def test_the_scripts_are_bash():
    from tinytorch.grading.adapter import SCRIPTS

    for script in ("setup.sh", "run_autograder"):
        if os.name == "posix":
            subprocess.run(["bash", "-n", str(SCRIPTS / script)], check=True)
