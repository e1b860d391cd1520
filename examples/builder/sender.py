from dora import Node

node = Node()
for number in range(3):
    node.send_output("number", [number])
