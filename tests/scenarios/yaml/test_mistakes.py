"""Mistakes in the YAML: all at once, with file, line and column, exit code 3, nothing started."""

import itertools
import os

import pytest

GOOD = """
nodes:
  - id: sender
    path: node.py
    outputs:
      - message
  - id: receiver
    path: node.py
    inputs:
      message: sender/message
"""

# name: (the YAML, what must be said, each of them)
MISTAKES = {
    "unknown output": (
        GOOD.replace("sender/message", "sender/mesage"),
        ["dataflow.yml:10:16", "did you mean", "sender/message"],
    ),
    "unknown node": (
        GOOD.replace("sender/message", "sendr/message"),
        ["dataflow.yml:10:16", "did you mean"],
    ),
    "unknown key": (
        GOOD.replace("outputs:", "ouputs:"),
        ["dataflow.yml:5:5", "ouputs", "did you mean", "outputs"],
    ),
    "duplicate id": (GOOD.replace("id: receiver", "id: sender"), ["dataflow.yml:7", "sender"]),
    "no such file": (
        GOOD.replace("path: node.py", "path: nod.py", 1),
        ["dataflow.yml:4:11", "nod.py"],
    ),
    "source without a slash": (GOOD.replace("sender/message", "message"), ["dataflow.yml:10:16"]),
    "timer of zero": (
        GOOD.replace("sender/message", "dora/timer/millis/0"),
        ["dataflow.yml:10:16"],
    ),
    "timer of an unknown unit": (
        GOOD.replace("sender/message", "dora/timer/milis/1"),
        ["dataflow.yml:10:16", "millis"],
    ),
    "bad id": (GOOD.replace("id: sender", "id: 'send er'"), ["dataflow.yml:3:10"]),
    "no kind of node": (GOOD.replace("    path: node.py\n", "", 1), ["dataflow.yml:3"]),
    "negative queue": (
        GOOD.replace("sender/message", "{source: sender/message, queue_size: -1}"),
        ["dataflow.yml:10", "queue_size"],
    ),
    "no YAML": ("nodes: [\n", ["dataflow.yml:"]),
    "tabs": ("nodes:\n\t- id: a\n", ["dataflow.yml:2"]),
    "a list": ("- a\n- b\n", ["dataflow.yml:1"]),
    "empty": ("", ["nodes"]),
    "nesting without end": ("nodes: " + "[" * 1000 + "]" * 1000, ["dataflow.yml"]),
    "aliases without end": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n"
            for a, b in itertools.pairwise("abcdefghijklm")
        )
        + "nodes: *m\n",
        ["dataflow.yml"],
    ),
}  # fmt: skip


@pytest.fixture
def starting_leaves_a_trace(flow):
    flow.nodes(node="open('started', 'w').close()")
    yield
    assert not (flow.path / "started").exists(), "something was started"
    flow.wait_until_gone()


@pytest.mark.usefixtures("starting_leaves_a_trace")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_and_nothing_is_started(flow, name):
    text, expected = MISTAKES[name]
    (flow.path / "dataflow.yml").write_text(text)
    result = flow.run()
    assert result.code == 3, result.text
    for words in expected:
        assert words in result.text, result.text


@pytest.mark.usefixtures("starting_leaves_a_trace")
def test_all_mistakes_are_told_at_once(flow):
    text = GOOD.replace("sender/message", "sender/mesage").replace("outputs:", "ouputs:")
    (flow.path / "dataflow.yml").write_text(text.replace("id: sender", "id: .sender"))
    result = flow.run()
    assert result.code == 3
    for place in ("dataflow.yml:3:9", "dataflow.yml:5:5", "dataflow.yml:10:16"):
        assert place in result.text, result.text
    assert "^" in result.text


@pytest.mark.usefixtures("starting_leaves_a_trace")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("not UTF-8", b"nodes:\n  - id: \xff\xfe\n"),
        ("NUL", b"nodes:\n  - id: a\0b\n"),
        ("a scalar of 10 MB", b"nodes:\n  - id: " + b"a" * 10_000_000 + b"\n"),
        ("random bytes", bytes(range(256)) * 40),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_that_are_no_dataflow_are_refused(flow, name, content):
    (flow.path / "dataflow.yml").write_bytes(content)
    result = flow.run()
    assert result.code == 3, name
    assert len(result.text) < 20_000, "an answer nobody reads"


@pytest.mark.usefixtures("starting_leaves_a_trace")
def test_a_file_that_is_missing_a_folder_or_unreadable_is_refused(flow):
    result = flow.run(file="nowhere.yml")
    assert result.code == 3
    assert "nowhere.yml" in result.text
    (flow.path / "folder.yml").mkdir()
    assert flow.run(file="folder.yml").code == 3
    os.mkfifo(flow.path / "pipe.yml")
    assert flow.run(file="pipe.yml").code == 3
    locked = flow.path / "locked.yml"
    locked.write_text(GOOD)
    locked.chmod(0)
    if not os.access(locked, os.R_OK):  # root may read everything
        assert flow.run(file="locked.yml").code == 3


def test_old_spellings_run_with_one_warning_each(flow):
    flow.nodes(node="print('ran')")
    flow.yaml(
        """
        nodes:
          - id: old
            custom:
              source: node.py
              envs: {A: 1}
        """
    )
    result = flow.run().succeeded()
    assert result.of("old") == ["ran"]
    assert "custom" in result.text


def test_a_command_that_does_not_exist_is_a_usage_error(flow):
    flow.yaml(GOOD)
    result = flow.run("--no-such-flag")
    assert result.code == 2
