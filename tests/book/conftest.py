"""What the tests of the book share: the whole book, built once, and a browser that cannot reach the network."""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.book import build

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """The whole book, its cells run; or the one in TINYTORCH_BOOK, where it was built already."""
    if "TINYTORCH_BOOK" in os.environ:
        return Path(os.environ["TINYTORCH_BOOK"])
    folder = tmp_path_factory.mktemp("book")
    done = build("html", folder, "-j", "2", seconds=1500)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser is driven by playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"there is no browser here, of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """A function that opens a page with nothing but the disk and this machine in reach; it collects what goes wrong."""
    contexts = []

    def visit(address, width=1280, height=900, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))

        def reach(route):
            if route.request.url.startswith(("file:", "data:", "http://127.0.0.1:")):
                route.continue_()
            else:
                page.wrong.append(f"asked for {route.request.url}")
                route.abort()

        page.route("**/*", reach)
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
