"""A chain of nodes that pass on what they receive: what each hop costs."""

import runs
from peers import NODES
from summary import microseconds, percentile

NUMBER = "B5"
NAME = "chain"
TITLE = "A chain of nodes that pass on what they receive, every 10 ms"
NOTE = "From the first send until the last node has it, divided by the hops."
METRICS = [
    ("hop_p50_ns", "per hop, p50, µs", microseconds),
    ("hop_p99_ns", "per hop, p99, µs", microseconds),
]
LOWER_IS_BETTER = True


def peers(smoke):
    return ["ours", "dora-rs", "dora-rs-pool"]


def cells(smoke):
    if smoke:
        return []
    sizes = (("8 B", 8), ("400 KB", 400_000))
    return [
        {"label": f"{hops} hops, {label}", "hops": hops, "size": size}
        for hops in (2, 8, 32)
        for label, size in sizes
    ]


def run(peer, cell, smoke):
    hops = cell["hops"]
    plan = {
        "mode": "paced",
        "size": cell["size"],
        "warmup": 200,
        "count": 200,
        "gap_ns": 10_000_000,
    }
    lines = ["nodes:", f"  - {{id: hop-0, path: {NODES}/dora_sender.py, outputs: [data]}}"]
    for index in range(1, hops + 1):
        name = "dora_receiver" if index == hops else "dora_relay"
        lines += [
            f"  - id: hop-{index}",
            f"    path: {NODES}/{name}.py",
            f"    inputs: {{data: hop-{index - 1}/data}}",
        ]
        lines += ["    outputs: [data]"] if index < hops else []
    received = runs.run_dataflow(peer, plan, "\n".join(lines), limit_s=60)["received"]
    ordered = sorted(received["latencies"])
    if not ordered:
        raise runs.RunFailed("nothing came through")
    return {
        "hop_p50_ns": percentile(ordered, 50) / hops,
        "hop_p99_ns": percentile(ordered, 99) / hops,
        "lost": plan["warmup"] + plan["count"] - received["received"],
    }
