"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821
import os
import time


class loops:
    """one answer after the other"""

    exercise = "08.1"

    def accuracy(output, target):
        if output.ndim < 2 or (output.shape[0], *output.shape[2:]) != tuple(target.shape):
            raise ValueError(f"accuracy cannot compare {output.shape} with {target.shape}")
        chosen = output.argmax(dim=1)
        right = 0
        for one, other in zip(chosen.array.flat, target.array.flat, strict=True):
            right += int(one == other)
        return right / target.numel()


class lists_of_batches:
    """everything is kept, and the means are computed when they are asked for"""

    exercise = "08.2"

    class Means:
        def __init__(self):
            self.count, self.batches = 0, []

        def add(self, n, values):
            self.count += n
            self.batches.append((n, dict(values)))

        def values(self):
            total = sum(n for n, _ in self.batches)
            names = self.batches[0][1] if self.batches else ()
            return {name: sum(n * values[name] for n, values in self.batches) / total for name in names}


class running_means:
    """the mean is moved towards each batch by its share of the examples"""

    exercise = "08.2"

    class Means:
        def __init__(self):
            self.count, self.means = 0, {}

        def add(self, n, values):
            self.count += n
            for name in values:
                mean = self.means.setdefault(name, 0.0)
                self.means[name] = mean + (values[name] - mean) * n / self.count

        def values(self):
            return dict(self.means)


class by_place:
    """the modes in a list, in the order of the parts"""

    exercise = "08.3"

    def training_mode(model, training):
        parts = list(model.modules())
        modes = [part.training for part in parts]
        for part in parts:
            part.training = training
        try:
            yield
        finally:
            for i in range(len(parts)):
                parts[i].training = modes[i]


class sums_by_hand:
    """sums of its own, the model called directly, gradients cleared after the step"""

    exercise = "08.4"

    def train_epoch(model, batches, optimizer, loss=cross_entropy, epoch=1, *, schedule=None, transform=None, clip=None, metrics=None, progress=None):  # fmt: skip
        count, totals, done = 0, {}, 0
        optimizer.zero_grad()
        for x, y in batches:
            if transform:
                x = transform(x)
            output = model(x)
            cost = loss(output, y)
            cost.backward()
            figures = {"loss": cost.item()}
            figures.update(measure(metrics, output, y))
            if clip:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
            if schedule:
                schedule.step()
            count, done = count + len(x), done + 1
            for name in figures:
                totals[name] = totals.get(name, 0) + figures[name] * len(x)
            if progress:
                progress.batch(done, {name: total / count for name, total in totals.items()})
        return {name: total / count for name, total in totals.items()}


class blocks_within_blocks:
    """modes put back by hand, no_grad within the loop"""

    exercise = "08.5"

    def evaluate(model, dataset, *, loss=cross_entropy, batch_size=256, metrics=None):
        before = {id(part): part.training for part in model.modules()}
        model.eval()
        means = Means()
        try:
            for x, y in as_loader(dataset, batch_size):
                with no_grad():
                    output = model(x)
                    figures = measure(metrics, output, y)
                    figures["loss"] = loss(output, y).item()
                means.add(len(y), figures)
        finally:
            for part in model.modules():
                part.training = before[id(part)]
        if not means.count:
            raise ValueError("evaluate was given no examples")
        return means.values()


class one_pass:
    """the best loss and its age are carried along"""

    exercise = "08.6"

    def epochs_since_best(history):
        best, age = float("inf"), 0
        for row in history:
            if row["validation_loss"] < best:
                best, age = row["validation_loss"], 0
            else:
                age += 1
        return age

    def copy_state(model):
        state = {}
        for name, tensor in model.state_dict().items():
            state[name] = Tensor(tensor.array.copy())
        return state


class other_names:
    """names of its own, and a mark"""

    exercise = "08.7"

    def save_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,), **extra):
        states = [model.state_dict(), optimizer.state_dict(), schedule and schedule.state_dict()]
        save(
            {"mark": "a checkpoint", "states": states, "random": [g.get_state() for g in generators], "more": extra},
            file,
        )

    def load_checkpoint(file, model, optimizer, schedule=None, *, generators=(default_generator,)):
        content = load(file)
        if content.get("mark") != "a checkpoint":
            raise ValueError(f"{file} is no checkpoint")
        model_state, optimizer_state, schedule_state = content["states"]
        try:
            model.load_state_dict(model_state)
        except RuntimeError as error:
            raise ValueError(f"{file} is of another model") from error
        optimizer.load_state_dict(optimizer_state)
        if schedule:
            schedule.load_state_dict(schedule_state)
        for i, generator in enumerate(generators):
            generator.set_state(content["random"][i])
        return content["more"]


class while_loop:
    """a while loop, the best loss kept in a variable, no progress bar"""

    exercise = "08.8"

    def fit(model, train, *, epochs, optimizer, loss=cross_entropy, validation=None, batch_size=32, schedule=None, transform=None, clip=None, metrics=None, patience=None, checkpoint=None, resume=False, generator=None, progress=True):  # fmt: skip
        plateau = schedule if isinstance(schedule, ReduceLROnPlateau) else None
        batches = as_loader(train, batch_size, shuffle=True, generator=generator)
        generators = find_generators(model, batches, transform, validation)
        history, best = History(), None
        if resume and checkpoint and os.path.isfile(checkpoint):
            extra = load_checkpoint(checkpoint, model, optimizer, schedule, generators=generators)
            history, best = History(extra["history"]), extra["best"]
        modes = [(part, part.training) for part in model.modules()]
        model.train()
        while len(history) < epochs and (patience is None or epochs_since_best(history) < patience):
            start = time.time()
            row = {"epoch": len(history) + 1, "lr": learning_rate(optimizer)}
            row.update(
                train_epoch(
                    model, batches, optimizer, loss, row["epoch"],
                    schedule=None if plateau else schedule, transform=transform, clip=clip, metrics=metrics,
                )
            )  # fmt: skip
            watched = row["loss"]
            if validation is not None:
                for name, value in evaluate(model, validation, loss=loss, metrics=metrics).items():
                    row["validation_" + name] = value
                watched = row["validation_loss"]
            check_finite(model, row, row["epoch"], optimizer)
            if plateau:
                plateau.step(watched)
            row["seconds"] = time.time() - start
            history.append(row)
            if patience is not None and epochs_since_best(history) == 0:
                best = copy_state(model)
            if checkpoint:
                save_checkpoint(
                    checkpoint, model, optimizer, schedule, generators=generators, history=history, best=best
                )
        for part, mode in modes:
            part.training = mode
        if best:
            model.load_state_dict(best)
        return history
