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
    rnn: GRU, and functional.pad for sequences of several lengths
    Conv3d ConvTranspose2d Unfold Fold: Conv2d, functional.unfold and functional.fold
    ConvTranspose1d: Conv1d
    ConvTranspose3d MaxPool3d AvgPool3d BatchNorm3d Dropout3d: Conv2d, MaxPool2d, AvgPool2d, BatchNorm2d and Dropout2d
    conv3d conv_transpose1d conv_transpose2d max_pool3d avg_pool3d: conv2d, max_pool2d and avg_pool2d
    GroupNorm InstanceNorm1d InstanceNorm2d RMSNorm SyncBatchNorm LocalResponseNorm: BatchNorm1d, BatchNorm2d and LayerNorm
    group_norm instance_norm rms_norm local_response_norm: batch_norm and layer_norm
    LazyLinear LazyConv1d LazyConv2d Bilinear EmbeddingBag: Linear, Conv1d, Conv2d and Embedding
    ParameterList ParameterDict: a list or dict of Parameter, which a Module finds
    Transformer TransformerEncoder TransformerEncoderLayer MultiheadAttention: GRU, or softmax and matmul
    scaled_dot_product_attention: softmax and matmul
    SmoothL1Loss HuberLoss smooth_l1_loss huber_loss: L1Loss and MSELoss
    KLDivLoss kl_div: CrossEntropyLoss, which takes probabilities
    CosineEmbeddingLoss HingeEmbeddingLoss MarginRankingLoss TripletMarginLoss MultiMarginLoss: normalize, norm and relu
    PoissonNLLLoss GaussianNLLLoss CTCLoss: NLLLoss, CrossEntropyLoss and what Tensors compute
    cosine_embedding_loss margin_ranking_loss triplet_margin_loss: normalize, norm and relu
    poisson_nll_loss gaussian_nll_loss ctc_loss: nll_loss, cross_entropy and what Tensors compute
    CosineSimilarity PairwiseDistance cosine_similarity pairwise_distance cdist dist: normalize, norm and matmul
    PReLU RReLU SELU CELU Hardswish Hardsigmoid Hardtanh ReLU6 Mish Threshold: ReLU, LeakyReLU, ELU, SiLU and Tensor.clamp
    prelu rrelu selu celu hardswish hardsigmoid hardtanh relu6 mish threshold: relu, leaky_relu, elu, silu and clamp
    GLU glu: chunk and sigmoid
    gumbel_softmax: rand and softmax
    Softmin Softmax2d softmin: Softmax and softmax
    Upsample interpolate PixelShuffle: Tensor.expand and reshape
    Unflatten unflatten ravel: reshape and flatten
    ZeroPad1d ZeroPad2d ConstantPad1d ConstantPad2d ReflectionPad2d ReplicationPad2d: functional.pad
    DataParallel parallel distributed: a Module as it is, on one processor
    orthogonal_ trunc_normal_ eye_ dirac_ sparse_: normal_, xavier_uniform_ and kaiming_normal_
    weight_norm spectral_norm parametrizations parametrize: functional.normalize of a weight, in forward
    parameters_to_vector vector_to_parameters: cat, split and copy_ of parameters
    Adadelta Adagrad Adafactor Adamax NAdam RAdam Rprop LBFGS ASGD SparseAdam Muon: SGD, RMSprop, Adam and AdamW
    swa_utils: the state_dict of a Module, and means of its Tensors
    SequentialLR ChainedScheduler CyclicLR MultiplicativeLR PolynomialLR: LambdaLR, or a function of the step as lr
    CosineAnnealingWarmRestarts: CosineAnnealingLR, or LambdaLR
    Sampler RandomSampler SequentialSampler DistributedSampler BatchSampler: DataLoader with shuffle and batch_size
    SubsetRandomSampler WeightedRandomSampler: Subset, or DataLoader with indices as sampler
    IterableDataset ChainDataset StackDataset: Dataset and ConcatDataset
    get_worker_info: DataLoader, which makes its batches in this process
    mm bmm mv addmm einsum baddbmm inner outer tensordot: matmul, sum and unsqueeze
    cumsum cumprod prod: sum, log and exp
    sort argsort topk kthvalue median quantile: max, argmax and NumPy's functions of array
    unique bincount histc searchsorted bucketize count_nonzero: sum, and NumPy's functions of array
    tril triu diag diagonal trace meshgrid cartesian_prod: eye, where, and NumPy's functions of array
    nonzero argwhere masked_select index_select take narrow select: x[mask], x[index] and gather
    scatter scatter_ scatter_add scatter_add_ index_add index_add_ index_fill_ index_copy_: gather, one_hot and x[index] = y
    repeat tile repeat_interleave: expand and cat
    concat concatenate hstack vstack dstack column_stack: cat and stack
    swapaxes swapdims movedim moveaxis adjoint: transpose and permute
    round floor ceil trunc frac: Tensor.long, and NumPy's functions of array
    log1p log2 log10 expm1 exp2 rsqrt reciprocal: log, exp, sqrt and division
    tan asin acos atan atan2 sinh cosh: sin, cos and tanh
    clip clip_ clamp_min clamp_max: clamp
    absolute: abs
    negative: neg
    multiply subtract divide true_divide: mul, sub and div
    floor_divide remainder fmod: div with rounding_mode, or // and %
    addcmul addcdiv lerp: mul and add
    greater greater_equal less less_equal not_equal: gt, ge, lt, le and ne
    logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not: ne, or & and | and ~ of Tensors of bool
    isclose: allclose
    isinf nan_to_num nanmean nansum: isfinite, isnan and where
    std_mean var_mean aminmax: std, var, mean, amin and amax
    numel nelement: Tensor.numel
    Size: Tensor.shape, which is a tuple
    half short byte char bfloat16 type_as: to, with a dtype
    new_zeros new_ones new_full new_empty new_tensor: zeros_like, ones_like, full_like and tensor
    stride storage data_ptr is_contiguous: array, which says what it is in memory
    retain_grad register_hook: autograd.grad, which takes any Tensor of a graph
    is_cuda: device, which is the cpu
    bernoulli multinomial normal poisson distributions: rand, randn and randint
    bernoulli_ exponential_ random_: uniform_ and normal_
    randint_like: randint
    logspace: linspace and exp
    range: arange
    svd eig inverse det linalg: np.linalg, of array
    finfo iinfo result_type promote_types can_cast: NumPy's functions of a dtype
    set_default_dtype get_default_dtype set_default_tensor_type set_default_device: dtype and device of each Tensor
    set_num_threads get_num_threads: OMP_NUM_THREADS of the environment, for the cpu
    use_deterministic_algorithms: manual_seed, after which a run is the same to the bit
    set_printoptions set_float32_matmul_precision: float32 as it is
    multiprocessing: Python's, of what numpy() gives
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
