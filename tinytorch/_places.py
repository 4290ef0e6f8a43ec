"""Folders that belong to the library but lie outside the package: the data and the course."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def find_folder(name: str) -> Path:
    """A folder that belongs to the library, known by the file TINYTORCH inside.

    A wheel puts `name` into the package as _name; in a checkout, and in an editable install of one, it lies beside the
    package. A folder of the same name without that file is somebody else's. Raises FileNotFoundError where it was lost.
    """
    places = PACKAGE / f"_{name}", PACKAGE.parent / name
    for folder in places:
        if (folder / "TINYTORCH").is_file():
            return folder
    raise FileNotFoundError(f"tinytorch's folder of {name} is neither {places[0]} nor {places[1]}: install it again")
