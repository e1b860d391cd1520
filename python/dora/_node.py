"""Node: how a process takes part in a dataflow."""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock

from ._dora import NodeBase
from ._logging_bridge import install_bridge_in_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Any, Self

    from ._types import Metadata, Sendable

_NO_FACTS = ("", "", 0, "{}", "{}")
# Any of these asks for tracing.py, which takes time to import.
_TRACING = ("DORA_OTLP_ENDPOINT", "DORA_JAEGER_TRACING", "OTEL_EXPORTER_OTLP_ENDPOINT")


def _is_spawned() -> bool:
    return "DORA_NODE_CONFIG" in os.environ


class Node(NodeBase):
    """This process as a node of the dataflow that started it.

    `Node()` returns when every node of the dataflow is there, so nothing that is sent afterwards is
    lost because somebody was late. Started by hand (`python my_node.py`), it asks for its inputs on
    the terminal.

    `Node("id")` started by hand, also in a notebook, becomes the node of that id that a running
    dataflow declares with `path: dynamic`. The dataflow is looked for among all that you run; the
    environment variable DORA_DATAFLOW (an id or a name) chooses between several. `close()` leaves
    it, and another Node("id") may come. `daemon_port` is accepted and not needed.

    Every method may be called from every thread.

        node = Node()
        for event in node:
            if event["type"] == "INPUT":
                print(event["id"], event["value"])
            elif event["type"] == "STOP":
                break

    Raises RuntimeError when the dataflow could not start, or when there is none to join.
    """

    _local: Any = None

    def __init__(self, node_id: str | None = None, daemon_port: int | None = None) -> None:
        self._facts_kept = _NO_FACTS
        self._receivers: Any = None
        self._restarts_told: list[dict[str, Any]] = []
        self._clock_us = 0
        self._clock_lock = allocate_lock()
        if node_id is not None and not isinstance(node_id, str):
            from ._errors import InvalidType

            raise InvalidType(f"a node id is a str, not {node_id!r}")
        if daemon_port is not None and not isinstance(daemon_port, int):
            from ._errors import InvalidType

            raise InvalidType(f"a daemon_port is an int, not {daemon_port!r}")
        # A port asks for a daemon, whoever started this process; daemons are found without it.
        if node_id is not None and (daemon_port is not None or not _is_spawned()):
            self._open(node_id)
        elif _is_spawned():
            self._open(None)
        else:
            from ._local import choose_local

            self._local = choose_local()
        facts = self._local.facts() if self._local is not None else self._facts()
        if facts is not None:
            self._facts_kept = facts

        install_bridge_in_time(self.node_id())
        if os.environ.get("DORA_RUNTIME_TYPE_CHECK"):
            from ._type_check import check_types, is_wanted

            if is_wanted():
                check_types(self)
        if "opentelemetry" in sys.modules or any(name in os.environ for name in _TRACING):
            from .tracing import trace

            trace(self)
        if os.environ.get("DORA_WRITE_EVENTS_TO") and self._local is None:
            from ._recording import record

            record(self)
        if node_id is not None and node_id != self.node_id():
            import logging

            logging.getLogger("dora").info(
                "Node(%r) runs as node '%s', which the dataflow started", node_id, self.node_id()
            )

    # ---- Receiving ---------------------------------------------------------------------------

    async def recv_async(self, timeout: float | None = None) -> dict[str, Any] | Any:
        """Waits for the next event while other tasks of the event loop go on.

        Returns as `next` does: an event, None at the end of the stream, an "ERROR" event with
        "timed_out": True after `timeout` seconds. Cancelling it loses no event; several tasks may
        wait at once, and each event goes to one of them.

            event = await node.recv_async()
        """
        from ._async import receive

        return await receive(self, timeout)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        event = await self.recv_async()
        if event is None:
            raise StopAsyncIteration
        return event

    # ---- Requests and responses --------------------------------------------------------------

    def send_service_request(
        self, output_id: str, data: Sendable, metadata: Metadata | None = None
    ) -> str:
        """Sends `data` with a fresh `request_id` in its metadata, and returns that id.

        The response carries the same id: `event["metadata"]["request_id"]`.
        """
        from ._services import checked_metadata, new_request_id

        request_id = new_request_id()
        parameters = {} if metadata is None else dict(checked_metadata(metadata))
        if "request_id" in parameters:
            import logging

            logging.getLogger("dora").warning(
                "send_service_request gives every request an id of its own; the `request_id` %r in "
                "its metadata is replaced",
                parameters["request_id"],
            )
        parameters["request_id"] = request_id
        self.send_output(output_id, data, parameters)
        return request_id

    def send_service_response(self, output_id: str, data: Sendable, metadata: Metadata) -> None:
        """Sends `data` as the response to the request whose metadata is passed.

        node.send_service_response("response", result, event["metadata"])
        """
        from ._services import checked_metadata

        if "request_id" not in checked_metadata(metadata):
            import logging

            logging.getLogger("dora").warning(
                "send_service_response: the metadata has no `request_id`, so no client will know "
                "this response; pass the metadata of the request"
            )
        self.send_output(output_id, data, metadata)

    def recv_service_response(
        self, request_id: str, timeout: float | None = None, server: str | None = None
    ) -> dict[str, Any] | Any:
        """Waits for the response to a request; other events wait meanwhile and come afterwards.

        Returns None when the stream ends first, and an "ERROR" event with "timed_out": True after
        `timeout` seconds; given the id of the node that answers, also one with
        "server_restarted": True when that node was restarted, and so lost the request.
        """
        from ._services import wait_for_correlated

        return wait_for_correlated(self, "request_id", request_id, timeout, server)

    def recv_action_result(
        self, goal_id: str, timeout: float | None = None, server: str | None = None
    ) -> dict[str, Any] | Any:
        """Waits for the result (the message with a `goal_status`) of a goal, as
        recv_service_response does."""
        from ._services import wait_for_correlated

        return wait_for_correlated(self, "goal_id", goal_id, timeout, server)

    # ---- Logging -----------------------------------------------------------------------------

    def log(
        self,
        level: str,
        message: str,
        target: str | Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes a structured log message, which `dora logs` shows with its level and fields.

        level: "error", "warn", "info", "debug" or "trace". `fields` may also be passed third:

            node.log("info", "Processing item", {"count": "3"})
        """
        from ._log_lines import sorted_out, write_log

        target, fields = sorted_out(target, fields)
        write_log(self.node_id(), level, message, target, fields)

    def log_error(self, message: str) -> None:
        """Writes a log message of level "error"."""
        self.log("error", message)

    def log_warn(self, message: str) -> None:
        """Writes a log message of level "warn"."""
        self.log("warn", message)

    def log_info(self, message: str) -> None:
        """Writes a log message of level "info"."""
        self.log("info", message)

    def log_debug(self, message: str) -> None:
        """Writes a log message of level "debug"."""
        self.log("debug", message)

    def log_trace(self, message: str) -> None:
        """Writes a log message of level "trace"."""
        self.log("trace", message)

    # ---- What the node knows -----------------------------------------------------------------

    def node_id(self) -> str:
        """The id of this node in the dataflow."""
        return self._facts_kept[0]

    def dataflow_id(self) -> str:
        """The id (a UUID) of the running dataflow."""
        return self._facts_kept[1]

    def is_restart(self) -> bool:
        """Whether this node ran before in this dataflow."""
        return self._facts_kept[2] > 0

    def restart_count(self) -> int:
        """How often this node was started before in this dataflow."""
        return self._facts_kept[2]

    def node_config(self) -> dict[str, Any]:
        """The inputs and outputs of this node: {"inputs": {id: source}, "outputs": [id]}."""
        import json

        config: dict[str, Any] = json.loads(self._facts_kept[3])
        return config

    def dataflow_descriptor(self) -> dict[str, Any]:
        """The whole dataflow as a dict, as its YAML describes it.

        Raises RuntimeError when the node was started by hand.
        """
        if self._local is not None:
            from ._errors import Unsupported

            raise Unsupported("this node was started by hand and is part of no dataflow")
        import json

        descriptor: dict[str, Any] = json.loads(self._facts_kept[4])
        return descriptor

    def timestamp(self) -> datetime:
        """The time now in UTC, in whole microseconds; every call gives a later one."""
        import time
        from datetime import datetime, timedelta

        from ._metadata import UTC

        with self._clock_lock:
            now = self._clock_us = max(time.time_ns() // 1000, self._clock_us + 1)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)

    # ---- Other sources of events -------------------------------------------------------------

    def merge_external_events(self, subscription: Any) -> None:
        """Lets what another library gives come among this node's own events.

        subscription: an object with a method `next()`, such as a Ros2Subscription, which waits for
        a value and gives None when none will come any more. A thread of its own calls it.

        Each value is an event without a type: {"kind": "external", "value": value}; what `next()`
        raises comes as the value. Neither kind of events keeps the other from coming. May be called
        for several subscriptions.

            node.merge_external_events(subscription)
            for event in node:
                if event["kind"] == "external":
                    print(event["value"])

        Raises RuntimeError when the node was started by hand.
        """
        from ._errors import Disconnected, InvalidType, Unsupported

        if not callable(getattr(subscription, "next", None)):
            raise InvalidType(
                "merge_external_events takes an object with a method next(), which waits for a "
                f"value, not {subscription!r}"
            )
        if self._local is not None:
            raise Unsupported("this node was started by hand, and takes no events but its inputs")
        if not self._is_open():
            raise Disconnected("this node was closed")
        from ._external import merge

        merge(self, subscription)

    # ---- Lifetime ----------------------------------------------------------------------------

    def close(self) -> None:
        """Closes the outputs and ends the stream, before the process ends. Harmless twice."""
        if self._receivers is not None:
            self._receivers.close()
        if self._local is not None:
            self._local.close()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<dora.Node {self.node_id()!r}>"


Node.__module__ = "dora"
