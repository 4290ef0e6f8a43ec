"""Small files in the formats of the large data sets, in which a class can be told: studies run on them in seconds."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from tinytorch import datasets

TRAIN, LEARNED, TEST = 300, 200, 40  # images; of the first, those that reduced MNIST draws from
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def examples(seed, n, *shape):
    """Images (n, *shape) and labels (n,) in bytes: dark noise, and a bright bar that is further right in each class."""
    random = np.random.default_rng(seed)
    images, labels = random.integers(0, 60, (n, *shape), np.uint8), (np.arange(n) % 10).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[..., 2 * label + 2 : 2 * label + 5] += 180
    return images, labels


def write_idx(folder):
    folder.mkdir()
    arrays = [*examples(0, TRAIN, 28, 28), *examples(1, TEST, 28, 28)]
    for name, array in zip(IDX, arrays, strict=True):
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / f"{name}.gz").write_bytes(gzip.compress(header + array.tobytes(), 1))


def write_cifar(folder):
    folder.mkdir()
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz", compresslevel=1) as archive:
        for seed, name in enumerate([*datasets.CIFAR_TRAIN, datasets.CIFAR_TEST]):
            images, labels = examples(seed, TEST, 3, 32, 32)
            content = pickle.dumps({b"data": images.reshape(TEST, -1), b"labels": labels.tolist()}, protocol=2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """Where MNIST, Fashion-MNIST, CIFAR-10 and letters are, for as long as the tests run that ask for it."""
    home = tmp_path_factory.mktemp("data")
    for name in ("mnist", "fashion_mnist"):
        write_idx(home / name)
    write_cifar(home / "cifar10")
    letters, kinds = examples(2, 60, 28, 28)
    np.savez(home / "omniglot-small-28.npz", x=letters, y=kinds.astype(np.int64))
    return home


@pytest.fixture(scope="module")
def with_small_data(small_data):
    """As if these were the published files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYTORCH_DATA", str(small_data))
        patch.setattr(datasets, "RMNIST_END", LEARNED)
        yield small_data
