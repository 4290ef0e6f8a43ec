"""The learner's commands: a workspace is started, exercises are checked, hints given, scripts and milestones run.

Each command is a function of the options and a Desk, which knows the workspace and the terminal. NumPy is loaded when an
exercise is checked, not before.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import runpy
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch import machine
from tinytorch._places import PACKAGE
from tinytorch.cli import CommandError, as_typed
from tinytorch.course import workspace
from tinytorch.course.exercises import Exercise, Module, exercises, modules
from tinytorch.course.style import Style, with_whole_commands, wrapped
from tinytorch.course.workspace import Workspace, WorkspaceError

if TYPE_CHECKING:
    from tinytorch.course.judge import Judge, Verdict


class Desk:
    """A workspace, and the terminal in front of it."""

    def __init__(self, folder: Workspace) -> None:
        self.workspace = folder
        self.live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.style = Style(self.live and not os.environ.get("NO_COLOR"))
        self._judge: Judge | None = None

    @property
    def columns(self) -> int:
        """The width of the terminal."""
        return shutil.get_terminal_size().columns

    @property
    def judge(self) -> Judge:
        """Its worker is started when it is first needed."""
        if self._judge is None:
            from tinytorch.course.judge import Judge

            self._judge = Judge()
        return self._judge

    def close(self) -> None:
        """End the worker."""
        if self._judge is not None:
            self._judge.close()

    def verdict(self, exercise: Exercise) -> Verdict:
        """Check an exercise, and remember what came of it. Raises WorkspaceError for a file that cannot be judged."""
        text = self.workspace.judged(exercise)
        self.judge.beside = self.workspace.beside(exercise.module)
        found = self.judge.verdict(exercise, text)
        self.workspace.remember(exercise, text, found.ok)
        return found

    def check(self, exercise: Exercise) -> bool:
        """Check an exercise and show what came of it, or what it asks for where nothing is written; True where it passes."""
        from tinytorch.course import report

        try:
            self.workspace.judged(exercise)  # says what is wrong with the file
            if not self.workspace.written(exercise):
                introduce(self, exercise)
                print()
                self.say("It is not written yet.")
                return False
            found = self.verdict(exercise)
        except WorkspaceError as error:
            self.say(f"{exercise.id} {exercise.title}: {error}")
            if error.line:
                print(f"\n{error.line}")
            return False
        path = self.workspace.path(exercise.module)
        file = self.workspace.read(exercise.module)
        print(as_typed(report.verdict(found, _near(path), file, self.columns, self.style)))
        if found.ok:
            self._say_what_follows(exercise)
        return found.ok

    def _say_what_follows(self, exercise: Exercise) -> None:
        """After a pass: what else of the file does not pass, though it is written, and how to go on."""
        print()
        if failing := self.failing(exercise.module):
            ids = ", ".join(one.id for one in failing)
            some = "does not pass, though it is" if len(failing) == 1 else "do not pass, though they are"
            name = self.workspace.path(exercise.module).name
            self.say(f"In {name}, {ids} {some} written: `tinytorch check {failing[0].id}` says why.")
        self.say("`tinytorch next` goes on.")

    def failing(self, module: Module) -> list[Exercise]:
        """The exercises of a file that are written, at least in part, and do not pass; none where it cannot be read."""
        if self.unreadable(module):
            return []
        return [one for one in module.exercises if self.workspace.written(one) and not self.stands(one)]

    def stands(self, exercise: Exercise) -> bool:
        """Whether an exercise passes or, while its file cannot be read, did so before."""
        return self.passes(exercise) or self.workspace.stands(exercise)

    def say_what_is_unreadable(self) -> None:
        """A sentence for each file that is not Python."""
        for module in modules():
            if error := self.unreadable(module):
                self.say(f"{error}; its exercises are shown as they were before.")

    def unreadable(self, module: Module) -> WorkspaceError | None:
        """What is wrong with a file, None where it can be read or is not there."""
        try:
            if self.workspace.path(module).exists():
                self.workspace.read(module)
            return None
        except WorkspaceError as error:
            return error

    def passes(self, exercise: Exercise) -> bool:
        """Whether an exercise passes, checked only where this text was not checked before."""
        known = self.workspace.remembered(exercise)
        if known is not None:
            return known
        try:
            return self.verdict(exercise).ok
        except WorkspaceError:
            return False

    @property
    def current(self) -> Exercise:
        """Where they are: where they went last, else the first exercise that does not pass. It stays so until they move."""
        if self.workspace.current is None:
            self.workspace.current = self.first_open() or exercises()[-1]
        return self.workspace.current or exercises()[-1]

    def first_open(self, after: Exercise | None = None) -> Exercise | None:
        """The first exercise that does not pass, from one on and then from the beginning."""
        every = exercises()
        start = every.index(after) + 1 if after else 0
        return next((e for e in every[start:] + every[:start] if not self.passes(e)), None)

    def bar(self) -> str:
        """How far they are, in a line."""
        every = exercises()
        done = [exercise for exercise in every if self.workspace.stands(exercise)]
        points = f"{sum(e.points for e in done)} of {sum(e.points for e in every)} points"
        words = f"{len(done)} of {len(every)} exercises, {points}"
        width = max(min(24, self.columns - len(words) - 3), 1)
        full = width * len(done) // len(every)
        return f"[{'#' * full}{'.' * (width - full)}] {words}"

    def say(self, text: str) -> None:
        """Print a paragraph in the width of the terminal; its commands are spelled as they can be typed here."""
        print(with_whole_commands(as_typed(text), self.columns))


@contextmanager
def at_desk() -> Iterator[Desk]:
    """The desk of the workspace that we are in."""
    desk = Desk(Workspace.find(Path.cwd()))
    for module in desk.workspace.lost():
        name = desk.workspace.file(module).name
        desk.say(f"{name} was gone, and was made again from its stub.")
        print()
    try:
        yield desk
    finally:
        desk.close()
    if error := desk.workspace.unsaved:
        said = f"your progress could not be saved ({error.strerror}: {error.filename}); your own files are as they were"
        sys.stdout.flush()
        print(f"tinytorch: {said}", file=sys.stderr)


def _print_row(text: str) -> None:
    """Print a row of a list, which goes on below where it is longer than the terminal is wide."""
    print(wrapped(text, shutil.get_terminal_size().columns, rest="    "))


def _near(path: Path) -> Path:
    """A path as short as it can be from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


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


