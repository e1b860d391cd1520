"""Throughput: as many messages as fast as they go, with a queue that has room for all."""

import re

import runs
from summary import per_second, plain

NUMBER = "B3"
NAME = "flood"
TITLE = "Throughput, messages as fast as they go"
NOTE = (
    "The receiver's queue has room for every message, so each one that is missing was lost "
    "without need. The rate is what arrived, from the first send to the last arrival, after ten "
    "messages that do not count and a second in which imports may end. With `queue_size: 10` the "
    "receiver gets the newest; told: how many of those that it did not get the end of the run "
    "tells, which must be all."
)
METRICS = [
    ("rate", "messages/s", per_second),
    ("gigabytes_s", "GB/s", lambda value: f"{value:.2f}"),
    ("lost", "lost", plain),
    ("out_of_order", "out of order", plain),
    ("delivered_percent", "delivered, %", lambda value: f"{value:.1f}"),
    ("told", "lost, as told at the end", plain),
]
LOWER_IS_BETTER = False
PLOT = {"metric": "rate", "x": "size", "y_title": "messages per second", "scale": 1}

COUNTS = [
    ("8 B", 8, 1_000_000),
    ("4 KiB", 4096, 20_000),
    ("400 KB", 400_000, 1_000),
    ("4 MB", 4_000_000, 150),
]
SHORT_QUEUE = 10
WITH_QUEUE = ("ours", "dora-rs", "dora-rs-pool")
TOLD = re.compile(r"(\d+) of \d+ messages of sender/data never reached receiver/data")


def peers(smoke):
    names = [
        "ours",
        "ours-numpy",
        "ours-arrow",
        "dora-rs",
        "dora-rs-pool",
        "pipe",
        "pyzmq",
        "zenoh",
        "iceoryx2",
    ]
    return [name for name in names if not smoke or name not in ("ours-arrow", "dora-rs-pool")]


def cells(smoke):
    rows = []
    for label, size, count in COUNTS:
        if smoke and size > 8:
            continue
        row = {"label": label, "size": size, "count": 10_000 if smoke else count}
        row |= {"mode": "flood", "warmup": 10, "gap_ns": 0}
        short = {
            "label": f"{label}, queue_size: {SHORT_QUEUE}",
            "count": min(row["count"], 100_000),
            "queue": SHORT_QUEUE,
        }
        rows += [row, row | short]
    return sorted(rows, key=lambda row: "queue" in row)


def run(peer, cell, smoke):
    plan = {key: cell[key] for key in ("mode", "size", "warmup", "count", "gap_ns")}
    if "queue" in cell:
        return run_short(peer, plan | {"queue": cell["queue"]}) if peer.name in WITH_QUEUE else {}
    results = runs.run_pair(peer, plan, limit_s=30 if smoke else 300)
    received = results["received"]
    if not received["received"]:
        raise runs.RunFailed("nothing was received")
    seconds = (received["end"] - results["sent"]["begin"]) / 1e9
    rate = (received["received"] - plan["warmup"]) / seconds
    return {
        "rate": rate,
        "gigabytes_s": rate * plan["size"] / 1e9,
        "lost": plan["warmup"] + plan["count"] - received["received"],
        "out_of_order": received["out_of_order"],
        "corrupted": received["corrupted"],
    }


def run_short(peer, plan):
    """A queue that keeps only the newest: what comes through, and whether the rest is told."""
    results = runs.run_pair(peer, plan, limit_s=120)
    received = results["received"]
    total = plan["warmup"] + plan["count"]
    lost = total - received["received"]
    found = TOLD.findall(results["output"])  # now and then while it runs, and at the end
    told = int(found[-1]) if found else 0
    if peer.name == "ours" and told != lost:
        raise runs.RunFailed(f"{lost} were lost, but the end of the run tells of {told}")
    return {
        "delivered_percent": received["received"] / total * 100,
        "lost": lost,
        "told": told,
        "out_of_order": received["out_of_order"],
        "corrupted": received["corrupted"],
    }
