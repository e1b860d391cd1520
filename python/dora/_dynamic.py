"""Nodes that attach to a running dataflow (`path: dynamic`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._node import Node


def attach(node: Node, node_id: str, daemon_port: int | None) -> None:
    from ._errors import Unsupported

    raise Unsupported(
        f"cannot attach as node '{node_id}': nodes with `path: dynamic` are not supported by this "
        "version; let the dataflow start the node"
    )
