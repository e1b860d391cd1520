"""Gives the tests here benchmarks of their own, so that a run leaves nothing in the repository."""

import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture
def copy(tmp_path, repository):
    """A README.md, benchmarks and .venv, as in the repository."""
    shutil.copytree(
        repository / "benchmarks",
        tmp_path / "benchmarks",
        ignore=shutil.ignore_patterns("results", "__pycache__"),
    )
    (tmp_path / "README.md").write_text("# a\n<!-- figures -->\nold\n<!-- /figures -->\n## b\n")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return tmp_path
