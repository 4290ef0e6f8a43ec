"""The data sets are the published ones to the bit, and a file that is not what it should be is told so.

TINYTORCH_DATA may name a folder with what was published: mnist1d_data.pkl, mnist/, rmnist_indices.json, each of which some
comparisons need; without it they are skipped. Of other data sets the tests write small files in the same format.
"""

import collections
import contextlib
import gzip
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pickle
import pickletools
import platform
import random
import re
import shutil
import struct
import tarfile
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.testing import assert_allclose, assert_array_equal

from tests.pickles import Python2
from tinytorch import _places, datasets, downloads
from tinytorch.data import TensorDataset

TINYDIGITS = {
    ("train", "images"): "6884b961c48853196616f7631b7e59f0073911bc28d005f5e57d4153487d850a",
    ("train", "labels"): "ba21bb8309090d5227ad6b8fc6201ca1e94f8bb1ff022e4889805c15059ca5d5",
    ("test", "images"): "b1132e9b6aa0388da3e3d286c5416dc4474db547504a6377a7fd86aab0aa25ad",
    ("test", "labels"): "2004804224c77e5dd540102f00a64081b5e653860873a343bfee994f3374145a",
}
MNIST1D = {
    "x": "d53506bddd12d3b72c7153b1ae7f34807724b1dd078a7273809bf9d0792319f6",
    "x_test": "30addc43827c82aafa5db8bc97cea63349ca687e87db2f201cc4f5415d9a4ebd",
    "y": "d97dc7aecec8ad6b5d8f143ba3e9c4bd7e25c420d7dfc2eb990591cfc0ed3e15",
    "y_test": "8de99be3ff9dab15ae0dc072c3d6ced7cf6b33d365888ce4a386fc944489452c",
}
MNIST1D_PICKLE = "e95257676e9fb04568e46dda007da22cc8664ccba1451456afde55d7f6dd6aa5"

TRAIN_PKL = datasets.data_folder() / "tinydigits" / "train.pkl"
TEST_PKL = datasets.data_folder() / "tinydigits" / "test.pkl"
MNIST1D_NPZ = datasets.data_folder() / "mnist1d" / "mnist1d.npz"


