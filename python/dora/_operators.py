"""What operators return, and the process that runs them."""

from __future__ import annotations

import enum


class DoraStatus(enum.Enum):
    """What an operator's on_event tells the runtime."""

    CONTINUE = 0
    """Go on."""
    STOP = 1
    """End this operator."""
    STOP_ALL = 2
    """Stop the whole dataflow."""


def start_runtime() -> None:
    """Runs the operators of a node. Called by dora in the process it starts for them."""
    from ._errors import Unsupported

    raise Unsupported("this version of dora runs no operators yet; make it a node with `path:`")


DoraStatus.__module__ = "dora"
