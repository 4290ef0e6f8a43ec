"""Pickles as others wrote them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np


class Python2:
    """Writes a pickle as Python 2 did, which CIFAR-10 comes in: strings are bytes, and NumPy lies where it lay then."""

    def __init__(self, **entries: Any) -> None:
        self.entries = entries

    def dumps(self) -> bytes:
        """{name: value} for values that are arrays of bytes, lists of numbers or strings."""
        body = b"".join(self.string(name.encode()) + self.value(value) for name, value in self.entries.items())
        return b"\x80\x02}(" + body + b"u."

    def value(self, value: Any) -> bytes:
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, list):
            return b"](" + b"".join(b"J" + struct.pack("<i", number) for number in value) + b"e"
        return self.string(value)

    def array(self, array: np.ndarray) -> bytes:
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + b"K\0\x85" + self.string(b"b") + b"\x87R"
        shape = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in array.shape) + b"t"
        dtype = b"cnumpy\ndtype\n" + self.string(array.dtype.str[1:].encode()) + b"K\0K\1\x87R"
        dtype += b"(K\3" + self.string(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
        return made + b"(K\1" + shape + dtype + b"\x89" + self.string(array.tobytes()) + b"tb"

    @staticmethod
    def string(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text if len(text) < 256 else b"T" + struct.pack("<i", len(text)) + text
