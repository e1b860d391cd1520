"""Wrong uses of the command line: each ends with its exit code and a message that names the word
and the way out; nothing is started, nothing aborts, nothing is left running."""

import os
from pathlib import Path

import pytest

TWO_NODES = """\
nodes:
  - id: sender
    path: sender.py
    outputs: [message]
  - id: receiver
    path: receiver.py
    inputs:
      message: sender/message
"""

# Words, exit code, what the answer must hold.
USAGE = [
    ([], 2, ["new NAME", "run PATH", "logs", "doctor", "dora help"]),
    (["rnu", "hello"], 2, ["unknown command `rnu`", "did you mean `run`?"]),
    (["lst"], 2, ["did you mean `list`?"]),
    (["dataflow.yml"], 2, ["did you mean `dora run dataflow.yml`?"]),
    (["robot"], 2, ["unknown command `robot`, did you mean `dora run robot`?"]),
    (["version"], 2, ["did you mean `dora --version`?"]),
    (["-v"], 2, ["did you mean `dora --version`?"]),
    (["--json", "list"], 2, ["`--json`", "behind the command", "dora COMMAND --json"]),
    (["--uv", "run", "dataflow.yml"], 2, ["behind the command"]),
    (["run", "dataflow.yml", "-uv"], 2, ["unknown flag `-uv`", "did you mean `--uv`?"]),
    (["run", "dataflw.yml"], 3, ["did you mean `dataflow.yml`?"]),
    (["validate", "robbot"], 3, ["did you mean `robot`?"]),
    (["run", "sender.py"], 3, ["the name of a program", "a node's `path`"]),
    (["validate", "node.cpp"], 3, ["the name of a program"]),
    (["system"], 2, ["`dora system` needs a command: `dora system status`"]),
    (["xyzzy"], 2, ["unknown command `xyzzy`", "dora help"]),
    (["trace", "list"], 2, ["`dora trace` is not in this version yet"]),
    (["--colour", "never", "list"], 2, ["unknown flag `--colour`", "did you mean `--color`?"]),
    (["--color", "sometimes", "list"], 2, ["auto, always or never"]),
    (["--color=sometimes", "list"], 2, ["auto, always or never"]),
    (["-x"], 2, ["unknown flag `-x`"]),
    (["help", "rnu"], 2, ["did you mean `run`?"]),
    (["help", "E013"], 2, ["did you mean `dora explain E013`?"]),
    (["help", "modles"], 2, ["did you mean `modules`?"]),
    (["run"], 2, ["`dora run` needs PATH", "usage: dora run"]),
    (["run", "a.yml", "b.yml"], 2, ["takes only one PATH"]),
    (["run", ""], 2, ["PATH is empty"]),
    (["run", "dataflow.yml", "--stop-aftr", "1s"], 2, ["did you mean `--stop-after`?", "usage"]),
    (["run", "dataflow.yml", "--stop-after"], 2, ["`--stop-after` needs a value", "DUR"]),
    (["run", "dataflow.yml", "--stop-after", ""], 2, ["not a duration"]),
    (["run", "dataflow.yml", "--stop-after", "-1s"], 2, ["--stop-after", "not a duration"]),
    (["run", "dataflow.yml", "--stop-after", "soon"], 2, ["`soon`", "10s"]),
    (["run", "dataflow.yml", "--stop-after", "10x"], 2, ["`10x`"]),
    (["run", "dataflow.yml", "--stop-after", "1e99s"], 2, ["--stop-after"]),
    (["run", "dataflow.yml", "--stop-after", "9" * 400], 2, ["--stop-after"]),
    (["run", "dataflow.yml", "--grace-duration", "1h30"], 2, ["--grace-duration"]),
    (["run", "dataflow.yml", "--log-level", "loud"], 2, ["--log-level loud", "error, warn"]),
    (["run", "dataflow.yml", "--log-level", "inof"], 2, ["did you mean `info`?"]),
    (["run", "dataflow.yml", "--log-format", "xml"], 2, ["pretty, compact or json"]),
    (["run", "dataflow.yml", "--log-filter", "camera"], 2, ["node=level"]),
    (["run", "dataflow.yml", "--log-filter", "a=info,,b=warn"], 2, ["node=level"]),
    (["run", "dataflow.yml", "--log-filter", "a=laut"], 2, ["`laut`"]),
    (["run", "dataflow.yml", "--env", "NAME"], 2, ["KEY=VALUE"]),
    (["run", "dataflow.yml", "--env", "=value"], 2, ["no name"]),
    (["run", "dataflow.yml", "--env", "A=$HOME"], 2, ["`$` is not expanded here"]),
    (["run", "dataflow.yml", "--env", "A=1.10"], 2, ["YAML reads `1.10` as `1.1`", "quotes"]),
    (["run", "dataflow.yml", "--env", "A=01234"], 2, ["`1234`"]),
    (["run", "dataflow.yml", "--env", "A=1e5"], 2, ["quotes"]),
    (["run", "dataflow.yml", "--env"], 2, ["`--env` needs a value"]),
    (["run", "dataflow.yml", "--exit-when-nodes-finish=maybe"], 2, ["true or false"]),
    (["run", "dataflow.yml", "--uv=yes"], 2, ["`--uv` takes no value"]),
    (["run", "dataflow.yml", "--locked", "--write-lockfile"], 2, ["exclude each other"]),
    (["run", "dataflow.yml", "--build", "--no-build"], 2, ["exclude each other"]),
    (["run", "dataflow.yml", "--lockfile", "x"], 2, ["`--lockfile` goes with"]),
    (["run", "http://127.0.0.1:1/x.yml"], 3, ["127.0.0.1:1/x.yml", "refused"]),
    (["run", "http://127.0.0.1:1/"], 3, ["names no file"]),
    (["validate", "https://example.org/x.yml"], 2, ["only `dora run` downloads"]),
    (["build", "dataflow.yml", "--coordinator-port", "70000"], 2, ["`70000` is no port"]),
    (["build", "dataflow.yml", "--coordinator-addr", "nobody"], 2, ["`nobody` is no IP"]),
    (["stop", "a", "b"], 2, ["takes only one"]),
    (["stop", "a", "--name", "b"], 2, ["once"]),
    (["stop", "a", "--all"], 2, ["`--all`"]),
    (["stop", "--force", "--grace-duration", "1s"], 2, ["exclude each other"]),
    (["stop", "--grace-duration", "soon"], 2, ["not a duration"]),
    (["stop", "nothing-of-that-name"], 6, ["with name `nothing-of-that-name` is running"]),
    (["list", "--format", "xml"], 2, ["table or json"]),
    (["list", "--status", "asleep"], 2, ["running, finished or failed"]),
    (["list", "--sort-by", "name"], 2, ["cpu or memory"]),
    (["list", "-q", "--format", "json"], 2, ["exclude each other"]),
    (["list", "--format", "jsno"], 2, ["`--format jsno`", "did you mean `json`?"]),
    (["stop", "--formt", "json"], 2, ["did you mean `--format`?"]),
    (["list", "extra"], 2, ["takes no argument"]),
    (["validate"], 2, ["`dora validate` needs PATH"]),
    (["run", "missing.yml"], 3, ["missing.yml"]),
    (["run", "empty-folder"], 3, ["empty-folder", "dataflow.yml"]),
    (["run", "unreadable-fifo"], 3, ["unreadable-fifo"]),
    (["run", "broken.yml"], 3, ["broken.yml:", "^", "nothing was started"]),
    (["run", "typo.yml"], 3, ["did you mean `sender/message`?", "did you mean `outputs`?"]),
    (["run", "missing-script.yml"], 3, ["`missing.py`", "missing-script.yml:6:11", "nothing was"]),
    (["validate", "missing-script.yml"], 3, ["`missing.py`"]),
    (["run", "shell.yml"], 1, ["Dataflow failed", "DORA_ALLOW_SHELL_NODES"]),
    (["run", "deploy.yml"], 3, ["deploy", "--ignore-deploy"]),
    (["run", "/dev/null"], 3, ["/dev/null"]),
    (["run", "/proc/self/mem"], 3, ["/proc/self/mem"]),
    (["run", "x" * 5000], 3, ["error"]),
    (["validate", "missing.yml", "typo.yml"], 3, ["missing.yml"]),
    (["validate", "typo.yml"], 3, ["did you mean `sender/message`?"]),
]


