"""Who dies, when, and what is observed: the cells of docs/faults.md, each by doing it.

The tests named test_faults.py compare it with what happens; with DORA_WRITE_DOCUMENTS=1 they
write it.
"""

import os
import re
import signal
from pathlib import Path

from .watchdog import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
WRITES = os.environ.get("DORA_WRITE_DOCUMENTS") == "1"

# Each node can be held while it imports and while it is being stopped, by a file beside it.
PROGRAM = """
    import os, time
    from pathlib import Path

    print("process", os.getpid(), flush=True)
    while Path("hold-start").exists():
        time.sleep(0.01)
    import pyarrow as pa
    from dora import Node

    node = Node()
    print("running", flush=True)
    heard = False
    for event in node:
        if event["type"] == "INPUT":
            if not heard:
                print("first", flush=True)
            heard = True
            if {sends}:
                node.send_output("number", pa.array([1]))
        else:
            print("event", event["type"], event["id"], flush=True)
            if event["type"] == "STOP" and Path("hold-stop").exists():
                print("stopping", flush=True)
                while Path("hold-stop").exists():
                    time.sleep(0.01)
"""
YAML = """
    nodes:
      - {id: bystander, path: listens.py, inputs: {tick: dora/timer/millis/5}}
      - {id: consumer, path: listens.py, inputs: {number: producer/number}}
      - {id: producer, path: sends.py, inputs: {tick: dora/timer/millis/5}, outputs: [number]}
"""
RESTARTED = YAML.replace("[number]}", "[number], restart_policy: always}")
DYNAMIC = YAML.replace("sends.py", "dynamic")
# What the producer starts leaves its session and loses its parent.
GRANDCHILD = """\
import subprocess

subprocess.Popen(["setsid", "sleep", "3600"], start_new_session=True)
"""
OPERATOR = """
    import os, time
    from pathlib import Path

    print("process", os.getpid(), flush=True)
    import pyarrow as pa

    class Operator:
        heard = False

        def on_event(self, event, send_output):
            if event["type"] == "INPUT":
                if not self.heard:
                    print("first", flush=True)
                self.heard = True
                send_output("number", pa.array([1]))
                return
            print("event", event["type"], event["id"], flush=True)
            if event["type"] == "STOP" and Path("hold-stop").exists():
                print("stopping", flush=True)
                while True:
                    time.sleep(0.01)
"""
OPERATORS = """
    nodes:
      - {id: bystander, path: listens.py, inputs: {tick: dora/timer/millis/5}}
      - {id: consumer, path: listens.py, inputs: {number: producer/one/number}}
      - id: producer
        operators:
          - id: one
            python: counts.py
            inputs: {tick: dora/timer/millis/5}
            outputs: [number]
"""
NODES = ("bystander", "consumer", "producer")
MOMENTS = ("while it imports", "while messages flow", "while it is being stopped")


def prepare(flow, moment, yaml=YAML):
    flow.nodes(
        sends=PROGRAM.replace("{sends}", "True"), listens=PROGRAM.replace("{sends}", "False")
    )
    flow.yaml(yaml)
    if moment == MOMENTS[0]:
        (flow.path / "hold-start").touch()
    if moment == MOMENTS[2]:
        (flow.path / "hold-stop").touch()


def reach(moment, wait_for, stop, nodes=NODES):
    """Brings the dataflow to the moment; returns the processes of its nodes."""
    pids = {node: int(wait_for(f"{node}: process").split()[-1]) for node in nodes}
    if moment != MOMENTS[0]:
        for node in nodes:
            wait_for(f"{node}: first")
    if moment == MOMENTS[2]:
        stop()
        for node in nodes:
            wait_for(f"{node}: stopping")
    return pids


def events_of(text, node):
    """What a node was told, in order and without its inputs."""
    pattern = re.compile(rf"\b{node}: event (\S+) ?(\S*)")
    return [" ".join(match.groups()).strip() for match in pattern.finditer(text)]


def told(text, node):
    events = events_of(text, node)
    return f"`{node}`: " + (", ".join(f"`{event}`" for event in events) if events else "nothing")


def causes(text):
    """The roots of the failure, as the summary names them, or else the error that is printed."""
    found = re.findall(r"Node `(\w+)` failed: ([^\n]+)", text)
    if not found:
        return "; ".join(re.findall(r"^error: ([^\n(]+)", text, re.MULTILINE)).strip()
    return "; ".join(f"`{node}` {cause.rstrip('.')}" for node, cause in found)


def check(who, moment, observed):
    """Compares a cell with docs/faults.md, or writes it there."""
    row = "| " + " | ".join([who, moment, *observed]) + " |"
    lines = PAGE.read_text().splitlines()
    start = f"| {who} | {moment} |"
    known = [line for line in lines if line.startswith(start)]
    if not WRITES:
        assert known == [row]
        return
    if known:
        lines[lines.index(known[0])] = row
    else:
        lines.append(row)
    PAGE.write_text("\n".join(lines) + "\n")


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def gone_in(flow, besides=None):
    """Waits until nothing is left; what stays makes the test fail, and never a cell. A command that
    is told of it ends first."""
    if besides is not None:
        besides.end()
    flow.wait_until_gone()
    return "nothing is left"


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def wait_for_child(pid):
    wait_until(lambda: children_of(pid), f"a child of {pid}")
    return children_of(pid)[0]
