"""Receives with dora: ours and dora-rs alike. BENCH_NAME tells several receivers apart."""

import os

from dora import Node
from measure import Plan, Receiver, now

plan = Plan.from_environment()
receiver = Receiver(plan)
if plan.kind == "in-place":
    receiver._intact = lambda view: True  # the sender writes only the numbers
node = Node()

while True:
    event = node.next()
    if event is None:
        break
    if event["type"] != "INPUT":
        continue
    value = event["value"]
    moment = now()
    if receiver.take(value, moment):
        break

receiver.finish("received" + os.environ.get("BENCH_NAME", ""))
