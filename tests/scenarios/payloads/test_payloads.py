"""What is sent is what arrives: sizes, numpy arrays, every type of Arrow."""

import re
from pathlib import Path

import pytest

YAML = """
    nodes:
      - id: sender
        path: sender.py
        outputs: [data]
      - id: receiver
        path: receiver.py
        inputs:
          data: {source: sender/data, queue_size: 1000}
"""


def test_messages_of_all_sizes_arrive_whole_and_in_order(flow):
    flow.nodes(
        sizes="""
            SIZES = [8, 192, 193, 4096, 1 << 20, 64 << 20, 1, 1000]
            SIZES += [9 << 20, 8, 0, 64 << 20, 24, 300] + [8, 5000] * 100

            def content(number, size):
                return (number.to_bytes(8, "little") * (size // 8 + 1))[:size]
        """,
        sender="""
            from dora import Node
            from sizes import SIZES, content

            node = Node()
            for number, size in enumerate(SIZES):
                node.send_output("data", content(number, size), {"number": number})
        """,
        receiver="""
            from dora import Node
            from sizes import SIZES, content

            number = 0
            for event in Node():
                if event["type"] == "INPUT":
                    assert event["metadata"]["number"] == number
                    data = event["value"].to_numpy().tobytes()
                    assert data == content(number, SIZES[number]), f"message {number} differs"
                    number += 1
            print(f"{number} of {len(SIZES)}")
        """,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == ["214 of 214"]


def test_changing_the_memory_after_sending_changes_nothing_for_the_receiver(flow):
    flow.nodes(
        sender="""
            import numpy as np
            from dora import Node

            node = Node()
            small, large = np.zeros(8, np.uint8), np.zeros(1 << 20, np.uint8)
            for number in range(100):
                small[:] = large[:] = number
                node.send_output("data", small)
                node.send_output("data", large)
            small[:] = large[:] = 255
        """,
        receiver="""
            from dora import Node

            values = []
            for event in Node():
                if event["type"] == "INPUT":
                    assert not event["value"].flags.writeable
                    values.append(event["value"])
            # Held until now: the sender has long gone on, and is dead by now.
            for index, value in enumerate(values):
                assert (value == index // 2).all()
            print(len(values))
        """,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == ["200"]


ARRAYS = """
    import numpy as np

    def arrays():
        image = np.arange(480 * 640 * 3, dtype=np.uint64).astype(np.uint8).reshape(480, 640, 3)
        found = {
            "image": image,
            "rank 0": np.array(5.5),
            "rank 1": np.array([1, 2, 3], dtype=np.int32),
            "rank 5": np.arange(32.0).reshape(2, 2, 2, 2, 2),
            "empty": np.zeros((0, 4), dtype=np.float32),
            "fortran order": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
            "every second": np.arange(100)[::2],
            "backwards": np.arange(10)[::-1],
            "colours turned": image[:, :, ::-1],
            "big endian": np.arange(5, dtype=">i4"),
            "bool": np.array([[True, False, True], [False, True, True]]),
            "datetime": np.array(["2026-01-02T03:04:05", "NaT"], dtype="datetime64[ms]"),
            "timedelta": np.array([1, -2], dtype="timedelta64[us]"),
        }
        kinds = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
        for kind in kinds.split():
            found[kind] = np.arange(6).reshape(2, 3).astype(kind)
        return found
"""


def test_numpy_arrays_arrive_in_their_shape(flow):
    flow.nodes(
        arrays=ARRAYS,
        sender="""
            from arrays import arrays
            from dora import Node

            node = Node()
            for name, array in arrays().items():
                node.send_output("data", array, {"name": name})
        """,
        receiver="""
            import numpy as np
            import pyarrow as pa
            from arrays import arrays
            from dora import Node

            expected = arrays()
            for event in Node():
                if event["type"] != "INPUT":
                    continue
                name, value = event["metadata"]["name"], event["value"]
                sent = expected.pop(name)
                assert isinstance(value, np.ndarray), f"{name}: {type(value)}"
                assert value.shape == sent.shape, f"{name}: {value.shape}"
                assert value.dtype == sent.dtype.newbyteorder("="), f"{name}: {value.dtype}"
                np.testing.assert_array_equal(np.asarray(value), sent, err_msg=name)
                assert not value.flags.writeable, name
                # What Arrow's arrays answer, it answers too.
                assert value.to_numpy().shape == sent.shape, name
                if name != "datetime" and sent.dtype != "timedelta64[us]":
                    assert value.to_pylist() == sent.tolist(), name
                assert len(pa.array(value.to_arrow())) == sent.size, name
                assert value.null_count == 0, name
            assert not expected, list(expected)
            print("all arrays are equal")
        """,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == ["all arrays are equal"]


def test_an_image_can_be_worked_on_as_the_guide_does(flow):
    flow.nodes(
        sender="""
            import numpy as np
            from dora import Node

            node = Node()
            node.send_output("data", np.full((480, 640, 3), (30, 60, 90), dtype=np.uint8))
        """,
        receiver="""
            import numpy as np
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    image = event["value"]
                    gray = np.mean(image, axis=2).astype(np.uint8)
                    print(image.shape, gray.shape, gray.min(), gray.max())
                    print(image.to_numpy().reshape((480, 640, 3))[0, 0].tolist())
        """,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == [
        "(480, 640, 3) (480, 640) 60 60",
        "[30, 60, 90]",
    ]


# One entry per family of types; the text is evaluated by both sides.
TYPES = {
    "null": "pa.nulls(3)",
    "bool": "pa.array([True, None, False] * 20)",
    "integers": "pa.array([1, None, -3], pa.int16())",
    "unsigned": "pa.array([1, 2**64 - 1], pa.uint64())",
    "half float": "pa.array(np.array([1.5, -2], np.float16))",
    "floats": "pa.array([1.5, None, float('inf')])",
    "decimal128": "pa.array([decimal.Decimal('1.23'), None], pa.decimal128(10, 2))",
    "decimal256": "pa.array([decimal.Decimal('-1.23')], pa.decimal256(50, 2))",
    "decimal32": "pa.array([decimal.Decimal('1.2'), None], pa.decimal32(5, 1))",
    "decimal64": "pa.array([decimal.Decimal('1.2')], pa.decimal64(12, 1))",
    "date": "pa.array([1, 2], pa.date32())",
    "date64": "pa.array([86400000], pa.date64())",
    "time32": "pa.array([1, None], pa.time32('ms'))",
    "time": "pa.array([1, None], pa.time64('ns'))",
    "timestamp": "pa.array([1, None], pa.timestamp('us', tz='Europe/Berlin'))",
    "duration": "pa.array([1], pa.duration('ms'))",
    "interval": "pa.array([pa.scalar((1, 2, 3), pa.month_day_nano_interval())])",
    "string": "pa.array(['alice', None, '', 'ünï'])",
    "large string": "pa.array(['x' * 1000, None], pa.large_string())",
    "string view": "pa.array(['short', 'longer than twelve bytes', None], pa.string_view())",
    "binary": "pa.array([b'1', None, b''])",
    "large binary": "pa.array([b'1' * 300], pa.large_binary())",
    "binary view": "pa.array([b'1' * 300, b'2'], pa.binary_view())",
    "fixed binary": "pa.array([b'abc', None], pa.binary(3))",
    "list": "pa.array([[1, None], None, [], [2, 3, 4]])",
    "large list": "pa.array([[1], [2, 3]], pa.large_list(pa.int8()))",
    "fixed list": "pa.array([[1, 2], None], pa.list_(pa.int32(), 2))",
    "list view": "pa.array([[1], None, [2, 3]], pa.list_view(pa.int32()))",
    "large list view": "pa.array([[1], None], pa.large_list_view(pa.int32()))",
    "struct": "pa.array([{'x': 1.5, 'label': 'a'}, None, {'x': None, 'label': 'b'}])",
    "map": "pa.array([[('k', 1)], None, []], pa.map_(pa.string(), pa.int32()))",
    "dictionary": "pa.array(['a', 'b', None, 'a']).dictionary_encode()",
    "ordered dictionary": "pa.DictionaryArray.from_arrays(pa.array([0, 1]), ['a', 'b'], "
    "ordered=True)",
    "run-end": "pa.RunEndEncodedArray.from_arrays([2, 5], pa.array(['a', 'b']))",
    "dense union": "pa.UnionArray.from_dense(pa.array([0, 1, 0], pa.int8()), "
    "pa.array([0, 0, 1], pa.int32()), [pa.array([1, 2]), pa.array(['a'])])",
    "sparse union": "pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), "
    "[pa.array([1, 2]), pa.array(['a', 'b'])])",
    "extension": "pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b'1' * 16], pa.binary(16)))",
    "nested": "pa.array([{'boxes': [{'x': 1, 'names': ['a', None]}]}, {'boxes': None}])",
    "slice of integers": "pa.array(range(100))[10:20]",
    "slice of bools": "pa.array([True, None, False] * 20)[3:17]",
    "slice of strings": "pa.array(['a', 'bb', None, 'dddd'])[1:3]",
    "slice of no strings": "pa.array(['a', 'b'])[1:1]",
    "slice of structs": "pa.array([{'x': [1]}, {'x': None}, {'x': [2, 3]}])[1:]",
    "slice of a dictionary": "pa.array(['a', 'b', 'a']).dictionary_encode()[1:]",
    "slice of a run-end": "pa.RunEndEncodedArray.from_arrays([2, 5], pa.array(['a', 'b']))[1:4]",
    "slice of a sparse union": "pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), "
    "[pa.array([1, 2, 3]), pa.array(['a', 'b', 'c'])])[1:]",
    "empty": "pa.array([], pa.float32())",
    "empty list of structs": "pa.array([], pa.list_(pa.struct([('x', pa.int8())])))",
    "no detections": "pa.array([])",
    "field metadata": "pa.array([{'x': 1}], "
    "pa.struct([pa.field('x', pa.int64(), False, {'unit': 'm'})]))",
}


def test_every_type_of_arrow_arrives_as_it_was_sent(flow):
    flow.write(
        "types_of_arrow.py",
        "import decimal\nimport numpy as np\nimport pyarrow as pa\n\nARRAYS = {\n"
        + "".join(f"    {name!r}: lambda: {text},\n" for name, text in TYPES.items())
        + "}\n",
    )
    flow.nodes(
        sender="""
            from dora import Node
            from types_of_arrow import ARRAYS

            node = Node()
            for name, make in ARRAYS.items():
                try:
                    node.send_output("data", make(), {"name": name})
                except Exception as error:
                    print(f"{name}: {error}")
        """,
        receiver="""
            from dora import Node
            from types_of_arrow import ARRAYS

            for event in Node():
                if event["type"] == "ERROR":
                    print(event["error"])
                if event["type"] != "INPUT":
                    continue
                name, value = event["metadata"]["name"], event["value"]
                sent = ARRAYS[name]()
                if not value.type.equals(sent.type, check_metadata=True):
                    print(f"{name}: type {value.type} instead of {sent.type}")
                elif not value.equals(sent):
                    print(f"{name}: {value.to_pylist()} instead of {sent.to_pylist()}")
                else:
                    value.validate(full=True)
                    print(f"{name}: ok")
        """,
    )
    flow.yaml(YAML)
    result = flow.run().succeeded()
    assert result.of("sender") == []
    assert result.of("receiver") == [f"{name}: ok" for name in TYPES]


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        ("b'abc'", "uint8 [97, 98, 99]"),
        ("bytearray(b'abc')", "uint8 [97, 98, 99]"),
        ("memoryview(b'abc')", "uint8 [97, 98, 99]"),
        ("b''", "uint8 []"),
        ("pa.chunked_array([[1, 2], [3]])", "int64 [1, 2, 3]"),
        ("pa.scalar(7)", "int64 [7]"),
        ("pa.record_batch({'a': [1, 2]})", "struct<a: int64> [{'a': 1}, {'a': 2}]"),
        ("[1, 2]", "int64 [1, 2]"),
        ("'text'", "string ['text']"),
        ("42", "int64 [42]"),
        ("1.5", "double [1.5]"),
        ("{'x': 1}", "struct<x: int64> [{'x': 1}]"),
    ],
)
def test_what_else_can_be_sent(flow, data, arrives):
    flow.nodes(
        sender=f"""
            import pyarrow as pa
            from dora import Node

            Node().send_output("data", {data})
        """,
        receiver="""
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    print(event["value"].type, event["value"].to_pylist())
        """,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == [arrives]


def test_metadata_arrives_with_its_types(flow):
    flow.nodes(
        sender="""
            import datetime
            from dora import Node

            node = Node()
            node.send_output("data", b"1", {
                "flag": True, "count": -3, "share": 0.5, "name": "ünï", "counts": [1, 2],
                "shares": [0.5, 1.5], "names": ["a", "b"], "nothing": [],
                "when": datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc),
            })
            node.send_output("data", b"2", {"watermark": 1000, "deadline": 5000})
            node.send_output("data", b"3")
        """,
        receiver="""
            import datetime
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    metadata = event["metadata"]
                    stamp = metadata.pop("timestamp")
                    assert stamp.tzinfo is not None
                    assert abs(stamp.timestamp() - datetime.datetime.now().timestamp()) < 3600
                    for key in ("timestamp_ns", "sequence"):
                        assert isinstance(metadata.pop(key), int), key
                    print(sorted(metadata.items()))
        """,
    )
    flow.yaml(YAML)
    lines = flow.run().succeeded().of("receiver")
    when = "datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)"
    assert lines == [
        "[('count', -3), ('counts', [1, 2]), ('flag', True), ('name', 'ünï'), "
        "('names', ['a', 'b']), ('nothing', []), ('share', 0.5), ('shares', [0.5, 1.5]), "
        f"('when', {when})]",
        "[('deadline', 5000), ('watermark', 1000)]",
        "[]",
    ]


def test_the_types_here_are_all_that_pyarrow_has():
    """Fails when pyarrow learns a family of types that the list above does not have."""
    import pyarrow as pa

    families = {name.removeprefix("is_") for name in dir(pa.types) if re.match(r"is_[a-z]", name)}
    known = set(Path(__file__).with_name("families.txt").read_text().split())
    assert families <= known, f"add these to TYPES and families.txt: {families - known}"
