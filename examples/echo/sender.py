"""Sends words, each with metadata of its own."""

import pyarrow as pa
from dora import Node

node = Node()
for number, word in enumerate(["to", "be", "or", "not"]):
    node.send_output("message", pa.array([word]), {"number": number, "loud": word == "not"})
