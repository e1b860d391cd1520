"""The first operator of a chain: with every tick a message that tells when it was sent, then many
at once; half a second later some that say that this was all. Runs in our runtime and in dora-rs'
alike, whose operators are not always told that their input has ended."""

import struct

import pyarrow as pa
from dora import DoraStatus
from measure import Plan, now


class Operator:
    def __init__(self):
        self.plan = Plan.from_environment()
        self.number = 0
        self.ticks_since_burst = 0

    def on_event(self, event, send_output):
        if event["type"] != "INPUT":
            return DoraStatus.CONTINUE
        plan = self.plan
        if self.number > plan.total:
            self.ticks_since_burst += 1
            if self.ticks_since_burst > 50:
                self.send(send_output, is_last=True)
            return DoraStatus.STOP if self.ticks_since_burst == 60 else DoraStatus.CONTINUE
        for _ in range(plan.burst if self.number == plan.total else 1):
            self.send(send_output)
            self.number += 1
        return DoraStatus.CONTINUE

    def send(self, send_output, is_last=False):
        plan = self.plan
        buffer = bytearray(plan.size) if plan.size <= 4096 else self.kept()
        array = pa.Array.from_buffers(pa.uint8(), plan.size, [None, pa.py_buffer(buffer)])
        # As with all that is measured, what is sent was made before.
        struct.pack_into("<q", buffer, 0, -1 if is_last else now())
        send_output("data", array, {})

    def kept(self):
        """Large memory is made once: only its head is written anew."""
        if not hasattr(self, "large"):
            self.large = bytearray(self.plan.size)
        return self.large
