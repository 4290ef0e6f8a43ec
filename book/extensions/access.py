"""Small repairs for whoever uses the pages by keyboard or by ear: what scrolls can be reached, headings have a level."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def repair(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Called by Sphinx with all that a page is made of."""
    if "body" in context:
        body = context["body"].replace("<pre>", '<pre tabindex="0">')
        context["body"] = body.replace('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper')
    tree = "furo_navigation_tree"
    if tree in context:
        context[tree] = context[tree].replace('role="heading"', 'role="heading" aria-level="2"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("html-page-context", repair, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
