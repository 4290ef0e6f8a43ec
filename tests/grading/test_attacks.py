"""The attacks, at every level that the machine offers: nothing undeserved, nothing lost, nothing outside."""

import socket
import sys
import time
from pathlib import Path

import pytest

import tinytorch
from tests.grading.attacks import ATTACKS, FILE, FULL, HONEST, SAMPLE, WRONG
from tests.grading.classroom import FEW, attacked
from tests.grading.conftest import Bench, by_number, library
from tinytorch.course.checks import Case
from tinytorch.course.exercises import modules
from tinytorch.course.source import Source, put
from tinytorch.course.workspace import substituted
from tinytorch.grading.world import LEVELS, standard_library

ROOT = str(tinytorch.__path__[0]).removesuffix("/tinytorch")
OPS = library("01")["ops"]


@pytest.fixture(scope="session")
def honest(benches):
    """What an honest student earns by a file of the first module."""
    known = {}

    def result(level, text):
        if (level, text) not in known:
            known[level, text] = by_number(benches(level).grade(["01"], ops=text))
        return known[level, text]

    return result


@pytest.fixture
def outside(tmp_path):
    """What is none of a student's business."""
    (tmp_path / "results.json").write_text("untouched")
    (tmp_path / "neighbour.py").write_text("secret")
    return tmp_path


@pytest.fixture
def listener():
    """Ports of the machine, TCP and UDP, that nobody should reach."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        datagrams.bind(stream.getsockname())
        for one in (stream, datagrams):
            one.settimeout(0.05)
        yield stream, datagrams


def reached(listener):
    stream, datagrams = listener
    found = []
    for name, wait in (("TCP", stream.accept), ("UDP", lambda: datagrams.recv(10))):
        try:
            wait()
            found.append(name)
        except TimeoutError:
            pass
    return found


def strike(attack, text, bench, outside, listener):
    """The result of a file with an attack in every function of the first exercise."""
    facts = {"outside": outside, "root": ROOT, "port": listener[0].getsockname()[1]}
    text = attacked(attack.body, text, **facts)
    if attack.name == "renamed function":
        text = text.replace("def add(", "def plus(")
    imports = "import numpy as np\n"
    assert imports in text
    return bench.grade(["01"], ops=text.replace(imports, f"{imports}{attack.above.format(**facts)}\n"))


def check(attack, text, level, benches, honest, outside, listener):
    bench = benches(level)
    holds = bench.facts["isolation"]["holds"]
    if attack.number in (26, 44) and not holds["signals"]:
        pytest.skip(
            "this level does not keep a student's code from ending the processes of the user who runs the tests"
        )
    if attack.number in (14, 23, 46) and not (holds["files"] or bench.means.user):
        pytest.skip("this level lets a student's code read and write what the user who runs the tests may")
    result = strike(attack, text, bench, outside, listener)
    tests, fair = by_number(result), honest(level, text)
    lost = {number for number, test in tests.items() if test["score"] < fair[number]["score"]}
    if level in attack.gap:
        assert result["extra_data"]["flags"], "what is not held at a level is flagged"
    else:
        worked = {number for number, test in fair.items() if test["score"]}
        expected = {FILE: worked, FULL: set()}.get(attack.loses, {"01.1"})
        assert lost == expected and all(tests[number]["score"] == 0 for number in lost), lost
        assert all(tests[number] == fair[number] for number in tests.keys() - expected - {"01.1"})
        assert attack.said in tests["01.1"]["output"]
    assert (outside / "results.json").read_text() == "untouched"
    assert sorted(path.name for path in outside.iterdir()) == ["neighbour.py", "results.json"]
    if holds["network"]:
        assert reached(listener) == []


@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.number in SAMPLE], ids=str)
def test_an_attack_earns_nothing_and_changes_nothing(attack, means, benches, honest, outside, listener):
    check(attack, FEW, means.level, benches, honest, outside, listener)


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_attack_earns_nothing_at_any_level(attack, level, benches, honest, outside, listener):
    check(attack, OPS, level, benches, honest, outside, listener)
    assert by_number(benches(level).grade(["01"], ops=OPS)) == honest(level, OPS)


def test_after_all_attacks_an_honest_student_earns_all(bench):
    assert bench.grade(["01"], ops=OPS)["score"] == 60


KEPT = """
import ctypes, fcntl, json, os, resource, struct
import tinytorch
UNREAD = tinytorch.__path__[0] + "/viz.py"
library = ctypes.CDLL(None)
VERSION, FLAGS, NODUMP = 0x40087602, 0x40086602, 0x40
HINT, LONG = 1035, 5

