"""What counts and times a Raspberry Pi's work: it skips with a sentence, reads a runner's answer, and prints a table."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import emulated, pi

ROOT = Path(__file__).resolve().parents[1]
COUNTS = {"insns": 305_000_000, "guest_peak_rss_kb": 21504, "regions": {"libm.so.6": [10, 0], "python3.11": [3e8, 0]}}
SAID = "[x] Pi Zero estimate (cache model): 1.3 - 1.7 - 2.1 s (low-mid-high), plus reads of the card"


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A runner that counts nothing, and writes down how it was called."""
    script = tmp_path / "runner"
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'called')!r}).write_text(json.dumps(sys.argv[1:]))\n"
        "if 'fail' in sys.argv: sys.exit('no such profile')\n"
        f"pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text({json.dumps(COUNTS)!r})\n"
        f"print({SAID!r})\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("RPI_RUN", str(script))
    return lambda: json.loads((tmp_path / "called").read_text())


def test_without_a_runner_nothing_is_emulated_and_a_sentence_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("RPI_RUN", raising=False)
    monkeypatch.setattr(sys, "argv", ["emulated", "--out", str(tmp_path / "pi.json")])
    emulated.main()
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "RPI_RUN" in said and not (tmp_path / "pi.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="the runner is a script")
def test_a_run_is_counted_with_its_memory_and_its_estimate(runner):
    row = emulated.counted("-c", "import numpy", profile="a53")
    assert row == {
        "insns_M": 305.0,
        "memory_MB": 21.0,
        "seconds_low_mid_high": [1.3, 1.7, 2.1],
        "by_library_M": {"python3.11": 300.0},
    }
    called = runner()
    assert called[:2] == ["--profile", "a53"] and "--cache" in called and called[-2:] == ["-c", "import numpy"]
    with pytest.raises(SystemExit, match="no such profile"):
        emulated.counted("fail")


def kept():
    """Runs that stand exactly at every limit."""
    rows = {}
    for name, limits in emulated.LIMITS.items():
        row = {what: limits.get(what, 1.0) for what in ("insns_M", "memory_MB")}
        row["seconds_low_mid_high"] = [1.0, 2.0, limits.get("seconds", 3.0)]
        if "accuracy" in limits:
            row["accuracy_percent"] = {"mean": limits["accuracy"], "each": []}
        rows[name] = row
    return rows


def test_a_limit_is_kept_up_to_its_very_figure():
    assert emulated.misses(kept()) == []


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("import tinytorch", {"insns_M": 350.1}, "import tinytorch: insns_M 350.1, and the limit is 350"),
        ("check 04.3", {"memory_MB": 64.1}, "check 04.3: memory_MB 64.1, and the limit is 64"),
        ("a typical check", {"insns_M": 600.1}, "a typical check: insns_M 600.1, and the limit is 600"),
        ("zero tinydigits-mlp", {"seconds_low_mid_high": [4, 5, 7.1]}, "zero tinydigits-mlp: seconds 7.1, "),
        ("zero tinydigits-mlp", {"seconds_low_mid_high": None}, "zero tinydigits-mlp: seconds None, "),
        ("a53 mnist1d-cnn", {"accuracy_percent": {"mean": 93.9}}, "a53 mnist1d-cnn: accuracy 93.9, "),
        ("a53 mnist1d-cnn", {"accuracy_percent": {}}, "a53 mnist1d-cnn: accuracy None, "),
    ],
)
def test_a_limit_that_is_missed_or_not_measured_is_named(name, change, said):
    runs = kept()
    runs[name] |= change
    (one,) = emulated.misses(runs)
    assert one.startswith(said)


def test_a_typical_check_takes_what_half_of_them_do_with():
    rows = [{"insns_M": insns, "memory_MB": memory} for insns, memory in ((500, 24.0), (900, 30.0), (590.04, 20.0))]
    found = emulated.typical(rows)
    assert (found["insns_M"], found["memory_MB"]) == (590.0, 30.0)
    assert emulated.typical([*rows, {"insns_M": 1, "memory_MB": None}])["memory_MB"] is None


def test_accuracies_go_to_the_runs_of_their_preset():
    runs = {"zero mnist1d-cnn": {"insns_M": 1}, "a53 mnist1d-cnn": {"insns_M": 2}, "check 01.3": {"insns_M": 3}}
    found = {"mnist1d-cnn": {"mean": 88.2, "each": [88.2]}}
    assert emulated.with_accuracies(runs, "pi", found) == {
        **runs, "a53 mnist1d-cnn": {"insns_M": 2, "accuracy_percent": found["mnist1d-cnn"]},
    }  # fmt: skip
    assert "accuracy_percent" in emulated.with_accuracies(runs, "zero", found)["zero mnist1d-cnn"]


def test_the_table_of_an_owner_has_a_line_for_each_training(monkeypatch, capsys):
    run = {"seconds": 5.25, "cpu": 5.0, "memory": 41, "out": ""}
    monkeypatch.setattr(pi, "facts", lambda: {"board": "Raspberry Pi Zero W Rev 1.1", "blas": "OpenBLAS"})
    monkeypatch.setattr(pi, "second_of_two", lambda *words: dict(run))
    monkeypatch.setattr(pi, "trained", lambda name, preset: {**run, "accuracy": 97.5})
    monkeypatch.setattr(sys, "argv", ["pi", "--preset", "zero"])
    pi.main()
    lines = capsys.readouterr().out.splitlines()
    assert "Zero W" in lines[0] and any(line.startswith("preset") and line.endswith("zero") for line in lines)
    assert [line.split()[0] for line in lines[-4:]] == list(pi.NAMES) and lines[-1].split()[1:] == [
        "5.25",
        "5.0",
        "41",
        "97.5",
    ]
    assert max(map(len, lines)) <= 80


def test_a_check_in_one_process_comes_to_the_same_as_in_two():
    script = str(ROOT / "benchmarks" / "one_check.py")
    run = subprocess.run(
        [sys.executable, script, "05.2"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert run.returncode == 0 and run.stdout.endswith("checks pass\n"), run.stderr
