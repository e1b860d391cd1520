"""Python operators in a running dataflow."""

import textwrap

import pytest

SENDER = """
from dora import Node
node = Node()
for i in range(3):
    node.send_output("number", bytes([i]), {"origin": "sender"})
"""

PRINTER = """
from dora import Node
for event in Node():
    if event["type"] == "INPUT":
        print("got", event["id"], event["data"], event["metadata"].get("origin"))
"""


def lines_of(ended, word):
    return [line.partition(word)[2] for line in ended.out.splitlines() if word in line]


def dataflow(operators):
    return f"""
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
{textwrap.indent(textwrap.dedent(operators), "    ")}
  - id: printer
    path: printer.py
    inputs: {{result: runtime/result}}
"""


SINGLE = """
operator:
  python: my_op.py
  inputs: {number: sender/number}
  outputs: [result]
"""


@pytest.fixture
def run_operator(run_dataflow):
    def run(source):
        return run_dataflow(
            dataflow_yml=dataflow(SINGLE), sender_py=SENDER, printer_py=PRINTER, my_op_py=source
        )

    return run


def test_an_operator_sees_its_own_ids_and_sends_on_its_own_outputs(run_operator):
    ended = run_operator("""
class Operator:
    def __init__(self):
        self.count = 0

    def on_event(self, dora_event, send_output):
        print("saw", dora_event["type"], dora_event["id"])
        if dora_event["type"] == "INPUT":
            self.count += 1
            send_output("result", dora_event["data"] * 2, dora_event["metadata"])

    def __del__(self):
        print("saw its end after", self.count, len(self.dataflow_descriptor["nodes"]))
""")
    assert ended.code == 0, ended.out
    assert lines_of(ended, "saw ") == [
        *["INPUT number"] * 3,
        "INPUT_CLOSED number",
        "STOP ALL_INPUTS_CLOSED",
        "its end after 3 3",
    ]
    assert lines_of(ended, "got ") == [f"result {bytes([i, i])!r} sender" for i in range(3)]


def test_operators_of_one_runtime_feed_each_other(run_dataflow):
    operators = """
    operators:
      - id: first
        python: my_op.py
        inputs: {x: sender/number}
        outputs: [y]
      - id: second
        python: my_op.py
        inputs: {x: runtime/first/y}
        outputs: [y]
    """
    ended = run_dataflow(
        dataflow_yml=dataflow(operators).replace("runtime/result", "runtime/second/y"),
        sender_py=SENDER,
        printer_py=PRINTER,
        my_op_py="""
import os
class Operator:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            print("process", os.getpid())
            send_output("y", event["value"], event["metadata"])
""",
    )
    assert ended.code == 0, ended.out
    assert len(set(lines_of(ended, "process "))) == 1
    assert len(lines_of(ended, "got ")) == 3


@pytest.mark.parametrize("answer", ["DoraStatus.STOP", "1", "DoraStatus.STOP_ALL"])
def test_an_operator_ends_when_it_says_so(run_operator, answer):
    ended = run_operator(f"""
from dora import DoraStatus
class Operator:
    def on_event(self, event, send_output):
        print("saw", event["type"])
        send_output("result", b"last")
        return {answer}
""")
    assert ended.code == 0, ended.out
    assert lines_of(ended, "saw ") == ["INPUT"]


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("class Operator:\n    def on_event(self, event, send):\n        1 / 0", "operator 'op'"),
        ("class Operator:\n    def on_event(self, event, send):\n        return 7", "returned 7"),
        ("class Operator:\n    def __init__(self):\n        1 / 0", "ZeroDivisionError"),
        ("class Other: pass", "no class `Operator`"),
        ("import nonsense_module", "nonsense_module"),
    ],
)
def test_a_failing_operator_fails_its_node_with_the_reason(run_operator, source, named):
    ended = run_operator(source)
    assert ended.code == 1
    assert named in ended.out + ended.err


def test_undeclared_outputs_are_warned_about_and_ignored(run_operator):
    ended = run_operator("""
class Operator:
    def on_event(self, event, send_output):
        send_output("nowhere", b"")
        try:
            send_output("a//b", b"")
        except ValueError as error:
            print("refused", error)
""")
    assert ended.code == 0, ended.out
    assert len(lines_of(ended, "'nowhere' is not sent")) == 1
    assert len(lines_of(ended, "refused output 'a//b'")) == 3 + 2


def test_a_class_without_room_for_attributes_may_be_an_operator(run_operator):
    ended = run_operator("""
class Operator:
    __slots__ = ()

    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            send_output("result", event["data"])
""")
    assert ended.code == 0, ended.out
    assert len(lines_of(ended, "got ")) == 3


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("class Operator:\n    pass", "has no method on_event(self, event, send_output)"),
        ("class Operator:\n    def __init__(self):\n        1 / 0", "in operator 'op' of node"),
        (
            "class Operator:\n    async def on_event(self, event, send):\n        pass",
            "on_event must not be `async`",
        ),
        (
            "import numpy as np\nclass Operator:\n"
            "    def on_event(self, event, send):\n        return np.zeros(3)",
            "on_event returned array([0., 0., 0.])",
        ),
    ],
)
def test_mistakes_in_an_operator_are_named(run_operator, source, named):
    ended = run_operator(source)
    assert ended.code == 1
    assert named in ended.out + ended.err
