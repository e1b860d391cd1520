"""A node that joins, says so, and waits. It imports nothing else: its memory is measured."""

import os
import time

from dora import Node

node = Node()
path = os.path.join(os.environ["BENCH_FOLDER"], f"ready-{os.environ['BENCH_NODE']}.json")
with open(path + ".new", "w") as file:
    file.write(f'{{"moment": {time.monotonic_ns()}, "pid": {os.getpid()}}}')
os.rename(path + ".new", path)

for event in node:
    if event["type"] == "STOP":
        break
