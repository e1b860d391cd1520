"""Waiting for one answer among other events."""

YAML = """
    nodes:
      - id: client
        path: client.py
        inputs: {response: server/response, feedback: server/feedback}
        outputs: [request]
      - id: server
        path: server.py
        restart_policy: on-failure
        inputs: {request: client/request}
        outputs: [response, feedback]
"""
SERVER = """
    import os
    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            if not node.is_restart():
                os._exit(1)
            node.send_output("feedback", b"")
            node.send_service_response("response", event["value"], event["metadata"])
"""


def test_who_waits_for_a_node_that_is_restarted_is_told(flow):
    flow.nodes(
        client="""
        from dora import Node

        node = Node()
        lost = node.send_service_request("request", b"1")
        told = node.recv_service_response(lost, server="server")
        print(told["type"], told["server_restarted"], told["error"])
        # It is told once; the response to the second request is waited for.
        again = node.send_service_request("request", b"2")
        response = node.recv_service_response(again, timeout=60, server="server")
        print(response["id"], response["metadata"]["request_id"] == again)
        late = node.recv_service_response(lost, timeout=0.01, server="server")
        print(late["timed_out"])
        print(node.next()["type"], node.next()["id"], node.try_recv())
        """,
        server=SERVER,
    )
    flow.yaml(YAML)
    lines = flow.run().of("client")
    assert lines[0].startswith("ERROR True node 'server' was restarted and knows nothing of the")
    assert lines[1:] == ["response True", "True", "NODE_RESTARTED feedback None"]


def test_events_from_elsewhere_wait_too(flow):
    flow.nodes(
        client="""
        from dora import Node

        class Once:
            values = ["from elsewhere"]

            def next(self):
                return self.values.pop() if self.values else None

        node = Node()
        node.merge_external_events(Once())
        while node.is_empty():
            pass
        mine = node.send_service_request("request", b"1")
        print(node.recv_service_response(mine)["id"])
        print(sorted(node.next().get("id", "external") for _ in range(2)))
        """,
        server=SERVER.replace("not node.is_restart()", "False"),
    )
    flow.yaml(YAML)
    assert flow.run().of("client") == ["response", "['external', 'feedback']"]
