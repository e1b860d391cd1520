"""What dora_calls.py measures, with two sockets of pyzmq in one process."""

import asyncio
import json
import os
from time import perf_counter_ns

import zmq
import zmq.asyncio
from call_times import BATCH, report

DATA = b"12345678"


def main():
    plan = json.loads(os.environ["BENCH_PLAN"])
    if plan["take"] == "async":
        times = asyncio.run(in_asyncio(plan))
    else:
        with zmq.Context() as context:
            sender, receiver = pair(context, plan["folder"])
            with sender, receiver:
                times = [(send(sender), take(receiver)) for _ in range(plan["rounds"])]
    report(plan, times)


def pair(context, folder):
    receiver = context.socket(zmq.PULL)
    receiver.bind(f"ipc://{folder}/socket")
    sender = context.socket(zmq.PUSH)
    sender.connect(f"ipc://{folder}/socket")
    return sender, receiver


def send(socket):
    begin = perf_counter_ns()
    for _ in range(BATCH):
        socket.send(DATA)
    return perf_counter_ns() - begin


def take(socket):
    begin = perf_counter_ns()
    for _ in range(BATCH):
        socket.recv()
    return perf_counter_ns() - begin


async def in_asyncio(plan):
    times = []
    with zmq.asyncio.Context() as context:
        sender, receiver = pair(context, plan["folder"])
        with sender, receiver:
            for _ in range(plan["rounds"]):
                begin = perf_counter_ns()
                for _ in range(BATCH):
                    await sender.send(DATA)
                sent = perf_counter_ns()
                for _ in range(BATCH):
                    await receiver.recv()
                times.append((sent - begin, perf_counter_ns() - sent))
    return times


main()
