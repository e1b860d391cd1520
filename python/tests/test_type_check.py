"""DORA_RUNTIME_TYPE_CHECK holds nodes to the types that their YAML declares."""

import pytest

YAML = """
nodes:
  - id: sender
    path: sender.py
    outputs: [out]
    output_types: {out: std/core/v1/Float64}
  - id: receiver
    path: receiver.py
    inputs: {in: sender/out}
    input_types: {in: std/core/v1/Float64}
"""
SENDER = """
import numpy as np, pyarrow as pa
from dora import Node

class Mine(Node):
    pass

node = Mine()
assert type(node).__name__ == "Mine" and isinstance(node, Mine)
node.send_output("out", np.zeros(2))
node.send_output("out", b"raw bytes are not checked")
node.send_output("out", [1], {"request_id": "x"})
node.send_output("out", pa.array([1]))
print("sent all")
"""
RECEIVER = """
from dora import Node

for event in Node():
    pass
"""


@pytest.mark.parametrize("level", ["1", "true", "warn"])
def test_warns(run_dataflow, environment, level):
    environment["DORA_RUNTIME_TYPE_CHECK"] = level
    ended = run_dataflow(dataflow_yml=YAML, sender_py=SENDER, receiver_py=RECEIVER)
    assert ended.code == 0, ended.text
    assert "sent all" in ended.out
    declared = "output 'out' declares std/core/v1/Float64, but the data is int64"
    assert ended.out.count(declared) == 1


def test_raises(run_dataflow, environment):
    environment["DORA_RUNTIME_TYPE_CHECK"] = "error"
    ended = run_dataflow(dataflow_yml=YAML, sender_py=SENDER, receiver_py=RECEIVER)
    assert ended.code == 1
    assert "dora.DoraError: runtime type check: output 'out' declares" in ended.text
    assert "sent all" not in ended.out


def test_is_off_by_default(run_dataflow):
    ended = run_dataflow(dataflow_yml=YAML, sender_py=SENDER, receiver_py=RECEIVER)
    assert ended.code == 0, ended.text
    assert "declares" not in ended.out


def test_what_arrives_is_compared_once(run_dataflow, environment):
    environment["DORA_RUNTIME_TYPE_CHECK"] = "warn"
    sender = (
        "from dora import Node\nnode = Node()\nfor _ in range(3): node.send_output('out', b'x')"
    )
    ended = run_dataflow(dataflow_yml=YAML, sender_py=sender, receiver_py=RECEIVER)
    assert ended.out.count("input 'in' declares std/core/v1/Float64, but received uint8") == 1


OPERATOR_YAML = """
nodes:
  - id: sender
    path: sender.py
    outputs: [out]
  - id: runtime
    operator:
      python: op.py
      inputs: {in: sender/out}
      input_types: {in: std/core/v1/Float64}
      outputs: [out]
      output_types: {out: std/core/v1/Float64}
"""
OPERATOR = """
import pyarrow as pa

class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            send_output("out", pa.array([1.5]))
            send_output("out", pa.array([1]), {"goal_id": "x"})
            send_output("out", pa.array([1]))
            print("sent all")
"""


@pytest.mark.parametrize("level", ["warn", "error"])
def test_operators_are_held_to_theirs(run_dataflow, environment, level):
    environment["DORA_RUNTIME_TYPE_CHECK"] = level
    ended = run_dataflow(
        dataflow_yml=OPERATOR_YAML,
        sender_py="from dora import Node\nNode().send_output('out', [1])",
        op_py=OPERATOR,
    )
    assert ended.code == (1 if level == "error" else 0), ended.text
    assert ("sent all" in ended.out) == (level == "warn")
    assert "output 'out' declares std/core/v1/Float64, but the data is int64" in ended.text
    assert "input 'in' declares std/core/v1/Float64, but received int64" in ended.text
