"""Tests of the Python package. Those in node/ run inside a node; see test_in_a_node.py."""

import os
import subprocess
import sys

import pytest
from support.fixtures import *  # noqa: F403

collect_ignore = [] if "DORA_NODE_CONFIG" in os.environ else ["node"]


@pytest.fixture
def run_node(tmp_path):
    """Runs a node's script as a person would, with `stdin` as what is typed; gives what it did."""

    def run(script, stdin=None, **environment):
        (tmp_path / "my_node.py").write_text(script)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DORA_")}
        return subprocess.run(
            [sys.executable, "my_node.py"],
            cwd=tmp_path,
            env={**kept, **environment},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def run_dataflow(workspace, run_dora):
    """Writes files, runs the one named dataflow.yml with `dora run`, and gives how it ended."""

    def run(*options, **files):
        for name, text in files.items():
            stem, _, ending = name.rpartition("_")
            (workspace / f"{stem}.{ending}").write_text(text)
        return run_dora("run", "dataflow.yml", *options)

    return run
