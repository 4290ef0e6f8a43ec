"""Every planted fault fits the file that it is for, so that no change of a line takes its fault away unseen."""

import pytest

from tests.mutation.__main__ import PROJECT, load_faults, report, sample


@pytest.mark.parametrize("file", sorted({fault.file for fault in load_faults([])}))
def test_what_a_fault_replaces_stands_once_in_its_file(file):
    text = (PROJECT / file).read_text(encoding="utf-8")
    amiss = [fault.was for fault in load_faults([file]) if text.count(fault.was) != 1 or fault.was == fault.becomes]
    assert not amiss


def test_a_sample_is_the_same_for_its_seed_and_reaches_every_file_in_the_end():
    faults = load_faults([])
    once, again, other = (sample(faults, 300, seed) for seed in (1, 1, 2))
    assert once == again != other and len(set(once)) == len(set(other)) == 300
    assert set(once) <= set(faults) and [faults.index(fault) for fault in once] == sorted(map(faults.index, once))
    assert sample(faults, len(faults) + 1, 0) == faults
    assert len({fault for seed in range(40) for fault in sample(faults, 300, seed)}) > 0.99 * len(faults)


def test_of_a_sample_no_file_needs_its_ten_faults():
    one = [(load_faults(["tinytorch/ops.py"])[0], "caught by tests/test_ops.py::test_it")]
    assert report(one, 0) == ({"tinytorch/ops.py": {"planted": 1, "caught": 1}}, [])
    assert report(one)[1] == ["tinytorch/ops.py: only 1 faults"]
