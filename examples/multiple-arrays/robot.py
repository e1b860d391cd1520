"""Sends several arrays of different lengths and types as one message."""

import numpy as np
import pyarrow as pa
from dora import Node

joints = np.linspace(0, 1, 6, dtype=np.float32)
names = ["base", "arm", "hand"]
image = np.arange(12, dtype=np.uint8)

node = Node()
node.send_output(
    "state",
    pa.StructArray.from_arrays(
        [pa.array([joints]), pa.array([names]), pa.array([image])],
        names=["joints", "names", "image"],
    ),
    {"image_shape": [3, 4]},
)
