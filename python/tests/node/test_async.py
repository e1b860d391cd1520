"""recv_async and `async for`."""

import asyncio
import contextlib

import dora
import pytest


def test_receives_in_an_event_loop(node):
    async def main():
        node.send_output("out", b"1")
        return await node.recv_async()

    assert asyncio.run(main())["data"] == b"1"


def test_other_tasks_run_while_one_waits(node):
    async def main():
        task = asyncio.create_task(node.recv_async())
        await asyncio.sleep(0)
        assert not task.done()
        node.send_output("out", b"1")
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(main())["data"] == b"1"


def test_other_tasks_run_while_events_pour_in(node):
    async def main():
        turns = 0

        async def count():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        for _ in range(500):
            node.send_output("out", b"x")
            await node.recv_async()
        counting.cancel()
        return turns

    assert asyncio.run(main()) > 3


def test_async_for_gives_events(node):
    async def main():
        for i in range(300):
            node.send_output("out", i.to_bytes(2, "big"))
        got = []
        async for event in node:
            got.append(int.from_bytes(event["data"], "big"))
            if len(got) == 300:
                break
        return got

    assert asyncio.run(main()) == list(range(300))


def test_tells_when_the_time_is_over(node):
    async def main():
        return [await node.recv_async(timeout=0), await node.recv_async(timeout=0.01)]

    for event in asyncio.run(main()):
        assert event["type"] == "ERROR"
        assert event["timed_out"]


def test_refuses_impossible_timeouts(node):
    for timeout in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="time-out"):
            asyncio.run(node.recv_async(timeout=timeout))


def test_several_tasks_share_the_events(node):
    async def main():
        tasks = [asyncio.create_task(node.recv_async()) for _ in range(5)]
        await asyncio.sleep(0.01)
        for i in range(5):
            node.send_output("out", bytes([i]))
        return await asyncio.wait_for(asyncio.gather(*tasks), 30)

    assert sorted(event["data"][0] for event in asyncio.run(main())) == [0, 1, 2, 3, 4]


def test_cancellation_loses_no_event(node):
    async def main():
        got = []
        for i in range(50):
            task = asyncio.create_task(node.recv_async())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            node.send_output("out", bytes([i]))
            for _ in range(i % 4):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                got.append((await task)["data"][0])
        while (event := await node.recv_async(timeout=0.05)).get("timed_out") is None:
            got.append(event["data"][0])
        return got

    assert asyncio.run(main()) == list(range(50))


def test_cancelling_one_task_wakes_the_next(node):
    async def main():
        first = asyncio.create_task(node.recv_async())
        second = asyncio.create_task(node.recv_async())
        await asyncio.sleep(0.01)
        node.send_output("out", b"1")
        await asyncio.sleep(0)
        first.cancel()
        done, _ = await asyncio.wait([first, second], timeout=30)
        taken = [task.result()["data"] for task in done if not task.cancelled()]
        if not second.done():
            second.cancel()
        return taken

    assert asyncio.run(main()) == [b"1"]


def test_wait_for_gives_up_without_loss(node):
    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(node.recv_async(), 0.01)
        node.send_output("out", b"1")
        return await node.recv_async(timeout=30)

    assert asyncio.run(main())["data"] == b"1"


def test_works_in_one_event_loop_after_another(node):
    for i in range(3):

        async def main(i=i):
            asyncio.get_running_loop().call_later(0.005, node.send_output, "out", bytes([i]))
            return await node.recv_async()

        assert asyncio.run(main())["data"] == bytes([i])


def test_a_thread_may_wait_beside_the_event_loop(node):
    async def main():
        loop = asyncio.get_running_loop()
        in_thread = loop.run_in_executor(None, node.next, 30)
        in_loop = asyncio.create_task(node.recv_async())
        await asyncio.sleep(0.01)
        node.send_output("out", b"1")
        node.send_output("out", b"2")
        return sorted([(await in_thread)["data"], (await in_loop)["data"]])

    assert asyncio.run(main()) == [b"1", b"2"]


def test_an_idle_loop_sleeps(node):
    async def main():
        loop = asyncio.get_running_loop()
        node.send_output("out", b"1")
        await node.recv_async()
        waiting = asyncio.create_task(node.recv_async())
        await asyncio.sleep(0.01)
        node.send_output("out", b"2")
        await waiting
        # Nobody waits now; what comes must not keep the loop busy.
        for _ in range(20):
            node.send_output("out", b"3")
        turns = 0

        def count():
            nonlocal turns
            turns += 1

        selector = loop._selector
        select = selector.select
        selector.select = lambda timeout=None: (count(), select(timeout))[1]
        await asyncio.sleep(0.1)
        return turns

    assert asyncio.run(main()) < 20


def test_node_is_its_own_asynchronous_iterator(node):
    assert node.__aiter__() is node
    assert isinstance(node, dora.Node)
