"""Faces: packages whose names live elsewhere and are loaded when they are first used (PEP 562), and what is said of names
that there are not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypedDict

COURSE = (  # the files that are modules 01 to 12 of the course
    *("ops", "autograd", "tensor", "layers", "losses", "optimizers"),
    *("data", "training", "conv", "pooling", "regularization", "recurrent"),
)

_homes = {f"tinytorch.{name}" for name in COURSE}  # modules of ours that faces, the course and scripts ask for


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
    _homes.update([*homes, *(f"{package}.{name}" for name in submodules)])

    other = lacks(package)

    def load(name: str) -> Any:
        if name in submodules:
            return import_module(f"{package}.{name}")
        if name not in places:
            return other(name)
        home, there = places[name]
        value = getattr(import_module(home), there)
        setattr(sys.modules[package], name, value)
        return value

    everything = sorted([*places, *submodules])
    return load, lambda: everything, everything


# What is said of a name that there is not


def lacks(package: str) -> Callable[[str], Any]:
    """`__getattr__` of a module for names that it does not have: an AttributeError that says which stands nearest."""

    def answer(name: str) -> Any:
        if name == "__path__":  # as of a package, so that an import of what is not in this file comes to `_Missing`
            return []
        if name.startswith("__"):
            raise AttributeError(f"{package} has no {name!r}")
        from importlib.util import find_spec  # for mistakes only, and for modules that no face lists

        try:
            find_spec(f"{package}.{name}")  # asks every finder: a file of the course may come from a learner
        except ModuleNotFoundError as error:
            raise AttributeError(str(error)) from None
        raise AttributeError(f"{package}.{name} is a module that nothing has imported")

    return answer


def left_out() -> list[int]:
    """The numbers of the course's modules that are not here: a class release need not have all of them."""
    folder = os.path.dirname(__file__)  # pathlib takes a small machine a while to load
    return [number for number, name in enumerate(COURSE, 1) if not os.path.exists(f"{folder}/{name}.py")]


class _Missing:
    """The finder that is asked last, when there is no such module: it says which name stands nearest.

    `from package import name` comes here as well, once the package has no such attribute. Were the error's name the
    module's, Python would take it for one that may be missing, and say in its own words that there is no such name.
    An import cannot be told from `importlib.util.find_spec`, which so raises ModuleNotFoundError where it gave None.
    """

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> None:
        package, _, name = fullname.rpartition(".")
        if fullname in _homes and (later := left_out()):
            said = f"{fullname} is not in this release: it comes with module {later[0]:02} or a later one"
            raise ModuleNotFoundError(said, name=package)
        module = sys.modules.get(package)  # None for tools that ask finders before anything is imported
        if module is not None and package.partition(".")[0] == "tinytorch" and not name.startswith("__"):
            hint = nearest(name, _names(module))
            raise ModuleNotFoundError(f"{package} has no {name!r}{hint}", name=package)


sys.meta_path.append(_Missing)


class Lacking:
    """A class that, asked for a name that its objects do not have, says which stands nearest."""

    __slots__ = ()
    _functions: tuple[str, ...] = ()  # faces whose functions take such an object

    if not TYPE_CHECKING:  # who checks types knows what there is, and is to say what there is not

        def __getattr__(self, name):
            if hasattr(type(self), name):  # a property that failed: it says best what it lacks
                return type(self).__getattribute__(self, name)
            hint = ""
            if not name.startswith("_"):
                chosen = getattr(self, "__dict__", {})  # of a network its layers, as they were named
                own, public = ([n for n in names if not n.startswith("_")] for names in (chosen, dir(self)))
                hint = _function(name, self._functions) or nearest(name, public, own)
            raise AttributeError(f"{type(self).__name__} has no {name!r}{hint}")


