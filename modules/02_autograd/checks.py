"""The checks of module 02: recording, undoing broadcasting, the order of a graph, and the walk back through it."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


# 02.1 Recording


BLOCKS = ("no_grad", "enable_grad")


def block(draw, blocks, fails=False):
    nested = ", ".join(name if ")" in name else f"{name}()" for name in blocks)
    return case("modes", f"with {nested}: {'raise KeyError' if fails else '...'}", blocks=blocks, fails=fails)


@check("02.1", count=6)
def single(draw):
    """within no_grad nothing is recorded, within enable_grad it is, and afterwards all is as it was"""
    return block(draw, [draw.choice(BLOCKS)])


@check("02.1", count=15)
def nested(draw):
    """each of nested blocks brings back what was there before it"""
    return block(draw, [draw.choice(BLOCKS) for _ in range(draw.integer(2, 4))])


@check("02.1", count=15)
def recursive(draw):
    """one no_grad() above a function that calls itself is entered again before it is left"""
    depth, name = draw.integer(1, 4), draw.choice(BLOCKS)
    call = f"@{name}() above f(n), which calls f(n - 1); f({depth})"
    return case("recursion", call, block=name, depth=depth)


@check("02.1", count=8)
def failing(draw):
    """a block that fails brings back what was there before it, and the exception goes on"""
    return block(draw, [draw.choice(BLOCKS) for _ in range(draw.integer(1, 2))], fails=True)


@check("02.1", count=10)
def with_the_others(draw):
    """set_grad_enabled, whose own __enter__ stands in the file, works with your __exit__"""
    more = (*BLOCKS, "set_grad_enabled(False)", "set_grad_enabled(True)")
    return block(draw, [draw.choice(more) for _ in range(draw.integer(1, 3))])


# 02.2 Undoing broadcasting


def back(draw, shape, broadcast, dtype=np.float64, tensor=False):
    name = "Tensor(gradient)" if tensor else "gradient"
    gradient = draw.array(broadcast, dtype=dtype)
    return case("unbroadcast", f"unbroadcast({name}, {shape})", gradient=gradient, shape=shape, tensor=tensor)


@check("02.2")
def same_shape(draw):
    """a gradient that has the shape already stays as it is"""
    shape = draw.shape()
    return back(draw, shape, shape)


@check("02.2")
def new_axes(draw):
    """axes that broadcasting added in front are summed away"""
    shape = draw.shape(0, 2)
    return back(draw, shape, (*draw.shape(1, 2), *shape))


@check("02.2")
def stretched_axes(draw):
    """axes that broadcasting stretched from length 1 are summed, and keep length 1"""
    shape = draw.shape(1, 3)
    return back(draw, tuple(1 if draw.flag() else n for n in shape), shape)


@check("02.2")
def both(draw):
    """both at once: from (..., n, m) to any shape that broadcasts to it"""
    shape = (*draw.shape(1, 1), draw.side(2), draw.side(2))
    return back(draw, draw.partner(shape), shape)


@check("02.2", count=10)
def in_float32(draw):
    """float32 stays float32"""
    shape = draw.shape(1, 3)
    return back(draw, draw.partner(shape), shape, np.float32)


@check("02.2", count=10)
def of_tensors(draw):
    """a Tensor is summed to a Tensor: np.sum and np.reshape take both"""
    shape = draw.shape(1, 3)
    return back(draw, draw.partner(shape), shape, tensor=True)


@check("02.2", count=10)
def not_broadcast(draw):
    """a shape that does not broadcast to the gradient's raises RuntimeError"""
    gradient = draw.array((2, 3))
    shape = draw.choice(((2, 2), (4,), (2, 1, 3), (1, 2, 3), (2,)))
    return case("unbroadcast_refuses", f"unbroadcast(gradient, {shape})", gradient=gradient, shape=shape)


# 02.3 Shape and type


def fitted(draw, gradient_dtype, like_dtype, tensor=False):
    shape = draw.shape(0, 2)
    like = draw.array(draw.partner(shape), dtype=like_dtype)
    gradient = draw.array(shape, dtype=gradient_dtype)
    name = "Tensor(gradient)" if tensor else "gradient"
    return case("fit", f"fit({name}, like, record)", gradient=gradient, like=like, tensor=tensor)


@check("02.3")
def fitted_shapes(draw):
    """the gradient gets the shape of the input"""
    return fitted(draw, np.float64, np.float64)