@pytest.fixture
def files(workspace: Path) -> Path:
    """A folder of dataflows, right and wrong. Their nodes would leave a file named `started`."""
    node = "import pathlib\npathlib.Path('started').touch()\n"
    (workspace / "sender.py").write_text(node)
    (workspace / "receiver.py").write_text(node)
    (workspace / "dataflow.yml").write_text(TWO_NODES)
    (workspace / "robot").mkdir()
    (workspace / "robot" / "dataflow.yml").write_text(TWO_NODES)
    (workspace / "broken.yml").write_text("nodes:\n  - id: [\n")
    (workspace / "typo.yml").write_text(
        TWO_NODES.replace("message: sender/message", "message: sender/mesage")
        + "    ouputs: [count]\n"
    )
    (workspace / "deploy.yml").write_text(
        TWO_NODES.replace("outputs: [message]", "outputs: [message]\n    deploy: {machine: a}")
    )
    (workspace / "missing-script.yml").write_text(
        TWO_NODES.replace("path: receiver.py", "path: missing.py")
    )
    (workspace / "shell.yml").write_text("nodes: [{id: a, path: shell, args: touch started}]\n")
    (workspace / "empty-folder").mkdir()
    os.mkfifo(workspace / "unreadable-fifo")
    return workspace


@pytest.mark.parametrize(
    ("words", "code", "answers"),
    USAGE,
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_is_answered(files: Path, run_dora, words: list[str], code: int, answers: list[str]):
    result = run_dora(*words)
    assert result.code == code, result
    assert result.out == "" or words[0] == "validate", result
    for answer in answers:
        assert answer in result.err, result
    assert "terminate called" not in result.err
    assert not (files / "started").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DORA_LOG_LEVEL", "loud"), ("DORA_LOG_FORMAT", "xml"), ("DORA_LOG_FILTER", "camera")],
)
def test_a_wrong_environment_variable_is_a_usage_error(files: Path, run_dora, variable, value):
    result = run_dora("run", "dataflow.yml", env={variable: value})
    assert result.code == 2, result
    assert value in result.err


