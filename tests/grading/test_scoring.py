"""One submission: what it earns, what is said of it, and that nobody earns by knowing nothing."""

import io

import numpy as np
import pytest

from tests.grading.classroom import FEW, SMALL
from tests.grading.conftest import by_number, library
from tinytorch.course.exercises import modules
from tinytorch.course.frames import write_frame
from tinytorch.course.judge import Judge, WorkerError, with_variant
from tinytorch.course.source import Source, put
from tinytorch.grading import scoring, whole
from tinytorch.grading.gates import CANARY, _hollow
from tinytorch.grading.scoring import Task
from tinytorch.grading.submissions import Submission

FIRST = modules()[0]
WRONG = FEW.replace("return a * b, ", "return a * b + 1, ")


def test_the_library_earns_all(bench):
    result = bench.grade(["03"], **library("03"))
    tests = by_number(result)
    assert all(test["score"] == test["max_score"] and test["status"] == "passed" for test in tests.values()), tests
    points = sum(exercise.points for exercise in modules()[2].exercises)
    assert result["score"] == points + 2 * whole.POINTS and {"whole 03 expression", "whole 03 chain"} <= tests.keys()


@pytest.mark.parametrize("module", [modules()[0], modules()[-1]], ids=lambda module: module.name)
def test_a_file_loads_in_a_world_without_it(bench, module):
    """Those between are loaded by the long tests."""
    bench.grader.enter([module.name])
    reply = bench.grader.run(module, module.library, [])
    assert reply["ended"] == "" and "error" not in reply["outcomes"][0], (module.name, reply)


@pytest.mark.long
def test_the_library_earns_all_of_everything_at_any_level(each_bench):
    numbers = [module.number for module in modules()]
    result = each_bench.grade(numbers, **library(*numbers))
    assert [test for test in result["tests"] if test["score"] < test["max_score"]] == []
    assert len(result["tests"]) == sum(len(module.exercises) for module in modules()) + len(whole.check)


@pytest.mark.long
@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_mistake_loses_its_own_exercise_only(bench, module):
    """Several mistakes in a file, one of each exercise but one, lose these and leave the one."""
    for spared in module.exercises[:: max(1, len(module.exercises) - 1)]:
        own = module.library
        for exercise in module.exercises:
            if exercise != spared:
                mistake = module.mistakes[exercise.id][len(spared.id) % len(module.mistakes[exercise.id])]
                names = [name for name in exercise.functions if name in mistake.source.functions]
                own = put(own, with_variant(exercise, mistake), names)
        tests = by_number(bench.grade([module.number], **{module.name: own.text}))
        kept = [exercise.id for exercise in module.exercises if tests[exercise.id]["score"] == exercise.points]
        assert kept == [spared.id]


HOLLOW = (CANARY, "raise ValueError('no')", "return None")


def test_stubs_earn_nothing_and_neither_does_a_canary(bench):
    """Nor does a file whose exercises do nothing, each in another way."""
    text = FIRST.stub()
    for i, exercise in enumerate(FIRST.exercises):
        text = put(text, _hollow(HOLLOW[i % len(HOLLOW)], FIRST), exercise.functions)
    for file, state in ((FIRST.stub(), "skipped"), (text, "failed")):
        result = bench.grade(["01"], ops=file.text)
        assert result["score"] == 0 and {test["extra_data"]["state"] for test in result["tests"]} == {state}


def test_nothing_is_earned_by_what_runs_on_the_librarys_files_alone():
    def named(*numbers):
        return sorted({part.exercise for part in whole.parts(numbers)})

    assert named("11") == ["11"] and named("01", "02", "03") == ["03"] and named("01", "02", "09") == []
    assert named(*(module.number for module in modules())) == sorted({part.exercise for part in whole.check})