def attempt(way):
    try:
        return way()
    except OSError:
        return None

def of(path, way):
    place = os.open(path, os.O_RDONLY)
    try:
        return attempt(lambda: way(place))
    finally:
        os.close(place)

def set_version(place):
    return fcntl.ioctl(place, VERSION, (77).to_bytes(8, "little"))

def flags(place):
    return int.from_bytes(fcntl.ioctl(place, 0x80086601, bytes(8)), "little")

def keep(server=os.getppid(), done=[]):
    if done or done.append(True):  # once in a process
        return
    for way in (
        lambda: library.shmget(77, 4096, 0o1600),
        lambda: os.setxattr(".", "user.kept", b"kept"),
        lambda: os.chmod(".", 0o701),
        lambda: os.utime(".", (77, 77)),
        lambda: os.setpriority(os.PRIO_PROCESS, server, 7),
        lambda: resource.prlimit(server, resource.RLIMIT_STACK, (77 * 4096, resource.getrlimit(resource.RLIMIT_STACK)[1])),
        lambda: of(json.__file__, lambda place: os.posix_fadvise(place, 0, 0, os.POSIX_FADV_DONTNEED)),
        lambda: of(".", lambda place: fcntl.fcntl(place, HINT + 1, LONG.to_bytes(8, "little"))),
        lambda: open(UNREAD).read(),
        lambda: of(".", set_version),
        lambda: of(".", lambda place: fcntl.ioctl(place, FLAGS, NODUMP.to_bytes(8, "little"))),
        lambda: [action(f"{i:0200}") for action in (os.mkdir, os.rmdir) for i in range(99)],
        lambda: os.mkdir("kept"),
        lambda: os.mkdir("../kept"),
        lambda: open("file", "w").write("kept"),
    ):
        attempt(way)

def out_of_memory(place):
    try:
        return os.preadv(place, [bytearray(16)], 0, os.RWF_NOWAIT) < 0
    except BlockingIOError:
        return True

def told_by_events(place):
    # what an asynchronous read without waiting says of a file's pages: that they are there, or are not
    setup, submit, events = {"x86_64": (206, 209, 208), "aarch64": (0, 2, 4)}[os.uname().machine]
    context, room, event = ctypes.c_ulong(), ctypes.create_string_buffer(16), ctypes.create_string_buffer(32)
    if library.syscall(setup, 1, ctypes.byref(context)) < 0:
        return None
    read = struct.pack("=QIIHhIQQqQII", 0, 0, os.RWF_NOWAIT, 0, 0, place, ctypes.addressof(room), 16, 0, 0, 0, 0)
    asked = ctypes.pointer(ctypes.create_string_buffer(read, len(read)))
    if library.syscall(submit, context, 1, ctypes.byref(asked)) < 0:
        return None
    return library.syscall(events, context, 1, 1, event, None) == 1

def kept():
    place = os.stat(".")
    found = {
        "memory": library.shmget(77, 4096, 0o600) >= 0,
        "attributes": os.listxattr("."),
        "rights": place.st_mode & 0o777 == 0o701,
        "times": place.st_mtime == 77,
        "priority": os.getpriority(os.PRIO_PROCESS, os.getppid()) == 7,
        "limits": resource.getrlimit(resource.RLIMIT_STACK)[0] == 77 * 4096,
        "pages of a file": of(json.__file__, out_of_memory),
        "pages told by events": of(json.__file__, told_by_events),
        "a hint": of(".", lambda place: fcntl.fcntl(place, HINT, bytes(8))[0]) == LONG,
        "a version": of(".", lambda place: fcntl.ioctl(place, 0x80087601, bytes(8))[:1]) == b"M",
        "flags": (of(".", flags) or 0) & NODUMP,
        "size": place.st_size > 8192,
        "faults": attempt(lambda: resource.getrusage(resource.RUSAGE_SELF)),
        "times of reading": os.stat(UNREAD).st_atime_ns > os.stat(UNREAD).st_ctime_ns,
        "files": os.listdir("."),
        "files beside": os.path.exists("../kept"),
    }
    raise RuntimeError(f"kept {[name for name, there in found.items() if there]}")

