"""Marks: what is changed by hand, what lateness costs, and what gradebooks of others look like."""

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from tinytorch.grading.gradebook import fill_canvas, fill_moodle
from tinytorch.grading.marks import Late, Row, Wrong, harmless, rows, write_grades

PAGE = Path(__file__).resolve().parents[2] / "book" / "instructors.md"
DUE = datetime(2026, 10, 31, 23, 59)


def put_result(out, student, points, state="graded"):
    """A result with two exercises of ten points."""
    (out / "results").mkdir(exist_ok=True)
    tests = [
        {"name": f"01.{i} Title", "number": f"01.{i}", "max_score": 10, "score": p, "extra_data": {"state": "failed"}}
        for i, p in enumerate(points, 1)
    ]
    if state == "error":
        del tests[0]["score"]
    data = {"student": student, "state": state, "remarks": []}
    name = "".join(c for c in student if c.isalnum())
    (out / "results" / f"{name}.json").write_text(json.dumps({"output": "", "tests": tests, "extra_data": data}))


@pytest.fixture
def out(tmp_path):
    for student, points in (("ann", (10, 5)), ("=cmd()", (3, 3)), ('O\'Brien, "Al"', (1.5, 0))):
        put_result(tmp_path, student, points)
    put_result(tmp_path, "eve", (0, 5), "error")
    return tmp_path


def of(found, student):
    return next(row for row in found if row.student == student)


@pytest.mark.parametrize(
    ("policy", "days", "left"),
    [
        ("none", 99, 1), ("cutoff", 0, 1), ("cutoff", 1, 0), ("percent:10", 3, 0.7), ("percent:10", 30, 0),
        ("grace:3", 3, 1), ("grace:3", 4, 0), ("grace:2,percent:25", 3, 0.75), ("grace:2, percent:25", 9, 0),
    ],
)  # fmt: skip
def test_what_lateness_costs(policy, days, left):
    assert Late.of(policy).share(days) == pytest.approx(left)


@pytest.mark.parametrize("policy", ["", "percent", "percent:x", "grace:-1", "lots", "percent:10;cutoff"])
def test_a_policy_that_is_none_is_refused(policy):
    with pytest.raises(Wrong, match="a late policy is"):
        Late.of(policy)


def test_lateness_is_counted_in_days_that_have_begun_and_extensions_are_per_student(out):
    late = Late.of("percent:10")
    (out / "times.csv").write_text("student,submitted,extension\nann,2026-11-01T00:00,\n=cmd(),2026-11-02T00:00,2\n")
    found = rows(out, DUE, late)
    assert (of(found, "ann").days_late, of(found, "ann").final) == (1, 13.5)
    assert (of(found, "=cmd()").days_late, of(found, "=cmd()").final) == (0, 6)
    (out / "times.csv").write_text("student,submitted,grace\nann,2026-11-01T12:00,0\n")
    assert of(rows(out, DUE, Late.of("grace:3")), "ann").final == 0
    assert of(rows(out), "ann").final == 15  # no policy, nothing stored


def test_the_example_of_the_page_is_what_it_says(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    table = re.search(r"((?: {4}.*\n)+)", page[page.index("    student,submitted") :])[1]
    (tmp_path / "times.csv").write_text(table.replace(" ", ""))
    due, policy = re.search(r"--due (\S+)\n--late ([\w:,]+)", page).groups()
    for student in ("ann", "bob"):
        put_result(tmp_path, student, (10, 10))
    ann, bob = rows(tmp_path, datetime.fromisoformat(due), Late.of(policy))
    assert (ann.days_late, ann.final, bob.days_late, bob.final) == (3, 16, 0, 20)
    assert "third day late" in page and "cost her 20 per cent" in page


def test_changes_by_hand_come_on_top_and_a_total_is_final(out):
    (out / "overrides.csv").write_text(
        "student,exercise,points,comment\nann,01.2,9,as discussed\neve,01.1,7,\n=cmd(),,20,in person\n"
    )
    (out / "times.csv").write_text("student,submitted\nann,2026-11-01T00:00\n=cmd(),2026-12-01T00:00\n")
    before = {path: path.read_bytes() for path in (out / "results").iterdir()}
    found = rows(out, DUE, Late.of("percent:50"))
    assert of(found, "ann").final == 9.5 and of(found, "ann").comments[0] == "01.2: as discussed"
    assert of(found, "=cmd()").comments[0] == "in person"
    assert of(found, "eve").final == 12 and of(found, "=cmd()").final == 20
    assert before == {path: path.read_bytes() for path in (out / "results").iterdir()}


def test_parts_of_the_whole_have_columns_and_are_changed_by_hand_as_exercises_are(out):
    path = out / "results" / "ann.json"
    result = json.loads(path.read_text())
    for name in ("expression", "chain"):
        facts = {"number": f"whole 03 {name}", "name": f"whole 03 {name} what it shows", "max_score": 5, "score": 5}
        result["tests"].append({**facts, "extra_data": {"state": "passed"}})
    path.write_text(json.dumps(result))
    (out / "overrides.csv").write_text("student,exercise,points\nann,whole 03 chain,2\n")
    found = rows(out)
    assert of(found, "ann").final == 22
    write_grades(out, found)
    assert (out / "grades.csv").read_text().splitlines()[0].endswith("01.2,whole 03 expression,whole 03 chain,comments")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("overrides.csv", "student,exercise,points\nzoe,,3\n", "line 2 names 'zoe'"),
        ("overrides.csv", "student,exercise,points\nann,09.9,3\n", "names '09.9', which was not graded"),
        ("overrides.csv", "student,exercise,points\nann,,nan\n", "'nan' is not a number"),
        ("overrides.csv", "name,points\nann,3\n", "has no column 'student'"),
        ("times.csv", "student,submitted\nann,yesterday\n", "a time is written as"),
        ("times.csv", "student,submitted\nzoe,2026-11-01T00:00\n", "names 'zoe'"),
        ("times.csv", "student,submitted\nann,2026-11-01T00:00+01:00\n", "must both have a zone"),
    ],
)
def test_a_file_that_cannot_be_understood_is_told_with_its_line(out, name, text, said):
    (out / name).write_text(text)
    with pytest.raises(Wrong, match=said):
        rows(out, DUE, Late.of("cutoff"))


