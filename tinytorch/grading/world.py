"""The worker's world: the little that a student's code can see, and the means by which it is shut in there.

A world is a folder with the library, without the file that is being graded, and without checks and judge. What the machine
offers to shut a process in is tried once, at the start of a batch, by a child that does what a student's code might.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

import numpy as np

from tinytorch._places import PACKAGE
from tinytorch.course.exercises import COURSE
from tinytorch.course.source import Source, stub
from tinytorch.course.worker import ONE_THREAD
from tinytorch.grading.lock import WRITTEN

MACHINERY = {  # what the worker needs besides the library: nothing that knows an answer
    "course": (
        "__init__",
        "checks",
        "drawing",
        "exercises",
        "frames",
        "notebook",
        "probing",
        "source",
        "worker",
        "workspace",
    ),
    "grading": ("__init__", "calls", "lock"),
}
PLACE = Path("tinytorch")
HELPERS = ("creation", "functional", "init", "kernels", "serialization")
ALSO_HIDDEN = {"ops": ["kernels"]}  # beside a file that is hidden alone: what knows its answers in a faster form
SLABS = "convolution_in_slabs"  # of kernels: what conv.py is asked for, in a faster form for large inputs
FACES = ("backends", "nn", "optim", "utils")
SCRATCH = "/scratch"  # inside bubblewrap; not /tmp, where Python may lie
LEVELS = ("limits", "landlock", "bubblewrap", "both")
PACKAGES = ("site-packages", "dist-packages")  # folders of what was installed, the judge perhaps among it
USERS = range(60000, 65000)  # numbers that no distribution gives to anybody


@dataclass(frozen=True)
class Means:
    """By what a student's code is shut in, each as far as the machine offers it."""

    fork: bool = False
    user: bool = False  # another user, which takes root
    calls: bool = False  # refused ones of the system
    landlock: int = 0  # its version
    namespaces: bool = False  # no network and processes of its own, without bubblewrap
    still: bool = False  # in these, all but one folder read-only, which some systems refuse
    bubblewrap: str = ""  # where it is

    @property
    def level(self) -> str:
        """One of LEVELS."""
        if self.bubblewrap:
            return "both" if self.landlock else "bubblewrap"
        return "landlock" if self.landlock else "limits"

    def __str__(self) -> str:
        names = {
            "limits": "limits",
            "another user": self.user,
            "seccomp": self.calls,
            f"Landlock {self.landlock}": self.landlock,
            "namespaces": self.namespaces and not self.bubblewrap,
            "read-only": self.still,
            "bubblewrap": self.bubblewrap,
        }
        return ", ".join(name for name, there in names.items() if there)


# What there is to see


@cache
def standard_library() -> Path:
    """Where Python's own modules are."""
    return Path(sysconfig.get_path("stdlib"))


def readable() -> list[str]:
    """The paths that a student's code may read besides its world: Python's own modules, NumPy, and the system's libraries."""
    python = [str(path) for path in standard_library().iterdir() if path.name not in PACKAGES]
    return [*python, *_beside_python()]


def _beside_python() -> list[str]:
    return [*map(str, numpy_parts()), *_libraries(), "/etc/ld.so.cache", "/etc/alternatives"]


def numpy_parts() -> list[Path]:
    """NumPy's folder, and that of the libraries which its wheel brings."""
    folder = Path(np.__file__).resolve().parent
    return [path for path in (folder, folder.with_name("numpy.libs")) if path.is_dir()]


def _libraries() -> Iterator[str]:
    """Shared libraries, and the folder of those of this architecture; never a folder with packages for Python."""
    architecture = sysconfig.get_config_var("MULTIARCH") or "-"
    for root in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", f"{sys.base_prefix}/lib"):
        if os.path.isdir(root):
            for entry in os.scandir(root):
                if entry.name == architecture or re.search(r"\.so(\.|$)", entry.name):
                    yield entry.path


