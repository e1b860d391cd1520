"""A dataflow changed while it runs: nodes that come and go, and connections."""

import json

import pytest

COUNTER = """
    import sys
    import pyarrow as pa
    from dora import Node

    node = Node()
    print("life", node.restart_count(), flush=True)
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("number", pa.array([number]))
            number += 1
"""
LISTENER = """
    from dora import Node

    node = Node()
    print("ready", node.restart_count(), flush=True)
    last = {}
    for event in node:
        if event["type"] == "INPUT":
            if event["id"] == "tick":
                continue
            value = event["value"].to_pylist()[0]
            if event["id"] not in last:
                print("first on", event["id"], "in life", node.restart_count(), flush=True)
            elif value not in (0, last[event["id"]] + 1):
                print("gap on", event["id"], last[event["id"]], value, flush=True)
            last[event["id"]] = value
        else:
            print(event["type"], event["id"], flush=True)
"""
YAML = """
    nodes:
      - {id: counter, path: counter.py, inputs: {tick: dora/timer/millis/2}, outputs: [number]}
      - id: listener
        path: listener.py
        inputs:
          # A busy machine may keep a node from reading for long.
          number: {source: counter/number, queue_size: 10000}
          tick: dora/timer/secs/3600
"""


@pytest.fixture
def running(flow):
    flow.nodes(counter=COUNTER, listener=LISTENER)
    flow.yaml(YAML)
    run = flow.start()
    run.wait_for("listener: first on number")
    return run


@pytest.fixture
def succeeds(run_dora):
    def run(*words):
        done = run_dora(*words)
        assert done.code == 0, done
        return done.out

    return run


def end(running, succeeds):
    succeeds("stop")
    return running.wait().succeeded()


def test_an_added_node_reads_and_is_read(flow, running, succeeds):
    flow.write(
        "second.yml",
        """
        id: second
        path: listener.py
        inputs: {number: {source: counter/number, queue_size: 10000}}
        """,
    )
    out = succeeds("node", "add", "--from-yaml", "second.yml")
    assert out.startswith("Node `second` added to dataflow ")
    running.wait_for("second: first on number")
    listed = {json.loads(x)["node"] for x in succeeds("node", "list", "--json").splitlines()}
    assert listed == {"counter", "listener", "second"}
    flow.write(
        "more.yml",
        """
        nodes:
          - id: more
            path: counter.py
            inputs: {tick: dora/timer/millis/2}
            outputs: [number]
        """,
    )
    succeeds("node", "add", "--from-yaml", "more.yml")
    succeeds("node", "connect", "more/number", "second/other")
    running.wait_for("second: first on other")
    result = end(running, succeeds)
    assert not [line for line in result.out if "gap on number" in line]


def test_a_removed_node_is_forgotten_and_can_come_again(flow, running, succeeds, run_dora):
    flow.write(
        "counter.yml",
        """
        id: counter
        path: counter.py
        inputs: {tick: dora/timer/millis/2}
        outputs: [number]
        """,
    )
    refused = run_dora("node", "add", "--from-yaml", "counter.yml")
    assert refused.code in (1, 3)
    assert "`counter`" in refused.err
    out = succeeds("node", "remove", "counter")
    assert out.startswith("Node `counter` removed from dataflow ")
    running.wait_for("listener: INPUT_CLOSED number")
    assert succeeds("node", "list", "-q") == "listener\n"
    assert run_dora("node", "info", "counter").code == 6
    assert run_dora("node", "remove", "counter").code == 6
    succeeds("node", "add", "--from-yaml", "counter.yml")
    succeeds("node", "disconnect", "counter/number", "listener/number")
    succeeds("node", "connect", "counter/number", "listener/again")
    running.wait_for("listener: first on again")
    end(running, succeeds)


def test_a_replaced_node_keeps_its_connections(flow, running, succeeds, run_dora):
    flow.write("better.py", COUNTER.replace('"life"', '"better"'))
    flow.write("better.yml", "id: counter\npath: better.py\noutputs: [number]\n")
    out = succeeds("node", "replace", "counter", "--from-yaml", "better.yml")
    assert out.startswith("Node `counter` replaced in dataflow ")
    running.wait_for("counter: better 1")
    running.wait_for("listener: NODE_RESTARTED counter")
    flow.write("other.yml", "id: other\npath: better.py\n")
    assert run_dora("node", "replace", "counter", "--from-yaml", "other.yml").code == 3
    flow.write("less.yml", "id: counter\npath: better.py\n")
    refused = run_dora("node", "replace", "counter", "--from-yaml", "less.yml")
    assert refused.code == 3
    assert "must still have the output `number`, which listener/number reads" in refused.err
    flow.write("gone.yml", "id: counter\npath: gone.py\noutputs: [number]\n")
    assert "gone.py" in run_dora("node", "replace", "counter", "--from-yaml", "gone.yml").err
    result = end(running, succeeds)
    assert not [line for line in result.of("listener") if line.startswith("INPUT_CLOSED")]


