"""What one call costs the program that makes it, in Python."""

import runs
from peers import NODES
from summary import microseconds

NUMBER = "B14"
NAME = "calls"
TITLE = "One call in Python"
NOTE = (
    "A node that is its own consumer sends eight messages, then takes eight that wait; medians per "
    "call. `value, metadata`: taking the event and looking at both. `async for`: likewise, in "
    "asyncio. pyzmq: `send` and `recv` of a PUSH and a PULL socket in one process, over ipc; in "
    "asyncio both are awaited."
)
METRICS = [("ns", "µs", microseconds)]
LOWER_IS_BETTER = True
YAML = f"""
nodes:
  - id: calls
    path: {NODES}/dora_calls.py
    outputs: [data]
    inputs:
      data: {{source: calls/data, queue_size: 64}}
"""


def peers(smoke):
    return ["ours", "dora-rs", "pyzmq-calls"]


def cells(smoke):
    kinds = ["bytes"] if smoke else ["bytes", "numpy", "pyarrow"]
    sends = [{"label": f"send_output {kind}, 8 B", "send": kind, "take": "next"} for kind in kinds]
    takes = [{"label": label, "send": "bytes", "take": take} for label, take in TAKES]
    return sends + ([] if smoke else takes)


# A socket gives bytes, and nothing about them.
OF_SOCKETS = ("send_output bytes, 8 B", "next", "async for")
TAKES = [
    ("next", "next"),
    ("next, value, metadata", "whole"),
    ("async for", "async"),
]


def run(peer, cell, smoke):
    if not peer.is_dora and cell["label"] not in OF_SOCKETS:
        return {}
    plan = {"send": cell["send"], "take": cell["take"], "rounds": 100 if smoke else 5000}
    if peer.is_dora:
        measured = runs.run_dataflow(peer, plan, YAML, limit_s=60)["received"]
    else:
        measured = runs.run_pair(peer, plan, limit_s=60)["received"]
    return {"ns": measured["send" if cell["label"].startswith("send") else "take"]}
