"""What of dora-rs' Python takes more than one command: dynamic nodes, the builder, changes of a
running dataflow, its tests and its templates. See test_examples.py."""

import json
import shutil
import signal
import sys

import pytest


@pytest.fixture
def run_python(start, sources):
    """Runs a Python program to its end, in a folder of the sources."""

    def run(*arguments, cwd, env=None):
        ended = start(sys.executable, *arguments, cwd=sources / cwd, env=env).end(200)
        assert ended.code == 0, ended
        return ended

    return run


@pytest.mark.parametrize("name", ["test_builder", "test_dora_compat", "test_mock_node"])
def test_the_tests_of_the_package_pass(upstream, run_python, name):
    path = upstream / "apis" / "python" / "node" / "tests" / f"{name}.py"
    run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", path, cwd=".")


def test_the_contract_of_the_builder_holds(run_python):
    said = run_python("test_builder_api.py", cwd="examples/python-dataflow-builder").out
    assert "SUCCESS" in said


# Builds nothing, as the packages are those of stand-ins.
RUN = """
import subprocess, dora
dora.run = lambda path, uv: subprocess.run(["dora", "run", "--no-build", path], check=True)
"""


def test_the_program_with_the_builder_runs(run_python, sources):
    (sources / "stand-ins" / "sitecustomize.py").write_text(RUN)
    ended = run_python(
        "simple_example.py",
        cwd="examples/python-dataflow-builder",
        env={"NO_BUILD": "1", "STAND_IN_IMAGES": "20"},
    )
    assert "plots its first boxes2d" in ended.text


def test_a_dynamic_node_is_started_by_hand(sources, flow, start):
    run = flow.start("--no-build", file="examples/python-dataflow/dataflow_dynamic.yml")
    run.wait_for("camera: node is ready")
    plot = start("opencv-plot")
    plot.wait_for("plots its first image")
    run.signal(signal.SIGINT)
    run.wait().succeeded()
    assert plot.end().code == 0


def test_the_receiver_of_the_demo_may_be_dynamic(sources, flow, start, environment):
    run = flow.start(file="examples/cuda-benchmark/demo_bench.yml")
    run.wait_for("node_1: node is ready")
    receiver = start(sys.executable, "demo_receiver.py", cwd=sources / "examples/cuda-benchmark")
    ended = receiver.end(200)
    assert ended.code == 0, ended
    assert ended.out.count("100 of 100") == 2
    run.wait(200).succeeded()


def test_a_source_sees_its_stop(sources, flow):
    run = flow.start(file="examples/python-dataflow/dataflow.yml")
    run.wait_for("Received message: [3]")
    run.signal(signal.SIGINT)
    assert "Sender stopping after receiving STOP" in run.wait().succeeded().text


def test_a_filter_is_put_into_a_running_dataflow(sources, flow, run_dora):
    folder = "examples/dynamic-add-remove"
    run = flow.start("--no-build", file=f"{folder}/dataflow.yml")
    run.wait_for("Sent 10")
    for command in (
        ("add", "--from-yaml", f"{folder}/filter-node.yml"),
        ("connect", "sender/value", "filter/input"),
        ("connect", "filter/output", "receiver/filtered"),
    ):
        done = run_dora("node", *command)
        assert done.code == 0, done
    run.wait_for("[filtered] Received ")
    done = run_dora("node", "remove", "filter")
    assert done.code == 0, done
    run.wait_for("Filter done: ")
    run.signal(signal.SIGINT)
    assert "Receiver done" in run.wait().succeeded().text


def test_an_agent_gets_a_tool_while_it_runs(sources, flow, run_dora):
    folder = "examples/dynamic-agent-tools"
    run = flow.start(file=f"{folder}/dataflow.yml")
    run.wait_for('Agent received tool response: {"tool": "echo"')
    for command in (
        ("add", "--from-yaml", f"{folder}/calc-tool-node.yml"),
        ("connect", "agent/tool-request", "calc-tool/request"),
        ("connect", "calc-tool/response", "agent/tool-response"),
    ):
        done = run_dora("node", *command)
        assert done.code == 0, done
    run.wait_for('Agent received tool response: {"tool": "calc"')
    run.signal(signal.SIGINT)
    assert "Agent done: " in run.wait().succeeded().text


def test_operators_around_a_language_model(sources, flow):
    run = flow.start(file="examples/python-operator-dataflow/dataflow_llm.yml")
    for said in ("response:  ```python", "response time:", "frame shows (480, 640, 3) from"):
        run.wait_for(said)
    run.signal(signal.SIGINT)
    run.wait().succeeded()


@pytest.mark.parametrize("name", ["queue_size_and_timeout_python", "queue_size_latest_data_python"])
def test_queues_hold_what_is_new(sources, flow, name):
    result = flow.run(file=f"tests/{name}/dataflow.yaml").succeeded()
    assert "Difference: " in result.text or "Duration: " in result.text


def test_the_fixtures_of_its_tests_run(sources, flow, run_dora):
    run = flow.start(file="tests/fixtures/zenoh-debug-dataflow.yml")
    run.wait_for("all nodes are ready")
    run.signal(signal.SIGINT)
    run.wait().succeeded()
    (sources / "tests/fixtures/sensor.py").touch()
    for options, code in (((), 0), (("--strict-types",), 3)):
        checked = run_dora("validate", *options, "tests/fixtures/type-mismatch.yml")
        assert checked.code == code, checked
        assert "std/core/v1/String" in checked.text


def test_what_the_templates_make_runs_and_passes_its_test(upstream, flow, run_python, sources):
    template = upstream / "binaries" / "cli" / "src" / "template" / "python"
    program = {"talker": "talker-template.py", "listener": "listener-template.py"}
    for kind, number in (("talker", 1), ("talker", 2), ("listener", 1)):
        package = sources / f"{kind}-{number}" / f"{kind}_{number}"
        package.mkdir(parents=True)
        shutil.copy(template / kind / program[kind], package / "main.py")
        (package / "__init__.py").touch()
        text = (template / "__node-name__/tests/test___node_name__.py").read_text()
        test = package.parent / f"test_{package.name}.py"
        test.write_text(text.replace("__node_name__", package.name))
    shutil.copy(template / "dataflow-template.yml", flow.path / "dataflow.yml")
    run = flow.start("--no-build")
    run.wait_for("I heard Hello World from speech-1")
    run.signal(signal.SIGINT)
    run.wait().succeeded()
    tests = [test.name for test in sources.glob("talker-1/test_*.py")]
    run_python("-m", "pytest", "-q", *tests, cwd="talker-1", env={"PYTHONPATH": "."})


def test_its_recorded_inputs_are_read(run_python, sources):
    (sources / "count.py").write_text(
        "from collections import Counter\nfrom dora import Node\n"
        "print(dict(Counter((e['type'], e.get('id')) for e in Node())))\n"
    )
    for name in ("rust-node", "rust-status-node"):
        path = sources / "tests" / "sample-inputs" / f"inputs-{name}.json"
        events = json.loads(path.read_text())["events"]
        inputs = sum(event["type"] == "Input" for event in events)
        said = run_python(
            "count.py",
            cwd=".",
            env={"DORA_TEST_WITH_INPUTS": str(path), "DORA_TEST_WRITE_OUTPUTS_TO": "/dev/null"},
        ).out
        counts = eval(said.splitlines()[-1])
        assert sum(n for (kind, _), n in counts.items() if kind == "INPUT") == inputs, said
