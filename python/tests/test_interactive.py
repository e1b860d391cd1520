"""A node that is started by hand asks for its inputs."""

import pyarrow as pa
import pytest
from dora._interactive import describe, parse_data

ECHO = """
from dora import Node
node = Node()
for event in node:
    if event["type"] == "INPUT":
        node.send_output("echo", event["value"], {"from": event["id"]})
    else:
        print(event["type"], event["id"])
print("ended", node.next(), node.is_empty())
"""


def test_reads_inputs_and_shows_outputs(run_node):
    ended = run_node(ECHO, 'number\n42\ntext\nhello\npoint\n{"x": 1.5}\n\nignored\n')
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[1:4] == [
        "Output echo: int64 [42] {'from': 'number'}",
        "Output echo: string ['hello'] {'from': 'text'}",
        "Output echo: struct<x: double> [{'x': 1.5}] {'from': 'point'}",
    ]
    assert lines[4:] == ["STOP MANUAL", "ended None True"]


def test_stops_at_the_end_of_the_input(run_node):
    ended = run_node(ECHO, "number\n1")
    assert ended.returncode == 0, ended.stderr
    assert "STOP MANUAL" in ended.stdout


def test_asks_again_after_data_that_cannot_be_sent(run_node):
    wrong = ["HEX:0", "FILE:/nowhere", "123456789012345678901234567890", '[1, "a"]']
    ended = run_node(ECHO, "bytes\n" + "\n".join([*wrong, "HEX:00ff", ""]))
    assert ended.stdout.count("cannot be sent") == len(wrong), ended.stdout + ended.stderr
    assert "Output echo: uint8 [0, 255]" in ended.stdout


@pytest.mark.parametrize("script", [ECHO, ECHO.replace("Node()", "Node(daemon_port=1)")])
def test_says_how_to_run_it_when_there_is_nobody_to_ask(run_node, script):
    ended = run_node(script)
    assert ended.returncode == 1
    assert "DORA_NODE_CONFIG" in ended.stderr
    assert "dora run" in ended.stderr


def test_knows_no_dataflow(run_node):
    ended = run_node(
        """
from dora import Node
node = Node()
print(node.node_id(), node.node_config(), len(node.dataflow_id()), node.is_restart())
try:
    node.dataflow_descriptor()
except RuntimeError as error:
    print("refused:", error)
with node.send_output_raw("frame", 3) as buffer:
    memoryview(buffer)[:] = b"abc"
node.send_output("bad", object())
""",
        "",
    )
    assert "test-node {'inputs': {}, 'outputs': []} 36 False" in ended.stdout
    assert "refused:" in ended.stdout
    assert "Output frame: uint8 [97, 98, 99]" in ended.stdout
    assert "InvalidType" in ended.stderr


def test_polls_without_waiting(run_node):
    ended = run_node(
        """
import time
from dora import Node
node = Node()
events = []
while not events or events[-1]["type"] != "STOP":
    event = node.try_recv()
    if event is not None:
        events.append(event)
print([event["type"] for event in events])
""",
        "a\n1\nb\n2\n",
    )
    assert "['INPUT', 'INPUT', 'STOP']" in ended.stdout


def test_answers_await(run_node):
    ended = run_node(
        """
import asyncio
from dora import Node
async def main():
    async for event in Node():
        print(event["type"], event.get("data"))
asyncio.run(main())
""",
        "a\ntext\n",
    )
    assert "INPUT b'text'" in ended.stdout
    assert "STOP None" in ended.stdout


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, pa.nulls(0)),
        ("\x1b", pa.nulls(0)),
        ("", pa.array([""])),
        ("3", pa.array([3])),
        ("3.5", pa.array([3.5])),
        ('"quoted"', pa.array(["quoted"])),
        ("[1, 2]", pa.array([[1, 2]])),
        ("not json {", pa.array(["not json {"])),
        ("HEX:0aFF", pa.array([10, 255], pa.uint8())),
    ],
)
def test_answers_become_arrow_arrays(answer, expected):
    parsed = parse_data(answer)
    assert parsed.type == expected.type
    assert parsed.to_pylist() == expected.to_pylist()


def test_files_become_their_only_column(tmp_path):
    table = pa.table({"x": ["a", "b"]})
    with (
        pa.OSFile(str(tmp_path / "one.arrow"), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    assert parse_data(f"FILE:{tmp_path / 'one.arrow'}").to_pylist() == ["a", "b"]


def test_long_arrays_are_shown_in_part():
    assert "1000 elements" in describe(pa.array(range(1000)))
    assert len(describe(pa.array(["x" * 10_000]))) < 1000


def test_metadata_is_held_to_the_same_rules_as_in_a_dataflow(run_node):
    ended = run_node(
        """
from dora import Node

node = Node()
for metadata in ({"a": [1, "x"]}, {"a": [1, 2.5]}, {"a": [1.5, 2]}, {"a": ()}):
    try:
        node.send_output("out", b"", metadata)
    except TypeError as error:
        print(error)
""",
        stdin="\n",
    )
    lines = ended.stdout.splitlines()[1:5]
    assert "the elements of a list must be of one type: the first is 1, another is 'x'" in lines[0]
    assert "another is 2.5" in lines[1]
    assert lines[2].endswith("{'a': [1.5, 2.0]}")
    assert lines[3].endswith("{'a': []}")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_text(text):
    assert parse_data(text).to_pylist() == [text]


def test_the_end_of_the_input_after_wrong_data_stops_the_node(run_node):
    ended = run_node(ECHO, "x\nHEX:0\n")
    assert ended.stdout.splitlines()[-2:] == ["STOP MANUAL", "ended None True"]
    assert "Output" not in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [("3", "node id is a str"), ("daemon_port='x'", "daemon_port is an int")],
)
def test_arguments_of_a_wrong_type_are_named(run_node, arguments, named):
    ended = run_node(f"from dora import Node\nNode({arguments})", "")
    assert ended.returncode == 1
    assert named in ended.stderr


@pytest.mark.parametrize("config", ["", "nonsense", "{}"])
def test_a_configuration_that_is_none_is_named(run_node, config):
    ended = run_node("from dora import Node\nNode()", "", DORA_NODE_CONFIG=config)
    assert ended.returncode == 1
    assert "reading DORA_NODE_CONFIG: " in ended.stderr
