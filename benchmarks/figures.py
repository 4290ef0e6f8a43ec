"""What the scripts here do with their figures."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def report(script: str, figures: Mapping[str, Any], file: Path | None) -> None:
    """Print figures behind the command and the machine that they come from, and write them where asked."""
    content = {
        "command": f"python -m benchmarks.{script} {' '.join(sys.argv[1:])}".strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        **figures,
    }
    text = json.dumps(content, indent=2)
    print(text)
    if file is not None:
        file.write_text(text + "\n", encoding="utf-8")
