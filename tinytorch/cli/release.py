"""`tinytorch release`: what a class gets."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tinytorch.cli import CommandError
from tinytorch.cli.grade import chosen_modules


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--modules", default="", metavar="1-4", help="the modules that are to be written (all)")
    parser.add_argument(
        "--stand-ins", default="", metavar="5-12", help="modules of the library that come as they are (none)"
    )
    parser.set_defaults(run=release)


def release(options: argparse.Namespace) -> int:
    """Make a release."""
    from tinytorch.grading.release import Leak, release

    stubs = chosen_modules(options.modules)
    stand_ins = chosen_modules(options.stand_ins) if options.stand_ins else ()
    try:
        release(options.out.resolve(), stubs, stand_ins)
    except (Leak, FileExistsError, ValueError) as error:
        said = "a solution would be given away" if isinstance(error, Leak) else "no release was made"
        raise CommandError(f"{said}: {error}", 1) from None
    print(f"{options.out}: stubs of {', '.join(stubs)}, and no solutions. Pack the folder and give it to your class.")
    return 0
