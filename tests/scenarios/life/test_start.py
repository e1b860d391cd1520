"""Nothing is sent before everybody is there."""


def test_a_consumer_that_imports_for_long_loses_nothing(flow):
    flow.nodes(
        sender="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(100):
                node.send_output("number", pa.array([i]))
        """,
        receiver="""
            import time
            time.sleep(1.5)  # imports something large
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    print(event["value"][0].as_py())
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - id: receiver
            path: receiver.py
            inputs: {number: {source: sender/number, queue_size: 100}}
        """
    )
    result = flow.run().succeeded()
    assert result.of("receiver") == [str(i) for i in range(100)]


def test_node_returns_only_when_every_node_has_joined(flow):
    flow.nodes(
        early="""
            import pathlib
            from dora import Node

            Node()
            print("late one is there:", pathlib.Path("there").exists())
        """,
        late="""
            import pathlib, time
            from dora import Node

            time.sleep(1)
            pathlib.Path("there").touch()
            Node()
        """,
    )
    flow.yaml("nodes: [{id: early, path: early.py}, {id: late, path: late.py}]")
    assert flow.run().succeeded().of("early") == ["late one is there: True"]


def test_nodes_find_args_env_and_their_folder(flow):
    flow.nodes(
        node="""
            import os, sys
            from dora import Node

            node = Node()
            print(sys.argv[1:], os.environ["MODEL_PATH"], os.environ["DEVICE"], os.environ["N"])
            print(os.getcwd() == os.path.dirname(os.path.abspath(__file__)))
        """
    )
    flow.yaml(
        """
        env: {DEVICE: cpu, MODEL_PATH: common}
        nodes:
          - id: node
            path: node.py
            args: --bus 1 --label "front left"
            env: {MODEL_PATH: "${HOME_OF_MODELS}/yolo.pt", N: 7}
        """
    )
    result = flow.run(env={"HOME_OF_MODELS": "/models"}).succeeded()
    assert result.of("node") == [
        "['--bus', '1', '--label', 'front left'] /models/yolo.pt cpu 7",
        "True",
    ]


def test_a_program_of_any_kind_can_be_a_node(flow):
    script = flow.write("program", "#!/bin/sh\necho I am $0 in $(pwd) with $1\n")
    script.chmod(0o755)
    flow.yaml("nodes: [{id: program, path: ./program, args: one}]")
    (line,) = flow.run().succeeded().of("program")
    assert line.endswith(f"in {flow.path.resolve()} with one")


def test_two_dataflows_at_once_do_not_disturb_each_other(flow):
    flow.nodes(
        sender="""
            import os
            import pyarrow as pa
            from dora import Node

            node = Node()
            for i in range(50):
                node.send_output("number", pa.array([int(os.environ["BASE"]) + i]))
        """,
        receiver="""
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    print(event["value"][0].as_py())
        """,
    )
    flow.yaml(
        """
        nodes:
          - {id: sender, path: sender.py, outputs: [number]}
          - id: receiver
            path: receiver.py
            inputs: {number: {source: sender/number, queue_size: 50}}
        """
    )
    both = [flow.start(env={"BASE": str(base)}) for base in (0, 1000)]
    for base, running in zip((0, 1000), both, strict=True):
        result = running.wait().succeeded()
        assert result.of("receiver") == [str(base + i) for i in range(50)]
