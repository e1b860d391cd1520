"""A node that joins, says so, and waits."""

import json
import os
import time

from dora import Node

node = Node()
path = os.path.join(os.environ["BENCH_FOLDER"], f"ready-{os.environ['BENCH_NODE']}.json")
with open(path + ".new", "w") as file:
    json.dump({"moment": time.monotonic_ns(), "pid": os.getpid()}, file)
os.rename(path + ".new", path)

for event in node:
    if event["type"] == "STOP":
        break
