"""A dora that does not answer: others say so, and wait no longer than they must."""

import json
import os
import signal
from pathlib import Path

from support.watchdog import wait_until


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_dora_that_hangs_is_named(flow, run_dora, environment):
    flow.nodes(
        node="""
            from dora import Node

            node = Node()
            print("ready")
            for event in node:
                pass
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/secs/3600}}]")
    running = flow.start()
    running.wait_for("node: ready")
    (record,) = Path(environment["XDG_RUNTIME_DIR"]).glob("dora/*/record.json")
    engine = json.loads(record.read_text())["pid"]
    os.kill(engine, signal.SIGSTOP)
    wait_until(lambda: state_of(engine) == "T", "the engine to stand still")
    listed = run_dora("list")
    assert listed.code == 0
    assert f"dora run (pid {engine}): no answer in time" in listed.err
    stopped = run_dora("stop")
    assert stopped.code == 5
    assert f"dora run (pid {engine}): no answer in time" in stopped.err
    assert "`kill -9`" in stopped.err
    # It goes on as if nothing had been.
    os.kill(engine, signal.SIGCONT)
    assert run_dora("stop").code == 0
    running.wait().succeeded()


def test_a_node_that_stands_still_is_killed_and_named(flow, run_dora):
    """SIGSTOP, as a debugger or a suspended shell leaves it: it takes neither STOP nor SIGTERM."""
    flow.nodes(
        node="""
            import os
            from dora import Node

            node = Node()
            print("process", os.getpid())
            for event in node:
                pass
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/secs/3600}}]")
    running = flow.start()
    pid = int(running.wait_for("node: process").split()[-1])
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state_of(pid) == "T", "the node to stand still")
    stopped = run_dora("stop", "--grace-duration", "200ms")
    assert stopped.code == 1
    assert "did not react to the stop message in time" in stopped.err
    assert running.wait().code == 1
    flow.wait_until_gone()
