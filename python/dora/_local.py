"""Nodes without a daemon: interactive, or fed from a file for a test."""

from __future__ import annotations

import os
from typing import Any


def choose_local() -> Any:
    """What serves a Node() in a process that dora did not start."""
    if "DORA_TEST_WITH_INPUTS" in os.environ:
        from ._recorded import RecordedInputs

        return RecordedInputs.from_environment()
    from ._interactive import Interactive

    return Interactive.on_terminal()
