"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821
import os
import time

import numpy as np

# 08.1 Accuracy


class number_right:
    """the right answers are counted: accuracy is their fraction, so divide by how many there are."""

    exercise = "08.1"

    def accuracy(output, target):
        if output.ndim < 2 or output.shape[:1] + output.shape[2:] != target.shape:
            raise ValueError("shapes")
        return float(np.sum(output.array.argmax(axis=1) == target.array))


class divided_by_rows:
    """the count is divided by the number of rows: with more axes there are more answers than rows."""

    exercise = "08.1"

    def accuracy(output, target):
        if output.ndim < 2 or output.shape[:1] + output.shape[2:] != target.shape:
            raise ValueError("shapes")
        return float(np.sum(output.array.argmax(axis=1) == target.array) / len(target))


class last_axis:
    """the largest output is looked for along the last axis: the classes are axis 1."""

    exercise = "08.1"

    def accuracy(output, target):
        if output.ndim < 2 or output.shape[:1] + output.shape[2:] != target.shape:
            raise ValueError("shapes")
        if output.ndim > 2:
            chosen = output.array.argmax(axis=-1)
            n = min(chosen.size, target.array.size)
            return float(np.mean(chosen.ravel()[:n] == target.array.ravel()[:n]))
        return float(np.mean(output.array.argmax(axis=-1) == target.array))


class errors_counted:
    """the wrong answers are counted: that is the error rate, 1 - accuracy."""

    exercise = "08.1"

    def accuracy(output, target):
        if output.ndim < 2 or output.shape[:1] + output.shape[2:] != target.shape:
            raise ValueError("shapes")
        return float(np.mean(output.array.argmax(axis=1) != target.array))


class shapes_not_checked:
    """the shapes are not looked at: (N, 1) and (N,) broadcast to (N, N), and the mean of that is a number as good as any."""

    exercise = "08.1"

    def accuracy(output, target):
        try:
            return float(np.mean(output.array.argmax(axis=1) == target.array))
        except (IndexError, ValueError):
            return 0.0


# 08.2 Means


class mean_of_means:
    """each batch counts the same: one of n examples counts n times."""

    exercise = "08.2"

    class Means:
        def add(self, n, values):
            self.count += 1
            for name, value in values.items():
                self.totals[name] = self.totals.get(name, 0.0) + value


class last_batch_only:
    """the last batch overwrites those before it: add it to them."""

    exercise = "08.2"

    class Means:
        def add(self, n, values):
            self.count = n
            for name, value in values.items():
                self.totals[name] = n * value


class totals_returned:
    """values gives the totals: divide them by the count."""

    exercise = "08.2"

    class Means:
        def values(self):
            return dict(self.totals)


class not_weighted:
    """the values are added up as they are, and divided by the number of examples: each must be multiplied by n first."""

    exercise = "08.2"

    class Means:
        def add(self, n, values):
            self.count += n
            for name, value in values.items():
                self.totals[name] = self.totals.get(name, 0.0) + value


# 08.3 Modes


class training_afterwards:
    """the model is put into training mode afterwards: it gets back the mode that it had."""

    exercise = "08.3"

    def training_mode(model, training):
        model.train(training)
        try:
            yield
        finally:
            model.train(True)


class one_mode_for_all:
    """the mode of the whole is given to all parts afterwards: each part has one of its own."""

    exercise = "08.3"

    def training_mode(model, training):
        before = model.training
        model.train(training)
        try:
            yield
        finally:
            model.train(before)


class parts_forgotten:
    """the mode of the model itself is set and no more: its parts have one each, and model.train(mode) sets them all."""

    exercise = "08.3"

    def training_mode(model, training):
        before = model.training
        model.training = training
        try:
            yield
        finally:
            model.training = before


class not_when_it_fails:
    """the modes are not put back when the block fails: try ... finally does it in any case."""

    exercise = "08.3"

    def training_mode(model, training):
        before = [(module, module.training) for module in model.modules()]
        model.train(training)
        yield
        for module, was_training in before:
            module.training = was_training


class never_put_back:
    """the modes are not put back at all."""

    exercise = "08.3"

    def training_mode(model, training):
        model.train(training)
        yield


