"""The doctor: every trouble that a small machine may have is told in a sentence with what to do, and nothing else is."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from tinytorch import machine
from tinytorch.cli import doctor, main


def is_one_sentence_with_a_remedy(said, *words):
    assert "\n" not in said and not said.endswith(".") and len(said) < 300
    assert all(word in said for word in words), said
    return True


@pytest.mark.parametrize(
    ("libraries", "kind"),
    [
        (["blas/libblas.so.3.11.0", "lapack/liblapack.so.3.11.0"], doctor.REFERENCE),
        (["openblas-serial/libblas.so.3", "lapack/liblapack.so.3.11.0"], "OpenBLAS"),
        (["blas/libblas.so.3.11.0", "openblas-serial/libopenblas_armv6-r0.3.21.so"], "OpenBLAS"),
        (["numpy.libs/libscipy_openblas64_-ff651d7f.so"], "OpenBLAS"),
        (["lib/libmkl_rt.so.2"], "MKL"),
        (["blis-serial/libblas.so.3"], "BLIS"),
        (["lib/libc.so.6", "lib/libm.so.6"], None),
        ([], None),
    ],
)
def test_the_blas_is_known_by_its_library(libraries, kind):
    assert doctor.kind_of_blas(libraries) == kind


def test_only_the_reference_blas_is_a_trouble_and_says_what_to_install():
    assert is_one_sentence_with_a_remedy(doctor.about_blas(doctor.REFERENCE), "sudo apt install libopenblas0")
    assert [doctor.about_blas(kind) for kind in ("OpenBLAS", "MKL", None)] == [None] * 3


def test_loaded_libraries_are_told_with_their_folders(monkeypatch, tmp_path):
    maps = tmp_path / "maps"
    maps.write_text(
        "40000000-40028000 r-xp 00000000 08:02 1234  /usr/lib/arm-linux-gnueabihf/blas/libblas.so.3.11.0\n"
        "40028000-40029000 rw-p 00000000 08:02 1234  /usr/lib/arm-linux-gnueabihf/blas/libblas.so.3.11.0\n"
        "be8d2000-be8f3000 rw-p 00000000 00:00 0     [stack]\n"
    )
    monkeypatch.setattr(doctor, "MAPS", maps)
    assert doctor.loaded_libraries() == ["blas/libblas.so.3.11.0"]
    monkeypatch.setattr(doctor, "MAPS", tmp_path / "missing")
    assert doctor.loaded_libraries() == []


def test_versions_that_are_too_old_are_told():
    assert is_one_sentence_with_a_remedy(doctor.about_versions((3, 9), "1.24.2"), "Python 3.9", "Bookworm")
    assert is_one_sentence_with_a_remedy(doctor.about_versions((3, 11), "1.19.5"), "NumPy 1.19.5", "pip install")
    assert doctor.about_versions((3, 11), "1.24.2") is doctor.about_versions((3, 13), "2.2.4") is None
    assert doctor.about_versions((3, 11), "2.0.0rc1") is None


def test_little_memory_is_told():
    assert is_one_sentence_with_a_remedy(doctor.about_memory(20.4), "20 MB", "64")
    assert doctor.about_memory(64) is doctor.about_memory(None) is None


def test_a_clock_that_was_never_set_is_told():
    assert is_one_sentence_with_a_remedy(doctor.about_clock(5.0), "1970", "sudo date")
    assert doctor.about_clock(doctor.BUILT) is None


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A package that was never imported, in a folder of its own."""
    (tmp_path / "sensors").mkdir()
    (tmp_path / "sensors" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "sensors"


def test_a_package_whose_compiled_form_can_be_kept_is_no_trouble(package):
    assert doctor.about_bytecode("sensors") is None
    assert doctor.about_bytecode("sys") is doctor.about_bytecode("not_installed") is None


def test_compiled_files_that_are_not_written_are_a_trouble(package, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert is_one_sentence_with_a_remedy(doctor.about_bytecode("sensors"), "sensors", "unset PYTHONDONTWRITEBYTECODE")


def test_compiled_files_on_a_card_that_cannot_be_written_are_a_trouble(package, monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: Path(path) != package)
    said = doctor.about_bytecode("sensors")
    assert is_one_sentence_with_a_remedy(said, str(package / "__pycache__"), "export PYTHONPYCACHEPREFIX=")
    cached = Path(importlib.util.cache_from_source(str(package / "__init__.py")))
    cached.parent.mkdir()
    cached.write_bytes(b"")
    assert doctor.about_bytecode("sensors") is None


def test_the_facts_of_a_board_are_printed_and_each_trouble_makes_the_status_1(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(machine, "board", lambda: "Raspberry Pi Zero W Rev 1.1")
    monkeypatch.setattr(machine, "preset", lambda: "zero")
    monkeypatch.setattr(machine, "available_memory", lambda: 31.0)
    monkeypatch.setattr(doctor, "loaded_libraries", lambda: ["blas/libblas.so.3.11.0"])
    monkeypatch.setattr(doctor, "about_bytecode", lambda package: None)
    assert main.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "Raspberry Pi Zero W Rev 1.1, trained with the preset zero" in said and "31 MB free" in said
    troubles = re.findall("^trouble +(.*)$", said, re.MULTILINE)
    assert len(troubles) == 2 and "libopenblas0" in troubles[0] and "31 MB" in troubles[1]
