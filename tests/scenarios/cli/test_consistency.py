"""What holds for every command, by the program's own table of them."""

import json

import pytest

# They hand over a terminal, print a script, or only say what to do instead.
WITHOUT_JSON = {"attach", "exec", "completion", "hub install", "self uninstall"}


@pytest.fixture
def table(run_dora):
    return json.loads(run_dora("help", "--all", "--json").out)


def test_every_command_shows_help_with_examples(table, run_dora):
    for command in table["commands"]:
        words = command["name"].split()
        shown = [run_dora(*words, flag) for flag in ("-h", "--help")]
        assert shown[0].out == shown[1].out
        for result in shown:
            assert (result.code, result.err) == (0, ""), command["name"]
            assert result.out.startswith(f"usage: dora {command['name']} [FLAGS]")
            assert "\nexamples:\n  " in result.out
            assert all(len(line) <= 100 for line in result.out.splitlines()), command["name"]


def test_every_topic_has_a_page(run_dora):
    everything = run_dora("help", "--all").out
    topics = [line.split()[0] for line in everything.partition("\nTopics\n")[2].splitlines()]
    assert {"yaml", "modules", "building", "packages", "cpp", "errors"} <= set(topics)
    for topic in topics:
        page = run_dora("help", topic)
        assert page.code == 0, page
        assert len(page.out.splitlines()) > 8, page
        assert "<!--" not in page.out


def test_every_command_answers_in_json_by_either_flag(table, run_dora):
    for command in table["commands"]:
        words = command["name"].split()
        flags = {flag["name"]: flag for flag in command["flags"]}
        assert ("--json" in flags) is (command["name"] not in WITHOUT_JSON), command["name"]
        if "--json" not in flags:
            continue
        for asked in (["--json"], ["--format", "json"], ["--format=json"]):
            result = run_dora(*words, *asked, "--no-such-flag")
            assert result.code == 2
            assert "unknown flag `--no-such-flag`" in result.err, (command["name"], asked)
        wrong = run_dora(*words, "--format", "jsno")
        assert wrong.code == 2
        assert "did you mean `json`?" in wrong.err, command["name"]


def test_every_command_suggests_the_flag_that_was_meant(table, run_dora):
    for command in table["commands"]:
        words = command["name"].split()
        names = [flag["name"] for flag in command["flags"] if len(flag["name"]) > 6]
        for name in names[:1]:
            misspelt = name[:-2] + name[-1] + name[-2]
            if misspelt == name or misspelt in names:
                continue
            result = run_dora(*words, misspelt)
            assert result.code == 2
            assert f"did you mean `{name}`?" in result.err, (command["name"], misspelt)


def test_json_is_what_the_two_flags_give(run_dora, workspace):
    for words in (
        ["stop"],
        ["list"],
        ["doctor"],
        ["up"],
        ["down"],
        ["self", "update", "--check-only"],
        ["self", "cmake-dir"],
    ):
        plain = [run_dora(*words, *flags) for flags in (["--json"], ["--format", "json"])]
        for result in plain:
            for line in result.out.splitlines():
                json.loads(line)
        if words == ["up"]:
            assert [json.loads(r.out)["started"] for r in plain] == [True, False]


def test_graph_and_build_in_json(run_dora, workspace):
    assert run_dora("new", "hello").code == 0
    drawn = json.loads(run_dora("graph", "hello", "--json").out)
    assert [node["id"] for node in drawn["nodes"]][:2] == ["sender", "receiver"]
    (edge,) = [edge for edge in drawn["edges"] if edge["to"] == "receiver"]
    assert (edge["from"], edge["output"], edge["input"]) == ("sender", "message", "message")
    (workspace / "hello/dataflow.yml").write_text(
        'nodes: [{id: a, path: sender.py, build: sh -c "echo hello"}]'
    )
    built = run_dora("build", "hello", "--json")
    assert built.code == 0, built
    assert json.loads(built.out)["schema_version"] == 1
    assert "hello" in built.err


def test_up_says_that_auth_changes_nothing(run_dora):
    try:
        up = run_dora("up", "--auth")
        assert (up.code, up.out) == (0, "started dora coordinator\nstarted dora daemon\n")
        assert "`--auth` changes nothing" in up.err
    finally:
        run_dora("down")
