"""Waits for events with recv_async, so that other tasks of the program go on meanwhile."""

import asyncio

import pyarrow as pa
from dora import Node


async def fetch_data(url):
    await asyncio.sleep(0.01)  # a slow server
    return pa.array([f"page of {url.to_pylist()[0]}"])


async def main():
    node = Node()
    for _ in range(50):
        event = await node.recv_async()
        if event["type"] == "STOP":
            break
        # Do async work here
        result = await fetch_data(event["value"])
        node.send_output("result", result)


asyncio.run(main())
