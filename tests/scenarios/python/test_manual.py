"""The blocks of docs/python/ that begin with `# by hand`, as they need somebody or something beside
the node. Those of dynamic nodes, tracing and CUDA are run where these are tested."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[3] / "docs" / "python"


def blocks_of(page):
    text = (PAGES / f"{page}.md").read_text()
    return re.findall(r"```python\n(# by hand.*?)```", text, re.DOTALL)


def test_every_block_has_a_test():
    found = {page.stem: len(blocks_of(page.stem)) for page in PAGES.glob("*.md")}
    assert {page: count for page, count in found.items() if count} == {
        "cuda": 2,  # test_cuda.py
        "dynamic": 1,  # ../dynamic/test_dynamic.py
        "nodes": 2,  # below, and test_tracing.py
        "testing": 1,  # below
    }


def test_parameters_come_as_events(flow, run_dora):
    flow.nodes(worker=next(block for block in blocks_of("nodes") if "PARAM_UPDATE" in block))
    flow.yaml("nodes: [{id: worker, path: worker.py}]")
    run = flow.start()
    run.wait_for("worker: node is ready")
    for command, said in (
        (("set", "worker", "speed", "2.5"), "speed is 2.5"),
        (("set", "worker", "other", "1"), None),
        (("set", "worker", "speed", '{"left": [1, null]}'), "speed is {'left': [1, None]}"),
        (("delete", "worker", "speed"), "speed is the usual one"),
    ):
        done = run_dora("param", *command)
        assert done.code == 0, done
        if said:
            run.wait_for(f"worker: {said}")
    assert run_dora("stop").code == 0
    assert len(run.wait().succeeded().of("worker")) == 3


@pytest.fixture
def environment_of_pytest(environment):
    """That of the tests, without what would tell this pytest about the other."""
    return {key: value for key, value in environment.items() if not key.startswith("PYTEST_")}


def test_a_dataflow_is_tested_with_the_fixture(flow, environment_of_pytest):
    flow.nodes(
        number="""
        from dora import Node

        Node().send_output("number", [21], {"from": "number"})
        """,
        doubler="""
        from dora import Node

        node = Node()
        for event in node:
            if event["type"] == "INPUT":
                doubled = 2 * event["value"].to_pylist()[0]
                node.send_output("doubled", [doubled], event["metadata"])
        """,
    )
    flow.yaml("""
        nodes:
          - {id: number, path: number.py, outputs: [number]}
          - {id: doubler, path: doubler.py, inputs: {number: number/number}, outputs: [doubled]}
    """)
    flow.write("test_doubler.py", blocks_of("testing")[0])
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_doubler.py"],
        cwd=flow.path,
        env=environment_of_pytest,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


# What users hand to send_output may raise: their exception comes through, and the node goes on.
RAISING = """
    import asyncio
    import pyarrow as pa
    from dora import Node

    class Arrow:
        def __arrow_c_array__(self, requested_schema=None):
            raise ZeroDivisionError("while exporting")

    class DLPack:
        def __dlpack_device__(self):
            return (1, 0)

        def __dlpack__(self, **options):
            raise ZeroDivisionError("while exporting")

    class Text:
        def __str__(self):
            raise ZeroDivisionError("as metadata")

    node = Node()
    for data, metadata in [(Arrow(), {}), (DLPack(), {}), (b"", {"text": Text()})]:
        try:
            node.send_output("number", data, metadata)
        except ZeroDivisionError as error:
            print(error)
        except Exception as error:
            print(type(error.__cause__ or error).__name__, error)

    async def receive():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: print(repr(context["exception"])[:17]))
        loop.call_later(0.01, lambda: 1 // 0)
        loop.call_later(0.02, lambda: node.send_output("number", b"later"))
        return await node.recv_async()

    print(asyncio.run(receive())["value"].to_pylist() == list(b"later"))
    node.send_output("number", b"last")
    print(node.next()["value"].to_pylist() == list(b"last"))
"""


def test_exceptions_in_callbacks_come_through_and_break_nothing(flow):
    flow.nodes(worker=textwrap.dedent(RAISING))
    flow.yaml("""
        nodes:
          - {id: worker, path: worker.py, inputs: {number: worker/number}, outputs: [number]}
    """)
    said = flow.run().succeeded().of("worker")
    assert "'DLPack' cannot be sent: while exporting" in said.pop(1)
    assert said == [
        "while exporting", "as metadata", "ZeroDivisionError", "True", "True",
    ]  # fmt: skip
