"""Log messages as JSON lines on stdout, which dora reads back with level, target and fields."""

from __future__ import annotations

import json
import math
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ._metadata import UTC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._node import Node

_LEVELS = {
    "error": "error",
    "critical": "error",
    "fatal": "error",
    "warn": "warn",
    "warning": "warn",
    "info": "info",
    "debug": "debug",
    "trace": "trace",
}
_MOST_FIELD_BYTES = 60 * 1024


def write_log(
    node_id: str,
    level: str,
    message: str,
    target: str | None = None,
    fields: Mapping[str, Any] | None = None,
    place: Mapping[str, Any] | None = None,
    timestamp: float | None = None,
) -> None:
    """Writes one line; a single call of write, so that lines of several threads do not mix."""
    now = datetime.now(UTC) if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
    entry: dict[str, Any] = {
        "timestamp": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": _LEVELS.get(str(level).lower(), "info"),
        "node_id": node_id,
        "message": str(message),
    }
    if target is not None:
        entry["target"] = target
    if place:
        entry.update(place)
    if fields:
        kept = {str(key): _plain(value) for key, value in fields.items()}
        if len(json.dumps(kept)) > _MOST_FIELD_BYTES:
            entry["fields_dropped"] = True
        else:
            entry["fields"] = kept
    stream = sys.stdout
    if stream is None or getattr(stream, "closed", False):
        return
    line = json.dumps(entry, ensure_ascii=False, default=str)
    if not line.isascii():
        line = line.encode("utf-8", "replace").decode()  # halves of surrogate pairs
    try:
        stream.write(line + "\n")
    except UnicodeEncodeError:
        stream.write(json.dumps(json.loads(line)) + "\n")
    stream.flush()


def _plain(value: object) -> object:
    """A field as JSON has it: what is no text, number, bool or nothing there becomes its text."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return value if value is None or isinstance(value, str) else str(value)


def sorted_out(
    target: str | Mapping[str, Any] | None, fields: Mapping[str, Any] | None
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The last two arguments of Node.log, of which the first may be fields, too."""
    from collections.abc import Mapping

    from ._errors import InvalidType

    if isinstance(target, Mapping):
        fields, target = {**target, **(fields or {})}, None
    if target is not None and not isinstance(target, str):
        raise InvalidType(
            f"the target of a log message is a str, its fields a dict; not {target!r}"
        )
    if fields is not None and not isinstance(fields, Mapping):
        raise InvalidType(f"the fields of a log message are a dict, not {fields!r}")
    return target, fields


def warn_unknown_output(node: Node, output_id: str, reason: str) -> None:
    """Says once per output that the dataflow does not declare it."""
    warned: set[str] = node.__dict__.setdefault("_warned_outputs", set())
    if output_id in warned:
        return
    warned.add(output_id)
    import logging

    logging.getLogger("dora").warning(
        "output '%s' is not sent: %s; add it to `outputs:` of this node in the dataflow's YAML",
        output_id,
        reason,
    )
