"""`dora logs`: while a dataflow runs and after, from files and by conditions."""

import json
import signal
from pathlib import Path

import pytest
from support.log_lines import LOG_LINE_KEYS

SPEAKER = """
    import logging
    from dora import Node

    node = Node()
    print("plain")
    node.log("warn", "hot", {"celsius": "81"})
    node.log("error", "Burning")
    logging.getLogger("lens").info("focused")
"""
LISTENER = """
    from dora import Node

    for event in Node():
        pass
    print("the end")
"""
YAML = """
    nodes:
      - {id: speaker, path: speaker.py, outputs: [word]}
      - {id: listener, path: listener.py, inputs: {word: speaker/word}}
"""


@pytest.fixture
def ended(flow):
    """The folder of a dataflow that ran to its end."""
    flow.nodes(speaker=SPEAKER, listener=LISTENER)
    flow.yaml(YAML)
    flow.run().succeeded()
    return flow


def messages(completed):
    """The messages of lines in JSON."""
    return [json.loads(line)["message"] for line in completed.out.splitlines()]


def test_the_logs_of_an_earlier_run_are_shown_by_any_condition(ended, run_dora):
    everything = run_dora("logs", "--json")
    assert everything.code == 0, everything.text
    entries = [json.loads(line) for line in everything.out.splitlines()]
    assert list(entries[0]) == LOG_LINE_KEYS
    (uuid,) = (path.name for path in (ended.path / "out").iterdir() if path.is_dir())
    assert {entry["dataflow_id"] for entry in entries} == {uuid}
    assert messages(everything) == ["plain", "hot", "Burning", "focused", "the end"]
    assert uuid in everything.err  # which run that was

    by = {
        ("--node", "listener"): ["the end"],
        ("--level", "warn"): ["hot", "Burning"],
        ("--level", "INFO"): ["hot", "Burning", "focused"],
        ("--grep", "burn"): ["Burning"],
        ("--grep", "LENS"): ["focused"],
        ("--tail", "2"): ["focused", "the end"],
        ("--tail", "0"): [],
        ("--node", "speaker", "--level", "error", "--tail", "5"): ["Burning"],
        ("--since", "1h"): messages(everything),
        ("--until", "1h"): [],
        ("--log-filter", "speaker=error"): ["Burning", "the end"],
        ("--local",): messages(everything),
        (uuid,): messages(everything),
    }
    for flags, wanted in by.items():
        shown = run_dora("logs", "--json", *flags)
        assert (shown.code, messages(shown)) == (0, wanted), flags

    assert f"no running dora knows `{uuid}`" in run_dora("logs", uuid).err
    assert run_dora("logs", "--local", uuid).err == ""

    text = run_dora("logs", "--log-format", "compact").out
    assert "WARN speaker: hot" in text
    assert "STDOUT speaker: plain" in text


def test_mistakes_are_answered(ended, run_dora, workspace):
    cases = {
        ("--node", "speeker"): (6, "did you mean `speaker`?"),
        ("nothing-like-it",): (6, "no dataflow with name `nothing-like-it` is running"),
        ("../out",): (2, "is no UUID and no name"),
        ("--tail", "few"): (2, "number of lines"),
        ("--since", "yesterday"): (2, "--since"),
        ("--level", "loud"): (2, "error, warn"),
        ("--node", "speaker", "--all-nodes"): (2, "exclude each other"),
        ("hello", "receiver"): (2, "--node receiver"),
    }
    for flags, (code, text) in cases.items():
        refused = run_dora("logs", *flags)
        assert refused.code == code, (flags, refused.text)
        assert text in refused.err, (flags, refused.err)
    elsewhere = workspace / "elsewhere"
    elsewhere.mkdir()
    refused = run_dora("logs", cwd=elsewhere)
    assert refused.code == 6
    assert "`dora run`" in refused.err


def test_a_running_dataflow_is_followed_until_it_ends(flow, run_dora, start_dora, tmp_path):
    flow.nodes(
        ticker="""
            from dora import Node

            for event in Node():
                if event["type"] == "INPUT":
                    print("tick", flush=True)
                else:
                    print("stopped", flush=True)
        """
    )
    flow.yaml("nodes: [{id: ticker, path: ticker.py, inputs: {t: dora/timer/millis/20}}]")
    run = flow.start("--name", "clock")
    run.wait_for("tick")
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    here = start_dora("logs", "--follow")
    elsewhere = start_dora("logs", "clock", "-f", "--tail", "1", cwd=other_folder)
    for follower in (here, elsewhere):
        follower.wait_for("tick")
    # No follower: what there is, and no more.
    assert "ticker: tick" in run_dora("logs", cwd=other_folder).out
    run.signal(signal.SIGINT)
    run.wait().succeeded()
    for follower in (here, elsewhere):
        completed = follower.end()
        assert completed.code == 0
        assert completed.out.splitlines()[-1].endswith("ticker: stopped")


def test_a_rotated_log_is_read_as_one(flow, run_dora):
    flow.nodes(
        chatter="""
            from dora import Node

            Node()
            for i in range(200):
                print("line", i)
        """
    )
    flow.yaml("nodes: [{id: chatter, path: chatter.py, outputs: [x], max_log_size: 4KB}]")
    flow.run().succeeded()
    (folder,) = (path for path in (flow.path / "out").iterdir() if path.is_dir())
    files = sorted(path.name for path in folder.iterdir())
    parts = [f"log_chatter.{number}.jsonl" for number in range(1, 6)]
    assert files == sorted(["log_chatter.jsonl", *parts])
    kept = [json.loads(line) for path in folder.iterdir() for line in path.open()]
    shown = messages(run_dora("logs", "--json"))
    assert len(shown) == len(kept)
    assert shown == [f"line {i}" for i in range(200 - len(kept), 200)]
    assert all(path.stat().st_size < 5 * 1024 for path in folder.iterdir())


def test_local_logs_are_followed_as_files(workspace, start_dora):
    folder = workspace / "out" / "a-run"
    folder.mkdir(parents=True)

    def line(message):
        return (
            json.dumps(
                {
                    "timestamp": "2026-01-01T00:00:00.000Z",
                    "level": "info",
                    "node_id": "n",
                    "stream": "stdout",
                    "message": message,
                }
            )
            + "\n"
        )

    file = folder / "log_n.jsonl"
    file.write_text(line("one"))
    follower = start_dora("logs", "--local", "--follow")
    follower.wait_for("n: one")
    with file.open("a") as more:
        more.write(line("two"))
    follower.wait_for("n: two")
    follower.signal(signal.SIGINT)
    follower.end()


def test_every_command_of_the_page_is_understood(ended, run_dora, repository):
    page = (Path(repository) / "docs" / "logs.md").read_text()
    block = page.split("```bash\n")[1].split("```")[0]
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    assert len(commands) > 5
    for command in commands:
        words = command.replace('"message: [7]"', "7").replace("receiver", "listener").split()[1:]
        completed = run_dora(*words)
        assert completed.code == (6 if "hello" in words else 0), (command, completed.text)
