"""Packages of the hub: found in an index, pinned, built, run, published and withdrawn.

The index and the repositories are folders of this machine; nothing asks a network.
"""

import json
import re
import shutil
import subprocess
import textwrap

import pytest

MANIFEST = """
    apiVersion: 1
    name: {name}
    namespace: acme
    description: says what it is
    categories: [sensor]
    keywords: [greeting]
    runtime: {runtime}
    entrypoint: {entrypoint}
    build: sh -c "echo built >> built"
    outputs:
      word:
        type: std/core/v1/String
    env:
      VOICE: {{default: loud, description: how it speaks}}
    example: |
      - id: hello
        hub: acme/hello
"""
NODE = """
    import sys
    import pyarrow as pa
    from dora import Node
    Node().send_output("word", pa.array(["{word}"]))
    print("{word}", sys.prefix)
"""
LISTENER = """
    from dora import Node
    for event in Node():
        if event["type"] == "INPUT":
            print("heard", event["value"].to_pylist())
"""
FLOW = """
    nodes:
      - id: hello
        hub: {hub}
        outputs: [word]
      - id: listener
        path: listener.py
        inputs: {{word: hello/word}}
        input_types: {{word: {type}}}
"""


class Packages:
    """A repository with a package in a folder of it, and an index that lists its versions."""

    def __init__(self, path, environment, run_dora):
        self.run_dora = run_dora
        self.path = path / "repository"
        self.index = path / "index"
        self.folder = self.path / "nodes" / "hello"
        self.folder.mkdir(parents=True)
        self.index.mkdir()
        (path / "hub.toml").write_text(
            f'[[index]]\nalias = "local"\npath = "{self.index}"\nnamespaces = ["acme"]\n'
        )
        environment["DORA_HUB_CONFIG"] = str(path / "hub.toml")
        self.environment = environment | {
            name: "Nobody"
            for role in ("AUTHOR", "COMMITTER")
            for name in (f"GIT_{role}_NAME", f"GIT_{role}_EMAIL")
        }
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *words):
        done = subprocess.run(
            ["git", *words], cwd=self.path, env=self.environment, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, word, runtime="c", entrypoint="node.py"):
        manifest = MANIFEST.format(name="hello", runtime=runtime, entrypoint=entrypoint)
        (self.folder / "dora-node.yml").write_text(textwrap.dedent(manifest).lstrip())
        (self.folder / "node.py").write_text(textwrap.dedent(NODE.format(word=word)))

    def commit(self, word, **manifest):
        self.write(word, **manifest)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", word)
        return self.git("rev-parse", "HEAD")

    def publish(self, version, word, **manifest):
        commit = self.commit(word, **manifest)
        self.hub("publish", self.folder, "--version", version, "--repo", self.path.as_uri())
        return commit

    def hub(self, *words, code=0):
        result = self.run_dora("hub", *words)
        assert result.code == code, result
        return result.out if code == 0 else result.err


@pytest.fixture
def packages(tmp_path, environment, run_dora):
    return Packages(tmp_path, environment, run_dora)


@pytest.fixture
def write_flow(flow):
    def write(hub="acme/hello@^1", type="std/core/v1/String"):
        flow.nodes(listener=LISTENER)
        flow.yaml(FLOW.format(hub=hub, type=type))

    return write


def said(run):
    return run.succeeded().of("hello")[0].split()[0]


def test_a_package_is_found_built_and_run(packages, flow, write_flow, run_dora):
    packages.publish("1.0.0", "first")
    commit = packages.publish("1.2.0", "second")
    packages.publish("2.0.0", "third")
    write_flow()
    built = run_dora("build", "dataflow.yml")
    assert built.code == 0, built
    assert f"node `hello`: acme/hello 1.2.0 at {commit[:12]}" in built.err
    (clone,) = flow.path.glob(f"git/localhost/**/{commit}")
    assert (clone / "nodes/hello/built").read_text() == "built\n"
    run = flow.run()
    assert said(run) == "second"
    assert run.of("listener") == ["heard ['second']"]
    assert (clone / "nodes/hello/built").read_text() == "built\n", "was built again"


