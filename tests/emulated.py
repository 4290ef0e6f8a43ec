"""The library's tests on an emulated machine, as a script that a runner such as RPI_RUN starts there with pytest on its path.

    RPI_RUN --nocount --path . --path FOLDER_WITH_PYTEST tests/emulated.py [pytest's arguments ...]

Few examples are drawn for each test: an emulated machine is some thirty times slower. What starts another process is skipped,
since an emulated process cannot.
"""

import os
import subprocess
import sys
from pathlib import Path

os.environ["HYPOTHESIS_PROFILE"] = "few"

import pytest  # reads the variable, by way of conftest.py

ROOT = Path(os.environ["PYTHONPATH"].split(os.pathsep)[0])  # where the runner has put the project
OUTSIDE = {  # what does not depend on the machine, and what takes other processes or servers
    f"test_{name}" for name in ("downloads", "graphs", "house", "pi", "progress", "scripts", "text", "threads", "viz")
}


def no_other_process(*_, **__):
    """Stands for subprocess.Popen."""
    pytest.skip("an emulated process cannot start another")


def library_tests():
    """The files of tests of the library."""
    return [str(path) for path in sorted((ROOT / "tests").glob("test_*.py")) if path.stem not in OUTSIDE]


if __name__ == "__main__":
    os.chdir(ROOT)
    subprocess.Popen = no_other_process
    options = ["-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", "-c", str(ROOT / "setup.cfg")]
    chosen = sys.argv[1:]
    files = [] if any(not word.startswith("-") for word in chosen) else library_tests()
    sys.exit(pytest.main([*options, *chosen, *files]))
