"""Data sets by name: each function reads one and returns a training and a test set.

Files are read with suspicion: only arrays are taken from a pickle, no code is run, and what is wrong is said.
What only some of them need is imported with them: a Raspberry Pi Zero waits for each import.
"""

from __future__ import annotations

import gzip
import importlib.util
import inspect
import io
import pickle
import random
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinytorch import _lazy, downloads
from tinytorch._places import find_folder
from tinytorch.data import TensorDataset
from tinytorch.idx import read_idx
from tinytorch.tensor import Tensor
from tinytorch.text import legible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]
    Batch: TypeAlias = tuple[NDArray[Any], NDArray[Any]]  # images and labels

Splits = tuple[TensorDataset, TensorDataset]

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)


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


def mnist1d_templates() -> NDArray[np.float64]:
    """The ten shapes (10, 12) that the signals of MNIST-1D are made of, before anything happened to them."""
    shapes: NDArray[np.float64] = _script(data_folder() / "mnist1d" / "create_mnist1d.py").make_templates()["x"]
    return shapes


def mnist() -> Splits:
    """MNIST: handwritten digits of 28 x 28 points, 60,000 to learn from, 10,000 to be tested on.

    Images (N, 1, 28, 28) float32 between 0 (paper) and 1 (ink), labels (N,) int64. The files are looked for, and fetched if
    need be, as tinytorch/downloads.py says. LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to
    document recognition".
    Raises ValueError where a file is damaged, FileNotFoundError where it is neither here nor to be had.
    """
    return _idx_splits("mnist")


def fashion_mnist() -> Splits:
    """Fashion-MNIST: clothes in ten classes, in the format of `mnist` and read as there.

    0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
    Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms".
    """
    return _idx_splits("fashion_mnist")


def cifar10() -> Splits:
    """CIFAR-10: colour photographs of 32 x 32 points in ten classes, 50,000 to learn from, 10,000 to be tested on.

    Images (N, 3, 32, 32) float32 between 0 and 1, red, green and blue, labels (N,) int64: 0 airplane, 1 automobile, 2 bird,
    3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck. Krizhevsky (2009), "Learning multiple layers of features from
    tiny images". Files and errors as for `mnist`.
    """
    (path,) = downloads.locate("cifar10")
    batches = _cifar_batches(path)
    train = [batches[name] for name in CIFAR_TRAIN]
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return _images(images, labels), _images(*batches[CIFAR_TEST])


def rmnist(n: int, draw: str = "table") -> Splits:
    """RMNIST/n: n images of each digit to learn from, and MNIST's training images 50,000 to 59,999 to be validated on.

    Images and labels as in `mnist`, whose test images stay untouched. Which images are drawn is as Nielsen (2017), "Reduced
    MNIST: how well can machines learn from small data?", drew them. He did twice: `draw` is "table" for the images behind
    the table of baselines, or "figure" for those in the figures, behind the results of convolutional networks.
    Raises ValueError for other draws and where a digit has less than n images among the first 50,000.
    """
    if draw not in ("table", "figure"):
        raise ValueError(f"rmnist knows the draws 'table' and 'figure', got {draw!r}")
    if not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"rmnist expects n to be a whole number of at least 1, got {n!r}")
    images, labels = _idx_part("mnist", 0)
    chosen = _rmnist_indices(labels[:RMNIST_END], int(n), draw)
    return _images(images[chosen], labels[chosen]), _images(images[RMNIST_END:], labels[RMNIST_END:])


RMNIST_END, RMNIST_SEED = 50_000, 619  # what follows these images is for validation

LOADERS: dict[str, Callable[..., Splits]] = {
    loader.__name__: loader for loader in (tinydigits, mnist1d, mnist, fashion_mnist, cifar10, rmnist)
}


def data_folder() -> Path:
    """The folder of the data that came with the library. Raises FileNotFoundError where it was lost."""
    return find_folder("datasets")


def _nearest(name: object, known: Iterable[str]) -> str:
    """What to say to someone who got a name wrong."""
    from difflib import get_close_matches

    names = sorted(known)
    nearest = get_close_matches(str(name).lower(), names, n=1, cutoff=0)[0]
    return f"the nearest name is {nearest!r} (of {', '.join(names)})"