def test_the_background_runs_packages_too(packages, flow, write_flow, run_dora):
    packages.publish("1.0.0", "first")
    write_flow()
    try:
        assert run_dora("up").code == 0
        started = run_dora("start", "dataflow.yml", "--attach")
        assert started.code == 0, started
        assert "heard ['first']" in started.out
    finally:
        run_dora("down", "--force")


def test_python_packages_have_an_environment(packages, flow, write_flow):
    commit = packages.publish("1.0.0", "first", runtime="python")
    write_flow()
    run = flow.run()
    said_in = run.succeeded().of("hello")[0].split()[1]
    assert said_in.endswith(f"{commit}/nodes/hello/.dora/python-envs/hello")


def test_nothing_is_looked_for_outside_of_the_package(packages, flow, write_flow):
    packages.publish("1.0.0", "first", entrypoint="sh")
    write_flow()
    run = flow.run()
    assert run.code == 4
    assert "its package starts `sh`, but there is no " in run.text


def test_a_lock_file_keeps_the_version(packages, flow, write_flow, run_dora):
    first = packages.publish("1.0.0", "first")
    write_flow()
    assert run_dora("build", "--write-lockfile", "dataflow.yml").code == 0
    lock = (flow.path / "dataflow.dora-lock.yaml").read_text()
    assert "version: 3" in lock
    assert 'subdir: "nodes/hello"' in lock
    assert packages.hub("list", "dataflow.yml") == f"hello: acme/hello 1.0.0 ({first[:12]})\n"
    assert packages.hub("outdated", "dataflow.yml") == "All 1 hub package(s) are up to date.\n"

    packages.publish("1.1.0", "second")
    assert said(flow.run("--locked")) == "first"
    assert "hello: acme/hello 1.0.0 -> 1.1.0 (newer" in packages.hub("outdated", "dataflow.yml")
    planned = packages.hub("update", "dataflow.yml", "--dry-run")
    assert "hello: acme/hello 1.0.0 -> 1.1.0\ndry run" in planned
    assert (flow.path / "dataflow.dora-lock.yaml").read_text() == lock
    assert "updated" in packages.hub("update", "dataflow.yml")
    assert said(flow.run("--locked")) == "second"

    write_flow(hub="acme/hello@^2")
    changed = flow.run("--locked")
    assert changed.code == 4
    assert "the lock file has acme/hello 1.1.0" in changed.text


def test_a_folder_takes_the_place_of_a_package(packages, flow, write_flow, run_dora):
    packages.write("local")
    write_flow()
    run = flow.run("--hub-override", f"acme/hello={packages.folder}")
    assert said(run) == "local"
    unused = flow.run("--hub-override", f"acme/other={packages.folder}")
    assert unused.code == 4
    assert "no node has the package `acme/other`" in unused.text
    excluded = run_dora(
        "build", "dataflow.yml", "--write-lockfile", "--hub-override", f"acme/hello={flow.path}"
    )
    assert excluded.code == 2


def test_a_node_must_fit_its_package(packages, flow, write_flow, run_dora):
    packages.publish("1.0.0", "first")
    write_flow(type="std/media/v1/Image")
    strict = run_dora("validate", "dataflow.yml", "--strict-types")
    assert strict.code == 3
    assert "std/core/v1/String" in strict.err
    text = (flow.path / "dataflow.yml").read_text()
    (flow.path / "dataflow.yml").write_text(text.replace("[word]", "[word, more]"))
    for command in ("validate", "build", "run"):
        result = run_dora(command, "dataflow.yml")
        assert result.code == 3, result
        assert "error[E052]" in result.err
        assert "dataflow.yml:4:" in result.err


def test_what_is_not_there_is_told(packages, flow, write_flow, run_dora):
    packages.publish("1.0.0", "first")
    for hub, message in (
        ("acme/helo", "did you mean `acme/hello`?"),
        ("acme/hello@^7", "no version of `acme/hello` fits `^7`: there is 1.0.0"),
    ):
        write_flow(hub=hub)
        assert run_dora("validate", "dataflow.yml").code == 3
        built = run_dora("build", "dataflow.yml")
        assert built.code == 4, built
        assert "error[E051]" in built.err
        assert message in built.err
    write_flow(hub="unreachable-thing")
    offline = run_dora("validate", "dataflow.yml", "--offline")
    assert offline.code == 0, offline
    assert "warning[W015]" in offline.err
    assert run_dora("build", "dataflow.yml", "--offline").code == 4
    refused = run_dora("run", "dataflow.yml", "--no-build", "--offline")
    assert refused.code == 4


