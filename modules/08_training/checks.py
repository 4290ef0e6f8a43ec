"""The checks of module 08: figures, modes, an epoch, evaluation, early stopping, checkpoints, and fit as a whole."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


def a_task(draw, least=1, dtype=np.float64):
    """Inputs (N, 2), class indices (N,), and a weight (3, 2)."""
    n = draw.integer(least, least + 2 + draw.longest)
    return {
        "x": draw.array((n, 2), -2, 2, dtype),
        "y": draw.integers((n,), 0, 2),
        "weight": draw.array((3, 2), -1, 1, dtype),
    }


# 08.1 Accuracy


@check("08.1")
def of_rows(draw):
    """output (N, C), target (N): the fraction of rows whose largest output is the target's"""
    n, classes = draw.integer(1, 1 + draw.longest), draw.integer(2, 4)
    output = np.stack([draw.distinct((classes,)) for _ in range(n)])
    return case(
        "accuracy",
        "accuracy(Tensor(output), Tensor(target))",
        output=output,
        target=draw.integers((n,), 0, classes - 1),
    )


@check("08.1")
def of_more_axes(draw):
    """output (N, C, L), target (N, L): the classes are axis 1, wherever else there are axes"""
    n, classes, length = draw.side(), draw.integer(2, 4), draw.side(2)
    output = draw.distinct((n, classes, length))
    target = draw.integers((n, length), 0, classes - 1)
    return case("accuracy", "accuracy(Tensor(output), Tensor(target))", output=output, target=target)


@check("08.1", count=5)
def in_float32(draw):
    """a Python float, whatever the outputs are"""
    output = draw.distinct((3, 2), np.float32)
    return case("accuracy", "accuracy(Tensor(output), Tensor(target))", output=output, target=draw.integers((3,), 0, 1))


@check("08.1", count=6)
def refused(draw):
    """shapes that do not go together raise ValueError"""
    output, target = draw.choice((((3, 2), (2,)), ((3,), (3,)), ((3, 2), (3, 2)), ((2, 3, 4), (2, 3))))
    call = "accuracy(Tensor(output), Tensor(target))"
    return case("accuracy_refuses", call, output=draw.array(output), target=draw.integers(target, 0, 1))


# 08.2 Means


def in_batches(draw, same):
    n = draw.integer(1, 4)
    batches = []
    for _ in range(draw.integer(1, 3)):
        n = n if same else draw.integer(1, 4)
        batches.append((n, {"loss": float(draw.array()), "accuracy": float(draw.positive())}))
    adds = "; ".join(f"means.add({n}, {values})" for n, values in batches)
    return case("means", f"{adds}; means.values()", batches=batches)


@check("08.2")
def of_equal_batches(draw):
    """values gives the mean of each name over all batches so far"""
    return in_batches(draw, same=True)


@check("08.2")
def of_unequal_batches(draw):
    """a batch of n examples counts n times"""
    return in_batches(draw, same=False)


@check("08.2", count=1)
def of_nothing(draw):
    """before the first batch there are no means"""
    return case("no_means", "Means().values()")


# 08.3 Modes


def block(draw, modes, fails):
    wanted = draw.flag()
    call = f"with training_mode(model, {wanted}): {'raise KeyError' if fails else '...'}"
    before = ", ".join(map(str, modes))
    return case(
        "moods",
        f"{call}, where the modes of the model and its parts are {before}",
        modes=modes,
        wanted=wanted,
        fails=fails,
    )


@check("08.3", count=10)
def whole_models(draw):
    """within the block all parts of the model are in the mode, afterwards they are as they were"""
    return block(draw, [draw.flag()] * 4, False)


@check("08.3", count=15)
def mixed_models(draw):
    """parts that were in different modes are each put back into their own"""
    return block(draw, [draw.flag() for _ in range(4)], False)


@check("08.3", count=10)
def failing_blocks(draw):
    """they are put back also when the block fails, and the exception goes on"""
    return block(draw, [draw.flag()] * 4, True)


# 08.4 An epoch


