"""What is sent and what it arrives as."""

import array
import ctypes
import decimal
import gc
import pickle

import dora
import numpy as np
import pyarrow as pa
import pytest

NUMBERS = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


@pytest.mark.parametrize("data", [b"", b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes_arrive_as_uint8(echo, data):
    event = echo(data)
    assert event["value"].type == pa.uint8()
    assert event["value"].to_pylist() == list(data)
    assert event["data"] == bytes(data)
    assert bytes(event["value"]) == bytes(data)


def test_memoryviews_with_gaps_arrive_as_their_bytes(echo):
    assert echo(memoryview(b"abcdef")[::2])["data"] == b"ace"
    numbers = np.arange(3, dtype="f8")
    assert echo(memoryview(numbers))["data"] == numbers.tobytes()


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (13,), (3, 5), (2, 0, 3), (2, 3, 4, 5)])
def test_numpy_arrays_arrive_with_shape_and_dtype(echo, dtype, shape):
    count = int(np.prod(shape))
    sent = (np.arange(count) % 7 > 2 if dtype == "?" else np.arange(count)).astype(dtype)
    sent = sent.reshape(shape)
    value = echo(sent)["value"]
    assert isinstance(value, np.ndarray)
    assert isinstance(value, dora.NDArray)
    assert value.shape == sent.shape
    assert value.dtype == sent.dtype
    np.testing.assert_array_equal(value, sent)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["M8", "m8"])
def test_times_of_numpy_arrive_as_times(echo, kind, unit):
    sent = np.array([[0, 1], [2, 10**9]], dtype=f"{kind}[{unit}]")
    value = echo(sent)["value"]
    assert value.dtype == sent.dtype
    np.testing.assert_array_equal(value, sent)


def test_days_arrive_as_seconds(echo):
    sent = np.array(["2024-02-29"], dtype="M8[D]")
    value = echo(sent)["value"]
    assert value.dtype == "M8[s]"
    assert value[0] == sent[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a[::2],
        lambda a: a[::-1],
        lambda a: a.T,
        lambda a: np.asfortranarray(a),
        lambda a: a.astype(">f8"),
        lambda a: np.broadcast_to(a[0], (3, 4)),
        lambda a: np.matrix(a),
        lambda a: a[1:, 1:],
    ],
)
def test_numpy_arrays_of_every_layout_arrive(echo, change):
    sent = change(np.arange(24, dtype="f8").reshape(6, 4))
    value = echo(sent)["value"]
    assert value.shape == sent.shape
    assert value.dtype.isnative
    np.testing.assert_array_equal(value, np.asarray(sent))


def test_numpy_text_arrives_as_arrow(echo):
    assert echo(np.array(["a", "bcd", ""]))["value"].to_pylist() == ["a", "bcd", ""]
    assert echo(np.array([b"a", b"bcd"]))["value"].to_pylist() == [b"a", b"bcd"]


def test_masked_arrays_arrive_with_nulls(echo):
    sent = np.ma.MaskedArray([1, 2, 3], mask=[False, True, False])
    assert echo(sent)["value"].to_pylist() == [1, None, 3]


@pytest.mark.parametrize(
    "data",
    [
        np.array([1j]),
        np.array([object()]),
        np.zeros(2, dtype=[("x", "i4")]),
        np.array([["a"]]),
        np.zeros(1, dtype="M8"),
    ],
)
def test_arrays_without_a_form_are_refused_by_name(echo, data):
    with pytest.raises(TypeError, match="dtype") as caught:
        echo(data)
    assert isinstance(caught.value, RuntimeError)


