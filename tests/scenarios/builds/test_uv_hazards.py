"""`--uv` when it is killed half-way, and when what is around it would get in."""

import os
import shutil
import signal
import sys

import pytest
from support.file_server import FileServer
from support.wheels import write_wheel

NODE = """
    import os, subprocess, sys
    import tiny
    print("tiny", tiny.version, os.path.dirname(tiny.__file__).startswith(sys.prefix))
    print("prefix", sys.prefix)
    for words in (["tiny-version"], ["python", "-m", "pip", "--version"], ["pip", "--version"]):
        done = subprocess.run(words, capture_output=True, text=True)
        print(done.stdout.strip() + done.stderr.strip())
"""
FLOW = """
    nodes:
      - id: node
        path: node.py
        build: |
          pip install tiny==1.0
          python finish.py
"""
# A uv that hangs: before or behind its n-th piece of work.
HANGING = """\
#!/bin/sh
echo call >> {folder}/calls
number=$(wc -l < {folder}/calls)
if [ $number = {at} ]; then
  [ {when} = before ] || {uv} "$@"
  echo hanging
  exec sleep 1000
fi
exec {uv} "$@"
"""


@pytest.fixture
def managed(flow, wheels):
    flow.nodes(node=NODE, finish="print('finished')")
    flow.yaml(FLOW)
    return flow


def folder_of(flow):
    return flow.path / ".dora/python-envs/node"


def check(flow, run):
    lines = run.succeeded().of("node")
    folder = folder_of(flow)
    assert lines[:3] == ["tiny 1.0 True", f"prefix {folder}", "1.0"]
    assert len(lines) == 5
    assert all(f" from {folder}/" in line for line in lines[3:]), lines


@pytest.mark.parametrize("command", ["build", "run"])
@pytest.mark.parametrize(
    ("at", "when"), [(1, "before"), (1, "behind"), (2, "before"), (2, "behind")]
)
def test_what_was_killed_is_made_anew(
    managed, start_dora, environment, tmp_path, command, at, when
):
    tools = tmp_path / "tools"
    tools.mkdir()
    uv = shutil.which("uv", path=environment["PATH"])
    script = HANGING.format(folder=tools, uv=uv, at=at, when=when)
    (tools / "uv").write_text(script)
    (tools / "uv").chmod(0o755)
    path = f"{tools}:{environment['PATH']}"
    building = start_dora(command, "--uv", "dataflow.yml", env={"PATH": path})
    building.wait_for("hanging")
    os.kill(building.pid, signal.SIGKILL)
    building.end()
    managed.wait_until_gone()
    # Nobody takes for whole what is not.
    refused = managed.run("--uv", "--no-build")
    assert refused.code == 4, refused.text
    check(managed, managed.run("--uv"))


def test_what_was_killed_in_its_own_commands_is_made_anew(managed, start_dora):
    managed.nodes(finish="import time\nprint('hanging', flush=True)\ntime.sleep(1000)")
    building = start_dora("build", "--uv", "dataflow.yml")
    building.wait_for("hanging")
    os.kill(building.pid, signal.SIGKILL)
    building.end()
    managed.wait_until_gone()
    managed.nodes(finish="print('finished')")
    check(managed, managed.run("--uv"))


def test_what_was_damaged_is_made_anew(managed):
    check(managed, managed.run("--uv"))
    (folder_of(managed) / "bin/python").unlink()
    check(managed, managed.run("--uv"))
    shutil.rmtree(folder_of(managed))
    check(managed, managed.run("--uv"))
    # Something else in its place.
    shutil.rmtree(managed.path / ".dora")
    (managed.path / ".dora").write_text("a file")
    failed = managed.run("--uv")
    assert failed.code == 4
    assert ".dora/python-envs" in failed.text


