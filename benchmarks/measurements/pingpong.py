"""One message goes back and forth: half of the round trip."""

import runs
from peers import NODES
from summary import microseconds, percentile

NUMBER = "B2"
NAME = "pingpong"
TITLE = "Ping-pong, half of a round trip"
NOTE = "A message goes back and forth without a pause; both sides sleep while they wait."
METRICS = [("p50_ns", "p50, µs", microseconds), ("p99_ns", "p99, µs", microseconds)]
LOWER_IS_BETTER = True
PLOT = {"metric": "p50_ns", "x": "size", "y_title": "p50 in µs", "scale": 1e-3}

SIZES = [("8 B", 8), ("4 KiB", 4096), ("400 KB", 400_000), ("4 MB", 4_000_000)]
YAML = f"""
nodes:
  - id: ping
    path: {NODES}/dora_ping.py
    inputs: {{data: pong/data}}
    outputs: [data]
  - id: pong
    path: {NODES}/dora_relay.py
    inputs: {{data: ping/data}}
    outputs: [data]
"""


def peers(smoke):
    return ["ours", "ours-numpy", "dora-rs", "dora-rs-pool", "pipe"]


def cells(smoke):
    return [] if smoke else [{"label": label, "size": size} for label, size in SIZES]


def run(peer, cell, smoke):
    plan = {"mode": "paced", "size": cell["size"], "warmup": 200, "count": 1000, "gap_ns": 0}
    if peer.is_dora:
        results = runs.run_dataflow(peer, plan, YAML, limit_s=60)
    else:
        command = [str(peer.python), str(NODES / "pipe_ping.py")]
        results = runs.collect(peer, plan, [command], {}, limit_s=60)
    ordered = sorted(results["received"]["latencies"])
    if not ordered:
        raise runs.RunFailed("nothing came back")
    return {"p50_ns": percentile(ordered, 50) / 2, "p99_ns": percentile(ordered, 99) / 2}
