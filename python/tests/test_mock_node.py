"""dora.testing.MockNode stands in for a node."""

import asyncio

import pyarrow as pa
import pytest
from dora.testing import MockNode


def double_everything(node):
    for event in node:
        if event["type"] == "INPUT":
            node.log("info", "doubling", {"id": event["id"]})
            number = event["value"].to_pylist()[0]
            node.send_output("doubled", pa.array([2 * number]), event["metadata"])
        elif event["type"] == "STOP":
            break


def test_gives_inputs_then_stop_and_keeps_outputs():
    node = MockNode([("a", pa.array([21])), ("a", pa.array([1]))], {"key": 1})
    double_everything(node)
    assert [array.to_pylist() for array in node.outputs["doubled"]] == [[42], [2]]
    assert node.output_metadata["doubled"][0]["key"] == 1
    assert node.logs[0] == ("info", "doubling", {"id": "a"})
    assert node.next() is None


def test_events_have_the_keys_of_inputs_and_metadata_of_their_own():
    node = MockNode([("a", 1), ("b", 2)], {"list": []})
    first, second, stop = node.drain()
    assert set(first) == {"type", "id", "value", "metadata"}
    first["metadata"]["list"].append(1)
    assert second["metadata"]["list"] == []
    assert stop == {"type": "STOP"}
    assert node.is_empty()
    with pytest.raises(RuntimeError):
        node.drain()


def test_polls_and_awaits():
    async def main():
        with MockNode([("a", 1)]) as node:
            assert node.try_recv()["id"] == "a"
            assert (await node.recv_async(timeout=1))["type"] == "STOP"
            assert await node.recv_async() is None
        return [event["type"] async for event in MockNode([("a", 1)])]

    assert asyncio.run(main()) == ["INPUT", "STOP"]


def test_correlates_requests():
    node = MockNode([])
    request_id = node.send_service_request("ask", 1, {"a": 2})
    assert node.output_metadata["ask"] == [{"a": 2, "request_id": request_id}]
