"""`queue_policy: backpressure`: who waits, for how long, and who is told."""

import http.client
import json
import signal
import socket
from pathlib import Path

import pytest
from support.watchdog import wait_until

YAML = """
    nodes:
      - {id: sender, path: sender.py, outputs: [number]}
      - id: receiver
        path: receiver.py
        inputs: {number: {source: sender/number, queue_size: 2, queue_policy: backpressure}}
"""
SENDER = """
    from dora import Node

    node = Node()
    for i in range(10):
        node.send_output("number", b"x")
    print("all sent")
"""
# Takes nothing before it may.
HOLDING_RECEIVER = """
    import pathlib, time
    from dora import Node

    node = Node()
    while not pathlib.Path("go").exists():
        time.sleep(0.01)
    print(sum(event["type"] == "INPUT" for event in node), "received")
"""


def dataflows(environment):
    """What the control sockets of this test's instances tell."""
    found = []
    for path in Path(environment["XDG_RUNTIME_DIR"]).glob("dora/*/control.sock"):
        connection = http.client.HTTPConnection("dora")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        connection.request("GET", "/v1/dataflows")
        found += json.loads(connection.getresponse().read())["dataflows"]
        connection.close()
    return found


def test_a_sender_that_waits_is_seen_in_the_log_and_over_the_api(flow, environment):
    flow.nodes(sender=SENDER, receiver=HOLDING_RECEIVER)
    flow.yaml(YAML)
    run = flow.start()
    line = run.wait_for("blocked on: receiver/number")
    assert "sender:" in line
    [dataflow] = dataflows(environment)
    assert dataflow["blocked_on"] == {"sender": ["receiver/number"]}
    [edge] = dataflow["edges"]
    assert edge == {
        "output": "sender/number", "input": "receiver/number", "sent": 2, "delivered": 0,
        "dropped": 0, "drops": {}, "in_flight": 2, "bytes": edge["bytes"],
    }  # fmt: skip
    (flow.path / "go").touch()
    result = run.wait().succeeded()
    assert result.of("receiver") == ["10 received"]
    assert result.text.count("blocked on") == 1


def test_a_circle_of_waiting_senders_is_told_with_its_nodes(flow):
    node = """
        from dora import Node

        node = Node()
        while True:  # sends before it receives
            node.send_output("out", b"x")
    """
    flow.nodes(node=node)
    flow.yaml(
        """
        nodes:
          - id: ping
            path: node.py
            outputs: [out]
            inputs: {in: {source: pong/out, queue_size: 3, queue_policy: backpressure}}
          - id: pong
            path: node.py
            outputs: [out]
            inputs: {in: {source: ping/out, queue_size: 3, queue_policy: backpressure}}
        """
    )
    run = flow.start()
    line = run.wait_for("2 nodes wait for each other")
    assert "`ping` (output `out`) is blocked on: pong/in" in line
    assert "`pong` (output `out`) is blocked on: ping/in" in line
    run.signal(signal.SIGINT)
    assert run.wait().text.count("wait for each other") == 1


def test_a_node_that_waits_for_itself_is_told(flow):
    flow.nodes(
        node="""
            from dora import Node

            node = Node()
            for i in range(5):
                node.send_output("out", b"x")
        """
    )
    flow.yaml(
        """
        nodes:
          - id: loop
            path: node.py
            outputs: [out]
            inputs: {in: {source: loop/out, queue_size: 2, queue_policy: backpressure}}
        """
    )
    run = flow.start()
    run.wait_for("`loop` waits for itself")
    run.signal(signal.SIGINT)
    run.wait().succeeded()


