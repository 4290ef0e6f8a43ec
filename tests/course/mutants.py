"""Mutate every exercise's reference at random, judge the mutants as a learner's answers, and list those that pass.

    python -m tests.course.mutants [--only 04 ...] [--each 20] [--seed 0] [--workers 2] [--json FILE]

A mutant differs in one place: an operator or a comparison is another, a constant is changed, arguments or operands are
exchanged, a statement, a keyword or a minus is dropped, a condition is negated. survivors.txt says of each known survivor
why it passes; "equivalent" are those that no input tells from the reference. A guard is what does nothing but raise for
arguments that make no sense: where an exercise does not ask for it, a mutant of it passes, and is counted apart. The exit
status is 1 where fewer than 95 % of the others were caught, or a survivor has not been judged.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tinytorch.course import source
from tinytorch.course.exercises import Exercise, exercises
from tinytorch.course.judge import Judge, WorkerError
from tinytorch.course.source import Source

SURVIVORS = Path(__file__).with_name("survivors.txt")
AT_LEAST = 0.95
SECONDS = 2.0  # for one call; an endless loop counts as caught

OTHER = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult},
    **{ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In},
}
REVERSED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
DROPPED = (ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Raise, ast.Delete)


class Mutant(NamedTuple):
    """A reference that differs in one place: the statement there, before and after, and whether it is a guard."""

    exercise: Exercise
    function: str
    was: str
    becomes: str
    source: Source
    guard: bool

    @property
    def label(self) -> str:
        """By which survivors.txt knows it."""
        return f"{self.exercise.id} {self.function}\n- {self.was}\n+ {self.becomes}"


# One place of a function, changed


def changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """What can be made of a node; each is given a copy of it."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            if type(op) in OTHER:
                yield lambda n: _with(n, op=OTHER[type(op)]())
            if isinstance(node, ast.BinOp) and isinstance(op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
                yield lambda n: _with(n, left=n.right, right=n.left)
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield lambda n: n.operand
        case ast.Compare(ops=[op]):
            for table in (OTHER, REVERSED):
                if type(op) in table:
                    yield lambda n, table=table: _with(n, ops=[table[type(op)]()])
        case ast.BoolOp(op=op):
            yield lambda n: _with(n, op=OTHER[type(op)]())
        case ast.Constant(value=bool(value)):
            yield lambda n: ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield lambda n: ast.Constant(value + 1)
            if value:
                yield lambda n: ast.Constant(value - 1)
        case ast.Constant(value=float(value)):
            yield lambda n: ast.Constant(value * 2 if value else 1.0)
        case ast.IfExp():
            yield lambda n: _with(n, body=n.orelse, orelse=n.body)
        case ast.Call(args=args, keywords=keywords):
            if len(args) > 1 and not any(isinstance(arg, ast.Starred) for arg in args[:2]):
                yield lambda n: _with(n, args=[n.args[1], n.args[0], *n.args[2:]])
            for i, keyword in enumerate(keywords):
                if keyword.arg not in (None, "strict"):
                    yield lambda n, i=i: _with(n, keywords=n.keywords[:i] + n.keywords[i + 1 :])
    if isinstance(node, (ast.If, ast.While)):
        yield lambda n: _with(n, test=ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, DROPPED):
        yield lambda n: ast.Pass()


def _with(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def places(function: source.Function) -> Iterator[tuple[list[tuple[str, int | None]], ast.AST, ast.stmt]]:
    """Every node of a function's body that may be changed: the way to it, the node, and its statement."""
    first = 1 if ast.get_docstring(function, clean=False) is not None else 0

    def walk(node: ast.AST, way: list[tuple[str, int | None]], statement: ast.stmt) -> Iterator[tuple]:
        yield way, node, statement
        if isinstance(node, ast.Raise) or (isinstance(node, ast.keyword) and node.arg == "strict"):
            return  # what is said of an error is nobody's mistake, and zip's strict is a guard
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "ctx"):
                continue
            for i, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(item, ast.AST):
                    inner = item if isinstance(item, ast.stmt) else statement
                    yield from walk(item, [*way, (name, i)], inner)

    for i, statement in enumerate(function.body[first:], first):
        yield from walk(statement, [("body", i)], statement)


def mutated(function: source.Function, way: list[tuple[str, int | None]], change: Callable) -> source.Function:
    """A copy of a function, changed at one place."""
    function = copy.deepcopy(function)
    *outer, (name, i) = way
    owner: ast.AST = function
    for step, index in outer:
        owner = getattr(owner, step) if index is None else getattr(owner, step)[index]
    if i is None:
        setattr(owner, name, change(getattr(owner, name)))
    else:
        getattr(owner, name)[i] = change(getattr(owner, name)[i])
    return ast.fix_missing_locations(function)


def mutants_of(exercise: Exercise, each: int, seed: int) -> list[Mutant]:
    """Some mutants of an exercise, the same ones for the same seed."""
    library, found = exercise.module.library, {}
    for name in exercise.functions:
        for k, function in enumerate(library.functions[name]):
            for way, node, statement in places(function):
                for change in changes(node):
                    changed = mutated(function, way, change)
                    if ast.dump(changed) == ast.dump(function):  # f(x, x), exchanged
                        continue
                    mutant = _mutant(exercise, name, k, function, changed, statement, way)
                    found.setdefault(mutant.label, mutant)
    every = list(found.values())
    return random.Random(f"{seed} {exercise.id}").sample(every, min(each, len(every)))


def _mutant(exercise, name, k, function, changed, statement, way) -> Mutant:
    library = exercise.module.library
    nodes = [changed if i == k else node for i, node in enumerate(library.functions[name])]
    text = "\n\n".join(ast.unparse(node) for node in nodes)
    for owner in reversed(name.split(".")[:-1]):
        text = f"class {owner}:\n" + "\n".join(f"    {line}" for line in text.split("\n"))
    after: ast.AST = changed
    for step, index in way:
        following = getattr(after, step) if index is None else getattr(after, step)[index]
        if isinstance(following, ast.stmt):
            reached = following
        after = following
    was, becomes = ast.unparse(statement), ast.unparse(reached)
    differ = [(a, b) for a, b in zip(was.split("\n"), becomes.split("\n"), strict=False) if a != b]
    first, second = differ[0] if differ else (was.split("\n")[0], becomes.split("\n")[0])
    swapped = source.put(library, Source.of(text, library.path), [name])
    return Mutant(exercise, name, first.strip(), second.strip(), swapped, _is_guard(statement))


def _is_guard(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(body=[ast.Raise()], orelse=[]) | ast.Raise():
            return True
        case ast.For(body=body, orelse=[]):
            return all(map(_is_guard, body))
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return name.lstrip("_").startswith("check")
    return False


# Judging them


def caught(judge: Judge, mutant: Mutant) -> bool:
    """Whether the mutant fails its exercise."""
    try:
        return not judge.verdict(mutant.exercise, mutant.source, diagnose=False).ok
    except WorkerError:
        return True


def judge_all(mutants: list[Mutant], workers: int) -> list[bool]:
    """Whether each was caught."""
    own, judges = threading.local(), []

    def one(mutant: Mutant) -> bool:
        if not hasattr(own, "judge"):
            own.judge = Judge(SECONDS)
            judges.append(own.judge)
        return caught(own.judge, mutant)

    try:
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, mutants))
    finally:
        for judge in judges:
            judge.close()


