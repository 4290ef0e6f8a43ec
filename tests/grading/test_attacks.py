"""The attacks, at every level that the machine offers: nothing undeserved, nothing lost, nothing outside."""

import ast
import socket
import sys
from pathlib import Path

import pytest

import tinytorch
from tests.grading.attacks import ATTACKS, FILE, FULL, HONEST, SAMPLE, WRONG
from tests.grading.conftest import Bench, by_number, library
from tinytorch.course.checks import Case
from tinytorch.course.exercises import modules
from tinytorch.course.source import Source, put
from tinytorch.course.workspace import substituted
from tinytorch.grading.world import LEVELS, standard_library

ROOT = str(tinytorch.__path__[0]).removesuffix("/tinytorch")
OPS = library("01")["ops"]
FIRST = modules()[0]


@pytest.fixture(scope="session")
def honest(benches):
    """What an honest student earns in the first module."""
    known = {}

    def result(level):
        if level not in known:
            known[level] = benches(level).grade(["01"], ops=OPS)
        return known[level]

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


def strike(attack, bench, outside, listener):
    """The result of a file with an attack in every function of the first exercise."""
    facts = {"outside": outside, "root": ROOT, "port": listener[0].getsockname()[1]}
    text = attacked(attack.body, **facts)
    if attack.name == "renamed function":
        text = text.replace("def add(", "def plus(")
    imports = "import numpy as np\n"
    assert imports in text
    return bench.grade(["01"], ops=text.replace(imports, f"{imports}{attack.above.format(**facts)}\n"))


def attacked(body, **facts):
    """The library's file, in which every function of the first exercise has this body."""
    functions = []
    for name in FIRST.exercises[0].functions:
        (node,) = FIRST.library.functions[name]
        honest = "\n    ".join(ast.unparse(statement) for statement in node.body[1:])
        both = "a = b = x\n    " if name == "neg" else ""
        functions.append(f"def {name}({ast.unparse(node.args)}):\n    {both}{body.format(honest=honest, **facts)}\n")
    return put(FIRST.library, Source.of("\n\n".join(functions)), FIRST.exercises[0].functions).text


def check(attack, level, benches, honest, outside, listener):
    bench = benches(level)
    holds = bench.facts["isolation"]["holds"]
    if attack.number in (26, 44) and not holds["signals"]:
        pytest.skip(
            "this level does not keep a student's code from ending the processes of the user who runs the tests"
        )
    if attack.number in (14, 23, 46) and not (holds["files"] or bench.means.user):
        pytest.skip("this level lets a student's code read and write what the user who runs the tests may")
    result = strike(attack, bench, outside, listener)
    tests, fair = by_number(result), by_number(honest(level))
    lost = {number for number, test in tests.items() if test["score"] < test["max_score"]}
    if level in attack.gap:
        assert result["extra_data"]["flags"], "what is not held at a level is flagged"
    else:
        expected = {FILE: set(tests), FULL: set()}.get(attack.loses, {"01.1"})
        assert lost == expected and all(tests[number]["score"] == 0 for number in lost), lost
        assert all(tests[number] == fair[number] for number in tests.keys() - expected - {"01.1"})
        assert attack.said in tests["01.1"]["output"]
    assert (outside / "results.json").read_text() == "untouched"
    assert sorted(path.name for path in outside.iterdir()) == ["neighbour.py", "results.json"]
    if holds["network"]:
        assert reached(listener) == []


@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.number in SAMPLE], ids=str)
def test_an_attack_earns_nothing_and_changes_nothing(attack, means, benches, honest, outside, listener):
    check(attack, means.level, benches, honest, outside, listener)


@pytest.mark.long
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_an_attack_earns_nothing_at_any_level(attack, level, benches, honest, outside, listener):
    check(attack, level, benches, honest, outside, listener)
    assert by_number(benches(level).grade(["01"], ops=OPS)) == by_number(honest(level))


def test_after_all_attacks_an_honest_student_earns_all(bench):
    assert bench.grade(["01"], ops=OPS)["score"] == 60


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
    bench.grade(["01"], ops=OPS)
    assert not bench.grader.working, "the whole of a single module is nothing to be asked of"
    bench.grade(["01"], ops=attacked("import os; os._exit(0)"))
    bench.grader.enter([])
    bench.close()
    folder = str(bench.worlds.folder).encode()
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if folder in seen(path)] == []


def seen(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


def test_the_attacks_are_numbered_and_what_they_wrap_is_wrong_or_right(bench):
    numbers = [attack.number for attack in ATTACKS]
    assert numbers == sorted(set(numbers)) and set(numbers) >= SAMPLE
    assert by_number(bench.grade(["01"], ops=attacked(WRONG)))["01.1"]["score"] == 0
    assert by_number(bench.grade(["01"], ops=attacked(HONEST)))["01.1"]["score"] == 5


def test_modules_that_shadow_others_are_not_seen(bench):
    """45: a submission that brings numpy.py, conftest.py and pytest.ini is graded as if they were not there."""
    assert bench.grade(["01"], ops=OPS, numpy="raise SystemExit", conftest="raise SystemExit")["score"] == 60


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
    files = {**library("01", "02", "03"), "autograd": own.text}
    tests = [test for test in bench.grade(["01", "02", "03"], **files)["tests"] if test["score"] < test["max_score"]]
    assert [test["name"] for test in tests] == ["whole 03 ten thousand operations in a row, there and back"]
    assert "calls itself" in tests[0]["output"]
