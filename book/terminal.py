"""Commands that are run while the book is built, and shown as a reader would see them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


class Terminal:
    """A shell of one's own in an empty folder: `terminal("tinytorch start my-framework")` shows the command and its output."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)

    def __call__(self, command, lines=None):
        words = command.split()
        if words[0] != "tinytorch":
            raise ValueError(f"the book's terminal runs tinytorch only, not {command!r}")
        environment = {**os.environ, "COLUMNS": "84", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-m", "tinytorch", *words[1:]],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        text = (done.stdout + done.stderr).replace(f"{sys.executable} -m tinytorch", "tinytorch")
        text = text.replace("python -m tinytorch", "tinytorch").replace(f"{self.folder.resolve()}/", "")
        if done.returncode not in (0, 1) or "Traceback" in text:  # 1: what is checked is not right yet
            raise RuntimeError(f"{command} failed: {text}")
        shown = text.rstrip().split("\n")
        if lines is not None and len(shown) > lines:
            shown = [*shown[:lines], "..."]
        print(f"$ {command}", *shown, sep="\n")

    def cd(self, folder):
        """Go into a folder."""
        self.folder = self.folder / folder
        print(f"$ cd {folder}")

    def write(self, file, old, new):
        """Change a file, as one does with an editor."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{file} does not hold {old!r}")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
