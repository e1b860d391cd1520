"""The last operator of a chain: writes how long each message took, and how fast many came.

It ends with a message that says that all was sent, or with its input, whatever comes first.
"""

import struct

from dora import DoraStatus
from measure import Plan, now, view_of, write


class Operator:
    def __init__(self):
        self.plan = Plan.from_environment()
        self.latencies = []
        self.first_of_burst = 0
        self.end = 0
        self.in_burst = 0

    def on_event(self, event, send_output):
        if event["type"] in ("INPUT_CLOSED", "STOP"):
            self.finish()
            return DoraStatus.STOP
        if event["type"] != "INPUT":
            return DoraStatus.CONTINUE
        value = event["value"]
        moment = now()
        stamp = struct.unpack_from("<q", view_of(value), 0)[0]
        if stamp == -1:
            self.finish()
            return DoraStatus.STOP
        if len(self.latencies) < self.plan.total:
            self.latencies.append(moment - stamp)
        else:
            self.first_of_burst = self.first_of_burst or stamp
            self.end = moment
            self.in_burst += 1
        return DoraStatus.CONTINUE

    def finish(self):
        values = {
            "latencies": self.latencies[self.plan.warmup :],
            "in_burst": self.in_burst,
            "burst_ns": self.end - self.first_of_burst,
        }
        write(self.plan, "received", values)
