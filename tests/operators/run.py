"""Every sample and every error input of an operator, through both libraries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.operators.compare import Difference, attempt, compare, unclear
from tests.operators.samples import Unknown, converted, ours, samples, table, ways_to_call

BY_CHANCE = ("randn", "randn_like", "rand_like", "randint", "empty", "empty_like", "dropout", "dropout2d")


class Outcome(NamedTuple):
    """What came of one sample: nothing that differs, or a difference."""

    operator: str
    dtype: str
    way: str  # as a function, a method or in place, or with an input that must be refused
    sample: str  # where it differs
    difference: Difference | None


def outcomes(name: str, dtypes: Sequence[str], at_most: int | None = None) -> Iterator[Outcome]:
    """All samples of an operator in some data types, or so many of each, and its error inputs."""
    import torch

    op = table()[name]
    for dtype in dtypes:
        if getattr(torch, dtype) not in op.supported_dtypes("cpu"):
            continue
        chosen = samples(op, dtype, at_most)
        for way, theirs, mine in ways_to_call(op):
            for sample in chosen:
                found = compare(theirs, mine, sample, way, dtype, op.name.split(".")[-1] in BY_CHANCE)
                yield Outcome(name, dtype, way, shown(sample) if found else "", found)
    if op.error_inputs_func is not None:
        yield from refusals(name, op)


def refusals(name: str, op: Any) -> Iterator[Outcome]:
    """What PyTorch refuses, we refuse, in one sentence."""
    import torch

    for error in op.error_inputs("cpu"):
        sample = error.sample_input
        if op.name.startswith("__") and not isinstance(sample.input, torch.Tensor):
            continue  # a method of something else
        try:
            arguments, keywords = converted([sample.input, *sample.args]), converted(sample.kwargs)
        except Unknown as unknown:
            yield Outcome(name, "", "refusal", shown(sample), Difference("argument", str(unknown)))
            continue
        got = attempt(ours(op.name), arguments, keywords)
        refused = isinstance(got, Exception)
        found = unclear(got) if refused else Difference("refusal", f"PyTorch refuses this: {error.error_regex}")
        yield Outcome(name, "", "refusal", shown(sample) if found else "", found)


def shown(sample: Any) -> str:
    """A sample in a line."""
    return " ".join(f"{sample.input!r} {sample.args!r} {sample.kwargs!r}".split())[:400]
