"""Clients of the control socket that are idle, slow, broken or hostile disturb nobody."""

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest
from support.soak import ask
from support.watchdog import wait_until

TICKING = """
    import pyarrow as pa
    from dora import Node

    node = Node()
    number = 0
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("number", pa.array([number]))
            number += 1
"""
COUNTING = """
    from dora import Node

    last = -1
    for event in Node():
        if event["type"] == "INPUT":
            number = event["value"].to_pylist()[0]
            if number != last + 1:
                print("gap", last, number, flush=True)
            last = number
            if number % 100 == 0:
                print("at", number, flush=True)
"""
YAML = """
    nodes:
      - {id: ticking, path: ticking.py, inputs: {tick: dora/timer/millis/5}, outputs: [number]}
      - id: counting
        path: counting.py
        inputs: {number: {source: ticking/number, queue_size: 10000}}
"""
LIST = b"GET /v1/dataflows HTTP/1.1\r\nHost: dora\r\n\r\n"
UPGRADE = (
    b"GET /v1/dataflows/work/events HTTP/1.1\r\nHost: dora\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Clients:
    """Connections to one control socket, closed together."""

    def __init__(self, path):
        # The address of a unix socket has 108 bytes; the folder of a test may have more.
        self.folder = os.open(path.parent, os.O_PATH)
        self.path = f"/proc/self/fd/{self.folder}/{path.name}"
        self.open = []
        self.is_over = threading.Event()
        self.threads = []

    def connect(self):
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(20)
        self.open.append(made)

        def is_connected():
            # The queue of the socket may be full.
            with contextlib.suppress(BlockingIOError):
                made.connect(self.path)
                return True

        wait_until(is_connected, "a place in the queue")
        return made

    def say(self, data, number=1):
        """So many clients that say this and then nothing."""
        for _ in range(number):
            made = self.connect()
            # It may be closed already.
            with contextlib.suppress(OSError):
                made.sendall(data)

    def repeat(self, what):
        """Does it again and again, beside the test."""

        def work():
            while not self.is_over.is_set():
                with contextlib.suppress(OSError):
                    what()

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()

    def close(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        for each in self.open:
            each.close()
        self.open.clear()
        if self.folder >= 0:
            os.close(self.folder)
        self.folder = -1


@pytest.fixture
def running(flow):
    flow.nodes(ticking=TICKING, counting=COUNTING)
    flow.yaml(YAML)
    started = flow.start()
    started.wait_for("counting: at 100")
    return started


@pytest.fixture
def clients(running, environment):
    (path,) = Path(environment["XDG_RUNTIME_DIR"]).glob("dora/*/control.sock")
    made = Clients(path)
    yield made
    made.close()


def descriptors(environment):
    (record,) = Path(environment["XDG_RUNTIME_DIR"]).glob("dora/*/record.json")
    pid = record.read_text().split('"pid":')[1].split(",")[0]
    return len(os.listdir(f"/proc/{pid}/fd"))


def works(run_dora):
    """Other commands are answered, and so is somebody who watches."""
    for command in (("list",), ("node", "info", "counting"), ("param", "list", "counting")):
        done = run_dora(*command)
        assert done.code == 0, done


def ends_well(running, run_dora, environment):
    (dataflow,) = ask(environment["XDG_RUNTIME_DIR"], "/v1/dataflows")["dataflows"]
    assert not [edge for edge in dataflow["edges"] if edge["dropped"]]
    assert run_dora("stop").code == 0
    result = running.wait().succeeded()
    assert not [line for line in result.of("counting") if line.startswith("gap")]


def test_idle_connections(running, clients, run_dora, environment):
    before = descriptors(environment)
    clients.say(b"", 500)
    clients.say(b"GET /v1/da", 100)
    works(run_dora)
    clients.close()
    wait_until(lambda: descriptors(environment) <= before, "as few descriptors as before")
    ends_well(running, run_dora, environment)


def test_a_storm_of_connections(running, clients, run_dora, environment):
    def come_and_go():
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20)
            client.connect(clients.path)

    for _ in range(2):
        clients.repeat(come_and_go)
    for _ in range(3):
        works(run_dora)
    clients.close()
    ends_well(running, run_dora, environment)


def test_slow_and_silent_readers_and_writers(running, clients, run_dora, environment):
    # Requests that come byte by byte, and answers that nobody reads.
    dripping = [clients.connect() for _ in range(50)]
    sent = dict.fromkeys(dripping, 0)

    def drip():
        for each in dripping:
            with contextlib.suppress(OSError):
                each.send(LIST[sent[each] : sent[each] + 1])
                sent[each] += 1
        clients.is_over.wait(0.01)

    clients.repeat(drip)
    clients.say(LIST * 1000, 100)
    works(run_dora)
    # The slow ones are served, too.
    assert dripping[0].recv(12) == b"HTTP/1.1 200"
    clients.close()
    ends_well(running, run_dora, environment)


def test_requests_of_clients_that_do_not_wait(running, clients, run_dora, environment):
    before = descriptors(environment)
    # Each asks for something that takes its time, and leaves.
    slow = b"POST /v1/dataflows/work/nodes HTTP/1.1\r\nHost: dora\r\nContent-Length: 21\r\n\r\n"
    for _ in range(300):
        clients.say(slow + b'{"file": "/dev/null"}')
        clients.open.pop().close()
    works(run_dora)
    wait_until(lambda: descriptors(environment) <= before, "as few descriptors as before")
    ends_well(running, run_dora, environment)


def test_broken_web_sockets(running, clients, run_dora, environment):
    before = descriptors(environment)
    # Some say nonsense, some nothing at all, and some leave in the middle of a frame.
    clients.say(UPGRADE + b"\xff" * 100, 30)
    clients.say(UPGRADE, 60)
    clients.say(UPGRADE + b"\x81\xfe\xff\xff", 30)
    clients.say(UPGRADE[:-2], 30)
    works(run_dora)
    # There is room for those who come later, once the others have gone.
    for each in clients.open:
        each.close()

    def later():
        client = clients.connect()
        client.sendall(UPGRADE)
        return client.recv(12) == b"HTTP/1.1 101"

    wait_until(later, "a WebSocket that is accepted")
    clients.close()
    wait_until(lambda: descriptors(environment) <= before, "as few descriptors as before")
    ends_well(running, run_dora, environment)
