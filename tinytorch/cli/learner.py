"""The learner's commands: a workspace is started, exercises are checked, hints given, scripts and milestones run.

Each command is a function of the options. What is done at a desk, by a command or by the session, is in desk.py.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import runpy
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinytorch import machine
from tinytorch._places import PACKAGE
from tinytorch.cli import CommandError
from tinytorch.cli.desk import Desk, at_desk, give_hint, go_on, introduce, show_list, start_over
from tinytorch.course import workspace
from tinytorch.course.exercises import Exercise, exercises, modules
from tinytorch.course.style import wrapped
from tinytorch.course.workspace import Workspace, WorkspaceError


def _print_row(text: str) -> None:
    """Print a row of a list, which goes on below where it is longer than the terminal is wide."""
    print(wrapped(text, shutil.get_terminal_size().columns, rest="    "))


def _chosen(desk: Desk, name: str | None) -> Exercise:
    """The exercise of that id; without one, where they are."""
    if name is None:
        return desk.current
    known = {exercise.id: exercise for exercise in exercises()}
    name = name.zfill(len("01.1")) if re.fullmatch(r"\d\.\d+", name) else name
    if name not in known:
        raise CommandError(
            f"there is no exercise {name!r}: `tinytorch list` shows them, from {min(known)} to {max(known)}"
        )
    return known[name]


# The commands


def start(options: argparse.Namespace) -> int:
    """Make a workspace."""
    folder = Path(options.folder).resolve()
    if re.fullmatch(r"\d\d?\.\d+", options.folder):
        said = (
            f"start makes a folder, and {options.folder} is an exercise: `tinytorch check {options.folder}` checks it"
        )
        raise CommandError(said)
    if folder.is_file():
        raise CommandError(f"{folder} is a file, and a workspace is a folder: give another name")
    if folder.is_relative_to(PACKAGE):
        raise CommandError(f"{folder} is the library's own folder: start a workspace somewhere else")
    existed = (folder / workspace.MARK).exists()
    desk = Desk(Workspace.start(folder, options.notebook))
    if existed:
        desk.say(f"{folder} goes on with this version; your files are as they were.")
        return 0
    first = desk.workspace.current = exercises()[0]
    file = f"{first.module.name}.{'ipynb' if desk.workspace.notebooks else 'py'}"
    desk.say(f"{folder} is your workspace. Go there, open {file}, and run `tinytorch`.")
    print()
    introduce(desk, first)
    return 0


def check(options: argparse.Namespace) -> int:
    """Check one exercise."""
    with at_desk() as desk:
        passed = desk.check(_chosen(desk, options.exercise))
        print(f"\n{desk.bar()}")
        return 0 if passed else 1


def task(options: argparse.Namespace) -> int:
    """What an exercise asks for."""
    with at_desk() as desk:
        introduce(desk, _chosen(desk, options.exercise))
    return 0


def hint(options: argparse.Namespace) -> int:
    """One hint more than last time."""
    with at_desk() as desk:
        give_hint(desk, _chosen(desk, options.exercise))
    return 0


def list_(options: argparse.Namespace) -> int:
    """All exercises, and how each stands."""
    with at_desk() as desk:
        show_list(desk)
        print()
        desk.say_what_is_unreadable()
        desk.say(f"You are at {desk.current.id}; `tinytorch task ID` says what an exercise asks for.")
        print(f"\n{desk.bar()}")
    return 0


def next_(options: argparse.Namespace) -> int:
    """Go on, once the current exercise passes."""
    with at_desk() as desk:
        return 0 if go_on(desk) else 1


def reset(options: argparse.Namespace) -> int:
    """Make an exercise a stub again."""
    with at_desk() as desk:
        start_over(desk, _chosen(desk, options.exercise))
    return 0


def solution(options: argparse.Namespace) -> int:
    """The library's own functions."""
    with at_desk() as desk:
        exercise = _chosen(desk, options.exercise)
        if exercise.module.for_class:
            raise CommandError("a class release has no solutions: ask who gave it to you", 1)
        if not options.yes and not desk.passes(exercise):
            desk.say(f"{exercise.id} does not pass yet; `tinytorch solution {exercise.id} --yes` shows its solution.")
            return 1
        print(exercise.module.solution(exercise))
    return 0


