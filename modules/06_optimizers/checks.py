"""The checks of module 06: what some steps make of parameters, and schedules step by step."""

import math

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


# 06.1 A step

PLAIN = "where update is p -= lr * grad"


def two(draw, dtype=np.float64):
    return {"a": draw.array((draw.side(),), dtype=dtype), "b": draw.array((draw.side(),), dtype=dtype)}


def gradients_for(draw, arrays):
    given = [draw.nonzero(array.shape, array.dtype) for array in arrays.values()]
    which = draw.integer(0, 3)
    return [None if i == which else g for i, g in enumerate(given)]


@check("06.1")
def one_step(draw):
    """Optimizer.step: updates every parameter that has a gradient, at the learning rate of its group"""
    arrays, rates = two(draw), (draw.choice((0.5, 0.25)), draw.choice((0.125, 1.0)))
    gradients = gradients_for(draw, arrays)
    call = f"step() with a at lr={rates[0]}, b at lr={rates[1]} and gradients {shown(gradients)}, {PLAIN}"
    return case("steps_taken", call, **arrays, rates=rates, gradients=gradients)


def shown(gradients):
    return " and ".join("None" if g is None else str(g.tolist()) for g in gradients)


@check("06.1", count=15)
def some_steps(draw):
    """Optimizer.step: counts its steps, which a learning rate that is a schedule follows, and remembers by parameter"""
    arrays, rate, count = two(draw), draw.choice((0.5, 1.0)), draw.integer(2, 3)
    gradients = gradients_for(draw, arrays)
    call = f"step(), {count} times, with a at lr={rate} / 2**step, b at lr={rate} and gradients {shown(gradients)}, {PLAIN}"
    return case("steps_taken", call, **arrays, rates=(rate, rate), gradients=gradients, count=count, halving=True)


@check("06.1", count=10)
def steps_upwards(draw):
    """Optimizer.step: with maximize the gradient goes in with the other sign"""
    arrays, maximize = two(draw), draw.flag()
    gradients = gradients_for(draw, arrays)
    call = f"step() with maximize={maximize}, lr=0.5 and gradients {shown(gradients)}, {PLAIN}"
    return case("steps_taken", call, **arrays, rates=(0.5, 0.5), gradients=gradients, maximize=maximize)


@check("06.1", count=10)
def steps_with_a_closure(draw):
    """Optimizer.step: calls a closure once, before the update, and returns the loss that it returns"""
    call = "step(closure) with lr=0.25 and the loss (p * p).sum()"
    return case("with_closure", call, a=draw.nonzero((draw.side(),)))


@check("06.1", count=5)
def steps_that_the_graph_hears_of(draw):
    """Optimizer.step: mark_changed, so that a graph made before the step is not walked after it"""
    call = "loss = (p * p).sum(); step(); loss.backward()"
    return case("graph_after_step", call, a=draw.nonzero((draw.side(),)))


@check("06.1", count=15)
def forgotten_gradients(draw):
    """Optimizer.zero_grad: None for all or, with set_to_none=False, zeros where there was a gradient"""
    given, to_none = (draw.flag(), draw.flag()), draw.flag()
    has = ["ones" if g else "None" for g in given]
    call = f"zero_grad(set_to_none={to_none}) with a and b in two groups, and the gradients {has[0]} and {has[1]}"
    return case("zero_grad", call, **two(draw), given=given, set_to_none=to_none)


# 06.2 to 06.5 Optimizers


def optimized(draw, name, dtype=np.float64, second=False, least=1, **options):
    shape = draw.shape(0, 2)
    count = draw.integer(least, max(least, min(draw.longest, 4)))
    gradients = draw.nonzero((count, *shape), dtype)
    words = "".join(f", {key}={value}" for key, value in options.items())
    call = f"{name}([p{', q' if second else ''}]{words}), a step with each of the gradients"
    arrays = {"p": draw.array(shape, dtype=dtype), "gradients": gradients}
    if second:
        arrays["q"] = draw.array((draw.side(),), dtype=dtype)
    return case("optimized", call, name=name, options=options, **arrays)


def rate(draw):
    return draw.choice((0.1, 0.25, 0.5))


@check("06.2", count=10)
def memory(draw):
    """_running: zeros in the shape and data type of p at first, then the same array again"""
    dtype = draw.choice((np.float64, np.float32))
    call = '_running("memory", state, p), written to, and called again'
    return case("running", call, p=draw.nonzero(draw.shape(0, 2), dtype))


