"""What comes after a pause is what comes in a rush: a node makes some of it while it waits."""

import gc
import sys

import numpy as np
import pyarrow as pa
import pytest

FORMS = {
    "bytes": lambda i: bytes([i, 1, 2]),
    "one byte": lambda i: bytes([i]),
    "vector": lambda i: np.arange(i, i + 5, dtype=np.float32),
    "matrix": lambda i: np.full((3, 2), i, dtype=np.int64),
    "numbers": lambda i: pa.array([i, i + 1]),
    "4 KiB": lambda i: np.full(4096, i, dtype=np.uint8).tobytes(),
    "8 KiB": lambda i: np.full((2, 1024), i, dtype=np.float32),
    "large": lambda i: np.full(50_000, i, dtype=np.uint8),
    "none": lambda i: pa.array([], type=pa.int32()),
    "nulls": lambda i: pa.array([i, None]),
    "text": lambda i: pa.array(["one", str(i)]),
    "booleans": lambda i: np.array([i % 2 == 0, True]),
}


def pause(node):
    assert node.next(timeout=0.001)["timed_out"]


def listed(data):
    if isinstance(data, bytes):
        return list(data)
    return data.to_pylist() if isinstance(data, pa.Array) else data.tolist()


def is_writeable(value):
    return isinstance(value, np.ndarray) and value.flags.writeable


@pytest.mark.parametrize("form", FORMS)
def test_each_message_after_a_pause_has_a_value_of_its_own(node, echo, form):
    sent, events = [], []
    for i in range(6):
        sent.append(FORMS[form](i))
        pause(node)
        events.append(echo(sent[-1]))
    values = [event["value"] for event in events]
    assert [value.to_pylist() for value in values] == [listed(data) for data in sent]
    assert {type(value) for value in values} == {type(values[0])}
    assert not any(is_writeable(value) for value in values)
    assert {event["id"] for event in events} == {"out"}


def test_what_was_expected_need_not_come(node, echo):
    for i in range(4):
        for form in FORMS.values():
            for output in ("out", "image", "out"):
                data = form(i)
                for _ in range(2):
                    pause(node)
                    event = echo(data, {"number": i}, output)
                    assert event["value"].to_pylist() == listed(data)
                    assert event["id"] == output
                    assert event["metadata"]["number"] == i


def test_a_type_is_more_than_its_size(node, echo):
    for dtype in (np.int32, np.int32, np.float32, np.uint32, np.int32):
        pause(node)
        value = echo(np.ones(3, dtype))["value"]
        assert value.dtype == dtype
        assert value.tolist() == [1, 1, 1]
    for type in (pa.int32(), pa.int32(), pa.date32(), pa.float32()):
        pause(node)
        assert echo(pa.array([0, 1], pa.int32()).cast(type).view(type))["value"].type == type
    for shape in ((2, 3), (2, 3), (3, 2), (6,)):
        pause(node)
        assert echo(np.zeros(shape))["value"].shape == shape


def test_an_event_changed_by_its_owner_is_not_given_again(node, echo):
    for _ in range(4):
        pause(node)
        event = echo(b"abc")
        assert list(event) == ["kind", "type", "id", "value", "metadata"]
        event["own"] = 1
        del event["id"]


def test_an_event_that_nobody_has_any_more_is_freed_before_the_next_wait_ends(node, echo):
    class Mine:
        pass

    echo(b"abc")["mine"] = Mine()
    pause(node)
    gc.collect()
    assert not any(isinstance(found, Mine) for found in gc.get_objects())
    event = echo(b"abc")
    pause(node)
    pause(node)
    other = {}
    assert sys.getrefcount(event) == sys.getrefcount(other)