def test_a_table_is_read_whatever_wrote_it(out):
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        (out / "overrides.csv").write_bytes("student,exercise,points,comment\r\nann,,1,é\r\n".encode(encoding))
        assert of(rows(out), "ann").comments == ["é"], encoding


def test_whoever_has_an_error_has_no_mark(out):
    row = of(rows(out), "eve")
    assert row.total is None and row.final is None


def test_grades_are_csv_that_no_spreadsheet_runs(out):
    found = rows(out)
    write_grades(out, found)
    lines = list(csv.reader(io.StringIO((out / "grades.csv").read_text(encoding="utf-8"))))
    assert lines[0] == ["student", "state", "final", "total", "most", "days late", "share", "01.1", "01.2", "comments"]
    assert [line[0] for line in lines[1:]] == ["'=cmd()", 'O\'Brien, "Al"', "ann", "eve"]
    assert lines[3][2] == "15" and lines[4][2] == "" and lines[4][7] == ""
    for text in ("=1", "+1", "-1", "@x", "\tx"):
        assert harmless(text) == f"'{text}"
    assert harmless("a=1") == "a=1"


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (77),Homework 2 (78),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,20,20,(read only)
"Ann, Lee",101,u1,ann,A,,5,
"Al, O'Brien",102,u2,,A,,,
"Bob, Ray",103,u3,bob@school.edu,A,,,
"""

MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade
Participant 7,Ann Lee,ann@school.edu,Submitted,,20.00
Participant 8,Bob Ray,bob@school.edu,Submitted,,20.00
"""


def marks(**finals):
    return [Row(student, "graded", {}, {}, final=final) for student, final in finals.items()]


def test_canvas_gets_its_own_book_back_with_one_column_filled(tmp_path):
    book = tmp_path / "book.csv"
    book.write_text(CANVAS, encoding="utf-8-sig")
    filled = fill_canvas(book, tmp_path / "canvas.csv", marks(ann=13.5, bob=None, zoe=3.0), "Homework 1")
    assert (filled.filled, filled.unknown, filled.unmarked) == (1, ["zoe"], ["Al, O'Brien", "Bob, Ray"])
    assert (tmp_path / "canvas.csv").read_text() == CANVAS.replace("ann,A,,5,", "ann,A,13.5,5,")


def test_students_are_found_by_whatever_the_book_calls_them(tmp_path):
    book = tmp_path / "book.csv"
    book.write_text(CANVAS)
    for student in ("ANN", "101", "u1", "Ann, Lee", "Lee Ann"):
        one = [Row(student, "graded", {}, {}, final=1.0)]
        assert fill_canvas(book, tmp_path / "canvas.csv", one, "Homework 1 (77)").filled == 1, student
    assert fill_canvas(book, tmp_path / "canvas.csv", marks(bob=1.0), "Homework 2").filled == 1


def test_two_students_of_one_line_are_told_and_neither_is_filled_in(tmp_path):
    book = tmp_path / "book.csv"
    book.write_text(CANVAS)
    both = [Row(student, "graded", {}, {}, final=1.0) for student in ("ann", "u1", "bob")]
    for found in (both, both[::-1]):
        filled = fill_canvas(book, tmp_path / "canvas.csv", found, "Homework 1")
        assert (filled.filled, sorted(filled.unknown)) == (1, ["ann", "u1"]) and "Ann, Lee" in filled.unmarked


def test_moodle_gets_its_own_book_back(tmp_path):
    book = tmp_path / "book.csv"
    book.write_text(MOODLE)
    assert fill_moodle(book, tmp_path / "moodle.csv", marks(ann=13.5, bob=2.0)).filled == 2
    text = (tmp_path / "moodle.csv").read_text()
    assert "Submitted,13.5,20.00" in text and "Submitted,2,20.00" in text
    for student in ("7", "Participant 7", "Ann Lee", "ann@school.edu"):
        one = [Row(student, "graded", {}, {}, final=1.0)]
        assert fill_moodle(book, tmp_path / "moodle.csv", one).filled == 1, student


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", "", "none of the columns"),
        ("a,b\n1,2\n", "", "none of the columns"),
        (CANVAS, "", "more than one column"),
        (CANVAS, "Homework", "more than one column"),
        (CANVAS, "Essay", "no column for the marks: choose one with --column from 'Homework 1 \\(77\\)'"),
        (CANVAS.replace('"Ann', '"An"n'), "Homework 1", "is not CSV"),
    ],
)
def test_a_book_with_other_columns_is_told(tmp_path, text, column, said):
    (tmp_path / "book.csv").write_text(text)
    with pytest.raises(Wrong, match=said):
        fill_canvas(tmp_path / "book.csv", tmp_path / "canvas.csv", marks(ann=1.0), column)
    assert not (tmp_path / "canvas.csv").exists()
