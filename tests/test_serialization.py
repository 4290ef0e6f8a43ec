"""Files: what is saved comes back as it was, a file is written whole or not at all, and a bad one is told as such."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinytorch.serialization
from tinytorch.layers import Linear, Parameter
from tinytorch.serialization import load, save
from tinytorch.tensor import Tensor

ROOT = Path(tinytorch.serialization.__file__).parents[1]

arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.int8, np.uint8, np.bool_, ">f4", "<U3"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
numeric = arrays.filter(lambda a: a.dtype.kind in "fiub")
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
leaves = plain | arrays | numeric.map(Tensor) | numeric.map(lambda a: a.reshape(-1)[:1].sum())
keys = st.none() | st.booleans() | st.integers() | st.text()
objects = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner), max_leaves=8
)


def assert_same(a, b):
    """Equal in type, value and data type, all the way down; -0.0 and nan are what they were."""
    assert type(a) is type(b)
    if isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, dict):
        assert_same(list(a.items()), list(b.items()))
    elif isinstance(a, Tensor):
        assert a.requires_grad == b.requires_grad
        assert_same(a.array, b.array)
    elif isinstance(a, np.ndarray | np.generic):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()
    else:
        assert repr(a) == repr(b)


def through_a_file(obj):
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file)


@given(objects)
def test_what_is_saved_comes_back_the_same(obj):
    assert_same(obj, through_a_file(obj))


def test_a_tensor_comes_back_with_its_wish_for_gradients_and_on_memory_of_its_own():
    w = Parameter(np.ones((2, 3), np.float32))
    loaded = through_a_file({"w": w, "again": w})
    assert type(loaded["w"]) is Tensor and loaded["w"].requires_grad
    loaded["w"].array[...] = 5
    assert np.all(loaded["again"].array == 1) and np.all(w.array == 1)


def test_the_order_of_an_arrays_elements_in_memory_survives():
    columns = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert through_a_file(columns).flags.f_contiguous
    assert np.array_equal(through_a_file(columns[::-1, ::2]), columns[::-1, ::2])


def test_the_name_of_the_file_is_kept_and_numpy_can_open_it(tmp_path):
    save({"model": {"0.weight": Tensor(np.ones(3))}}, tmp_path / "weights.pt")
    assert os.listdir(tmp_path) == ["weights.pt"]
    with np.load(tmp_path / "weights.pt") as archive:
        assert np.array_equal(archive["model/0.weight"], np.ones(3))


def test_keys_that_would_make_the_same_name_do_not_overwrite_each_other():
    obj = {"a/b": np.array(1), "a": {"b": np.array(2)}, "a?b": np.array(3), "\0": np.array(4), "tinytorch.json": [5]}
    assert_same(obj, through_a_file(obj))


def test_equal_objects_give_equal_bytes(tmp_path):
    for name in "ab":
        save({"x": Tensor(np.arange(4.0)), "n": 1}, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    "obj, words",
    [
        (Linear(2, 2), "Linear: save its state_dict"),
        ({"model": [Linear(2, 2)]}, "Linear at model/0: save its state_dict"),
        ({"f": print}, "builtin_function_or_method at f"),
        ({(1, 2): 3}, "keys of a dict, got a tuple"),
        ({"a": np.array([object()])}, "Python objects at a"),
        ({"z": 1j}, "complex at z"),
        ({"s": {1, 2}}, "set at s"),
    ],
)
def test_what_it_cannot_hold_is_named_and_nothing_is_written(obj, words, tmp_path):
    (tmp_path / "old").write_bytes(b"precious")
    with pytest.raises(TypeError) as error:
        save(obj, tmp_path / "old")
    assert words in str(error.value)
    assert (tmp_path / "old").read_bytes() == b"precious" and os.listdir(tmp_path) == ["old"]


def test_an_object_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        save(loop, io.BytesIO())


def test_a_number_too_long_to_write_is_refused(tmp_path):
    with pytest.raises(ValueError):
        save(10**5000, tmp_path / "n")
    assert os.listdir(tmp_path) == []


def test_map_location_may_be_the_cpu_and_nothing_else(tmp_path):
    save(1, tmp_path / "n")
    assert load(tmp_path / "n", map_location="cpu", weights_only=True) == 1
    with pytest.raises(ValueError, match="only device"):
        load(tmp_path / "n", "cuda:0")


# Whole or not at all


def test_a_folder_that_is_not_there_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(1, tmp_path / "nowhere" / "f")
    with pytest.raises(FileNotFoundError, match="nothing.npz"):
        load(tmp_path / "nothing.npz")


SAVE_FOR_EVER = """
import sys, numpy as np
from tinytorch.serialization import save
for k in range(10**9):
    save({"k": k, "x": np.full(200_000, k)}, sys.argv[1])
    print(k, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes cannot be killed outright here")
def test_killed_while_saving_it_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "checkpoint"
    rng = np.random.default_rng(0)
    command = [sys.executable, "-c", SAVE_FOR_EVER, str(path)]
    for _ in range(5):
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            first = process.stdout.readline()
            for _ in range(rng.integers(1, 20)):
                assert_whole(load(path))  # nor does a reader ever see a file half-written
            time.sleep(rng.uniform(0, 0.01))
            process.kill()
            lines = [first, *process.stdout.readlines()]
        saved = load(path)
        assert_whole(saved)
        assert saved["k"] >= int([line for line in lines if line.endswith(b"\n")][-1])


def assert_whole(saved):
    assert saved["x"].shape == (200_000,) and np.all(saved["x"] == saved["k"])


# Bad files


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good"
    save({"w": Tensor(np.arange(3.0)), "lr": 0.1}, path)
    return path.read_bytes()


def reason(data, path):
    """What `load` says of a file of these bytes, in one sentence that begins with its path."""
    path.write_bytes(data)
    with pytest.raises(ValueError) as error:
        load(path)
    text = str(error.value)
    assert text.startswith(f"load cannot read {path}, which is damaged or not of tinytorch.save: ") and "\n" not in text
    return text


def test_a_file_cut_short_anywhere_is_refused(good, tmp_path):
    for length in range(len(good)):
        reason(good[:length], tmp_path / "cut")


def test_a_flipped_bit_never_gives_other_numbers(good, tmp_path):
    rng = np.random.default_rng(0)
    for position in range(len(good)):
        data = bytearray(good)
        data[position] ^= 1 << rng.integers(8)
        (tmp_path / "flipped").write_bytes(data)
        try:
            loaded = load(tmp_path / "flipped")
        except ValueError as error:
            assert str(error).startswith("load cannot read")
        else:  # the bit was in a field that says nothing here, such as a date
            assert_same(loaded, {"w": Tensor(np.arange(3.0)), "lr": 0.1})


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data):
    with pytest.raises(ValueError, match="load cannot read the file"):
        load(io.BytesIO(data))


