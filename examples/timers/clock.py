"""Counts the ticks of three timers, and says every second how many there were."""

from collections import Counter

from dora import Node

node = Node()
ticks: Counter[str] = Counter()
beat = None

for event in node:
    if event["type"] == "STOP":
        break
    if event["type"] != "INPUT":
        continue

    # A node that was too slow for some ticks is told how many it missed.
    ticks[event["id"]] += 1 + event["metadata"].get("missed", 0)
    if event["id"] == "beat":
        beat = event["value"].to_pylist()[0]

    elif event["id"] == "second":
        seconds = ticks["second"] - 1  # the first tick comes at once
        print(f"second {seconds}: fast {ticks['fast']}, video {ticks['video']}, beat {beat}")
        if seconds >= 3:
            break
