"""The worker's folder: however it was left, it is counted and emptied."""

import os

import pytest

from tinytorch.grading import lock
from tinytorch.grading.lock import Lock, empty


def held(folder):
    return Lock({"scratch": str(folder), "calls": False, "landlock": 0})


def test_a_folder_is_emptied_however_deep_and_however_shut(tmp_path):
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "file").write_text("x")
    (tmp_path / "shut" / "inner").mkdir()
    (tmp_path / "outside").symlink_to("/")
    (tmp_path / "shut").chmod(0)
    before = os.getcwd()
    try:
        os.chdir(tmp_path)
        for _ in range(3000):  # deeper than Python calls itself, and than a path may be long
            os.mkdir("a")
            os.chdir("a")
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


@pytest.mark.parametrize("depth", [lock.DEEPEST, lock.DEEPEST + 1])
def test_folders_in_one_another_are_counted(tmp_path, depth):
    tmp_path.joinpath(*"abcdefghij"[:depth]).mkdir(parents=True)
    assert held(tmp_path).overstepped() == (depth > lock.DEEPEST)


def test_what_lies_in_the_folder_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "WRITTEN", 10_000)
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_bytes(bytes(5000))
    assert not held(tmp_path).overstepped()
    (tmp_path / "c").symlink_to("/")
    assert held(tmp_path).overstepped()
