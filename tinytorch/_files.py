"""Files that are written whole or not at all, whoever stops the process, whenever."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

UNFINISHED_PREFIX = ".tinytorch-"  # of the name that a file has until it is whole


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, text as UTF-8. Raises OSError that names it."""
    with atomic_write(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def atomic_write(file: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file beside `file` that takes its place when the block ends, and vanishes if the block raises.

    A file that is replaced keeps its permission bits. Raises OSError that names `file`, unless it names yet another.
    """
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe or a device is written to, not renamed away
        with open(file, "wb") as stream:
            yield stream
        return

    path = Path(os.path.realpath(file))
    temporary = path.with_name(f"{UNFINISHED_PREFIX}{os.urandom(8).hex()}")
    try:
        kept = _permissions(path)
        with open(temporary, "xb", opener=partial(os.open, mode=0o666 if kept is None else kept)) as stream:
            if kept not in (None, os.fstat(stream.fileno()).st_mode & 0o777):  # the umask has taken some away
                os.chmod(temporary, kept)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # the bytes must be on the disk before the name is
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, os.fspath(temporary)):
            raise OSError(error.errno, error.strerror, os.fspath(file)) from None
        raise
    with suppress(OSError):  # the file is there, and not every file system can be told to keep a name
        _sync_folder(path.parent)


def _permissions(path: Path) -> int | None:
    """Of a file that is to be replaced, None where there is none, or where a file has no such bits."""
    with suppress(FileNotFoundError):
        return path.stat().st_mode & 0o777 if os.name == "posix" else None
    return None


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where folders can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
