"""Small files in the formats of the large data sets, in which a class can be told: studies run on them in seconds."""

import numpy as np
import pytest

from tests.test_datasets import Python2, write_cifar, write_idx
from tinytorch import datasets

TRAIN, LEARNED, TEST = 300, 200, 40  # images; of the first, those that reduced MNIST draws from


def examples(seed, n, *shape):
    """Images (n, *shape) and labels (n,) in bytes: dark noise, and a bright bar that is further right in each class."""
    random = np.random.default_rng(seed)
    images, labels = random.integers(0, 60, (n, *shape), np.uint8), (np.arange(n) % 10).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[..., 2 * label + 2 : 2 * label + 5] += 180
    return images, labels


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """Where MNIST, Fashion-MNIST, CIFAR-10 and letters are, for as long as the tests run that ask for it."""
    home = tmp_path_factory.mktemp("data")
    for name in ("mnist", "fashion_mnist"):
        write_idx(home / name, [*examples(0, TRAIN, 28, 28), *examples(1, TEST, 28, 28)])
    batches = {}
    for seed, name in enumerate([*datasets.CIFAR_TRAIN, datasets.CIFAR_TEST]):
        images, labels = examples(seed, TEST, 3, 32, 32)
        batches[name] = Python2(data=images.reshape(TEST, -1), labels=labels.tolist()).dumps()
    write_cifar(home, batches)
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
