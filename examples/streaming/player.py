"""Puts the chunks of each segment together. It begins late: what was flushed meanwhile is gone."""

import time

from dora import Node

node = Node()
time.sleep(1)  # the speaker is done by now
segments: dict[int, list[str]] = {}
for event in node:
    if event["type"] == "INPUT":
        metadata = event["metadata"]
        words = segments.setdefault(metadata["segment_id"], [])
        words.append(event["value"][0].as_py())
        if metadata["fin"]:
            print(f"segment {metadata['segment_id']}: {' '.join(words)}")
