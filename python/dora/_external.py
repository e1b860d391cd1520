"""Node.merge_external_events: what another library gives comes among the events of a node."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._node import Node

# Taken from the subscription before the node asks for them; what else comes waits there.
_MOST_AHEAD = 10


def merge(node: Node, subscription: Any) -> None:
    """Starts a thread that waits in `subscription.next()`. It does not keep the node alive."""
    threading.Thread(
        target=_pull, args=(weakref.ref(node), subscription), name="dora-external", daemon=True
    ).start()


def _pull(node_of: weakref.ref[Node], subscription: Any) -> None:
    room = threading.Semaphore(_MOST_AHEAD)
    while True:
        room.acquire()
        try:
            value = subscription.next()
        except Exception as error:
            value = error
        node = node_of()
        if value is None or node is None or not node._is_open():
            return
        node._deliver({"kind": "external", "value": value}, room.release)
        del node, value
