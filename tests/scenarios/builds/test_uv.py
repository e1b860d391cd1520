"""`--uv`, to the letter of the guide: each Python node with `build:` in an environment of its own.

Packages come from a folder that the test fills; no network is needed.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.wheels import write_wheel

NODE = """
    import subprocess, sys
    from dora import Node
    import tiny
    node = Node()
    node.next()
    print("tiny", tiny.version)
    print("runs in", sys.prefix)
    for pip in (["pip"], [sys.executable, "-m", "pip"], ["python", "-m", "pip"]):
        print(subprocess.run([*pip, "--version"], capture_output=True, text=True).stdout.strip())
    print("script", subprocess.run(["tiny-version"], capture_output=True, text=True).stdout.strip())
"""

PAGE = (Path(__file__).resolve().parents[3] / "docs/building.md").read_text()
DATAFLOW, SCRIPT = re.findall(r"^```(?:yaml|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ dora (.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def two_nodes(flow, wheels):
    """The dataflow of docs/building.md: two nodes that need different versions of one package."""
    flow.nodes(node=NODE)
    flow.write("requirements.txt", "tiny>=2\n")
    flow.yaml(DATAFLOW)
    return flow


def stamp(flow, node):
    return (flow.path / ".dora/python-envs" / node / "dora-stamp").stat().st_mtime_ns


def test_nodes_have_what_they_asked_for_and_nothing_else(two_nodes, run_dora):
    build, run = (command.split() for command in COMMANDS)
    assert run == ["run", "--uv", "dataflow.yml"]
    built = run_dora(*build, patience=240)
    assert built.code == 0, built
    stamps = [stamp(two_nodes, node) for node in ("old", "new")]
    run = two_nodes.run("--uv").succeeded()
    for node, version in (("old", "1.0"), ("new", "2.0")):
        folder = two_nodes.path / ".dora/python-envs" / node
        lines = run.of(node)
        assert lines[:2] == [f"tiny {version}", f"runs in {folder}"]
        assert len(lines) == 6
        assert all(f" from {folder}/" in line for line in lines[2:5]), lines
        assert lines[5] == f"script {version}"
    assert [stamp(two_nodes, node) for node in ("old", "new")] == stamps

    # What another command asks for is made anew, and only that.
    two_nodes.yaml(DATAFLOW.replace("tiny==1.0", "tiny==2.0"))
    again = two_nodes.run("--uv").succeeded()
    assert again.of("old")[0] == "tiny 2.0"
    assert stamp(two_nodes, "new") == stamps[1]


def test_two_dataflows_do_not_share_what_has_one_name(two_nodes):
    two_nodes.run("--uv").succeeded()
    two_nodes.write("other.yml", DATAFLOW.replace("tiny==1.0", "tiny>1"))
    assert two_nodes.run("--uv", file="other.yml").succeeded().of("old")[0] == "tiny 2.0"
    assert two_nodes.run("--uv").succeeded().of("old")[0] == "tiny 1.0"


def test_run_without_build_needs_an_environment(two_nodes):
    refused = two_nodes.run("--uv", "--no-build")
    assert refused.code == 4
    assert "run `dora build --uv dataflow.yml`" in refused.text


def test_a_failed_installation_leaves_no_environment_to_run_in(two_nodes, run_dora):
    two_nodes.yaml(DATAFLOW.replace("tiny==1.0", "tiny==3.0"))
    failed = run_dora("build", "--uv", "dataflow.yml", patience=240)
    assert failed.code == 4, failed
    assert "building node `old`: build command `pip install tiny==3.0`" in failed.err
    assert "tiny==3.0" in failed.err.rpartition("  | ")[0]
    assert two_nodes.run("--uv", "--no-build").code == 4


def test_requirements_on_dora_rs_are_met_by_this_dora(flow, wheels, run_dora):
    write_wheel(
        wheels, "packaged", "1.0", ["dora-rs==0.3.9", "tiny"], {"packaged": "packaged:show"}
    )
    flow.yaml("""
        nodes:
          - id: packaged
            path: packaged
            build: pip install packaged
          - id: direct
            path: direct.py
            build: pip install dora-rs
    """)
    flow.nodes(direct="import dora; print(dora.__file__)")
    run = flow.run("--uv").succeeded()
    assert run.of("packaged") == ["1.0"]
    assert run.of("direct")[0].startswith(str(flow.path / ".dora/python-envs/direct/"))


def test_another_dora_is_replaced(flow, wheels):
    """A script may bring dora-rs in by a way that no override reaches."""
    write_wheel(wheels, "dora-rs", "0.3.9")
    with zipfile.ZipFile(next(wheels.glob("dora_rs-*")), "a") as wheel:
        wheel.writestr("dora/__init__.py", "raise ImportError('the wrong dora')\n")
    flow.nodes(
        node="import dora; print(dora.__file__)",
        install="import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall("
        "sys.prefix + '/lib/python%d.%d/site-packages' % sys.version_info[:2])",
    )
    wheel = next(wheels.glob("dora_rs-*"))
    flow.yaml(f"nodes: [{{id: node, path: node.py, build: python install.py {wheel}}}]")
    run = flow.run("--uv").succeeded()
    assert run.of("node")[0].startswith(str(flow.path / ".dora/python-envs/node/"))


def test_scripts_without_build_use_the_active_environment(flow, environment):
    flow.nodes(node="import sys; print(sys.prefix)")
    flow.yaml("nodes: [{id: node, path: node.py}]")
    assert flow.run("--uv").succeeded().of("node") == [environment["VIRTUAL_ENV"]]
    assert not (flow.path / ".dora").exists()


def test_a_script_says_itself_what_it_needs(flow, wheels):
    flow.nodes(node=SCRIPT + "import sys; print(sys.prefix)")
    flow.yaml("nodes: [{id: node, path: node.py}]")
    expected = ["1.0", f"{flow.path}/.dora/python-envs/node"]
    assert flow.run().succeeded().of("node") == expected
    assert flow.run("--uv").succeeded().of("node") == expected


def test_operators_have_an_environment(flow, wheels):
    flow.nodes(
        double="""
            import sys, tiny
            from dora import DoraStatus
            class Operator:
                def on_event(self, event, send_output):
                    if event["type"] == "INPUT":
                        print(tiny.version, sys.prefix)
                        return DoraStatus.STOP
                    return DoraStatus.CONTINUE
        """
    )
    flow.yaml("""
        nodes:
          - id: double
            operator:
              python: double.py
              build: pip install tiny==1.0
              inputs: {tick: dora/timer/millis/10}
    """)
    run = flow.run("--uv").succeeded()
    assert run.of("double") == [f"1.0 {flow.path}/.dora/python-envs/double"]


def test_uv_missing_is_told_with_the_way_out(two_nodes, run_dora, environment):
    folders = [
        folder for folder in environment["PATH"].split(":") if not (Path(folder) / "uv").exists()
    ]
    environment["PATH"] = ":".join(folders)
    assert shutil.which("uv", path=environment["PATH"]) is None
    for command in ("build", "run"):
        refused = run_dora(command, "--uv", "dataflow.yml")
        assert refused.code == 4, refused
        assert "`uv`, which is not on PATH" in refused.err
        assert "pip install uv" in refused.err


def test_pip_alone_meets_requirements_on_dora_rs(flow, wheels, tmp_path, environment, run_dora):
    """Without --uv packages go into the environment that is active; here a copy of ours."""
    write_wheel(wheels, "packaged", "1.0", ["dora-rs>=0.3.9"], {"packaged": "packaged:show"})
    folder = tmp_path / "active"
    subprocess.run(["uv", "venv", "-q", folder], check=True, env=environment)
    ours = [sys.executable, "-m", "dora._environment", folder]
    subprocess.run(ours, check=True, env=environment)
    environment |= {"VIRTUAL_ENV": str(folder), "PATH": f"{folder}/bin:{environment['PATH']}"}
    flow.yaml("nodes: [{id: packaged, path: packaged, build: pip install packaged}]")
    assert flow.run().succeeded().of("packaged") == ["1.0"]
