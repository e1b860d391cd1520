"""20 nodes exchange 10 000 messages a second, and every 5 s one is killed: nothing is lost
uncounted, nothing grows.

    ./dev soak                                        # half an hour
    python tests/support/soak.py --minutes 5 --rate 2000

run it in a folder of their own and print what they see. The tests run it for a minute.
"""

import argparse
import http.client
import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

PAIRS = 10
RATE = 10_000
BETWEEN_KILLS = 5
TICKS_PER_SECOND = 50
# What a node does not send while it comes back is made up for by the others.
MARGIN = 1.1
SOURCE = """
    import numpy as np
    from dora import Node

    node = Node()
    small, large = np.arange(8), np.zeros(20_000, np.uint8)
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            # A machine that was busy elsewhere owes the ticks that it skipped, too.
            for _ in range(BURST * (1 + event["metadata"].get("missed", 0))):
                number += 1
                node.send_output("data", large if number % 50 == 0 else small)
"""
SINK = """
    from dora import Node

    for event in Node():
        pass
"""


def yaml(pairs):
    text = "nodes:\n"
    for i in range(pairs):
        text += (
            f"  - {{id: source-{i}, path: source.py, inputs: {{tick: dora/timer/millis/20}}, "
            "outputs: [data], restart_policy: always}\n"
            f"  - {{id: sink-{i}, path: sink.py, restart_policy: always, inputs: {{data: "
            f"source-{i}/data, other: source-{(i + 1) % pairs}/data}}}}\n"
        )
    return text


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("dora")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self.path))


def ask(runtime, path, method="GET"):
    """What the control interface of the only dora answers."""
    (found,) = Path(runtime).glob("dora/*/control.sock")
    connection = UnixConnection(found)
    connection.request(method, path)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def engine_of(runtime):
    (record,) = Path(runtime).glob("dora/*/record.json")
    return json.loads(record.read_text())["pid"]


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def unaccounted(dataflow):
    """The edges on which a message is neither delivered nor dropped nor on its way."""
    return [
        edge
        for edge in dataflow["edges"]
        if edge["sent"] != edge["delivered"] + edge["dropped"] + edge["in_flight"]
    ]


def burst_for(rate, pairs):
    """How many messages a tick makes, so that so many a second arrive; each has two readers."""
    return math.ceil(rate * MARGIN / (2 * pairs * TICKS_PER_SECOND))


def prepare(folder, pairs=PAIRS, burst=10):
    (folder / "source.py").write_text(textwrap.dedent(SOURCE).replace("BURST", str(burst)))
    (folder / "sink.py").write_text(textwrap.dedent(SINK))
    (folder / "dataflow.yml").write_text(yaml(pairs))


def restarts_of(dataflow):
    return sum(node["restarts"] for node in dataflow["node_details"])


def wait_until_all_run(runtime, pairs, restarts=0, patience=120):
    """Waits until every node runs, after so many restarts: a death is noticed a moment later."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        dataflows = ask(runtime, "/v1/dataflows")["dataflows"]
        if (
            dataflows
            and restarts_of(dataflows[0]) >= restarts
            and sum(node["status"] == "running" for node in dataflows[0]["node_details"])
            == 2 * pairs
        ):
            return dataflows[0]
        time.sleep(0.05)
    raise AssertionError(f"not every node runs after {patience} s")


def soak(runtime, pairs, kills, between, say=lambda text: None, seed=None):
    """Kills a random node again and again, and returns what was taken after each recovery.

    `runtime` is the XDG_RUNTIME_DIR of a dora that runs prepare()'s dataflow.
    """
    seed = random.randrange(1 << 32) if seed is None else seed
    say(f"seed {seed}")
    choices = random.Random(seed)
    engine = engine_of(runtime)
    wait_until_all_run(runtime, pairs)
    taken = []
    for number in range(kills):
        # The load between two kills is what is tested.
        time.sleep(between)
        dataflow = wait_until_all_run(runtime, pairs, number)
        taken.append(measured(engine, dataflow))
        victim = choices.choice(dataflow["node_details"])
        now = taken[-1]
        say(
            f"{number:5}  {now.messages:>12} messages  engine {now.engine_bytes / 1e6:5.1f} MB "
            f"{now.engine_files:3} files  nodes {now.node_bytes / 1e6:6.1f} MB {now.node_files:4} "
            f"files  kill {victim['id']}"
        )
        os.kill(victim["pid"], signal.SIGKILL)
    taken.append(measured(engine, wait_until_all_run(runtime, pairs, kills)))
    return taken


@dataclass
class Taken:
    """What is taken of the machine while all nodes run."""

    engine_bytes: int
    engine_files: int
    node_bytes: int
    node_files: int
    messages: int
    seconds: float


def measured(engine, dataflow):
    nodes = [node["pid"] for node in dataflow["node_details"]]
    return Taken(
        resident_bytes(engine),
        open_files(engine),
        sum(map(resident_bytes, nodes)),
        sum(map(open_files, nodes)),
        dataflow["messages"],
        time.monotonic(),
    )


def rate_of(taken):
    """Messages per second from the first to the last measurement."""
    return (taken[-1].messages - taken[0].messages) / (taken[-1].seconds - taken[0].seconds)


def judge(taken, dataflow):
    """What is wrong, in words; empty when nothing is. The dataflow is over, so all is at rest."""
    problems = [f"messages are unaccounted for: {edge}" for edge in unaccounted(dataflow)]
    settled, last = taken[len(taken) // 3], taken[-1]
    # Nodes keep what their queues once needed, and those that came back have not grown yet.
    for name, slack in (("engine_bytes", 4e6), ("node_bytes", 100e6)):
        before, after = getattr(settled, name), getattr(last, name)
        if after > before * 1.15 + slack:
            problems.append(f"{name} grew from {before} to {after}")
    for name, slack in (("engine_files", 4), ("node_files", 8)):
        before, after = getattr(settled, name), getattr(last, name)
        if after > before + slack:
            problems.append(f"{name}: {before} were open, and {after} are")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--between", type=float, default=BETWEEN_KILLS, help="seconds from kill to kill"
    )
    parser.add_argument("--rate", type=int, default=RATE, help="messages per second")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dora-soak-") as name:
        folder = Path(name)
        prepare(folder, burst=burst_for(options.rate, PAIRS))
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        environment = os.environ | {"XDG_RUNTIME_DIR": str(runtime), "HOME": name}

        def dora(*words):
            program = Path(sys.executable).parent / "dora"
            subprocess.run([program, *words], cwd=folder, env=environment, check=True)

        dora("up")
        try:
            dora("start", "dataflow.yml", "--detach")
            kills = max(3, round(options.minutes * 60 / options.between))
            taken = soak(runtime, PAIRS, kills, options.between, print, options.seed)
            dora("stop", "--all")
            problems = judge(taken, ask(runtime, "/v1/dataflows")["dataflows"][0])
            print(f"{rate_of(taken):.0f} messages per second, {kills} kills")
            if rate_of(taken) < options.rate:
                problems.append("that is less than was asked for")
        finally:
            dora("down", "--force")
    print("\n".join(problems) or "conservation exact, memory flat, no file left open")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
