"""The readers, good files for each to start from, and what they may do with a bad one: refuse it in a sentence.

A reader that runs code of the file, starts a process, hangs, raises anything else, or takes memory that no header allows is
at fault.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import signal
import sys
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tinytorch
from tests.pickles import Python2
from tinytorch import datasets, idx, nn, serialization, training
from tinytorch.course import frames, workspace
from tinytorch.course.source import Source
from tinytorch.grading import submissions
from tinytorch.optim import Adam

SECONDS = 20  # for one input, on a machine that does other things as well
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "pickle.find_class")


class Target(NamedTuple):
    """A reader of bytes, files that it reads, and what it may raise."""

    read: Callable[[bytes], Any]
    seeds: Callable[[], list[bytes]]
    refusals: tuple[type[Exception], ...]


class Fault(BaseException):
    """What a reader must not do; no `except Exception` of a reader hides it."""


# The readers


class _InMemory:
    """A path for readers that take all of a file at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read_bytes(self) -> bytes:
        return self.data

    def __str__(self) -> str:
        return "file"


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def _file(data: bytes, name: str) -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


@cache
def _run() -> tuple[Any, Any]:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    return model, Adam(model.parameters(), lr=0.1)


def _checkpoint(data: bytes) -> None:
    """Go on from a checkpoint: a refusal leaves the model as it was."""
    model, optimizer = _run()
    before = training.copy_state(model)
    try:
        training.load_checkpoint(io.BytesIO(data), model, optimizer, generators=())  # type: ignore[arg-type]
    except ValueError:
        after = model.state_dict()
        if any(not np.array_equal(t.array, after[name].array, equal_nan=True) for name, t in before.items()):
            raise Fault("a refused checkpoint changed the model") from None
        raise


def _submission(data: bytes) -> None:
    """A zip that was handed in: whatever it is, it is looked at, and its files are text or refused."""
    found = submissions.read("student", [_file(data, "student.zip")], ["ops", "autograd"])
    for said in filter(None, (found.refused, *found.remarks)):
        if not _is_a_sentence(said):
            raise Fault(f"refused in more than a sentence: {said}")
    for module in found.files:
        try:
            found.source(module).functions  # noqa: B018
        except SyntaxError:
            pass


def _learner(data: bytes) -> None:
    Source.decoded(data, "ops.py").functions  # noqa: B018


def _frame(data: bytes) -> None:
    stream = io.BytesIO(data)
    while True:
        frames.read_frame(stream)


# Good files


def _saved(obj: Any) -> bytes:
    stream = io.BytesIO()
    tinytorch.save(obj, stream)
    return stream.getvalue()


def _archives() -> list[bytes]:
    values = {"w": tinytorch.ones(2, 3, requires_grad=True), "names": ("a", [1, 2.5, None, True]), "n": np.float64(3)}
    return [_saved(values), _saved([]), _saved(np.arange(6, dtype=">i2").reshape(2, 3)), _saved({"s": np.array(["x"])})]


def _checkpoints() -> list[bytes]:
    model, optimizer = _run()
    seeds = []
    for _ in range(2):
        stream = io.BytesIO()
        training.save_checkpoint(stream, model, optimizer, generators=(), epoch=3)  # type: ignore[arg-type]
        seeds.append(stream.getvalue())
        model(tinytorch.ones(4, 2)).sum().backward()
        optimizer.step()
    return seeds


def _pickles() -> list[bytes]:
    arrays = {"images": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 2, 2), "labels": np.arange(3)}
    fortran = {"images": np.asfortranarray(np.eye(3))}
    seeds = [pickle.dumps(arrays, protocol) for protocol in range(6)] + [pickle.dumps(fortran, 4)]
    return [*seeds, b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R."]


def _npz() -> list[bytes]:
    seeds = []
    for write in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        write(stream, x=np.zeros((4, 40), np.float32), y=np.arange(4))
        seeds.append(stream.getvalue())
    return seeds


def _batches() -> list[bytes]:
    images = np.arange(3072, dtype=np.uint8).reshape(1, 3072)
    ours = pickle.dumps({b"data": images, b"labels": [3], b"filenames": [b"a.png"]}, 3)
    return [Python2(data=images, labels=[3], batch_label=b"training batch").dumps(), ours]


def _tars() -> list[bytes]:
    seeds = []
    for mode in ("w", "w:gz"):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
            for name in (*datasets.CIFAR_TRAIN, datasets.CIFAR_TEST):
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                content = _batches()[0]
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        seeds.append(stream.getvalue())
    return seeds


def _idx() -> list[bytes]:
    images = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 3, 4)) + bytes(range(24))
    floats = b"\0\0\x0d\x01\0\0\0\x02" + np.array([1, 2], ">f4").tobytes()
    return [images, floats, gzip.compress(images, mtime=0)]


def _zips() -> list[bytes]:
    seeds = []
    text = b"def add(a, b):\n    return a + b, lambda g: g, lambda g: g\n"
    for names, method in (
        (["ops.py", "mine/autograd.py"], zipfile.ZIP_STORED),
        (["a/ops.py", "notes.txt"], zipfile.ZIP_DEFLATED),
    ):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            for name in names:
                archive.writestr(zipfile.ZipInfo(name), text, method)
        seeds.append(stream.getvalue())
    return seeds


