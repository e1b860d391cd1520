"""Writes frames straight into the memory that is sent."""

import numpy as np
from dora import Node

height, width = 1080, 1920
node = Node()

for number in range(5):
    metadata = {"number": number, "height": height, "width": width}
    with node.send_output_raw("frame", height * width * 3, metadata=metadata) as buffer:
        frame = np.asarray(buffer, dtype=np.uint8).reshape(height, width, 3)
        frame[:] = number
        del frame  # no view may be left when the block ends

# When whether to send is decided late:
metadata = {"number": 5, "height": height, "width": width}
sample = node.send_output_raw("frame", height * width * 3, metadata=metadata)
view = sample.as_memoryview()
view[:] = bytes([255]) * len(view)
view.release()
sample.send()
