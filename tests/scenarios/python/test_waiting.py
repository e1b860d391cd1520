"""Python nodes that wait: they do not wake up for nothing, and every signal finds them."""

import os
import signal
import textwrap
import time
from pathlib import Path

import pytest
from support.watchdog import PATIENCE

ONE_NODE = """
    nodes:
      - id: worker
        path: worker.py
        inputs: {tick: dora/timer/secs/1000}
"""


def switches(pid):
    """How often the threads of a process have gone to sleep so far."""
    return sum(
        int(line.split()[1])
        for task in Path(f"/proc/{pid}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def wait_until_idle(pid):
    """Waits until the process has slept through a whole second."""
    deadline = time.monotonic() + PATIENCE
    before = switches(pid)
    while True:
        time.sleep(1)
        now = switches(pid)
        if now == before:
            return
        assert time.monotonic() < deadline, f"woke up {now - before} times in the last second"
        before = now


WAYS_TO_WAIT = {
    "next": """
        from dora import Node

        node = Node()
        node.next()
        print("waiting", os.getpid())
        print(node.next()["id"])
    """,
    "next-with-a-time-out": """
        from dora import Node

        node = Node()
        node.next()
        print("waiting", os.getpid())
        print(node.next(timeout=1000)["id"])
    """,
    "iteration": """
        from dora import Node

        for event in Node():
            if event["type"] == "INPUT":
                print("waiting", os.getpid())
            else:
                print(event["id"])
    """,
    "threads": """
        import threading
        from dora import Node

        node = Node()
        node.next()
        threads = [threading.Thread(target=node.next) for _ in range(3)]
        for thread in threads:
            thread.start()
        print("waiting", os.getpid())
        for thread in threads:
            thread.join()
        print("MANUAL")
    """,
    "asyncio": """
        import asyncio
        from dora import Node

        async def main():
            async for event in Node():
                if event["type"] == "INPUT":
                    print("waiting", os.getpid())
                else:
                    print(event["id"])

        asyncio.run(main())
    """,
}


@pytest.mark.parametrize("way", WAYS_TO_WAIT)
def test_an_idle_node_does_not_wake_up(flow, way):
    flow.nodes(worker="import os\n" + textwrap.dedent(WAYS_TO_WAIT[way]))
    flow.yaml(ONE_NODE)
    run = flow.start()
    wait_until_idle(int(run.wait_for("waiting").split()[-1]))
    run.signal(signal.SIGINT)
    assert run.wait().succeeded().of("worker")[-1] == "MANUAL"


def test_idle_operators_do_not_wake_up(flow):
    flow.write(
        "worker.py",
        """
        import os

        class Operator:
            def on_event(self, event, send_output):
                print("waiting", os.getpid(), event.get("id"))
        """,
    )
    flow.yaml("""
        nodes:
          - id: worker
            operator: {python: worker.py, inputs: {tick: dora/timer/secs/1000}}
    """)
    run = flow.start()
    wait_until_idle(int(run.wait_for("waiting").split()[-2]))
    run.signal(signal.SIGINT)
    assert run.wait().succeeded().of("worker")[-1].endswith("MANUAL")


def test_ctrl_c_finds_a_node_that_has_slept_long(flow):
    flow.nodes(
        worker="""
        import os
        from dora import Node

        node = Node()
        node.next()
        print("waiting", os.getpid())
        try:
            node.next()
        except KeyboardInterrupt:
            print("interrupted")
        print("still there:", node.try_recv(), node.is_empty())
        """
    )
    flow.yaml(ONE_NODE)
    run = flow.start()
    pid = int(run.wait_for("waiting").split()[-1])
    wait_until_idle(pid)
    os.kill(pid, signal.SIGINT)
    assert run.wait().succeeded().of("worker")[1:] == ["interrupted", "still there: None True"]


def test_a_signal_that_another_thread_catches_is_handled_at_once(flow):
    """Handlers run in the main thread, but the kernel may give the signal to any."""
    flow.nodes(
        worker="""
        import os, signal, threading, time
        from dora import Node

        handled = []

        def note(number, frame):
            handled.append(number)
            if len(handled) == 3:
                raise RuntimeError("raised by the handler")

        signal.signal(signal.SIGUSR1, note)
        node = Node()
        node.next()
        sleeper = threading.Thread(target=threading.Event().wait, daemon=True)
        sleeper.start()

        def poke():
            for count in range(1, 4):
                time.sleep(0.3)  # so that the main thread sleeps undisturbed; any length will do
                signal.pthread_kill(sleeper.ident, signal.SIGUSR1)
                while len(handled) < count:
                    time.sleep(0.01)

        threading.Thread(target=poke, daemon=True).start()
        try:
            node.next()
        except RuntimeError as error:
            print(error, len(handled))
        print(signal.getsignal(signal.SIGUSR1) is note)
        """
    )
    flow.yaml(ONE_NODE)
    assert flow.run().succeeded().of("worker") == ["raised by the handler 3", "True"]


def test_a_signal_ends_the_wait_for_the_others_at_the_start(flow):
    """Also when another thread catches it, and no kernel call of the main thread ends by it."""
    flow.nodes(
        worker="""
        import signal, threading, time
        from dora import Node

        def on_signal(*_):
            raise RuntimeError("raised by the handler")

        signal.signal(signal.SIGUSR1, on_signal)
        sleeper = threading.Thread(target=threading.Event().wait, daemon=True)
        sleeper.start()

        def poke():
            time.sleep(0.3)  # so that the main thread sleeps undisturbed; any length will do
            signal.pthread_kill(sleeper.ident, signal.SIGUSR1)

        threading.Thread(target=poke).start()
        try:
            Node()
        except RuntimeError as error:
            print(error)
        """,
        late="""
        import time
        while True:
            time.sleep(1)
        """,
    )
    flow.yaml("""
        nodes:
          - {id: worker, path: worker.py}
          - {id: late, path: late.py}
    """)
    run = flow.start()
    run.wait_for("worker: raised by the handler")
    run.signal(signal.SIGINT)
    run.wait()


def test_close_by_another_thread_ends_a_wait(flow):
    flow.nodes(
        worker="""
        import threading, time
        from dora import Node

        node = Node()
        node.next()
        got = []  # printed at once, as two threads that print mix their lines
        waiters = [threading.Thread(target=lambda: got.append(node.next())) for _ in range(2)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.3)  # so that they sleep undisturbed; any length will do
        node.close()
        for waiter in waiters:
            waiter.join()
        print(got)
        """
    )
    flow.yaml(ONE_NODE)
    assert flow.run().succeeded().of("worker") == ["[None, None]"]


@pytest.mark.parametrize("way", ["node.next()", "asyncio.run(node.recv_async())"])
def test_what_is_freed_before_a_wait_may_close_the_node(flow, way):
    """A small event lives until the wait after the next one; its end may run anything."""
    flow.nodes(
        worker=f"""
            import asyncio
            from dora import Node

            class Closes:
                def __del__(self):
                    node.close()

            node = Node()
            event = node.next()
            event["closes"] = Closes()
            event = node.next()
            print("then", {way})
        """
    )
    flow.yaml(
        """
        nodes:
          - {id: ticker, path: ticker.py, inputs: {tick: dora/timer/millis/20}, outputs: [tick]}
          - {id: worker, path: worker.py, inputs: {tick: ticker/tick}}
        """
    )
    flow.nodes(
        ticker="""
            from dora import Node

            node = Node()
            for event in node:
                node.send_output("tick", b"")
        """
    )
    running = flow.start()
    running.wait_for("then None")
    running.signal(signal.SIGINT)
    assert running.wait().code == 0


def test_another_thread_may_close_the_node_at_any_moment_of_a_wait(flow):
    """What the next message will need is made before a wait, and Python runs others meanwhile."""
    flow.nodes(
        worker="""
            import threading
            import pyarrow as pa
            from dora import Node

            node = Node()
            for event in node:
                if event["type"] == "INPUT" and event["value"].to_pylist() == [299]:
                    threading.Thread(target=node.close).start()
            print("over")
        """,
        ticker="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i, _ in enumerate(node):
                if i < 300:
                    node.send_output("tick", pa.array([i]))
        """,
    )
    flow.yaml(
        """
        nodes:
          - id: ticker
            path: ticker.py
            inputs: {tick: dora/timer/millis/1}
            outputs: [tick]
          - {id: worker, path: worker.py, inputs: {tick: {source: ticker/tick, queue_size: 1000}}}
        """
    )
    running = flow.start()
    running.wait_for("worker: over")
    running.signal(signal.SIGINT)
    assert running.wait().code == 0
