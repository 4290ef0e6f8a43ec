"""Module 02: a graph of calls, and the walk back through it."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="02.1",
        title="Turning recording off",
        functions=("_Recording.__enter__", "_Recording.__exit__"),
        points=5,
        minutes=15,
        prompt="""
            In this module the rules become an engine. Every call of a rule is recorded, so that gradients can go back
            through it. A network that is only used, not trained, needs no records: `with no_grad():` turns them off.

            `_mode.recording` says whether calls are recorded now, and `self._mode` what this block wants. `__enter__` runs
            when a block begins, `__exit__` when it ends, also by an exception. Blocks may stand within blocks, so
            remember what to go back to: `_mode.before` is a list for that. One no_grad() above a function that calls
            itself is entered several times.
        """,
        hints=(
            "What was recording before this block began? It need not have been True.",
            "__enter__ appends the present mode to _mode.before and sets its own; __exit__ takes the last one off again. An "
            "__exit__ that returns something true swallows the exception.",
            """
            Entering, and leaving:

                _mode.before.append(_mode.recording)
                _mode.recording = self._mode

                _mode.recording = _mode.before.pop()
            """,
        ),
        note="""
            Recording costs memory: a record keeps every array that its way back needs. To evaluate without no_grad is the
            commonest way to run out of it.
        """,
    ),
    Exercise(
        id="02.2",
        title="Undoing broadcasting",
        functions=("unbroadcast",),
        points=10,
        minutes=30,
        prompt="""
            NumPy adds a bias of shape (3,) to rows of shape (32, 3) by using each of its numbers 32 times. A number that
            was used in many places gets the sum of their gradients.

            `unbroadcast(gradient, shape)` brings a gradient back to the shape of the input. There are two cases, which
            occur together: axes that broadcasting added in front, and axes that it stretched from length 1.

            Where the shape does not broadcast to the gradient's, raise RuntimeError; `name` is the op, for the message.
            The gradient may be a Tensor: np.sum and np.reshape take both.
        """,
        hints=(
            "Write the two shapes below each other, right-aligned: (4, 2, 3) above (1, 3). Which axes must be summed?",
            "The first gradient.ndim - len(shape) axes are summed and disappear. Of the others, those where shape has 1 and the "
            "gradient has not are summed and stay, with length 1.",
            """
            All at once, with the lengths put right at the end:

                added = gradient.ndim - len(shape)
                axes = tuple(i for i, n in enumerate(gradient.shape)
                             if i < added or (shape[i - added] == 1 and n != 1))
                summed = np.sum(gradient, axis=axes, keepdims=True)
                return np.reshape(summed, shape)

            Before the last line, check that summed.shape[added:] == shape.
            """,
        ),
        note="""
            This is the gradient of every bias in every network. The engine does it once for all, which is why no rule of
            module 01 had to think of it.
        """,
    ),
    Exercise(
        id="02.3",
        title="A gradient that fits",
        functions=("fit",),
        points=5,
        minutes=10,
        prompt="""
            A gradient must have the shape and the data type of what it is the gradient of. `fit` sees to both, with
            unbroadcast. Data types can differ: where float32 and float64 meet, the result is float64, and so is the
            gradient that comes back to the float32 input.

            `like` is the input. The gradient is an array, which has astype(dtype), or a Tensor, which has to(dtype). A rule
            that returns something without a shape, such as None, has a fault: raise RuntimeError and name record.name.
        """,
        hints=(
            "Three questions, one after the other: has it a shape at all, is it the right one, and is the data type right?",
            "hasattr(gradient, 'shape'); gradient.shape != like.shape; gradient.dtype != like.dtype.",
            """
            For the data type:

                if gradient.dtype != like.dtype:
                    if hasattr(gradient, "astype"):  # an array
                        return gradient.astype(like.dtype)
                    return gradient.to(like.dtype)
            """,
        ),
        note="""
            Without it one float64 somewhere would turn all gradients before it into float64, at twice the memory, and
            nobody would notice.
        """,
    ),
    Exercise(
        id="02.4",
        title="The order of the graph",
        functions=("trace",),
        points=10,
        minutes=40,
        prompt="""
            A Record is one call: `record.sources` has, for each input, the Record of the call that made it, or the leaf
            that it is, or None. So Records hang together as a graph, and `trace(outputs)` finds all that the outputs
            depend on, in a list.

            The order matters. A value that was used twice may send its gradient on only when both have arrived. So a
            Record must stand after everything it was computed from, and be there once: a topological order.

            `record.moment` is a number that grows with every call. Records with a moment of `since` or less are left out,
            and not looked behind. Outputs and sources that are no Records (leaves, None) are passed over.
        """,
        hints=(
            "Which Records are there? Walk from the outputs, and keep a set of those that you have met. Then ask for the order.",
            "A list of Records to look at; take one, look at its sources, and put those that are new into the set and on the "
            "list. When the list is empty, sort the set: whatever used a value is younger than it.",
            """
            The walk:

                found = {s for s in outputs if isinstance(s, Record) and s.moment > since}
                waiting = list(found)
                while waiting:
                    for source in waiting.pop().sources:
                        ...  # if it is a Record, young enough and new: add it to both

            And the order: sorted(found, key=lambda record: record.moment).
            """,
        ),
        note="""
            Recursion would do for small graphs: a function that visits the sources of a Record before it appends the Record
            itself. But Python's stack ends after a thousand calls, and a loop over a long text makes deeper graphs.
        """,
    ),
    Exercise(
        id="02.5",
        title="Only what leads there",
        functions=("leading_to", "oldest"),
        points=5,
        minutes=15,
        prompt="""
            Sometimes the gradient of one input is wanted, not those of all. Then most of the graph need not be walked.

            `leading_to(targets, records)` takes Records, oldest first, and returns a set: the targets themselves, and every
            Record that has a way to one of them, through however many calls. A target is a Record or a leaf.

            `oldest(targets)` is the moment of the oldest target. No Record before it can lead to any of them. Leaves have
            no moment and are older than everything: then it is 0, and also where targets is None or empty.
        """,
        hints=(
            "A Record leads to a target if one of its sources does. In which order must you ask, so that the sources are known?",
            "Go through the records in the order given, and add each that has a source in the set; the set begins as the targets.",
            """
            The heart of both:

                if any(source in needed for source in record.sources):
                    needed.add(record)

                min(t.moment if isinstance(t, Record) else 0 for t in targets)
            """,
        ),
        note="""
            The first layer's input is data, and nobody wants its gradient. In a convolution that gradient would be the
            most expensive product of all, and here it is never computed.
        """,
    ),
    Exercise(
        id="02.6",
        title="The chain rule",
        functions=("backpropagate",),
        points=20,
        minutes=60,
        prompt="""
            The heart of it all. `backpropagate(outputs, gradients)` sends the gradients of the outputs back through the
            graph, and returns a dict: the gradient of each leaf. With `targets`, the gradients of these instead, where one
            reached them.

            Walk the Records from the youngest to the oldest. When you come to one, all of its gradient has arrived. For each
            source that is not None, send it back through the call, fit it to the input, and add it to what the source has
            already. Never write into an array that arrived: a rule may give the same one to several.

            `ways_back(record, gradient, sources, create_graph)` gives a function of the gradient for each input; a source
            that you replace by None is not wanted. record.inputs are the arrays that went in. When a Record was passed,
            `record.free()` unless retain_graph is set.
        """,
        hints=(
            "Keep one dict from source to the gradient that arrived so far. What stands in it at the start? What must be left in "
            "it at the end?",
            "records = trace(outputs, since=oldest(targets)), then reversed(records). Without targets, take a Record's gradient out "
            "of the dict when you pass it, so that only leaves are left. With targets, leading_to(targets, records) are the only "
            "sources to send anything to, and the only Records to pass.",
            """
            For a record and the gradient that arrived for it:

                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        if source in arrived:
                            back = arrived[source] + back
                        arrived[source] = back

            where sources are record.sources, with None for those that no target needs.
            """,
        ),
        note="""
            This walk, with a rule for each operation, trains every network there is. One gradient costs a few times as much
            as the value, however many parameters there are: Griewank and Walther (2008) prove it in their chapter 4. The
            library's own function also refuses to use memory that was changed in the meantime (check_unchanged).
        """,
    ),
    Exercise(
        id="02.7",
        title="Where a gradient starts",
        functions=("_seed",),
        points=5,
        minutes=15,
        prompt="""
            loss.backward() starts from the gradient of the loss with respect to itself, which is 1. `_seed(output, gradient)`
            returns what to start from at an output, a Tensor: an output has shape, dtype and requires_grad, its numbers are
            output.array, and output.as_gradient(array) makes a Tensor of an array.

            With no gradient given, the output must be a single number, of shape () or (1, 1) or such; the gradient has its
            shape and data type. A gradient that is given must be of the output's shape, and gets its data type.

            Raise RuntimeError for an output that does not require grad, a gradient that is missing, or one of another shape.
        """,
        hints=(
            "The gradient of y with respect to y is 1. Why is that of no use for a y of several numbers?",
            "output.array.size is 1 for a single number of whatever shape. gradient.to(output.dtype) changes the data type of a "
            "Tensor.",
            """
            With nothing given:

                return output.as_gradient(np.ones(output.shape, output.dtype))
            """,
        ),
        note="""
            PyTorch says it like this: "grad can be implicitly created only for scalar outputs". For several numbers there is
            a gradient of each, and backward gives the sum of them, weighted by the gradient that you give.
        """,
    ),
    Exercise(
        id="02.8",
        title="backward and grad",
        functions=("backward", "grad"),
        points=10,
        minutes=30,
        prompt="""
            Two ways to ask for gradients. `backward(y)` adds to x.grad of every leaf x that led to y. `grad(y, inputs)`
            returns the gradients as a tuple, in the order of the inputs, and leaves everybody's grad alone.

            `_gradients(outputs, seeds, targets, retain_graph, create_graph)` does the walk and gives a dict from source to
            gradient. For a Tensor x, x.source is its place in the graph: its Record or, for a leaf, x itself.
            x.accumulate(gradient) adds to x.grad; x.as_gradient(gradient) makes a Tensor of it. `_several` makes a
            sequence of one Tensor or several.

            With backward's `inputs`, only these get a gradient, leaf or not. grad raises RuntimeError for an input that does
            not require grad, or has no part in the outputs; `allow_unused` gives None for the latter. `only_inputs` changes
            nothing.
        """,
        hints=(
            "The dict that comes back is asked by source, and what you need is the Tensor. For a leaf they are the same; which "
            "Tensor belongs to a Record?",
            "backward: targets are None, or the sources of inputs; every Tensor among them accumulates. grad: targets are the "
            "sources of the inputs, in their order; look each of them up.",
            """
            For backward:

                named = {} if inputs is None else {x.source: x for x in _several(inputs)}
                targets = None if inputs is None else list(named)
                for source, gradient in _gradients(...).items():
                    named.get(source, source).accumulate(gradient)
            """,
        ),
        note="""
            That gradients add up is a gift and a trap: several batches can make one large step, and whoever forgets
            zero_grad trains on the sum of all batches so far.
        """,
    ),
]
