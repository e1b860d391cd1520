from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        print("Speed", event["value"][0].as_py())