def test_files_of_others_are_told_by_their_kind(tmp_path):
    np.savez(tmp_path / "n.npz", x=np.ones(2))
    assert "open it with numpy.load" in reason((tmp_path / "n.npz").read_bytes(), tmp_path / "n")
    assert "no entry tinytorch.json" in reason(zip_of({"a.txt": b""}), tmp_path / "z")
    assert "pickle of PyTorch" in reason(zip_of({"archive/data.pkl": b"", "archive/version": b"3"}), tmp_path / "p")
    reason(pickle.dumps({"w": 1}), tmp_path / "pickle")


def test_the_reading_process_runs_no_code_of_the_file(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    trapped = io.BytesIO()
    np.save(trapped, np.array([Trap()]), allow_pickle=True)
    structure = b'{"version": 1, "object": {"array": "x"}}'
    reason(zip_of({"tinytorch.json": structure, "x.npy": trapped.getvalue()}), tmp_path / "trap")
    assert not (tmp_path / "sprung").exists()


def zip_of(entries, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def npy(header):
    """An array file with this header and three bytes of data."""
    text = header.encode().ljust(118 - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0\0\0"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, -3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '|u1'}",
        "nonsense(",
    ],
)
def test_an_array_that_claims_what_it_does_not_have_is_refused(header, tmp_path):
    structure = b'{"version": 1, "object": {"array": "x"}}'
    reason(zip_of({"tinytorch.json": structure, "x.npy": npy(header)}), tmp_path / "claim")


def test_the_claims_above_are_refused_for_what_they_claim():
    honest = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}")
    structure = b'{"version": 1, "object": {"array": "x"}}'
    loaded = load(io.BytesIO(zip_of({"tinytorch.json": structure, "x.npy": honest})))
    assert_same(loaded, np.zeros(3, np.uint8))


