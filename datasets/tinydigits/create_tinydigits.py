"""Make TinyDigits: 1,000 handwritten digits to learn from and 200 to be tested on, out of scikit-learn's copy.

The pickles name nothing but numpy.ndarray, so that NumPy 1.24 reads them as well as NumPy 2, and none of them warns.
"""

import argparse
import hashlib
import io
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Split = dict[str, NDArray[Any]]

# SHA-256 of the arrays' bytes.
FINGERPRINTS = {
    ("train", "images"): "6884b961c48853196616f7631b7e59f0073911bc28d005f5e57d4153487d850a",
    ("train", "labels"): "ba21bb8309090d5227ad6b8fc6201ca1e94f8bb1ff022e4889805c15059ca5d5",
    ("test", "images"): "b1132e9b6aa0388da3e3d286c5416dc4474db547504a6377a7fd86aab0aa25ad",
    ("test", "labels"): "2004804224c77e5dd540102f00a64081b5e653860873a343bfee994f3374145a",
}


def split_digits(images: NDArray[Any], labels: NDArray[Any], seed: int = 42) -> dict[str, Split]:
    """Draw 100 images of each digit for training and 20 others for testing, each part in a mixed order.

    images (N, 8, 8) hold 0 to 16, labels (N,) 0 to 9 -> train and test, each with images in [0, 1] and labels.
    """
    random = np.random.RandomState(seed)
    of_digit = [np.flatnonzero(labels == digit) for digit in range(10)]
    for indices in of_digit:
        random.shuffle(indices)
    train = np.concatenate([indices[:100] for indices in of_digit])
    test = np.concatenate([indices[100:120] for indices in of_digit])
    parts = {"train": train[random.permutation(1000)], "test": test[random.permutation(200)]}
    return {
        name: {"images": (images[part] / 16).astype(np.float32), "labels": labels[part].astype(np.int64)}
        for name, part in parts.items()
    }


class Pickler(pickle.Pickler):
    """Writes an array as the call numpy.ndarray(shape, dtype, buffer).

    By itself NumPy names a private function of its own: what NumPy 2 writes, 1.24 cannot read.
    """

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return np.ndarray, (value.shape, value.dtype.newbyteorder("<").str, bytearray(little_endian(value)))
        return NotImplemented


def little_endian(array: NDArray[Any]) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def save(parts: dict[str, Split], folder: Path) -> list[Path]:
    """Write folder/train.pkl and folder/test.pkl; raises ValueError where the arrays are not TinyDigits'."""
    for (part, name), fingerprint in FINGERPRINTS.items():
        if hashlib.sha256(little_endian(parts[part][name])).hexdigest() != fingerprint:
            raise ValueError(f"the {part} {name} differ from TinyDigits', so nothing was written")

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for part, arrays in parts.items():
        content = io.BytesIO()
        Pickler(content, protocol=5).dump(arrays)  # the first protocol with a bytearray, which leaves arrays writable
        unfinished = folder / f"{part}.part"
        unfinished.write_bytes(content.getvalue())
        paths.append(unfinished.replace(folder / f"{part}.pkl"))
    return paths


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make TinyDigits' train.pkl and test.pkl from scikit-learn's digits.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER", help="where to write them")
    out = parser.parse_args(arguments).out
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        sys.exit("create_tinydigits needs scikit-learn, which holds the digits: pip install scikit-learn")
    digits = load_digits()
    try:
        for path in save(split_digits(digits.images, digits.target), out):
            print(path)
    except (OSError, ValueError) as error:
        sys.exit(f"create_tinydigits: {error}")


if __name__ == "__main__":
    main()
