"""`tinytorch grade`, from a folder of whatever people hand in to the gradebook: everybody is graded or told why not."""

import csv
import io
import json
import os
import re
import shutil
import stat
import zipfile
from functools import cache

import pytest

from tests.grading.classroom import SMALL, attacked
from tinytorch.cli.main import main
from tinytorch.grading import batch, grader

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, and names that are no text, are those of POSIX")

HALVES = attacked("raise ValueError('\\udcff\\x1b[2J')", SMALL)
ODD = 'O\'Brien, "Al" =1+1 <script>'


def zipped(place, files, **options):
    with zipfile.ZipFile(place, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def handed_in(folder):
    """Everything that is wrong with submissions, and what is said of each in the report."""
    folder.mkdir()
    link = zipfile.ZipInfo("ops.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    texts = {
        "ann": SMALL, "hal": SMALL, ODD: SMALL, b"no\xfftext": SMALL, "an\x1b[2Jd\n": SMALL,
        "latin": f"# \xe9\n{SMALL}".encode("latin-1"), "halves": HALVES,
    }  # fmt: skip
    for student, text in texts.items():
        place = os.path.join(os.fsencode(folder), os.fsencode(student))
        os.mkdir(place)
        with open(os.path.join(place, b"ops.py"), "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())
    with open(folder / "ann" / "notes.bin", "wb") as stream:
        stream.truncate(100 * 2**20)
    zipped(folder / "hal.zip", {"ops.py": SMALL})
    (folder / "torn.zip").write_bytes(b"PK\x03\x04 torn")
    zipped(folder / "bomb.zip", {"ops.py": bytes(100 * 2**20)}, compression=zipfile.ZIP_DEFLATED)
    zipped(folder / "out.zip", {"../../ops.py": SMALL})
    zipped(folder / "link.zip", {link: "/etc/passwd"})
    (folder / "empty").mkdir()
    (folder / "linked").symlink_to(folder / "ann")
    return {
        "hal": "there are 2 submissions, 'hal' and 'hal.zip'", "torn": "'torn.zip' cannot be read",
        "out": "leads out of the zip", "link": "'ops.py' is a link", "linked": "'linked' is a link",
        "bomb": "ops.py is not Python: it is larger than", "latin": "ops.py line 1 is not Python: it is not saved as UTF-8 text", "empty": "Nothing to grade was handed in: no file is named ops.py",
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _tried():
    """The machine, and the grader, are tried once or by other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grader, "probed", cache(grader.probed))
        patch.setattr(batch, "gates", lambda task, grader: {})
        yield


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    told = handed_in(folder / "in")
    before = sorted(os.listdir(os.fsencode(folder / "in")))
    options = "--modules 1 --workers 1 --allow-weak".split()
    assert main(["grade", str(folder / "in"), "--out", str(folder / "out"), *options]) == 0
    assert sorted(os.listdir(os.fsencode(folder / "in"))) == before and len(os.listdir(folder)) == 2
    return folder / "out", told


def lines_of(out):
    return {line["student"]: line for line in csv.DictReader(io.StringIO((out / "grades.csv").read_text("utf-8")))}


def test_whoever_handed_in_their_work_has_their_mark_whatever_the_others_did(graded):
    finals = {student: line["final"] for student, line in lines_of(graded[0]).items()}
    full = {"ann", ODD, r"no\udcfftext", r"an\x1b[2Jd\n"}
    assert {student for student, final in finals.items() if final == "5"} == full
    assert {student for student, final in finals.items() if final == ""} == {"hal", "torn", "linked"}
    assert finals["halves"] == "0" and len(finals) == 13


def test_what_cannot_be_graded_is_told_in_the_report_and_to_the_student(graded):
    out, told = graded
    report = (out / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"&#x27;", "'", report)
    for student, said in told.items():
        assert said in text, student
        (page,) = (out / "feedback").glob(f"{student}.html")
        assert said in page.read_text(encoding="utf-8").replace("&#x27;", "'"), student
    assert "<script>" not in report and "\x1b" not in report


def test_nothing_that_a_terminal_would_obey_is_printed(graded, capsys):
    out, _ = graded
    assert main(["grade", str(out.parent / "in"), "--out", str(out), "--modules", "1", "--allow-weak"]) == 0
    said = capsys.readouterr().out
    assert "0 graded, 10 as before" in said and "Not readable: hal, linked, torn." in said and "\x1b" not in said


def test_the_last_lines_say_who_has_a_mark_who_has_none_and_of_whom_nothing_is_there(tmp_path, capsys):
    (tmp_path / "in" / "ann").mkdir(parents=True)
    (tmp_path / "in" / "ann" / "ops.py").write_text(SMALL, encoding="utf-8")
    (tmp_path / "in" / "notes.txt").write_text("mine")
    words = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--modules", "1", "--allow-weak"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("Without --salt the inputs are those of `") and "which students know" in said
    assert "1 graded, 0 as before: " in said and "Not readable: notes.txt." in said and "no longer" not in said
    shutil.rmtree(tmp_path / "in" / "ann")
    assert main([*words, "--salt", "term"]) == 0
    said = capsys.readouterr().out
    assert (
        "--salt" not in said
        and "0 graded, 0 as before: " in said
        and "From submissions that are no longer there: ann." in said
    )
    assert lines_of(tmp_path / "out")["ann"]["final"] == "5"


def test_marks_are_put_together_anew_by_export(graded, tmp_path, capsys):
    shutil.copytree(graded[0], tmp_path / "out")
    out = ["--out", str(tmp_path / "out")]
    (tmp_path / "book.csv").write_text("Student,ID,SIS Login ID,Homework 1 (7)\nAnn Lee,1,ann,\nBob Ray,2,bob,\n")
    (tmp_path / "out" / "times.csv").write_text("student,submitted\nann,2026-11-01T08:30\n")
    late = ["--due", "2026-10-31T23:59", "--late", "percent:10"]
    assert main(["grade", "export", *out, "--canvas", str(tmp_path / "book.csv"), *late]) == 0
    assert (tmp_path / "out" / "canvas.csv").read_text().splitlines()[1:] == ["Ann Lee,1,ann,4.5", "Bob Ray,2,bob,"]
    assert "1 day late: 10% less" in lines_of(tmp_path / "out")["ann"]["comments"]
    said = capsys.readouterr().out
    assert "Without a mark there: Bob Ray." in said and "canvas.csv: 1 marks." in said
    assert re.search(r"out.grades\.csv: marks for 10 of 13 students, 1 late\.", said)
    assert json.loads((tmp_path / "out" / "results" / "ann.json").read_text())["score"] == 5  # as it was

    assert main(["grade", "export", *out, "--canvas", str(tmp_path / "book.csv")]) == 1
    assert "say --due and --late with every export" in capsys.readouterr().err
    assert lines_of(tmp_path / "out")["ann"]["final"] == "4.5"
    assert main(["grade", "export", *out, "--late", "none"]) == 0
    assert lines_of(tmp_path / "out")["ann"]["final"] == "5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["export"], "there are no results in"),
        ([".", "--modules", "13"], "--modules takes numbers from 01 to 12"),
        ([".", "--workers", "0"], "--workers takes a number from 1 on"),
        ([".", "--level", "high"], "a level is one of limits, landlock, bubblewrap, both, not 'high'"),
    ],
)
def test_a_command_that_cannot_be_done_is_told(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["grade", *words, "--out", "out"]) != 0
    assert said in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--late", "cutoff"], "a late policy needs --due"),
        (["--due", "tomorrow"], "a time is written as 2026-10-31T23:59, not 'tomorrow'"),
        (["--late", "often", "--due", "2026-10-31"], "a late policy is none, cutoff"),
        (["--canvas", "book.csv"], "book.csv has none of the columns SIS User ID"),
        (["--moodle", "nowhere.csv"], "No such file or directory: nowhere.csv"),
    ],
)
def test_an_export_that_cannot_be_done_is_told_and_leaves_the_marks(graded, words, said, tmp_path, monkeypatch, capsys):
    shutil.copytree(graded[0], tmp_path / "out")
    (tmp_path / "book.csv").write_text("name,mark\nann,\n")
    monkeypatch.chdir(tmp_path)
    before = (tmp_path / "out" / "grades.csv").read_bytes()
    assert main(["grade", "export", "--out", "out", *words]) == 1
    assert said in capsys.readouterr().err and (tmp_path / "out" / "grades.csv").read_bytes() == before
