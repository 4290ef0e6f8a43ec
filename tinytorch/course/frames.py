"""Frames: how two processes tell each other of arrays and plain values without being able to run each other's code.

A frame is the length of a JSON text, the text, and the raw bytes of the arrays that the text refers to.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Any, BinaryIO

import numpy as np

LENGTH = struct.Struct("<Q")
LARGEST = 64 * 2**20  # bytes of one frame
KINDS = {f"{kind}{size}" for kind, sizes in {"i": "1248", "u": "1248", "f": "248"}.items() for size in sizes} | {"b1"}


class FrameError(Exception):
    """What came is not a frame."""


def write_frame(stream: BinaryIO, value: Any, largest: int = LARGEST) -> None:
    """Send a value: None, numbers, strings, arrays, and dicts, lists, tuples and slices of these.

    Anything else arrives as an Other, which tells its type and its looks. Raises FrameError, with nothing sent, where that
    takes more than `largest` bytes.
    """
    arrays: list[np.ndarray] = []
    text = json.dumps(_plain(value, arrays)).encode()
    if len(text) + sum(a.nbytes for a in arrays) > largest:
        raise FrameError(f"a frame has more than {largest} bytes")
    parts = [LENGTH.pack(len(text)), text, *(a.tobytes("A") for a in arrays)]
    stream.write(b"".join(parts))
    stream.flush()


def read_frame(stream: BinaryIO, largest: int = LARGEST) -> Any:
    """The next value; EOFError where there is none. Raises FrameError where it is garbled, or larger than it may be."""
    header = stream.read(LENGTH.size)
    if not header:
        raise EOFError("no frame came")
    if len(header) < LENGTH.size or LENGTH.unpack(header)[0] > largest:
        raise FrameError("a frame was garbled")
    left = largest

    def take(count: int) -> bytes:
        nonlocal left
        left -= count
        data = stream.read(count) if 0 <= left else b""
        if len(data) != count:
            raise FrameError("a frame was garbled")
        return data

    try:
        return _rich(json.loads(take(LENGTH.unpack(header)[0])), take)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FrameError("a frame was garbled") from error


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        code = array.dtype.str[1:]
        if code not in KINDS or array.nbytes > LARGEST:
            return {"?": f"{type(value).__name__} of {array.dtype}", "text": f"shape {array.shape}"}
        arrays.append(array.astype(array.dtype.newbyteorder("<"), copy=False))
        return {"array": code, "shape": list(array.shape), "order": "F" if array.flags.fnc else "C"}
    if value is None or type(value) in (bool, str, int, float):
        return value
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": [[key, _plain(item, arrays)] for key, item in value.items()]}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_plain(item, arrays) for item in value]}
    if type(value) is slice:
        return {"slice": [_plain(part, arrays) for part in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": 0}
    if type(value) is Other:  # passed on
        return {"?": value.kind, "text": value.text}
    return {"?": type(value).__name__, "text": _shown(value)}


def without_addresses(said: str) -> str:
    """Text without the places of objects in memory, which are others each time: <E object at 0x7f...> is <E object>."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", said)


def _shown(value: Any) -> str:
    try:
        return without_addresses(repr(value))[:200]
    except BaseException as error:
        return f"its repr raises {type(error).__name__}"


def _rich(value: Any, take: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, (dict, list)):
        return value
    match value:
        case {"array": str(code), "shape": [*shape], "order": "C" | "F" as order} if _is_shape(code, shape):
            size = int(code[1:])
            data = take(size * math.prod(shape))
            array = np.frombuffer(data, f"<{code}" if size > 1 else code).reshape(shape, order=order)
            return array.astype(np.dtype(code))  # NumPy's own one, which may be asked for by `is`; in the same order
        case {"dict": [*items]}:
            return {_text(str(key)): _rich(item, take) for key, item in items}
        case {"list": [*items]}:
            return [_rich(item, take) for item in items]
        case {"tuple": [*items]}:
            return tuple(_rich(item, take) for item in items)
        case {"slice": [start, stop, step]}:
            return slice(*(_rich(part, take) for part in (start, stop, step)))
        case {"ellipsis": 0}:
            return Ellipsis
        case {"?": str(kind), "text": str(text)}:
            return Other(_text(kind), _text(text))
    raise FrameError("a frame was garbled")


def _text(said: str) -> str:
    """Text that can be written: halves of characters, which no file takes, are spelled out."""
    return said if said.isascii() else said.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_shape(code: str, shape: list[Any]) -> bool:
    return code in KINDS and all(type(n) is int and n >= 0 for n in shape)


class Other:
    """Something that is neither an array nor a plain value, of which only its type and looks arrived."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind, self.text = kind, text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Other) and (other.kind, other.text) == (self.kind, self.text)

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    def __repr__(self) -> str:
        return self.text
