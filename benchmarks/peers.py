"""Whom we measure, and how a sender and a receiver of each are started.

A peer is either a dora (ours or dora-rs): one YAML file, started with its `dora run`; or a pair of
processes started by hand. Everything comes from two virtual environments, so that the two packages
that are called `dora` never meet.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NODES = HERE / "nodes"
OURS = ROOT / ".venv"
PEERS = ROOT / ".venv-bench"
PEER_PACKAGES = [
    "dora-rs==1.1.0",
    "dora-rs-cli==1.1.0",
    "pyzmq",
    "eclipse-zenoh",
    "iceoryx2",
    "numpy",
    "pyarrow",
]


@dataclass(frozen=True)
class Peer:
    """`kind` is what a dora sends: a buffer, a numpy or pyarrow array, or memory in place."""

    name: str
    environment: Path
    script: str = ""  # of a pair of processes; "" for a dora
    roles: tuple = ("receive", "send")
    kind: str = ""
    variables: dict = field(default_factory=dict, hash=False)
    module: str = "dora"
    label: str = ""

    @property
    def python(self):
        return self.environment / "bin" / "python"

    @property
    def is_dora(self):
        return not self.script

    @property
    def dora(self):
        return self.environment / "bin" / "dora"

    @property
    def title(self):
        return self.label or self.name


POOL = {"DORA_NODE_SHM_POOL_SIZE": str(512 << 20)}
ALL = [
    Peer("ours", OURS, kind="buffer", label="dora (this project)"),
    Peer("ours-numpy", OURS, kind="numpy", label="dora (this project), numpy"),
    Peer("ours-arrow", OURS, kind="arrow", label="dora (this project), pyarrow"),
    Peer("ours-in-place", OURS, kind="in-place", label="dora (this project), in place"),
    Peer("dora-rs", PEERS, kind="arrow", label="dora-rs 1.1.0"),
    Peer("dora-rs-pool", PEERS, kind="arrow", variables=POOL, label="dora-rs 1.1.0, 512 MiB pool"),
    Peer("pipe", PEERS, "pipe.py", roles=("both",), module="multiprocessing.connection",
         label="multiprocessing.Pipe"),
    Peer("pyzmq", PEERS, "zeromq.py", module="zmq"),
    Peer("zenoh", PEERS, "zenoh_peer.py", module="zenoh", label="eclipse-zenoh, shared memory"),
    Peer("iceoryx2", PEERS, "iceoryx.py", module="iceoryx2"),
]  # fmt: skip
BY_NAME = {peer.name: peer for peer in ALL}


def make_peer_environment():
    """Makes .venv-bench with the packages of the others, once."""
    stamp = PEERS / "complete"
    wanted = "\n".join(PEER_PACKAGES)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"making {PEERS.name} with {', '.join(PEER_PACKAGES)}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    pip = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    for package in PEER_PACKAGES:
        # One that is not to be had for this machine is left out of the tables, not the others.
        subprocess.run([*pip, "--disable-pip-version-check", package], check=False)
    stamp.write_text(wanted)


def available(peer):
    """Why the peer cannot be measured, or "" when it can."""
    if not peer.python.exists():
        return f"no Python at {peer.python}"
    if peer.is_dora and not peer.dora.exists():
        return f"no program at {peer.dora}"
    command = [str(peer.python), "-c", f"import {peer.module}"]
    if subprocess.run(command, env=environment_of(peer), capture_output=True).returncode:
        return f"{peer.environment.name} has no {peer.module}"
    return ""


def environment_of(peer):
    """The variables with which a peer's processes see their own environment first."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("DORA_")}
    variables.pop("PYTHONPATH", None)
    variables["VIRTUAL_ENV"] = str(peer.environment)
    variables["PATH"] = f"{peer.environment}/bin:{variables['PATH']}"
    return variables | peer.variables


class RunFailed(Exception):
    """A measured run did not come to its end; the text says why."""


def run_pair(peer, plan, limit_s):
    """Runs a sender and a receiver; gives what they wrote, and the CPU seconds of all processes.

    `plan`: the values of measure.Plan without the folder.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        text = json.dumps(plan | {"folder": folder, "kind": peer.kind})
        variables = environment_of(peer) | {"BENCH_PLAN": text}
        if peer.is_dora:
            commands = [[str(peer.dora), "run", write_dataflow(folder, plan)]]
        else:
            script = [str(peer.python), str(NODES / peer.script)]
            commands = [[*script, role] for role in peer.roles]
        cpu_s, wall_s, output = run_all(commands, variables, folder, limit_s)
        results = {"cpu_s": cpu_s, "wall_s": wall_s}
        for name in ("sent", "received"):
            path = Path(folder) / f"{name}.json"
            if path.exists():
                results[name] = json.loads(path.read_text())
        if "received" not in results:
            raise RunFailed("no result; the last output was:\n" + output[-1500:])
        return results


def write_dataflow(folder, plan):
    """The one YAML file for ours and for dora-rs. A flood gets a queue as long as the flood."""
    queue = (
        f"\n        queue_size: {plan['warmup'] + plan['count']}" if plan["mode"] == "flood" else ""
    )
    path = Path(folder) / "dataflow.yml"
    path.write_text(
        f"""nodes:
  - id: sender
    path: {NODES / "dora_sender.py"}
    outputs:
      - data
  - id: receiver
    path: {NODES / "dora_receiver.py"}
    inputs:
      data:
        source: sender/data{queue}
"""
    )
    return str(path)


def run_all(commands, variables, folder, limit_s):
    """Runs commands side by side until all ended. Returns CPU seconds, wall seconds, output."""
    log = Path(folder) / "output.txt"
    begin = time.monotonic()
    with log.open("wb") as output:
        running = {}
        for command in commands:
            process = subprocess.Popen(
                command, env=variables, cwd=folder, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            running[process.pid] = process
        cpu_s, failed = 0.0, ""
        while running:
            for pid in list(running):
                done, status, usage = os.wait4(pid, os.WNOHANG)
                if done:
                    # What dora's nodes used counts too: dora has waited for them.
                    cpu_s += usage.ru_utime + usage.ru_stime
                    running.pop(pid).returncode = status
                    failed = failed or (f"exit status {status}" if status else "")
            if time.monotonic() - begin > limit_s:
                for pid in running:
                    os.killpg(pid, signal.SIGKILL)
                failed = f"not ended after {limit_s} s"
                limit_s = float("inf")
            time.sleep(0.005)
    text = log.read_text(errors="replace")
    received = (Path(folder) / "received.json").exists()
    if failed and not received:
        raise RunFailed(f"{failed}; the last output was:\n{text[-1500:]}")
    return cpu_s, time.monotonic() - begin, text
