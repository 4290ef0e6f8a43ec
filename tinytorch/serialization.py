"""Saving and loading: Tensors, arrays and the plain Python around them, in one `.npz` file, whatever its name.

The arrays are the file's entries, and one more entry tells in JSON how they hang together, so that a file is data and
nothing else: loading one never runs code, and NumPy alone can open it. zipfile is imported when there is a file to make or
to read: training imports this file, whether or not it saves.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

import numpy as np

from tinytorch._files import atomic_write
from tinytorch._lazy import OfPickles, no_keyword
from tinytorch.tensor import Tensor
from tinytorch.text import legible

if TYPE_CHECKING:
    from zipfile import ZipFile

STRUCTURE = "tinytorch.json"
VERSION = 1

Arrays = dict[str, np.ndarray]


def save(obj: Any, f: str | os.PathLike[str] | BinaryIO, **of_pickles: Unpack[OfPickles]) -> None:
    """Write Tensors, arrays, numbers, strings, None, and dicts, lists and tuples of these, whole or not at all.

    A path is written beside and then renamed, so that whoever stops the process, whenever, leaves the old file or the
    new one. Subclasses of dict, list and tuple come back as these; each array comes back on memory of its own. The same
    object gives the same bytes. What PyTorch is told of pickles (`pickle_protocol`) changes nothing, since none is made.

    Raises TypeError, before anything is written, for an object it cannot hold, naming its type and its place.
    """
    _check_pickling("save", of_pickles)
    arrays: Arrays = {}
    try:
        text = json.dumps({"version": VERSION, "object": _encode(obj, (), arrays)})
    except RecursionError:
        raise ValueError("save cannot hold an object that is nested too deeply or contains itself") from None
    packed = _pack(text, arrays)
    if isinstance(f, str | os.PathLike):
        with atomic_write(f) as stream:
            stream.write(packed)
    else:
        f.write(packed)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: object = None,
    *,
    weights_only: bool = True,
    mmap: bool = False,
    **of_pickles: Unpack[OfPickles],
) -> Any:
    """Return the object that `save` wrote to a file.

    No code in a file is ever run, so `weights_only` has nothing left to choose, nor has what PyTorch is told of pickles
    (`encoding`); `map_location` may be the CPU, lead there from other devices, or be a function of PyTorch's storages, which
    nothing calls; `mmap` reads the file all the same. They are here for scripts written for PyTorch.

    Raises ValueError with the file's name where it is truncated, damaged, not of `save`, or claims sizes that it does
    not have; OSError where it cannot be opened; TypeError for a keyword that PyTorch's does not have either.
    """
    _check_pickling("load", of_pickles)
    for place in map_location.values() if isinstance(map_location, Mapping) else (map_location,):
        if place is not None and not callable(place) and str(place).split(":")[0] != "cpu":
            raise ValueError(f"load puts every Tensor on the CPU, the only device here, got map_location={place!r}")
    if not isinstance(f, str | os.PathLike):
        return _read(io.BytesIO(f.read()), getattr(f, "name", "the file"))
    with open(f, "rb") as stream:
        return _read(stream, os.fspath(f))


def _check_pickling(function: str, keywords: Mapping[str, Any]) -> None:
    """Raise TypeError for what is no word of PyTorch's for the pickles that it makes and reads."""
    for name in keywords:
        if name not in OfPickles.__annotations__:
            raise no_keyword(
                function, name, ["f", "map_location", "mmap", "obj", "weights_only", *OfPickles.__annotations__]
            )


# Writing


