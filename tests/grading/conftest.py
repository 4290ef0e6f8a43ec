"""What tests of the grader share: what the machine offers, tried once, and a grader behind its strongest walls."""

import os

import pytest

from tinytorch.course.exercises import modules
from tinytorch.grading.grader import Grader, probed, trial
from tinytorch.grading.scoring import Task, results
from tinytorch.grading.submissions import Submission
from tinytorch.grading.world import LEVELS, Worlds

if os.name != "posix":
    collect_ignore_glob = ["test_*.py"]  # the grader's worker is locked on Linux, and limited on a Mac


@pytest.fixture(scope="session")
def means():
    return probed()


class Bench:
    """A grader behind the walls of a level, and what it says of a student's files."""

    def __init__(self, means):
        self.means = means
        self.worlds = Worlds(means).make()
        self.grader = Grader(self.worlds, "term", seconds=2.0)
        self.facts = {"isolation": {"level": means.level, "means": str(means), "holds": trial(self.grader)}}

    def grade(self, numbers, student="somebody", **files):
        """The results of files, given as text by name, and the score and the state of each exercise."""
        submission = Submission(student, {name: text.encode() for name, text in files.items()})
        return results(submission, Task(tuple(numbers)), self.grader, self.facts)[0]

    def close(self):
        self.grader.close()
        self.worlds.remove()


@pytest.fixture(scope="session")
def benches():
    """A bench for each level that the machine offers, made when it is asked for."""
    made = {}

    def bench(level):
        if level not in made:
            try:
                made[level] = Bench(probed(level))
            except ValueError as missing:
                pytest.skip(str(missing))
        return made[level]

    yield bench
    for one in made.values():
        one.close()


@pytest.fixture(scope="session")
def bench(means, benches):
    """The strongest."""
    return benches(means.level)


@pytest.fixture(params=LEVELS)
def each_bench(request, benches):
    return benches(request.param)


def library(*numbers):
    """The library's own files of some modules, by name."""
    return {module.name: module.library.text for module in modules() if module.number in numbers}


def by_number(result):
    """The tests of a result by the number of the exercise."""
    return {test["number"]: test for test in result["tests"]}
