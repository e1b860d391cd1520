from dora import Node

for event in Node():
    if event["type"] == "INPUT":
        print("got", event["value"][0].as_py())
