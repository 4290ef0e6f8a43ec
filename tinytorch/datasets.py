"""Data sets by name: each function reads one and returns a training and a test set.

Files are read with suspicion: only arrays are taken from a pickle, no code is run, and what is wrong is said.
"""

import difflib
import importlib.util
import inspect
import io
import pickle
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinytorch._places import find_folder
from tinytorch.data import TensorDataset
from tinytorch.tensor import Tensor

Arrays = dict[str, NDArray[Any]]
Splits = tuple[TensorDataset, TensorDataset]


def load(name: str, **arguments: Any) -> Splits:
    """The training and the test set of a data set known by its name; arguments are passed on.

    Raises ValueError for an unknown name.
    """
    if not isinstance(name, str) or name not in LOADERS:
        raise ValueError(f"load knows no data set {name!r}; {_nearest(name, LOADERS)}")
    return LOADERS[name](**arguments)


def tinydigits() -> Splits:
    """Handwritten digits of 8 x 8 points: 1,000 to learn from, 200 to be tested on.

    Images (N, 1, 8, 8) float32 between 0 (paper) and 1 (ink), labels (N,) int64.
    Raises ValueError where a file is damaged, OSError where it cannot be opened.
    """

    def split(name: str) -> TensorDataset:
        path = data_folder() / "tinydigits" / f"{name}.pkl"
        return _pairs(path, _read_pickle(path), "images", "labels", (8, 8))

    return split("train"), split("test")


def mnist1d(**arguments: Any) -> Splits:
    """MNIST-1D: signals of 40 points in ten classes, 4,000 to learn from, 1,000 to be tested on.

    Without arguments the published examples are read; with any of make_dataset's in datasets/mnist1d/create_mnist1d.py
    (num_samples, seed, ...) new ones are made. Signals (N, 1, 40) float32, labels (N,) int64.
    Greydanus and Kobak (2024), "Scaling down deep learning with MNIST-1D".
    Raises TypeError for an unknown argument, ValueError for one out of its range and for a damaged file, OSError for a
    file that cannot be opened.
    """
    folder = data_folder() / "mnist1d"
    if arguments:
        path = folder / "create_mnist1d.py"
        arrays = _generate(path, arguments)
    else:
        path = folder / "mnist1d.npz"
        arrays = _read_npz(path)
    shape = (arguments.get("final_seq_length", 40),)
    return _pairs(path, arrays, "x", "y", shape), _pairs(path, arrays, "x_test", "y_test", shape)


LOADERS: dict[str, Callable[..., Splits]] = {"tinydigits": tinydigits, "mnist1d": mnist1d}


def data_folder() -> Path:
    """The folder of the data that came with the library. Raises FileNotFoundError where it was lost."""
    return find_folder("datasets")


def _nearest(name: object, known: Iterable[str]) -> str:
    """What to say to someone who got a name wrong."""
    names = sorted(known)
    nearest = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0)[0]
    return f"the nearest name is {nearest!r} (of {', '.join(names)})"


