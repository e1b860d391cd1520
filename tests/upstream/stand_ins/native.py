"""Stands for the compiled nodes of the examples: what each does is chosen by its file's name."""

import os
import sys
from pathlib import Path

import pyarrow as pa
from dora import Node


def send_ten_values(node):
    """`cross-language-rust-sender`"""
    for number in range(10):
        event = node.next()
        if event is None or event["type"] != "INPUT":
            break
        node.send_output("values", pa.array([number * 10], pa.int64()), event["metadata"])


def validate_ten_values(node):
    """`cross-language-rust-receiver`"""
    values = [event["value"].to_pylist() for event in node if event["type"] == "INPUT"]
    assert values == [[number * 10] for number in range(10)], values
    print("rust-receiver: SUCCESS - validated 10 messages")


def count_by_size(node):
    """`benchmark-example-sink`"""
    counts = {}
    for event in node:
        if event["type"] == "INPUT":
            key = (event["id"], len(event["value"]))
            counts[key] = counts.get(key, 0) + 1
    for (name, size), count in sorted(counts.items()):
        print(f"{name} {size} B: {count}")


def print_texts(node):
    """`log-sink-file`, `log-sink-tcp`, `log-sink-alert`"""
    for event in node:
        if event["type"] == "INPUT":
            print(f"{event['id']}: {event['value'][0].as_py()}", flush=True)


def wait_for_stop(node):
    """`mavlink2-bridge-example-mavlink-sim` and `-heartbeat-emitter`"""
    for event in node:
        if event["type"] == "STOP":
            break


def send_heartbeats(node):
    """`dora-mavlink2-bridge-node`"""
    heartbeat = {"custom_mode": 0, "mavtype": 2, "autopilot": 3, "system_status": 4}
    while (event := node.next(timeout=0.1)) is not None and event["type"] != "STOP":
        node.send_output("heartbeat", pa.array([heartbeat]))


def take_pictures(node):
    """`opencv-video-capture`"""
    image = pa.array(range(12), pa.uint8())
    shape = {"width": 2, "height": 2, "encoding": "bgr8"}
    for count, event in enumerate(node):
        if event["type"] == "STOP" or count == int(os.environ.get("STAND_IN_IMAGES", "1000000")):
            break
        node.send_output("image", image, shape)


def find_boxes(node):
    """`dora-yolo`"""
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("bbox", pa.array([{"bbox": [1.0], "labels": ["cat"]}]))


def plot(node):
    """`opencv-plot`"""
    counts = {}
    for event in node:
        if event["type"] == "INPUT":
            counts[event["id"]] = counts.get(event["id"], 0) + 1
            if counts[event["id"]] == 1:
                print(f"plots its first {event['id']}", flush=True)


ROLES = {
    "cross-language-rust-sender": send_ten_values,
    "cross-language-rust-receiver": validate_ten_values,
    "benchmark-example-sink": count_by_size,
    "log-sink-file": print_texts,
    "log-sink-tcp": print_texts,
    "log-sink-alert": print_texts,
    "mavlink2-bridge-example-mavlink-sim": wait_for_stop,
    "mavlink2-bridge-example-heartbeat-emitter": wait_for_stop,
    "dora-mavlink2-bridge-node": send_heartbeats,
    "opencv-video-capture": take_pictures,
    "dora-yolo": find_boxes,
    "opencv-plot": plot,
}

if __name__ == "__main__":
    name = Path(sys.argv[0]).name
    ROLES[name](Node("opencv-plot") if name == "opencv-plot" else Node())
