"""Receives with dora inside an asyncio program."""

import asyncio

from dora import Node
from measure import Plan, Receiver, now


async def main():
    plan = Plan.from_environment()
    receiver = Receiver(plan)
    node = Node()
    while (event := await node.recv_async()) is not None:
        if event["type"] != "INPUT":
            continue
        value = event["value"]
        moment = now()
        if receiver.take(value, moment):
            break
    receiver.finish()


asyncio.run(main())