def test_what_is_around_does_not_get_in(managed, wheels, tmp_path, environment):
    """Another version of the package and of its script, wherever Python or a shell looks."""
    foreign = tmp_path / "foreign"
    (foreign / "bin").mkdir(parents=True)
    (foreign / "tiny.py").write_text("version = 'foreign'\n")
    for name in ("tiny-version", "pip", "pip3"):
        (foreign / "bin" / name).write_text("#!/bin/sh\necho foreign\n")
        (foreign / "bin" / name).chmod(0o755)
    user = tmp_path / f"home/.local/lib/python3.{sys.version_info.minor}/site-packages"
    user.mkdir(parents=True)
    (user / "tiny.py").write_text("version = 'of the user'\n")
    environment |= {
        "PYTHONPATH": str(foreign),
        "PYTHONUSERBASE": str(tmp_path / "home/.local"),
        "VIRTUAL_ENV": str(foreign),
        "CONDA_PREFIX": str(foreign),
        "PIP_TARGET": str(foreign / "target"),
        "PIP_USER": "1",
        "UV_PROJECT_ENVIRONMENT": str(foreign / "project"),
        "PATH": f"{foreign}/bin:{environment['PATH']}",
    }
    check(managed, managed.run("--uv"))
    assert not (foreign / "target").exists()


def test_a_node_may_install_more_into_its_environment_only(managed, wheels):
    """What a node installs while it runs goes where it runs, and stays with it."""
    write_wheel(wheels, "more", "1.0")
    managed.nodes(
        node="""
            import subprocess, sys
            subprocess.run(["pip", "install", "-q", "more"], check=True)
            import more
            print("more", more.__file__.startswith(sys.prefix))
        """,
        other="""
            import importlib.util
            print("more", importlib.util.find_spec("more"), importlib.util.find_spec("tiny"))
        """,
    )
    managed.yaml("""
        nodes:
          - {id: node, path: node.py, build: pip install tiny==1.0}
          - {id: other, path: other.py, build: python --version}
    """)
    run = managed.run("--uv").succeeded()
    assert run.of("node") == ["more True"]
    assert run.of("other") == ["more None None"]


def test_published_nodes_run_unmodified(flow, wheels):
    """As the packages of dora-rs are made: they require dora-rs, parse arguments, take a name."""
    main = """
import argparse, ast, os
def main():
    import pyarrow as pa
    from dora import Node
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", type=str, required=False, default="{name}")
    node = Node(parser.parse_args().name)
    data = ast.literal_eval(os.environ.get("DATA", "None"))
    {body}
"""
    send = 'node.send_output("data", pa.array(data))'
    loop = "for event in node:\n        if event['type'] == 'INPUT':\n            "
    echo = loop + "node.send_output(event['id'], event['value'], event['metadata'])"
    check = loop + "assert event['value'] == pa.array(data); print('equal')"
    for name, body in (("arrow-sender", send), ("arrow-echo", echo), ("arrow-check", check)):
        write_wheel(
            wheels,
            name,
            "0.5.0",
            ["dora-rs>=0.3.9", "pyarrow>=5.0.0"],
            {name: f"{name.replace('-', '_')}:main"},
            main.format(name=name, body=body),
        )
    flow.yaml("""
        nodes:
          - id: sender
            build: pip install arrow-sender
            path: arrow-sender
            outputs: [data]
            env: {DATA: "[1, 2, 3]"}
          - id: echo
            build: pip install arrow-echo
            path: arrow-echo
            inputs: {echo: sender/data}
            outputs: [echo]
          - id: check
            build: pip install arrow-check
            path: arrow-check
            inputs: {data: echo/echo}
            env: {DATA: "[1, 2, 3]"}
    """)
    assert flow.run("--uv").succeeded().of("check") == ["equal"]


@pytest.fixture
def index(wheels, environment):
    """A package index on this machine."""
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        del environment[name]
    links = "".join(f'<a href="{wheel.name}">{wheel.name}</a>\n' for wheel in wheels.iterdir())
    with FileServer() as server:
        server.files["/simple/tiny/"] = links.encode()
        for wheel in wheels.iterdir():
            server.files[f"/simple/tiny/{wheel.name}"] = wheel.read_bytes()
        yield f"{server.url}/simple"


@pytest.mark.parametrize("told", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "pip.conf"])
def test_the_usual_index_is_used_and_later_the_cache(flow, index, environment, tmp_path, told):
    flow.nodes(node=NODE, finish="print('finished')")
    flow.yaml(FLOW)
    if told == "pip.conf":
        folder = tmp_path / "home/.config/pip"
        folder.mkdir(parents=True)
        (folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
    else:
        environment[told] = index
    check(flow, flow.run("--uv"))
    # Nobody is there any more, and nothing of the environment; what was fetched is in uv's cache.
    shutil.rmtree(flow.path / ".dora")
    environment["UV_OFFLINE"] = "1"
    check(flow, flow.run("--uv"))
