"""Requests and responses over messages that carry the same id."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any

from ._dora import timeout_event
from ._errors import InvalidInput, InvalidType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._node import Node


def checked_metadata(metadata: Any) -> Mapping[str, Any]:
    if isinstance(metadata, dict):
        return metadata
    raise InvalidType(f'metadata must be a dict, such as event["metadata"], not {metadata!r}')


def new_request_id() -> str:
    """A UUID of version 7: sorts by the time it was made."""
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))


def wait_for_correlated(
    node: Node, key: str, wanted: str, timeout: float | None, server: str | None
) -> dict[str, Any] | None:
    if not isinstance(wanted, str):
        raise InvalidType(f"a {key} is a str, not {wanted!r}")
    if timeout is not None and not 0 <= timeout < float("inf"):
        raise InvalidInput("a time-out is a number of seconds, finite and not negative")
    deadline = None if timeout is None else time.monotonic() + timeout
    passed_over: list[dict[str, Any]] = []
    try:
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            event = node.next(left)
            if event is None:
                return None
            if event.get("timed_out"):
                return timeout_event(timeout or 0.0)
            if _is_answer(event, key, wanted):
                return event
            passed_over.append(event)
            kind = event.get("type")  # events from elsewhere have none
            if kind == "STOP":
                return None
            # One that was told before is still there to be taken, and of an earlier request.
            is_told = any(event is told for told in node._restarts_told)
            if kind == "NODE_RESTARTED" and event["id"] == server and not is_told:
                node._restarts_told.append(event)
                return {
                    "kind": "dora",
                    "type": "ERROR",
                    "error": f"node '{server}' was restarted and knows nothing of the {key} "
                    f"'{wanted}' any more: send it again",
                    "server_restarted": True,
                }
    finally:
        node._put_back(passed_over)


def _is_answer(event: dict[str, Any], key: str, wanted: str) -> bool:
    if event.get("type") != "INPUT" or event["metadata"].get(key) != wanted:
        return False
    return key != "goal_id" or "goal_status" in event["metadata"]