def test_the_wait_ends_with_the_receiver(flow):
    flow.nodes(
        sender=SENDER,
        receiver="""
            import os, signal
            from dora import Node

            node = Node()
            print(node.next()["type"])
            os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    flow.yaml(YAML)
    assert flow.run().of("sender") == ["all sent"]


def test_the_wait_ends_with_a_stop(flow):
    flow.nodes(sender=SENDER, receiver=HOLDING_RECEIVER)
    flow.yaml(YAML)
    run = flow.start()
    run.wait_for("blocked on")
    run.signal(signal.SIGINT)
    run.wait_for("all sent")
    (flow.path / "go").touch()
    run.wait().succeeded()


def test_other_threads_of_the_sender_run_while_it_waits(flow):
    flow.nodes(
        sender="""
            import pathlib, threading
            from dora import Node

            node = Node()

            def send():
                for i in range(10):
                    node.send_output("number", b"x")
                print("all sent")

            thread = threading.Thread(target=send)
            thread.start()
            turns = 0
            while thread.is_alive():
                turns += 1
                if turns == 100_000:
                    pathlib.Path("go").touch()
            print("turned", turns >= 100_000)
        """,
        receiver=HOLDING_RECEIVER,
    )
    flow.yaml(YAML)
    result = flow.run().succeeded()
    assert result.of("sender") == ["all sent", "turned True"]
    assert result.of("receiver") == ["10 received"]


def test_a_signal_reaches_a_sender_that_waits(flow):
    flow.nodes(
        sender="""
            import os, signal
            from dora import Node

            def on_alarm(*_):
                open("go", "w").close()

            signal.signal(signal.SIGALRM, on_alarm)
            signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
            node = Node()
            for i in range(10):
                node.send_output("number", b"x")
            print("all sent")
        """,
        receiver=HOLDING_RECEIVER,
    )
    flow.yaml(YAML)
    assert flow.run().succeeded().of("receiver") == ["10 received"]


def test_the_number_that_waits_is_exact(flow):
    """Only what fits is sent: with a queue of 2 the third send waits."""
    flow.nodes(
        sender="""
            from dora import Node

            node = Node()
            for i in range(3):
                node.send_output("number", b"x")
                print("sent", i)
            open("go", "w").close()
        """,
        receiver="""
            import pathlib, time
            from dora import Node

            node = Node()
            while not pathlib.Path("take").exists():
                time.sleep(0.01)
            print(node.next()["type"])
            while not pathlib.Path("go").exists():
                time.sleep(0.01)
            for event in node:
                pass
        """,
    )
    flow.yaml(YAML)
    run = flow.start()
    run.wait_for("blocked on")
    wait_until(lambda: "sent 1" in run.running.text, "the second message")
    assert "sent 2" not in run.running.text
    (flow.path / "take").touch()
    assert run.wait().succeeded().of("sender") == ["sent 0", "sent 1", "sent 2"]


# Signals go to a thread that does nothing else: no kernel call of the main thread is interrupted,
# so only what its handler does can end the wait. They come at any moment of it, early and late.
HANDLED_ELSEWHERE = """
    import signal, threading, time
    from dora import Node

    def on_signal(*_):
        raise RuntimeError("raised by the handler")

    signal.signal(signal.SIGUSR1, on_signal)
    node = Node()
    {fill}
    sleeper = threading.Thread(target=threading.Event().wait, daemon=True)
    sleeper.start()

    def poke(delay):
        time.sleep(delay)  # any length will do
        signal.pthread_kill(sleeper.ident, signal.SIGUSR1)

    for delay in (0, 0.001, 0.01, 0.05, 0.09, 0.1, 0.11, 0.3):
        thread = threading.Thread(target=poke, args=(delay,))
        try:
            thread.start()
            {send}
        except RuntimeError as error:
            print(error)
        thread.join()
    open("go", "w").close()
"""


@pytest.mark.parametrize(
    ("fill", "send"),
    [
        ("node.send_output('number', bytes(2)); node.send_output('number', bytes(2))",
         "node.send_output('number', bytes(2))"),
        ("node.send_output('number', bytes(2)); node.send_output('number', bytes(2)); "
         "sample = node.send_output_raw('number', 100_000)", "sample.send()"),
    ],
    ids=["send_output", "send_output_raw"],
)  # fmt: skip
def test_a_signal_that_another_thread_catches_ends_the_wait(flow, fill, send):
    flow.nodes(sender=HANDLED_ELSEWHERE.format(fill=fill, send=send), receiver=HOLDING_RECEIVER)
    flow.yaml(YAML)
    result = flow.run().succeeded()
    assert result.of("sender") == ["raised by the handler"] * 8
    assert result.of("receiver") == ["2 received"]


def test_close_by_another_thread_ends_the_wait(flow):
    flow.nodes(
        sender="""
            import threading
            from dora import Node

            node = Node()
            for _ in range(2):
                node.send_output("number", b"x")
            threading.Timer(0.3, node.close).start()  # so that it sleeps; any length will do
            try:
                node.send_output("number", b"x")
            except RuntimeError as error:
                print(error)
            open("go", "w").close()
        """,
        receiver=HOLDING_RECEIVER,
    )
    flow.yaml(YAML)
    result = flow.run().succeeded()
    assert result.of("sender") == ["this node was closed"]
    assert result.of("receiver") == ["2 received"]


def test_a_consumer_that_is_connected_later_makes_the_sender_wait_without_stopping_its_threads(
    flow, run_dora
):
    """The dataflow of the start says nothing of back pressure."""
    flow.nodes(
        sender="""
            import threading, time
            from dora import Node

            node = Node()

            def tell():
                while True:
                    time.sleep(0.01)
                    open("alive", "w").close()

            threading.Thread(target=tell, daemon=True).start()
            while node.try_recv() is None:
                node.send_output("number", b"x")
                time.sleep(0.001)
        """,
        receiver=HOLDING_RECEIVER,
    )
    flow.yaml("nodes: [{id: sender, path: sender.py, outputs: [number]}]")
    flow.write(
        "late.yml",
        """
        id: late
        path: receiver.py
        inputs: {number: {source: sender/number, queue_size: 2, queue_policy: backpressure}}
        """,
    )
    run = flow.start()
    wait_until((flow.path / "alive").exists, "the thread of the sender")
    added = run_dora("node", "add", "--from-yaml", "late.yml")
    assert added.code == 0, added
    run.wait_for("blocked on: late/number")
    (flow.path / "alive").unlink()
    wait_until((flow.path / "alive").exists, "the thread of the sender, while that waits")
    (flow.path / "go").touch()
    run.signal(signal.SIGINT)
    run.wait().succeeded()
