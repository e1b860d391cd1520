"""What everybody pays before anything happens: `import` and the program's start."""

import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager

import peers as known
import runs
from summary import milliseconds

from measurements import graph

NUMBER = "B13"
NAME = "imports"
TITLE = "Start of the program, and import"
NOTE = (
    "`import`: a Python that imports the package, less a Python that imports nothing. "
    "`dora ...`: the whole process; completion is that of names, with a dataflow that runs. "
    "Medians of eleven, with warm caches."
)
METRICS = [("ns", "ms", milliseconds)]
LOWER_IS_BETTER = True


def peers(smoke):
    return ["ours", "dora-rs", "pipe", "pyzmq", "zenoh", "iceoryx2"]


def cells(smoke):
    programs = [["--version"], ["-h"], ["run", "-h"]]
    return [
        {"label": "import"},
        *({"label": f"dora {' '.join(words)}", "words": words} for words in programs),
        {"label": "completion of `dora stop`", "words": ["__complete", "--", "stop", ""]},
    ]


def run(peer, cell, smoke):
    repeats = 3 if smoke else 11
    if cell["label"] == "import":
        command = [str(peer.python), "-c"]
        bare = time_of([*command, "pass"], peer, repeats)
        return {"ns": max(0, time_of([*command, f"import {peer.module}"], peer, repeats) - bare)}
    if not peer.is_dora:
        return {}
    command = [str(peer.dora), *cell["words"]]
    if cell["words"][0] != "__complete":
        return {"ns": time_of(command, peer, repeats)}
    if peer.name != "ours":
        return {}  # its completion knows no names
    with running_dataflow(peer) as (name, variables):
        asked = subprocess.run(command, env=variables, capture_output=True, text=True)
        if name not in asked.stdout:
            raise runs.RunFailed(f"{name} was not offered: {asked.stdout}{asked.stderr}")
        return {"ns": time_of(command, peer, repeats, variables)}


@contextmanager
def running_dataflow(peer):
    """One node that waits. Yields the name of the dataflow, and the variables to find it with."""
    name = "robot-1"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        graph.write_dataflow(folder, 1)
        variables = known.environment_of(peer)
        variables |= {"BENCH_FOLDER": folder, "XDG_RUNTIME_DIR": folder}
        with open(f"{folder}/output.txt", "wb") as output:
            process = subprocess.Popen(
                [str(peer.dora), "run", "dataflow.yml", "--name", name], env=variables,
                cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        try:
            graph.wait_until_ready(folder, 1, process)
            yield name, variables
        finally:
            graph.end(process)


def time_of(command, peer, repeats, variables=None):
    variables = variables or known.environment_of(peer)
    times = []
    for _ in range(repeats + 1):
        begin = time.monotonic_ns()
        subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)
        times.append(time.monotonic_ns() - begin)
    return statistics.median(times[1:])
