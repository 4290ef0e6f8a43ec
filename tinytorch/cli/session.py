"""`tinytorch` alone and `tinytorch watch`: check, show, and wait for what the learner does next. Neither moves on by itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tinytorch.cli.desk import Desk, give_hint, go_on, introduce, show_list, start_over
from tinytorch.course.exercises import Exercise
from tinytorch.course.style import wrapped
from tinytorch.course.workspace import WorkspaceError

RESET = "Make {} a stub again? A backup is kept."
PAUSE = 0.3  # seconds between looks at the files


def session(desk: Desk) -> int:
    """Check where they are, then do what they ask for; without a terminal, check once."""
    exercise = desk.current
    passed = desk.check(exercise)
    print(f"\n{desk.bar()}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return 0 if passed else 1
    while (word := _asked(desk)) not in ("q", "quit"):
        print()
        answer(desk, word)
        print(f"\n{desk.bar()}")
    return 0


def _asked(desk: Desk) -> str:
    """What they type at the prompt; its end, and Ctrl-C, mean quit."""
    menu = "[n]ext  [t]ask  [h]int  [l]ist  [r]un again  [x] reset  [s]olution  [q]uit > "
    gap = "  " if len(menu) <= desk.columns else "\n"
    try:
        return input("\n" + menu.replace("  [x]", f"{gap}[x]")).strip().lower()
    except (EOFError, KeyboardInterrupt):
        print()
        return "quit"


def answer(desk: Desk, word: str) -> None:
    """Do what a word at the prompt asks for; an empty one checks again."""
    exercise = desk.current
    actions: dict[str, Callable[[], object]] = {
        "n": lambda: go_on(desk),
        "t": lambda: introduce(desk, exercise),
        "h": lambda: give_hint(desk, exercise),
        "l": lambda: show_list(desk),
        "r": lambda: desk.check(exercise),
        "x": lambda: start_over(desk, exercise) if _confirmed(desk, RESET.format(exercise.id)) else None,
        "s": lambda: show_solution(desk, exercise),
    }
    action = actions.get(word[:1] or "r")
    if action is None:
        print(f"{word!r} is none of these.")
        return
    try:
        action()
    except (WorkspaceError, ChildProcessError) as error:
        desk.say(str(error))


def show_solution(desk: Desk, exercise: Exercise) -> None:
    """Print the library's functions, before the pass only with a confirmation."""
    if desk.passes(exercise) or _confirmed(desk, f"{exercise.id} does not pass yet. Show its solution all the same?"):
        print(exercise.module.solution(exercise))


def _confirmed(desk: Desk, question: str) -> bool:
    try:
        return input(f"{wrapped(f'{question} [y/N]', desk.columns - len(' y'))} ").strip().lower() == "y"
    except EOFError:  # Ctrl-D
        print()
        return False


def watch(desk: Desk, exercise: Exercise) -> int:
    """Check an exercise now and whenever its file changes, until interrupted."""
    path = desk.workspace.file(exercise.module)
    seen = None
    print(f"Watching {path.name}; Ctrl-C ends.", flush=True)
    try:
        while True:
            now = _stamp(path)
            if now != seen and now is not None:
                seen = now
                print(f"\n{time.strftime('%H:%M:%S')}")
                desk.check(exercise)
                print(f"\n{desk.bar()}", flush=True)
            time.sleep(PAUSE)
    except KeyboardInterrupt:
        print()
        return 0 if desk.passes(exercise) else 1


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # an editor is replacing it
        return None
    return found.st_mtime_ns, found.st_size
