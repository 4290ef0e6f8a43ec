"""Data that does not come with the library: where it lies, whence it is fetched, and whether it is what was published.

A download grows in a temporary file beside its place, goes on where it broke off, and moves into place once it is checked.
What speaks to servers is imported when one is asked: on the smallest machines that takes half a second.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from http.client import HTTPResponse

PATIENCE = 20.0  # seconds to wait for a server's next bytes
ATTEMPTS = 20  # at one file of one mirror, as long as each brings something
CHUNK = 1 << 16  # bytes
PART, BEYOND_ITS_END = 206, 416  # what a server answers to a request for the rest of a file
REDRAW = 0.1  # seconds between two drawings of the meter, at least


class RemoteFile(NamedTuple):
    """A file of a data set, packed with gzip: its name, its size in bytes and its SHA-256 as published.

    Mirrors may have packed the same content anew, so what is inside has a size and a SHA-256 as well; these are None where
    they are not known.
    """

    dataset: str
    name: str
    size: int
    sha256: str
    content_size: int | None = None
    content_sha256: str | None = None


MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/",),
}

FILES = {  # in each data set of images and labels: those to learn from, then those to be tested on
    "mnist": (
        RemoteFile(
            "mnist",
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        RemoteFile(
            "mnist",
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        RemoteFile(
            "mnist",
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        RemoteFile(
            "mnist",
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion_mnist": (
        RemoteFile(
            "fashion_mnist",
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            47_040_016,
        ),
        RemoteFile(
            "fashion_mnist",
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            60_008,
        ),
        RemoteFile(
            "fashion_mnist",
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            7_840_016,
        ),
        RemoteFile(
            "fashion_mnist",
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            10_008,
        ),
    ),
    "cifar10": (
        RemoteFile(
            "cifar10",
            "cifar-10-python.tar.gz",
            170_498_071,
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
    ),
}


# Where files lie


def folders() -> list[Path]:
    """Where data is looked for, each data set in a folder of its name: TINYTORCH_DATA if set, then the user's cache.

    What is fetched goes to the first.
    """
    named = os.environ.get("TINYTORCH_DATA")
    return [*([Path(named)] if named else []), _cache()]


def _cache() -> Path:
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "tinytorch"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinytorch"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinytorch"


def find(file: RemoteFile) -> Path | None:
    """Where a file lies, packed or not; None where it is not here."""
    for folder in folders():
        for name in (file.name, file.name.removesuffix(".gz")):
            path = folder / file.dataset / name
            if path.is_file():
                return path
    return None


def locate(dataset: str) -> list[Path]:
    """The files of a data set, in the order of FILES, those that are not here fetched first.

    Raises FileNotFoundError where one is neither here nor to be had.
    """
    return [find(file) or fetch(file) for file in FILES[dataset]]


# Whether they are what was published


def check(file: RemoteFile, path: Path) -> bool:
    """Hold a file against what was published. False where there is nothing to hold it against but its size.

    Raises ValueError where it is something else or damaged.
    """
    with open(path, "rb") as stream:
        size, sha256 = _measure(stream, file)
    if sha256 == file.sha256:
        return True
    expected_size, expected = file.size, file.sha256
    packed = is_packed(path)
    if file.content_sha256 is not None or not packed:
        size, sha256 = _measure_content(file, path) if packed else (size, sha256)
        if file.content_sha256 is None and size == (file.content_size or size):
            return False
        if size == file.content_size and sha256 == file.content_sha256:
            return True
        expected_size, expected = file.content_size or file.size, file.content_sha256 or file.sha256
    raise ValueError(
        f"{path} is not the published {file.name}: expected {expected_size:,} bytes with SHA-256 {expected}, "
        f"got {size:,} with {sha256}"
    )


def is_packed(path: Path) -> bool:
    """Whether a file is packed with gzip, whatever its name says."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _measure_content(file: RemoteFile, path: Path) -> tuple[int, str]:
    try:
        with gzip.open(path) as stream:
            return _measure(stream, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is truncated or damaged ({error})") from error


def _measure(stream: IO[bytes] | gzip.GzipFile, file: RemoteFile) -> tuple[int, str]:
    """The size and the SHA-256 of what a stream holds, which is not unpacked beyond what it could be."""
    digest, size = hashlib.sha256(), 0
    while size <= _most(file) and (chunk := stream.read(CHUNK)):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def _most(file: RemoteFile) -> int:
    """The bytes of a file at most. What is inside a file of unknown content is taken to be less than twice as large."""
    return max(file.size, file.content_size or 2 * file.size)


# Fetching


class _BrokenOff(Exception):
    """A transfer ended too soon: what has come is kept."""


def fetch(file: RemoteFile) -> Path:
    """Download a file from the first mirror that has it, whole and unaltered, and return where it lies now.

    Raises FileNotFoundError, in a sentence that says what to do, where no mirror has it or TINYTORCH_OFFLINE is set;
    OSError where it cannot be written.
    """
    from urllib.parse import urlsplit

    target = folders()[0] / file.dataset / file.name
    if os.environ.get("TINYTORCH_OFFLINE", "0") not in ("", "0"):
        raise _missing(file, target, "TINYTORCH_OFFLINE forbids to download it")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{file.name}.part")
    reasons = []
    for mirror in MIRRORS[file.dataset]:
        try:
            _fetch_from(mirror + file.name, part, file)
        except (_BrokenOff, ValueError) as error:
            reasons.append(f"{urlsplit(mirror).hostname} {error}")
        else:
            os.replace(part, target)
            return target
    raise _missing(file, target, f"could not be downloaded ({'; '.join(reasons)})")


def _missing(file: RemoteFile, target: Path, why: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{file.dataset} needs {file.name} ({file.size:,} bytes, SHA-256 {file.sha256}), which is not here, and {why}: "
        f"put it at {target}"
    )


def _fetch_from(url: str, part: Path, file: RemoteFile) -> None:
    """Download and check one mirror's file. What an earlier attempt left may be of another file: then all anew, once."""
    left_over = part.exists()
    with Meter(f"{file.dataset}/{file.name}", file.size) as meter:
        _download(url, part, _most(file), meter)
    try:
        check(file, part)
    except ValueError as error:
        part.unlink()
        if not left_over:
            raise ValueError("sent something else") from error
        _fetch_from(url, part, file)


def _download(url: str, part: Path, most: int, meter: Meter) -> None:
    """Fetch a URL, going on where `part` ends, as often as it breaks off but has brought something."""
    for attempt in range(1, ATTEMPTS + 1):
        before = _size(part)
        try:
            return _transfer(url, part, before, most, meter)
        except _BrokenOff:
            if _size(part) == before or attempt == ATTEMPTS:
                raise


def _transfer(url: str, part: Path, begin: int, most: int, meter: Meter) -> None:
    """One request: append to `part` what follows its first `begin` bytes, or write all anew if the server sends all."""
    with _open(url, part, begin) as response:
        resumed = response.status == PART
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {begin}-"):
            part.unlink(missing_ok=True)
            raise _BrokenOff("sent another part than was asked for")
        length = response.headers.get("Content-Length")
        done = begin if resumed else 0
        end = done + int(length) if length and length.isdecimal() else None
        with open(part, "ab" if resumed else "wb") as stream:
            for chunk in _chunks(response):
                stream.write(chunk)
                done += len(chunk)
                meter.show(done)
                if done > most:
                    break
    if done > most:
        part.unlink()
        raise ValueError(f"sent more than {most:,} bytes")
    if end is not None and done < end:
        raise _BrokenOff(f"broke off after {done:,} of {end:,} bytes")


def _open(url: str, part: Path, begin: int) -> HTTPResponse:
    """The answer to a request for all that follows the first `begin` bytes."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    headers = {"User-Agent": "tinytorch", **({"Range": f"bytes={begin}-"} if begin else {})}
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=PATIENCE)
    except HTTPError as error:
        error.close()
        if error.code == BEYOND_ITS_END:
            part.unlink(missing_ok=True)  # it is as long as the file, or longer
        raise _BrokenOff(f"answered {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise _BrokenOff(f"cannot be reached ({_reason(error)})") from error
    return response


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    """What a server sends, as it comes."""
    from http.client import HTTPException

    while True:
        try:
            chunk = response.read1(CHUNK)
        except TimeoutError as error:
            raise _BrokenOff(f"sent nothing for {PATIENCE:g} seconds") from error
        except (OSError, HTTPException) as error:
            raise _BrokenOff(f"broke off ({_reason(error)})") from error
        if not chunk:
            return
        yield chunk


def _reason(error: Exception) -> str:
    """Why a connection failed, in one line."""
    return " ".join(str(getattr(error, "reason", "") or error).split()) or type(error).__name__


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Meter:
    """Shows how much of a file has come, on standard error unless told otherwise.

    On a terminal it is a line that is redrawn; elsewhere one line is printed when the file begins to come.
    """

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self.label, self.total = label, total
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.redraw_at = 0.0
        self.done: int | None = None

    def show(self, done: int) -> None:
        """Say that so many bytes have come."""
        if self.done is None and not self.live:
            print(f"fetching {self.label} ({self.total / 1e6:.1f} MB)", file=self.stream, flush=True)
        self.done = done
        if self.live and time.monotonic() >= self.redraw_at:
            self._draw(done)

    def _draw(self, done: int) -> None:
        self.redraw_at = time.monotonic() + REDRAW
        from shutil import get_terminal_size

        line = f"{self.label}  {done / 1e6:.1f} of {self.total / 1e6:.1f} MB"
        self.stream.write(f"\r{line[: get_terminal_size().columns - 1]}")
        self.stream.flush()

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        """Draw it as it ended, and end its line, so that what is printed next starts on its own."""
        if self.live and self.done is not None:
            self._draw(self.done)
            print(file=self.stream, flush=True)
