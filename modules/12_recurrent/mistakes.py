"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821 - names of the library's file

import math

import numpy as np

# 12.1 Both directions


class both_from_the_start:
    """both directions read from the start: the second reads from the end, so turn its steps around."""

    exercise = "12.1"

    def by_direction(x, directions):
        steps, batch, features = x.shape
        return x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)

    def side_by_side(y):
        steps, directions, features, batch = y.shape
        return y.transpose(0, 3, 1, 2).reshape(steps, batch, directions * features)


class both_turned:
    """both directions are turned around: only the second reads from the end."""

    exercise = "12.1"

    def by_direction(x, directions):
        steps, batch, features = x.shape
        return x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)[::-1]

    def side_by_side(y):
        steps, directions, features, batch = y.shape
        return y[::-1].transpose(0, 3, 1, 2).reshape(steps, batch, directions * features)


class features_in_turns:
    """the directions take the features in turns: the first F belong to the first direction."""

    exercise = "12.1"

    def by_direction(x, directions):
        steps, batch, features = x.shape
        y = x.reshape(steps, batch, features // directions, directions).transpose(0, 3, 2, 1)
        return y if directions == 1 else np.stack([y[:, 0], y[::-1, 1]], axis=1)

    def side_by_side(y):
        steps, directions, features, batch = y.shape
        if directions == 2:
            y = np.stack([y[:, 0], y[::-1, 1]], axis=1)
        return y.transpose(0, 3, 2, 1).reshape(steps, batch, directions * features)


class features_turned:
    """the features of the second direction are turned around: it is the steps, the first axis."""

    exercise = "12.1"

    def by_direction(x, directions):
        steps, batch, features = x.shape
        y = x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)
        return y if directions == 1 else np.stack([y[:, 0], y[:, 1, ::-1]], axis=1)

    def side_by_side(y):
        steps, directions, features, batch = y.shape
        if directions == 2:
            y = np.stack([y[:, 0], y[:, 1, ::-1]], axis=1)
        return y.transpose(0, 3, 1, 2).reshape(steps, batch, directions * features)


class not_turned_back_again:
    """side_by_side leaves the second direction as it read: turn it back into the order of time."""

    exercise = "12.1"

    def side_by_side(y):
        steps, directions, features, batch = y.shape
        return y.transpose(0, 3, 1, 2).reshape(steps, batch, directions * features)


class one_of_the_two:
    """the second direction is never looked at: its steps are those of the first."""

    exercise = "12.1"

    def by_direction(x, directions):
        steps, batch, features = x.shape
        y = x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)
        return y if directions == 1 else np.stack([y[:, 0], y[::-1, 0]], axis=1)


# 12.2 The unit


