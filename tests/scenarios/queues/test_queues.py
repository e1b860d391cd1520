"""What an input keeps while its node is busy."""

import pytest

SENDER = """
    import pathlib, time
    import pyarrow as pa
    from dora import Node

    pathlib.Path("sent").unlink(missing_ok=True)
    node = Node()
    for i in range({count}):
        node.send_output("number", pa.array([i]))
    pathlib.Path("sent").touch()
"""
# Asks for its first message only when all have been sent.
LATE_RECEIVER = """
    import pathlib, time
    from dora import Node

    node = Node()
    while not pathlib.Path("sent").exists():
        time.sleep(0.01)
    for event in node:
        if event["type"] == "INPUT":
            print(event["value"][0].as_py())
"""


def yaml(options):
    return f"""
        nodes:
          - id: sender
            path: sender.py
            outputs: [number]
          - id: receiver
            path: receiver.py
            inputs:
              number: {{source: sender/number{options}}}
    """


def numbers(result):
    return [int(line) for line in result.of("receiver")]


@pytest.mark.parametrize("size", [0, 1, 2, 5, 10, 64])
def test_an_input_with_a_queue_size_keeps_exactly_its_newest(flow, size):
    flow.nodes(sender=SENDER.format(count=200), receiver=LATE_RECEIVER)
    flow.yaml(yaml(f", queue_size: {size}"))
    kept = max(size, 1)  # 0 is read as 1
    result = flow.run().succeeded()
    assert numbers(result) == list(range(200 - kept, 200))


def test_what_was_dropped_is_told_at_the_end_with_edge_and_number(flow):
    flow.nodes(sender=SENDER.format(count=200), receiver=LATE_RECEIVER)
    flow.yaml(yaml(", queue_size: 5"))
    result = flow.run().succeeded()
    told = [line for line in result.text.splitlines() if "sender/number" in line]
    assert len(told) == 1, result.text
    assert "195 of 200 messages" in told[0]
    assert "receiver/number" in told[0]
    assert "queue_size" in told[0]


def test_nothing_is_told_when_nothing_was_dropped(flow):
    flow.nodes(sender=SENDER.format(count=5), receiver=LATE_RECEIVER)
    flow.yaml(yaml(", queue_size: 5"))
    result = flow.run().succeeded()
    assert numbers(result) == [0, 1, 2, 3, 4]
    assert "sender/number" not in result.text


@pytest.mark.parametrize("count", [100, 1024])
def test_an_input_without_queue_size_keeps_a_burst(flow, count):
    flow.nodes(sender=SENDER.format(count=count), receiver=LATE_RECEIVER)
    flow.yaml(yaml(""))
    assert numbers(flow.run_in_time()) == list(range(count))


def test_a_burst_of_more_than_1024_keeps_the_newest_1024(flow):
    flow.nodes(sender=SENDER.format(count=1500), receiver=LATE_RECEIVER)
    flow.yaml(yaml(""))
    assert numbers(flow.run_in_time()) == list(range(1500 - 1024, 1500))


def test_a_slow_node_without_queue_size_works_on_its_ten_newest(flow):
    flow.nodes(
        sender="""
            import pathlib, time
            import pyarrow as pa
            from dora import Node

            node = Node()
            while not pathlib.Path("asked").exists():
                time.sleep(0.01)
            time.sleep(2.2)  # the two seconds in which a node may still be loading its model
            for i in range(50):
                node.send_output("number", pa.array([i]))
            time.sleep(0.3)  # longer than a burst lasts
            pathlib.Path("sent").touch()
        """,
        receiver="""
            import pathlib, time
            from dora import Node

            node = Node()
            assert node.next(timeout=0.01)["timed_out"]
            pathlib.Path("asked").touch()
            while not pathlib.Path("sent").exists():
                time.sleep(0.01)
            for event in node:
                if event["type"] == "INPUT":
                    print(event["value"][0].as_py())
        """,
    )
    flow.yaml(yaml(""))
    assert numbers(flow.run().succeeded()) == list(range(40, 50))


def test_a_slow_first_event_costs_no_messages(flow):
    flow.nodes(
        sender=SENDER.format(count=100),
        receiver="""
            import time
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    number = event["value"][0].as_py()
                    if number == 0:
                        time.sleep(0.5)  # loads a model
                    print(number)
        """,
    )
    flow.yaml(yaml(""))
    assert numbers(flow.run_in_time()) == list(range(100))


def test_backpressure_makes_the_sender_wait_and_loses_nothing(flow):
    flow.nodes(
        sender="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(300):
                node.send_output("number", pa.array([i]))
        """,
        receiver="""
            import time
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    time.sleep(0.002)
                    print(event["value"][0].as_py())
        """,
    )
    flow.yaml(yaml(", queue_size: 2, queue_policy: backpressure"))
    result = flow.run().succeeded()
    assert numbers(result) == list(range(300))
    assert "sender/number" not in result.text


def test_every_consumer_of_an_output_gets_every_message(flow):
    flow.nodes(sender=SENDER.format(count=500), receiver=LATE_RECEIVER)
    names = [f"receiver-{i}" for i in range(5)]
    consumers = "".join(
        f"""
          - id: {name}
            path: receiver.py
            inputs:
              number: {{source: sender/number, queue_size: 500}}"""
        for name in names
    )
    flow.yaml(
        f"""
        nodes:
          - id: sender
            path: sender.py
            outputs: [number]{consumers}
        """
    )
    result = flow.run().succeeded()
    for name in names:
        assert [int(line) for line in result.of(name)] == list(range(500))


def test_no_busy_input_starves_another(flow):
    flow.nodes(
        sender="""
            import os
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(int(os.environ["COUNT"])):
                node.send_output("number", pa.array([i]))
            open(os.environ["DONE"], "w").close()
        """,
        receiver="""
            import pathlib, time
            from dora import Node

            node = Node()
            while not (pathlib.Path("a").exists() and pathlib.Path("b").exists()):
                time.sleep(0.01)
            for event in node:
                if event["type"] == "INPUT":
                    print(event["id"])
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: a, path: sender.py, outputs: [number], env: {COUNT: 900, DONE: a}}
          - {id: b, path: sender.py, outputs: [number], env: {COUNT: 5, DONE: b}}
          - id: receiver
            path: receiver.py
            inputs:
              often: {source: a/number, queue_size: 1000}
              seldom: {source: b/number, queue_size: 1000}
        """
    )
    lines = flow.run().succeeded().of("receiver")
    assert lines.count("often") == 900
    assert lines.count("seldom") == 5
    assert lines.index("seldom") <= 32, "an input waited for more than 32 events of another"
