"""The command line, `tinytorch COMMAND` or `python -m tinytorch COMMAND`: finds the command, and says what goes wrong.

A command is a module beside this one with `add_parser(commands, summary)`, which sets `run` as its parser's default, and
`run(options)`, which returns the exit status. NumPy is not loaded before a command needs it: on small machines that takes
seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import tinytorch
from tinytorch.cli import CommandError

COMMANDS = {
    "demo": "train four small networks in seconds, and show how well they do",
}
INTERRUPTED = 128 + 2  # what shells report for SIGINT


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        parser = make_parser(words)
        if not words:
            parser.print_help()
            return 0
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
        return _fail("there is not enough memory", 1)
    except (ValueError, FloatingPointError) as error:  # of data that is damaged, a training that went astray
        return _fail(str(error), 1)


def make_parser(words: Sequence[str]) -> Parser:
    """The parser of all commands; only of one that is among the words does it know more than the summary."""
    called = Path(sys.argv[0]).stem
    parser = Parser(
        prog="tinytorch" if called == "tinytorch" else "python -m tinytorch",
        description="Learn how deep learning works by building it.",
    )
    parser.add_argument("--version", action="version", version=f"tinytorch {tinytorch.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        if name in words:
            import_module(f"tinytorch.cli.{name}").add_parser(commands, summary)
        else:
            commands.add_parser(name, help=summary)
    return parser


def _fail(message: str, status: int) -> int:
    print(f"tinytorch: {message}", file=sys.stderr)
    return status
