"""What the project says of itself must be true: version, licences, types, and a sentence for every public name."""

import configparser
import importlib
import re
from pathlib import Path

import pytest

import tinytorch
from tests.test_faces import FACES

ROOT = Path(__file__).resolve().parents[1]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_one():
    assert re.search(r"^version: (\S+)$", text("CITATION.cff"), re.MULTILINE)[1] == tinytorch.__version__
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert setup["metadata"]["version"] == "attr: tinytorch.__version__"
    for licence in setup["metadata"]["license_files"].split():
        assert list(ROOT.glob(licence)), licence


def test_the_citation_has_what_the_format_asks_for():
    keys = re.findall(r"^([a-z-]+):", text("CITATION.cff"), re.MULTILINE)
    assert {"cff-version", "title", "message", "authors", "version", "date-released", "license"} <= set(keys)


def test_prose_and_code_have_a_licence_each():
    assert text("LICENSE").startswith("MIT License")
    assert "Creative Commons Attribution 4.0 International Public" in text("LICENSE-TEXT")
    assert "LICENSE-TEXT" in text("README.md") and "LICENSE-TEXT" in text("CONTRIBUTING.md")


def test_the_types_are_shipped():
    assert (ROOT / "tinytorch" / "py.typed").exists()


@pytest.mark.parametrize("name", FACES)
def test_every_public_name_is_documented(name):
    face = importlib.import_module(f"tinytorch.{name}" if name else "tinytorch")
    silent = []
    for one in face.__all__:
        value = getattr(face, one)
        home = getattr(value, "__module__", "") or ""
        if callable(value) and home.startswith("tinytorch") and not (value.__doc__ or "").strip():
            silent.append(one)
        if isinstance(value, type) and value.__doc__ is object.__doc__:
            silent.append(one)
    assert silent == []


def test_every_public_method_of_a_tensor_is_documented():
    methods = [name for name in dir(tinytorch.Tensor) if not name.startswith("_") and name not in ("array", "grad")]
    assert [name for name in methods if not (getattr(tinytorch.Tensor, name).__doc__ or "").strip()] == []