class Worlds:
    """A folder with a world for each file that may be graded; use it in a `with`, or `make` and `remove` it.

    It may be sent to other processes of the machine.
    """

    def __init__(self, means: Means) -> None:
        self.means = means

    def __enter__(self) -> Worlds:
        return self.make()

    def make(self) -> Worlds:
        """Copy what there is to see."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"tinytorch-worlds-{os.getpid()}_"))  # of whom, for a sweep
        self.folder.chmod(0o711)
        self.secret = os.urandom(16).hex()
        self.base = self._place(["base"])
        _copy_library(self.base)
        self.python = self._readable_python()
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, words: Iterable[str]) -> Path:
        """A folder whose name nobody guesses: another user may go through the folder above, and not list it."""
        return self.folder / hashlib.sha256(" ".join([self.secret, *words]).encode()).hexdigest()[:24]

    def without(self, names: Iterable[str]) -> Path:
        """The world in which these files of the course are missing."""
        hidden = sorted(set(names) & set(COURSE))
        if len(hidden) == 1:
            hidden += ALSO_HIDDEN.get(hidden[0], [])
        world = self._place(["without", *hidden])
        if not world.exists():
            made = Path(tempfile.mkdtemp(dir=self.folder))
            for folder, _, files in os.walk(self.base):
                place = made / Path(folder).relative_to(self.base)
                place.mkdir(exist_ok=True)
                graded = hidden if place.relative_to(made) in (PLACE, PLACE / "__pycache__") else []
                for file in files:
                    if file.split(".")[0] not in graded:
                        os.link(Path(folder) / file, place / file)
            if "conv" in hidden:
                _without_slabs(made / PLACE / "kernels.py")
            for part in numpy_parts():
                (made / part.name).symlink_to(part)
            made.chmod(0o755)
            try:
                made.rename(world)
            except OSError:  # another process was quicker
                shutil.rmtree(made)
        return world

    def _readable_python(self) -> Path | None:
        """A copy of Python's own modules, where the other user cannot read them where they are (under /root, say)."""
        if not self.means.user or self.means.bubblewrap or _open_to_all(standard_library()):
            return None
        copy = self.folder / "python"
        left_out = (
            *PACKAGES,
            "test",
            "tests",
            "idlelib",
            "tkinter",
            "ensurepip",
            "lib2to3",
            "config-*",
        )
        shutil.copytree(standard_library(), copy, ignore=shutil.ignore_patterns(*left_out))
        return copy


def sweep() -> None:
    """Remove the worlds of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob("tinytorch-worlds-*_*") if os.name == "posix" else ():
        with suppress(OSError, ValueError):
            owner = int(folder.name.removeprefix("tinytorch-worlds-").partition("_")[0])
            if folder.lstat().st_uid == os.geteuid() and not _lives(owner):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _without_slabs(kernels: Path) -> None:
    """Of a convolution the clear form alone is left, whatever its size."""
    text = stub(Source.read(kernels), {SLABS: "this is what conv.py is asked for"}).text
    kernels.unlink()  # it is a link
    kernels.write_text(f"{text}\nMANY = math.inf\n", encoding="utf-8")
    kernels.chmod(0o644)
    compileall.compile_file(kernels, quiet=2)


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def _copy_library(base: Path) -> None:
    """The library's files, and of course and grading what the worker needs."""
    package = base / "tinytorch"
    package.mkdir(parents=True)
    files = [*PACKAGE.glob("*.py"), *(file for face in FACES for file in (PACKAGE / face).glob("*.py"))]
    files += [PACKAGE / folder / f"{name}.py" for folder, names in MACHINERY.items() for name in names]
    for file in files:
        place = package / file.relative_to(PACKAGE)
        place.parent.mkdir(exist_ok=True)
        shutil.copy2(file, place)
        compiled = Path(cache_from_source(str(file)))
        if compiled.is_file():  # which is valid as long as the file's time and size are the same
            (place.parent / "__pycache__").mkdir(exist_ok=True)
            shutil.copy2(compiled, place.parent / "__pycache__")
    compileall.compile_dir(base, quiet=2, stripdir=str(base))  # no file tells where this lies
    for path in base.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


