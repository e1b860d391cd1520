"""Log messages as JSON lines on stdout, which dora reads back with level, target and fields.

The first Node installs the bridge from Python's `logging`: records reach dora with their level and
extras. Who configured handlers before keeps exactly those.
"""

from __future__ import annotations

import json
import logging
import math
import os
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
_node_id = ""
_is_installed = False


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


_RECORD_ATTRIBUTES = frozenset(
    (*logging.LogRecord("", 0, "", 0, "", None, None).__dict__, "message", "asctime", "taskName")
)


def _level_of(number: int) -> str:
    for least, name in ((40, "error"), (30, "warn"), (20, "info"), (10, "debug")):
        if number >= least:
            return name
    return "trace"


class HostHandler(logging.Handler):
    """Hands records of `logging` to dora, tracebacks included."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
            if record.exc_info and record.exc_info[0] is not None:
                formatter = self.formatter or logging.Formatter()
                message += "\n" + formatter.formatException(record.exc_info)
            if record.stack_info:
                message += "\n" + record.stack_info
            extras = {
                key: value
                for key, value in record.__dict__.items()
                if key not in _RECORD_ATTRIBUTES and not key.startswith("_")
            }
            write_log(
                _node_id,
                _level_of(record.levelno),
                message,
                record.name,
                extras,
                {"file": record.pathname, "line": record.lineno},
                record.created,
            )
        except Exception:  # as every handler of logging does
            self.handleError(record)


def _wished_level() -> int:
    """The level that DORA_LOG (or RUST_LOG) names, else INFO."""
    names = {
        "off": 100,
        "error": logging.ERROR,
        "warn": logging.WARNING,
        "info": logging.INFO,
        "debug": logging.DEBUG,
        "trace": 5,
    }
    for variable in ("DORA_LOG", "RUST_LOG"):
        for part in os.environ.get(variable, "").split(","):
            if part.strip().lower() in names:
                return names[part.strip().lower()]
    return logging.INFO


def install_bridge(node_id: str) -> None:
    """Once per process: logging's root gets a handler of ours, if it has none."""
    global _node_id, _is_installed
    _node_id = node_id
    if _is_installed:
        return
    _is_installed = True
    root = logging.getLogger()
    automatic = HostHandler()
    if not root.handlers:
        root.addHandler(automatic)
        if root.level == logging.WARNING:
            root.setLevel(_wished_level())

    plain_basic_config = logging.basicConfig

    def basic_config(**options: Any) -> None:
        if root.handlers == [automatic]:
            root.removeHandler(automatic)
        has_handlers = bool(root.handlers) and not options.get("force")
        if not has_handlers:
            options.setdefault("level", _wished_level())
            # Lines that go to the terminal already must not come a second time.
            shows = "stream" in options or any(
                _writes_to_terminal(handler) for handler in options.get("handlers") or ()
            )
            if not shows:
                if options.get("filename") is None:
                    options["handlers"] = [*(options.get("handlers") or ()), HostHandler()]
                else:
                    plain_basic_config(**options)
                    root.addHandler(HostHandler())
                    return
        plain_basic_config(**options)

    basic_config.__doc__ = plain_basic_config.__doc__
    logging.basicConfig = basic_config
    logging.HostHandler = HostHandler  # type: ignore[attr-defined]


def _writes_to_terminal(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (
        sys.stdout,
        sys.stderr,
        sys.__stdout__,
        sys.__stderr__,
    )


def warn_unknown_output(node: Node, output_id: str, reason: str) -> None:
    """Says once per output that the dataflow does not declare it."""
    warned: set[str] = node.__dict__.setdefault("_warned_outputs", set())
    if output_id in warned:
        return
    warned.add(output_id)
    logging.getLogger("dora").warning(
        "output '%s' is not sent: %s; add it to `outputs:` of this node in the dataflow's YAML",
        output_id,
        reason,
    )
