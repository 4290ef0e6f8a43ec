"""The book in a browser, with no network: every page, every figure that moves, the search, and `tinytorch play`."""

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch.cli.play import make

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "graph": "chapters/02_autograd.html",
    "broadcasting": "chapters/02_autograd.html",
    "convolution": "chapters/09_conv.html",
    "training": "chapters/08_training.html",
    "signals": "chapters/07_data.html",
}
PAGES = sorted(
    path.relative_to(ROOT / "book").with_suffix(".html").as_posix()
    for path in (ROOT / "book").rglob("*.md")
    if not {"_build", "made", "notes"} & {*path.parts}
)
every_page = pytest.mark.parametrize("name", PAGES)


def found_by_axe(page):
    """What axe-core calls serious or critical, in words."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    violations = axe.run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:120]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


@every_page
def test_a_page_loads_without_an_error_and_fits_a_phone(html, visit, name):
    page = visit((html / name).as_uri(), width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert not page.wrong


@every_page
def test_a_page_is_accessible(html, visit, name):
    page = visit((html / name).as_uri())
    assert not found_by_axe(page)
    assert page.locator("h1").count() == 1
    assert page.evaluate("[...document.images].every((image) => image.alt.length > 8)")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("chapters/0")])
def test_a_page_is_accessible_in_the_dark(html, visit, name):
    assert not found_by_axe(visit((html / name).as_uri(), dark=True))


def test_the_pages_of_the_studies_load(html, visit):
    for path in sorted((html / "studies" / "made").glob("*.html")):
        page = visit(path.as_uri(), width=360)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360 and not page.wrong, path
        assert not found_by_axe(page), path


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_that_moves_can_be_operated(html, visit, kind):
    page = visit((html / KINDS[kind]).as_uri())
    figure = page.locator(f".moving-figure:has([data-kind={kind}])")
    said = [figure.locator(".says").inner_text()]
    forward = figure.get_by_role("button", name="Next")
    while forward.is_enabled():
        forward.click()
        said.append(figure.locator(".says").inner_text())
    assert len(set(said)) == len(said) >= 5 and all(said)
    slider = figure.get_by_role("slider")
    slider.press("Home")
    assert figure.locator(".says").inner_text() == said[0]
    slider.press("ArrowRight")
    assert figure.locator(".says").inner_text() == said[1]
    for button in figure.locator(".controls[role=group] button").all():
        button.press("Enter")
    assert figure.locator(".says").inner_text() and "differ" not in figure.inner_text() and not page.wrong


def test_the_moving_graph_shows_what_the_library_computes(html, visit):
    page = visit((html / KINDS["graph"]).as_uri())
    figure = page.locator(".moving-figure:has([data-kind=graph])")
    figure.get_by_role("slider").press("End")
    w, b = (tinytorch.tensor(v, requires_grad=True) for v in (0.5, -0.4))
    e = (w * 2.0 + b).tanh() - 1.0
    (e * e).backward()
    drawn = figure.locator("svg").first.text_content().replace("\u2212", "-")
    assert f"{w.grad.item():.3f}" in drawn and f"{b.grad.item():.3f}" in drawn


def test_the_last_step_of_the_convolution_is_its_gradient(html, visit):
    page = visit((html / KINDS["convolution"]).as_uri())
    figure = page.locator(".moving-figure:has([data-kind=convolution])")
    figure.get_by_role("button", name="Backward: fold").click()
    figure.get_by_role("slider").press("End")
    assert "the gradient that the library computed." in figure.locator(".says").inner_text()


@pytest.fixture
def served(html):
    """The book as a server gives it."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(html))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_search_finds_unbroadcast(served, visit):
    page = visit(f"{served}/search.html?q=unbroadcast")
    page.wait_for_selector("#search-results li")
    assert "Automatic differentiation" in page.locator("#search-results").inner_text() and not page.wrong


def test_the_search_works_from_a_disk(html, visit):
    page = visit(f"{(html / 'search.html').as_uri()}?q=unbroadcast")
    page.wait_for_selector("#search-results li")
    assert page.locator("#search-results li").count() >= 1


# tinytorch play


ANSWERED = "#answer[aria-busy=false]"


@pytest.fixture
def playing_with():
    """A function that starts `tinytorch play` with some arguments, and gives its address."""
    processes = []

    def start(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "tinytorch", "play", "--port", "0", "--no-browser", *map(str, arguments)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        processes.append(process)
        return next(found[0] for line in process.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def playing(playing_with):
    """`tinytorch play`, as it is without any argument, at its address."""
    return playing_with()


def draw(page, image):
    """Draw an image of 8 x 8 grays with a fine pen: in each cell as many of its 16 points as it is gray."""
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Pen").select_option("1")
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    fine = np.zeros((32, 32), bool)
    for (i, j), gray in np.ndenumerate(image):
        count = round(float(gray) * 16)
        for k in range(count):
            fine[4 * i + k // 4, 4 * j + k % 4] = True
    size = box["width"] / 32
    for row in range(32):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], fine[row], [0]])))
        for start, stop in edges.reshape(-1, 2):
            y = box["y"] + (row + 0.5) * size
            page.mouse.move(box["x"] + (start + 0.5) * size, y)
            page.mouse.down()
            page.mouse.move(box["x"] + (stop - 0.5) * size, y)
            page.mouse.up()


def test_play_recognises_digits_that_are_drawn(playing, visit):
    page = visit(playing)
    page.wait_for_selector("#answer[data-best]")
    images, labels = (t.numpy() for t in tinytorch.datasets.tinydigits()[1].tensors)
    right = 0
    for digit in range(10):
        draw(page, images[np.flatnonzero(labels == digit)[0], 0])  # the first of each in the test set
        page.wait_for_selector(ANSWERED)
        right += page.locator("#answer").get_attribute("data-best") == str(digit)
    assert right >= 9 and not page.wrong


def test_play_by_keyboard_alone(playing, visit):
    page = visit(playing)
    page.wait_for_selector("#answer[data-best]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "pad"
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    for _ in range(8):  # a stroke from top to bottom, twice inked
        page.keyboard.press("Space")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    page.wait_for_selector(ANSWERED)
    assert page.locator("#answer").get_attribute("data-best") == "1"
    page.keyboard.press("Delete")
    assert page.evaluate("drawn().every((v) => v === 0)") and not page.wrong


def test_a_signal_cannot_be_drawn_out_of_the_picture(playing_with, visit, tmp_path):
    tinytorch.save(make("signals").state_dict(), tmp_path / "untrained.npz")
    page = visit(playing_with(tmp_path / "untrained.npz"))
    page.wait_for_selector(ANSWERED)
    box = page.locator("#pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, box["y"] - 60, steps=4)
    page.mouse.move(x - 100, box["y"] + box["height"] + 60, steps=4)
    page.mouse.up()
    low, high, most = page.evaluate("[Math.min(...drawn()), Math.max(...drawn()), MOST]")
    assert (low, high) == (-most, most)
    page.locator("#pad").press("ArrowDown")
    page.wait_for_selector(ANSWERED)
    assert page.evaluate("Math.min(...drawn())") == -most and not page.wrong


def test_the_page_of_play_is_accessible_and_fits_a_phone(playing, visit):
    for dark in (False, True):
        page = visit(playing, width=360, dark=dark)
        page.wait_for_selector("#answer[data-best]")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert not found_by_axe(page) and not page.wrong
