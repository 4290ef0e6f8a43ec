"""The reference: the library's docstrings are plain text, which is shown as it was written.

```{names} tinytorch.nn         what stands where a PyTorch user looks for it, with links
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

CODE = re.compile(r"`([^`]+)`")


def as_restructured_text(line: str) -> str:
    """A line of a docstring, in which nothing but backticks means anything."""
    parts = CODE.split(line)
    return "".join(f"``{part}``" if i % 2 else re.sub(r"([\\*_|<`])", r"\\\1", part) for i, part in enumerate(parts))


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Called by autodoc with the lines of each docstring, which it may change."""
    lines[:] = [as_restructured_text(line) for line in lines]


def home(value: Any) -> str:
    """Where something is documented: "tinytorch.layers.Linear"; empty for what is none of ours."""
    module, name = getattr(value, "__module__", "") or "", getattr(value, "__qualname__", "")
    return f"{module}.{name}" if module.startswith("tinytorch.") and name else ""


class Names(SphinxDirective):
    """The public names of a package, each with a link to its description."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One paragraph of names."""
        package = import_module(self.arguments[0])
        words = []
        for name in package.__all__:
            value = getattr(package, name)
            target = home(value)
            if target and not hasattr(value, "__path__"):
                words.append(f"{{py:obj}}`{name} <{target}>`")
            elif not isinstance(value, type(re)) and not name.startswith("__"):
                words.append(f"`{name}`")
        box = nodes.container(classes=["names"])
        box += self.parse_text_to_nodes(" · ".join(words))
        return [box]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", process)
    app.add_directive("names", Names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
