"""IDX, the format of MNIST and its kin: a few numbers that say how large an array is, and the array.

A file may be packed with gzip. What it claims is held against what it holds before an array is made.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tinytorch.downloads import is_packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20  # bytes


def read_idx(path: Path) -> NDArray[Any]:
    """The array in an IDX file, in the machine's own byte order.

    LeCun, Cortes and Burges, "The MNIST database of handwritten digits": two zero bytes, one that names the data type, one
    that counts the axes, their lengths in four bytes each, the last axis varying fastest, all of it with the high byte first.
    Raises ValueError for a file that is truncated, damaged or something else, OSError for one that cannot be opened.
    """
    try:
        with gzip.open(path) if is_packed(path) else open(path, "rb") as stream:
            return _read(stream)
    except (EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise ValueError(f"{path} is not a whole IDX file ({error})") from error


def _read(stream: IO[bytes] | gzip.GzipFile) -> NDArray[Any]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in DTYPES:
        raise ValueError(f"it begins with {start!r}")
    dtype = np.dtype(DTYPES[start[2]])
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise ValueError("it ends before the lengths of its axes")
    shape = [int.from_bytes(lengths[i : i + 4], "big") for i in range(0, len(lengths), 4)]
    size = math.prod(shape) * dtype.itemsize

    content = bytearray()  # which grows, since what a damaged file claims may be more than there is memory
    while len(content) <= size and (chunk := stream.read(min(CHUNK, size + 1 - len(content)))):
        content += chunk
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,}"
        raise ValueError(f"it should hold {size:,} bytes for the shape {tuple(shape)}, and holds {found}")
    array: NDArray[Any] = np.frombuffer(content, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