def test_received_arrays_are_read_only_and_stay_valid(echo, node):
    values = [echo(np.full(5000, i, dtype="i4"))["value"] for i in range(40)]
    gc.collect()
    for i, value in enumerate(values):
        assert not value.flags.writeable
        assert (value == i).all()
    with pytest.raises(ValueError, match="read-only"):
        values[0][0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        values[0].flags.writeable = True


def test_received_arrays_answer_the_idioms_of_arrow(echo):
    sent = np.arange(6, dtype="f4").reshape(2, 3)
    value = echo(sent)["value"]
    assert type(value.to_numpy()) is np.ndarray
    assert type(value.to_numpy(zero_copy_only=False)) is np.ndarray
    assert value.to_numpy(writable=True).flags.writeable
    np.testing.assert_array_equal(value.to_numpy().reshape(3, 2), sent.reshape(3, 2))
    assert value.to_pylist() == sent.tolist()
    assert value.type == pa.float32()
    assert value.null_count == 0
    assert value.to_arrow().to_pylist() == sent.ravel().tolist()
    assert pa.array(value).to_pylist() == sent.ravel().tolist()
    assert len(value) == 2


def test_elements_of_received_arrays_answer_as_py(echo):
    value = echo(np.array([1, 2], dtype="i8"))["value"]
    assert value[0].as_py() == 1
    assert type(value[0].as_py()) is int
    assert isinstance(value[0], np.int64)
    assert value[1] + 1 == 3
    assert echo(np.array([[1.5], [2.5]]))["value"][1].as_py() == [2.5]
    assert echo(np.array([0.5]))["value"][0].as_py() == 0.5
    assert np.array([value[0], value[1]]).dtype == np.int64
    assert (value[0] + value[1]).dtype == np.int64
    assert [10, 20][value[0]] == 20
    assert pickle.loads(pickle.dumps(value[0])) == 1
    assert [item.as_py() for item in value] == [1, 2]


def test_results_of_arithmetic_are_numpy_arrays(echo):
    image = echo(np.ones((4, 6, 3), dtype=np.uint8))["value"]
    gray = np.mean(image, axis=2).astype(np.uint8)
    assert gray.shape == (4, 6)
    assert gray.flags.writeable
    assert (image + 1).flags.writeable
    assert type(image + 1) is np.ndarray
    assert image.sum() == 72
    assert np.median(image) == 1
    assert np.concatenate([image, image]).shape == (8, 6, 3)
    np.testing.assert_array_equal(echo(gray)["value"], gray)


def test_values_are_sent_on_as_they_came(echo):
    first = echo(np.arange(6, dtype="u2").reshape(2, 3))["value"]
    assert echo(first)["value"].shape == (2, 3)
    assert echo(first.T)["value"].shape == (3, 2)
    assert echo(echo(pa.array(["a"]))["value"])["value"].to_pylist() == ["a"]


def test_received_arrays_can_be_pickled(echo):
    value = echo(np.arange(3))["value"]
    read = pickle.loads(pickle.dumps(value))
    np.testing.assert_array_equal(read, value)
    assert read.to_pylist() == [0, 1, 2]


ARROW = [
    pa.array([1, 2, 3]),
    pa.array([1, None, 3], pa.int16()),
    pa.array([], pa.float32()),
    pa.array([]),
    pa.nulls(3),
    pa.array([True, None, False]),
    pa.array(["alice", "bob", None]),
    pa.array([b"x", b""], pa.large_binary()),
    pa.array(["a", "bc"], pa.string_view()),
    pa.array([b"abcd"], pa.binary(4)),
    pa.array([decimal.Decimal("1.25")], pa.decimal128(10, 2)),
    pa.array([{"x": 1.0, "y": "hello"}, None]),
    pa.array([[1, 2], [], None]),
    pa.array([[1, 2], [3, 4]], pa.list_(pa.int8(), 2)),
    pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())),
    pa.array(["a", "b", "a"]).dictionary_encode(),
    pa.array([1, 2], pa.timestamp("us", tz="Europe/Berlin")),
    pa.array([1], pa.duration("ms")),
    pa.array([1], pa.date32()),
    pa.array([1.5], pa.float16()) if hasattr(pa, "float16") else pa.array([1.5]),
    pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()),
        pa.array([0, 0], pa.int32()),
        [pa.array([1]), pa.array(["a"])],
    ),
    pa.UnionArray.from_sparse(
        pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])]
    ),
    pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]),
    pa.array(["alice", "bob", "carol"])[1:],
    pa.array([{"x": [1, 2]}, {"x": []}, {"x": [3]}])[1:3],
    pa.array(list(range(100)))[10:90],
    pa.array([True] * 20)[3:11],
]


@pytest.mark.parametrize("sent", ARROW, ids=lambda a: str(a.type))
def test_arrow_arrays_arrive_equal(echo, sent):
    value = echo(sent)["value"]
    assert value.type == sent.type
    assert len(value) == len(sent)
    assert value.to_pylist() == sent.to_pylist()
    value.validate(full=True)


