"""The code of the guide to nodes in Python, as it is printed there.

OpenCV and ultralytics are stood in for by the small modules of examples/camera-pipeline.
"""

import shutil
import subprocess
import sys
from pathlib import Path

PIPELINE = Path(__file__).resolve().parents[3] / "examples" / "camera-pipeline"

TWO = """
    nodes:
      - {{id: sender, path: sender.py, outputs: [{outputs}]}}
      - id: receiver
        path: receiver.py
        inputs: {{{inputs}}}
"""
PRINTER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            value = event["value"]
            shape = getattr(value, "shape", None)
            shown = value.to_pylist() if len(value) < 10 else "large"
            print(event["id"], shape, shown)
"""


def received(flow, outputs, block):
    """What a receiver prints of what the block sends; `node`, np and pa are there for it."""
    head = "import numpy as np\nimport pyarrow as pa\nfrom dora import Node\n\nnode = Node()\n"
    flow.write("block.txt", block)
    flow.write("sender.py", head + (flow.path / "block.txt").read_text())
    flow.nodes(receiver=PRINTER)
    inputs = ", ".join(f"{name}: sender/{name}" for name in outputs)
    flow.yaml(TWO.format(outputs=", ".join(outputs), inputs=inputs))
    return flow.run().succeeded().of("receiver")


def test_basic_usage(flow):
    flow.nodes(
        sender="""
            import numpy as np
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("data", pa.array([1, None]))
            node.send_output("data", np.zeros((2, 2)))
        """,
        relay="""
            from dora import Node

            node = Node()

            for event in node:
                if event["type"] == "INPUT":
                    input_id = event["id"]
                    data = event["value"]  # numpy array or pyarrow array
                    metadata = event["metadata"]

                    # Process data...

                    # Send output
                    node.send_output("output_id", data)

                elif event["type"] == "STOP":
                    break
        """,
        receiver=PRINTER,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data]}
          - {id: relay, path: relay.py, inputs: {data: sender/data}, outputs: [output_id]}
          - {id: receiver, path: receiver.py, inputs: {data: relay/output_id}}
        """
    )
    lines = flow.run().succeeded().of("receiver")
    assert lines == ["data None [1, None]", "data (2, 2) [[0.0, 0.0], [0.0, 0.0]]"]


def test_sending_numpy_arrays(flow):
    assert received(
        flow,
        ["numbers", "floats", "image"],
        """
        # Integer array
        data = np.array([1, 2, 3], dtype=np.int32)
        node.send_output("numbers", data)

        # Float array
        data = np.array([1.0, 2.5, 3.14], dtype=np.float64)
        node.send_output("floats", data)

        # Image (HWC format)
        image = np.zeros((480, 640, 3), dtype=np.uint8)
        node.send_output("image", image)
        """,
    ) == ["numbers (3,) [1, 2, 3]", "floats (3,) [1.0, 2.5, 3.14]", "image (480, 640, 3) large"]


def test_sending_pyarrow_arrays(flow):
    assert received(
        flow,
        ["text", "point"],
        """
        # String array
        data = pa.array(["hello", "world"])
        node.send_output("text", data)

        # Struct array (for complex data)
        data = pa.array([{
            "x": 1.0,
            "y": 2.0,
            "label": "point"
        }])
        node.send_output("point", data)
        """,
    ) == ["text None ['hello', 'world']", "point None [{'x': 1.0, 'y': 2.0, 'label': 'point'}]"]


def test_sending_with_metadata(flow):
    lines = received(
        flow,
        ["data"],
        """
        array = pa.array([1])

        metadata = {
            "watermark": 1000,
            "deadline": 5000,
        }
        node.send_output("data", array, metadata)
        """,
    )
    assert lines == ["data None [1]"]


