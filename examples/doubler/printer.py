from dora import Node

node = Node()
for event in node:
    if event["type"] == "INPUT":
        number = event["value"].to_pylist()[0]
        print(f"doubled: {number}")
        if number == 8:
            break
