"""Says when it has seen messages, and when it is first told that no more will come."""

import json
import os
import time

from dora import Node


def write(name, values):
    path = os.path.join(os.environ["BENCH_FOLDER"], name)
    with open(path + ".new", "w") as file:
        json.dump(values, file)
    os.rename(path + ".new", path)


node = Node()
seen = 0

for event in node:
    moment = time.monotonic_ns()
    if event["type"] == "INPUT":
        seen += 1
        if seen == 100:
            write("seen.json", {})
    elif event["type"] in ("NODE_FAILED", "INPUT_CLOSED"):
        write("told.json", {"moment": moment})
        break
