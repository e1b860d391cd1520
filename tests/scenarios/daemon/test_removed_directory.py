"""Somebody removes what dora keeps in its runtime directory, while it uses it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support.watchdog import wait_until


@pytest.mark.parametrize("what", ["dora", "dora/default", "dora/default/control.sock"])
def test_the_daemon_makes_its_directory_anew(waiting, daemon, what):
    uuid = daemon.start("--name", "hello")
    path = Path(daemon.runtime) / what
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    wait_until(lambda: uuid in daemon.run("list", "--json").out, "the dataflow in the list")
    assert daemon.list()[uuid]["status"] == "Running"
    assert daemon.run("stop", "hello").code == 0
    # And again.
    path = Path(daemon.runtime) / what
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    wait_until(lambda: uuid in daemon.run("list", "--json").out, "the dataflow in the list")
    assert daemon.run("down").code == 0
    assert not list(Path(daemon.runtime).glob("dora/*"))


def test_a_run_ends_well_where_its_folder_was_removed(flow, dora_program, tmp_path):
    flow.nodes(node="from dora import Node\nNode()\n")
    flow.yaml("nodes: [{id: node, path: node.py}]")
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir '{gone}' && exec '{dora_program}' run '{flow.path}/dataflow.yml'"
    done = subprocess.run(
        ["sh", "-c", command], cwd=gone, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "exit 0" in done.stdout + done.stderr


def test_a_run_says_so(waiting, run_dora, environment):
    running = waiting.start()
    running.wait_for("waiting: ready")
    shutil.rmtree(Path(environment["XDG_RUNTIME_DIR"]) / "dora", ignore_errors=True)
    running.wait_for("has been made anew")
    assert run_dora("stop").code == 0
    running.wait().succeeded()
