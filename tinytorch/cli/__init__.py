"""The command line: one module for each command, loaded when it is called; and how all of them name each other."""

import os
import shlex
import shutil
import sys
from pathlib import Path


class CommandError(Exception):
    """What went wrong, in one sentence to the person at the terminal, and the status to exit with."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


def as_typed(text: str) -> str:
    """A text whose commands, `tinytorch ...`, begin as this one was started."""
    return text.replace("`tinytorch", f"`{started()}") if "`tinytorch" in text else text


def started() -> str:
    """What starts this program: the name that was typed or that the shell finds, else a path that holds in any folder."""
    program = Path(os.path.abspath(sys.argv[0]))
    installed = program.stem == "tinytorch"
    typed = sys.orig_argv[0]
    if not installed and Path(typed).name == typed and shutil.which(typed):
        return f"{typed} -m tinytorch"
    names, path = (
        (("tinytorch",), program) if installed else (("python", "python3"), Path(os.path.abspath(sys.executable)))
    )
    short = [name for name in names if (found := shutil.which(name)) and Path(found).absolute() == path]
    word = short[0] if short else shlex.quote(str(path))
    return word if installed else f"{word} -m tinytorch"