def judgements() -> dict[str, str]:
    """What survivors.txt says of each survivor: four lines each, the last begins with "= "."""
    if not SURVIVORS.exists():
        return {}
    blocks = SURVIVORS.read_text(encoding="utf-8").strip().split("\n\n")
    parts = [block.rpartition("\n= ") for block in blocks if not block.startswith("#")]
    return {label: said for label, _, said in parts}


def main() -> int:
    """Run, print the table and the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.course.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="04", help="modules or exercises")
    parser.add_argument("--each", type=int, default=20, help="mutants of an exercise (20)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    chosen = [e for e in exercises() if not options.only or any(e.id.startswith(only) for only in options.only)]
    known, survivors, apart, total = judgements(), [], Counter[str](), 0
    for exercise in chosen:
        mutants = mutants_of(exercise, options.each, options.seed)
        results = judge_all(mutants, options.workers)
        passed = [mutant for mutant, was_caught in zip(mutants, results, strict=True) if not was_caught]
        total += len(mutants)
        survivors += [mutant for mutant in passed if not mutant.guard]
        apart["guards"] += sum(mutant.guard for mutant in passed)
        said = [known.get(mutant.label, "") for mutant in passed if not mutant.guard]
        apart["equivalent"] += sum(judgement.startswith("equivalent") for judgement in said)
        print(f"{exercise.id:<7}{sum(results):>4} of {len(mutants):<4} caught   {exercise.title}", flush=True)
    unjudged = [mutant for mutant in survivors if mutant.label not in known]
    for mutant in survivors:
        print(f"\n{mutant.label}\n= {known.get(mutant.label, 'not judged')}")
    counted = total - apart["guards"] - apart["equivalent"]
    rate = 1 - (len(survivors) - apart["equivalent"]) / max(counted, 1)
    print(f"\n{rate:.1%} of {counted} mutants caught; {len(unjudged)} survivors not judged")
    print(f"besides, {apart['equivalent']} are equivalent and {apart['guards']} are guards that nothing asks for")
    if options.json:
        figures = {"mutants": counted, "caught": round(rate, 4), "survivors": len(survivors), **apart}
        figures["command"] = f"python -m tests.course.mutants --each {options.each} --seed {options.seed}"
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if unjudged or rate < AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
