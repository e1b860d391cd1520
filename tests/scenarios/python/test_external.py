"""Events of other libraries among those of a node (merge_external_events)."""

ONE_NODE = """
    nodes:
      - {id: worker, path: worker.py, inputs: {number: worker/number}, outputs: [number]}
"""
SUBSCRIPTION = """
    import queue, threading, time
    from dora import Node

    class Subscription:
        def __init__(self):
            self.values = queue.Queue()

        def next(self):
            value = self.values.get()
            if isinstance(value, Exception):
                raise value
            return value

    node = Node()
    source = Subscription()
    node.merge_external_events(source)
"""


def test_they_end_every_kind_of_wait(flow):
    flow.nodes(
        worker=SUBSCRIPTION
        + """
    import asyncio

    def later(value):
        # So that the node sleeps meanwhile; any length will do.
        threading.Timer(0.2, source.values.put, (value,)).start()

    print(node.next(timeout=0)["timed_out"], node.try_recv(), node.drain(), node.is_empty())
    later("a")
    print(node.next())
    later("b")
    print(node.next(timeout=1000)["value"])
    later("c")
    print(asyncio.run(node.recv_async())["value"])
    later(ZeroDivisionError("d"))
    for event in node:
        print(repr(event["value"]), "type" in event)
        break
    source.values.put("e")
    while node.is_empty():
        time.sleep(0.01)
    print(node.try_recv()["value"], node.drain())
    source.values.put(None)
    node.send_output("number", b"x")
    print(node.next()["id"])
    """
    )
    flow.yaml(ONE_NODE)
    assert flow.run().succeeded().of("worker") == [
        "True None [] True",
        "{'kind': 'external', 'value': 'a'}",
        "b", "c", "ZeroDivisionError('d') False", "e []", "number",
    ]  # fmt: skip


def test_neither_kind_starves_the_other(flow):
    flow.nodes(
        worker=SUBSCRIPTION
        + """
    for number in range(100):
        source.values.put(number)
        node.send_output("number", bytes([number]))
    external, own = [], []
    for event in node:
        if event["kind"] == "external":
            external.append(event["value"])
        elif event["type"] == "INPUT":
            own.append(event["value"].to_pylist()[0])
        if len(own) == 50:
            # Those that are taken ahead come in turn with the inputs.
            print(len(external) >= 10)
        if len(external) + len(own) == 200:
            break
    print(external == own == list(range(100)))
    """
    )
    flow.yaml(ONE_NODE)
    assert set(flow.run().succeeded().of("worker")) == {"True"}


def test_they_end_with_the_node_and_keep_it_from_nothing(flow):
    flow.nodes(
        worker=SUBSCRIPTION
        + """
    import gc, weakref

    gc.disable()
    for _ in range(20):
        source.values.put("not looked at")
    print(node.next()["value"])
    gone = weakref.ref(node)
    node.close()
    print(node.next(), list(node))
    del node
    source.values.put("after the end")
    while gone() is not None:  # a thread may have it at this very moment
        time.sleep(0.01)
    print("gone")
    """
    )
    flow.yaml(ONE_NODE)
    assert flow.run().succeeded().of("worker") == ["not looked at", "None []", "gone"]


def test_what_is_no_subscription_is_refused(flow):
    flow.nodes(
        worker="""
        from dora import Node

        node = Node()
        try:
            node.merge_external_events([1, 2])
        except TypeError as error:
            print(error)
        """
    )
    flow.yaml(ONE_NODE)
    (line,) = flow.run().succeeded().of("worker")
    assert "takes an object with a method next()" in line
