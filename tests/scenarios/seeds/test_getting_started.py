"""The code of the guide "Getting Started with Python", as it is printed there.

What stands around a block (imports, an input, names that the guide leaves to the reader) comes from
the test; the block itself is never changed.
"""

import json

YAML = """
    nodes:
      - {id: sender, path: sender.py, outputs: [message]}
      - id: node
        path: node.py
        inputs: {message: sender/message}
        outputs: [count, names, point, frame, result]
      - id: reader
        path: reader.py
        inputs:
          count: node/count
          names: node/names
          point: node/point
          frame: node/frame
          result: node/result
"""
SENDER = """
    import pyarrow as pa
    from dora import Node

    node = Node()

    for i in range(3):
        node.send_output("message", pa.array([i]))
"""
READER = """
    from dora import Node

    node = Node()

    for event in node:
        if event["type"] == "INPUT":
            values = event["value"].to_pylist()
            print(f"Received {event['id']}: {values}")
        elif event["type"] == "STOP":
            break
"""


def run(flow, node):
    flow.nodes(sender=SENDER, node=node, reader=READER)
    flow.yaml(YAML)
    return flow.run().succeeded()


def test_hello_world(flow):
    flow.nodes(
        sender="""
            import pyarrow as pa
            from dora import Node

            node = Node()

            for i in range(100):
                node.send_output("message", pa.array([i]))
        """,
        receiver=READER,
    )
    flow.yaml(
        """
        nodes:
          - id: sender
            path: sender.py
            outputs:
              - message
          - id: receiver
            path: receiver.py
            inputs:
              message: sender/message
        """
    )
    lines = flow.run_in_time().of("receiver")
    assert lines == [f"Received message: [{i}]" for i in range(100)]


def test_events(flow):
    result = run(
        flow,
        """
        from dora import Node

        node = Node()

        def process(name, value):
            print(name, value.to_pylist())

        for event in node:
            match event["type"]:
                case "INPUT":
                    process(event["id"], event["value"])
                case "INPUT_CLOSED":
                    print(f"Input {event['id']} closed")
                case "STOP":
                    break
        """,
    )
    assert result.of("node") == [
        "message [0]",
        "message [1]",
        "message [2]",
        "Input message closed",
    ]


def test_working_with_arrow_data(flow):
    result = run(
        flow,
        """
        from dora import Node

        node = Node()
        event = node.next()
        raw_bytes = b"abc"

        import pyarrow as pa

        # Simple values
        node.send_output("count", pa.array([42]))
        node.send_output("names", pa.array(["alice", "bob"]))

        # Read values back
        values = event["value"].to_pylist()  # [42] or ["alice", "bob"]

        # Structured data
        struct = pa.StructArray.from_arrays(
            [pa.array([1.5]), pa.array(["hello"])],
            names=["x", "y"],
        )
        node.send_output("point", struct)

        # Raw bytes (images, serialized data, etc.)
        node.send_output("frame", pa.array(raw_bytes))

        print(values)
        """,
    )
    assert result.of("node") == ["[0]"]
    assert sorted(result.of("reader")) == [
        "Received count: [42]",
        "Received frame: [97, 98, 99]",
        "Received names: ['alice', 'bob']",
        "Received point: [{'x': 1.5, 'y': 'hello'}]",
    ]


def test_async_nodes(flow):
    result = run(
        flow,
        """
        import pyarrow as pa

        async def fetch_data(value):
            await asyncio.sleep(0)
            return pa.array([value[0].as_py() * 10])

        import asyncio
        from dora import Node

        async def main():
            node = Node()
            for _ in range(50):
                event = await node.recv_async()
                if event["type"] == "STOP":
                    break
                if event["type"] == "INPUT_CLOSED":
                    continue  # the test sends three messages, not fifty
                # Do async work here
                result = await fetch_data(event["value"])
                node.send_output("result", result)

        asyncio.run(main())
        """,
    )
    assert result.of("reader") == [f"Received result: [{i}]" for i in (0, 10, 20)]


