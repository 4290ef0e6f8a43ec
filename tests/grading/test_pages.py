"""What people read: everything is there, nothing of a student's runs, and a flag is raised for what is odd only."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.grading.conftest import library
from tinytorch.course.exercises import modules
from tinytorch.course.source import Source
from tinytorch.grading.advice import remarks_on
from tinytorch.grading.html import Html, page, tag
from tinytorch.grading.marks import rows
from tinytorch.grading.pages import write_pages
from tinytorch.grading.similarity import Pair, pairs
from tinytorch.grading.submissions import Submission, file_name

FIRST = modules()[0]
OPS = library("01")["ops"]
VOID = {"meta"}


class Checked(HTMLParser):
    """A page whose tags are closed in order, and which needs nothing from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, name, attributes):
        assert name not in ("script", "iframe", "object", "img", "link")
        assert not [key for key, _ in attributes if key.startswith("on") or key in ("src", "href")]
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.text.append(data)


def test_text_is_escaped_and_html_is_not():
    evil = "<script>alert('x')</script> & \"y\""
    made = tag("p", evil, tag("b", "bold"), title=evil)
    assert isinstance(made, Html) and "<script>" not in made and "<b>bold</b>" in made
    assert "alert" in "".join(Checked(page(evil, made)).text)


EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def results(bench, tmp_path_factory):
    """A right student, a wrong one with an evil name who prints, and one who ends Python."""
    out = tmp_path_factory.mktemp("results")
    (out / "results").mkdir()
    (out / "timings").mkdir()
    wrong = OPS.replace("return a * b, ", "print('<script>evil</script>'); return a * b + 1, ")
    for student, text in (("ann", OPS), (EVIL, wrong), ("eve", f"{OPS}\nimport os\nos._exit(0)\n")):
        result = bench.grade(["01"], student=student, ops=text)
        result["extra_data"] |= bench.facts
        (out / "results" / f"{file_name(student)}.json").write_text(json.dumps(result))
        (out / "timings" / f"{file_name(student)}.json").write_text('{"01.1": 0.5}')
    (out / "similar.json").write_text('[{"first": "ann", "second": "", "exercises": ["01.2"], "bits": 0.0}]')
    return out


@pytest.fixture
def written(results, tmp_path):
    shutil.copytree(results, tmp_path / "out")
    write_pages(tmp_path / "out", rows(tmp_path / "out"))
    return tmp_path / "out"


def test_feedback_says_what_is_wrong_with_input_and_answer(written):
    out = written
    pages = {path.name: path.read_text(encoding="utf-8") for path in (out / "feedback").iterdir()}
    assert pages.keys() == {"ann.html", "eve.html", f"{file_name(EVIL)}.html"}
    text = "".join(Checked(pages[f"{file_name(EVIL)}.html"]).text)
    for said in (EVIL, "ops.mul(a, b)", "came", "expected", "Your code printed:", "58.33", "Look at ops.py from line"):
        assert said in text, said
    assert "Every check passes." in "".join(Checked(pages["ann.html"]).text)
    assert not [name for name, text in pages.items() if re.search(r"[.?]\.<|<pre> ", text)]


def test_the_report_tells_who_needs_a_look_and_why(written):
    out = written
    text = "".join(Checked((out / "report.html").read_text(encoding="utf-8")).text)
    assert "3 students.Isolation: " in text and "Mean 39.4, median 58.3, of 60 points." in text
    assert EVIL not in text and "uses _exit" in text and "is the library's own text" in text and "0.50 s" in text


def test_the_report_tells_whose_submissions_are_no_longer_there(written):
    (written / "gone.json").write_text('["eve"]')
    write_pages(written, rows(written))
    text = "".join(Checked((written / "report.html").read_text(encoding="utf-8")).text)
    assert "From submissions that are no longer there: eve." in text


def test_where_students_were_graded_behind_other_walls_the_report_tells_whose(written):
    path = written / "results" / "eve.json"
    result = json.loads(path.read_text())
    result["extra_data"]["isolation"] = {"means": "limits", "holds": {"files": False, "network": True}}
    path.write_text(json.dumps(result))
    write_pages(written, rows(written))
    text = "".join(Checked((written / "report.html").read_text(encoding="utf-8")).text)
    assert "Isolation of eve: limits.A student's code was not kept from files: " in text
    assert f"Isolation of {EVIL}, ann: " in text


