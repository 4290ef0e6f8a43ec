"""Module 08: training, from a figure to the whole loop."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="08.1",
        title="Accuracy",
        functions=("accuracy",),
        points=5,
        minutes=10,
        prompt="""
            The loss is what training makes small; accuracy is what people ask about. It is the fraction of examples whose
            largest output is that of the right class.

            output (N, C) has a row of C logits for each example, target (N,) the right classes. There may be more axes behind,
            output (N, C, L) with target (N, L): the classes are always axis 1. Return a Python float. Raise ValueError where
            the shapes do not go together.
        """,
        hints=(
            "Which class did the network choose for each example? Compare with the target, and count.",
            "output.array.argmax(axis=1) has the shape of target.array. The shape of target must be that of output without axis 1.",
            """
            In one line:

                return float(np.mean(output.array.argmax(axis=1) == target.array))
            """,
        ),
        note="""
            Accuracy has no slope: moving a weight a little changes no answer, or all at once. That is why a network is
            trained on cross-entropy and only judged by accuracy.
        """,
    ),
    Exercise(
        id="08.2",
        title="A mean that is fair",
        functions=("Means.__init__", "Means.add", "Means.values"),
        points=5,
        minutes=15,
        prompt="""
            An epoch comes in batches, and each batch gives the mean of its loss. The figure of the epoch is the mean over all
            examples, and the last batch is often short: 100 examples in batches of 32 leave 4.

            `means.add(n, values)` takes in the means of a batch of n examples, {"loss": 0.7, "accuracy": 0.5}.
            `means.values()` gives the means of all examples so far, under the same names; an empty dict before the first
            batch. `means.count` is the number of examples so far: evaluate asks for it.
        """,
        hints=(
            "If 32 examples have a mean of 1 and 4 have a mean of 2, what is the mean of the 36?",
            "Keep a count of examples, and for each name a total of n times the value. Divide when asked.",
            """
            Taking in a batch:

                self.count += n
                for name, value in values.items():
                    self.totals[name] = self.totals.get(name, 0.0) + n * value
            """,
        ),
        note="""
            The mean of the means of batches is nearly right, which is why the fault lives long: two programs that disagree in
            the third digit of an accuracy often differ here.
        """,
    ),
    Exercise(
        id="08.3",
        title="Training mode and back",
        functions=("training_mode",),
        points=5,
        minutes=15,
        prompt="""
            Some layers work otherwise in training than in use: dropout drops, batch norm takes the statistics of the batch.
            `module.training` tells them. model.train(mode) sets it for a model and all of its parts.

            `with training_mode(model, False):` puts a model into a mode for a block. Afterwards every part has its own mode
            back, also when the block fails: somebody may have frozen one part on purpose. model.modules() goes over the
            model and all of its parts.

            The function is a generator under @contextmanager: what stands before its `yield` runs when the block begins.
        """,
        hints=(
            "What must you write down before you call model.train, and for which parts?",
            "A list of (module, module.training) for all of model.modules(). try ... finally runs whatever happens.",
            """
            The second half:

                try:
                    yield
                finally:
                    for module, was_training in before:
                        module.training = was_training
            """,
        ),
        note="""
            Dropout that is still on while a network is evaluated costs a few per cent and raises no error. It is one of the
            hardest faults to see.
        """,
    ),
    Exercise(
        id="08.4",
        title="An epoch",
        functions=("train_epoch",),
        points=15,
        minutes=40,
        prompt="""
            The loop that all of it was for. For each batch of `batches`: forget the old gradients, compute the output and its
            loss, send gradients back, take a step. Return the means over all examples of the loss and the metrics.

            These do the small things: `pair(batch)` gives x and y, `answer(model, x)` the output, `one_number(loss(output,
            y))` the loss, `measure(metrics, output, y)` a dict of metrics (accuracy, unless told otherwise), and Means
            the means; loss.item() is its number.

            Four things are optional, and None otherwise: transform(x) changes the inputs; clip_grad_norm_(model.parameters(),
            clip) shortens long gradients before they are used; schedule.step() follows each step of the optimizer;
            progress.batch(done, means.values()) draws the bar after batch number `done`, counted from 1. `epoch` is for
            messages only.
        """,
        hints=(
            "Say the order out loud: zero_grad, forward, loss, backward, step. Where do clip and schedule belong?",
            "Gradients must be cleared before backward and used after it; clip lies between backward and step. A batch has len(x) "
            "examples.",
            """
            The heart of it:

                optimizer.zero_grad()
                output = answer(model, x)
                cost = one_number(loss(output, y))
                cost.backward()
                optimizer.step()
                means.add(len(x), {"loss": cost.item(), **measure(metrics, output, y)})
            """,
        ),
        note="""
            Five lines, and every network ever trained has passed through them. The library's own also looks at each loss
            before it reaches the weights, and stops with a sentence where it is nan.
        """,
    ),
    Exercise(
        id="08.5",
        title="Looking without touching",
        functions=("evaluate",),
        points=10,
        minutes=25,
        prompt="""
            How good is the model on data that it was not trained on? `evaluate` returns the means of loss and metrics over a
            dataset, {"loss": 0.31, "accuracy": 0.95}, and changes nothing: no gradients are recorded, the model answers in
            evaluation mode, and every part of it is left in the mode in which it was.

            `as_loader(dataset, batch_size)` gives batches of a dataset, and leaves a DataLoader as it is. pair, answer,
            one_number, measure and Means are those of the epoch. Raise ValueError where there are no examples.
        """,
        hints=(
            "It is an epoch without its training: what of train_epoch is left? What must be switched off, and back on?",
            "with no_grad(), training_mode(model, False): around the loop. means.count tells how many examples there were.",
            """
            Around the loop:

                means = Means()
                with no_grad(), training_mode(model, False):
                    for batch in as_loader(dataset, batch_size):
                        x, y = pair(batch)
                        ...
            """,
        ),
        note="""
            Batches may be larger here than in training: nothing is kept for the way back, so a batch takes a fraction of the
            memory.
        """,
    ),
    Exercise(
        id="08.6",
        title="The best so far",
        functions=("epochs_since_best", "copy_state"),
        points=5,
        minutes=20,
        prompt="""
            Trained for too long, a network learns its examples by heart: the loss on them still falls, that of the validation
            set rises. Early stopping watches for that, and goes back to the best epoch.

            `epochs_since_best(history)` takes rows such as {"loss": 0.2, "validation_loss": 0.5} and says how many epochs
            ago the validation loss was lowest: 0 if it was in the last one. An epoch that is only as good as the best
            one is no new best. An empty history gives 0.

            `copy_state(model)` gives what model.state_dict() has, parameters and buffers by name, as it is now: state_dict
            shares its memory with the model, and the model goes on learning.
        """,
        hints=(
            "Write down five losses, and count by hand. Where in the list is the lowest, and where its end?",
            "losses.index(min(losses)) is the first place of the lowest. t.clone() is a Tensor on memory of its own.",
            """
            Both:

                return len(losses) - 1 - losses.index(min(losses)) if losses else 0

                return {name: t.clone() for name, t in model.state_dict().items()}
            """,
        ),
        note="""
            `best = model.state_dict()` is a famous fault: it is the model itself under another name, and what is "restored"
            in the end are the last weights.
        """,
    ),
    Exercise(
        id="08.7",
        title="Checkpoints",
        functions=("save_checkpoint", "load_checkpoint"),
        points=10,
        minutes=30,
        prompt="""
            A long run can be interrupted by anything. What must be in a file so that it can go on as if nothing had happened,
            to the last bit? More than the model: the optimizer has its memory, the schedule its place, and every random
            generator its state.

            Model, optimizer and schedule have state_dict() and load_state_dict(state); a generator has get_state() and
            set_state(state). The schedule may be None. `extra` is whatever the caller wants back. `save(content, file)` writes
            dicts, lists, numbers and Tensors, `load(file)` reads them.

            load_checkpoint puts everything back, and returns the extra. It raises ValueError where the file holds something
            else (its content lacks what yours has), or is of another model; load_state_dict raises RuntimeError for that,
            and leaves the model as it was.
        """,
        hints=(
            "Adam keeps running means of the gradients. What happens to the first steps of a run that lost them?",
            "A dict of five: model, optimizer, schedule, generators (a list of states), extra. Compare its keys when you load; the "
            "names in CONTENT are the library's own, yours may be others.",
            """
            What to save:

                content = {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": None if schedule is None else schedule.state_dict(),
                    "generators": [generator.get_state() for generator in generators],
                    "extra": extra,
                }
                save(content, file)
            """,
        ),
        note="""
            save writes a new file beside the old one and then renames it, so that a run that is killed while it saves still
            has its last checkpoint. The library's own also tells a checkpoint of Adam from one of SGD.
        """,
    ),
    Exercise(
        id="08.8",
        title="fit",
        functions=("fit",),
        points=20,
        minutes=60,
        prompt="""
            Now put it together. `fit` trains for some epochs and returns a History, a list with a row for each: epoch
            (counted from 1), loss and metrics of train_epoch, those of evaluate with validation_ before their names, lr
            (learning_rate(optimizer) as the epoch began), and seconds.

            In the order of an epoch: train; evaluate on the validation data, if there are any; check_finite(model, figures,
            epoch, optimizer); step a ReduceLROnPlateau with the validation loss, or the loss where there is none (any
            other schedule goes to train_epoch); add the row; if patience is given and this epoch is the best, keep a copy
            of the model; write the checkpoint. With patience, begin no epoch when the best one is `patience` epochs ago,
            and in the end load the best copy.

            With resume and a file at `checkpoint`, load it first and go on after its last epoch: keep history and best in the
            checkpoint's extra. generators = find_generators(model, batches, transform, validation) are those to save.
            batches = as_loader(train, batch_size, shuffle=True, generator=generator); training_mode(model, True) is around it
            all. `progress` may be a Progress, True or False.
        """,
        hints=(
            "Write it first without patience, checkpoint and progress: a loop over epochs with two calls and a row. Then add them "
            "one by one.",
            "range(len(history) + 1, epochs + 1) goes on where a history ends. Break before an epoch where "
            "epochs_since_best(history) >= patience, and copy the state after one where it is 0.",
            """
            The outside of it, with the bar:

                shown = progress
                if not isinstance(progress, Progress):
                    shown = Progress(silent=not progress)
                with shown, training_mode(model, True):
                    shown.start(epochs=epochs, batches=len(batches), done=len(history))
                    for epoch in range(len(history) + 1, epochs + 1):
                        ...
                        shown.epoch(figures)

            And the checkpoint:

                extra = {"history": history, "best": best}
                save_checkpoint(
                    checkpoint, model, optimizer, schedule,
                    generators=generators, **extra,
                )
            """,
        ),
        note="""
            From here on, every script, study and milestone trains with your loop. The first milestone is next: a network on
            handwritten digits, on your own eight files.
        """,
    ),
]
