"""Make MNIST-1D: ten simple curves, each padded, stretched, shifted, tilted and covered with noise many times over.

Random numbers are drawn and sums are done in the published order, so a seed gives the signals it gives in the original.

The data set is Sam Greydanus' and Dmitry Kobak's, "Scaling down deep learning with MNIST-1D" (2024), arXiv:2011.14439.
"""

import argparse
import hashlib
import io
import sys
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signals = NDArray[np.float64]

# Ten digits as the heights of twelve points each, all beginning at 5.
DRAWN = [
    [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
    [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
    [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
    [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
    [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
    [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
    [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
    [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
    [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
    [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
]

# SHA-256 of the published arrays' bytes, as the file holds them: signals in float32, labels in int64.
FINGERPRINTS = {
    "x": "d53506bddd12d3b72c7153b1ae7f34807724b1dd078a7273809bf9d0792319f6",
    "x_test": "30addc43827c82aafa5db8bc97cea63349ca687e87db2f201cc4f5415d9a4ebd",
    "y": "d97dc7aecec8ad6b5d8f143ba3e9c4bd7e25c420d7dfc2eb990591cfc0ed3e15",
    "y_test": "8de99be3ff9dab15ae0dc072c3d6ced7cf6b33d365888ce4a386fc944489452c",
}


def make_templates() -> dict[str, NDArray[Any]]:
    """The ten curves before anything happens to them: x (10, 12), t (12,) their time axis, y (10,) their labels."""
    x = np.array(DRAWN, dtype=np.float64)
    x -= x.mean(axis=1, keepdims=True)
    x /= x.std(axis=1, keepdims=True)
    x -= x[:, :1]
    return {"x": x / 6, "t": np.linspace(-5, 5, x.shape[1]) / 6, "y": np.arange(10, dtype=np.int64)}


def make_dataset(
    num_samples: int = 5000,
    train_split: float = 0.8,
    template_len: int = 12,
    padding: tuple[int, int] = (36, 60),
    scale_coeff: float = 0.4,
    max_translation: int = 48,
    corr_noise_scale: float = 0.25,
    iid_noise_scale: float = 0.02,
    shear_scale: float = 0.75,
    shuffle_seq: bool = False,
    final_seq_length: int = 40,
    seed: int = 42,
) -> dict[str, Any]:
    """MNIST-1D with the published arguments; without any, the published 5,000 examples.

    num_samples        examples in all, rounded down to a multiple of the ten classes
    train_split        the part of them that comes first, as x and y; the rest are x_test and y_test
    template_len       with the longest padding, the length to which every padded template is stretched
    padding            the fewest and the most points of silence after a template
    scale_coeff        heights vary by a factor between 1 - scale_coeff / 2 and 1 + scale_coeff / 2
    max_translation    signals move right by 0 to max_translation - 1 points, around the end
    corr_noise_scale   the size of the smooth noise that fills the silence
    iid_noise_scale    the size of the noise on every point
    shear_scale        signals tilt by up to shear_scale / 2 between their ends, up or down
    shuffle_seq        whether the points of all signals change places, in one way for all
    final_seq_length   the length L of the signals at last
    seed               for NumPy's RandomState, whose numbers never change; a new-style Generator cannot match them

    Returns x (N, L), y (N,), x_test (M, L), y_test (M,), t (L,) and templates (make_templates), in float64 and int64.
    All signals together, the test set's included, have mean 0 and standard deviation 1.
    Raises ValueError where an argument is out of its range.
    """
    check(num_samples, train_split, template_len, padding, max_translation, final_seq_length, seed)
    shortest, longest = padding
    random = np.random.RandomState(seed)
    templates = make_templates()
    count = num_samples // 10
    length = template_len + longest

    classes = []
    for template in templates["x"]:
        chance = draw(random, count, length, max_translation)
        x = stretch(template, shortest + (chance["padding"] * (longest - shortest + 1)).astype(np.int64), length)
        x *= 1 + scale_coeff * (chance["scale"] - 0.5)
        x = rotate(x, chance["translation"])
        x = np.where(x != 0, x, smooth(corr_noise_scale * chance["correlated"]))
        x += iid_noise_scale * chance["independent"]
        x -= shear_scale * (chance["shear"] - 0.5) * np.linspace(-0.5, 0.5, length)
        classes.append(resample(x, final_seq_length))

    order = random.permutation(10 * count)
    x = np.concatenate(classes)[order]  # (N + M, L)
    y = np.repeat(templates["y"], count)[order]
    if shuffle_seq:
        x = x[:, random.permutation(final_seq_length)]
    t = resample(resample(templates["t"], length), final_seq_length) / x.std()  # as x went, to the last bit
    x = (x - x.mean()) / x.std()
    split = int(len(x) * train_split)
    return {"x": x[:split], "x_test": x[split:], "y": y[:split], "y_test": y[split:], "t": t, "templates": templates}


def check(
    num_samples: int,
    train_split: float,
    template_len: int,
    padding: tuple[int, int],
    max_translation: int,
    final_seq_length: int,
    seed: int,
) -> None:
    """Raise ValueError with a sentence about the first of make_dataset's arguments that is out of its range."""
    if np.shape(padding) != (2,):
        raise ValueError(f"make_dataset expects padding to be two numbers of points, fewest and most, got {padding!r}")
    for name, value, least in [
        ("num_samples", num_samples, 10),
        ("template_len", template_len, 2),
        ("padding[0]", padding[0], 0),
        ("padding[1]", padding[1], padding[0]),
        ("max_translation", max_translation, 1),
        ("final_seq_length", final_seq_length, 1),
        ("seed", seed, 0),
    ]:
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"make_dataset expects {name} to be a whole number of at least {least}, got {value!r}")
    if seed >= 2**32:
        raise ValueError(f"make_dataset expects seed to be less than 2**32, got {seed}")
    if not 0 <= train_split <= 1:
        raise ValueError(f"make_dataset expects train_split to be between 0 and 1, got {train_split!r}")


def draw(random: np.random.RandomState, count: int, length: int, max_translation: int) -> dict[str, NDArray[Any]]:
    """All that chance decides about the examples of one class, an example after the other as the original draws it.

    This cannot be one draw: a normal number takes now more, now fewer words of the stream.
    """
    translation = np.empty((count, 1), dtype=np.int64)
    uniform = np.empty((count, 3, 1))
    noise = np.empty((count, 2, length))
    for i in range(count):
        uniform[i, :2, 0] = random.random_sample(2)
        translation[i] = random.randint(max_translation)
        noise[i] = random.standard_normal((2, length))
        uniform[i, 2] = random.random_sample()
    return {
        "padding": uniform[:, 0, 0],
        "scale": uniform[:, 1],
        "translation": translation,
        "correlated": noise[:, 0],
        "independent": noise[:, 1],
        "shear": uniform[:, 2],
    }


def stretch(template: Signals, silence: NDArray[np.int64], length: int) -> Signals:
    """The template (T,) with each example's silence (N,), so many zeros, behind it, on `length` points -> (N, length).

    The 1e-8 tells a point of the template at height 0 from silence, which the smooth noise will fill.
    """
    amounts, which = np.unique(silence, return_inverse=True)
    stretched = [resample(np.append(template + 1e-8, np.zeros(amount)), length) for amount in amounts]
    return np.stack(stretched)[which]


def rotate(x: Signals, steps: NDArray[np.int64]) -> Signals:
    """Each signal (N, L) moved right by its steps (N, 1), its end coming in at the left; by L or more, not at all."""
    length = x.shape[1]
    return np.take_along_axis(x, (np.arange(length) - np.minimum(steps, length)) % length, axis=1)


def smooth(noise: Signals) -> Signals:
    """Each row (N, L) under a Gaussian of standard deviation 2 points, cut off at 8, with its ends mirrored."""
    length = noise.shape[1]
    weights = np.exp(-0.125 * np.arange(-8, 9) ** 2)
    weights /= weights.sum()
    mirrored = np.pad(noise, [(0, 0), (8, 8)], mode="symmetric")
    total: Signals = noise * weights[8]
    for k in range(8, 0, -1):  # from the outside in: another order gives other last bits
        total += (mirrored[:, 8 - k : 8 - k + length] + mirrored[:, 8 + k : 8 + k + length]) * weights[8 + k]
    return total


def resample(x: Signals, length: int) -> Signals:
    """Signals (..., L) at `length` evenly spaced points, on straight lines between their own -> (..., length)."""
    old, new = np.linspace(0, 1, x.shape[-1]), np.linspace(0, 1, length)
    left = np.searchsorted(old, new, side="right") - 1
    right = np.minimum(left + 1, len(old) - 1)  # the last point has no right neighbour and is its own
    slope: Signals = (x[..., right] - x[..., left]) / np.diff(old, append=2)[left]
    return slope * (new - old[left]) + x[..., left]


def save(folder: Path) -> Path:
    """Write the published examples into folder/mnist1d.npz; raises ValueError where they are not the published ones."""
    dataset = make_dataset()
    arrays = {name: dataset[name].astype(np.float32) for name in ("x", "x_test", "t")}
    arrays |= {name: dataset[name] for name in ("y", "y_test")}
    arrays["templates"] = dataset["templates"]["x"].astype(np.float32)
    for name, fingerprint in FINGERPRINTS.items():
        if hashlib.sha256(arrays[name].tobytes()).hexdigest() != fingerprint:
            raise ValueError(f"{name} differs from the published MNIST-1D, so nothing was written")

    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mnist1d.part").write_bytes(content.getvalue())
    return (folder / "mnist1d.part").replace(folder / "mnist1d.npz")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Make mnist1d.npz, the published 5,000 examples of MNIST-1D.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER", help="where to write it")
    try:
        print(save(parser.parse_args(arguments).out))
    except (OSError, ValueError) as error:
        sys.exit(f"create_mnist1d: {error}")


if __name__ == "__main__":
    main()
