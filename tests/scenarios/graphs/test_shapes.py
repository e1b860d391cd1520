"""Graphs of every shape: what is sent arrives once, whole and in order."""

import pytest

# Prints for each of its inputs how many messages came, and whether they came in order and whole.
RECEIVER = """
    import hashlib
    from dora import Node

    seen = {}
    for event in Node():
        if event["type"] == "INPUT":
            number, digest = event["metadata"]["number"], event["metadata"]["digest"]
            numbers = seen.setdefault(event["id"], [])
            assert hashlib.sha1(event["data"]).hexdigest() == digest, "damaged"
            numbers.append(number)
    for name, numbers in sorted(seen.items()):
        print(name, len(numbers), numbers == list(range(len(numbers))))
"""
# Small and large messages take turns: they must not overtake each other.
SENDER = """
    import hashlib, os
    from dora import Node

    node = Node()
    outputs = os.environ["OUTPUTS"].split()
    for number in range(int(os.environ["COUNT"])):
        data = os.urandom((8, 300, 5000, 200_000)[number % 4])
        metadata = {"number": number, "digest": hashlib.sha1(data).hexdigest()}
        for output in outputs:
            node.send_output(output, data, metadata)
"""


@pytest.mark.parametrize("consumers", [1, 8, 32])
def test_fan_out_gives_everything_to_everybody(flow, consumers):
    flow.nodes(sender=SENDER, receiver=RECEIVER)
    receivers = "".join(
        f"""
          - id: receiver-{i}
            path: receiver.py
            inputs: {{data: {{source: sender/data, queue_size: 60}}}}"""
        for i in range(consumers)
    )
    flow.yaml(
        f"""
        nodes:
          - id: sender
            path: sender.py
            outputs: [data]
            env: {{OUTPUTS: data, COUNT: 60}}{receivers}
        """
    )
    result = flow.run().succeeded()
    for i in range(consumers):
        assert result.of(f"receiver-{i}") == ["data 60 True"]


def test_a_node_with_200_edges_serves_them_all(flow):
    """100 inputs from one node, 100 outputs to another: more than the doorbell has bits."""
    flow.nodes(
        sender=SENDER,
        receiver=RECEIVER,
        hub="""
            from dora import Node

            node = Node()
            for event in node:
                if event["type"] == "INPUT":
                    node.send_output("out-" + event["id"], event["value"], event["metadata"])
        """,
    )
    names = [f"n{i}" for i in range(100)]
    flow.yaml(
        f"""
        nodes:
          - id: sender
            path: sender.py
            outputs: [{", ".join(names)}]
            env: {{OUTPUTS: {" ".join(names)}, COUNT: 12}}
          - id: hub
            path: hub.py
            inputs: {{{", ".join(f"{n}: {{source: sender/{n}, queue_size: 12}}" for n in names)}}}
            outputs: [{", ".join(f"out-{n}" for n in names)}]
          - id: receiver
            path: receiver.py
            inputs:
              {{{", ".join(f"{n}: {{source: hub/out-{n}, queue_size: 12}}" for n in names)}}}
        """
    )
    result = flow.run().succeeded()
    assert result.of("receiver") == [f"{name} 12 True" for name in sorted(names)]


