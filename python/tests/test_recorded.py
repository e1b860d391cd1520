"""DORA_TEST_WITH_INPUTS feeds a node from a file and writes its outputs to another."""

import json

import pyarrow as pa
import pytest
from dora._arrow_types import from_name, to_name

NODE = """
from dora import Node
import numpy as np
node = Node()
for event in node:
    if event["type"] == "INPUT":
        node.send_output("out", event["value"], event["metadata"])
    else:
        print(event["type"], event["id"])
print(node.node_id(), node.node_config())
node.send_output("image", np.zeros((2, 3), np.uint8))
"""


@pytest.fixture
def replay(run_node, tmp_path):
    def run(events, script=NODE, **more):
        recording = {"id": "tested", "events": events, **more}
        (tmp_path / "inputs.json").write_text(json.dumps(recording))
        ended = run_node(
            script, DORA_TEST_WITH_INPUTS="inputs.json", DORA_TEST_NO_OUTPUT_TIME_OFFSET="1"
        )
        outputs = tmp_path / "outputs.jsonl"
        lines = outputs.read_text().splitlines() if outputs.exists() else []
        return ended, [json.loads(line) for line in lines]

    return run


def test_replays_events_in_the_order_of_their_times(replay):
    ended, outputs = replay(
        [
            {"type": "Stop", "time_offset_secs": 0.02},
            {"type": "Input", "id": "a", "data": [1, 2], "time_offset_secs": 0.0},
            {"type": "InputClosed", "id": "a", "time_offset_secs": 0.01},
            {"type": "AllInputsClosed", "time_offset_secs": 0.015},
        ],
        outputs=["out"],
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "INPUT_CLOSED a",
        "STOP ALL_INPUTS_CLOSED",
        "STOP MANUAL",
        "tested {'inputs': {}, 'outputs': ['out']}",
    ]
    assert outputs[0]["id"] == "out"
    assert outputs[0]["data"] == [1, 2]
    assert outputs[0]["data_type"] == "Int64"
    assert outputs[1] == {
        "id": "image",
        "shape": [2, 3],
        "data": [0] * 6,
        "data_type": "UInt8",
    }


def test_reads_types_and_tagged_metadata(replay):
    _, outputs = replay(
        [
            {
                "type": "Input",
                "id": "a",
                "data": 7,
                "data_type": "UInt16",
                "metadata": {"k": {"Integer": 3}, "s": {"String": "x"}},
            },
            {"type": "Input", "id": "b"},
        ]
    )
    assert outputs[0]["data"] == [7]
    assert outputs[0]["data_type"] == "UInt16"
    assert outputs[0]["metadata"]["k"] == 3
    assert outputs[0]["metadata"]["s"] == "x"
    assert (outputs[1]["data"], outputs[1]["data_type"]) == ([], "Null")


def test_reads_arrow_files(replay, tmp_path):
    table = pa.table({"x": [1.5, 2.5], "y": ["a", "b"]})
    with (
        pa.OSFile(str(tmp_path / "data.arrow"), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)
    _, outputs = replay(
        [
            {"type": "Input", "id": "a", "path": "data.arrow", "column": "x"},
            {"type": "Input", "id": "a", "path": "data.arrow"},
        ]
    )
    assert outputs[0]["data"] == [1.5, 2.5]
    assert outputs[1]["data"] == [{"x": 1.5, "y": "a"}, {"x": 2.5, "y": "b"}]


def test_timeouts_are_kept(replay):
    ended, _ = replay(
        [{"type": "Stop", "time_offset_secs": 2}],
        "from dora import Node\nnode = Node()\n"
        "print(node.next(timeout=0.001)['timed_out'], node.is_empty(), node.try_recv())\n"
        "print(node.next()['type'], node.next())\n",
    )
    assert ended.stdout.splitlines() == ["True True None", "STOP None"]


def test_a_payload_that_cannot_be_read_is_an_error_in_its_place(replay):
    ended, _ = replay(
        [
            {"type": "Input", "id": "a", "data": ["x"], "data_type": "Int8"},
            {"type": "Input", "id": "b", "path": "nowhere.arrow"},
            {"type": "Input", "id": "c", "data": [1, 2], "shape": [3]},
            {"type": "Input", "id": "d", "data": [1], "data_type": "Floaty"},
            {"type": "Input", "id": "e", "data": [7]},
        ],
        "from dora import Node\n"
        "for event in Node():\n"
        "    print(event['type'], event.get('error', event.get('id')))\n",
    )
    lines = ended.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "ERROR input 'a'",
        "ERROR input 'b'",
        "ERROR input 'c'",
        "ERROR input 'd'",
        "INPUT e",
    ]
    assert "events[1]" in lines[1]
    assert "nowhere.arrow" in lines[1]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "no JSON"),
        ("[]", "events"),
        ('{"events": []}', "`id`"),
        ('{"id": "a", "events": [{"type": "Nonsense"}]}', "Nonsense"),
        ('{"id": "a", "events": [{"type": "Input"}]}', "`id`"),
        ('{"id": "a", "events": [3]}', "events[0]"),
        ('{"id": "a", "events": [], "recording_status": {"state": "poisoned"}}', "cut off"),
    ],
)
def test_refuses_recordings_that_are_none(run_node, tmp_path, text, named):
    (tmp_path / "inputs.json").write_text(text)
    ended = run_node(NODE, DORA_TEST_WITH_INPUTS="inputs.json")
    assert ended.returncode == 1
    assert "inputs.json" in ended.stderr
    assert named in ended.stderr


