"""Inputs on which nothing comes in time, and nodes that hang."""

import signal

# The producer pauses until the consumer has seen that it does: no clock decides.
PRODUCER = """
    import pyarrow as pa
    from dora import Node

    node = Node()
    node.send_output("number", pa.array([1]))
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("number", pa.array([2]))
            break
"""
CONSUMER = """
    import pyarrow as pa
    from dora import Node

    node = Node()
    paused = False
    for event in node:
        if event["type"] == "INPUT":
            print("got", event["value"].to_pylist()[0])
        else:
            print(event["type"], event["id"])
        if event["type"] == "INPUT_CLOSED" and not paused:
            paused = True
            node.send_output("paused", pa.array([True]))
"""
YAML = """
    nodes:
      - id: producer
        path: producer.py
        inputs: {paused: consumer/paused}
        outputs: [number]
      - id: consumer
        path: consumer.py
        inputs: {number: {source: producer/number, input_timeout: 0.2}}
        outputs: [paused]
"""


def test_an_input_that_gets_nothing_in_time_counts_as_closed_until_something_comes(flow):
    flow.nodes(producer=PRODUCER, consumer=CONSUMER)
    flow.yaml(YAML)
    result = flow.run().succeeded()
    lines = result.of("consumer")
    assert lines[:4] == ["got 1", "INPUT_CLOSED number", "INPUT_RECOVERED number", "got 2"]
    # A producer that takes long to end lets the input time out once more.
    assert lines[4:-1] in (["INPUT_CLOSED number"], ["INPUT_CLOSED number"] * 2)
    assert lines[-1] == "STOP ALL_INPUTS_CLOSED"
    assert "input `number` got nothing from producer/number for more than 0.2 s" in result.text
    assert "input `number` gets messages from producer/number again" in result.text


def test_a_producer_that_ends_while_its_input_is_broken_lets_the_consumer_end(flow):
    flow.nodes(
        consumer=CONSUMER,
        producer="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("number", pa.array([1]))
            node.next()
        """,
    )
    flow.yaml(YAML)
    result = flow.run().succeeded()
    assert result.of("consumer")[:2] == ["got 1", "INPUT_CLOSED number"]
    assert result.of("consumer")[-1] == "STOP ALL_INPUTS_CLOSED"


def test_an_input_is_not_watched_before_its_first_message(flow):
    flow.nodes(
        producer="""
            from dora import Node

            for event in Node():
                pass
        """,
        consumer="""
            from dora import Node

            node = Node()
            for event in node:
                print(event["type"], event["id"])
                if event["type"] == "INPUT" and event["id"] == "tick":
                    print("ticks", flush=True)
        """,
    )
    flow.yaml("""
        nodes:
          - {id: producer, path: producer.py, inputs: {t: dora/timer/secs/100}, outputs: [number]}
          - id: consumer
            path: consumer.py
            inputs:
              number: {source: producer/number, input_timeout: 0.01}
              tick: dora/timer/millis/100
        """)
    run = flow.start()
    for _ in range(3):
        run.wait_for("ticks")
    run.signal(signal.SIGINT)
    result = run.wait().succeeded()
    assert "INPUT_CLOSED number" not in result.of("consumer")


def test_a_node_that_hangs_is_killed_and_started_again(flow):
    flow.nodes(
        worker="""
            import time
            import pyarrow as pa
            from dora import Node

            node = Node()
            if node.restart_count() == 0:
                time.sleep(1000)
            node.send_output("number", pa.array([node.restart_count()]))
        """,
        consumer=CONSUMER,
        lively="""
            from dora import Node

            node = Node()
            for event in node:
                pass
            print("never killed", node.restart_count())
        """,
    )
    flow.yaml("""
        health_check_interval: 0.1
        nodes:
          - id: worker
            path: worker.py
            outputs: [number]
            restart_policy: on-failure
            health_check_timeout: 1
          - {id: consumer, path: consumer.py, inputs: {number: worker/number}, outputs: [paused]}
          - id: lively
            path: lively.py
            inputs: {n: worker/number, tick: dora/timer/millis/20}
            health_check_timeout: 20
        exit_when_nodes_finish: true
        """)
    result = flow.run().succeeded()
    heard = result.of("consumer")
    assert heard[0] == "NODE_RESTARTED worker"
    assert any(line.startswith("got ") for line in heard)
    assert "showed no sign of life for 1 s, so dora killed it (SIGKILL)" in result.text
    assert result.of("lively") == ["never killed 0"]


def test_a_node_that_hangs_for_good_fails_the_dataflow(flow):
    flow.nodes(worker="import time\nfrom dora import Node\nnode = Node()\ntime.sleep(1000)\n")
    flow.yaml("""
        health_check_interval: 0.1
        nodes: [{id: worker, path: worker.py, outputs: [x], health_check_timeout: 0.2}]
        """)
    result = flow.run()
    assert result.code == 1
    assert "Node `worker` failed: showed no sign of life for 0.2 s" in result.text