def counts(labels: np.ndarray) -> list[int]:
    """How many there are of each label; np.bincount takes no int64 on a machine of 32 bits."""
    return np.unique(labels, return_counts=True)[1].tolist()


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def module(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


create_tinydigits = module(TRAIN_PKL.with_name("create_tinydigits.py"), "create_tinydigits")
create_mnist1d = module(MNIST1D_NPZ.with_name("create_mnist1d.py"), "create_mnist1d")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@contextlib.contextmanager
def refused(path: Path, *facts: str) -> Iterator[None]:
    """What is inside raises a ValueError in one line that names the file and the facts."""
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for fact in facts:
        assert fact in message


# TinyDigits


@pytest.mark.parametrize("part", ["train", "test"])
def test_plain_pickle_opens_tinydigits_as_it_was_published(part: str) -> None:
    with warnings.catch_warnings(), open(TRAIN_PKL.with_name(f"{part}.pkl"), "rb") as file:
        warnings.simplefilter("error")
        arrays = pickle.load(file)
    assert list(arrays) == ["images", "labels"]
    for name, array in arrays.items():
        assert type(array) is np.ndarray
        assert array.flags.writeable and array.flags.c_contiguous and array.flags.aligned
        assert sha256(array) == TINYDIGITS[part, name]
    images, labels = arrays["images"], arrays["labels"]
    count = {"train": 1000, "test": 200}[part]
    assert images.shape == (count, 8, 8) and images.dtype == np.float32
    assert labels.shape == (count,) and labels.dtype == np.int64
    assert images.min() == 0 and images.max() == 1
    assert_array_equal(counts(labels), [count // 10] * 10)


@pytest.mark.parametrize("load", [datasets.tinydigits, datasets.mnist1d])
def test_the_types_are_the_very_ones_by_which_quick_forms_are_chosen(load):
    for split in load():
        x, y = (t.array for t in split.tensors)
        assert x.dtype is np.dtype(np.float32) and y.dtype is np.dtype(np.int64)


@pytest.mark.parametrize("path", [TRAIN_PKL, TEST_PKL], ids=["train", "test"])
def test_tinydigits_pickles_name_nothing_that_an_older_or_a_newer_numpy_lacks(path: Path) -> None:
    assert names_in(path.read_bytes()) == ["numpy.ndarray"]


def names_in(content: bytes) -> list[str]:
    """What a pickle asks for, as module.name."""
    named: list[str] = []
    strings: list[str] = []
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name == "GLOBAL":
            named.append(str(argument).replace(" ", "."))
        elif opcode.name == "STACK_GLOBAL":
            named.append(".".join(strings[-2:]))
        elif "UNICODE" in opcode.name:
            strings.append(str(argument))
    return named


def test_tinydigits_are_two_datasets_of_images_with_a_channel() -> None:
    for dataset, part in zip(datasets.tinydigits(), ["train", "test"], strict=True):
        assert isinstance(dataset, TensorDataset)
        images, labels = (tensor.array for tensor in dataset.tensors)
        assert images.shape == (len(dataset), 1, 8, 8) and labels.shape == (len(dataset),)
        assert sha256(images) == TINYDIGITS[part, "images"] and images.dtype == np.float32
        assert sha256(labels) == TINYDIGITS[part, "labels"] and labels.dtype == np.int64


def test_every_call_gives_arrays_of_its_own() -> None:
    for name in ("tinydigits", "mnist1d"):
        first, second = (datasets.load(name)[0].tensors[0].array for _ in range(2))
        first += 1
        assert_array_equal(first, second + 1)


def test_create_tinydigits_makes_the_shipped_arrays(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    create_tinydigits.main(["--out", str(tmp_path / "new")])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["test.pkl", "train.pkl"]
    for shipped in (TRAIN_PKL, TEST_PKL):
        made = pickle.loads((tmp_path / "new" / shipped.name).read_bytes())
        for name, array in pickle.loads(shipped.read_bytes()).items():
            assert_array_equal(made[name], array, strict=True)


def test_create_tinydigits_writes_nothing_where_the_digits_are_others(tmp_path: Path) -> None:
    images, labels = np.zeros((1797, 8, 8)), np.arange(1797) % 10
    with pytest.raises(ValueError, match="the train images differ from TinyDigits'"):
        create_tinydigits.save(create_tinydigits.split_digits(images, labels), tmp_path)
    assert not list(tmp_path.iterdir())


def test_tinydigits_parts_share_no_image_and_no_index() -> None:
    """Each image is drawn once: with its index as its picture, 1,200 different ones appear."""
    labels = np.arange(1797) % 10
    parts = create_tinydigits.split_digits(16 * np.arange(1797.0)[:, None, None] * np.ones((8, 8)), labels)
    indices = np.concatenate([part["images"][:, 0, 0] for part in parts.values()]).astype(int)
    assert len(np.unique(indices)) == 1200
    assert_array_equal(labels[indices], np.concatenate([part["labels"] for part in parts.values()]))


# MNIST-1D


def test_mnist1d_file_holds_the_published_arrays() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.load(MNIST1D_NPZ) as archive:
            arrays = dict(archive)
    assert set(arrays) == {*MNIST1D, "t", "templates"}
    for name, fingerprint in MNIST1D.items():
        assert sha256(arrays[name]) == fingerprint
        assert arrays[name].dtype == (np.int64 if name.startswith("y") else np.float32)
    made = create_mnist1d.make_dataset()
    assert_array_equal(arrays["t"], made["t"].astype(np.float32), strict=True)
    assert_array_equal(arrays["templates"], made["templates"]["x"].astype(np.float32), strict=True)


def test_mnist1d_generator_makes_the_published_examples() -> None:
    made = create_mnist1d.make_dataset()
    for name in ("x", "x_test"):
        assert made[name].dtype == np.float64
        assert sha256(made[name].astype(np.float32)) == MNIST1D[name]
    for name in ("y", "y_test"):
        assert made[name].dtype == np.int64
        assert sha256(made[name]) == MNIST1D[name]


def test_mnist1d_generator_agrees_with_the_published_pickle() -> None:
    folder = os.environ.get("TINYTORCH_DATA")
    if folder is None or not (path := Path(folder) / "mnist1d_data.pkl").is_file():
        pytest.skip("TINYTORCH_DATA names no folder with the published mnist1d_data.pkl")
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == MNIST1D_PICKLE  # so that it may be unpickled
    published, made = pickle.loads(content), create_mnist1d.make_dataset()
    for name in ("x", "x_test"):
        assert_array_equal(made[name].astype(np.float32), published[name].astype(np.float32))
        assert_allclose(made[name], published[name], rtol=0, atol=1e-12)
    for name in ("y", "y_test"):
        assert_array_equal(made[name], published[name])
    assert_allclose(made["t"], published["t"], rtol=0, atol=1e-12)
    for name in ("x", "t", "y"):
        assert_array_equal(made["templates"][name], published["templates"][name])


@st.composite
def arguments(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of make_dataset, some left out; few examples, since these draw the same numbers as many."""
    fewest = draw(st.integers(0, 30))
    amount = st.floats(-2, 2)
    drawn = st.fixed_dictionaries(
        {"num_samples": st.integers(10, 60)},
        optional={
            "train_split": st.floats(0, 1),
            "template_len": st.integers(2, 30),
            "padding": st.tuples(st.just(fewest), st.integers(fewest, 80)),
            "scale_coeff": amount,
            "max_translation": st.integers(1, 150),
            "corr_noise_scale": amount,
            "iid_noise_scale": amount,
            "shear_scale": amount,
            "shuffle_seq": st.booleans(),
            "final_seq_length": st.integers(1, 120),
            "seed": st.integers(0, 2**32 - 1),
        },
    )
    return draw(drawn)


def assert_equals_package(drawn: dict[str, Any]) -> None:
    package = pytest.importorskip("mnist1d.data", reason="the mnist1d package is not installed")
    settings_of_package = package.get_dataset_args()
    vars(settings_of_package).update(drawn)
    with np.errstate(all="ignore"):  # signals without noise, of one point, have no deviation to be divided by
        expected, made = package.make_dataset(settings_of_package), create_mnist1d.make_dataset(**drawn)
    assert list(made) == list(expected)
    for name in ("y", "y_test"):
        assert_array_equal(made[name], expected[name])
    for name in ("x", "x_test", "t"):
        if platform.machine() in ("x86_64", "AMD64"):
            assert_array_equal(made[name], expected[name], strict=True)
        else:  # elsewhere the package's interpolation may multiply and add in one rounding
            assert_allclose(made[name], expected[name], rtol=0, atol=1e-12)


@given(drawn=arguments())
@settings(deadline=None, max_examples=100)
def test_mnist1d_generator_equals_the_package_for_any_arguments(drawn: dict[str, Any]) -> None:
    assert_equals_package(drawn)


def test_mnist1d_generator_equals_the_package_at_full_size() -> None:
    assert_equals_package({"num_samples": 5007, "seed": 7, "shuffle_seq": True})


def test_mnist1d_generator_leaves_numpys_global_stream_alone() -> None:
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    create_mnist1d.make_dataset(num_samples=10)
    assert np.random.rand() == expected


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"num_samples": 9}, "num_samples to be a whole number of at least 10, got 9"),
        ({"num_samples": 5000.0}, "num_samples to be a whole number of at least 10, got 5000.0"),
        ({"num_samples": "many"}, "num_samples to be a whole number of at least 10, got 'many'"),
        ({"train_split": 1.5}, "train_split to be between 0 and 1, got 1.5"),
        ({"train_split": float("nan")}, "train_split to be between 0 and 1, got nan"),
        ({"template_len": 1}, "template_len to be a whole number of at least 2, got 1"),
        ({"padding": 7}, "padding to be two numbers of points, fewest and most, got 7"),
        ({"padding": (1, 2, 3)}, "padding to be two numbers of points, fewest and most, got (1, 2, 3)"),
        ({"padding": (-1, 5)}, "padding[0] to be a whole number of at least 0, got -1"),
        ({"padding": (10, 5)}, "padding[1] to be a whole number of at least 10, got 5"),
        ({"max_translation": 0}, "max_translation to be a whole number of at least 1, got 0"),
        ({"final_seq_length": 0}, "final_seq_length to be a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed to be a whole number of at least 0, got -1"),
        ({"seed": 2**32}, "seed to be less than 2**32, got 4294967296"),
    ],
)
def test_mnist1d_generator_says_which_argument_is_wrong(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"make_dataset expects {said}")):
        datasets.mnist1d(**wrong)


def test_mnist1d_without_arguments_is_the_shipped_file() -> None:
    (x, y), (x_test, y_test) = (dataset.tensors for dataset in datasets.mnist1d())
    assert x.shape == (4000, 1, 40) and x_test.shape == (1000, 1, 40)
    for name, tensor in {"x": x, "y": y, "x_test": x_test, "y_test": y_test}.items():
        assert sha256(tensor.array) == MNIST1D[name]


def test_mnist1d_with_arguments_is_generated() -> None:
    chosen = {"num_samples": 100, "train_split": 0.7, "final_seq_length": 25, "seed": 5}
    made = create_mnist1d.make_dataset(**chosen)
    for dataset, part in zip(datasets.mnist1d(**chosen), ["", "_test"], strict=True):
        assert isinstance(dataset, TensorDataset)
        x, y = (tensor.array for tensor in dataset.tensors)
        assert_array_equal(x, made[f"x{part}"][:, np.newaxis].astype(np.float32), strict=True)
        assert_array_equal(y, made[f"y{part}"], strict=True)


def test_mnist1d_with_the_published_arguments_is_the_shipped_file() -> None:
    for made, shipped in zip(datasets.mnist1d(seed=42), datasets.mnist1d(), strict=True):
        for a, b in zip(made.tensors, shipped.tensors, strict=True):
            assert_array_equal(a.array, b.array, strict=True)


def test_mnist1d_names_an_unknown_argument_and_the_nearest_one() -> None:
    with pytest.raises(TypeError, match="mnist1d knows no argument 'num_sample'; the nearest name is 'num_samples'"):
        datasets.mnist1d(num_sample=100)


def test_create_mnist1d_makes_the_shipped_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_mnist1d.main(["--out", str(tmp_path)])
    assert capsys.readouterr().out.strip() == str(tmp_path / "mnist1d.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["mnist1d.npz"]
    with np.load(tmp_path / "mnist1d.npz") as made, np.load(MNIST1D_NPZ) as shipped:
        assert list(made) == list(shipped)
        for name in shipped:
            assert_array_equal(made[name], shipped[name], strict=True)


def test_create_mnist1d_writes_nothing_that_is_not_the_published_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_mnist1d, "DRAWN", create_mnist1d.DRAWN[::-1])
    with pytest.raises(SystemExit, match="create_mnist1d: x differs from the published MNIST-1D"):
        create_mnist1d.main(["--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", [create_tinydigits, create_mnist1d], ids=lambda script: script.__name__)
def test_scripts_end_with_a_sentence_where_they_cannot_write(script: ModuleType, tmp_path: Path) -> None:
    if script is create_tinydigits:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=f"{script.__name__}: .*file"):
        script.main(["--out", str(tmp_path / "file")])


# MNIST and Fashion-MNIST


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for data that is empty, and nothing to be had from anywhere else."""
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TINYTORCH_OFFLINE", "1")
    return tmp_path / "data"


def idx(array: np.ndarray) -> bytes:
    """An IDX file of bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def drawn(seed: int, n: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, *shape) and labels (n,) in bytes, the extremes of each among them."""
    generator = np.random.default_rng(seed)
    images, labels = generator.integers(0, 256, (n, *shape), np.uint8), generator.integers(0, 10, n, np.uint8)
    images.flat[:2], labels[:2] = (0, 255), (0, 9)
    return images, labels


PARTS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_idx(folder: Path, arrays: list[np.ndarray], packed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(PARTS, arrays, strict=True):
        content = gzip.compress(idx(array)) if packed else idx(array)
        (folder / f"{name}{'.gz' if packed else ''}").write_bytes(content)


def assert_holds(dataset: TensorDataset, images: np.ndarray, labels: np.ndarray) -> None:
    x, y = (tensor.array for tensor in dataset.tensors)
    assert_array_equal(x, images.astype(np.float32) / np.float32(255))
    assert_array_equal(y, labels)
    assert x.dtype == np.float32 and y.dtype == np.int64


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx_files_are_read_as_images_with_a_channel(home: Path, name: str, packed: bool) -> None:
    train, test = drawn(0, 20, 28, 28), drawn(1, 5, 28, 28)
    write_idx(home / name, [*train, *test], packed)
    for dataset, (images, labels) in zip(datasets.load(name), (train, test), strict=True):
        assert_holds(dataset, images[:, np.newaxis], labels)


def test_mnist_and_fashion_mnist_are_told_apart_by_their_folder(home: Path) -> None:
    write_idx(home / "mnist", [*drawn(0, 4, 28, 28), *drawn(1, 4, 28, 28)])
    with pytest.raises(FileNotFoundError, match="fashion_mnist needs train-images-idx3-ubyte.gz"):
        datasets.fashion_mnist()


def test_the_published_mnist_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = published_mnist()
    for dataset, n, labels in ((train, 60_000, [5, 0, 4, 1, 9]), (test, 10_000, [7, 2, 1, 0, 4])):
        x, y = dataset.tensors
        assert x.shape == (n, 1, 28, 28) and y.array[:5].tolist() == labels
    # the mean and the deviation that everybody normalizes by
    x = train.tensors[0].array
    assert x.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5) and x.max() == 1
    assert x.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    of_each = "5923 6742 5958 6131 5842 5421 5918 6265 5851 5949"
    assert " ".join(map(str, counts(train.tensors[1].array))) == of_each


def published_mnist() -> datasets.Splits:
    if not all(map(downloads.find, downloads.FILES["mnist"])):
        pytest.skip("TINYTORCH_DATA names no folder with mnist/, and neither has the cache")
    return datasets.mnist()


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        (0, idx(np.zeros((3, 28, 27), np.uint8)), "should hold images (N, 28, 28) in uint8, but holds (3, 28, 27)"),
        (0, idx(np.zeros((3, 784), np.uint8)), "should hold images (N, 28, 28) in uint8, but holds (3, 784)"),
        (0, b"\0\0\x09\x03" + idx(np.zeros((3, 28, 28), np.uint8))[4:], "in uint8, but holds (3, 28, 28) in int8"),
        (0, idx(np.zeros((3, 28, 28), np.uint8))[:-1], "is not a whole IDX file"),
        (1, idx(np.zeros(4, np.uint8)), "should hold a label for each of 3 images, but holds (4,)"),
        (1, idx(np.zeros((3, 1), np.uint8)), "should hold a label for each of 3 images, but holds (3, 1)"),
        (1, idx(np.array([0, 10, 1], np.uint8)), "should hold labels from 0 to 9, but holds 0 to 10"),
        (1, b"\0\0\x09\x01\0\0\0\3\xff\0\1", "should hold labels from 0 to 9, but holds -1 to 1"),
        (1, b"\0\0\x0d\x01\0\0\0\3" + b"\0" * 12, "should hold a label for each of 3 images"),
        (3, b"<html>", "is not a whole IDX file (it begins with b'<htm')"),
    ],
)
def test_idx_files_that_are_not_of_mnist_are_refused(home: Path, part: int, content: bytes, said: str) -> None:
    write_idx(home / "mnist", [*drawn(0, 3, 28, 28), *drawn(1, 3, 28, 28)], packed=False)
    path = home / "mnist" / PARTS[part]
    path.write_bytes(content)
    with refused(path, said):
        datasets.mnist()


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_without_files_and_network_one_sentence_says_what_to_do(home: Path, name: str) -> None:
    file = downloads.FILES[name][0]
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load(name)
    message = str(caught.value)
    assert message.startswith(f"{name} needs {file.name}") and file.sha256 in message and "\n" not in message
    assert message.endswith(f"put it at {home / name / file.name}")


# CIFAR-10


BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")


def cifar(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, bytes]:
    images, labels = drawn(seed, n, 3072)
    return images, labels, Python2(data=images, labels=labels.tolist(), batch_label=b"training batch").dumps()


def write_cifar(home: Path, contents: dict[str, bytes], mode: Any = "w:gz") -> Path:
    (home / "cifar10").mkdir(parents=True, exist_ok=True)
    path = home / "cifar10" / f"cifar-10-python.tar{mode[1:].replace(':', '.')}"
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("cifar-10-batches-py")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in contents.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_pythons_own_reader_takes_the_pickles_of_these_tests() -> None:
    images, labels, content = cifar(0, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy 2 has moved what these name
        batch = pickle.loads(content, encoding="bytes")
    assert_array_equal(batch[b"data"], images)
    assert batch[b"data"].dtype == np.uint8 and batch[b"labels"] == labels.tolist()


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_cifar10_is_read_from_its_archive(home: Path, mode: str) -> None:
    parts = {name: cifar(seed, 3 + seed) for seed, name in enumerate(BATCHES)}
    write_cifar(
        home, {"batches.meta": b"?", **{name: part[2] for name, part in parts.items()}, "readme.html": b"?"}, mode
    )
    train, test = datasets.cifar10()
    images = np.concatenate([parts[name][0] for name in BATCHES[:5]]).reshape(-1, 3, 32, 32)
    assert_holds(train, images, np.concatenate([parts[name][1] for name in BATCHES[:5]]))
    assert_holds(test, parts["test_batch"][0].reshape(-1, 3, 32, 32), parts["test_batch"][1])
    red, row = parts["test_batch"][0][0, :1024], parts["test_batch"][0][0, 1024:1056]
    assert_array_equal(test.tensors[0].array[0, 0].ravel() * 255, red)
    assert_array_equal(np.round(test.tensors[0].array[0, 1, 0] * 255), row)
    assert [path.name for path in (home / "cifar10").iterdir()] == [f"cifar-10-python.tar{mode[1:].replace(':', '.')}"]


def test_code_in_a_batch_is_not_run(home: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hostile = pickle.dumps({b"data": Asks(os.mkdir, str(ran)), b"labels": []}, protocol=2)
    path = write_cifar(home, {name: hostile for name in BATCHES})
    with refused(path, "data_batch_1 is not a readable batch", "only arrays are taken from it"):
        datasets.cifar10()
    assert not ran.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a readable batch of CIFAR-10 (EOFError"),
        (cifar(0, 4)[2][:-500], "is not a readable batch of CIFAR-10"),
        (
            Python2(data=np.zeros((2, 3072), np.uint8)).dumps(),
            "is not a readable batch of CIFAR-10 (KeyError: b'labels')",
        ),
        (Python2(labels=[1]).dumps(), "is not a readable batch of CIFAR-10 (KeyError: b'data')"),
        (Python2(data=b"x", labels=[1]).dumps(), "it holds a bytes where an array belongs"),
        (Python2(data=np.zeros((2, 9), np.uint8), labels=[1, 1]).dumps(), "should hold images (N, 3072) in uint8"),
        (Python2(data=np.zeros((2, 3072), np.int8), labels=[1, 1]).dumps(), "holds (2, 3072) in int8"),
        (Python2(data=np.zeros((2, 3072), np.uint8), labels=[1]).dumps(), "a label for each of 2 images"),
        (Python2(data=np.zeros((1, 3072), np.uint8), labels=[11]).dumps(), "labels from 0 to 9, but holds 11 to 11"),
        (pickle.dumps([1]), "is not a readable batch of CIFAR-10 (TypeError"),
    ],
)
def test_a_batch_that_is_no_batch_is_refused(home: Path, content: bytes, said: str) -> None:
    whole = {name: cifar(0, 2)[2] for name in BATCHES}
    path = write_cifar(home, {**whole, "data_batch_3": content})
    with refused(path / "data_batch_3", said):
        datasets.cifar10()


def test_an_archive_without_a_batch_or_cut_short_or_of_something_else_is_refused(home: Path) -> None:
    whole = {name: cifar(0, 40)[2] for name in BATCHES}
    path = write_cifar(home, {name: whole[name] for name in BATCHES if name != "data_batch_4"})
    with refused(path, "holds no data_batch_4"):
        datasets.cifar10()
    content = write_cifar(home, whole).read_bytes()
    flipped = gzip.compress(gzip.decompress(content))[:-8] + b"\0" * 8  # a checksum of other content
    for damaged in (
        content[: len(content) // 2],
        content[:-9],
        b"<html>",
        content[:400] + b"\0" * 400 + content[800:],
        flipped,
    ):
        path.write_bytes(damaged)
        with refused(path):
            datasets.cifar10()


def test_a_link_or_a_huge_member_is_not_taken_for_a_batch(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {name: cifar(0, 4)[2] for name in BATCHES}
    path = write_cifar(home, whole, "w")
    monkeypatch.setattr(datasets, "CIFAR_LARGEST", 1000)
    with refused(path, "holds no data_batch_1"):
        datasets.cifar10()
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    with refused(path, "holds no data_batch_1"):
        datasets.cifar10()


# RMNIST


def reference_draw(labels: np.ndarray, sizes: list[int]) -> list[int]:
    """Which images the last of several draws holds, in the words of the essay's recipe and of Python 2's library."""
    python2 = random.Random(619)

    def shuffle(x: list[Any]) -> None:
        for i in reversed(range(1, len(x))):
            j = int(python2.random() * (i + 1))
            x[i], x[j] = x[j], x[i]

    drawn: list[int] = []
    for n in sizes:
        indices = list(range(len(labels)))
        shuffle(indices)
        values = [(j, labels[j]) for j in indices]
        subset = [[v[0] for v in values if v[1] == digit][:n] for digit in range(10)]
        drawn = [i for part in subset for i in part]
        shuffle(drawn)
    return drawn


@pytest.mark.parametrize(
    ("n", "draw", "sizes"),
    [
        (1, "table", [1]),
        (4, "table", [4]),
        (10, "table", [10]),
        (1, "figure", [1]),
        (3, "figure", [1, 3]),
        (5, "figure", [1, 5]),
        (10, "figure", [1, 5, 10]),
        (12, "figure", [1, 5, 10, 12]),
    ],
)
def test_rmnist_is_drawn_by_the_essays_recipe(
    home: Path, monkeypatch: pytest.MonkeyPatch, n: int, draw: str, sizes: list[int]
) -> None:
    images, labels = drawn(0, 700, 28, 28)
    labels[:200] = np.arange(200) % 10
    write_idx(home / "mnist", [images, labels, *drawn(1, 2, 28, 28)])
    monkeypatch.setattr(datasets, "RMNIST_END", 600)
    train, validation = datasets.rmnist(n, draw=draw)
    chosen = reference_draw(labels[:600], sizes)
    if draw == "table":  # which depends on n alone, and so is what one gets without asking
        assert_holds(datasets.rmnist(n)[0], images[chosen][:, np.newaxis], labels[chosen])
    assert len(train) == 10 * n and counts(train.tensors[1].array) == [n] * 10
    assert_holds(train, images[chosen][:, np.newaxis], labels[chosen])
    assert_holds(validation, images[600:, np.newaxis], labels[600:])


def test_rmnist_keeps_the_last_ten_thousand_training_images_for_validation() -> None:
    assert datasets.RMNIST_END == 50_000


@pytest.mark.parametrize("draw", ["table", "figure"])
@pytest.mark.parametrize("n", [1, 5, 10])
def test_rmnist_holds_the_published_images(n: int, draw: str) -> None:
    facts = Path(os.environ.get("TINYTORCH_DATA", "")) / "rmnist_indices.json"
    if not facts.is_file():
        pytest.skip("TINYTORCH_DATA names no folder with rmnist_indices.json")
    all_images, all_labels = (tensor.array for tensor in published_mnist()[0].tensors)
    train, validation = datasets.load("rmnist", n=n, draw=draw)
    chosen = json.loads(facts.read_text(encoding="utf-8"))[draw][str(n)]
    assert_array_equal(train.tensors[0].array, all_images[chosen])
    assert_array_equal(train.tensors[1].array, all_labels[chosen])
    assert_array_equal(validation.tensors[0].array, all_images[50_000:])
    assert_array_equal(validation.tensors[1].array, all_labels[50_000:])


def test_rmnist_leaves_the_global_streams_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(
        home / "mnist", [np.zeros((60, 28, 28), np.uint8), np.arange(60, dtype=np.uint8) % 10, *drawn(1, 2, 28, 28)]
    )
    monkeypatch.setattr(datasets, "RMNIST_END", 50)
    random.seed(3)
    before = random.getstate()
    datasets.rmnist(1)
    assert random.getstate() == before


@pytest.mark.parametrize(
    ("n", "draw", "said"),
    [
        (0, "table", "rmnist expects n to be a whole number of at least 1, got 0"),
        (1.5, "table", "rmnist expects n to be a whole number of at least 1, got 1.5"),
        ("5", "table", "rmnist expects n to be a whole number of at least 1, got '5'"),
        (1, "tables", "rmnist knows the draws 'table' and 'figure', got 'tables'"),
        (6, "table", "rmnist finds 5 images of the rarest digit to draw from, and n is 6"),
    ],
)
def test_rmnist_says_what_it_expects(home: Path, monkeypatch: pytest.MonkeyPatch, n: Any, draw: str, said: str) -> None:
    write_idx(
        home / "mnist", [np.zeros((60, 28, 28), np.uint8), np.arange(60, dtype=np.uint8) % 10, *drawn(1, 2, 28, 28)]
    )
    monkeypatch.setattr(datasets, "RMNIST_END", 50)
    with pytest.raises(ValueError, match=re.escape(said)):
        datasets.rmnist(n, draw)


# Names


def test_load_finds_every_data_set_by_name() -> None:
    assert set(datasets.LOADERS) == {"tinydigits", "mnist1d", "mnist", "fashion_mnist", "cifar10", "rmnist"}
    for name in ("tinydigits", "mnist1d"):
        train, test = datasets.load(name)
        assert len(train) > len(test)
    assert len(datasets.load("mnist1d", num_samples=50)[0]) == 40


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("tinydigit", "tinydigits"),
        ("mnst1d", "mnist1d"),
        ("MNIST", "mnist"),
        ("cifar-10", "cifar10"),
        ("fashion-mnist", "fashion_mnist"),
        ("TinyDigits", "tinydigits"),
    ],
)
def test_load_names_the_nearest_data_set(name: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"load knows no data set '{name}'; the nearest name is '{nearest}'"):
        datasets.load(name)


@pytest.mark.parametrize("name", [None, 3, [], ""])
def test_load_refuses_what_is_no_name(name: Any) -> None:
    with pytest.raises(ValueError, match="load knows no data set"):
        datasets.load(name)


# Pickles that are not to be trusted


class Asks:
    """Pickles as the call of something with arguments."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_pickle_is_not_run(tmp_path: Path, protocol: int) -> None:
    ran, path = tmp_path / "ran", tmp_path / "hostile.pkl"
    path.write_bytes(pickle.dumps({"images": Asks(os.mkdir, str(ran))}, protocol=protocol))
    with refused(path, "only arrays are taken from it"):
        datasets._read_pickle(path)
    assert not ran.exists()
    pickle.loads(path.read_bytes())
    assert ran.exists()  # so the pickle was as hostile as it should be


HOSTILE = {
    "an object": (collections.OrderedDict(x=1), "it asks for collections.OrderedDict"),
    "eval": (Asks(eval, "1"), "it asks for builtins.eval"),
    "a number": (1, "it is not a dict of named arrays"),
    "a list": ([np.zeros(2)], "it is not a dict of named arrays"),
    "an array alone": (np.zeros(2), "it is not a dict of named arrays"),
    "a number for a name": ({1: np.zeros(2)}, "it is not a dict of named arrays"),
    "a number for an array": ({"images": 1}, "it holds a int where an array belongs"),
    "a dict for an array": ({"images": {"images": np.zeros(2)}}, "it holds a dict where an array belongs"),
    "an array of objects": ({"images": np.array([{}, []], dtype=object)}, "its arrays hold |O"),
    "an array of objects from bytes": ({"images": Asks(np.ndarray, (1,), "O", b"12345678")}, "its arrays hold O"),
    "an array of records": ({"images": np.zeros(2, dtype=[("a", "f4")])}, "its arrays hold |V4"),
    "an array of dates": ({"images": np.zeros(2, dtype="M8[s]")}, "its arrays hold <M8"),
    "an array of complex numbers": ({"images": np.zeros(2, dtype=complex)}, "its arrays hold <c16"),
    "an array of text": ({"images": np.array(["a"])}, "its arrays hold <U1"),
    "a masked array": ({"images": np.ma.zeros(2)}, "it asks for numpy.ma"),
    "a scalar": ({"images": np.float64(1)}, ".multiarray.scalar"),
    "an array larger than its bytes": ({"images": Asks(np.ndarray, (10**8,), "<f4", b"1234")}, "reshape"),
    "an array without bytes": ({"images": Asks(np.ndarray, (10**12,), "<f4")}, "it calls ndarray in an unknown way"),
    "an array over an array": ({"images": Asks(np.ndarray, (1,), "<f4", np.zeros(1))}, "bytes-like"),
    "a data type alone": ({"images": np.dtype("f4")}, "it calls dtype in an unknown way"),
    "a data type that is none": ({"images": Asks(np.ndarray, (1,), 4, b"1234")}, "it describes no data type"),
    "numpy.ndarray alone": ({"images": np.ndarray}, "it holds a function where an array belongs"),
}


@pytest.mark.parametrize(("value", "said"), HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_pickle_of_anything_but_named_arrays_of_numbers_is_refused(
    tmp_path: Path, value: object, said: str, protocol: int
) -> None:
    path = tmp_path / "other.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    with refused(path, "is not a readable pickle of arrays (", said):
        datasets._read_pickle(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x05}r" + (2**24).to_bytes(4, "little") + b".",  # a memo with room for 16 million
        b"\x80\x05\x96" + (2**28).to_bytes(8, "little") + b".",  # a bytearray of 256 MiB
        b"\x80\x05\x95" + (2**28).to_bytes(8, "little") + b"}.",  # a frame of as much
    ],
    ids=["memo", "bytearray", "frame"],
)
def test_a_pickle_gets_no_more_memory_than_it_has_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "greedy.pkl"
    path.write_bytes(content)
    tracemalloc.start()
    with contextlib.suppress(ValueError):
        datasets._read_pickle(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


NUMBERS = st.one_of(
    arrays_of.boolean_dtypes(),
    arrays_of.integer_dtypes(endianness="?"),
    arrays_of.unsigned_integer_dtypes(endianness="?"),
    arrays_of.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
)


@given(
    array=arrays_of.arrays(NUMBERS, arrays_of.array_shapes(max_dims=3, max_side=3), fill=st.nothing()),
    reversed_axes=st.booleans(),
    protocol=st.sampled_from([3, 4, 5]),
    older=st.booleans(),
)
@example(array=np.arange(6.0).reshape(2, 3), reversed_axes=True, protocol=3, older=False)
@example(array=np.arange(6.0).reshape(2, 3), reversed_axes=True, protocol=5, older=False)
@settings(deadline=None)
def test_arrays_that_numpy_pickled_are_read(
    scratch: Path, array: np.ndarray, reversed_axes: bool, protocol: int, older: bool
) -> None:
    array = array.T if reversed_axes else array
    content = pickle.dumps({"a": array, "b": array[:1]}, protocol=protocol)
    if older and protocol == 3:  # as NumPy 1 wrote it; the later protocols count the letters
        content = content.replace(b"numpy._core", b"numpy.core")
    path = scratch / "numpys.pkl"
    path.write_bytes(content)
    read = datasets._read_pickle(path)
    for name, expected in {"a": array, "b": array[:1]}.items():
        assert_array_equal(read[name], expected)
        assert read[name].dtype == expected.dtype.newbyteorder("=")
        assert read[name].flags.owndata and read[name].flags.writeable and read[name].flags.c_contiguous


# Files that are not what they should be


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data, for damage."""
    shutil.copytree(datasets.data_folder(), tmp_path / "copy")
    monkeypatch.setattr(datasets, "data_folder", lambda: tmp_path / "copy")
    return tmp_path / "copy"


@given(data=st.data())
@settings(deadline=None)
def test_a_truncated_pickle_is_refused(scratch: Path, data: st.DataObject) -> None:
    content = TEST_PKL.read_bytes()
    end = data.draw(st.one_of(st.integers(0, 100), st.integers(0, len(content) - 1)))
    path = scratch / "short.pkl"
    path.write_bytes(content[:end])
    with refused(path, "is not a readable pickle of arrays ("):
        datasets._read_pickle(path)


@given(data=st.data())
@settings(deadline=None)
def test_a_truncated_npz_is_refused(scratch: Path, data: st.DataObject) -> None:
    content = MNIST1D_NPZ.read_bytes()
    end = data.draw(st.one_of(st.integers(0, 100), st.integers(0, len(content) - 1)))
    path = scratch / "short.npz"
    path.write_bytes(content[:end])
    with refused(path, "is not a readable .npz file ("):
        datasets._read_npz(path)


@given(
    places=st.lists(
        st.tuples(st.one_of(st.integers(0, 80), st.integers(51200, 52900)), st.integers(0, 255)), min_size=1, max_size=5
    )
)
@settings(deadline=None, max_examples=300)
def test_a_pickle_with_damaged_bytes_is_read_or_refused(scratch: Path, places: list[tuple[int, int]]) -> None:
    content = bytearray(TEST_PKL.read_bytes())
    for place, byte in places:
        content[place] = byte
    path = scratch / "damaged.pkl"
    path.write_bytes(content)
    try:
        read = datasets._read_pickle(path)
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert all(type(array) is np.ndarray and array.dtype.kind in "biuf" for array in read.values())


def test_an_npz_of_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.npz"
    np.savez(path, x=np.array([Asks(os.mkdir, str(tmp_path / "ran"))], dtype=object))
    with refused(path, "is not a readable .npz file ("):
        datasets._read_npz(path)
    assert not (tmp_path / "ran").exists()


def test_an_npy_file_is_no_npz(tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    path = tmp_path / "array.npz"
    path.write_bytes(content.getvalue())
    with refused(path, "is not a readable .npz file ("):
        datasets._read_npz(path)


@pytest.mark.parametrize(("load", "file"), [("tinydigits", "tinydigits/test.pkl"), ("mnist1d", "mnist1d/mnist1d.npz")])
def test_a_missing_file_is_named(folder: Path, load: str, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(OSError, match=re.escape(str(folder / file))):
        datasets.load(load)


RIGHT = {"images": np.zeros((5, 8, 8), np.float32), "labels": np.zeros(5, np.int64)}


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"images": None}, ["holds no array 'images', but labels"]),
        ({"labels": None}, ["holds no array 'labels', but images"]),
        ({"images": None, "labels": None}, ["holds no array 'images', but nothing"]),
        ({"images": np.zeros((5, 8, 8))}, ["(N, 8, 8) in float32", "holds (5, 8, 8) in float64"]),
        ({"images": np.zeros((5, 64), np.float32)}, ["holds (5, 64) in float32"]),
        ({"images": np.zeros((), np.float32)}, ["holds () in float32"]),
        ({"images": np.zeros((4, 8, 8), np.float32)}, ["holds (4, 8, 8) in float32 and (5,) in int64"]),
        ({"labels": np.zeros(5, np.int32)}, ["labels of (N,) in int64", "(5,) in int32"]),
        ({"labels": np.zeros((5, 10), np.int64)}, ["(5, 10) in int64"]),
    ],
)
def test_wrong_arrays_in_tinydigits_are_told(folder: Path, change: dict[str, Any], facts: list[str]) -> None:
    content = {name: array for name, array in (RIGHT | change).items() if array is not None}
    path = folder / "tinydigits" / "train.pkl"
    path.write_bytes(pickle.dumps(content, protocol=4))
    with refused(path, *facts):
        datasets.tinydigits()


def test_right_arrays_in_tinydigits_are_taken(folder: Path) -> None:
    (folder / "tinydigits" / "train.pkl").write_bytes(pickle.dumps(RIGHT, protocol=4))
    assert len(datasets.tinydigits()[0]) == 5


@pytest.mark.parametrize("name", ["x", "y", "x_test", "y_test"])
def test_wrong_arrays_in_mnist1d_are_told(folder: Path, name: str) -> None:
    path = folder / "mnist1d" / "mnist1d.npz"
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **(arrays | {name: arrays[name].astype(np.float16)}))
    with refused(path, f"{name} of ", "float16"):
        datasets.mnist1d()
    del arrays[name]
    np.savez(path, **arrays)
    with refused(path, f"holds no array '{name}'"):
        datasets.mnist1d()


# Finding the data


def installed(place: Path) -> Path:
    """Install the library's file that finds folders as place/tinytorch/_places.py."""
    (place / "tinytorch").mkdir(parents=True)
    return Path(shutil.copy(_places.__file__, place / "tinytorch"))


def ours(folder: Path) -> Path:
    """A folder with the marker of our data."""
    folder.mkdir(parents=True)
    shutil.copy(datasets.data_folder() / "TINYTORCH", folder)
    return folder


def somebody_elses(folder: Path) -> Path:
    """A folder with the __init__.py of another distribution called datasets."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    return folder


def test_a_wheel_finds_its_data_inside_the_package(tmp_path: Path) -> None:
    library = installed(tmp_path)
    data = ours(tmp_path / "tinytorch" / "_datasets")
    somebody_elses(tmp_path / "datasets")
    assert module(library, "installed").find_folder("datasets") == data


def test_a_checkout_finds_its_data_beside_the_package(tmp_path: Path) -> None:
    library = installed(tmp_path)
    data = ours(tmp_path / "datasets")
    assert module(library, "installed").find_folder("datasets") == data


def test_an_editable_install_by_links_finds_the_data_in_the_checkout(tmp_path: Path) -> None:
    checkout, site = tmp_path / "checkout", tmp_path / "site-packages"
    library = installed(checkout)
    data = ours(checkout / "datasets")
    somebody_elses(site / "datasets")
    try:
        (site / "tinytorch").symlink_to(library.parent, target_is_directory=True)
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert module(site / "tinytorch" / "_places.py", "installed").find_folder("datasets") == data


def test_an_install_that_lost_its_data_says_where_they_should_be(tmp_path: Path) -> None:
    library = installed(tmp_path)
    somebody_elses(tmp_path / "datasets")
    with pytest.raises(FileNotFoundError) as raised:
        module(library, "installed").find_folder("datasets")
    inside, beside = library.parent / "_datasets", tmp_path / "datasets"
    assert str(raised.value) == f"tinytorch's folder of datasets is neither {inside} nor {beside}: install it again"


def test_a_folder_called_datasets_without_the_marker_is_not_ours(tmp_path: Path) -> None:
    library = installed(tmp_path)
    somebody_elses(tmp_path / "datasets")
    with pytest.raises(FileNotFoundError, match="tinytorch's folder of datasets is neither .*_datasets nor .*datasets"):
        module(library, "installed").find_folder("datasets")


def test_a_checkout_does_not_hide_another_package_called_datasets(tmp_path: Path) -> None:
    other = somebody_elses(tmp_path / "datasets")
    path = [str(datasets.data_folder().parent), str(tmp_path)]
    spec = importlib.machinery.PathFinder.find_spec("datasets", path)
    assert spec is not None and spec.origin == str(other / "__init__.py")


# The datasheets


@pytest.mark.parametrize(
    ("files", "script", "fingerprints"),
    [([TRAIN_PKL, TEST_PKL], create_tinydigits, TINYDIGITS), ([MNIST1D_NPZ], create_mnist1d, MNIST1D)],
    ids=["tinydigits", "mnist1d"],
)
def test_datasheet_and_script_state_the_facts(
    files: list[Path], script: ModuleType, fingerprints: dict[Any, str]
) -> None:
    datasheet = files[0].with_name("README.md").read_text(encoding="utf-8")
    assert script.FINGERPRINTS == fingerprints
    for fingerprint in fingerprints.values():
        assert fingerprint in datasheet
    for file in files:
        assert f"{file.stat().st_size:,}" in datasheet
    assert files[0].with_name("LICENSE").is_file()


def test_mnist1d_datasheet_counts_the_classes() -> None:
    datasheet = MNIST1D_NPZ.with_name("README.md").read_text(encoding="utf-8")
    with np.load(MNIST1D_NPZ) as archive:
        for name in ("y", "y_test"):
            assert " ".join(map(str, counts(archive[name]))) in datasheet
