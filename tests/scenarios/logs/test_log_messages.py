"""What nodes print, as messages: send_stdout_as, send_logs_as, dora/logs, and levels."""

import json

LISTENER = """
    import json
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            print(event["id"], json.dumps(event["value"].to_pylist()))
        else:
            print(event["type"], event["id"])
"""
SPEAKER = """
    import sys
    from dora import Node

    node = Node()
    print("plain")
    print("to the errors", file=sys.stderr, flush=True)
    node.log("info", "small", target="lens")
    node.log("error", "big", {"code": "7"})
"""


def received(result, node, input_id):
    """The texts that a listener got on one input."""
    prefix = f"{input_id} ["
    return [json.loads(line.split(" ", 1)[1])[0] for line in result.of(node) if prefix in line]


def test_every_line_is_a_message_of_send_stdout_as(flow):
    flow.nodes(speaker=SPEAKER, listener=LISTENER)
    flow.yaml("""
        nodes:
          - {id: speaker, path: speaker.py, outputs: [lines], send_stdout_as: lines}
          - {id: listener, path: listener.py, inputs: {line: speaker/lines}}
        """)
    result = flow.run().succeeded()
    lines = received(result, "listener", "line")
    assert len(lines) == 4
    assert {"plain", "to the errors"} < set(lines)  # without their line ends
    assert [json.loads(line)["message"] for line in lines if line.startswith("{")] == [
        "small",
        "big",
    ]
    # What was printed last is there before the input closes.
    assert result.of("listener")[-2:] == ["INPUT_CLOSED line", "STOP ALL_INPUTS_CLOSED"]


def test_log_entries_are_messages_of_send_logs_as(flow):
    flow.nodes(speaker=SPEAKER, listener=LISTENER)
    flow.yaml("""
        nodes:
          - {id: speaker, path: speaker.py, outputs: [log], send_logs_as: log}
          - id: all
            path: speaker.py
            outputs: [log]
            send_logs_as: log
            min_log_level: stdout
          - id: worst
            path: speaker.py
            outputs: [log]
            send_logs_as: log
            min_log_level: error
          - id: listener
            path: listener.py
            inputs: {some: speaker/log, all: all/log, worst: worst/log}
        """)
    result = flow.run().succeeded()
    some = [json.loads(text) for text in received(result, "listener", "some")]
    assert [(e["level"], e["message"]) for e in some] == [("INFO", "small"), ("ERROR", "big")]
    assert some[0]["target"] == "lens"
    assert some[1]["fields"] == {"code": "7"}
    assert some[0]["node_id"] == "speaker"
    texts = [json.loads(text)["message"] for text in received(result, "listener", "all")]
    assert sorted(texts) == ["big", "plain", "small", "to the errors"]
    texts = [json.loads(text)["message"] for text in received(result, "listener", "worst")]
    assert texts == ["big"]
    # What is dropped at the source is not shown either.
    assert result.of("worst") == []


def test_an_output_carries_what_the_node_sends_and_what_it_prints(flow):
    flow.nodes(
        speaker="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("out", pa.array(["sent"]))
            print("printed", flush=True)
        """,
        listener=LISTENER,
    )
    flow.yaml("""
        nodes:
          - {id: speaker, path: speaker.py, outputs: [out], send_stdout_as: out}
          - {id: listener, path: listener.py, inputs: {word: speaker/out}}
        """)
    result = flow.run().succeeded()
    assert sorted(received(result, "listener", "word")) == ["printed", "sent"]
    assert "INPUT_CLOSED word" in result.of("listener")


def test_dora_logs_brings_what_the_others_say(flow):
    flow.nodes(
        speaker=SPEAKER,
        watcher="""
            import json
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.log("error", "mine")
            seen = {}
            for event in node:
                if event["type"] != "INPUT":
                    continue
                value = event["value"]
                assert isinstance(value, pa.Array) and len(value) == 1
                assert value.as_py() == value[0].as_py() == value.to_pylist()[0]
                entry = json.loads(value.as_py())
                seen.setdefault(event["id"], []).append((entry["node_id"], entry["message"]))
                if all(("other", "big") in seen.get(name, []) for name in ("all", "warn", "other")):
                    if ("speaker", "big") in seen["all"] and ("speaker", "big") in seen["warn"]:
                        break
            print(json.dumps(seen))
        """,
    )
    flow.yaml("""
        nodes:
          - {id: speaker, path: speaker.py, outputs: [x]}
          - {id: other, path: speaker.py, outputs: [x]}
          - id: watcher
            path: watcher.py
            inputs: {all: dora/logs, warn: dora/logs/warn, other: dora/logs/DEBUG/other}
        """)
    result = flow.run().succeeded()
    seen = {
        key: {tuple(pair) for pair in pairs}
        for key, pairs in json.loads(result.of("watcher")[-1]).items()
    }
    big = {("speaker", "big"), ("other", "big")}
    assert seen["warn"] == big
    assert seen["other"] == {("other", "small"), ("other", "big")}
    assert seen["all"] >= big
    assert not any(node == "watcher" for node, _ in seen["all"])


def test_a_flood_never_holds_the_speaker_up_and_what_is_lost_is_counted(flow):
    flow.nodes(
        speaker="""
            from dora import Node

            Node()
            for i in range(20000):
                print("line", i)
        """,
        listener="""
            import sys, time
            from dora import Node

            node = Node()
            event = node.next()
            count = 1
            for event in node:
                count += event["type"] == "INPUT"
            print("got", count, flush=True)
        """,
    )
    flow.yaml("""
        nodes:
          - {id: speaker, path: speaker.py, outputs: [lines], send_stdout_as: lines}
          - id: listener
            path: listener.py
            inputs: {line: {source: speaker/lines, queue_size: 3}}
        """)
    result = flow.run("--log-filter", "speaker=error").succeeded()
    (got,) = (int(line.split()[1]) for line in result.of("listener"))
    text = result.text
    dropped = 20000 - got
    if dropped:
        assert f"{dropped} of 20000 log messages of speaker/lines never reached" in text
