"""Operators: classes that run side by side in one process, and what they return."""

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
    from ._runtime import Runtime

    Runtime().run()


DoraStatus.__module__ = "dora"
