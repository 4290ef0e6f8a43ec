"""What ordinary scripts for PyTorch say that has no place here: what asks for nothing is taken, and every other word is answered
with one sentence that names what stands nearest."""

import copy
import functools
import inspect
import pickle
import re
import warnings
from abc import ABC

import pytest

BEFORE = """
import tinytorch as torch
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.utils.data import DataLoader, TensorDataset
x = torch.ones(2, 3)
model = nn.Linear(3, 2)
parameters = list(model.parameters())
dataset = TensorDataset(torch.ones(4, 3), torch.zeros(4))
"""

TAKEN = """
torch.cuda.is_available()
torch.cuda.device_count()
torch.cuda.is_initialized()
torch.cuda.manual_seed(0)
torch.cuda.manual_seed_all(0)
torch.cuda.empty_cache()
torch.cuda.memory_allocated()
torch.cuda.max_memory_allocated(0)
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.allow_tf32 = True
torch.backends.cudnn.version()
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cuda.is_built()
torch.backends.mps.is_available()
import tinytorch.backends.cudnn as cudnn
torch.device("cpu", 0)
model.to("cpu", non_blocking=True)
x.to(torch.device("cpu:0"), non_blocking=True).cpu()
DataLoader(dataset, num_workers=2, pin_memory=True, persistent_workers=True, prefetch_factor=4)
DataLoader(dataset, worker_init_fn=lambda i: None, generator=torch.Generator().manual_seed(0))
DataLoader(dataset, timeout=0, multiprocessing_context=None, pin_memory_device="", in_order=True)
torch.optim.SGD(parameters, lr=0.1, foreach=False, maximize=False, fused=None)
torch.optim.Adam(parameters, fused=True, foreach=None, capturable=False, differentiable=False)
torch.optim.AdamW(parameters, foreach=True).step()
torch.optim.RMSprop(parameters, capturable=False, foreach=True)
nn.Linear(3, 2, device="cpu", dtype=torch.float64)
nn.Conv2d(1, 2, 3, device=None, dtype=None)
nn.Embedding(3, 2, device="cpu")
nn.utils.clip_grad_norm_(parameters, 1.0, norm_type=2, error_if_nonfinite=False)
torch.save(model.state_dict(), path, _use_new_zipfile_serialization=False)
torch.save(obj=model.state_dict(), f=path, pickle_protocol=4)
torch.load(path, map_location=torch.device("cpu"), weights_only=False)
torch.load(f=path, map_location="cpu", weights_only=True, mmap=True)
torch.load(path, map_location=lambda storage, location: storage)
torch.load(path, map_location={"cuda:0": "cpu"}, encoding="latin1")
"""

