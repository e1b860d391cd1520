import pyarrow as pa
from dora import Node

node = Node()
for speed in (1.5, 3.0):
    node.send_output("speed", pa.array([speed], pa.float64()))
