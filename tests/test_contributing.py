"""The steps of CONTRIBUTING.md, followed word by word in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "*.egg-info", ".*_cache", "__pycache__", ".hypothesis", "_build"
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SED = re.compile(r"^sed -i 's/(.*?)/(.*)/' (\S+)$", re.MULTILINE)
PLACE = re.compile(r"# (at the end of|a new file) (\S+)\n")


def steps():
    """What is to be done, in order: ("write" or "append", file, text) or ("run", "", script)."""
    for kind, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        place = PLACE.match(text)
        if kind == "sh":
            yield "run", "", text
        elif place:
            yield "append" if place[1] == "at the end of" else "write", place[2], text[place.end() :]
        else:
            raise AssertionError(f"a block that nobody can follow: {text[:80]}")


@pytest.mark.long
@pytest.mark.skipif(not all(map(shutil.which, ("bash", "make", "sed"))), reason="bash, make or sed is not here")
def test_the_steps_lead_from_an_op_to_a_study(tmp_path):
    copy = tmp_path / "tinytorch"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(copy), "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= {"MAKEFLAGS": "e", "BIN": str(Path(sys.executable).parent)}  # make takes BIN from here
    (copy / ".venv").mkdir()
    for made in ("pip", "dev"):
        (copy / ".venv" / made).touch()
    for what, file, text in steps():
        if what == "run":
            ran = subprocess.run(
                ["bash", "-e", "-x"], input=text, cwd=copy, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{text}\n{ran.stdout}\n{ran.stderr}"
        elif what == "append":
            before = (copy / file).read_text(encoding="utf-8")
            (copy / file).write_text(before.rstrip("\n") + "\n" + text, encoding="utf-8")
        else:
            assert not (copy / file).exists()
            (copy / file).write_text(text, encoding="utf-8")


def test_every_step_can_be_followed_or_was():
    written = set()
    for what, file, text in steps():
        if what == "append":
            assert (ROOT / file).is_file() or file in written, file
        elif what == "write":
            place = ROOT / file
            assert place.parent.is_dir() and (not place.exists() or place.read_text(encoding="utf-8") == text), file
            written.add(file)
        else:
            for pattern, replacement, target in SED.findall(text):
                there = (ROOT / target).read_text(encoding="utf-8")
                done = all(part in there for part in re.split(r"\\n|&", replacement))
                assert done or re.search(pattern.replace("|", r"\|"), there, re.MULTILINE), pattern


def test_a_step_that_nobody_can_follow_is_seen(monkeypatch, tmp_path):
    (tmp_path / "CONTRIBUTING.md").write_text("```python\nx = 1\n```\n", encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    with pytest.raises(AssertionError, match="nobody can follow"):
        list(steps())
