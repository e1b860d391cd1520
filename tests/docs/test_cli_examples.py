"""Every example of docs/cli.md, run as a reader would: what it needs is there, and it succeeds."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import textwrap
from pathlib import Path

import pytest
from support.watchdog import wait_until

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"

# They say what to do instead; docs/errors.md: 1, it failed.
REFUSALS = ("dora hub install", "dora self uninstall")
# These look at a dataflow that runs, or end it.
LOOKING = ("stop", "restart", "list", "ps", "logs", "attach", "exec", "status", "clean", "node",
           "param", "topic", "top", "trace", "inspect")  # fmt: skip

ADD = "dora node add --from-yaml recorder.yml -d hello"
CONNECT = "dora node connect camera/image recorder/image"
SET = "dora param set detector threshold 0.5"
# What must have been done before.
BEFORE = {
    "dora node remove": [ADD],
    "dora node connect": [ADD],
    "dora node disconnect": [ADD, CONNECT],
    "dora param get": [SET],
    "dora param delete": [SET],
    "dora hub list": ["dora build --write-lockfile dataflow.yml"],
    "dora hub outdated": ["dora build --write-lockfile dataflow.yml"],
    "dora hub update": ["dora build --write-lockfile dataflow.yml"],
    "dora hub fetch": ["dora build --write-lockfile dataflow.yml"],
    "dora hub yank": ["dora hub publish nodes/lidar --version 1.2.0"],
}

NODE = """\
import sys
from dora import Node

node = Node()
print("ready")
for event in node:
    if event["type"] == "INPUT":
        for output in node.node_config()["outputs"]:
            node.send_output(output, [1])
"""
FLOW = """\
nodes:
  - id: camera
    path: node.py
    inputs: {tick: dora/timer/millis/50}
    outputs: [image]
  - id: detector
    path: node.py
    build: python prepare.py
    inputs: {image: camera/image}
    outputs: [boxes]
"""
PACKAGED = """\
nodes:
  - {id: lidar, hub: acme/lidar@^1}
