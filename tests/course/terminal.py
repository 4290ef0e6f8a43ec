"""A terminal with a program in it: what it shows is read until an expected text appears, and lines are typed."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time


class Terminal:
    """Runs `python -m tinytorch ...` in a folder, in a pseudo-terminal; use it in a `with`."""

    def __init__(self, folder, *words, environment):
        self.ours, theirs = pty.openpty()
        self.shown = ""
        command = [sys.executable, "-m", "tinytorch", *words]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        self.process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **streams)
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def until(self, *texts, seconds=300):
        """What is shown until one of the texts has appeared."""
        seen, deadline = "", time.monotonic() + seconds
        while not any(text in seen for text in texts):
            ready, _, _ = select.select([self.ours], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{texts} did not appear within {seconds} seconds:\n{self.shown}{seen}"
            more = self._read()
            assert more, f"it ended before {texts} appeared:\n{self.shown}{seen}"
            seen += more
        self.shown += seen
        return seen

    def _read(self):
        try:
            return os.read(self.ours, 4096).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # what Linux says when the other side has closed
            return ""

    def type(self, line, end="\n"):
        """Type a line."""
        os.write(self.ours, f"{line}{end}".encode())

    def end(self, seconds=60):
        """Read on until it ends; returns its exit status."""
        deadline = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            while select.select([self.ours], [], [], max(deadline - time.monotonic(), 0))[0]:
                if not (more := self._read()):
                    break
                self.shown += more
        return self.process.wait(max(deadline - time.monotonic(), 1))
