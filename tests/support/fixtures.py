"""Fixtures for tests that run the real, installed program in a private place.

def test_says_its_version(run_dora):
    assert run_dora("--version").code == 0

def test_ends_on_ctrl_c(workspace, start_dora):
    (workspace / "dataflow.yml").write_text(...)
    running = start_dora("run", "dataflow.yml")
    running.wait_for("some line")
    running.signal(signal.SIGINT)
    assert running.end().code == 0
    assert not running.survivors()
"""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .processes import MARKER, Completed, Running, kill_survivors

__all__ = [
    "dora_program",
    "environment",
    "marker",
    "repository",
    "run_dora",
    "start",
    "start_dora",
    "workspace",
]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout that is tested."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dora_program() -> Path:
    """The installed program, beside the Python that runs the tests."""
    program = Path(sys.executable).parent / "dora"
    assert program.is_file(), f"{program} is missing: install the wheel (./dev test does)"
    return program


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty folder, the working directory of what the test runs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def marker() -> Iterator[str]:
    """What every process of this test carries in its environment; none outlives the test."""
    value = uuid.uuid4().hex
    yield value
    kill_survivors(value)


@pytest.fixture
def environment(tmp_path: Path, dora_program: Path, marker: str) -> Iterator[dict[str, str]]:
    """The environment of what the test runs: private HOME and XDG folders, our programs first.

    The test may change it before it runs something.
    """
    home = tmp_path / "home"
    home.mkdir()
    # Short, as the path of a unix socket may have 108 bytes at most.
    runtime = Path(tempfile.mkdtemp(prefix="dora-"))
    values = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DORA_", "XDG_", "PYTEST_")) and name not in ("NO_COLOR", "TERM")
    }
    values |= {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": f"{dora_program.parent}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(dora_program.parent.parent),
        MARKER: marker,
    }
    yield values
    kill_survivors(marker)
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture
def start(workspace: Path, environment: dict[str, str]) -> Callable[..., Running]:
    """Starts any command in the workspace; see Running for what to do with it."""

    def start_command(
        *args: str | Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> Running:
        return Running([str(a) for a in args], cwd or workspace, environment | (env or {}), stdin)

    return start_command


@pytest.fixture
def start_dora(start: Callable[..., Running], dora_program: Path) -> Callable[..., Running]:
    """Starts `dora` with the given arguments."""
    return lambda *args, **options: start(dora_program, *args, **options)


@pytest.fixture
def run_dora(start_dora: Callable[..., Running]) -> Callable[..., Completed]:
    """Runs `dora` with the given arguments to its end."""

    def run(*args: str | Path, patience: float = 60.0, **options: object) -> Completed:
        return start_dora(*args, **options).end(patience)

    return run