def _function(name: str, faces: Iterable[str]) -> str:
    """How a sentence goes on that says there is no such method, where one of these faces has a function of that name."""
    from inspect import isfunction  # for mistakes only

    for module in map(import_module, faces):
        value = getattr(module, name, None) if name in module.__all__ else None
        if isfunction(value) and value.__module__ != "tinytorch.creation":  # which makes Tensors of other things
            return f"; the nearest there is: {module.__name__}.{name}"
    return ""


# What is said of keywords


class HowOff(TypedDict, total=False):
    """What PyTorch's optimizers can do besides, and ours can be told not to."""

    capturable: Literal[False] | None
    differentiable: Literal[False] | None


class How(HowOff, total=False):
    """What PyTorch's optimizers are told of how to compute the same numbers; it changes nothing here."""

    foreach: bool | None
    fused: bool | None


class OfWorkers(TypedDict, total=False):
    """What PyTorch's loaders are told of workers, which ours do not have."""

    in_order: bool
    multiprocessing_context: Any
    persistent_workers: bool
    pin_memory: bool
    pin_memory_device: str
    prefetch_factor: int | None
    timeout: float
    worker_init_fn: Callable[[int], None] | None


class OfPickles(TypedDict, total=False):
    """What PyTorch's `save` and `load` are told of pickles, of which ours make and read none."""

    encoding: str
    errors: str
    fix_imports: bool
    pickle_module: Any
    pickle_protocol: int
    _use_new_zipfile_serialization: bool


def no_keyword(function: str, name: str, known: Iterable[str]) -> TypeError:
    """What to raise for a keyword that a function does not have."""
    return TypeError(f"{function} has no keyword {name!r}{nearest(name, list(known))}")


