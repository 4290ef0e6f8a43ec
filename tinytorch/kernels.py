"""The fast form of what a course file shows in its clear form, where the two pull apart; tests hold them equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import is_
from typing import Any

import numpy as np

from tinytorch.tensor import Tensor

LONGEST = 16_384  # elements beyond which copying costs more than the calls that it saves, and memory leaves the cache

State = dict[str, Any]  # what an optimizer remembers of one parameter: numbers, and Tensors of its shape


class OneVector:
    """Parameters laid end to end, so that updating all takes a few NumPy calls and not a few for each.

    What is remembered of each parameter becomes a view of its part of one long memory, and so stays true by itself.
    """

    def __init__(self, params: Sequence[Tensor], states: Sequence[State]) -> None:
        self.params, self.states = params, states
        self.parts = [slice(*bounds) for bounds in pairwise(accumulate((p.numel() for p in params), initial=0))]
        self.state: State = {}
        for name, value in states[0].items():
            if isinstance(value, Tensor):
                value = Tensor(end_to_end(state[name].array for state in states))
                for p, part, state in zip(params, self.parts, states, strict=True):
                    state[name] = Tensor(value.array[part].reshape(p.shape))
            self.state[name] = value
        self.left = [dict(state) for state in states]  # as an update left them: whoever changes them since is heard

    @staticmethod
    def pays(params: Sequence[Tensor], states: Sequence[State]) -> bool:
        """Whether there are several small parameters of one type with memories of arrays that differ in nothing else."""
        if not states or not states[0]:
            return False
        kinds = [[(name, None if isinstance(v, Tensor) else v) for name, v in state.items()] for state in states]
        return (
            len(params) > 1
            and sum(p.numel() for p in params) <= LONGEST
            and len({p.dtype for p in params}) == 1
            and any(isinstance(value, Tensor) for value in states[0].values())
            and all(kind == kinds[0] for kind in kinds)
        )

    def holds(self, params: Sequence[Tensor], states: Sequence[State]) -> bool:
        """Whether it was made of these very parameters, and their memories are as it left them."""
        return (
            len(params) == len(self.params)
            and all(map(is_, params, self.params))
            and all(map(is_, states, self.states))
            and all(_same(state, left) for state, left in zip(states, self.left, strict=True))
        )

    def taken_together(self) -> Iterator[tuple[np.ndarray, np.ndarray, State]]:
        """Parameters, gradients and memory for a formula to change, and then back to where they belong."""
        vector = end_to_end(p.array for p in self.params)
        yield vector, end_to_end(p.grad.array for p in self.params if p.grad is not None), self.state
        numbers = {name: value for name, value in self.state.items() if not isinstance(value, Tensor)}
        for p, part, state in zip(self.params, self.parts, self.states, strict=True):
            p.array[...] = vector[part].reshape(p.shape)
            state.update(numbers)
        self.left = [dict(state) for state in self.states]


def end_to_end(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """All elements of all arrays, one after the other."""
    return np.concatenate([array.reshape(-1) for array in arrays])


def _same(state: State, left: State) -> bool:
    """Whether a memory holds the very things that it held."""
    return len(state) == len(left) and all(left.get(name) is value for name, value in state.items())