# The worker's command


@dataclass(frozen=True)
class Cell:
    """How to start a worker in a world: its command, its environment, and the folder that it may write to."""

    command: list[str]
    environment: dict[str, str]
    scratch: Path


def cell(worlds: Worlds, world: Path) -> Cell:
    """A worker's command with all means that the worlds are made for."""
    means = worlds.means
    scratch = Path(tempfile.mkdtemp(prefix="tinytorch-scratch-", dir=worlds.folder))
    user = USERS[int.from_bytes(os.urandom(4), "big") % len(USERS)] if means.user else None
    if user is not None:
        os.chown(scratch, user, user)
    python = os.path.realpath(sys.executable)
    inside = means.bubblewrap != ""
    place = Path("/world") if inside else world
    plan = {
        "user": user,
        "scratch": SCRATCH if inside else str(scratch),
        "calls": means.calls,
        "landlock": means.landlock,
        "readable": [*readable(), *([str(worlds.python)] if worlds.python else []), str(place)],
        "preload": _before(world),
        "unshare": means.namespaces and not inside,
        "still": means.still,
    }
    words = [python, "-P", "-s", "-S", "-B", "-X", "utf8", "-c", _start(place, worlds.python), json.dumps(plan)]
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **ONE_THREAD}
    environment["PYTHONHASHSEED"] = "0"  # a set of strings is shown in the same order whenever it is graded
    return Cell([*(_bubble(means, world, python) if inside else []), *words], environment, scratch)


def _before(world: Path) -> list[str]:
    """The files of the course before the first that is hidden, and what stands on them."""
    hidden = [name for name in COURSE if not (world / PLACE / f"{name}.py").exists()]
    before = COURSE[: COURSE.index(hidden[0])] if hidden else ()
    return [*before, *(HELPERS if "tensor" in before else ())]


def _start(world: Path, python: Path | None) -> str:
    """What the worker's Python runs first: NumPy and the library are found in the world only."""
    moved = ""
    for paths in ("sys.path", "encodings.__path__") if python else ():  # the one package that Python has loaded by then
        moved += f"{paths}[:] = [p.replace({str(standard_library())!r}, {str(python)!r}) for p in {paths}]; "
    own = f"import encodings, sys; {moved}sys.path.insert(0, {str(world)!r}); "
    return f"{own}from tinytorch.grading.lock import main; main()"


def _bubble(means: Means, world: Path, python: str) -> list[str]:
    """The walls of bubblewrap: nothing is there but what is bound, there is no network, and no other process."""
    words = [means.bubblewrap, "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"]
    words += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if means.user:
        words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    modules, paths = str(standard_library()), [*_beside_python(), python]
    devices = [f"/dev/{name}" for name in ("null", "urandom", "random")]
    for folder in sorted({str(folder) for path in [modules, *paths, *devices] for folder in Path(path).parents}):
        words += ["--perms", "0755", "--dir", folder]  # which bubblewrap would close to others
    words += ["--ro-bind", modules, modules]  # as one: every bind costs the kernel half a millisecond
    covered = [f"{modules}/{name}" for name in PACKAGES if (standard_library() / name).is_dir()]
    for place in covered:
        words += ["--perms", "0755", "--tmpfs", place]
    for bind, bound in (("--ro-bind-try", paths), ("--dev-bind", devices)):
        words += [word for path in bound for word in (bind, path, path)]
    words += [word for place in covered for word in ("--remount-ro", place)]
    words += ["--perms", "1777", "--size", str(2 * WRITTEN), "--tmpfs", SCRATCH, "--ro-bind", str(world), "/world"]
    return [*words, "--remount-ro", "/", "--chdir", SCRATCH, "--"]
