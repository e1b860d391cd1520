"""`dora new`: what it makes runs as it is."""

import json

import fastjsonschema
import pytest
import yaml


def test_a_dataflow_runs_at_once(run_dora, workspace):
    result = run_dora("new", "hello")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "created hello/",
        "  dataflow.yml     2 nodes, commented",
        "  sender.py        14 lines",
        "  receiver.py      11 lines",
        "next:  dora run hello",
        "Created new yaml dataflow `hello` at ./hello",
    ]
    ran = run_dora("run", "hello", "--stop-after", "3s", "--log-format", "json")
    assert ran.code == 0, ran
    lines = [json.loads(line) for line in ran.out.splitlines()]
    said = [
        each["message"]
        for each in lines
        if (each["node_id"], each["level"]) == ("receiver", "stdout")
    ]
    assert said[:2] == ["got message: [0]", "got message: [1]"]


def test_editors_find_the_schema(run_dora, workspace):
    run_dora("new", "hello")
    text = (workspace / "hello" / "dataflow.yml").read_text()
    name = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((workspace / "hello" / name).read_text())
    fastjsonschema.compile(schema)(yaml.safe_load(text))
    settings = json.loads((workspace / "hello" / ".vscode" / "settings.json").read_text())
    assert list(settings["yaml.schemas"]) == [f"./{name}"]


@pytest.mark.parametrize(
    ("kind", "node", "text"),
    [("node", "my-count", "count: 1"), ("operator", "receiver", "got count")],
)
def test_a_node_and_an_operator_run_at_once(run_dora, start, workspace, kind, node, text):
    assert run_dora("new", "my-count", "--kind", kind).code == 0
    ran = run_dora("run", "my-count", "--stop-after", "3s")
    assert ran.code == 0, ran
    assert f"{node}: {text}" in ran.out
    if kind == "node":
        tests = start("python", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                      cwd=workspace / "my-count").end()  # fmt: skip
        assert "1 passed" in tests.out, tests


@pytest.mark.parametrize(
    ("words", "code", "answer"),
    [
        (["a/b"], 2, "letters, digits"),
        (["grün"], 2, "letters, digits"),
        ([".."], 2, "letters, digits"),
        ([""], 2, "NAME is empty"),
        (["x" * 65], 2, "64 are allowed"),
        (["dora"], 2, "belongs to dora"),
        (["hello", "--lang", "rust"], 2, "no Rust API is offered yet"),
        (["hello", "--lang", "pyton"], 2, "did you mean `python`?"),
        (["hello", "--kind", "flow"], 2, "dataflow, node or operator"),
        (["hello", "/proc/nowhere/hello"], 1, "/proc/nowhere/hello"),
        (["taken"], 1, "taken exists already"),
    ],
)
def test_a_wrong_wish_makes_nothing(run_dora, workspace, words, code, answer):
    (workspace / "taken").mkdir()
    result = run_dora("new", *words)
    assert (result.code, result.out) == (code, ""), result
    assert answer in result.err
    assert [p.name for p in workspace.iterdir()] == ["taken"]
