"""A whole dataflow that does nothing: how fast it starts and stops, and what it costs to have."""

import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import peers as known
import procfs
import runs
from summary import plain, seconds

NUMBER = "B7, B8, B9"
NAME = "graph"
TITLE = "A chain of Python nodes that sends nothing"
NOTE = (
    "start: from the command until `Node()` has returned in every node. stop: from Ctrl-C until "
    "the command has returned. Memory is proportional set size; private memory is what no other "
    "process shares, less that of a Python that only sleeps: of ours it must be at most 3 MB. "
    "Nothing is imported but dora. CPU and wake-ups are those of all processes, for a minute."
)
METRICS = [
    ("start_s", "start", seconds),
    ("stop_s", "stop", seconds),
    ("idle_cpu_percent", "CPU while idle, % of a core", lambda value: f"{value:.3f}"),
    ("idle_wakeups_s", "wake-ups per second while idle", lambda value: f"{value:.1f}"),
    ("node_pss_mb", "memory per node, MB", lambda value: f"{value:.1f}"),
    ("node_private_over_bare_mb", "private memory per node, MB", lambda value: f"{value:.2f}"),
    ("daemon_pss_mb", "memory of the daemon, MB", lambda value: f"{value:.1f}"),
    ("node_threads", "threads per node", lambda value: f"{value:.1f}"),
    ("daemon_threads", "threads of the daemon", plain),
    ("node_descriptors", "open files per node", lambda value: f"{value:.1f}"),
    ("daemon_descriptors", "open files of the daemon", plain),
]
LOWER_IS_BETTER = True
PLOT = {"metric": "start_s", "x": "nodes", "y_title": "start in s", "scale": 1}


def peers(smoke):
    return ["ours", "dora-rs"]


def cells(smoke):
    numbers = (2,) if smoke else (1, 10, 50, 100)
    rows = [{"label": f"{number} node{'s' * (number > 1)}", "nodes": number} for number in numbers]
    number, idle_s = (2, 1) if smoke else (20, 60)
    return [*rows, {"label": f"{number} nodes, idle", "nodes": number, "idle_s": idle_s}]


def run(peer, cell, smoke):
    number = cell["nodes"]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_dataflow(folder, number)
        variables = known.environment_of(peer) | {"BENCH_FOLDER": folder}
        with open(f"{folder}/output.txt", "wb") as output:
            begin = time.monotonic_ns()
            process = subprocess.Popen(
                [str(peer.dora), "run", "dataflow.yml"], env=variables, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        try:
            moment, pids = wait_until_ready(folder, number, process)
            if "idle_s" in cell:
                return idle(folder, cell["idle_s"])
            result = {"start_s": (moment - begin) / 1e9}
            time.sleep(0.5)  # until the last one waits for its first event
            with bare_python(peer, variables) as bare:
                result |= size_of(pids, number, folder, bare)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            result["stop_s"] = time.monotonic() - begin
            return result
        except subprocess.TimeoutExpired:
            raise runs.RunFailed("Ctrl-C did not end it within 60 s") from None
        finally:
            end(process)


def end(process):
    """Ends it when it still runs: with time for a proper end, then at once."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def write_dataflow(folder, number):
    lines = ["nodes:"]
    for index in range(number):
        lines += [f"  - id: node-{index}", f"    path: {known.NODES / 'dora_idle.py'}"]
        lines += ["    outputs:", "      - data"]
        source = f"node-{index - 1}/data" if index else "dora/timer/secs/3600"
        lines += ["    inputs:", f"      data: {source}"]
        lines += ["    env:", f"      BENCH_NODE: {index}"]
    Path(folder, "dataflow.yml").write_text("\n".join(lines) + "\n")


def wait_until_ready(folder, number, process):
    """Returns the moment in which the last node was ready, and the ids of all."""
    deadline = time.monotonic() + 180  # dora-rs takes a minute for 100
    while len(list(Path(folder).glob("ready-*.json"))) < number:
        if process.poll() is not None or time.monotonic() > deadline:
            text = Path(folder, "output.txt").read_text(errors="replace")
            raise runs.RunFailed("not every node came up; the last output was:\n" + text[-1500:])
        time.sleep(0.01)
    nodes = [json.loads(path.read_text()) for path in Path(folder).glob("ready-*.json")]
    return max(node["moment"] for node in nodes), {node["pid"] for node in nodes}


def size_of(pids, number, folder, bare):
    """What the nodes and the rest weigh, while nothing happens."""
    others = [pid for pid in procfs.processes_of(folder) if pid not in pids]
    private = sum(procfs.private_of(pid) for pid in pids) / number
    return {
        "node_pss_mb": sum(procfs.pss_of(pid) for pid in pids) / number,
        "node_private_over_bare_mb": private - procfs.private_of(bare),
        "daemon_pss_mb": sum(procfs.pss_of(pid) for pid in others),
        "node_threads": sum(procfs.threads_of(pid) for pid in pids) / number,
        "daemon_threads": sum(procfs.threads_of(pid) for pid in others),
        "node_descriptors": sum(procfs.descriptors_of(pid) for pid in pids) / number,
        "daemon_descriptors": sum(procfs.descriptors_of(pid) for pid in others),
    }


def idle(folder, idle_s):
    pids = procfs.processes_of(folder)
    before = [(procfs.cpu_of(pid), procfs.wakeups_of(pid)) for pid in pids]
    time.sleep(idle_s)
    after = [(procfs.cpu_of(pid), procfs.wakeups_of(pid)) for pid in pids]
    used, woken = (
        sum(new[i] - old[i] for old, new in zip(before, after, strict=True)) for i in range(2)
    )
    return {"idle_cpu_percent": used / idle_s * 100, "idle_wakeups_s": woken / idle_s}


@contextmanager
def bare_python(peer, variables):
    """The id of a Python that has imported nothing but what it needs to sleep."""
    command = [str(peer.python), "-c", "import time; print(flush=True); time.sleep(3600)"]
    # Not found by processes_of: it does not belong to the dataflow.
    variables = {name: text for name, text in variables.items() if name != "BENCH_FOLDER"}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()