def test_connections_come_and_go_without_loss(running, succeeds, run_dora):
    for _ in range(5):
        assert (
            succeeds("node", "connect", "counter/number", "listener/extra")
            == "counter/number -> listener/extra\n"
        )
        assert (
            succeeds("node", "disconnect", "counter/number", "listener/extra")
            == "counter/number -x- listener/extra\n"
        )
    running.wait_for("listener: INPUT_CLOSED extra")
    # What is told are the connections of now.
    counter = json.loads(succeeds("node", "info", "counter", "--json"))
    assert counter["outputs"] == [{"id": "number", "subscribers": ["listener/number"]}]
    listener = json.loads(succeeds("node", "info", "listener", "--json"))
    assert [each["id"] for each in listener["inputs"]] == ["number", "tick"]
    done = run_dora("node", "connect", "counter/number", "listener/number")
    assert done.code == 1
    assert "reads counter/number on `number` already" in done.err
    assert run_dora("node", "disconnect", "counter/number", "listener/extra").code == 6
    assert run_dora("node", "connect", "counter/nummer", "listener/extra").code == 6
    assert run_dora("node", "connect", "counter", "listener/extra").code == 2
    assert run_dora("node", "connect", "counter/number", "listener/tick").code == 2
    result = end(running, succeeds)
    assert not [line for line in result.of("listener") if line.startswith("gap on number")]


def test_a_restarted_node_has_its_new_connections(running, succeeds):
    succeeds("node", "connect", "counter/number", "listener/extra")
    running.wait_for("listener: first on extra")
    succeeds("node", "restart", "listener")
    running.wait_for("listener: first on extra in life 1")
    running.wait_for("listener: first on number in life 1")
    end(running, succeeds)


def test_a_definition_with_mistakes_changes_nothing(flow, running, succeeds, run_dora):
    for text, complaint in {
        "id: new\npath: listener.py\ninputs: {x: counter/nummer}\n": "nummer",
        "id: new\npath: gone.py\n": "gone.py",
        "id: new\npth: listener.py\n": "pth",
        "[]\n": "exactly one node",
        "nodes: [{id: a, path: listener.py}, {id: b, path: listener.py}]\n": "exactly one node",
        "id: [\n": "new.yml",
        "id: tick\npath: dora/timer/secs/1\noutputs: [x]\n": "timer",
    }.items():
        flow.write("new.yml", text)
        done = run_dora("node", "add", "--from-yaml", "new.yml")
        assert done.code != 0, text
        assert complaint in done.err, text
    missing = run_dora("node", "add", "--from-yaml", "none.yml")
    assert missing.code == 3
    assert "none.yml" in missing.err
    assert run_dora("node", "add").code == 2
    assert succeeds("node", "list", "-q") == "counter\nlistener\n"
    end(running, succeeds)


SPEAKER = """
    from dora import Node

    node = Node()
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            print("line", number, flush=True)
            node.log("info", f"entry {number}")
            number += 1
"""
HEARER = """
    from dora import Node

    node = Node()
    heard = set()
    for event in node:
        if event["id"] == "tick":
            continue
        if event["type"] == "INPUT":
            text = event["value"].to_pylist()[0]
            kind = "entry" if "entry" in text else "line"
            if (event["id"], kind) not in heard:
                heard.add((event["id"], kind))
                print("heard a", kind, "on", event["id"], "in life", node.restart_count())
        else:
            print(event["type"], event["id"])
            if event["type"] == "INPUT_CLOSED":
                heard = {(on, kind) for on, kind in heard if on != event["id"]}
"""
SPEAKING = """
    nodes:
      - id: speaker
        path: speaker.py
        inputs: {tick: dora/timer/millis/5}
        outputs: [lines, entries]
        send_stdout_as: lines
        send_logs_as: entries
      - {id: hearer, path: hearer.py, inputs: {tick: dora/timer/secs/3600}}
      - {id: other, path: hearer.py, inputs: {line: speaker/lines}}
"""