@pytest.mark.long
@pytest.mark.parametrize("body", HOLLOW)
@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_whatever_does_nothing_earns_nothing(bench, module, body):
    result = bench.grade([module.number], **{module.name: _hollow(body, module).text})
    assert result["score"] == 0 and "passed" not in {test["extra_data"]["state"] for test in result["tests"]}


def test_a_mistake_loses_its_own_exercise_only(bench):
    exercise = FIRST.exercises[1]
    names = [name for name in exercise.functions if name in FIRST.mistakes[exercise.id][0].source.functions]
    text = put(Source.of(FEW), FIRST.mistakes[exercise.id][0].source, names).text
    tests = by_number(bench.grade(["01"], ops=text))
    assert tests["01.1"]["score"] == 5 and tests[exercise.id]["score"] < 5
    data = tests[exercise.id]["extra_data"]
    assert data["mistake"] == FIRST.mistakes[exercise.id][0].name and "This is what you get when" in data["because"]


def test_a_missing_file_loses_itself_and_the_whole(bench):
    tests = by_number(bench.grade(["01", "03"], ops=FEW))
    assert [number for number, test in tests.items() if test["score"]] == ["01.1", "01.2"]
    assert tests["03.1"]["output"] == "tensor.py was not handed in"


def test_a_file_that_cannot_be_taken_is_said_where_its_exercises_are(bench):
    submission = Submission("ann", {}, ("ops.py is there 2 times: a/ops.py, b/ops.py",))
    result, _ = scoring.results(submission, Task(("01",)), bench.grader, bench.facts)
    assert {test["output"] for test in result["tests"]} == set(submission.remarks)


def test_the_whole_runs_on_the_students_files_alone(bench):
    """A wrong product costs its own exercise; those of the next file are judged with the library's, the whole is not."""
    files = {"ops": library("01")["ops"].replace("return a * b, ", "return a * b + 1, "), **library("03")}
    tests = by_number(bench.grade(["01", "03"], **files))
    assert [number for number, test in tests.items() if test["score"] < test["max_score"]] == [
        *("01.1", "whole 03 expression", "whole 03 chain")
    ]
    assert "is wrong" in tests["whole 03 expression"]["output"]


def test_a_file_that_is_not_python_is_told_with_its_line(bench):
    for text, said in (
        ("def f(:\n", "line 1"),
        ("\tx = 1\n  y = 2\n", "line"),
        ("x = 1\0\n", "null"),
        ("\n\n)", "line 3"),
    ):
        tests = by_number(bench.grade(["01"], ops=text))
        assert all(test["score"] == 0 for test in tests.values()) and said in tests["01.1"]["output"], text


def test_a_fault_of_the_grader_is_an_error_and_no_number(bench, monkeypatch):
    def fails(*_, **__):
        raise KeyError("oh")

    monkeypatch.setattr(Judge, "_first_failure", fails)
    result = bench.grade(["01"], ops=FEW)
    assert "score" not in result and result["extra_data"]["state"] == "error"
    assert all("score" not in test and "grader failed" in test["output"] for test in result["tests"][:2])


def test_an_exercise_that_the_library_fails_is_nobodys_fault(bench):
    submission = Submission("ann", {"ops": FEW.encode()})
    task = Task(("01", "03"), broken=dict.fromkeys(("01.2", "whole 03 chain"), "the library itself does not pass"))
    result, _ = scoring.results(submission, task, bench.grader, bench.facts)
    tests = by_number(result)
    assert [number for number, test in tests.items() if "score" not in test] == ["01.2", "whole 03 chain"]
    assert tests["01.1"]["score"] == 5


def test_a_worker_that_ends_on_the_librarys_files_too_is_the_graders_fault(bench, monkeypatch):
    def ends(*_):
        raise WorkerError("out of memory")

    monkeypatch.setattr(Judge, "ask", ends)
    result = bench.grade(["03"], **library("03"))
    assert "score" not in result and all(test["extra_data"]["state"] == "error" for test in result["tests"])


