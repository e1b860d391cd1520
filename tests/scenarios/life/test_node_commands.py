"""`dora node` and `dora param`: one node of a running dataflow, whichever dora runs it."""

import json

import pytest

WORKER = """
    import os
    import pyarrow as pa
    from dora import Node

    node = Node()
    print("life", node.restart_count(), flush=True)
    node.send_output("number", pa.array([node.restart_count()]))
    for event in node:
        match event["type"]:
            case "PARAM_UPDATE":
                print("set", event["id"], event["value"], flush=True)
            case "PARAM_DELETED":
                print("deleted", event["id"], event.get("value", "no value"), flush=True)
            case "STOP":
                print("STOP", event["id"], flush=True)
"""
LISTENER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT" and event["id"] == "number":
            print("got", event["value"].to_pylist()[0], flush=True)
        elif event["type"] != "INPUT":
            print(event["type"], event["id"], flush=True)
"""
YAML = """
    nodes:
      - id: listener
        path: listener.py
        inputs: {number: worker/number, tick: dora/timer/millis/3600000, logs: dora/logs/warn}
      - id: worker
        name: The worker
        path: worker.py
        inputs: {tick: dora/timer/secs/3600}
        outputs: [number]
        restart_policy: on-failure
        max_restarts: 2
"""


@pytest.fixture
def running(flow):
    """`dora run` of a worker and its listener."""
    flow.nodes(worker=WORKER, listener=LISTENER)
    flow.yaml(YAML)
    run = flow.start()
    run.wait_for("got 0")
    return run


def nodes_of(run_dora, *arguments):
    done = run_dora("node", "list", "--json", *arguments)
    assert done.code == 0, done
    return {line["node"]: line for line in map(json.loads, done.out.splitlines())}


def test_list_shows_what_each_node_takes(running, run_dora):
    listed = nodes_of(run_dora)
    assert set(listed) == {"listener", "worker"}
    worker = listed["worker"]
    assert list(worker) == ["node", "status", "pid", "cpu", "memory", "restarts", "dataflow"]
    assert worker["status"] == "Running"
    assert isinstance(worker["pid"], int)
    assert worker["memory"] > 1
    assert worker["restarts"] == 0
    table = run_dora("node", "list").out.splitlines()
    assert table[0].split() == ["NODE", "STATUS", "PID", "CPU", "MEMORY", "RESTARTS", "DATAFLOW"]
    assert len(table) == 3
    one = run_dora("node", "list", "-d", worker["dataflow"]).out.splitlines()
    assert one[0].split() == ["NODE", "STATUS", "PID", "CPU", "MEMORY", "RESTARTS"]
    assert run_dora("node", "list", "-q").out == "listener\nworker\n"


def test_info_tells_everything_about_a_node(running, run_dora):
    done = run_dora("node", "info", "worker", "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert told["node_id"] == "worker"
    assert told["name"] == "The worker"
    assert told["path"] == "worker.py"
    assert told["outputs"] == [{"id": "number", "subscribers": ["listener/number"]}]
    assert told["inputs"] == [{"id": "tick", "source": "dora/timer/secs/3600"}]
    assert (told["restart_policy"], told["max_restarts"]) == ("on-failure", 2)
    assert "restart_delay" not in told
    assert told["metrics"]["status"] == "Running"
    assert told["metrics"]["restart_count"] == 0
    sources = json.loads(run_dora("node", "info", "listener", "--json").out)["inputs"]
    assert sorted(source["source"] for source in sources) == [
        "dora/logs/warn",
        "dora/timer/secs/3600",
        "worker/number",
    ]
    text = run_dora("node", "info", "worker").out
    assert "number -> listener/number" in text
    assert "tick <- dora/timer/secs/3600" in text


def test_a_restarted_node_keeps_its_listeners(running, run_dora):
    before = nodes_of(run_dora)["worker"]["pid"]
    done = run_dora("node", "restart", "worker")
    assert (done.code, done.out) == (0, "Node `worker` restart initiated\n")
    running.wait_for("worker: STOP MANUAL")
    running.wait_for("got 1")
    worker = nodes_of(run_dora)["worker"]
    assert worker["pid"] != before
    assert worker["restarts"] == 1
    assert run_dora("node", "restart", "worker").code == 0
    running.wait_for("got 2")
    refused = run_dora("node", "restart", "worker")
    assert refused.code == 1
    assert "max_restarts: 2" in refused.err
    assert run_dora("stop").code == 0
    heard = running.wait().succeeded().of("listener")
    assert [line for line in heard if line.startswith("NODE_RESTARTED")] == [
        "NODE_RESTARTED worker"
    ] * 2
    assert not [line for line in heard if "INPUT_CLOSED" in line]


def test_a_stopped_node_is_not_missed_by_the_others(running, run_dora):
    done = run_dora("node", "stop", "worker")
    assert (done.code, done.out) == (0, "Node `worker` stopped\n")
    running.wait_for("INPUT_CLOSED number")
    listed = nodes_of(run_dora)
    assert listed["worker"]["status"] == "Stopped"
    assert listed["worker"]["pid"] is None
    assert listed["listener"]["status"] == "Running"
    again = run_dora("node", "stop", "worker", "--json")
    assert json.loads(again.out)["status"] == "stopped"
    assert run_dora("stop").code == 0
    running.wait().succeeded()


def test_a_node_that_ignores_stop_is_killed(flow, run_dora):
    flow.nodes(
        deaf="""
            import signal, time
            from dora import Node

            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            node = Node()
            print("ready", flush=True)
            while True:
                time.sleep(1000)
        """,
        listener=LISTENER,
    )
    flow.yaml("""
        nodes:
          - {id: deaf, path: deaf.py, outputs: [x]}
          - {id: listener, path: listener.py, inputs: {x: deaf/x, tick: dora/timer/secs/3600}}
    """)
    running = flow.start()
    running.wait_for("deaf: ready")
    done = run_dora("node", "stop", "deaf", "--grace", "100ms")
    assert done.code == 1
    assert "did not react to the stop message in time" in done.err
    running.wait_for("INPUT_CLOSED x")


@pytest.mark.parametrize("command", [["info"], ["stop"], ["restart"]])
def test_an_unknown_node_is_told_with_what_was_meant(running, run_dora, command):
    done = run_dora("node", *command, "werker")
    assert done.code == 6
    assert "did you mean `worker`?" in done.err


def test_without_a_dataflow_there_are_no_nodes(run_dora):
    assert run_dora("node", "list", "--json").out == ""
    assert run_dora("node", "stop", "camera").code == 6


def test_parameters_reach_the_node_and_its_next_life(running, run_dora):
    assert run_dora("param", "list", "worker").out == "No parameters set for node `worker`\n"
    done = run_dora("param", "set", "worker", "threshold", "0.5")
    assert (done.code, done.out) == (0, "Set `threshold` = 0.5 on node `worker`\n")
    running.wait_for("worker: set threshold 0.5")
    run_dora("param", "set", "worker", "classes/of", '["car", null, {"a": true}]')
    running.wait_for("worker: set classes/of ['car', None, {'a': True}]")
    assert run_dora("param", "get", "worker", "threshold").out == "0.5\n"
    assert run_dora("param", "list", "worker").out == (
        'Parameters for node `worker`:\n  classes/of = ["car",null,{"a":true}]\n  threshold = 0.5\n'
    )
    as_json = json.loads(run_dora("param", "list", "worker", "--json").out)
    assert as_json == {"classes/of": ["car", None, {"a": True}], "threshold": 0.5}
    done = run_dora("param", "delete", "worker", "classes/of")
    assert (done.code, done.out) == (0, "Deleted `classes/of` from node `worker`\n")
    running.wait_for("worker: deleted classes/of no value")
    run_dora("node", "restart", "worker")
    running.wait_for("worker: life 1")
    assert run_dora("stop").code == 0
    lines = running.wait().succeeded().of("worker")
    assert lines[lines.index("life 1") + 1] == "set threshold 0.5"


def test_wrong_parameters_are_refused(running, run_dora):
    wrong = run_dora("param", "set", "worker", "mode", "fast")
    assert wrong.code == 2
    assert "'\"fast\"'" in wrong.err
    assert run_dora("param", "set", "worker", "k" * 257, "1").code == 2
    assert run_dora("param", "set", "worker", "", "1").code == 2
    assert run_dora("param", "set", "worker", "key", json.dumps("v" * 65_535)).code == 2
    assert run_dora("param", "set", "worker", "key", json.dumps("v" * 65_534)).code == 0
    assert run_dora("param", "get", "worker", "other").code == 6
    assert run_dora("param", "delete", "worker", "other").code == 6
    assert run_dora("param", "list", "other").code == 6
