"""The published node packages themselves, unmodified. They come from a package index, so this runs
only when asked for: DORA_TEST_PUBLISHED=1 pytest tests/scenarios/builds/test_published.py
"""

import os

import pytest

pytestmark = pytest.mark.skipif(
    "DORA_TEST_PUBLISHED" not in os.environ, reason="needs a package index: DORA_TEST_PUBLISHED=1"
)

ECHO = """
    nodes:
      - id: sender
        build: pip install pyarrow-sender
        path: pyarrow-sender
        outputs: [data]
        env: {DATA: "[1, 2, 3]"}
      - id: echo
        build: pip install dora-echo
        path: dora-echo
        inputs: {echo: sender/data}
        outputs: [echo]
      - id: check
        build: pip install pyarrow-assert
        path: pyarrow-assert
        inputs: {data: echo/echo}
        env: {DATA: "[1, 2, 3]"}
"""
VIDEO = """
    nodes:
      - id: camera
        build: |
          pip install opencv-video-capture
          python make_video.py
        path: opencv-video-capture
        inputs: {tick: dora/timer/millis/20}
        outputs: [image]
        env: {CAPTURE_PATH: video.avi}
        restart_policy: always
      - id: viewer
        path: viewer.py
        inputs: {image: camera/image}
"""
MAKE_VIDEO = """
    import cv2, numpy
    video = cv2.VideoWriter("video.avi", cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for shade in range(50):
        video.write(numpy.full((48, 64, 3), shade, numpy.uint8))
    video.release()
"""
VIEWER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            metadata = event["metadata"]
            print(metadata["width"], metadata["height"], metadata["encoding"], len(event["value"]))
            break
"""


def test_sender_echo_and_assert(flow):
    flow.yaml(ECHO)
    run = flow.start("--uv").wait(600).succeeded()
    assert "2 messages" in run.text


def test_a_video_is_captured(flow):
    flow.nodes(make_video=MAKE_VIDEO, viewer=VIEWER)
    flow.yaml(VIDEO)
    run = flow.start("--uv", "--exit-code-from", "viewer").wait(600).succeeded()
    assert run.of("viewer") == ["64 48 bgr8 9216"]
