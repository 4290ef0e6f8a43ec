"""What people read: a page for each student, and one about the class for whoever teaches it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from tinytorch._files import write_whole
from tinytorch.course.exercises import modules
from tinytorch.grading.html import Html, joined, page, tag
from tinytorch.grading.marks import GONE, Row, read_results
from tinytorch.grading.similarity import SIMILAR, Pair
from tinytorch.grading.submissions import file_name

STATES = {"passed": "passes", "failed": "does not pass", "skipped": "not written", "error": "not graded"}
BINS = 10


# A student's page


def feedback(result: Mapping[str, Any], row: Row) -> str:
    """What a student is told: the marks, and of what does not pass, why."""
    data, tests = result["extra_data"], result["tests"]
    content: list[str | None] = [tag("h1", f"Feedback for {row.student}"), _score(row)]
    content += [tag("p", comment) for comment in row.comments]
    if data["state"] != "graded":
        content.append(tag("p", result["output"]))
    content += [tag("p", f"{remark}.", class_="soft") for remark in data["remarks"]]
    if tests:
        content += [tag("h2", "Your marks"), _marks(tests, row)]
    failed = [test for test in tests if test["extra_data"]["state"] == "failed"]
    if failed:
        content.append(tag("h2", "What does not pass yet"))
        content += [_card(test) for test in failed]
    elif tests and all(test["extra_data"]["state"] == "passed" for test in tests):
        content.append(tag("p", "Every check passes."))
    return page(f"Feedback for {row.student}", *content)


def _score(row: Row) -> Html:
    most = f" of {sum(row.most.values()):g} points" if row.most else ""
    if row.final is None:
        return tag("p", "No mark yet", class_="score")
    return tag("p", f"{row.final:g}", tag("small", most), class_="score")


def _marks(tests: Sequence[Mapping[str, Any]], row: Row) -> Html:
    lines = []
    for test in tests:
        state = test["extra_data"]["state"]
        points = row.exercises.get(test["number"])
        earned = "-" if points is None else f"{points:g}"
        lines.append(
            tag(
                "tr",
                tag("td", _title(test)),
                tag("td", STATES[state], class_=state),
                tag("td", f"{earned} / {test['max_score']:g}", class_="n"),
            )
        )
    head = tag("tr", tag("th", "Exercise"), tag("th", "State"), tag("th", "Points", class_="n"))
    return tag("div", tag("table", head, *lines), class_="wide")


def _title(test: Mapping[str, Any]) -> str:
    """What an exercise or a part of the whole is called where people read."""
    name, number = str(test["name"]), str(test["number"])
    return f"All files together: {name.removeprefix(number).strip()}" if number.startswith("whole") else name


def _card(test: Mapping[str, Any]) -> Html:
    """Why an exercise does not pass."""
    data = test["extra_data"]
    right = f"{data['checks'][0]} of {data['checks'][1]} checks pass" if "checks" in data else ""
    head = tag("header", tag("h3", _title(test)), tag("span", right, class_="soft"))
    what = data.get("what") or test["output"].split("\n\n")[0]
    parts: list[str | None] = [head]
    if data.get("shows"):
        parts.append(tag("p", f"What is checked: {data['shows']}.", class_="soft"))
    parts.append(tag("p", tag("strong", what if what.endswith(("?", ".")) else f"{what}.")))
    parts += [tag("pre", dedent(data[key])) for key in ("call", "sides", "trail") if data.get(key)]
    if data.get("because"):
        parts.append(tag("p", data["because"], class_="because"))
    if data.get("printed"):
        parts.append(joined(tag("p", "Your code printed:", class_="soft"), tag("pre", data["printed"])))
    if data.get("line"):
        name = next(module.name for module in modules() if module.number == test["number"][:2])
        parts.append(tag("p", f"Look at {name}.py from line {data['line']} on.", class_="soft"))
    return tag("article", *parts, class_="card")


# The page about the class


def report(
    results: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    timings: Sequence[Mapping[str, float]],
    pairs: Sequence[Pair],
    gone: Sequence[str] = (),
) -> str:
    """What an instructor wants to know of a class."""
    graded = [row for row in rows if row.state == "graded"]
    content: list[str | None] = [tag("h1", "Report on a class")]
    if results:
        content += [tag("p", f"{len(rows)} students.", class_="soft"), *_isolation(results)]
    if gone:
        content.append(tag("p", f"From submissions that are no longer there: {', '.join(gone)}."))
    content += [tag("h2", "Marks"), _distribution(graded), tag("h2", "Exercises"), _exercises(results, timings)]
    content += [tag("h2", "Who needs a look"), _look(results, pairs)]
    return page("Report on a class", *content)


def _isolation(results: Sequence[Mapping[str, Any]]) -> list[Html]:
    """By what code was shut in and what that did not keep it from: of all, and whose where they differ."""
    students: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for result in results:
        data = result["extra_data"]
        open_ = tuple(name for name, held in data["isolation"]["holds"].items() if not held)
        students.setdefault((data["isolation"]["means"], open_), []).append(data["student"])
    said = []
    for (means, open_), names in students.items():
        whose = f" of {', '.join(names)}" if len(students) > 1 else ""
        said.append(tag("p", f"Isolation{whose}: {means}.", class_="soft"))
        if open_:
            walls = f"A student's code was not kept from {', '.join(open_)}"
            said.append(tag("p", f"{walls}: see what follows from that before you use these marks.", class_="error"))
    return said


def _distribution(rows: Sequence[Row]) -> Html:
    marks = [(row.final or 0.0, sum(row.most.values())) for row in rows if row.final is not None]
    if not marks:
        return tag("p", "Nobody was graded.")
    shares = [100 * final / most if most else 0.0 for final, most in marks]
    finals = [final for final, _ in marks]
    most = max(most for _, most in marks)
    said = f"Mean {statistics.fmean(finals):.1f}, median {statistics.median(finals):.1f}, of {most:g} points."
    counts = Counter(min(int(share * BINS // 100), BINS - 1) for share in shares)
    said += " Students by per cent of the points:"
    return joined(tag("p", said), _histogram([counts[i] for i in range(BINS)]))


def _histogram(counts: Sequence[int]) -> Html:
    """Bars from 0 to 100 per cent of the points, each with its number, as narrow as a phone."""
    highest, width, height = max(counts), 32, 140
    bars = []
    for i, count in enumerate(counts):
        tall = round(height * count / highest) if highest else 0
        x = 10 + i * width
        bars.append(tag("rect", x=x + 2, y=20 + height - tall, width=width - 4, height=tall))
        bars.append(
            tag("text", str(count) if count else "", x=x + width // 2, y=14 + height - tall, text_anchor="middle")
        )
    end = 10 + len(counts) * width
    ticks = [
        tag("text", f"{i * 100 // BINS}", x=10 + i * width, y=height + 38, text_anchor="middle")
        for i in range(len(counts) + 1)
    ]
    base = tag("line", x1=10, x2=end, y1=height + 20, y2=height + 20)
    said = ", ".join(
        f"{i * 100 // BINS} to {(i + 1) * 100 // BINS} per cent: {count}" for i, count in enumerate(counts)
    )
    return tag(
        "svg",
        tag("title", said),
        *bars,
        *ticks,
        base,
        viewBox=f"0 0 {end + 12} {height + 48}",
        role="img",
        width=end + 12,
    )


def _exercises(results: Sequence[Mapping[str, Any]], timings: Sequence[Mapping[str, float]]) -> Html:
    """Of each exercise: who fails, what is most often wrong, how long it takes."""
    tests: dict[str, list[Mapping[str, Any]]] = {}
    seconds: dict[str, list[float]] = {}  # of those that were judged
    for result, times in zip(results, timings, strict=True):
        for test in result["tests"]:
            title = _title(test)
            tests.setdefault(title, []).append(test)
            if test["extra_data"]["state"] != "skipped" and test["number"] in times:
                seconds.setdefault(title, []).append(times[test["number"]])
    lines = []
    for title, all_of_it in tests.items():
        states = Counter(test["extra_data"]["state"] for test in all_of_it)
        share = states["failed"] / len(all_of_it)
        known = Counter(_misconception(test) for test in all_of_it if "because" in test["extra_data"])
        common = [
            tag("div", f"{count} of {states['failed']}: {message}", class_="soft")
            for message, count in known.most_common(1)
        ]
        middle = f"{statistics.median(seconds[title]):.2f} s" if title in seconds else ""
        lines.append(
            tag(
                "tr",
                tag("td", title, *common),
                tag("td", _meter(share)),
                tag("td", f"{states['failed']}", class_="n"),
                tag("td", f"{states['skipped']}", class_="n"),
                tag("td", middle, class_="n"),
            )
        )
    first = tag("th", "Exercise, and its commonest misconception")
    more = (tag("th", name, class_="n") for name in ("Not written", "Median time"))
    head = tag("tr", first, tag("th", "Fail", colspan=2), *more)
    return tag("div", tag("table", head, *lines), class_="wide")


def _misconception(test: Mapping[str, Any]) -> str:
    return str(test["extra_data"]["because"]).removeprefix("This is what you get when ")


def _meter(share: float) -> Html:
    inner = tag("span", "", style=f"width: {100 * share:.0f}%")
    return tag("div", inner, class_="meter", role="img", aria_label=f"{share:.0%} fail")


def _look(results: Sequence[Mapping[str, Any]], pairs: Sequence[Pair]) -> Html:
    """Whose work a person should see, and why. These are flags: nobody loses a point by them."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        data = result["extra_data"]
        found = [data[key] for key in ("refused", "error") if data.get(key)]
        found += data["remarks"] + data.get("flags", [])
        found += [
            f"{_title(test)}: {test['output'].split(chr(10))[0]}"
            for test in result["tests"]
            if test["extra_data"].get("kind") in ("ended", "time") or test["extra_data"]["state"] == "error"
        ]
        if found:
            reasons.setdefault(data["student"], []).extend(found)
    for pair in pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            if one:
                reasons.setdefault(one, []).append(pair.said(other))
    if not reasons:
        return tag("p", "Nobody.")
    students = sorted(reasons, key=str.casefold)
    lines = [tag("tr", tag("td", student), tag("td", _listed(reasons[student]))) for student in students]
    note = "A flag is a question, and never a penalty: ten right lines are often the same ten lines."
    return joined(
        tag("p", note, class_="soft"), tag("table", tag("tr", tag("th", "Student"), tag("th", "Why")), *lines)
    )


def _listed(said: Iterable[str]) -> Html:
    lines = list(dict.fromkeys(said))
    more = [f"... and {len(lines) - 8} more"] if len(lines) > 8 else []
    return joined(*(tag("div", line) for line in lines[:8] + more))


# Files


def _times(out: Path, student: str) -> dict[str, float]:
    """Seconds of each exercise of a student, {} where nobody knows."""
    try:
        return dict(json.loads((out / "timings" / f"{file_name(student)}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def write_pages(out: Path, rows: Sequence[Row]) -> None:
    """feedback/ with a page for each student, and report.html."""
    (out / "feedback").mkdir(exist_ok=True)
    results = read_results(out)
    by_student = {row.student: row for row in rows}
    for result in results:
        student = result["extra_data"]["student"]
        write_whole(out / "feedback" / f"{file_name(student)}.html", feedback(result, by_student[student]))
    timings = [_times(out, result["extra_data"]["student"]) for result in results]
    pairs = [Pair(**pair) for pair in json.loads((out / SIMILAR).read_text(encoding="utf-8"))]
    gone = json.loads((out / GONE).read_text(encoding="utf-8")) if (out / GONE).is_file() else []
    write_whole(out / "report.html", report(results, rows, timings, pairs, gone))
