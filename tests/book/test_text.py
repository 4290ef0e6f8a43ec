"""What the book says must be so: exercises, commands, chapters, and the docstrings of the reference."""

import argparse
import codeop
import importlib
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tinytorch import datasets
from tinytorch._places import PACKAGE
from tinytorch.cli import play
from tinytorch.cli.main import COMMANDS
from tinytorch.course.exercises import exercises, modules
from tinytorch.experiments import STUDIES

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
FACES = ["", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data"]
PARTS = [
    *("See it work", "Derive it", "Read the code", "Your turn", "Check yourself", "Pitfalls", "What it costs"),
    *("Where PyTorch does the same", "Sources"),
]
chapters = pytest.mark.parametrize("module", modules(), ids=lambda module: module.folder.name)


def chapter(module):
    return (BOOK / "chapters" / f"{module.folder.name}.md").read_text(encoding="utf-8")


# Chapters


@chapters
def test_every_exercise_stands_once_in_its_chapter_in_order(module):
    shown = re.findall(r"^```\{exercise\} (\S+)$", chapter(module), re.M)
    assert shown == [exercise.id for exercise in module.exercises]


def test_no_chapter_is_without_a_module():
    names = sorted(path.stem for path in (BOOK / "chapters").glob("*.md"))
    assert names == [module.folder.name for module in modules()]


@chapters
def test_every_chapter_has_all_its_parts(module):
    assert re.findall(r"^## (.+)$", chapter(module), re.M) == PARTS


@chapters
def test_every_chapter_is_as_long_as_a_chapter_is(module):
    asked = sum(len(exercise.prompt.split()) for exercise in module.exercises)
    assert 1_500 <= len(prose(chapter(module)).split()) + asked <= 3_000


def prose(text):
    """Without code, formulas and directives."""
    text = re.sub(r"^---$.*?^---$", "", text, count=1, flags=re.M | re.S)
    text = re.sub(r"^```.*?^```$|^\$\$.*?\$\$$", "", text, flags=re.M | re.S)
    return re.sub(r"^:::.*$|\{math\}`[^`]*`", "", text, flags=re.M)


@chapters
def test_every_chapter_asks_five_questions_and_names_ten_mistakes(module):
    text = chapter(module)
    assert text.count(":::{dropdown}") >= 5
    named = re.search(r"```\{pitfalls\} " + module.number + r"\n(.*?)```", text, re.S)[1].split()
    known = {variant.name for variants in module.mistakes.values() for variant in variants}
    assert len(named) >= 10 and set(named) <= known


@chapters
def test_every_chapter_quotes_the_file_it_is_about(module):
    assert f"{{literalinclude}} ../../tinytorch/{module.name}.py" in chapter(module)


def test_the_book_loads_nothing_from_elsewhere():
    own = [path for path in (BOOK / "_static").rglob("*") if path.is_file()] + [BOOK / "conf.py"]
    for path in own:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path


def table_of(heading):
    """The cells of the first table of the README that follows some words, row by row."""
    rows = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition(heading)[2].partition("\n| ")[2].partition("\n\n")[0]
    )
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows.splitlines()[2:]]


def test_the_front_page_quotes_the_demo_from_committed_results():
    measured = json.loads((ROOT / "benchmarks/results/framework.json").read_text())["demo"]
    quoted = []
    for row in table_of("## What it reaches"):
        first = next(i for i, cell in enumerate(row) if cell in ("MLP", "CNN"))
        quoted.append(row[first : first + 5])
    assert quoted == [
        [
            row["model"].upper(), f"{row['parameters']:,}", str(row["epochs"]), f"{row['longest_seconds']:.1f}",
            f"{100 * row['mean_test_accuracy']:.1f} %",
        ]
        for row in measured
    ]  # fmt: skip


def test_the_front_page_quotes_a_study_from_committed_results():
    found = json.loads((ROOT / "benchmarks/results/studies/mnist1d.json").read_text())["table"]
    ours = {row["what"]: f"{row['ours']:.1f}" for row in found}
    for what, plain, _, shuffled, _ in table_of("against those that do not"):
        assert (plain, shuffled) == (ours[what], ours[f"{what}, shuffled"]), what


RESULTS = ROOT / "benchmarks" / "results"


