"""What types say of a script with a misspelled name or keyword: each is told before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).resolve().parents[1]

RIGHT = """
import tinytorch as torch
from tinytorch import nn
from tinytorch.autograd import no_grad
from tinytorch.data import DataLoader
from tinytorch.layers import Linear, Module, Parameter
from tinytorch.optimizers import SGD
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor


class Net(Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter([1.0])


net, x = Net(), Tensor([1.0])
layer, again = Linear(3, 2, bias=False), nn.Linear(3, 2, bias=False)
optimizer = SGD(net.parameters(), nesterov=True, momentum=0.9, foreach=True, fused=None, capturable=False)
loader = DataLoader([1, 2], batch_size=2, pin_memory=True, worker_init_fn=None)
save(net.state_dict(), "model.pt", pickle_protocol=4)
load("model.pt", encoding="latin1", mmap=True)
"""

WRONG = {  # each line, and a word of what is said of it
    "from tinytorch.autograd import Functoin": "Functoin",
    "from tinytorch.cuda import is_availble": "is_availble",
    "from tinytorch.testing import gradchek": "gradchek",
    "from tinytorch.datasets import mnst": "mnst",
    "net.wieght": "wieght",
    "x.relo()": "relo",
    "optimizer.stepp()": "stepp",
    "Linear(3, 2, biass=False)": "biass",
    "SGD(net.parameters(), nestrov=True)": "nestrov",
    "SGD(net.parameters(), capturable=True)": "capturable",
    "DataLoader([1, 2], batchsize=2)": "batchsize",
    'DataLoader([1, 2], prefetch_factor="two")': "prefetch_factor",
    'save(x, "model.pt", pickle_protcol=4)': "pickle_protcol",
    'load("model.pt", map_locaton="cpu")': "map_locaton",
}


def test_each_mistake_is_told_and_nothing_else(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    lines = [*RIGHT.strip().splitlines(), *WRONG]
    (tmp_path / "script.py").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "script.py"]
    command += ["--cache-dir", str(tmp_path / "cache"), "--config-file", ""]
    environment = {**os.environ, "MYPYPATH": str(LIBRARY)}
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    errors = {}
    for line in said.splitlines():
        place, _, message = line.partition(": error: ")
        if message:
            errors[lines[int(place.split(":")[1]) - 1]] = message
    assert set(errors) == set(WRONG), said
    assert not {line: errors[line] for line, word in WRONG.items() if word not in errors[line]}
