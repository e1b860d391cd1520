"""DORA_WRITE_EVENTS_TO: a node's events go into a file that DORA_TEST_WITH_INPUTS replays."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import weakref
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from ._arrow_types import to_name
from ._errors import DoraError
from ._watched import WatchedNode, put_before

if TYPE_CHECKING:
    from ._node import Node

_FOLDER = "DORA_WRITE_EVENTS_TO"
# Longer arrays, and those that JSON cannot hold, go into an Arrow file each.
_MOST_JSON_ELEMENTS = 256
_OF_EVERY_MESSAGE = ("timestamp", "timestamp_ns", "sequence")


class Recording:
    """The file of one node. It is whole JSON only after `finish`."""

    def __init__(self, node: Node, folder: str) -> None:
        self.began = time.monotonic()
        self.stem = os.path.join(folder, f"inputs-{node.node_id()}")
        self.count = 0
        self.lock = threading.Lock()
        config = node.node_config()
        head = {
            "id": node.node_id(),
            "inputs": config.get("inputs", {}),
            "outputs": config.get("outputs", []),
        }
        try:
            os.makedirs(folder, exist_ok=True)
            self.file: IO[str] | None = open(f"{self.stem}.json", "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise DoraError(f"{_FOLDER}: cannot record into {folder}: {error}") from error
        self.file.write(json.dumps(head)[:-1] + ', "events": [')

    def add(self, event: dict[str, Any]) -> None:
        """Writes an event, if it is of a kind that can be replayed."""
        entry = self.entry(event)
        if entry is None:
            return
        entry["time_offset_secs"] = round(time.monotonic() - self.began, 6)
        with self.lock:
            if self.file is None:
                return
            self.file.write((",\n" if self.count else "\n") + json.dumps(entry))
            self.file.flush()
            self.count += 1

    def entry(self, event: dict[str, Any]) -> dict[str, Any] | None:
        kind = event.get("type")
        if kind == "INPUT_CLOSED":
            return {"type": "InputClosed", "id": event["id"]}
        if kind == "STOP":
            is_natural = event["id"] == "ALL_INPUTS_CLOSED"
            return {"type": "AllInputsClosed" if is_natural else "Stop"}
        if kind != "INPUT":
            return None
        entry: dict[str, Any] = {"type": "Input", "id": event["id"]}
        metadata = {
            key: _tagged(value)
            for key, value in event["metadata"].items()
            if key not in _OF_EVERY_MESSAGE
        }
        if metadata:
            entry["metadata"] = metadata
        self.put_value(entry, event["value"])
        return entry

    def put_value(self, entry: dict[str, Any], value: Any) -> None:
        import numpy as np
        import pyarrow as pa

        if isinstance(value, np.ndarray):
            entry["shape"] = list(value.shape)
            value = pa.array(value.view(np.ndarray).reshape(-1))
        if pa.types.is_null(value.type) and len(value) == 0:
            return
        if len(value) <= _MOST_JSON_ELEMENTS and _is_plain(value.type):
            entry["data"] = value.to_pylist()
            entry["data_type"] = to_name(value.type)
            return
        path = f"{self.stem}-{self.count}.arrow"
        batch = pa.record_batch([value], names=["value"])
        with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
        entry["path"] = os.path.basename(path)
        entry["column"] = "value"

    def finish(self) -> None:
        """Completes the file. Harmless the second time."""
        with self.lock:
            if self.file is None:
                return
            with contextlib.suppress(OSError):
                self.file.write('\n], "recording_status": {"state": "clean"}}\n')
                self.file.close()
            self.file = None


def _is_plain(kind: Any) -> bool:
    """Whether JSON, as Python reads it, holds every value of an Arrow type as it is."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return _is_plain(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_plain(kind.field(i).type) for i in range(kind.num_fields))
    tests = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
    return any(test(kind) for test in tests)


def _tagged(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"Timestamp": value.isoformat()}
    if isinstance(value, list):
        first = value[0] if value else ""
        kind = (
            "Int" if isinstance(first, int) else "Float" if isinstance(first, float) else "String"
        )
        return {f"List{kind}": value}
    names = {bool: "Bool", int: "Integer", float: "Float"}
    return {names.get(type(value), "String"): value}


class RecordingNode(WatchedNode):
    """Put before Node among the bases of a node whose events are recorded."""

    _recording: Recording

    def _see(self, event: dict[str, Any]) -> None:
        self._recording.add(event)

    def close(self) -> None:
        self._recording.finish()
        super().close()  # type: ignore[misc]


def record(node: Node) -> None:
    """Lets `node` record, as the environment asks for it."""
    recording = Recording(node, os.environ[_FOLDER])
    put_before(node, RecordingNode)
    node._recording = recording  # type: ignore[attr-defined]
    weakref.finalize(node, recording.finish)
