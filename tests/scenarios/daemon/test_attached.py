"""`dora start` that shows the dataflow it has started, and what Ctrl-C and lost ends mean then."""

import json
import os
import pty
import re
import signal

import pytest
from support.watchdog import wait_until

SPEAKING = """
    from dora import Node

    node = Node()
    for i in range(3):
        print("line", i)
"""


@pytest.fixture
def attached(waiting, daemon, start_dora):
    """An attached `dora start` of a dataflow that runs until it is stopped."""
    running = start_dora("start", "dataflow.yml", "--attach", "--name", "hello")
    running.wait_for("waiting: ready")
    return running


def test_it_shows_everything_and_ends_with_the_dataflow(flow, daemon):
    flow.nodes(speaking=SPEAKING)
    flow.yaml("nodes: [{id: speaking, path: speaking.py}]")
    done = daemon.run("start", "dataflow.yml", "--attach", "--name", "hello")
    assert done.code == 0, done
    first, *lines = done.out.splitlines()
    uuid = re.fullmatch(r"dataflow start triggered: ([0-9a-f-]{36})", first)[1]
    assert [line.split(" ", 1)[1] for line in lines if "stdout" in line] == [
        f"stdout speaking: line {i}" for i in range(3)
    ]
    assert "speaking: spawning" in done.out  # from the very first line on
    assert re.search(r"^hello ran .* · logs: .* · exit 0$", done.err, re.M)
    assert daemon.list()[uuid]["status"] == "Finished"


def test_a_failure_is_told_as_dora_run_tells_it(flow, daemon):
    flow.nodes(fails="from dora import Node\nNode()\nraise SystemExit('no camera')")
    flow.yaml("nodes: [{id: fails, path: fails.py}]")
    done = daemon.run("start", "dataflow.yml", "--attach")
    assert done.code == 1
    uuid = done.out.split()[3]
    assert f"Dataflow {uuid} failed:\n\nNode `fails` failed: exited with code 1" in done.err
    assert "no camera" in done.err


def test_the_first_ctrl_c_stops(attached, daemon):
    attached.signal(signal.SIGINT)
    done = attached.end()
    assert done.code == 0, done
    assert "waiting: STOP MANUAL" in done.out
    assert "^C stopping…\n" in done.err
    assert "\nwaiting ok (" in done.err
    assert not daemon.list("--status", "running")


def test_the_second_ctrl_c_kills(flow, daemon, start_dora):
    flow.nodes(
        stubborn="""
            from dora import Node

            node = Node()
            print("ready")
            while True:
                event = node.next()
                if event and event["type"] == "STOP":
                    print("ignored")
        """
    )
    flow.yaml("nodes: [{id: stubborn, path: stubborn.py, inputs: {t: dora/timer/secs/3600}}]")
    running = start_dora("start", "dataflow.yml", "--attach")
    running.wait_for("ready")
    running.signal(signal.SIGINT)
    running.wait_for("ignored")
    running.wait_for("waiting for stubborn: SIGTERM in ")
    running.signal(signal.SIGINT)
    done = running.end()
    assert done.code == 130, done
    assert "^C killing all nodes…" in done.err
    wait_until(lambda: not daemon.list("--status", "running"), "its end")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_without_its_watcher_the_dataflow_goes_on(attached, daemon, number):
    attached.signal(number)
    attached.end()
    assert [each["name"] for each in daemon.list("--status", "running").values()] == ["hello"]
    assert daemon.run("stop", "hello").code == 0


def test_a_lost_daemon_is_said_and_gives_exit_code_5(attached, daemon, waiting):
    os.kill(daemon.engine(), signal.SIGKILL)
    done = attached.end()
    assert done.code == 5
    assert "lost dora daemon" in done.err
    waiting.wait_until_gone()


def test_a_stop_from_elsewhere_is_said(attached, daemon):
    assert daemon.run("stop", "hello").code == 0
    done = attached.end()
    assert done.code == 0
    assert "stopping, as another terminal asks…" in done.err


def test_a_restart_from_elsewhere_is_followed(attached, daemon):
    new = daemon.run("restart", "hello").out.split()[-1]
    attached.wait_for(f"starting again as {new}")
    wait_until(lambda: attached.out.count("waiting: ready") == 2, "the second life")
    assert daemon.run("stop", new).code == 0
    assert attached.end().code == 0


def test_lines_come_in_json_too(flow, daemon):
    flow.nodes(speaking=SPEAKING)
    flow.yaml("nodes: [{id: speaking, path: speaking.py}]")
    done = daemon.run("start", "dataflow.yml", "--attach", "--json", "--name", "hello")
    first, *lines = map(json.loads, done.out.splitlines())
    assert first["name"] == "hello"
    said = [line for line in lines if line["level"] == "stdout"]
    assert [line["message"] for line in said] == ["line 0", "line 1", "line 2"]
    assert {line["dataflow_id"] for line in lines} == {first["uuid"]}
    assert all(len(line) == 12 for line in lines)


def test_what_is_shown_can_be_chosen(flow, daemon):
    flow.nodes(
        speaking="""
            from dora import Node

            node = Node()
            for level in ("error", "info", "debug"):
                node.log(level, f"said as {level}")
            print("printed")
        """
    )
    flow.yaml("nodes: [{id: speaking, path: speaking.py}]")

    def shown(*arguments, env=None):
        done = daemon.run("start", "dataflow.yml", "--attach", *arguments, env=env)
        texts = ("said as error", "said as info", "said as debug", "printed")
        return [text for text in texts if text in done.out]

    assert shown() == ["said as error", "said as info", "printed"]
    assert shown("--log-level", "info") == ["said as error", "said as info"]
    assert shown(env={"RUST_LOG": "error"}) == ["said as error", "printed"]
    assert shown("--log-filter", "speaking=error") == ["said as error"]


def test_detached_it_tells_that_nodes_are_started(waiting, daemon):
    done = daemon.run("start", "dataflow.yml", "--detach")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert "waiting: spawning" in done.err


def test_who_sits_at_a_terminal_is_attached(waiting, daemon, start_dora):
    own, terminal = pty.openpty()
    try:
        running = start_dora("start", "dataflow.yml", "--name", "hello", stdin=terminal)
        running.wait_for("waiting: ready")
        assert "attaching to dataflow (use `--detach` to run in background)" in running.err
        assert daemon.run("stop", "hello").code == 0
        assert running.end().code == 0
    finally:
        os.close(own)
        os.close(terminal)
    elsewhere = daemon.run("start", "dataflow.yml")
    assert elsewhere.code == 0
    assert "non-interactive mode: running in background" in elsewhere.err
    assert daemon.run("start", "dataflow.yml", "--attach", "--detach").code == 2
