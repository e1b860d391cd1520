# viewer_node.py: says in words what the camera sees
from dora import Node

COLOURS = ["red", "green", "blue"]

node = Node()
frames = 0
brightness = 0.0

for event in node:
    if event["type"] == "INPUT" and event["id"] == "gray":
        brightness = event["value"].mean()

    elif event["type"] == "INPUT" and event["id"] == "boxes":
        frames += 1
        if frames % 10 == 0:
            seen = ", ".join(
                f"{COLOURS[box['class']]} at ({box['x1']:.0f}, {box['y1']:.0f})"
                for box in event["value"].to_pylist()
            )
            print(f"frame {frames}: {seen}; brightness {brightness:.1f}")

    elif event["type"] == "STOP":
        break

print(f"saw {frames} frames")
