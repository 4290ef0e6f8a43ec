"""What was handed in: a folder or a zip for each student, read as text and never run, unpacked or followed anywhere.

Only the files of the course are looked at. Whatever else lies there, modules that shadow others, settings of tools, links,
is as if it were not there; what a person should know is said in a sentence.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NoReturn

from tinytorch.course.source import LARGEST, Source
from tinytorch.text import legible, printable

ENTRIES = 20_000  # files of a submission that are looked through
DEEPEST = 5  # folders
LARGEST_ZIP = 64 * 2**20  # bytes
LARGEST_INDEX = 4 * 2**20  # bytes of the list of files in a zip
UNREADABLE = (
    *(OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(NotImplementedError, RuntimeError, ValueError, EOFError, MemoryError),
)


class Unreadable(Exception):
    """Why a submission cannot be read at all, in a sentence."""


@dataclass(frozen=True)
class Submission:
    """A student's files of the course, as bytes by the name of the module, and what is to be said of them."""

    student: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    refused: str = ""  # why it is not graded

    @property
    def name(self) -> str:
        """The student as the name of a file."""
        return file_name(self.student)

    def source(self, module: str) -> Source:
        """A file of the course. Raises SyntaxError where it is not text."""
        return Source.decoded(self.files[module], f"{module}.py")

    def problem(self, module: str) -> str:
        """Why a file of the course that is there is not Python, in a sentence; nothing where it is."""
        try:
            _ = self.source(module).tree
        except SyntaxError as error:
            return f"{module}.py{f' line {error.lineno}' if error.lineno else ''} is not Python: {error.msg}"
        return ""


