"""Receives from many with dora, and keeps a record of each: input data-N becomes received-N."""

from dora import Node
from measure import Plan, Receiver, now

plan = Plan.from_environment()
receivers = {}
node = Node()

while (event := node.next()) is not None:
    if event["type"] != "INPUT":
        continue
    value = event["value"]
    moment = now()
    receivers.setdefault(event["id"], Receiver(plan)).take(value, moment)

for name, receiver in receivers.items():
    receiver.finish(name.replace("data", "received"))
