"""What all tests share: one profile of hypothesis, the same examples on every machine, and a seed for everything random."""

import os
import signal

import pytest
from hypothesis import Phase, settings

import tinytorch

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell, and then in every child's as well
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("tinytorch", derandomize=True, deadline=None, print_blob=True)
unshrunk = [Phase.explicit, Phase.generate]  # for whoever only asks whether a test fails, as tests.mutation does
settings.register_profile("unshrunk", settings.get_profile("tinytorch"), phases=unshrunk)
settings.register_profile("few", settings.get_profile("tinytorch"), max_examples=5)  # for slow machines
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tinytorch"))


def pytest_addoption(parser):
    """Options of ours are declared here, where pytest finds them whatever it is asked to run."""
    parser.addoption("--workspace", metavar="DIR", help="with modules/: check the files of this workspace")
    parser.addoption("--long", action="store_true", help="run the tests that take minutes, too")


def pytest_configure(config):
    """Say what our marks mean."""
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")


def pytest_collection_modifyitems(config, items):
    """Leave out what takes minutes, unless it is asked for."""
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: --long runs it"))


@pytest.fixture(autouse=True)
def _seeded():
    """Every test starts from the same random numbers, whichever ran before."""
    tinytorch.manual_seed(0)
