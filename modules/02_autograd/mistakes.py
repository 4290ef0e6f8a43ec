"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821
import numpy as np

# 02.1 Recording


class on_again_always:
    """a block turns recording on when it ends: it may stand within another that had turned it off."""

    exercise = "02.1"

    class _Recording:
        def __exit__(self, *error):
            _mode.recording = True


class remembered_in_self:
    """the mode is remembered in self: a function that calls itself enters the same object twice, and the second entry
    overwrites what the first had remembered."""

    exercise = "02.1"

    class _Recording:
        def __enter__(self):
            self._before = _mode.recording
            _mode.recording = self._mode

        def __exit__(self, *error):
            _mode.recording = self._before


class exception_swallowed:
    """__exit__ returns something true, which tells Python that the exception was dealt with."""

    exercise = "02.1"

    class _Recording:
        def __exit__(self, *error):
            _mode.recording = _mode.before.pop()
            return True


class off_always:
    """__enter__ turns recording off whatever the block is: enable_grad wants it on, and self._mode says so."""

    exercise = "02.1"

    class _Recording:
        def __enter__(self):
            _mode.before.append(_mode.recording)
            _mode.recording = False


class never_back:
    """__exit__ does not bring back the mode from before."""

    exercise = "02.1"

    class _Recording:
        def __exit__(self, *error):
            _mode.before.pop()


class turned_round:
    """__exit__ turns recording to the opposite of what the block wanted: that need not be what was there before."""

    exercise = "02.1"

    class _Recording:
        def __exit__(self, *error):
            _mode.recording = not self._mode


# 02.2 Undoing broadcasting


class averaged:
    """the gradients are averaged: a number that was used in many places gets their sum."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        added = gradient.ndim - len(shape)
        stretched = tuple(i for i, n in enumerate(gradient.shape) if i < added or (shape[i - added] == 1 and n != 1))
        summed = np.mean(gradient, axis=stretched, keepdims=True) if stretched else gradient
        if added < 0 or summed.shape[added:] != shape:
            raise RuntimeError(name)
        return np.reshape(summed, shape)


class added_axes_only:
    """only the axes in front are summed: those that were stretched from length 1 must be summed as well."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        while gradient.ndim > len(shape):
            gradient = gradient.sum(axis=0)
        return gradient


class stretched_axes_only:
    """only the axes that were stretched are summed: those that broadcasting added in front must go as well."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        for i, n in enumerate(shape):
            if n == 1:
                gradient = gradient.sum(axis=i, keepdims=True)
        return gradient


class first_axis_only:
    """one axis is summed, the first: there may be several, anywhere."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        return gradient if gradient.shape == shape else gradient.sum(axis=0)


class keepdims_lost:
    """a stretched axis is summed away: it was there with length 1, so sum it with keepdims=True."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        added = gradient.ndim - len(shape)
        return np.sum(gradient, axis=tuple(i for i in range(gradient.ndim) if i < added or shape[i - added] == 1))


class left_aligned:
    """the shapes are compared from the left: broadcasting aligns them on the right."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        axes = tuple(i for i, n in enumerate(gradient.shape) if i >= len(shape) or (shape[i] == 1 and n != 1))
        return np.reshape(np.sum(gradient, axis=axes, keepdims=True), shape)


class first_taken:
    """one of the gradients is taken and the others are dropped: they must be added up."""

    exercise = "02.2"

    def unbroadcast(gradient, shape, name="unbroadcast"):
        while gradient.ndim > len(shape):
            gradient = gradient[0]
        for i, n in enumerate(shape):
            if n == 1:
                gradient = gradient[(slice(None),) * i + (slice(0, 1),)]
        return gradient


# 02.3 A gradient that fits


class type_left:
    """the data type is left as it came: the gradient of a float32 input must be float32."""

    exercise = "02.3"

    def fit(gradient, like, record):
        if not hasattr(gradient, "shape"):
            raise RuntimeError(f"{record.name} gave no gradient")
        return gradient if gradient.shape == like.shape else unbroadcast(gradient, like.shape, record.name)