def test_nobody_chooses_that_the_grader_fails(bench):
    """By frames that are no outcomes, and by what Python itself cannot put together again."""
    for forged in (
        5,
        {"error": 5},
        {"error": {"type": "E", "message": "m", "trail": [1]}},
        {"answer": 1, "changed": [2]},
    ):
        frame = io.BytesIO()
        write_frame(frame, forged)
        write = f"import os; os.write(3, {frame.getvalue()!r})"
        for text in (f"{FEW}\n{write}\n", FEW.replace("return a * b, ", f"{write}\n    return a * b, ")):
            test = by_number(bench.grade(["01"], ops=text))["01.1"]
            assert test["score"] == 0 and test["extra_data"]["kind"] == "ended", (forged, test)
    deep = FEW.replace("def mul(a: Array, b: Array)", f"def mul(a: Array, b: Array = {'1 + ' * 3000}1)")
    assert "score" in bench.grade(["01"], ops=deep)


def test_what_ended_after_a_wrong_answer_costs_as_much_and_is_flagged(bench, monkeypatch):
    monkeypatch.setitem(bench.grader.limits, "seconds", 0.3)
    wrong = SMALL.replace("return a + b, ", "return a + b + 1, ")
    for body, said in (("__import__('os')._exit(0)", "the process was ended"), ("while True: pass", "took too long")):
        result = bench.grade(["01"], ops=wrong.replace("    return -x, ", f"    {body}\n    return -x, "))
        test = by_number(result)["01.1"]
        assert test["extra_data"]["kind"] == "wrong" and any(said in flag for flag in result["extra_data"]["flags"])
        assert bool(test["score"]) == ("while" in body)


def test_a_check_that_is_passed_by_raising_is_worth_nothing_beside_others_either(bench):
    """Normalize refuses some shapes: who refuses all channels passes that check, and has no share for it."""
    module = modules()[6]
    exercise = next(one for one in module.exercises if one.id == "07.6")
    refusing = "        if self.mean.ndim:\n            raise ValueError('no')\n        array = _floats(x)\n"
    own = module.library.text.replace("        array = _floats(x)\n", refusing, 1)
    test = by_number(bench.grade(["07"], data=own))["07.6"]
    passed, total = test["extra_data"]["checks"]
    worthless = len(scoring.passed_by_nothing(exercise, bench.grader))
    assert worthless and test["score"] == round(exercise.points * (passed - worthless) / total, 2) > 0


def test_sets_of_strings_are_shown_in_the_same_order_each_time(bench):
    said = 'raise ValueError({"ann", "bob", "cy", "dee", "eve", "fay", "guy", "hal"})\n    '
    text = FEW.replace("return a * b, ", f"{said}return a * b, ")
    assert len({by_number(bench.grade(["01"], ops=text))["01.1"]["output"] for _ in range(4)}) == 1


def test_a_submission_that_used_all_its_time_is_told(bench, monkeypatch):
    before = bench.grader.used
    assert bench.grade(["01"], ops=FEW)["score"] == 10 and 0 < bench.grader.used - before < 60
    monkeypatch.setattr(scoring, "LONGEST", -1.0)
    result = bench.grade(["01", "03"], ops=FEW)
    assert result["score"] == 0 and "took more than" in by_number(result)["01.1"]["output"]
    assert by_number(result)["whole 03 expression"]["output"] == "no time was left"


def test_who_sleeps_uses_time_too(bench, monkeypatch):
    monkeypatch.setattr(scoring, "LONGEST", 0.14)
    tests = by_number(bench.grade(["01"], ops=f"{FEW}\nimport time\ntime.sleep(0.6)\n"))
    assert tests["01.1"]["score"] == 5 and "took more than" in tests["01.2"]["output"]


