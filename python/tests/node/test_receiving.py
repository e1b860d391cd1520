"""next, iteration, try_recv, drain, is_empty: alone and from several threads."""

import gc
import math
import os
import signal
import sys
import threading
import time
import weakref

import dora
import pytest


def test_next_waits_no_longer_than_its_timeout(node):
    for event in (node.next(0.01), node.next(timeout=0), node.next(timeout=0.001)):
        assert event["type"] == "ERROR"
        assert event["error"].startswith("Timeout event stream error: Receiver timed out")
        assert event["timed_out"] is True


@pytest.mark.parametrize("timeout", [-1, -0.001, math.nan, math.inf, -math.inf])
def test_next_refuses_impossible_timeouts(node, timeout):
    with pytest.raises(ValueError, match="time-out"):
        node.next(timeout)


@pytest.mark.parametrize("timeout", ["1", object(), [1]])
def test_next_refuses_timeouts_that_are_no_numbers(node, timeout):
    with pytest.raises(TypeError):
        node.next(timeout=timeout)


def test_next_takes_long_timeouts(node):
    node.send_output("out", b"")
    assert node.next(1e300)["type"] == "INPUT"


def test_calls_with_wrong_arguments_name_them(node):
    with pytest.raises(TypeError, match="tme"):
        node.next(tme=1)
    with pytest.raises(TypeError, match="multiple"):
        node.next(1, timeout=1)
    with pytest.raises(TypeError, match="data"):
        node.send_output("out")
    with pytest.raises(TypeError, match="at most 3"):
        node.send_output("out", b"", {}, 1)


def test_iteration_gives_events_in_order(node):
    for i in range(5):
        node.send_output(output_id="out", data=bytes([i]), metadata=None)
    got = []
    for event in node:
        got.append(event["data"][0])
        if len(got) == 5:
            break
    assert got == [0, 1, 2, 3, 4]


def test_try_recv_never_waits(node):
    assert node.try_recv() is None
    node.send_output("out", b"1")
    assert node.try_recv()["data"] == b"1"
    assert node.try_recv() is None


def test_drain_takes_all_that_is_there(node):
    assert node.drain() == []
    for i in range(4):
        node.send_output("out", bytes([i]))
    assert [event["data"][0] for event in node.drain()] == [0, 1, 2, 3]
    assert node.drain() == []


def test_is_empty_tells_without_taking(node):
    assert node.is_empty()
    node.send_output("out", b"1")
    assert not node.is_empty()
    assert not node.is_empty()
    assert node.next()["data"] == b"1"
    assert node.is_empty()


def test_ids_of_outputs_may_be_computed(node):
    for name in ("out", "image"):
        node.send_output("".join(list(name)), b"")
        assert node.next()["id"] == name


def test_impossible_output_ids_are_value_errors(node):
    for bad in ("", "a b", "/x", "x//y"):
        with pytest.raises(ValueError, match="id") as caught:
            node.send_output(bad, b"")
        assert isinstance(caught.value, RuntimeError)
    with pytest.raises(TypeError, match="str"):
        node.send_output(3, b"")


def test_unknown_outputs_are_warned_about_once(node, caplog):
    for _ in range(3):
        node.send_output("nowhere", b"")
    assert len(caplog.records) == 1
    assert "nowhere" in caplog.text
    assert node.is_empty()


def test_one_thread_waits_while_another_sends(node):
    got = []
    thread = threading.Thread(target=lambda: got.append(node.next(timeout=30)))
    thread.start()
    assert node.is_empty() in (True, False)
    node.send_output("out", b"x")
    thread.join()
    assert got[0]["data"] == b"x"


def test_other_calls_return_while_a_thread_waits(node):
    got = []
    thread = threading.Thread(target=lambda: got.append(node.next(timeout=30)))
    thread.start()
    while not got:
        node.is_empty()
        event = node.try_recv()
        if event is None:
            node.drain()
            node.send_output("out", b"x")
    thread.join()


def test_several_threads_share_the_events(node):
    count = 400
    got = []
    lock = threading.Lock()

    def take():
        while True:
            event = node.next(timeout=30)
            with lock:
                got.append(event["data"])
            if event["data"] == b"end":
                return

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(count):
        node.send_output("out", i.to_bytes(2, "big"))
    for _ in threads:
        node.send_output("out", b"end")
    for thread in threads:
        thread.join()
    numbers = [int.from_bytes(data, "big") for data in got if data != b"end"]
    assert sorted(numbers) == list(range(count))


def test_several_threads_send(node):
    def send(letter):
        for _ in range(100):
            node.send_output("out", letter * 200_000 if letter == b"b" else letter)

    threads = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c")]
    got = []
    for thread in threads:
        thread.start()
    while len(got) < 300 and (event := node.next(timeout=5)).get("timed_out") is None:
        got.append(event["data"][:1])
    for thread in threads:
        thread.join()
    assert got.count(b"a") == 100


def test_ctrl_c_ends_next(node):
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))

    def interrupted():
        timer.start()
        node.next(timeout=60)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()


def test_signal_handlers_run_and_next_goes_on(node):
    ran = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: ran.set())
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        begin = time.monotonic()
        assert node.next(timeout=0.3)["timed_out"]
        assert time.monotonic() - begin >= 0.3
        timer.join()
        assert ran.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_values_are_released_with_their_last_reference(echo):
    value = echo(bytes(10000))["value"].to_numpy()
    seen = weakref.ref(value)
    del value
    assert seen() is None


def test_events_leave_nothing_behind(node):
    data = b"x" * 100
    metadata = {"a": 1, "s": "text", "l": [1, 2]}

    def run(count):
        for _ in range(count):
            node.send_output("out", data, metadata)
            event = node.next()
            event["value"]
            event["metadata"]
            event["data"]

    run(100)
    gc.collect()
    before = sys.getallocatedblocks()
    run(2000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200


def test_events_are_no_part_of_reference_cycles(node):
    node.send_output("out", b"")
    event = node.next()
    event["me"] = event
    dora_event_id = id(event)
    del event
    gc.collect()
    assert not any(id(o) == dora_event_id and isinstance(o, dora.Event) for o in gc.get_objects())


def test_a_forked_process_has_no_part_in_the_node(node):
    child = os.fork()
    if child == 0:
        code = 1
        try:
            node.next(timeout=0)
        except RuntimeError as error:
            code = 0 if "fork" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    node.send_output("out", b"still here")
    assert node.next(timeout=10)["data"] == b"still here"


def test_a_process_is_one_node(node):
    with pytest.raises(RuntimeError, match="has opened its node 'looper' already"):
        dora.Node()
