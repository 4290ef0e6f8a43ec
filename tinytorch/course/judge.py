"""The judge: holds the expected answers, sends the learner's code to a worker, and says what came of it.

The expected answer is what the same probe makes of the library's own code, in this process. A learner's code never runs
here.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np

from tinytorch.course import recorded, worker
from tinytorch.course.checks import Case, Check, Difference, copied, described, difference, smallest
from tinytorch.course.exercises import RECORDED, Exercise, Module, Variant, execute, modules
from tinytorch.course.frames import FrameError, read_frame, write_frame
from tinytorch.course.recorded import RecordedCase
from tinytorch.course.source import Source
from tinytorch.course.workspace import substituted

SECONDS = 5.0  # for one call
EPSILON = 1e-6


@dataclass(frozen=True)
class Failure:
    """Why an exercise does not pass: the check, the smallest case that fails, and what is wrong with the answer.

    kind: "unwritten", "wrong", "crash", "time", "ended" (the process), "file" (does not load). trail: the lines of the
    learner's file that led to a crash. asked: where none did, the line of the check that looked at what the call had made.
    """

    kind: str
    what: str
    check: Check | None = None
    case: Case | None = None
    difference: Difference | None = None
    numeric: float | None = None  # what differences say of the gradient at the element that is wrong
    trail: tuple[tuple[str, int, str], ...] = ()
    diagnosis: Variant | None = None
    asked: str = ""


@dataclass(frozen=True)
class Verdict:
    """What came of judging an exercise."""

    exercise: Exercise
    passed: int  # checks
    total: int
    failure: Failure | None
    printed: str
    right: tuple[str, ...] = ()  # the names of the checks that pass
    ended: str = ""  # what ended its process before all was answered: "time", "budget", "status 3", "SIGSEGV", ...

    @property
    def stopped(self) -> bool:
        """Whether it was, since it took too long."""
        return self.ended in ("time", "budget")

    @property
    def ok(self) -> bool:
        """Whether it passes."""
        return self.failure is None


@dataclass(frozen=True)
class Answers:
    """What the learner's code made of the cases of a check, and whether that is right."""

    check: Check
    cases: Sequence[Case]
    seen: Sequence[Any]
    right: bool


class WorkerError(ChildProcessError):
    """The worker itself failed, which is no fault of the learner's."""