class float32_always:
    """the gradient is made float32: it gets the data type of its input, which may be float64."""

    exercise = "02.3"

    def fit(gradient, like, record):
        if not hasattr(gradient, "shape"):
            raise RuntimeError(f"{record.name} gave no gradient")
        gradient = unbroadcast(gradient, like.shape, record.name)
        return gradient.astype(np.float32) if isinstance(gradient, np.ndarray) else gradient.to(np.float32)


class shape_left:
    """the shape is left as it came: call unbroadcast where it is not the input's."""

    exercise = "02.3"

    def fit(gradient, like, record):
        if not hasattr(gradient, "shape"):
            raise RuntimeError(f"{record.name} gave no gradient")
        return gradient.astype(like.dtype) if isinstance(gradient, np.ndarray) else gradient.to(like.dtype)


class number_of_axes_only:
    """only the number of axes is compared: (1, 3) and (2, 3) have the same number."""

    exercise = "02.3"

    def fit(gradient, like, record):
        if not hasattr(gradient, "shape"):
            raise RuntimeError(f"{record.name} gave no gradient")
        if gradient.ndim != like.ndim:
            gradient = unbroadcast(gradient, like.shape, record.name)
        return gradient.astype(like.dtype) if isinstance(gradient, np.ndarray) else gradient.to(like.dtype)


class array_of_a_tensor:
    """np.asarray makes an array of a Tensor: its gradient would have no graph, so it must stay a Tensor."""

    exercise = "02.3"

    def fit(gradient, like, record):
        if not hasattr(gradient, "shape"):
            raise RuntimeError(f"{record.name} gave no gradient")
        return np.asarray(unbroadcast(gradient, like.shape, record.name)).astype(like.dtype)


# 02.4 Order


class breadth_first:
    """the Records are listed as they are met, level by level, and turned round: one that is used early and late comes too
    late then."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = []
        waiting = list(outputs)
        while waiting:
            record = waiting.pop(0)
            if type(record) is Record and record.moment > since and record not in found:
                found.append(record)
                waiting += record.sources
        return found[::-1]


class before_its_sources:
    """a Record is appended before its sources were visited: turned round, this is no topological order where paths meet."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = []

        def visit(record):
            if type(record) is Record and record.moment > since and record not in found:
                found.append(record)
                for source in record.sources:
                    visit(source)

        for output in outputs:
            visit(output)
        return found[::-1]


class met_twice:
    """a Record is listed each time that it is met: keep a set of those that were met."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found, waiting = [], list(outputs)
        while waiting:
            record = waiting.pop()
            if type(record) is Record and record.moment > since:
                found.append(record)
                waiting += record.sources
        return sorted(found, key=lambda record: record.moment)


class newest_first:
    """the youngest stand first: trace returns the oldest first."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = {source for source in outputs if type(source) is Record and source.moment > since}
        waiting = list(found)
        while waiting:
            for source in waiting.pop().sources:
                if type(source) is Record and source not in found and source.moment > since:
                    found.add(source)
                    waiting.append(source)
        return sorted(found, key=lambda record: -record.moment)


class outputs_left_out:
    """the Records of the outputs themselves are missing."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = set()
        waiting = [source for source in outputs if type(source) is Record]
        while waiting:
            for source in waiting.pop().sources:
                if type(source) is Record and source not in found and source.moment > since:
                    found.add(source)
                    waiting.append(source)
        return sorted(found, key=lambda record: record.moment)


class one_step_only:
    """only the sources of the outputs are looked at: those have sources too."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = {source for source in outputs if type(source) is Record and source.moment > since}
        for output in list(found):
            found |= {source for source in output.sources if type(source) is Record and source.moment > since}
        return sorted(found, key=lambda record: record.moment)


