"""Wrong uses of `dora hub`, of manifests, indexes and their configuration: each is answered with
its exit code, the place and the way out."""

import os

import pytest

USES = [
    (["hub"], 2, ["`dora hub` needs a command", "hub search"]),
    (["hub", "serach"], 2, ["did you mean `hub search`?"]),
    (["hub", "search", "a", "b"], 2, ["takes only one QUERY"]),
    (["hub", "search", "--category", "senser"], 2, ["did you mean `sensor`?"]),
    (["hub", "info"], 2, ["`dora hub info` needs PACKAGE"]),
    (["hub", "info", "a/b/c"], 2, ["`a/b/c` is no package", "dora-yolo@^0.5"]),
    (["hub", "info", ".."], 2, ["is no package"]),
    (["hub", "info", "../x/y"], 2, ["is no package"]),
    (["hub", "info", "A B"], 2, ["is no package"]),
    (["hub", "info", "\x1b[31mred"], 2, ["is no package"]),
    (["hub", "info", "x" * 100_000], 2, ["is no package"]),
    (["hub", "info", "lidar@latest"], 2, ["`latest` is no requirement"]),
    (["hub", "info", "acme/lidar"], 6, ["there is no package `acme/lidar`"]),
    (["hub", "list", "missing.yml"], 6, ["there is no lock file", "--write-lockfile missing.yml"]),
    (["hub", "list", "wrong-lock.yml"], 2, ["wrong-lock.dora-lock.yaml", "no lock file"]),
    (["hub", "outdated", "empty"], 6, ["holds no dataflow.yml"]),
    (["hub", "update", "hub.yml"], 6, ["there is no lock file"]),
    (["hub", "fetch", "acme/lidar@9"], 6, ["there is no package `acme/lidar`"]),
    (["hub", "init", "missing"], 6, ["there is no folder missing"]),
    (["hub", "init", "taken"], 1, ["taken/dora-node.yml exists already", "not overwritten"]),
    (["hub", "init", "/proc"], 6, ["/proc/dora-node.yml"]),
    (["hub", "publish", "missing"], 6, ["there is no folder"]),
    (["hub", "publish", "empty"], 3, ["no remote `origin`", "--repo URL"]),
    (["hub", "publish", "empty", "--repo", "http://x"], 3, ["others cannot fetch from `http://x`"]),
    (["hub", "publish", "empty", "--repo", "https://x"], 3, ["there is no commit `HEAD`"]),
    (["hub", "yank", "acme/lidar"], 2, ["names no version"]),
    (["hub", "yank", "acme/lidar@one"], 2, ["`one` is no version"]),
    (["hub", "yank", "acme/lidar@1.0.0"], 6, ["no published version 1.0.0"]),
    (["hub", "install", "anything"], 1, ["hub: <name>@<requirement>"]),
    (["validate", "--node-manifest"], 2, ["`--node-manifest` needs a value"]),
    (["validate", "--node-manifest", "missing.yml"], 3, ["cannot read `missing.yml`", "hub init"]),
    (["validate", "--node-manifest", "fifo"], 3, ["cannot read `fifo`"]),
    (["validate", "--node-manifest", "/dev/zero"], 3, ["cannot read `/dev/zero`"]),
    (["validate", "--node-manifest", "empty"], 3, ["cannot read `empty`"]),
    (["validate", "--node-manifest", "binary.yml"], 3, ["error[E00"]),
    (["validate", "--node-manifest", "hub.yml"], 3, ["unknown key `nodes` in the node manifest"]),
    (
        ["validate", "hub.yml"],
        3,
        ["error[E051]", "hub.yml:2:18", "no package `acme/lidar`", "dora hub search"],
    ),
    (["validate", "requirement.yml"], 3, ["error[E023]", "requirement.yml:1:"]),
    (["build", "hub.yml"], 4, ["error[E051]", "nothing was built"]),
    (["run", "hub.yml"], 4, ["error[E051]", "nothing was started"]),
    (["run", "hub.yml", "--hub-override", "acme/lidar"], 2, ["<namespace>/<name>=<folder>"]),
    (["run", "hub.yml", "--hub-override", "acme/lidar=empty"], 4, ["empty/dora-node.yml"]),
    (["build", "hub.yml", "--locked"], 4, ["there is no lock file"]),
]

