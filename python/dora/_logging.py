"""The bridge from Python's `logging`: records reach dora with their level and extras.

Who configured handlers before the first Node keeps exactly those. Imported by _logging_bridge.py
only, once `logging` is there.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from ._log_lines import write_log

_node_id = ""
_is_installed = False


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
