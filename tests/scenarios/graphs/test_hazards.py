"""What must not disturb the others: hoarding, a paused or forking consumer, memory, idleness."""

import os
import signal
from pathlib import Path

import pytest
from support.watchdog import wait_until

PAIR = """
    nodes:
      - {{id: sender, path: sender.py, outputs: [data]}}
      - id: receiver
        path: receiver.py
        inputs: {{data: {{source: sender/data{options}}}}}
"""


def arena_bytes(pid):
    """The memory that the arena of a node takes, as the kernel counts it."""
    found = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        if os.readlink(entry.path).startswith("/memfd:dora-arena"):
            status = os.stat(entry.path)
            found.add((status.st_ino, status.st_blocks * 512))
    return sum(size for _, size in found)


def test_arrays_that_are_kept_stay_whole_and_stall_nobody(flow):
    flow.nodes(
        sender="""
            import numpy as np
            from dora import Node

            node = Node()
            for i in range(100):
                node.send_output("data", np.full(1_000_000, i, np.uint8))
            for i in range(500):
                node.send_output("data", np.full(1_000_000, 255, np.uint8))
            print("sent")
        """,
        receiver="""
            from dora import Node

            kept = []
            others = 0
            for event in Node():
                if event["type"] == "INPUT":
                    if len(kept) < 100:
                        kept.append(event["value"])
                    else:
                        others += 1
            print(len(kept), others, all((array == i).all() for i, array in enumerate(kept)))
        """,
    )
    flow.yaml(PAIR.format(options=", queue_size: 3, queue_policy: backpressure"))
    result = flow.run().succeeded()
    assert result.of("sender") == ["sent"]
    assert result.of("receiver") == ["100 500 True"]


def test_a_paused_consumer_holds_up_nobody_and_keeps_its_newest(flow):
    flow.nodes(
        sender="""
            import os
            from dora import Node

            node = Node()
            print("process", os.getpid())
            for event in node:  # one for each tick, and then all that is left
                node.send_output("data", bytes(200_000), {"number": 0})
                if os.path.exists("paused"):
                    break
            for number in range(1, 501):
                node.send_output("data", bytes(200_000), {"number": number})
            open("sent", "w").close()
            while not os.path.exists("looked"):
                node.next(timeout=0.01)
        """,
        receiver="""
            import os
            from dora import Node

            print("process", os.getpid())
            numbers = []
            for event in Node():
                if event["type"] == "INPUT":
                    numbers.append(event["metadata"]["number"])
            print(numbers == sorted(numbers), numbers[-5:])
        """,
        other="""
            from dora import Node

            count = 0
            for event in Node():
                count += event["type"] == "INPUT" and event["metadata"]["number"] > 0
            print(count)
        """,
    )
    flow.yaml(
        """
        nodes:
          - id: sender
            path: sender.py
            inputs: {tick: dora/timer/millis/5}
            outputs: [data]
          - {id: receiver, path: receiver.py, inputs: {data: {source: sender/data, queue_size: 5}}}
          - id: other
            path: other.py
            inputs: {data: {source: sender/data, queue_size: 2, queue_policy: backpressure}}
        """
    )
    run = flow.start()
    sender, receiver = (
        int(run.wait_for(f"{name}: process").split()[-1]) for name in ("sender", "receiver")
    )
    os.kill(receiver, signal.SIGSTOP)
    (flow.path / "paused").touch()
    wait_until((flow.path / "sent").exists, "all to be sent")
    assert arena_bytes(sender) < 20e6, "500 messages of 200 kB were sent"
    (flow.path / "looked").touch()
    os.kill(receiver, signal.SIGCONT)
    result = run.wait().succeeded()
    assert result.of("receiver")[-1] == "True [496, 497, 498, 499, 500]"
    assert result.of("other") == ["500"]


