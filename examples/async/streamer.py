"""Takes events with `async for`, beside a second task that counts how often it had a turn."""

import asyncio

from dora import Node

turns = 0


async def take_turns():
    global turns
    while True:
        turns += 1
        await asyncio.sleep(0.005)


async def main():
    node = Node()
    other = asyncio.create_task(take_turns())

    async for event in node:
        if event["type"] == "INPUT":
            print(f"got {event['value'].to_pylist()[0]}")
        elif event["type"] == "STOP":
            break

    other.cancel()
    print(f"the other task ran meanwhile: {turns > 1}")


asyncio.run(main())