def test_pages_are_the_same_when_they_are_written_again(written):
    out = written
    before = {path: path.read_bytes() for path in [*out.glob("*.html"), *out.glob("feedback/*")]}
    write_pages(out, rows(out))
    assert before == {path: path.read_bytes() for path in before}


# Flags


def flags(text, module="ops"):
    return remarks_on(Submission("ann", {module: text.encode()}), modules())


def test_what_the_library_does_is_nothing_odd():
    for module in modules():
        assert flags(module.library.text, module.name) == [] == flags(module.stub().text, module.name)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import os", "imports os"), ("from tinytorch import kernels", "imports tinytorch.kernels"),
        ("import torch.nn as nn", "imports torch.nn"), ("exec('1')", "uses exec"), ("np.allclose = max", "changes np.allclose"),
        ("import sys; sys._getframe()", "uses _getframe"), ("open('x')", "uses open"),
        ("sys.modules", "uses sys.modules"), ("warnings.sys.modules", "uses sys.modules"), ("table['os']", "uses .'os'"),
    ],
)  # fmt: skip
def test_what_is_odd_is_flagged_with_its_line(line, said):
    found = flags(f"{OPS}\n{line}\n")
    assert any(re.search(rf"ops.py line {len(OPS.splitlines()) + 2}: {said}", flag) for flag in found), found


BY_OTHERS = """
def told(path):
    found = random._os, warnings.sys.modules["time"].perf_counter_ns()
    library = np.ctypeslib.ctypes.CDLL(None)
    return found, library, np.fromfile(path), np.memmap(path), random._os.stat(".").st_ino
"""


def test_clocks_and_files_that_come_by_what_others_imported_are_flagged():
    found = {flag.rpartition(" ")[2] for flag in flags(OPS + BY_OTHERS)}
    assert found == {
        *("_os", "sys", "sys.modules", "['time']", "perf_counter_ns", "ctypeslib", "ctypes", "fromfile", "memmap"),
        "st_ino",
    }


def test_a_stub_that_was_thrown_away_is_flagged():
    bare = "\n".join(f"def {name}(): pass" for name in FIRST.messages)
    assert flags(bare) == ["ops.py: the stub's docstrings are gone"]


def own_way(seed):
    """A right answer to the exercises in somebody's own names and words."""
    rng = np.random.default_rng(seed)
    words = ["grad", "gr", "dy", "up", "incoming", "delta", "top", "dout"]
    names = {"g": f"{words[rng.integers(8)]}{rng.integers(50)}", "y": f"{words[rng.integers(8)]}_{rng.integers(50)}"}
    text = OPS
    for name, other in names.items():
        text = re.sub(rf"\b{name}\b", other, text)
    lines = [
        f"{line}  # step {rng.integers(10**6)}" if "return" in line and rng.random() < 0.5 else line
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def test_only_whoever_copied_is_flagged():
    submissions = [Submission(f"s{i:02}", {"ops": own_way(i).encode()}) for i in range(10)]
    copied = own_way(3).replace("def mul(", "def mul(").replace("import math", "import math  # mine")
    submissions.append(Submission("copy", {"ops": copied.encode()}))
    found = pairs(submissions, [FIRST])
    assert [(pair.first, pair.second) for pair in found] == [("s03", "copy")]
    assert "shares more with copy" in found[0].said("copy")


def test_of_many_exercises_alike_the_rest_is_counted():
    numbers = tuple(f"01.{i}" for i in range(1, 12))
    for other in ("", "bob"):
        assert "01.7, 01.8 and 3 more" in Pair("ann", other, numbers).said(other)
    assert "more" not in Pair("ann", "", numbers[:8]).said("")


def test_a_class_of_right_answers_in_the_same_words_is_not_flagged_pair_by_pair():
    plain = re.sub(r"\bg\b", "grad", OPS)
    assert pairs([Submission(f"s{i}", {"ops": plain.encode()}) for i in range(10)], [FIRST]) == []


def test_the_librarys_own_text_is_flagged():
    (found,) = pairs([Submission("ann", {"ops": OPS.encode()})], [FIRST])
    assert (found.first, found.second) == ("ann", "") and "to the letter in 01." in found.said("")
    stub = Submission("bob", {"ops": FIRST.stub().text.encode()})
    assert pairs([stub], [FIRST]) == [] and Source.of(OPS).functions
