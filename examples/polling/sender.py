"""Sends a hundred points at a pace of its own, and looks in between whether it is to stop."""

import logging
import time

import pyarrow as pa
from dora import Node

node = Node()
for number in range(100):
    event = node.try_recv()  # nothing comes but STOP, as there are no inputs
    if event is not None and event["type"] == "STOP":
        logging.info("stopped before message %d", number)
        break
    point = {"x": number / 2, "name": "odd" if number % 2 else "even"}
    node.send_output("message", pa.array([point]), {"number": number})
    time.sleep(0.01)
