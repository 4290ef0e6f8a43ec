"""Faces: packages whose names live elsewhere and are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(
    package: str, homes: Mapping[str, str], modules: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package whose names are defined in other modules.

    homes: module -> the names to take from it, with blanks between, "here=there" where they differ; modules: the
    submodules of the package.
    """
    places = {}
    for home, names in homes.items():
        for listed in names.split():
            here, _, there = listed.partition("=")
            places[here] = home, there or here
    submodules = modules.split()

    def load(name: str) -> Any:
        if name in submodules:
            return import_module(f"{package}.{name}")
        if name not in places:
            raise _unknown(package, name, [*places, *submodules], sys._getframe(1).f_code.co_name)
        home, there = places[name]
        value = getattr(import_module(home), there)
        setattr(sys.modules[package], name, value)
        return value

    everything = sorted([*places, *submodules])
    return load, lambda: everything, everything


def _unknown(package: str, name: str, names: list[str], asked_by: str) -> Exception:
    """What to raise for a name that a package does not have.

    `from package import name` first asks for an attribute (in `_handle_fromlist`), then for a module, and would hide the
    sentence of an AttributeError behind one of its own.
    """
    if name.startswith("__"):
        return AttributeError(f"{package} has no {name!r}")
    if asked_by != "_handle_fromlist":
        return AttributeError(f"{package} has no {name!r}{nearest(name, names)}")
    from importlib.util import find_spec  # this too is for mistakes, and for modules that no face lists

    if find_spec(f"{package}.{name}"):  # asks every finder: a file of the course may come from a learner
        return AttributeError(name)  # a module, which is loaded next
    return ImportError(f"{package} has no {name!r}{nearest(name, names)}", name=package)


# What stands nearest to names of PyTorch that are not here, and are spelled like something else


NEAREST = """
    LSTM LSTMCell RNN RNNCell GRUCell: GRU
    Conv3d ConvTranspose2d Unfold Fold: Conv2d, functional.unfold and functional.fold
    ConvTranspose1d: Conv1d
    ConvTranspose3d MaxPool3d AvgPool3d BatchNorm3d Dropout3d: Conv2d, MaxPool2d, AvgPool2d, BatchNorm2d and Dropout2d
    GroupNorm InstanceNorm1d InstanceNorm2d RMSNorm SyncBatchNorm LocalResponseNorm: BatchNorm1d, BatchNorm2d and LayerNorm
    Transformer TransformerEncoder TransformerEncoderLayer MultiheadAttention: GRU, or softmax and matmul
    SmoothL1Loss HuberLoss smooth_l1_loss huber_loss: L1Loss and MSELoss
    KLDivLoss kl_div: CrossEntropyLoss, which takes probabilities
    PReLU RReLU SELU CELU Hardswish Hardsigmoid Hardtanh ReLU6 Mish Threshold: ReLU, LeakyReLU, ELU, SiLU and Tensor.clamp
    Softmin Softmax2d: Softmax
    Upsample interpolate PixelShuffle: Tensor.expand and reshape
    ZeroPad1d ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad2d ReplicationPad2d: functional.pad
    DataParallel: a Module as it is, on one processor
    Adadelta Adagrad Adamax NAdam RAdam Rprop LBFGS ASGD SparseAdam Muon: SGD, RMSprop, Adam and AdamW
    mm bmm mv addmm einsum baddbmm inner outer tensordot: matmul, sum and unsqueeze
    cumsum cumprod prod: sum, log and exp
    sort argsort topk kthvalue median quantile: max, argmax and NumPy's functions of array
    nonzero masked_select index_select take narrow: x[mask], x[index] and gather
    scatter scatter_ scatter_add index_add: gather, one_hot and x[index] = y
    repeat tile repeat_interleave: expand and cat
    round floor ceil trunc frac: Tensor.long, and NumPy's functions of array
    log1p log2 log10 expm1 exp2 rsqrt reciprocal: log, exp, sqrt and division
    tan asin acos atan sinh cosh: sin, cos and tanh
    bernoulli multinomial normal poisson: rand, randn and randint
    svd eig inverse det linalg: np.linalg, of array
    compile jit: Module and function as they are
    autocast amp GradScaler: float32, which everything is computed in
    cuda: cpu, the only device
    Variable: tensor with requires_grad=True
    FloatTensor LongTensor DoubleTensor IntTensor BoolTensor: tensor with dtype=float32, dtype=int64 and so on
"""


def nearest(name: str, names: list[str]) -> str:
    """How a sentence goes on that says there is no such name: with what to use in its place, or with names spelled like it."""
    for line in NEAREST.strip().splitlines():
        theirs, _, ours = line.partition(": ")
        if name in theirs.split():
            return f"; the nearest there is: {ours}"
    from difflib import get_close_matches  # costs more to import than the rest of this file, and is for mistakes only

    close = get_close_matches(name, names, 3, 0.5)
    return f"; the nearest it has: {', '.join(close)}" if close else ""
