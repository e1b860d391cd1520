"""OpenTelemetry across nodes: a message carries the trace that it belongs to.

Where the package `opentelemetry` is in use (it was imported before `Node()`, or the environment has
DORA_OTLP_ENDPOINT, DORA_JAEGER_TRACING or OTEL_EXPORTER_OTLP_ENDPOINT), every message that is sent
inside a span has its context under `open_telemetry_context` in the metadata. The receiver goes on
with it:

    with tracer.start_as_current_span("detect", context=dora.tracing.context_of(event["metadata"])):
        ...

Metadata that is passed on keeps the context it has. Nodes that do not trace pay nothing for this.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

from ._node import _TRACING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._node import Node

__all__ = ["KEY", "context_of", "current_context"]

KEY = "open_telemetry_context"
"""Of the metadata: lines of `key:value`."""
# Baggage may be large, and secret: it stays where it is.
_KEYS = ("traceparent", "tracestate")


def current_context() -> str:
    """The context of the span that is active here, as messages carry it; empty without one.

    Needs the package opentelemetry-api.
    """
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return "\n".join(f"{key}:{carrier[key]}" for key in _KEYS if carrier.get(key))


def context_of(metadata: Mapping[str, Any]) -> Any:
    """The context of a received message: an opentelemetry.context.Context.

    metadata: of the event. Without a context in it, the empty one. Needs opentelemetry-api.
    """
    from opentelemetry import propagate

    text = metadata.get(KEY)
    carrier = {}
    # dora-rs ends each pair with a semicolon.
    for pair in re.split(r"\n|;(?=[a-z]+:|$)", text if isinstance(text, str) else ""):
        key, colon, value = pair.partition(":")
        if colon and key in _KEYS:
            carrier[key] = value
    return propagate.extract(carrier)


def _is_wanted() -> bool:
    if "opentelemetry" not in sys.modules and not any(map(os.environ.get, _TRACING)):
        return False
    try:
        from opentelemetry import propagate  # noqa: F401
    except ImportError:
        return False
    return True


def _with_context(metadata: Any) -> Any:
    """What is to be sent instead of `metadata`."""
    if metadata is not None and (not isinstance(metadata, dict) or KEY in metadata):
        return metadata
    context = current_context()
    return {**(metadata or {}), KEY: context} if context else metadata


class _TracingNode:
    """Put before Node among the bases of a node that traces."""

    def send_output(self, output_id: str, data: Any, metadata: Any = None) -> None:
        super().send_output(output_id, data, _with_context(metadata))  # type: ignore[misc]

    def send_output_raw(self, output_id: str, data_length: int, metadata: Any = None) -> Any:
        return super().send_output_raw(  # type: ignore[misc]
            output_id, data_length, _with_context(metadata)
        )


def trace(node: Node) -> None:
    """Lets `node` send the context of the active span, where tracing is in use."""
    if _is_wanted():
        from ._watched import put_before

        put_before(node, _TracingNode)


def traced(send_output: Callable[..., None]) -> Callable[..., None]:
    """The same for the send_output of an operator."""
    if not _is_wanted():
        return send_output

    def send(output_id: str, data: Any, metadata: Any = None) -> None:
        send_output(output_id, data, _with_context(metadata))

    return send
