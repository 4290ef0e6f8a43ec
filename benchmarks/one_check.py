"""A check of an exercise with both of its halves in one process, so that a runner that counts one process counts all of it.

    python benchmarks/one_check.py 04.2

What the learner's half does in a process of its own is done here after the judge's, with the library's files unloaded: so
NumPy is loaded once and not twice, as with a worker that was started before.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import tinytorch
from tinytorch.course import exercises, judge, worker
from tinytorch.course.frames import LARGEST, read_frame

KEPT = ("tinytorch.course", "tinytorch._", "tinytorch.text", "tinytorch.machine")


class OneProcess(judge.Judge):
    """A judge whose worker is this process."""

    def _start(self) -> None:
        """There is nothing to start."""

    def close(self) -> None:
        """Nor to end."""

    def ask(self, sources: Mapping[str, Any], probes: str, cases: Sequence[Any]) -> dict[str, Any]:
        """What run_job answers, once the library that the judge has loaded is out of its sight."""
        calls = [(case.probe, dict(case.arguments)) for case in cases]
        loaded = {n: m for n, m in sys.modules.items() if n.startswith("tinytorch.") and not n.startswith(KEPT)}
        for name in loaded:
            del sys.modules[name]
            vars(tinytorch).pop(name.split(".")[1], None)
        answers = io.BytesIO()
        files = worker.files_of(sources)
        worker.run_job({"files": files, "probes": probes, "calls": calls, "room": LARGEST, **self.limits}, answers)
        answers.seek(0)
        frames = [read_frame(answers) for _ in range(2 + len(cases))]
        sys.modules.update(loaded)
        return {"outcomes": frames[1:], "printed": "", "ended": "", "trail": []}


def main(name: str) -> int:
    """Check the library's own solution of an exercise; status 0 where it passes."""
    exercise = next(one for one in exercises.exercises() if one.id == name)
    verdict = OneProcess().verdict(exercise, exercise.module.library)
    print(f"{exercise.id} {exercise.title}: {verdict.passed} of {verdict.total} checks pass")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
