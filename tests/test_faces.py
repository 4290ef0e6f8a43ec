"""What the faces must do: have the names where a PyTorch user looks, each the very object of its home, loaded when it is used."""

import importlib
import importlib.util
import math
import pickle
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinytorch
from tinytorch import _lazy
from tinytorch._lazy import NEAREST, face

FACES = [
    "",
    "backends",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.utils",
    "optim",
    "optim.lr_scheduler",
    "utils",
    "utils.data",
]

OURS = {  # what PyTorch does not have
    "": {"apply", "datasets", "evaluate", "fit", "training", "viz"},
    "optim.lr_scheduler": {
        *("constant", "cosine", "exponential", "linear", "multi_step", "one_cycle", "one_cycle_momentum", "step_decay"),
    },
}

PROMISED = {  # what scripts may count on
    "": """Tensor tensor zeros ones full arange linspace eye rand randn randint from_numpy manual_seed zeros_like ones_like
        full_like rand_like randn_like empty empty_like randperm as_tensor is_tensor Generator no_grad enable_grad
        set_grad_enabled is_grad_enabled autograd nn optim utils cuda device save load float16 float32 float64 int8 int16
        int32 int64 uint8 bool half float double short int long inf nan pi add sub mul div neg pow abs sqrt exp log tanh
        sigmoid relu maximum minimum clamp where matmul sum mean var std max min amax amin argmax argmin logsumexp
        log_softmax softmax reshape flatten transpose permute squeeze unsqueeze gather cat stack split roll flip
        broadcast_to norm allclose equal isnan sin cos masked_fill chunk unbind inference_mode""",
    "nn": """Module Parameter Linear Identity Flatten Sequential ModuleList ModuleDict ReLU LeakyReLU ELU GELU SiLU Softplus
        Tanh Sigmoid LogSigmoid Softmax LogSoftmax MSELoss L1Loss NLLLoss CrossEntropyLoss BCELoss BCEWithLogitsLoss Embedding Conv1d Conv2d
        MaxPool1d MaxPool2d AvgPool1d AvgPool2d LPPool1d LPPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d
        AdaptiveMaxPool2d Dropout Dropout1d Dropout2d BatchNorm1d BatchNorm2d LayerNorm GRU functional init utils""",
    "nn.functional": """relu leaky_relu elu gelu silu softplus tanh sigmoid logsigmoid softmax log_softmax linear pad normalize
        one_hot mse_loss l1_loss nll_loss cross_entropy binary_cross_entropy_with_logits conv1d conv2d unfold fold max_pool1d
        max_pool2d avg_pool1d avg_pool2d lp_pool1d lp_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d
        embedding binary_cross_entropy adaptive_max_pool2d batch_norm layer_norm dropout dropout1d dropout2d""",
    "nn.init": """uniform_ normal_ constant_ zeros_ ones_ kaiming_uniform_ kaiming_normal_ xavier_uniform_ xavier_normal_
        calculate_gain""",
    "nn.utils": "clip_grad_norm_ clip_grad_value_",
    "optim": "SGD RMSprop Adam AdamW Optimizer lr_scheduler",
    "optim.lr_scheduler": "StepLR MultiStepLR ExponentialLR CosineAnnealingLR OneCycleLR LambdaLR LRScheduler ReduceLROnPlateau",
    "utils": "data",
    "utils.data": "Dataset TensorDataset Subset ConcatDataset DataLoader random_split default_collate",
    "autograd": "grad backward no_grad enable_grad set_grad_enabled",
    "accelerator": "current_accelerator device_count is_available",
    "backends": "cuda cudnn mps",
    "backends.cuda": "is_built matmul",
    "backends.cudnn": "allow_tf32 benchmark deterministic enabled is_available version",
    "backends.mps": "is_available is_built",
    "cuda": "device_count empty_cache is_available is_initialized manual_seed manual_seed_all max_memory_allocated memory_allocated",
}

every_face = pytest.mark.parametrize("name", FACES)


def module(name, package="tinytorch"):
    return importlib.import_module(f"{package}.{name}" if name else package)


