"""Tests of a node's code without a dataflow.

from dora.testing import MockNode

def test_doubles():
    node = MockNode([("number", pa.array([21]))])
    my_node.main(node)
    assert node.outputs["doubled"][0].to_pylist() == [42]
"""

from __future__ import annotations

import copy
from collections import deque
from typing import TYPE_CHECKING, Any, Self

from ._dataflow_runs import DataflowResult, run_dataflow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

__all__ = ["DataflowResult", "MockNode", "MockSample", "run_dataflow"]


class MockSample:
    """What MockNode.send_output_raw gives: keeps the rules of a real sample."""

    def __init__(
        self, node: MockNode, output_id: str, length: int, metadata: dict[str, Any] | None
    ) -> None:
        self._node = node
        self._output_id = output_id
        self._metadata = metadata
        self._memory = bytearray(length)
        self._is_sent = False

    def as_buffer(self) -> bytearray:
        """The memory."""
        if self._is_sent:
            raise RuntimeError("this sample has already been sent")
        return self._memory

    def as_memoryview(self) -> memoryview:
        """A new view of the memory; release it before send()."""
        return memoryview(self.as_buffer())

    def send(self) -> None:
        """Keeps the bytes, as a uint8 array, among the outputs."""
        memory = self.as_buffer()
        try:
            memory.append(0)  # what has views cannot grow
        except BufferError:
            raise RuntimeError("cannot send: buffer view(s) are still open") from None
        memory.pop()
        import numpy as np
        import pyarrow as pa

        self._is_sent = True
        data = pa.array(np.frombuffer(bytes(memory), np.uint8))
        self._node.send_output(self._output_id, data, self._metadata)

    def __enter__(self) -> bytearray:
        return self.as_buffer()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._is_sent:
            self.send()


