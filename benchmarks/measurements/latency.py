"""One-way latency at a steady pace, from before the send until the payload is in hand."""

import runs
from summary import microseconds, percentile

NUMBER = "B1"
NAME = "latency"
TITLE = "Latency, one way, one message every 2 ms"
NOTE = (
    "Sender and receiver are Python processes; the receiver sleeps until a message comes. The "
    "clock is read before the send and after the payload is in hand. 16 MiB every 20 ms, more "
    "every 50 ms; dora-rs without a pool, which takes longer than that, only up to 4 MB."
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

# label, bytes, messages that warm up, messages that count, ms between two
SIZES = [
    ("8 B", 8, 200, 400, 2),
    ("64 B", 64, 200, 400, 2),
    ("4 KiB", 4096, 200, 400, 2),
    ("64 KiB", 64 << 10, 200, 400, 2),
    ("400 KB", 400_000, 200, 400, 2),
    ("1 MiB", 1 << 20, 100, 300, 2),
    ("4 MB", 4_000_000, 100, 200, 2),
    ("16 MiB", 16 << 20, 10, 60, 20),
    ("40 MB", 40_000_000, 10, 40, 50),
    ("64 MiB", 64 << 20, 10, 40, 50),
]
NO_POOL_UP_TO = 4_000_000


def peers(smoke):
    names = ["ours", "ours-numpy", "ours-arrow", "ours-in-place", "ours-asyncio"]
    names += ["dora-rs", "dora-rs-pool", "pipe", "pyzmq", "zenoh", "iceoryx2", "memcpy"]
    return [
        name for name in names if not smoke or name not in ("ours-arrow", "dora-rs-pool", "memcpy")
    ]


def cells(smoke):
    return [
        {
            "label": label,
            "size": size,
            "mode": "paced",
            "warmup": warmup,
            "count": 200 if smoke else count,
            "gap_ns": gap_ms * 1_000_000,
        }
        for label, size, warmup, count, gap_ms in SIZES
        if not smoke or size in (8, 400_000)
    ]


def run(peer, cell, smoke):
    if peer.name == "dora-rs" and cell["size"] > NO_POOL_UP_TO:
        return {}
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
