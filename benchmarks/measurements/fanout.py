"""One output, many consumers: what it costs the sender, and when the last one has it."""

import runs
from peers import NODES
from summary import microseconds, percentile

NUMBER = "B4"
NAME = "fanout"
TITLE = "One output to many consumers, 64 KiB every 5 ms"
NOTE = "last: from the send until the last consumer has it. send: the call that sends."
METRICS = [
    ("last_p50_ns", "last, p50, µs", microseconds),
    ("last_p99_ns", "last, p99, µs", microseconds),
    ("send_p50_ns", "send, p50, µs", microseconds),
]
LOWER_IS_BETTER = True
PLOT = {"metric": "last_p50_ns", "x": "consumers", "y_title": "last, p50 in µs", "scale": 1e-3}


def peers(smoke):
    return ["ours", "dora-rs", "dora-rs-pool"]


def cells(smoke):
    if smoke:
        return []
    return [{"label": f"1 to {number}", "consumers": number} for number in (1, 2, 4, 8, 16, 32)]


def run(peer, cell, smoke):
    plan = {"mode": "paced", "size": 65536, "warmup": 200, "count": 200, "gap_ns": 5_000_000}
    lines = ["nodes:", f"  - {{id: sender, path: {NODES}/dora_sender.py, outputs: [data]}}"]
    for index in range(cell["consumers"]):
        lines += [
            f"  - id: receiver-{index}",
            f"    path: {NODES}/dora_receiver.py",
            f"    env: {{BENCH_NAME: -{index}}}",
            "    inputs: {data: sender/data}",
        ]
    results = runs.run_dataflow(peer, plan, "\n".join(lines), limit_s=90)
    received = [value for key, value in results.items() if key.startswith("received")]
    complete = [value["latencies"] for value in received if value["received"] >= plan["count"]]
    if len(complete) < cell["consumers"]:
        raise runs.RunFailed("a consumer missed more than the warm-up")
    last = sorted(max(times) for times in zip(*complete, strict=True))
    return {
        "last_p50_ns": percentile(last, 50),
        "last_p99_ns": percentile(last, 99),
        "send_p50_ns": percentile(sorted(results["sent"]["durations"]), 50),
    }
