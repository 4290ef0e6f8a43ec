"""Which machine this is: boards say their name, small ones get small recipes, and nobody is asked twice."""

from types import SimpleNamespace

import pytest

from tinytorch import machine
from tinytorch.recipes import PRESETS


@pytest.fixture
def board(monkeypatch, tmp_path):
    """Make this machine look like a board."""

    def become(processor, name=None):
        monkeypatch.setattr(machine.os, "uname", lambda: SimpleNamespace(machine=processor), raising=False)
        monkeypatch.setattr(machine, "BOARD", tmp_path / "model")
        if name is not None:
            (tmp_path / "model").write_bytes(name.encode() + b"\0")

    return become


@pytest.mark.parametrize(
    ("processor", "name", "preset"),
    [
        ("armv6l", "Raspberry Pi Zero W Rev 1.1", "zero"),
        ("armv6l", "Raspberry Pi Model B Rev 2", "zero"),
        ("armv6l", None, "zero"),
        ("armv7l", "Raspberry Pi 3 Model B Plus Rev 1.3", "pi"),
        ("aarch64", "Raspberry Pi Zero 2 W Rev 1.0", "pi"),
        ("aarch64", "Raspberry Pi 5 Model B Rev 1.0", "pi"),
        ("aarch64", None, "full"),
        ("x86_64", None, "full"),
    ],
)
def test_the_preset_follows_from_the_board(board, processor, name, preset):
    board(processor, name)
    assert machine.board() == (name or "")
    assert machine.preset() == preset and preset in PRESETS


def test_free_memory_is_what_linux_calls_available(monkeypatch, tmp_path):
    file = tmp_path / "meminfo"
    monkeypatch.setattr(machine, "MEMORY", file)
    assert machine.available_memory() is None
    file.write_text("MemTotal:  437480 kB\nMemFree:  31000 kB\nMemAvailable:  262144 kB\n")
    assert machine.available_memory() == 256
    file.write_text("MemTotal:  437480 kB\n")
    assert machine.available_memory() is None


def test_every_preset_has_the_same_names():
    assert tuple(PRESETS) == machine.PRESETS
    assert len({tuple(recipes) for recipes in PRESETS.values()}) == 1
