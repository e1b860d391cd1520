import pyarrow as pa
from dora import Node

node = Node()

for i in range(50):
    node.send_output("url", pa.array([f"http://example.com/{i}"]))
