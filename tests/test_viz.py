"""Pictures: the numbers in them, what they are as text, that a file is drawn, and what is refused."""

import io
import itertools
import json
import sys

import numpy as np
import pytest

import tinytorch as torch
from tinytorch import nn, viz

LABELS, ANSWERS = np.array([0, 1, 2, 1]), np.array([0, 2, 2, 0])
IMAGES = np.stack([np.full((4, 4), i / 4) for i in range(4)])
SIGNALS = np.array([np.linspace(0, 1, 9), np.linspace(1, 0, 9)])


def trained():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    model(torch.randn(5, 4)).sum().backward()
    return model


PICTURES = {
    "curves": lambda: viz.curves({"test": [[50, 70, 80], [60, 70, 90]], "training": [60, 80, 95]}, title="network"),
    "sparsity": lambda: viz.accuracy_against_sparsity({"lottery": [60, 70, 10], "random": [60, 55, 10]}, [0, 0.5, 1]),
    "width": lambda: viz.error_against_width({"test": [40, 50, 30]}, [2, 20, 200], threshold=20),
    "bars": lambda: viz.bars({"MLP": [60, 70], "CNN": 94}),
    "samples": lambda: viz.samples(IMAGES, LABELS, ANSWERS, confidence=[0.9, 0.6, 0.5, 0.8]),
    "signals": lambda: viz.signals(SIGNALS[:, None], [0, 1], [0, 2]),
    "transformations": lambda: viz.transformations({"template": SIGNALS[0], "noisy": SIGNALS[1]}),
    "confusion": lambda: viz.confusion(LABELS, ANSWERS, classes=["shirt", "shoe", "bag"]),
    "scatter": lambda: viz.scatter([[0, 0], [1, 1], [0, 1]], [3, 8, 8]),
    "filters": lambda: viz.filters(torch.tensor([[[[1.0, -2.0]]], [[[0.5, 0.0]]]])),
    "masks": lambda: viz.masks({"kept": [[1, 0], [0, 0]], "random": [[1, 1], [0, 0]]}),
    "gradient_flow": lambda: viz.gradient_flow(trained()),
}
every_picture = pytest.mark.parametrize("name", PICTURES)


@every_picture
def test_every_picture_has_data_for_json_and_a_text_that_fits(name):
    picture = PICTURES[name]()
    assert json.loads(json.dumps(picture.data())) and picture.data() == picture.data()
    for braille in (True, False):
        lines = picture.text(60, braille).split("\n")
        assert len(lines) > 1 and max(map(len, lines)) <= 60
        assert braille or "\n".join(lines).isascii()
    assert str(picture) == picture.text()


@every_picture
def test_every_picture_is_drawn(name):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    file = io.BytesIO()
    PICTURES[name]().save(file)
    assert file.getvalue().startswith(b"\x89PNG")