def test_extension_types_arrive_as_such(echo):
    class Metres(pa.ExtensionType):
        def __init__(self):
            super().__init__(pa.float64(), "tests.metres")

        def __arrow_ext_serialize__(self):
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            return cls()

    pa.register_extension_type(Metres())
    try:
        sent = pa.ExtensionArray.from_storage(Metres(), pa.array([1.0, 2.0]))
        assert echo(sent)["value"].type == sent.type
    finally:
        pa.unregister_extension_type("tests.metres")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pa.chunked_array([[1, 2], [3]]), [1, 2, 3]),
        (pa.chunked_array([], pa.int8()), []),
        (pa.scalar(7), [7]),
        (pa.scalar(None, pa.int8()), [None]),
        (pa.record_batch({"x": [1, 2]}), [{"x": 1}, {"x": 2}]),
        (pa.table({"x": [1, 2]}), [{"x": 1}, {"x": 2}]),
        (np.float32(1.5), [1.5]),
        (np.bool_(True), [True]),
        ([1, 2], [1, 2]),
        ((1, 2), [1, 2]),
        ([], []),
        ([{"x": 1}], [{"x": 1}]),
        ({"x": 1, "y": "z"}, [{"x": 1, "y": "z"}]),
        ("text", ["text"]),
        (3, [3]),
        (2.5, [2.5]),
        (True, [True]),
    ],
)
def test_other_values_arrive_as_arrow_would_take_them(echo, data, expected):
    assert echo(data)["value"].to_pylist() == expected


def test_buffers_arrive_typed(echo):
    assert echo(array.array("d", [1.5, 2.5]))["value"].to_pylist() == [1.5, 2.5]
    assert echo((ctypes.c_int32 * 3)(1, 2, 3))["value"].to_pylist() == [1, 2, 3]
    assert echo(pa.py_buffer(b"xyz"))["data"] == b"xyz"


class Dlpack:
    """A tensor of a library that knows numpy only by DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_tensors_arrive_through_dlpack(echo):
    sent = np.arange(6, dtype="f4").reshape(2, 3)
    np.testing.assert_array_equal(echo(Dlpack(sent))["value"], sent)


def test_tensors_of_another_device_are_refused_with_the_way_out(echo):
    class OnGpu(Dlpack):
        def __dlpack__(self, **options):
            raise BufferError("cannot export a tensor of device cuda:0")

    with pytest.raises(TypeError, match=r"cpu\(\)"):
        echo(OnGpu(np.arange(3)))


@pytest.mark.parametrize("data", [object(), lambda: 1, {1, 2}, 1j, [object()], 2**70, None])
def test_what_cannot_be_sent_is_refused_by_name(echo, data):
    with pytest.raises(TypeError, match=type(data).__name__) as caught:
        echo(data)
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (pa.array([]), b""),
        (pa.array([1, 2], pa.int16()), b"\1\0\2\0"),
        (pa.array([1, 2, 3], pa.int16())[1:], b"\2\0\3\0"),
        (pa.array(["text"]), b"text"),
        (pa.array([b"raw"]), b"raw"),
        (np.array([[1, 2]], dtype="i2"), b"\1\0\2\0"),
    ],
)
def test_data_is_the_payload_as_bytes(echo, data, expected):
    assert echo(data)["data"] == expected


def test_data_of_other_types_is_an_arrow_stream(echo):
    data = echo(pa.array(["a", "b"]))["data"]
    assert pa.ipc.open_stream(data).read_all()["value"].to_pylist() == ["a", "b"]


def test_large_payloads_arrive_whole(echo):
    sent = np.arange(3_000_000, dtype="f8")
    np.testing.assert_array_equal(echo(sent)["value"], sent)


@pytest.mark.parametrize("make", [lambda inner: [inner], lambda inner: {"x": inner}])
def test_what_is_nested_without_end_is_refused(node, make):
    data = make(1)
    for _ in range(100_000):
        data = make(data)
    with pytest.raises(TypeError, match="nested more than"):
        node.send_output("out", data)
    circle = []
    circle.append(circle)
    with pytest.raises(TypeError, match="nested more than"):
        node.send_output("out", circle)
