"""System calls that are refused: the program that the kernel asks, run here for both architectures."""

import errno
import re
import struct
from pathlib import Path

import pytest

from tinytorch.grading import calls

HEADERS = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}


def answer(machine, number, argument=0, architecture=None):
    """What the program says of a call: 0 where it is allowed, else its error."""
    seen = {
        calls.NUMBER: number,
        calls.ARCHITECTURE: architecture or calls.ARCHITECTURES[machine],
        calls.FIRST_ARGUMENT: argument,
    }
    steps, at, value = list(struct.iter_unpack("=HBBI", calls.program(machine))), 0, 0
    while True:
        code, so, otherwise, operand = steps[at]
        at += 1
        if code == calls.RETURN:
            return 0 if operand == calls.ALLOW else operand - calls.FAIL
        if code == calls.LOAD:
            value = seen[operand]
        else:
            assert code in (calls.EQUAL, calls.GREATER)
            at += so if (value == operand if code == calls.EQUAL else value > operand) else otherwise


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_each_call_is_refused_and_no_other(machine):
    which = list(calls.ARCHITECTURES).index(machine)
    refused = {numbers[which] for numbers in calls.REFUSED.values()} - {None}
    found = {number: answer(machine, number) for number in range(600)}
    assert {number for number, error in found.items() if error == errno.EPERM} == refused
    assert all(
        error == (errno.ENOSYS if number > calls.NEWEST else 0)
        for number, error in found.items()
        if number not in refused
    )


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_limits_are_a_process_s_own_and_its_end_is_not(machine):
    which = list(calls.ARCHITECTURES).index(machine)
    limits, control = (calls.ASKED[name][0][which] for name in ("prlimit64", "prctl"))
    assert answer(machine, limits, 0) == 0 and answer(machine, limits, 77) == errno.EPERM
    assert answer(machine, control, 1) == errno.EPERM and answer(machine, control, 15) == 0


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_calls_by_other_numbers_are_unknown(machine):
    """Those of 32 bits, and of x32, whose numbers have a bit of their own."""
    assert answer(machine, 1, architecture=0x40000003) == errno.ENOSYS == answer(machine, 0x40000001)


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_the_numbers_are_those_of_linux(machine):
    header = Path("/usr/include", HEADERS[machine])
    if not header.is_file():
        pytest.skip(f"{header} is not there")
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text()))
    which = list(calls.ARCHITECTURES).index(machine)
    ours = {name: numbers[which] for name, numbers in calls.REFUSED.items()}
    ours |= {name: numbers[which] for name, (numbers, *_) in calls.ASKED.items()}
    for name, number in ours.items():
        if name in known or name != "fchmodat2":  # which is newer than the headers of some systems
            assert known.get(name) == (None if number is None else str(number)), name
