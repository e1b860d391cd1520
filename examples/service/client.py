"""Sends two requests before it waits for any answer; then in the other order."""

from dora import Node

node = Node()
first = node.send_service_request("request", [1, 2, 3])
second = node.send_service_request("request", [40, 2])

for name, request_id in (("second", second), ("first", first)):
    # Other events wait meanwhile, and come afterwards.
    response = node.recv_service_response(request_id, timeout=30.0)
    print(f"{name}: {response['value'].to_pylist()}")
