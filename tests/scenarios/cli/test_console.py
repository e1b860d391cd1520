"""What `dora run` shows of its nodes, and where; and that whoever reads it cannot disturb them.

The nodes here are shell scripts that never attach: what they print is all that matters.
"""

import json
import re
import signal
import stat
from pathlib import Path

import pytest
from support.log_lines import LOG_LINE_KEYS


@pytest.fixture
def dataflow(workspace: Path):
    """Writes a dataflow of shell scripts: dataflow(name="script", ...)."""

    def write(**scripts: str) -> Path:
        text = "nodes:\n"
        for name, script in scripts.items():
            program = workspace / f"{name}.sh"
            program.write_text(f"#!/bin/bash\n{script}\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            text += f"  - id: {name}\n    path: ./{name}.sh\n"
        path = workspace / "dataflow.yml"
        path.write_text(text)
        return path

    return write


def test_a_line_is_time_level_node_and_message(dataflow, run_dora):
    dataflow(printer="echo one; echo two >&2; echo")
    result = run_dora("run", "dataflow.yml")
    assert result.code == 0, result
    printed = [line for line in result.out.splitlines() if " stdout " in line]
    lines = [line.split(" ", 2) for line in printed]
    assert all(len(time) == 8 for time, *_ in lines)
    assert sorted(rest for _, _, rest in lines) == ["printer: ", "printer: one", "printer: two"]
    assert {level for _, level, _ in lines} == {"stdout"}
    assert "\x1b" not in result.text


def test_a_folder_stands_for_its_dataflow(dataflow, run_dora, workspace):
    dataflow(printer="echo hello")
    result = run_dora("run", workspace, cwd=workspace.parent)
    assert result.code == 0, result
    assert "printer: hello" in result.out


def test_json_lines_have_twelve_keys(dataflow, run_dora):
    dataflow(printer='echo plain; printf "\\xff\\x1b[31mred\\x1b[0m\\t\\"q\\"\\n"')
    result = run_dora("run", "dataflow.yml", "--log-format", "json", "--log-level", "stdout")
    assert result.code == 0, result
    entries = [json.loads(line) for line in result.out.splitlines()]
    assert all(list(entry) == LOG_LINE_KEYS for entry in entries)
    printed = [entry for entry in entries if entry["level"] == "stdout"]
    assert [entry["node_id"] for entry in printed] == ["printer", "printer"]
    assert printed[0]["message"] == "plain"
    assert "red" in printed[1]["message"]


def test_compact_lines_have_capitals(dataflow, run_dora):
    dataflow(printer="echo hello")
    result = run_dora("run", "dataflow.yml", env={"DORA_LOG_FORMAT": "compact"})
    assert " STDOUT printer: hello\n" in result.out, result


STRUCTURED = (
    'echo plain; for level in error warn info debug; do echo "{\\"timestamp\\":'
    '\\"2026-01-01T00:00:00Z\\",\\"level\\":\\"$level\\",\\"message\\":\\"as $level\\"}"; done'
)


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ([], ["plain", "as error", "as warn", "as info", "as debug"]),
        (["--log-level", "INFO"], ["as error", "as warn", "as info"]),
        (["--log-level", "error"], ["as error"]),
        (["--log-level", "error", "--log-filter", "printer=debug"], 4 * ["as "]),
        (["--log-filter", "other=error"], ["plain", "as error", "as warn", "as info", "as debug"]),
    ],
)
def test_levels_are_filtered(dataflow, run_dora, flags, shown):
    dataflow(printer=STRUCTURED)
    result = run_dora("run", "dataflow.yml", *flags)
    assert result.code == 0, result
    service = ("spawning", "finished")
    lines = [line.split(": ", 1)[1] for line in result.out.splitlines() if "printer: " in line]
    messages = [line for line in lines if not line.startswith(service)]
    assert len(messages) == len(shown), result
    assert all(message.startswith(start) for message, start in zip(messages, shown, strict=True))


def test_quiet_leaves_results_and_errors(dataflow, run_dora):
    dataflow(printer="echo hello")
    result = run_dora("run", "dataflow.yml", "--quiet")
    assert "printer: hello" in result.out
    assert result.err == ""


def test_the_environment_is_given_to_every_node(dataflow, run_dora):
    dataflow(a='echo "A is $A"', b='echo "B is $B"')
    result = run_dora("run", "dataflow.yml", "--env", "A=1=2", "--env", "B=x", "--env", "B=y")
    assert "a: A is 1=2" in result.out, result
    assert "b: B is y" in result.out, result


@pytest.mark.parametrize("target", ["| head -n 1", ">&-", ">/dev/full", "2>&1 | head -n 1"])
def test_a_reader_that_is_gone_disturbs_no_node(dataflow, start, dora_program, workspace, target):
    dataflow(printer="seq 20000; echo done > ended")
    command = f"{dora_program} run dataflow.yml {target}; exit ${{PIPESTATUS[0]}}"
    result = start("bash", "-c", command).end()
    assert result.code == 0, result
    assert (workspace / "ended").read_text() == "done\n"
    assert "terminate" not in result.err


