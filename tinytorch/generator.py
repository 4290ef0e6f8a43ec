"""A source of random numbers: NumPy's PCG64 behind the methods of PyTorch's Generator."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

import numpy as np

from tinytorch.dtypes import Device


class Generator:
    """A source of random numbers with a state of its own; `numpy` is the NumPy Generator behind it."""

    def __init__(self, device: Any = "cpu") -> None:
        Device(device)
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))

    def manual_seed(self, seed: int) -> Generator:
        """Start over from a seed: equal seeds give equal numbers, on every machine."""
        self._seed = int(seed)
        self.__dict__.pop("numpy", None)
        return self

    @cached_property
    def numpy(self) -> np.random.Generator:
        """The NumPy Generator, made when it is first drawn from: importing numpy.random takes its time."""
        return np.random.Generator(np.random.PCG64(self._seed % 2**64))

    def initial_seed(self) -> int:
        """The seed it was last started from."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """Where it stands, in plain numbers and strings."""
        return {"seed": self._seed, "bit_generator": self.numpy.bit_generator.state}

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Go on from where `get_state` was called."""
        self._seed = state["seed"]
        self.numpy.bit_generator.state = state["bit_generator"]
        return self


default_generator = Generator()
