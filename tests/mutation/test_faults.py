"""Every planted fault fits the file that it is for, so that no change of a line takes its fault away unseen."""

import pytest

from tests.mutation.__main__ import PROJECT, load_faults


@pytest.mark.parametrize("file", sorted({fault.file for fault in load_faults([])}))
def test_what_a_fault_replaces_stands_once_in_its_file(file):
    text = (PROJECT / file).read_text(encoding="utf-8")
    amiss = [fault.was for fault in load_faults([file]) if text.count(fault.was) != 1 or fault.was == fault.becomes]
    assert not amiss