def test_what_nobody_could_read_is_counted(dataflow, start, dora_program):
    dataflow(printer="seq 1000")
    command = f"{dora_program} run dataflow.yml >/dev/full"
    result = start("bash", "-c", command).end()
    (lost,) = re.findall(r"(\d+) lines were not shown", result.err)
    assert int(lost) >= 1000


def test_a_reader_that_sleeps_blocks_no_node(dataflow, start, dora_program, workspace):
    dataflow(printer="for i in {1..2000}; do printf '%01000d\\n' $i; done; echo done > ended")
    # The reader waits for the end of the node before it reads anything.
    reader = "until test -e ended; do sleep 0.01; done; grep -c ' stdout '"
    result = start("bash", "-c", f"{dora_program} run dataflow.yml | ({reader})").end()
    assert result.out.strip() == "2000", result


def test_list_and_stop_reach_a_run_in_another_terminal(dataflow, start_dora, run_dora, workspace):
    dataflow(sleeper="echo ready; trap 'exit 0' TERM; sleep 1000 & wait")
    running = start_dora("run", "dataflow.yml", "--name", "sleepy")
    running.wait_for("ready")
    (entry,) = [json.loads(line) for line in run_dora("list", "--json").out.splitlines()]
    assert entry["name"] == "sleepy"
    assert entry["status"] == "Running"
    assert entry["nodes"] == 1
    assert entry["running_nodes"] == ["sleeper"]
    assert entry["file"] == str(workspace / "dataflow.yml")
    assert isinstance(entry["cpu"], float)
    assert entry["memory"] > 0
    table = run_dora("ps").out.splitlines()
    assert table[1].split()[:4] == [entry["uuid"], "sleepy", "Running", "1"]
    assert run_dora("list", "-q").out == entry["uuid"] + "\n"
    assert run_dora("list", "--status", "failed", "-q").out == ""

    wrong = run_dora("stop", "sleppy")
    assert wrong.code == 6, wrong
    assert "did you mean `sleepy`?" in wrong.err
    stopped = run_dora("stop", "sleepy", "--grace-duration", "100ms")
    assert stopped.code == 0, stopped
    assert "Stopped sleepy" in stopped.out
    assert running.end().code == 0
    assert run_dora("list", "-q").out == ""
    assert not running.survivors()


def test_stop_all_stops_several(dataflow, start_dora, run_dora):
    dataflow(sleeper="echo ready; trap 'exit 0' TERM; sleep 1000 & wait")
    runs = [start_dora("run", "dataflow.yml") for _ in range(3)]
    for running in runs:
        running.wait_for("ready")
    ambiguous = run_dora("stop")
    assert ambiguous.code == 2, ambiguous
    assert "Multiple dataflows running. Specify a UUID or name." in ambiguous.err
    stopped = run_dora("stop", "--all", "--grace-duration", "50ms")
    assert (stopped.code, stopped.out) == (0, "Stopped 3 dataflow(s).\n"), stopped
    assert [running.end().code for running in runs] == [0, 0, 0]


def test_force_kills_at_once_and_tells_the_failure(dataflow, start_dora, run_dora):
    dataflow(stubborn="trap '' TERM INT; echo ready; while true; do sleep 1000; done")
    running = start_dora("run", "dataflow.yml")
    running.wait_for("ready")
    stopped = run_dora("stop", "--force")
    assert "stubborn" in stopped.err or stopped.code == 0, stopped
    ended = running.end()
    assert ended.code in (0, 1), ended
    assert not running.survivors()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_and_the_code_is_0(dataflow, start_dora, number):
    dataflow(sleeper="echo ready; trap 'exit 0' TERM; sleep 1000 & wait")
    running = start_dora("run", "dataflow.yml", "--grace-duration", "50ms")
    running.wait_for("ready")
    running.signal(number)
    ended = running.end()
    assert ended.code == 0, ended
    assert "stopping…" in ended.err
    assert ("^C" in ended.err) == (number == signal.SIGINT)
    assert not running.survivors()


def test_a_second_interrupt_kills_and_the_code_is_130(dataflow, start_dora):
    dataflow(stubborn="trap '' TERM INT; echo ready; while true; do sleep 1000; done")
    running = start_dora("run", "dataflow.yml")
    running.wait_for("ready")
    running.signal(signal.SIGINT)
    running.wait_for("stopping…")
    running.signal(signal.SIGINT)
    ended = running.end()
    assert ended.code == 130, ended
    assert not running.survivors()


def test_flags_without_effect_say_so(dataflow, run_dora):
    dataflow(printer="echo hello")
    result = run_dora("run", "dataflow.yml", "--coordinator-addr", "127.0.0.1")
    assert result.code == 0, result
    assert "warning: --coordinator-addr: " in result.err


def test_a_failed_node_is_told_last(dataflow, run_dora):
    dataflow(bad="echo reason >&2; exit 7")
    result = run_dora("run", "dataflow.yml")
    assert result.code == 1, result
    assert "Dataflow failed:\n\nNode `bad` failed: exited with code 7" in result.err
    assert "reason" in result.err