def test_an_unreadable_file_is_told_from_a_missing_one(files: Path, run_dora):
    path = files / "dataflow.yml"
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    result = run_dora("run", "dataflow.yml")
    assert result.code == 3, result
    assert "ermission" in result.err


@pytest.mark.parametrize(
    "words", [["--help"], ["-h"], ["help"], ["help", "run"], ["run", "--help"], ["stop", "-h"]]
)
def test_help_goes_to_stdout(run_dora, words):
    result = run_dora(*words)
    assert result.code == 0, result
    assert result.err == ""
    assert "examples:" in result.out
    assert all(len(line) <= 80 for line in result.out.splitlines())


def test_the_first_help_fits_on_a_screen(run_dora):
    assert len(run_dora("--help").out.splitlines()) <= 24


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_the_last_word_of_one_line(run_dora, word):
    result = run_dora(word)
    assert result.code == 0
    program, version = result.out.split()
    assert program == "dora"
    assert version.split(".")[0].isdigit()


def test_nothing_runs(run_dora):
    assert run_dora("list").out.split() == ["UUID", "Name", "Status", "Nodes", "CPU", "Memory"]
    assert run_dora("ps", "--json").out == ""
    stopped = run_dora("stop")
    assert (stopped.code, stopped.err) == (0, "")
    assert stopped.out == "No dataflows are running. Use `dora list` to check dataflow status.\n"
    assert run_dora("stop", "--all").out == "No dataflows are running.\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">/dev/full", "2>/dev/full", "| true"])
@pytest.mark.parametrize("words", ["list", "help", "rnu", "run missing.yml", "--version"])
def test_closed_and_full_streams_abort_nothing(start, dora_program, words, closed):
    result = start("bash", "-c", f"set -o pipefail; {dora_program} {words} {closed}").end()
    assert result.code in (0, 2, 3), result


def test_a_foreign_instance_directory_is_not_followed(run_dora, environment, tmp_path):
    # Somebody else's idea of where our sockets are: a link.
    real = tmp_path / "elsewhere"
    real.mkdir()
    runtime = Path(environment["XDG_RUNTIME_DIR"])
    (runtime / "dora").symlink_to(real)
    result = run_dora("list")
    assert result.code in (0, 1), result
    assert list(real.iterdir()) == []


def test_colors_are_for_terminals(run_dora):
    assert "\x1b" not in run_dora("rnu").err
    assert "\x1b" in run_dora("--color", "always", "list", "--sort-by", "x").err