# Images of three well-known data sets


def _idx_splits(dataset: str) -> Splits:
    return _images(*_idx_part(dataset, 0)), _images(*_idx_part(dataset, 1))


def _idx_part(dataset: str, part: int) -> Batch:
    """The images (N, 1, 28, 28) uint8 and the labels (N,) uint8 to learn from, part 0, or to be tested on, part 1."""
    image_file, label_file = downloads.locate(dataset)[2 * part : 2 * part + 2]
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise ValueError(
            f"{image_file} should hold images (N, 28, 28) in uint8, but holds {images.shape} in {images.dtype}"
        )
    _check_labels(label_file, labels, len(images))
    return images[:, np.newaxis], labels


def _check_labels(path: Path, labels: NDArray[Any], n: int) -> None:
    if labels.dtype.kind not in "iu" or labels.shape != (n,):
        raise ValueError(f"{path} should hold a label for each of {n} images, but holds {labels.shape}")
    if n and not 0 <= labels.min() <= labels.max() < 10:
        raise ValueError(f"{path} should hold labels from 0 to 9, but holds {labels.min()} to {labels.max()}")


def _images(images: NDArray[Any], labels: NDArray[Any]) -> TensorDataset:
    """Images (N, C, H, W) uint8, whose 255 becomes 1, and their labels."""
    scaled = np.divide(images, np.float32(255), dtype=np.float32)
    return TensorDataset(Tensor(scaled), Tensor(labels.astype(np.int64)))


CIFAR_TRAIN, CIFAR_TEST = [f"data_batch_{i}" for i in range(1, 6)], "test_batch"
CIFAR_LARGEST = 1 << 26  # bytes of a batch; the published ones have 31 million


def _cifar_batches(path: Path) -> dict[str, Batch]:
    """The batches in the archive by name."""
    import tarfile

    try:
        with gzip.open(path) if downloads.is_packed(path) else open(path, "rb") as stream:
            batches = _read_batches(path, stream)
            while stream.read(1 << 20):  # to the end, where gzip's checksum stands
                pass
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is not a whole archive ({legible(error)})") from error
    for name in (*CIFAR_TRAIN, CIFAR_TEST):
        if name not in batches:
            raise ValueError(f"{path} holds no {name}")
    return batches


def _read_batches(path: Path, stream: IO[bytes] | gzip.GzipFile) -> dict[str, Batch]:
    """Those batches that the archive at `path` holds. Nothing is put on the disk."""
    import tarfile

    batches = {}
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if name in (*CIFAR_TRAIN, CIFAR_TEST) and member.size <= CIFAR_LARGEST and member.isfile():
                content = archive.extractfile(member)
                assert content is not None  # as for every file
                batches[name] = _cifar_batch(path / name, content.read())
    return batches


def _cifar_batch(path: Path, content: bytes) -> Batch:
    """A batch's images (N, 3, 32, 32) uint8 and labels (N,).

    It is Python 2's pickle of {"data": (N, 3072) uint8, "labels": a list}, in each image 1,024 values red, green, blue.
    """
    try:
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
        images, labels = _array(batch[b"data"]), np.array(batch[b"labels"], np.int64)
    except Exception as error:  # a damaged pickle raises whatever its damage leads to
        raise ValueError(
            f"{path} is not a readable batch of CIFAR-10 ({type(error).__name__}: {legible(error)})"
        ) from error
    if images.dtype != np.uint8 or images.shape[1:] != (3072,):
        raise ValueError(f"{path} should hold images (N, 3072) in uint8, but holds {images.shape} in {images.dtype}")
    _check_labels(path, labels, len(images))
    return images.reshape(-1, 3, 32, 32), labels


# RMNIST


