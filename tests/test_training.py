"""Training: figures are what they say, a run resumes to the bit, and what goes wrong is said in a sentence."""

import io
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinytorch.training
from tinytorch.creation import Generator, default_generator, manual_seed
from tinytorch.data import Compose, DataLoader, RandomScale, RandomShift, Subset, TensorDataset
from tinytorch.layers import Linear, Module, ReLU, Sequential
from tinytorch.losses import cross_entropy, mse_loss
from tinytorch.optimizers import SGD, Adam, one_cycle
from tinytorch.progress import Progress
from tinytorch.regularization import BatchNorm1d, Dropout
from tinytorch.schedules import ExponentialLR, OneCycleLR, ReduceLROnPlateau, StepLR
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor
from tinytorch.training import (
    Means,
    accuracy,
    evaluate,
    find_generators,
    fit,
    load_checkpoint,
    save_checkpoint,
    training_mode,
)

ROOT = Path(tinytorch.training.__file__).parents[1]


def blobs(n=90, seed=0):
    """Three classes of points in 8 dimensions, easy to tell apart."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 8)) + 4 * np.eye(3, 8)[y]
    return TensorDataset(Tensor(x.astype(np.float32)), Tensor(y))


def classifier(seed=0):
    manual_seed(seed)
    return Sequential(Linear(8, 16), BatchNorm1d(16), ReLU(), Dropout(0.3), Linear(16, 3))


def state_bytes(model):
    return {name: t.array.tobytes() for name, t in model.state_dict().items()}


def quiet(model, train, **options):
    options = {"epochs": 3, "optimizer": SGD(model.parameters(), lr=0.1), "progress": False, **options}
    return fit(model, train, **options)


# What is learned and told


def test_a_network_learns_what_can_be_learned():
    model = classifier()
    history = quiet(model, blobs(), validation=blobs(seed=1), epochs=15)
    assert history[-1]["validation_accuracy"] > 0.95
    assert history.column("loss")[-1] < 0.3 * history.column("loss")[0]


def test_fit_is_the_loop_one_would_write(torch):
    """The same weights, batches and steps as a loop written out, and as PyTorch's."""
    x, y = (t.array for t in blobs(50).tensors)
    model = Sequential(Linear(8, 16), ReLU(), Linear(16, 3))
    theirs = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    theirs.load_state_dict({name: torch.tensor(t.array) for name, t in model.state_dict().items()})
    fit(
        model, DataLoader(blobs(50), 16), epochs=3, clip=0.5, progress=False,
        optimizer=(optimizer := Adam(model.parameters(), lr=0.02)), schedule=ExponentialLR(optimizer, 0.9),
    )  # fmt: skip

    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    for _ in range(3):
        for start in range(0, 50, 16):
            optimizer.zero_grad()
            output = theirs(torch.tensor(x[start : start + 16]))
            torch.nn.functional.cross_entropy(output, torch.tensor(y[start : start + 16])).backward()
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
            optimizer.step()
            schedule.step()
    for name, t in theirs.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[name].array, t.numpy(), atol=2e-6)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def test_a_row_holds_the_figures_of_its_epoch():
    model = classifier()
    optimizer = SGD(model.parameters(), lr=0.1)
    history = quiet(
        model, blobs(), validation=blobs(seed=1), optimizer=optimizer, schedule=StepLR(optimizer, 3, gamma=0.5)
    )
    names = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "lr", "seconds"]
    assert [list(row) for row in history] == [names] * 3
    assert history.column("epoch") == [1, 2, 3]
    assert history.column("lr") == [0.1, 0.05, 0.025]  # three batches of 32 in 90 examples, so three steps an epoch
    measured = evaluate(model, blobs(seed=1))
    assert history[-1]["validation_loss"] == measured["loss"]
    assert history[-1]["validation_accuracy"] == measured["accuracy"]


def test_a_learning_rate_may_be_a_function_of_the_step():
    model = classifier()
    history = quiet(model, blobs(), optimizer=SGD(model.parameters(), lr=one_cycle(0.1, total_steps=9)))
    assert history.column("lr") == [one_cycle(0.1, 9)(step) for step in (0, 3, 6)]


