"""A camera for those who have none: the few names of OpenCV that the pipeline uses.

`VideoCapture` shows three coloured squares that bounce about in a dim room. With OpenCV installed and
a camera at hand, delete this file and the pipeline runs on the real ones.
"""

import os

import numpy as np

COLOR_BGR2RGB = 4

HEIGHT, WIDTH, SIZE = 480, 640, 48
# Blue, green, red as OpenCV orders them; where each square begins, and its pixels per frame.
SQUARES = [
    ((230, 30, 20), (40, 60), (5, 3)),
    ((20, 220, 40), (300, 200), (-4, 5)),
    ((30, 20, 240), (500, 380), (3, -4)),
]


class VideoCapture:
    """Gives FRAMES pictures (0: without end) of 480 x 640 pixels, in the order blue, green, red."""

    def __init__(self, index):
        self.left = int(os.environ.get("FRAMES", "0")) or -1
        self.number = 0

    def read(self):
        if self.left == 0:
            return False, None
        self.left -= 1
        frame = np.full((HEIGHT, WIDTH, 3), 25, dtype=np.uint8)
        for colour, (x, y), (dx, dy) in SQUARES:
            left = bounce(x + dx * self.number, WIDTH - SIZE)
            top = bounce(y + dy * self.number, HEIGHT - SIZE)
            frame[top : top + SIZE, left : left + SIZE] = colour
        self.number += 1
        return True, frame

    def release(self):
        self.left = 0


def bounce(position, limit):
    """Reflects a position that walks on and on at 0 and at `limit`."""
    position %= 2 * limit
    return min(position, 2 * limit - position)


def cvtColor(image, code):
    if code != COLOR_BGR2RGB:
        raise ValueError(f"only COLOR_BGR2RGB is known here, not {code}")
    return image[:, :, ::-1]
