"""A chain of operators: what a hop from one to the next costs."""

import runs
from peers import NODES
from summary import microseconds, percentile, plain

NUMBER = "B16"
NAME = "operators"
TITLE = "A chain of Python operators that pass on what they receive, every 10 ms"
NOTE = (
    "Of ours all share one process, as their YAML says; dora-rs runs one operator in each process. "
    "From the first send until the last operator has the value, divided by the hops; then many "
    "messages at once, from the first send until the last value."
)
METRICS = [
    ("hop_p50_ns", "per hop, p50, µs", microseconds),
    ("hop_p99_ns", "per hop, p99, µs", microseconds),
    ("messages_s", "messages/s through the chain", plain),
]
LOWER_IS_BETTER = True


def peers(smoke):
    return ["ours", "dora-rs"]


def cells(smoke):
    chains = (4,) if smoke else (1, 4, 16)
    sizes = (("8 B", 8),) if smoke else (("8 B", 8), ("4 MB", 4 << 20))
    return [
        {"label": f"{hops} hop{'s' * (hops > 1)}, {label}", "hops": hops, "size": size}
        for hops in chains
        for label, size in sizes
    ]


def run(peer, cell, smoke):
    hops = cell["hops"]
    plan = {
        "mode": "paced",
        "size": cell["size"],
        "warmup": 20 if smoke else 100,
        "count": 50 if smoke else 300,
        "gap_ns": 10_000_000,
        "burst": 100,
    }
    yaml = one_node(hops) if peer.name == "ours" else many_nodes(hops)
    received = runs.run_dataflow(peer, plan, yaml, limit_s=60)["received"]
    ordered = sorted(received["latencies"])
    if not ordered or not received["in_burst"]:
        raise runs.RunFailed("nothing came through")
    return {
        "hop_p50_ns": percentile(ordered, 50) / hops,
        "hop_p99_ns": percentile(ordered, 99) / hops,
        "messages_s": received["in_burst"] / received["burst_ns"] * 1e9,
        "lost": plan["count"] + plan["burst"] - len(ordered) - received["in_burst"],
    }


def operators(hops):
    """(number, file, source of its input) of each."""
    yield 0, "op_source.py", None
    for number in range(1, hops + 1):
        yield number, "op_sink.py" if number == hops else "op_relay.py", number - 1


def one_node(hops):
    lines = ["nodes:", "  - id: chain", "    operators:"]
    for number, file, source in operators(hops):
        place = None if source is None else f"chain/op-{source}/data"
        lines += [f"      - id: op-{number}", *operator(file, place, number < hops, 8)]
    return "\n".join(lines) + "\n"


def many_nodes(hops):
    lines = ["nodes:"]
    for number, file, source in operators(hops):
        place = None if source is None else f"op-{source}/data"
        lines += [f"  - id: op-{number}", "    operator:"]
        lines += operator(file, place, number < hops, 6)
    return "\n".join(lines) + "\n"


def operator(file, source, has_output, indent):
    lines = [f"python: {NODES}/{file}"]
    if source is None:
        lines += ["inputs: {tick: dora/timer/millis/10}"]
    else:
        lines += [f"inputs: {{data: {{source: {source}, queue_size: 1000}}}}"]
    lines += ["outputs: [data]"] if has_output else []
    return [" " * indent + line for line in lines]
