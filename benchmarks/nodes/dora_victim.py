"""Sends at everything that it receives, until it is killed."""

import json
import os

import pyarrow as pa
from dora import Node

node = Node()
with open(os.path.join(os.environ["BENCH_FOLDER"], "victim.json"), "w") as file:
    json.dump({"pid": os.getpid()}, file)

for event in node:
    if event["type"] == "INPUT":
        node.send_output("data", pa.array([1]))
