"""Published node packages, from the package index, as their users write them."""

import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def index(tmp_path):
    """The package index that pip is configured for; without one there is nothing to test."""
    look = ["download", "--quiet", "--no-deps", "--timeout", "10", "--retries", "0"]
    asked = subprocess.run(
        [sys.executable, "-m", "pip", *look, "--dest", tmp_path / "found", "dora-echo"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        pytest.skip(f"no package index can be reached: {asked.stderr.strip()[-200:]}")


def test_published_packages_run_unmodified(flow):
    flow.yaml("""
        nodes:
          - id: sender
            path: pyarrow-sender
            build: pip install pyarrow-sender
            env: {DATA: "[1, 2, 3]"}
            outputs: [data]
          - id: echo
            path: dora-echo
            build: pip install dora-echo
            inputs: {data: sender/data}
            outputs: [data]
          - id: assert
            path: pyarrow-assert
            build: pip install pyarrow-assert
            env: {DATA: "[1, 2, 3]"}
            inputs: {data: echo/data}
    """)
    run = flow.start("--uv").wait(patience=280).succeeded()
    assert "3 built" in "\n".join(run.err)
    assert "2 messages" in "\n".join(run.err)
    flow.yaml((flow.path / "dataflow.yml").read_text().replace("[1, 2, 3]", "[1]", 1))
    assert flow.start("--uv").wait(patience=280).code == 1


WRITE_VIDEO = """
    import cv2, numpy
    video = cv2.VideoWriter("video.avi", cv2.VideoWriter_fourcc(*"MJPG"), 20, (64, 48))
    for number in range(40):
        video.write(numpy.full((48, 64, 3), number * 5, numpy.uint8))
    video.release()
"""
LOOK = """
    from dora import Node
    for number, event in enumerate(event for event in Node() if event["type"] == "INPUT"):
        metadata = event["metadata"]
        picture = event["value"].to_numpy().reshape((metadata["height"], metadata["width"], 3))
        print(metadata["encoding"], picture.shape, picture.dtype)
        if number == 2:
            break
"""


def test_a_camera_node_reads_a_video(flow):
    """With the OpenCV that needs no libraries of a desktop."""
    flow.nodes(write_video=WRITE_VIDEO, look=LOOK)
    flow.yaml("""
        nodes:
          - id: camera
            path: opencv-video-capture
            build: |
              pip install opencv-video-capture
              pip install --force-reinstall --no-deps opencv-python-headless
              python write_video.py
            env: {CAPTURE_PATH: video.avi, IMAGE_WIDTH: 64, IMAGE_HEIGHT: 48, CI: "true"}
            inputs: {tick: dora/timer/millis/50}
            outputs: [image]
          - id: look
            path: look.py
            inputs: {image: camera/image}
    """)
    run = flow.start("--uv", "--stop-after", "4s").wait(patience=280).succeeded()
    assert run.of("look") == ["bgr8 (48, 64, 3) uint8"] * 3
