"""The checks of module 12: the order of reading, the gated unit with its gradients, then layers of it."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


def spelled(options):
    """Keywords as one would type them."""
    return "".join(f", {name}={value!r}" for name, value in options.items())


def few(draw):
    """One or two examples or features."""
    return min(draw.side(), 2)


# 12.1 Both directions


@check("12.1")
def as_each_reads(draw):
    """by_direction: (T, N, D F) -> (T, D, F, N), the second direction from the end"""
    directions = draw.integer(1, 2)
    x = draw.distinct((draw.side(), few(draw), directions * few(draw)))
    return case("turned", f"by_direction(x, {directions})", function="by_direction", x=x, directions=directions)


@check("12.1")
def in_the_order_of_time(draw):
    """side_by_side: (T, D, F, N) -> (T, N, D F), the second direction turned back"""
    directions = draw.integer(1, 2)
    x = draw.distinct((draw.side(), directions, few(draw), few(draw)))
    return case("turned", "side_by_side(x)", function="side_by_side", x=x, directions=directions)


# 12.2 The unit


def unit(draw, steps=None, directions=1, dtype=np.float64):
    """Arguments of gru, by name."""
    batch, inputs, hidden = few(draw), few(draw), few(draw)
    arguments = {
        "x": draw.array((steps or draw.side(), batch, inputs), -2, 2, dtype),
        "start": draw.array((directions, batch, hidden), -1, 1, dtype),
    }
    for suffix in ("", "_reverse")[:directions]:
        arguments[f"weight_ih{suffix}"] = draw.array((3 * hidden, inputs), -1, 1, dtype)
        arguments[f"weight_hh{suffix}"] = draw.array((3 * hidden, hidden), -1, 1, dtype)
        arguments[f"bias_ih{suffix}"] = draw.array((3 * hidden,), -1, 1, dtype)
        arguments[f"bias_hh{suffix}"] = draw.array((3 * hidden,), -1, 1, dtype)
    return arguments


def called(probe, arguments, **more):
    """A call of gru."""
    return case(probe, f"gru({', '.join(arguments)})", **arguments, **more)


@check("12.2")
def one_step(draw):
    """gru: the state after a single step, by the four formulas"""
    return called("states", unit(draw, steps=1))


@check("12.2")
def several_steps(draw):
    """gru: each step starts from the state that the one before left"""
    return called("states", unit(draw))


@check("12.2")
def two_directions(draw):
    """gru: a second direction with weights of its own reads from the end; its states stand in the order of time"""
    return called("states", unit(draw, directions=2))


def with_gradients(draw, **how):
    arguments = unit(draw, **how)
    directions, batch, hidden = arguments["start"].shape
    g = draw.nonzero((len(arguments["x"]), batch, directions * hidden), arguments["x"].dtype)
    return called("states_and_gradients", arguments, g=g)


@check("12.2")
def gradients_of_one_step(draw):
    """gru: the gradients of all inputs, through a single step"""
    return with_gradients(draw, steps=1)


@check("12.2")
def gradients_through_time(draw):
    """gru: the gradients of all inputs, through several steps"""
    return with_gradients(draw)


@check("12.2", count=15)
def gradients_of_both_directions(draw):
    """gru: the gradients of all inputs, in both directions"""
    return with_gradients(draw, directions=2)


@check("12.2", count=8)
def unit_in_float32(draw):
    """gru: float32 in, float32 out, and float32 back"""
    return with_gradients(draw, dtype=np.float32)


# 12.3 Weights


def sizes_and_options(draw, layers=2, **options):
    """Positional arguments of a GRU, and keywords."""
    given = {"num_layers": draw.integer(1, layers), "bidirectional": draw.flag(), **options}
    usual = {"num_layers": 1, "bidirectional": False, "bias": True, "batch_first": False}
    return (few(draw), draw.integer(1, 3)), {name: value for name, value in given.items() if value != usual.get(name)}


@check("12.3", count=6)
def how_weights_are_drawn(draw):
    """GRU.reset_parameters: weights and biases are uniform within 1 / sqrt(hidden_size)"""
    sizes = (draw.choice((16, 100)), 64)
    options = draw.choice(({}, {"num_layers": 2}, {"bidirectional": True}))
    call = f"GRU({sizes[0]}, 64{spelled(options)}).reset_parameters()"
    return case("drawn", call, sizes=sizes, options=options)


@check("12.3")
def which_weights_belong_to_a_layer(draw):
    """GRU._weights: the weights and biases of a layer, forward, then backward; zeros where there are no biases"""
    sizes, options = sizes_and_options(draw, bias=draw.flag())
    layer = draw.integer(0, options.get("num_layers", 1) - 1)
    dtype = draw.choice(("float32", "float64"))
    call = f"GRU({sizes[0]}, {sizes[1]}{spelled(options)})._weights({layer}, like) with like in {dtype}"
    return case("taken", call, sizes=sizes, options=options, layer=layer, dtype=dtype)


# 12.4, 12.5 Networks


def layers(draw, least=1, dtype=np.float64, **options):
    sizes, given = sizes_and_options(draw, layers=3, **options)
    if given.get("num_layers", 1) < least:
        given["num_layers"] = least
    directions = 1 + given.get("bidirectional", False)
    x = draw.array((draw.side(), few(draw), sizes[0]), dtype=dtype)
    start = draw.array((given.get("num_layers", 1) * directions, x.shape[1], sizes[1]), -1, 1, dtype)
    g = draw.nonzero((*x.shape[:2], directions * sizes[1]), dtype)
    return sizes, given, x, start, g


@check("12.4")
def layers_on_layers(draw):
    """GRU._layers: the states of one layer are the input of the next, each from its own first state"""
    sizes, options, x, start, g = layers(draw)
    call = f"GRU({sizes[0]}, {sizes[1]}{spelled(options)})._layers(x, start)"
    return case("stacked", call, x=x, start=start, sizes=sizes, options=options, g=g)


@check("12.4", count=15)
def hidden_between_layers(draw):
    """GRU._layers: dropout hides between two layers only, and while training only (here all, with p = 1)"""
    sizes, options, x, start, _ = layers(draw, dropout=1.0)
    training = draw.flag()
    mode = "in training" if training else "after .eval()"
    call = f"GRU({sizes[0]}, {sizes[1]}{spelled(options)})._layers(x, start) {mode}"
    return case("stacked", call, x=x, start=start, sizes=sizes, options=options, training=training)


@check("12.4", count=8)
def layers_in_float32(draw):
    """GRU._layers: float32 in, float32 out, and float32 back"""
    sizes, options, x, start, g = layers(draw, dtype=np.float32)
    call = f"GRU({sizes[0]}, {sizes[1]}{spelled(options)})._layers(x, start)"
    return case("stacked", call, x=x, start=start, sizes=sizes, options=options, g=g)


def sequences(draw, batch_first=False, single=False, state=True):
    sizes, options, x, start, g = layers(draw, batch_first=batch_first)
    if single:
        x, start, g = x[:, 0], start[:, 0], g[:, 0]
    elif batch_first:
        x, g = x.swapaxes(0, 1).copy(), g.swapaxes(0, 1).copy()
    given = {"h_0": start.copy()} if state else {}
    call = f"GRU({sizes[0]}, {sizes[1]}{spelled(options)})({', '.join(['x', *given])})"
    return case("read", call, x=x.copy(), **given, sizes=sizes, options=options, g=g.copy())


@check("12.5")
def steps_first(draw):
    """GRU: (T, N, in), with a first state or without"""
    return sequences(draw, state=draw.flag())


@check("12.5")
def batches_first(draw):
    """GRU: with batch_first, input and output are (N, T, ...), first and last states are not"""
    return sequences(draw, batch_first=True, state=draw.flag())


@check("12.5")
def single_sequences(draw):
    """GRU: one sequence (T, in), whose states have no N either"""
    return sequences(draw, batch_first=draw.flag(), single=True, state=draw.flag())


@check("12.5", count=10)
def what_does_not_fit(draw):
    """GRU: other dimensions, other features, no steps, or an h_0 of another shape raise RuntimeError"""
    kind = draw.integer(0, 3)
    shape = ((2, 3, 1), (2,), (0, 1, 2), (2, 3, 2))[kind]
    given = {"h_0": draw.array(draw.choice(((1, 2, 3), (3, 3), (2, 3, 3))), dtype=np.float32)} if kind == 3 else {}
    call = f"GRU(2, 3)({', '.join(['x', *given])}) with x of shape {shape}"
    return case("refused", call, x=draw.array(shape, dtype=np.float32), sizes=(2, 3), **given)
