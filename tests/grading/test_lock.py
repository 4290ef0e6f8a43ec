"""The worker's folder: however it was left, it is counted and emptied."""

import os
import shutil
import sys
import tempfile
import time
import traceback
from itertools import pairwise
from pathlib import Path

import pytest

from tinytorch.grading import lock
from tinytorch.grading.lock import Lock, become, empty
from tinytorch.grading.world import USERS


def held(folder):
    return Lock({"scratch": str(folder), "calls": False, "landlock": 0})


@pytest.fixture
def as_another():
    """Runs a function as a user whom rights hold back: another one where this is root; what it returns is true."""
    place = Path(tempfile.mkdtemp())  # none of pytest's, which are shut to others

    def run(function):
        if (child := os.fork()) == 0:
            status = 1
            try:
                if os.geteuid() == 0:
                    os.chown(place, USERS[0], USERS[0])
                    become(USERS[0])
                status = 0 if function(place) else 2
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    yield run
    shutil.rmtree(place)


@pytest.mark.parametrize("shut", [".", "shut"])
def test_a_folder_is_emptied_however_shut(as_another, shut):
    def emptied(place):
        (place / "shut" / "inner").mkdir(parents=True)
        (place / "shut" / "file").write_text("x")
        (place / "outside").symlink_to("/")
        (place / shut).chmod(0)
        with pytest.raises(PermissionError):
            os.listdir(place / shut)
        empty(str(place))
        return os.listdir(place) == []

    assert as_another(emptied) == 0


def test_a_folder_is_emptied_however_deep(tmp_path):
    before = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1100):  # deeper than Python calls itself, and than a path may be long
            os.mkdir("deep")
            os.chdir("deep")
    finally:
        os.chdir(before)
    empty(str(tmp_path))
    assert os.listdir(tmp_path) == []


def test_no_link_is_followed_that_takes_a_folders_place(tmp_path, monkeypatch):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").touch()
    (tmp_path / "scratch" / "folder").mkdir(parents=True)

    def swapped(name, moved, *, src_dir_fd, dst_dir_fd):
        os.rmdir(name, dir_fd=src_dir_fd)
        os.symlink(tmp_path / "outside", moved, dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", swapped)
    with pytest.raises(OSError):
        empty(str(tmp_path / "scratch"))
    assert os.listdir(tmp_path / "outside") == ["precious"]


def test_folders_in_one_another_are_counted(tmp_path):
    one = held(tmp_path)
    deepest = Path(one.own).joinpath(*"abcdefghij"[: lock.DEEPEST])
    deepest.mkdir(parents=True)
    (deepest / "file").touch()
    assert not one.overstepped()
    (deepest / "folder").mkdir()
    assert one.overstepped()


def test_what_lies_in_the_folder_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "WRITTEN", 14_000)  # the folder itself is an entry too
    one, own = held(tmp_path), Path(tmp_path, "job")
    (own / "a").write_text("x")
    (own / "b").write_bytes(bytes(5000))
    assert not one.overstepped()
    (own / "c").symlink_to("/")
    assert one.overstepped()


def test_the_next_job_finds_a_new_folder(tmp_path):
    one, own = held(tmp_path), Path(tmp_path, "job")
    size = own.stat().st_size
    for i in range(300):
        (own / f"{i:0200}").touch()
    assert own.stat().st_size > size or own.stat().st_size == 0  # as on some file systems
    grown = own.stat()
    os.listdir(tmp_path)
    (tmp_path / "beside").touch()  # where no Landlock forbids it
    time.sleep(0.02)
    one.clean()
    new, above = own.stat(), tmp_path.stat()
    assert os.listdir(tmp_path) == ["job"] and os.listdir(own) == []
    assert new.st_size == size and new.st_atime_ns == new.st_mtime_ns == new.st_ctime_ns > grown.st_mtime_ns
    assert above.st_atime_ns == above.st_mtime_ns > grown.st_mtime_ns


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no folder of this machine lies in memory")
def test_how_many_files_a_job_made_is_not_told_to_the_file_by_the_next_ones_number():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        one, numbers = held(place), []
        for _ in range(12):
            numbers.append(os.stat(one.own).st_ino)
            one.clean()
    steps = {after - before for before, after in pairwise(numbers)}
    assert len(steps) > 3, steps


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is told of the end of its parent")
def test_nobody_begins_whose_server_has_ended(as_another):
    def entered(place, server):
        one = held(place)
        one.server = server
        one.enter()
        return True

    pytest.importorskip("resource")  # which the other user may not be able to read
    assert as_another(lambda place: entered(place, os.getppid())) == 0
    assert as_another(lambda place: entered(place, -1)) == 1
