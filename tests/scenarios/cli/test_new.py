"""`dora new`: what it makes runs as it is."""

import json
from pathlib import Path

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


def test_a_camera_without_a_device(run_dora, workspace):
    assert run_dora("new", "eyes", "--template", "shapes").code == 0
    ran = run_dora("run", "eyes", "--stop-after", "3s")
    assert ran.code == 0, ran
    assert "plot: 60 x 60 at " in ran.out


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


NATIVE = {"dataflow": "listener_1: I heard hello 0 from speech-", "node": "my-count: count: 1",
          "operator": "receiver: got count: 1"}  # fmt: skip


@pytest.mark.parametrize("language", ["c", "cxx"])
@pytest.mark.parametrize("kind", NATIVE)
def test_c_and_cpp_are_built_and_run_at_once(run_dora, workspace, language, kind):
    made = run_dora("new", "my-count", "--kind", kind, "--lang", language)
    assert made.code == 0, made
    title = {"c": "C", "cxx": "C++"}[language] + {"node": " custom"}.get(kind, "") + f" {kind}"
    assert made.out.endswith(f"Created new {title} `my-count` at ./my-count\n")
    ran = run_dora("run", "my-count", "--stop-after", "1s")
    assert ran.code == 0, ran
    assert NATIVE[kind] in ran.out
    assert "warning" not in ran.text.lower()
    again = run_dora("run", "my-count", "--stop-after", "100ms")
    assert "built" not in again.err, again


def test_what_was_changed_in_c_is_built_by_run(run_dora, workspace):
    run_dora("new", "counter", "--kind", "node", "--lang", "c")
    assert run_dora("build", "counter").code == 0
    source = workspace / "counter/node.c"
    source.write_text(source.read_text().replace('"count: ', '"counted: '))
    ran = run_dora("run", "counter", "--stop-after", "1s")
    assert "counter: counted: 1" in ran.out


def test_cmake_builds_a_project_without_dora_build(run_dora, start, workspace):
    run_dora("new", "hello", "--lang", "cxx")
    for words in (["-B", "build"], ["--build", "build"]):
        made = start("cmake", *words, cwd=workspace / "hello").end()
        assert made.code == 0, made
    assert (workspace / "hello/bin/talker_1").exists()


def test_the_place_of_the_cmake_package(run_dora, workspace):
    place = run_dora("self", "cmake-dir")
    assert (place.code, place.err) == (0, "")
    assert (Path(place.out.strip()) / "doraConfig.cmake").is_file()


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
        (["hello", "--template", "shpaes"], 2, "did you mean `shapes`?"),
        (["hello", "--template", "shapes", "--lang", "c"], 2, "a dataflow in Python"),
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
