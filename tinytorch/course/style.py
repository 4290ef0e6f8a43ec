"""How the course speaks in a terminal: colour or none, and paragraphs in a width. NumPy is not needed for it."""

from __future__ import annotations

import re
import textwrap
from typing import Any


class Style:
    """Bold, red and green, or nothing at all."""

    def __init__(self, colour: bool = False) -> None:
        self.colour = colour

    def _in(self, code: int, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """What to see first."""
        return self._in(1, text)

    def red(self, text: str) -> str:
        """What fails."""
        return self._in(31, text)

    def green(self, text: str) -> str:
        """What passes."""
        return self._in(32, text)


def with_whole_commands(text: str, width: int = 80, first: str = "", rest: str = "") -> str:
    """As `wrapped`, but what stands between backticks is not broken: commands can be copied."""
    whole = re.sub("`[^`]+`", lambda command: command[0].replace(" ", "\0"), text)
    return wrapped(whole, width, first, rest).replace("\0", " ")


def wrapped(text: str, width: int = 80, first: str = "", rest: str = "") -> str:
    """Paragraphs, wrapped; lines that are indented stay as they are."""
    paragraphs = []
    for paragraph in textwrap.dedent(text).strip("\n").split("\n\n"):
        if any(line.startswith("    ") for line in paragraph.split("\n")):
            paragraphs.append(paragraph)
        else:
            whole: Any = {"break_on_hyphens": False, "break_long_words": False}  # paths and calls can be copied
            text = " ".join(paragraph.split())
            paragraphs.append(textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, **whole))
    return "\n\n".join(paragraphs)