@given(batch_size=st.integers(1, 95))
def test_every_example_counts_the_same_whatever_the_batches(batch_size):
    model = classifier()
    whole = evaluate(model, blobs(), batch_size=1000)
    parts = evaluate(model, DataLoader(blobs(), batch_size))
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    assert parts["accuracy"] == pytest.approx(whole["accuracy"])


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples():
    model = Sequential(Linear(8, 3))
    frozen = SGD(model.parameters(), lr=0.0)
    row = quiet(model, blobs(), optimizer=frozen, batch_size=40, epochs=1)[0]
    assert row["loss"] == pytest.approx(evaluate(model, blobs())["loss"], rel=1e-5)
    assert row["accuracy"] == pytest.approx(evaluate(model, blobs())["accuracy"])


def test_means_weigh_batches_by_their_examples():
    means = Means()
    means.add(3, {"loss": 1.0})
    means.add(1, {"loss": 5.0})
    assert means.values() == {"loss": 2.0} and means.count == 4


def test_accuracy_counts_the_largest_outputs_that_are_the_targets():
    output = Tensor(np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]))
    assert accuracy(output, Tensor(np.array([1, 0, 0, 0]))) == 0.75
    everywhere = Tensor(np.moveaxis(np.eye(3)[np.array([[0, 1], [2, 0]])], -1, 1))  # (2, 3, 2)
    assert accuracy(everywhere, Tensor(np.array([[0, 1], [2, 2]]))) == 0.75
    with pytest.raises(ValueError, match=re.escape("got shapes (4, 2) and (4, 1)")):
        accuracy(output, Tensor(np.ones((4, 1), np.int64)))


def test_metrics_are_accuracy_for_classes_and_what_is_asked_for_otherwise():
    x, _ = blobs().tensors
    model = Sequential(Linear(8, 8))
    assert set(evaluate(model, TensorDataset(x, x), loss=mse_loss)) == {"loss"}
    assert set(evaluate(model, blobs())) == {"loss", "accuracy"}
    assert set(evaluate(model, blobs(), metrics={})) == {"loss"}

    def largest(output, target):
        assert not (output * 1).requires_grad
        return output.array.max()

    metrics = {"largest": largest}
    row = quiet(model, TensorDataset(x, x), loss=mse_loss, validation=TensorDataset(x, x), metrics=metrics)[-1]
    assert row["validation_largest"] == pytest.approx(model(x).array.max())
    assert {"largest", "validation_largest", "loss", "validation_loss"} < set(row) and "accuracy" not in row


class Noted(Module):
    """Notes the mode it is called in, and whether gradients are recorded."""

    def __init__(self):
        self.inner = Linear(8, 3)
        self.calls = []

    def forward(self, x):
        y = self.inner(x)
        self.calls.append((self.training, y.requires_grad, x.array.copy()))
        return y


@pytest.mark.parametrize("training", [True, False])
def test_modes_are_set_and_put_back_part_by_part(training):
    model = Sequential(Noted(), Dropout(0.5))
    model.train(training)
    model[1].train(not training)
    quiet(model, blobs(), validation=blobs(30), epochs=1)
    assert [call[:2] for call in model[0].calls] == [(True, True)] * 3 + [(False, False)]
    assert (model.training, model[0].training, model[1].training) == (training, training, not training)
    with pytest.raises(RuntimeError), training_mode(model, False):
        raise RuntimeError
    assert (model.training, model[1].training) == (training, not training)


def test_a_transform_changes_training_batches_and_no_others():
    model = Noted()
    quiet(model, blobs(), validation=blobs(), epochs=1, transform=lambda x: x + 100)
    *train, validation = [x for _, _, x in model.calls]
    assert min(x.min() for x in train) > 50 > validation.max()


def test_clip_bounds_the_step():
    model = Sequential(Linear(8, 3))
    before = np.concatenate([p.array.ravel() for p in model.parameters()])
    quiet(model, blobs(), epochs=1, batch_size=90, optimizer=SGD(model.parameters(), lr=1.0), clip=0.01)
    after = np.concatenate([p.array.ravel() for p in model.parameters()])
    assert np.linalg.norm(after - before) == pytest.approx(0.01, rel=1e-3)


