"""A service: answers every request with the sum of its numbers."""

from dora import Node

node = Node()
for event in node:
    if event["type"] == "INPUT":
        total = sum(event["value"].to_pylist())
        # The metadata of the request says whose answer this is.
        node.send_service_response("response", [total], event["metadata"])