class since_ignored:
    """since is ignored: Records of that moment and before it are left out."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = {source for source in outputs if type(source) is Record}
        waiting = list(found)
        while waiting:
            for source in waiting.pop().sources:
                if type(source) is Record and source not in found:
                    found.add(source)
                    waiting.append(source)
        return sorted(found, key=lambda record: record.moment)


class since_included:
    """the Record of the moment since is there as well: only younger ones are wanted."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = {source for source in outputs if type(source) is Record and source.moment >= since}
        waiting = list(found)
        while waiting:
            for source in waiting.pop().sources:
                if type(source) is Record and source not in found and source.moment >= since:
                    found.add(source)
                    waiting.append(source)
        return sorted(found, key=lambda record: record.moment)


class leaves_as_records:
    """leaves are taken for Records, but have no sources and no moment: pass over what is no Record."""

    exercise = "02.4"

    def trace(outputs, since=0):
        found = set(outputs)
        waiting = list(found)
        while waiting:
            for source in waiting.pop().sources:
                if source is not None and source not in found:
                    found.add(source)
                    waiting.append(source)
        return sorted(found, key=lambda record: record.moment)


# 02.5 Targets


class all_sources_needed:
    """a Record counts only if all of its sources lead to a target: one is enough."""

    exercise = "02.5"

    def leading_to(targets, records):
        needed = set(targets)
        for record in records:
            if all(source in needed for source in record.sources):
                needed.add(record)
        return needed


class direct_only:
    """only the Records whose own sources are targets are there: those that lead to these lead to the targets as well. Go
    from the oldest to the youngest, so that a Record's sources are known when you come to it."""

    exercise = "02.5"

    def leading_to(targets, records):
        return set(targets) | {record for record in records if not set(targets).isdisjoint(record.sources)}


class targets_left_out:
    """the targets themselves are missing from the set."""

    exercise = "02.5"

    def leading_to(targets, records):
        needed = set(targets)
        for record in records:
            if not needed.isdisjoint(record.sources):
                needed.add(record)
        return needed - set(targets)


class depended_on:
    """the set holds what the targets were computed from: wanted are those that were computed from the targets."""

    exercise = "02.5"

    def leading_to(targets, records):
        needed = set(targets)
        for record in reversed(list(records)):
            if record in needed:
                needed |= {source for source in record.sources if source is not None}
        return needed


class leaves_forgotten:
    """oldest looks at the Records among the targets only: a leaf is older than all of them, so then it is 0."""

    exercise = "02.5"

    def oldest(targets):
        return min((t.moment for t in targets or () if isinstance(t, Record)), default=0)


class youngest_target:
    """oldest gives the moment of the youngest target: the walk would end before it reached the others."""

    exercise = "02.5"

    def oldest(targets):
        return max(t.moment if isinstance(t, Record) else 0 for t in targets) if targets else 0


class first_target:
    """oldest gives the moment of the first target that is named: they come in any order."""

    exercise = "02.5"

    def oldest(targets):
        return (targets[0].moment if isinstance(targets[0], Record) else 0) if targets else 0


# 02.6 The chain rule


class overwritten:
    """a gradient overwrites the one that had arrived before: a value that is used twice gets the sum of both."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = dict(zip(outputs, gradients, strict=True))
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        arrived[source] = fit(way(gradient), x, record)
                if not retain_graph:
                    record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class added_in_place:
    """a gradient is added with += into the array that had arrived: add gives the same array to both of its inputs, and
    what one of them gets changes the other's too."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        if source in arrived:
                            arrived[source] += back
                        else:
                            arrived[source] = back
                if not retain_graph:
                    record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class as_soon_as_reached:
    """a Record is passed as soon as a gradient reaches it, before the others have arrived: walk in the order of trace."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        waiting, seen = list(outputs), set()
        while waiting:
            record = waiting.pop(0)
            if not isinstance(record, Record) or record in seen or (needed is not None and record not in needed):
                continue
            seen.add(record)
            gradient = arrived[record]
            sources = [s if needed is None or s in needed else None for s in record.sources]
            ways = ways_back(record, gradient, sources, create_graph)
            for source, x, way in zip(sources, record.inputs, ways, strict=True):
                if source is not None:
                    back = fit(way(gradient), x, record)
                    arrived[source] = arrived[source] + back if source in arrived else back
                    waiting.append(source)
            if not retain_graph:
                record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class every_path:
    """a gradient is sent on along each path on its own: with every value that is used twice the paths double, and each
    way back is used again for each. Add up first, then send on once."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}

        def send(source, gradient):
            if targets is None and not isinstance(source, Record) or targets is not None and source in targets:
                arrived[source] = arrived[source] + gradient if source in arrived else gradient
            if isinstance(source, Record) and (needed is None or source in needed):
                sources = [s if needed is None or s in needed else None for s in source.sources]
                ways = ways_back(source, gradient, sources, create_graph)
                for s, x, way in zip(sources, source.inputs, ways, strict=True):
                    if s is not None:
                        send(s, fit(way(gradient), x, source))

        for source, gradient in zip(outputs, gradients, strict=True):
            send(source, gradient)
        for record in records:
            if not retain_graph:
                record.free()
        return arrived


