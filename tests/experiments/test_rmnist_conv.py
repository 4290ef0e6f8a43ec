"""Training sets made of few images, and the ensemble."""

import numpy as np
import pytest

from tinytorch.creation import tensor
from tinytorch.data import TensorDataset
from tinytorch.experiments import rmnist_conv as conv
from tinytorch.experiments.face import Result, Results, Run


def test_each_training_set_is_made_of_the_few():
    few = TensorDataset(tensor(np.eye(28, dtype=np.float32).reshape(1, 1, 28, 28)), tensor([7]))
    sizes = {name: len(make(few)) for name, make in conv.MORE.items()}
    assert sizes == {"plain": 1, "shift 1": 9, "shift 2": 25, "jitter": 9, "turned": 9}
    assert all(set(make(few).tensors[1].tolist()) == {7} for make in conv.MORE.values())


@pytest.mark.parametrize("network", [conv.essay_network, conv.modern_network])
def test_networks_take_images_to_ten_classes(network):
    assert network()(tensor(np.zeros((2, 1, 28, 28), np.float32))).shape == (2, 10)


def test_an_ensemble_says_what_its_members_say_together(with_small_data):
    labels = conv.datasets.rmnist(1, draw="figure")[1].tensors[1].array
    right = np.eye(10)[labels]
    unsure, sure = 0.6 * right + 0.4 * np.roll(right, 1, 1), 0.1 * right + 0.9 * np.roll(right, 1, 1)

    def results(*members):
        config = {"training": "modern, elastic", "n": 1}
        return Results(Result(Run(config, seed), {"sureness": s}, 1.0) for seed, s in enumerate(members))

    assert conv.ensemble(results(unsure, sure), 1) == [0.0]
    assert conv.ensemble(results(unsure, unsure, sure), 1) == [100.0 * (0.6 * 2 + 0.1 > 0.4 * 2 + 0.9)]
    assert conv.ensemble(results(unsure, unsure), 1) == [100.0]
    assert conv.ensemble(results(unsure), 1) == []
