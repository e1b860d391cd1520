"""`dora start` builds what is pending, as `dora run` does."""

import json
import signal

import pytest
from support.watchdog import wait_until

FLOW = """
    nodes:
      - id: maker
        path: made.sh
        build: |
          sh -c "echo made >> count"
          cp template made.sh
"""


@pytest.fixture
def maker(flow, run_dora):
    flow.write("template", "#!/bin/sh\necho I was made\n").chmod(0o755)
    flow.yaml(FLOW)
    assert run_dora("up").code == 0
    return flow


def count(flow):
    path = flow.path / "count"
    return len(path.read_text().splitlines()) if path.exists() else 0


def started(done):
    assert done.code == 0, done
    return done.out.strip().removeprefix("dataflow start triggered: ")


def test_what_is_not_built_is_built_first(maker, run_dora):
    first = run_dora("start", "dataflow.yml", "--detach")
    log = maker.path / "out" / started(first) / "log_maker.jsonl"
    assert "maker: INFO" in first.err or "built   maker" in first.err
    wait_until(lambda: log.exists() and "I was made" in log.read_text(), "what the node says")
    assert count(maker) == 1
    started(run_dora("start", "dataflow.yml", "--detach"))
    assert count(maker) == 1
    started(run_dora("start", "dataflow.yml", "--detach", "--build"))
    assert count(maker) == 2


def test_a_build_that_fails_starts_nothing(maker, run_dora):
    maker.yaml(FLOW.replace("cp template", "cp nowhere"))
    failed = run_dora("start", "dataflow.yml", "--detach")
    assert (failed.code, failed.out) == (4, ""), failed
    assert "building node `maker`" in failed.err
    assert run_dora("list", "--json").out == ""


def test_without_a_build_there_is_no_program(maker, run_dora):
    refused = run_dora("start", "dataflow.yml", "--detach", "--no-build")
    assert refused.code in (0, 1), refused  # as `dora run --no-build`: the node fails
    assert count(maker) == 0


def test_nobody_builds_for_a_dora_that_is_not_there(maker, run_dora):
    assert run_dora("down", "--force").code == 0
    refused = run_dora("start", "dataflow.yml", "--detach")
    assert refused.code == 5, refused
    assert count(maker) == 0


def test_ctrl_c_ends_the_build(maker, run_dora, start_dora):
    maker.yaml(FLOW.replace("echo made >> count", "echo begun; sleep 1000 & sleep 1000"))
    building = start_dora("start", "dataflow.yml", "--detach")
    building.wait_for("begun")
    building.signal(signal.SIGINT)
    ended = building.end()
    assert ended.code == 130, ended
    assert not [each for each in building.survivors().values() if "sleep" in each]
    assert run_dora("list", "--json").out == ""


def test_nodes_run_where_they_were_built(flow, run_dora):
    flow.write(
        "node.py", "# /// script\n# dependencies = []\n# ///\nimport sys\nprint(sys.prefix)\n"
    )
    flow.yaml("nodes: [{id: scripted, path: node.py}]")
    assert run_dora("up").code == 0
    done = run_dora("start", "dataflow.yml", "--detach", patience=240)
    log = flow.path / "out" / started(done) / "log_scripted.jsonl"
    folder = str(flow.path / ".dora/python-envs/scripted")
    wait_until(lambda: log.exists() and folder in log.read_text(), f"{folder} in {log}")
    lines = map(json.loads, log.read_text().splitlines())
    assert folder in [line["message"] for line in lines]


def test_an_environment_that_is_wanted_and_not_there(flow, run_dora):
    flow.nodes(node="")
    flow.yaml('nodes: [{id: node, path: node.py, build: "pip install nothing"}]')
    assert run_dora("up").code == 0
    refused = run_dora("start", "dataflow.yml", "--uv", "--no-build", "--detach")
    assert refused.code == 4, refused
    assert "run `dora build --uv dataflow.yml`" in refused.err