class oldest_first:
    """the walk goes from the oldest Record to the youngest: nothing has arrived for the oldest yet. Use reversed(records)."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        arrived = dict(zip(outputs, gradients, strict=True))
        for record in trace(outputs, since=oldest(targets)):
            gradient = arrived.get(record, 0)
            for source, x, way in zip(
                record.sources, record.inputs, ways_back(record, gradient, record.sources, create_graph), strict=True
            ):
                if source is not None:
                    back = way(gradient) + np.zeros_like(x)
                    arrived[source] = arrived[source] + back if source in arrived else back
            if not retain_graph:
                record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class not_fitted:
    """what comes back is taken as it is: an input that was broadcast needs it in its own shape, which fit gives."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                for source, way in zip(sources, ways_back(record, gradient, sources, create_graph), strict=True):
                    if source is not None:
                        back = way(gradient)
                        arrived[source] = arrived[source] + back if source in arrived else back
                if not retain_graph:
                    record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class records_returned:
    """the gradients of calls are returned beside those of the leaves: take them out as you pass."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(trace(outputs)):
            gradient = arrived[record]
            ways = ways_back(record, gradient, record.sources, create_graph)
            for source, x, way in zip(record.sources, record.inputs, ways, strict=True):
                if source is not None:
                    back = fit(way(gradient), x, record)
                    arrived[source] = arrived[source] + back if source in arrived else back
            if not retain_graph:
                record.free()
        return arrived


class targets_ignored:
    """targets are ignored: with them, their gradients are wanted and no others."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(trace(outputs)):
            gradient = arrived.pop(record)
            ways = ways_back(record, gradient, record.sources, create_graph)
            for source, x, way in zip(record.sources, record.inputs, ways, strict=True):
                if source is not None:
                    back = fit(way(gradient), x, record)
                    arrived[source] = arrived[source] + back if source in arrived else back
            if not retain_graph:
                record.free()
        return arrived


