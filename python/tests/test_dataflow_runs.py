"""dora.testing.run_dataflow, and the fixture dora_run of the pytest plugin."""

import pytest
from dora.testing import run_dataflow

FILES = {
    "dataflow.yml": """
nodes:
  - {id: sender, path: sender.py, outputs: [number]}
  - {id: doubler, path: doubler.py, inputs: {number: sender/number}, outputs: [doubled]}
""",
    "sender.py": """
from dora import Node
import numpy as np

node = Node()
for i in range(200):
    node.send_output("number", np.full((2, 2), i))
""",
    "doubler.py": """
from dora import Node

node = Node()
for event in node:
    if event["type"] == "INPUT":
        node.send_output("doubled", event["value"] * 2, {"from": event["id"]})
""",
}


@pytest.fixture
def flow_folder(tmp_path, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_output_is_kept_in_order(flow_folder, dora_run):
    before = sorted(flow_folder.iterdir())
    path = flow_folder / "dataflow.yml"
    result = dora_run(path, outputs=["doubler/doubled", "sender/number"]).succeeded()
    assert [value.tolist() for value in result.outputs["doubler/doubled"]] == [
        [[2 * i] * 2] * 2 for i in range(200)
    ]
    assert len(result.outputs["sender/number"]) == 200
    assert result.metadata["doubler/doubled"][7]["from"] == "number"
    assert [path for path in sorted(flow_folder.iterdir()) if path.name != "out"] == before


def test_a_failure_shows_what_was_printed(flow_folder):
    (flow_folder / "doubler.py").write_text("raise SystemExit('no way')")
    result = run_dataflow(flow_folder / "dataflow.yml")
    assert result.exit_code == 1
    with pytest.raises(AssertionError, match="no way"):
        result.succeeded()


def test_a_dataflow_that_does_not_end_is_stopped(flow_folder):
    (flow_folder / "doubler.py").write_text(
        "from dora import Node\nnode = Node()\nnode.next()\nfor event in node: pass\n"
    )
    (flow_folder / "sender.py").write_text("from dora import Node\nfor event in Node(): pass")
    with pytest.raises(TimeoutError, match=r"did not end within 0\.5 s"):
        run_dataflow(flow_folder / "dataflow.yml", timeout=0.5)
