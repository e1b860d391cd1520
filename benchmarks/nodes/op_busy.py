"""Computes for BUSY_NS with every tick: in Python, or where numpy releases the GIL."""

import os

import numpy as np
from measure import now


class Operator:
    def __init__(self):
        self.kind = os.environ["BUSY_KIND"]
        self.length_ns = int(os.environ["BUSY_NS"])
        self.matrix = np.ones((256, 256))

    def on_event(self, event, send_output):
        if event["type"] != "INPUT":
            return
        end = now() + self.length_ns
        while now() < end:
            if self.kind == "numpy":
                np.dot(self.matrix, self.matrix)