def test_packages_can_be_searched(packages, run_dora):
    packages.publish("1.0.0", "first")
    packages.publish("1.1.0", "second")
    line = "acme/hello 1.1.0 — says what it is (sensor)\n"
    for words in ([], ["hell"], ["GREETING"], ["--category", "sensor"], ["says what"]):
        assert packages.hub("search", "--offline", *words) == line
    for words in (["nothing"], ["--category", "robot"]):
        assert packages.hub("search", "--offline", *words) == "No matching nodes found.\n"
    (found,) = packages.hub("search", "--offline", "--json").splitlines()
    assert json.loads(found)["package"] == "acme/hello"

    text = packages.hub("info", "acme/hello")
    assert text.startswith("acme/hello 1.1.0\n  says what it is\n  categories: sensor\n")
    assert "  outputs:\n    word: std/core/v1/String\n" in text
    assert "    VOICE = loud — how it speaks\n" in text
    assert "  example:\n    - id: hello\n" in text
    told = json.loads(packages.hub("info", "acme/hello@=1.0.0", "--json"))
    assert (told["version"], told["yanked"]) == ("1.0.0", False)
    assert "did you mean `acme/hello`?" in packages.hub("info", "acme/hallo", code=6)
    assert "hub: <name>@<requirement>" in packages.hub("install", "acme/hello", code=1)
    assert "did you mean `sensor`?" in packages.hub("search", "--category", "senser", code=2)


def test_versions_are_published_once_and_withdrawn(packages, flow, write_flow):
    packages.publish("1.0.0", "first")
    packages.publish("1.1.0", "second")
    again = packages.hub("publish", packages.folder, "--version", "1.1.0", code=3)
    assert "no remote `origin`" in again
    twice = ("publish", packages.folder, "--version", "1.1.0", "--repo", packages.path.as_uri())
    assert "is published already" in packages.hub(*twice, code=1)
    shown = packages.hub(*twice, "--dry-run")
    assert shown.startswith("# acme/hello/1.1.0.yml (index: local)\nmanifest:\n")

    write_flow()
    assert packages.hub("yank", "acme/hello@1.1.0", "--reason", "lies") == (
        "yanked `acme/hello@1.1.0`\n"
    )
    assert "already yanked" in packages.hub("yank", "acme/hello@1.1.0", "--reason", "lies")
    assert said(flow.run()) == "first"
    assert "  (yanked) lies\n" in packages.hub("info", "acme/hello@=1.1.0")
    assert packages.hub("yank", "acme/hello@1.1.0", "--undo") == "restored `acme/hello@1.1.0`\n"
    assert said(flow.run()) == "second"
    assert "no published version 9.0.0" in packages.hub("yank", "acme/hello@9.0.0", code=6)
    assert "names no version" in packages.hub("yank", "acme/hello", code=2)


def test_only_what_is_committed_is_published(packages):
    packages.write("first")
    packages.git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    words = ("publish", packages.folder, "--version", "1.0.0", "--repo", packages.path.as_uri())
    assert "is not committed" in packages.hub(*words, code=3)
    packages.commit("first")
    (packages.folder / "pyproject.toml").write_text('[project]\nversion = "3.2.1"\n')
    packages.git("add", "--all")
    packages.git("commit", "--quiet", "--message", "version")
    words = ("publish", packages.folder, "--repo", packages.path.as_uri(), "--json")
    assert json.loads(packages.hub(*words))["version"] == "3.2.1"
    assert (packages.index / "acme/hello/3.2.1.yml").exists()


