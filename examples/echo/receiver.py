"""Prints what arrives. `timestamp` is when the sender sent it, as the echo passed it on."""

from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        metadata = event["metadata"]
        age = metadata["timestamp_ns"] / 1e9 - metadata["timestamp"].timestamp()
        print(metadata["number"], event["value"][0].as_py(), "!" if metadata["loud"] else ".", age >= 0)
