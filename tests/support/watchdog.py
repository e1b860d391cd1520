"""Waiting without hanging: a watchdog ends what would never end, and says what was seen."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Far longer than anything here takes, even on a busy machine: reached only by a hang.
PATIENCE = 60.0


def wait_until(
    predicate: Callable[[], T], what: str = "", patience: float = PATIENCE, pause: float = 0.01
) -> T:
    """Calls `predicate` until it returns something true, and returns that.

    Args:
        what: what is awaited, for the message of the failure.
        patience: seconds after which the wait is a failure.
    """
    deadline = time.monotonic() + patience
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            awaited = what or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"waited {patience:g} s in vain for {awaited}; last: {value!r}")
        time.sleep(pause)
