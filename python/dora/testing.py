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
from typing import Any, Self

from ._dataflow_runs import DataflowResult, run_dataflow

__all__ = ["DataflowResult", "MockNode", "run_dataflow"]


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

    def log(
        self,
        level: str,
        message: str,
        target: str | dict[str, Any] | None = None,
        fields: dict[str, Any] | None = None,
    ) -> None:
        """Keeps the message in `logs`."""
        if isinstance(target, dict):
            fields = target
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