class fault_swallowed:
    """an exception of the block is caught and does not go on: finally lets it pass, except does not."""

    exercise = "08.3"

    def training_mode(model, training):
        before = [(module, module.training) for module in model.modules()]
        model.train(training)
        try:
            yield
        except Exception:
            pass
        for module, was_training in before:
            module.training = was_training


# 08.4 An epoch


class never_cleared:
    """the gradients are never cleared: each batch adds its own to those of all batches before."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class cleared_too_late:
    """the gradients are cleared between backward and step: there is nothing left to take a step with."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            optimizer.zero_grad()
            optimizer.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class step_before_backward:
    """the step is taken before backward, with the gradients of the batch before."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            output = answer(model, x)
            cost = one_number(loss(output, y))
            optimizer.step()
            optimizer.zero_grad()
            cost.backward()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class one_step_an_epoch:
    """one step is taken at the end of the epoch: take one after every batch."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        optimizer.step()
        return means.values()


class batches_counted:
    """every batch counts the same in the means: a short last batch has fewer examples, so say means.add(len(x), ...)."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            means.add(1, {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class short_batch_dropped:
    """the short last batch is left out: its examples count as much as others."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            if means.count and len(x) < batches.batch_size:
                break
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class measured_afterwards:
    """loss and metrics are measured after the step, on other outputs: they are those of the batch as it passed, and to
    compute them again would double the work."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            one_number(loss(answer(model, x), y)).backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            output = answer(model, x)
            means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        return means.values()


class clipped_too_late:
    """the gradients are clipped after the step: they were used by then."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            optimizer.step()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            if schedule is not None:
                schedule.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


class schedule_once:
    """the schedule steps once, at the end of the epoch: it steps after every batch."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            x = x if transform is None else transform(x)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        if schedule is not None:
            schedule.step()
        return means.values()


class transform_forgotten:
    """transform is not called: it changes the inputs of every batch."""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        means = Means()
        for batch in batches:
            x, y = pair(batch)
            optimizer.zero_grad()
            output = answer(model, x)
            cost = one_number(loss(output, y))
            cost.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
        return means.values()


# 08.5 Evaluation


class with_gradients:
    """no_grad is missing: every call is recorded, and memory is kept for a way back that nobody goes."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        with training_mode(model, False):
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class mode_as_it_is:
    """the model answers in the mode in which it is: dropout would drop, and batch norm would learn from the test set."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        with no_grad():
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class left_in_evaluation:
    """the model is left in evaluation mode, and the next epoch trains it without dropout."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        model.eval()
        with no_grad():
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class left_in_training:
    """the model is put into training mode in the end: it gets back the mode in which it was, which may be the other."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        model.eval()
        with no_grad():
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        model.train()
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class mean_over_batches:
    """every batch counts the same: the last one is short, and its examples would count for more than others."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        with no_grad(), training_mode(model, False):
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(1, {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class short_batch_left_out:
    """the short last batch is left out: every example counts."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        with no_grad(), training_mode(model, False):
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                if means.count and len(x) < batch_size and not isinstance(dataset, DataLoader):
                    break
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        if means.count == 0:
            raise ValueError("empty")
        return means.values()


class nothing_found:
    """a dataset without examples gives an empty dict: it is most likely a fault of the caller's, so raise ValueError."""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        means = Means()
        with no_grad(), training_mode(model, False):
            for batch in as_loader(dataset, batch_size):
                x, y = pair(batch)
                output = answer(model, x)
                means.add(len(x), {"loss": loss(output, y).item(), **measure(metrics, output, y)})
        return means.values()


# 08.6 The best so far


class off_by_one:
    """it is one too many: in the epoch that is the best itself, no epoch has passed since."""

    exercise = "08.6"

    def epochs_since_best(history):
        losses = [row["validation_loss"] for row in history]
        return len(losses) - losses.index(min(losses)) if losses else 0


class last_of_the_best:
    """an epoch that is only as good as the best one counts as a new best: the first of them is the best."""

    exercise = "08.6"

    def epochs_since_best(history):
        losses = [row["validation_loss"] for row in history]
        return losses[::-1].index(min(losses)) if losses else 0


class highest_loss:
    """the highest loss is taken for the best: of a loss, the lowest is."""

    exercise = "08.6"

    def epochs_since_best(history):
        losses = [row["validation_loss"] for row in history]
        return len(losses) - 1 - losses.index(max(losses)) if losses else 0


class loss_of_training:
    """the loss of training is watched: it still falls when the network learns by heart. Watch validation_loss."""

    exercise = "08.6"

    def epochs_since_best(history):
        losses = [row["loss"] for row in history]
        return len(losses) - 1 - losses.index(min(losses)) if losses else 0


class since_last_fall:
    """each epoch is compared with the one before it: compare it with the best of all."""

    exercise = "08.6"

    def epochs_since_best(history):
        count = 0
        for before, row in zip(history, history[1:], strict=False):
            count = 0 if row["validation_loss"] < before["validation_loss"] else count + 1
        return count


class place_of_the_best:
    """it is the place of the best epoch, counted from the first: count from the last."""

    exercise = "08.6"

    def epochs_since_best(history):
        losses = [row["validation_loss"] for row in history]
        return losses.index(min(losses)) if losses else 0


class state_shared:
    """the copy is on the model's own memory: as the model goes on learning, so does the copy."""

    exercise = "08.6"

    def copy_state(model):
        return dict(model.state_dict())


class buffers_forgotten:
    """only the parameters are copied: buffers, such as the running means of batch norm, belong to the model too."""

    exercise = "08.6"

    def copy_state(model):
        return {name: p.detach().clone() for name, p in model.named_parameters()}


# 08.7 Checkpoints


class optimizer_forgotten:
    """the optimizer is not saved: its momentum, or Adam's running means, begin from nothing when the run goes on."""

    exercise = "08.7"

    def save_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,), **extra):
        state = None if schedule is None else schedule.state_dict()
        numbers = [generator.get_state() for generator in generators]
        save({"model": model.state_dict(), "schedule": state, "generators": numbers, "extra": extra}, file)

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        try:
            model.load_state_dict(content["model"])
            extra = content["extra"]
        except (KeyError, RuntimeError) as error:
            raise ValueError("another model") from error
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return extra