CONFIGURATIONS = [
    ("[[index]]\n", "alias"),
    ("[[index\n", "line 1"),
    ("index = 3\n", "unknown key `index`"),
    ('[[index]]\nalias = "a"\npath = 3\n', "`path` must be a text"),
    ('[[index]]\nalias = "a"\ngit = "ext::sh -c touch% started"\n', "no address"),
    ("\x00", "line 1"),
    ("[" * 100_000, "line 1"),
]


@pytest.fixture
def files(workspace, environment):
    (workspace / "hub.toml").write_text(
        '[[index]]\nalias = "local"\npath = "index"\nnamespaces = ["acme"]\n'
    )
    environment["DORA_HUB_CONFIG"] = str(workspace / "hub.toml")
    for folder in ("index", "empty", "taken"):
        (workspace / folder).mkdir()
    (workspace / "taken/dora-node.yml").write_text("mine\n")
    (workspace / "hub.yml").write_text("nodes:\n  - {id: l, hub: acme/lidar}\n")
    (workspace / "requirement.yml").write_text("nodes: [{id: l, hub: acme/lidar@1.2.3.4}]\n")
    (workspace / "wrong-lock.yml").write_text("nodes: []\n")
    (workspace / "wrong-lock.dora-lock.yaml").write_text("version: 9\n")
    (workspace / "binary.yml").write_bytes(bytes(range(256)))
    os.mkfifo(workspace / "fifo")
    return workspace


@pytest.mark.parametrize(("words", "code", "answers"), USES, ids=lambda v: str(v)[:60])
def test_is_answered(files, run_dora, words, code, answers):
    result = run_dora(*words)
    assert result.code == code, result
    for answer in answers:
        assert answer in result.err, result
    assert "\x1b" not in result.err
    assert (files / "taken/dora-node.yml").read_text() == "mine\n"


@pytest.mark.parametrize(("text", "answer"), CONFIGURATIONS, ids=lambda v: repr(v)[:40])
def test_a_wrong_configuration_is_named(files, run_dora, text, answer):
    (files / "hub.toml").write_text(text)
    for words in (["hub", "search"], ["hub", "info", "acme/lidar"]):
        result = run_dora(*words)
        assert result.code == 2, result
        assert "hub.toml" in result.err
        assert answer in result.err
    assert run_dora("build", "hub.yml").code == 4
    assert not (files / "started").exists()


ENTRIES = [
    "",
    "- a\n",
    "manifest: {}\nsource: {}\n",
    "manifest: 3\nsource: 3\n",
    "&a [*a]\n",
    "\x00",
    "manifest: {apiVersion: 1, name: lidar, namespace: other, runtime: c, entrypoint: x}\n"
    f"source: {{git: https://host/x, rev: {'a' * 40}}}\n",
]


@pytest.mark.parametrize("text", ENTRIES, ids=lambda v: repr(v)[:40])
def test_a_wrong_entry_of_an_index_is_named(files, run_dora, text):
    folder = files / "index/acme/lidar"
    folder.mkdir(parents=True)
    (folder / "1.0.0.yml").write_text(text)
    result = run_dora("hub", "info", "acme/lidar")
    assert result.code == 2, result
    assert "acme/lidar/1.0.0.yml" in result.err
    found = run_dora("hub", "search")
    assert found.code == 0
    assert found.out == "No matching nodes found.\n"
    built = run_dora("build", "hub.yml")
    assert built.code == 4
    assert "1.0.0.yml" in built.err
