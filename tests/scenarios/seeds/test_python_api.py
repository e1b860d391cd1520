"""The code of the reference page "Python API", and what it names of nodes."""

from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "detection-operator"

OPERATOR = '''
    #!/usr/bin/env python3
    # -*- coding: utf-8 -*-

    from typing import Callable, Optional

    import cv2
    import numpy as np
    import pyarrow as pa
    import torch

    from dora import DoraStatus

    pa.array([])

    CAMERA_WIDTH = 640
    CAMERA_HEIGHT = 480


    class Operator:
        """
        Infering object from images
        """

        def __init__(self):
            self.model = torch.hub.load("ultralytics/yolov5", "yolov5n")

        def on_event(
            self,
            dora_event,
            send_output,
        ) -> DoraStatus:
            """Handle image
            Args:
                dora_input (dict) containing the "id", "data", and "metadata"
                send_output Callable[[str, bytes | pa.Array, Optional[dict]], None]:
                    Function for sending output to the dataflow:
                    - First argument is the `output_id`
                    - Second argument is the data as either bytes or `pa.Array`
                    - Third argument is dora metadata dict
                    e.g.: `send_output("bbox", pa.array([100], type=pa.uint8()), dora_event["metadata"])`
            """
            if dora_event["type"] == "INPUT":
                frame = (
                    dora_event["value"]
                    .to_numpy()
                    .reshape((CAMERA_HEIGHT, CAMERA_WIDTH, 3))
                )
                frame = frame[:, :, ::-1]  # OpenCV image (BGR to RGB)
                results = self.model(frame)  # includes NMS
                arrays = pa.array(
                    np.array(results.xyxy[0].cpu()).ravel().view(np.uint8)
                )
                send_output("bbox", arrays, dora_event["metadata"])
                return DoraStatus.CONTINUE
'''  # noqa: E501


def test_the_example_of_an_operator(flow):
    """With stand-ins for OpenCV, which it only imports, and for torch and its model."""
    flow.write("detect.py", OPERATOR)
    flow.write("torch.py", (EXAMPLE / "torch.py").read_text())
    flow.write("cv2.py", "")
    flow.nodes(
        camera="""
            import numpy as np
            from dora import Node

            node = Node()
            for count in range(3):
                frame = np.zeros((480, 640, 3), np.uint8)
                frame[100:150, 50 * count : 50 * count + 50] = 255
                node.send_output("image", frame.ravel(), {"count": count})
        """,
        show="""
            import numpy as np
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    box = event["value"].to_numpy().view(np.float32)
                    print(event["metadata"]["count"], box[:4].astype(int).tolist())
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: camera, path: camera.py, outputs: [image]}
          - id: detect
            operator:
              python: detect.py
              inputs: {image: camera/image}
              outputs: [bbox]
          - {id: show, path: show.py, inputs: {bbox: detect/bbox}}
        """
    )
    assert flow.run().succeeded().of("show") == [
        f"{count} [{50 * count}, 100, {50 * count + 50}, 150]" for count in range(3)
    ]


def test_events_of_operators(flow):
    """`data`, `value` and `metadata` (also as it is misspelt there), and STOP."""
    flow.write(
        "echo.py",
        """
        class Operator:
            def on_event(self, dora_event, send_output):
                if dora_event["type"] == "INPUT":
                    print(dora_event["id"], dora_event["data"], dora_event["value"].type,
                          dora_event["metadata"]["n"], dora_event["meatadata"]["n"])
                else:
                    print(dora_event["type"])
        """,
    )
    flow.nodes(sender="from dora import Node\nNode().send_output('bytes', b'abc', {'n': 5})")
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [bytes]}
          - {id: echo, operator: {python: echo.py, inputs: {text: sender/bytes}}}
        """
    )
    assert flow.run().succeeded().of("echo") == ["text b'abc' uint8 5 5", "INPUT_CLOSED", "STOP"]


def test_node_members(flow):
    flow.nodes(
        node="""
            import dora
            from dora import Node

            node = Node()
            descriptor = node.dataflow_descriptor()
            print([entry["id"] for entry in descriptor["nodes"]])
            print(node.node_config()["inputs"], node.node_config()["outputs"])
            print(dora.__version__.count("."))
            print(type(node.next()).__name__)
        """
    )
    flow.yaml(
        """
        nodes:
          - id: node
            path: node.py
            inputs: {tick: dora/timer/millis/2000}
            outputs: [b, a]
        """
    )
    lines = flow.run().succeeded().of("node")
    assert lines[:3] == ["['node']", "{'tick': 'dora/timer/secs/2'} ['a', 'b']", "2"]


def test_send_output_links_the_metadata_of_an_input(flow):
    flow.nodes(
        node="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("start", b"1", {"frame": 7})
            dora_event = node.next()
            send_output = node.send_output
            send_output("bbox", pa.array([100], type=pa.uint8()), dora_event["metadata"])
            event = node.next()
            print(event["id"], event["value"].to_pylist(), event["metadata"]["frame"])
        """
    )
    flow.yaml(
        """
        nodes:
          - id: node
            path: node.py
            inputs: {start: node/start, bbox: node/bbox}
            outputs: [start, bbox]
        """
    )
    assert flow.run().succeeded().of("node") == ["bbox [100] 7"]
