"""What the moving figures show is what the library computes: traces.py beside the library, number by number."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinytorch as torch
from tinytorch import nn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def traces():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "book"))
        yield importlib.import_module("traces")


def test_the_last_stage_of_a_signal_is_what_the_generator_makes(traces):
    found = traces.signals(per_class=3)
    last = np.array([[stages[-1] for stages in examples] for examples in found["examples"]])  # (10, 3, 40)
    generator = traces._script("mnist1d", "create_mnist1d")
    made = generator.make_dataset(num_samples=30, train_split=1, seed=traces.SEED_OF_SIGNALS)
    seen = (last - last.mean()) / last.std()
    for digit in range(10):
        apart = abs(seen[digit][:, None] - made["x"][made["y"] == digit]).max(-1)  # (3, 3)
        assert sorted(apart.argmin(1)) == [0, 1, 2] and apart.min(1).max() < 5e-3  # three decimals are kept


def test_each_stage_of_a_signal_differs_from_the_one_before(traces):
    found = traces.signals(per_class=1)
    assert all(len(stages) == len(found["names"]) for (stages,) in found["examples"])
    assert all(
        before != after for (stages,) in found["examples"] for before, after in zip(stages, stages[1:], strict=False)
    )


def test_the_convolution_adds_up_to_what_autograd_finds(traces):
    shown = {name: np.array(values) for name, values in traces.convolution().items()}
    x, kernel = (torch.tensor(shown[n]).float().reshape(1, 1, *shown[n].shape) for n in ("image", "kernel"))
    x.requires_grad_()
    y = nn.functional.conv2d(x, kernel)
    y.backward(torch.tensor(shown["g"]).float().reshape(1, 1, 3, 3))
    assert_allclose(shown["output"], y.detach().numpy()[0, 0])
    assert_allclose(shown["columns"].T @ shown["kernel"].reshape(9), shown["output"].reshape(9))
    assert_allclose(shown["dx"], x.grad.numpy()[0, 0])
    assert_allclose(shown["summed"][9], shown["dx"])
    for window in range(9):  # of 3 x 3 places
        i, j = divmod(window, 3)
        added = shown["summed"][window + 1] - shown["summed"][window]
        assert_allclose(added[i : i + 3, j : j + 3], shown["kernel"] * shown["g"][i, j])
        assert_allclose(added.sum(), added[i : i + 3, j : j + 3].sum())
        assert_allclose(shown["dcolumns"][:, window].reshape(3, 3), shown["kernel"] * shown["g"][i, j])


def test_the_graph_holds_what_autograd_finds(traces):
    shown = traces.graph()
    w, b = (torch.tensor(shown["nodes"][name]["value"], requires_grad=True) for name in "wb")
    e = (w * shown["nodes"]["x"]["value"] + b).tanh() - shown["nodes"]["t"]["value"]
    (e * e).backward()
    for name, tensor in (("w", w), ("b", b)):
        arrived = sum(sent["gradient"] for call in shown["calls"] for sent in call["inputs"] if sent["to"] == name)
        assert_allclose([arrived, shown["nodes"][name]["gradient"]], tensor.grad.item(), atol=1e-3)


def test_broadcasting_is_undone_as_autograd_undoes_it(traces):
    for example in traces.broadcasting():
        shape = example["shapes"][2]
        g = np.array(example["g"]).reshape(shape)
        for of, own in zip("ab", example["shapes"], strict=False):
            missing = tuple(range(len(shape) - len(own)))
            kept = tuple(i for i in range(-len(own), 0) if own[i] == 1 and shape[i] != 1)
            expected = g.sum(missing).sum(kept, keepdims=True) if kept else g.sum(missing)
            assert_allclose(np.ravel(example[f"g{of}"]), np.ravel(expected))
