"""What everybody pays before anything happens: `import` and the program's start."""

import statistics
import subprocess
import time

import peers as known
from summary import milliseconds

NUMBER = "B13"
NAME = "imports"
TITLE = "Start of the program, and import"
NOTE = (
    "`import`: a Python that imports the package, less a Python that imports nothing. "
    "`dora --version`: the whole process. Medians of eleven, with warm caches."
)
METRICS = [("ns", "ms", milliseconds)]
LOWER_IS_BETTER = True


def peers(smoke):
    return ["ours", "dora-rs", "pipe", "pyzmq", "zenoh", "iceoryx2"]


def cells(smoke):
    return [{"label": "import"}, {"label": "dora --version"}]


def run(peer, cell, smoke):
    repeats = 3 if smoke else 11
    if cell["label"] == "import":
        command = [str(peer.python), "-c"]
        bare = time_of([*command, "pass"], peer, repeats)
        return {"ns": max(0, time_of([*command, f"import {peer.module}"], peer, repeats) - bare)}
    if not peer.is_dora:
        return {}
    return {"ns": time_of([str(peer.dora), "--version"], peer, repeats)}


def time_of(command, peer, repeats):
    variables = known.environment_of(peer)
    times = []
    for _ in range(repeats + 1):
        begin = time.monotonic_ns()
        subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic_ns() - begin)
    return statistics.median(times[1:])
