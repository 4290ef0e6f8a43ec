"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821
import numpy as np


class index_of_the_stack:
    """the mode is read before it is appended, and taken off with del"""

    exercise = "02.1"

    class _Recording:
        def __enter__(self):
            before = is_grad_enabled()
            _mode.recording = self._mode
            _mode.before += [before]

        def __exit__(self, *error):
            _mode.recording = _mode.before[-1]
            del _mode.before[-1]
            return False


class one_axis_at_a_time:
    """axes in front are summed one after the other, then those of length 1, by methods"""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        before = gradient.shape
        while gradient.ndim > len(shape):
            gradient = gradient.sum(axis=0)
        for axis, n in enumerate(shape):
            if n == 1 and axis < gradient.ndim:
                gradient = gradient.sum(axis=axis, keepdims=True)
        if gradient.shape != shape:
            raise RuntimeError(f"{name}: {before} cannot come from {shape}")
        return gradient


class checked_first:
    """np.broadcast_shapes says whether the shapes go together"""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        try:
            fits = np.broadcast_shapes(gradient.shape, shape) == gradient.shape
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(f"{name}: no broadcasting leads from {shape} to {gradient.shape}")
        padded = (1,) * (gradient.ndim - len(shape)) + tuple(shape)
        axes = tuple(i for i in range(gradient.ndim) if padded[i] == 1)
        return np.reshape(np.sum(gradient, axis=axes, keepdims=True) if axes else gradient, shape)


class unasked:
    """unbroadcast and the cast are called whether or not they have anything to do"""

    exercise = "02.3"

    def fit(gradient, like, record):
        try:
            gradient = unbroadcast(gradient, like.shape, record.name)
        except AttributeError:
            raise RuntimeError(f"{record.name} returned {gradient!r} where a gradient belongs") from None
        cast = getattr(gradient, "astype", None) or gradient.to
        return cast(like.dtype)


class recursion:
    """a Record is appended after its sources were visited"""

    exercise = "02.4"

    def trace(outputs, since=0):
        order, seen = [], set()

        def visit(source):
            if isinstance(source, Record) and source.moment > since and source not in seen:
                seen.add(source)
                for one in source.sources:
                    visit(one)
                order.append(source)

        for output in outputs:
            visit(output)
        return order


class kahn:
    """a Record is ready when all that used it are done (Kahn 1962)"""

    exercise = "02.4"

    def trace(outputs, since=0):
        def young(sources):
            return [s for s in sources if isinstance(s, Record) and s.moment > since]

        users, waiting = {}, young(outputs)
        for record in waiting:
            users.setdefault(record, 0)
        seen = set(waiting)
        waiting = list(seen)
        while waiting:
            for source in young(waiting.pop().sources):
                users[source] = users.get(source, 0) + 1
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        ready, order = [record for record in seen if users[record] == 0], []
        while ready:
            record = ready.pop()
            order.append(record)
            for source in young(record.sources):
                users[source] -= 1
                if users[source] == 0:
                    ready.append(source)
        return order[::-1]


class youngest_next:
    """the youngest Record of those that were met is always taken next"""

    exercise = "02.4"

    def bisect_insort(numbers, number):
        numbers.append(number)
        numbers.sort()

    def trace(outputs, since=0):
        met, moments, order = {}, [], []

        def meet(source):
            if isinstance(source, Record) and source.moment > since and source.moment not in met:
                met[source.moment] = source
                bisect_insort(moments, source.moment)

        for output in outputs:
            meet(output)
        while moments:
            record = met[moments.pop()]
            order.insert(0, record)
            for source in record.sources:
                meet(source)
        return order


class asked_of_each:
    """each Record is asked, with what is known of those before it"""

    exercise = "02.5"

    def leading_to(targets, records):
        leads = {target: True for target in targets}
        for record in records:
            leads[record] = leads.get(record, False) or any(leads.get(source, False) for source in record.sources)
        return {source for source, yes in leads.items() if yes}

    def oldest(targets):
        if not targets:
            return 0
        moment = float("inf")
        for target in targets:
            if not isinstance(target, Record):
                return 0
            moment = min(moment, target.moment)
        return moment


class all_kept:
    """nothing is taken out on the way, the wanted ones are picked at the end"""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs)
        if targets is not None:
            needed = leading_to(targets, records)
        total = {}

        def add(source, gradient):
            total[source] = gradient if source not in total else total[source] + gradient

        for output, gradient in zip(outputs, gradients, strict=True):
            add(output, gradient)
        while records:
            record = records.pop()
            if targets is not None and record not in needed:
                continue
            wanted = [s if targets is None or s in needed else None for s in record.sources]
            if any(s is not None for s in wanted):
                for i, way in enumerate(ways_back(record, total[record], wanted, create_graph)):
                    if wanted[i] is not None:
                        add(wanted[i], fit(way(total[record]), record.inputs[i], record))
            if not retain_graph:
                record.free()
        if targets is None:
            return {source: gradient for source, gradient in total.items() if not isinstance(source, Record)}
        return {source: total[source] for source in set(targets) & set(total)}


class full_of_ones:
    """np.full, and the checks in another order"""

    exercise = "02.7"

    def _seed(output, gradient):
        if gradient is not None and tuple(gradient.shape) != tuple(output.shape):
            raise RuntimeError("the gradient must have the shape of the output")
        if not output.requires_grad:
            raise RuntimeError("the output does not require grad")
        if gradient is not None:
            return gradient.to(output.dtype)
        if output.numel() > 1:
            raise RuntimeError("which of the numbers?")
        return output.as_gradient(np.full_like(output.array, 1))


class loops:
    """Tensors are looked up one by one"""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        if inputs is None:
            found = _gradients(tensors, grad_tensors, None, retain_graph, create_graph)
            for leaf in found:
                leaf.accumulate(found[leaf])
            return
        inputs = _several(inputs)
        found = _gradients(tensors, grad_tensors, [x.source for x in inputs], retain_graph, create_graph)
        for x in inputs:
            if x.source in found:
                x.accumulate(found[x.source])

    def grad(
        outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False
    ):
        inputs = _several(inputs)
        if not all(x.requires_grad for x in inputs):
            raise RuntimeError("an input does not require grad")
        found = _gradients(outputs, grad_outputs, [x.source for x in inputs], retain_graph, create_graph)
        gradients = []
        for x in inputs:
            if x.source in found:
                gradients.append(x.as_gradient(found[x.source]))
            elif allow_unused:
                gradients.append(None)
            else:
                raise RuntimeError("an input has no part in the outputs")
        return tuple(gradients)
