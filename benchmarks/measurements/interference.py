"""Latency on a machine that has other things to do."""

import os
import subprocess
import sys
from contextlib import contextmanager

import runs
from summary import microseconds, percentile

NUMBER = "B12"
NAME = "interference"
TITLE = "Latency beside other work, 4 KiB every 2 ms"
NOTE = (
    "As B1, while a loop that never sleeps runs on every processor; and with every process on one "
    "and the same processor."
)
METRICS = [("p50_ns", "p50, µs", microseconds), ("p99_ns", "p99, µs", microseconds)]
LOWER_IS_BETTER = True


def peers(smoke):
    return ["ours", "dora-rs", "dora-rs-pool", "pipe", "pyzmq", "zenoh", "iceoryx2"]


def cells(smoke):
    if smoke:
        return []
    return [
        {"label": "a busy loop on each processor", "around": busy_loops},
        {"label": "one processor for all", "around": one_processor},
    ]


def run(peer, cell, smoke):
    plan = {"mode": "paced", "size": 4096, "warmup": 200, "count": 1000, "gap_ns": 2_000_000}
    with cell["around"]():
        received = runs.run_pair(peer, plan, limit_s=60)["received"]
    ordered = sorted(received["latencies"])
    if not ordered:
        raise runs.RunFailed("nothing was received")
    return {"p50_ns": percentile(ordered, 50), "p99_ns": percentile(ordered, 99)}


@contextmanager
def busy_loops():
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in os.sched_getaffinity(0)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextmanager
def one_processor():
    """Processes that are started meanwhile inherit the restriction."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
