import numpy as np
import pyarrow as pa
import torch
from dora import DoraStatus

CAMERA_WIDTH = 640
CAMERA_HEIGHT = 480


class Operator:
    """Infering object from images"""

    def __init__(self):
        self.model = torch.hub.load("ultralytics/yolov5", "yolov5n")

    def on_event(self, dora_event, send_output) -> DoraStatus:
        if dora_event["type"] == "INPUT":
            frame = dora_event["value"].to_numpy().reshape((CAMERA_HEIGHT, CAMERA_WIDTH, 3))
            frame = frame[:, :, ::-1]  # OpenCV image (BGR to RGB)
            results = self.model(frame)  # includes NMS
            arrays = pa.array(np.array(results.xyxy[0].cpu()).ravel().view(np.uint8))
            send_output("bbox", arrays, dora_event["metadata"])
            return DoraStatus.CONTINUE
