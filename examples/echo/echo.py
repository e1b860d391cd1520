"""Passes every message on: its value and, unchanged, its metadata."""

from dora import Node

node = Node()
for event in node:
    if event["type"] == "INPUT":
        node.send_output(event["id"], event["value"], event["metadata"])
