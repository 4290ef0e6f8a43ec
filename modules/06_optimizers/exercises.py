"""Module 06: optimizers, which turn gradients into steps, and schedules, which say how long a step is."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="06.1",
        title="A step",
        functions=("Optimizer.zero_grad", "Optimizer.step"),
        points=10,
        minutes=35,
        prompt="""
            What all optimizers share. Parameters come in groups: self.param_groups is a list of dicts, each with a list
            group["params"] and options of its own. Only the formula differs from optimizer to optimizer, and is in
            self.update(p, grad, state, lr, group), which changes an array p in place.

            `step` calls update for every parameter that has a gradient, with arrays (p.array, p.grad.array), with what is
            remembered of this parameter, self.state[p], and with the learning rate of its group: self.learning_rates() has
            one for each. With group["maximize"], the gradient goes in with the other sign. mark_changed(p.array) afterwards
            tells the graph that these numbers are no longer those it saw. At the end, self.steps is one more.

            If a closure is given, call it first, within `with enable_grad():`, and return what it returns.

            `zero_grad` forgets the gradients: each becomes None or, with set_to_none=False, zeros where there is one.
        """,
        hints=(
            "Two loops: over the groups with their learning rates, and over the parameters of a group.",
            "A parameter that took no part in the loss has the gradient None: leave it alone. Not every group has an option "
            "maximize, so ask group.get.",
            """
            The loops:

                for group, lr in zip(self.param_groups, self.learning_rates()):
                    for p in group["params"]:
                        if p.grad is not None:
                            grad = -p.grad.array if group.get("maximize") else p.grad.array
                            self.update(p.array, grad, self.state[p], lr, group)
                            mark_changed(p.array)
            """,
        ),
        note="""
            loss.backward() adds to the gradients that are there. That is of use, a batch too large for memory can be done
            in parts, and it is why zero_grad has to be called: the most frequent of all mistakes in a training loop.
        """,
    ),
    Exercise(
        id="06.2",
        title="Gradient descent with momentum",
        functions=("_running", "SGD.update"),
        points=10,
        minutes=35,
        prompt="""
            The gradient points to where the loss grows, so go the other way: p = p - lr g. Momentum lets a ball roll: a
            velocity v, a decaying sum of gradients, takes the place of g.

                g = g + weight_decay p
                v = momentum v + (1 - dampening) g     but v = g in the first step
                p = p - lr v, or p - lr (g + momentum v) with nesterov

            Options are in the group: group["momentum"] and so on. Change p in place, and leave grad as it is: it belongs to
            the parameter. Without momentum there is no velocity.

            `_running(name, state, p)` gives the array that is remembered under a name in a parameter's state, a dict, which
            holds Tensors: zeros in the shape of p when it is asked for the first time, then the same array again.
        """,
        hints=(
            "Which of `p = p - lr * grad` and `p -= lr * grad` changes the array that the parameter holds?",
            'state["momentum_buffer"] is a Tensor, and its .array is what you change in place: v *= momentum, then '
            "v += g. Whether it is there yet tells the first step.",
            """
            The middle of update:

                share = 1 - group["dampening"] if "momentum_buffer" in state else 1
                velocity = _running("momentum_buffer", state, p)
                velocity *= group["momentum"]
                velocity += share * grad
            """,
        ),
        note="""
            With momentum 0.9 a steady gradient is summed up to ten times itself: the steps are ten times as long, and what
            changes its sign from step to step cancels. If you switch momentum on, lower the learning rate.
        """,
    ),
    Exercise(
        id="06.3",
        title="RMSprop",
        functions=("RMSprop.update",),
        points=10,
        minutes=30,
        prompt="""
            Some gradients are a thousand times larger than others, and one learning rate cannot suit both. RMSprop divides
            each by its own usual size, the root of a running mean s of its square:

                g = g + weight_decay p
                s = alpha s + (1 - alpha) g^2
                step = g / (sqrt(s) + eps)

            With centered, the mean of the gradient is kept as well, m = alpha m + (1 - alpha) g, and s - m^2 takes the place
            of s under the root (0 where rounding takes it below). With momentum, v = momentum v + step takes the place of
            step. At last p = p - lr step, in place.

            `_running(name, state, p)` gives an array to remember things in, zeros at first. Use the names "square_avg",
            "grad_avg" and "momentum_buffer".
        """,
        hints=(
            "What is the first step, for a gradient of 1000 and for one of 0.001?",
            "Change what is remembered in place, s *= alpha and s += (1 - alpha) * grad * grad, but not grad.",
            """
            Without centered and momentum:

                s = _running("square_avg", state, p)
                s *= group["alpha"]
                s += (1 - group["alpha"]) * grad * grad
                p -= lr * grad / (np.sqrt(s) + group["eps"])
            """,
        ),
        note="""
            It was never published: Hinton showed it on a slide of his lecture in 2012, and half the field has used it since.
            eps keeps a gradient that is always 0 from dividing 0 by 0.
        """,
    ),
    Exercise(
        id="06.4",
        title="Adam",
        functions=("Adam.update",),
        points=10,
        minutes=40,
        prompt="""
            Momentum for the direction, RMSprop for the size. Both running means start at 0, so at first they are too small:
            after one step m is only (1 - beta1) g. Adam divides that out.

                g = g + weight_decay p
                t = t + 1                                 state["step"], 1 in the first step
                m = beta1 m + (1 - beta1) g               "exp_avg"
                v = beta2 v + (1 - beta2) g^2             "exp_avg_sq"
                m_hat = m / (1 - beta1^t)
                v_hat = v / (1 - beta2^t)
                p = p - lr m_hat / (sqrt(v_hat) + eps)

            With amsgrad, the largest v so far takes the place of v in v_hat; keep it as "max_exp_avg_sq". betas are in
            group["betas"]. `_running(name, state, p)` remembers arrays; p changes in place, grad does not.
        """,
        hints=(
            "What is the first step, if the formula is right? Nearly lr, whatever the gradient is.",
            'state.get("step", 0) + 1 is t. m_hat is a new array: what is remembered is m, which is not corrected.',
            """
            The end, without amsgrad:

                m_hat = m / (1 - beta1**t)
                v_hat = v / (1 - beta2**t)
                p -= lr * m_hat / (np.sqrt(v_hat) + group["eps"])
            """,
        ),
        note="""
            Because a step is about lr in size whatever the scale of the loss, lr = 0.001 is a good first try nearly
            everywhere. It is why people reach for Adam first. Without the correction, and with the usual betas, the first
            step would be three times as long: 0.1 / sqrt(0.001).
        """,
    ),
    Exercise(
        id="06.5",
        title="Weight decay beside the gradient",
        functions=("AdamW.update",),
        points=5,
        minutes=15,
        prompt="""
            Weight decay should pull every weight a little towards 0. In Adam it is part of the gradient, and is divided by
            the gradient's size: weights with large gradients hardly decay. AdamW takes it out of the gradient.

            First p = (1 - lr weight_decay) p, in place. Then comes Adam's step, with no weight decay of its own:
            super().update(...) takes the same arguments, and a group in which "weight_decay" is 0.
        """,
        hints=(
            "The group belongs to the optimizer. How do you hand on one that differs, without changing it?",
            '{**group, "weight_decay": 0} is a copy of a dict with one entry replaced.',
            """
            All of it:

                p *= 1 - lr * group["weight_decay"]
                super().update(p, grad, state, lr, {**group, "weight_decay": 0})
            """,
        ),
        note="""
            For SGD the two are the same, which is why nobody noticed for years that in Adam they are not. Most large
            language models were trained by AdamW.
        """,
    ),
    Exercise(
        id="06.6",
        title="Clipping",
        functions=("clip_grad_norm_", "clip_grad_value_"),
        points=5,
        minutes=25,
        prompt="""
            Now and then a batch has a gradient a thousand times larger than usual, and one step of that size undoes an
            hour. Clip it, between backward and step.

            `clip_grad_norm_` takes the norm of all gradients as if they were one long vector. If it is above max_norm, all
            are multiplied, in place, by max_norm / norm: the direction stays. It returns the norm, as it was before, as a
            Tensor. norm_type 2 is the root of the sum of squares, `inf` the largest absolute value, 1 the sum of absolute
            values. (A little eps of 1e-6 in the divisor, as in PyTorch, is welcome but not asked for.)

            `clip_grad_value_` brings every single element into the range from -clip_value to clip_value.

            `_gradients(parameters)` gives the arrays of the gradients that there are. Call mark_changed(g) on those you
            change. Without any, the norm is 0.
        """,
        hints=(
            "The norm of one long vector from the norms of its parts: what is the root of 3^2 + 4^2?",
            "np.linalg.norm(x, order) is the norm of a vector; np.concatenate([g.ravel() for g in grads]) is the long one. "
            "`g *= scale` changes in place, `g = g * scale` does not.",
            """
            The middle of clip_grad_norm_:

                vector = np.concatenate([np.ravel(g) for g in grads])
                total = np.linalg.norm(vector, float(norm_type))
                if total > max_norm:
                    for g in grads:
                        g *= max_norm / total
            """,
        ),
        note="""
            Clipping by norm keeps the direction, clipping by value changes it. Recurrent networks, which multiply by the
            same matrix at every step, could hardly be trained without it.
        """,
    ),
    Exercise(
        id="06.7",
        title="Schedules",
        functions=("step_decay", "multi_step", "exponential", "linear", "cosine"),
        points=10,
        minutes=30,
        prompt="""
            Long steps first, to get near, then short ones, to settle. A schedule is a function from the number of steps
            taken so far, 0 at first, to the learning rate. Each of these makes one and returns it:

                step_decay    times gamma, once more every step_size steps
                multi_step    times gamma, once more at each of the milestones
                exponential   times gamma, once more at every step
                linear        from start_factor to end_factor of lr, in a straight line
                              of total_iters steps, and then level
                cosine        from lr to min_lr in half a cosine of `steps` steps

            `_straight(start, end, progress)` and `_half_cosine(start, end, progress)` are the ways from start to end, as
            progress goes from 0 to 1.
        """,
        hints=(
            "A function that returns a function: `return lambda step: ...`, and the rest is one formula.",
            "step_decay: gamma to the power of step // step_size. multi_step: to the power of how many milestones are not "
            "above step. linear: progress is step / total, but at most 1.",
            """
            Two of them:

                return lambda step: lr * gamma ** (step // step_size)
                return lambda step: _half_cosine(lr, min_lr, step / steps)
            """,
        ),
        note="""
            A warm-up (linear, from small to large) goes with Adam on large networks: its estimates of the gradients' size
            are poor at first. A cosine after it is what most papers of today use.
        """,
    ),
]
