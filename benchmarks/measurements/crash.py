"""A node is killed: how soon the node that listens to it knows."""

import json
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import runs
from peers import NODES, environment_of
from summary import milliseconds

NUMBER = "B10"
NAME = "crash"
TITLE = "kill -9 of a node that sends"
NOTE = (
    "From the kill until its consumer has an event that says so. The dataflow then ends by itself."
)
METRICS = [("told_ns", "told after, ms", milliseconds)]
LOWER_IS_BETTER = True

YAML = f"""
nodes:
  - id: victim
    path: {NODES}/dora_victim.py
    inputs: {{tick: dora/timer/millis/2}}
    outputs: [data]
  - {{id: watcher, path: {NODES}/dora_watcher.py, inputs: {{data: victim/data}}}}
"""


def peers(smoke):
    return ["ours", "dora-rs"]


def cells(smoke):
    return [] if smoke else [{"label": "sending every 2 ms"}]


def run(peer, cell, smoke):
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "dataflow.yml").write_text(YAML)
        variables = environment_of(peer) | {"BENCH_FOLDER": name}
        killed = []
        thread = threading.Thread(target=kill_when_seen, args=(folder, killed))
        thread.start()
        runs.run_all([[str(peer.dora), "run", "dataflow.yml"]], variables, folder, limit_s=30)
        thread.join()
        if not killed or not (folder / "told.json").exists():
            output = (folder / "output.txt").read_text(errors="replace")
            raise runs.RunFailed(
                f"the consumer was never told; the last output was:\n{output[-1500:]}"
            )
        return {"told_ns": json.loads((folder / "told.json").read_text())["moment"] - killed[0]}


def kill_when_seen(folder, killed):
    """Kills the victim once the watcher has seen some messages of it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (folder / "seen.json").exists():
            pid = json.loads((folder / "victim.json").read_text())["pid"]
            killed.append(time.monotonic_ns())
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.005)
