import argparse

from dora import Node

parser = argparse.ArgumentParser()
parser.add_argument("--divisor", type=int)
divisor = parser.parse_args().divisor

node = Node()
for event in node:
    if event["type"] == "INPUT" and event["value"][0].as_py() % divisor == 0:
        node.send_output("passed", event["value"])
