"""IDX files: any array comes back as it was written, packed or not, and what is no whole file is refused."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from tinytorch.idx import DTYPES, read_idx

CODES = {np.dtype(dtype).newbyteorder("="): code for code, dtype in DTYPES.items()}


def written(array):
    """The bytes of an IDX file, by its description and without a word of the reader."""
    start = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype], array.ndim, *array.shape)
    return start + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


dtypes = st.sampled_from(["uint8", "int8", "int16", "int32", "float32", "float64"])


@given(
    array=dtypes.flatmap(lambda d: arrays_of.arrays(d, arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0))),
    packed=st.booleans(),
)
def test_any_array_comes_back_in_the_machines_own_order(path, array, packed):
    path.write_bytes(gzip.compress(written(array)) if packed else written(array))
    read = read_idx(path)
    assert read.dtype == array.dtype and read.dtype.isnative
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)
    read[...] = 1  # it may be written to


def test_the_codes_are_the_formats():
    names = {code: np.dtype(dtype).newbyteorder("=").name for code, dtype in DTYPES.items()}
    assert names == {8: "uint8", 9: "int8", 11: "int16", 12: "int32", 13: "float32", 14: "float64"}


WHOLE = written(np.arange(12, dtype=np.int32).reshape(3, 4))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it begins with b''"),
        (WHOLE[:3], "it begins with"),
        (b"\1" + WHOLE[1:], "it begins with"),
        (b"\0\1" + WHOLE[2:], "it begins with"),
        (b"\0\0\x0a" + WHOLE[3:], "it begins with"),
        (WHOLE[:9], "it ends before the lengths of its axes"),
        (WHOLE[:-1], r"it should hold 48 bytes for the shape \(3, 4\), and holds 47"),
        (WHOLE[:12], r"it should hold 48 bytes for the shape \(3, 4\), and holds 0"),
        (WHOLE + b"\0", r"it should hold 48 bytes for the shape \(3, 4\), and holds more"),
        (b"<html>", "it begins with b'<htm'"),
        (gzip.compress(WHOLE, mtime=0)[:-10], "end-of-stream"),
        (gzip.compress(WHOLE, mtime=0)[:-8] + b"\0" * 8, "CRC"),
        (gzip.compress(WHOLE[:-1], mtime=0), "and holds 47"),
        (b"\x1f\x8b", "end-of-stream"),
        (b"\x1f\x8bnonsense", "method"),
    ],
)
def test_what_is_no_whole_file_is_refused_in_a_sentence_that_names_it(path, content, said):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path} is not a whole IDX file (") and "\n" not in str(caught.value)


@given(content=st.binary(max_size=40), packed=st.booleans(), kept=st.integers(0, 60))
def test_rubbish_is_refused_with_a_value_error_or_read(path, content, packed, kept):
    whole = b"\0\0\x08" + content
    path.write_bytes(gzip.compress(whole)[:kept] if packed else whole)
    try:
        read_idx(path)
    except ValueError as error:
        assert str(path) in str(error)


def test_a_file_that_claims_too_much_takes_no_memory_for_it(path):
    path.write_bytes(b"\0\0\x08\x02" + b"\x7f" * 8)
    tracemalloc.start()
    with pytest.raises(ValueError, match="and holds 0"):
        read_idx(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3_000_000


def test_a_file_that_is_not_there_is_an_oserror(path):
    with pytest.raises(FileNotFoundError):
        read_idx(path.with_name("missing"))
