"""Nodes that live in an asyncio program."""

SENDER = """
    import pyarrow as pa
    from dora import Node

    node = Node()
    for i in range({count}):
        node.send_output("number", pa.array([i]))
"""
YAML = """
    nodes:
      - {id: sender, path: sender.py, outputs: [number]}
      - id: receiver
        path: receiver.py
        inputs:
          number: {source: sender/number, queue_size: 1000}
"""


def received(flow, receiver, count=200):
    flow.nodes(sender=SENDER.format(count=count), receiver=receiver)
    flow.yaml(YAML)
    return flow.run().succeeded().of("receiver")


def test_async_for_takes_every_message_and_ends(flow):
    lines = received(
        flow,
        """
        import asyncio
        from dora import Node

        async def main():
            node = Node()
            async for event in node:
                if event["type"] == "INPUT":
                    print(event["value"][0].as_py())
                else:
                    print(event["type"], event["id"])

        asyncio.run(main())
        """,
    )
    assert lines == [str(i) for i in range(200)] + ["INPUT_CLOSED number", "STOP ALL_INPUTS_CLOSED"]


def test_recv_async_gives_none_at_the_end_and_an_error_event_in_time(flow):
    lines = received(
        flow,
        """
        import asyncio
        from dora import Node

        async def main():
            node = Node()
            while event := await node.recv_async():
                last = event["type"]
            print(last, await node.recv_async(), await node.recv_async(timeout=0.01))

        asyncio.run(main())
        """,
    )
    assert lines == ["STOP None None"]


def test_a_timeout_is_an_error_event_that_says_so(flow):
    flow.nodes(
        node="""
            import asyncio
            from dora import Node

            async def main():
                node = Node()
                assert node.next(timeout=0)["type"] == "INPUT"  # the first tick
                for event in (node.next(timeout=0.01), await node.recv_async(timeout=0.01)):
                    print(event["type"], event["timed_out"], type(event["error"]).__name__)

            asyncio.run(main())
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/secs/3600}}]")
    assert flow.run().succeeded().of("node") == ["ERROR True str"] * 2


def test_a_cancelled_recv_async_loses_no_event(flow):
    lines = received(
        flow,
        """
        import asyncio
        from dora import Node

        async def main():
            node = Node()
            while True:
                try:
                    event = await asyncio.wait_for(node.recv_async(), 0.0001)
                except asyncio.TimeoutError:
                    continue
                if event is None:
                    break
                if event["type"] == "INPUT":
                    print(event["value"][0].as_py())

        asyncio.run(main())
        """,
    )
    assert lines == [str(i) for i in range(200)]


def test_other_tasks_run_while_a_node_waits(flow):
    flow.nodes(
        node="""
            import asyncio
            from dora import Node

            async def count(turns):
                while True:
                    turns.append(1)
                    await asyncio.sleep(0.01)

            async def main():
                node, turns = Node(), []
                task = asyncio.create_task(count(turns))
                for _ in range(4):
                    await node.recv_async()
                print(len(turns) > 5)

            asyncio.run(main())
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/millis/100}}]")
    assert flow.run().succeeded().of("node") == ["True"]


def test_one_thread_may_send_while_another_waits(flow):
    flow.nodes(
        node="""
            import threading
            import pyarrow as pa
            from dora import Node

            node = Node()

            def write():
                for i in range(200):
                    node.send_output("out", pa.array([i]))

            thread = threading.Thread(target=write)
            thread.start()
            for _ in range(200):
                event = node.next()
                print(event["value"][0].as_py())
            thread.join()
        """
    )
    flow.yaml(
        """
        nodes:
          - id: node
            path: node.py
            inputs: {back: {source: node/out, queue_size: 1000}}
            outputs: [out]
        """
    )
    assert flow.run().succeeded().of("node") == [str(i) for i in range(200)]
