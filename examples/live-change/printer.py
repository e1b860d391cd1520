"""Prints what comes, whatever its inputs are called, and when one ends."""

from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        print(f"{event['id']} {event['value'].to_pylist()[0]}", flush=True)
    elif event["type"] == "INPUT_CLOSED":
        print(f"{event['id']} has ended", flush=True)
