"""Waits for something to do, then takes all that is there at once."""

from dora import Node

node = Node()
readings: list[int] = []
batches = 0
while len(readings) < 60:
    event = node.next()
    if event is None or event["type"] == "STOP":
        break
    # What waits besides, without waiting for more. An empty queue gives [].
    waiting = [event, *node.drain()]
    batch = [e["value"][0].as_py() for e in waiting if e["type"] == "INPUT" and e["id"] == "reading"]
    if batch:
        batches += 1
        readings += batch
print(f"{len(readings)} readings in {batches} batches, in order: {readings == sorted(readings)}")
