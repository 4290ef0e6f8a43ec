"""Notebooks: a file of a workspace as a Jupyter notebook beside it, for those who prefer one (jupytext, the extra `notebook`).

Jupyter keeps the two alike: jupytext.toml says so, and without it jupytext would add a header to the file. Checks read the
same .py, whichever of the two it was edited in.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

FORMAT = "py:light"  # cells are paragraphs, so the file looks as it did
SETTINGS = """\
formats = "ipynb,py:light"
notebook_metadata_filter = "-all"
cell_metadata_filter = "-all"
"""


def find_jupytext() -> Any:
    """The package. Raises ModuleNotFoundError with a sentence that says how to get it."""
    try:
        return importlib.import_module("jupytext")
    except ModuleNotFoundError:
        said = "notebooks need jupytext: python -m pip install 'tinytorch-course[notebook]'"
        raise ModuleNotFoundError(said, name="jupytext") from None


def notebook_of(path: Path) -> str:
    """The text of the notebook that a file makes."""
    jupytext = find_jupytext()
    book = jupytext.read(path, fmt=FORMAT)
    metadata = {"formats": "ipynb,py:light", "notebook_metadata_filter": "-all", "cell_metadata_filter": "-all"}
    book.metadata["jupytext"] = metadata
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    text: str = jupytext.writes(book, fmt="ipynb")
    return text