@check("02.3")
def fitted_types(draw):
    """the gradient gets the data type of the input, be it wider or narrower"""
    types = (np.float32, np.float64)
    return fitted(draw, draw.choice(types), draw.choice(types))


@check("02.3", count=15)
def fitted_tensors(draw):
    """a gradient that is a Tensor stays a Tensor: its method for this is to(dtype)"""
    types = (np.float32, np.float64)
    return fitted(draw, draw.choice(types), draw.choice(types), tensor=True)


@check("02.3", count=6)
def nothing_to_fit(draw):
    """what a way back should not return raises RuntimeError: None, or a shape that does not go with the input's"""
    gradient = draw.choice((None, draw.array((2,)), draw.array((4, 2))))
    return case("fit_refuses", "fit(gradient, like, record)", gradient=gradient, like=draw.array((3,)))


# 02.4 Order


def drawn_calls(draw, least=1):
    """Calls by name, each with its sources: earlier calls, the leaves x and y, or a number, which has none."""
    calls = {}
    for name in "abcdefgh"[: draw.integer(least, 1 + draw.longest)]:
        known = ["x", "y", "2", *calls, *list(calls)[-2:]]
        calls[name] = [draw.choice(known) for _ in range(draw.integer(1, 2))]
    return calls


def written(calls):
    return "; ".join(f"{name} = f({', '.join(sources)})" for name, sources in calls.items())


def needed(calls, outputs, since):
    """The calls that the outputs depend on and that came after `since`."""
    names = list(calls)
    young = set(names[names.index(since) + 1 :] if since else names)
    found = {name for name in outputs if name in young}
    for name in reversed(names):
        if name in found:
            found |= {source for source in calls[name] if source in young}
    return found


def in_order(case, answer):
    """A complaint about an order in which a call comes before what it was computed from, twice, or not at all."""
    calls, wanted = case.arguments["calls"], needed(**case.arguments)
    shown = f"trace returned [{', '.join(map(str, answer))}]"
    for name in sorted(wanted):
        if name not in answer:
            return f"{shown}, where {name} is missing"
        if answer.count(name) > 1:
            return f"{shown}, where {name} stands {answer.count(name)} times"
    for name in answer:
        if name not in calls:
            return f"{shown}, but {name} is not a Record"
        if name not in wanted:
            said = "is not younger than since" if case.arguments["since"] else "has no part in the outputs"
            return f"{shown}, but {name} {said}"
        for source in calls[name]:
            if source in wanted and answer.index(source) > answer.index(name):
                return f"{shown}, where {name} comes before {source}, which it was computed from"
    return None


def traced(draw, calls, outputs, since=None):
    more = f", since={since}.moment" if since else ""
    call = f"{written(calls)}; trace([{', '.join(outputs)}]{more})"
    return case("order", call, calls=calls, outputs=outputs, since=since)


@check("02.4", judge=in_order)
def chains(draw):
    """the Records that an output depends on, oldest first"""
    names = "abcdefgh"[: draw.integer(1, 1 + draw.longest)]
    calls = {name: [before] for name, before in zip(names, ["x", *names], strict=False)}
    return traced(draw, calls, [draw.choice(names)])


@check("02.4", judge=in_order)
def diamonds(draw):
    """where a value is used twice, its Record stands once, before everything that used it"""
    calls = {"a": ["x"]}
    for name in "bcdef"[: draw.integer(1, 1 + draw.longest)]:
        calls[name] = draw.choice([[one, two] for one in calls for two in [*calls, list(calls)[-1]]])
    return traced(draw, calls, [list(calls)[-1]])


@check("02.4", judge=in_order)
def several_outputs(draw):
    """several outputs, among them leaves, which have no Record"""
    calls = drawn_calls(draw)
    return traced(draw, calls, [draw.choice([*calls, "x"]) for _ in range(draw.integer(1, 3))])


@check("02.4", judge=in_order)
def young_ones(draw):
    """records that are not younger than since are left out, and so is what lies behind them"""
    calls = drawn_calls(draw, least=2)
    return traced(draw, calls, [list(calls)[-1]], draw.choice(list(calls)))


@check("02.4", count=1, judge=in_order)
def ladder(draw):
    """a ladder of diamonds, in which the paths double at every step"""
    names = "abcdefghijklmnop"
    return traced(draw, {name: [before, before] for name, before in zip(names, "x" + names, strict=False)}, ["p"])


