"""Files that are written whole or not at all, whoever stops the process, whenever."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

UNFINISHED = ".tinytorch-"  # what the name of a file begins with until it is whole


@contextmanager
def atomic_write(file: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file beside `file` that takes its place when the block ends, and vanishes if the block raises.

    Whoever could read and write `file` still can. Raises OSError that names `file`, unless it names yet another.
    """
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe or a device is written to, not renamed away
        with open(file, "wb") as stream:
            yield stream
        return

    path = Path(os.path.realpath(file))
    temporary = path.with_name(f"{UNFINISHED}{os.urandom(8).hex()}")
    try:
        with open(temporary, "xb") as stream:
            _open_to_the_same(stream, path)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # the bytes must be on the disk before the name is
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, os.fspath(temporary)):
            raise OSError(error.errno, error.strerror, os.fspath(file)) from None
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _open_to_the_same(stream: BinaryIO, path: Path) -> None:
    """Give a file, before there is anything to read, the permissions of the one that it will replace."""
    with suppress(FileNotFoundError):
        wanted = path.stat().st_mode & 0o777
        if (
            os.fstat(stream.fileno()).st_mode & 0o777 != wanted
        ):  # where they are the same, one may not be allowed to ask
            os.chmod(stream.name, wanted)
