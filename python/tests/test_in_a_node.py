"""Runs the tests of node/ inside a node whose outputs are its own inputs."""

DATAFLOW = """
nodes:
  - id: looper
    path: run_tests.py
    inputs: {out: looper/out, image: looper/image}
    outputs: [out, image]
"""

SCRIPT = """
import sys
import pytest

sys.exit(
    pytest.main(
        [{tests!r}, "-c", {config!r}, "--rootdir", {root!r}, "-p", "no:cacheprovider", "-q"]
    )
)
"""


def test_every_test_of_the_folder_node_passes_inside_a_node(run_dataflow, repository):
    script = SCRIPT.format(
        tests=str(repository / "python" / "tests" / "node"),
        config=str(repository / "pyproject.toml"),
        root=str(repository),
    )
    ended = run_dataflow(dataflow_yml=DATAFLOW, run_tests_py=script)
    assert ended.code == 0, ended.out
    assert " passed" in ended.out
