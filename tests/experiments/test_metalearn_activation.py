"""The learned activation: going back step by step from kept states gives what the graph of the whole training does."""

import numpy as np

from tinytorch import datasets
from tinytorch.autograd import grad
from tinytorch.experiments import metalearn_activation as study
from tinytorch.experiments.metalearn_lr import drawn_as_pytorch_does


def test_the_gradient_from_checkpoints_is_that_of_the_whole_graph(monkeypatch):
    monkeypatch.setattr(study, "COUNTED", 3)
    x, y = datasets.mnist1d()[0].tensors
    x = x.flatten(1).double()
    drawn = [w.double() for w in drawn_as_pytorch_does(0, [(1, 3), (3, 1), (40, 4), (4, 10)])]
    activation, weights = drawn[:4], drawn[4:]
    batches = [study.batch(x, y, i) for i in range(5)]
    noises = [(0, i) for i in range(5)]
    loss, slopes, trained = study.through_training(activation, weights, batches, noises)

    leaves = [study.leaf(a) for a in activation]
    state, losses = study.State([study.leaf(w) for w in weights], [w * 0 + 1 for w in weights]), []
    for examples, noise in zip(batches, noises, strict=True):
        each, state = study.step(state, leaves, examples, noise, create_graph=True)
        losses.append(each)
    whole = sum(losses[-3:], losses[0] * 0) / 3
    assert abs(whole.item() - loss) < 1e-12
    for ours, theirs in zip(slopes, grad(whole, leaves), strict=True):
        np.testing.assert_allclose(ours.array, theirs.array, rtol=1e-9, atol=1e-12)
    for ours, theirs in zip(trained, state.weights, strict=True):
        np.testing.assert_allclose(ours.array, theirs.array, rtol=1e-12)
