"""Figures that move: a directive puts a trace, recorded by the library while the book is built, where a script draws it.

```{moving} convolution         the name of a function in traces.py, and of a script in _static/moving/
The caption, which says in words what there is to see.
```
"""

from __future__ import annotations

import json
from typing import Any

import traces
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SCRIPTS = ("moving.js", "graph.js", "convolution.js", "broadcasting.js", "training.js", "signals.js")


class Moving(SphinxDirective):
    """A figure, its data, and the words for whoever cannot see it."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """The data stands in the page itself: a page opened from a disk may not fetch anything."""
        kind = self.arguments[0]
        record = getattr(traces, kind, None)
        if record is None:
            raise self.error(f"traces.py records no {kind!r}")
        self.env.note_dependency(traces.__file__)
        data = json.dumps(record(), separators=(",", ":")).replace("</", "<\\/")
        html = (
            f'<div class="moving" data-kind="{kind}"><div class="stage"></div>'
            f"<noscript>This figure moves; it needs JavaScript.</noscript>"
            f'<script type="application/json">{data}</script></div>'
        )
        figure = nodes.container(classes=["moving-figure"])
        figure += nodes.raw("", html, format="html")
        caption = nodes.container(classes=["moving-caption"])
        caption += self.parse_content_to_nodes()
        figure += caption
        return [figure]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("moving", Moving)
    for script in SCRIPTS:
        app.add_js_file(f"moving/{script}", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
