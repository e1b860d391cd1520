from dora import Node

passed: dict[str, list[int]] = {"evens": [], "thirds": []}
for event in Node():
    if event["type"] == "INPUT":
        passed[event["id"]].append(event["value"][0].as_py())
for name, numbers in passed.items():
    print(name, numbers)
