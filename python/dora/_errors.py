"""The exceptions of dora, sorted by what the caller can do. All of them are RuntimeErrors."""

from __future__ import annotations


class DoraError(RuntimeError):
    """Something failed for a reason that a human should look at."""


class InvalidInput(DoraError, ValueError):
    """Correct the value that was passed."""


class InvalidType(DoraError, TypeError):
    """Pass something of another type."""


class NotFound(DoraError, LookupError):
    """Name something that exists."""


class Disconnected(DoraError, ConnectionError):
    """The other side is gone: stop, or connect again."""


class TimedOut(DoraError, TimeoutError):
    """Wait longer."""


class Busy(DoraError):
    """Try again later."""


class Unsupported(DoraError, NotImplementedError):
    """Use another way, or another version."""


for _error in (
    DoraError,
    InvalidInput,
    InvalidType,
    NotFound,
    Disconnected,
    TimedOut,
    Busy,
    Unsupported,
):
    _error.__module__ = "dora"
