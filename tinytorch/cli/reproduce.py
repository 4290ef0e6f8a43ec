"""`tinytorch reproduce`: runs a study, and shows what it found beside what was published.

What a study is stands in tinytorch/experiments/__init__.py. Interrupted, it shows what was finished; asked again, it goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch import machine, text
from tinytorch._files import atomic_write
from tinytorch.cli import CommandError
from tinytorch.cli.demo import check_picture, check_writable, count
from tinytorch.progress import Progress

if TYPE_CHECKING:
    from tinytorch.experiments.face import Panel, Results, Row, Run, Study
    from tinytorch.experiments.runner import Pool

DETAILS = """\
examples:
  %(prog)s
    list the studies
  %(prog)s tinydigits
    the same picture in little time
  %(prog)s tinydigits --full
    all of it, to be held against what was published
  %(prog)s lottery --dask tcp://10.0.0.1:8786
    on a cluster of other machines
"""
HEADINGS = ("", "ours", "published", "must hold", "holds")


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(
        name,
        help=summary,
        description="Run a study, and show what it found beside what was published. A finished run is stored, and not run again.",
        epilog=DETAILS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", nargs="?", metavar="NAME", help="which (without one, they are listed)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the same picture in a minute (this, unless told otherwise)")
    size.add_argument("--full", action="store_true", help="as it was published, or nearly so")
    parser.add_argument("--seeds", type=count, metavar="N", help="repeat it N times, from seeds 0, 1, ...")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the picture, with matplotlib")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the table, and the numbers that all runs found"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=count, metavar="N", help="run in N processes (one for each core)")
    where.add_argument("--dask", metavar="ADDRESS", help="run on the cluster of this scheduler of dask.distributed")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the studies, or run one and show it."""
    from tinytorch import experiments  # it loads NumPy, for which --help does not wait

    if options.study is None:
        print("\n".join(listed({name: about for name, (_, about) in experiments.STUDIES.items()}, _columns())))
        return 0
    try:
        study = experiments.load(options.study)
    except ValueError as error:
        raise CommandError(str(error)) from None
    for file in (options.json, options.plot):
        if file is not None:
            check_writable(file)
    if options.plot is not None:
        check_picture(options.plot)
    return reproduce(study, options)


def listed(studies: Mapping[str, str], columns: int) -> list[str]:
    """The studies, each with what it is about, broken where a line would not fit."""
    width = max(map(len, studies))
    room = max(columns - width - 2, 20)
    rows = [("study", "what it is about")]
    for name, about in studies.items():
        first, *more = textwrap.wrap(about, room)
        rows += [(name, first), *(("", line) for line in more)]
    return [line.rstrip() for line in text.text_table(rows)]


def reproduce(study: Study, options: argparse.Namespace) -> int:
    """Run a study and show it; 1 if a run failed or, of a full one, a figure is not what it must be."""
    from tinytorch import downloads
    from tinytorch._executors import usable_cores
    from tinytorch.experiments import runner
    from tinytorch.experiments.store import Store

    plan = study.full if options.full else study.quick
    runs = plan.runs(options.seeds)
    for needed in study.needs:
        downloads.locate(needed)
    try:
        pool: Pool = (
            runner.Cluster(options.dask) if options.dask else runner.Processes(options.workers or usable_cores())
        )
    except ImportError as error:
        raise CommandError(str(error), 1) from error
    store = Store(study)
    kept = len(store.results(runs))
    print(f"{textwrap.fill(study.question, _columns())}\n", flush=True)
    try:
        failures = runner.conduct(study, runs, store, pool, Progress(label=study.name, unit="run"))
    except KeyboardInterrupt:
        finished = store.results(runs)
        show(study, finished, [], options.full, kept)
        write_files(study, finished, [], runs, options)
        print(f"\n{len(finished)} of {len(runs)} runs are finished and kept: the same command goes on from there.")
        raise

    results = store.results(runs)
    panels = study.picture(results) if len(results) == len(runs) else []
    show(study, results, panels, options.full, kept)
    write_files(study, results, panels, runs, options)
    if failures:
        (failed, reason), others = failures[0], len(failures) - 1
        more = f", and {others} more" if others else ""
        raise CommandError(f"the run {failed} failed{more}: {_said(reason)}", 1)
    return 1 if options.full and any(row.holds is False for row in study.table(results)) else 0


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or ["no more is known"]
    return lines[-1] if type(error).__name__ == "WorkerDied" else f"{type(error).__name__}: {lines[0]}"


# What it prints


