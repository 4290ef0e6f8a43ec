"""A file is written whole or not at all: whoever interrupts, whatever the disk says, and whatever lies there already."""

import os
import stat
import sys

import pytest

from tinytorch import _files
from tinytorch._files import UNFINISHED_PREFIX, atomic_write

ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and pipes are POSIX's")


def write(path, data):
    with atomic_write(path) as stream:
        stream.write(data)


def interrupted_at(step, act):
    """Whether Ctrl-C, pressed before the given line of _files.py that `act` runs, came before its end."""
    left = iter(range(step))

    def lines(frame, event, argument):
        if event == "line" and next(left, None) is None:
            raise KeyboardInterrupt
        return lines

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: lines if frame.f_code.co_filename == _files.__file__ else None)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a stream that nobody could close yet
@pytest.mark.parametrize("old", [b"old", None])
def test_an_interrupt_at_any_line_leaves_the_old_file_or_the_new_one_and_nothing_else(old, tmp_path):
    path, step, left = tmp_path / "f", 0, set()
    while True:
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        if not interrupted_at(step, lambda: write(path, b"new")):
            break
        left.add(path.read_bytes() if path.exists() else None)
        assert os.listdir(tmp_path) in ([], ["f"]), step
        step += 1
    assert left == {old, b"new"} and path.read_bytes() == b"new"


def test_an_interrupt_while_the_block_writes_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as stream:
        stream.write(b"half of the n")
        stream.flush()
        (unfinished,) = set(os.listdir(tmp_path)) - {"f"}
        assert unfinished.startswith(UNFINISHED_PREFIX) and path.read_bytes() == b"old"
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("name", ["nowhere/f", "x" * 300], ids=["no folder", "a long name"])
def test_an_error_names_the_file_that_was_asked_for(name, tmp_path):
    with pytest.raises(OSError) as error:
        write(tmp_path / name, b"new")
    assert error.value.filename == str(tmp_path / name) and UNFINISHED_PREFIX not in str(error.value)


def test_an_error_while_renaming_names_the_file_that_was_asked_for(monkeypatch, tmp_path):
    def refuse(source, target):
        raise PermissionError(13, "Permission denied", os.fspath(source), None, os.fspath(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(PermissionError) as error:
        write(tmp_path / "f", b"new")
    assert str(error.value) == f"[Errno 13] Permission denied: {str(tmp_path / 'f')!r}" and not os.listdir(tmp_path)


def test_a_full_disk_names_the_file_that_was_asked_for(monkeypatch, tmp_path):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as error:
        write(tmp_path / "f", b"new")
    assert str(error.value) == f"[Errno 28] No space left on device: {str(tmp_path / 'f')!r}"
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("function", ["open", "fsync"])
def test_a_file_system_that_cannot_sync_a_folder_has_the_file_all_the_same(function, monkeypatch, tmp_path):
    """Some network and shared file systems refuse it, and so does a folder that may only be written to."""
    act = getattr(os, function)

    def refuse_folders(place, *arguments, **keywords):
        if os.path.isdir(place):
            raise OSError(22, "Invalid argument")
        return act(place, *arguments, **keywords)

    write(tmp_path / "f", b"old")
    monkeypatch.setattr(os, function, refuse_folders)
    write(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new" and os.listdir(tmp_path) == ["f"]


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(OSError) as error, atomic_write(tmp_path / "f"):
        open(tmp_path / "another")
    assert error.value.filename == str(tmp_path / "another")


def test_an_error_of_no_file_and_no_number_stays_as_it_is(tmp_path):
    with pytest.raises(OSError) as error, atomic_write(tmp_path / "f"):
        raise OSError("the camera is off")
    assert str(error.value) == "the camera is off" and not os.listdir(tmp_path)


def test_bytes_are_on_the_disk_before_their_name_is_and_the_name_before_the_end(monkeypatch, tmp_path):
    done = []
    replace = os.replace

    def fsync(handle):
        status = os.fstat(handle)
        done.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", lambda *names: done.append("replace") or replace(*names))
    write(tmp_path / "f", b"new")
    assert done == [len(b"new"), "replace", *(["folder"] if os.name == "posix" else [])]


def test_a_link_is_written_through_and_stays_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "f")
    write(tmp_path / "link", b"old")
    write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "disk" / "f").read_bytes() == b"new"


@ON_POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_a_file_keeps_its_permission_bits_and_is_never_more_open_than_that(mode, monkeypatch, tmp_path):
    path, asked, os_open = tmp_path / "f", [], os.open

    def open_(name, flags, mode=0o777):
        asked.append(mode)
        return os_open(name, flags, mode)

    path.write_bytes(b"old")
    path.chmod(mode)
    monkeypatch.setattr(os, "open", open_)
    with atomic_write(path) as stream:
        assert asked == [mode] and stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == mode
        stream.write(b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_bytes() == b"new"


def test_permissions_that_are_right_are_not_asked_for(monkeypatch, tmp_path):
    """Behind walls it may be forbidden."""

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    write(tmp_path / "f", b"old")
    monkeypatch.setattr(os, "chmod", refuse)
    write(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"new"


@ON_POSIX
def test_a_new_file_is_as_any_other(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "f", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640


@ON_POSIX
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write(tmp_path / "pipe", b"new")
    data = os.read(reader, 10_000)
    os.close(reader)
    assert data == b"new" and (tmp_path / "pipe").is_fifo()