def _rmnist_indices(labels: NDArray[Any], n: int, draw: str) -> list[int]:
    """Which images RMNIST/n holds, in its order.

    For the table each n started from the seed. The figures' were drawn one after the other by one process, 1, 5, 10; another n
    is drawn after those of them that are smaller.
    """
    fewest = min(np.count_nonzero(labels == digit) for digit in range(10))
    if n > fewest:
        raise ValueError(f"rmnist finds {fewest} images of the rarest digit to draw from, and n is {n}")
    uniform = random.Random(RMNIST_SEED).random
    for earlier in (1, 5, 10):
        if draw == "figure" and earlier < n:
            _draw_digits(labels, earlier, uniform)
    return _draw_digits(labels, n, uniform)


def _draw_digits(labels: NDArray[Any], n: int, uniform: Callable[[], float]) -> list[int]:
    """The first n of each digit among all images in random order, then these in random order."""
    order = list(range(len(labels)))
    _shuffle(order, uniform)
    shuffled = labels[order]
    chosen = [order[place] for digit in range(10) for place in np.flatnonzero(shuffled == digit)[:n]]
    _shuffle(chosen, uniform)
    return chosen


def _shuffle(items: list[int], uniform: Callable[[], float]) -> None:
    """Python 2's random.shuffle, for Python 3's draws otherwise: each place, from the last on, from those up to it."""
    for i in reversed(range(1, len(items))):
        j = int(uniform() * (i + 1))
        items[i], items[j] = items[j], items[i]


def _script(path: Path) -> Any:
    """The module in a file of Python that belongs to a data set."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # as for every name that ends in .py
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def _generate(path: Path, arguments: dict[str, Any]) -> Arrays:
    """The examples that make_dataset of the script at `path` returns, their signals as float32."""
    script = _script(path)
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
        raise ValueError(f"{path} is not a readable .npz file ({legible(error)})") from error


def _read_pickle(path: Path) -> Arrays:
    """The arrays of a pickled dict of arrays, and nothing else a pickle may ask for."""
    content = path.read_bytes()
    try:
        arrays = _ArrayUnpickler(io.BytesIO(content)).load()
        if not isinstance(arrays, dict) or not all(isinstance(name, str) for name in arrays):
            raise pickle.UnpicklingError("it is not a dict of named arrays")
        return {name: _array(call) for name, call in arrays.items()}
    except Exception as error:  # a damaged pickle raises whatever its damage leads to
        raise ValueError(f"{path} is not a readable pickle of arrays ({legible(error)})") from error


class _ArrayUnpickler(pickle._Unpickler):
    """Reads what a pickle says about arrays without calling anything that it names.

    It is the reader written in Python: the one in C sets aside all the memory that a damaged file asks for.
    """

    dispatch = {**pickle._Unpickler.dispatch, pickle.BYTEARRAY8[0]: pickle._Unpickler.dispatch[pickle.BINBYTES8[0]]}

    def find_class(self, module: str, name: str) -> Callable[..., _Call]:
        if not re.fullmatch(_ARRAY_MAKER, f"{module}.{name}"):
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only arrays are taken from it")
        return lambda *arguments: _Call(name, arguments)


_ARRAY_MAKER = r"numpy\.(ndarray|dtype|_?core\.(multiarray\._reconstruct|numeric\._frombuffer))"
_NUMERIC = r"[<>=|]?(b1|[iu][1248]|f[248])"


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
    return array.astype(np.dtype(array.dtype.type), order="C")  # the very type that NumPy's own arrays have


def _dtype(value: Any) -> np.dtype[Any]:
    """A plain number's data type, from its code or from the call and state that NumPy pickles one as."""
    match value:
        case _Call(name="dtype", arguments=(str(code), *_), state=(_, str(byte_order), *_)):
            code = byte_order + code
        case _Call(name="dtype", arguments=(bytes(code_of_2), *_), state=(_, bytes(byte_order_of_2), *_)):
            code = (byte_order_of_2 + code_of_2).decode("latin-1")  # as Python 2 pickled strings
        case str(code):
            pass
        case _:
            raise pickle.UnpicklingError("it describes no data type")
    if not re.fullmatch(_NUMERIC, code):
        raise pickle.UnpicklingError(f"its arrays hold {code}, not plain numbers")
    return np.dtype(code)
