"""`tinytorch data`: shows which data sets are here, fetches others, and verifies that files are what was published.

Where files lie and what they should be stands in tinytorch/downloads.py.
"""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from tinytorch import downloads
from tinytorch.cli import CommandError, as_typed
from tinytorch.text import text_table

SHIPPED = ("tinydigits", "mnist1d")


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(
        name,
        help=summary,
        description="Data sets that do not come with the library: those in the folder TINYTORCH_DATA, if it is set, and in "
        "the user's cache. With TINYTORCH_OFFLINE=1 nothing is downloaded.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for action, run, said in (
        ("list", list_data, "list all data sets, and which are here"),
        ("path", show_path, "show the folder that data sets are fetched into"),
    ):
        actions.add_parser(action, help=said, description=said).set_defaults(run=run)
    for action, run, said in (
        ("fetch", fetch, "download a data set, unless it is here"),
        ("verify", verify, "hold the files of a data set against what was published"),
    ):
        one = actions.add_parser(action, help=said, description=said)
        one.add_argument("name", metavar="NAME", help=", ".join(downloads.FILES))
        one.set_defaults(run=run)


def list_data(options: argparse.Namespace) -> int:
    """A line for each data set: its name, the size of its files, and where it is."""
    rows = [("data", "where", "download")]
    rows += [(name, "came with the library", "") for name in SHIPPED]
    for name, files in downloads.FILES.items():
        size = f"{sum(file.size for file in files) / 1e6:.1f} MB"
        places = [downloads.find(file) for file in files]
        here = [str(path.parent) for path in places if path]
        missing = f" (without {len(places) - len(here)} of {len(places)} files)" if len(here) < len(places) else ""
        rows.append((name, " and ".join(dict.fromkeys(here)) + missing if here else "not here", size))
    print(*(line.rstrip() for line in text_table(rows)), sep="\n")
    return 0


def show_path(options: argparse.Namespace) -> int:
    """The folder that files are fetched into."""
    print(downloads.folders()[0])
    return 0


def fetch(options: argparse.Namespace) -> int:
    """Fetch what is missing, and say where all of it is."""
    _check_name(options.name)
    for path in downloads.locate(options.name):
        print(path)
    return 0


def verify(options: argparse.Namespace) -> int:
    """A line for each file; status 1 where one is missing or is not what was published."""
    _check_name(options.name)
    troubles = 0
    for file in downloads.FILES[options.name]:
        path = downloads.find(file)
        try:
            if path is None:
                raise ValueError(f"{file.name} is not here: `tinytorch data fetch {file.dataset}` fetches it")
            checked = downloads.check(file, path)
            print(f"{path}: {'as published' if checked else 'of the right size; its content has no known checksum'}")
        except ValueError as error:
            troubles += 1
            print(as_typed(str(error)))
    return 1 if troubles else 0


def _check_name(name: str) -> None:
    if name in SHIPPED:
        raise CommandError(f"data set {name} came with the library: there is nothing to fetch or verify")
    if name not in downloads.FILES:
        nearest = difflib.get_close_matches(name.lower(), downloads.FILES, n=1, cutoff=0)[0]
        raise CommandError(f"there is no data set {name!r}; the nearest name is {nearest!r}")
