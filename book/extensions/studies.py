"""A page for each study, written when the book is built: what the study's file says, and the figures of its committed results.

    ```{studies}        a table of them

What somebody adds by hand in studies/notes/NAME.md stands below the figures.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from extensions.course import escaped
from tinytorch import experiments
from tinytorch._places import PACKAGE
from tinytorch.cli.reproduce import ours
from tinytorch.experiments.face import Results, Row

RESULTS = PACKAGE.parent / "benchmarks" / "results" / "studies"


def title_of(name: str) -> str:
    """What a study is about, as a heading."""
    about = experiments.STUDIES[name][1]
    return about[0].upper() + about[1:]


def results_of(name: str) -> dict[str, Any] | None:
    """What a full run of a study found, as it is committed; None where it is not."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def write_pages(app: Sphinx) -> None:
    """Write studies/made/NAME.md for each study; a page of a study that is gone is removed."""
    made = Path(app.srcdir) / "studies" / "made"
    made.mkdir(exist_ok=True)
    for name in experiments.STUDIES:
        _write(made / f"{name}.md", page(name, made))
    for old in made.glob("*.md"):
        if old.stem not in experiments.STUDIES:
            old.unlink()


def _write(path: Path, text: str) -> None:
    """Only where it changed, so that nothing is built again for nothing."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def page(name: str, made: Path) -> str:
    """The page of a study, as Markdown."""
    study = experiments.load(name)
    file = PACKAGE / "experiments" / f"{experiments.STUDIES[name][0]}.py"
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    _, _, method = doc.partition("\n\n")
    notes = made.parent / "notes" / f"{name}.md"
    parts = [
        f"# {title_of(name)}",
        f":::{{div}} lede\n{escaped(study.question)}\n:::",
        *(as_markdown(paragraph) for paragraph in method.split("\n\n") if paragraph.strip()),
        f"After {escaped(study.source)}.",
        "## Ours beside the published figures",
        *found(name),
        *(["## What it means", notes.read_text(encoding="utf-8").strip()] if notes.is_file() else []),
        f"## The whole study\n\n```{{literalinclude}} /../tinytorch/experiments/{file.name}\n:caption: tinytorch/experiments/{file.name}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def as_markdown(paragraph: str) -> str:
    """A paragraph of a docstring; what is indented is a list, and shown as it stands."""
    lines = paragraph.strip("\n").split("\n")
    indented = lines[0].startswith("    ")
    return "\n".join(["```text", *(line[4:] for line in lines), "```"]) if indented else escaped(paragraph)


def found(name: str) -> Iterator[str]:
    """The table and the picture of a study's results, or what is missing and how it is made."""
    results = results_of(name)
    command = f"```console\n$ {results['command'] if results else f'tinytorch reproduce {name} --full'}\n```"
    if results is None:
        yield f"The results of a full run of this study are not in this copy of the book. This makes them:\n\n{command}"
        return
    full = "--full" in results["command"]
    rows = [
        "| | ours | published |" + (" must hold |" if full else ""),
        "| --- | ---: | ---: |" + (" ---: |" if full else ""),
    ]
    forms = {row.what: row for row in experiments.load(name).table(Results())}  # digits and units
    for row in results["table"]:
        figure = ours(replace(forms.get(row["what"], Row(row["what"], ())), ours=row["seeds"]), "±")
        must = f" {signs(row['must'])}{kept(row['holds'])} |" if full else ""
        rows.append(f"| {escaped(row['what'])} | {figure} | {signs(row['published'])} |{must}")
    yield "\n".join(rows)
    seeds = len({run["seed"] for run in results["runs"]})
    hours = results["processor_seconds"] / 3600
    took = (
        f"{hours:.1f} hours"
        if hours >= 1
        else f"{60 * hours:.0f} minutes"
        if hours > 1 / 30
        else f"{3600 * hours:.0f} seconds"
    )
    over = f"Means over {seeds} seeds, with their standard errors; " if seeds > 1 else ""
    unfinished = ""
    if results["runs_finished"] < results["runs_planned"]:
        unfinished = f" {results['runs_finished']} of {results['runs_planned']} runs are finished."
    yield f"{over}{results['runs_finished']} runs took {took} of a processor.{unfinished} The command:\n\n{command}"
    picture = drawn(name)
    if picture:
        yield picture


def signs(text: str) -> str:
    """What is typed with two keys, as one sign."""
    for typed, sign in (("+-", "±"), (">=", "≥"), ("<=", "≤")):
        text = text.replace(typed, sign)
    return escaped(text)


def kept(holds: bool | None) -> str:
    """Whether a figure is what it must be, in a word."""
    return {True: ": holds", False: ": does not hold", None: ""}[holds]


def drawn(name: str) -> str:
    """The picture of a study's results that is committed beside them."""
    for suffix in ("svg", "png"):
        if (RESULTS / f"{name}.{suffix}").is_file():
            return f"![{title_of(name)}: the figures of the table, as a picture](/../benchmarks/results/studies/{name}.{suffix})"
    return ""


class Studies(SphinxDirective):
    """A table of the studies."""

    def run(self) -> list[nodes.Node]:
        """A line for each."""
        self.env.note_reread()  # results may have come
        rows = ["| study | question | results |", "| --- | --- | --- |"]
        for name in experiments.STUDIES:
            there = "here" if results_of(name) else "to be run"
            rows.append(
                f"| [{title_of(name)}](/studies/made/{name}.md) | {escaped(experiments.load(name).question)} | {there} |"
            )
        return list(self.parse_text_to_nodes("\n".join(rows)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", write_pages)
    app.add_directive("studies", Studies)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