def test_who_comes_first_does_not_pay_for_the_class(bench, monkeypatch):
    """What known mistakes and empty functions come to is asked once, and is no doing of a student's."""

    def costly(*args):
        return {**ask(*args), "used": 100.0}

    def paid():
        before = bench.grader.used
        assert 0 < by_number(bench.grade(["01"], ops=partly))["01.1"]["score"] < 5
        return bench.grader.used - before

    ask, partly = Judge.ask, FEW.replace("return a * b, ", "return (a * b if np.all(a) else -a * b), ")
    monkeypatch.setattr(Judge, "ask", costly)
    for known in ("known", "worthless"):
        monkeypatch.setattr(bench.grader, known, {})
    first, second = paid(), paid()
    assert first == pytest.approx(second) and first >= 100


def test_grading_again_gives_the_same(bench):
    assert bench.grade(["01"], ops=WRONG) == bench.grade(["01"], ops=WRONG)


def test_where_a_loop_was_stopped_and_what_it_printed_is_not_told_as_it_is_chance(bench, monkeypatch):
    monkeypatch.setitem(bench.grader.limits, "seconds", 0.3)
    loop = SMALL.replace(
        "    return a * b, ", "    i = 0\n    while i >= 0:\n        i += 1\n        print(i)\n    return a * b, "
    )
    data = by_number(bench.grade(["01"], ops=loop))["01.1"]["extra_data"]
    assert data["kind"] == "time" and data.keys().isdisjoint({"trail", "printed"}) and "ops.mul" in data["call"]
    assert data["line"] == 1 + loop.split("\n").index("def mul(a: Array, b: Array) -> Rule:")
    wrong_before = loop.replace("return a + b, ", "return a + b + 1, ")
    data = by_number(bench.grade(["01"], ops=wrong_before))["01.1"]["extra_data"]
    assert data["kind"] == "wrong" and "ops.add" in data["call"] and "printed" not in data


TELL = """import sys
    frame = sys._getframe()
    while frame:
        if "job" in frame.f_locals:
            print("calls", {probe for probe, _ in frame.f_locals["job"]["calls"]})
        frame = frame.f_back"""


def test_unseen_checks_tell_the_kind_of_failure_only(bench, tmp_path, monkeypatch):
    folder = tmp_path / FIRST.folder.name
    folder.mkdir()
    (folder / "checks.py").write_text(
        "from tinytorch.course.checks import Checks, case\ncheck = Checks()\n\n\n@check('01.1')\ndef secret(draw):\n"
        "    '''something secret'''\n    return case('secret', 'secret(x)', x=draw.nonzero((3,)))\n"
    )
    (folder / "probes.py").write_text("def secret(x):\n    return ops.mul(x, x)[0]\n")
    monkeypatch.setattr(bench.grader, "extra", tmp_path)
    monkeypatch.setattr(bench.grader, "known", {})  # what mistakes came to was of fewer checks
    wrong = FEW.replace("return a * b, ", "return (a * b if a is not b else -a * b), ")
    tests = by_number(bench.grade(["01"], ops=wrong))
    assert "sign" in tests["01.1"]["output"] and "secret" not in str(tests["01.1"])
    assert 0 < tests["01.1"]["score"] < 5
    assert by_number(bench.grade(["01"], ops=FEW))["01.1"]["score"] == 5
    telling = FEW.replace("return a * b, ", f"{TELL}\n    return a * b, ")
    result = by_number(bench.grade(["01"], ops=telling))["01.1"]
    assert "calls" in result["extra_data"]["printed"] and "secret" not in str(result) and result["score"] == 5


def test_kinds_of_failure():
    from tinytorch.course.checks import difference
    from tinytorch.course.judge import Failure

    expected = np.array([1.0, -2.0])
    kinds = {
        "shape": expected[:1], "data type": expected.astype(np.float32), "NaN": expected * np.nan, "sign": -expected,
        "scale": expected * 3, "value": expected + [1, 2],
    }  # fmt: skip
    for kind, got in kinds.items():
        assert scoring.nature(Failure("wrong", "", difference=difference(got, expected))) == kind
