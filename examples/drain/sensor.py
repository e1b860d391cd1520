"""A sensor: sixty readings, one every 5 ms."""

from dora import Node

node = Node()
for number in range(60):
    node.next()  # a tick
    node.send_output("reading", [number])
