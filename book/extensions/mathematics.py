"""Mathematics as drawings: LaTeX becomes SVG when the book is built, so that a page needs neither scripts nor fonts.

Whoever listens to a page gets the same formula as MathML, from which the drawing was made, in place of it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

import ziafont
import ziamath
from docutils import nodes
from sphinx.application import Sphinx
from ziamath.tex import tex2mml

SIZE = 20.0  # of the letters, in the units of the drawing

ziafont.config.svg2 = False  # each drawing holds its own outlines: a page has many
ziamath.config.math.color = "currentColor"

OPENING = re.compile(r'width="([\d.]+)" height="([\d.]+)" viewBox="(\S+) (\S+) (\S+) (\S+)"')
LONG_NUMBER = re.compile(r"(-?\d+\.\d\d)\d+")


@cache
def drawing(tex: str, inline: bool) -> str:
    """A formula as an SVG element, measured in the size of the text around it, its baseline on the text's."""
    svg = ziamath.Latex(tex, size=SIZE, inline=inline).svg()
    opening, rest = svg.split(">", 1)
    found = OPENING.search(opening)
    if not found:
        raise ValueError(f"the drawing of {tex!r} begins with {opening!r}")
    left, top, width, height = map(float, found.groups()[2:])
    below = f' style="vertical-align:{-(top + height) / SIZE:.3f}em"' if inline else ""
    size = f'width="{width / SIZE:.3f}em" height="{height / SIZE:.3f}em"'
    box = f'viewBox="{left:.2f} {top:.2f} {width:.2f} {height:.2f}"'
    shapes = LONG_NUMBER.sub(r"\1", rest)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} aria-hidden="true"{below}>{shapes}'


@cache
def to_be_heard(tex: str, inline: bool) -> str:
    """A formula as a MathML element that is there for screen readers and not to be seen.

    Raises ValueError where a sign is made of others, as in \\mathrel{+}: it would not be drawn, and nothing would say so.
    """
    formula = str(tex2mml(tex, inline))
    for element in ElementTree.fromstring(formula).iter():
        if len(element) and element.tag.endswith(("}mo", "}mi", "}mn", "}mtext")):
            raise ValueError(f"a part of the formula {tex!r} would not be drawn: {''.join(element.itertext())!r}")
    return formula.replace("<math ", '<math class="heard" ', 1)


def visit_inline(self: Any, node: nodes.math) -> None:
    """A formula in a line of text."""
    tex = node.astext()
    self.body.append(f'<span class="formula">{drawing(tex, True)}{to_be_heard(tex, True)}</span>')
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.math_block) -> None:
    """A formula on a line of its own, made smaller where the page is narrow."""
    tex = node.astext().strip()
    if "\\\\" in tex and "\\begin" not in tex:
        tex = rf"\begin{{align}}{tex}\end{{align}}"
    self.body.append(f'<div class="formula-block">{drawing(tex, False)}{to_be_heard(tex, False)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_html_math_renderer("drawn", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