class MockNode:
    """Stands in for dora.Node: gives the inputs it was made with, then STOP, and keeps outputs.

    inputs: (input id, value) for each INPUT event.
    metadata: what every event has as its metadata, each a copy of its own.
    """

    def __init__(
        self, inputs: list[tuple[str, Any]], metadata: dict[str, Any] | None = None
    ) -> None:
        metadata = {} if metadata is None else metadata
        self._events: deque[dict[str, Any]] = deque(
            {"type": "INPUT", "id": name, "value": value, "metadata": copy.deepcopy(metadata)}
            for name, value in inputs
        )
        self._events.append({"type": "STOP"})
        self.outputs: dict[str, list[Any]] = {}
        """What was sent, by output id."""
        self.output_metadata: dict[str, list[dict[str, Any]]] = {}
        """The metadata of each message of `outputs`."""
        self.logs: list[tuple[str, str, dict[str, Any]]] = []
        """(level, message, fields) of each message that was logged."""
        self.closed_outputs: list[str] = []
        """What close_outputs was called with, in order."""
        self._table: dict[tuple[str, str], bytes] = {}
        self._dropped: list[tuple[str, str]] = []

    def next(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next event; None after STOP."""
        return self._events.popleft() if self._events else None

    def try_recv(self) -> dict[str, Any] | None:
        """As next()."""
        return self.next()

    async def recv_async(self, timeout: float | None = None) -> dict[str, Any] | None:
        """As next()."""
        return self.next()

    def drain(self) -> list[dict[str, Any]]:
        """All events that are left."""
        if not self._events:
            raise RuntimeError("the stream of events has ended")
        events = list(self._events)
        self._events.clear()
        return events

    def is_empty(self) -> bool:
        """Whether no event is left."""
        return not self._events

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> dict[str, Any]:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        event = self.next()
        if event is None:
            raise StopAsyncIteration
        return event

    def send_output(
        self, output_id: str, data: Any, metadata: dict[str, Any] | None = None
    ) -> None:
        """Keeps `data`, as it is, in outputs[output_id]."""
        self.outputs.setdefault(output_id, []).append(data)
        self.output_metadata.setdefault(output_id, []).append(dict(metadata or {}))

    def send_output_raw(
        self, output_id: str, data_length: int, metadata: dict[str, Any] | None = None
    ) -> MockSample:
        """Memory to write into; what is sent becomes a uint8 array in outputs[output_id]."""
        return MockSample(self, output_id, data_length, metadata)

    def send_service_request(
        self, output_id: str, data: Any, metadata: dict[str, Any] | None = None
    ) -> str:
        """As Node.send_service_request."""
        from ._services import new_request_id

        request_id = new_request_id()
        self.send_output(output_id, data, {**(metadata or {}), "request_id": request_id})
        return request_id

    def send_service_response(self, output_id: str, data: Any, metadata: dict[str, Any]) -> None:
        """As Node.send_service_response."""
        self.send_output(output_id, data, metadata)

    def recv_service_response(
        self, request_id: str, timeout: float | None = None, server: str | None = None
    ) -> dict[str, Any] | None:
        """The next input is the response, whatever its id; None when only STOP is left."""
        return self._answer(request_id=request_id)

    def recv_action_result(
        self, goal_id: str, timeout: float | None = None, server: str | None = None
    ) -> dict[str, Any] | None:
        """The next input is the result of a goal that succeeded; None when only STOP is left."""
        return self._answer(goal_id=goal_id, goal_status="succeeded")

    def _answer(self, **correlation: str) -> dict[str, Any] | None:
        if not self._events or self._events[0]["type"] != "INPUT":
            return None
        event = self._events.popleft()
        event["metadata"] = {**correlation, **event["metadata"]}
        return event

    def merge_external_events(self, subscription: Any) -> None:
        """All that `subscription.next()` gives, up to None, comes before what is left."""
        values: list[dict[str, Any]] = []
        while (value := subscription.next()) is not None:
            values.append({"kind": "external", "value": value})
        self._events.extendleft(reversed(values))

    def extension_store(self, namespace: str, key: str, value: bytes) -> None:
        """As Node.extension_store, in a table of this node's own."""
        self._table[namespace, key] = bytes(value)

    def extension_load(self, namespace: str, key: str, remove: bool = False) -> bytes | None:
        """As Node.extension_load, from a table of this node's own."""
        value = self._table.get((namespace, key))
        if remove:
            self.extension_drop(namespace, key)
        return value

    def extension_drop(self, namespace: str, key: str) -> None:
        """As Node.extension_drop."""
        if self._table.pop((namespace, key), None) is not None:
            self._dropped.append((namespace, key))

    def drain_dropped_extension_keys(self, namespace: str) -> list[str]:
        """As Node.drain_dropped_extension_keys."""
        keys = [key for space, key in self._dropped if space == namespace]
        self._dropped = [item for item in self._dropped if item[0] != namespace]
        return keys

    def close_outputs(self, output_ids: Iterable[str]) -> None:
        """Keeps the ids in `closed_outputs`."""
        self.closed_outputs.extend(output_ids)

    def log(
        self,
        level: str,
        message: str,
        target: str | Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Keeps the message in `logs`."""
        from ._log_lines import sorted_out

        _, fields = sorted_out(target, fields)
        self.logs.append((level, message, dict(fields or {})))

    def log_error(self, message: str) -> None:
        """As log("error", message)."""
        self.log("error", message)

    def log_warn(self, message: str) -> None:
        """As log("warn", message)."""
        self.log("warn", message)

    def log_info(self, message: str) -> None:
        """As log("info", message)."""
        self.log("info", message)

    def log_debug(self, message: str) -> None:
        """As log("debug", message)."""
        self.log("debug", message)

    def log_trace(self, message: str) -> None:
        """As log("trace", message)."""
        self.log("trace", message)

    def node_id(self) -> str:
        """ "mock"."""
        return "mock"

    def dataflow_id(self) -> str:
        """A UUID of zeros."""
        return "00000000-0000-0000-0000-000000000000"

    def node_config(self) -> dict[str, Any]:
        """No inputs and no outputs are declared: every one is accepted."""
        return {"inputs": {}, "outputs": []}

    def dataflow_descriptor(self) -> dict[str, Any]:
        """Raises RuntimeError: there is no dataflow."""
        from ._errors import Unsupported

        raise Unsupported("a MockNode is part of no dataflow")

    def timestamp(self) -> datetime:
        """The time now in UTC."""
        from datetime import datetime, timezone

        return datetime.now(timezone.utc)  # noqa: UP017  (the constant that every Python has)

    def is_restart(self) -> bool:
        """False."""
        return False

    def restart_count(self) -> int:
        """0."""
        return 0

    def close(self) -> None:
        """Ends the stream."""
        self._events.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<dora.testing.MockNode: {len(self._events)} events left>"
