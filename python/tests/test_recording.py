"""DORA_WRITE_EVENTS_TO: a node's events are recorded, and replayed by DORA_TEST_WITH_INPUTS."""

import json

SENDER = """
import numpy as np, pyarrow as pa
from datetime import datetime, timezone
from dora import Node

node = Node()
node.send_output("out", pa.array([1, 2], pa.int32()), {"n": 1, "b": True, "f": 0.5, "s": "x",
    "l": [1, 2], "t": datetime(2026, 1, 2, tzinfo=timezone.utc)})
node.send_output("out", np.arange(6, dtype=np.float32).reshape(2, 3))
node.send_output("out", b"bytes")
node.send_output("out", pa.array([b"x", None]))
node.send_output("out", np.zeros((64, 64), np.uint8))
node.send_output("out", pa.array([{"a": 1, "b": [0.5]}]))
"""
RECEIVER = """
from dora import Node

for event in Node():
    metadata = {k: v for k, v in event.get("metadata", {}).items() if k[:4] not in ("time", "sequ")}
    value = event.get("value")
    print(event["type"], event["id"], type(value).__name__, getattr(value, "shape", ""),
          value.to_pylist() if value is not None and len(value) < 10 else "", metadata)
"""
YAML = """
nodes:
  - {id: sender, path: sender.py, outputs: [out]}
  - {id: receiver, path: receiver.py, inputs: {in: sender/out}}
"""


def test_what_was_recorded_is_replayed(run_dataflow, run_node, workspace, environment):
    environment["DORA_WRITE_EVENTS_TO"] = str(workspace / "records")
    ended = run_dataflow(dataflow_yml=YAML, sender_py=SENDER, receiver_py=RECEIVER)
    assert ended.code == 0, ended.text
    live = [line.split("receiver: ")[1] for line in ended.out.splitlines() if " receiver: " in line]
    live = [line for line in live if line.startswith(("INPUT", "STOP"))]
    assert len(live) == 8

    file = workspace / "records" / "inputs-receiver.json"
    recording = json.loads(file.read_text())
    assert recording["id"] == "receiver"
    assert recording["recording_status"] == {"state": "clean"}
    first = recording["events"][0]
    assert (first["id"], first["data"], first["data_type"]) == ("in", [1, 2], "Int32")
    assert first["metadata"]["n"] == {"Integer": 1}
    assert json.loads((workspace / "records" / "inputs-sender.json").read_text())["events"] == []

    again = run_node(RECEIVER, DORA_TEST_WITH_INPUTS=str(file))
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines() == live


def test_a_folder_that_cannot_be_made_is_an_error(run_dataflow, environment):
    environment["DORA_WRITE_EVENTS_TO"] = "/proc/none"
    ended = run_dataflow(dataflow_yml=YAML, sender_py=SENDER, receiver_py=RECEIVER)
    assert ended.code == 1
    assert "DORA_WRITE_EVENTS_TO: cannot record into /proc/none" in ended.text
