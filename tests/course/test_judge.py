"""The judge and its worker: what comes of right, wrong, hostile and endless code, and that the worker outlives it."""

import ast
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tinytorch.course import report, workspace
from tinytorch.course.checks import Case, Check, Difference, difference, smallest
from tinytorch.course.exercises import COURSE, Variant, exercises, modules
from tinytorch.course.frames import read_frame, write_frame
from tinytorch.course.judge import Judge, Verdict, WorkerError, checks_of, with_variant
from tinytorch.course.judge import judged as judged_alone
from tinytorch.course.source import Source
from tinytorch.course.worker import CAN_FORK, command, files_of, serve

ROOT = Path(__file__).parents[2]
FORGERY = """import os
    for fd in range(3, 64):
        try:
            os.write(fd, b'x' * 99)
        except OSError:
            pass"""


def judged(judge, exercise, body, above="", name="mul"):
    """The verdict on `def mul(a, b)` with a body, and something above it."""
    text = Source.of(f"{above}\ndef {name}(a, b):\n    {body}\n", "own.py")
    return judge.verdict(exercise, workspace.substituted(exercise.module, [name], text))


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_ghost_student_passes_exercise_by_exercise(judge, module):
    """From stubs on, solutions are inserted in order: each exercise passes at once, and the later ones still fail.

    What the later ones are judged by says the same as it did before, when it failed.
    """
    own = module.stub()
    failing = {exercise.id: workspace.alone(exercise, own) for exercise in module.exercises}
    for exercise in module.exercises:
        found = judge.verdict(exercise, failing[exercise.id])
        assert (found.passed, found.failure.kind) == (0, "unwritten"), exercise.id
    for i, exercise in enumerate(module.exercises):
        for later in module.exercises[i:]:
            again, before = workspace.alone(later, own), failing[later.id]
            assert again.text == before.text or says(again) == says(before), later.id
        own = workspace.source.put(own, module.library, module.solving(exercise))
        assert judge.verdict(exercise, workspace.alone(exercise, own)).ok, exercise.id


def says(source):
    """What a file says, in whatever order its statements stand."""
    return sorted(ast.dump(node) for node in source.tree.body)


def test_ids_are_in_order_and_functions_are_asked_for_once():
    ids = [exercise.id for exercise in exercises()]
    assert ids == [f"{m.number}.{i}" for m in modules() for i, _ in enumerate(m.exercises, 1)]
    for module in modules():
        asked = [name for exercise in module.exercises for name in exercise.functions]
        assert len(asked) == len(set(asked)) and set(asked) <= module.library.functions.keys()
        assert all(10 <= exercise.minutes <= 60 and exercise.points > 0 for exercise in module.exercises)


def test_an_exercise_is_judged_whatever_the_others_are_like(judge, first):
    """Learners may break the rest of the file, as long as it can be read."""
    own = Source.of(first.module.stub().text.replace("def sum(", "def total("), "own.py")
    own = workspace.source.put(own, first.module.library, first.functions)
    assert judge.verdict(first, workspace.alone(first, own)).ok


@pytest.mark.parametrize("number", range(len(COURSE)))
def test_no_check_needs_what_comes_in_a_later_module(judge, number):
    """But that gradients may be Tensors in 02: there the library's stand in."""
    first_later = max(number + 1, COURSE.index("tensor") + 1)
    module, later = modules()[number], modules()[first_later:]
    stubs = files_of({one.name: one.stub() for one in later})
    pairs = [(check, case) for e in module.exercises for check in checks_of(e) for case in check.cases()[::10]]
    calls = [(case.probe, dict(case.arguments)) for _, case in pairs]
    probes = (module.folder / "probes.py").read_text(encoding="utf-8")
    write_frame(judge.process.stdin, {"files": stubs, "probes": probes, "calls": calls, "seconds": 5.0})
    for (check, case), seen in zip(pairs, read_frame(judge.process.stdout)["outcomes"][1:], strict=True):
        assert judged_alone(check, case, seen) is None, (check.exercise, check.name)


