"""Nodes all of whose events are looked at on their way to the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._node import Node


class WatchedNode:
    """Put before Node among the bases: hands every event that is taken to `_see`."""

    def _see(self, event: dict[str, Any]) -> None:
        raise NotImplementedError

    def _seen(self, event: Any) -> Any:
        if event:
            self._see(event)
        return event

    def next(self, timeout: float | None = None) -> dict[str, Any] | None:
        event: dict[str, Any] | None = self._seen(super().next(timeout))  # type: ignore[misc]
        return event

    def try_recv(self) -> dict[str, Any] | None:
        event: dict[str, Any] | None = self._seen(super().try_recv())  # type: ignore[misc]
        return event

    def drain(self) -> list[dict[str, Any]]:
        return [self._seen(event) for event in super().drain()]  # type: ignore[misc]

    def __next__(self) -> dict[str, Any]:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def _poll(self) -> Any:
        return self._seen(super()._poll())  # type: ignore[misc]


def put_before(node: Node, base: type) -> None:
    """Makes `base` the first base of the node's class, which keeps its name."""
    kind = type(node)
    node.__class__ = type(kind.__name__, (base, kind), {"__module__": kind.__module__})
