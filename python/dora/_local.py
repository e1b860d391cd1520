"""Nodes without a daemon: interactive, or fed from a file for a test.

NodeBase hands its calls to one of these when it has no daemon.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from ._dora import Event, timeout_event
from ._errors import InvalidInput, InvalidType

if TYPE_CHECKING:
    from ._types import Metadata


def choose_local() -> LocalNode:
    """What serves a Node() in a process that dora did not start."""
    if "DORA_TEST_WITH_INPUTS" in os.environ:
        from ._recorded import RecordedInputs

        return RecordedInputs.from_environment()
    from ._interactive import Interactive

    return Interactive.on_standard_input()


class LocalNode:
    """The calls of a node; where events come from and outputs go is up to the heirs."""

    def __init__(self, node_id: str, config: dict[str, Any] | None = None) -> None:
        self.node_id = node_id
        self.config = config or {"inputs": {}, "outputs": []}
        self.dataflow_id = str(uuid.uuid4())
        self.is_closed = False
        self.lock = threading.RLock()
        self._waiting: deque[dict[str, Any]] = deque()
        self._sequences: dict[str, int] = {}

    def facts(self) -> tuple[str, str, int, str, str]:
        return (self.node_id, self.dataflow_id, 0, json.dumps(self.config), "{}")

    # ---- For the heirs -------------------------------------------------------------------------

    def take(self, deadline: float | None) -> dict[str, Any] | None:
        """The next event; None at the end. `deadline` (monotonic) may be missed by those who ask
        people. Returns an event with "timed_out" when nothing came."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Whether `take` would give an event at once."""
        raise NotImplementedError

    def put(self, output_id: str, data: Any, metadata: dict[str, Any]) -> None:
        """Takes an output; `data` is an Arrow or a numpy array."""
        raise NotImplementedError

    def input_event(self, input_id: str, value: Any, metadata: dict[str, Any]) -> Event:
        from datetime import datetime

        from ._metadata import UTC

        number = self._sequences.get(input_id, 0)
        self._sequences[input_id] = number + 1
        now = time.time_ns()
        times = {
            "timestamp": datetime.fromtimestamp(now / 1e9, UTC),
            "timestamp_ns": now,
            "sequence": number,
        }
        return Event(
            kind="dora", type="INPUT", id=input_id, value=value, metadata={**times, **metadata}
        )

    # ---- For NodeBase --------------------------------------------------------------------------

    def next(self, timeout: float | None) -> dict[str, Any] | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.lock:
            if self._waiting:
                return self._waiting.popleft()
            event = None if self.is_closed else self.take(deadline)
        if event is not None and event.get("timed_out") and timeout is not None:
            return timeout_event(timeout)
        return event

    def try_recv(self) -> dict[str, Any] | None:
        with self.lock:
            return None if self.is_empty() else self.next(None)

    def drain(self) -> list[dict[str, Any]]:
        events = []
        with self.lock:
            while not self.is_empty():
                event = self.next(None)
                if event is None:
                    break
                events.append(event)
        if not events and self.has_ended():
            from ._errors import Disconnected

            raise Disconnected("the stream of events has ended")
        return events

    def has_ended(self) -> bool:
        return self.is_closed

    def is_empty(self) -> bool:
        with self.lock:
            return not self._waiting and (self.is_closed or not self.is_ready())

    def put_back(self, events: list[dict[str, Any]]) -> None:
        with self.lock:
            self._waiting.extendleft(reversed(events))

    def send_output(self, output_id: str, data: Any, metadata: Metadata | None) -> None:
        if not isinstance(output_id, str):
            raise InvalidType(f"an output id must be a str, not {output_id!r}")
        if not _is_output_id(output_id):
            raise InvalidInput(
                f"{output_id[:200]!r} is no output id: letters, digits, and . _ - / inside, "
                f"{_LONGEST_ID} of them at most"
            )
        if metadata is not None and not isinstance(metadata, dict):
            raise InvalidType(f"metadata must be a dict, not {type(metadata)!r}")
        with self.lock:
            self.put(output_id, to_array(data), check_metadata(metadata or {}))

    def close(self) -> None:
        self.is_closed = True


_LONGEST_ID = 128


def _is_output_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and all(
        part and all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in part)
        for part in text.split("/")
    )


def to_array(data: Any) -> Any:
    """What a receiver would see: a numpy array for numpy arrays, else an Arrow array."""
    from ._values import array_of_bytes, as_received

    received = as_received(data)
    return array_of_bytes(received) if isinstance(received, bytes) else received


def check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """The metadata as it would arrive; raises as a real node does."""
    from datetime import datetime

    from ._metadata import convert_value, nanoseconds_of

    checked: dict[str, Any] = {}
    for key, value in metadata.items():
        if not isinstance(key, str):
            raise InvalidType(f"metadata keys must be str, not {key!r}")
        if key == "parameters" and isinstance(value, dict):
            checked.update(check_metadata(value))
            continue
        if key == "timestamp_ns" or (key == "sequence" and "timestamp_ns" in metadata):
            continue
        is_list = isinstance(value, (list, tuple)) and all(
            type(item) in (int, float, str) for item in value
        )
        if not is_list and not isinstance(value, (bool, int, float, str, datetime)):
            value = convert_value(key, value)
        if isinstance(value, (list, tuple)):
            value = _of_one_type(key, list(value))
        for number in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(number, int) and not -(2**63) <= number < 2**63:
                raise OverflowError(f"metadata '{key}': {number} does not fit into 64 bits")
        if isinstance(value, datetime) and not -(2**63) <= nanoseconds_of(value) < 2**63:
            raise OverflowError(f"metadata '{key}': {value!r} is too far from 1970")
        checked[key] = value
    return checked


def _of_one_type(key: str, items: list[Any]) -> list[Any]:
    """As the extension does it: the first decides; integers may stand among floats."""
    kind = type(items[0]) if items else str
    for item in items:
        if type(item) is not kind and not (kind is float and type(item) is int):
            raise InvalidType(
                f"metadata {key!r}: the elements of a list must be of one type: the first is "
                f"{items[0]!r}, another is {item!r}"
            )
    return [kind(item) for item in items]
