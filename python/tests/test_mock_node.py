"""dora.testing.MockNode stands in for a node."""

import asyncio
import inspect

import numpy as np
import pyarrow as pa
import pytest
from dora import Node
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


def test_the_next_input_answers_a_request():
    node = MockNode([("sum", 3), ("result", 4)], {"unit": "m"})
    request_id = node.send_service_request("ask", 1)
    response = node.recv_service_response(request_id, timeout=1.0, server="adder")
    assert (response["id"], response["value"]) == ("sum", 3)
    assert response["metadata"] == {"request_id": request_id, "unit": "m"}
    result = node.recv_action_result("goal")
    assert result["metadata"] == {"goal_id": "goal", "goal_status": "succeeded", "unit": "m"}
    assert node.recv_action_result("goal") is None
    assert node.next() == {"type": "STOP"}


def test_it_has_every_method_of_a_node():
    def public(owner):
        return {name for name in dir(owner) if not name.startswith("_")}

    assert public(Node) <= public(MockNode)
    for name in public(Node):
        of_node, of_mock = (inspect.signature(getattr(owner, name)) for owner in (Node, MockNode))
        assert list(of_node.parameters) == list(of_mock.parameters), name


def test_values_of_a_table_and_events_from_elsewhere():
    node = MockNode([("number", 1)])
    node.extension_store("space", "key", b"value")
    assert node.extension_load("space", "key", remove=True) == b"value"
    assert node.extension_load("space", "key") is None
    assert node.drain_dropped_extension_keys("other") == []
    assert node.drain_dropped_extension_keys("space") == ["key"]
    assert node.drain_dropped_extension_keys("space") == []
    node.close_outputs(["a", "b"])
    assert node.closed_outputs == ["a", "b"]
    with pytest.raises(RuntimeError, match="no dataflow"):
        node.dataflow_descriptor()

    class Two:
        def __init__(self):
            self.values = [2, 1]

        def next(self):
            return self.values.pop() if self.values else None

    node.merge_external_events(Two())
    assert [event["value"] for event in node.drain()[:3]] == [1, 2, 1]


def test_raw_samples_keep_the_rules():
    node = MockNode([])
    with node.send_output_raw("frame", 4, {"n": 1}) as buffer:
        np.asarray(buffer)[:] = 7
    assert node.outputs["frame"][0].to_pylist() == [7, 7, 7, 7]
    assert node.output_metadata["frame"] == [{"n": 1}]

    sample = node.send_output_raw("frame", 2)
    view = sample.as_memoryview()
    with pytest.raises(RuntimeError, match=r"view\(s\) are still open"):
        sample.send()
    view.release()
    sample.send()
    with pytest.raises(RuntimeError, match="already been sent"):
        sample.send()
    assert len(node.outputs["frame"]) == 2


def test_it_knows_what_a_node_knows():
    node = MockNode([])
    assert node.node_config() == {"inputs": {}, "outputs": []}
    assert len(node.dataflow_id()) == 36
    assert node.timestamp().tzinfo is not None
