"""`dora doctor`, `status` and `self`: what is there, and what to do about the rest."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from support.wheels import write_wheel


def checks(result):
    return {each["check"]: each for each in map(json.loads, result.out.splitlines())}


def test_nothing_needs_to_run(run_dora):
    result = run_dora("doctor")
    assert result.code == 0, result
    lines = result.out.splitlines()
    assert lines[0].startswith("  PASS  CLI version: ")
    assert lines[-2:] == ["", "  PASS  All checks passed"]
    uv = next(i for i, line in enumerate(lines) if line[8:].startswith("uv: "))
    coordinator = next(i for i, line in enumerate(lines) if "Coordinator: not reachable" in line)
    assert lines[coordinator].startswith("  NOTE  ")
    assert uv < coordinator
    assert "\x1b" not in result.out


def test_scripts_read_the_same(run_dora):
    found = checks(run_dora("doctor", "--json"))
    assert found["python-module"]["level"] == "PASS"
    assert found["version"]["text"].startswith("CLI version: ")
    assert found["dataflows"]["text"] == "Dataflows: 0 running, 0 failed, 0 total"


def test_what_runs_is_looked_at(run_dora, start_dora, workspace):
    (workspace / "node.py").write_text(
        "from dora import Node\nnode = Node()\nprint('here', flush=True)\nnode.next()\n"
    )
    (workspace / "dataflow.yml").write_text("nodes: [{id: node, path: node.py}]")
    try:
        assert run_dora("up").code == 0
        running = start_dora("run", "dataflow.yml", "--name", "hello")
        running.wait_for("here")
        result = run_dora("doctor")
        assert result.code == 0, result
        assert "  PASS  Coordinator: reachable at /" in result.out
        assert "  PASS  Daemon: connected\n" in result.out
        assert "  PASS  Connected machines: 1\n        this one, as process " in result.out
        assert "  PASS  Dataflows: 1 running, 0 failed, 1 total\n" in result.out
        assert "  PASS  Nodes: 1 well\n" in result.out
        elsewhere = run_dora("doctor", "--coordinator-port", "6999")
        assert "  NOTE  Coordinator: not reachable at 127.0.0.1:6999\n" in elsewhere.out
        assert run_dora("stop", "hello").code == 0
        assert running.end().code == 0
    finally:
        run_dora("down", "--force")


def test_a_node_that_is_not_well_is_named(run_dora, start_dora, workspace):
    (workspace / "node.py").write_text(
        "import sys\nfrom dora import Node\nnode = Node()\nsys.exit(3)\n"
    )
    (workspace / "other.py").write_text("from dora import Node\nNode().next()\n")
    (workspace / "dataflow.yml").write_text(
        "nodes: [{id: bad, path: node.py}, {id: other, path: other.py}]"
    )
    running = start_dora("run", "dataflow.yml", "--name", "hello")
    running.wait_for("exited with code 3")
    result = run_dora("doctor")
    assert result.code == 1
    assert "  FAIL  Node bad of hello: failed\n        dora logs hello --node bad\n" in result.out
    assert "1 check(s) failed" in result.err
    run_dora("stop", "hello")
    assert running.end().code == 1


@pytest.fixture
def foreign(workspace):
    """An environment whose `dora` is that of somebody else."""
    site = workspace / "site"
    info = site / "dora_rs-1.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dora-rs\nVersion: 1.1.0\n")
    (info / "RECORD").write_text("dora/__init__.py,,\n")
    (site / "dora").mkdir()
    (site / "dora" / "__init__.py").write_text("__version__ = '1.1.0'\n")
    return {"PYTHONPATH": str(site)}


def test_a_foreign_module_beside_ours_is_found(run_dora, foreign):
    result = run_dora("doctor", "--json", env=foreign)
    assert result.code == 1
    found = checks(result)
    assert found["python-module"]["level"] == "FAIL"
    assert "another package" in found["python-module"]["text"]
    assert "dora-rs 1.1.0 is installed beside ours" in found["foreign-wheel"]["text"]
    assert found["foreign-wheel"]["fix"].endswith("-m pip uninstall --yes dora-rs")
    assert "2 check(s) failed" in result.err


def test_an_environment_with_another_dora_is_mended(run_dora, environment, tmp_path):
    """Of dora-rs nothing is left, and what requires it is content."""
    write_wheel(tmp_path, "dora-rs", "1.1.0")
    wheel = next(tmp_path.glob("dora_rs-*"))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("dora/__init__.py", "__version__ = '1.1.0'\n")
    folder = tmp_path / "active"
    for words in (["venv", "-q", folder], ["pip", "install", "-q", "--no-index", wheel]):
        environment["VIRTUAL_ENV"] = str(folder)
        subprocess.run(["uv", *words], check=True, env=environment)
    asked = run_dora("doctor", "--fix")
    assert asked.code == 1
    assert asked.err.count(f"-m dora._environment {folder}") == 2
    mended = run_dora("doctor", "--fix", "--yes")
    assert mended.code == 0, mended
    again = checks(run_dora("doctor", "--json"))
    assert again["python-module"]["level"] == "PASS"
    assert "foreign-wheel" not in again
    shutil.rmtree(folder)
    subprocess.run(["uv", "venv", "-q", folder], check=True, env=environment)
    assert run_dora("doctor").code == 1
    assert run_dora("doctor", "--fix", "--yes").code == 0
    assert run_dora("doctor").code == 0


def test_nothing_is_mended_without_being_asked(run_dora, foreign):
    result = run_dora("doctor", "--fix", env=foreign)
    assert result.code == 1
    assert "would run: " in result.err
    assert "-m pip uninstall --yes dora-rs" in result.err


def test_a_dataflow_is_checked_too(run_dora, workspace):
    (workspace / "dataflow.yml").write_text("nodes: [{id: a, path: missing.py}]\n")
    result = run_dora("doctor", "--dataflow", "dataflow.yml")
    assert result.code == 1
    assert "  FAIL  Dataflow validation: dataflow.yml FAILED" in result.out
    assert "`missing.py`" in result.err


@pytest.mark.parametrize(
    "variable", [("DORA_COORDINATOR_ADDR", "here"), ("DORA_COORDINATOR_PORT", "0")]
)
def test_a_malformed_address_is_told(run_dora, variable):
    name, value = variable
    result = run_dora("doctor", env={name: value})
    assert result.code == 1
    assert f"{name}={value}" in result.out


def test_without_a_python_package_the_way_out_is_told(run_dora, workspace):
    (workspace / "env" / "bin").mkdir(parents=True)
    python = workspace / "env" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    result = run_dora("doctor", env={"VIRTUAL_ENV": str(workspace / "env")})
    assert result.code == 1
    assert "cannot be imported: ModuleNotFoundError" in result.out


def test_status_tells_what_does_not_run(run_dora):
    result = run_dora("status")
    assert result.code == 1
    assert "✗ Coordinator: Not running" in result.out
    assert "System check failed." in result.err
    document = json.loads(run_dora("system", "status", "--json").out)
    assert document["coordinator"] == {"status": "not running"}
    assert document["daemon"] == {"status": "unknown"}
    assert document["active_dataflows"] == 0


def test_the_package_manager_updates_and_removes(run_dora):
    assert run_dora("self", "update", "--check-only").code == 0
    for words in (["self", "update"], ["self", "uninstall", "--force"]):
        result = run_dora(*words)
        assert result.code == 1
        assert "dora-cpp" in result.err
