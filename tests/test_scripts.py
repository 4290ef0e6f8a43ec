"""Ordinary scripts for PyTorch run when only their imports change, and give the same losses from the same weights."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinytorch
from tinytorch import Tensor

HERE = Path(__file__).parent / "scripts"
SCRIPTS = sorted(path.stem for path in HERE.glob("*.py"))
STEPS = 50  # at least, in each
TOLERANCE = 1e-4

IMPORTS = [
    (r"^(\s*)import torch$", r"\1import tinytorch as torch"),
    (r"^(\s*)import torch\.utils\.data$", r"\1import tinytorch.utils.data"),
    (r"^(\s*)import torch\.([\w.]+) as", r"\1import tinytorch.\2 as"),
    (r"^(\s*)from torch\b", r"\1from tinytorch"),
]


def with_our_imports(text):
    for theirs, ours in IMPORTS:
        text = re.sub(theirs, ours, text, flags=re.MULTILINE)
    return text


def task():
    """Small data of every kind that the scripts take, the same for both."""
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 5, 60)
    features = rng.normal(size=(60, 20)) + 0.8 * labels[:, None] * rng.normal(size=20)
    return {
        "features": features.astype(np.float32),
        "labels": labels.astype(np.int64),
        "targets": (features @ rng.normal(size=20) / 5).astype(np.float32),
        "images": (rng.normal(size=(60, 1, 8, 8)) + 0.3 * labels[:, None, None, None]).astype(np.float32),
        "signals": (rng.normal(size=(60, 1, 16)) + 0.3 * labels[:, None, None]).astype(np.float32),
        "tokens": rng.integers(0, 12, (60, 9)).astype(np.int64),
        "noise": rng.normal(size=(60, 20, 4)).astype(np.float32),
        "uniform": rng.uniform(size=(60, 30)).astype(np.float32),
    }


def same_weights(framework):
    """A function that writes the same numbers into the parameters of either framework, as large as they are in a new network."""

    def write(target):
        rng = np.random.default_rng(3)
        for p in target if isinstance(target, list) else list(target.parameters()):
            drawn = rng.uniform(-1, 1, tuple(p.shape)) / np.sqrt(p.shape[-1] if p.ndim > 1 else 16)
            p.data.copy_(framework.from_numpy(drawn.astype(np.float32)))

    return write


def run(name, framework, tmp_path):
    """The losses of a script and what else it leaves, as arrays."""
    text = (HERE / f"{name}.py").read_text(encoding="utf-8")
    path = tmp_path / f"{name}_{framework.__name__}.py"
    path.write_text(with_our_imports(text) if framework is tinytorch else text, encoding="utf-8")
    left = runpy.run_path(str(path), {"data": task(), "same_weights": same_weights(framework)})
    return left["losses"], {key: plain(value) for key, value in left["results"].items()}


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.detach().numpy() if hasattr(value, "detach") else value


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # PyTorch's, of float(loss)
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_gives_the_same_losses_when_only_its_imports_change(name, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours, results = run(name, tinytorch, tmp_path)
    theirs, expected = run(name, torch, tmp_path)
    assert len(ours) == len(theirs) >= STEPS
    assert all(isinstance(loss, float) for loss in ours)
    assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
    assert np.mean(ours[-10:]) < np.mean(ours[:10])
    assert results.keys() == expected.keys()
    for key, value in expected.items():
        same(results[key], value, key)


def same(ours, theirs, key):
    if isinstance(theirs, (list, tuple)) and any(isinstance(one, (str, np.ndarray)) for one in theirs):
        assert len(ours) == len(theirs), key
        for a, b in zip(ours, theirs, strict=True):
            same(a, b, key)
    elif isinstance(theirs, (str, bool)):
        assert ours == theirs, key
    else:
        assert_allclose(ours, theirs, rtol=10 * TOLERANCE, atol=10 * TOLERANCE, err_msg=key)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_without_pytorch(name, tmp_path):
    losses, _ = run(name, tinytorch, tmp_path)
    assert len(losses) >= STEPS and np.isfinite(losses).all() and losses[-1] < losses[0]


def test_there_are_a_dozen_scripts_and_only_imports_are_changed():
    assert len(SCRIPTS) >= 12
    for name in SCRIPTS:
        text = (HERE / f"{name}.py").read_text(encoding="utf-8")
        lines = zip(text.splitlines(), with_our_imports(text).splitlines(), strict=True)
        changed = [before for before, after in lines if before != after]
        assert changed and all(re.match(r"\s*(from|import) torch", line) for line in changed)
        assert not re.search(r"^\s*(from|import) torch", with_our_imports(text), re.MULTILINE)


def test_a_loss_that_is_off_is_seen(monkeypatch, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs, _ = run("functional_mlp", torch, tmp_path)
    subtract = Tensor.__isub__
    monkeypatch.setattr(Tensor, "__isub__", lambda self, other: subtract(self, other * 1.01))
    ours, _ = run("functional_mlp", tinytorch, tmp_path)
    assert not np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)