def test_sources_are_copied(packages, flow, write_flow, run_dora):
    commit = packages.publish("1.0.0", "first")
    write_flow()
    assert "there is no lock file" in packages.hub("fetch", "dataflow.yml", code=6)
    assert run_dora("build", "--write-lockfile", "dataflow.yml").code == 0
    said_so = packages.hub("fetch", "dataflow.yml", "--target-dir", "vendor")
    assert said_so.endswith("Fetched 1 package source(s) into vendor.\n")
    assert (flow.path / "vendor" / commit / "nodes/hello/node.py").exists()
    packages.hub("fetch", "acme/hello@1.0.0")
    assert (flow.path / "hub-cache" / commit / "nodes/hello/node.py").exists()


def test_an_index_may_be_a_repository(packages, flow, write_flow, tmp_path, environment, run_dora):
    packages.publish("1.0.0", "first")
    index = tmp_path / "catalog"
    (index / "node-index").mkdir(parents=True)
    packages.index.rename(index / "node-index" / "moved")
    (index / "node-index" / "moved" / "acme").rename(index / "node-index" / "acme")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "one"]):
        subprocess.run(["git", *words], cwd=index, env=packages.environment, check=True)
    (tmp_path / "hub.toml").write_text(
        f'[[index]]\nalias = "far"\ngit = "file://{index}"\nnamespaces = ["acme"]\n'
    )
    write_flow()
    refused = run_dora("build", "dataflow.yml")
    assert refused.code == 4
    assert "DORA_HUB_ALLOW_LOCAL_SOURCES=1 allows it" in refused.err
    environment["DORA_HUB_ALLOW_LOCAL_SOURCES"] = "1"
    # Of a program that was killed.
    cache = tmp_path / "home/.cache/dora/index"
    (cache / ".far.partial-1").mkdir()
    shutil.rmtree(cache / "far")
    assert said(flow.run()) == "first"
    assert [path.name for path in cache.iterdir()] == ["far"]
    # The clone of the index is good enough for a run, and without a network.
    index.rename(tmp_path / "gone")
    assert said(flow.run("--offline")) == "first"
    unreachable = packages.hub("info", "acme/hello", code=5)
    assert "the index `far`" in unreachable


def test_a_manifest_is_written_and_checked(packages, flow, run_dora):
    folder = flow.path / "My_Node"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "My_Node"\ndescription = "a \\"test\\""\n'
        '[project.scripts]\nother = "x:y"\nmy_node = "my_node:main"\n'
    )
    said_so = packages.hub("init", "My_Node")
    assert said_so.startswith("Wrote My_Node/dora-node.yml.\nNext steps:\n")
    text = (folder / "dora-node.yml").read_text()
    assert 'name: "my-node"' in text
    assert 'entrypoint: "my_node"' in text
    assert "exists already" in packages.hub("init", "My_Node", code=1)
    valid = run_dora("validate", "--node-manifest", "My_Node/dora-node.yml")
    assert (valid.code, valid.out) == (
        0,
        "Validating node manifest My_Node/dora-node.yml...\nNode manifest OK.\n",
    )
    (folder / "dora-node.yml").write_text(text.replace("runtime: python", "runtime: perl"))
    wrong = run_dora("validate", "--node-manifest", "My_Node/dora-node.yml")
    assert wrong.code == 3
    assert "error[E007]" in wrong.err
    assert "My_Node/dora-node.yml:" in wrong.err
    as_json = run_dora("validate", "--node-manifest", "My_Node/dora-node.yml", "--json")
    assert json.loads(as_json.out)["code"] == "E007"
    assert run_dora("validate", "--node-manifest", "missing.yml").code == 3
    assert run_dora("validate", "dataflow.yml", "--node-manifest", "x.yml").code == 2


def test_the_page_shows_what_is_right(packages, flow, run_dora, repository):
    page = (repository / "docs/hub.md").read_text()
    dataflow, manifest, entry = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    flow.write("dora-node.yml", manifest)
    assert run_dora("validate", "--node-manifest", "dora-node.yml").code == 0
    folder = packages.index / "acme" / "camera"
    folder.mkdir(parents=True)
    (folder / "1.2.0.yml").write_text(entry)
    assert packages.hub("info", "acme/camera").startswith("acme/camera 1.2.0\n")
    flow.yaml(dataflow)
    assert run_dora("validate", "dataflow.yml", "--hub-override", "x=y").code == 2
    # The entry has no ports.
    assert "error[E052]" in run_dora("validate", "dataflow.yml").err
