"""Stands for ultralytics: finds one box in every image, of the class of its colour."""

from types import SimpleNamespace

import numpy as np


class Tensor:
    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __len__(self):
        return len(self.values)

    def cpu(self):
        return self


class YOLO:
    def __init__(self, weights):
        assert weights.endswith(".pt")

    def to(self, device):
        assert device == "cpu"

    def __call__(self, image, verbose=True, device=None):
        assert isinstance(image, np.ndarray)
        assert image.ndim == 3
        print("found something in", image.shape, flush=True)
        boxes = SimpleNamespace(
            xyxy=Tensor([[10, 20, 30, 40]]), conf=Tensor([0.5]), cls=Tensor([image[0, 0, 0] % 80])
        )
        return [SimpleNamespace(boxes=boxes)]
