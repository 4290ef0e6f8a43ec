"""How many threads the linear algebra gets."""

import os
import subprocess
import sys

import pytest

from tinytorch._threads import THREADS, use_one_thread


def test_blas_gets_one_thread_unless_the_environment_says_otherwise(monkeypatch):
    assert set(THREADS) == {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"}
    monkeypatch.setattr(os, "environ", {})
    use_one_thread()
    assert os.environ == {}  # NumPy is loaded here: too late
    monkeypatch.delitem(sys.modules, "numpy")
    use_one_thread()
    assert os.environ == dict.fromkeys(THREADS, "1")
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "4"})
    use_one_thread()
    assert os.environ == {"OMP_NUM_THREADS": "4"}


@pytest.mark.parametrize(("chosen", "found"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_importing_the_library_first_is_enough(chosen, found):
    code = "import os, tinytorch; print(os.environ['OPENBLAS_NUM_THREADS'])"
    others = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    run = subprocess.run([sys.executable, "-c", code], env=others | chosen, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == found
