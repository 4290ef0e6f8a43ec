"""Every machine a stranger may have: paths, locales, folders and terminals of all kinds; and, with --long, wheel and sdist installed
in empty environments, under the oldest and the newest Python and NumPy that are there.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("tinytorch", "datasets", "modules")  # of a checkout, to run
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.egg-info")
DEMO = ("demo", "--only", "tinydigits-mlp", "--epochs", "2")
OLDEST_NUMPY, ITS_PYTHON = "1.24.4", (3, 11)  # later Pythons need a later NumPy
POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no POSIX users and permissions here")


def run(python, *words, cwd, status=0, **changes):
    """What a command says on both streams, in an environment of its own."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR", "OPENBLAS_CORETYPE")
        if name in os.environ
    }
    environment = {**kept, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **changes}
    done = subprocess.run(
        [str(python), *words], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == status and "Traceback" not in done.stdout, done.stdout
    return done.stdout


def tinytorch(*words, **how):
    return run(sys.executable, "-m", "tinytorch", *words, **how)


def checkout(folder):
    """A bare checkout in a folder, as far as it is needed to run."""
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name, ignore=NOT_COPIED)
    return folder


def learns(said):
    """Whether a demo says that a network was trained."""
    return "tinydigits" in said.lower() and "%" in said


# A checkout, in places and on terminals of all kinds


def test_a_path_with_blanks_and_umlauts(tmp_path):
    place = checkout(tmp_path / "mein schöner Ordner, 日本")
    assert learns(tinytorch(*DEMO, cwd=place))
    work = tmp_path / "ein Übungsheft"
    tinytorch("start", str(work), cwd=place)
    said = tinytorch("check", cwd=work, PYTHONPATH=str(place), status=1)
    assert "01.1" in said


@pytest.mark.parametrize(
    "changes",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"HOME": "/nowhere/at/all"},
        {"HOME": ""},
        {"COLUMNS": "60"},
    ],
    ids=["locale C", "a home that is not there", "no home", "60 columns"],
)
def test_an_environment_that_is_not_ones_own(tmp_path, changes):
    said = tinytorch(*DEMO, cwd=tmp_path, PYTHONPATH=str(ROOT), **changes)
    table = [line for line in said.splitlines() if " epoch " not in line]  # without a terminal, a line for each epoch
    assert learns(said) and max(map(len, table)) <= int(changes.get("COLUMNS", 200))
    tinytorch("start", "work", cwd=tmp_path, PYTHONPATH=str(ROOT), **changes)
    assert "01.1" in tinytorch("list", cwd=tmp_path / "work", PYTHONPATH=str(ROOT), **changes)


@POSIX
def test_a_checkout_that_cannot_be_written_to(tmp_path):
    """Where the tests run as root, who may write anywhere, nothing new lies in the checkout afterwards."""
    place = checkout(tmp_path / "checkout")
    before = everything(place)
    set_modes(place, 0o555, 0o444)
    try:
        assert learns(tinytorch(*DEMO, cwd=place))
        tinytorch("start", str(tmp_path / "mine"), cwd=place)
        assert "01.1" in tinytorch("check", cwd=tmp_path / "mine", PYTHONPATH=str(place), status=1)
        assert everything(place) == before
    finally:
        set_modes(place, 0o755, 0o644)