def fresh(code):
    """What a fresh process prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def homes():
    """The modules in which things are defined, all of the library but the faces."""
    faces = {module(name) for name in FACES}
    return [m for name, m in sys.modules.items() if name.startswith("tinytorch.") and m not in faces]


# Every name


@every_face
def test_every_name_of_a_face_is_the_object_of_its_home(name):
    package = module(name)
    values = {one: getattr(package, one) for one in package.__all__ if not one.startswith("__")}
    defined = {id(value) for home in [*homes(), math] for value in vars(home).values()}
    defined |= {id(m) for m in sys.modules.values()}
    assert not [one for one, value in values.items() if id(value) not in defined]


@every_face
def test_a_face_lists_what_it_has(name):
    package = module(name)
    assert len(set(package.__all__)) == len(package.__all__)
    assert set(package.__all__) - {"__version__"} <= set(dir(package))


@pytest.mark.parametrize("name", PROMISED)
def test_what_was_promised_is_there(name):
    missing = [one for one in PROMISED[name].split() if not hasattr(module(name), one)]
    assert not missing


@every_face
def test_names_stand_where_a_pytorch_user_looks(name):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = module(name, "torch")
    strangers = {one for one in module(name).__all__ if not hasattr(theirs, one)}
    assert strangers == OURS.get(name, set())


def test_classes_and_functions_are_each_others_in_both_libraries():
    """A class stands for a class, a function for a function, a module for a module."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    for name in FACES:
        for one in set(module(name).__all__) - OURS.get(name, set()):
            ours, theirs = getattr(module(name), one), getattr(module(name, "torch"), one)
            assert isinstance(ours, type) == isinstance(theirs, type), one
            assert callable(ours) == callable(theirs), one


@pytest.mark.parametrize(
    ("name", "wrong", "nearest"),
    [
        ("", "tensr", "tensor"),
        ("", "manual_sed", "manual_seed"),
        ("", "optimm", "optim"),
        ("nn", "Linaer", "Linear"),
        ("nn", "Conv2dd", "Conv2d"),
        ("nn.functional", "crossentropy", "cross_entropy"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name, wrong, nearest):
    package = module(name)
    with pytest.raises(AttributeError) as raised:
        getattr(package, wrong)
    message = str(raised.value)
    assert message.startswith(f"{package.__name__} has no {wrong!r}; the nearest it has: ") and nearest in message
    assert not hasattr(package, wrong)


def test_a_name_like_nothing_is_answered_without_a_guess():
    with pytest.raises(AttributeError, match=r"^tinytorch has no 'zzzzzzzzzz'$"):
        tinytorch.zzzzzzzzzz  # noqa: B018
    with pytest.raises(AttributeError, match=r"^tinytorch has no '__any__'$"):  # what Python asks for is no mistake
        tinytorch.__any__  # noqa: B018


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("from tinytorch.nn import LSTM", "tinytorch.nn has no 'LSTM'; the nearest there is: GRU"),
        ("from tinytorch import nn, bmm", "tinytorch has no 'bmm'; the nearest there is: matmul, sum and unsqueeze"),
        ("from tinytorch.nn.functional import huber_loss", "tinytorch.nn.functional has no 'huber_loss'; .*MSELoss"),
        ("from tinytorch.utils.data import DataLoadr", "tinytorch.utils.data has no 'DataLoadr'; .* DataLoader"),
        ("from tinytorch.optim.lr_scheduler import StepLRR", "tinytorch.optim.lr_scheduler has no 'StepLRR'; .*StepLR"),
        (
            "from tinytorch.utils.data import WeightedRandomSampler",
            "tinytorch.utils.data has no .*; the nearest there is: Subset",
        ),
        ("from tinytorch import backends, numel", "tinytorch has no .numel.; the nearest there is: Tensor.numel"),
        ("from tinytorch.optim import Adagrad", "tinytorch.optim has no 'Adagrad'; the nearest there is: SGD"),
    ],
)
def test_an_import_of_an_unknown_name_is_answered_with_the_nearest(code, sentence):
    with pytest.raises(ImportError, match=f"^{sentence}"):
        exec(code)


