import asyncio
from typing import Any

from dora import Node


async def receive(node: Node) -> int:
    count = 0
    while count < 10:
        event: dict[str, Any] | None = await node.recv_async(timeout=0.2)
        if event is None or event["type"] == "STOP":
            break
        if event.get("timed_out"):
            print("nothing for 0.2 s")
        elif event["type"] == "INPUT":
            print("message", event["value"][0].as_py())
            count += 1
    return count


print("took", asyncio.run(receive(Node())), "of 10")