# 02.5 Targets


@check("02.5")
def ways_to_targets(draw):
    """leading_to: the targets, and every Record from which a gradient gets to one of them"""
    calls = drawn_calls(draw, least=2)
    targets = sorted({draw.choice([*calls, "x", "y"]) for _ in range(draw.integer(1, 2))})
    call = f"{written(calls)}; leading_to([{', '.join(targets)}], [{', '.join(calls)}])"
    return case("leading", call, calls=calls, targets=targets)


@check("02.5")
def oldest_of_targets(draw):
    """oldest: the moment of the oldest target, and 0 where one is a leaf or there are none"""
    calls = drawn_calls(draw, least=2)
    kind = draw.integer(0, 5)
    names = list(calls) if kind > 1 else [*calls, "x"]
    targets = (
        None if kind == 0 else sorted({draw.choice(names) for _ in range(draw.integer(1, 3))}, reverse=draw.flag())
    )
    call = f"{written(calls)}; oldest({'None' if targets is None else '[' + ', '.join(targets) + ']'})"
    return case("oldest", call, calls=calls, targets=targets)


# 02.6 The chain rule

SIGNS = {"add": "+", "sub": "-", "mul": "*", "product": "*"}


def drawn_program(draw, leaves, ops=("add", "sub", "mul", "add", "tanh"), numbers=True):
    """Calls (name, op, operands) on the leaves, on each other, and on numbers."""
    program = []
    for i in range(draw.integer(1, 1 + draw.longest)):
        op = draw.choice(ops)
        known = [*leaves, *(name for name, _, _ in program)]
        operands = [known[-1] if draw.flag() else draw.choice(known)]
        if op in SIGNS:
            operands.append(2.0 if numbers and draw.integer(0, 5) == 0 else draw.choice(known))
        program.append((f"h{i + 1}", op, operands))
    return program


def spelled(program):
    lines = []
    for name, op, operands in program:
        values = [one if isinstance(one, str) else "2" for one in operands]
        lines.append(f"{name} = {f' {SIGNS[op]} '.join(values) if op in SIGNS else f'{op}({values[0]})'}")
    return "; ".join(lines)


def shape_of(program, leaves):
    """The shape of the last call."""
    shapes = {name: array.shape for name, array in leaves.items()}
    for name, _, operands in program:
        shapes[name] = np.broadcast_shapes(*(shapes.get(one, ()) for one in operands))
    return shapes[program[-1][0]]


def walked(draw, probe, program, leaves, note="", dtype=np.float64, **more):
    seen = {one for _, _, operands in program for one in operands} | set(more.get("targets") or ())
    leaves = {name: array for name, array in leaves.items() if name in seen}
    g = draw.nonzero(shape_of(program, leaves), dtype)
    call = f"{spelled(program)}; backpropagate([{program[-1][0]}], [g]{note})"
    return case(probe, call, program=program, g=g, **leaves, **more)


@check("02.6")
def straight_on(draw):
    """from call to call, each value used once"""
    program, last = [], "a"
    for i in range(draw.integer(1, 1 + draw.longest)):
        op = draw.choice(("mul", "sub", "tanh", "neg"))
        program.append((f"h{i + 1}", op, [last, 2.0] if op in SIGNS else [last]))
        last = f"h{i + 1}"
    return walked(draw, "chain", program, {"a": draw.array(draw.shape())})


@check("02.6")
def used_twice(draw):
    """a value that is used in several places gets the sum of what comes back from each"""
    shape = draw.shape()
    leaves = {"a": draw.array(shape), "b": draw.array(shape)}
    return walked(draw, "chain", drawn_program(draw, leaves), leaves)


@check("02.6")
def broadcast(draw):
    """an input that was broadcast gets a gradient of its own shape"""
    shape = draw.shape(1, 2)
    leaves = {"a": draw.array(shape), "b": draw.array(draw.partner(shape))}
    return walked(draw, "chain", drawn_program(draw, leaves, ("add", "mul")), leaves)


@check("02.6", count=10)
def pullbacks(draw):
    """a call may have one way back for all of its inputs: ways_back makes a function for each of it"""
    shape = draw.shape()
    leaves = {"a": draw.array(shape), "b": draw.array(shape)}
    return walked(draw, "chain", drawn_program(draw, leaves, ("product", "add"), numbers=False), leaves)


