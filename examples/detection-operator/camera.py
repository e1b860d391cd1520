import numpy as np
import pyarrow as pa


class Operator:
    """Draws a square that moves to the right with every tick, ten times."""

    def __init__(self):
        self.count = 0

    def on_event(self, event, send_output):
        if event["type"] == "INPUT":
            frame = np.zeros((480, 640, 3), np.uint8)
            left = 50 * self.count
            frame[100:150, left : left + 50] = 255
            send_output("image", pa.array(frame.ravel()), {"frame": self.count})
            self.count += 1
            return 1 if self.count == 10 else 0  # DoraStatus.STOP, DoraStatus.CONTINUE