@check("06.2")
def descent(draw):
    """SGD: p = p - lr g, in place, and the gradient stays as it is"""
    return optimized(draw, "SGD", lr=rate(draw))


@check("06.2", count=15)
def descent_with_decay(draw):
    """SGD: weight_decay adds weight_decay p to the gradient"""
    return optimized(draw, "SGD", lr=rate(draw), weight_decay=draw.choice((0.1, 0.5)))


@check("06.2")
def descent_with_momentum(draw):
    """SGD: with momentum, v = momentum v + g and p = p - lr v"""
    decay = {"weight_decay": 0.5} if draw.flag() else {}
    return optimized(draw, "SGD", lr=rate(draw), momentum=draw.choice((0.9, 0.5)), least=2, **decay)


@check("06.2", count=15)
def descent_with_dampening(draw):
    """SGD: dampening makes a gradient count less, but for the first"""
    return optimized(draw, "SGD", lr=rate(draw), momentum=0.5, dampening=draw.choice((0.25, 0.5)), least=2)


@check("06.2", count=15)
def descent_with_nesterov(draw):
    """SGD: with nesterov, p = p - lr (g + momentum v)"""
    return optimized(draw, "SGD", lr=rate(draw), momentum=draw.choice((0.9, 0.5)), nesterov=True)


@check("06.2", count=10)
def descent_of_two(draw):
    """SGD: each parameter has a velocity of its own, and float32 stays float32"""
    return optimized(draw, "SGD", np.float32, second=True, lr=rate(draw), momentum=0.5, least=2)


@check("06.3")
def scaled(draw):
    """RMSprop: s = alpha s + (1 - alpha) g^2 and p = p - lr g / (sqrt(s) + eps)"""
    eps = draw.choice((1e-8, 0.1))
    return optimized(draw, "RMSprop", lr=rate(draw), alpha=draw.choice((0.9, 0.5)), eps=eps)


@check("06.3", count=15)
def scaled_with_decay(draw):
    """RMSprop: weight_decay adds weight_decay p to the gradient, before it is squared"""
    return optimized(draw, "RMSprop", lr=rate(draw), alpha=0.5, weight_decay=draw.choice((0.25, 0.5)))


@check("06.3", count=15)
def scaled_and_centered(draw):
    """RMSprop: with centered, the root is of s - m^2, the variance"""
    return optimized(draw, "RMSprop", lr=rate(draw), alpha=draw.choice((0.9, 0.5)), eps=0.1, centered=True, least=2)


@check("06.3", count=15)
def scaled_with_momentum(draw):
    """RMSprop: momentum adds up the quotients, v = momentum v + g / (sqrt(s) + eps)"""
    return optimized(draw, "RMSprop", lr=rate(draw), alpha=0.9, momentum=draw.choice((0.9, 0.5)), least=2)


@check("06.3", count=10)
def scaled_of_two(draw):
    """RMSprop: each parameter has a memory of its own, and float32 stays float32"""
    return optimized(draw, "RMSprop", np.float32, second=True, lr=rate(draw), alpha=0.5, least=2)


def betas(draw):
    return draw.choice(((0.9, 0.999), (0.5, 0.75), (0.0, 0.5)))


@check("06.4")
def adam(draw):
    """Adam: p = p - lr m_hat / (sqrt(v_hat) + eps), both means freed from their start at 0"""
    return optimized(draw, "Adam", lr=rate(draw), betas=betas(draw), eps=draw.choice((1e-8, 0.1)))


@check("06.4", count=15)
def adam_with_decay(draw):
    """Adam: weight_decay adds weight_decay p to the gradient"""
    return optimized(draw, "Adam", lr=rate(draw), betas=(0.5, 0.75), weight_decay=draw.choice((0.25, 0.5)))


@check("06.4", count=15)
def adam_with_amsgrad(draw):
    """Adam: with amsgrad, v_hat is made of the largest v so far"""
    return optimized(draw, "Adam", lr=rate(draw), betas=(0.5, 0.25), amsgrad=True, least=3)


@check("06.4", count=10)
def adam_of_two(draw):
    """Adam: each parameter has a memory of its own, and float32 stays float32"""
    return optimized(draw, "Adam", np.float32, second=True, lr=rate(draw), betas=(0.5, 0.75), least=2)