def test_one_output_may_feed_several_inputs_of_a_node(flow):
    flow.nodes(sender=SENDER, receiver=RECEIVER)
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data], env: {OUTPUTS: data, COUNT: 40}}
          - id: receiver
            path: receiver.py
            inputs:
              all: {source: sender/data, queue_size: 40}
              also: {source: sender/data, queue_policy: backpressure}
        """
    )
    assert flow.run().succeeded().of("receiver") == ["all 40 True", "also 40 True"]


def test_many_producers_feed_one_node(flow):
    flow.nodes(sender=SENDER, receiver=RECEIVER)
    names = [f"s{i}" for i in range(8)]
    senders = "".join(
        f"""
          - {{id: {name}, path: sender.py, outputs: [data], env: {{OUTPUTS: data, COUNT: 40}}}}"""
        for name in names
    )
    inputs = ", ".join(f"{name}: {{source: {name}/data, queue_size: 40}}" for name in names)
    flow.yaml(
        f"""
        nodes:{senders}
          - id: receiver
            path: receiver.py
            inputs: {{{inputs}}}
        """
    )
    assert flow.run().succeeded().of("receiver") == [f"{name} 40 True" for name in names]


def test_forwarded_arrays_stay_what_they_were(flow):
    """Arrays that lie in another node's memory are sent on, whole and sliced, and kept as well."""
    flow.nodes(
        sender="""
            import numpy as np
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(40):
                node.send_output("data", pa.array(range(i, i + 50_000), pa.int64()))
                node.send_output("data", pa.array([{"text": "x" * i, "list": [i] * 400}, None]))
                node.send_output("data", np.full((100, 200, 3), i, np.uint8))
        """,
        relay="""
            from dora import Node

            node = Node()
            kept = []
            for event in node:
                if event["type"] == "INPUT":
                    value = event["value"]
                    kept.append(value)
                    node.send_output("data", value)
                    node.send_output("data", value[1:])
        """,
        last="""
            import pyarrow as pa
            from dora import Node

            i, wrong, count = 0, 0, 0
            values = []
            for event in Node():
                if event["type"] == "INPUT":
                    values.append(event["value"])
            for turn in range(40):
                numbers = pa.array(range(turn, turn + 50_000), pa.int64())
                rows = pa.array([{"text": "x" * turn, "list": [turn] * 400}, None])
                image = (turn, (100, 200, 3), "uint8")
                # Twice through a relay that sends each array and all but its first element.
                for expected in (numbers, rows):
                    for value in values[:4]:
                        wrong += value.type != expected.type
                    wrong += not values[0].equals(expected)
                    wrong += not values[1].equals(expected[1:])
                    wrong += not values[2].equals(expected[1:])
                    wrong += not values[3].equals(expected[2:])
                    del values[:4]
                for value, rows_left in zip(values[:4], (100, 99, 99, 98)):
                    wrong += value.shape != (rows_left, 200, 3) or not (value == turn).all()
                del values[:4]
            print("wrong", wrong, "left", len(values))
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data]}
          - id: first
            path: relay.py
            inputs: {data: {source: sender/data, queue_policy: backpressure}}
            outputs: [data]
          - id: second
            path: relay.py
            inputs: {data: {source: first/data, queue_policy: backpressure}}
            outputs: [data]
          - {id: last, path: last.py, inputs: {data: {source: second/data, queue_size: 1000}}}
        """
    )
    assert flow.run().succeeded().of("last") == ["wrong 0 left 0"]


def test_a_node_can_send_to_itself(flow):
    flow.nodes(
        node="""
            from dora import Node

            node = Node()
            node.send_output("out", bytes(3000))
            for event in node:
                if event["type"] == "INPUT":
                    length = len(event["data"])
                    if length == 3200:
                        break
                    node.send_output("out", bytes(length + 1))
            print(length)
        """
    )
    flow.yaml("nodes: [{id: loop, path: node.py, outputs: [out], inputs: {in: loop/out}}]")
    assert flow.run().succeeded().of("loop") == ["3200"]


def test_a_token_goes_round_in_a_circle(flow):
    flow.nodes(
        first="""
            from dora import Node

            node = Node()
            node.send_output("out", b"0")
            for event in node:
                if event["type"] == "INPUT":
                    turn = int(event["data"])
                    if turn == 899:
                        break
                    node.send_output("out", b"%d" % (turn + 1))
            print(turn)
        """,
        other="""
            from dora import Node

            node = Node()
            for event in node:
                if event["type"] == "INPUT":
                    node.send_output("out", b"%d" % (int(event["data"]) + 1))
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: a, path: first.py, outputs: [out], inputs: {in: c/out}}
          - {id: b, path: other.py, outputs: [out], inputs: {in: a/out}}
          - {id: c, path: other.py, outputs: [out], inputs: {in: b/out}}
        """
    )
    assert flow.run().succeeded().of("a") == ["899"]
