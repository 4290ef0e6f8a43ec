"""The demo, run as people run it: what it prints, what it writes, and what it says when something is wrong."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import tinytorch
from tinytorch._files import UNFINISHED_PREFIX
from tinytorch.cli import CommandError
from tinytorch.cli import demo as demo_module
from tinytorch.cli import main as cli
from tinytorch.cli.demo import check_writable
from tinytorch.recipes import PRESETS, RECIPES, Figures

ROOT = Path(tinytorch.__file__).parents[1]
KEYS = ["dataset", "model", "parameters", "epochs", "seconds", "train_accuracy", "test_accuracy", "seed"]
UNWANTED = ("COLUMNS", "NO_COLOR", "PYTHONUNBUFFERED")  # as on a terminal of one's own
QUICK = ("--only", "tinydigits-mlp", "--epochs", "2")
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no POSIX signals and terminals here")


def environment(**changes):
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    paths = os.pathsep.join([*([str(changes.pop("first"))] if "first" in changes else []), str(ROOT)])
    return {**kept, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "TERM": "xterm", **changes}


def start(*words, **changes):
    command = [sys.executable, "-m", "tinytorch", *map(str, words)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment(**changes), encoding="utf-8", **streams)


def tinytorch_(*words, **changes):
    process = start(*words, **changes)
    out, err = process.communicate()
    assert "Traceback" not in err
    return process.returncode, out, err


def demo(*words, **changes):
    """Standard output and error of a demo that goes well."""
    status, out, err = tinytorch_("demo", *words, **changes)
    assert status == 0, err
    return out, err


@pytest.fixture
def refused(capsys):
    """The one sentence of a command that is refused before it does anything, called in this process."""

    def call(*words, status=2):
        try:
            returned = cli.main([*map(str, words)])
        except SystemExit as end:
            returned = end.code
        return one_sentence(returned, *capsys.readouterr(), status)

    return call


def one_sentence(returned, out, err, status):
    assert (returned, out) == (status, "")
    assert err.count("\n") == 1 and err.endswith("\n") and len(err) > 20
    return err


def table(out):
    """The rows of the printed table: [["tinydigits", "mlp", "19,210", ...], ...]."""
    return [re.split(r"  +", line) for line in out.splitlines() if re.match("(tinydigits|mnist1d)  ", line)]


@pytest.fixture(scope="module")
def all_four(tmp_path_factory):
    """One run of everything: what it printed, and the objects it wrote."""
    file = tmp_path_factory.mktemp("demo") / "figures.json"
    out, err = demo("--epochs", 1, "--json", file)
    assert [*file.parent.iterdir()] == [file]
    return out, err, json.loads(file.read_text(encoding="utf-8"))


# What it prints and writes


def test_figures_have_exactly_these_keys_and_types(all_four):
    *_, objects = all_four
    assert [f"{o['dataset']}-{o['model']}" for o in objects] == list(RECIPES)
    for o in objects:
        assert list(o) == KEYS
        assert [type(o[key]) for key in KEYS] == [str, str, int, int, float, float, float, int]
        assert 0 < o["test_accuracy"] < 1 and 0 < o["train_accuracy"] < 1 and o["seconds"] > 0
        assert o["seed"] == 0 and o["epochs"] == 1
    for o in objects:
        network = RECIPES[f"{o['dataset']}-{o['model']}"].network()
        assert o["parameters"] == sum(p.numel() for p in network.parameters())


def test_the_table_tells_what_the_figures_do(all_four):
    out, _, objects = all_four
    for row, o in zip(table(out), objects, strict=True):
        assert row[:4] == [o["dataset"], o["model"], f"{o['parameters']:,}", str(o["epochs"])]
        assert abs(float(row[4]) - o["seconds"]) <= 0.0501
        assert row[5:] == [f"{100 * o['train_accuracy']:.1f} %", f"{100 * o['test_accuracy']:.1f} %"]


def test_every_network_has_its_curve(all_four):
    out, *_ = all_four
    assert all(out.count(name) == 1 for name in RECIPES)
    assert out.count("epoch 1") == out.count("100 %") == 4


def test_what_was_said_of_the_last_epoch_is_what_came_out(all_four):
    _, err, objects = all_four
    said = re.findall(r"test accuracy (\S+)", err)
    assert said == [f"{o['test_accuracy']:.4f}" for o in objects]


def test_without_a_terminal_it_is_one_plain_line_per_epoch():
    out, err = demo("--only", "tinydigits-mlp", "tinydigits-cnn", "--epochs", 3)
    figures = r"loss \d\.\d{4}  accuracy [01]\.\d{4}  test accuracy [01]\.\d{4}  \d+\.\d\d s"
    expected = [f"{name} epoch {i}/3" for name in ("tinydigits-mlp", "tinydigits-cnn") for i in (1, 2, 3)]
    lines = err.splitlines()
    assert [line.split("  ")[0] for line in lines] == expected
    assert all(re.fullmatch(f"[-a-z]+ epoch ./3  {figures}", line) for line in lines)
    assert "\033" not in out + err and "\r" not in out + err


def test_the_same_seed_gives_the_same_network_and_another_seed_another(tmp_path):
    def figures(name, *words):
        demo(*QUICK, "--json", tmp_path / name, *words)
        objects = json.loads((tmp_path / name).read_text())
        return [{key: value for key, value in o.items() if key != "seconds"} for o in objects]

    two = figures("a", "--seed", 3, "--seeds", 2)
    assert [o["seed"] for o in two] == [3, 4]
    assert figures("b", "--seed", 4) == two[1:]
    assert two[0]["train_accuracy"] != two[1]["train_accuracy"]


def test_several_seeds_give_a_mean_and_a_spread(tmp_path):
    out, err = demo(*QUICK, "--seeds", 3, "--json", tmp_path / "figures.json")
    (row,) = table(out)
    tested = [100 * o["test_accuracy"] for o in json.loads((tmp_path / "figures.json").read_text())]
    assert row[-1] == f"{statistics.mean(tested):.1f} ± {statistics.stdev(tested):.1f} %"
    assert "mean ± standard deviation over the seeds 0 to 2" in out
    assert [line.split(" epoch")[0] for line in err.splitlines()] == [
        f"tinydigits-mlp seed {seed}" for seed in (0, 0, 1, 1, 2, 2)
    ]


def test_only_may_be_repeated_and_keeps_its_order_once():
    out, err = demo("--only", "tinydigits-cnn", "--only", "tinydigits-mlp", "tinydigits-cnn", "--epochs", 1)
    assert [row[1] for row in table(out)] == ["cnn", "mlp"] and len(err.splitlines()) == 2


def test_a_stream_that_knows_only_ascii_gets_ascii():
    out, err = demo(*QUICK, "--seeds", 2, PYTHONIOENCODING="ascii")
    assert (out + err).isascii() and "+-" in out and "***" in out


def test_narrow_terminals_get_charts_below_each_other():
    names = ("tinydigits-mlp", "tinydigits-cnn")
    for columns, side_by_side in ((80, True), (60, False)):
        out, _ = demo("--only", *names, "--epochs", 1, COLUMNS=str(columns))
        assert any(all(name in line for name in names) for line in out.splitlines()) is side_by_side


@pytest.mark.parametrize("words", [(), ("--seeds", 2)], ids=["one seed", "two seeds"])
@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_everything_fits_the_terminal(words, columns, encoding):
    names = ("tinydigits-mlp", "mnist1d-mlp")
    changes = {"COLUMNS": str(columns), "PYTHONIOENCODING": encoding}
    out, _ = demo("--only", *names, "--epochs", 1, *words, **changes)
    assert max(map(len, out.splitlines())) <= columns
    assert len(table(out)) == 2 and [row[-1][-1] for row in table(out)] == ["%", "%"]
    if columns == 80:
        assert "parameters  epochs  seconds  train accuracy  test accuracy" in out


def test_what_is_left_out_of_a_narrow_table_does_not_depend_on_the_training(all_four):
    *_, objects = all_four
    results = {name: [(Figures(**o), None)] * 2 for name, o in zip(RECIPES, objects, strict=True)}
    heads = {
        columns: demo_module.table(results, "±", columns).splitlines()[0].split() for columns in (77, 74, 62, 50, 9)
    }
    short = ["data", "model", "params", "epochs", "seconds", "train", "test"]
    assert heads[77][2:] == ["parameters", "epochs", "seconds", "train", "accuracy", "test", "accuracy"]
    assert heads[74] == short and heads[62] == [*short[:2], *short[3:]]
    assert heads[50] == heads[9] == [*short[:2], *short[4:]]


def test_figures_can_be_sent_down_a_pipe():
    out, _ = demo(*QUICK, "--json", "/dev/stdout")
    objects, _ = json.JSONDecoder().raw_decode(out)
    assert list(objects[0]) == KEYS


def test_a_preset_may_be_named_and_its_curves_are_those_of_training_where_nobody_looked(tmp_path):
    out, err = demo("--preset", "zero", "--only", "mnist1d-mlp", "--epochs", 2, "--json", tmp_path / "figures.json")
    (o,) = json.loads((tmp_path / "figures.json").read_text())
    assert o["parameters"] == sum(p.numel() for p in PRESETS["zero"]["mnist1d-mlp"].network().parameters())
    assert "preset zero" in out and "while training" in out and " test " not in out.split("after each epoch")[1]
    assert (
        "test accuracy" not in err and len(table(out)) == 1 and table(out)[0][-1] == f"{100 * o['test_accuracy']:.1f} %"
    )


def test_a_machine_chooses_its_preset(monkeypatch, capsys):
    monkeypatch.setattr(demo_module.machine, "preset", lambda: "zero")
    assert cli.main(["demo", "--only", "tinydigits-mlp", "--epochs", "1"]) == 0
    assert "preset zero" in capsys.readouterr().out


def test_a_preset_that_there_is_not_is_told_those_that_there_are(refused):
    said = refused("demo", "--preset", "huge")
    assert all(name in said for name in PRESETS)


def test_seconds_go_with_every_preset_and_are_shown_to_be_kept(tmp_path):
    words = ("--preset", "pi", "--only", "tinydigits-mlp", "--seconds", "0.2", "--json", tmp_path / "figures.json")
    out, err = demo(*words)
    (o,) = json.loads((tmp_path / "figures.json").read_text())
    assert 1 <= o["epochs"] <= PRESETS["pi"]["tinydigits-mlp"].epochs and "preset pi" in out
    assert f"epoch {o['epochs']}/" in err and table(out)[0][3] == str(o["epochs"])


def test_with_a_moment_for_each_a_step_is_taken_and_shown(tmp_path):
    words = ("--only", "tinydigits-mlp", "--seconds", "1e-9", "--json", tmp_path / "figures.json")
    out, err = demo(*words)
    (o,) = json.loads((tmp_path / "figures.json").read_text())
    assert o["epochs"] == 1 and re.search(r"epoch 1/1  loss", err) and len(table(out)) == 1


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "two"])
def test_seconds_are_a_number_above_zero(value, refused):
    assert "seconds above 0" in refused("demo", f"--seconds={value}")


def test_seconds_and_epochs_do_not_go_together(refused):
    assert "not allowed with" in refused("demo", "--seconds", "3", "--epochs", "3")


@ON_POSIX
def test_on_a_terminal_there_is_a_bar():
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tinytorch", "demo", "--only", "tinydigits-mlp", "--epochs", "20"]
    process = subprocess.Popen(command, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # Linux says so when nobody is left at the other end
        pass
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    assert text.count("\r") > 3 and "━" in text and "epoch 20/20" in text
    assert "test accuracy" in text and len(table(text.replace("\r", ""))) == 1


# Pictures


def without(module, folder):
    """A folder that, first on the path, makes a module look as if it were not installed."""
    (folder / module).mkdir()
    error = f"raise ModuleNotFoundError('No module named {module}', name='{module}')"
    (folder / module / "__init__.py").write_text(error)
    return folder


def test_a_picture_without_matplotlib_is_refused_before_training(tmp_path):
    words = ("demo", *QUICK, "--plot", tmp_path / "curves.png")
    said = one_sentence(*tinytorch_(*words, first=without("matplotlib", tmp_path)), status=2)
    assert "python -m pip install matplotlib" in said
    assert not (tmp_path / "curves.png").exists()


def test_a_picture_is_drawn_with_matplotlib(tmp_path, refused):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    demo(*QUICK, "--plot", tmp_path / "curves.PNG")
    assert (tmp_path / "curves.PNG").read_bytes().startswith(b"\x89PNG\r\n")
    said = refused("demo", *QUICK, "--plot", tmp_path / "curves.xyz")
    assert "'curves.xyz'" in said and "png" in said


# What is refused, and how it ends


def test_an_unknown_name_is_told_the_choices(refused):
    said = refused("demo", "--only", "tinydigits-mlp", "mnist-mlp")
    assert "'mnist-mlp'" in said and all(name in said for name in RECIPES)


@pytest.mark.parametrize("option", ["--seeds", "--epochs"])
@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_counts_are_whole_numbers_above_zero(option, value, refused):
    assert "at least 1" in refused("demo", f"{option}={value}")


def test_a_file_that_cannot_be_written_is_refused_before_training(tmp_path, refused):
    (tmp_path / "file").write_text("")
    assert "it is a folder" in refused("demo", *QUICK, "--json", tmp_path)
    assert "there is no folder" in refused("demo", *QUICK, "--json", tmp_path / "missing" / "figures.json")
    assert "there is no folder" in refused("demo", *QUICK, "--json", tmp_path / "file" / "figures.json")
    said = refused("demo", *QUICK, "--json", tmp_path / ("x" * 300), status=1)
    assert "file name too long" in said.lower() and UNFINISHED_PREFIX not in said


def test_a_file_or_folder_without_permission_is_refused(monkeypatch, tmp_path):
    (tmp_path / "figures.json").write_text("")
    for locked in (tmp_path, tmp_path / "figures.json"):
        monkeypatch.setattr(os, "access", lambda path, mode, locked=locked: path != locked or mode != os.W_OK)
        check_writable(tmp_path / ("curves.png" if locked == tmp_path / "figures.json" else "figures.json"))
        with pytest.raises(CommandError, match="permission denied"):
            check_writable(tmp_path / ("curves.png" if locked == tmp_path else "figures.json"))


@ON_POSIX
def test_interrupted_it_says_so_in_a_line_and_leaves_files_as_they_were(tmp_path):
    file = tmp_path / "figures.json"
    file.write_text("as it was")
    process = start("demo", "--only", "tinydigits-mlp", "--epochs", 100_000, "--json", file)
    assert "epoch" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "tinytorch: interrupted" and "Traceback" not in err
    assert file.read_text() == "as it was" and [*tmp_path.iterdir()] == [file]


@ON_POSIX
def test_interrupted_it_shows_what_was_finished(tmp_path):
    file = tmp_path / "figures.json"
    names = ("tinydigits-mlp", "tinydigits-cnn", "mnist1d-mlp")
    words = ("--only", *names, "--epochs", 3, "--seeds", 3, "--json", file)
    process = start("demo", *words)
    for line in process.stderr:
        if line.startswith("tinydigits-cnn seed 1 epoch 1/3"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate()
    assert process.returncode == 130 and err.splitlines()[-1] == "tinytorch: interrupted" and "Traceback" not in err
    assert [row[1] for row in table(out)] == ["mlp", "cnn"] and not file.exists()
    assert "deviation over the seeds 0 to 2, in the last row 0 to 0" in out
    assert out.count("epoch 1") == 2


@ON_POSIX
def test_a_reader_who_has_had_enough_is_no_error():
    process = start("demo", *QUICK)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert "Traceback" not in err and "Broken" not in err


def test_what_was_trained_is_shown_although_a_file_fails(monkeypatch, capsys, tmp_path):
    def full(*_):
        raise OSError(28, "No space left on device", "figures.json")

    monkeypatch.setattr("tinytorch.cli.demo.write_files", full)
    assert cli.main(["demo", *QUICK, "--json", str(tmp_path / "figures.json")]) == 1
    out, err = capsys.readouterr()
    assert len(table(out)) == 1 and err.splitlines()[-1] == "tinytorch: No space left on device: figures.json"


def test_damaged_data_is_one_sentence(monkeypatch, capsys, tmp_path):
    for name in ("TINYTORCH", "tinydigits/train.pkl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"nonsense")
    monkeypatch.setattr("tinytorch.datasets.data_folder", lambda: tmp_path)
    assert cli.main(["demo", *QUICK]) == 1
    out, err = capsys.readouterr()
    assert out == "" and re.fullmatch(r"tinytorch: .*train\.pkl is not a readable pickle of arrays .*\n", err)


# The command line around it


def test_help_names_everything_and_needs_no_numpy():
    code = "import sys; from tinytorch.cli.main import main; main({}); assert 'numpy' not in sys.modules"
    for words in ([], ["--help"], ["demo", "--help"]):
        guarded = f"try:\n    {code.format(words)}\nexcept SystemExit as end:\n    assert end.code == 0\n"
        run = subprocess.run(
            [sys.executable, "-c", f"{guarded}assert 'numpy' not in sys.modules"],
            env=environment(), stdout=subprocess.PIPE, encoding="utf-8", check=True,
        )  # fmt: skip
        assert "demo" in run.stdout
    assert all(name in run.stdout for name in [*RECIPES, "--only", "--seeds", "--seed", "--epochs", "--plot", "--json"])


def test_no_command_is_answered_with_help_and_an_unknown_one_with_a_sentence(refused):
    status, out, err = tinytorch_()
    assert (status, err) == (0, "") and re.match(r"usage: \S*python\S* -m tinytorch ", " ".join(out.split()))
    assert "did you mean `demo`?" in refused("dmeo") and "choose from" in refused("xyzzy")
    assert re.search(r"arguments: --sedes 3 \(see .+ -m tinytorch demo --help\)\n$", refused("demo", "--sedes", "3"))
    assert re.search(r"--sedes \(see .+ -m tinytorch --help\)\n$", refused("--sedes", "demo"))


def test_the_version_is_the_packages():
    assert tinytorch_("--version") == (0, f"tinytorch {tinytorch.__version__}\n", "")


def test_without_numpy_it_says_how_to_get_it(tmp_path):
    said = one_sentence(*tinytorch_("demo", first=without("numpy", tmp_path)), status=1)
    assert "python -m pip install numpy" in said and "apt install python3-numpy" in said
