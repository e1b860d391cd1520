"""A stand-in for torch with a model of YOLOv5's interface: it finds the white squares."""

from types import SimpleNamespace

import numpy as np


class Tensor:
    def __init__(self, array):
        self.array = array

    def cpu(self):
        return self.array


class Model:
    def __call__(self, frame):
        rows, columns = np.nonzero(frame.min(axis=2) == 255)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 1, 0]
        return SimpleNamespace(xyxy=[Tensor(np.array([box], np.float32))])


hub = SimpleNamespace(load=lambda repository, model: Model())
