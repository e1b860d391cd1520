import time

from dora import Node

node = Node()
for number in range(10):
    if number == 5:
        time.sleep(1)
    node.send_output("message", [number])
    node.send_output("unused", [number])
