"""send_output_raw: memory that is written in place and sent without a copy."""

import gc
import struct

import numpy as np
import pytest


def received(node):
    event = node.next(timeout=10)
    assert event["type"] == "INPUT"
    return event


def test_with_sends_at_the_end_of_the_block(node):
    with node.send_output_raw("out", 12, metadata={"width": 4}) as buffer:
        pixels = np.asarray(buffer, dtype=np.uint8).reshape(4, 3)
        pixels[:] = 7
        del pixels
        assert node.is_empty()
    event = received(node)
    assert event["data"] == b"\7" * 12
    assert event["metadata"]["width"] == 4
    assert str(event["value"].type) == "uint8"


def test_by_hand_sends_when_told(node):
    sample = node.send_output_raw("out", 4)
    view = sample.as_memoryview()
    view[:] = b"abcd"
    view.release()
    sample.send()
    assert received(node)["data"] == b"abcd"


def test_the_buffer_is_plain_writable_memory(node):
    sample = node.send_output_raw("out", 8)
    buffer = sample.as_buffer()
    assert sample.as_buffer() is buffer
    with memoryview(buffer) as view:
        assert (view.format, view.itemsize, view.ndim, view.shape) == ("B", 1, 1, (8,))
        assert not view.readonly
        assert view.c_contiguous
    struct.pack_into("<ii", buffer, 0, 1, 2)
    np.frombuffer(buffer, dtype="<i4")[1] = 3
    assert buffer.view_count == 0
    sample.send()
    assert struct.unpack("<ii", received(node)["data"]) == (1, 3)


def test_refuses_to_be_sent_while_views_are_open(node):
    sample = node.send_output_raw("out", 4)
    array = np.asarray(sample.as_memoryview())
    with pytest.raises(RuntimeError, match=r"view\(s\) are still open"):
        sample.send()
    array[:] = 1
    del array
    sample.send()
    assert received(node)["data"] == b"\1" * 4


def test_with_refuses_at_the_end_of_the_block_while_views_are_open(node):
    sample = node.send_output_raw("out", 4)
    with pytest.raises(RuntimeError, match=r"view\(s\) are still open"), sample as buffer:
        view = memoryview(buffer)
    view.release()
    sample.send()
    received(node)


def test_is_sent_once_only(node):
    sample = node.send_output_raw("out", 1)
    buffer = sample.as_buffer()
    sample.send()
    with pytest.raises(RuntimeError, match="already been sent"):
        sample.send()
    with pytest.raises(RuntimeError, match="already been sent"):
        sample.as_buffer()
    with pytest.raises(RuntimeError, match="already been sent"):
        sample.as_memoryview()
    with pytest.raises(BufferError):
        memoryview(buffer)
    received(node)
    assert node.is_empty()


def test_an_exception_inside_with_sends_nothing(node):
    sample = node.send_output_raw("out", 2)

    def write_and_fail():
        with sample as buffer:
            struct.pack_into("BB", buffer, 0, 5, 6)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert node.is_empty()
    sample.send()
    assert received(node)["data"] == b"\5\6"


def test_what_is_never_sent_is_never_received(node):
    sample = node.send_output_raw("out", 1000)
    buffer = sample.as_buffer()
    view = memoryview(buffer)
    del sample
    with pytest.raises(BufferError):
        memoryview(buffer)
    view[:] = b"x" * 1000
    del buffer
    gc.collect()
    assert view[999] == ord("x")
    view.release()
    assert node.is_empty()


def test_may_be_empty(node):
    with node.send_output_raw("out", 0) as buffer:
        assert len(memoryview(buffer)) == 0
        assert len(buffer) == 0
    assert received(node)["data"] == b""


def test_may_be_large(node):
    size = 20_000_000
    with node.send_output_raw("out", size) as buffer:
        np.asarray(buffer)[:] = np.arange(size, dtype=np.uint8)
    np.testing.assert_array_equal(
        received(node)["value"].to_numpy(), np.arange(size, dtype=np.uint8)
    )


def test_refuses_impossible_sizes_and_unknown_outputs(node):
    with pytest.raises(ValueError, match="negative"):
        node.send_output_raw("out", -1)
    with pytest.raises((RuntimeError, OverflowError)):
        node.send_output_raw("out", 2**62)
    with pytest.raises(RuntimeError, match="nope"):
        node.send_output_raw("nope", 1)
    with pytest.raises(TypeError):
        node.send_output_raw("out")


def test_sent_inside_with_is_not_sent_twice(node):
    with node.send_output_raw("out", 1) as buffer:
        memoryview(buffer)[0] = 9
    received(node)
    sample = node.send_output_raw("out", 1)
    with sample:
        sample.send()
    received(node)
    assert node.is_empty()


def test_views_outlive_everything_else(node):
    view = node.send_output_raw("out", 4).as_memoryview()
    gc.collect()
    view[:] = b"late"
    assert bytes(view) == b"late"


def test_says_what_it_is(node):
    handler = node.send_output_raw("out", 16)
    buffer = handler.as_buffer()
    assert repr(handler) == "<dora.SampleHandler for output 'out': 16 bytes, not sent>"
    view = handler.as_memoryview()
    assert repr(buffer) == "<dora.SampleBuffer: 16 bytes, 1 view(s) open, not sent>"
    view.release()
    handler.send()
    assert repr(handler).endswith("16 bytes, sent>")
    del handler
    assert "sent" in repr(buffer)
