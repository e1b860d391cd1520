"""Every Arrow type, sent through the module `array`, arrives as an equal array of an equal type."""

import ctypes
import datetime
import gc
import os
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conformance.array import arrays

LENGTHS = [0, 1, 2, 7, 8, 9, 33, 100]
SEEDS = int(os.environ.get("DORA_ARRAY_SEEDS", "40"))


class Library:
    """The functions of array_round_trip.cpp."""

    def __init__(self, path: Path):
        self._library = ctypes.CDLL(str(path))

    def send(self, array: pa.Array, alignment: int = 64) -> tuple[pa.Array, int]:
        """The array as it arrives, and the size of its body."""
        sent = (ctypes.create_string_buffer(72), ctypes.create_string_buffer(80))
        received = (ctypes.create_string_buffer(72), ctypes.create_string_buffer(80))
        problem = ctypes.create_string_buffer(1000)
        size = ctypes.c_size_t()
        schema, data = (ctypes.addressof(piece) for piece in sent)
        array._export_to_c(data, schema)
        failed = self._library.round_trip(
            *sent,
            ctypes.c_size_t(alignment),
            *received,
            ctypes.byref(size),
            problem,
            ctypes.c_size_t(len(problem)),
        )
        if failed:
            raise ValueError(problem.value.decode())
        schema, data = (ctypes.addressof(piece) for piece in received)
        return pa.Array._import_from_c(data, schema), size.value

    def count_bodies(self) -> int:
        return self._library.count_bodies()


@pytest.fixture(scope="session")
def library() -> Library:
    repository = Path(__file__).resolve().parents[3]
    name = "tests/conformance/array/libarray_round_trip.so"
    build = Path(os.environ.get("DORA_BUILD_DIR", repository / "build/dev"))
    if not (build / name).is_file():
        pytest.skip(f"{build / name} is missing: cmake --build --preset dev makes it")
    return Library(build / name)


def check(library: Library, array: pa.Array) -> int:
    """Sends `array` and compares; yields the smallest body size."""
    array.validate(full=True)
    sizes = []
    for alignment in (64, 8):
        received, size = library.send(array, alignment)
        received.validate(full=True)
        assert received.type.equals(array.type, check_metadata=True)
        assert received.type.__class__ is array.type.__class__
        assert received.null_count == array.null_count
        assert received.offset == 0
        assert received.equals(array), f"{array.type}: {array} arrived as {received}"
        sizes.append(size)
    return min(sizes)


