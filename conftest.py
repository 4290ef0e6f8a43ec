"""What all tests share: one profile of hypothesis, the same examples on every machine, and a seed for everything random."""

import os

import pytest
from hypothesis import settings

import tinytorch

settings.register_profile("tinytorch", derandomize=True, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tinytorch"))


@pytest.fixture(autouse=True)
def _seeded():
    """Every test starts from the same random numbers, whichever ran before."""
    tinytorch.manual_seed(0)
