from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        print(bytes(event["value"]).decode())