def _frames() -> list[bytes]:
    stream = io.BytesIO()
    frames.write_frame(stream, {"x": np.ones((2, 3)), "i": [1, None, "a", (2, slice(1, 2))]})
    frames.write_frame(stream, [True, float("nan"), {}])
    return [stream.getvalue()]


def _texts() -> list[bytes]:
    text = 'class Linear:\n    """A layer."""\n\n    def forward(self, x):\n        return x @ self.w.T\n\n\ndef é(a, *b): ...\n'
    return [
        text.encode(),
        text.encode("utf-16"),
        text.replace("\n", "\r\n").encode("utf-8-sig"),
        b"# coding: latin-1\nx = '\xe9'\n",
    ]


def _jsons() -> list[bytes]:
    return [json.dumps({"passed": {"01.1": "abc"}, "seen": ["01.2"], "version": 1}).encode(), b"[]", b"{}"]


TARGETS = {
    "saved": Target(lambda data: serialization.load(io.BytesIO(data)), _archives, (ValueError,)),
    "checkpoint": Target(_checkpoint, _checkpoints, (ValueError,)),
    "pickle": Target(lambda data: datasets._read_pickle(_InMemory(data)), _pickles, (ValueError,)),  # type: ignore[arg-type]
    "npz": Target(lambda data: datasets._read_npz(_InMemory(data)), _npz, (ValueError,)),  # type: ignore[arg-type]
    "cifar batch": Target(lambda data: datasets._cifar_batch(Path("batch"), data), _batches, (ValueError,)),
    "cifar archive": Target(lambda data: datasets._cifar_batches(_file(data, "cifar.tar")), _tars, (ValueError,)),
    "idx": Target(lambda data: idx.read_idx(_file(data, "images")), _idx, (ValueError,)),
    "frame": Target(_frame, _frames, (EOFError, frames.FrameError)),
    "submission": Target(_submission, _zips, ()),
    "learner's file": Target(_learner, _texts, (SyntaxError,)),
    "workspace": Target(lambda data: workspace._read_json(_file(data, "state.json")), _jsons, ()),
}


# One input


def try_one(target: Target, data: bytes) -> str:
    """ "read" or "refused"; raises Fault for anything else that a reader does."""
    with _watched():
        try:
            target.read(data)
        except target.refusals as error:
            if not isinstance(error, SyntaxError) and not _is_a_sentence(str(error)):
                raise Fault(f"refused in more than a sentence: {error}") from error
            return "refused"
        except Fault:
            raise
        except Exception as error:
            raise Fault(f"{type(error).__name__}: {error}") from error
    return "read"


def _is_a_sentence(said: str) -> bool:
    return said.isprintable() and len(said) < 1000


class _Watch:
    inside = False
    installed = False


def _on_event(event: str, arguments: Any) -> None:
    if not _Watch.inside:
        return
    of_a_text = event == "exec" and getattr(arguments[0], "co_filename", "").startswith("<string")  # no module's
    if event.startswith(FORBIDDEN) or of_a_text:
        raise Fault(f"the file led to {event}")


def _too_long(*_: Any) -> None:
    raise Fault(f"no answer within {SECONDS} seconds")


@contextmanager
def _watched() -> Iterator[None]:
    """Raise Fault where the reader starts something or takes too long."""
    if not _Watch.installed:
        sys.addaudithook(_on_event)
        _Watch.installed = True
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    _Watch.inside = True
    try:
        yield
    finally:
        _Watch.inside = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Damage

NUMBERS = [
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"9999999999",
    b"-1",
    b"1e999",
]


def damaged(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A file with a few things wrong; inside of a zip's entries as well, which are then packed again."""
    if data[:2] == b"PK" and rng.random() < 0.6:
        data = _inside_a_zip(rng, data)
        if rng.random() < 0.7:
            return data
    elif data[:2] == b"\x1f\x8b" and rng.random() < 0.5:
        try:
            return gzip.compress(_spoiled(rng, gzip.decompress(data), others), 1, mtime=0)
        except (OSError, EOFError, zlib.error):
            pass  # it was damaged before
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        data = _spoiled(rng, data, others)
    return data[:200_000]


def _spoiled(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice([1, 1, 2, 4, 8, 32, 200]))
    match rng.randrange(8):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[end:]
        case 2:
            return data[:end] + data[at:]
        case 3:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :] if at < len(data) else data
        case 4:
            return data[:at] + rng.choice(NUMBERS) + data[end:]
        case 5:
            return data[:at] + rng.choice(NUMBERS) + data[at:]
        case 6:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            return data[:at] + other[start : start + rng.choice([4, 16, 100, 10_000])] + data[end:]
    return data[:at] + rng.randbytes(end - at) + data[end:]


def _inside_a_zip(rng: random.Random, data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(info.filename, archive.read(info), info.compress_type) for info in archive.infolist()]
    except Exception:
        return data
    if not entries:
        return data
    chosen = rng.randrange(len(entries))
    name, content, method = entries[chosen]
    entries[chosen] = (name, _spoiled(rng, content, [c for _, c, _ in entries]), method)
    if rng.random() < 0.1:
        entries.append((rng.choice(["../ops.py", "/ops.py", name, "a/" * 9 + "ops.py", "\0"]), content, method))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content, method in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = rng.choice([0, 0, 0o120777 << 16, 0o100644 << 16])
            archive.writestr(info, content, method)
    return stream.getvalue()
