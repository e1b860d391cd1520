"""Nodes with `path: dynamic`: processes that somebody starts by hand, and that come and go."""

import re
import signal
from pathlib import Path

import pytest
from support.watchdog import wait_until

CLOSED = "INPUT_CLOSED answer"
YAML = """
    nodes:
      - id: source
        path: source.py
        inputs: {tick: dora/timer/millis/10}
        outputs: [number]
      - id: sink
        path: sink.py
        inputs:
          answer: plot/answer
          tick: dora/timer/millis/10
      - id: plot
        path: dynamic
        inputs: {number: source/number}
        outputs: [answer]
"""
SOURCE = """
    from dora import Node

    node = Node()
    count = 0
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("number", [count])
            count += 1
"""
SINK = """
    from dora import Node

    print("sink is there")
    for event in Node():
        if event.get("id") != "tick":
            print(event["type"], event.get("id"))
"""
# Answers three numbers and leaves.
PLOT = """
    from dora import Node

    node = Node("plot")
    print("joined", node.node_id(), len(node.dataflow_id()), node.node_config()["outputs"])
    for _ in range(3):
        event = node.next()
        node.send_output("answer", [-event["value"].to_pylist()[0]])
    node.close()
    print("left", node.next())
"""


@pytest.fixture
def python(start, dora_program):
    """Starts a Python script by hand, as a person would."""
    return lambda *args, **options: start(dora_program.parent / "python", "-u", *args, **options)


@pytest.fixture
def running(flow):
    """A dataflow with the dynamic node `plot`, all of whose other nodes are there."""
    flow.nodes(source=SOURCE, sink=SINK, plot=PLOT)
    flow.yaml(YAML)
    run = flow.start()
    run.wait_for("sink is there")
    run.wait_for("node is ready")
    return run


def stop(run):
    run.signal(signal.SIGINT)
    return run.wait().succeeded()


def test_a_node_attaches_leaves_and_comes_back(running, python):
    for visit in (1, 2):
        completed = python("plot.py").end()
        assert completed.code == 0, completed.text
        assert completed.out.splitlines() == ["joined plot 36 ['answer']", "left None"]
        wait_until(lambda count=visit: running.running.text.count(CLOSED) == count, CLOSED)
    lines = [line.split()[0] for line in stop(running).of("sink")[1:]]
    assert lines == [*["INPUT"] * 3, "INPUT_CLOSED"] * 2 + ["STOP"]


def test_the_page_of_the_manual_runs(flow, python):
    page = (Path(__file__).resolve().parents[3] / "docs" / "python" / "dynamic.md").read_text()
    blocks = dict(re.findall(r"```(yaml|python)\n(.*?)```", page, re.DOTALL))
    flow.yaml(blocks["yaml"])
    flow.nodes(
        notebook=blocks["python"], camera=SOURCE.replace('"number", [count]', '"image", [count]')
    )
    run = flow.start()
    run.wait_for("node is ready")
    completed = python("notebook.py").end()
    assert (completed.code, completed.out) == (0, "image\n"), completed.text
    stop(run)


def test_one_process_attaches_again_and_again(running, flow, python):
    flow.nodes(
        notebook="""
        from dora import Node

        for _ in range(5):
            with Node("plot") as node:
                event = node.next()
                assert event["type"] == "INPUT", event
        node = Node("plot")
        print(node)
        """
    )
    completed = python("notebook.py").end()
    assert completed.code == 0, completed.text
    assert completed.out == "<dora.Node 'plot'>\n"
    stop(running)


def test_a_killed_one_makes_room(running, flow, python):
    flow.nodes(
        holder="""
        import os, time
        from dora import Node

        node = Node("plot")
        if os.fork() == 0:
            time.sleep(600)  # holds the connection open
        print("attached")
        time.sleep(600)
        """
    )
    holder = python("holder.py")
    holder.wait_for("attached")
    refused = python("plot.py").end()
    assert refused.code == 1
    assert f"attached as node 'plot' already (process {holder.pid})" in refused.text
    holder.signal(signal.SIGKILL)
    holder.process.wait()
    completed = python("plot.py").end()
    assert completed.code == 0, completed.text
    stop(running)


def test_the_end_of_the_dataflow_stops_it(running, flow, python):
    flow.nodes(
        viewer="""
        from dora import Node

        node = Node("plot")
        print("attached")
        while (event := node.next())["type"] != "STOP":
            pass
        print(event["id"], [event["type"] for event in node if event["type"] != "INPUT"])
        """
    )
    viewer = python("viewer.py")
    viewer.wait_for("attached")
    stop(running)
    completed = viewer.end()
    assert completed.code == 0, completed.text
    assert completed.out.splitlines()[-1] == "MANUAL []"


def test_nodes_that_nobody_can_be_are_explained(running, flow, python):
    def error_of(node_id, **environment):
        completed = python("-c", f"from dora import Node; Node({node_id!r})", env=environment).end()
        assert completed.code == 1
        return completed.err.splitlines()[-1]

    error = error_of("plott")
    assert error.startswith("dora.NotFound: ")
    assert "no running dataflow has such a node (did you mean 'plot'?)" in error
    assert f"({flow.path / 'dataflow.yml'})" in error
    error = error_of("source")
    assert error.startswith("dora.InvalidInput: ")
    assert "starts it itself; write `path: dynamic`" in error
    assert "node id '../x'" in error_of("../x")
    assert "no dataflow is running" in error_of("plot", DORA_DAEMON_SOCKET="/nowhere/nodes.sock")

    other = flow.start()
    other.wait_for("sink is there")
    other.wait_for("node is ready")
    error = error_of("plot")
    assert "2 running dataflows have it" in error
    assert "DORA_DATAFLOW" in error
    stop(other)
    stop(running)


def test_without_a_dataflow(python):
    completed = python("-c", "from dora import Node; Node('plot', daemon_port=53291)").end()
    assert completed.code == 1
    assert "no dataflow is running" in completed.err


def test_a_dataflow_ends_although_a_dynamic_node_never_came(flow):
    flow.nodes(worker="from dora import Node\nNode().send_output('number', [1])")
    flow.yaml("""
        nodes:
          - {id: worker, path: worker.py, outputs: [number]}
          - {id: plot, path: dynamic, inputs: {number: worker/number}}
    """)
    flow.run().succeeded()


def test_a_spawned_node_may_name_itself(flow):
    flow.nodes(worker="from dora import Node\nprint(Node('other').node_id())")
    flow.yaml("nodes: [{id: worker, path: worker.py}]")
    assert flow.run().succeeded().of("worker") == ["worker"]


def test_a_spawned_node_attaches_elsewhere_with_a_port(flow):
    flow.nodes(
        worker="""
        from dora import Node

        own = Node()
        print(own.node_id(), Node("plot", daemon_port=53291).node_id())
        """
    )
    flow.yaml("""
        nodes:
          - {id: worker, path: worker.py}
          - {id: plot, path: dynamic, outputs: [answer]}
    """)
    assert flow.run().succeeded().of("worker") == ["worker plot"]