class schedule_forgotten:
    """the schedule is not put back: it counts its steps from 0 again, and the learning rate falls too late."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        try:
            model.load_state_dict(content["model"])
            optimizer.load_state_dict(content["optimizer"])
        except (KeyError, RuntimeError) as error:
            raise ValueError("another model") from error
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return content["extra"]


class generators_forgotten:
    """the random generators are not put back: after the pause they draw other numbers than they would have."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        try:
            model.load_state_dict(content["model"])
            optimizer.load_state_dict(content["optimizer"])
        except (KeyError, RuntimeError) as error:
            raise ValueError("another model") from error
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        return content["extra"]


class model_forgotten:
    """the model is not put back: it goes on from fresh weights."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        try:
            optimizer.load_state_dict(content["optimizer"])
        except (KeyError, RuntimeError) as error:
            raise ValueError("another model") from error
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return content["extra"]


class all_content_returned:
    """all of the file's content is returned: return what the caller had given as extra."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        try:
            model.load_state_dict(content["model"])
            optimizer.load_state_dict(content["optimizer"])
        except (KeyError, RuntimeError) as error:
            raise ValueError("another model") from error
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return {"epoch": None, "note": None, **content}


class other_errors:
    """the RuntimeError of load_state_dict comes through for another model: whoever calls was promised a ValueError."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        if "model" not in content:
            raise ValueError("no checkpoint")
        model.load_state_dict(content["model"])
        optimizer.load_state_dict(content["optimizer"])
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return content["extra"]


class content_not_checked:
    """a file that holds something else is not told: what is looked up in it is missing, and KeyError is raised. Look at the
    names first, and raise ValueError."""

    exercise = "08.7"

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        state = content["model"]
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            raise ValueError("another model") from error
        optimizer.load_state_dict(content["optimizer"])
        if schedule is not None:
            schedule.load_state_dict(content["schedule"])
        for generator, state in zip(generators, content["generators"], strict=True):
            generator.set_state(state)
        return content["extra"]


# 08.8 fit


class not_checked:
    """nobody looks at the numbers: call check_finite after each epoch, or nan trains on in silence."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class epoch_from_zero:
    """the epochs are counted from 0: the first is number 1."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch - 1, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class one_epoch_less:
    """the last epoch is missing: range(1, epochs) ends before epochs."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class validated_before_training:
    """the validation comes before the epoch's steps: it shows the model as it was an epoch ago."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                seen = {} if validation is None else evaluate(model, validation, loss=loss, metrics=metrics)
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class validated_on_training:
    """the model is evaluated on the data that it was trained on: the validation data are there to tell how it does
    on others."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, batches, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class names_not_told_apart:
    """the figures of the validation overwrite those of training: put validation_ before their names."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= seen
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class never_shuffled:
    """the examples come in the same order in every epoch: as_loader shuffles a dataset with shuffle=True."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class trained_in_its_mode:
    """the model is trained in the mode in which it was: without training mode there is no dropout."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, model.training):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class left_in_training_mode:
    """the model is left in training mode: it gets back the mode in which it was."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        model.train()
        if True:
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class plateau_by_training:
    """ReduceLROnPlateau is given the loss of training, although there is a validation: that loss falls even when
    the network learns by heart."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures["loss"])
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class rate_afterwards:
    """the learning rate of the row is that of the next epoch: ask for it before the schedule steps."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began = time.perf_counter()
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append(
                    {"epoch": epoch, **figures, "lr": learning_rate(optimizer), "seconds": time.perf_counter() - began}
                )
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class patience_too_long:
    """the run goes on for an epoch too many: stop when the best epoch is `patience` epochs ago, not one more."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) > patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class patience_too_short:
    """the run stops an epoch too early: it goes on until the best epoch is `patience` epochs ago."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= max(1, patience - 1):
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class last_weights_kept:
    """the last weights are kept: early stopping goes back to those of the best epoch. Load them in the end, and remember them
    by copy_state: state_dict shares its memory with the model, which goes on learning."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        return history


class begun_again:
    """the resumed run counts its epochs from 1 again: epochs counts from the beginning of the whole run."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class history_lost:
    """the history of the run before is lost: keep it in the checkpoint's extra, and go on with it."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best, done = History(), None, 0
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            done, best = len(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(done + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class saved_at_the_end:
    """the checkpoint is written at the end of the run: one that is interrupted has none. Write it after every
    epoch."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
        if checkpoint is not None:
            extra = {"history": history, "best": best}
            save_checkpoint(checkpoint, model, optimizer, schedule, generators=generators, **extra)
        if best is not None:
            model.load_state_dict(best)
        return history


