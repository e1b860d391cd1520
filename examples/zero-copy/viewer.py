"""Looks at frames where they are."""

from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        metadata = event["metadata"]
        frame = event["value"].to_numpy().reshape(metadata["height"], metadata["width"], 3)
        print(f"frame {metadata['number']}: {frame.shape}, brightness {frame.mean():.0f}")
