"""The process that grades: what a result depends on, and that none grades otherwise than its batch promises."""

import shutil

import pytest

from tinytorch.course.judge import WorkerError
from tinytorch.grading import post
from tinytorch.grading.scoring import Task


def test_what_a_result_depends_on(tmp_path):
    (tmp_path / "01_ops").mkdir()
    checks = tmp_path / "01_ops" / "checks.py"
    checks.write_text("x = 1\n")
    tasks = Task(("01",)), Task(("02",)), Task(("01",), "term"), Task(("01",), extra=tmp_path)
    found = {post.digest(task) for task in tasks}
    checks.write_text("x = 2\n")
    assert len(found | {post.digest(tasks[-1])}) == 5 and post.digest(tasks[0]) in found


def test_an_installed_copy_has_the_same_digest_as_a_checkout(tmp_path, monkeypatch):
    """A wheel holds modules and data sets inside the package."""
    found = post.digest(Task(("01",)))
    shutil.copytree(post.PACKAGE, tmp_path / "tinytorch", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(post.find_folder("modules"), tmp_path / "tinytorch" / "_modules")
    monkeypatch.setattr(post, "PACKAGE", tmp_path / "tinytorch")
    assert post.digest(Task(("01",))) == found


@pytest.fixture
def posted(bench):
    """The grader that a process would make for a task."""

    def made(task, told=None):
        digest = told or post.digest(task)
        return post.Post.of(task, bench.worlds, {**bench.facts, "digest": digest})

    yield made
    post.Post.close()
    post.Post.read.clear()


def test_a_process_that_outlives_a_batch_grades_the_next_by_its_own_salt_and_checks(posted, tmp_path):
    for task in (Task(("01",), "one"), Task(("01",), "two"), Task(("01",), "two", tmp_path)):
        grader = posted(task)
        assert (grader.salt, grader.extra) == (task.salt, task.extra) and posted(task) is grader


def test_a_machine_with_other_files_grades_nobody(posted, tmp_path):
    checks = tmp_path / "01_ops" / "checks.py"
    checks.parent.mkdir()
    checks.write_text("x = 1\n")
    here = post.digest(Task(("01",), extra=tmp_path))
    with pytest.raises(WorkerError, match="another version of tinytorch, or not the same extra checks"):
        posted(Task(("01",), extra=tmp_path / "nowhere"), here)
    posted(Task(("01",), extra=tmp_path))
    checks.write_text("x = 2\n")  # which this process has read before
    with pytest.raises(WorkerError, match="have changed since this process read them"):
        posted(Task(("01",), "next term", tmp_path))
