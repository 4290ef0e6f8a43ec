"""Draw mutants of every file of the library with cosmic-ray's operators, run the tests on each, and count what they caught.

    python -m tests.mutation.drawn [--each 40] [--near] [--seed 0] [--only tinytorch/ops.py ...] [--journal FILE] [--json FILE]

Needs cosmic-ray (the extra `mutation`). Type annotations and docstrings are left alone, since no mutant of theirs can do anything.
A mutant is judged as the planted faults are (`tests.mutation`): by some tests that reach its line, those of its file, then all.
With --near the rest is left out, which makes hours of minutes: then what is counted as killed is no more than is killed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutation.__main__ import LOADED_ONCE, PROCESSES, PROJECT, Fault, journal, judge_all


class Mutant(NamedTuple):
    """A fault, and the operator of cosmic-ray that made it."""

    fault: Fault
    operator: str


def files() -> list[str]:
    """The files of the library: not its faces, nor what stands outside."""
    return [
        path.relative_to(PROJECT).as_posix()
        for path in sorted((PROJECT / "tinytorch").glob("*.py"))
        if path.name != "__main__.py"
    ]


def draw(file: str, count: int, seed: int) -> list[Mutant]:
    """So many mutants of a file, or all where there are fewer, drawn with equal chances for each place and operator."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    text = (PROJECT / file).read_text(encoding="utf-8")
    places = list(_places(text))
    rng = random.Random(f"{seed} {file}")
    rng.shuffle(places)
    drawn, seen = [], {text}
    for name, occurrence in places:
        if len(drawn) == count:
            break
        mutated = mutate_code(text, plugins.get_operator(name)(), occurrence)
        if mutated is not None and mutated not in seen and _compiles(mutated):
            seen.add(mutated)
            drawn.append(Mutant(fault_of(file, text, mutated), name.removeprefix("core/")))
    return drawn


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Every (operator, occurrence) that changes what the file does."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes = list(ast_nodes(get_ast(text)))
    idle = list(_idle(ast.parse(text)))
    for name in sorted(plugins.operator_names()):
        operator = plugins.get_operator(name)
        if operator.arguments():
            continue  # which only asks for names to replace
        spans = [span for node in nodes for span in operator().mutation_positions(node)]
        for occurrence, (start, end) in enumerate(spans):
            if not any(first <= tuple(start) and tuple(end) <= last for first, last in idle):
                yield name, occurrence


def _idle(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The stretches of a file that do nothing when it runs: annotations, and what is for type checkers alone."""
    for node in ast.walk(tree):
        idle: list[ast.AST | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            idle.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            idle.append(node.returns)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            idle.append(node)
        for part in filter(None, idle):
            yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def fault_of(file: str, text: str, mutated: str) -> Fault:
    """A mutated file as what stands there, in as many lines as make it the only such place, and what takes its place."""
    before, after = text.splitlines(keepends=True), mutated.splitlines(keepends=True)
    changes = [c for c in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if c[0] != "equal"]
    first, last = changes[0][1], changes[-1][2]
    new_first, new_last = changes[0][3], changes[-1][4]
    while text.count("".join(before[first:last])) != 1:
        if first:
            first, new_first = first - 1, new_first - 1
        if last < len(before):
            last, new_last = last + 1, new_last + 1
    return Fault(file, "".join(before[first:last]), "".join(after[new_first:new_last]))


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.drawn", description=__doc__.split("\n\n")[0])
    parser.add_argument("--each", type=int, default=40, metavar="N", help="mutants of each file")
    parser.add_argument("--near", action="store_true", help="by the nearest tests alone, not by all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[], metavar="FILE", help="only these files")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="go on from the verdicts noted there, and note more"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts and the survivors to a file")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    PROCESSES.set_forkserver_preload(LOADED_ONCE)
    mutants = [mutant for file in options.only or files() for mutant in draw(file, options.each, options.seed)]
    known, note = journal(options.journal)
    said = judge_all([mutant.fault for mutant in mutants], options.workers, known, note, everything=not options.near)
    found = report(mutants, said)
    near = " --near" * options.near
    found["command"] = f"python -m tests.mutation.drawn --each {options.each}{near} --seed {options.seed}"
    for file, count in found["files"].items():
        print(f"{file}: {count['killed']} of {count['drawn']} killed")
    print(f"{found['killed']} of {found['drawn']} killed, {100 * found['killed'] / max(found['drawn'], 1):.1f} %")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def report(mutants: list[Mutant], said: list[str]) -> dict[str, Any]:
    """How many mutants of each file were killed, and the survivors by the operator that made them."""
    counts: dict[str, dict[str, int]] = {}
    survivors: dict[str, list[str]] = {}
    for mutant, verdict in zip(mutants, said, strict=True):
        count = counts.setdefault(mutant.fault.file, {"drawn": 0, "killed": 0})
        count["drawn"] += 1
        count["killed"] += verdict.startswith("caught")
        if not verdict.startswith("caught"):
            change = f"{mutant.fault.file}: {mutant.fault.was.strip()} -> {mutant.fault.becomes.strip()}"
            survivors.setdefault(mutant.operator, []).append(change)
    totals = Counter({key: sum(count[key] for count in counts.values()) for key in ("drawn", "killed")})
    return {**totals, "files": counts, "survivors": dict(sorted(survivors.items()))}


if __name__ == "__main__":
    sys.exit(main())