class gates_exchanged:
    """the reset and the update gate are exchanged: the rows of the weights stand in the order r, z, n."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                z, r = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class new_and_old_exchanged:
    """z says how much of the new state to take: it says how much of the old one to keep, (1 - z) n + z h."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = z * n + (1 - z) * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class reset_before_the_product:
    """the reset gate is multiplied to h before the product with U: here it comes after, r (U h + c)."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + (r * h) @ w_hh[2 * hidden :].T + b_hh[2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class bias_not_reset:
    """the reset gate leaves the bias c_n out: it multiplies U h + c, with the bias."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * (h @ w_hh[2 * hidden :].T) + b_hh[2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class without_reset:
    """the reset gate is computed and not used: it multiplies what the state brings to n."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class new_state_by_sigmoid:
    """the new state goes through a sigmoid: the gates do, n goes through tanh and may be negative."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = 1 / (1 + np.exp(-i[:, 2 * hidden :] - r * s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class second_bias_forgotten:
    """the bias of the state is forgotten: there are two, b with the input and c with the state."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class state_not_carried:
    """every step starts from the first state: it starts from what the step before has left."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                h = start[d]
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class not_turned_back:
    """the states of the second direction stand in the order in which it read: turn them back, so that both speak of the
    same step."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class read_from_the_start_twice:
    """the second direction reads from the start: it reads from the end."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states = start[d], []
            for x_t in x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class forward_weights_twice:
    """both directions use the weights of the first: the second has four arrays of its own."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs = []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[:4]
            h, states = start[d], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
        return np.concatenate(outputs, axis=2), lambda g, wanted: ()


class no_way_around:
    """the gradient that goes by the update gate is lost: the old state is in h' directly, as z h, and gets dh z."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class no_way_through_the_gates:
    """the gradient that goes through the gates is lost: the old state is in r, z and n as well, and gets
    (dr, dz, dn r) U."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class one_row_for_both:
    """W and U get the same: what the state brings to n is multiplied by r, so U and c get dn r, but W and b get dn."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = at_x
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class last_step_only:
    """the gradient of the weights is that of one step: the same weights serve at every step, so add up."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total[...] = more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class not_through_time:
    """no gradient goes from a step to the one before it: dh of each step is what arrives there plus what comes back."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class old_state_missing:
    """z gets -dh n only: h' = (1 - z) n + z h grows with z by h - n."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z) * (1 - n * n)
                    dz = dh * -n * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class slope_of_tanh_missing:
    """the slope of tanh is missing: n is tanh of a sum, which gets dh (1 - z) (1 - n^2)."""

    exercise = "12.2"

    def gru(x, start, *weights):
        directions, _, hidden = start.shape
        outputs, tapes = [], []
        for d in range(directions):
            w_ih, w_hh, b_ih, b_hh = weights[4 * d : 4 * d + 4]
            h, states, tape = start[d], [], []
            for x_t in x[::-1] if d else x:
                i, s = x_t @ w_ih.T + b_ih, h @ w_hh.T + b_hh
                r, z = (1 / (1 + np.exp(-(i + s)[:, k * hidden : (k + 1) * hidden])) for k in range(2))
                n = np.tanh(i[:, 2 * hidden :] + r * s[:, 2 * hidden :])
                tape.append((x_t, h, r, z, n, s[:, 2 * hidden :]))
                h = (1 - z) * n + z * h
                states.append(h)
            outputs.append(np.stack(states[::-1] if d else states))
            tapes.append(tape)

        def pullback(g, wanted):
            dx, dstart, dweights = np.zeros_like(x), np.zeros_like(start), []
            for d in range(directions):
                w_ih, w_hh, *_ = weights[4 * d : 4 * d + 4]
                arriving = g[:, :, d * hidden : (d + 1) * hidden]
                arriving = arriving[::-1] if d else arriving
                each = [np.zeros_like(weight) for weight in weights[4 * d : 4 * d + 4]]
                dh = np.zeros_like(start[d])
                for t in reversed(range(len(x))):
                    x_t, h, r, z, n, u = tapes[d][t]
                    dh = dh + arriving[t]
                    dn = dh * (1 - z)
                    dz = dh * (h - n) * z * (1 - z)
                    dr = dn * u * r * (1 - r)
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    for total, more in zip(each, (at_x.T @ x_t, at_h.T @ h, at_x.sum(0), at_h.sum(0)), strict=True):
                        total += more
                    dx[-1 - t if d else t] += at_x @ w_ih
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


# 12.3 Weights


class bound_of_the_input:
    """the bound is 1 / sqrt(number of inputs): for a GRU it is 1 / sqrt(hidden_size), for every parameter."""

    exercise = "12.3"

    class GRU:
        def reset_parameters(self):
            for parameter in self.parameters():
                bound = 1 / math.sqrt(parameter.shape[-1])
                init.uniform_(parameter, -bound, bound)


class bound_without_the_root:
    """the bound is 1 / H: it is 1 / sqrt(H)."""

    exercise = "12.3"

    class GRU:
        def reset_parameters(self):
            for parameter in self.parameters():
                init.uniform_(parameter, -1 / self.hidden_size, 1 / self.hidden_size)


class never_negative:
    """the weights are never negative: they are drawn from -bound to bound."""

    exercise = "12.3"

    class GRU:
        def reset_parameters(self):
            for parameter in self.parameters():
                init.uniform_(parameter, 0, 1 / math.sqrt(self.hidden_size))


class biases_of_zero:
    """the biases are 0 at first: they are drawn like the weights."""

    exercise = "12.3"

    class GRU:
        def reset_parameters(self):
            bound = 1 / math.sqrt(self.hidden_size)
            for parameter in self.parameters():
                if parameter.ndim == 2:
                    init.uniform_(parameter, -bound, bound)
                else:
                    parameter.array[...] = 0


class first_layer_always:
    """the weights of the first layer serve all layers: each has its own, and its number is in their names."""

    exercise = "12.3"

    class GRU:
        def _weights(self, layer, like):
            none = np.zeros(3 * self.hidden_size, like.dtype)
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            return [getattr(self, name + suffix, none) for suffix in self._suffixes(0) for name in names]


class kinds_before_directions:
    """both weight_ih come first, then both weight_hh: all four of one direction come first, then those of the other."""

    exercise = "12.3"

    class GRU:
        def _weights(self, layer, like):
            none = np.zeros(3 * self.hidden_size, like.dtype)
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            return [getattr(self, name + suffix, none) for name in names for suffix in self._suffixes(layer)]


class zeros_left_out:
    """nothing stands for biases that are not there: gru wants four arrays for each direction, so give it zeros."""

    exercise = "12.3"

    class GRU:
        def _weights(self, layer, like):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[: 4 if self.bias else 2]
            return [getattr(self, name + suffix) for suffix in self._suffixes(layer) for name in names]


class zeros_in_float64:
    """np.zeros makes float64 unless it is told the data type of `like`: everything after it would be float64, too."""

    exercise = "12.3"

    class GRU:
        def _weights(self, layer, like):
            none = np.zeros(3 * self.hidden_size)
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            return [getattr(self, name + suffix, none) for suffix in self._suffixes(layer) for name in names]


# 12.4 Layers


class last_in_time_for_both:
    """the last state of the backward direction is taken at the last step: it read from the end, and ended at x[0]."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last = []
            for layer in range(self.num_layers):
                if layer:
                    x = dropout(x, self.dropout, self.training)
                x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[-1, :, hidden:]][:directions]
            return x, F.stack(last)


