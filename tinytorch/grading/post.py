"""Where a student is graded: a process of a batch, on this machine or another, which grades one at a time.

It grades as the batch promises or not at all: by the same library, the same checks, and behind the same walls.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import tinytorch
from tinytorch._places import PACKAGE, find_folder
from tinytorch.course.judge import WorkerError
from tinytorch.grading import grader as grading
from tinytorch.grading.grader import Grader
from tinytorch.grading.scoring import Task, results
from tinytorch.grading.submissions import Submission
from tinytorch.grading.world import Worlds, sweep


def digest(task: Task) -> str:
    """Of the library, the checks, the grader, and what is asked for."""
    folders = [
        (PACKAGE, "library"),
        (find_folder("modules"), "course"),
        *([(task.extra, "extra")] if task.extra else []),
    ]
    sha = hashlib.sha256(json.dumps([tinytorch.__version__, task.numbers, task.salt]).encode())
    for folder, name in folders:
        for path in sorted(folder.rglob("*.py")):
            if name == "library" and path.relative_to(folder).parts[0] in ("_datasets", "_modules"):
                continue  # an installed package holds them, a checkout has them beside it
            sha.update(f"\0{name}/{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes())
    return sha.hexdigest()


class Post:
    """The worlds and the grader of this process, made when they are first needed, and anew for another batch."""

    lock = threading.Lock()
    batch: tuple[Task, str] | None = None
    grader: Grader | None = None
    worlds: Worlds | None = None  # its own, on another machine than the batch's
    read: ClassVar[dict[Path | None, str]] = {}  # the files as they were when they were first read, by the extra checks

    @classmethod
    def of(cls, task: Task, worlds: Worlds, facts: Mapping[str, Any]) -> Grader:
        """The grader of a batch. Raises WorkerError where this process would grade otherwise than the batch promises."""
        if cls.grader is None or cls.batch != (task, worlds.secret):
            cls.close()
            cls._compare(task, facts["digest"])
            if not worlds.folder.is_dir():  # this is another machine
                sweep()
                cls.worlds = worlds = Worlds(worlds.means).make()
                atexit.register(worlds.remove)
            made = Grader(worlds, task.salt, task.extra)
            if (held := grading.trial(made)) != facts["isolation"]["holds"]:
                raise WorkerError(f"this process does not hold what the batch promises: {held}")
            cls.grader, cls.batch = made, (task, worlds.secret)
        return cls.grader

    @classmethod
    def _compare(cls, task: Task, wanted: str) -> None:
        """What the digest tells is on this machine's disk, and, where the process is old, in its memory as well."""
        if digest(task) != wanted:
            raise WorkerError(
                "this machine has another version of tinytorch, or not the same extra checks in that folder"
            )
        now = digest(Task((), extra=task.extra))
        if cls.read.setdefault(task.extra, now) != now:
            raise WorkerError("tinytorch or the extra checks have changed since this process read them: start it anew")

    @classmethod
    def close(cls) -> None:
        """End the grader, and remove the worlds that were made for it here."""
        if cls.grader is not None:
            cls.grader.close()
        if cls.worlds is not None:
            cls.worlds.remove()
        cls.batch = cls.grader = cls.worlds = None


def grade_one(
    submission: Submission, task: Task, worlds: Worlds, facts: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """The results of a submission and the seconds they took, in a process that does nothing else."""
    with Post.lock:
        grader = Post.of(task, worlds, facts)
        return results(submission, task, grader, facts)