def an_epoch(draw, least=1, dtype=np.float64, **options):
    task = a_task(draw, least, dtype)
    if options.get("loss") == "mse_loss":
        task["y"] = draw.array((len(task["x"]), 3), dtype=dtype)
    batch_size = draw.integer(1, 3)
    words = {
        "momentum": "SGD with momentum",
        "clip": f"clip={options.get('clip')}",
        "schedule": "a schedule that halves the rate",
        "metrics": "metrics",
        "twice": "transform=lambda x: 2 * x",
        "loss": "mse_loss",
    }
    more = ", ".join(words[name] for name, value in options.items() if value and value != "cross_entropy")
    call = (
        f"train_epoch(model, DataLoader(TensorDataset(x, y), {batch_size}), optimizer{', with ' if more else ''}{more})"
    )
    return case("epoch", call, **task, batch_size=batch_size, **options)


@check("08.4")
def step_by_step(draw):
    """a step after every batch, with the gradient of that batch alone; every example counts the same in the means"""
    return an_epoch(draw, loss=draw.choice(("cross_entropy", "mse_loss")))


@check("08.4", count=8)
def with_memory(draw):
    """an optimizer with momentum"""
    return an_epoch(draw, least=3, momentum=0.5)


@check("08.4", count=10)
def clipped(draw):
    """with clip, gradients are scaled down before the step"""
    return an_epoch(draw, least=2, clip=0.25)


@check("08.4", count=8)
def scheduled(draw):
    """the schedule steps after every batch"""
    return an_epoch(draw, least=3, schedule=True)


@check("08.4", count=8)
def transformed(draw):
    """the transform changes the inputs of every batch"""
    return an_epoch(draw, least=2, twice=True)


@check("08.4", count=8)
def measured(draw):
    """metrics are measured on the outputs that the loss was computed from"""
    return an_epoch(draw, least=2, metrics=["largest", "labels"])


@check("08.4", count=5)
def epoch_in_float32(draw):
    """float32 stays float32, figures are Python's floats"""
    return an_epoch(draw, least=2, dtype=np.float32)


# 08.5 Evaluation


@check("08.5")
def figures(draw):
    """the means of loss and accuracy over all examples, also those of a short last batch"""
    task, batch_size = a_task(draw, least=2), draw.integer(1, 4)
    return case(
        "evaluated", f"evaluate(model, TensorDataset(x, y), batch_size={batch_size})", **task, batch_size=batch_size
    )


@check("08.5", count=8)
def by_loader(draw):
    """a DataLoader is taken as it is, metrics by name"""
    metrics = draw.choice((None, ["largest"], ["largest", "labels"]))
    call = f"evaluate(model, DataLoader(TensorDataset(x, y), 2){', metrics=...' if metrics else ''})"
    return case("evaluated", call, **a_task(draw), batch_size=256, loader=True, metrics=metrics)


@check("08.5", count=15)
def only_looked_at(draw):
    """in evaluation mode, without gradients, and every part of the model is left in the mode in which it was"""
    modes = [draw.flag(), draw.flag()]
    call = f"evaluate(model, TensorDataset(x, y), batch_size=2), where the modes of the model and its part are {modes}"
    return case("looked_at", call, **a_task(draw), modes=modes)


@check("08.5", count=3)
def of_no_rows(draw):
    """a dataset without examples raises ValueError"""
    return case("nothing_to_evaluate", "evaluate(model, empty_dataset)", weight=draw.array((3, 2)))


# 08.6 The best so far


@check("08.6")
def falling_and_rising(draw):
    """epochs_since_best: how many epochs ago the validation loss was lowest"""
    n = draw.integer(1, 2 + draw.longest)
    losses = [float(loss) for loss in draw.distinct((n,))]
    return case("since_best", f"epochs_since_best(history) after validation losses {losses}", losses=losses)


@check("08.6", count=15)
def level(draw):
    """an epoch that is only as good as the best one is no new best"""
    losses = [float(loss) for loss in draw.array((draw.integer(1, 2 + draw.longest),), 0, 0.5)]
    return case("since_best", f"epochs_since_best(history) after validation losses {losses}", losses=losses)


@check("08.6", count=1)
def before_the_first(draw):
    """0 before the first epoch"""
    return case("since_best", "epochs_since_best([])", losses=[])


@check("08.6", count=8)
def copies(draw):
    """copy_state: parameters and buffers as they are now, which later changes leave alone"""
    return case("copied_state", "state = copy_state(model), and then the model changes", weight=draw.array((2, 2)))