ANSWERED = """
class Square(torch.autograd.Function): pass  | apply, which takes a function
from tinytorch.autograd import Function  | apply
from tinytorch.autograd import Variable  | requires_grad=True
torch.autograd.Variable(x)  | requires_grad=True
torch.Variable(x)  | requires_grad=True
torch.autograd.set_detect_anomaly(True)  | isfinite
with torch.autograd.detect_anomaly(): pass  | isnan
torch.autograd.profiler.profile()  | cProfile
torch.autograd.functional.jacobian  | create_graph=True
torch.autograd.forward_ad.dual_level()  | autograd.grad
torch.autograd.gradcheck(F.relu, x)  | testing.gradcheck
from tinytorch.func import vmap  | autograd.grad
torch.vmap(F.relu)  | autograd.grad
model.cuda()  | cpu
x.cuda(non_blocking=True)  | cpu
x.is_cuda  | device
x.get_device()  | device
x.pin_memory()  | cpu
model.half()  | to, with a dtype
model.share_memory()  | cpu
model.register_full_backward_hook(print)  | register_forward_hook
model.get_submodule("0")  | named_modules
torch.cuda.get_device_name(0)  | cpu
torch.cuda.get_device_properties(0)  | cpu
torch.cuda.synchronize()  | cpu
torch.cuda.current_device()  | cpu
torch.cuda.set_device(0)  | cpu
torch.cuda.Event(enable_timing=True)  | cpu
torch.cuda.seed_all()  | manual_seed
torch.cuda.is_availble()  | is_available
torch.autograd.backwrd(x)  | backward
torch.cuda.amp.autocast()  | float32
torch.cuda.FloatTensor([1.0])  | dtype=float32
from tinytorch.cuda.amp import GradScaler, autocast  | float32
from tinytorch.cuda import amp  | float32
torch.backends.mkldnn.enabled  | matmul
torch.mps.empty_cache()  | cpu
torch.xpu.is_available()  | cpu
torch.version.cuda  | __version__
from tinytorch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  | GRU
from tinytorch.nn.utils import rnn  | functional.pad
import tinytorch.nn.utils.rnn as rnn  | GRU
nn.utils.rnn.pad_sequence([x, x], batch_first=True)  | functional.pad
import tinytorch.nn.utils.prune as prune  | masked_fill
from tinytorch.nn.utils.parametrizations import weight_norm  | normalize
nn.DataParallel(model)  | a Module as it is
from tinytorch.nn.parallel import DistributedDataParallel as DDP  | a Module as it is
nn.parallel.DataParallel(model)  | a Module as it is
import tinytorch.nn.modules.module  | Module
from tinytorch.nn.parameter import Parameter  | Parameter
from tinytorch.nn.attention import sdpa_kernel  | softmax
nn.MultiheadAttention(8, 2)  | GRU
from tinytorch.nn.init import xavier_uniform  | xavier_uniform_
from tinytorch.nn import LSTM  | GRU
torch.compile(model)  | as they are
torch.compiler.reset()  | as they are
torch.jit.script(model)  | as they are
import tinytorch.jit  | as they are
torch.onnx.export(model, x, "model.onnx")  | save
torch.amp.autocast("cpu")  | float32
from tinytorch.amp import autocast, GradScaler  | float32
with torch.autocast("cpu"): pass  | float32
torch.distributed.init_process_group("gloo")  | on one processor
import tinytorch.distributed as dist  | on one processor
import tinytorch.multiprocessing as mp  | numpy()
torch.hub.load("pytorch/vision", "resnet18")  | load_state_dict
from tinytorch.profiler import profile, ProfilerActivity  | cProfile
torch.quantization.quantize_dynamic(model)  | float16
torch.sparse.mm(x, x)  | zeros
torch.fft.fft(x)  | np.fft
import tinytorch.linalg  | np.linalg
torch.special.expit(x)  | sigmoid
from tinytorch.distributions import Categorical  | randint
torch.testing.assert_close(x, x)  | allclose
torch.random.fork_rng()  | get_rng_state
torch.set_num_threads(1)  | OMP_NUM_THREADS
torch.set_default_dtype(torch.float64)  | dtype and device
torch.use_deterministic_algorithms(True)  | manual_seed
isinstance(x.dtype, torch.dtype)  | float32
torch.channels_last  | array
torch.complex64  | float64
torch.bfloat16  | float16 and float32
x.bfloat16()  | float16 and float32
torch.HalfTensor([1.0])  | tensor with dtype
torch.einsum("ij,jk->ik", x, x.T)  | matmul
from tinytorch import torchvision  | datasets
from tinytorch.torchvision import transforms  | tinytorch.data
from tinytorch import transforms  | Normalize
from tinytorch import models  | Sequential
torch.datasets.MNIST("data", train=True, download=True)  | datasets.mnist
torch.datasets.CIFAR10("data")  | datasets.cifar10
from tinytorch.utils.tensorboard import SummaryWriter  | viz.curves
import tinytorch.utils.checkpoint  | save and load
from tinytorch.utils.data.dataset import random_split  | Dataset
from tinytorch.utils.data.dataloader import DataLoader  | DataLoader
from tinytorch.utils.data.sampler import SubsetRandomSampler  | DataLoader with shuffle
from tinytorch.utils.data.distributed import DistributedSampler  | on one processor
from tinytorch.utils.data import WeightedRandomSampler  | Subset
from tinytorch.optim.optimizer import Optimizer  | Optimizer
from tinytorch.optim.swa_utils import AveragedModel  | state_dict
from tinytorch.optim.lr_scheduler import _LRScheduler  | LRScheduler
torch.optim.LBFGS(parameters)  | Adam
x.topk(2)  | argmax
x.dot(x)  | tinytorch.dot
x.layer_norm((3,))  | tinytorch.nn.functional.layer_norm
x.retain_grad()  | autograd.grad
x.data_ptr()  | array
x.masked_fill_(x > 0, 0)  | masked_fill
DataLoader(dataset, batch_sampler=[[0, 1], [2]])  | sampler, batch_size
DataLoader(dataset, batchsize=2)  | batch_size
torch.optim.Adam(parameters, differentiable=True)  | autograd.grad
torch.optim.SGD(parameters, 0.1, capturable=True)  | cpu
torch.optim.SGD(parameters, 0.1, nestrov=True)  | nesterov
torch.optim.SGD(parameters).register_step_post_hook(print)  | step
torch.load(path, map_locaton="cpu")  | map_location
torch.save(x, path, pickle_protcol=4)  | pickle_protocol
"""

NEAREST = re.compile(r"^[\w.]+ has no (keyword )?'\w+'; the nearest (there is|it has): .+$")


def run(code, tmp_path):
    scope = {"path": str(tmp_path / "model.pt")}
    exec(BEFORE + "torch.save(x, path)", scope)
    exec(code, scope)