def _encode(value: Any, path: tuple[str, ...], arrays: Arrays) -> Any:
    """Return `value` as JSON, with each array moved to `arrays` and its name left in its place."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        return {"tensor": _name(value.array, path, arrays), "requires_grad": value.requires_grad}
    if isinstance(value, np.ndarray):
        return {"array": _name(value, path, arrays)}
    if isinstance(value, np.generic):
        return {"scalar": _name(np.asarray(value), path, arrays)}
    if isinstance(value, list):
        return [_encode(item, (*path, str(i)), arrays) for i, item in enumerate(value)]
    if isinstance(value, tuple):
        return {"tuple": _encode(list(value), path, arrays)}
    if isinstance(value, dict):
        return {"dict": [[_key(k, path), _encode(v, (*path, str(k)), arrays)] for k, v in value.items()]}
    advice = "save its state_dict() instead" if hasattr(value, "state_dict") else "see help(tinytorch.save)"
    raise TypeError(f"save cannot hold a {type(value).__name__}{_place(path)}: {advice}")


def _key(key: Any, path: tuple[str, ...]) -> Any:
    if key is None or type(key) in (bool, int, float, str):
        return key
    raise TypeError(f"save expects strings or numbers as the keys of a dict, got a {type(key).__name__}{_place(path)}")


def _name(array: np.ndarray, path: tuple[str, ...], arrays: Arrays) -> str:
    """Enter an array under a name made from its place, such as `model/0.weight`, for those who open it in NumPy."""
    if array.dtype.hasobject:
        raise TypeError(f"save cannot hold an array of Python objects{_place(path)}: it holds numbers and strings")
    name = "/".join(re.sub(r"[^A-Za-z0-9_.-]", "_", part)[:60] for part in path)[-200:] or "object"
    unique, count = name, 1
    while unique in arrays:
        count += 1
        unique = f"{name}~{count}"
    arrays[unique] = array
    return unique


def _place(path: tuple[str, ...]) -> str:
    return f" at {'/'.join(path)}" if path else ""


def _pack(text: str, arrays: Arrays) -> bytes:
    """The bytes of the file. Entries are not compressed, so their sizes are what they seem; nor dated."""
    from zipfile import ZipFile, ZipInfo

    stream = io.BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr(ZipInfo(STRUCTURE), text)
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return stream.getvalue()


# Reading


def _read(stream: BinaryIO, name: str) -> Any:
    from zipfile import ZipFile

    try:
        with ZipFile(stream) as archive:
            _check_sizes(archive, stream.seek(0, os.SEEK_END))
            if STRUCTURE not in archive.namelist():
                raise ValueError(_guess_origin(archive.namelist()))
            document = json.loads(archive.read(STRUCTURE))
            if document["version"] != VERSION:
                raise ValueError(f"its version is {document['version']!r}, and this tinytorch reads version {VERSION}")
            return _decode(document["object"], archive, set())
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can fail anywhere below, and none of it is the caller's concern
        reason = legible(error) or type(error).__name__
        raise ValueError(f"load cannot read {name}, which is damaged or not of tinytorch.save: {reason}") from error


def _check_sizes(archive: ZipFile, file_size: int) -> None:
    """Refuse a small file that would unfold into a large one, by compression or by entries that overlap."""
    from zipfile import ZIP_STORED

    entries = archive.infolist()
    if any(entry.compress_type != ZIP_STORED for entry in entries):
        raise ValueError("its entries are compressed")
    if sum(entry.file_size for entry in entries) > file_size:
        raise ValueError("its entries claim to be larger than the file")


def _guess_origin(names: list[str]) -> str:
    if any(name.endswith("data.pkl") for name in names):
        return "it is a pickle of PyTorch; load it there and save its arrays with numpy.savez"
    if names and all(name.endswith(".npy") for name in names):
        return "it is an .npz of NumPy; open it with numpy.load"
    return f"it has no entry {STRUCTURE}"


def _decode(node: Any, archive: ZipFile, seen: set[str]) -> Any:
    match node:
        case None | bool() | int() | float() | str():
            return node
        case list():
            return [_decode(item, archive, seen) for item in node]
        case {"tuple": list(items)}:
            return tuple(_decode(items, archive, seen))
        case {"dict": list(pairs)}:
            return {key: _decode(value, archive, seen) for key, value in pairs}
        case {"array": str(name)}:
            return _read_array(archive, name, seen)
        case {"scalar": str(name)}:
            return _read_array(archive, name, seen)[()]
        case {"tensor": str(name), "requires_grad": bool(requires_grad)}:
            return Tensor(_read_array(archive, name, seen), requires_grad=requires_grad)
    raise ValueError(f"its structure has a part that is unknown here: {str(node)[:80]}")


def _read_array(archive: ZipFile, name: str, seen: set[str]) -> np.ndarray:
    """Read one entry, once, after holding the size its header claims against the bytes that are there."""
    if name in seen:
        raise ValueError(f"its structure names the array {name} twice")
    seen.add(name)
    data = archive.read(f"{name}.npy")
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"the array {name} claims the shape {shape} of {dtype} and holds {len(data)} bytes")
    stream.seek(0)
    array: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
    return array
