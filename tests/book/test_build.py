"""The book is built: quickly, without running its cells, in every run of the tests; as a whole in the long ones."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("myst_nb", reason="the book needs its extra: pip install '.[book]'")

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


def build(builder, folder, *settings, seconds):
    """Run Sphinx on a copy of nothing: the book's own folder, with all that is made put elsewhere."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", builder]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, *settings, "-d", str(folder / "doctrees"), str(ROOT / "book"), str(folder / builder)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds,
    )  # fmt: skip


def test_the_text_holds_together(tmp_path):
    """References, directives, formulas, quoted code, exercises, mistakes, traces, the reference: without a warning."""
    unrun = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=config.cache,myst-nb.lexer")
    done = build("dummy", tmp_path, *unrun, seconds=600)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """The whole book, its cells run."""
    folder = tmp_path_factory.mktemp("book")
    done = build("html", folder, "-j", "2", seconds=1500)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.long
def test_the_whole_book_is_built_without_a_warning(html):
    assert (html / "index.html").is_file() and (html / "chapters" / "12_recurrent.html").is_file()


@pytest.mark.long
def test_no_page_loads_anything_from_elsewhere(html):
    loads = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=["'](?:https?:)?//[^"']+""")
    for page in html.rglob("*.html"):
        found = [tag for tag in loads.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not found, (page, found)
    for style in html.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_a_page_that_loads_from_elsewhere_would_be_noticed():
    loads = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=["'](?:https?:)?//[^"']+""")
    assert loads.search('<script async src="https://cdn.example/mathjax.js">') and not loads.search(
        '<a href="https://x">'
    )