def _generate(path: Path, arguments: dict[str, Any]) -> Arrays:
    """The examples that make_dataset of the script at `path` returns, their signals as float32."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # as for every name that ends in .py
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    known = inspect.signature(script.make_dataset).parameters
    for name in arguments:
        if name not in known:
            raise TypeError(f"mnist1d knows no argument {name!r}; {_nearest(name, known)}")
    dataset = script.make_dataset(**arguments)
    signals: Arrays = {name: dataset[name].astype(np.float32) for name in ("x", "x_test")}
    return signals | {name: dataset[name] for name in ("y", "y_test")}


def _pairs(path: Path, arrays: Arrays, inputs: str, labels: str, shape: tuple[int, ...]) -> TensorDataset:
    """Two of a file's arrays as a data set, once they are what they should be.

    inputs (N, *shape) float32, which get a channel: (N, 1, *shape), and labels (N,) int64.
    """
    for name in (inputs, labels):
        if name not in arrays:
            raise ValueError(f"{path} holds no array {name!r}, but {', '.join(arrays) or 'nothing'}")
    x, y = arrays[inputs], arrays[labels]
    if x.dtype != np.float32 or x.shape[1:] != shape or y.dtype != np.int64 or y.shape != x.shape[:1]:
        expected = f"{inputs} of shape ({', '.join(['N', *map(str, shape)])}) in float32 and {labels} of (N,) in int64"
        raise ValueError(f"{path} should hold {expected}, but holds {x.shape} in {x.dtype} and {y.shape} in {y.dtype}")
    return TensorDataset(Tensor(x[:, np.newaxis]), Tensor(y))


def _read_npz(path: Path) -> Arrays:
    content = path.read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # a damaged archive raises whatever its damage leads to
        raise ValueError(f"{path} is not a readable .npz file ({error})") from error


def _read_pickle(path: Path) -> Arrays:
    """The arrays of a pickled dict of arrays, and nothing else a pickle may ask for."""
    content = path.read_bytes()
    try:
        arrays = _ArrayUnpickler(io.BytesIO(content)).load()
        if not isinstance(arrays, dict) or not all(isinstance(name, str) for name in arrays):
            raise pickle.UnpicklingError("it is not a dict of named arrays")
        return {name: _array(call) for name, call in arrays.items()}
    except Exception as error:  # a damaged pickle raises whatever its damage leads to
        raise ValueError(f"{path} is not a readable pickle of arrays ({error})") from error


class _ArrayUnpickler(pickle._Unpickler):
    """Reads what a pickle says about arrays without calling anything that it names.

    It is the reader written in Python: the one in C sets aside all the memory that a damaged file asks for.
    """

    dispatch = {**pickle._Unpickler.dispatch, pickle.BYTEARRAY8[0]: pickle._Unpickler.dispatch[pickle.BINBYTES8[0]]}

    def find_class(self, module: str, name: str) -> Callable[..., "_Call"]:
        if not _ARRAY_MAKER.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only arrays are taken from it")
        return lambda *arguments: _Call(name, arguments)


_ARRAY_MAKER = re.compile(r"numpy\.(ndarray|dtype|_?core\.(multiarray\._reconstruct|numeric\._frombuffer))")
_NUMERIC = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248])")


class _Call:
    """A call that a pickle asks for and the state it then sets, written down."""

    state: Any = None

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name = name
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _array(value: Any) -> NDArray[Any]:
    """The array that a pickle describes, made from its bytes: by our own files or in either of NumPy's two ways."""
    if not isinstance(value, _Call):
        raise pickle.UnpicklingError(f"it holds a {type(value).__name__} where an array belongs")
    order: Any = "C"
    match value.name, value.arguments, value.state:
        case "ndarray", (shape, dtype, buffer), None:
            pass
        case "_reconstruct", _, (_, shape, dtype, fortran, buffer):
            order = "F" if fortran else "C"
        case "_frombuffer", (buffer, dtype, shape, order), None:
            pass
        case _:
            raise pickle.UnpicklingError(f"it calls {value.name} in an unknown way")
    array: NDArray[Any] = np.frombuffer(buffer, _dtype(dtype)).reshape(shape, order=order)
    return array.astype(array.dtype.newbyteorder("="), order="C")


def _dtype(value: Any) -> np.dtype[Any]:
    """A plain number's data type, from its code or from the call and state that NumPy pickles one as."""
    match value:
        case _Call(name="dtype", arguments=(str(code), *_), state=(_, str(byte_order), *_)):
            code = byte_order + code
        case str(code):
            pass
        case _:
            raise pickle.UnpicklingError("it describes no data type")
    if not _NUMERIC.fullmatch(code):
        raise pickle.UnpicklingError(f"its arrays hold {code}, not plain numbers")
    return np.dtype(code)
