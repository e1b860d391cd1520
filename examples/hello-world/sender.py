import pyarrow as pa
from dora import Node

node = Node()

for i in range(100):
    node.send_output("message", pa.array([i]))
