"""What every measured sender and receiver shares, whatever it sends with.

A sender stamps CLOCK_MONOTONIC into the payload and hands it over; a receiver stamps again as soon
as it holds the payload, and only then looks inside. The plan of the run stands in BENCH_PLAN.

    payload of n bytes:  0..8  the stamp (paced) or the number (flood)
    if n >= 24 as well:  8..16 the number | a pattern | n-8..n the number
"""

import json
import os
import random
import struct
import time

now = time.monotonic_ns
PATTERN = random.Random(1).randbytes(1 << 16)


class Plan:
    """One run: `mode` is "paced" (a message each gap) or "flood" (as fast as it goes)."""

    def __init__(self, text):
        values = json.loads(text)
        self.mode = values["mode"]
        self.size = values["size"]
        self.warmup = values["warmup"]
        self.count = values["count"]
        self.gap_ns = values["gap_ns"]
        self.kind = values.get("kind", "")
        self.burst = values.get("burst", 0)
        self.folder = values["folder"]
        self.total = self.warmup + self.count

    @classmethod
    def from_environment(cls):
        return cls(os.environ["BENCH_PLAN"])


class Sender:
    """Fills buffers and keeps the pace. `wrap` makes of a buffer what is sent, once per buffer.

    BENCH_NAME tells several senders apart.
    """

    def __init__(self, plan, wrap=lambda buffer: buffer, buffers=1):
        self.plan = plan
        self.name = "sent" + os.environ.get("BENCH_NAME", "")
        self.buffers = []
        for _ in range(buffers):
            buffer = bytearray(plan.size)
            if plan.size >= 24:
                repeated = PATTERN * (plan.size // len(PATTERN) + 1)
                buffer[16:-8] = repeated[16 : plan.size - 8]
            self.buffers.append((buffer, wrap(buffer)))

    def run(self, send, before_reuse=None):
        """Calls send(payload) for each message, before_reuse(index) before writing a buffer."""
        if self.plan.mode == "paced":
            self._paced(send, before_reuse)
        else:
            self._flood(send, before_reuse)

    def _paced(self, send, before_reuse):
        plan, pack = self.plan, struct.pack_into
        durations = []
        begin = now()
        for number in range(plan.total):
            wait = begin + number * plan.gap_ns - now()
            if wait > 0:
                time.sleep(wait * 1e-9)
            index = number % len(self.buffers)
            buffer, payload = self.buffers[index]
            if before_reuse:
                before_reuse(index)
            if plan.size >= 24:
                pack("<q", buffer, 8, number)
                pack("<q", buffer, plan.size - 8, number)
            begin_of_send = now()
            pack("<q", buffer, 0, begin_of_send)
            send(payload)
            durations.append(now() - begin_of_send)
        write(plan, self.name, {"durations": durations[plan.warmup :]})

    def _flood(self, send, before_reuse):
        plan, pack = self.plan, struct.pack_into
        large = plan.size >= 24
        last = plan.size - 8
        count = len(self.buffers)
        begin = 0
        for number in range(plan.total):
            if number == plan.warmup:
                # Until the receiver has imported what it needs.
                time.sleep(1.0 if number else 0.0)
                begin = now()
            index = number % count
            buffer, payload = self.buffers[index]
            if before_reuse:
                before_reuse(index)
            pack("<q", buffer, 0, number)
            if large:
                pack("<q", buffer, 8, number)
                pack("<q", buffer, last, number)
            send(payload)
        write(plan, self.name, {"begin": begin, "end": now()})


class Receiver:
    """Takes stamps and checks payloads. Call `take(value, moment)` for every message.

    Of a flood of small messages the values are kept, and looked at when all are there: else looking
    would cost more than receiving. `may_keep`: a value stays what it is when the next one comes.
    """

    def __init__(self, plan, may_keep=True):
        self.plan = plan
        self.kept = []
        self.keeps = may_keep and plan.mode == "flood" and plan.size <= 1024
        self.latencies = []
        self.received = 0
        self.out_of_order = 0
        self.corrupted = 0
        self.previous = -1
        self.last_moment = 0
        self.check_every = 100 if plan.size <= 4096 else 20

    def take(self, value, moment):
        """Takes a payload and the moment it was in hand; says whether it was the last."""
        if self.keeps:
            self.kept.append(value)
            self.last_moment = moment
            return len(self.kept) == self.plan.total
        return self._look_at(view_of(value), moment)

    def _look_at(self, view, moment):
        size = self.plan.size
        first = struct.unpack_from("<q", view, 0)[0]
        if size >= 24:
            number = struct.unpack_from("<q", view, 8)[0]
            if len(view) != size or struct.unpack_from("<q", view, size - 8)[0] != number:
                self.corrupted += 1
        else:
            number = first  # a stamp grows as a number does
        if number <= self.previous:
            self.out_of_order += 1
        self.previous = number
        if self.received % self.check_every == 0 and size >= 24 and not self._intact(view):
            self.corrupted += 1
        if self.plan.mode == "paced":
            self.latencies.append(moment - first)
        self.received += 1
        self.last_moment = moment
        if size < 24 and self.plan.mode == "paced":
            return self.received == self.plan.total
        return number == self.plan.total - 1

    def _intact(self, view):
        for begin in range(0, self.plan.size, len(PATTERN)):
            low, high = max(begin, 16), min(begin + len(PATTERN), self.plan.size - 8)
            if low < high and bytes(view[low:high]) != PATTERN[low - begin : high - begin]:
                return False
        return True

    def finish(self, name="received"):
        for value in self.kept:
            self._look_at(view_of(value), self.last_moment)
        write(
            self.plan,
            name,
            {
                "received": self.received,
                "out_of_order": self.out_of_order,
                "corrupted": self.corrupted,
                "end": self.last_moment,
                "latencies": self.latencies[-self.plan.count :],
            },
        )


def view_of(value):
    """The bytes of what was received, without copying."""
    if hasattr(value, "buffers"):  # a pyarrow array of UInt8
        return memoryview(value.buffers()[1]).cast("B")[value.offset : value.offset + len(value)]
    return memoryview(value).cast("B")


def write(plan, name, values):
    """Puts a result file in place at once, so that nobody reads half of it."""
    path = os.path.join(plan.folder, name + ".json")
    with open(path + ".new", "w") as file:
        json.dump(values, file)
    os.rename(path + ".new", path)


def ready(plan, name):
    write(plan, name, {})


def wait_for(plan, name):
    path = os.path.join(plan.folder, name + ".json")
    while not os.path.exists(path):
        time.sleep(0.005)
