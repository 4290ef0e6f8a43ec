"""Pictures of text: what a chart shows is where it should be, in braille and in ASCII, and fits."""

import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch import text
from tinytorch.text import can_draw_braille, side_by_side, text_chart, text_legend

STRAIGHT = {"test": [0.0, 1.0]}
curves = st.lists(st.floats(0, 1), min_size=1, max_size=120)


def inside(lines, wall="|"):
    return [line.split(wall)[1] for line in lines if wall in line]


def test_a_straight_line_goes_from_corner_to_corner():
    lines = inside(text_chart("", STRAIGHT, columns=7 + 5, rows=5, braille=False))
    assert lines == ["    *", "   * ", "  *  ", " *   ", "*    "]


def test_braille_draws_the_same_line_with_eight_dots_in_a_character():
    lines = inside(text_chart("", STRAIGHT, columns=7 + 4, rows=2), "│")
    assert lines == ["⠀⠀⡠⠊", "⡠⠊⠀⠀"]


def test_a_steep_curve_has_no_gaps():
    lines = inside(text_chart("", {"test": [0.0, 0.0, 1.0, 0.0]}, columns=7 + 4, rows=6, braille=False))
    assert lines == ["  * ", "  **", "  **", "  **", "  **", "** *"]


def test_a_level_curve_is_solid_and_a_second_one_dotted():
    level = {"test": [0.99, 0.99, 0.99], "training": [0.2, 0.2, 0.2]}
    top, *between, bottom = inside(text_chart("", level, columns=7 + 6, rows=9, braille=False))
    assert top == "******" and bottom == ". . . " and set("".join(between)) == {" "}
    top, *between, bottom = inside(text_chart("", level, columns=7 + 6, rows=9), "│")
    assert len(set(top)) == 1 and top[0] != "⠀" and bottom[0] == bottom[2] != bottom[1] == "⠀"
    assert set("".join(between)) == {"⠀"}


def test_where_curves_meet_the_first_is_seen():
    both = {"test": [0.5, 0.5], "training": [0.5, 0.5]}
    assert "." not in "".join(text_chart("", both, braille=False))


def test_the_scale_begins_at_the_ten_below_the_least_value():
    def least_label(*values):
        return text_chart("", {"test": values}, braille=False)[-3].split("|")[0].strip()

    assert [least_label(0.37, 0.8), least_label(0.4, 0.8), least_label(0.0, 0.8), least_label(1.0, 1.0)] == [
        *("30 %", "40 %", "0 %"),
        "90 %",
    ]


def test_title_and_epochs_are_told():
    title, *_, foot = text_chart("mnist1d-mlp", {"test": [0.1] * 80}, braille=False)
    assert title.strip() == "mnist1d-mlp" and foot.split() == ["epoch", "1", "80"]


def test_one_epoch_is_one_dot():
    assert "".join(inside(text_chart("", {"test": [0.5]}, braille=False))).split() == ["*"]


@given(first=curves, second=curves, columns=st.integers(16, 90), rows=st.integers(2, 12), braille=st.booleans())
def test_every_line_has_the_same_width_and_ascii_is_ascii(first, second, columns, rows, braille):
    lines = text_chart("title", {"test": first, "training": second}, columns=columns, rows=rows, braille=braille)
    assert {len(line) for line in lines} == {columns} and len(lines) == rows + 3
    assert braille or "".join(lines).isascii()


@given(curve=curves)
def test_the_first_and_last_values_are_where_the_scale_says(curve):
    rows = 11
    low = round(10 * min(curve) - 0.5 + 1e-9) / 10 if min(curve) < 0.9 else 0.9
    lines = inside(text_chart("", {"test": curve}, columns=7 + 30, rows=rows, braille=False))
    for place, value in ((0, curve[0]), (-1, curve[-1])) if len(curve) > 1 else ((0, curve[0]),):
        height = (1 - value) / (1 - low) * (rows - 1)
        assert any(line[place] == "*" for y, line in enumerate(lines) if abs(y - height) <= 1)


def test_a_chart_of_nothing_is_refused():
    for nothing in ({}, {"test": []}):
        with pytest.raises(ValueError, match="at least one value in each curve"):
            text_chart("", nothing)


def test_charts_stand_side_by_side_where_there_is_room():
    charts = [["aaa ", "aa  "], ["bbb ", "b   "], ["cc  ", "c   "]]
    assert side_by_side(charts, 10) == "aaa   bbb\naa    b\n\ncc\nc"
    assert side_by_side(charts, 9).count("\n\n") == 2
    assert side_by_side(charts, 1) == side_by_side(charts, 9)


def test_the_legend_shows_both_kinds():
    assert text_legend(["test", "training"], braille=False) == "***** test   . . . training"
    assert not text_legend(["test"]).isascii()


