"""Processor time per message, of every process that has to do with it."""

import runs

NUMBER = "B6"
NAME = "cpu"
TITLE = "Processor time per message"
NOTE = (
    "User and system time of sender, receiver and daemon together, one message every ms: a run "
    "with many messages less a run with few, so that starting up does not count."
)
METRICS = [("us_per_message", "µs", lambda value: f"{value:.0f}")]
LOWER_IS_BETTER = True
PLOT = {"metric": "us_per_message", "x": "size", "y_title": "µs per message", "scale": 1}

FEW, MANY = 200, 2200
SIZES = [("8 B", 8), ("4 KiB", 4096), ("400 KB", 400_000)]


def peers(smoke):
    return ["ours", "dora-rs", "dora-rs-pool", "pipe", "pyzmq", "zenoh", "iceoryx2"]


def cells(smoke):
    if smoke:
        return []
    return [{"label": label, "size": size} for label, size in SIZES]


def run(peer, cell, smoke):
    used = []
    for count in (FEW, MANY):
        plan = {
            "mode": "paced",
            "size": cell["size"],
            "warmup": 0,
            "count": count,
            "gap_ns": 1_000_000,
        }
        used.append(runs.run_pair(peer, plan, limit_s=60)["cpu_s"])
    return {"us_per_message": (used[1] - used[0]) / (MANY - FEW) * 1e6}