@pytest.mark.parametrize("code", TAKEN.strip().splitlines())
def test_what_asks_for_nothing_is_taken(code, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(code, tmp_path)


@pytest.mark.parametrize("line", ANSWERED.strip().splitlines())
def test_a_word_that_is_not_here_is_answered_with_what_is_near(line, tmp_path):
    code, told = line.split("  | ")
    with pytest.raises((AttributeError, ImportError, TypeError)) as raised:
        run(code, tmp_path)
    sentence = str(raised.value)
    assert NEAREST.match(sentence) and told in sentence, sentence


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ('model.to("cuda")', "computes on the cpu, and has no device 'cuda'"),
        ('torch.ones(2, device="cuda:0")', "computes on the cpu, and has no device 'cuda:0'"),
        ('nn.Linear(3, 2, device="cuda")', "computes on the cpu, and has no device 'cuda'"),
        ('torch.device("cuda", 0)', "computes on the cpu, and has no device 'cuda'"),
        ("x.to(0)", "to expects a data type, a device or a Tensor, got 0"),
        ('torch.load(path, map_location="cuda:0")', "on the CPU, the only device here, got map_location='cuda:0'"),
        ('torch.load(path, map_location={"cpu": "cuda:1"})', "the only device here, got map_location='cuda:1'"),
        ("torch.where(x > 0)", "where expects a condition, and what to take where it holds and where not; the places"),
        ("x.type()", "type expects a data type, as in x.type(float64); x.dtype says that it is float32"),
        ("torch.save(model, path)", "save cannot hold a Linear: save its state_dict() instead"),
    ],
)
def test_another_device_and_what_cannot_be_kept_are_refused_in_a_sentence(code, sentence, tmp_path):
    with pytest.raises((RuntimeError, TypeError, ValueError), match=re.escape(sentence)):
        run(code, tmp_path)


def test_a_property_that_fails_says_itself_what_it_lacks():
    from tinytorch import nn

    class Net(nn.Module):
        @property
        def width(self):
            return self.weight.shape

    with pytest.raises(AttributeError, match="Net has no 'weight'"):
        Net().width  # noqa: B018


def test_a_property_that_succeeds_when_it_is_asked_again_gives_its_value():
    from tinytorch import nn

    class Net(nn.Module):
        @property
        def table(self):
            if "made" not in vars(self):
                self.made = [1, 2]
                raise AttributeError("not made yet")
            return self.made

    assert Net().table == [1, 2]


def test_what_a_network_calls_its_own_comes_before_what_pytorch_calls_so():
    from tinytorch import nn, ones, optim

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn1, self.model, self.attention_ = nn.GRU(2, 2), nn.Linear(2, 2), nn.Parameter(ones(2))
            self.register_buffer("checkpoint1", ones(2))
            self._halff = 1

    net = Net()
    own = {"rnn": "rnn1", "models": "model", "attention": "attention_", "checkpoint": "checkpoint1"}
    for name, nearest in own.items():
        with pytest.raises(AttributeError, match=f"^Net has no '{name}'; the nearest it has: {nearest}$") as raised:
            getattr(net, name)
        assert (raised.value.name, raised.value.obj) == (name, net)
    with pytest.raises(AttributeError, match=r"^Net has no 'half'; the nearest there is: to, with a dtype$"):
        net.half()
    with pytest.raises(AttributeError, match=r"^Net has no 'foward'; the nearest it has: forward, "):
        net.foward()
    with pytest.raises(AttributeError, match=r"^SGD has no 'step_'; the nearest it has: steps$"):
        optim.SGD(net.parameters()).step_()


def test_a_module_of_ones_own_is_made_as_any_class_of_python():
    from tinytorch import nn, optim

    class Net(nn.Module):
        def __init__(self, width, *, depth=1, **others):
            self.width, self.depth, self.others = width, depth, others

    class Named(nn.Module, dict):
        def __init__(self, *pairs, **more):
            dict.__init__(self, *pairs, **more)

    class Counted:
        def __new__(cls, *, start):
            made = super().__new__(cls)
            made.count = start
            return made

    class Both(nn.Module, Counted):
        def __init__(self, *, start):
            super().__init__()

    class Abstract(nn.Module, ABC):
        pass

    class Later(nn.Module):
        __init__ = functools.partialmethod(Net.__init__, 3)

    net = Net(width=3, depth=2, dropout=0.5)
    assert (net.width, net.depth, net.others) == (3, 2, {"dropout": 0.5})
    assert (copy.copy(net).width, pickle.loads(pickle.dumps(nn.Linear(2, 3))).out_features) == (3, 3)
    assert Named({"a": 1}, b=2) == {"a": 1, "b": 2}
    assert (Both(start=5).count, Later(depth=2).depth, Abstract().training) == (5, 2, True)
    assert not inspect.signature(nn.Module).parameters
    assert list(inspect.signature(optim.SGD).parameters)[:2] == ["params", "lr"]
    for wrong in (lambda: nn.Linear(3, 2, biass=False), lambda: nn.Linear(1, 2, 3, 4, 5, 6), lambda: nn.Tanh(3)):
        with pytest.raises(TypeError, match=r"'biass'|positional arguments|Tanh\(\) takes no arguments"):
            wrong()


def test_switches_that_nothing_looks_at_keep_what_was_set():
    from tinytorch import backends

    before = backends.cuda.matmul.allow_tf32
    backends.cuda.matmul.allow_tf32 = True
    assert backends.cuda.matmul.allow_tf32 is True and backends.cudnn.version() is None
    backends.cuda.matmul.allow_tf32 = before
