"""Passes on what it receives, as it came."""

from dora import Node

node = Node()

for event in node:
    if event["type"] == "INPUT":
        node.send_output("data", event["value"])
