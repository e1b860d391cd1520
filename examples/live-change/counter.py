"""Counts the ticks, from the number that the parameter `from` names, when somebody sets it."""

from dora import Node

node = Node()
number = 0
for event in node:
    if event["type"] == "INPUT":
        node.send_output("number", [number])
        number += 1
    elif event["type"] == "PARAM_UPDATE" and event["id"] == "from":
        number = int(event["value"])
