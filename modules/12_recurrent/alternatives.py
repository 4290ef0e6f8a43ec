"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821 - names of the library's file

import numpy as np


class axis_by_axis:
    """splits, moves and joins"""

    exercise = "12.1"

    def by_direction(x, directions):
        parts = [np.moveaxis(part, 1, 2) for part in np.split(x, directions, axis=2)]
        if directions == 2:
            parts[1] = np.flip(parts[1], axis=0)
        return np.stack(parts, axis=1)

    def side_by_side(y):
        parts = [np.moveaxis(y[:, d], 1, 2) for d in range(y.shape[1])]
        if len(parts) == 2:
            parts[1] = parts[1][::-1]
        return np.concatenate(parts, axis=2)


class step_by_step:
    """loops over directions and steps, with rows for examples"""

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
                    dh = dh * z + at_h @ w_hh
                dstart[d] = dh
                dweights += each
            return dx, dstart, *dweights

        return np.concatenate(outputs, axis=2), pullback


class gate_by_gate:
    """one example at a time, gate by gate, and the value alone where no gradient is wanted"""

    exercise = "12.2"

    def _cell(x, h, w, u, b, c):
        size = len(h)
        w_r, w_z, w_n = w[:size], w[size : 2 * size], w[2 * size :]
        u_r, u_z, u_n = u[:size], u[size : 2 * size], u[2 * size :]
        r = 0.5 + 0.5 * np.tanh(0.5 * (w_r @ x + b[:size] + u_r @ h + c[:size]))
        z = 0.5 + 0.5 * np.tanh(0.5 * (w_z @ x + b[size : 2 * size] + u_z @ h + c[size : 2 * size]))
        remembered = u_n @ h + c[2 * size :]
        n = np.tanh(w_n @ x + b[2 * size :] + r * remembered)
        return n + z * (h - n), (x, h, r, z, n, remembered)

    def gru(x, start, *weights):
        directions, batch, size = start.shape
        steps = len(x)
        value = np.zeros((steps, batch, directions * size), x.dtype)
        kept = {}
        for d in range(directions):
            order = range(steps) if d == 0 else range(steps - 1, -1, -1)
            for i in range(batch):
                h = start[d, i]
                for t in order:
                    w, u, b, c = weights[4 * d : 4 * d + 4]
                    h, kept[d, i, t] = _cell(x[t, i], h, w, u, b, c)
                    value[t, i, d * size : (d + 1) * size] = h

        def pullback(g, wanted):
            gradients = [np.zeros_like(each) for each in (x, start, *weights)]
            for d in range(directions):
                order = range(steps) if d == 0 else range(steps - 1, -1, -1)
                dw, du, db, dc = gradients[2 + 4 * d : 6 + 4 * d]
                for i in range(batch):
                    dh = np.zeros(size, x.dtype)
                    for t in reversed(order):
                        seen, h, r, z, n, remembered = kept[d, i, t]
                        dh = dh + g[t, i, d * size : (d + 1) * size]
                        dn = dh * (1 - z) * (1 - n**2)
                        dr = dn * remembered * r * (1 - r)
                        dz = dh * (h - n) * z * (1 - z)
                        of_input = np.concatenate([dr, dz, dn])
                        of_state = np.concatenate([dr, dz, dn * r])
                        dw += np.outer(of_input, seen)
                        du += np.outer(of_state, h)
                        db += of_input
                        dc += of_state
                        gradients[0][t, i] += weights[4 * d].T @ of_input
                        dh = z * dh + weights[4 * d + 1].T @ of_state
                    gradients[1][d, i] = dh
            return tuple(gradients)

        return value, pullback


class written_out:
    """loops in the place of a comprehension"""

    exercise = "12.3"

    class GRU:
        def reset_parameters(self):
            bound = self.hidden_size**-0.5
            for _, parameter in self.named_parameters():
                init.uniform_(parameter, -bound, bound)

        def _weights(self, layer, like):
            weights = []
            for ending in ("", "_reverse") if self.bidirectional else ("",):
                weights.append(getattr(self, f"weight_ih_l{layer}{ending}"))
                weights.append(getattr(self, f"weight_hh_l{layer}{ending}"))
                for name in ("bias_ih", "bias_hh"):
                    if self.bias:
                        weights.append(getattr(self, f"{name}_l{layer}{ending}"))
                    else:
                        weights.append(np.zeros(3 * self.hidden_size, dtype=like.dtype))
            return weights


class direction_by_direction:
    """one direction as a case of its own, states collected by hand"""

    exercise = "12.4"

    class GRU:
        def _layers(self, x, start):
            ends = []
            for layer in range(self.num_layers):
                if layer > 0 and self.training:
                    x = dropout(x, self.dropout)
                if not self.bidirectional:
                    x = apply(gru, x, start[layer : layer + 1], *self._weights(layer, x))
                    ends.append(x[-1])
                else:
                    x = apply(gru, x, start[2 * layer : 2 * layer + 2], *self._weights(layer, x))
                    ends.append(x[-1][:, : self.hidden_size])
                    ends.append(x[0][:, self.hidden_size :])
            return x, F.stack(ends, 0)


class by_calling_itself:
    """a single sequence is a batch of one, and batch_first a transposed one"""

    exercise = "12.5"

    class GRU:
        def forward(self, input, hx=None):
            if input.ndim == 2:
                batch = input.unsqueeze(0 if self.batch_first else 1)
                if hx is not None and hx.ndim != 2:
                    raise RuntimeError(f"GRU expects a first state without a batch, got {hx.shape}")
                output, last = self.forward(batch, None if hx is None else hx.unsqueeze(1))
                return output.squeeze(0 if self.batch_first else 1), last.squeeze(1)
            if input.ndim != 3 or input.shape[2] != self.input_size or 0 in input.shape[:2]:
                raise RuntimeError(f"GRU cannot read an input of shape {input.shape}")
            x = input.transpose(0, 1) if self.batch_first else input
            states = (self.num_layers * self._directions, x.shape[1], self.hidden_size)
            if hx is None:
                hx = zeros(*states, dtype=x.dtype)
            if hx.shape != states:
                raise RuntimeError(f"GRU expects a first state of shape {states}, got {hx.shape}")
            output, last = self._layers(x, hx)
            return (output.transpose(0, 1) if self.batch_first else output), last
