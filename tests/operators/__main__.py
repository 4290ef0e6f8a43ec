"""Run the whole table and say how many samples agree, and which differences were met.

    python -m tests.operators [--only NAME ...] [--json FILE]

The exit status is 1 where something differs that is not in `tests/operators/differences.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from tests.operators.differences import ACCEPTED, accepted
from tests.operators.run import outcomes
from tests.operators.samples import DTYPES, table


def main() -> int:
    """Print the table, and each fault."""
    parser = argparse.ArgumentParser(description="PyTorch's own samples of operators through both libraries.")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these operators, as they are in the table")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the counts there")
    options = parser.parse_args()
    np.seterr(all="ignore")
    counts: Counter[str] = Counter()
    used: Counter[int] = Counter()
    clean = 0
    names = options.only or list(table())
    for name in names:
        faults = 0
        for outcome in outcomes(name, DTYPES):
            counts["samples"] += 1
            if outcome.difference is None:
                counts["agree"] += 1
                continue
            entry = accepted(name, *outcome.difference, outcome.dtype)
            counts["differ on purpose" if entry else "faults"] += 1
            if entry:
                used[ACCEPTED.index(entry)] += 1
            else:
                faults += 1
                print(f"{name} {outcome.dtype} {outcome.way}: {outcome.difference}\n    {outcome.sample}")
        clean += not faults
    print(f"{clean} of {len(names)} operators without a fault; {dict(counts)}")
    for i, entry in enumerate(ACCEPTED):
        print(f"{used[i]:6}  {entry.operators or 'any'}, {entry.what}: {entry.reason}")
    if options.json:
        found = {"operators": len(names), "without_fault": clean, **counts, "torch": torch.__version__}
        reasons = [
            {"operators": e.operators, "what": e.what, "reason": e.reason, "samples": used[i]}
            for i, e in enumerate(ACCEPTED)
        ]
        command = "python -m tests.operators --json " + str(options.json)
        options.json.write_text(
            json.dumps({"command": command, **found, "differences": reasons}, indent=1) + "\n", encoding="utf-8"
        )
    return 1 if counts["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