@pytest.mark.parametrize(
    "kind",
    [
        pa.null(),
        pa.bool_(),
        pa.uint64(),
        pa.string(),
        pa.list_(pa.field("item", pa.int8())),
        pa.large_list(pa.string()),
        pa.list_(pa.float32(), 3),
        pa.struct([pa.field("a", pa.int8(), nullable=False)]),
        pa.timestamp("ns", tz="UTC"),
        pa.timestamp("s"),
        pa.duration("ms"),
        pa.time32("s"),
        pa.time64("us"),
        pa.binary(7),
        pa.decimal128(10, 2),
        pa.dictionary(pa.int8(), pa.string()),
        pa.map_(pa.string(), pa.int32()),
    ],
    ids=str,
)
def test_types_are_read_as_they_are_written(kind):
    assert from_name(json.loads(json.dumps(to_name(kind)))) == kind


def test_unknown_types_are_named():
    with pytest.raises(ValueError, match="Floaty"):
        from_name("Floaty")


@pytest.mark.parametrize("time", ["nan", "inf", 1e400, 10**400])
def test_times_that_never_come_are_refused(replay, time):
    ended, _ = replay([{"type": "Stop", "time_offset_secs": time}])
    assert ended.returncode == 1
    assert "events[0]: time_offset_secs" in ended.stderr


@pytest.mark.parametrize(
    ("more", "named"), [({"outputs": 3}, "`outputs`"), ({"inputs": [1]}, "`inputs`")]
)
def test_ports_of_a_wrong_type_are_refused(replay, more, named):
    ended, _ = replay([], **more)
    assert ended.returncode == 1
    assert named in ended.stderr


def test_ids_and_dates_are_held_to_the_limits_of_a_dataflow(replay):
    script = """
from datetime import datetime
from dora import Node
node = Node()
for call in (
    lambda: node.send_output("x" * 129, b""),
    lambda: node.send_output("a//b", b""),
    lambda: node.send_output("out", b"", {"when": datetime(3000, 1, 1)}),
):
    try:
        call()
    except (ValueError, OverflowError) as error:
        print(error)
node.send_output("x" * 128, b"")
"""
    ended, outputs = replay([], script)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("is no output id") == 2
    assert "metadata 'when'" in ended.stdout
    assert [len(output["id"]) for output in outputs] == [128]


def test_a_cancelled_wait_loses_no_event(replay):
    script = """
import asyncio
from dora import Node

async def main():
    node = Node()
    waiting = asyncio.create_task(node.recv_async())
    await asyncio.sleep(0)
    waiting.cancel()
    seen = []
    while (event := await node.recv_async()) is not None:
        seen.append(event["value"].to_pylist())
    print(seen)

asyncio.run(main())
"""
    ended, _ = replay(
        [
            {"type": "Input", "id": "a", "data": [n], "time_offset_secs": 0.1 * n}
            for n in range(1, 4)
        ],
        script,
    )
    assert ended.stdout == "[[1], [2], [3]]\n", ended.stderr


def test_outputs_without_times_are_the_same_in_every_run(replay):
    events = [{"type": "Input", "id": "a", "data": [1], "metadata": {"k": {"Integer": 3}}}]
    _, first = replay(events)
    _, second = replay(events)
    assert first == second
    assert first[0]["metadata"] == {"k": 3}
