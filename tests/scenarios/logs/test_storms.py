"""Nodes that print too much, too long, or what nobody can read: nobody waits for ever."""

import json
import random
import re

import pytest

# What is printed between the two messages is the storm.
STORM = """\
import random, sys
from dora import Node

node = Node()
out = sys.stdout.buffer
node.send_output("begun", [1])
{prints}
out.flush()
print("the end", file=sys.stderr, flush=True)
node.send_output("done", [1])
"""
# It pauses, or the two would keep a small machine busy by themselves.
ASKER = """
    import time
    from dora import Node

    node = Node()
    count = meanwhile = 0
    is_stormy = False
    node.send_output("question", [count])
    for event in node:
        if event["id"] == "begun":
            is_stormy = True
        elif event["id"] == "answer":
            assert event["value"].to_pylist() == [count], "a message is missing"
            count += 1
            meanwhile += is_stormy
            time.sleep(0.001)
            node.send_output("question", [count])
        elif event["id"] == "done":
            break
    print("meanwhile", meanwhile)
"""
ANSWERER = """
    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("answer", event["value"])
"""
YAML = """
    nodes:
      - {{id: storm, path: storm.py, outputs: [begun, done]{keys}}}
      - id: asker
        path: asker.py
        inputs: {{begun: storm/begun, done: storm/done, answer: answerer/answer}}
        outputs: [question]
      - {{id: answerer, path: answerer.py, inputs: {{question: asker/question}}, outputs: [answer]}}
"""
MIB = 1 << 20

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def storm(flow):
    """Runs a node that prints, beside two that ask and answer each other until it has ended."""

    def run(prints, keys=""):
        flow.write("storm.py", STORM.replace("{prints}", prints))
        flow.nodes(asker=ASKER, answerer=ANSWERER)
        flow.yaml(YAML.format(keys=keys))
        result = flow.start().wait(patience=500).succeeded()
        assert " · 0 dropped" in result.text
        assert "missing in its log file" not in result.text
        assert entries(flow, "stderr")[-1]["message"] == "the end"
        return result

    return run


def log_files(flow, node):
    """Its parts, the oldest first."""
    found = list(flow.path.glob(f"out/*/log_{node}*.jsonl"))

    def part(path):
        number = re.search(r"\.(\d+)\.jsonl$", path.name)
        return int(number[1]) if number else 0

    return sorted(found, key=part, reverse=True)


def entries(flow, stream="stdout", node="storm"):
    found = [json.loads(line) for path in log_files(flow, node) for line in path.open()]
    return [entry for entry in found if entry["stream"] == stream]


def meanwhile(flow):
    """How many answers came during the storm. The console may not have shown it."""
    (entry,) = entries(flow, node="asker")
    return int(entry["message"].removeprefix("meanwhile "))


def not_shown(result):
    said = "\n".join(result.err)
    return sum(map(int, re.findall(r"^warning: (\d+) lines were not shown", said, re.MULTILINE)))


def test_tens_of_megabytes_in_lines(flow, storm):
    count = 30_000
    result = storm(
        f"for i in range({count}): out.write(b'%07d ' % i + b'x' * 1015 + b'\\n')",
        ", max_log_size: 2MB, max_rotated_files: 100",
    )
    assert meanwhile(flow) >= 10
    assert [int(entry["message"][:7]) for entry in entries(flow)] == list(range(count))
    assert all(len(entry["message"]) == 1023 for entry in entries(flow))
    sizes = [path.stat().st_size for path in log_files(flow, "storm")]
    assert len(sizes) > 10
    assert max(sizes) < 2 * MIB + 4096
    # What the console had no time for is counted, with a few lines of dora's own at most.
    shown = len([line for line in result.of("storm") if line != "the end"])
    assert 0 <= shown + not_shown(result) - count <= 20


def test_a_line_that_does_not_end(flow, storm):
    """Of characters that must not be cut, and longer than every piece of it."""
    result = storm(f"out.write(('0123456789é' * {MIB})[:5 * {MIB}].encode())")
    text = ("0123456789é" * MIB)[: 5 * MIB]
    pieces = entries(flow)
    assert "".join(piece["message"] for piece in pieces) == text
    assert all(len(piece["message"].encode()) <= MIB for piece in pieces)
    assert [piece.get("continued", False) for piece in pieces] == [True] * (len(pieces) - 1) + [
        False
    ]
    shown = "".join(line for line in result.of("storm") if line != "the end")
    assert shown == text or not_shown(result) > 0


def test_bytes_that_are_no_text(flow, storm):
    storm(f"out.write(random.Random(7).randbytes({MIB}) + b'\\nafter it\\n')")
    messages = [entry["message"] for entry in entries(flow)]
    assert messages[-1] == "after it"
    # All that is ASCII is there, in its order; for the rest stand other characters.
    ascii_only = "".join(c for message in messages[:-1] for c in message if c < "\x80")
    data = random.Random(7).randbytes(MIB)
    assert ascii_only == "".join(map(chr, data)).translate(
        {ord("\r"): None, ord("\n"): None} | dict.fromkeys(range(128, 256))
    )


# Colours; the cursor, the screen and the title; sequences that never end; what begins like a log
# entry and is none.
ODD = [
    "\x1b[1;31mred\x1b[0m",
    "\x1b[2J\x1b[H\x1b[10A\x1b[?1049h\x1b[?25l",
    "\x1b]0;title\x07 \x1b]52;c;aGVsbG8=\x07 \x1bP1$r\x1b\\",
    "\x1b]0;no end " + "0" * 5000,
    "\x1b[" + "1;" * 5000,
    "\x1b",
    "\x00\x07\x08\x7f\x9b31m",
    '{"level": "info", "timestamp": ' + "[" * 5000,
]


def test_escape_sequences_and_other_odd_lines(flow, storm):
    times = 300
    result = storm(f"out.write(('\\n'.join({ODD!r} * {times}) + '\\n').encode())")
    assert [entry["message"] for entry in entries(flow)] == ODD * times
    # The console leaves the colours out, as it is no terminal, and nothing else.
    assert result.text.count("stdout storm: red\n") + not_shown(result) >= times
    assert "\x1b[1;31m" not in result.text
