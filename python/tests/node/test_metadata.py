"""Metadata on its way to the receiver."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        0,
        -(2**63),
        2**63 - 1,
        1.5,
        float("inf"),
        "",
        "text",
        "ümläut 😀",
        [1, 2, 3],
        [1.0, 2.5],
        ["a", ""],
        [],
        datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
    ],
)
def test_arrives_as_it_was_sent(echo, value):
    received = echo(b"", {"key": value})["metadata"]["key"]
    assert received == value
    assert type(received) is type(value)


def test_keeps_integers_and_bools_apart(echo):
    received = echo(b"", {"a": True, "b": 1})["metadata"]
    assert received["a"] is True
    assert type(received["b"]) is int


def test_takes_tuples_as_lists(echo):
    assert echo(b"", {"t": (1, 2)})["metadata"]["t"] == [1, 2]


def test_takes_integers_among_floats(echo):
    assert echo(b"", {"t": [1.5, 2]})["metadata"]["t"] == [1.5, 2.0]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, [1, 2**70]])
def test_refuses_integers_beyond_64_bits(echo, value):
    with pytest.raises(OverflowError, match="key"):
        echo(b"", {"key": value})


@pytest.mark.parametrize("value", [[1, "a"], ["a", 1], [1, 2.5]])
def test_refuses_lists_of_several_types(echo, value):
    with pytest.raises(TypeError, match="one type"):
        echo(b"", {"key": value})


@pytest.mark.parametrize("metadata", [[("a", 1)], "a", 3])
def test_refuses_what_is_no_dict(echo, metadata):
    with pytest.raises(TypeError):
        echo(b"", metadata)


def test_refuses_keys_that_are_no_str(echo):
    with pytest.raises(RuntimeError, match="str"):
        echo(b"", {1: 2})


def test_takes_the_numbers_of_numpy(echo):
    received = echo(
        b"", {"f": np.float32(0.5), "i": np.int16(7), "b": np.bool_(True), "l": [np.int64(1)]}
    )["metadata"]
    assert (received["f"], received["i"], received["b"], received["l"]) == (0.5, 7, True, [1])
    assert received["b"] is True


@pytest.mark.parametrize("value", [None, {"x": 1}, b"raw", [True, False]])
def test_sends_the_text_of_other_values_with_a_warning(echo, caplog, value):
    received = echo(b"", {"odd": value})["metadata"]["odd"]
    assert received == str(value)
    assert "odd" in caplog.text


def test_gives_time_and_number_of_each_message(echo):
    first = echo(b"")["metadata"]
    second = echo(b"")["metadata"]
    assert first["timestamp"].tzinfo == UTC
    assert abs(datetime.now(UTC) - first["timestamp"]) < timedelta(minutes=1)
    assert first["timestamp_ns"] // 1000 == round(first["timestamp"].timestamp() * 1e6)
    assert second["timestamp_ns"] > first["timestamp_ns"]
    assert second["sequence"] == first["sequence"] + 1


def test_may_be_passed_on_unchanged(echo):
    first = echo(b"", {"a": 1})
    second = echo(b"", first["metadata"])
    assert second["metadata"]["a"] == 1
    assert second["metadata"]["timestamp"] == first["metadata"]["timestamp"]
    assert second["metadata"]["timestamp_ns"] > first["metadata"]["timestamp_ns"]
    assert second["metadata"]["sequence"] == first["metadata"]["sequence"] + 1


def test_keeps_a_timestamp_and_a_sequence_of_the_user(echo):
    received = echo(b"", {"timestamp": 17, "sequence": "mine"})["metadata"]
    assert received["timestamp"] == 17
    assert received["sequence"] == "mine"


def test_takes_local_times(echo):
    moment = datetime(2024, 6, 1, 12, 0, 0, 7)
    received = echo(b"", {"when": moment})["metadata"]["when"]
    assert received == moment.astimezone(UTC)
    assert received.microsecond == 7


def test_flattens_the_parameters_of_old_examples(echo):
    received = echo(b"", {"parameters": {"a": 1}, "b": 2})["metadata"]
    assert (received["a"], received["b"]) == (1, 2)
    assert "parameters" not in received


@pytest.mark.parametrize("key", ["__dora_x", "_framing", "_schema_hash", "_wire_size"])
def test_leaves_out_the_keys_of_the_transport(echo, key):
    assert key not in echo(b"", {key: 1})["metadata"]


def test_comes_in_the_order_of_its_keys_after_the_time(echo):
    keys = list(echo(b"", {"b": 1, "c": 2, "a": 3})["metadata"])
    assert keys == ["timestamp", "timestamp_ns", "sequence", "a", "b", "c"]


def test_refuses_more_than_the_limits(echo):
    with pytest.raises(ValueError, match=r"64 KiB|65536|metadata"):
        echo(b"", {"big": "x" * 70_000})
    with pytest.raises(ValueError, match="256"):
        echo(b"", {str(i): i for i in range(300)})
    with pytest.raises(ValueError, match="key"):
        echo(b"", {"": 1})


def test_refusals_are_errors_of_dora(echo):
    import dora

    for metadata in ({"key": [1, "a"]}, {1: 2}, [1]):
        with pytest.raises(dora.InvalidType):
            echo(b"", metadata)


def test_a_time_beyond_64_bits_is_named(echo):
    with pytest.raises(OverflowError, match=r"metadata 'when'.*1970"):
        echo(b"", {"when": datetime(3000, 1, 1, tzinfo=UTC)})