def _names(module: ModuleType) -> list[str]:
    """What a module lists, or else defines itself."""

    def own(value: object) -> bool:
        return getattr(value, "__module__", module.__name__) == module.__name__ and not isinstance(value, ModuleType)

    defined = [name for name, value in vars(module).items() if not name.startswith("_") and own(value)]
    return list(vars(module).get("__all__", defined))


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
    scaled_dot_product_attention attention: softmax and matmul
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
    modules: Module, Linear and all the others, in nn itself
    Buffer: Module.register_buffer
    register_forward_pre_hook register_full_backward_hook register_backward_hook: Module.register_forward_hook
    get_parameter get_submodule get_buffer: named_parameters, named_modules and named_buffers
    orthogonal_ trunc_normal_ eye_ dirac_ sparse_: normal_, xavier_uniform_ and kaiming_normal_
    prune: masked_fill of a weight, in forward
    weight_norm spectral_norm parametrizations parametrize: functional.normalize of a weight, in forward
    parameters_to_vector vector_to_parameters: cat, split and copy_ of parameters
    Adadelta Adagrad Adafactor Adamax NAdam RAdam Rprop LBFGS ASGD SparseAdam Muon: SGD, RMSprop, Adam and AdamW
    swa_utils: the state_dict of a Module, and means of its Tensors
    SequentialLR ChainedScheduler CyclicLR MultiplicativeLR PolynomialLR: LambdaLR, or a function of the step as lr
    CosineAnnealingWarmRestarts: CosineAnnealingLR, or LambdaLR
    Sampler sampler RandomSampler SequentialSampler DistributedSampler BatchSampler: DataLoader with shuffle and batch_size
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
    half short byte char type_as: to, with a dtype
    bfloat16: float16 and float32, as a dtype, or given to Tensor.to
    new_zeros new_ones new_full new_empty new_tensor: zeros_like, ones_like, full_like and tensor
    stride storage untyped_storage data_ptr element_size is_contiguous: array, which says what it is in memory
    memory_format channels_last contiguous_format preserve_format strided layout: array, which says what it is in memory
    pin_memory share_memory share_memory_: a Tensor as it is, in the memory of the cpu
    set_ resize_: reshape and copy_
    is_floating_point: Tensor.is_floating_point
    dtype: float32, int64 and the others, which are NumPy's
    Function: apply, which takes a function that returns its value and its ways back
    functional forward_ad func vmap: autograd.grad, with create_graph=True for second derivatives
    grad_mode: no_grad, enable_grad and set_grad_enabled
    gradcheck gradgradcheck: testing.gradcheck and testing.gradgradcheck
    set_detect_anomaly detect_anomaly: isfinite and isnan, of a loss and of each grad
    retain_grad register_hook: autograd.grad, which takes any Tensor of a graph
    is_cuda get_device: device, which is the cpu
    bernoulli multinomial normal poisson distributions: rand, randn and randint
    bernoulli_ exponential_ random_: uniform_ and normal_
    randint_like: randint
    logspace: linspace and exp
    range: arange
    random seed seed_all: manual_seed, get_rng_state and set_rng_state
    assert_close: allclose
    fft: np.fft, of array
    special: exp, log, erf, sigmoid, logsumexp and others
    svd eig inverse det linalg: np.linalg, of array
    finfo iinfo result_type promote_types can_cast: NumPy's functions of a dtype
    set_default_dtype get_default_dtype set_default_tensor_type set_default_device get_default_device: dtype and device of each Tensor
    set_num_threads get_num_threads: OMP_NUM_THREADS of the environment, for the cpu
    use_deterministic_algorithms: manual_seed, after which a run is the same to the bit
    set_printoptions set_float32_matmul_precision: float32 as it is
    multiprocessing: Python's, of what numpy() gives
    compile compiler jit fx export: Module and function as they are
    profiler: Python's cProfile, of a Module as it is
    tensorboard: viz.curves, of lists of numbers
    checkpoint: save and load, or a Module that keeps all its values
    hub model_zoo: load_state_dict, of weights that you have as arrays
    onnx package: save, of a state_dict
    quantization ao: float16 and float32
    sparse sparse_coo_tensor to_sparse is_sparse nested: zeros and tensor, with every element
    complex64 complex128 cfloat is_complex: float32 and float64
    library cpp_extension: apply, which takes any function of arrays
    version: __version__
    torchvision vision torchaudio: datasets, and what tinytorch.data has for changing batches
    MNIST FashionMNIST CIFAR10 CIFAR100 ImageFolder: datasets.mnist, datasets.fashion_mnist and datasets.cifar10
    transforms: tinytorch.data, which has Compose, Normalize, Pad, RandomShift and others
    models: Sequential, or a Module of your own
    autocast amp GradScaler: the same lines without it, computed in the dtype of the Tensors, float32 or another
    cuda mps xpu capturable: cpu, the only device
    synchronize current_device set_device get_device_name get_device_properties get_device_capability: cpu, the only device
    Event Stream current_stream mem_get_info memory_summary memory_reserved nvtx: cpu, the only device
    mkl mkldnn openmp opt_einsum quantized: matmul, by whatever NumPy was built with
    register_step_pre_hook register_step_post_hook: a line before or after step
    differentiable: autograd.grad with create_graph=True, and a step of your own
    Variable: tensor with requires_grad=True
    FloatTensor HalfTensor LongTensor DoubleTensor IntTensor ShortTensor ByteTensor CharTensor BoolTensor: tensor with dtype=float32, dtype=int64 and so on
"""


@cache
def _told() -> dict[str, str]:
    """For each name of PyTorch in `NEAREST` what to use in its place."""
    lines = [line.partition(": ") for line in NEAREST.strip().splitlines()]
    return {name: ours for theirs, _, ours in lines for name in theirs.split()}


def nearest(name: str, names: Iterable[str], own: Iterable[str] = ()) -> str:
    """How a sentence goes on that says there is no such name: with what to use in its place, or with names spelled like it.

    own: those among the names that come before what PyTorch means by it, since whoever asks has chosen them.
    """
    from difflib import get_close_matches  # costs more to import than the rest of this file, and is for mistakes only

    close = get_close_matches(name, list(own), 1, 0.7)
    if not close and name in _told():
        return f"; the nearest there is: {_told()[name]}"
    close = close or get_close_matches(name, list(names), 3, 0.5)
    return f"; the nearest it has: {', '.join(close)}" if close else ""