def test_what_a_node_prints_can_be_connected_while_it_runs(flow, succeeds):
    flow.nodes(speaker=SPEAKER, hearer=HEARER)
    flow.yaml(SPEAKING)
    running = flow.start()
    running.wait_for("other: heard a line on line")
    # One output that is read already, and one that nobody has read so far.
    succeeds("node", "connect", "speaker/lines", "hearer/line")
    succeeds("node", "connect", "speaker/entries", "hearer/log")
    running.wait_for("hearer: heard a line on line in life 0")
    running.wait_for("hearer: heard a entry on log in life 0")
    succeeds("node", "restart", "hearer")
    running.wait_for("hearer: heard a line on line in life 1")
    running.wait_for("hearer: heard a entry on log in life 1")
    for _ in range(3):
        succeeds("node", "disconnect", "speaker/lines", "hearer/line")
        succeeds("node", "connect", "speaker/lines", "hearer/line")
    succeeds("node", "disconnect", "speaker/lines", "hearer/line")
    running.wait_for("hearer: INPUT_CLOSED line")
    # It reads something else on the same input, and those who read the first one go on.
    succeeds("node", "connect", "speaker/entries", "hearer/line")
    running.wait_for("hearer: heard a entry on line in life 1")
    succeeds("node", "restart", "other")
    running.wait_for("other: heard a line on line in life 1")
    result = end(running, succeeds)
    assert not [line for line in result.of("other") if line.startswith("INPUT_CLOSED")]


def test_a_node_that_comes_again_is_heard_again(flow, succeeds):
    flow.nodes(speaker=SPEAKER, hearer=HEARER)
    flow.yaml(SPEAKING)
    running = flow.start()
    running.wait_for("other: heard a line on line")
    succeeds("node", "remove", "speaker")
    running.wait_for("other: INPUT_CLOSED line")
    flow.write(
        "speaker.yml",
        """
        id: speaker
        path: speaker.py
        inputs: {tick: dora/timer/millis/5}
        outputs: [lines]
        send_stdout_as: lines
        """,
    )
    succeeds("node", "add", "--from-yaml", "speaker.yml")
    running.wait_for("speaker: line 0")
    succeeds("node", "connect", "speaker/lines", "hearer/line")
    running.wait_for("hearer: heard a line on line")
    end(running, succeeds)


NUMBERED = """
    import pyarrow as pa
    from dora import Node

    node = Node()
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("number", pa.array([number]), {"from": node.node_id()})
            number += 1
"""
MERGER = """
    from dora import Node

    node = Node()
    last = {}
    closings = 0
    for event in node:
        if event["type"] == "INPUT" and event["id"] == "x":
            origin = event["metadata"]["from"]
            value = event["value"].to_pylist()[0]
            if origin not in last:
                life = f"{node.restart_count()}.{closings}"
                print("first from", origin, "in life", life, flush=True)
            elif value != last[origin] + 1:
                print("gap", origin, last[origin], value, flush=True)
            last[origin] = value
        elif event["type"] != "INPUT":
            print(event["type"], event["id"], flush=True)
            if event["type"] == "INPUT_CLOSED":
                last.clear()
                closings += 1
"""


def test_an_input_may_be_fed_by_several_outputs(flow, succeeds, run_dora):
    flow.nodes(numbered=NUMBERED, merger=MERGER)
    flow.yaml("""
        nodes:
          - {id: a, path: numbered.py, inputs: {tick: dora/timer/millis/3}, outputs: [number]}
          - {id: b, path: numbered.py, inputs: {tick: dora/timer/millis/3}, outputs: [number]}
          - id: merger
            path: merger.py
            inputs: {x: {source: a/number, queue_size: 10000}, tick: dora/timer/secs/3600}
        """)
    running = flow.start()
    running.wait_for("merger: first from a in life 0.0")
    succeeds("node", "connect", "b/number", "merger/x")
    running.wait_for("merger: first from b in life 0.0")
    assert run_dora("node", "connect", "b/number", "merger/x").code == 1
    # Both are there in the next life, too, and each comes and goes without the other.
    succeeds("node", "restart", "merger")
    running.wait_for("merger: first from a in life 1.0")
    running.wait_for("merger: first from b in life 1.0")
    succeeds("node", "disconnect", "a/number", "merger/x")
    succeeds("node", "remove", "b")
    running.wait_for("merger: INPUT_CLOSED x")
    succeeds("node", "connect", "a/number", "merger/x")
    running.wait_for("merger: first from a in life 1.1")
    result = end(running, succeeds)
    assert not [line for line in result.of("merger") if line.startswith("gap")]
    assert result.of("merger").count("INPUT_CLOSED x") == 1