class Judge:
    """Judges exercises with a worker of its own; use it in a `with`, or close it.

    extra: a folder with modules/ of checks and probes besides those of the course.
    """

    def __init__(self, seconds: float = SECONDS, salt: str = "", extra: Path | None = None) -> None:
        self.seconds, self.salt, self.extra = seconds, salt, extra
        self.known: dict[tuple[str, str], dict[str, list[Any]]] = {}  # what a mistake makes of the cases of each check
        self.beside: Mapping[str, Source] = {}  # other files that stand in for the library's
        self.limits: dict[str, Any] = {"seconds": seconds}
        self._start()

    def _start(self) -> None:
        self.process = self._worker()
        atexit.register(self.close)

    def _worker(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            worker.command("main"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # neither Ctrl-C nor a closed terminal ends it before its child
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        atexit.unregister(self.close)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):  # it may be gone already
                    stream.close()
        self.process.wait()

    def verdict(self, exercise: Exercise, source: Source, diagnose: bool = True) -> Verdict:
        """Judge the text of a file in which all but this exercise is the library's (workspace.alone, substituted)."""
        checks, known = checks_of(exercise, self.extra), len(checks_of(exercise))
        reply, found = self._asked(exercise, source, checks[:known])
        printed, ended = reply["printed"], reply["ended"]
        if len(found) == known < len(checks):  # nothing that is seen where the unseen ones run comes to be told
            reply, more = self._asked(exercise, source, checks[known:], self.extra)
            found += more
            ended = ended or reply["ended"]
        if not _loads(reply):
            return Verdict(exercise, 0, len(checks), self.of_loading(reply), printed, ended=ended)
        failures = [failure for _, failure in found if failure]
        wrong = (failure for failure in failures if failure.kind != "unwritten")  # comes before what is missing
        failure = next(wrong, failures[0] if failures else None)
        answers = [one for one, _ in found]
        if diagnose and failure is not None and failure.kind in ("wrong", "crash"):
            failure = self._diagnosed(exercise, self._with_numbers(exercise, source, failure), answers)
        right = tuple(one.check.name for one in answers if one.right)
        return Verdict(exercise, len(right), len(checks), failure, printed, right, ended)

    def _asked(
        self, exercise: Exercise, source: Source, checks: Sequence[Check], extra: Path | None = None
    ) -> tuple[dict[str, Any], list[tuple[Answers, Failure | None]]]:
        """The worker's reply, and of each check that it came to, the answers and what is wrong with them."""
        job_cases = [(check, check.cases(self.salt)) for check in checks]
        reply = self.run(exercise.module, source, [case for _, cases in job_cases for case in cases], extra)
        outcomes = reply["outcomes"][1:]
        found: list[tuple[Answers, Failure | None]] = []
        for check, cases in job_cases if _loads(reply) else ():
            seen = outcomes[: len(cases)]
            del outcomes[: len(cases)]
            failure = self._first_failure(check, cases, seen, reply)
            found.append((Answers(check, cases, seen, failure is None), failure))
            if len(seen) < len(cases):
                break
        return reply, found

    def run(self, module: Module, source: Source, cases: Sequence[Case], extra: Path | None = None) -> dict[str, Any]:
        """What the worker says of the cases when a module's file has this text; extra: where there are more probes.

        Raises WorkerError where the worker itself ended; another one then stands ready.
        """
        return self.ask({**self.beside, module.name: source}, _probes_text(folders(module, extra)), cases)

    def ask(self, sources: Mapping[str, Source], probes: str, cases: Sequence[Case]) -> dict[str, Any]:
        """What the worker says of the cases when these files stand in for the library's."""
        calls = [(case.probe, dict(case.arguments)) for case in cases]
        job = {"files": worker.files_of(sources), "probes": probes, "calls": calls, **self.limits}
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            write_frame(self.process.stdin, job)  # type: ignore[arg-type]
            reply: dict[str, Any] = read_frame(self.process.stdout)  # type: ignore[arg-type]
        except (EOFError, OSError, FrameError) as error:
            self.process.kill()
            self.close()
            self._start()
            raise WorkerError("the process that runs your code ended unexpectedly: please run this again") from error
        return reply

    def of_loading(self, reply: Mapping[str, Any]) -> Failure:
        """Why the files of a job did not load."""
        if not reply["outcomes"]:
            return self.ended(reply, "while your file was loaded", worker.LOADING * self.seconds)
        error = reply["outcomes"][0]["error"]
        return Failure("file", _raised(error, "your file"), trail=_trail(error["trail"]))

    def _first_failure(
        self, check: Check, cases: Sequence[Case], outcomes: Sequence[Mapping[str, Any]], reply: Mapping[str, Any]
    ) -> Failure | None:
        """What is wrong with the smallest case that fails, None where all pass."""
        each = (judged(check, cases[i], seen, self.extra) for i, seen in enumerate(outcomes))
        failures = {i: found for i, found in enumerate(each) if found}
        if failures:
            return failures[smallest(cases, list(failures))]
        if len(outcomes) < len(cases):
            case = cases[len(outcomes)]
            return replace(self.ended(reply, f"in {case.call}", self.seconds), check=check, case=case)
        return None

    @staticmethod
    def ended(reply: Mapping[str, Any], where: str, seconds: float) -> Failure:
        """A process that did not answer."""
        ended = reply["ended"]
        if ended == "time":
            patience = f"after {seconds:g} seconds of computing, or a longer wait"
            said = f"there was no answer {patience}, {where}: is there a loop that never ends?"
            return Failure("time", said, trail=_trail(reply["trail"]))
        if ended == "budget":
            return Failure(
                "time", f"all calls together took too long, and it was stopped {where}", trail=_trail(reply["trail"])
            )
        if ended == "files":
            return Failure("ended", f"more was written into files {where} than there is room for")
        if ended == "garbled":
            return Failure("ended", f"something other than an answer came {where}: the answer was garbled")
        how = f"by {ended}" if ended.startswith("SIG") else f"with {ended}"
        return Failure("ended", f"Python was ended {how} {where}: what calls os._exit, or uses up the memory?")

    # Beside a wrong gradient: what differences of the learner's own values say

    def _with_numbers(self, exercise: Exercise, source: Source, failure: Failure) -> Failure:
        """The failure of a gradient, with its element computed from values of the call a little above and below."""
        found, case = failure.difference, failure.case
        name = found.where.removeprefix("gradient of ") if found else ""
        if not found or not case or found.index is None or found.where == name or "g" not in case.arguments:
            return failure
        x = case.arguments.get(name)
        if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.shape != found.expected.shape:
            return failure
        moved = [_moved(case, name, found.index, step) for step in (EPSILON, -EPSILON)]
        answers = [seen.get("answer") for seen in self.run(exercise.module, source, moved, self.extra)["outcomes"][1:]]
        values = [answer["value"] for answer in answers if isinstance(answer, dict) and "value" in answer]
        if len(values) < 2 or not all(_fits(value, case.arguments["g"]) for value in values):
            return failure
        above, below = (float(np.sum(v * case.arguments["g"])) for v in values)
        numeric = (above - below) / (2 * EPSILON)
        at_a_kink = not np.isclose(numeric, found.expected[found.index], 1e-3, 1e-5)  # where it is of neither side
        return failure if at_a_kink else replace(failure, numeric=numeric)

    # Which mistake it is

    def _diagnosed(self, exercise: Exercise, failure: Failure, answers: Sequence[Answers]) -> Failure:
        """The failure, with the known mistake that gives the learner's very answers to all cases of the check.

        One that gives other answers where the learner's are right is not theirs. Of several, it is the one that agrees
        with them in most checks.
        """
        failing = next(one for one in answers if one.check == failure.check)
        found: dict[int, Variant] = {}
        for mistake in exercise.module.mistakes[exercise.id]:
            if not self._agrees(exercise, mistake, failing):
                continue
            agreed = [self._agrees(exercise, mistake, one) for one in answers]
            if all(same or not one.right for same, one in zip(agreed, answers, strict=True)):
                found.setdefault(sum(agreed), mistake)
        return replace(failure, diagnosis=found[max(found)]) if found else failure

    def _agrees(self, exercise: Exercise, mistake: Variant, answers: Answers) -> bool:
        """Whether a mistake comes to the learner's answers in a check."""
        theirs = self._of_mistake(exercise, mistake)[answers.check.name]
        if answers.right and answers.check.judge is not None:  # several answers may be right
            pairs = zip(answers.cases, theirs, strict=False)
            whole = len(theirs) == len(answers.cases)
            return whole and not any(judged(answers.check, case, seen, self.extra) for case, seen in pairs)
        return alike(theirs, answers.seen)

    def _of_mistake(self, exercise: Exercise, mistake: Variant) -> dict[str, list[Any]]:
        """What a mistake makes of the cases of each check; it is run once, whatever is compared with it.

        Checks that come after one in which it hangs, or ends its process, are run alone.
        """
        key = exercise.id, mistake.name
        if key not in self.known:
            source = with_variant(exercise, mistake)

            def outcomes(some: Sequence[Case]) -> list[Any]:
                return list(self.run(exercise.module, source, some, self.extra)["outcomes"][1:])

            cases = {check.name: check.cases(self.salt) for check in checks_of(exercise, self.extra)}
            seen = iter(outcomes([case for some in cases.values() for case in some]))
            found = {name: list(islice(seen, len(some))) for name, some in cases.items()}
            self.known[key] = found | {name: outcomes(cases[name]) for name in list(found)[1:] if not found[name]}
        return self.known[key]


def _loads(reply: Mapping[str, Any]) -> bool:
    """Whether the files of a job did load."""
    return bool(reply["outcomes"]) and "error" not in reply["outcomes"][0]


def with_variant(exercise: Exercise, variant: Variant) -> Source:
    """The library's file with the functions that a mistake or an alternative writes differently."""
    names = [name for name in exercise.functions if name in variant.source.functions]
    return substituted(exercise.module, names, variant.source)


def judged(check: Check, case: Case, seen: Mapping[str, Any], extra: Path | None = None) -> Failure | None:
    """What is wrong with the outcome of a call, None if nothing is."""
    if "error" in seen:
        error = seen["error"]
        if error["type"] == "NotImplementedError" and error["message"][:2].isdigit():
            later = (
                ", with which this is checked: go on, and come back"
                if error["message"][:2] > check.exercise[:2]
                else ""
            )
            return Failure("unwritten", f"{error['message']} is not written yet{later}", check, case)
        if error["type"] == "Wrong":
            return Failure("wrong", error["message"], check, case)
        trail = _trail(error["trail"])
        again = list(dict.fromkeys(function for i, (*_, function) in enumerate(trail) if trail[i] in trail[:i]))
        endless = error["type"] == "RecursionError" and again
        what = _endless(again) if endless else _raised(error, "the call")
        return Failure("crash", what, check, case, trail=trail, asked="" if trail else error.get("asked", ""))
    if seen["changed"]:
        what = f"the call changed its input {seen['changed'][0]}, which belongs to the caller"
        return Failure("wrong", what, check, case)
    answer = seen["answer"]
    if check.judge is not None:
        try:
            said = check.judge(case, answer)
        except Exception:  # of an answer that is not at all what the judgement looks into
            said = f"the answer is {described(answer)}"
        return Failure("wrong", said, check, case) if said else None
    found = difference(answer, expected(check.exercise, case, extra))
    if found is None:
        return None
    what = f"the {found.where} {found.what}" if found.where else f"the answer {found.what}"
    return Failure("wrong", what, check, case, found)


def alike(some: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two runs of the same calls came to the same."""
    return len(some) == len(others) and all(_same(a, b) for a, b in zip(some, others, strict=True))


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    if "error" in a or "error" in b:
        errors = [seen.get("error", {}) for seen in (a, b)]
        return all(errors) and all(errors[0][key] == errors[1][key] for key in ("type", "message"))
    both_ways = (a["answer"], b["answer"]), (b["answer"], a["answer"])  # either may lack what the other has
    return a["changed"] == b["changed"] and all(difference(*sides) is None for sides in both_ways)


@cache
def expected(exercise: str, case: Case, extra: Path | None = None) -> Any:
    """The library's own answer to a case of an exercise."""
    if isinstance(case, RecordedCase):
        return case.answer
    probes = _probes(folders(_module(exercise[:2]), extra))
    with np.errstate(all="ignore"):
        return probes[case.probe](**copied(case.arguments))


def folders(module: Module, extra: Path | None = None) -> tuple[Path, ...]:
    """Where the checks and probes of a module are: its folder, and one of the same name among extra ones."""
    beside = extra / module.folder.name if extra else None
    return (module.folder, beside) if beside and beside.is_dir() else (module.folder,)


@cache
def checks_of(exercise: Exercise, extra: Path | None = None) -> list[Check]:
    """The checks of an exercise, in the order in which they stand in checks.py, extra ones last."""
    return [check for check in _checks(folders(exercise.module, extra)) if check.exercise == exercise.id]


@cache
def _checks(places: tuple[Path, ...]) -> list[Check]:
    return [check for place in places for check in _checks_in(place)]


@cache
def _checks_in(place: Path) -> list[Check]:
    return recorded.read(place) if (place / RECORDED).is_file() else list(execute(place / "checks.py")["check"])


@cache
def _probes(places: tuple[Path, ...]) -> dict[str, Any]:
    if len(places) == 1:  # which is compiled already
        return execute(places[0] / worker.PROBES)
    namespace: dict[str, Any] = {"__name__": "probes"}
    exec(compile(_probes_text(places), worker.PROBES, "exec", dont_inherit=True), namespace)
    return namespace


@cache
def _probes_text(places: tuple[Path, ...]) -> str:
    files = [place / "probes.py" for place in places]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


def _module(number: str) -> Module:
    return next(module for module in modules() if module.number == number)


def _moved(case: Case, name: str, index: tuple[int, ...], step: float) -> Case:
    arguments = copied(case.arguments)
    arguments[name][index] += step
    return Case(case.probe, case.call, arguments)


def _fits(value: Any, g: Any) -> bool:
    """Whether it can be multiplied by a gradient, element by element."""
    return isinstance(value, np.ndarray) and value.dtype == np.float64 and value.shape == np.shape(g)


def _trail(frames: Sequence[Sequence[Any]]) -> tuple[tuple[str, int, str], ...]:
    return tuple((str(file), int(line), str(function)) for file, line, function in frames)


def _endless(names: Sequence[str]) -> str:
    """A recursion of these functions, in a sentence."""
    if len(names) == 1:
        return f"the function {names[0]} calls itself, and that never ends"
    return f"the functions {', '.join(names[:-1])} and {names[-1]} call each other, and that never ends"


def _raised(error: Mapping[str, Any], what: str) -> str:
    """An exception, in a sentence."""
    if error["type"] == "SystemExit":
        return f"{what} called sys.exit({error['message']}), which ends Python: take that out"
    if error["type"] == "EOFError" and "reading a line" in error["message"]:
        return f"{what} asked for input(), which nobody can answer here: take that out"
    if error["type"] == "BdbQuit":
        return f"{what} stopped at breakpoint(), where nobody can go on: take that out, or use it in `tinytorch run`"
    return f"{what} raised {error['type']}" + (f": {error['message']}" if error["message"] else "")


def _environment() -> dict[str, str]:
    """UTF-8 and one thread for the worker, whatever the terminal's locale."""
    return {**os.environ, **worker.ONE_THREAD, "PYTHONUTF8": "1"}
