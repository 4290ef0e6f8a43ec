"""The help of every command: it names the program as it was typed, and fits a terminal of 60 columns."""

import sys

import pytest

from tinytorch.cli.main import COMMANDS, main

ACTIONS = [[name] for name in COMMANDS] + [["data", action] for action in ("list", "path", "fetch", "verify")]


@pytest.mark.parametrize("typed", ["tinytorch", "python -m tinytorch"])
@pytest.mark.parametrize("words", [[], *ACTIONS], ids=" ".join)
def test_help_fits_a_narrow_terminal(words, typed, monkeypatch, capsys):
    started = "/nowhere/bin/tinytorch" if typed == "tinytorch" else "/nowhere/tinytorch/__main__.py"
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(sys, "orig_argv", ["python", started])
    monkeypatch.setattr("shutil.which", lambda name: f"/nowhere/bin/{name}")
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and said.startswith(f"usage: {' '.join([typed, *words])} ")
    assert [line for line in said.splitlines() if len(line) > 60] == []


def test_a_line_of_help_goes_on_below_its_last_column(monkeypatch):
    from tinytorch.cli.main import _fitted

    assert _fitted("  full   for a laptop or a server", 24) == "  full   for a laptop or\n         a server"
    assert _fitted("  --long-option N   what it is", 24) == "  --long-option N\n      what it is"
    assert _fitted("    one word after the other", 24) == "    one word after the\n    other"
    assert _fitted("as it is", 24) == "as it is"
