"""Published node packages, from the package index, as their users write them."""


def test_published_packages_run_unmodified(flow):
    flow.yaml("""
        nodes:
          - id: sender
            path: pyarrow-sender
            build: pip install pyarrow-sender
            env: {DATA: "[1, 2, 3]"}
            outputs: [data]
          - id: echo
            path: dora-echo
            build: pip install dora-echo
            inputs: {data: sender/data}
            outputs: [data]
          - id: assert
            path: pyarrow-assert
            build: pip install pyarrow-assert
            env: {DATA: "[1, 2, 3]"}
            inputs: {data: echo/data}
    """)
    run = flow.start("--uv").wait(patience=280).succeeded()
    assert "3 built" in "\n".join(run.err)
    assert "2 messages" in "\n".join(run.err)
    flow.yaml((flow.path / "dataflow.yml").read_text().replace("[1, 2, 3]", "[1]", 1))
    assert flow.start("--uv").wait(patience=280).code == 1
