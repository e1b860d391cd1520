"""DORA_TEST_WITH_INPUTS: the events of a node come from a file, and its outputs go into one."""

from __future__ import annotations

import json
import math
import os
import time
from typing import Any

from ._arrow_types import from_name, to_name
from ._errors import DoraError, InvalidInput
from ._local import LocalNode

_FILE = "DORA_TEST_WITH_INPUTS"


# What wrong data, wrong files and wrong descriptions of them make Python and pyarrow raise.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)


class RecordedInputs(LocalNode):
    """Replays the events of a file in their order, not before their time."""

    def __init__(self, path: str, outputs_path: str, has_times: bool) -> None:
        recording = _read(path)
        super().__init__(
            str(recording["id"]),
            {
                "inputs": recording.get("inputs") or {},
                "outputs": sorted(recording.get("outputs") or []),
            },
        )
        self.folder = os.path.dirname(os.path.abspath(path))
        self.path = path
        self.events = sorted(
            recording["events"], key=lambda event: float(event["time_offset_secs"])
        )
        self.position = 0
        self.has_times = has_times
        self.began = time.monotonic()
        try:
            self.outputs = open(outputs_path, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise DoraError(f"cannot write outputs to {outputs_path}: {error}") from error

    @classmethod
    def from_environment(cls) -> RecordedInputs:
        path = os.environ[_FILE]
        beside = os.path.join(os.path.dirname(os.path.abspath(path)), "outputs.jsonl")
        return cls(
            path,
            os.environ.get("DORA_TEST_WRITE_OUTPUTS_TO") or beside,
            "DORA_TEST_NO_OUTPUT_TIME_OFFSET" not in os.environ,
        )

    def take(self, deadline: float | None) -> dict[str, Any] | None:
        if self.position == len(self.events):
            return None
        event = self.events[self.position]
        due = self.began + float(event["time_offset_secs"])
        now = time.monotonic()
        if deadline is not None and deadline < due:
            time.sleep(max(0.0, deadline - now))
            return {"timed_out": True}
        time.sleep(max(0.0, due - now))
        self.position += 1
        return self.to_event(event)

    def is_ready(self) -> bool:
        if self.position == len(self.events):
            return False
        return time.monotonic() >= self.began + float(
            self.events[self.position]["time_offset_secs"]
        )

    def has_ended(self) -> bool:
        return super().has_ended() or self.position == len(self.events)

    def to_event(self, event: dict[str, Any]) -> dict[str, Any]:
        kind = event["type"]
        if kind == "Input":
            try:
                metadata = {k: _untagged(v) for k, v in (event.get("metadata") or {}).items()}
                value = self.payload(event)
            except _UNREADABLE as e:
                # As a message that cannot be decoded: what comes after it is of use still.
                problem = f"input '{event['id']}': {self.path}: events[{self.position - 1}]: {e}"
                return {"kind": "dora", "type": "ERROR", "error": problem}
            return self.input_event(str(event["id"]), value, metadata)
        if kind == "InputClosed":
            return {"kind": "dora", "type": "INPUT_CLOSED", "id": str(event["id"])}
        stop = "ALL_INPUTS_CLOSED" if kind == "AllInputsClosed" else "MANUAL"
        return {"kind": "dora", "type": "STOP", "id": stop}

    def payload(self, event: dict[str, Any]) -> Any:
        import pyarrow as pa

        if "shape" in event:
            return self.tensor(event)
        if "path" in event:
            with pa.OSFile(os.path.join(self.folder, event["path"])) as file:
                batch = pa.ipc.open_file(file).get_batch(int(event.get("batch_index") or 0))
            column = event.get("column")
            return pa.array(batch.to_struct_array() if column is None else batch.column(column))
        if "data" not in event:
            return pa.nulls(0)
        data = event["data"]
        items = data if isinstance(data, list) else [data]
        kind = event.get("data_type")
        return pa.array(items) if kind is None else pa.array(items, from_name(kind))

    def tensor(self, event: dict[str, Any]) -> Any:
        """A numpy array, as DORA_WRITE_EVENTS_TO writes one: its elements, and its shape."""
        from ._ndarray import NDArray

        flat = self.payload({key: value for key, value in event.items() if key != "shape"})
        array = flat.to_numpy(zero_copy_only=False).reshape(event["shape"]).view(NDArray)
        array.flags.writeable = False
        return array

    def put(self, output_id: str, data: Any, metadata: dict[str, Any]) -> None:
        import numpy as np
        import pyarrow as pa

        entry: dict[str, Any] = {"id": output_id}
        if isinstance(data, np.ndarray):
            if data.ndim != 1:
                entry["shape"] = list(data.shape)
            data = pa.array(data.reshape(-1))
        entry["data"] = data.to_pylist()
        entry["data_type"] = to_name(data.type)
        if not self.has_times:  # that of an event which is passed on is of this run, too
            metadata = {key: value for key, value in metadata.items() if key != "timestamp"}
        if metadata:
            entry["metadata"] = metadata
        if self.has_times:
            entry["time_offset_secs"] = time.monotonic() - self.began
        self.outputs.write(json.dumps(entry, default=_plain) + "\n")
        self.outputs.flush()

    def close(self) -> None:
        super().close()
        self.outputs.close()


def _plain(value: object) -> object:
    return list(value) if isinstance(value, bytes) else str(value)


def _untagged(value: Any) -> Any:
    """{"Integer": 3} is 3."""
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if kind == "Timestamp":
            from datetime import datetime

            return datetime.fromisoformat(inner)
        return inner
    return value


def _read(path: str) -> dict[str, Any]:
    """The recording, checked as far as replaying it needs."""
    try:
        with open(path, encoding="utf-8") as file:
            recording = json.load(file)
    except OSError as error:
        raise InvalidInput(f"{_FILE}: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput(f"{_FILE}: {path} is no JSON: {error}") from error
    if not isinstance(recording, dict) or not isinstance(recording.get("events"), list):
        raise InvalidInput(f"{_FILE}: {path} must hold an object with `id` and a list `events`")
    if "id" not in recording:
        raise InvalidInput(f"{_FILE}: {path} does not say the `id` of the node")
    if not isinstance(recording.get("inputs") or {}, dict):
        raise InvalidInput(f"{_FILE}: {path}: `inputs` must be an object")
    outputs = recording.get("outputs") or []
    if not isinstance(outputs, list) or not all(isinstance(each, str) for each in outputs):
        raise InvalidInput(f"{_FILE}: {path}: `outputs` must be a list of texts")
    status = recording.get("recording_status")
    if isinstance(status, dict) and status.get("state") == "poisoned":
        raise InvalidInput(
            f"{_FILE}: {path} was cut off while it was recorded: {status.get('reason', status)}"
        )
    for number, event in enumerate(recording["events"]):
        where = f"{_FILE}: {path}: events[{number}]"
        if not isinstance(event, dict):
            raise InvalidInput(f"{where} is no object")
        if event.get("type") not in ("Input", "InputClosed", "AllInputsClosed", "Stop"):
            raise InvalidInput(
                f"{where}: type {event.get('type')!r} is none of Input, InputClosed, "
                "AllInputsClosed, Stop"
            )
        if event["type"] in ("Input", "InputClosed") and "id" not in event:
            raise InvalidInput(f"{where} has no `id`")
        try:
            offset = event["time_offset_secs"] = float(event.get("time_offset_secs", 0.0))
        except (OverflowError, TypeError, ValueError) as error:
            raise InvalidInput(f"{where}: time_offset_secs: {error}") from error
        if not math.isfinite(offset):
            raise InvalidInput(f"{where}: time_offset_secs must be finite, not {offset}")
    return recording
