"""Faces: packages whose names live elsewhere and are loaded when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(
    package: str, homes: Mapping[str, str], modules: str = ""
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package whose names are defined in other modules.

    homes: module -> the names to take from it, with blanks between, "here=there" where they differ; modules: the
    submodules of the package.
    """
    places = {}
    for home, names in homes.items():
        for listed in names.split():
            here, _, there = listed.partition("=")
            places[here] = home, there or here
    submodules = modules.split()

    def load(name: str) -> Any:
        if name in submodules:
            return import_module(f"{package}.{name}")
        if name not in places:
            raise AttributeError(_unknown(package, name, [*places, *submodules]))
        home, there = places[name]
        value = getattr(import_module(home), there)
        setattr(sys.modules[package], name, value)
        return value

    everything = sorted([*places, *submodules])
    return load, lambda: everything, everything


def _unknown(package: str, name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # costs more to import than the rest of this file, and is for mistakes only

    nearest = get_close_matches(name, names, 3, 0.5)
    hint = f"; the nearest it has: {', '.join(nearest)}" if nearest and not name.startswith("__") else ""
    return f"{package} has no {name!r}{hint}"
