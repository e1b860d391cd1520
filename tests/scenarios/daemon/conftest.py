"""A dora in the background, for one test."""

import json
from pathlib import Path

import pytest
from support.faults import children_of
from support.watchdog import wait_until

NODE = """
    from dora import Node

    node = Node()
    print("ready")
    for event in node:
        if event["type"] == "STOP":
            print("STOP", event["id"])
"""
WAITING = """
    nodes:
      - id: waiting
        path: waiting.py
        inputs: {tick: dora/timer/secs/3600}
"""


def parent_of(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("PPid:")[1].split()[0])


class Daemon:
    """`dora up`, and commands that speak to it."""

    def __init__(self, flow, run_dora, runtime):
        self.flow = flow
        self.runtime = runtime
        self.run = run_dora
        assert run_dora("up").code == 0

    def start(self, *arguments, file="dataflow.yml"):
        """Starts a dataflow, and returns its UUID."""
        done = self.run("start", file, "--detach", *arguments)
        assert done.code == 0, done
        return done.out.strip().removeprefix("dataflow start triggered: ")

    def list(self, *arguments):
        """What `dora list` tells, by UUID."""
        done = self.run("list", "--json", *arguments)
        assert done.code == 0, done
        return {line["uuid"]: line for line in map(json.loads, done.out.splitlines())}

    def engine(self):
        """The process that serves; its record names it."""
        records = Path(self.runtime).glob("dora/default/record.json")
        return json.loads(next(records).read_text())["pid"]

    def watcher(self):
        """The process that watches over the engine and the front."""
        return parent_of(self.engine())

    def front(self):
        """The process that was started as `dora daemon`."""
        return parent_of(self.watcher())

    def guard(self):
        """The process that is left when the other three are killed."""
        watcher = self.watcher()
        return next(pid for pid in children_of(self.front()) if pid != watcher)

    def messages(self, uuid, node):
        """What the log file of a node holds."""
        log = self.flow.path / "out" / uuid / f"log_{node}.jsonl"
        return [json.loads(line)["message"] for line in log.read_text().splitlines()]

    def wait_for_log(self, uuid, node, text):
        """Waits until the log file of a node holds this text."""
        log = self.flow.path / "out" / uuid / f"log_{node}.jsonl"
        wait_until(lambda: log.exists() and text in log.read_text(), f"{text!r} in {log}")


@pytest.fixture
def waiting(flow):
    """A dataflow that runs until it is stopped."""
    flow.nodes(waiting=NODE)
    flow.yaml(WAITING)
    return flow


@pytest.fixture
def daemon(flow, run_dora, environment):
    return Daemon(flow, run_dora, environment["XDG_RUNTIME_DIR"])
