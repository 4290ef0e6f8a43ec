"""`tinytorch data`: what is here, what is fetched, and what is wrong with it, a line each."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinytorch
from tinytorch import downloads
from tinytorch.cli import main as cli
from tinytorch.cli import started
from tinytorch.downloads import RemoteFile

CONTENTS = {"first.gz": gzip.compress(b"one" * 1000), "second.gz": gzip.compress(b"two")}
THINGS = tuple(
    RemoteFile("things", name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder for data, and a data set to be had from another folder as if that were a server."""
    (tmp_path / "server").mkdir()
    for name, content in CONTENTS.items():
        (tmp_path / "server" / name).write_bytes(content)
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TINYTORCH_OFFLINE", raising=False)
    monkeypatch.setitem(downloads.FILES, "things", THINGS)

    def copy(file):
        target = tmp_path / "data" / "things" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((tmp_path / "server" / file.name).read_bytes())
        return target

    monkeypatch.setattr(downloads, "fetch", copy)
    return tmp_path / "data"


@pytest.fixture
def data(capsys):
    """A call of the command: its status, its lines, and what it says on standard error."""

    def call(*words):
        try:
            status = cli.main(["data", *words])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return call


def test_path_is_the_folder_that_is_named_and_else_the_cache(home, data, monkeypatch):
    assert data("path") == (0, [str(home)], "")
    monkeypatch.delenv("TINYTORCH_DATA")
    status, (folder,), err = data("path")
    assert status == 0 and Path(folder).name == "tinytorch" and err == ""


def test_list_shows_every_data_set_and_where_it_is(home, data):
    status, lines, err = data("list")
    assert status == 0 and err == ""
    rows = {line.split("  ")[0]: line for line in lines}
    assert list(rows)[2:] == ["tinydigits", "mnist1d", "mnist", "fashion_mnist", "cifar10", "things"]
    assert rows["tinydigits"].endswith("came with the library")
    assert "not here" in rows["cifar10"] and rows["cifar10"].endswith("170.5 MB")
    assert rows["mnist"].endswith("11.6 MB") and "not here" in rows["things"]
    assert not any(line.endswith(" ") for line in lines)

    downloads.fetch(THINGS[0])
    assert f"{home / 'things'} (without 1 of 2 files)" in data("list")[1][-1]
    data("fetch", "things")
    (last,) = data("list")[1][-1:]
    assert str(home / "things") in last and "without" not in last and last.count("things") == 2


def test_fetch_says_where_all_of_it_is_and_asks_for_nothing_twice(home, data, monkeypatch):
    expected = [str(home / "things" / name) for name in CONTENTS]
    assert data("fetch", "things") == (0, expected, "")
    monkeypatch.delattr(downloads, "fetch")
    assert data("fetch", "things") == (0, expected, "")


def test_verify_has_a_line_for_each_file(home, data):
    data("fetch", "things")
    first, second = (home / "things" / name for name in CONTENTS)
    assert data("verify", "things") == (0, [f"{first}: as published", f"{second}: as published"], "")

    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    status, lines, err = data("verify", "things")
    assert status == 1 and err == "" and len(lines) == 2
    assert lines[0].startswith(f"{first} is not the published first.gz: expected {THINGS[0].size}")
    assert lines[1] == f"second.gz is not here: `{started()} data fetch things` fetches it"

    first.unlink()
    (home / "things" / "first").write_bytes(b"one" * 1000)
    _, lines, _ = data("verify", "things")
    assert lines[0] == f"{home / 'things' / 'first'}: of the right size; its content has no known checksum"


@pytest.mark.parametrize("action", ["fetch", "verify"])
def test_an_unknown_name_is_one_sentence_with_the_nearest(home, data, action):
    assert data(action, "CIFAR") == (2, [], "tinytorch: there is no data set 'CIFAR'; the nearest name is 'cifar10'\n")
    said = "tinytorch: data set mnist1d came with the library: there is nothing to fetch or verify\n"
    assert data(action, "mnist1d") == (2, [], said)


@pytest.mark.parametrize("words", [[], ["fetch"], ["verify"], ["list", "x"], ["feth"]])
def test_what_is_missing_or_too_much_is_one_sentence(home, data, words):
    status, lines, err = data(*words)
    assert status == 2 and lines == [] and err.count("\n") == 1 and "--help" in err


def test_offline_one_sentence_says_what_to_put_where(tmp_path):
    command = [sys.executable, "-m", "tinytorch", "data", "fetch", "cifar10"]
    paths = {name: str(tmp_path) for name in ("TINYTORCH_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")}
    environment = {**paths, "TINYTORCH_OFFLINE": "1", "PYTHONPATH": str(Path(tinytorch.__file__).parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    file = downloads.FILES["cifar10"][0]
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("tinytorch: cifar10 needs cifar-10-python.tar.gz (170,498,071 bytes, SHA-256 6d95")
    assert done.stderr.endswith(f"put it at {tmp_path / 'cifar10' / file.name}\n") and done.stderr.count("\n") == 1


def test_list_loads_no_numpy(home):
    script = "import sys; from tinytorch.cli.main import main; main(['data', 'list']); print('numpy' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(tinytorch.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
