"""Many nodes that send to one: what it costs the one that receives."""

import runs
from peers import NODES
from summary import microseconds, percentile, plain

NUMBER = "B5"
NAME = "fanin"
TITLE = "Many producers to one consumer, each 4 KiB every 4 ms"
NOTE = "From before the send until the consumer has it, over the messages of all producers."
METRICS = [
    ("p50_ns", "p50, µs", microseconds),
    ("p99_ns", "p99, µs", microseconds),
    ("lost", "lost", plain),
    ("out_of_order", "out of order within a producer", plain),
]
LOWER_IS_BETTER = True
PLOT = {"metric": "p50_ns", "x": "producers", "y_title": "p50 in µs", "scale": 1e-3}


def peers(smoke):
    return ["ours"] if smoke else ["ours", "dora-rs", "dora-rs-pool"]


def cells(smoke):
    numbers = (2,) if smoke else (1, 2, 4, 8)
    return [{"label": f"{number} to 1", "producers": number} for number in numbers]


def run(peer, cell, smoke):
    number = cell["producers"]
    plan = {
        "mode": "paced",
        "size": 4096,
        "warmup": 20 if smoke else 200,
        "count": 50 if smoke else 400,
        "gap_ns": 4_000_000,
    }
    total = plan["warmup"] + plan["count"]
    lines = ["nodes:"]
    for index in range(number):
        lines += [
            f"  - id: sender-{index}",
            f"    path: {NODES}/dora_sender.py",
            f"    env: {{BENCH_NAME: -{index}}}",
            "    outputs: [data]",
        ]
    lines += ["  - id: receiver", f"    path: {NODES}/dora_fanin.py", "    inputs:"]
    lines += [
        f"      data-{index}: {{source: sender-{index}/data, queue_size: {total}}}"
        for index in range(number)
    ]
    results = runs.run_dataflow(peer, plan, "\n".join(lines), limit_s=60)
    received = [results.get(f"received-{index}") for index in range(number)]
    if not all(each and each["latencies"] for each in received):
        raise runs.RunFailed("from some producer came nothing")
    ordered = sorted(time for each in received for time in each["latencies"])
    return {
        "p50_ns": percentile(ordered, 50),
        "p99_ns": percentile(ordered, 99),
        "lost": sum(total - each["received"] for each in received),
        "out_of_order": sum(each["out_of_order"] for each in received),
        "corrupted": sum(each["corrupted"] for each in received),
    }