@check("02.6", count=10)
def chain_in_float32(draw):
    """float32 in, float32 back"""
    shape = draw.shape(1, 2)
    leaves = {"a": draw.array(shape, -1, 1, np.float32), "b": draw.array(draw.partner(shape), -1, 1, np.float32)}
    return walked(draw, "chain", drawn_program(draw, leaves, ("add", "mul")), leaves, dtype=np.float32)


@check("02.6", count=8)
def each_once(draw):
    """each way back is used once, however many paths lead to it, and none for a number"""
    names = [f"h{i + 1}" for i in range(draw.integer(1, 2 + draw.longest))]
    program = [(name, "add", [before, before]) for name, before in zip(names, ["a", *names], strict=False)]
    program.append((f"h{len(names) + 1}", "mul", [names[-1], 2.0]))
    return walked(draw, "calls", program, {"a": draw.array()}, targets=None)


@check("02.6", count=15)
def outputs_together(draw):
    """several outputs, each with its gradient; one may be a leaf, or stand there twice"""
    leaves = {"a": draw.array((2,)), "b": draw.array((2,))}
    program = drawn_program(draw, leaves, numbers=False)
    outputs = [draw.choice(["a", *(name for name, _, _ in program)]) for _ in range(draw.integer(1, 3))]
    seeds = [draw.nonzero((2,)) for _ in outputs]
    given = ", ".join(str(seed.tolist()) for seed in seeds)
    call = f"{spelled(program)}; backpropagate([{', '.join(outputs)}], [{given}])"
    return case("several", call, program=program, outputs=outputs, seeds=seeds, **leaves)


def towards(draw, probe):
    shape = draw.shape(0, 1)
    leaves = {"a": draw.array(shape), "b": draw.array(shape)}
    program = drawn_program(draw, leaves)
    known = [*leaves, *(name for name, _, _ in program)]
    targets = sorted({draw.choice(known) for _ in range(draw.integer(1, 2))})
    return walked(draw, probe, program, leaves, f", [{', '.join(targets)}]", targets=targets)


@check("02.6")
def towards_targets(draw):
    """with targets, leaves or not, the gradients of these and no others, where one reached them"""
    return towards(draw, "reached")


@check("02.6")
def no_detours(draw):
    """with targets, no way back is used that does not lead to one"""
    return towards(draw, "calls")


@check("02.6", count=10)
def freed(draw):
    """each Record is freed once it was passed, unless retain_graph is set"""
    leaves = {"a": draw.array((2,)), "b": draw.array((2,))}
    retain = draw.flag()
    return walked(draw, "twice", drawn_program(draw, leaves), leaves, f", retain_graph={retain}", retain_graph=retain)


@check("02.6", count=6)
def differentiable_again(draw):
    """with create_graph, gradients are Tensors and can be differentiated again"""
    function = draw.choice(("(x * x * x).sum()", "(x.tanh() * x).sum()", "(1 / (x * x + 1)).sum()"))
    call = f"first, = grad({function}, x, create_graph=True); grad(first.sum(), x)"
    return case("second", call, function=function, x=draw.array(draw.shape(1, 1)))


# 02.7 Where a gradient starts


@check("02.7")
def one_number(draw):
    """for a single number, of whatever shape and data type, the gradient is 1"""
    dtype = draw.choice((np.float32, np.float64))
    y = draw.array((1,) * draw.integer(0, 3), dtype=dtype)
    return case("seed", "_seed(Tensor(y, requires_grad=True), None)", y=y, gradient=None)


@check("02.7")
def given(draw):
    """a gradient that is given is taken, in the data type of the output"""
    shape, types = draw.shape(), (np.float32, np.float64)
    y, gradient = (draw.array(shape, dtype=draw.choice(types)) for _ in range(2))
    return case("seed", "_seed(Tensor(y, requires_grad=True), Tensor(gradient))", y=y, gradient=gradient)


@check("02.7")
def nothing_given(draw):
    """without a gradient, an output of several numbers raises RuntimeError"""
    y = draw.array((*draw.shape(0, 1), 2))
    call = "_seed(Tensor(y, requires_grad=True), None)"
    return case("seed_refuses", call, y=y, gradient=None, requires_grad=True)


