"""The code of the guide "node-api-python" about events, as it is written there."""

TWO = """
    nodes:
      - {{id: sender, path: sender.py, outputs: [{outputs}]}}
      - id: receiver
        path: receiver.py
        inputs: {{{inputs}}}
"""


def test_event_types(flow):
    """The keys of each event are those of the guide's list."""
    flow.nodes(
        sender="""
            import pathlib, time
            import numpy as np
            from dora import Node

            node = Node()
            while not pathlib.Path("timed-out").exists():
                time.sleep(0.01)
            node.send_output("input_name", np.arange(3))
        """,
        receiver="""
            from dora import Node

            node = Node()
            keys = {
                "INPUT": {"type", "id", "value", "metadata"},
                "INPUT_CLOSED": {"type", "id"},
                "STOP": {"type"},
                "ERROR": {"type", "error"},
            }
            seen = set()
            while (event := node.next(timeout=0.001)) is not None:
                assert keys[event["type"]] <= set(event), event
                if event["type"] == "INPUT":
                    assert event["id"] == "input_name", event
                    assert "timestamp" in event["metadata"], event
                if event["type"] == "ERROR":
                    open("timed-out", "w").close()
                seen.add(event["type"])
            print(seen == set(keys) or seen)
        """,
    )
    flow.yaml(TWO.format(outputs="input_name", inputs="input_name: sender/input_name"))
    assert flow.run().succeeded().of("receiver") == ["True"]


def test_handling_events(flow):
    flow.nodes(
        sender="""
            from dora import Node

            Node().send_output("data", b"1")
        """,
        receiver="""
            def handle_input(name, value):
                print(name, value.to_pylist())

            from dora import Node

            node = Node()

            for event in node:
                match event["type"]:
                    case "INPUT":
                        handle_input(event["id"], event["value"])
                    case "INPUT_CLOSED":
                        print(f"Input {event['id']} closed")
                    case "STOP":
                        print("Stopping...")
                        break
                    case "ERROR":
                        print(f"Error: {event['error']}")
        """,
    )
    flow.yaml(TWO.format(outputs="data", inputs="data: sender/data"))
    lines = flow.run().succeeded().of("receiver")
    assert lines == ["data [49]", "Input data closed", "Stopping..."]