def test_idle_memory_goes_back_to_the_kernel(flow):
    flow.nodes(
        sender="""
            import os
            from dora import Node

            node = Node()
            for _ in range(4):
                node.send_output("data", bytes(64 << 20))
            print("process", os.getpid())
            for event in node:
                pass
        """,
        receiver="""
            from dora import Node

            count = 0
            for event in Node():
                count += event["type"] == "INPUT"
                if count == 4:
                    event = None
                    print("all here")
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data], inputs: {t: dora/timer/secs/3600}}
          - {id: receiver, path: receiver.py, inputs: {data: {source: sender/data, queue_size: 4}}}
        """
    )
    run = flow.start()
    sender = int(run.wait_for("sender: process").split()[-1])
    run.wait_for("all here")
    wait_until(lambda: arena_bytes(sender) < 4e6, "the arena to shrink")
    run.signal(signal.SIGINT)
    run.wait().succeeded()


def test_a_node_may_fork(flow):
    """As multiprocessing and data loaders do: the child reads what it inherited, and no more."""
    flow.nodes(
        sender="""
            import numpy as np
            from dora import Node

            node = Node()
            for i in range(60):
                node.send_output("data", np.full(100_000, i, np.uint8))
        """,
        receiver="""
            import multiprocessing, os
            from dora import Node

            node = Node()
            context = multiprocessing.get_context("fork")
            sums, kept = [], []

            def work(queue, array, node):
                try:
                    node.send_output("sum", b"from the child")
                    queue.put("sent")
                except RuntimeError as refused:
                    queue.put((int(array.sum()), "fork" in str(refused)))

            for event in node:
                if event["type"] != "INPUT":
                    continue
                array = event["value"]
                if len(sums) < 5:
                    queue = context.Queue()
                    child = context.Process(target=work, args=(queue, array, node))
                    child.start()
                    sums.append(queue.get())
                    child.join()
                    assert child.exitcode == 0
                else:
                    sums.append((int(array.sum()), True))
                node.send_output("sum", b"x")
                if os.fork() == 0:
                    os._exit(0)  # without a word
                os.wait()
            print(sums == [(100_000 * i, True) for i in range(60)], len(sums))
        """,
        last="""
            from dora import Node

            print(sum(event["type"] == "INPUT" for event in Node()))
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data]}
          - id: receiver
            path: receiver.py
            inputs: {data: {source: sender/data, queue_size: 60}}
            outputs: [sum]
          - {id: last, path: last.py, inputs: {sum: {source: receiver/sum, queue_size: 100}}}
        """
    )
    result = flow.run().succeeded()
    assert result.of("receiver") == ["True 60"]
    assert result.of("last") == ["60"]


def test_a_node_has_no_threads_but_its_own(flow):
    flow.nodes(
        sender="""
            import os
            from dora import Node

            node = Node()
            for i in range(100):
                node.send_output("data", bytes(10))
            print("process", os.getpid())
            for event in node:
                pass
        """,
        receiver="""
            import os
            from dora import Node

            node = Node()
            for _ in range(100):
                node.next()
            print("process", os.getpid())
            for event in node:
                pass
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data], inputs: {t: dora/timer/secs/3600}}
          - id: receiver
            path: receiver.py
            inputs: {data: {source: sender/data, queue_size: 100}}
        """
    )
    run = flow.start()
    for name in ("sender", "receiver"):
        pid = int(run.wait_for(f"{name}: process").split()[-1])
        assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    run.signal(signal.SIGINT)
    run.wait().succeeded()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_the_size_of_dev_shm_does_not_matter(flow, start, dora_program):
    flow.nodes(
        sender="""
            from dora import Node

            node = Node()
            for i in range(3):
                node.send_output("data", bytes(100 << 20))
        """,
        receiver="""
            import os
            from dora import Node

            sizes = [len(event["data"]) for event in Node() if event["type"] == "INPUT"]
            print(sizes, os.listdir("/dev/shm"), os.statvfs("/dev/shm").f_blocks)
        """,
    )
    flow.yaml(PAIR.format(options=", queue_size: 3"))
    script = f"mount -t tmpfs -o size=64k tmpfs /dev/shm && exec {dora_program} run dataflow.yml"
    probe = start("unshare", "-m", "true").end()
    if probe.code != 0:
        pytest.skip("no mount namespaces here")
    completed = start("unshare", "-m", "sh", "-c", script).end()
    assert completed.code == 0, completed
    assert f"{[100 << 20] * 3} [] 16" in completed.out
