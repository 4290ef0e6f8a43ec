"""Try damaged files on every reader, led by what they reach: a million in all, by default.

    python -m tests.fuzz [--inputs 1000000] [--only TARGET ...] [--seed 0] [--json FILE]

Needs atheris (the extra `fuzz`). Each reader runs in a process of its own with limits on time and memory; a file at which one
is at fault stays in `--keep DIR`. The exit status is 1 where there is one. A run with --json can be gone on with.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tinytorch.text import legible

MEGABYTES = 1024  # of a process, which needs some 200 for itself
INPUTS = 1_000_000


def main() -> int:
    """Run every target and print what came of it."""
    parser = argparse.ArgumentParser(description="Damaged files for every reader.")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="in all, dealt out evenly")
    parser.add_argument("--only", nargs="*", metavar="TARGET", help="these readers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there, after each reader")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="put files there at which a reader is at fault")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, runs, folder = options.child
        fuzz(name, int(runs), options.seed, Path(folder))
        return 0
    from tests.fuzz.targets import TARGETS

    names = options.only or list(TARGETS)
    command = f"python -m tests.fuzz --inputs {options.inputs} --seed {options.seed}"
    found: dict[str, Any] = {"command": command, "inputs": 0, "faults": 0, "readers": {}}
    if options.json and options.json.exists():
        before = json.loads(options.json.read_text(encoding="utf-8"))
        found = before if before["command"] == command else found
    for name in names:
        if name not in found["readers"]:
            found["readers"][name] = one(name, -(-options.inputs // len(names)), options.seed, options.keep)
        found["inputs"] = sum(reader["inputs"] for reader in found["readers"].values())
        found["faults"] = sum(bool(reader["fault"]) for reader in found["readers"].values())
        print(f"{name}: {found['readers'][name]}", flush=True)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{found['inputs']:,} inputs, {found['faults']} faults")
    return 1 if found["faults"] else 0


def one(name: str, runs: int, seed: int, keep: Path | None) -> dict[str, Any]:
    """What became of one reader, in a process of its own."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        where = keep or Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        arguments = ["--seed", str(seed), "--child", name, str(runs), str(where)]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.fuzz", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    done = re.search(r"Done (\d+) (?:runs )?in", ran.stderr)
    last = re.findall(r"^#(\d+)\s", ran.stderr, re.MULTILINE)
    told_by = re.search(r"fault=(.*)", ran.stdout) or re.search(r"(==\d+== ERROR: .*)", ran.stderr)
    fault = "" if ran.returncode == 0 and done else told_by[1] if told_by else ran.stderr[-2000:]
    told = re.search(r"refused=(\d+)", ran.stdout)
    return {
        "inputs": int(done[1]) if done else int(last[-1]) if last else 0,
        "refused": int(told[1]) if told else None,
        "seconds": round(time.monotonic() - started),
        "fault": fault,
    }


def fuzz(name: str, runs: int, seed: int, folder: Path) -> None:
    """Try files on one reader in this process, until so many were tried or one is at fault."""
    import atheris

    with atheris.instrument_imports(include=["tinytorch", "pickle"]):
        from tests.fuzz.targets import TARGETS, Fault, damaged, try_one

    target = TARGETS[name]
    seeds = target.seeds()
    corpus = Path(tempfile.mkdtemp())
    for i, data in enumerate(seeds):
        (corpus / str(i)).write_bytes(data)
        try_one(target, data)
    counts = {"read": 0, "refused": 0, "tried": 0}

    def test_one_input(data: bytes) -> None:
        counts["tried"] += 1
        try:
            counts[try_one(target, data)] += 1
        except Fault as fault:
            print(f"fault={legible(fault)}", flush=True)
            raise
        if counts["tried"] >= runs:
            print(f"refused={counts['refused']}", flush=True)

    def mutate(data: bytes, largest: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.3:
            return atheris.Mutate(data, largest)[:largest]
        return damaged(rng, data or rng.choice(seeds), seeds)[:largest]

    limits = [f"-runs={runs}", f"-seed={seed + 1}", f"-rss_limit_mb={MEGABYTES}", f"-malloc_limit_mb={MEGABYTES // 2}"]
    arguments = [
        sys.argv[0],
        *limits,
        "-timeout=60",
        "-max_len=65536",
        "-print_final_stats=0",
        f"-artifact_prefix={folder}/",
    ]
    atheris.Setup([*arguments, str(corpus)], test_one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
