"""The book is built: quickly, without running its cells, in every run of the tests; as a whole in the long ones."""

import re

import pytest

pytest.importorskip("myst_nb", reason="the book needs its extra: pip install '.[book]'")

LOADS = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=["'](?:https?:)?//[^"']+""")


def test_the_text_holds_together(build, tmp_path):
    """References, directives, formulas, quoted code, exercises, mistakes, traces, the reference: without a warning."""
    unrun = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer")
    done = build("dummy", tmp_path, *unrun, seconds=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_the_whole_book_is_built_without_a_warning(html):
    assert (html / "index.html").is_file() and (html / "chapters" / "12_recurrent.html").is_file()


@pytest.mark.long
def test_no_page_loads_anything_from_elsewhere(html):
    for page in html.rglob("*.html"):
        assert not LOADS.findall(page.read_text(encoding="utf-8")), page
    for style in html.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_a_page_that_loads_from_elsewhere_would_be_noticed():
    assert LOADS.search('<script async src="https://cdn.example/mathjax.js">') and not LOADS.search(
        '<a href="https://x">'
    )