def show(study: Study, results: Results, panels: Sequence[Panel], full: bool, kept: int) -> None:
    """Print the table and the picture; of a study that is not finished there is no picture. kept: runs from before."""
    braille = text.can_draw_braille(sys.stdout)
    plus_minus = "±" if braille else "+-"
    rows = study.table(results)
    print("\n".join(text_rows(rows, plus_minus, full, _columns())))
    print(f"\n{textwrap.fill(note(results, full, plus_minus, kept), _columns())}")
    for panel in panels:
        print(f"\n{panel.text(_columns(), braille)}")


def text_rows(rows: Sequence[Row], plus_minus: str, full: bool, columns: int) -> list[str]:
    """The table, with what must hold if it is a full one."""
    cells = [HEADINGS if full else HEADINGS[:3]]
    for row in rows:
        line = (row.what, ours(row, plus_minus), row.published)
        cells.append((*line, text_range(row), {True: "yes", False: "no", None: ""}[row.holds]) if full else line)
    return [line.rstrip() for line in text.text_table(cells, left=1)]


def ours(row: Row, plus_minus: str) -> str:
    """ "64.1 ± 0.3 %"; without the error for a single seed, and a dash where nothing is known."""
    if not row.ours:
        return "-"
    error = "" if math.isnan(row.error) else f" {plus_minus} {row.error:{row.form}}"
    return f"{row.mean:{row.form}}{error}{row.unit}"


def text_range(row: Row) -> str:
    """(93, None) -> ">= 93", (31, 33) -> "31 to 33"."""
    match row.must:
        case None | (None, None):
            return ""
        case (None, high):
            return f"<= {high:g}"
        case (low, None):
            return f">= {low:g}"
        case (low, high):
            return f"{low:g} to {high:g}"


def note(results: Results, full: bool, plus_minus: str, kept: int) -> str:
    """What the figures are means over, what they took, how many of them were there before, and what to ask for next."""
    seeds = sorted({result.run.seed for result in results})
    over = f"means {plus_minus} standard errors over seeds {seeds[0]} to {seeds[-1]}; " if len(seeds) > 1 else ""
    took = f"{len(results)} runs took {_duration(sum(result.seconds for result in results))} of processor time"
    before = f", {'all' if kept == len(results) else kept} of them kept from before" if kept else ""
    return f"{over}{took}{before}{'' if full else '; --full is what is held against the published figures'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _columns() -> int:
    return shutil.get_terminal_size().columns


# What it writes


def write_files(
    study: Study, results: Results, panels: Sequence[Panel], runs: Sequence[Run], options: argparse.Namespace
) -> None:
    """Write the files that were asked for, each whole or not at all."""
    if options.json is not None:
        content = report(study, results, len(runs), options, panels)
        with atomic_write(options.json) as stream:
            stream.write(f"{as_json(content)}\n".encode())
    if options.plot is not None and panels:
        from tinytorch import viz

        viz.save(panels, options.plot)


def report(
    study: Study, results: Results, planned: int, options: argparse.Namespace, panels: Sequence[Panel]
) -> dict[str, Any]:
    """All of it as numbers, strings, lists and dicts; nan, which JSON has not, as null."""
    rows = [
        {
            "what": row.what,
            "ours": _plain(row.mean),
            "standard_error": _plain(row.error),
            "seeds": [_plain(value) for value in row.ours],
            "published": row.published,
            "must": text_range(row),
            "holds": row.holds if options.full else None,
        }
        for row in study.table(results)
    ]
    return {
        "study": study.name,
        "command": command(study, options),
        "machine": machine.described(),
        "runs_finished": len(results),
        "runs_planned": planned,
        "processor_seconds": round(sum(result.seconds for result in results), 1),
        "table": rows,
        "picture": [_plain(panel.data()) for panel in panels],
        "runs": [
            {
                "config": result.run.config,
                "seed": result.run.seed,
                "seconds": result.seconds,
                **{name: _plain(v) for name, v in result.values.items() if isinstance(v, int | float | str)},
            }
            for result in results
        ],
    }


def command(study: Study, options: argparse.Namespace) -> str:
    """What to type for the same table."""
    seeds = f" --seeds {options.seeds}" if options.seeds else ""
    return f"tinytorch reproduce {study.name} {'--full' if options.full else '--quick'}{seeds}"


def _plain(value: Any) -> Any:
    """Numbers to six digits, and nan as None, all the way down."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value


def as_json(content: Any) -> str:
    """JSON that can be read: what holds nothing but numbers and words stands in one line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return re.sub(r"[\[{][^][{}]*[\]}]", lambda flat: re.sub(r"\s*\n\s*", " ", flat.group()), text)
