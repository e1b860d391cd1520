"""Counts for ever."""

from dora import Node

node = Node()
number = 0
for event in node:
    if event["type"] == "INPUT":
        node.send_output("number", [number])
        number += 1