def drawn(*pictures):
    """The picture as SVG, whose comments hold what is written in it."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    file = io.BytesIO()
    viz.save(pictures, file, "svg")
    return file.getvalue().decode()


def test_the_mean_of_runs_has_a_standard_error():
    data = viz.curves({"test": [[50, 70], [60, 70]], "one": [1, 2]}).data()
    assert data["test"]["x"] == [1, 2] and data["test"]["mean"] == [55, 70] and data["test"]["error"] == [5, 0]
    assert data["one"]["error"] == [0, 0]


@pytest.mark.parametrize("x", [[30, 40, 55], [2, 5, 12], [2, 47, 50, 53, 300], [3, 40, 500, 90_000]])
def test_what_is_written_below_a_logarithmic_axis_can_be_read(x):
    figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed").Figure((4.5, 3.5))
    ax = figure.add_subplot()
    viz.curves({"test": np.arange(len(x))}, x, log_x=True).draw(ax)
    figure.draw_without_rendering()
    shown = [text.get_window_extent() for text in ax.get_xticklabels(which="both") if text.get_text()]
    assert len(shown) > 2 and not any(a.overlaps(b) for a, b in itertools.combinations(shown, 2))


def test_curves_of_other_sizes_than_x_are_refused():
    for values, x in (([1, 2, 3], [1, 2]), ([], None), (np.zeros((1, 2, 3)), None)):
        with pytest.raises(ValueError, match="'test' to be"):
            viz.curves({"test": values}, x)


def test_lines_in_text_stand_where_the_values_are_and_are_told_apart_by_marks():
    lines = str(viz.curves({"up": [0, 10], "down": [10, 0]}, ylabel="points")).split("\n")
    assert lines[0] == "points" and lines[-1] == "o up   x down"
    first, last = lines[1], lines[16]
    assert first.startswith("10 |x") and first.endswith("o") and last.startswith(" 0 |o") and last.endswith("x")


def test_sparsity_is_shown_as_what_is_left_and_nothing_left_is_not():
    picture = PICTURES["sparsity"]()
    assert picture.data()["lottery"] == {"x": [100, 50], "mean": [60, 70], "error": [0, 0]}


def test_the_threshold_is_named_in_text_and_drawing():
    picture = PICTURES["width"]()
    assert "fits all of the training set: width 20" in str(picture)
    assert "fits all of the training set" in drawn(picture)


def test_the_wrong_ones_come_first_the_surest_of_them_before_the_others_and_say_what_they_were_taken_for():
    picture = PICTURES["samples"]()
    assert picture.data()["order"][:2] == [3, 1] and picture.data()["wrong"] == 2
    assert picture.data()["order"][2:] == [2, 0]  # and of the right ones the least sure
    lines = str(picture).split("\n")
    assert lines[0] == "2 of 4 are wrong" and lines[1].split("  ")[:2] == ["1 taken for 0", "1 taken for 2"]
    assert "1 taken for 0" in drawn(picture)


def test_names_are_told_in_place_of_numbers():
    assert "shoe taken for bag" in str(viz.samples(IMAGES, LABELS, ANSWERS, names=["shirt", "shoe", "bag"]))


def test_photographs_keep_their_colours_and_are_dark_where_they_lack_light():
    pixels = np.zeros((1, 3, 20, 20))
    pixels[:, :, :, 10:] = 1
    lines = viz.samples(pixels, [7]).text(braille=False).split("\n")
    assert lines == ["7", *["@" * 10] * 10]
    assert "7" in drawn(viz.samples(pixels, [7]))


def test_sizes_that_do_not_match_are_refused():
    for call in (
        lambda: viz.samples(IMAGES, LABELS[:2]),
        lambda: viz.signals(SIGNALS, [1]),
        lambda: viz.confusion(LABELS, ANSWERS[:1]),
        lambda: viz.scatter(SIGNALS, [1, 2, 3]),
    ):
        with pytest.raises(ValueError, match="as many"):
            call()


def test_confusion_counts_rows_as_what_is_and_columns_as_what_was_said():
    picture = PICTURES["confusion"]()
    assert picture.data() == {"counts": [[1, 0, 0], [1, 0, 1], [0, 0, 1]], "accuracy": 0.5}
    assert viz.confusion([1, 1, 1], [0, 0, 1], classes=2).data()["counts"] == [[0, 0], [2, 1]]
    assert str(picture).split("\n") == [
        "50.0 % are right",
        "is \\ taken for  shirt  shoe  bag",
        "--------------------------------",
        "shirt               1     .    .",
        "shoe                1     .    1",
        "bag                 .     .    1",
    ]


def test_where_names_are_too_long_for_the_columns_classes_are_numbered():
    lines = PICTURES["confusion"]().text(30).split("\n")
    assert lines[1].split()[-3:] == ["0", "1", "2"] and [line[:7].strip() for line in lines[3:]] == [
        "0 shirt",
        "1 shoe",
        "2 bag",
    ]


def test_points_are_drawn_as_their_labels():
    lines = PICTURES["scatter"]().text(10).split("\n")
    assert lines[0] == "8        8" and lines[-1] == "3"
    assert drawn(PICTURES["scatter"]()).count("<!-- 8 -->") == 2


def test_a_signal_runs_downwards():
    lines = viz.signals(SIGNALS[:1], ["up"]).text(braille=False).split("\n")
    assert lines[0].strip() == "up" and lines[1].startswith("*") and lines[-1].endswith("*")


def test_a_signal_runs_downwards_in_a_drawing_too():
    figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed").Figure()
    ax = figure.add_subplot()
    viz.signals(SIGNALS[:1]).draw(ax)
    (line,) = ax.child_axes[0].lines
    assert line.get_ydata()[0] == 8 and line.get_ydata()[-1] == 0


def test_filters_are_told_in_ninths_of_the_largest():
    picture = PICTURES["filters"]()
    assert picture.data()["scale"] == 2 and "9 is 2" in str(picture) and "+4 -9" in str(picture)
    with pytest.raises(ValueError, match="filters expects weights"):
        viz.filters(torch.ones(3, 4))


def test_masks_say_how_much_is_gone():
    assert PICTURES["masks"]().data()["kept"]["sparsity"] == 0.75
    assert str(PICTURES["masks"]()).split("\n")[:3] == ["kept: 75.0 % gone", "#.", ".."]
    assert "kept: 75.0 % gone" in drawn(PICTURES["masks"]())


def test_gradient_flow_is_the_root_mean_square_by_parameter():
    model = trained()
    data = viz.gradient_flow(model).data()
    assert [*data] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert data["2.bias"] == {"rms": 5.0, "max": 5.0}
    model.zero_grad()
    with pytest.raises(ValueError, match="none of its parameters has a gradient"):
        viz.gradient_flow(model)


def test_the_graph_is_svg_text_and_numbers(tmp_path):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    drawing = viz.graph((x * 3).sum(), {"x": x})
    assert str(drawing).split("\n")[-1].split() == ["v2", "=", "sum(v1)", "()"]
    assert drawing.data()["edges"] == [[0, 2], [1, 2], [2, 3]]
    assert drawing.data()["nodes"][0] == ["parameter", "x", [2]]
    drawing.save(tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text() == drawing.svg == drawing._repr_svg_()
    with pytest.raises(ValueError, match=r"ends in \.svg"):
        drawing.save(tmp_path / "graph.png")


# Files


def test_several_pictures_share_a_file():
    both = drawn(PICTURES["curves"](), viz.curves({"test": [0.5]}, title="short"))
    assert both.count('<g id="axes_') == 2 and "<!-- short -->" in both and "<!-- network -->" in both
    assert both.count("<!-- training -->") == 1


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert {"png", "svg", "pdf"} <= set(viz.picture_formats())
    PICTURES["bars"]().save(tmp_path / "bars.PNG")
    for name in ("bars.xyz", "bars"):
        with pytest.raises(ValueError, match=f"ends in one of .*png.*got 1 and '.*{name}'"):
            PICTURES["bars"]().save(tmp_path / name)
    with pytest.raises(ValueError, match="got 0"):
        viz.save([], tmp_path / "none.png")
    assert [path.name for path in tmp_path.iterdir()] == ["bars.PNG"]


def test_without_matplotlib_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="python -m pip install matplotlib"):
        PICTURES["bars"]().save("bars.png")
