"""What the page for those who know PyTorch says of both sides: what is missing here, and what differs without a word."""

import operator
import re
import warnings
from contextlib import nullcontext
from pathlib import Path

import pytest

import tinytorch
from tests.oracles import torch_or_skip

PAGE = Path(__file__).resolve().parents[2] / "book" / "pytorch.md"


def test_what_is_not_there_is_not_there():
    section = PAGE.read_text(encoding="utf-8").partition("## What is not there")[2]
    listed = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", section, re.M)
    assert len(listed) == 11
    for of, names in listed:
        home = operator.attrgetter(of.removeprefix("torch"))(tinytorch) if of != "torch" else tinytorch
        missing = re.findall(r"`(\w+)`", names)
        assert missing and [name for name in missing if hasattr(home, name)] == [], of


def test_what_differs_without_a_word_differs():
    torch = torch_or_skip()
    for pairs, kind, error in ((tinytorch, tuple, None), (torch, list, RuntimeError)):
        with pytest.raises(error) if error else nullcontext():
            assert pairs.ones(2, 3).t().view(6).shape == (6,)
        for divided in (operator.floordiv, operator.mod):
            with pytest.raises(error) if error else pytest.warns(RuntimeWarning, match="divide by zero"):
                assert divided(pairs.tensor([3]), 0).tolist() == [0]
        collated = pairs.utils.data.default_collate([(1.0, 2), (2.0, 3)])
        assert type(collated) is kind
        assert collated[0].dtype == (pairs.float64 if error else pairs.float32)
        without = type("Net", (pairs.nn.Module,), {"__init__": lambda self, nn=pairs.nn: setattr(self, "l", nn.Tanh())})
        with pytest.raises(AttributeError) if error else nullcontext():
            without()
        optimizer = pairs.optim.SGD(pairs.nn.Linear(2, 2).parameters(), lr=0.1)
        scheduler = pairs.optim.lr_scheduler.StepLR(optimizer, 1)
        with pytest.warns(UserWarning, match="before") if error else warnings.catch_warnings():
            warnings.simplefilter("always" if error else "error")
            scheduler.step()