def everything(folder):
    """Every file of a folder and its bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def set_modes(folder, of_folders, of_files):
    for here, _, files in os.walk(folder, topdown=False):
        for name in files:
            os.chmod(os.path.join(here, name), of_files)
        os.chmod(here, of_folders)


def test_a_learners_file_with_the_line_ends_of_windows(tmp_path):
    tinytorch("start", "work", cwd=tmp_path, PYTHONPATH=str(ROOT))
    path = tmp_path / "work" / "ops.py"
    text = path.read_text(encoding="utf-8")
    stub = 'raise NotImplementedError("01.1 add")'
    assert stub in text
    solved = text.replace(stub, "return a + b, lambda g: g, lambda g: g").replace("\n", "\r\n")
    path.write_bytes(solved.encode())
    said = tinytorch("check", cwd=tmp_path / "work", PYTHONPATH=str(ROOT), status=1)
    assert "1 of 6 checks do" in said and b"\r\n" in path.read_bytes()
    alone = path.read_bytes()
    path.write_bytes(alone.replace(b"\r\n", b"\n"))
    again = tinytorch("check", cwd=tmp_path / "work", PYTHONPATH=str(ROOT), status=1)
    assert said.splitlines()[:3] == again.splitlines()[:3]


# Installed


def pythons():
    """This Python, and the newest that is on the path."""
    found = [sys.executable]
    for minor in range(20, sys.version_info.minor, -1):
        newest = shutil.which(f"python3.{minor}")
        if (
            newest
            and subprocess.run([newest, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode
            == 0
        ):
            return [*found, newest]
    return found


def pip(python, *words):
    done = subprocess.run(
        [str(python), "-m", "pip", "-q", "--disable-pip-version-check", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "No matching distribution" in done.stderr + done.stdout:
        pytest.skip(f"not to be had here: {' '.join(words)}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist of this project."""
    pytest.importorskip("build", reason="build is not installed")
    out = tmp_path_factory.mktemp("built")
    source = tmp_path_factory.mktemp("source") / "tinytorch"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", "build", "dist", "*.egg-info", ".*_cache", "__pycache__", ".hypothesis", "_build"
    )
    shutil.copytree(ROOT, source, ignore=ignored)
    done = subprocess.run(
        [sys.executable, "-m", "build", "-q", "--outdir", str(out), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"wheel": next(out.glob("*.whl")), "sdist": next(out.glob("*.tar.gz"))}


@pytest.mark.long
def test_the_sdist_is_the_whole_project_and_the_wheel_all_that_runs(built):
    with tarfile.open(built["sdist"]) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(built["wheel"]) as archive:
        wheel = set(archive.namelist())
    for path in ROOT.rglob("*"):
        place = path.relative_to(ROOT)
        hidden = any(
            part.startswith(".") or part in ("__pycache__", "_build", "build", "dist") or part.endswith(".egg-info")
            for part in place.parts
        )
        if not path.is_file() or hidden or place.suffix in (".pyc",):
            continue
        assert place.as_posix() in inside or place.name == "MANIFEST.in", place
        if place.parts[0] == "tinytorch":
            assert place.as_posix() in wheel, place
        elif place.parts[0] in ("datasets", "modules"):
            assert f"tinytorch/_{place.as_posix()}" in wheel, place
    assert not [name for name in wheel if name.startswith(("tests", "book", "benchmarks"))]


@pytest.mark.long
@pytest.mark.parametrize("numpy", [OLDEST_NUMPY, "newest"])
@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).name)
@pytest.mark.parametrize("what", ["wheel", "sdist"])
def test_installed_in_an_empty_environment_all_of_it_runs(built, what, python, numpy, tmp_path):
    version = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    if numpy == OLDEST_NUMPY and tuple(map(int, version.stdout.split())) != ITS_PYTHON:
        pytest.skip(f"NumPy {OLDEST_NUMPY} is of Python {'.'.join(map(str, ITS_PYTHON))}")
    subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
    own = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip(own, "install", str(built[what]), "pytest", "hypothesis", *(["numpy==" + numpy] if numpy != "newest" else []))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert learns(run(own, "-m", "tinytorch", *DEMO, cwd=empty))
    run(own, "-m", "tinytorch", "start", "work", cwd=empty)
    assert "01.1" in run(own, "-m", "tinytorch", "check", cwd=empty / "work", status=1)
    with tarfile.open(built["sdist"]) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("tinytorch_course-*")
    elsewhere = tmp_path / "tests only"
    for name in ("tests", "conftest.py", "setup.cfg"):
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy
        elsewhere.mkdir(exist_ok=True)
        copy(source / name, elsewhere / name)
    files = [
        f"tests/test_{name}.py"
        for name in ("ops", "autograd", "tensor", "dtypes", "layers", "serialization", "idx", "faces")
    ]
    said = run(own, "-m", "pytest", "-q", "-x", "--no-header", *files, cwd=elsewhere)
    assert "passed" in said