def results(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def of_pytorch(start):
    """The time of a training step, of PyTorch's."""
    return next(s["of torch"]["median"] for s in results("speed")["steps"] if s["workload"].startswith(start))


def of_the_engine(start):
    """The part of a training step that is not spent in ops or optimizer."""
    return next(step["engine"] / step["step"] for step in results("parts") if step["workload"].startswith(start))


def of_a_study(study, what):
    """A figure of a study's table."""
    return next(row["ours"] for row in results(f"studies/{study}")["table"] if row["what"].startswith(what))


def gained_by_larger_steps():
    few, more = (of_a_study("tinydigits", f"MLP 32, SGD {how}") for how in ("0.01, 20 epochs", "0.1, 50 epochs"))
    return more - few


def mistakes():
    return sum(len(variants) for module in modules() for variants in module.mistakes.values())


def longest_file():
    return max((PACKAGE / f"{module.name}.py").read_text(encoding="utf-8").count("\n") for module in modules())


def seconds_of_a_check():
    return results("course")["seconds_of_a_check"]["median"]


SMALL = ("MLP 64-32-10, SGD", "MLP 64-32-10, Adam", "MLP 784", "MNIST-1D CNN", "TinyDigits CNN", "GRU")
SAID = {  # page, words -> the figure that they round, at least, at most
    ("README.md", "some 750 mistakes"): (mistakes, 725, 775),
    ("book/why.md", "some 750 of them by name"): (mistakes, 725, 775),
    ("book/course.md", "There are some 750 of them"): (mistakes, 725, 775),
    ("book/why.md", "the longest has some seven hundred lines"): (longest_file, 650, 750),
    ("README.md", "A check takes about half a second"): (seconds_of_a_check, 0.4, 0.6),
    ("book/index.md", "each checked in about half a second"): (seconds_of_a_check, 0.4, 0.6),
    ("README.md", "takes a quarter to"): (lambda: min(map(of_pytorch, SMALL)), 0.2, 0.3),
    ("README.md", "two thirds of PyTorch's time"): (lambda: max(map(of_pytorch, SMALL)), 0.6, 0.7),
    ("README.md", "one of LeNet-5 nine tenths"): (lambda: of_pytorch("LeNet-5"), 0.85, 0.95),
    ("README.md", "one of a larger CNN on colour images a fifth more"): (lambda: of_pytorch("CNN 3-32-64"), 1.15, 1.25),
    ("README.md", "takes less than a tenth"): (lambda: results("speed")["cold start"]["of torch"]["median"], 0, 0.1),
    ("README.md", "builds, in about a minute, a book"): (lambda: results("book")["seconds"], 40, 80),
    ("book/chapters/07_data.md", "People get about 96 % right"): (
        lambda: of_a_study("mnist1d", "a person"),
        95.5,
        96.5,
    ),
    ("README.md", "a human: 96 %"): (lambda: of_a_study("mnist1d", "a person"), 95.5, 96.5),
    ("book/studies/notes/tinydigits.md", "gains twenty points by larger ones and more"): (
        gained_by_larger_steps,
        18,
        24,
    ),
    ("README.md", "under 60 MB"): (lambda: results("framework")["demo_peak_memory_mb"], 0, 60),
    ("book/performance.md", "two fifths of the step of the smallest MLP"): (
        lambda: of_the_engine(SMALL[0]),
        0.35,
        0.45,
    ),
    ("book/performance.md", "a quarter of a small CNN's"): (lambda: of_the_engine("TinyDigits CNN"), 0.2, 0.3),
    ("book/performance.md", "next to nothing of a CNN's on colour"): (lambda: of_the_engine("CNN 3-32-64"), 0, 0.05),
}


@pytest.mark.parametrize(("where", "figure"), SAID.items(), ids=lambda value: value[1] if len(value) == 2 else "")
def test_a_figure_in_the_text_is_one_that_was_measured(where, figure):
    page, words = where
    measured, least, most = figure
    assert words in " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert least <= measured() <= most


@pytest.mark.parametrize("page", ["README.md", "book/index.md", "CHANGELOG.md"])
def test_the_exercises_are_counted(page):
    counted = re.findall(r"(\d+) exercises", (ROOT / page).read_text(encoding="utf-8"))
    assert counted and {*map(int, counted)} == {len(exercises())}


def test_ten_minutes_counts_the_network_and_the_data():
    text = (BOOK / "ten_minutes.md").read_text(encoding="utf-8")
    model, train = play.first_network(), datasets.tinydigits()[0]
    assert f"each of the {sum(p.numel() for p in model.parameters()):,} parameters" in text
    assert f"here {len(train):,} images of one channel" in text


def test_the_front_page_quotes_what_it_compares_with_from_a_study():
    known = of_a_study("tinydigits", "1 nearest neighbour")
    assert f"1-nearest neighbour: {known:.1f} %" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_weeks_of_a_term_add_up():
    text = (BOOK / "instructors.md").read_text(encoding="utf-8")
    planned = []
    for row in re.findall(r"^\| \d+ \| (\d\d .*) \|$", text, re.M):
        what, *figures = (cell.strip() for cell in row.split(" | ")[:4])
        numbers = re.findall(r"\b\d\d\b", what)
        chosen = [exercise for exercise in exercises() if exercise.module.number in numbers]
        planned += numbers
        assert [*map(int, figures)] == [len(chosen), sum(e.points for e in chosen), sum(e.minutes for e in chosen)]
    assert planned == [module.number for module in modules()]


# Commands


def console_commands(path):
    """Every command in a file's console blocks, without its comment."""
    blocks = re.findall(r"^```console\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.join(shlex.split(line, comments=True)) for line in lines]


WRITTEN = sorted(path for path in BOOK.rglob("*.md") if not {"_build", "made"} & {*path.parts})
PAGES = [ROOT / "README.md", *WRITTEN]
QUOTED = sorted({(command, path.name) for path in PAGES for command in console_commands(path)})
LONG = {  # what takes minutes, waits for somebody or needs a class: only whether it has these options is asked
    *("demo", "watch", "play", "milestone", "challenge", "reproduce", "quiz", "grade"),
}
SAYS_AND_FAILS = {"check": "It is not written yet.", "doctor": "\ntrouble "}  # where it says this, its status is 1


def test_commands_are_found():
    assert len(QUOTED) > 10 and console_commands(ROOT / "README.md")[0] == "make demo"


@pytest.mark.parametrize(("command", "page"), QUOTED, ids=lambda value: value.replace(" ", "_"))
def test_every_command_is_one(command, page, tmp_path):
    words = shlex.split(command.replace("../.venv/bin/", "").replace(".venv/bin/", ""))
    if words[0] in ("sudo", "cd", "export", "python3", "python", "pip") and words[1:3] not in (["-m", "tinytorch"],):
        return known(words)
    if words[0] == "make":
        done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return None
    arguments = words[1:] if words[0] == "tinytorch" else words[3:]
    assert words[0] in ("tinytorch", "python", "python3"), command
    assert not arguments or arguments[0] in COMMANDS, command
    if arguments and (arguments[0] in LONG or len(arguments) > 1 and arguments[0] == "data"):
        told = tinytorch([arguments[0], "--help"], tmp_path)
        named = {word.partition("=")[0] for word in arguments if word.startswith("--")}
        assert told.returncode == 0 and named <= set(re.findall(r"--[a-z-]+", told.stdout)), command
        return None
    folder = tmp_path
    if arguments[:1] != ["start"]:
        tinytorch(["start", "my-framework"], tmp_path)
        folder = tmp_path / "my-framework"
        (folder / "script.py").write_text("print(1)\n")
    done = tinytorch(arguments, folder)
    fails = SAYS_AND_FAILS.get(arguments[0], done.stdout + "-") in done.stdout
    assert done.returncode == fails and "Traceback" not in done.stderr, f"{command}\n{done.stdout}{done.stderr}"


ENDING = [  # of the long ones, those that end by themselves within minutes, in the order in which a reader comes to them
    *(["demo"], ["demo", "--preset", "pi"], ["demo", "--preset", "zero"], ["demo", "--seconds", "10"]),
    *(["reproduce", "metalearn-lr"], ["reproduce", "tinydigits"]),
]


@pytest.mark.long
@pytest.mark.parametrize("arguments", ENDING, ids=" ".join)
def test_a_long_command_does_what_it_says(arguments, tmp_path):
    assert any(command.endswith("tinytorch " + shlex.join(arguments)) for command, _ in QUOTED)
    done = tinytorch(arguments, tmp_path)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr


@pytest.mark.long
def test_an_instructor_can_follow_the_page(tmp_path):
    text = (PACKAGE / "ops.py").read_text(encoding="utf-8")
    for student, code in (("ann", text), ("bob", text.replace("lambda g: -g", "lambda g: g"))):
        (tmp_path / "submissions" / student).mkdir(parents=True)
        (tmp_path / "submissions" / student / "ops.py").write_text(code, encoding="utf-8")
    gradebook = "Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (77)\nAnn,1,u1,ann,A,\nBob,2,u2,bob,A,\n"
    (tmp_path / "gradebook.csv").write_text(gradebook, encoding="utf-8")
    for command in console_commands(BOOK / "instructors.md"):
        done = tinytorch(shlex.split(command)[1:], tmp_path)
        if "--allow-weak" in done.stderr:
            pytest.skip("a student's code cannot be shut in here")
        assert done.returncode == 0 and "Traceback" not in done.stderr, f"{command}\n{done.stdout}{done.stderr}"
    assert (tmp_path / "week-1" / "ops.py").is_file() and (tmp_path / "grades" / "report.html").is_file()
    ann, bob = (float(row.rpartition(",")[2]) for row in (tmp_path / "grades/canvas.csv").read_text().splitlines()[1:])
    assert ann > bob > 0


def known(words):
    """Commands that change the machine: that what they name is there."""
    rest = " ".join(words)
    if words == ["python"]:
        return
    if words[0] == "cd":
        assert words[1] in ("my-framework", "~")
    elif words[0] == "export":
        assert words[1:] == ["PYTHONPATH=~/tinytorch"]
    elif words[0] == "pip":
        extras = re.findall(r"\[(.*?)\]", rest)
        declared = (ROOT / "setup.cfg").read_text()
        assert all(f"\n{extra} =\n" in declared for names in extras for extra in names.split(",")), rest
    elif words[0] == "sudo":
        assert words[1:3] == ["apt", "install"]
    elif words[1] == "-m":
        module = words[2].split(".")[0]
        assert module in ("venv", "pytest", "pip", "sphinx") or (ROOT / module).is_dir(), rest
    else:
        assert (ROOT / words[1]).is_file(), rest


def tinytorch(arguments, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tinytorch", *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_every_command_of_the_tables_is_one():
    text = (BOOK / "course.md").read_text(encoding="utf-8")
    rows = [cell for cell in re.findall(r"^\| (`[^|]*) \|", text, re.M)]
    for word in re.findall(r"`tinytorch ?(\w*)", " ".join(rows)):
        assert word == "" or word in COMMANDS, word


# Code to type along


def with_numpy_alone(code, folder):
    """What code prints where there is no matplotlib and nothing of the book's own."""
    hidden = "import sys\nsys.modules['matplotlib'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", hidden + code],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_code_of_the_front_page_runs(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    said = with_numpy_alone("\n".join(blocks), tmp_path)
    accuracy = float(re.search(r"'accuracy': ([\d.]+)", said)[1])
    promised = int(re.search(r"# about (\d+) % in a second", "\n".join(blocks))[1])
    assert abs(100 * accuracy - promised) < 1.5 and (tmp_path / "graph.svg").is_file()


def type_at_a_prompt(code):
    """Raises SyntaxError where a prompt would: it wants an empty line behind a block."""
    waiting = []
    for line in [*code.splitlines(), ""]:
        waiting.append(line)
        if codeop.compile_command("\n".join(waiting)) is not None:
            waiting = []
    assert not any(waiting), waiting


def test_a_prompt_wants_an_empty_line_behind_a_block():
    type_at_a_prompt("with a:\n    b\n\nc(\n    d\n)\n")
    with pytest.raises(SyntaxError):
        type_at_a_prompt("with a:\n    b\nc\n")


def test_ten_minutes_can_be_typed_along_and_end_in_play(tmp_path):
    text = (BOOK / "ten_minutes.md").read_text(encoding="utf-8")
    cells = re.findall(r"^```\{code-cell\} python\n(.*?)^```", text, re.M | re.S)
    shown = [re.sub(r"^:.*\n", "", cell, flags=re.M) for cell in cells if not cell.startswith(":tags: [remove")]
    for cell in shown:
        type_at_a_prompt(cell)
    said = with_numpy_alone("\n".join(shown), tmp_path)
    assert "(1000, 1, 8, 8)" in said and "are wrong" in said
    given = argparse.Namespace(checkpoint=tmp_path / "digits.npz", model=None)
    assert play.load(given).data == "tinydigits"


# The reference


def public():
    """Every public class and function of ours, each once, with where it is found."""
    found = {}
    for face in FACES:
        module = importlib.import_module(f"tinytorch.{face}".rstrip("."))
        for name in module.__all__:
            value = getattr(module, name)
            ours = (getattr(value, "__module__", None) or "").startswith("tinytorch.")
            if ours and (inspect.isfunction(value) or inspect.isclass(value)):
                found.setdefault(value, f"{face}.{name}".lstrip("."))
    return [(name, value) for value, name in found.items()]


PUBLIC = public()
every_name = pytest.mark.parametrize(("name", "value"), PUBLIC, ids=[name for name, _ in PUBLIC])
CONTAINERS = {"nn.Identity", "nn.Module", "nn.ModuleDict", "nn.ModuleList", "nn.Sequential", "nn.Parameter"}
WITH_SOURCE = """
    nn.ELU nn.GELU nn.SiLU nn.Dropout nn.Dropout1d nn.Dropout2d nn.BatchNorm1d nn.BatchNorm2d nn.LayerNorm nn.GRU
    nn.LPPool1d nn.LPPool2d nn.CrossEntropyLoss nn.Conv1d nn.Conv2d nn.init.kaiming_uniform_ nn.init.kaiming_normal_
    nn.init.xavier_uniform_ nn.init.xavier_normal_ nn.utils.clip_grad_norm_ optim.SGD optim.RMSprop optim.Adam optim.AdamW
    optim.lr_scheduler.OneCycleLR optim.lr_scheduler.CosineAnnealingLR""".split()


def text_of(value):
    return inspect.getdoc(value) or ""


def lacks(name, value):
    """What the docstring of a public name does not say though it should."""
    text, missing = text_of(value), []
    body = value if inspect.isfunction(value) else vars(value).get("__init__")
    if body and re.search(r"^\s+raise \w+", inspect.getsource(body), re.M) and "aises" not in text:
        missing.append("what it raises")
    if inspect.isclass(value) and hasattr(value, "forward") and name not in CONTAINERS:
        text += text_of(value.forward)
        if not re.search(r"\(\S.*\)|shape|element|along dim", text, re.I):
            missing.append("shapes")
    return missing


@every_name
def test_every_public_name_says_what_it_raises_and_of_which_shapes_it_is(name, value):
    assert text_of(value) and not lacks(name, value)


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_every_formula_names_its_source(name):
    value = dict(PUBLIC)[name]
    seen, waiting = set(), [value]
    while waiting:  # "see `elu`" leads to what is said there
        current = waiting.pop()
        if re.search(r"\b(19|20)\d\d\b", text_of(current)):
            return
        home = importlib.import_module(current.__module__)
        functional = importlib.import_module("tinytorch.nn.functional")
        for other in set(re.findall(r"`(\w+)`", text_of(current))) - seen:
            seen.add(other)
            linked = getattr(home, other, None) or getattr(functional, other, None)
            if inspect.isfunction(linked) or inspect.isclass(linked):
                waiting.append(linked)
    pytest.fail(f"{name} names no source")


class _Bare:
    def __init__(self, n):
        if n < 0:
            raise ValueError(n)

    def forward(self, x):
        """It."""


def test_a_docstring_that_says_nothing_is_noticed():
    assert lacks("nn.Bare", _Bare) == ["what it raises", "shapes"]


def test_the_reference_has_a_page_for_every_file_with_public_names():
    files = {value.__module__.removeprefix("tinytorch.") for _, value in PUBLIC}
    pages = {path.stem for path in (BOOK / "reference").glob("*.md")}
    assert files <= pages


def test_every_study_can_be_shown():
    assert all(isinstance(about, str) and about for _, about in STUDIES.values())
