"""The page on the Raspberry Pi: its figures are those of `make pi`, and where there are none, it says so."""

import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "book" / "raspberry-pi.md"
RUN = {
    "insns_M": 1370.0, "memory_MB": 38.5, "seconds_low_mid_high": [5.9, 7.8, 9.4],
    "by_library_M": {"python3.11": 600.0, "libc.so.6": 85.0, "libopenblas_armv6-r0.3.21.so": 274.0, "libz.so.1": 13.7},
    "accuracy_percent": {"mean": 88.16, "each": [90.3, 86.0]},
}  # fmt: skip


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The tables of the page, each a list of rows, with these results beside it; None where there are none."""
    pytest.importorskip("IPython", reason="IPython is not installed")

    def shown(results):
        (tmp_path / "book").mkdir()
        place = tmp_path / "benchmarks" / "results" / "pi.json"
        place.parent.mkdir(parents=True)
        if results is not None:
            place.write_text(json.dumps(results))
        monkeypatch.chdir(tmp_path / "book")
        names, found = {}, []
        for cell in re.findall(
            r"```\{code-cell\} python\n:tags.*?\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
        ):
            *before, last = cell.rstrip().splitlines()
            exec("\n".join(before), names)
            lines = eval(last, names).data.splitlines()
            found.append([[part.strip() for part in line.strip("|").split("|")] for line in lines])
        return found

    return shown


def test_its_figures_are_those_of_the_results(tables):
    check = {"insns_M": 499.6, "memory_MB": 26.0, "seconds_low_mid_high": [1, 2, 3], "by_library_M": {}}
    limits = {"zero mnist1d-cnn": {"seconds": 10, "memory_MB": 64, "accuracy": 78}, "check 04.3": {"insns_M": 600}}
    runs = {"zero mnist1d-cnn": RUN, "a53 mnist1d-cnn": {**RUN, "memory_MB": None}, "check 04.3": check}
    expected, spent = tables({"runs": runs, "limits": limits})
    assert expected[2:] == [
        ["Pi Zero: mnist1d-cnn", "1,370", "38.5", "5.9 · 7.8 · 9.4", "88.2", "10 s, 78 %"],
        ["Zero 2 W, 64 bits: mnist1d-cnn", "1,370", "not measured", "5.9 · 7.8 · 9.4", "88.2", ""],
        ["Pi Zero: a check of exercise 04.3", "500", "26.0", "", "", "600 M"],
    ]
    assert spent[2:] == [
        ["Pi Zero: mnist1d-cnn", "50", "0", "20", "0", "1"],
        ["Zero 2 W, 64 bits: mnist1d-cnn", "50", "0", "20", "0", "1"],
    ]


def test_without_results_it_says_that_nothing_was_measured(tables):
    said = [sentence for ((sentence,),) in tables(None)]
    assert len(said) == 2 and all(one.startswith("Not measured") and "make pi" in one for one in said)
