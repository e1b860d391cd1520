"""DORA_RUNTIME_TYPE_CHECK: what is sent and received is held to what the YAML declares."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ._errors import DoraError
from ._watched import WatchedNode, put_before

if TYPE_CHECKING:
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


class TypeCheckedNode(WatchedNode):
    """Put before Node among the bases of a node whose types are checked."""

    _output_types: dict[str, str]
    _input_types: dict[str, str]
    _is_strict: bool

    def send_output(self, output_id: str, data: Any, metadata: Any = None) -> None:
        declared = self._output_types.get(output_id)
        if declared is not None and not _is_correlated(metadata):
            kind = _arrow_type(data)
            if kind is not None and str(kind) not in _TYPES[declared]:
                self._complain(
                    f"output '{output_id}' declares {_PREFIX}{declared}, but the data is {kind}: "
                    "send that type, or correct `output_types` in the YAML"
                )
        super().send_output(output_id, data, metadata)  # type: ignore[misc]

    def _complain(self, text: str) -> None:
        if self._is_strict:
            raise DoraError(f"runtime type check: {text}")
        logging.getLogger("dora").warning("runtime type check: %s", text)

    def _see(self, event: dict[str, Any]) -> None:
        """Warns at the first message of an input that is of another type than declared."""
        if event.get("type") != "INPUT" or event["id"] not in self._input_types:
            return
        kind = str(event["value"].type)
        if kind == "null" or _is_correlated(event["metadata"]):
            return
        declared = self._input_types.pop(event["id"])
        if kind not in _TYPES[declared]:
            logging.getLogger("dora").warning(
                "runtime type check: input '%s' declares %s%s, but received %s",
                event["id"],
                _PREFIX,
                declared,
                kind,
            )


def _is_correlated(metadata: Any) -> bool:
    return bool(metadata) and any(key in metadata for key in _PATTERN_KEYS)


def check_types(node: Node) -> None:
    """Lets `node` check, as the environment asks for it."""
    config = node.node_config()
    put_before(node, TypeCheckedNode)
    checked: Any = node
    checked._output_types = _declared(config.get("output_types"))
    checked._input_types = _declared(config.get("input_types"))
    checked._is_strict = os.environ[_VARIABLE].lower() == "error"
