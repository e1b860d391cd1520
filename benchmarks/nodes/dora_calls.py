"""A node whose output is its own input: measures what its calls cost."""

import asyncio
import json
import os
from time import perf_counter_ns

import numpy as np
import pyarrow as pa
from call_times import BATCH, report
from dora import Node


def main():
    plan = json.loads(os.environ["BENCH_PLAN"])
    node = Node()
    data = {"bytes": b"12345678", "numpy": np.zeros(1), "pyarrow": pa.array([0.5])}[plan["send"]]
    if plan["send"] == "numpy" and not hasattr(node, "__aiter__"):
        data = pa.array(data)  # as dora-rs wants it
    takes = {"next": take, "whole": take_whole, "async": None}[plan["take"]]
    if takes is not None:
        times = [(send(node, data), takes(node)) for _ in range(plan["rounds"])]
    else:
        times = asyncio.run(in_asyncio(node, data, plan["rounds"]))
    report(plan, times)


def send(node, data):
    begin = perf_counter_ns()
    for _ in range(BATCH):
        node.send_output("data", data)
    return perf_counter_ns() - begin


def take(node):
    begin = perf_counter_ns()
    for _ in range(BATCH):
        node.next()
    return perf_counter_ns() - begin


def take_whole(node):
    begin = perf_counter_ns()
    for _ in range(BATCH):
        event = node.next()
        event["value"], event["metadata"]
    return perf_counter_ns() - begin


async def in_asyncio(node, data, rounds):
    times = []
    for _ in range(rounds):
        sending = send(node, data)
        begin = perf_counter_ns()
        if hasattr(node, "__aiter__"):
            left = BATCH
            async for _event in node:
                left -= 1
                if not left:
                    break
        else:
            for _ in range(BATCH):
                await node.recv_async()
        times.append((sending, perf_counter_ns() - begin))
    return times


main()
