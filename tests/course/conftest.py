"""One worker for all tests of the course, and workspaces to break."""

import pytest

from tinytorch.course.exercises import exercises
from tinytorch.course.judge import Judge
from tinytorch.course.workspace import Workspace


@pytest.fixture(scope="session")
def judge():
    with Judge(seconds=2.0) as judge:
        yield judge


@pytest.fixture
def workspace(tmp_path):
    return Workspace.start(tmp_path / "work")


@pytest.fixture
def first():
    return exercises()[0]
