"""Draws ten numbers, as often as it is started while the dataflow runs."""

from dora import Node

with Node("plot") as node:
    for _ in range(10):
        event = node.next()
        if event["type"] == "STOP":
            break
        print("#" * (event["value"][0].as_py() % 20 + 1))
