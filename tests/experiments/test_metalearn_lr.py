"""The learned learning rate: its slope is right, and the initial weights are PyTorch's."""

import numpy as np
import pytest

from tinytorch import datasets, tensor
from tinytorch.autograd import grad
from tinytorch.experiments import metalearn_lr


def test_the_slope_through_a_training_is_what_differences_say():
    x, y = datasets.mnist1d()[0].tensors
    x = x.flatten(1).double()
    weights = [weight.double() for weight in metalearn_lr.drawn_as_pytorch_does(0, [(40, 5), (5, 10)])]

    def loss(rate):
        return metalearn_lr.unrolled_training(weights, rate, x, y, 6)

    rate = tensor(np.float64(0.7)).requires_grad_()
    (slope,) = grad(loss(rate), [rate])
    step = 1e-5
    above, below = (loss(tensor(np.float64(0.7 + sign * step))).item() for sign in (1, -1))
    assert slope.item() == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_the_initial_weights_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(7)
    layers = torch.nn.Linear(40, 50), torch.nn.Linear(50, 10)
    theirs = [p.detach().numpy() for layer in layers for p in layer.parameters()]
    for ours, its in zip(metalearn_lr.drawn_as_pytorch_does(7, [(40, 50), (50, 10)]), theirs, strict=True):
        assert ours.array.dtype == its.dtype and np.abs(ours.array - its).max() < 3e-8
