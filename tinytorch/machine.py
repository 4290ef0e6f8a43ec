"""Which machine this is: what decides how large a network it trains in seconds, and what somebody who helps asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BOARD = Path("/proc/device-tree/model")  # where Linux on a board with a device tree says which board
MEMORY = Path("/proc/meminfo")
PRESETS = ("full", "pi", "zero")  # names of what tinytorch/recipes.py and the milestones hold for a kind of machine
ARMV6 = "armv6l"  # the processor of the first Raspberry Pi and of the Zero, without vectors


def board() -> str:
    """The name of the board, "Raspberry Pi Zero W Rev 1.1", and "" on a machine that does not say."""
    try:
        return BOARD.read_text(encoding="ascii", errors="replace").rstrip("\0\n")
    except OSError:
        return ""


def preset() -> str:
    """The name of the recipes that train in seconds here: "zero", "pi" or, on anything larger, "full"."""
    if hasattr(os, "uname") and os.uname().machine == ARMV6:
        return "zero"
    return "pi" if "Raspberry Pi" in board() else "full"


def available_memory() -> float | None:
    """Megabytes that a new program can have without swapping, None where the system does not say."""
    try:
        lines = MEMORY.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    kilobytes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(kilobytes[0]) / 1024 if kilobytes and kilobytes[0].isdecimal() else None


def described() -> dict[str, Any]:
    """What figures are written down with: the system, its cores, Python and NumPy. Both are loaded only for this."""
    import platform

    import numpy as np

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
