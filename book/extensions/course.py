"""The course in the text: a chapter's facts, its exercises and the mistakes people make are read from `modules/`.

```{chapter} 01                 what a chapter builds, how many exercises, how long
```{exercise} 01.4              what an exercise asks for
```{pitfalls} 01                known mistakes, named in the lines that follow, in their own words
```{contents-of-the-course}     a table of the chapters
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tinytorch._places import PACKAGE
from tinytorch.course.exercises import Exercise, Module, exercises, modules


def module(number: str) -> Module:
    """The module of a number, "04"."""
    return next(one for one in modules() if one.number == number)


def hours(minutes: int) -> str:
    """To half an hour: "3.5 hours", on one line."""
    halves = round(minutes / 30)
    return f"{halves // 2}{'.5' if halves % 2 else ''}\N{NO-BREAK SPACE}hours"


def _plural(n: int, thing: str) -> str:
    return f"{n} {thing}{'s' if n != 1 else ''}"


class Chapter(SphinxDirective):
    """The strip at the head of a chapter."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One list of facts."""
        one = module(self.arguments[0])
        file = PACKAGE / f"{one.name}.py"
        self.env.note_dependency(str(file))
        self.env.note_dependency(str(one.folder / "exercises.py"))
        minutes = sum(exercise.minutes for exercise in one.exercises)
        lines = file.read_text(encoding="utf-8").count("\n")
        facts = [
            f"Module {one.number}",
            f"you write `{one.name}.py`",
            _plural(len(one.exercises), "exercise"),
            f"about {hours(minutes)}",
            f"the library's own has {lines} lines",
        ]
        strip = nodes.container(classes=["facts"])
        strip += self.parse_text_to_nodes("\n".join(f"- {fact}" for fact in facts))
        return [strip]


class ExerciseCard(SphinxDirective):
    """What an exercise asks for, in the words of the command line."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A card with a title, the text, and how to go about it."""
        found = next((one for one in exercises() if one.id == self.arguments[0]), None)
        if found is None:
            raise self.error(f"there is no exercise {self.arguments[0]}")
        self.env.note_dependency(str(found.module.folder / "exercises.py"))
        card = nodes.container(classes=["exercise"], ids=[f"exercise-{found.id.replace('.', '-')}"])
        card += nodes.rubric("", f"{found.id} {found.title}", classes=["exercise-title"])
        card += self.parse_text_to_nodes(unindented(found.prompt))
        foot = nodes.container(classes=["todo"])
        foot += self.parse_text_to_nodes(to_do(found))
        card += foot
        return [card]


def to_do(exercise: Exercise) -> str:
    """How to go about it, as Markdown."""
    functions = ", ".join(f"`{name}`" for name in exercise.functions)
    return (
        f"To write: {functions}. About {_plural(exercise.minutes, 'minute')}, {_plural(exercise.points, 'point')}. "
        f"Then `tinytorch check {exercise.id}`."
    )


def unindented(text: str) -> str:
    """The text of an exercise, whose code is indented by four."""
    lines = text.strip("\n").split("\n")
    widths = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    least = min(widths, default=0)
    return "\n".join(line[least:] for line in lines).strip()


class Pitfalls(SphinxDirective):
    """Known mistakes by name, in the words with which the command line answers them."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """A list, in the order of the names."""
        one = module(self.arguments[0])
        self.env.note_dependency(str(one.folder / "mistakes.py"))
        known = {variant.name: variant for variants in one.mistakes.values() for variant in variants}
        items = []
        for name in self.content:
            if not name.strip():
                continue
            if name.strip() not in known:
                raise self.error(f"module {one.number} knows no mistake {name.strip()!r}")
            variant = known[name.strip()]
            exercise = next(one for one in one.exercises if one.id == variant.exercise)
            items.append(f"- **{variant.exercise}** {with_code(sentence(variant.message, exercise))}")
        box = nodes.container(classes=["pitfalls"])
        box += self.parse_text_to_nodes("\n".join(items))
        return [box]


def sentence(said: str, exercise: Exercise) -> str:
    """With a capital at the front, unless a name of the code stands there: `np.ones`, `g`, a function to be written."""
    word = said.partition(" ")[0].rstrip(",:")
    names = {name.split(".")[-1] for name in exercise.functions}
    is_name = word in names or not word.isalpha() or len(word) == 1 and word != "a"
    return said if is_name else said[:1].upper() + said[1:]


def with_code(text: str) -> str:
    """Plain text for Markdown, in which nothing but backticks means anything."""
    parts = text.split("`")
    return "".join(f"`{part}`" if i % 2 else escaped(part) for i, part in enumerate(parts))


def escaped(text: str) -> str:
    """Plain text for Markdown: stars and underscores are stars and underscores."""
    for sign in "\\*_`<$[":
        text = text.replace(sign, f"\\{sign}")
    return text


class ContentsOfTheCourse(SphinxDirective):
    """A table of the chapters."""

    def run(self) -> list[nodes.Node]:
        """A line for each module."""
        rows = ["| | you build | exercises | time |", "| --- | --- | --- | --- |"]
        for one in modules():
            title, _, what = one.title.partition(":")
            minutes = sum(exercise.minutes for exercise in one.exercises)
            rows.append(
                f"| [{one.number}](/chapters/{one.folder.name}.md) | **{title}**: {what.strip()} "
                f"| {len(one.exercises)} | {hours(minutes)} |"
            )
        total = sum(exercise.minutes for exercise in exercises())
        rows.append(f"| | all | {len(exercises())} | {hours(total)} |")
        return list(self.parse_text_to_nodes("\n".join(rows)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    directives: dict[str, type[Directive]] = {
        "chapter": Chapter,
        "exercise": ExerciseCard,
        "pitfalls": Pitfalls,
        "contents-of-the-course": ContentsOfTheCourse,
    }
    for name, directive in directives.items():
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
