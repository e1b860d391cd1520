"""The dora in the background: it comes, serves every terminal, and goes without a trace."""

import contextlib
import itertools
import json
import math
import os
import re
import signal

import pytest
from support.watchdog import wait_until


def test_the_whole_way(waiting, run_dora):
    up = run_dora("up")
    assert (up.code, up.out) == (0, "started dora coordinator\nstarted dora daemon\n")
    again = run_dora("up")
    assert again.code == 0
    assert re.fullmatch(
        r"coordinator already running on \S+/control.sock\ndaemon already running\n", again.out
    )
    started = run_dora("start", "dataflow.yml", "--detach")
    assert started.code == 0
    uuid = re.fullmatch(r"dataflow start triggered: ([0-9a-f-]{36})\n", started.out)[1]
    assert run_dora("list", "-q").out == f"{uuid}\n"

    refused = run_dora("down")
    assert refused.code == 1
    assert uuid in refused.err
    assert "dora stop --all" in refused.err

    assert run_dora("stop", uuid).code == 0
    down = run_dora("down")
    # Not a process is left when that has been said.
    assert not waiting.processes()
    assert down.code == 0
    assert re.fullmatch(
        r"Destroying coordinator at \S+\nCoordinator and daemons destroyed successfully\n", down.out
    )


def test_only_one_of_several_at_once_starts_it(flow, start_dora, run_dora):
    for _ in range(3):
        ups = [start_dora("up") for _ in range(4)]
        done = [up.end() for up in ups]
        assert [each.code for each in done] == [0] * 4
        assert sum("started dora daemon" in each.out for each in done) == 1
        assert sum("daemon already running" in each.out for each in done) == 3
        assert run_dora("down").code == 0


def test_down_by_force_ends_what_runs(waiting, daemon, environment):
    daemon.start()
    down = daemon.run("destroy", "--force")
    assert down.code == 0
    assert down.out.startswith("Stopping 1 running dataflow(s) before teardown...\n")
    waiting.wait_until_gone()
    assert not any(files for _, _, files in os.walk(environment["XDG_RUNTIME_DIR"]))


@pytest.mark.parametrize("command", [["down"], ["start", "dataflow.yml"]])
def test_without_a_daemon_commands_say_what_to_do(waiting, run_dora, command):
    done = run_dora(*command)
    assert done.code == 5
    assert "dora up" in done.err


def test_status_tells_whether_it_is_there(waiting, run_dora):
    missing = run_dora("status")
    assert missing.code == 1
    assert "✗ Coordinator: Not running" in missing.out
    assert "System check failed." in missing.err
    told = json.loads(run_dora("status", "--json").out)
    assert told["coordinator"]["status"] == "not running"
    run_dora("up")
    there = run_dora("check", "--dataflow", "dataflow.yml")
    assert there.code == 0
    assert "✓ Coordinator: Running" in there.out
    assert "✓ Daemon: Running" in there.out
    assert "Active dataflows: 0" in there.out
    assert run_dora("system", "status").code == 0


def test_status_and_list_tell_why_a_node_died(flow, daemon):
    flow.nodes(
        fails="""
            from dora import Node

            node = Node()
            print({}["lens"])
        """,
        waiting="""
            from dora import Node

            for event in Node():
                pass
        """,
    )
    flow.yaml("""
        nodes:
          - {id: fails, path: fails.py}
          - {id: waiting, path: waiting.py, inputs: {tick: dora/timer/secs/3600}}
    """)
    uuid = daemon.start("--name", "flow")
    cause = "exited with code 1: KeyError: 'lens' (fails.py:4)"
    line = f"[flow] {uuid}: Node `fails` failed: {cause}\n"

    def is_told():
        return line in daemon.run("status").out

    def check():
        status = daemon.run("status", "--json")
        (told,) = json.loads(status.out)["failures"]
        assert (told["uuid"], told["node"], told["cause"]) == (uuid, "fails", cause)
        assert daemon.run("list").err == line
        assert daemon.list()[uuid]["failures"] == [{"node": "fails", "cause": cause}]

    # While the others go on, once all is over, and to the next dora.
    wait_until(is_told, "the failure")
    check()
    assert daemon.run("stop", "flow").code == 1
    assert is_told()
    check()
    assert daemon.run("down").code == 0
    assert daemon.run("up").code == 0
    check()
    assert daemon.run("clean").code == 0
    assert daemon.run("list").err == ""


def test_daemons_are_told_apart_by_their_port(waiting, run_dora):
    other = {"DORA_COORDINATOR_PORT": "6999"}
    assert run_dora("up").code == 0
    assert "started" in run_dora("up", env=other).out
    assert run_dora("start", "dataflow.yml", "--detach", env=other).code == 0
    assert len(run_dora("list", "-q").out.splitlines()) == 1
    assert run_dora("list", "-q", "--coordinator-port", "6013").out == ""
    assert run_dora("down").code == 0
    assert run_dora("down", "--force", env=other).code == 0
    assert run_dora("up", env={"DORA_COORDINATOR_PORT": "none"}).code == 2
    far = run_dora("list", "--coordinator-addr", "192.0.2.1")
    assert far.code == 5
    assert "192.0.2.1" in far.err


def test_sigterm_ends_the_daemon_and_its_dataflows(waiting, daemon):
    uuid = daemon.start()
    daemon.wait_for_log(uuid, "waiting", "ready")
    os.kill(daemon.front(), signal.SIGTERM)
    waiting.wait_until_gone()
    daemon.wait_for_log(uuid, "waiting", "STOP MANUAL")


ROLES = ["front", "watcher", "engine"]


@pytest.mark.parametrize(
    "victims", [*([role] for role in ROLES), *itertools.permutations(ROLES, 2)], ids="+".join
)
def test_kill_9_of_the_daemon_leaves_nothing(flow, daemon, run_dora, victims):
    """Not even what has left its session and its parent, whichever two die at one moment."""
    flow.nodes(
        node="""
            import subprocess
            from dora import Node

            node = Node()
            subprocess.run(["setsid", "-f", "nohup", "sleep", "3600"])
            print("ready")
            for event in node:
                pass
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/secs/3600}}]")
    # More often in `./dev kills`.
    for _ in range(math.ceil(int(os.environ.get("DORA_TEST_KILLS", "0")) / 100) or 1):
        daemon.wait_for_log(daemon.start(), "node", "ready")
        for pid in [getattr(daemon, victim)() for victim in victims]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        flow.wait_until_gone()
        assert "started" in run_dora("up").out


def test_the_daemon_outlives_the_terminal_that_started_it(waiting, start):
    """`dora up` is not waited for by anybody, and holds nothing of its caller open."""
    shell = start("sh", "-c", "dora up && dora start dataflow.yml --detach")
    assert shell.end().code == 0
    wait_until(lambda: any("waiting.py" in line for line in waiting.processes().values()), "a node")
