"""A node is killed: how soon the others know, and what they lose by it."""

import json
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import procfs
import runs
from peers import NODES, environment_of
from summary import milliseconds, plain

NUMBER = "B10"
NAME = "crash"
TITLE = "kill -9 of a node"
NOTE = (
    "Told: from the kill until the node that reads from it has an event that says so. Beside it a "
    "sender and a receiver go on for three seconds, every 2 ms; the consumer that is killed reads "
    "from this sender, too. Lost: what the receiver missed. Left: shared memory that some process "
    "still holds a second after the end, and names in /dev/shm that were not there before."
)
METRICS = [
    ("told_ns", "told after, ms", milliseconds),
    ("send_max_ns", "longest send of the other sender, ms", lambda ns: f"{ns / 1e6:.2f}"),
    ("lost", "lost on the other edge", plain),
    ("memory_left", "shared memory left", plain),
    ("names_left", "names left in /dev/shm", plain),
]
LOWER_IS_BETTER = True

#   sender ────► receiver
#   sender or a timer ────► victim ────► watcher
YAML = """
nodes:
  - {{id: sender, path: {nodes}/dora_sender.py, outputs: [data]}}
  - id: receiver
    path: {nodes}/dora_receiver.py
    inputs: {{data: {{source: sender/data, queue_size: {total}}}}}
  - id: victim
    path: {nodes}/dora_victim.py
    inputs: {{data: {source}}}
    outputs: [data]
  - {{id: watcher, path: {nodes}/dora_watcher.py, inputs: {{data: victim/data}}}}
"""


def peers(smoke):
    return ["ours"] if smoke else ["ours", "dora-rs"]


def cells(smoke):
    return [
        {"label": "a producer", "source": "dora/timer/millis/2"},
        {"label": "a consumer, which passes on", "source": "sender/data"},
    ]


def run(peer, cell, smoke):
    total = 750 if smoke else 1500
    plan = {"mode": "paced", "size": 4096, "warmup": 0, "count": total, "gap_ns": 2_000_000}
    yaml = YAML.format(nodes=NODES, total=total, source=cell["source"])
    names = set(os.listdir("/dev/shm"))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "dataflow.yml").write_text(yaml)
        variables = environment_of(peer) | {
            "BENCH_FOLDER": name,
            "BENCH_PLAN": json.dumps(plan | {"folder": name, "kind": peer.kind}),
        }
        killed = []
        thread = threading.Thread(target=kill_when_seen, args=(folder, killed))
        thread.start()
        runs.run_all([[str(peer.dora), "run", "dataflow.yml"]], variables, folder, limit_s=30)
        thread.join()
        found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        if not killed or not {"told", "sent", "received"} <= set(found):
            output = (folder / "output.txt").read_text(errors="replace")
            raise runs.RunFailed(
                f"it ended with {', '.join(sorted(found))} only; the last output was:\n"
                f"{output[-1500:]}"
            )
        moment, memory = killed
        return {
            "told_ns": found["told"]["moment"] - moment,
            "send_max_ns": max(found["sent"]["durations"]),
            "lost": total - found["received"]["received"],
            "memory_left": len(held_after_a_second(memory)),
            "names_left": len(set(os.listdir("/dev/shm")) - names),
        }


def kill_when_seen(folder, killed):
    """Kills the victim once the watcher has seen some messages of it.

    Puts into `killed` when that was, and what shared memory there was just before.
    """
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (folder / "seen.json").exists():
            pid = json.loads((folder / "victim.json").read_text())["pid"]
            pids = procfs.processes_of(folder)
            memory = set().union(*map(procfs.shared_memory_of, pids))
            killed += [time.monotonic_ns(), memory]
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.005)


def held_after_a_second(memory):
    deadline = time.monotonic() + 1
    while (held := procfs.still_held(memory)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held
