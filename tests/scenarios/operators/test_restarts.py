"""Operators whose process is started again: `restart_policy` in one of them."""

import pytest
from support.watchdog import wait_until

FLOW = """
nodes:
  - id: sender
    path: sender.py
    inputs: {ready: runtime/first/ready}
    outputs: [number]
  - id: runtime
    operators:
      - id: first
        {kind}
        restart_policy: on-failure
        max_restarts: 3
        inputs: {x: {source: sender/number, queue_size: 10}}
        outputs: [ready, y]
      - id: second
        python: second.py
        inputs: {x: runtime/first/y}
        outputs: [y]
  - id: printer
    path: printer.py
    inputs: {x: runtime/second/y}
"""

# Sends 1, which ends the process, and 2 as soon as the next one is there.
SENDER = """
from dora import Node
node = Node()
node.send_output("number", bytes([1]))
for event in node:
    if event["type"] == "NODE_RESTARTED":
        node.send_output("number", bytes([2]))
        break
"""

PYTHON = """
class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            if event["data"] == bytes([1]):
                raise ValueError("one is too few")
            send_output("y", event["value"])
"""

C = """
#include <dora/operator.h>

dora_status dora_operator_create(dora_operator* self, void** state) {
  (void)self; *state = NULL;
  return DORA_OK;
}
dora_status dora_operator_on_event(dora_operator* self, void* state, dora_event* event,
                                   dora_operator_status* answer) {
  (void)state; (void)answer;
  if (dora_event_get_type(event) != DORA_EVENT_INPUT) return DORA_OK;
  dora_tensor tensor;
  if (!dora_event_tensor(event, &tensor)) return dora_operator_fail(self, "no tensor", 9);
  if (*(const unsigned char*)tensor.data == 1) *(volatile int*)8 = 1;
  uint32_t output;
  dora_operator_find_output(self, "y", 1, &output);
  return dora_operator_send_event(self, output, event, NULL);
}
void dora_operator_destroy(dora_operator* self, void* state) { (void)self; (void)state; }
"""

SECOND = """
class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            send_output("y", event["value"])
"""

PRINTER = """
from dora import Node
for event in Node():
    if event["type"] == "INPUT":
        print("got", event["value"].tolist())
    else:
        print(event["type"], event.get("id"))
"""


def told_by(node, ended):
    lines = [line.split(f" {node}: ", 1) for line in ended.out.splitlines()]
    return [line[1] for line in lines if line[0].endswith("stdout")]


@pytest.mark.parametrize("language", ["python", "c"])
def test_the_process_of_the_operators_is_started_again(run_dataflow, compile_operator, language):
    kind = "python: first.py"
    if language == "c":
        compile_operator("first", C)
        kind = "shared-library: first"
    ended = run_dataflow(
        FLOW.replace("{kind}", kind), sender=SENDER, first=PYTHON, second=SECOND, printer=PRINTER
    )
    assert ended.code == 0, ended.text
    assert told_by("printer", ended) == [
        "NODE_RESTARTED runtime",
        "got [2]",
        "INPUT_CLOSED x",
        "STOP ALL_INPUTS_CLOSED",
    ]
    assert "restart 1 " in ended.text
    cause = "crashed: SIGSEGV" if language == "c" else "ValueError: one is too few"
    assert cause in ended.text


def test_without_a_policy_others_get_what_was_sent_and_see_the_failure(run_dataflow):
    flow = FLOW.replace("{kind}", "python: first.py")
    ended = run_dataflow(
        flow.replace("restart_policy: on-failure\n        max_restarts: 3", "name: first"),
        sender="from dora import Node\nnode = Node()\n"
        'for i in (5, 6, 1, 7): node.send_output("number", bytes([i]))',
        first=PYTHON,
        second=SECOND,
        printer=PRINTER,
    )
    assert ended.code == 1, ended.text
    assert told_by("printer", ended) == [
        "got [5]",
        "got [6]",
        "NODE_FAILED runtime",
        "INPUT_CLOSED x",
        "STOP ALL_INPUTS_CLOSED",
    ]
    assert "in operator 'first' of node 'runtime'" in ended.text


def test_the_keys_do_not_belong_to_the_node(run_dataflow):
    ended = run_dataflow(
        "nodes:\n  - {id: a, operator: {python: a.py}, restart_policy: always}\n", a=SECOND
    )
    assert ended.code == 3
    assert "`restart_policy` does not belong to an operator node" in ended.err
    assert "move it into the operator" in ended.err or "move them into the operator" in ended.err


def test_it_is_started_again_by_hand(workspace, start_dora, run_dora):
    (workspace / "dataflow.yml").write_text(
        "nodes:\n  - id: runtime\n    operator:\n      python: op.py\n"
        "      inputs: {tick: dora/timer/millis/20}\n"
    )
    (workspace / "op.py").write_text(
        "import os\nclass Operator:\n    def on_event(self, event, send_output):\n"
        "        if event['type'] == 'STOP': print('stopped', event['id'])\n"
        "        elif not hasattr(self, 'seen'): self.seen = print('process', os.getpid())\n"
    )
    running = start_dora("run", "dataflow.yml")
    running.wait_for("process ")
    assert run_dora("node", "restart", "runtime").code == 0
    running.wait_for("stopped MANUAL")
    wait_until(lambda: running.text.count("process ") == 2, "the second life")
    assert run_dora("stop").code == 0
    assert running.end().code == 0