"""
DEFINITIONS = {
    "recorder.yml": "id: recorder\npath: node.py\n",
    "detector-2.yml": (
        "id: detector\npath: node.py\ninputs: {image: camera/image}\noutputs: [boxes]\n"
    ),
    "camera.module.yml": (
        "module: {name: camera, inputs: [tick], outputs: [image]}\n"
        "nodes:\n  - {id: grab, path: node.py, inputs: {tick: _mod/tick}, outputs: [image]}\n"
    ),
}
MANIFEST = """\
apiVersion: 1
name: {name}
namespace: {namespace}
description: a camera
categories: [sensor]
runtime: c
entrypoint: node.py
build: python --version
"""


class World:
    """The folder of a reader who has followed the page so far."""

    def __init__(self, path, start):
        self.path = path
        self.start = start

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def bash(self, line):
        return self.start("bash", "-c", line)

    def done(self, line):
        """Runs a line to its end, which must be a good one."""
        result = self.bash(line).end(240)
        assert result.code == (1 if line.startswith(REFUSALS) else 0), result
        return result

    def running(self):
        listed = self.done("dora list --json --status running").out.splitlines()
        return [line["name"] for line in map(json.loads, listed)]

    def start_hello(self):
        """Makes sure that it runs, alone and with all its nodes ready."""
        if self.running() == ["hello"]:
            return
        self.done("dora stop --all --force")
        self.done("dora up && dora start dataflow.yml --name hello --detach")
        for node in ("camera", "detector"):
            wait_until(lambda node=node: "ready" in self.done(f"dora logs --node {node}").out)

    def git(self, folder, *words):
        # Whoever commits, and whatever git is configured to do.
        given = {f"GIT_{role}_{part}": "nobody" for role in ("AUTHOR", "COMMITTER")
                 for part in ("NAME", "EMAIL")}  # fmt: skip
        subprocess.run(["git", *words], cwd=folder, env=os.environ | given, check=True)


@pytest.fixture
def world(workspace, start, environment, repository):
    world = World(workspace, start)
    world.write("dataflow.yml", FLOW)
    world.write("robots/arm.yml", FLOW.replace("node.py", "../node.py"))
    world.write("node.py", NODE)
    world.write("prepare.py", "print('prepared')\n")
    world.write("dora-node.yml", MANIFEST.format(name="own", namespace="acme"))
    for name, text in DEFINITIONS.items():
        world.write(name, text)
    world.write("browser", "#!/bin/sh\n")
    (workspace / "browser").chmod(0o755)
    environment["BROWSER"] = str(workspace / "browser")
    # No example asks a network.
    world.write("hub.toml", "")
    environment["DORA_HUB_CONFIG"] = str(workspace / "hub.toml")
    yield world
    world.bash("dora down --force").end()


def add_packages(world, block):
    """Two packages that others have published, and one that the reader is about to publish."""
    source = world.path.parent / "source"
    source.mkdir()
    (source / "node.py").write_text("from dora import Node\nNode()\n")
    world.write(
        "hub.toml", '[[index]]\nalias = "official"\npath = "index"\nnamespaces = ["acme"]\n'
    )
    (world.path / "index").mkdir()
    world.git(source, "init", "--quiet")
    for name, namespace in (("lidar", "acme"), ("dora-yolo", "dora-rs")):
        manifest = MANIFEST.format(name=name, namespace=namespace)
        (source / "dora-node.yml").write_text(manifest)
        world.git(source, "add", "--all")
        world.git(source, "commit", "--quiet", "--message", name)
        for version in ("1.0.0", "2.0.0") if name == "lidar" else ("0.5.2",):
            world.done(f"dora hub publish {source} --version {version} --repo {source.as_uri()}")
    world.write("dataflow.yml", PACKAGED)
    world.write("nodes/lidar/node.py", NODE)
    world.write("nodes/lidar/pyproject.toml", '[project]\nname = "lidar"\nversion = "1.2.0"\n')
    world.write("pyproject.toml", '[project]\nname = "own"\nversion = "0.1.0"\n')
    if not block.startswith("dora hub init"):
        world.write("nodes/lidar/dora-node.yml", MANIFEST.format(name="lidar", namespace="acme"))
    world.git(world.path, "init", "--quiet")
    world.git(world.path, "remote", "add", "origin", "https://example.org/robots.git")
    world.git(world.path, "add", "--all")
    world.git(world.path, "commit", "--quiet", "--message", "all")


def blocks():
    return re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def leave_terminal(world, line, environment):
    """Runs a line in a terminal, and leaves it by Ctrl-]."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", line], cwd=world.path, env=environment | {"TERM": "xterm"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    text = b""
    while b"Ctrl-]" not in text:
        text += os.read(ours, 65536)
    os.write(ours, b"\x1d")
    code = process.wait(60)
    os.close(ours)
    assert code == 0, text


def run_until_interrupted(world, line):
    running = world.bash(f"exec {line}")
    running.wait_for("ready")
    running.signal(signal.SIGINT)
    assert running.end().code == 0


def follow_to_the_end(world, line):
    running = world.bash(line)
    running.wait_for("ready")
    world.done("dora stop hello")
    assert running.end().code == 0


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.splitlines()[0][:60])
def test_every_example_succeeds(block, world, environment, repository):
    if block.startswith("dora hub") or "--node-manifest" in block:
        add_packages(world, block)
    if "examples/" in block:
        shutil.copytree(repository / "examples", world.path / "examples")
    if block.startswith("dora down"):
        world.done("dora up")
    prepared = False
    for example in block.splitlines():
        line = example.partition(" # ")[0]
        command = " ".join(line.split()[:3])
        if line.split()[1] in LOOKING:
            world.start_hello()
        # Once is enough for the lines that follow, and `down` ends even what is not there.
        if not prepared:
            for each in next((v for k, v in BEFORE.items() if line.startswith(k)), []):
                world.done(each)
        prepared = True
        if line.startswith("dora attach"):
            leave_terminal(world, line, environment)
        elif line == "dora run dataflow.yml":
            run_until_interrupted(world, line)
        elif command.startswith("dora logs") and line.endswith(" -f"):
            follow_to_the_end(world, line)
        elif line == "dora down --force":
            world.done(f"dora up && {line}")
        else:
            assert "error" not in world.done(line).err or line.startswith(REFUSALS)
