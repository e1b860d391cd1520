"""Ping-pong of two processes without an interpreter, both of which poll and never sleep."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import peers as known
import runs
from summary import plain

NUMBER = "B2"
NAME = "native"
TITLE = "Ping-pong in C++ and Rust, both sides poll, half of a round trip"
NOTE = (
    "dora: two C++ nodes with `latency: busy`; iceoryx2: two processes in Rust with its own API. "
    "Each writes its payload and reads the other's. Nobody sleeps: not to be compared with the "
    "benchmarks above."
)
METRICS = [("p50_ns", "p50, ns", plain), ("p99_ns", "p99, ns", plain)]
LOWER_IS_BETTER = True

BUILD = known.ROOT / "build" / "bench"
TRIPS = 100_000
YAML = """
nodes:
  - id: ping
    path: {program}
    args: ping {size} {trips} {result}
    latency: busy
    inputs: {{data: pong/data}}
    outputs: [data]
  - id: pong
    path: {program}
    args: pong {size} {trips} {result}
    latency: busy
    inputs: {{data: ping/data}}
    outputs: [data]
"""


def peers(smoke):
    return ["ours", "iceoryx2"]


def cells(smoke):
    sizes = [("8 B", 8), ("64 KiB", 64 << 10)]
    return [] if smoke else [{"label": label, "size": size} for label, size in sizes]


def run(peer, cell, smoke):
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        result = folder / "result.json"
        if peer.is_dora:
            text = YAML.format(program=our_program(), size=cell["size"], trips=TRIPS, result=result)
            (folder / "dataflow.yml").write_text(text)
            commands = [[str(peer.dora), "run", "dataflow.yml"]]
        else:
            rest = [str(cell["size"]), str(TRIPS), str(result), folder.name]
            commands = [[str(their_program()), role, *rest] for role in ("pong", "ping")]
        runs.run_all(commands, known.environment_of(peer), folder, limit_s=60)
        if not result.exists():
            output = (folder / "output.txt").read_text(errors="replace")
            raise runs.RunFailed(f"no result; the last output was:\n{output[-1500:]}")
        return json.loads(result.read_text())


@cache
def our_program():
    """nodes/ping_pong.cpp, compiled as a user would: against the installed package."""
    ask = [str(known.OURS / "bin" / "python"), "-m", "dora", "--include-dir"]
    include = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    library = include.parent / "lib"
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / "ping_pong"
    compile_it(
        "c++", "-std=c++20", "-O2", f"-I{include}", str(known.NODES / "ping_pong.cpp"),
        f"-L{library}", "-ldora", f"-Wl,-rpath,{library}", "-o", str(program),
    )  # fmt: skip
    return program


@cache
def their_program():
    if not shutil.which("cargo"):
        raise runs.RunFailed("cargo, which builds iceoryx2, is not installed")
    source, target = known.HERE / "iceoryx2_ping_pong", BUILD / "iceoryx2"
    compile_it(
        "cargo", "build", "--release", "--quiet",
        "--manifest-path", str(source / "Cargo.toml"), "--target-dir", str(target),
    )  # fmt: skip
    return target / "release" / "iceoryx2_ping_pong"


def compile_it(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise runs.RunFailed(f"{command[0]} failed:\n{done.stderr[-1500:]}")
