"""`thread: own`: an operator that blocks does not hold up the others."""

import re

FLOW = """
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
    operators:
      - id: slow
        python: slow.py:Slow
        thread: own
        inputs: {x: sender/number}
        outputs: [done]
      - id: quick
        python: slow.py:Quick
        inputs:
          x: {source: sender/number, queue_size: 50}
          done: runtime/slow/done
"""

OPERATORS = """
import threading
released = threading.Event()

class Slow:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            assert released.wait(60)  # until the other operator has seen everything
            send_output("done", b"", {"thread": threading.current_thread().name})
            return 1

class Quick:
    def __init__(self):
        self.count = 0

    def on_event(self, event, send_output):
        if event["type"] != "INPUT":
            return
        if event["id"] == "done":
            print("slow ran on", event["metadata"]["thread"] != threading.current_thread().name)
            return
        self.count += 1
        if self.count == 20:
            released.set()
"""

SENDER = """
from dora import Node
node = Node()
for i in range(20):
    node.send_output("number", bytes([i]))
"""


def test_an_operator_with_its_own_thread_may_block(run_dataflow):
    ended = run_dataflow(FLOW, sender=SENDER, slow=OPERATORS)
    assert ended.code == 0, ended.text
    assert "slow ran on True" in ended.out


def test_an_exception_on_another_thread_fails_the_node(run_dataflow):
    ended = run_dataflow(
        FLOW, sender=SENDER, slow=OPERATORS.replace("assert released.wait(60)", "1 / 0")
    )
    assert ended.code == 1
    assert re.search("ZeroDivisionError", ended.text)
    assert "in operator 'slow' of node 'runtime'" in ended.text


def test_back_pressure_between_threads_loses_nothing(run_dataflow):
    ended = run_dataflow(
        """
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
    operators:
      - id: source
        python: flow.py:Source
        thread: own
        inputs: {x: sender/number}
        outputs: [y]
      - id: sink
        python: flow.py:Sink
        inputs:
          y: {source: runtime/source/y, queue_size: 2, queue_policy: backpressure}
""",
        sender='from dora import Node\nNode().send_output("number", b"")',
        flow="""
class Source:
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            for i in range(3000):
                send_output("y", i.to_bytes(2, "little"))

class Sink:
    numbers = []
    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            self.numbers.append(int.from_bytes(event["data"], "little"))
        elif event["type"] == "STOP":
            print("all there", self.numbers == list(range(3000)))
""",
    )
    assert ended.code == 0, ended.text
    assert "all there True" in ended.out


def test_an_unknown_thread_is_refused_with_what_there_is(run_dataflow):
    ended = run_dataflow(FLOW.replace("thread: own", "thread: mine"), sender=SENDER, slow="")
    assert ended.code == 3
    assert "`shared`" in ended.err
    assert "`own`" in ended.err


def test_a_signal_ends_the_wait_for_an_operator_on_another_thread(run_dataflow):
    """The main thread runs Python's handlers, and is the one that waits for room."""
    ended = run_dataflow(
        """
nodes:
  - id: sender
    path: sender.py
    outputs: [number]
  - id: runtime
    operators:
      - id: source
        python: flow.py:Source
        inputs: {x: sender/number}
        outputs: [y]
      - id: sink
        python: flow.py:Sink
        thread: own
        inputs:
          y: {source: runtime/source/y, queue_size: 1, queue_policy: backpressure}
          z: {source: runtime/source/y, queue_size: 50}
""",
        sender='from dora import Node\nNode().send_output("number", b"")',
        flow="""
import os, signal, threading

handled = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: handled.set())
sending = 0

def main_thread_sleeps():
    with open(f"/proc/self/task/{os.getpid()}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"

class Source:
    def on_event(self, event, send_output):
        global sending
        if event["type"] == "INPUT":
            for sending in range(1, 6):
                send_output("y", sending.to_bytes(1, "little"))

class Sink:
    def __init__(self):
        self.numbers = {"y": [], "z": []}

    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            self.numbers[event["id"]].append(event["data"][0])
            if event["id"] == "y" and not handled.is_set():
                seen = 0
                while seen < 200:  # the sender lies in wait for room, again and again
                    seen = seen + 1 if sending > 1 and main_thread_sleeps() else 0
                os.kill(os.getpid(), signal.SIGUSR1)
                print("handled", handled.wait(60))
        elif event["type"] == "STOP":
            print(self.numbers)
""",
    )
    assert ended.code == 0, ended.text
    assert "handled True" in ended.out
    assert "{'y': [1, 2, 3, 4, 5], 'z': [1, 2, 3, 4, 5]}" in ended.out