def milestone(options: argparse.Namespace) -> int:
    """Train on real data."""
    from tinytorch.course import milestones

    known = milestones.for_machine(options.preset or machine.preset())
    if options.name is None:
        for one in known.values():
            there = ", which is not in this release" if one.left_out else ""
            _print_row(f"{one.name}: {one.title}, {one.goal:.0%}, after module {one.after}{there}")
        return 0
    if options.name not in known:
        raise CommandError(f"there is no milestone {options.name!r}: choose from {', '.join(known)}")
    if options.fast and not milestones.is_exercise(options.fast):
        raise CommandError(f"--fast wants a function of the course, such as conv.unfold, not {options.fast!r}")
    if missing := known[options.name].left_out:
        reached = ", ".join(one.name for one in known.values() if not one.left_out) or "none"
        said = f"{options.name} needs modules that are not in this release ({', '.join(missing)})"
        raise CommandError(f"{said}; milestones that can be reached with it: {reached}", 1)
    with at_desk() as desk:
        return _train(desk, known[options.name], options.fast)


def _train(desk: Desk, chosen: Any, fast: str) -> int:
    from tinytorch.course import milestones

    desk.workspace.sources()  # says what is wrong with a file
    needed = [exercise for exercise in exercises() if exercise.id[:2] <= chosen.after]
    own = [exercise for exercise in needed if desk.passes(exercise)]
    title = f"{chosen.title[:1].upper()}{chosen.title[1:]}"
    if own:
        desk.say(f"{title}, with {len(own)} of {len(needed)} exercises yours.")
    else:
        desk.say(f"{title}. None of its {len(needed)} exercises passes yet, so the library lends them all.")
    sys.stdout.flush()
    result = milestones.run(chosen, desk.workspace.folder, fast)
    reached = f"Test accuracy {result['accuracy']:.1%}"
    desk.say(f"{reached}; the goal is {chosen.goal:.0%}, the library reaches {chosen.library:.1%} on average.")
    written = {one.module.name for one in needed if desk.workspace.written(one)}
    ran = [file for file in result["files"] if Path(file).stem in written]
    desk.say(f"Of yours ran: {', '.join(ran) or 'nothing, for nothing is written yet'}.")
    if not result["moved"]:
        desk.say("A parameter never changed: what computes its gradient, or takes the step, does not reach it.")
        return 1
    if result["accuracy"] < chosen.goal:
        return 1
    if len(own) < len(needed):
        desk.say(f"It counts as reached when all {len(needed)} exercises pass: `tinytorch list` shows them.")
        return 1
    print(f"Reached, with the library's {fast}." if fast else "Reached, on your own code.")
    return 0


def challenge(options: argparse.Namespace) -> int:
    """Measure their speed."""
    from tinytorch.course import challenges

    known = {module.name: module for module in modules() if module.name in challenges.CHALLENGES}
    if options.name is None:
        for module in known.values():
            _print_row(f"{module.number} {module.name}: {challenges.CHALLENGES[module.name].title}")
        return 0
    name = {module.number: name for name, module in known.items()}.get(options.name.zfill(len("01")), options.name)
    if name not in known:
        raise CommandError(f"there is no challenge {options.name!r}: choose from {', '.join(known)}")
    module = known[name]
    with at_desk() as desk:
        desk.workspace.sources()  # says what is wrong with a file
        own = [exercise for exercise in module.exercises if desk.passes(exercise)]
        title = challenges.CHALLENGES[module.name].title
        desk.say(f"{title[:1].upper()}{title[1:]}, with {len(own)} of {len(module.exercises)} exercises yours.")
        sys.stdout.flush()
        return _race(desk, challenges.run(module, desk.workspace.folder)) if own else 1


def _race(desk: Desk, outcome: Any) -> int:
    low, high = outcome.ratios[0], outcome.ratios[-1]
    desk.say(
        f"Yours takes {outcome.ratio:.2f} times as long as the library's: {1000 * outcome.own:.3g} ms against "
        f"{1000 * outcome.library:.3g} ms ({len(outcome.ratios)} pairs, from {low:.2f} to {high:.2f})."
    )
    if not outcome.alike:
        desk.say("But it computes something else: only what is right is fast.")
    return 0 if outcome.alike else 1


