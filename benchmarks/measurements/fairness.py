"""How long an operator waits for a neighbour in its process that computes."""

import runs
from peers import NODES
from summary import microseconds, percentile

NUMBER = "B15"
NAME = "fairness"
TITLE = "A message to an operator whose neighbour computes for 5 ms of every 10"
NOTE = (
    "A node sends 8 bytes every 7 ms to an operator that does nothing else than to look at the "
    "clock. Its neighbour gets a tick every 10 ms and computes for 5 ms: in Python, or in numpy, "
    "which releases the GIL. `thread: own` is the neighbour's."
)
METRICS = [
    ("p50_ns", "p50, µs", microseconds),
    ("p90_ns", "p90, µs", microseconds),
    ("p99_ns", "p99, µs", microseconds),
    ("max_ns", "longest, µs", microseconds),
]
LOWER_IS_BETTER = True

BUSY_NS = 5_000_000


def peers(smoke):
    return ["ours"]


def cells(smoke):
    return [
        {"label": "no neighbour", "kind": None, "place": ""},
        {"label": "Python, one thread", "kind": "python", "place": "shared"},
        {"label": "Python, thread: own", "kind": "python", "place": "own"},
        {"label": "numpy, one thread", "kind": "numpy", "place": "shared"},
        {"label": "numpy, thread: own", "kind": "numpy", "place": "own"},
        {"label": "Python, a node of its own", "kind": "python", "place": "node"},
    ]


def run(peer, cell, smoke):
    plan = {
        "mode": "paced",
        "size": 8,
        "warmup": 20,
        "count": 100 if smoke else 1000,
        "gap_ns": 7_000_000,
    }
    received = runs.run_dataflow(peer, plan, dataflow(cell), limit_s=60)["received"]
    ordered = sorted(received["latencies"])
    if not ordered:
        raise runs.RunFailed("nothing came through")
    return {
        "p50_ns": percentile(ordered, 50),
        "p90_ns": percentile(ordered, 90),
        "p99_ns": percentile(ordered, 99),
        "max_ns": ordered[-1],
        "lost": plan["count"] - len(ordered),
    }


def dataflow(cell):
    kind, place = cell["kind"], cell["place"]
    busy = [
        "      - id: busy",
        f"        python: {NODES}/op_busy.py",
        "        inputs: {tick: {source: dora/timer/millis/10, queue_size: 1}}",
        *(["        thread: own"] if place == "own" else []),
    ]
    lines = [
        "exit_when_nodes_finish: true",
        f"env: {{BUSY_KIND: {kind}, BUSY_NS: {BUSY_NS}, OPENBLAS_NUM_THREADS: 1}}",
        "nodes:",
        f"  - {{id: sender, path: {NODES}/dora_sender.py, outputs: [data]}}",
        "  - id: runtime",
        "    operators:",
        "      - id: quick",
        f"        python: {NODES}/op_sink.py",
        "        inputs: {data: {source: sender/data, queue_size: 1000}}",
    ]
    if place == "node":
        # Something of the sender's, so that it ends with it.
        busy[2] = busy[2].replace("}}", "}, data: sender/data}")
        lines += ["  - id: other", "    operators:"]
    if kind is not None:
        lines += busy
    return "\n".join(lines) + "\n"