@pytest.mark.parametrize("kind", arrays.LEAVES + arrays.EXTENSIONS, ids=str)
def test_flat_and_extension_types(library, kind):
    rng = random.Random(str(kind))
    for length in LENGTHS:
        for nulls in (False, True):
            array = arrays.random_array(rng, kind, length, nulls)
            check(library, array)
            check(library, array[length // 3 : length - length // 4])


@pytest.mark.parametrize("kind", arrays.NESTED)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_nested_types(library, kind, seed):
    rng = random.Random(f"{kind} {seed}")
    data_type = arrays.nested_type(rng, kind, depth=rng.choice([1, 2, 2, 3]))
    for length in rng.sample(LENGTHS, 3):
        array = arrays.random_array(rng, data_type, length)
        check(library, array)
        begin = rng.randint(0, length)
        check(library, array.slice(begin, rng.randint(0, length - begin)))


@pytest.mark.parametrize("index_type", arrays.INTEGERS, ids=str)
@pytest.mark.parametrize("ordered", [False, True])
def test_dictionaries_of_every_index_type(library, index_type, ordered):
    kind = pa.dictionary(index_type, pa.string(), ordered=ordered)
    rng = random.Random(str(kind))
    for length in LENGTHS:
        check(library, arrays.random_array(rng, kind, length))


def test_dictionary_within_dictionary(library):
    inner = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array(["a", "b"]))
    values = pa.StructArray.from_arrays([inner, pa.array([1, 2, 3])], ["letter", "number"])
    array = pa.DictionaryArray.from_arrays(pa.array([2, None, 0, 1]), values, ordered=True)
    check(library, array)
    check(library, array[1:3])


def test_nan_keeps_its_bits(library):
    bits = np.array([0x7FF8000000000001, 0xFFF0000000000001, 0x7FF0000000000000], np.uint64)
    received, _ = library.send(pa.array(bits.view(np.float64)))
    assert received.to_numpy().view(np.uint64).tolist() == bits.tolist()


def test_empty_arrays_over_missing_buffers(library):
    none = pa.py_buffer(b"")
    check(library, pa.Array.from_buffers(pa.int32(), 0, [None, none]))
    check(library, pa.Array.from_buffers(pa.string(), 0, [None, none, none]))
    check(library, pa.array(["", None, ""]))
    check(library, pa.array([b"", b""], pa.binary(0)))
    check(library, pa.array([]))
    check(library, pa.array([], pa.list_(pa.string())))
    check(library, pa.array(["a", "b"])[1:1])
    check(library, pa.array([], pa.string_view()))
    check(library, pa.array([[], [], None], pa.list_(pa.int64())))
    check(library, pa.array([{}, {}], pa.struct([])))


def test_arrays_over_unaligned_memory(library):
    memory = pa.py_buffer(b"x" + np.array([0, 2, 5], np.int32).tobytes() + b"abcde")
    text = pa.Array.from_buffers(pa.string(), 2, [None, memory.slice(1, 12), memory.slice(13)])
    received, _ = library.send(text)
    assert received.to_pylist() == ["ab", "cde"]
    numbers = pa.Array.from_buffers(pa.int32(), 3, [None, memory.slice(1, 12)])
    received, _ = library.send(numbers)
    assert received.to_pylist() == [0, 2, 5]


def test_record_batch_and_tables_of_numpy_and_python(library):
    batch = pa.record_batch({"a": [1, None, 3], "b": [[1.5], [], None]})
    check(library, batch.to_struct_array())
    check(library, pa.array([{"id": 1, "box": [0.5, 2], "label": "cat"}, None]))
    check(library, pa.array([datetime.datetime(2024, 5, 1), None]))
    check(library, pa.array(np.arange(1000, dtype=np.float32)))


@pytest.mark.parametrize(
    ("array", "most"),
    [
        (pa.array(np.arange(10**6))[500:510], 200),
        (pa.array(np.arange(10**6) % 2 == 0)[501:601], 200),
        (pa.array([str(i) for i in range(10**5)])[7:10], 200),
        (pa.array(["text number " + str(i) for i in range(10**5)], pa.string_view())[7:10], 300),
        (pa.array([[i, i] for i in range(10**5)])[7:10], 200),
        (pa.array([[i] for i in range(10**5)], pa.list_view(pa.int64()))[7:10], 200),
        (pa.array([{"a": i, "b": [i]} for i in range(10**5)])[7:10], 400),
        (pa.array(np.arange(10**6)).cast(pa.int64())[5:6], 100),
        (pa.RunEndEncodedArray.from_arrays(list(range(1, 9999)), list(range(1, 9999)))[5:7], 200),
    ],
    ids=lambda value: str(getattr(value, "type", "")) or None,
)
def test_only_the_slice_travels(library, array, most):
    assert check(library, array) < most


def test_names_flags_and_metadata_of_fields_arrive(library):
    fields = [
        pa.field("required", pa.int8(), nullable=False),
        pa.field("größe", pa.float32(), metadata={"unit": "m", "": "empty key"}),
        pa.field("", pa.map_(pa.string(), pa.int8(), keys_sorted=True)),
    ]
    kind = pa.struct(fields)
    received, _ = library.send(pa.nulls(3, kind).drop_null())
    for sent, arrived in zip(kind, received.type, strict=True):
        assert arrived.equals(sent, check_metadata=True)
        assert arrived.nullable == sent.nullable
    assert received.type[2].type.keys_sorted


def test_nested_too_deeply(library):
    kind = pa.int8()
    for _ in range(63):
        kind = pa.list_(kind)
    check(library, pa.nulls(2, kind))
    with pytest.raises(ValueError, match="deeper than 64"):
        library.send(pa.nulls(2, pa.list_(kind)))


def test_a_body_lives_as_long_as_an_array_that_shows_it(library):
    before = library.count_bodies()
    received, _ = library.send(pa.array([{"a": [1, 2], "b": "x"}, {"a": [], "b": "y"}]))
    child = received.field(0)
    values = child.values
    del received, child
    gc.collect()
    assert library.count_bodies() == before + 1
    assert values.to_pylist() == [1, 2]
    del values
    gc.collect()
    assert library.count_bodies() == before