class target_taken_out:
    """the gradient of a target that is a Record is taken out as it is passed, and missing at the end."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets) - 1 if targets else 0)
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived.pop(record)
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        arrived[source] = arrived[source] + back if source in arrived else back
                if not retain_graph:
                    record.free()
        return arrived if targets is None else {t: arrived[t] for t in targets if t in arrived}


class whole_graph_walked:
    """the whole graph is walked although targets are named: ways back that lead to none of them need not be used."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(trace(outputs)):
            gradient = arrived[record]
            ways = ways_back(record, gradient, record.sources, create_graph)
            for source, x, way in zip(record.sources, record.inputs, ways, strict=True):
                if source is not None:
                    back = fit(way(gradient), x, record)
                    arrived[source] = arrived[source] + back if source in arrived else back
            if not retain_graph:
                record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class never_freed:
    """the Records are not freed: they hold on to the memory of every value of the walk."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        arrived[source] = arrived[source] + back if source in arrived else back
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class freed_always:
    """the Records are freed although retain_graph is set, and the graph cannot be walked again."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, create_graph)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        arrived[source] = arrived[source] + back if source in arrived else back
                record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class create_graph_ignored:
    """record.vjps are used although create_graph is set: those compute on arrays, and the gradient has no graph. Pass
    create_graph on to ways_back."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                ways = ways_back(record, gradient, sources, False)
                for source, x, way in zip(sources, record.inputs, ways, strict=True):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        arrived[source] = arrived[source] + back if source in arrived else back
                if not retain_graph:
                    record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


class one_way_each:
    """record.vjps are used as they are: a call may have one way back for all of its inputs. Ask ways_back for them."""

    exercise = "02.6"

    def backpropagate(outputs, gradients, targets=None, *, retain_graph=False, create_graph=False):
        records = trace(outputs, since=oldest(targets))
        needed = None if targets is None else leading_to(targets, records)
        arrived = {}
        for source, gradient in zip(outputs, gradients, strict=True):
            arrived[source] = arrived[source] + gradient if source in arrived else gradient
        for record in reversed(records):
            if needed is None or record in needed:
                gradient = arrived[record]
                sources = [s if needed is None or s in needed else None for s in record.sources]
                for source, x, way in zip(sources, record.inputs, record.vjps, strict=False):
                    if source is not None:
                        back = fit(way(gradient), x, record)
                        arrived[source] = arrived[source] + back if source in arrived else back
                if not retain_graph:
                    record.free()
        wanted = [s for s in arrived if not isinstance(s, Record)] if targets is None else targets
        return {s: arrived[s] for s in wanted if s in arrived}


# 02.7 Where a gradient starts


class ones_for_all:
    """an output of several numbers starts from ones, as if it were summed: only a single number has a gradient of its
    own accord, the rest must be given one."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            return output.as_gradient(np.ones(output.shape, output.dtype))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient.to(output.dtype)


class shapeless_one:
    """the one has shape (): it needs the shape of the output, which may be (1, 1)."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            if output.array.size != 1:
                raise RuntimeError("several numbers")
            return output.as_gradient(np.array(1, output.dtype))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient.to(output.dtype)


class one_of_float64:
    """np.ones makes float64 unless it is told the data type of the output."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            if output.array.size != 1:
                raise RuntimeError("several numbers")
            return output.as_gradient(np.ones(output.shape))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient.to(output.dtype)


class scalars_only:
    """a single number is taken for one of shape (): output.array.size is 1 for (1,) and (1, 1) as well."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            if output.shape != ():
                raise RuntimeError("several numbers")
            return output.as_gradient(np.ones(output.shape, output.dtype))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient.to(output.dtype)


class broadcast_seed:
    """a gradient of another shape is broadcast: what was meant is unclear then, so it is an error."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            if output.array.size != 1:
                raise RuntimeError("several numbers")
            gradient = output.as_gradient(np.ones((), output.dtype))
        try:
            return output.as_gradient(np.broadcast_to(gradient.array, output.shape).astype(output.dtype))
        except ValueError as error:
            raise RuntimeError("another shape") from error


class type_of_the_gradient:
    """the gradient keeps its own data type: it gets that of the output."""

    exercise = "02.7"

    def _seed(output, gradient):
        if not output.requires_grad:
            raise RuntimeError("does not require grad")
        if gradient is None:
            if output.array.size != 1:
                raise RuntimeError("several numbers")
            return output.as_gradient(np.ones(output.shape, output.dtype))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient


class not_asked:
    """an output that does not require grad is taken as well: nothing led to it, and backward would do nothing, silently."""

    exercise = "02.7"

    def _seed(output, gradient):
        if gradient is None:
            if output.array.size != 1:
                raise RuntimeError("several numbers")
            return output.as_gradient(np.ones(output.shape, output.dtype))
        if gradient.shape != output.shape:
            raise RuntimeError("another shape")
        return gradient.to(output.dtype)


# 02.8 backward and grad


class grad_overwritten:
    """grad is overwritten: a second backward adds to it, which accumulate does."""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        named = {} if inputs is None else {x.source: x for x in _several(inputs)}
        targets = None if inputs is None else list(named)
        for source, gradient in _gradients(tensors, grad_tensors, targets, retain_graph, create_graph).items():
            x = named.get(source, source)
            x.grad = x.as_gradient(gradient)


