"""The pages of the studies: with results they show them, without them they say how they are made."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from tinytorch.experiments import STUDIES

pytest.importorskip("sphinx", reason="the book needs its extra: pip install '.[book]'")
ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    {"what": "convolutional", "seeds": [93.8, 94.4, 93.4], "published": "94 +- 1", "must": ">= 93", "holds": True},
    {"what": "perceptron", "seeds": [], "published": "68", "must": "", "holds": None},
    {"what": "a row that the study has no more", "seeds": [1.0], "published": "", "must": "2 to 3", "holds": False},
]


@pytest.fixture
def studies(monkeypatch, tmp_path):
    """The extension, with a folder of results that is empty."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    module = importlib.import_module("extensions.studies")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "extensions"]:
        del sys.modules[name]


def page(studies, name="mnist1d"):
    return studies.page(name, ROOT / "book" / "studies" / "made")


@pytest.mark.parametrize("name", STUDIES)
def test_without_results_a_page_says_in_one_sentence_how_to_make_them(studies, name):
    text = page(studies, name)
    found = text.partition("## Ours beside the published figures\n\n")[2].partition("\n\n## ")[0]
    assert found == (
        "The results of a full run of this study are not in this copy of the book. This makes them:\n\n"
        f"```console\n$ tinytorch reproduce {name} --full\n```"
    )


def test_results_that_appear_are_shown_with_their_command(studies, tmp_path):
    results = {
        "command": "tinytorch reproduce mnist1d --full --seeds 3",
        **{"runs_finished": 5, "runs_planned": 6, "processor_seconds": 7200, "table": ROWS},
        "runs": [{"seed": seed} for seed in (0, 1, 2)],
    }
    (tmp_path / "mnist1d.json").write_text(json.dumps(results))
    text = page(studies)
    assert "| convolutional | 93.9 ± 0.3 % | 94 ± 1 | ≥ 93: holds |" in text
    assert "| perceptron | - | 68 |  |" in text and "2 to 3: does not hold |" in text
    assert "Means over 3 seeds" in text and "5 runs took 2.0 hours" in text and "5 of 6 runs are finished" in text
    assert "$ tinytorch reproduce mnist1d --full --seeds 3" in text and "![" not in text
    (tmp_path / "mnist1d.svg").write_text("<svg/>")
    assert "(/../benchmarks/results/studies/mnist1d.svg)" in page(studies)