@check("06.5")
def decoupled(draw):
    """AdamW: p = (1 - lr weight_decay) p, then Adam's step; the group stays as it is"""
    return optimized(draw, "AdamW", lr=rate(draw), betas=(0.5, 0.75), eps=0.1, weight_decay=draw.choice((0.25, 0.5)))


@check("06.5", count=10)
def decoupled_with_amsgrad(draw):
    """AdamW: the other options reach Adam"""
    return optimized(draw, "AdamW", lr=rate(draw), betas=(0.5, 0.25), weight_decay=0.25, amsgrad=True, least=3)


@check("06.5", count=10)
def decoupled_of_two(draw):
    """AdamW: each parameter has a memory of its own, and float32 stays float32"""
    return optimized(draw, "AdamW", np.float32, second=True, lr=rate(draw), betas=(0.5, 0.75), least=2)


# 06.6 Clipping


def clipping(draw, function, limit, dtype=np.float64, **options):
    count = draw.integer(1, max(1, min(draw.longest, 3)))
    gradients = [draw.nonzero(draw.shape(0, 2), dtype) for _ in range(count)]
    if draw.integer(0, 3) == 0:
        gradients.append(None)
    shown_options = "".join(f", {key}={value}" for key, value in options.items())
    call = f"{function}(parameters, {limit}{shown_options}) with the gradients {shown(gradients)}"
    return case("clipped", call, function=function, gradients=gradients, limit=limit, options=options)


@check("06.6")
def clipped_norms(draw):
    """clip_grad_norm_: all gradients by one factor, down to max_norm; returns the norm that they had"""
    return clipping(draw, "clip_grad_norm_", draw.choice((0.25, 1.0, 2.0)))


@check("06.6", count=10)
def small_norms(draw):
    """clip_grad_norm_: gradients of a norm below max_norm stay as they are"""
    return clipping(draw, "clip_grad_norm_", draw.choice((50.0, 100.0)))


@check("06.6", count=15)
def other_norms(draw):
    """clip_grad_norm_: norm_type 1 adds up absolute values, inf takes the largest"""
    return clipping(draw, "clip_grad_norm_", 0.5, norm_type=draw.choice((1.0, math.inf)))


@check("06.6")
def clipped_values(draw):
    """clip_grad_value_: every element into the range from -clip_value to clip_value"""
    return clipping(draw, "clip_grad_value_", draw.choice((0.25, 1.0, 2.0)))


@check("06.6", count=10)
def clipping_in_float32(draw):
    """Clipping: gradients in float32 stay in float32"""
    return clipping(draw, draw.choice(("clip_grad_norm_", "clip_grad_value_")), 0.5, np.float32)


# 06.7 Schedules


def schedule(name, count, **arguments):
    words = ", ".join(f"{key}={value}" for key, value in arguments.items())
    call = f"[{name}({words})(step) for step in range({count})]"
    return case("schedule", call, name=name, arguments=arguments, count=count)


@check("06.7", count=10)
def decays_by_steps(draw):
    """step_decay: lr times gamma, once more every step_size steps"""
    size = draw.integer(1, 3)
    return schedule("step_decay", 3 * size + 1, lr=rate(draw), step_size=size, gamma=draw.choice((0.1, 0.5)))


@check("06.7", count=10)
def decays_at_milestones(draw):
    """multi_step: lr times gamma, once more at each milestone, in whatever order they are given"""
    milestones = [draw.integer(1, 3), draw.integer(4, 6)]
    if draw.flag():
        milestones.reverse()
    return schedule("multi_step", 8, lr=rate(draw), milestones=milestones, gamma=draw.choice((0.1, 0.5)))


@check("06.7", count=10)
def decays_at_every_step(draw):
    """exponential: lr times gamma, once more at every step"""
    return schedule("exponential", 5, lr=rate(draw), gamma=draw.choice((0.1, 0.5, 0.9)))


@check("06.7", count=10)
def warm_ups(draw):
    """linear: from start_factor to end_factor of lr in a straight line of total_iters steps, then level"""
    total = draw.integer(2, 5)
    start, end = draw.choice(((0.1, 1.0), (0.25, 0.75), (1.0, 0.5)))
    return schedule("linear", total + 3, lr=rate(draw), start_factor=start, end_factor=end, total_iters=total)


@check("06.7", count=10)
def half_cosines(draw):
    """cosine: from lr to min_lr along half a cosine, there after `steps` steps"""
    steps = draw.integer(2, 6)
    return schedule("cosine", steps + 1, lr=rate(draw), steps=steps, min_lr=draw.choice((0.0, 0.05)))
