"""A whole dataflow that does nothing: how fast it starts and stops, and what it costs to have."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import peers as known
import runs
from summary import plain, seconds

NUMBER = "B7, B8, B9"
NAME = "graph"
TITLE = "A chain of Python nodes that sends nothing"
NOTE = (
    "start: from the command until `Node()` has returned in every node. stop: from Ctrl-C until "
    "the command has returned. Memory is proportional set size; CPU is that of all processes."
)
METRICS = [
    ("start_s", "start", seconds),
    ("stop_s", "stop", seconds),
    ("idle_cpu_percent", "CPU while idle, % of a core", lambda value: f"{value:.2f}"),
    ("idle_wakeups_s", "wake-ups per second while idle", plain),
    ("node_pss_mb", "memory per node, MB", lambda value: f"{value:.1f}"),
    ("daemon_pss_mb", "memory of the daemon, MB", lambda value: f"{value:.1f}"),
    ("node_threads", "threads per node", lambda value: f"{value:.1f}"),
    ("daemon_threads", "threads of the daemon", plain),
]
LOWER_IS_BETTER = True
PLOT = {"metric": "start_s", "x": "nodes", "y_title": "start in s", "scale": 1}

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def peers(smoke):
    return ["ours", "dora-rs"]


def cells(smoke):
    numbers = (2,) if smoke else (1, 10, 50)
    return [{"label": f"{number} node{'s' * (number > 1)}", "nodes": number} for number in numbers]


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
            result = {"start_s": (wait_until_ready(folder, number, process) - begin) / 1e9}
            result |= look_at(folder, number, idle_s=1 if smoke else 5)
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            result["stop_s"] = time.monotonic() - begin
            return result
        except subprocess.TimeoutExpired:
            raise runs.RunFailed("Ctrl-C did not end it within 60 s") from None
        finally:
            if process.poll() is None:
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
    deadline = time.monotonic() + 60
    while len(list(Path(folder).glob("ready-*.json"))) < number:
        if process.poll() is not None or time.monotonic() > deadline:
            text = Path(folder, "output.txt").read_text(errors="replace")
            raise runs.RunFailed("not every node came up; the last output was:\n" + text[-1500:])
        time.sleep(0.01)
    return max(json.loads(path.read_text())["moment"] for path in Path(folder).glob("ready-*.json"))


def look_at(folder, number, idle_s):
    node_pids = {json.loads(path.read_text())["pid"] for path in Path(folder).glob("ready-*.json")}
    pids = processes_of(folder)
    before = {pid: (cpu_of(pid), wakeups_of(pid)) for pid in pids}
    time.sleep(idle_s)
    used = sum(cpu_of(pid) - before[pid][0] for pid in pids)
    woken = sum(wakeups_of(pid) - before[pid][1] for pid in pids)
    others = [pid for pid in pids if pid not in node_pids]
    return {
        "idle_cpu_percent": used / idle_s * 100,
        "idle_wakeups_s": woken / idle_s,
        "node_pss_mb": sum(pss_of(pid) for pid in node_pids) / number,
        "daemon_pss_mb": sum(pss_of(pid) for pid in others),
        "node_threads": sum(threads_of(pid) for pid in node_pids) / number,
        "daemon_threads": sum(threads_of(pid) for pid in others),
    }


def processes_of(folder):
    """Every process that was started with this run's folder in its variables."""
    marker = f"BENCH_FOLDER={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            pass  # it ended, or belongs to somebody else
    return found


def cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def wakeups_of(pid):
    """How often its threads have gone to sleep."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                count += int(line.split()[1])
    return count


def threads_of(pid):
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def pss_of(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
