"""Every reader refuses damaged and hostile files in a sentence; `python -m tests.fuzz` tries a million."""

import os
import pickle
import random
import subprocess
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.targets import TARGETS, Fault, Target, damaged, try_one

every_target = pytest.mark.parametrize("name", TARGETS)
EXAMPLES = 120  # of each


@every_target
def test_the_files_to_start_from_are_read_or_refused(name):
    target = TARGETS[name]
    ends = [try_one(target, data) for data in target.seeds()]
    assert "read" in ends or name == "frame"  # a stream of frames ends in an EOFError


@every_target
def test_damaged_files_are_refused_in_a_sentence(name):
    target = TARGETS[name]
    seeds = target.seeds()

    @settings(max_examples=EXAMPLES, database=None)
    @given(st.integers(0, 2**32), st.sampled_from(seeds))
    def run(number, data):
        try_one(target, damaged(random.Random(number), data, seeds))

    run()


@every_target
@settings(max_examples=40, database=None)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_in_a_sentence(name, data):
    try_one(TARGETS[name], data)


# What is seen


def reader(read, refusals=(ValueError,)):
    return Target(read, lambda: [b""], refusals)


def raising(error):
    def read(data):
        raise error

    return read


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), MemoryError(), ValueError("two\nlines"), AssertionError()]
)
def test_another_error_than_a_refusal_is_a_fault(error):
    with pytest.raises(Fault):
        try_one(reader(raising(error)), b"")


def test_code_that_a_file_runs_is_a_fault_even_where_the_reader_hides_it():
    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    def hiding(function):
        def read(data):
            try:
                function()
            except Exception:
                raise ValueError("refused") from None

        return read

    evil = pickle.dumps(Evil())
    for function in (
        lambda: pickle.loads(evil),
        lambda: os.system("true"),
        lambda: subprocess.run(["true"], check=True),
        lambda: eval("1"),
    ):
        with pytest.raises(Fault, match="the file led to"):
            try_one(reader(hiding(function)), b"")
    assert try_one(TARGETS["pickle"], evil) == "refused"


def test_a_reader_that_hangs_is_a_fault(monkeypatch):
    monkeypatch.setattr(targets, "SECONDS", 0.05)
    with pytest.raises(Fault, match="no answer"):
        try_one(reader(lambda data: time.sleep(5)), b"")


def test_what_is_right_is_read():
    assert try_one(reader(lambda data: np.frombuffer(data, np.uint8)), b"abc") == "read"
    assert try_one(reader(raising(ValueError("it is damaged"))), b"") == "refused"


def test_damage_is_the_same_for_the_same_number():
    for target in TARGETS.values():
        seeds = target.seeds()
        assert [damaged(random.Random(i), seeds[0], seeds) for i in range(20)] == [
            damaged(random.Random(i), seeds[0], seeds) for i in range(20)
        ]
