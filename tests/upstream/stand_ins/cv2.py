"""Stands for OpenCV: a camera, if CAMERA_INDEX is not 9, and drawing that leaves a mark."""

import os

import numpy as np

CAP_PROP_FRAME_WIDTH, CAP_PROP_FRAME_HEIGHT = 3, 4
FONT_HERSHEY_SIMPLEX = 0
COLOR_BGR2RGB = 4


class VideoCapture:
    def __init__(self, index):
        self.is_there = index != 9
        self.size = {CAP_PROP_FRAME_WIDTH: 640, CAP_PROP_FRAME_HEIGHT: 480}
        self.count = 0

    def isOpened(self):
        return self.is_there

    def set(self, name, value):
        self.size[name] = int(value)
        return True

    def read(self):
        if not self.is_there:
            return False, None
        self.count += 1
        shape = (self.size[CAP_PROP_FRAME_HEIGHT], self.size[CAP_PROP_FRAME_WIDTH], 3)
        return True, np.full(shape, self.count % 256, np.uint8)

    def release(self):
        self.is_there = False


def resize(image, size):
    assert image.shape == (size[1], size[0], 3)
    return image


def cvtColor(image, code):
    assert code == COLOR_BGR2RGB
    return image[:, :, ::-1]


def rectangle(image, start, end, color, thickness=1):
    assert image.flags.writeable
    image[start[1], start[0] : end[0]] = color


def line(image, start, end, color, thickness=1):
    rectangle(image, start, end, color)


def putText(image, text, place, font, scale, color, *rest):
    assert image.flags.writeable
    assert isinstance(text, str)
    image[place[1] % image.shape[0], place[0] % image.shape[1]] = color


def imshow(name, image):
    assert image.shape[2] == 3
    print(f"{name} shows {image.shape} from {image.min()} to {image.max()}", flush=True)


def waitKey(milliseconds):
    return ord("q") if os.environ.get("STAND_IN_KEY") == "q" else -1


def destroyAllWindows():
    print("windows closed", flush=True)
