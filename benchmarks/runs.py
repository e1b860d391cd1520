"""Starts the processes of one measured run, and collects what they wrote."""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from peers import NODES, environment_of


class RunFailed(Exception):
    """A measured run did not come to its end; the text says why."""


def run_pair(peer, plan, limit_s):
    """Runs a sender and a receiver. `plan`: the values of measure.Plan without the folder.

    Returns what they wrote, by name ("sent", "received"), "output": what they printed, and "cpu_s":
    of all processes together.
    """
    if peer.is_dora:
        return run_dataflow(peer, plan, two_nodes(peer, plan), limit_s)
    script = [str(peer.python), str(NODES / peer.script)]
    return collect(peer, plan, [[*script, role] for role in peer.roles], {}, limit_s)


def run_dataflow(peer, plan, yaml, limit_s):
    """Runs a dataflow; what its nodes wrote is returned by name, as by run_pair."""
    command = [str(peer.dora), "run", "dataflow.yml"]
    return collect(peer, plan, [command], {"dataflow.yml": yaml}, limit_s)


def two_nodes(peer, plan):
    """The one YAML text for ours and for dora-rs.

    A flood gets a queue as long as the flood, if the plan names no "queue".
    """
    length = plan.get("queue", plan["warmup"] + plan["count"] if plan["mode"] == "flood" else None)
    queue = f", queue_size: {length}" if length else ""
    return f"""
nodes:
  - {{id: sender, path: {NODES}/dora_sender.py, outputs: [data]}}
  - id: receiver
    path: {NODES}/{peer.receiver}
    inputs:
      data: {{source: sender/data{queue}}}
"""


def collect(peer, plan, commands, files, limit_s):
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text)
        text = json.dumps(plan | {"folder": name, "kind": peer.kind})
        variables = environment_of(peer) | {"BENCH_PLAN": text}
        cpu_s, failed = run_all(commands, variables, folder, limit_s)
        results = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        output = (folder / "output.txt").read_text(errors="replace")
        if not any(key.startswith("received") for key in results):
            raise RunFailed(f"{failed or 'no result'}; the last output was:\n{output[-1500:]}")
        return results | {"cpu_s": cpu_s, "output": output}


def run_all(commands, variables, folder, limit_s):
    """Runs commands side by side to their end. Returns CPU seconds, and what went wrong or ""."""
    begin = time.monotonic()
    cpu_s, failed = 0.0, ""
    with (folder / "output.txt").open("wb") as output:
        running = set()
        for command in commands:
            process = subprocess.Popen(
                command, env=variables, cwd=folder, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            process.returncode = 0  # waited for below, where it tells what it used
            running.add(process.pid)
        while running:
            for pid in list(running):
                done, status, usage = os.wait4(pid, os.WNOHANG)
                if done:
                    # What dora's nodes used is in it: dora has waited for them.
                    cpu_s += usage.ru_utime + usage.ru_stime
                    running.discard(pid)
                    failed = failed or (f"exit status {status}" if status else "")
            if time.monotonic() - begin > limit_s:
                for pid in running:
                    os.killpg(pid, signal.SIGKILL)
                failed = f"not ended after {limit_s} s"
                limit_s = float("inf")
            time.sleep(0.005)
    return cpu_s, failed