def test_small_files_that_unfold_into_large_ones_are_refused(tmp_path):
    bomb = zip_of({"tinytorch.json": b" " * 10**7}, zipfile.ZIP_DEFLATED)
    assert "compressed" in reason(bomb, tmp_path / "deflated")

    one = zip_of({"tinytorch.json": b'{"version": 1, "object": null}', "x.npy": b"x" * 1000})
    start = one.index(b"PK\x01\x02")
    end = one.index(b"PK\x05\x06")
    second = one.index(b"PK\x01\x02", start + 1)
    many = bytearray(one[:end] + one[second:end] * 50 + one[end:])  # fifty more names for the same bytes
    tail = many.index(b"PK\x05\x06")
    many[tail + 8 : tail + 12] = (52).to_bytes(2, "little") * 2
    many[tail + 12 : tail + 16] = (tail - start).to_bytes(4, "little")
    assert "larger than the file" in reason(bytes(many), tmp_path / "overlapping")


@pytest.mark.parametrize(
    "structure",
    [
        b"",
        b"[]",
        b"{}",
        b'{"version": 2, "object": 1}',
        b'{"version": 1}',
        b'{"version": 1, "object": {}}',
        b'{"version": 1, "object": {"tensor": "missing", "requires_grad": false}}',
        b'{"version": 1, "object": {"tensor": 3}}',
        b'{"version": 1, "object": {"dict": [[[], 1]]}}',
        b'{"version": 1, "object": {"dict": [1]}}',
        b'{"version": 1, "object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"version": 1, "object": [{"array": "x"}, {"array": "x"}]}',
    ],
)
def test_a_structure_that_makes_no_sense_is_refused(structure, tmp_path):
    honest = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}")
    reason(zip_of({"tinytorch.json": structure, "x.npy": honest}), tmp_path / "structure")


def test_an_array_in_the_format_for_long_headers_is_read(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(3), version=(2, 0))
    structure = b'{"version": 1, "object": {"array": "x"}}'
    (tmp_path / "f").write_bytes(zip_of({"tinytorch.json": structure, "x.npy": stream.getvalue()}))
    assert tinytorch.load(tmp_path / "f").tolist() == [0, 1, 2]


def test_what_a_file_says_is_quoted_so_that_no_terminal_obeys_it(tmp_path):
    structure = {"version": 1, "object": [{"array": "a\x1b[2J\nb"}, {"array": "a\x1b[2J\nb"}]}
    with zipfile.ZipFile(tmp_path / "f", "w") as archive:
        archive.writestr("tinytorch.json", json.dumps(structure))
        with archive.open("a\x1b[2J\nb.npy", "w") as entry:
            np.lib.format.write_array(entry, np.ones(1))
    with pytest.raises(ValueError, match="names the array") as refused:
        tinytorch.load(tmp_path / "f")
    assert str(refused.value).isprintable() and "a\\x1b[2J\\nb" in str(refused.value)


def test_of_what_a_file_says_only_the_beginning_is_quoted(tmp_path):
    """Where the length of an entry's name is damaged, zipfile quotes all that follows."""
    tinytorch.save({"w": np.zeros(1000)}, tmp_path / "f")
    data = bytearray((tmp_path / "f").read_bytes())
    data[26:28] = b"\xff\x0f"
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(ValueError, match=r"File name in directory .* \.\.\.$") as refused:
        tinytorch.load(tmp_path / "f")
    assert 300 < len(str(refused.value)) < 1000
