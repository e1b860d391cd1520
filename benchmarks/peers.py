"""Whom we measure.

A peer is either a dora (ours or dora-rs): one YAML file, started with its `dora run`; or a pair of
processes started by hand. Everything comes from two virtual environments, so that the two packages
that are called `dora` never meet.
"""

import os
import subprocess
import sys
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
    receiver: str = "dora_receiver.py"  # of a dora
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
    Peer("ours-asyncio", OURS, kind="buffer", receiver="dora_async_receiver.py",
         label="dora (this project), asyncio"),
    Peer("dora-rs", PEERS, kind="arrow", label="dora-rs 1.1.0"),
    Peer("dora-rs-pool", PEERS, kind="arrow", variables=POOL, label="dora-rs 1.1.0, 512 MiB pool"),
    Peer("pipe", PEERS, "pipe.py", roles=("both",), module="multiprocessing.connection",
         label="multiprocessing.Pipe"),
    Peer("pyzmq", PEERS, "zeromq.py", module="zmq"),
    Peer("pyzmq-calls", PEERS, "zeromq_calls.py", roles=("both",), module="zmq.asyncio",
         label="pyzmq, also with asyncio"),
    Peer("zenoh", PEERS, "zenoh_peer.py", module="zenoh", label="eclipse-zenoh, shared memory"),
    Peer("iceoryx2", PEERS, "iceoryx.py", module="iceoryx2"),
    Peer("memcpy", PEERS, "memcpy.py", roles=("both",), module="sys", label="one copy in memory"),
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