def file_name(student: str) -> str:
    """A name for a student's files that no other student has, on systems that do not tell a from A as well."""
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,60}", student) and not student.endswith("."):
        return student
    plain = re.sub(r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", student).casefold()).strip("-")[:40]
    return f"{plain or 'student'}~{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def read_all(folder: Path, wanted: Sequence[str]) -> list[Submission]:
    """The submissions that lie in a folder, in order of the students; two of one student are refused, as nobody knows which."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        student = path.name[:-4] if path.name.lower().endswith(".zip") else path.name
        found.setdefault(printable(unicodedata.normalize("NFC", student)), []).append(path)
    return [read(student, paths, wanted) for student, paths in sorted(found.items())]


def read(student: str, paths: Sequence[Path], wanted: Sequence[str]) -> Submission:
    """A student's submission, which says why where it cannot be read."""
    if len(paths) > 1:
        names = " and ".join(repr(path.name) for path in paths)
        return Submission(student, refused=f"there are {len(paths)} submissions, {names}: remove all but one")
    (path,) = paths
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            return _chosen(student, list(_of_folder(path)), wanted)
        if stat.S_ISREG(mode) and path.name.lower().endswith(".zip"):
            with zipfile.ZipFile(_small_enough(path)) as archive:
                return _chosen(student, list(_of_zip(archive)), wanted)
        loose = "neither a folder nor a zip: put files into a folder named after the student"
        return Submission(student, refused=f"{path.name!r} is {'a link' if stat.S_ISLNK(mode) else loose}")
    except Unreadable as error:
        return Submission(student, refused=str(error))
    except UNREADABLE as error:
        return Submission(student, refused=_unreadable(repr(path.name), error))


@dataclass(frozen=True)
class Entry:
    """A file of a submission: where it is, and its bytes, or why there are none."""

    path: PurePosixPath
    archive: zipfile.ZipFile | None
    place: Path | zipfile.ZipInfo
    problem: str = ""

    def data(self) -> bytes:
        """The first bytes, one more than a file may have, so that a larger one is seen. Raises OSError and others."""
        if isinstance(self.place, Path):
            with os.fdopen(os.open(self.place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as stream:
                return stream.read(LARGEST + 1)
        assert self.archive is not None
        with self.archive.open(self.place) as packed:
            return packed.read(LARGEST + 1)


def _small_enough(path: Path) -> Path:
    if path.stat().st_size > LARGEST_ZIP:
        raise Unreadable(f"{path.name!r} has more than {LARGEST_ZIP:,} bytes")
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 65_557))  # where the end of a zip says how long its index is
        tail = stream.read()
    ends = [match.start() for match in re.finditer(rb"PK\x05\x06", tail) if match.start() + 22 <= len(tail)]
    if any(struct.unpack_from("<I", tail, end + 12)[0] > LARGEST_INDEX for end in ends) or b"PK\x06\x07" in tail:
        raise Unreadable(f"{path.name!r} lists more files than are looked through")
    return path


def _of_folder(folder: Path) -> Iterator[Entry]:
    def refuse(error: OSError) -> NoReturn:
        place = PurePosixPath(*Path(error.filename or folder).relative_to(folder.parent).parts)
        raise Unreadable(f"{_quoted(place)} cannot be read: {error.strerror}")

    count = 0
    for here, folders, files in os.walk(folder, onerror=refuse):
        inside = PurePosixPath(*Path(here).relative_to(folder).parts)
        if len(inside.parts) >= DEEPEST:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        for name in sorted(files):
            count += 1
            if count > ENTRIES:
                raise Unreadable(f"there are more than {ENTRIES:,} files in {folder.name!r}")
            mode = os.lstat(os.path.join(here, name)).st_mode
            yield Entry(inside / name, None, Path(here, name), _problem(mode))


def _problem(mode: int) -> str:
    return "" if stat.S_ISREG(mode) else "is a link" if stat.S_ISLNK(mode) else "is no ordinary file"


def _of_zip(archive: zipfile.ZipFile) -> Iterator[Entry]:
    infos = archive.infolist()
    if len(infos) > ENTRIES:
        raise Unreadable(f"there are more than {ENTRIES:,} files in the zip")
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        mode = info.external_attr >> 16
        problem = _problem(mode) if stat.S_IFMT(mode) else ""
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", info.filename):
            problem = "has a name that leads out of the zip"
        elif info.flag_bits & 1:
            problem = "is encrypted"
        if not info.filename.endswith("/") and not any(
            part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts
        ):
            yield Entry(path, archive, info, problem)


def _chosen(student: str, entries: Sequence[Entry], wanted: Sequence[str]) -> Submission:
    """Of each file that is wanted the one nearest to the top, where there is one."""
    files: dict[str, bytes] = {}
    remarks = []
    for module in wanted:
        found = [
            entry for entry in entries if entry.path.name == f"{module}.py" and "tinytorch" not in entry.path.parts
        ]
        found = found or [entry for entry in entries if entry.path.name == f"{module}.py"]
        nearest = min((len(entry.path.parts) for entry in found), default=0)
        top = [entry for entry in found if len(entry.path.parts) == nearest]
        if len(top) > 1:
            remarks.append(f"{module}.py is there {len(top)} times: {', '.join(_quoted(e.path) for e in top[:3])}")
        elif top and top[0].problem:
            remarks.append(f"{_quoted(top[0].path)} {top[0].problem}")
        elif top:
            try:
                files[module] = top[0].data()
            except UNREADABLE as error:
                remarks.append(_unreadable(_quoted(top[0].path), error))
    led_out = [entry for entry in entries if "leads out" in entry.problem]
    if led_out and not any("leads out" in remark for remark in remarks):
        remarks.append(f"{_quoted(led_out[0].path)} {led_out[0].problem}")
    if not files and not remarks:
        asked = " or ".join(", ".join(f"{module}.py" for module in wanted).rsplit(", ", 1))
        remarks.append(f"Nothing to grade was handed in: no file is named {asked}")
    return Submission(student, files, tuple(remarks))


def _unreadable(name: str, error: Exception) -> str:
    return f"{name} cannot be read: {legible(error) or type(error).__name__}"


def _quoted(path: PurePosixPath) -> str:
    """The name of an entry, which may be as long as its student likes."""
    return legible(repr(str(path)))
