"""Module 12: a gated recurrent unit, which reads a sequence step by step and decides what to keep."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="12.1",
        title="Both directions",
        functions=("by_direction", "side_by_side"),
        points=5,
        minutes=20,
        prompt="""
            What a word means may depend on the words after it. So a network may read a sequence twice: one half of
            it from the start, the other from the end, and put both views side by side.

            by_direction takes x (T, N, D F), for T steps, N examples and D directions (1 or 2), where the first F
            features belong to the first direction. It returns (T, D, F, N): the batch last, and for the second
            direction the steps in the order in which it reads, the last one first.

            side_by_side is the way back to the order of time: (T, D, F, N) -> (T, N, D F).
        """,
        hints=(
            "One does what the other undoes. Which of the two directions is turned around, and along which axis?",
            "Split the last axis into (D, F), move the batch to the end, then reverse the steps of direction 1: "
            "y[::-1, 1].",
            """
            by_direction:

                steps, batch, features = x.shape
                y = x.reshape(steps, batch, directions, features // directions).transpose(0, 2, 3, 1)
                return y if directions == 1 else np.stack([y[:, 0], y[::-1, 1]], axis=1)
            """,
        ),
        note="""
            At step t the two views together have seen the whole sequence: one what comes before, the other what
            comes after.
        """,
    ),
    Exercise(
        id="12.2",
        title="A gated recurrent unit",
        functions=("gru",),
        points=25,
        minutes=60,
        prompt="""
            A recurrent network reads x_t, step by step, and carries a state h along. A gated unit decides at each
            step, for each of H numbers, how much of the old state to keep (the update gate z) and how much of it to
            look at when the new one is made (the reset gate r):

                r = sigmoid(W_r x + b_r + U_r h + c_r)
                z = sigmoid(W_z x + b_z + U_z h + c_z)
                n = tanh(W_n x + b_n + r (U_n h + c_n))
                h' = (1 - z) n + z h

            x is (T, N, in) and start (D, N, H), the first state of each direction. Then come four arrays for each
            direction: W (3H, in), U (3H, H), b (3H,), c (3H,), with the rows in the order r, z, n. The value is (T,
            N, D H): the states after each step. The second direction reads from the end; its states stand in the
            order of time.

            Return the value and one function, pullback(g, wanted), which returns the gradients of all inputs in a
            tuple, in order. Here the chain rule goes backwards through time: what reaches a state is the gradient
            of the value at that step, and what comes back from the step after it. A loop over steps and directions,
            with rows for examples, is a fine solution. You may compute all gradients and ignore `wanted`.
        """,
        hints=(
            "Write the value first, and let it pass its checks. Keep x_t, h, r, z, n and U_n h + c_n of every step: "
            "the way back needs them. Then, by hand, what do n, z and r get when h' gets dh?",
            """
            With u = U_n h + c_n, at the sums inside of tanh and sigmoid:

                dn = dh (1 - z) (1 - n^2)
                dz = dh (h - n) z (1 - z)
                dr = dn u r (1 - r)

            W and b get the row (dr, dz, dn), U and c get (dr, dz, dn r). The state before gets dh z + (dr, dz, dn
            r) U.
            """,
            """
            One direction, from the last step to the first:

                dh = zeros of (N, H)
                for t in reversed(range(T)):
                    dh = dh + g[t]
                    at_x = np.concatenate([dr, dz, dn], axis=1)
                    at_h = np.concatenate([dr, dz, dn * r], axis=1)
                    dW += at_x.T @ x[t];  dU += at_h.T @ h;  db += at_x.sum(0);  dc += at_h.sum(0)
                    dx[t] = at_x @ W
                    dh = dh * z + at_h @ U

            After the loop, dh is the gradient of the first state.
            """,
        ),
        note="""
            Look at dh z: where the update gate is open for the old state, the gradient passes as it came, over
            hundreds of steps. In a plain recurrent network it is multiplied by the same matrix each time, and
            vanishes or explodes. Cho and others proposed this unit in 2014, after the LSTM of 1997. In their paper r
            multiplies h before the product with U_n; here, as in PyTorch, it multiplies U_n h + c_n.
        """,
    ),
    Exercise(
        id="12.3",
        title="The weights of each layer",
        functions=("GRU.reset_parameters", "GRU._weights"),
        points=5,
        minutes=20,
        prompt="""
            reset_parameters draws all parameters of the layer anew, biases as well: uniform between -1 / sqrt(H)
            and 1 / sqrt(H), where H is self.hidden_size. `init.uniform_(parameter, low, high)` draws one, and
            self.parameters() gives all.

            _weights returns the list of what `gru` takes for one layer: weight_ih, weight_hh, bias_ih, bias_hh of
            its forward direction, then of the backward one if there is one. They are attributes named weight_ih_l0,
            weight_ih_l0_reverse and so on; self._suffixes(layer) lists "_l0" and "_l0_reverse". Without biases,
            zeros (3H,) in the data type of `like` stand for them.
        """,
        hints=(
            "getattr(self, name) reads an attribute whose name is a string. What does its third argument do?",
            "For each suffix, then for each of the four names: getattr(self, name + suffix).",
            """
            _weights:

                none = np.zeros(3 * self.hidden_size, like.dtype)
                names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
                return [getattr(self, name + suffix, none) for suffix in ... for name in names]
            """,
        ),
        note="""
            These names are PyTorch's, so its saved networks can be loaded. The two biases b_ih and b_hh are one too
            many for r and z, where they are only added; for n they are not, since the reset gate multiplies one of
            them.
        """,
    ),
    Exercise(
        id="12.4",
        title="Layer upon layer",
        functions=("GRU._layers",),
        points=10,
        minutes=30,
        prompt="""
            The states of one layer are the input of the next. x is a Tensor (T, N, in), start a Tensor (num_layers
            D, N, H): the first states, all directions of the first layer, then those of the second. Between two
            layers, and only there, stands dropout(x, self.dropout, self.training).

            Return two Tensors: the states of the last layer, (T, N, D H), and the last state of each direction of
            each layer, (num_layers D, N, H), in the order of start. `apply(gru, x, first_states,
            *self._weights(layer, x))` computes and records a layer; F.stack puts Tensors on top of each other.
        """,
        hints=(
            "At which index of time is the state that the backward direction reached last?",
            "The forward direction ends at x[-1], the backward one at x[0]. Layer k starts from start[k D : (k + 1) "
            "D]; its forward states are the first H features, its backward ones the rest.",
            """
            In the loop over layers, after the call of gru:

                last += [x[-1, :, :hidden], x[0, :, hidden:]][:directions]
            """,
        ),
        note="""
            The last states are what is handed on when a long text is read in pieces: the next piece starts where
            this one ended.
        """,
    ),
    Exercise(
        id="12.5",
        title="What users bring",
        functions=("GRU.forward",),
        points=5,
        minutes=25,
        prompt="""
            _layers wants (T, N, in) and a first state. Users bring more: (N, T, in) if self.batch_first; a single
            sequence (T, in); no first state, which means zeros (`zeros(shape, dtype=...)`). Turn what comes into
            what _layers wants, and what it returns into what was asked for.

            batch_first changes input and output, and nothing else: h_0 and h_n are (num_layers D, N, H) always. A
            single sequence has no N, in any of them: h_0 (num_layers D, H).

            RuntimeError is raised for other dimensions, for an input without self.input_size features, for a
            sequence of no steps, and for an h_0 of another shape.
        """,
        hints=(
            "Where is the axis of the batch missing, for a single sequence? Put it in on the way there, take it out "
            "on the way back.",
            "input.unsqueeze(1) makes (T, 1, in), and output.squeeze(1) undoes it; transpose(0, 1) exchanges T and N.",
            """
            On the way there:

                single = input.ndim == 2
                x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
                states = (self.num_layers * self._directions, x.shape[1], self.hidden_size)
                output, last = self._layers(x, zeros(states, dtype=x.dtype) if hx is None else hx.reshape(states))
            """,
        ),
        note="""
            That was the last exercise. Everything that trains from here on, in any script, can run on files that
            you wrote: `tinytorch milestone sequences` begins with a GRU on MNIST-1D.
        """,
    ),
]
