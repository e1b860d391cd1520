"""Dataflows of the dora in the background: started, listed, stopped, started again, forgotten."""

import json

from support.soak import ask
from support.watchdog import wait_until


def test_a_name_can_be_given_once(waiting, daemon):
    uuid = daemon.start("--name", "hello")
    assert daemon.list()[uuid]["name"] == "hello"
    second = daemon.run("start", "dataflow.yml", "--name", "hello", "--detach")
    assert second.code == 1
    assert "`hello` is running already" in second.err
    assert uuid in second.err
    assert daemon.run("stop", "hello").code == 0
    daemon.start("--name", "hello")


def test_without_a_name_it_gets_two_words(waiting, daemon):
    uuid = daemon.start()
    first, second = daemon.list()[uuid]["name"].split("-")
    assert first.isalpha()
    assert second.isalpha()


def test_several_run_side_by_side_and_stop_one_by_one(waiting, daemon):
    uuids = [daemon.start("--name", name) for name in ("a", "b", "c")]
    assert set(daemon.list("--status", "running")) == set(uuids)
    unclear = daemon.run("stop")
    assert unclear.code == 2
    assert all(uuid in unclear.err for uuid in uuids)
    assert daemon.run("stop", "b").code == 0
    assert set(daemon.list("--status", "running")) == {uuids[0], uuids[2]}
    everything = daemon.run("stop", "--all")
    assert (everything.code, everything.out) == (0, "Stopped 2 dataflow(s).\n")
    assert not daemon.list("--status", "running")
    assert daemon.run("stop", "--all").out == "No dataflows are running.\n"


def test_a_dora_run_is_one_of_them(waiting, daemon, start_dora):
    foreground = waiting.start()
    foreground.wait_for("waiting: ready")
    daemon.start("--name", "background")
    assert len(daemon.list("--status", "running")) == 2
    assert daemon.run("stop", "--all").out == "Stopped 2 dataflow(s).\n"
    assert foreground.wait().code == 0


def test_what_is_over_stays_listed_until_it_is_cleaned(flow, daemon):
    flow.nodes(fails="raise SystemExit('no camera')", ends="")
    for name in ("fails", "ends"):
        flow.write(f"{name}.yml", f"nodes: [{{id: {name}, path: {name}.py}}]")
    fine = daemon.start("--name", "fine", file="ends.yml")
    failed = daemon.run("start", "fails.yml", "--name", "broken", "--detach")
    wait_until(lambda: not daemon.list("--status", "running"), "the end of both")
    states = {each["name"]: each["status"] for each in daemon.list().values()}
    assert states == {"fine": "Finished", "broken": "Failed"}
    assert failed.code in (0, 1)  # it may fail before or after its processes were made
    assert list(daemon.list("--status", "finished")) == [fine]
    cleaned = daemon.run("clean", "--json")
    assert cleaned.code == 0
    assert "Cleaned 2 dataflow(s)." in cleaned.err
    assert {json.loads(line)["status"] for line in cleaned.out.splitlines()} == {
        "Finished",
        "Failed",
    }
    assert not daemon.list()
    assert "No finished or failed dataflows to clean." in daemon.run("clean").err


def test_restart_gives_a_new_uuid_and_keeps_the_name(waiting, daemon):
    old = daemon.start("--name", "hello", "--env", "COLOUR=green")
    done = daemon.run("restart", "hello")
    assert done.code == 0, done
    new = done.out.strip().removeprefix(f"dataflow restarted: {old} -> ")
    running = daemon.list("--status", "running")
    assert list(running) == [new]
    assert running[new]["name"] == "hello"
    assert daemon.list()[old]["status"] == "Finished"


def test_a_dora_run_that_was_stopped_is_not_there_any_more(waiting, run_dora):
    for _ in range(3):
        foreground = waiting.start()
        foreground.wait_for("waiting: ready")
        assert run_dora("stop").code == 0
        listed = run_dora("list", "--status", "running", "-q")
        assert (listed.code, listed.text) == (0, "")
        assert foreground.wait().code == 0


def test_a_dora_run_can_be_restarted(waiting, run_dora):
    foreground = waiting.start()
    foreground.wait_for("waiting: ready")
    done = run_dora("restart", "--json")
    assert done.code == 0, done
    new = json.loads(done.out)["uuid"]
    foreground.wait_for(f"starting again as {new}")
    assert run_dora("stop", new).code == 0
    assert foreground.wait().code == 0


def test_a_wrong_dataflow_is_refused_before_anything_starts(flow, daemon):
    flow.yaml("nodes: [{id: a, path: missing.py}]")
    done = daemon.run("start", "dataflow.yml", "--detach")
    assert done.code == 3
    assert "missing.py" in done.err
    assert not daemon.list()


def test_nodes_get_the_environment_of_whoever_starts_them(flow, daemon):
    """Not that of `dora up`: the same file does the same under `dora run` and `dora start`."""
    flow.nodes(
        shows="""
            import os
            print(os.environ["FROM_SHELL"], os.environ["FROM_FLAG"], os.environ["FROM_YAML"])
        """
    )
    flow.yaml("nodes: [{id: shows, path: shows.py, env: {FROM_YAML: $FROM_SHELL}}]")
    done = daemon.run(
        "start", "dataflow.yml", "--detach", "--env", "FROM_FLAG=b", env={"FROM_SHELL": "a"}
    )
    uuid = done.out.split()[-1]
    daemon.wait_for_log(uuid, "shows", "a b a")


def test_a_node_that_ignores_stop_is_named_while_it_is_waited_for(flow, daemon):
    flow.nodes(
        stubborn="""
            import signal, time
            from dora import Node

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            node = Node()
            print("ready")
            while True:
                time.sleep(1)
        """
    )
    flow.yaml("nodes: [{id: stubborn, path: stubborn.py, inputs: {t: dora/timer/secs/9}}]")
    uuid = daemon.start()
    daemon.wait_for_log(uuid, "stubborn", "ready")
    done = daemon.run("stop", "--grace-duration", "1s")
    assert done.code == 1
    assert "stubborn" in done.err
    assert "SIGKILL" in done.err


def test_what_processes_take_is_measured_for_who_asks(waiting, daemon):
    uuid = daemon.start()
    daemon.wait_for_log(uuid, "waiting", "ready")
    (measured,) = ask(daemon.runtime, "/v1/dataflows")["dataflows"]
    (quick,) = ask(daemon.runtime, "/v1/dataflows?usage=false")["dataflows"]
    assert measured["memory_bytes"] > 1_000_000
    assert measured["node_details"][0]["memory_bytes"] > 1_000_000
    assert quick["memory_bytes"] == quick["node_details"][0]["memory_bytes"] == 0
    assert quick["node_details"][0]["status"] == "running"
    assert ask(daemon.runtime, f"/v1/dataflows/{uuid}?usage=false")["memory_bytes"] == 0
