"""One-way latency at a steady pace, from before the send until the payload is in hand."""

import runs
from summary import microseconds, percentile

NUMBER = "B1"
NAME = "latency"
TITLE = "Latency, one way, one message every 2 ms"
NOTE = (
    "Sender and receiver are Python processes; the receiver sleeps until a message comes. The "
    "clock is read before the send and after the payload is in hand. 40 MB every 50 ms."
)
METRICS = [
    ("p50_ns", "p50, µs", microseconds),
    ("p90_ns", "p90, µs", microseconds),
    ("p99_ns", "p99, µs", microseconds),
    ("p999_ns", "p99.9, µs", microseconds),
    ("max_ns", "max, µs", microseconds),
    ("send_p50_ns", "the call that sends, p50, µs", microseconds),
]
LOWER_IS_BETTER = True
PLOT = {"metric": "p50_ns", "x": "size", "y_title": "p50 in µs", "scale": 1e-3}

SIZES = [
    ("8 B", 8),
    ("4 KiB", 4096),
    ("400 KB", 400_000),
    ("4 MB", 4_000_000),
    ("40 MB", 40_000_000),
]


def peers(smoke):
    names = ["ours", "ours-numpy", "ours-arrow", "ours-in-place", "ours-asyncio"]
    names += ["dora-rs", "dora-rs-pool", "pipe", "pyzmq", "zenoh", "iceoryx2", "memcpy"]
    return [
        name for name in names if not smoke or name not in ("ours-arrow", "dora-rs-pool", "memcpy")
    ]


def cells(smoke):
    rows = []
    for label, size in SIZES:
        if smoke and size not in (8, 400_000):
            continue
        huge = size >= 10_000_000
        row = {
            "label": label,
            "size": size,
            "mode": "paced",
            "gap_ns": 50_000_000 if huge else 2_000_000,
        }
        row["warmup"] = 200
        row["count"] = 200 if smoke else 200 if huge else 400
        rows.append(row)
    return rows


def run(peer, cell, smoke):
    plan = {key: cell[key] for key in ("mode", "size", "warmup", "count", "gap_ns")}
    results = runs.run_pair(peer, plan, limit_s=20 if smoke else 180)
    received = results["received"]
    ordered = sorted(received["latencies"])
    if not ordered:
        raise runs.RunFailed("nothing was received")
    return {
        "p50_ns": percentile(ordered, 50),
        "p90_ns": percentile(ordered, 90),
        "p99_ns": percentile(ordered, 99),
        "p999_ns": percentile(ordered, 99.9),
        "max_ns": ordered[-1],
        "send_p50_ns": percentile(sorted(results["sent"]["durations"]), 50),
        "lost": plan["warmup"] + plan["count"] - received["received"],
        "out_of_order": received["out_of_order"],
        "corrupted": received["corrupted"],
        "samples": received["latencies"],
    }
