"""What the reference page "Python API" names of nodes."""


def test_node_members(flow):
    flow.nodes(
        node="""
            import dora
            from dora import Node

            node = Node()
            descriptor = node.dataflow_descriptor()
            print([entry["id"] for entry in descriptor["nodes"]])
            print(node.node_config()["inputs"], node.node_config()["outputs"])
            print(dora.__version__.count("."))
            print(type(node.next()).__name__)
        """
    )
    flow.yaml(
        """
        nodes:
          - id: node
            path: node.py
            inputs: {tick: dora/timer/millis/2000}
            outputs: [b, a]
        """
    )
    lines = flow.run().succeeded().of("node")
    assert lines[:3] == ["['node']", "{'tick': 'dora/timer/secs/2'} ['a', 'b']", "2"]


def test_send_output_links_the_metadata_of_an_input(flow):
    flow.nodes(
        node="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("start", b"1", {"frame": 7})
            dora_event = node.next()
            send_output = node.send_output
            send_output("bbox", pa.array([100], type=pa.uint8()), dora_event["metadata"])
            event = node.next()
            print(event["id"], event["value"].to_pylist(), event["metadata"]["frame"])
        """
    )
    flow.yaml(
        """
        nodes:
          - id: node
            path: node.py
            inputs: {start: node/start, bbox: node/bbox}
            outputs: [start, bbox]
        """
    )
    assert flow.run().succeeded().of("node") == ["bbox [100] 7"]