def give_hint(desk: Desk, exercise: Exercise) -> None:
    """Print the hints that were given before, and one more."""
    given = desk.workspace.next_hint(exercise)
    for i, text in enumerate(exercise.hints[:given], 1):
        desk.say(f"Hint {i} of {len(exercise.hints)} for {exercise.id} {exercise.title}")
        print(f"\n{wrapped(text, desk.columns)}\n")
    desk.say(f"`tinytorch task {exercise.id}` says what is asked for.")
    if given == len(exercise.hints):
        confirmed = "" if desk.workspace.stands(exercise) else " --yes"
        said = f"`tinytorch solution {exercise.id}{confirmed}` shows the library's own code."
        desk.say(f"There are no more hints; {said}")


def list_(options: argparse.Namespace) -> int:
    """All exercises, and how each stands."""
    with at_desk() as desk:
        show_list(desk)
        print()
        desk.say_what_is_unreadable()
        desk.say(f"You are at {desk.current.id}; `tinytorch task ID` says what an exercise asks for.")
        print(f"\n{desk.bar()}")
    return 0


def show_list(desk: Desk) -> None:
    """Print every exercise with its state, checked where it is not known."""
    current = desk.current
    for module in modules():
        heading = textwrap.shorten(f"{module.number} {module.title}", desk.columns, placeholder=" ...")
        print(desk.style.bold(heading))
        for exercise in module.exercises:
            print(_row(desk, exercise, exercise == current))


def _row(desk: Desk, exercise: Exercise, here: bool) -> str:
    if not desk.workspace.written(exercise):
        state = "to do"
    else:
        state = "passes" if desk.stands(exercise) else "fails"
    mark = ">" if here else " "
    facts = f"{exercise.points:>3} points {exercise.minutes:>3} min"
    room = max(desk.columns - len(facts) - 19, 10)
    title = textwrap.shorten(exercise.title, room, placeholder=" ...")
    row = f"{mark} {exercise.id:<6}{state:<8}{title:<{room}} {facts}"
    return desk.style.green(row) if state == "passes" else row


def next_(options: argparse.Namespace) -> int:
    """Go on, once the current exercise passes."""
    with at_desk() as desk:
        return 0 if go_on(desk) else 1


def go_on(desk: Desk) -> bool:
    """Move to the first exercise that does not pass, and say what it asks for; False where the current one fails."""
    current = desk.current
    if not desk.passes(current):
        desk.say(f"{current.id} {current.title} does not pass yet; `tinytorch check ID` tries any other.")
        return False
    following = desk.first_open()
    if following is None:
        print("All exercises pass: the library is yours.")
        return True
    desk.workspace.current = following
    introduce(desk, following)
    return True


def introduce(desk: Desk, exercise: Exercise) -> None:
    """Say what an exercise asks for and where it is to be written."""
    path = desk.workspace.file(exercise.module)
    line = desk.workspace.read(exercise.module).line_of(exercise.functions[0])
    facts = f"{exercise.points} points, {exercise.minutes} minutes"
    print(desk.style.bold(wrapped(f"{exercise.id} {exercise.title} ({facts})", desk.columns)) + "\n")
    desk.say(exercise.prompt)
    print()
    desk.say(f"To write: {', '.join(exercise.functions)}, in {_near(path)} from line {line} on.")


def reset(options: argparse.Namespace) -> int:
    """Make an exercise a stub again."""
    with at_desk() as desk:
        start_over(desk, _chosen(desk, options.exercise))
    return 0


def start_over(desk: Desk, exercise: Exercise) -> None:
    """Reset an exercise, and say where the backup is."""
    backup, whole = desk.workspace.reset(exercise)
    kept = f"; the file as it was is {_near(backup)}" if backup else ""
    what = f"All of {exercise.module.name}.py" if whole else f"{exercise.id} {exercise.title}"
    desk.say(f"{what} is to be written again{kept}.")


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
