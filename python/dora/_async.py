"""Waiting for events in an asyncio event loop, on the node's descriptor.

A task that waits takes its event itself, when it runs: an event that is handed to a task which is
being cancelled would be lost. What wakes the task is only the word that there may be one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ._dora import timeout_event

if TYPE_CHECKING:
    from ._node import Node

# A stream that never runs dry must leave the other tasks their turn.
_MOST_EVENTS_A_TURN = 64
_LONGEST_TURN = 0.001
_NEVER = (1 << 63) - 1


class Receivers:
    """The tasks of one event loop that wait for one node."""

    def __init__(self, node: Node, loop: asyncio.AbstractEventLoop) -> None:
        self.node = node
        self.loop = loop
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.descriptor = -1  # once it is watched
        self.alarm: asyncio.TimerHandle | None = None
        self.events_this_turn = 0
        self.turn_began = 0.0

    def has_had_its_turn(self) -> bool:
        now = time.monotonic()
        self.events_this_turn += 1
        if self.events_this_turn == 1:
            self.turn_began = now
            return False
        if self.events_this_turn <= _MOST_EVENTS_A_TURN and now - self.turn_began < _LONGEST_TURN:
            return False
        self.events_this_turn = 0
        return True

    async def wait(self, deadline: float | None) -> None:
        """Returns when there may be an event, or at the deadline (of the loop's clock)."""
        self.events_this_turn = 0
        waiter: asyncio.Future[None] = self.loop.create_future()
        self.waiting.append(waiter)
        timer = None if deadline is None else self.loop.call_at(deadline, _wake, waiter)
        try:
            if len(self.waiting) == 1:
                self.watch()
            await waiter
        finally:
            if timer is not None:
                timer.cancel()
            if waiter in self.waiting:
                self.waiting.remove(waiter)

    def watch(self) -> None:
        """Asks the node to make its descriptor readable; wakes a task now if that is too late."""
        if not self.waiting:
            return
        look_at = self.node._arm()
        if look_at is None:
            self.wake_next()
            return
        if self.descriptor < 0:
            self.descriptor = self.node._fd()
            self.loop.add_reader(self.descriptor, self.on_readable)
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        if look_at != _NEVER:
            delay = max(0.0, (look_at - time.monotonic_ns()) / 1e9)
            self.alarm = self.loop.call_later(delay, self.wake_next)

    def on_readable(self) -> None:
        # Emptied here, as the task that is woken may do something else for a while first.
        with contextlib.suppress(BlockingIOError):
            os.read(self.descriptor, 8)
        self.wake_next()

    def unwatch(self) -> None:
        if self.descriptor >= 0:
            self.loop.remove_reader(self.descriptor)
            self.descriptor = -1
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None

    def wake_next(self) -> None:
        """Wakes the task that waits longest; when it has looked, it calls `watch` for the rest."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def close(self) -> None:
        if self.loop.is_closed():
            return
        self.unwatch()
        while self.waiting:
            _wake(self.waiting.popleft())


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _receivers(node: Node) -> Receivers:
    loop = asyncio.get_running_loop()
    receivers: Receivers | None = node._receivers
    if receivers is None or receivers.loop is not loop:
        receivers = node._receivers = Receivers(node, loop)
    return receivers


async def _receive_locally(node: Node, timeout: float | None) -> dict[str, Any] | None:
    """In a thread, as a person or a file is waited for. Of no use to who was cancelled, an event
    goes to the next one who asks."""
    is_cancelled = False

    def take() -> dict[str, Any] | None:
        with node._local.lock:
            event: dict[str, Any] | None = node.next(timeout)
            if not is_cancelled or event is None or event.get("timed_out"):
                return event
            node._put_back([event])
            return None

    taking = asyncio.get_running_loop().run_in_executor(None, take)
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        is_cancelled = True

        def give_back(done: asyncio.Future[dict[str, Any] | None]) -> None:
            event = None if done.cancelled() or done.exception() else done.result()
            if event is not None and not event.get("timed_out"):
                node._put_back([event])

        taking.add_done_callback(give_back)
        raise


async def receive(node: Node, timeout: float | None) -> dict[str, Any] | None:
    if timeout is not None and not (math.isfinite(timeout) and timeout >= 0):
        from ._errors import InvalidInput

        raise InvalidInput("a time-out is a number of seconds, finite and not negative")
    if node._local is not None:
        return await _receive_locally(node, timeout)
    receivers = _receivers(node)
    if receivers.has_had_its_turn():
        await asyncio.sleep(0)
    deadline = None if timeout is None else receivers.loop.time() + timeout
    # Whoever waits already comes first.
    must_wait = bool(receivers.waiting) and timeout != 0
    while True:
        if not must_wait:
            found = node._poll()
            if found is not False:
                receivers.watch()
                return found
            if timeout is not None and receivers.loop.time() >= (deadline or 0.0):
                receivers.watch()
                return timeout_event(timeout)
        must_wait = False
        try:
            await receivers.wait(deadline)
        except BaseException:
            # Perhaps this task was woken for an event that another one waits for.
            if not receivers.loop.is_closed():
                receivers.watch()
            raise
