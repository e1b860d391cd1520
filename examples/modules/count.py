from dora import Node

node = Node()
for number in range(20):
    node.send_output("number", [number])