class first_states_again:
    """every layer starts from the first states of the first: layer k starts from start[k D : (k + 1) D]."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last = []
            for layer in range(self.num_layers):
                if layer:
                    x = dropout(x, self.dropout, self.training)
                x = apply(gru, x, start[:directions], *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
            return x, F.stack(last)


class states_of_the_layer_before:
    """a layer starts from where the one below it ended: each has a first state of its own in `start`."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last, state = [], start[:directions]
            for layer in range(self.num_layers):
                if layer:
                    x = dropout(x, self.dropout, self.training)
                x = apply(gru, x, state, *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
                state = F.stack(last[-directions:])
            return x, F.stack(last)


class hidden_after_the_last:
    """dropout follows the last layer, too: it stands between layers only."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last = []
            for layer in range(self.num_layers):
                x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
                x = dropout(x, self.dropout, self.training)
            return x, F.stack(last)


class hidden_before_the_first:
    """dropout stands before the first layer, too: it stands between layers only."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last = []
            for layer in range(self.num_layers):
                x = dropout(x, self.dropout, self.training)
                x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
            return x, F.stack(last)


class hidden_when_not_training:
    """dropout is not told whether the network is training: it then assumes that it is."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            last = []
            for layer in range(self.num_layers):
                if layer:
                    x = dropout(x, self.dropout)
                x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
            return x, F.stack(last)


class last_layer_only:
    """the last states are those of the last layer only: they are asked for of every layer, in the order of start."""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            directions, hidden = self._directions, self.hidden_size
            for layer in range(self.num_layers):
                if layer:
                    x = dropout(x, self.dropout, self.training)
                x = apply(gru, x, start[layer * directions : (layer + 1) * directions], *self._weights(layer, x))
                last = [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
            return x, F.stack(last)


# 12.5 What users bring


class states_turned_too:
    """with batch_first the last states are (N, ...) as well: batch_first changes input and output, and nothing else."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            if single:
                return output.squeeze(1), last.squeeze(1)
            return (output.transpose(0, 1), last.transpose(0, 1)) if self.batch_first else (output, last)


class output_not_turned_back:
    """with batch_first the output is still (T, N, ...): turn it back into the order in which the input came."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            return (output.squeeze(1), last.squeeze(1)) if single else (output, last)


class reshaped_not_transposed:
    """with batch_first the input is reshaped: that changes what stands where. transpose(0, 1) exchanges the axes."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            if self.batch_first and not single:
                x = input.reshape(steps, batch, self.input_size)
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            if single:
                return output.squeeze(1), last.squeeze(1)
            return output.reshape(batch, steps, output.shape[2]) if self.batch_first else output, last


class first_state_ignored:
    """the first state is zeros even when one is given."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            output, last = self._layers(x, zeros(states, dtype=x.dtype))
            if single:
                return output.squeeze(1), last.squeeze(1)
            return output.transpose(0, 1) if self.batch_first else output, last


class batch_of_one_kept:
    """a single sequence comes back with an axis for a batch: take it out of the output and of the last states."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            return output.transpose(0, 1) if self.batch_first and not single else output, last


class state_of_a_batch_of_one:
    """the last state of a single sequence still has an axis for a batch: take it out there, too."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            if single:
                return output.squeeze(1), last
            return output.transpose(0, 1) if self.batch_first else output, last


class single_sequence_turned:
    """a single sequence is turned around by batch_first: it is (T, in) in either case."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
                raise RuntimeError(f"GRU expects {self.input_size} features, got shape {input.shape}")
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            steps, batch, _ = x.shape
            states = (self.num_layers * self._directions, batch, self.hidden_size)
            if not steps or hx is not None and hx.shape != ((states[0], states[2]) if single else states):
                raise RuntimeError(f"GRU got no steps, or a first state of another shape than {states}")
            if single and self.batch_first:
                x = input.unsqueeze(1).transpose(0, 1)
                states = states[0], steps, states[2]
                hx = None
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            if single:
                return output.squeeze(1), last.squeeze(1)
            return output.transpose(0, 1) if self.batch_first else output, last


class nothing_refused:
    """an input or a first state that does not fit is taken: the error then comes from a product somewhere below."""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            single = input.ndim == 2
            x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
            states = (self.num_layers * self._directions, x.shape[1], self.hidden_size)
            output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            if single:
                return output.squeeze(1), last.squeeze(1)
            return output.transpose(0, 1) if self.batch_first else output, last
