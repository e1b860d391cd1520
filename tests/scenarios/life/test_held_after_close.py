"""What a node received stays as it is after it has closed itself, for as long as its process lives.

sender ─array─► holder       takes five, closes its node, and keeps them
       └─array─► counter     goes on receiving: the sender uses its memory again and again
"""

import os
import re
import signal
from pathlib import Path

import pytest

YAML = """
    nodes:
      - id: sender
        path: sender.py
        inputs: {tick: dora/timer/millis/1}
        outputs: [array]
      - {id: holder, path: HOLDER, inputs: {array: sender/array}}
      - {id: counter, path: counter.py, inputs: {array: sender/array}}
"""
# Every array says its number in each element. Begins when somebody listens at the pipe `go`.
SENDER = """
    import numpy as np
    from dora import Node

    node = Node()
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("array", np.full(20_000, number))
            number += 1
"""
# Says when many arrays have come since somebody asked.
COUNTER = """
    import os, threading
    from dora import Node

    asked = threading.Event()

    def ask():
        while True:
            with open("closed") as pipe:
                pipe.read()
            asked.set()

    threading.Thread(target=ask, daemon=True).start()
    node = Node()
    count = 0
    for event in node:
        if event["type"] != "INPUT" or not asked.is_set():
            continue
        count += 1
        if count == 100:
            count = 0
            asked.clear()
            with open("overwritten", "w"):
                pass
"""
HOLD = """
    def take(node):
        return [event["value"] for event in (node.next() for _ in range(5))]

    def let_the_sender_go_on():
        with open("closed", "w"):
            pass
        with open("overwritten") as pipe:
            pipe.read()

    def is_intact(arrays):
        return all((array == array[0]).all() for array in arrays) and (
            [int(array[0]) - int(arrays[0][0]) for array in arrays] == list(range(5)))
"""


@pytest.fixture
def two_pipes(flow):
    for name in ("closed", "overwritten"):
        os.mkfifo(flow.path / name)
    flow.nodes(sender=SENDER, counter=COUNTER, hold=HOLD)


@pytest.mark.usefixtures("two_pipes")
def test_a_node_that_closed_itself_keeps_what_it_took(flow):
    flow.nodes(
        holder="""
        from dora import Node
        from hold import is_intact, let_the_sender_go_on, take

        node = Node()
        arrays = take(node)
        node.close()
        let_the_sender_go_on()
        print("intact" if is_intact(arrays) else f"overwritten: {arrays}")
        """
    )
    flow.yaml(YAML.replace("HOLDER", "holder.py"))
    run = flow.start("--stop-after", "60s")
    run.wait_for("holder: ")
    run.wait_for("finished successfully")
    run.signal(signal.SIGINT)
    assert run.wait().succeeded().of("holder") == ["intact"]


@pytest.mark.usefixtures("two_pipes")
def test_a_process_that_attaches_again_keeps_what_it_took_before(flow, start, dora_program):
    flow.nodes(
        notebook="""
        from dora import Node
        from hold import is_intact, let_the_sender_go_on, take

        visits = []
        for _ in range(4):
            with Node("holder") as node:
                visits.append(take(node))
        let_the_sender_go_on()
        print("intact" if all(map(is_intact, visits)) else f"overwritten: {visits}")
        with Node("holder") as node:
            print(node.next()["type"])
        """
    )
    flow.yaml(YAML.replace("HOLDER", "dynamic"))
    run = flow.start()
    run.wait_for("node is ready")
    completed = start(dora_program.parent / "python", "-u", "notebook.py").end()
    assert completed.out.splitlines() == ["intact", "INPUT"], completed.text
    run.signal(signal.SIGINT)
    assert run.wait().succeeded()


@pytest.mark.usefixtures("two_pipes")
def test_the_memory_comes_back_when_the_process_ends(flow, start, dora_program):
    """What processes keep that ended is used again."""
    flow.nodes(
        sender=SENDER.replace("np.full(20_000, number)", "np.full(1_000_000, number)"),
        notebook="""
        from dora import Node
        from hold import take

        node = Node("holder")
        arrays = take(node)
        node.close()
        print("took", len(arrays))
        """,
    )
    flow.yaml(YAML.replace("HOLDER", "dynamic"))
    run = flow.start()
    run.wait_for("node is ready")
    for _ in range(12):
        completed = start(dora_program.parent / "python", "-u", "notebook.py").end()
        assert completed.out == "took 5\n", completed.text
    sender = next(pid for pid, command in flow.processes().items() if "sender.py" in str(command))
    smaps = Path(f"/proc/{sender}/smaps").read_text()
    run.signal(signal.SIGINT)
    assert run.wait().succeeded()
    arenas = re.findall(r"memfd:dora-arena.*?^Rss: +(\d+) kB", smaps, re.DOTALL | re.MULTILINE)
    # Without it 60 arrays of 8 MB each would be kept.
    assert sum(map(int, arenas)) < 300_000, arenas
