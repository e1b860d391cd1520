"""The extension table: small values that the nodes of a dataflow share."""

STORER = """
from dora import Node

node = Node()
node.extension_store("calibration", "left", b"\\x00\\xff" * 1000)
node.extension_store("calibration", "left", b"\\x00\\xff" * 30000)
node.extension_store(namespace="calibration", key="right", value=b"")
node.send_output("stored", [1])
for event in node:  # until the reader has looked
    if event["type"] == "INPUT":
        break
print(node.drain_dropped_extension_keys("calibration"))
"""
READER = """
from dora import Node

node = Node()
assert node.next()["type"] == "INPUT"
assert node.extension_load("calibration", "left") == b"\\x00\\xff" * 30000
assert node.extension_load("calibration", "middle") is None
assert node.extension_load("other", "left") is None
for attempt in (
    lambda: node.extension_store("calibration", "left", b"mine"),
    lambda: node.extension_store("calibration", "left", "text"),
    lambda: node.extension_store("calibration", "big", b"x" * 70000),
    lambda: node.extension_load("calibration", 3),
):
    try:
        attempt()
    except (RuntimeError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
assert node.extension_load("calibration", "right", remove=True) == b""
assert node.extension_load("calibration", "right") is None
node.extension_drop("calibration", "never")
print(node.drain_dropped_extension_keys("calibration"))
node.send_output("read", [1])
while (event := node.next())["type"] != "STOP":
    pass
# The storer has ended.
assert node.extension_load("calibration", "left") is None
print(node.drain_dropped_extension_keys("calibration"))
print(node.drain_dropped_extension_keys("calibration"))
"""
YAML = """
nodes:
  - {id: storer, path: storer.py, inputs: {read: reader/read}, outputs: [stored]}
  - {id: reader, path: reader.py, inputs: {stored: storer/stored}, outputs: [read]}
"""


def test_nodes_share_values(run_dataflow):
    ended = run_dataflow(dataflow_yml=YAML, storer_py=STORER, reader_py=READER)
    assert ended.code == 0, ended.text
    lines = [line.split("stdout ")[1] for line in ended.out.splitlines() if " stdout " in line]
    assert [line[8:] for line in lines if line.startswith("storer")] == ["['right']"]
    assert [line[8:] for line in lines if line.startswith("reader")] == [
        "InvalidInput: 'left' in 'calibration' was stored by another node, which alone may "
        "change it",
        "InvalidType: the value must be bytes, not 'text'",
        "InvalidInput: a value has at most 65536 bytes, not 70000: send larger ones as messages",
        "TypeError: the key must be a str, not 3",
        "['right']",
        "['left']",
        "[]",
    ]


def test_a_node_without_a_dataflow_has_none(run_node):
    ended = run_node("from dora import Node\nNode().extension_load('space', 'key')", stdin="\n")
    assert ended.returncode == 1
    assert (
        "dora.Unsupported: a node that was started by hand has no extension table" in ended.stderr
    )
