"""A node fails: who is named, what is shown, which exit code."""

import pytest

CONSUMER = """
    from dora import Node

    for event in Node():
        if event["type"] == "INPUT":
            print("got", event["value"].to_pylist())
        elif event["type"] == "NODE_FAILED":
            print(event["type"], event["id"], event["value"]["affected_input_ids"])
        else:
            print(event["type"], event["id"])
"""
YAML = """
    nodes:
      - {id: consumer, path: consumer.py, inputs: {number: culprit/number}}
      - {id: culprit, path: culprit.py, outputs: [number]}
"""


def summary(result):
    """What is printed after the end: from "Dataflow failed" on."""
    text = "\n".join(result.err + result.out) if "failed" in "\n".join(result.err) else result.text
    assert "Dataflow failed" in text, result.text
    return text[text.index("Dataflow failed") :]


def test_an_exception_is_shown_with_its_traceback_and_the_exit_code_is_1(flow):
    flow.nodes(
        culprit="""
            import pyarrow as pa
            from dora import Node

            node = Node()
            node.send_output("number", pa.array([1]))
            print(1 / 0)
        """,
        consumer=CONSUMER,
    )
    flow.yaml(YAML)
    result = flow.run()
    assert result.code == 1
    text = summary(result)
    assert "culprit" in text.splitlines()[1] + text.splitlines()[2]
    assert "exited with code 1" in text
    assert "Traceback (most recent call last):" in text
    assert "culprit.py" in text
    assert "ZeroDivisionError: division by zero" in text
    assert "Node `consumer` failed" not in text
    # The other node saw it, after what had been sent before.
    assert result.of("consumer")[:2] == ["got [1]", "NODE_FAILED culprit ['number']"]
    assert "INPUT_CLOSED number" in result.of("consumer")


def test_a_failure_before_the_start_is_named_before_those_that_waited(flow):
    flow.nodes(
        culprit="import module_that_is_not_there",
        consumer="""
            from dora import Node

            try:
                Node()
            except RuntimeError as error:
                print(error)
                raise
        """,
    )
    flow.yaml(YAML)
    result = flow.run()
    assert result.code == 1
    text = summary(result)
    assert "No module named 'module_that_is_not_there'" in text
    if "consumer" in text:
        assert text.index("culprit") < text.index("consumer")
    assert any("culprit" in line for line in result.of("consumer"))


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("sys.exit(7)", "exited with code 7"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("os.abort()", "SIGABRT"),
    ],
)
def test_every_kind_of_death_is_said_in_words(flow, ending, reason):
    flow.nodes(
        culprit=f"""
            import os, signal, sys
            from dora import Node

            node = Node()
            {ending}
        """,
        consumer=CONSUMER,
    )
    flow.yaml(YAML)
    result = flow.run()
    assert result.code == 1
    assert "culprit" in summary(result)
    assert reason in summary(result)


def test_a_node_that_cannot_be_started_fails_the_dataflow(flow):
    flow.nodes(consumer=CONSUMER)
    flow.write("culprit.sh", "no program at all")
    flow.yaml(YAML.replace("culprit.py", "culprit.sh"))
    result = flow.run()
    assert result.code in (1, 3)
    assert "culprit" in result.text
    flow.wait_until_gone()


def test_a_program_that_is_no_dora_node_at_all_may_take_part(flow):
    """A node may do its work and end without ever joining, when nobody waits for it."""
    flow.nodes(culprit="print('hello')")
    flow.yaml("nodes: [{id: culprit, path: culprit.py}]")
    assert flow.run().succeeded().of("culprit") == ["hello"]
