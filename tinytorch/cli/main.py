"""The command line, `tinytorch COMMAND` or `python -m tinytorch COMMAND`: finds the command, and says what goes wrong.

A command lives in a module beside this one with `add_parser(commands, name, summary)`, which sets `run` as its parser's
default: a function of the options that returns the exit status. NumPy is not loaded before a command needs it: on small machines that takes
seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import tinytorch
from tinytorch.cli import CommandError, as_typed, started

EVERY = {  # the module, and what the command does; a class release has not all of them
    "demo": ("demo", "train four small networks in seconds, and show how well they do"),
    "start": ("learner", "make a workspace, in which you build the library yourself"),
    "task": ("learner", "say what an exercise asks for"),
    "check": ("learner", "check an exercise, and say exactly what is wrong"),
    "watch": ("learner", "check an exercise whenever its file is saved"),
    "hint": ("learner", "give a hint, and each time one more"),
    "list": ("learner", "list all exercises, and how each stands"),
    "next": ("learner", "go on to the next exercise, once this one passes"),
    "reset": ("learner", "make an exercise a stub again, with a backup of the file"),
    "solution": ("learner", "show the library's own code, after the pass or if you insist"),
    "milestone": ("learner", "train a network on real data with your own files"),
    "challenge": ("learner", "measure your speed against the library's, module by module"),
    "run": ("learner", "run a script with your own files in place of the library's"),
    "status": ("learner", "show how far you are"),
    "quiz": ("quiz", "name signals that networks were tested on, and see how you compare"),
    "play": ("play", "draw a digit, and watch a network read it as you draw"),
    "data": ("data", "list, fetch and verify data sets that do not come with the library"),
    "reproduce": ("reproduce", "run a published experiment again, and show both figures"),
    "release": ("release", "make what a class gets: stubs, checks and data, and no solutions"),
    "grade": ("grade", "grade the submissions of a class, and export the marks"),
    "doctor": ("learner", "show what somebody who helps you will ask for"),
}
COMMANDS = {name: said for name, said in EVERY.items() if (Path(__file__).parent / f"{said[0]}.py").is_file()}
INTERRUPTED = 128 + 2  # what shells report for SIGINT


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and which help to ask for."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does, but a command refuses by itself what it does not know, and so names its own help."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def format_help(self) -> str:
        """As argparse writes it; what that leaves wider than the terminal goes on below."""
        columns = shutil.get_terminal_size().columns
        return "\n".join(map(partial(_fitted, columns=columns), super().format_help().split("\n")))

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        if words and words[0] not in COMMANDS and (near := _nearest(words[0])):
            return _fail(f"there is no command {words[0]!r}: did you mean `{near[0]}`?", 2)
        parser = make_parser(words)
        if not words:
            carried_on: int | None = import_module("tinytorch.cli.learner").carry_on()
            if carried_on is None:  # this is no workspace
                parser.print_help()
            return carried_on or 0
        options = parser.parse_args(words)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CommandError as error:
        return _fail(str(error), error.status)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        return _fail("NumPy is not installed: python -m pip install numpy, or on a Pi apt install python3-numpy", 1)
    except OSError as error:
        return _fail(f"{error.strerror}: {error.filename}" if error.filename else str(error), 1)
    except MemoryError:
        return _fail("there is not enough memory: end other programs (`tinytorch doctor` says how much is free)", 1)
    except (ValueError, FloatingPointError) as error:  # of data that is damaged, a training that went astray
        return _fail(str(error), 1)


def make_parser(words: Sequence[str]) -> Parser:
    """The parser of all commands or, where the first word is one, of that alone: each takes a small machine a while."""
    parser = Parser(prog=started(), description="Learn how deep learning works by building it.")
    parser.add_argument("--version", action="version", version=f"tinytorch {tinytorch.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        home, summary = COMMANDS[name]
        if name in words:
            import_module(f"tinytorch.cli.{home}").add_parser(commands, name, summary)
        else:
            commands.add_parser(name, help=summary)
    return parser


def _fitted(line: str, columns: int) -> str:
    """A line of help, continued below its last column, or below its beginning where that leaves too little room."""
    if len(line) <= columns:
        return line
    words = line.lstrip()
    first = " " * (len(line) - len(words))
    left, gap, right = words.rpartition("  ")  # "  --seed S   start from S"
    rest = f"{first}{' ' * len(left + gap)}" if gap else first
    if gap and len(rest) > columns // 2:
        return f"{first}{left.rstrip()}\n{_fitted(f'{first}    {right}', columns)}"
    return textwrap.fill(
        f"{left}{gap}{right}",
        columns,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _nearest(word: str) -> list[str]:
    from difflib import get_close_matches  # for mistakes only

    return get_close_matches(word, COMMANDS, 1)


def _fail(message: str, status: int) -> int:
    print(as_typed(f"tinytorch: {message}"), file=sys.stderr)
    return status
