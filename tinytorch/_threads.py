"""One thread for the linear algebra of networks as small as ours.

Their products are too small to be shared out: with two threads on two cores a training took as long when the machine was
idle, and many times as long when it was not.
"""

import os
import sys

THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """Ask for one thread, before NumPy loads its BLAS, unless somebody chose a number already."""
    if "numpy" not in sys.modules and not any(name in os.environ for name in (*THREADS, "OMP_NUM_THREADS")):
        os.environ.update(dict.fromkeys(THREADS, "1"))
