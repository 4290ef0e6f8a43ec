"""What a worker's world holds, and what it sees of the machine."""

import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tinytorch._places import PACKAGE
from tinytorch.course.judge import WorkerError
from tinytorch.grading import grader, release, world
from tinytorch.grading.world import Means, Worlds

OUTSIDE = {"cli", "course", "experiments", "grading"}


def test_a_world_and_a_release_have_every_face():
    faces = {init.parent.name for init in PACKAGE.glob("[!_]*/__init__.py")} - OUTSIDE
    assert {*world.FACES} == faces == {*release.MACHINERY} - OUTSIDE


def test_what_is_graded_is_not_there_in_a_faster_form_either():
    def kernels(*hidden):
        file = worlds.without(hidden) / "tinytorch" / "kernels.py"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    whole = (PACKAGE / "kernels.py").read_text(encoding="utf-8")
    with Worlds(Means()) as worlds:
        assert kernels("ops") == "" and kernels("conv") == kernels("losses", "conv") != whole
        assert kernels() == kernels("losses") == whole, "the others share one file"
        space = {}
        exec(kernels("conv"), space)
    assert space["MANY"] == math.inf
    with pytest.raises(NotImplementedError):
        space["convolution_in_slabs"](*[None] * 5, count=(), kernel_size=(), stride=(), dilation=(), groups=1)


def test_no_bytecode_tells_where_the_whole_library_lies(monkeypatch, tmp_path):
    """Its folder has a name that nobody guesses; what was compiled there is read in every world."""
    monkeypatch.setattr(world, "cache_from_source", lambda _: str(tmp_path / "none"))  # as in an archive
    with Worlds(Means()) as worlds:
        compiled = list(worlds.without(["ops"]).rglob("*.pyc"))
        assert len(compiled) > 20 and not any(worlds.base.name.encode() in file.read_bytes() for file in compiled)


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_where_mounts_are_refused_the_rest_is_kept(monkeypatch):
    monkeypatch.setattr(grader, "landlock_version", lambda: 6)
    monkeypatch.setattr(grader, "_works", lambda means: True)
    whole = grader.probed("landlock")
    monkeypatch.setattr(grader, "_works", lambda means: not means.still)
    assert whole.still and grader.probed("landlock") == replace(whole, still=False)
    assert str(whole).endswith("namespaces, read-only")
    monkeypatch.setattr(grader, "_works", lambda means: not means.namespaces)
    assert grader.probed("landlock") == replace(whole, still=False, namespaces=False)


def test_namespaces_without_mounts_keep_from_networks_and_processes_and_tell_what_they_do_not():
    means = Means(fork=True, namespaces=True)
    try:
        whole = grader.walls(replace(means, still=True))
    except WorkerError:
        pytest.skip("this machine refuses namespaces or mounts")
    assert whole["network"] and whole["signals"] and whole["times of reading"]
    assert grader.walls(means) == whole | {"times of reading": False}


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
@pytest.mark.parametrize("inside", [True, False])
def test_numpy_is_seen_wherever_it_is_installed(folder, inside, tmp_path, monkeypatch):
    """In Python's own folder of packages, which is covered first and read-only last, or beside Python, as on Debian."""
    library = tmp_path / "lib" / "python3.11"
    packages = library / folder if inside else tmp_path / "lib" / "python3" / folder
    numpy = packages / "numpy"
    for place in (library, numpy):
        place.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(world, "standard_library", lambda: library)
    monkeypatch.setattr(world, "numpy_parts", lambda: [numpy])
    words = world._bubble(Means(bubblewrap="bwrap"), tmp_path / "world", "/usr/bin/python3")
    steps = [(words[i], words[i + 1]) for i in range(len(words) - 1) if words[i].startswith("--")]
    bound = steps.index(("--ro-bind", str(library))), steps.index(("--ro-bind-try", str(numpy)))
    if inside:
        order = (
            bound[0],
            steps.index(("--tmpfs", str(packages))),
            bound[1],
            steps.index(("--remount-ro", str(packages))),
        )
    else:
        order = bound
        assert ("--tmpfs", str(packages)) not in steps
    assert list(order) == sorted(order)
    assert str(packages) not in world.readable() and str(numpy) in world.readable()


@pytest.mark.skipif(os.name != "posix", reason="processes are POSIX's")
def test_worlds_of_the_dead_are_swept_and_no_others(tmp_path, monkeypatch):
    dead = subprocess.Popen(["true"])
    dead.wait()
    names = [f"tinytorch-worlds-{dead.pid}_ab", f"tinytorch-worlds-{os.getpid()}_cd", "tinytorch-worlds-x_y", "other"]
    for name in names:
        (tmp_path / name / "world").mkdir(parents=True)
    monkeypatch.setattr(world.tempfile, "tempdir", str(tmp_path))
    world.sweep()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    with Worlds(Means()) as worlds:
        world.sweep()
        assert worlds.base.is_dir() and worlds.folder.name.startswith(f"tinytorch-worlds-{os.getpid()}_")
