"""Python nodes under rough treatment: signals, exits with live arrays, many events, threads."""

import os
import signal

ENDLESS = """
    nodes:
      - id: worker
        path: worker.py
        inputs: {tick: dora/timer/secs/1000}
"""
SENDER = """
    import numpy as np
    from dora import Node

    node = Node()
    for i in range({count}):
        node.send_output("data", np.full({size}, i % 256, np.uint8), {{"i": i}})
"""
PAIR = """
    nodes:
      - {id: sender, path: sender.py, outputs: [data]}
      - id: worker
        path: worker.py
        inputs:
          data: {source: sender/data, queue_policy: backpressure}
"""


def test_ctrl_c_ends_a_wait(flow):
    flow.nodes(
        worker="""
        import os
        from dora import Node

        node = Node()
        node.next()  # the first tick
        print("waiting", os.getpid())
        try:
            node.next()
        except KeyboardInterrupt:
            print("interrupted")
        print("still there:", node.try_recv(), node.is_empty())
        """
    )
    flow.yaml(ENDLESS)
    run = flow.start()
    pid = int(run.wait_for("waiting").split()[-1])
    os.kill(pid, signal.SIGINT)
    assert run.wait().succeeded().of("worker")[1:] == ["interrupted", "still there: None True"]


def test_ctrl_c_ends_a_wait_of_asyncio(flow):
    flow.nodes(
        worker="""
        import asyncio, os
        from dora import Node

        async def main():
            node = Node()
            await node.recv_async()
            print("waiting", os.getpid())
            await node.recv_async()

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    flow.yaml(ENDLESS)
    run = flow.start()
    pid = int(run.wait_for("waiting").split()[-1])
    os.kill(pid, signal.SIGINT)
    assert run.wait().succeeded().of("worker")[1:] == ["interrupted"]


def test_an_interpreter_may_exit_with_live_arrays_and_threads(flow):
    flow.nodes(
        sender=SENDER.format(count=20, size=100_000),
        worker="""
        import sys, threading
        import numpy as np
        from dora import Node

        node = Node()
        kept = [event for event in node if event["type"] == "INPUT"]
        arrays = [event["value"] for event in kept]
        sys.modules["kept for ever"] = arrays
        view = memoryview(arrays[3])
        node.close()
        del node, kept
        assert all(np.all(array == i) for i, array in enumerate(arrays))
        threading.Thread(target=Node.__new__, args=(Node,), daemon=True).start()
        print("leaving")
        """,
    )
    flow.yaml(PAIR)
    assert flow.run().succeeded().of("worker") == ["leaving"]


def test_an_interpreter_may_exit_while_a_daemon_thread_receives(flow, repeat):
    flow.nodes(
        worker="""
        import threading
        from dora import Node

        node = Node()
        started = threading.Event()

        def take():
            for event in node:
                started.set()

        for _ in range(3):
            threading.Thread(target=take, daemon=True).start()
        started.wait()
        print("leaving")
        """
    )
    flow.yaml(ENDLESS.replace("secs/1000", "micros/100"))
    for _ in range(repeat):
        assert flow.run().succeeded().of("worker") == ["leaving"]


def test_memory_stays_flat_over_a_million_events(flow):
    flow.nodes(
        sender=SENDER.format(count=1_000_000, size=8),
        worker="""
        import gc, os
        from dora import Node

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

        node = Node()
        objects = before = None
        for number, event in enumerate(node):
            if event["type"] != "INPUT":
                continue
            assert event["metadata"]["i"] == number
            assert len(event["value"]) == 8
            if number == 100_000:
                del event
                gc.collect()
                objects, before = len(gc.get_objects()), resident()
            if number == 990_000:
                del event
                gc.collect()
                print("more objects:", len(gc.get_objects()) - objects > 100)
                print("more memory:", resident() - before > 4 << 20)
        """,
    )
    flow.yaml(PAIR)
    assert flow.run().succeeded().of("worker") == ["more objects: False", "more memory: False"]


def test_a_node_dies_without_the_garbage_collector(flow):
    flow.nodes(
        worker="""
        import gc, weakref
        from dora import Node

        gc.disable()
        node = Node()
        node.send_output("nowhere", [1])
        node.try_recv()
        gone = weakref.ref(node)
        del node
        print("gone:", gone() is None)
        """
    )
    flow.yaml("nodes: [{id: worker, path: worker.py}]")
    assert flow.run().succeeded().of("worker") == ["gone: True"]


def test_asyncio_and_threads_share_a_node(flow):
    flow.nodes(
        sender=SENDER.format(count=3000, size=1),
        worker="""
        import asyncio, threading
        from dora import Node

        node = Node()
        seen = []

        def take():
            for event in node:
                if event["type"] == "INPUT":
                    seen.append(event["metadata"]["i"])

        async def take_too():
            async for event in node:
                if event["type"] == "INPUT":
                    seen.append(event["metadata"]["i"])

        threads = [threading.Thread(target=take) for _ in range(2)]
        for thread in threads:
            thread.start()
        asyncio.run(take_too())
        for thread in threads:
            thread.join()
        print(sorted(seen) == list(range(3000)))
        """,
    )
    flow.yaml(PAIR)
    assert flow.run().succeeded().of("worker") == ["True"]


def test_a_closed_node_answers_and_takes_nothing_more(flow):
    flow.nodes(
        worker="""
        import dora
        from dora import Node

        node = Node()
        kept = node.next()["value"]
        node.close()
        print(node.next(), node.try_recv(), node.is_empty(), list(node), node.node_id())
        for call in (
            lambda: node.send_output("out", b""),
            lambda: node.send_output_raw("out", 1),
            lambda: node.drain(),
            lambda: node.close_outputs(["out"]),
            lambda: node.extension_load("a", "b"),
            lambda: node.merge_external_events(type("S", (), {"next": lambda self: None})()),
            lambda: Node(),
        ):
            try:
                print("no error", call())
            except dora.DoraError as error:
                print(type(error).__name__)
        node.close()
        print(len(kept))
        """
    )
    flow.yaml(ENDLESS)
    assert flow.run().succeeded().of("worker") == [
        "None None True [] worker",
        *["Disconnected"] * 6,
        "NotFound",
        "0",
    ]
