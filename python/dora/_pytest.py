"""The pytest plugin of dora: the fixture dora_run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .testing import DataflowResult


@pytest.fixture
def dora_run() -> Callable[..., DataflowResult]:
    """Runs a dataflow to its end: dora_run("dataflow.yml", outputs=["node/output"]).

    See dora.testing.run_dataflow.
    """
    from .testing import run_dataflow

    return run_dataflow
