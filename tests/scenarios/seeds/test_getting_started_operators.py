"""The code of the guide "Getting Started with Python" about operators, and about `--uv`."""

import signal

DOUBLER_OP = """
    # doubler_op.py
    import pyarrow as pa
    from dora import DoraStatus

    class Operator:
        def on_event(self, event, send_output) -> DoraStatus:
            if event["type"] == "INPUT":
                value = event["value"].to_pylist()[0]
                send_output("doubled", pa.array([value * 2]), event["metadata"])
            return DoraStatus.CONTINUE
"""
DOUBLER_YAML = """
    nodes:
      - id: timer
        path: dora/timer/millis/500
        outputs:
          - tick

      - id: doubler
        operator:
          python: doubler_op.py
          inputs:
            tick: timer/tick
          outputs:
            - doubled
"""


def test_operators(flow):
    flow.write("doubler_op.py", DOUBLER_OP)
    flow.nodes(
        reader="""
            from dora import Node

            for event, _ in zip(Node(), range(3)):
                print(event["id"], event["value"].to_pylist())
        """
    )
    flow.yaml(DOUBLER_YAML)
    flow.run("--stop-after", "1s").succeeded()
    flow.yaml(
        DOUBLER_YAML + "      - {id: reader, path: reader.py, inputs: {doubled: doubler/doubled}}\n"
    )
    run = flow.start()
    run.wait_for("doubled [4]")
    run.signal(signal.SIGINT)
    lines = run.wait().succeeded().of("reader")
    assert lines == ["doubled [0]", "doubled [2]", "doubled [4]"]


def test_reproducible_dependencies_with_uv(flow, run_dora, environment, tmp_path):
    """The block has a node alone: its list stands in the dataflow of the test. No package is
    needed, so no index is asked; tests/scenarios/builds shows what the environments hold."""
    environment |= {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
    environment["UV_CACHE_DIR"] = str(tmp_path / "uv-cache")
    flow.write("requirements.txt", "# none\n")
    flow.nodes(vision="import sys\nfrom dora import Node\nNode()\nprint(sys.prefix)")
    flow.yaml(
        """
        nodes:
        - id: vision
          path: vision.py
          build: pip install -r requirements.txt
        """
    )
    built = run_dora("build", "--uv", "dataflow.yml", patience=240)
    assert built.code == 0, built.text
    lines = flow.run("--uv").succeeded().of("vision")
    assert lines == [str(flow.path / ".dora/python-envs/vision")]
