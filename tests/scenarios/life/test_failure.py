"""A node fails: who is named, what is shown, which exit code."""

import glob
import resource
from pathlib import Path

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


AREA = """\
from dora import Node


def area_ratio(area, width, height):
    scale = 1
    return area * scale / (width * height)


node = Node()
node.send_output("number", [1])
for event in node:
    if event["type"] == "INPUT":
        area_ratio(1, 0, 212)
"""


def test_a_card_shows_the_guilty_line_who_is_affected_and_what_to_do_next(flow, run_dora):
    flow.write("culprit.py", AREA)
    flow.nodes(
        source="from dora import Node\nNode().send_output('number', [7])",
        consumer=CONSUMER,
        bystander="from dora import Node\nfor event in Node(): pass",
    )
    flow.yaml("""
        nodes:
          - {id: source, path: source.py, outputs: [number]}
          - {id: culprit, path: culprit.py, inputs: {in: source/number}, outputs: [number]}
          - {id: consumer, path: consumer.py, inputs: {number: culprit/number}}
          - {id: bystander, path: bystander.py, inputs: {number: source/number}}
    """)
    result = flow.run()
    assert result.code == 1
    text = summary(result)
    card = text[text.index("✗ culprit crashed  (exit 1, ZeroDivisionError)  after ") :]
    lines = card.splitlines()[1:]
    assert lines[:4] == [
        "    culprit.py:6 in area_ratio",
        "      4 | def area_ratio(area, width, height):",
        "      5 |     scale = 1",
        "    > 6 |     return area * scale / (width * height)",
    ]
    assert lines[4].startswith("        | ")
    assert lines[4].endswith("ZeroDivisionError: division by zero")
    assert "    input    in: 1 message from source/number" in lines
    assert "    affects  consumer (running)    policy restart: never" in lines
    # The whole traceback stands above it, and what is next can be typed.
    assert text.index("Traceback (most recent call last):") < text.index("✗ culprit crashed")
    (command,) = [line for line in lines if line.startswith("    next     dora logs ")]
    told = run_dora(*command.split()[2:])
    assert "ZeroDivisionError: division by zero" in told.out
    # At once, too, as the others may go on for hours.
    assert any(
        "ERROR" in line
        and "exited with code 1: ZeroDivisionError: division by zero (culprit.py:6 in area_ratio); "
        "affects `consumer`"
        in line
        for line in result.out
    )
    assert any(" failed: 1 of 4 nodes · ran " in line for line in result.err)


def test_what_an_error_was_raised_from_is_kept(flow):
    flow.nodes(
        culprit="""
            from dora import Node

            def load():
                return {}["lens"]

            node = Node()
            try:
                load()
            except KeyError as error:
                raise RuntimeError("no lens") from error
        """,
        consumer=CONSUMER,
    )
    flow.yaml(YAML)
    text = summary(flow.run())
    report = text[: text.index("✗ culprit crashed")]
    assert report.count("Traceback (most recent call last):") == 2
    assert "(exit 1, RuntimeError)" in text
    assert "    because  KeyError: 'lens' (culprit.py:4 in load)" in text


CRASHES = """\
import ctypes
from dora import Node


def poke():
    ctypes.string_at(0)


node = Node()
poke()
"""


def run_with_cores(flow, start, dora_program, limit):
    flow.write("culprit.py", CRASHES)
    flow.nodes(consumer=CONSUMER)
    flow.yaml(YAML)
    done = start("bash", "-c", f'ulimit -c {limit}; exec "{dora_program}" run dataflow.yml').end()
    flow.wait_until_gone()
    assert done.code == 1
    return done.text


def test_a_crash_tells_the_line_of_python_and_how_to_get_a_core_dump(flow, start, dora_program):
    text = run_with_cores(flow, start, dora_program, 0)
    assert "✗ culprit crashed  (SIGSEGV)  after " in text
    assert "    culprit.py:6 in poke\n" in text
    assert "Fatal Python error: Segmentation fault" in text
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if not pattern.startswith("|") and pattern:
        assert "    core     none written, as `ulimit -c` is 0: after `ulimit -c unlimited`" in text


def test_a_core_dump_is_where_it_is_said_to_be(flow, start, dora_program):
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or pattern.startswith("|") or not pattern:
        pytest.skip("dumps go elsewhere here")
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard != resource.RLIM_INFINITY:
        pytest.skip("dumps are limited here")
    text = run_with_cores(flow, start, dora_program, "unlimited")
    assert "(core dumped)" in text
    (hint,) = [line for line in text.splitlines() if line.startswith("    core     gdb ")]
    (core,) = glob.glob(hint.split()[-1])
    # Not with it is the shared memory, of which a program can address gigabytes.
    assert Path(core).stat().st_size < 1 << 30
    with open(core, "rb") as dump:
        assert dump.read(4) == b"\x7fELF"


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
