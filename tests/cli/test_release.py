"""`tinytorch release`: a folder for the class, and a sentence where none can be made."""

from tinytorch.cli.main import main
from tinytorch.grading import release as releases


def test_a_release_of_a_module_is_made_once(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["release", "class", "--modules", "2"]) == 0
    assert capsys.readouterr().out == (
        "class: stubs of 02, and no solutions. Pack the folder and give it to your class.\n"
    )
    assert "raise NotImplementedError" in (tmp_path / "class" / "autograd.py").read_text(encoding="utf-8")
    assert main(["release", "class", "--modules", "2"]) == 1
    assert "no release was made" in (said := capsys.readouterr().err) and "a release is made in a new folder" in said


def test_a_module_is_given_or_asked_for_and_not_both(tmp_path, capsys):
    assert main(["release", str(tmp_path / "class"), "--modules", "1-3", "--stand-ins", "3-5"]) == 1
    assert "module 03 cannot be a stub and stand in for itself" in capsys.readouterr().err


def test_what_would_give_a_solution_away_is_not_released(tmp_path, capsys, monkeypatch):
    def leaking(out, stubs, stand_ins):
        raise releases.Leak("a line of add in README.md")

    monkeypatch.setattr(releases, "release", leaking)
    assert main(["release", str(tmp_path / "class")]) == 1
    assert "a solution would be given away: a line of add in README.md" in capsys.readouterr().err
