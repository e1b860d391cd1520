import os

from dora import Node

node = Node()
for number in range(3):
    node.log_info(f"step {number}")
node.log_debug("not asked for")
if os.environ.get("FAILS"):
    node.log_error("too hot")