def test_modules_that_no_face_lists_can_be_imported_by_name():
    assert fresh("from tinytorch import init, augmentation\nprint(init.__name__, augmentation.__name__)") == (
        "tinytorch.init tinytorch.augmentation\n"
    )
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tinytorch.nn.functional.nothing")


def test_finders_are_asked_for_modules_that_are_not_there():
    assert importlib.util.find_spec("tinytorch.layers").name == "tinytorch.layers"
    with pytest.raises(ModuleNotFoundError, match="tinytorch has no 'jit'; the nearest there is"):
        importlib.util.find_spec("tinytorch.jit")
    for finder in sys.meta_path:
        assert finder.find_spec("tinytorch.nothing_imported.jit", []) is None


def test_what_a_class_release_has_not_yet_comes_with_a_later_module(monkeypatch):
    assert _lazy.left_out() == []
    monkeypatch.setattr(_lazy, "COURSE", ("ops", "autograd", "later", "latest"))
    monkeypatch.setattr(_lazy, "_homes", {"tinytorch.beside_later"})
    assert _lazy.left_out() == [3, 4]
    for code in ("import tinytorch.beside_later", "from tinytorch import beside_later"):
        with pytest.raises(
            ModuleNotFoundError, match=r"^tinytorch.beside_later is not in this release: .* module 03 or"
        ):
            exec(code)
    with pytest.raises(ModuleNotFoundError, match="^tinytorch has no 'jit'; the nearest there is"):
        importlib.import_module("tinytorch.jit")


def test_who_takes_everything_from_a_module_takes_nothing_of_how_it_answers():
    for name in ("accelerator", "autograd", "backends.cuda", "backends.cudnn", "cuda", "datasets", "testing"):
        scope = {}
        exec(f"from tinytorch.{name} import *", scope)
        assert "lacks" not in scope and len(scope) > 3, name


def test_a_method_that_there_is_not_is_answered_with_the_nearest():
    x = tinytorch.ones(3)
    with pytest.raises(AttributeError, match=r"^Tensor has no 'topk'; the nearest there is: max, argmax"):
        x.topk(2)
    with pytest.raises(AttributeError, match=r"^Tensor has no 'sume'; the nearest it has: sum") as raised:
        x.sume()
    assert (raised.value.name, raised.value.obj) == ("sume", x)
    with pytest.raises(AttributeError, match=r"^Tensor has no '__cuda_array_interface__'$"):
        x.__cuda_array_interface__  # noqa: B018
    assert not hasattr(x, "names")


def test_the_nearest_that_is_told_for_pytorchs_names_is_there_and_they_are_not():
    ours = {name for face in FACES for name in [*dir(module(face)), *module(face).__all__]}
    ours |= {*dir(tinytorch.Tensor), *dir(tinytorch.nn.Module), *dir(tinytorch.optim.lr_scheduler.LRScheduler)}
    in_one_place = {  # as a module, types and methods, and asked for in another
        *("cuda", "dtype", "functional", "half", "is_floating_point", "modules", "mps", "numel", "short"),
    }
    listed = [line.partition(": ") for line in NEAREST.strip().splitlines()]
    for theirs, _, told in listed:
        assert not set(theirs.split()) & (ours - in_one_place), theirs
        assert any(re.sub(r"\W", "", word) in ours for part in told.split() for word in part.split(".")), told
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    places = [
        torch,
        torch.nn,
        torch.nn.functional,
        torch.optim,
        torch.Tensor,
        torch.cuda,
        torch.amp,
        torch.linalg,
        torch.backends,
        torch.testing,
        torch.autograd,
        torch.nn.Module,
        torch.optim.Optimizer,
        torch.nn.init,
        torch.nn.utils,
        torch.optim.lr_scheduler,
        torch.utils,
        torch.utils.data,
    ]
    elsewhere = {  # of torchvision and torchaudio, modules that are imported by name, and keywords
        *(
            "CIFAR10",
            "CIFAR100",
            "FashionMNIST",
            "ImageFolder",
            "MNIST",
            "models",
            "torchaudio",
            "torchvision",
            "transforms",
        ),
        *("cpp_extension", "model_zoo", "prune", "tensorboard", "vision", "capturable", "differentiable"),
    }
    unknown = {name for theirs, _, _ in listed for name in theirs.split() if not any(hasattr(p, name) for p in places)}
    assert unknown <= elsewhere


