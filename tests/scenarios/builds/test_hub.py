"""Published node packages, from the package index, as their users write them."""

import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def index(tmp_path):
    """The package index that pip is configured for; without one there is nothing to test."""
    look = ["download", "--quiet", "--no-deps", "--timeout", "10", "--retries", "0"]
    asked = subprocess.run(
        [sys.executable, "-m", "pip", *look, "--dest", tmp_path / "found", "dora-echo"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        pytest.skip(f"no package index can be reached: {asked.stderr.strip()[-200:]}")


def test_published_packages_run_unmodified(flow):
    flow.yaml("""
        nodes:
          - id: sender
            path: pyarrow-sender
            build: pip install pyarrow-sender
            env: {DATA: "[1, 2, 3]"}
            outputs: [data]
          - id: echo
            path: dora-echo
            build: pip install dora-echo
            inputs: {data: sender/data}
            outputs: [data]
          - id: assert
            path: pyarrow-assert
            build: pip install pyarrow-assert
            env: {DATA: "[1, 2, 3]"}
            inputs: {data: echo/data}
    """)
    run = flow.start("--uv").wait(patience=280).succeeded()
    assert "3 built" in "\n".join(run.err)
    assert "2 messages" in "\n".join(run.err)
    flow.yaml((flow.path / "dataflow.yml").read_text().replace("[1, 2, 3]", "[1]", 1))
    assert flow.start("--uv").wait(patience=280).code == 1
