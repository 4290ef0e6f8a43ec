"""Pages without a template: a tag is a function call, and all text is escaped unless it was made here."""

from __future__ import annotations

from html import escape

STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #fff; --wash: #f5f7fa; --good: #1a7f4b; --bad: #b3261e;
  --warn: #8a5a00; --bar: #3b6fb6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa5b4; --line: #343d4a; --paper: #14181e;
  --wash: #1c222b; --good: #5fcf97; --bad: #ff8a80; --warn: #f0c060; --bar: #7fb0f0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .5rem 0; max-width: 46rem; } .soft { color: var(--soft); }
.score { font-size: 2.6rem; font-weight: 650; line-height: 1; margin: 1rem 0 .25rem; }
.score small { font-size: 1.1rem; font-weight: 400; color: var(--soft); }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; overflow-x: auto;
  font: .84rem/1.45 ui-monospace, monospace; margin: .6rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } caption { text-align: left; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); font-size: .85rem; } td.n, th.n { text-align: right; } td.n { white-space: nowrap; }
.wide { overflow-x: auto; } .card { border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius: .4rem;
  padding: .9rem 1.1rem; margin: 1rem 0; } .card header { display: flex; gap: 1rem; justify-content: space-between; }
.passed { color: var(--good); } .failed { color: var(--bad); } .skipped { color: var(--soft); } .error { color: var(--warn); }
.because { border-left: .2rem solid var(--bar); padding-left: .8rem; } svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg rect { fill: var(--bar); } svg line { stroke: var(--line); }
a { color: var(--bar); } .meter { background: var(--wash); height: .6rem; margin-top: .5rem; min-width: 7rem; border-radius: .3rem; }
.meter span { display: block; height: 100%; border-radius: .3rem; background: var(--bad); }
@media (max-width: 36rem) { th, td { padding-right: .5rem; } .meter { min-width: 3rem; } }
@media print { body { max-width: none; padding: 0; } .card { break-inside: avoid; } }
"""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *content: str | None, **attributes: object) -> Html:
    """An element; text in it is escaped. A trailing _ of an attribute's name goes: class_."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{joined(*content)}</{name}>")


def joined(*content: str | None) -> Html:
    """Pieces one after the other; text is escaped, None is nothing."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content if part is not None))


def page(title: str, *content: str | None) -> str:
    """A whole page, which needs nothing from anywhere else and runs nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    )
    head = Html(f"{head}<title>{escape(title)}</title><style>{STYLE}</style>")
    return f'<!doctype html>\n<html lang="en">{tag("head", head)}{tag("body", *content)}</html>\n'