def run(options: argparse.Namespace) -> int:
    """Run a script on the learner's files."""
    script = Path(options.script)
    if not script.is_file():
        raise CommandError(f"there is no script {script}")
    workspace.enter(Workspace.find(Path.cwd()).sources())
    sys.argv = [str(script), *options.arguments]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception as error:  # shown as Python does, without the frames of this file and of runpy
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != str(script):
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace or error.__traceback__)
        return 1
    return 0


def status(options: argparse.Namespace) -> int:
    """How far they are, module by module."""
    with at_desk() as desk:
        for module in modules():
            done = [exercise for exercise in module.exercises if desk.stands(exercise)]
            left = sum(e.minutes for e in module.exercises if e not in done)
            name = f"{module.number} {module.name}"
            to_go = f", about {left} minutes to go" if left else ""
            print(f"{name:<20}{len(done):>3} of {len(module.exercises):<3} pass{to_go}")
        current = desk.current
        print()
        desk.say(f"You are at {current.id} {current.title}.")
        failing = [one.id for module in modules() for one in desk.failing(module)]
        desk.say_what_is_unreadable()
        if failing:
            desk.say(f"Written, and not passing: {', '.join(failing)}.")
        print(f"\n{desk.bar()}")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """What a helper would ask for first."""
    from tinytorch.cli.doctor import examine

    return examine()


def watch(options: argparse.Namespace) -> int:
    """Check on every save."""
    from tinytorch.cli.session import watch

    with at_desk() as desk:
        return watch(desk, _chosen(desk, options.exercise))


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "start": start,
    "task": task,
    "check": check,
    "watch": watch,
    "hint": hint,
    "list": list_,
    "next": next_,
    "reset": reset,
    "solution": solution,
    "milestone": milestone,
    "challenge": challenge,
    "run": run,
    "status": status,
    "doctor": doctor,
}
REMEDIES = dict.fromkeys((errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)), "make room and run this again")
REMEDIES |= dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "see that you may write there, or go elsewhere")
WITH_EXERCISE = ("task", "check", "watch", "hint", "reset", "solution")


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what a command takes."""
    parser = commands.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
    if name == "start":
        parser.add_argument(
            "folder", nargs="?", default=".", metavar="DIR", help="the folder, made if need be (this one)"
        )
        parser.add_argument("--notebook", action="store_true", help="with a Jupyter notebook for each file (jupytext)")
    if name in WITH_EXERCISE:
        parser.add_argument("exercise", nargs="?", metavar="ID", help="an exercise, such as 01.2 (where you are)")
    if name == "solution":
        parser.add_argument("--yes", action="store_true", help="show it before the exercise passes, without asking")
    if name == "milestone":
        parser.add_argument("name", nargs="?", metavar="NAME", help="which (without one, they are listed)")
        parser.add_argument("--fast", default="", metavar="FUNCTION", help="take the library's own for this one")
        parser.add_argument("--preset", choices=machine.PRESETS, help=f"for this kind of machine ({machine.preset()})")
    if name == "challenge":
        parser.add_argument(
            "name", nargs="?", metavar="NAME", help="a module, by name or number (without one, they are listed)"
        )
    if name == "run":
        parser.add_argument("script", metavar="SCRIPT", help="a Python file")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="what the script is given")
    parser.set_defaults(run=lambda options: with_sentences(COMMANDS[name], options))


def with_sentences(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command; what is wrong with a workspace is said in a sentence."""
    use_utf8()
    try:
        return command(options)
    except (WorkspaceError, ChildProcessError) as error:
        raise CommandError(str(error), 1) from None
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        said = f"{error.strerror} ({error.filename}): nothing of yours was changed; {REMEDIES[error.errno]}"
        raise CommandError(said, 1) from None


def use_utf8() -> None:
    """Print as UTF-8, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and "PYTHONIOENCODING" not in os.environ:
            stream.reconfigure(encoding="utf-8", errors="replace")


def carry_on() -> int | None:
    """`tinytorch` alone: go on where they are; None where this is no workspace."""
    if not any((folder / workspace.MARK).is_file() for folder in (Path.cwd(), *Path.cwd().parents)):
        return None
    from tinytorch.cli.session import session

    def go(_: argparse.Namespace) -> int:
        with at_desk() as desk:
            return session(desk)

    return with_sentences(go, argparse.Namespace())