def test_the_order_of_a_dataset_is_drawn_from_the_generator_and_a_loader_keeps_its_own():
    def inputs(train, **options):
        model = Noted()
        quiet(model, train, epochs=1, **options)
        return np.concatenate([x for _, _, x in model.calls])

    a, b, c = (inputs(blobs(), generator=Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    assert np.array_equal(inputs(DataLoader(blobs(), 7)), blobs().tensors[0].array)


# Early stopping


def overfit(model, **options):
    """Noise for labels: training goes on to fall after validation has begun to rise."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 8)).astype(np.float32), rng.integers(0, 3, 40)
    train, validation = (TensorDataset(Tensor(x[part]), Tensor(y[part])) for part in (slice(20), slice(20, 40)))
    optimizer = Adam(model.parameters(), lr=0.05)
    return validation, quiet(model, train, validation=validation, optimizer=optimizer, **{"epochs": 40, **options})


@pytest.mark.parametrize("patience", [1, 4])
def test_it_stops_when_validation_no_longer_falls_and_goes_back_to_the_best(patience):
    model = classifier()
    validation, history = overfit(model, patience=patience)
    losses = history.column("validation_loss")
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + patience < 40
    assert evaluate(model, validation)["loss"] == losses[best]


def test_the_best_come_back_even_where_patience_was_not_exhausted():
    model = classifier()
    validation, history = overfit(model, patience=1000)
    assert len(history) == 40
    assert evaluate(model, validation)["loss"] == min(history.column("validation_loss"))


def test_without_patience_the_last_parameters_stay():
    model = classifier()
    validation, history = overfit(model)
    losses = history.column("validation_loss")
    assert evaluate(model, validation)["loss"] == losses[-1] > min(losses)


def test_a_stopped_run_stays_stopped_when_resumed(tmp_path):
    first, again = classifier(), classifier(1)
    _, history = overfit(first, patience=2, checkpoint=tmp_path / "c")
    _, resumed = overfit(again, patience=2, checkpoint=tmp_path / "c", resume=True)
    assert resumed == history and state_bytes(first) == state_bytes(again)


# Checkpoints


class Stop(Exception):
    pass


def long_run(seed, epochs=6, stop_after=None, **options):
    """Everything that has a state: shuffling, dropout, batch norm, Adam, one-cycle, transforms with seeds."""
    model = classifier(seed)
    optimizer = Adam(model.parameters(), lr=0.01)
    schedule = OneCycleLR(optimizer, 0.05, epochs=epochs, steps_per_epoch=9)
    own = Generator().manual_seed(seed + 1)
    transform = Compose([RandomScale(0.2, generator=own), Compose([RandomShift(1)])])
    loader = DataLoader(blobs(), 10, shuffle=True, generator=Generator().manual_seed(seed + 2))
    steps = []

    def count(output, target):
        steps.append(1)
        if stop_after is not None and len(steps) > stop_after:
            raise Stop
        return 0.0

    history = fit(
        model, loader, epochs=epochs, optimizer=optimizer, schedule=schedule, transform=transform,
        metrics={"count": count}, progress=False, **options,
    )  # fmt: skip
    return model, history


@pytest.mark.parametrize("stop_after", [3, 9, 10, 35, 53])
def test_an_interrupted_and_resumed_run_ends_as_one_that_was_not(stop_after, tmp_path):
    model, history = long_run(seed=0)
    path = tmp_path / "c"
    with pytest.raises(Stop):
        long_run(seed=0, stop_after=stop_after, checkpoint=path)
    finished = stop_after // 9
    assert path.exists() == (finished > 0)
    # Only what the file holds may matter: another seed makes other weights and generators.
    resumed, rows = long_run(seed=5 if finished else 0, checkpoint=path, resume=True)
    assert state_bytes(resumed) == state_bytes(model)
    assert [row["loss"] for row in rows] == history.column("loss") and len(rows) == 6


def test_a_run_with_patience_done_in_three_goes_ends_the_same(tmp_path):
    def run(seed, epochs, **options):
        model = classifier(seed)
        return model, overfit(model, epochs=epochs, patience=30, **options)[1]

    model, history = run(0, 12)
    run(0, 4, checkpoint=tmp_path / "c")
    run(1, 7, checkpoint=tmp_path / "c", resume=True)
    resumed, rows = run(2, 12, checkpoint=tmp_path / "c", resume=True)
    assert state_bytes(resumed) == state_bytes(model)
    assert rows.column("validation_loss") == history.column("validation_loss")


TRAIN = """
import sys
import numpy as np
from tinytorch.creation import manual_seed
from tinytorch.data import TensorDataset
from tinytorch.layers import Linear, Sequential
from tinytorch.optimizers import Adam
from tinytorch.regularization import Dropout
from tinytorch.serialization import save
from tinytorch.tensor import Tensor
from tinytorch.training import fit

seed, path = int(sys.argv[1]), sys.argv[2]
rng = np.random.default_rng(0)
train = TensorDataset(Tensor(rng.normal(size=(50, 8)).astype(np.float32)), Tensor(rng.integers(0, 3, 50)))
manual_seed(seed)
model = Sequential(Linear(8, 16), Dropout(0.3), Linear(16, 3))
fit(model, train, epochs=40, optimizer=Adam(model.parameters()), checkpoint=path, resume=True, progress=False)
save(model.state_dict(), path + ".end")
"""


@pytest.mark.skipif(os.name != "posix", reason="processes cannot be killed outright here")
def test_killed_again_and_again_it_gets_there_all_the_same(tmp_path):
    def start(name, seed):
        command = [sys.executable, "-c", TRAIN, str(seed), str(tmp_path / name)]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert start("calm", 0).wait() == 0
    kills = 0
    for attempt in range(30):
        with start("killed", 0 if kills == 0 else attempt) as process:
            before = epochs_in(tmp_path / "killed")
            while process.poll() is None and epochs_in(tmp_path / "killed") < before + 10:
                time.sleep(0.001)
            if process.poll() is None:
                process.kill()
                kills += 1
        if process.returncode == 0:
            break
    assert kills >= 1 and process.returncode == 0
    calm, killed = (load(tmp_path / f"{name}.end") for name in ("calm", "killed"))
    assert {n: t.array.tobytes() for n, t in calm.items()} == {n: t.array.tobytes() for n, t in killed.items()}


def epochs_in(path):
    return len(load(path)["extra"]["history"]) if path.exists() else 0


def test_a_finished_run_resumed_is_finished(tmp_path):
    model, history = long_run(0, checkpoint=tmp_path / "c")
    again, rows = long_run(1, checkpoint=tmp_path / "c", resume=True)
    assert rows == history and state_bytes(again) == state_bytes(model)


def test_without_resume_a_run_begins_again(tmp_path):
    long_run(0, checkpoint=tmp_path / "c")
    again, rows = long_run(1, checkpoint=tmp_path / "c")
    assert state_bytes(again) == state_bytes(long_run(1)[0])
    assert rows == load(tmp_path / "c")["extra"]["history"]


def test_a_loop_of_ones_own_can_keep_what_it_likes(tmp_path):
    model = classifier()
    optimizer = Adam(model.parameters(), lr=0.01)
    quiet(model, blobs(), optimizer=optimizer)
    save_checkpoint(tmp_path / "c", model, optimizer, epoch=3, note="good")
    drawn = default_generator.numpy.random(3)
    other = classifier(9)
    assert load_checkpoint(tmp_path / "c", other, Adam(other.parameters())) == {"epoch": 3, "note": "good"}
    assert state_bytes(other) == state_bytes(model)
    assert np.array_equal(default_generator.numpy.random(3), drawn)


def test_every_generator_of_a_run_is_found_once():
    a, b = Generator(), Generator()
    inner = Compose([RandomScale(0.1, generator=a), RandomShift(1, generator=b)])
    loader = DataLoader(Subset(blobs(), range(9)), shuffle=True, generator=a)
    noisy = Sequential(Linear(2, 2), Linear(2, 2))
    noisy[1].generator = c = Generator()
    found = find_generators(noisy, loader, Compose([inner, RandomScale(0.1)]), None)
    assert [g for g in found if g not in (default_generator, a, b, c)] == [] and len(found) == 4
    assert found[0] is default_generator


@pytest.mark.parametrize(
    "model, optimizer, words",
    [
        (lambda: Sequential(Linear(8, 4)), SGD, "checkpoint of another model: "),
        (lambda: Sequential(Linear(8, 3), Linear(3, 3)), SGD, "checkpoint of another model: "),
        (lambda: Sequential(Linear(8, 3)), Adam, "another run, with SGD, no schedule and 1 random generators, where"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_nothing_changes(model, optimizer, words, tmp_path):
    saved = Sequential(Linear(8, 3))
    quiet(saved, blobs(), optimizer=SGD(saved.parameters(), lr=0.1, momentum=0.9), checkpoint=tmp_path / "c")
    old = (tmp_path / "c").read_bytes()
    model = model()
    before = state_bytes(model)
    options = {"optimizer": optimizer(model.parameters(), lr=0.1), "checkpoint": tmp_path / "c", "resume": True}
    with pytest.raises(ValueError) as error:
        quiet(model, blobs(), **options)
    assert str(error.value).startswith(str(tmp_path / "c")) and words in str(error.value)
    assert state_bytes(model) == before and (tmp_path / "c").read_bytes() == old


def test_an_optimizer_that_does_not_fit_leaves_the_model_as_it_was(tmp_path):
    model = Sequential(Linear(8, 3))
    save_checkpoint(tmp_path / "c", model, SGD(model.parameters(), lr=0.1))
    other = Sequential(Linear(8, 3))
    before = state_bytes(other)
    groups = SGD([{"params": [p]} for p in other.parameters()], lr=0.1)
    with pytest.raises(ValueError, match="checkpoint of another model: SGD.load_state_dict expects groups"):
        load_checkpoint(tmp_path / "c", other, groups)
    assert state_bytes(other) == before


@pytest.mark.parametrize("content", [{"w": 1}, [1, 2], None, {"model": {}}])
def test_a_file_that_is_no_checkpoint_is_refused(content, tmp_path):
    save(content, tmp_path / "c")
    model = Sequential(Linear(8, 3))
    with pytest.raises(ValueError, match="is no checkpoint"):
        quiet(model, blobs(), checkpoint=tmp_path / "c", resume=True)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    model = Sequential(Linear(8, 3))
    quiet(model, blobs(), checkpoint=tmp_path / "c")
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:-30])
    with pytest.raises(ValueError, match="damaged"):
        quiet(model, blobs(), checkpoint=tmp_path / "c", resume=True)


# What goes wrong


def test_ctrl_c_leaves_the_last_checkpoint_and_the_modes(tmp_path):
    model = classifier().eval()
    calls = []

    def interrupt(x):
        calls.append(1)
        if len(calls) > 7:
            raise KeyboardInterrupt
        return x

    with pytest.raises(KeyboardInterrupt):
        quiet(model, blobs(), transform=interrupt, checkpoint=tmp_path / "c", epochs=9)
    assert epochs_in(tmp_path / "c") == 2 and os.listdir(tmp_path) == ["c"]
    assert not any(module.training for module in model.modules())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_stops_the_run_before_it_reaches_the_parameters(tmp_path):
    model = Sequential(Linear(8, 3))
    steps = []

    def loss(output, target):
        steps.append(1)
        return cross_entropy(output, target) * (math.nan if len(steps) == 8 else 1)

    with pytest.raises(FloatingPointError) as error:
        quiet(model, blobs(), loss=loss, checkpoint=tmp_path / "c", epochs=9)
    assert str(error.value).startswith("the loss is nan in epoch 3, batch 2 of 3: try a smaller learning rate than 0.1")
    assert all(np.all(np.isfinite(p.array)) for p in model.parameters())
    assert epochs_in(tmp_path / "c") == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_inputs_that_are_no_numbers_are_named_as_the_cause():
    x, y = (t.clone() for t in blobs().tensors)
    x.array[5, 2] = np.inf
    with pytest.raises(FloatingPointError, match="the inputs of epoch 1, batch 1 of 3 hold nan or inf"):
        quiet(Sequential(Linear(8, 3)), DataLoader(TensorDataset(x, y), 32))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_parameters_broken_by_the_last_step_are_not_saved(tmp_path):
    model = Sequential(Linear(8, 3))
    quiet(model, blobs(), epochs=1, checkpoint=tmp_path / "c")
    good = (tmp_path / "c").read_bytes()
    with pytest.raises(FloatingPointError, match="the parameter 0.weight is no longer finite after epoch 2"):
        optimizer = SGD(model.parameters(), lr=0.1)

        def break_at_the_end(output, target):
            cost = cross_entropy(output, target)
            still = ((model[0].weight - model[0].weight.detach()) ** 2).sum().sqrt()  # 0, with no slope there
            return cost + still if len(target) < 32 else cost

        fit_options = {"optimizer": optimizer, "loss": break_at_the_end, "checkpoint": tmp_path / "c"}
        quiet(model, blobs(), epochs=2, resume=True, **fit_options)
    assert (tmp_path / "c").read_bytes() == good


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_validation_loss_that_is_no_number_stops_the_run():
    x, y = (t.clone() for t in blobs().tensors)
    x.array[0] = np.nan
    with pytest.raises(FloatingPointError, match="the validation loss is no longer finite after epoch 1"):
        quiet(Sequential(Linear(8, 3)), blobs(), validation=TensorDataset(x, y))


@pytest.mark.parametrize(
    "train, options, words",
    [
        (lambda: blobs(0), {}, "at least one batch to train on, got none from 0 examples"),
        (lambda: DataLoader(blobs(3), 8, drop_last=True), {}, "got none from 3 examples"),
        (lambda: blobs(), {"patience": 3}, "patience was given without validation"),
        (lambda: blobs(), {"validation": blobs(0)}, "evaluate expects at least one example"),
        (lambda: TensorDataset(*blobs().tensors, blobs().tensors[1]), {}, "(inputs, targets), got 3 items"),
        (lambda: [1.0, 2.0], {}, "(inputs, targets), got a Tensor"),
        (lambda: DataLoader(blobs(), 9, collate_fn=lambda b: (Tensor(np.ones((9, 8))), [])), {}, "got 9 and 0"),
        (lambda: blobs(), {"resume": True}, "given no checkpoint to resume from"),
    ],
)
def test_what_cannot_be_trained_on_is_told_in_a_sentence(train, options, words):
    with pytest.raises(ValueError) as error:
        quiet(Sequential(Linear(8, 3)), train(), **options)
    assert words in str(error.value)


class Forgetful(Linear):
    """Has no return statement."""

    def forward(self, x):
        super().forward(x)


NOT_TO_BE_FITTED = {
    "None": (
        lambda: quiet(Forgetful(8, 3), blobs()),
        "Forgetful returned None .*: its forward has no return statement",
    ),
    "None, evaluated": (lambda: evaluate(Forgetful(8, 3), blobs()), "Forgetful returned None for a batch"),
    "losses": (
        lambda: quiet(classifier(), blobs(), loss=lambda a, b: cross_entropy(a, b, reduction="none")),
        r"the loss of a batch to be a Tensor of one number, got shape \(32,\)",
    ),
    "a float": (lambda: quiet(classifier(), blobs(), loss=lambda a, b: 1.0), "Tensor of one number, got a float"),
    "a float, evaluated": (lambda: evaluate(classifier(), blobs(), loss=lambda a, b: 1.0), "one number, got a float"),
    "no optimizer": (
        lambda: quiet(classifier(), blobs(), optimizer=SGD),
        r"fit expects an optimizer such as Adam\(model.parameters\(\)\), got 'SGD'",
    ),
    "no model": (
        lambda: fit(Linear, blobs(), epochs=1, optimizer=SGD(classifier().parameters())),
        "fit expects a model, got 'Linear'",
    ),
    "Tensors": (lambda: quiet(classifier(), blobs().tensors), r"got 2 Tensors: use TensorDataset\(x, y\)"),
    "Tensors, evaluated": (lambda: evaluate(classifier(), list(blobs().tensors)), "a dataset or a DataLoader, got 2"),
}


@pytest.mark.parametrize("what", NOT_TO_BE_FITTED)
def test_what_is_of_another_kind_is_told_in_a_sentence(what):
    call, words = NOT_TO_BE_FITTED[what]
    with pytest.raises((TypeError, ValueError), match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_model_in_training_mode_stays_so_where_its_answer_is_refused():
    model = Sequential(Forgetful(8, 3))
    model.eval()
    with pytest.raises(TypeError):
        quiet(model, blobs())
    assert not model.training and not model[0].training


def test_the_optimizer_must_have_a_parameter_of_the_model_but_not_all_and_may_have_others():
    model, other = classifier(), Linear(2, 2)
    with pytest.raises(ValueError, match="an optimizer of this Sequential's parameters, got another model's"):
        quiet(model, blobs(), optimizer=SGD(other.parameters(), lr=0.1))
    before = state_bytes(model)
    quiet(model, blobs(), optimizer=SGD([*model[4].parameters(), *other.parameters()], lr=0.1))
    after = state_bytes(model)
    assert after["4.weight"] != before["4.weight"] and after["0.weight"] == before["0.weight"]


@pytest.mark.parametrize("options", [{"epochs": "3"}, {"epochs": 2.5}, {"epochs": -1}, {"patience": "a"}], ids=repr)
def test_counts_are_whole_numbers(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"fit expects {name} to be a whole number of 0 or more, got {value!r}"):
        quiet(classifier(), blobs(), validation=blobs(), **options)


@pytest.mark.parametrize("validation", [None, blobs(40, seed=1)], ids=["training", "validation"])
def test_a_rate_that_follows_the_loss_is_set_once_an_epoch(validation):
    model = classifier()
    optimizer = SGD(model.parameters(), lr=0.5)
    schedule = ReduceLROnPlateau(optimizer, patience=0, threshold=0.5, factor=0.5)
    history = quiet(model, blobs(), optimizer=optimizer, schedule=schedule, validation=validation, epochs=6)
    losses = history.column("loss" if validation is None else "validation_loss")
    twin = SGD(classifier().parameters(), lr=0.5)
    expected, replayed = [], ReduceLROnPlateau(twin, patience=0, threshold=0.5, factor=0.5)
    for loss in losses:
        expected.append(twin.param_groups[0]["lr"])
        replayed.step(loss)
    assert history.column("lr") == expected and len(set(expected)) > 1
    assert schedule.last_epoch == 6


def test_options_that_would_fail_after_an_epoch_fail_before_it(tmp_path):
    model = Noted()
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        quiet(model, blobs(), checkpoint=tmp_path / "nowhere" / "c")
    with pytest.raises(TypeError, match="expects a scheduler such as OneCycleLR, got a function"):
        quiet(model, blobs(), schedule=one_cycle(0.1, total_steps=9))
    assert model.calls == []


# Progress


def test_it_prints_a_line_per_epoch_to_the_stream_it_is_given():
    stream = io.StringIO()
    quiet(classifier(), blobs(), validation=blobs(seed=1), progress=Progress(stream))
    lines = stream.getvalue().splitlines()
    assert [line[:9] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all("validation accuracy" in line and "lr" not in line for line in lines)


def test_a_resumed_run_counts_on(tmp_path):
    model = classifier()
    quiet(model, blobs(), epochs=2, checkpoint=tmp_path / "c")
    stream = io.StringIO()
    quiet(model, blobs(), epochs=3, checkpoint=tmp_path / "c", resume=True, progress=Progress(stream))
    assert stream.getvalue().startswith("epoch 3/3") and stream.getvalue().count("\n") == 1


def test_it_can_be_silent(capsys):
    quiet(classifier(), blobs())
    assert capsys.readouterr() == ("", "")
    quiet(classifier(), blobs(), progress=True)
    assert capsys.readouterr().err.count("\n") == 3