class inputs_ignored:
    """inputs are ignored, and every leaf gets a gradient: with inputs, only these do."""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        for leaf, gradient in _gradients(tensors, grad_tensors, None, retain_graph, create_graph).items():
            leaf.accumulate(gradient)


class retain_graph_ignored:
    """retain_graph is not passed on, and the graph is freed at once."""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        named = {} if inputs is None else {x.source: x for x in _several(inputs)}
        targets = None if inputs is None else list(named)
        for source, gradient in _gradients(tensors, grad_tensors, targets, None, create_graph).items():
            named.get(source, source).accumulate(gradient)


class always_retained:
    """the graph is kept whatever is asked for: without retain_graph it is freed, and a second backward is an error."""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        named = {} if inputs is None else {x.source: x for x in _several(inputs)}
        targets = None if inputs is None else list(named)
        for source, gradient in _gradients(tensors, grad_tensors, targets, True, create_graph).items():
            named.get(source, source).accumulate(gradient)


class record_asked:
    """accumulate is called on the Record of an input that is no leaf: it is the Tensor that has a grad."""

    exercise = "02.8"

    def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
        targets = None if inputs is None else [x.source for x in _several(inputs)]
        for source, gradient in _gradients(tensors, grad_tensors, targets, retain_graph, create_graph).items():
            source.accumulate(gradient)


class grad_left_behind:
    """grad leaves gradients in the grad of the inputs: it only returns them."""

    exercise = "02.8"

    def grad(
        outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False
    ):
        inputs = _several(inputs)
        for i, x in enumerate(inputs):
            if not x.requires_grad:
                raise RuntimeError(f"input {i} does not require grad")
        arrived = _gradients(outputs, grad_outputs, [x.source for x in inputs], retain_graph, create_graph)
        for x in inputs:
            if x.source in arrived:
                x.accumulate(arrived[x.source])
            elif not allow_unused:
                raise RuntimeError("unused")
        return tuple(x.grad for x in inputs)


class zeros_for_unused:
    """an input that has no part in the outputs gives zeros: with allow_unused it gives None, so that one can tell."""

    exercise = "02.8"

    def grad(
        outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False
    ):
        inputs = _several(inputs)
        for i, x in enumerate(inputs):
            if not x.requires_grad:
                raise RuntimeError(f"input {i} does not require grad")
        arrived = _gradients(outputs, grad_outputs, [x.source for x in inputs], retain_graph, create_graph)
        if not allow_unused and any(x.source not in arrived for x in inputs):
            raise RuntimeError("unused")
        return tuple(x.as_gradient(arrived.get(x.source, np.zeros_like(x.array))) for x in inputs)


class single_not_a_tuple:
    """the gradient of a single input is returned by itself: grad returns a tuple, also of one."""

    exercise = "02.8"

    def grad(
        outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False
    ):
        single, inputs = not isinstance(inputs, (tuple, list)), _several(inputs)
        for i, x in enumerate(inputs):
            if not x.requires_grad:
                raise RuntimeError(f"input {i} does not require grad")
        arrived = _gradients(outputs, grad_outputs, [x.source for x in inputs], retain_graph, create_graph)
        if not allow_unused and any(x.source not in arrived for x in inputs):
            raise RuntimeError("unused")
        found = tuple(x.as_gradient(arrived[x.source]) if x.source in arrived else None for x in inputs)
        return found[0] if single else found


class none_for_unused:
    """an input that has no part in the outputs gives None, unasked: without allow_unused it is an error, most likely in
    the caller's program."""

    exercise = "02.8"

    def grad(
        outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=False
    ):
        inputs = _several(inputs)
        for i, x in enumerate(inputs):
            if not x.requires_grad:
                raise RuntimeError(f"input {i} does not require grad")
        arrived = _gradients(outputs, grad_outputs, [x.source for x in inputs], retain_graph, create_graph)
        return tuple(x.as_gradient(arrived[x.source]) if x.source in arrived else None for x in inputs)
