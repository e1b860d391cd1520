"""Passes on what is even, from whatever input it is given while it runs."""

from dora import Node

node = Node()
for event in node:
    if event["type"] == "INPUT" and event["value"].to_pylist()[0] % 2 == 0:
        node.send_output("even", event["value"], event["metadata"])
