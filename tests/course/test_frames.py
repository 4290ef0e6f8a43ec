"""Frames carry arrays and plain values, refuse everything else, and are not fooled by garbled bytes."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinytorch.course.checks import difference
from tinytorch.course.frames import LENGTH, FrameError, Other, read_frame, write_frame


def sent(value):
    stream = io.BytesIO()
    write_frame(stream, value)
    stream.seek(0)
    return read_frame(stream)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint16", "float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3)])
def test_arrays_arrive_as_they_were(dtype, shape):
    x = np.asarray(np.arange(np.prod(shape, dtype=np.int64)).reshape(shape)).astype(dtype)
    assert difference(sent(x), x.astype(x.dtype.newbyteorder("="))) is None
    assert difference(sent(np.array(x, order="F")), x.astype(x.dtype.newbyteorder("="))) is None


def test_arrays_keep_the_order_of_their_memory():
    x = np.arange(6.0).reshape(2, 3)
    assert sent(x).flags.c_contiguous
    assert sent(np.array(x, order="F")).flags.f_contiguous
    assert difference(sent(x[:, ::2]), x[:, ::2]) is None


def test_data_types_arrive_as_numpys_own():
    """As those of arrays that are made here: the library asks for some of them by `is`."""
    assert all(sent(np.ones(2, dtype)).dtype is np.dtype(dtype) for dtype in (bool, np.int64, np.float32, np.float64))


def test_plain_values_arrive_as_they_were():
    value = {"a": [1, 2.5, None, True, "x"], "b": (1, (2,), {}), "c": slice(None, 3, -1), "d": ..., "array": "not one"}
    assert sent(value) == value
    assert sent((float("inf"), -float("inf"))) == (float("inf"), -float("inf"))
    assert np.isnan(sent(float("nan")))


def test_text_arrives_so_that_it_can_be_written():
    """Half a character, which no file takes, is spelled out: what a learner's code raises may hold anything."""
    halves = sent({"\udcff": "a\udcff", "é\U0001f600": type("E", (), {"__repr__": lambda self: "\udcff"})()})
    assert halves == {"\\udcff": "a\\udcff", "é\U0001f600": Other("E", "\\udcff")}
    assert str(halves).encode()


def test_what_cannot_be_sent_is_told_in_the_same_words_each_time():
    assert sent(object()) == Other("object", "<object object>")


class Liar:
    def __repr__(self):
        raise RuntimeError("no")

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("must not be called")

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    "value", [Liar(), object, np.array([None]), np.array(["x"]), np.complex64(1), {1: 2}, lambda: 0]
)
def test_anything_else_arrives_as_its_type_and_looks(value):
    got = sent({"value": value})["value"]
    assert isinstance(got, Other) and type(value).__name__ in got.kind
    assert sent(got) == got


def test_subclasses_arrive_as_others():
    """They could answer differently each time they are asked."""

    class MyList(list):
        pass

    assert isinstance(sent(MyList([1])), Other)


@given(st.binary(max_size=64))
def test_garbled_bytes_are_a_frame_error(noise):
    with pytest.raises((FrameError, EOFError)):
        value = read_frame(io.BytesIO(noise))
        raise FrameError(value)


@given(
    st.text(max_size=80).map(str.encode)
    | st.sampled_from([b'{"array": "f8", "shape": [99999999999], "order": "C"}', b'{"array": "O", "shape": []}'])
)
def test_garbled_json_is_a_frame_error_or_a_plain_value(text):
    try:
        value = read_frame(io.BytesIO(LENGTH.pack(len(text)) + text))
    except FrameError:
        return
    assert value is None or isinstance(value, (bool, int, float, str))
