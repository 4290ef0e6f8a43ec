"""The quiz: what it shows, what it asks, what it keeps, and how it counts."""

import io
import json

import pytest

from tinytorch import datasets
from tinytorch.cli import main as cli
from tinytorch.cli import quiz as quiz_module
from tinytorch.cli.quiz import score

TRUTHS = [int(label) for label in datasets.mnist1d()[1].tensors[1].array[:10]]


@pytest.fixture
def quiz(tmp_path, monkeypatch, capsys):
    """A sitting in which these lines are typed: its status, what it shows and what it says on standard error."""

    def sit(typed, *words, file="answers.json"):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        try:
            status = cli.main(["quiz", "--answers", str(tmp_path / file), *words])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return sit


def row(out, name):
    """What stands behind a name in the table."""
    (line,) = [line for line in out.splitlines() if line.startswith(name)]
    return " ".join(line.removeprefix(name).split())


def test_right_and_wrong_answers_are_told_counted_and_kept(quiz, tmp_path):
    wrong = (TRUTHS[1] + 1) % 10
    status, out, err = quiz([TRUTHS[0], wrong], "--signals", "2")
    assert status == 0 and err == ""
    assert out.count("Right.") == 1 and f"It was {TRUTHS[1]}." in out
    assert row(out, "you, in all") == "50.0 1 of 2: 9 to 91 likely" and "you, now" not in out
    assert f"missed: {TRUTHS[1]} taken for {wrong}" in out
    assert row(out, "convolutional network") == "94 published"
    kept = json.loads((tmp_path / "answers.json").read_text())
    assert kept == [
        {"signal": 0, "guess": TRUTHS[0], "truth": TRUTHS[0]},
        {"signal": 1, "guess": wrong, "truth": TRUTHS[1]},
    ]


def test_the_next_sitting_goes_on_where_the_last_one_stopped(quiz, tmp_path):
    quiz([*TRUTHS[:3], "q"])
    _, out, _ = quiz(TRUTHS[3:5], "--signals", "2")
    assert row(out, "you, now").startswith("100.0 2 of 2") and row(out, "you, in all").startswith("100.0 5 of 5")
    assert [answer["signal"] for answer in json.loads((tmp_path / "answers.json").read_text())] == [0, 1, 2, 3, 4]


def test_what_is_no_digit_is_asked_again_and_the_shapes_are_shown_on_request(quiz, tmp_path):
    status, out, _ = quiz(["ten", "", "12", "?", TRUTHS[0]], "--signals", "1")
    assert status == 0 and out.count(quiz_module.HELP) == 3 and out.count("The ten shapes") == 2
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 1


def test_stopping_at_once_keeps_nothing_and_the_end_of_input_is_a_stop(quiz, tmp_path):
    for typed in (["q"], []):
        status, out, err = quiz(typed)
        assert status == 0 and err == "" and "you" not in out
    assert not (tmp_path / "answers.json").exists()


def test_a_signal_is_drawn_where_there_is_braille_and_where_there_is_not(quiz, monkeypatch):
    for braille in (True, False):
        monkeypatch.setattr(quiz_module.text, "can_draw_braille", lambda stream, b=braille: b)
        _, out, _ = quiz(["q"])
        assert out.isascii() is not braille and "1/20 which digit?" in out
        assert max(map(len, out.splitlines())) <= 60


def test_interrupted_it_keeps_and_shows_what_was_answered(quiz, tmp_path, monkeypatch):
    said = iter([str(TRUTHS[0])])

    def answer_once(prompt):
        try:
            return next(said)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("builtins.input", answer_once)
    status, out, err = quiz([])
    assert status == 130 and "1 of 1" in out and "interrupted" in err
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 1


def test_when_all_were_shown_it_says_so(quiz, tmp_path):
    everything = [{"signal": i, "guess": 0, "truth": 0} for i in range(1000)]
    (tmp_path / "answers.json").write_text(json.dumps(everything))
    status, out, err = quiz([])
    assert status == 2 and out == "" and "all 1000 signals were shown" in err


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[1]", '[{"signal": 0}]'])
def test_a_file_of_something_else_is_left_alone(quiz, tmp_path, content):
    (tmp_path / "answers.json").write_text(content)
    status, out, err = quiz(["1"])
    assert status == 2 and out == "" and len(err.splitlines()) == 1 and "move it away" in err
    assert (tmp_path / "answers.json").read_text() == content


def test_a_number_of_signals_below_one_is_refused(quiz):
    assert quiz([], "--signals", "0")[0] == 2


def test_the_interval_is_wilsons():
    answers = [{"signal": i, "guess": 0, "truth": int(i >= 383)} for i in range(400)]
    assert score(answers[-2:]) == ("0.0", "0 of 2: 0 to 66 likely")
    assert score(answers) == ("95.8", "383 of 400: 93 to 97 likely")
