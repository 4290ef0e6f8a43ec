"""The book is built: quickly, without running its cells, in every run of the tests; as a whole in the long ones."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.book import build, without_network
from tests.book.conftest import BROWSERS

pytest.importorskip("myst_nb", reason="the book needs its extra: pip install '.[book]'")

ROOT = Path(__file__).resolve().parents[2]
LOADS = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=["'](?:https?:)?//[^"']+""")


def test_the_text_holds_together(tmp_path):
    """References, directives, formulas, quoted code, exercises, mistakes, traces, the reference: without a warning."""
    unrun = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer")
    done = build("dummy", tmp_path, *unrun, seconds=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_the_whole_book_is_built_without_a_warning(html):
    assert (html / "index.html").is_file() and (html / "chapters" / "12_recurrent.html").is_file()


@pytest.mark.skipif(not without_network(), reason="bubblewrap cannot take the network away here")
def test_the_build_has_no_network():
    """That of the whole book runs behind the same words."""
    reach = "import socket; socket.create_connection(('192.0.2.1', 80), 20)"
    done = subprocess.run([*without_network(), sys.executable, "-c", reach], capture_output=True, text=True)
    assert "unreachable" in done.stderr


@pytest.mark.long
def test_no_page_loads_anything_from_elsewhere(html):
    for page in html.rglob("*.html"):
        assert not LOADS.findall(page.read_text(encoding="utf-8")), page
    for style in html.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


@pytest.mark.long
def test_no_words_for_those_who_listen_are_latex(html):
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        labels = re.findall(r"""\b(?:aria-label|alt|title)="([^"]*)\"""", text)
        assert not [label for label in labels if re.search(r"\\[a-z]|[_^]\{", label)], page
        heard = re.findall(r"<math .*?</math>", text, re.S)
        assert len(heard) == len(re.findall(r'class="formula(?:-block)?"', text)), page
        assert not any("\\" in formula for formula in heard), page


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what reads LaTeX, in Python 3.11
def test_a_formula_is_drawn_and_can_be_heard(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    mathematics = importlib.import_module("extensions.mathematics")
    tex = r"\frac{\partial L}{\partial w_{ij}} < \sum_n \mathrm{tanh}(x_n)^2"
    drawn = ElementTree.fromstring(mathematics.drawing(tex, True))
    heard = ElementTree.fromstring(mathematics.to_be_heard(tex, True))
    assert drawn.get("aria-hidden") == "true" and heard.get("class") == "heard"
    assert "".join(heard.itertext()).replace(" ", "") == "∂L∂wij<∑ntanh(xn)2"
    with pytest.raises(ValueError, match="would not be drawn: '\\+'"):
        mathematics.to_be_heard(r"a \mathrel{+}= b", True)


def test_a_page_that_loads_from_elsewhere_would_be_noticed():
    assert LOADS.search('<script async src="https://cdn.example/mathjax.js">') and not LOADS.search(
        '<a href="https://x">'
    )


# On paper


def printed(page, file, path):
    return subprocess.run(
        [sys.executable, str(ROOT / "book" / "print.py"), str(page), str(file)],
        env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="a script without an ending is no program there")
def test_an_older_pdf_does_not_look_like_a_new_one(tmp_path):
    (tmp_path / "chromium").write_text("#!/bin/sh\necho no paper >&2\n")
    (tmp_path / "chromium").chmod(0o755)
    file = tmp_path / "book.pdf"
    file.write_text("of last week")
    done = printed("page.html", file, str(tmp_path))
    assert done.returncode == 1 and done.stderr.endswith("could not print page.html: no paper\n") and not file.exists()


def test_without_a_browser_there_is_no_pdf_and_it_says_why(tmp_path):
    done = printed("page.html", tmp_path / "book.pdf", str(tmp_path))
    assert done.returncode == 1 and "needs Chromium or Chrome" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.long
@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="there is no browser here to print with")
def test_the_pdf_holds_the_whole_book(html, tmp_path):
    pdfium = pytest.importorskip("pypdfium2", reason="it reads the PDF")
    done = build("singlehtml", html.parent, seconds=1500)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "book.pdf"
    done = printed(html.parent / "singlehtml" / "index.html", file, os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    with pdfium.PdfDocument(file) as document:
        text = [page.get_textpage().get_text_range() for page in document]
    assert len(text) > 100
    whole = " ".join(" ".join(text).split())
    for chapter in (ROOT / "book" / "chapters").glob("*.md"):
        title = re.search(r"^# (.+)$", chapter.read_text(encoding="utf-8"), re.M)[1]
        assert whole.count(title) >= 2, title  # in the contents and above the chapter
    assert whole.count("When you are through") == 12 and "03.4 " in whole
    assert "\0" not in whole  # what no font has a drawing for