class order_not_saved:
    """the generators are not in the checkpoint: the resumed run shuffles its examples otherwise. Pass on those of
    find_generators."""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        each_batch = None if isinstance(schedule, ReduceLROnPlateau) else schedule
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        history, best = History(), None
        if resume and os.path.exists(checkpoint):
            past = load_checkpoint(checkpoint, model, optimizer, schedule, generators=[])
            history, best = History(past["history"]), past["best"]
        with training_mode(model, True):
            for epoch in range(len(history) + 1, epochs + 1):
                if patience is not None and epochs_since_best(history) >= patience:
                    break
                began, rate = time.perf_counter(), learning_rate(optimizer)
                options = {"schedule": each_batch, "transform": transform, "clip": clip, "metrics": metrics}
                figures = train_epoch(model, batches, optimizer, loss, epoch, **options)
                if validation is not None:
                    seen = evaluate(model, validation, loss=loss, metrics=metrics)
                    figures |= {f"validation_{name}": value for name, value in seen.items()}
                check_finite(model, figures, epoch, optimizer)
                if schedule is not each_batch:
                    schedule.step(figures.get("validation_loss", figures["loss"]))
                history.append({"epoch": epoch, **figures, "lr": rate, "seconds": time.perf_counter() - began})
                if patience is not None and epochs_since_best(history) == 0:
                    best = copy_state(model)
                if checkpoint is not None:
                    extra = {"history": history, "best": best}
                    save_checkpoint(checkpoint, model, optimizer, schedule, generators=[], **extra)
        if best is not None:
            model.load_state_dict(best)
        return history