# 08.7 Checkpoints


@check("08.7", count=10)
def taken_up_again(draw):
    """a run that is resumed goes on as if it had never stopped: model, optimizer, schedule, random numbers, and the extra"""
    optimizer, schedule, steps = draw.choice(("SGD", "Adam")), draw.flag(), draw.integer(1, 3)
    with_schedule = " and a schedule" if schedule else ""
    call = f"{steps} steps with {optimizer}{with_schedule}, save_checkpoint, load_checkpoint into a new model, 3 steps"
    x, weight = draw.array((2, 2)), draw.array((2, 2))
    return case("resumed", call, x=x, weight=weight, optimizer=optimizer, schedule=schedule, steps=steps)


@check("08.7", count=4)
def of_another_model(draw):
    """the checkpoint of another model raises ValueError, and the model stays as it was"""
    call = "save_checkpoint of a model with `weight`, load_checkpoint into one with `other`"
    return case("another_model", call, weight=draw.array((2, 2)), other=draw.array((2, 3)))


@check("08.7", count=2)
def of_something_else(draw):
    """a file that holds something else raises ValueError"""
    return case(
        "no_checkpoint", "save(model.state_dict(), file); load_checkpoint(file, ...)", weight=draw.array((2, 2))
    )


# 08.8 fit


def a_run(draw, validated, shuffled=False, **options):
    epochs, batch_size = draw.integer(1, 3), draw.integer(1, 3)
    words = f", batch_size={batch_size}" + (", validation=..." if validated else "")
    words += ", schedule=ReduceLROnPlateau(...)" if options.get("plateau") else ""
    call = f"fit(model, {'TensorDataset(x, y)' if shuffled else 'loader'}, epochs={epochs}, optimizer=...{words})"
    given = {"epochs": epochs, "batch_size": batch_size, "validated": validated, "shuffled": shuffled}
    return case("fitted", call, **a_task(draw, least=2), **given, **options)


@check("08.8", count=10)
def epochs(draw):
    """a row of figures for each epoch: epoch, loss and metrics, lr and seconds"""
    return a_run(draw, validated=False)


@check("08.8", count=8)
def validated(draw):
    """with validation, each row has its figures too, after the epoch's steps"""
    return a_run(draw, validated=True)


@check("08.8", count=6)
def shuffled(draw):
    """a dataset is shuffled anew each epoch, by the generator"""
    return a_run(draw, validated=False, shuffled=True)


@check("08.8", count=5)
def modes(draw):
    """the model is trained in training mode, and left in the mode in which it was"""
    return a_run(draw, validated=False, mode=draw.flag())


@check("08.8", count=8)
def on_a_plateau(draw):
    """ReduceLROnPlateau steps once after each epoch, with the validation loss; lr is the rate as the epoch began"""
    return a_run(draw, validated=True, plateau=True)


@check("08.8", count=12)
def early(draw):
    """with patience, the run stops when the validation loss has not fallen for so many epochs, and the best weight is back"""
    best, patience = float(draw.positive()), draw.integer(1, 3)
    call = f"fit(model, ..., epochs=12, patience={patience}) towards a weight of 3, validated at {best}"
    return case("stopped", call, target=3.0, best=best, patience=patience, epochs=12)


@check("08.8", count=6)
def resumed(draw):
    """a run that ended, or was interrupted in its next epoch, goes on from its checkpoint to the same end"""
    first, epochs, how = draw.integer(1, 2), draw.integer(2, 4), draw.choice(("ended", "interrupted"))
    call = (
        f"fit(..., checkpoint=file) {how} after {first} epochs, fit(..., epochs={epochs}, checkpoint=file, resume=True)"
    )
    return case("interrupted", call, **a_task(draw, least=2), epochs=epochs, first=first, how=how)


@check("08.8", count=3)
def out_of_hand(draw):
    """numbers that get out of hand raise FloatingPointError, as check_finite finds them"""
    task = a_task(draw, least=2)
    task["x"], task["y"], task["weight"] = task["x"] + 5, 0 * task["y"], np.zeros((3, 2))
    return case("diverged", "fit(model, ..., epochs=1, optimizer=SGD(model.parameters(), lr=1e308))", **task)