@pytest.mark.parametrize("id", ["01.3", "06.1", "07.6"])
def test_a_part_of_the_solution_is_not_lent(judge, id):
    """Private functions that only this exercise needs: who calls them without having written them does not pass."""
    exercise = next(one for one in exercises() if one.id == id)
    module, helpers = exercise.module, exercise.module.own_helpers(exercise)
    own = workspace.source.put(module.stub(), module.library, exercise.functions)
    assert helpers and helpers.isdisjoint(own.functions)
    assert judge.verdict(exercise, workspace.alone(exercise, own)).failure.kind == "crash"
    whole = workspace.source.put(own, module.library, helpers)
    assert judge.verdict(exercise, workspace.alone(exercise, whole)).ok


def test_helpers_and_imports_of_a_learner_come_along(judge, first):
    own = first.module.stub().text.replace(
        'raise NotImplementedError("01.1 mul")', "return my_product(a, b), lambda g: g * b, lambda g: g * a"
    )
    for name in ("add", "sub", "div", "neg"):
        own = workspace.source.put(Source.of(own), first.module.library, [name]).text
    own += "\n\nfrom operator import mul as product\n\n\ndef my_product(a, b):\n    return product(a, b)\n"
    assert judge.verdict(first, workspace.alone(first, Source.of(own, "own.py"))).ok


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("return a * b", "wrong", "mul must return its value and a function for each input"),
        ("return None", "wrong", "but it returned None"),
        ("return a * b, lambda g: g * b", "wrong", "for each of 2 inputs"),
        ("return (a * b).tolist(), lambda g: g * b, lambda g: g * a", "wrong", "the value is "),
        ("return object(), lambda g: g * b, lambda g: g * a", "wrong", "the value is an object"),
        ("return a * b + 0j, lambda g: g * b, lambda g: g * a", "wrong", "complex128"),
        (
            "return (a * b)[None], lambda g: g * b, lambda g: g * a",
            "wrong",
            "the value has shape (1, 1), expected (1,)",
        ),
        ("return a * b * np.nan, lambda g: g * b, lambda g: g * a", "wrong", "the value is wrong"),
        ("return a * b, lambda g: None, lambda g: g * a", "wrong", "the gradient of a is None"),
        ("a *= 2; return a * b, lambda g: g * b, lambda g: g * a", "wrong", "changed its input a"),
        ("return 1 / 0", "crash", "ZeroDivisionError"),
        ("return mul(a, b)", "crash", "mul calls itself, and that never ends"),
        ("raise SystemExit(3)", "crash", "sys.exit(3)"),
        ("input()", "crash", "input()"),
        ("while True: pass", "time", "after 2 seconds of computing, or a longer wait, in ops.mul("),
        ("import os; os._exit(0)", "ended", "with status 0"),
        ("import os; os.kill(os.getpid(), 9)", "ended", "by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "ended", "by SIGSEGV"),
        ("print('A' * 10**7); return None", "wrong", "but it returned None"),
        ("import tempfile; tempfile.TemporaryFile().write(bytes(10**8))", "crash", "OSError"),
        ("return np.zeros((1500, 1500)), lambda g: g * b, lambda g: g * a", "wrong", "the answer has more than"),
        ("x = []; x.append(x); return a * b, lambda g: x, lambda g: x", "wrong", "nested without end"),
        ("return a * b, lambda g: 10**5000, lambda g: g * a", "wrong", "the answer has more than"),
        ("return a * b, lambda g: 10**4000, lambda g: g * a", "wrong", "the gradient of a is 1000"),
        ("return np.zeros(10**12)", "crash", "rror: Unable to allocate"),
        (FORGERY, "ended", "garbled"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="signals and limits are those of POSIX")
def test_whatever_a_function_does_is_told_and_only_it_suffers(judge, first, body, kind, said):
    found = judged(judge, first, body)
    assert found.failure.kind == kind and said in found.failure.what
    assert judge.verdict(first, first.module.library).ok


def test_what_a_file_does_when_it_is_loaded_is_told(judge, first):
    def of(line):
        text = Source.of(f"{first.module.library.text}\n{line}\n", "own.py")
        return judge.verdict(first, text).failure

    line = len(first.module.library.lines) + 1
    assert of("1 / 0").kind == "file" and of("1 / 0").trail == (("own.py", line, "<module>"),)
    assert "sys.exit(3)" in of("import sys; sys.exit(3)").what
    assert "input()" in of("input()").what
    assert "while your file was loaded" in of("while True: pass").what
    assert "while your file was loaded" in of("import os; os._exit(0)").what
    assert of("print('hello')") is None


@pytest.mark.skipif(os.name != "posix", reason="where a loop is, is asked by a signal")
def test_an_endless_loop_is_named_with_its_line(judge, first):
    found = judged(judge, first, "return helper(a)", "def helper(a):\n    while True:\n        a = a + 1\n")
    assert [function for _, _, function in found.failure.trail] == ["mul", "helper"]
    own = workspace.substituted(first.module, ["mul"], Source.of("def mul(a, b):\n    while True: pass\n", "own.py"))
    shown = report.verdict(judge.verdict(first, own), workspace.Path("ops.py"), own)
    assert f"line {own.line_of('mul')}, in mul" in shown and f"Edit ops.py line {own.line_of('mul')}." in shown


@pytest.mark.skipif(os.name != "posix", reason="a Mac or Linux")
def test_whatever_a_right_answer_does_besides_it_passes(judge, first):
    right = "return a * b, lambda g: g * b, lambda g: g * a"
    for body in (
        "print('A' * 10**7)",
        "import os, sys; sys.stdout.buffer.write(bytes(10**6)); sys.stderr.write('x' * 10**6); os.chdir('/')",
        "import os; os.environ.clear(); import warnings; warnings.warn('hm')",
        "import threading, time; threading.Thread(target=time.sleep, args=(100,)).start()",
        "import subprocess; subprocess.run(['echo', 'hello'])",
        "import sys; sys.stdout.close(); sys.stdin.close(); sys.setrecursionlimit(50)",
    ):
        found = judged(judge, first, f"{body}; {right}")
        assert found.ok, (body, found.failure)
        assert len(found.printed) <= 64 * 1024


def test_arrays_in_lists_must_not_be_changed_either():
    library = exercises()[0].module.library
    files = files_of({"ops": library})
    probes = "def spoil(xs, d):\n    xs[1][0] = 7\n    return 1"
    calls = [("spoil", {"xs": [np.ones(1), np.ones(1)], "d": {"y": np.ones(1)}})]
    result = serve({"files": files, "probes": probes, "calls": calls, "seconds": 5.0}, fork=False)
    assert result["outcomes"][1] == {"answer": 1, "changed": ["xs"]}


PASTIMES = """
import time

def wait(seconds):
    time.sleep(seconds)
    return "awake"

def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the clock of the wall is all there is")
def test_what_counts_is_the_time_of_the_processor():
    """So that a machine which others use costs nobody a mark; the clock ends what sleeps."""
    whole = {"files": {}, "probes": PASTIMES, "seconds": 1.0}
    calls = [("wait", {"seconds": 1.2}), ("work", {"seconds": 0.1}), ("wait", {"seconds": 1e6})]
    result = serve({**whole, "calls": calls})
    assert [seen["answer"] for seen in result["outcomes"][1:]] == ["awake", "done"] and result["ended"] == "time"
    assert 0.1 <= result["used"] < 1.0
    busy = serve({**whole, "calls": [("work", {"seconds": 60.0})]})
    assert busy["ended"] == "time" and 0 < busy["used"] < 5.0
    several = serve({**whole, "seconds": 5.0, "budget": 1.5, "calls": [("work", {"seconds": 0.6})] * 4})
    assert several["ended"] == "budget" and len(several["outcomes"]) < 4


GARBAGE = """
import os

def garbage():
    print("forged", flush=True)
    os.write(3, bytes(7) + b"\\x12" * 99)
    return 1

def half():
    print("half", end=" ")
    return 1
"""


@pytest.mark.skipif(not CAN_FORK, reason="the answers are the third file of a fork")
def test_what_was_printed_is_no_matter_of_chance():
    whole = {"files": {}, "probes": GARBAGE, "seconds": 2.0}
    assert serve({**whole, "calls": [("half", {})] * 3})["printed"] == "half half half "
    result = serve({**whole, "calls": [("garbage", {})] * 99})
    assert result["ended"] == "garbled" and result["printed"] == ""


def test_an_interrupted_judge_leaves_nothing_running(judge, first, tmp_path):
    """Ctrl-C while a learner's loop runs: the judge goes, and the loop with it."""
    import signal
    import subprocess
    import time

    note = tmp_path / "pid"
    body = f"import os; open({str(note)!r}, 'w').write(str(os.getpid()))\n    while True: pass"
    code = f"from tests.course.test_judge import *\nwith Judge(seconds=1.0) as j: judged(j, exercises()[0], {body!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    )
    while not (note.exists() and note.read_text()):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(10)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_what_is_printed_is_kept_apart(judge, first):
    right = "return a * b, lambda g: g * b, lambda g: g * a"
    found = judged(judge, first, f"print('seen', file=__import__('sys').stderr); {right}")
    assert found.ok and found.printed.startswith("seen\n")
    assert judged(judge, first, right).printed == ""


def test_a_crash_shows_the_learners_lines_only(judge, first):
    found = judged(judge, first, "return helper(a)", "def helper(a):\n    return a.nonsense\n")
    assert [function for _, _, function in found.failure.trail] == ["mul", "helper"]


def test_a_wrong_gradient_comes_with_what_differences_say(judge, first):
    found = judged(judge, first, "return a * b, lambda g: g * b, lambda g: g * a * 2", name="mul")
    failure = found.failure
    g, a = failure.case.arguments["g"], failure.case.arguments["a"]
    assert failure.difference.where == "gradient of b"
    assert failure.numeric == pytest.approx(float(np.sum(g * a)), rel=1e-6) or failure.case.arguments["b"].size > 1


def test_at_a_kink_where_differences_mean_nothing_they_are_not_shown(judge):
    exercise = next(e for e in exercises() if e.id == "01.3")
    relu = "def relu(x):\n    return np.maximum(x, 0), lambda g: g * (x >= 0)"
    failure = judge.verdict(exercise, workspace.substituted(exercise.module, ["relu"], Source.of(relu))).failure
    assert failure.difference.where == "gradient of x" and failure.numeric is None
    assert failure.diagnosis.name == "relu_at_zero"


def test_a_wrong_answer_that_no_mistake_gives_is_not_named(judge, first):
    found = judged(judge, first, "return a * b + 17, lambda g: g * b, lambda g: g * a")
    assert found.failure.kind == "wrong" and found.failure.diagnosis is None


def test_a_mistake_that_ends_its_process_in_one_check_is_named_for_another(judge, first, monkeypatch):
    ends = "def add(a, b):\n    import os; os._exit(3)\n"
    wrong = Source.of("def mul(a, b):\n    return a * b + 17, lambda g: g * b, lambda g: g * a\n")
    mistake = Variant(first.id, "ends", "it adds 17", Source.of(f"{ends}\n\n{wrong.text}"))
    monkeypatch.setitem(first.module.mistakes, first.id, [mistake])
    own = workspace.source.put(first.module.stub(), wrong, ["mul"])
    assert judge.verdict(first, workspace.alone(first, own)).failure.diagnosis == mistake


def test_a_mistake_about_something_else_is_not_named(judge):
    """Who only forgot to refuse is not told about what they did right."""
    exercise = next(e for e in exercises() if e.id == "02.2")
    summed = """
def unbroadcast(gradient, shape, name="unbroadcast"):
    added = gradient.ndim - len(shape)
    axes = tuple(i for i, n in enumerate(gradient.shape) if i < added or (shape[i - added] == 1 and n != 1))
    summed = np.sum(gradient, axis=axes, keepdims=True)
    return np.reshape(summed, summed.shape[max(added, 0):])
"""
    own = workspace.substituted(exercise.module, ["unbroadcast"], Source.of(summed, "own.py"))
    failure = judge.verdict(exercise, own).failure
    assert failure.check.name == "not_broadcast" and "nothing" in failure.what
    named = failure.diagnosis
    assert named is None or judge.verdict(exercise, with_variant(exercise, named)).failure.check == failure.check


def test_a_recursion_without_end_is_named_and_its_lines_are_folded(judge, first):
    found = judged(judge, first, "return mul(a, b)")
    assert found.failure.what == "the function mul calls itself, and that never ends"
    shown = report.verdict(found, workspace.Path("own.py"), Source.of("def mul(a, b):\n    return mul(a, b)", "own.py"))
    assert shown.count("in mul") == 1 and "the same again and again" in shown
    found = judged(judge, first, "return helper(a)", "def helper(a):\n    return mul(a, a)\n")
    assert found.failure.what.startswith("the functions ") and "call each other" in found.failure.what


def test_a_crash_outside_of_the_learners_lines_shows_what_the_check_asked_for(judge):
    exercise = next(e for e in exercises() if e.id == "04.1")
    init = "class Linear:\n    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):\n        pass"
    own = workspace.substituted(exercise.module, ["Linear.__init__"], Source.of(init, "own.py"))
    found = judge.verdict(exercise, own)
    assert found.failure.trail == () and found.failure.asked == "weight = layer.weight"
    shown = report.verdict(found, workspace.Path("layers.py"), exercise.module.library)
    assert "where the check says\n        weight = layer.weight\n" in shown


def test_breakpoint_is_told_in_a_sentence(judge, first):
    assert "stopped at breakpoint()" in judged(judge, first, "breakpoint()\n    return 1").failure.what


def test_the_librarys_lines_in_a_traceback_are_said_to_be_its(judge):
    """Where to edit is the learner's own line, not the stub that the library's function stood in for."""
    exercise = next(e for e in exercises() if e.id == "01.8")
    own = exercise.module.stub()
    wrong = Source.of("def cross_entropy(z, *, labels):\n    return log_softmax('no', axis=-1)")
    own = Source.of(workspace.source.put(own, wrong, ["cross_entropy"]).text, str(exercise.module.folder / "ops.py"))
    found = judge.verdict(exercise, workspace.alone(exercise, own))
    assert [function for _, _, function in found.failure.trail][-1] == "log_softmax"
    shown = report.verdict(found, workspace.Path("ops.py"), own)
    assert "in log_softmax (the library's)" in shown
    assert f"Edit ops.py line {own.line_of('cross_entropy') + 1}." in shown


def test_a_helper_named_as_one_of_the_librarys_serves_the_learner_alone(judge):
    """Exercises that the learner did not write go on with the library's own."""
    sums, softmax = (next(e for e in exercises() if e.id == i) for i in ("01.5", "01.6"))
    own = Source.of(sums.module.stub().text + "\n\ndef _kept(shape, axis):\n    return 1 / 0\n", "ops.py")
    own = workspace.source.put(own, sums.module.library, softmax.functions)
    whole = workspace.filled(sums.module, own)
    namespace = {"__name__": "tinytorch.ops"}
    exec(whole.compiled(), namespace)
    value, way_back = namespace["sum"](np.ones((2, 3)), axis=0)
    assert way_back(value).shape == (2, 3)
    with pytest.raises(ZeroDivisionError):
        namespace["_kept"]((), 0)


def test_what_is_wrong_is_shown_before_what_is_missing(judge, first):
    own = workspace.source.put(first.module.stub(), Source.of("def mul(a, b):\n    return a"), ["mul"])
    assert judge.verdict(first, workspace.alone(first, own)).failure.kind == "wrong"


def test_the_smallest_failing_case_is_shown():
    cases = [Case("p", "f(x)", {"x": np.full(n, v)}) for n, v in ((3, 1.0), (2, 5.0), (2, 1.0), (1, 9.0))]
    assert smallest(cases, [0, 1, 2]) == 2 and smallest(cases, [0, 1, 2, 3]) == 3


def test_cases_are_the_same_every_time_and_others_with_another_salt():
    for exercise in exercises():
        for check in judge_checks(exercise):
            cases = check.cases()
            assert alike(cases, Check(**vars(check)).cases())
            fixed = all(alike(cases[:1], [case]) for case in cases)  # nothing is drawn
            assert fixed or not alike(cases, check.cases("another")), check.name


def alike(some, others):
    pairs = zip(some, others, strict=True)
    return all(difference(dict(a.arguments), dict(b.arguments)) is None for a, b in pairs)


def judge_checks(exercise):
    assert checks_of(exercise), f"{exercise.id} has no check"
    return checks_of(exercise)


def test_without_fork_a_job_comes_to_the_same(first):
    library = first.module.library
    files = files_of({"ops": library})
    probes = "def twice(x):\n    print('hello')\n    return 2 * x\n\ndef stop():\n    import os\n    os._exit(3)"
    job = {
        "files": files,
        "probes": probes,
        "calls": [("twice", {"x": np.ones(2)}), ("stop", {}), ("twice", {"x": 1})],
        "seconds": 5.0,
    }
    result = serve(job, fork=False)
    assert [set(outcome) for outcome in result["outcomes"]] == [{"answer"}, {"answer", "changed"}]
    assert difference(result["outcomes"][1]["answer"], 2 * np.ones(2)) is None
    assert (result["ended"], result["printed"]) == ("status 3", "hello\n")


def test_a_dead_worker_is_an_error_and_no_verdict_and_another_takes_its_place(first):
    with Judge() as judge:
        judge.process.kill()
        judge.process.wait()
        with pytest.raises(WorkerError):
            judge.verdict(first, first.module.library)
        assert judge.verdict(first, first.module.library).ok


def test_the_server_has_not_imported_the_library():
    import subprocess

    words = command("main")
    words[-1] = words[-1].replace("main()", "import sys; print([m for m in sys.modules if m.startswith('tinytorch')])")
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "tinytorch.course.worker" in said
    assert not any(f"'tinytorch.{name}'" in said for name in workspace.COURSE)


def test_a_sentence_about_a_function_does_not_change_its_name(judge, first):
    found = judged(judge, first, "return a * b", name="mul")
    shown = report.verdict(found, workspace.Path("own.py"), first.module.library)
    assert "\n\nmul must return its value and a function for each input, but it returned a" in shown


def test_no_line_of_an_array_or_a_difference_is_empty():
    stack = np.arange(8.0).reshape(2, 2, 1, 2)
    shown = report.spelled("    x = ", stack)
    assert all(line.strip() for line in shown.split("\n")) and eval(shown.strip()[4:], {"np": np}).shape == stack.shape
    endless = report.sides(Difference("value", "is wrong", np.array(np.inf), np.array(1.0), ()), None)
    assert all(line.strip() for line in endless.split("\n"))


@pytest.mark.parametrize("columns", [60, 80])
def test_every_pass_fits(columns):
    """What is said of failures is measured with every mistake in modules/conftest.py."""
    for exercise in exercises():
        text = exercise.module.library
        shown = report.verdict(Verdict(exercise, 3, 3, None, ""), workspace.Path("ops.py"), text, columns)
        assert max(len(line) for line in shown.split("\n") if not line.startswith("    ")) <= columns


@pytest.mark.skipif(sys.platform == "win32", reason="a Mac or Linux")
def test_colour_adds_nothing_but_colour(judge, first):
    import re

    mistake = first.module.mistakes[first.id][0]
    text = with_variant(first, mistake)
    found = judge.verdict(first, text)
    plain, coloured = (
        report.verdict(found, workspace.Path("ops.py"), text, 80, report.Style(c)) for c in (False, True)
    )
    assert "\x1b" not in plain and "\x1b" in coloured and re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert mistake.message.split(":")[0].split(",")[0][:30] in " ".join(plain.split())
