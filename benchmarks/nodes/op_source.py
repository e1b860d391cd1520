"""The first operator of a chain: with every tick a message that tells when it was sent, at last
many at once. Runs in our runtime and in dora-rs' alike."""

import struct

import pyarrow as pa
from dora import DoraStatus
from measure import Plan, now


class Operator:
    def __init__(self):
        self.plan = Plan.from_environment()
        self.number = 0

    def on_event(self, event, send_output):
        if event["type"] != "INPUT":
            return DoraStatus.CONTINUE
        plan = self.plan
        is_last = self.number == plan.total
        for _ in range(plan.burst if is_last else 1):
            buffer = bytearray(plan.size) if plan.size <= 4096 else self.kept()
            struct.pack_into("<q", buffer, 0, now())
            array = pa.Array.from_buffers(pa.uint8(), plan.size, [None, pa.py_buffer(buffer)])
            send_output("data", array, {})
            self.number += 1
        return DoraStatus.STOP if is_last else DoraStatus.CONTINUE

    def kept(self):
        """Large memory is made once: only its head is written anew."""
        if not hasattr(self, "large"):
            self.large = bytearray(self.plan.size)
        return self.large
