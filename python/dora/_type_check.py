"""DORA_RUNTIME_TYPE_CHECK: what is sent and received is held to what the YAML declares."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ._errors import DoraError
from ._watched import WatchedNode, put_before

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from ._node import Node

_VARIABLE = "DORA_RUNTIME_TYPE_CHECK"
_PREFIX = "std/core/v1/"
# The Arrow types that a declared type may be. Other types (structs, media) are not checked here.
_TYPES = {
    "Float32": ("float",),
    "Float64": ("double",),
    **{
        f"{sign}Int{bits}": (f"{sign.lower()}int{bits}",)
        for sign in ("", "U")
        for bits in (8, 16, 32, 64)
    },
    "String": ("string", "large_string", "string_view"),
    "Bytes": ("binary", "large_binary", "binary_view"),
    "Bool": ("bool",),
}
_PATTERN_KEYS = ("request_id", "goal_id", "goal_status")


def is_wanted() -> bool:
    return os.environ.get(_VARIABLE, "").lower() in ("1", "true", "warn", "error")


def _declared(urns: dict[str, str] | None) -> dict[str, str]:
    """By port: the name of a primitive type."""
    return {
        port: urn.removeprefix(_PREFIX)
        for port, urn in (urns or {}).items()
        if urn.startswith(_PREFIX) and urn.removeprefix(_PREFIX) in _TYPES
    }


def _arrow_type(data: Any) -> pa.DataType | None:
    """None for raw bytes, and for data that has no Arrow type of its own."""
    import numpy as np
    import pyarrow as pa

    if isinstance(data, (bytes, bytearray, memoryview)):
        return None
    if isinstance(data, (pa.Array, pa.ChunkedArray, pa.Scalar)):
        return data.type
    if isinstance(data, np.ndarray):
        try:
            return pa.from_numpy_dtype(data.dtype)
        except pa.ArrowNotImplementedError:
            return None
    if hasattr(data, "__arrow_c_array__"):
        return pa.array(data).type
    if isinstance(data, (list, tuple)):
        return pa.array(data).type
    return None


class PortTypes:
    """What a node or an operator declares of its outputs and inputs, and how it is held to that."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.outputs = _declared(config.get("output_types"))
        self.inputs = _declared(config.get("input_types"))
        self.is_strict = os.environ[_VARIABLE].lower() == "error"

    def check_sent(self, output_id: str, data: Any, metadata: Any) -> None:
        declared = self.outputs.get(output_id)
        if declared is None or _is_correlated(metadata):
            return
        kind = _arrow_type(data)
        if kind is None or str(kind) in _TYPES[declared]:
            return
        text = (
            f"runtime type check: output '{output_id}' declares {_PREFIX}{declared}, but the data "
            f"is {kind}: send that type, or correct `output_types` in the YAML"
        )
        if self.is_strict:
            raise DoraError(text)
        logging.getLogger("dora").warning("%s", text)

    def check_received(self, event: dict[str, Any]) -> None:
        """Warns at the first message of an input that is of another type than declared."""
        if event.get("type") != "INPUT" or event["id"] not in self.inputs:
            return
        kind = str(event["value"].type)
        if kind == "null" or _is_correlated(event["metadata"]):
            return
        declared = self.inputs.pop(event["id"])
        if kind not in _TYPES[declared]:
            logging.getLogger("dora").warning(
                "runtime type check: input '%s' declares %s%s, but received %s",
                event["id"],
                _PREFIX,
                declared,
                kind,
            )


class TypeCheckedNode(WatchedNode):
    """Put before Node among the bases of a node whose types are checked."""

    _port_types: PortTypes

    def send_output(self, output_id: str, data: Any, metadata: Any = None) -> None:
        self._port_types.check_sent(output_id, data, metadata)
        super().send_output(output_id, data, metadata)  # type: ignore[misc]

    def _see(self, event: dict[str, Any]) -> None:
        self._port_types.check_received(event)


def _is_correlated(metadata: Any) -> bool:
    return bool(metadata) and any(key in metadata for key in _PATTERN_KEYS)


def check_types(node: Node) -> None:
    """Lets `node` check, as the environment asks for it."""
    config = node.node_config()
    put_before(node, TypeCheckedNode)
    checked: Any = node
    checked._port_types = PortTypes(config)


def checked_send(types: PortTypes, send_output: Callable[..., None]) -> Callable[..., None]:
    """The same for the send_output of an operator."""

    def send(output_id: str, data: Any, metadata: Any = None) -> None:
        types.check_sent(output_id, data, metadata)
        send_output(output_id, data, metadata)

    return send
