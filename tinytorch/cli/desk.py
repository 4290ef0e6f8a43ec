"""The learner's desk: a workspace, and the terminal in front of it, where exercises are asked for, checked and shown.

NumPy is loaded when an exercise is checked, not before.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinytorch.cli import as_typed
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


# What a learner does there


def introduce(desk: Desk, exercise: Exercise) -> None:
    """Say what an exercise asks for and where it is to be written."""
    path = desk.workspace.file(exercise.module)
    line = desk.workspace.read(exercise.module).line_of(exercise.functions[0])
    facts = f"{exercise.points} points, {exercise.minutes} minutes"
    print(desk.style.bold(wrapped(f"{exercise.id} {exercise.title} ({facts})", desk.columns)) + "\n")
    desk.say(exercise.prompt)
    print()
    desk.say(f"To write: {', '.join(exercise.functions)}, in {_near(path)} from line {line} on.")


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


def start_over(desk: Desk, exercise: Exercise) -> None:
    """Reset an exercise, and say where the backup is."""
    backup, whole = desk.workspace.reset(exercise)
    kept = f"; the file as it was is {_near(backup)}" if backup else ""
    what = f"All of {exercise.module.name}.py" if whole else f"{exercise.id} {exercise.title}"
    desk.say(f"{what} is to be written again{kept}.")


def _near(path: Path) -> Path:
    """A path as short as it can be from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