def test_the_function_tensor_is_not_hidden_by_the_module_of_its_name():
    for first in (
        "import tinytorch.tensor",
        "from tinytorch.tensor import Tensor",
        "import tinytorch.nn, tinytorch.layers",
    ):
        assert fresh(f"{first}\nimport tinytorch\nprint(tinytorch.tensor([1, 2]).tolist())") == "[1, 2]\n"
    assert tinytorch.tensor is importlib.import_module("tinytorch.creation").tensor
    assert importlib.import_module("tinytorch.tensor").Tensor is tinytorch.Tensor


def test_what_a_face_gives_can_be_pickled_by_name():
    for value in (tinytorch.nn.Linear, tinytorch.nn.functional.cross_entropy, tinytorch.optim.SGD, tinytorch.tensor):
        assert pickle.loads(pickle.dumps(value)) is value


# The mechanism


def test_a_face_loads_a_name_when_it_is_asked_for_and_keeps_it(monkeypatch):
    package = type(sys)("a_face")
    monkeypatch.setitem(sys.modules, "a_face", package)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    load, names, everything = face("a_face", {"colorsys": "rgb_to_hsv back=hsv_to_rgb", "math": "pi"})
    assert names() == everything == ["back", "pi", "rgb_to_hsv"]
    assert load("pi") == math.pi and package.pi == math.pi
    assert "colorsys" not in sys.modules
    assert load("back") is sys.modules["colorsys"].hsv_to_rgb is package.back
    with pytest.raises(AttributeError):
        load("hsv_to_rgb")  # it is called back here


def test_a_name_that_its_home_lacks_is_not_hidden(monkeypatch):
    monkeypatch.setitem(sys.modules, "a_face", type(sys)("a_face"))
    load, _, _ = face("a_face", {"math": "no_such_thing"})
    with pytest.raises(AttributeError, match="no_such_thing"):
        load("no_such_thing")


# What is loaded when


LOADED = "import sys; print(*sorted(m for m in sys.modules if m.startswith('tinytorch')))"


def loaded_by(code):
    return set(fresh(f"{code}\n{LOADED}").split())


def test_importing_the_package_loads_next_to_nothing():
    assert loaded_by("import tinytorch") <= {"tinytorch", "tinytorch._lazy", "tinytorch._threads"}


def test_a_tensor_needs_no_layers_and_a_layer_no_training():
    core = {
        f"tinytorch.{name}"
        for name in (
            "_lazy",
            "_threads",
            "autograd",
            "changes",
            "creation",
            "dtypes",
            "generator",
            "methods",
            "ops",
            "tensor",
        )
    }
    assert loaded_by("import tinytorch; tinytorch.tensor([1.0])") == {"tinytorch", *core}
    layers = loaded_by("import tinytorch; tinytorch.nn.Linear(1, 1)")
    assert "tinytorch.layers" in layers
    assert not layers & {
        f"tinytorch.{name}" for name in ("training", "data", "datasets", "losses", "conv", "optimizers")
    }


def third_party(code):
    """The packages beyond Python's own that a piece of code loads, without what the interpreter starts with."""
    listing = "import sys; print(*{m.partition('.')[0] for m in sys.modules})"
    before, after = set(fresh(listing).split()), set(fresh(f"{code}\n{listing}").split())
    return {name for name in after - before if name not in sys.stdlib_module_names}


def test_nothing_but_numpy_is_needed():
    everything = f"import importlib\nfor name in {FACES + ['autograd', 'cuda', 'testing', 'datasets']}:\n"
    everything += "    m = importlib.import_module('tinytorch' + '.' * bool(name) + name)\n"
    everything += "    [getattr(m, one) for one in getattr(m, '__all__', [])]"
    assert third_party(everything) - third_party("import numpy.random") == {"tinytorch"}
    assert third_party("import tinytorch") == {"tinytorch"}


def test_an_older_python_is_told_in_a_sentence():
    old = "import sys\nsys.version_info, sys.version = (3, 10, 13), '3.10.13 (main)'\n"
    code = f"{old}try:\n    import tinytorch\nexcept ImportError as error:\n    print(error)"
    assert fresh(code).strip() == "tinytorch needs Python 3.11 or newer, and this is 3.10.13"