@check("02.7")
def another_shape(draw):
    """a gradient of another shape raises RuntimeError, also where it would broadcast"""
    gradient = draw.array(draw.choice(((), (1,), (3,), (1, 2), (2, 1))))
    call = "_seed(Tensor(y, requires_grad=True), Tensor(gradient))"
    return case("seed_refuses", call, y=draw.array((2,)), gradient=gradient, requires_grad=True)


@check("02.7", count=5)
def not_wanted(draw):
    """an output that does not require grad raises RuntimeError"""
    return case("seed_refuses", "_seed(Tensor(y), None)", y=draw.array(), gradient=None, requires_grad=False)


# 02.8 backward and grad


def two_leaves(draw):
    shape = draw.shape(0, 1)
    return {"a": draw.array(shape), "b": draw.array(shape)}


def both_used(draw, leaves):
    """A program whose last call depends on a and b."""
    program = drawn_program(draw, leaves, ("add", "mul"), numbers=False)
    n, last = len(program), program[-1][0]
    return [*program, (f"h{n + 1}", "mul", [last, "a"]), (f"h{n + 2}", "add", [f"h{n + 1}", "b"])]


def called(draw, outputs, inputs, times):
    leaves = two_leaves(draw)
    program = both_used(draw, leaves)
    known = [*leaves, *(name for name, _, _ in program)]
    outputs = [program[-1][0], *(draw.choice(known) for _ in range(outputs - 1))]
    inputs = sorted({draw.choice(known[:-1]) for _ in range(inputs)}) or None
    seeds = [draw.nonzero(leaves["a"].shape) for _ in outputs]
    more = f", inputs=[{', '.join(inputs)}]" if inputs else ""
    given = ", ".join(str(seed.tolist()) for seed in seeds)
    call = f"{spelled(program)}; backward([{', '.join(outputs)}], [{given}]{more})"
    return case(
        "backward", call + (", twice" if times == 2 else ""),
        program=program, outputs=outputs, seeds=seeds, inputs=inputs, times=times, **leaves,
    )  # fmt: skip


@check("02.8")
def into_leaves(draw):
    """backward puts a gradient into grad of every leaf, and of nothing else"""
    return called(draw, outputs=1, inputs=0, times=1)


@check("02.8")
def added_up(draw):
    """a second backward adds to what is in grad"""
    return called(draw, outputs=draw.integer(1, 2), inputs=0, times=2)


@check("02.8")
def into_inputs(draw):
    """with inputs, backward puts gradients into these only, be they leaves or not"""
    return called(draw, outputs=1, inputs=draw.integer(1, 2), times=1)


@check("02.8", count=6)
def once_only(draw):
    """a second backward raises RuntimeError, unless retain_graph was set the first time"""
    leaves, retain = two_leaves(draw), draw.flag()
    program = both_used(draw, leaves)
    call = f"{spelled(program)}; y = {program[-1][0]}.sum(); backward(y, retain_graph={retain}); backward(y)"
    return case("graph_freed", call, program=program, retain_graph=retain, **leaves)


@check("02.8")
def as_a_tuple(draw):
    """grad returns a tuple of gradients in the order of the inputs, and touches nobody's grad"""
    leaves = two_leaves(draw)
    program = both_used(draw, leaves)
    inputs = draw.choice((["a"], ["b"], ["a", "b"], ["b", "a"], ["a", "b", "a"], [program[-1][0], "a"]))
    asked = inputs[0] if len(inputs) == 1 else f"[{', '.join(inputs)}]"
    call = f"{spelled(program)}; grad({program[-1][0]}.sum(), {asked})"
    return case("grad", call, program=program, inputs=inputs, **leaves)


@check("02.8", count=8)
def unused(draw):
    """grad raises RuntimeError for an input that has no part in the outputs; allow_unused gives None for it"""
    leaves, allowed = two_leaves(draw), draw.flag()
    program = both_used(draw, leaves)
    call = f"{spelled(program)}; grad({program[-1][0]}.sum(), [a, unused]{', allow_unused=True' if allowed else ''})"
    return case("grad_of_unused", call, program=program, unused=draw.array((2,)), allow_unused=allowed, **leaves)


@check("02.8", count=4)
def constant(draw):
    """grad raises RuntimeError for an input that does not require grad"""
    call = "x = Tensor(a, requires_grad=True); grad((x * x).sum(), [x, Tensor(a)])"
    return case("grad_of_constant", call, a=draw.array((2,)))
