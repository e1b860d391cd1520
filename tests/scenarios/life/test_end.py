"""How a dataflow comes to its end, and what the nodes see of it."""

import signal

import pytest

WATCHER = """
    from dora import Node

    node = Node()
    print("ready")
    for event in node:
        if event["type"] == "INPUT":
            print("INPUT", event["id"], event["value"].to_pylist())
        else:
            print(event["type"], event["id"])
    print("end")
"""
SENDER = """
    import os
    import pyarrow as pa
    from dora import Node

    node = Node()
    for i in range(int(os.environ.get("COUNT", "3"))):
        node.send_output("number", pa.array([i]))
"""
WAITING = """
    nodes:
      - id: watcher
        path: watcher.py
        inputs: {tick: dora/timer/secs/3600}
"""


def test_a_natural_end_comes_in_order(flow):
    flow.nodes(sender=SENDER, watcher=WATCHER)
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - {id: watcher, path: watcher.py, inputs: {number: sender/number}}
        """
    )
    assert flow.run().succeeded().of("watcher") == [
        "ready",
        "INPUT number [0]",
        "INPUT number [1]",
        "INPUT number [2]",
        "INPUT_CLOSED number",
        "STOP ALL_INPUTS_CLOSED",
        "end",
    ]


def test_each_input_closes_when_its_own_sender_has_ended(flow):
    flow.nodes(
        sender=SENDER,
        late="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            for event in node:  # ends when `sender` has ended
                pass
            node.send_output("number", pa.array([9]))
        """,
        watcher=WATCHER,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - {id: late, path: late.py, inputs: {number: sender/number}, outputs: [number]}
          - {id: watcher, path: watcher.py, inputs: {a: sender/number, b: late/number}}
        """
    )
    lines = flow.run().succeeded().of("watcher")
    assert [line for line in lines if " b" not in line][:5] == [
        "ready",
        "INPUT a [0]",
        "INPUT a [1]",
        "INPUT a [2]",
        "INPUT_CLOSED a",
    ]
    assert [line for line in lines if " b" in line] == ["INPUT b [9]", "INPUT_CLOSED b"]
    assert lines[-2:] == ["STOP ALL_INPUTS_CLOSED", "end"]


def test_after_the_end_next_gives_none_for_ever(flow):
    flow.nodes(
        sender=SENDER,
        watcher="""
            from dora import Node

            node = Node()
            while node.next() is not None:
                pass
            print([node.next() for _ in range(3)], node.next(timeout=0.01))
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - {id: watcher, path: watcher.py, inputs: {number: sender/number}}
        """
    )
    assert flow.run().succeeded().of("watcher") == ["[None, None, None] None"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_nodes_and_the_exit_code_is_0(flow, number):
    flow.nodes(watcher=WATCHER)
    flow.yaml(WAITING)
    running = flow.start()
    running.wait_for("watcher: ready")
    running.signal(number)
    lines = running.wait().succeeded().of("watcher")
    assert lines[0] == "ready"
    assert lines[-2:] == ["STOP MANUAL", "end"]
    flow.wait_until_gone()


def test_stop_after_stops_as_a_first_ctrl_c_does(flow):
    flow.nodes(watcher=WATCHER)
    flow.yaml(WAITING)
    lines = flow.run("--stop-after", "1s").succeeded().of("watcher")
    assert lines[-2:] == ["STOP MANUAL", "end"]


def test_a_manual_stop_overtakes_what_is_queued(flow):
    flow.nodes(
        sender="""
            import pathlib
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(50):
                node.send_output("number", pa.array([i]))
            print("all sent")
            for event in node:
                print(event["type"])
        """,
        watcher="""
            import pathlib, time
            from dora import Node

            node = Node()
            while not pathlib.Path("look").exists():
                time.sleep(0.01)
            print(next(iter(node))["type"])
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - {id: watcher, path: watcher.py, inputs: {number: sender/number}}
        """
    )
    running = flow.start()
    running.wait_for("all sent")
    running.signal(signal.SIGINT)
    running.wait_for("sender: STOP")  # a node without inputs is told to stop as well
    (flow.path / "look").touch()
    assert running.wait().succeeded().of("watcher") == ["STOP"]


DEAF = """
    import signal, time
    from dora import Node

    {ignore}
    node = Node()
    print("ready")
    assert [event["type"] for event in node] == ["INPUT", "STOP"]
    print("I heard nothing")
    while True:
        time.sleep(0.1)
"""


def test_a_second_ctrl_c_kills_at_once_with_exit_code_130(flow):
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    flow.nodes(watcher=DEAF.format(ignore=ignore))
    flow.yaml(WAITING)
    running = flow.start()
    running.wait_for("watcher: ready")
    running.signal(signal.SIGINT)
    running.wait_for("I heard nothing")
    running.signal(signal.SIGINT)
    assert running.wait().code == 130
    flow.wait_until_gone()


def test_a_node_that_ignores_stop_is_ended_after_the_grace_period(flow):
    flow.nodes(watcher=DEAF.format(ignore=""))
    flow.yaml(WAITING)
    running = flow.start()
    running.wait_for("watcher: ready")
    running.signal(signal.SIGINT)
    running.wait().succeeded()
    flow.wait_until_gone()


def test_a_node_that_ignores_sigterm_too_is_killed_and_named(flow):
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    flow.nodes(watcher=DEAF.format(ignore=ignore))
    flow.yaml(WAITING)
    running = flow.start()
    running.wait_for("watcher: ready")
    running.signal(signal.SIGINT)
    running.wait_for("waiting for watcher: SIGTERM in ")
    result = running.wait()
    assert "; Ctrl-C kills at once" in result.text
    assert "SIGKILL" in result.text
    assert any("watcher" in line and "SIGKILL" in line for line in result.text.splitlines())
    flow.wait_until_gone()


def test_ctrl_c_while_a_node_is_still_importing_ends_it(flow):
    flow.nodes(
        watcher="""
            import time
            print("importing", flush=True)
            time.sleep(3600)
        """
    )
    flow.yaml(WAITING)
    running = flow.start()
    running.wait_for("watcher: importing")
    running.signal(signal.SIGINT)
    running.wait()
    flow.wait_until_gone()


def test_with_exit_when_nodes_finish_timers_do_not_keep_a_node_alive(flow):
    flow.nodes(sender=SENDER, watcher=WATCHER)
    flow.yaml(
        """
        exit_when_nodes_finish: true
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - id: watcher
            path: watcher.py
            inputs: {number: sender/number, tick: dora/timer/secs/3600}
        """
    )
    lines = flow.run().succeeded().of("watcher")
    assert lines[-2:] == ["STOP ALL_INPUTS_CLOSED", "end"]


def test_a_sender_goes_on_when_its_receiver_has_ended(flow):
    flow.nodes(
        sender="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(3):
                event = node.next()  # the third comes long after the receiver's end
                node.send_output("number", pa.array([i]))
            print("sent all")
        """,
        receiver="""
            from dora import Node

            event = Node().next()
            print(event["value"].to_pylist())
        """,
    )
    flow.yaml(
        """
        nodes:
          - id: sender
            path: sender.py
            inputs: {tick: dora/timer/millis/300}
            outputs: [number]
          - {id: receiver, path: receiver.py, inputs: {number: sender/number}}
        """
    )
    result = flow.run().succeeded()
    assert result.of("sender") == ["sent all"]
    assert result.of("receiver") == ["[0]"]