def test_that_oracle_sees_another_package():
    assert "hypothesis" in third_party("import tinytorch, hypothesis")


# The rest of what scripts ask for


def test_there_is_no_gpu_and_the_cpu_is_called_by_its_name():
    assert tinytorch.cuda.is_available() is False and tinytorch.cuda.device_count() == 0
    tinytorch.cuda.manual_seed_all(0)
    tinytorch.cuda.manual_seed(0)
    tinytorch.cuda.empty_cache()
    assert tinytorch.accelerator.is_available() is False and tinytorch.accelerator.device_count() == 0
    assert tinytorch.accelerator.current_accelerator() is tinytorch.accelerator.current_accelerator(True) is None
    assert not tinytorch.backends.cudnn.is_available() and not tinytorch.backends.cudnn.enabled
    assert not tinytorch.backends.mps.is_available() and not tinytorch.backends.mps.is_built()
    device = tinytorch.device("cuda" if tinytorch.cuda.is_available() else "cpu")
    assert (str(device), repr(device)) == ("cpu", "device(type='cpu')")
    with pytest.raises(RuntimeError, match="computes on the cpu, and has no device 'cuda'"):
        tinytorch.device("cuda")


def test_data_types_have_pytorchs_names():
    pairs = {
        "half": "float16",
        "float": "float32",
        "double": "float64",
        "short": "int16",
        "int": "int32",
        "long": "int64",
    }
    for short, name in pairs.items():
        assert getattr(tinytorch, short) is getattr(tinytorch, name) == np.dtype(name)
    assert tinytorch.bool == np.bool_ and tinytorch.uint8 == np.uint8 and tinytorch.int8 == np.int8
    assert (tinytorch.pi, tinytorch.inf) == (math.pi, math.inf) and tinytorch.nan != tinytorch.nan


SCRIPT = """
import {name} as torch
import {name}.nn as nn
import {name}.nn.functional as F
from {name} import optim
from {name}.optim.lr_scheduler import StepLR
from {name}.nn.utils import clip_grad_norm_
from {name}.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2)
        self.drop = nn.Dropout(0.0)
        self.fc = nn.Linear(4 * 3 * 3, 5)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.conv(x))))
        return self.fc(self.drop(torch.flatten(x, 1)))


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = Net().to(device)
model.load_state_dict({{key: torch.tensor(value) for key, value in weights.items()}})
optimizer = optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-4)
scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
loader = DataLoader(TensorDataset(torch.tensor(images), torch.tensor(labels)), batch_size=8, shuffle=False)
history = []
for epoch in range(3):
    model.train()
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        history.append(loss.item())
    scheduler.step()
model.eval()
with torch.no_grad():
    logits = model(torch.tensor(images))
    accuracy = (logits.argmax(dim=1) == torch.tensor(labels)).float().mean().item()
result = history, logits.numpy(), accuracy
"""


def run_script(name, weights, path):
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(24, 1, 6, 6)).astype(np.float32), rng.integers(0, 5, 24).astype(np.int64)
    scope = {"images": images, "labels": labels, "weights": weights}
    path.write_text(SCRIPT.format(name=name), encoding="utf-8")
    return runpy.run_path(str(path), scope)["result"]


def test_a_pytorch_script_gives_the_same_numbers_when_only_its_imports_change(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(1)
    shapes = {"conv.weight": (4, 1, 3, 3), "conv.bias": (4,), "fc.weight": (5, 36), "fc.bias": (5,)}
    weights = {name: 0.2 * rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {"norm.weight": np.ones(4, np.float32), "norm.bias": np.zeros(4, np.float32)}
    weights |= {"norm.running_mean": np.zeros(4, np.float32), "norm.running_var": np.ones(4, np.float32)}
    weights["norm.num_batches_tracked"] = np.array(0)
    ours, theirs = (run_script(name, weights, tmp_path / "script.py") for name in ("tinytorch", "torch"))
    for a, b in zip(ours, theirs, strict=True):
        assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    assert ours[0][-1] < ours[0][0]