class Stream(io.StringIO):
    def __init__(self, encoding):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding


@pytest.mark.parametrize(
    ("encoding", "term", "can"),
    [("utf-8", "xterm", True), ("ascii", "xterm", False), ("latin-1", "xterm", False), (None, "xterm", False),
     ("no-such-encoding", "xterm", False), ("utf-8", "linux", False), ("utf-8", "dumb", False)],
)  # fmt: skip
def test_braille_is_for_streams_and_fonts_that_have_it(encoding, term, can, monkeypatch):
    monkeypatch.setenv("TERM", term)
    assert can_draw_braille(Stream(encoding)) is can


def test_a_table_has_columns_of_one_width_words_to_the_left_and_numbers_to_the_right():
    rows = [("name", "kind", "n"), ("a", "long one", "1,000"), ("bcdef", "", "7")]
    assert text.text_table(rows) == [
        "name   kind          n",
        "----------------------",
        "a      long one  1,000",
        "bcdef                7",
    ]
    assert text.text_table(rows, left=3)[2:] == ["a      long one  1,000", "bcdef            7    "]


def test_dots_outside_a_canvas_are_left_out():
    canvas = text.Canvas(2, 1, braille=False)
    canvas.line(-3, 0, 0, 0)
    canvas.dot(0, 5)
    assert canvas.lines() == ["* "]
    canvas = text.Canvas(2, 1)
    for x, y in ((-1, 0), (4, 0), (0, -1), (0, 4)):
        canvas.dot(x, y)
    assert canvas.lines() == ["\u2800\u2800"]


def test_a_signal_is_drawn_from_the_top_down_with_greater_values_further_right():
    drawn = text.text_signal([0, 1, 2], low=0, high=2, columns=3, rows=3, braille=False)
    assert drawn == ["*  ", " * ", "  *"]
    assert text.text_signal([0, 1, 2, 3], low=0, high=3, columns=2, rows=1) == ["⠑⢄"]


def test_a_plot_joins_its_points_and_leaves_out_what_is_not_finite():
    drawn = text.text_plot({"a": ([0, 4, 5], [0, 4, math.nan])}, columns=5 + 3, rows=5, x_label="x")
    assert drawn == ["4 |    o", "  |   .", "  |  .", "  | .", "0 |o", "  +-----", "   0 x 4", "o a"]


def test_a_plot_of_logarithms_puts_the_same_factor_at_the_same_distance():
    drawn = text.text_plot({"a": ([1, 10, 100], [0, 0, 1])}, columns=3 + 9, rows=2, log_x=True)
    assert drawn[1].startswith("0 |o...o") and drawn[0].endswith("..o") and len(drawn[0]) == 12


def test_a_plot_without_points_or_with_no_logarithm_is_refused():
    for points, log in ((([], []), False), (([1], [math.inf]), False), (([0, 1], [1, 1]), True)):
        with pytest.raises(ValueError, match="text_plot expects points"):
            text.text_plot({"a": points}, log_x=log)


def test_where_points_meet_the_commonest_is_seen():
    points = [(0, 0), (0, 0), (0, 0), (9, 9)]
    assert text.text_points(points, ["1", "2", "2", "3"], columns=4, rows=2) == ["   3", "2"]
    assert text.text_points(points, ["1", "1", "2", "3"], columns=4, rows=2) == ["   3", "1"]


def test_bars_are_as_long_as_their_values():
    assert text.text_bars({"a": 1, "long": 2}, columns=4 + 2 + 10 + 2) == ["a     ##### 1", "long  ########## 2"]
    assert text.text_bars({"a": 0.0}, columns=10) == ["a   0"]


def test_an_image_is_shades_or_dots():
    image = [[0, 1], [0, 1], [1, 0], [1, 0]]
    assert text.text_image(image, braille=False) == [" @", "@ "]
    assert text.text_image(image) == ["⡜"]


def test_a_legend_takes_as_many_lines_as_it_needs():
    lines = text.text_plot({name * 12: ([1, 2], [1, 2]) for name in "abcd"}, columns=32)
    assert [line.split("   ") for line in lines[-2:]] == [
        [f"{mark} {name * 12}" for mark, name in zip(marks, names, strict=True)]
        for marks, names in ((text.MARKS[:2], "ab"), (text.MARKS[2:4], "cd"))
    ]


def test_a_message_is_one_short_line_that_no_terminal_obeys():
    assert text.legible(ValueError("é \x1b[2J\n\ud800")) == r"é \x1b[2J\n\ud800"
    assert text.legible("a" * text.LONGEST) == "a" * text.LONGEST
    assert text.legible("a" * text.LONGEST + "b") == "a" * (text.LONGEST - 4) + " ..."