"""


def find_what_was_kept(bench):
    """The code of one exercise, which sees the solutions of all others of its file, leaves nothing to the next one."""
    own = put(Source.of(attacked("keep()\n    " + HONEST, FEW)), Source.of("def sqrt(x):\n    kept()\n"), ["sqrt"])
    tests = by_number(bench.grade(["01"], ops=own.text + KEPT))
    untold = [] if bench.facts["isolation"]["holds"]["times of reading"] else ["times of reading"]
    assert tests["01.1"]["score"] == 5 and f"raised RuntimeError: kept {untold}" in tests["01.2"]["output"]


def test_an_exercise_leaves_nothing_to_the_next(bench):
    find_what_was_kept(bench)


@pytest.mark.long
def test_an_exercise_leaves_nothing_to_the_next_at_any_level(each_bench):
    find_what_was_kept(each_bench)


LOOK = """
import os

def look(place):
    try:
        os.mkdir(place + "/made")
        made = True
    except OSError:
        made = False
    return {"made": made, "seen": os.listdir(place)}
"""


@pytest.mark.parametrize("level", ["bubblewrap", "both"])
def test_what_is_installed_beside_python_is_covered(level, benches):
    """Python's own modules are bound as one folder; in it lies that of other packages, which may hold the judge."""
    grader, place = benches(level).grader, standard_library() / "site-packages"
    if not place.is_dir():
        pytest.skip(f"{place} is not there")
    grader.enter([])
    seen = grader.ask({}, LOOK, [Case("look", "", {"place": str(place)})])["outcomes"][1]
    if level == "both":  # where Landlock refuses even the look
        assert seen["error"]["type"] == "PermissionError"
    else:
        assert not seen["answer"]["made"] and set(seen["answer"]["seen"]) <= {"numpy", "numpy.libs"}


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_no_worker_is_left_behind(means):
    """Nor is one started for whoever is asked nothing: bwrap that is killed while it starts leaves a child for good."""
    bench = Bench(means)
    bench.grade(["01"], ops=FEW)
    assert not bench.grader.working, "the whole of a single module is nothing to be asked of"
    bench.grade(["01"], ops=attacked("import os; os._exit(0)", FEW))
    bench.grader.enter([])
    bench.close()
    folder = str(bench.worlds.folder).encode()
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if folder in seen(path)] == []


OUTLIVE = "import ctypes, os, time; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0); os.kill(os.getppid(), 9); time.sleep(60)"


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("level", LEVELS)
def test_nobody_outlives_the_server(level, benches):
    bench = benches(level)
    assert by_number(bench.grade(["01"], ops=attacked(OUTLIVE, FEW)))["01.1"]["score"] == 0
    bench.grader.close()
    folder, end = str(bench.worlds.folder).encode(), time.monotonic() + 5
    while left := [path for path in Path("/proc").glob("[0-9]*/cmdline") if folder in seen(path)]:
        assert time.monotonic() < end, left
        time.sleep(0.05)


def seen(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


def test_the_attacks_are_numbered_and_what_they_wrap_is_wrong_or_right(bench):
    numbers = [attack.number for attack in ATTACKS]
    assert numbers == sorted(set(numbers)) and set(numbers) >= SAMPLE
    assert by_number(bench.grade(["01"], ops=attacked(WRONG, FEW)))["01.1"]["score"] == 0
    assert by_number(bench.grade(["01"], ops=attacked(HONEST, FEW)))["01.1"]["score"] == 5


def test_modules_that_shadow_others_are_not_seen(bench):
    """45: a submission that brings numpy.py, conftest.py and pytest.ini is graded as if they were not there."""
    assert bench.grade(["01"], ops=FEW, numpy="raise SystemExit", conftest="raise SystemExit")["score"] == 10


RECURSIVE = """
def trace(outputs, since=0):
    found = set()

    def visit(source):
        if isinstance(source, Record) and source.moment > since and source not in found:
            found.add(source)
            for one in source.sources:
                visit(one)

    for output in outputs:
        visit(output)
    return sorted(found, key=lambda record: record.moment)
"""


def test_an_engine_that_calls_itself_for_every_step_is_told(bench):
    """58: recursion is right for small graphs, and no way through ten thousand operations."""
    exercise = modules()[1].exercises[3]
    own = substituted(exercise.module, ["trace"], Source.of(RECURSIVE))
    files = {**library("02", "03"), "autograd": own.text}
    tests = [test for test in bench.grade(["02", "03"], **files)["tests"] if test["score"] < test["max_score"]]
    assert [test["name"] for test in tests] == ["whole 03 chain ten thousand operations in a row, there and back"]
    assert "calls itself" in tests[0]["output"]