def test_logging(flow):
    flow.nodes(
        node="""
            import logging
            from dora import Node

            node = Node()
            i = 7
            node.log("info", "Processing item", {"count": str(i)})

            logging.info("Processing item %d", i)
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py}]")
    result = flow.run("--log-format", "json").succeeded()
    entries = [json.loads(line) for line in result.out if line.startswith("{")]
    entries = [entry for entry in entries if entry["node_id"] == "node"]
    told = [(entry["level"], entry["message"], entry["fields"]) for entry in entries]
    # Without what the daemon says of the node: spawning, ready, finished.
    told = [entry for entry in told if "item" in entry[1]]
    assert told[0] == ("INFO", "Processing item", {"count": "7"})
    assert told[1][:2] == ("INFO", "Processing item 7")


def test_timers(flow):
    flow.nodes(
        my_node="""
            from dora import Node

            node = Node()
            for _ in range(3):
                event = node.next()
                print(event["id"], event["value"].to_pylist())
        """
    )
    flow.yaml(
        """
        nodes:
          - id: tick-source
            path: dora/timer/millis/100 # tick every 100ms
            outputs:
              - tick

          - id: my-node
            path: my_node.py
            inputs:
              tick: tick-source/tick
        """
    )
    assert flow.run().succeeded().of("my-node") == ["tick [0]", "tick [1]", "tick [2]"]


def test_timers_in_hertz(flow):
    """Also available: dora/timer/hz/30 for 30 Hz."""
    flow.nodes(node="from dora import Node\nprint(Node().next()['id'])")
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/hz/30}}]")
    assert flow.run().succeeded().of("node") == ["tick"]


RAW_READER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            value = event["value"].to_numpy()
            print(event["id"], len(value), value.min(), value.max(), event["metadata"].get("width"))
"""


def raw(flow, block):
    flow.nodes(sender=SENDER, node=block, reader=RAW_READER)
    flow.yaml(YAML)
    return flow.run().succeeded().of("reader")


def test_send_output_raw_with_a_context(flow):
    lines = raw(
        flow,
        """
        import numpy as np
        from dora import Node

        node = Node()
        frame = np.full((1080, 1920, 3), 9, dtype=np.uint8)

        height, width = 1080, 1920
        with node.send_output_raw("frame", height * width * 3, metadata={"width": width}) as buf:
            arr = np.asarray(buf, dtype=np.uint8).reshape(height, width, 3)
            arr[:] = frame
            del arr # release the numpy view before `with` exits (see "Safety contract")
        # data is sent automatically when the `with` block exits
        """,
    )
    assert lines == ["frame 6220800 9 9 1920"]


def test_send_output_raw_by_hand(flow):
    lines = raw(
        flow,
        """
        import numpy as np
        from dora import Node

        node = Node()
        height, width = 1080, 1920
        frame = np.full((1080, 1920, 3), 9, dtype=np.uint8)

        sample = node.send_output_raw("frame", height * width * 3)
        mv = sample.as_memoryview()
        arr = np.asarray(mv, dtype=np.uint8).reshape(height, width, 3)
        arr[:] = frame
        del arr # drop derived numpy view first
        mv.release() # then release the memoryview itself
        sample.send() # ship it
        """,
    )
    assert lines == ["frame 6220800 9 9 None"]


def test_the_safety_contract_of_send_output_raw(flow):
    lines = raw(
        flow,
        """
        import numpy as np
        from dora import Node

        node = Node()

        def refused(kind, action, words=""):
            try:
                action()
            except kind as error:
                assert words in str(error), error
            else:
                raise AssertionError(f"{kind} was expected")

        sample = node.send_output_raw("frame", 8)
        view = sample.as_memoryview()
        refused(RuntimeError, sample.send, "view(s) are still open")
        view[:] = b"12345678"
        view.release()
        buffer = sample.as_buffer()
        sample.send()
        refused(RuntimeError, sample.send, "already been sent")
        refused(BufferError, lambda: memoryview(buffer))

        # Inline, a memoryview is released at the end of the statement.
        with node.send_output_raw("frame", 4) as buf:
            np.asarray(buf, dtype=np.uint8)[:] = 1
        """,
    )
    assert lines == ["frame 8 49 56 None", "frame 4 1 1 None"]
