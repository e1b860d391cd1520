"""Nodes that are started again: how often, what their neighbours hear, and when it is over."""

import signal

LISTENER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            print("got", event["value"].to_pylist()[0])
        else:
            print(event["type"], event["id"])
"""
YAML = """
    nodes:
      - {{id: listener, path: listener.py, inputs: {{number: worker/number}}}}
      - {{id: worker, path: worker.py, outputs: [number], {settings}}}
"""


def test_a_node_that_always_crashes_is_started_three_times(flow):
    flow.nodes(
        worker="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            print("life", node.restart_count(), node.is_restart(), flush=True)
            node.send_output("number", pa.array([node.restart_count()]))
            raise SystemExit(3)
        """,
        listener=LISTENER,
    )
    flow.yaml(YAML.format(settings="restart_policy: on-failure, max_restarts: 2"))
    result = flow.run()
    assert result.code == 1
    assert result.of("worker") == ["life 0 False", "life 1 True", "life 2 True"]
    heard = result.of("listener")
    # Nothing that was sent is lost, and the input closes once, at the end.
    assert [line for line in heard if line.startswith("got")] == ["got 0", "got 1", "got 2"]
    events = [line for line in heard if not line.startswith("got")]
    assert events == [
        "NODE_RESTARTED worker",
        "NODE_RESTARTED worker",
        "NODE_FAILED worker",
        "INPUT_CLOSED number",
        "STOP ALL_INPUTS_CLOSED",
    ]
    assert "Node `worker` failed: exited with code 3" in result.text
    assert "2 restarts" in result.text


def test_a_node_that_recovers_ends_well(flow):
    flow.nodes(
        worker="""
            import os, signal
            import pyarrow as pa
            from dora import Node

            node = Node()
            if node.restart_count() < 2:
                os.kill(os.getpid(), signal.SIGSEGV)
            node.send_output("number", pa.array([7]))
        """,
        listener=LISTENER,
    )
    flow.yaml(YAML.format(settings="restart_policy: on-failure, restart_delay: 0.01"))
    result = flow.run().succeeded()
    assert "exited because of signal SIGSEGV" in result.text
    assert result.of("listener") == [
        "NODE_RESTARTED worker",
        "NODE_RESTARTED worker",
        "got 7",
        "INPUT_CLOSED number",
        "STOP ALL_INPUTS_CLOSED",
    ]


def test_a_stop_does_not_wait_for_a_restart(flow):
    flow.nodes(
        worker="""
            from dora import Node

            Node()
            raise SystemExit(1)
        """,
        listener=LISTENER,
    )
    flow.yaml(YAML.format(settings="restart_policy: always, restart_delay: 3600"))
    run = flow.start()
    run.wait_for("restart 1 in 3.6e+03 s")
    run.signal(signal.SIGINT)
    result = run.wait().succeeded()
    assert result.of("listener")[-1] == "STOP MANUAL"


def test_the_log_of_a_new_life_begins_anew(flow):
    flow.nodes(
        worker="""
            from dora import Node

            node = Node()
            print("life", node.restart_count())
            raise SystemExit(node.restart_count() == 0)
        """,
        listener=LISTENER,
    )
    flow.yaml(YAML.format(settings="restart_policy: on-failure"))
    flow.run().succeeded()
    (log,) = flow.path.glob("out/*/log_worker.jsonl")
    assert "life 1" in log.read_text()
    assert "life 0" not in log.read_text()