def test_the_camera_pipeline(flow):
    for name in ("processor_node.py", "detector_node.py", "cv2.py", "ultralytics.py"):
        shutil.copy(PIPELINE / name, flow.path)
    flow.write(
        "camera_node.py",
        """
        # camera_node.py
        import cv2
        import numpy as np
        from dora import Node

        node = Node()
        cap = cv2.VideoCapture(0)

        for event in node:
            if event["type"] == "INPUT" and event["id"] == "tick":
                ret, frame = cap.read()
                if ret:
                    # Convert BGR to RGB
                    frame_rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                    node.send_output("image", frame_rgb)

            elif event["type"] == "STOP":
                break

        cap.release()
        """,
    )
    flow.nodes(
        watcher="""
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    value = event["value"]
                    shape = value.shape if event["id"] == "processed" else len(value)
                    print(event["id"], shape)
        """
    )
    flow.yaml(
        """
        nodes:
          - id: camera
            path: camera_node.py
            inputs:
              tick: dora/timer/millis/33
            outputs:
              - image

          - id: processor
            path: processor_node.py
            inputs:
              image: camera/image
            outputs:
              - processed

          - id: detector
            path: detector_node.py
            inputs:
              image: camera/image
            outputs:
              - bbox

          - id: watcher
            path: watcher.py
            inputs: {processed: processor/processed, bbox: detector/bbox}
        """
    )
    lines = flow.run("--stop-after", "4s").succeeded().of("watcher")
    assert lines.count("processed (480, 640)") > 10
    assert lines.count("bbox 3") > 10
    assert set(lines) == {"processed (480, 640)", "bbox 3"}


def test_async_python(flow):
    flow.nodes(
        sender="""
            import pyarrow as pa
            from dora import Node

            Node().send_output("data", pa.array([4]))
        """,
        worker="""
            import pyarrow as pa

            async def process_async(value):
                return pa.array([value[0].as_py() ** 2])

            import asyncio
            from dora import Node

            async def main():
                node = Node()

                async for event in node:
                    if event["type"] == "INPUT":
                        # Async processing
                        result = await process_async(event["value"])
                        node.send_output("result", result)

                    elif event["type"] == "STOP":
                        break

            asyncio.run(main())
        """,
        receiver=PRINTER,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [data]}
          - {id: worker, path: worker.py, inputs: {data: sender/data}, outputs: [result]}
          - {id: receiver, path: receiver.py, inputs: {result: worker/result}}
        """
    )
    assert flow.run().succeeded().of("receiver") == ["result None [16]"]


def test_environment_variables(flow):
    flow.nodes(
        node="""
            import os

            model_path = os.environ.get("MODEL_PATH", "default.pt")
            device = os.environ.get("DEVICE", "cpu")
            print(model_path, device)
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, env: {MODEL_PATH: yolo.pt}}]")
    assert flow.run().succeeded().of("node") == ["yolo.pt cpu"]


def test_logging(flow):
    flow.nodes(
        node="""
            from dora import Node

            node = Node()

            import logging

            logging.basicConfig(level=logging.DEBUG)
            logger = logging.getLogger(__name__)

            for event in node:
                logger.debug(f"Received event: {event['type']}")
                break
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py, inputs: {tick: dora/timer/millis/10}}]")
    assert "Received event: INPUT" in flow.run().succeeded().text


def test_a_node_outside_of_a_dataflow_says_what_to_do(flow):
    """With stdin closed nobody can be asked for inputs."""
    flow.nodes(
        my_node="""
            from dora import Node
            try:
                Node()
            except RuntimeError as error:
                raise SystemExit(f"RuntimeError: {error}")
            """
    )
    result = subprocess.run(
        [sys.executable, "my_node.py"],
        cwd=flow.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "RuntimeError" in result.stderr
    assert "dora run" in result.stderr


def test_interactive_mode(flow):
    flow.nodes(
        my_node="""
            from dora import Node

            for event in Node():
                print(event["type"], event["id"], event.get("value"))
            """
    )
    ended = subprocess.run(
        [sys.executable, "my_node.py"],
        cwd=flow.path,
        input="image\nHEX:00ff\n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    lines = ended.stdout.splitlines()
    assert lines[1].startswith("INPUT image [")
    assert lines[-1] == "STOP MANUAL None"
