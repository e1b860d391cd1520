"""Wrong dataflow files: each is answered with its code, place and way out; nothing starts."""

import re

import pytest

# One line of a node, and what is said about it. `path: node.py` is there.
WRONG_KEYS = [
    ("id: a", "E010", "`a`"),
    ("id: ''", "E009", "id"),
    ("id: front camera", "E009", "front camera"),
    ("id: .hidden", "E009", ".hidden"),
    ("id: -x", "E009", "-x"),
    ("id: dora", "E009", "dora"),
    ("id: a/b", "E009", "a/b"),
    ("id: " + "x" * 65, "E009", "64"),
    ("id: 7", "E006", 'in quotes: "7"'),
    ("id: [a]", "E006", "a list"),
    ("id: true", "E006", 'in quotes: "true"'),
    ("ouputs: [x]", "E004", "did you mean `outputs`?"),
    ("input: {x: a/out}", "E004", "did you mean `inputs`?"),
    ("Path: node.py", "E004", "did you mean `path`?"),
    ("arguments: x", "E004", "did you mean `args`?"),
    ("environment: {A: b}", "E004", "did you mean `env`?"),
    ("source: node.py", "E004", "a node has `path` instead"),
    ("python: op.py", "E004", "belongs to an operator: `operator: {python: ...}`"),
    ("machine: arm", "E004", "belongs to `deploy`: `deploy: {machine: ...}`"),
    ("queue_size: 3", "E004", "an input: `{source: ..., queue_size: ...}`"),
    ("queue-size: 3", "E004", "an input: `{source: ..., queue_size: ...}`"),
    ("args: [a, b]", "E006", "a list"),
    ("args: --label 'front", "E024", "quote"),
    ("build: 'pip install \"x'", "E024", "quote"),
    ("operator: {python: op.py}", "E017", "`path`, `operator`"),
    ("module: m.yml", "E017", "`path`, `module`"),
    ("ros2: {topic: /scan}", "E017", "`path`, `ros2`"),
    ("params: {x: y}", "E018", "`params` belongs to `module`"),
    ("branch: main", "E023", "without `git`"),
    ("path_sha256: abc", "E023", "64 hexadecimal digits"),
    ("git: -x", "E007", "address of a repository"),
    ("outputs: x", "E006", "write `outputs: [x]`"),
    ("outputs: {x: y}", "E006", "a list"),
    ("outputs: [1]", "E006", 'in quotes: "1"'),
    ("outputs: [a b]", "E009", "a b"),
    ("outputs: [/a]", "E009", "/a"),
    ("outputs: [a//b]", "E009", "a//b"),
    ("outputs: ['']", "E009", "empty"),
    ("outputs: [" + "x" * 129 + "]", "E009", "128"),
    ("inputs: [a/out]", "E006", "a map"),
    ("inputs: {x: 1}", "E006", "source"),
    ("inputs: {x: [a/out]}", "E006", "source"),
    ("inputs: {x: {queue_size: 1}}", "E005", "`source`"),
    ("inputs: {x y: a/out}", "E009", "x y"),
    ("inputs: {x: out}", "E012", "<node>/<output>"),
    ("inputs: {x: a/}", "E012", "a/"),
    ("inputs: {x: /out}", "E012", "/out"),
    ("inputs: {x: b/out}", "E011", "`b`"),
    ("inputs: {x: aa/out}", "E011", "did you mean"),
    ("inputs: {x: a/ot}", "E013", "did you mean `a/out`?"),
    ("inputs: {x: dora/timr/secs/1}", "E016", "did you mean"),
    ("inputs: {x: dora/timer}", "E015", "has no unit"),
    ("inputs: {x: dora/timer/secs}", "E015", "dora/timer"),
    ("inputs: {x: dora/timer/secs/0}", "E015", "0"),
    ("inputs: {x: dora/timer/secs/-1}", "E015", "-1"),
    ("inputs: {x: dora/timer/secs/1.5}", "E015", "1.5"),
    ("inputs: {x: dora/timer/secs/99999999999999999999}", "E015", "9999"),
    ("inputs: {x: dora/timer/sec/1}", "E015", "did you mean"),
    ("inputs: {x: dora/timer/hz/0}", "E015", "0"),
    ("inputs: {x: dora/timer/hz/nan}", "E015", "nan"),
    ("inputs: {x: dora/timer/hz/1e12}", "E015", "1e12"),
    ("inputs: {x: a.out}", "E012", "did you mean `a/out`?"),
    ("inputs: {x: 'a:out'}", "E012", "did you mean `a/out`?"),
    ("inputs: {x: 'a\\out'}", "E012", "did you mean `a/out`?"),
    ("inputs: {x: 'a -> out'}", "E012", "did you mean `a/out`?"),
    ("inputs: {x: a / out}", "E011", "did you mean `a/out`?"),
    ("inputs: {x: wrong/y}", "E013", "give it `outputs: [y]`"),
    ("inputs: {x: timer/millis/100}", "E011", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: millis/100}", "E011", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: Dora/Timer/Millis/100}", "E011", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: dora/timer/ms/100}", "E015", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: dora/timer/100ms}", "E015", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: dora/timer/100/millis}", "E015", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: dora/timer/hz/30hz}", "E015", "did you mean `dora/timer/hz/30`?"),
    ("inputs: {x: dora/timer/millis/100ms}", "E015", "did you mean `dora/timer/millis/100`?"),
    ("inputs: {x: dora/logs/loud}", "E012", "loud"),
    ("inputs: {x: {source: a/out, queue_size: -1}}", "E007", "-1"),
    ("inputs: {x: {source: a/out, queue_size: many}}", "E006", "a whole number"),
    ("inputs: {x: {source: a/out, queue_size: 1.5}}", "E007", "1.5"),
    ("inputs: {x: {source: a/out, queue_size: 99999999999}}", "E007", "99999999999"),
    ("inputs: {x: {source: a/out, queue_policy: drop-oldest}}", "E007", "did you mean"),
    ("inputs: {x: {source: a/out, input_timeout: 0}}", "E007", "leave the key out"),
    ("inputs: {x: {source: a/out, input_timeout: -1}}", "E007", "positive"),
    ("inputs: {x: {source: a/out, input_timeout: .inf}}", "E007", "finite"),
    ("inputs: {x: {source: a/out, input_timeout: 1s}}", "E006", "seconds"),
    ("env: [A]", "E006", "a map"),
    ("env: {A: [1]}", "E006", "`A`"),
    ("env: {A: $NOT_SET_ANYWHERE}", "E022", "NOT_SET_ANYWHERE"),
    ("restart_policy: sometimes", "E007", "`never`"),
    ("restart_policy: on_failure", "E007", "did you mean `on-failure`?"),
    ("max_restarts: -1", "E007", "-1"),
    ("max_restarts: lots", "E006", "a whole number"),
    ("restart_delay: -0.5", "E007", "-0.5"),
    ("restart_delay: .nan", "E007", "finite"),
    ("health_check_timeout: fast", "E006", "seconds"),
    ("min_log_level: loud", "E007", "`error`, `warn`"),
    ("max_log_size: 5 TB", "E007", "64MB"),
    ("max_log_size: -5", "E007", "-5"),
    ("max_rotated_files: 101", "E007", "101"),
    ("shared_memory_pool_size: huge", "E007", "64MB"),
    ("cpu_affinity: 1", "E006", "a list"),
    ("cpu_affinity: [-1]", "E007", "-1"),
    ("latency: low", "E007", "`normal`"),
    ("tty: yes", "E006", "write `true`"),
    ('max_restarts: "3"', "E006", "without quotes: 3"),
    ("restart_policy: ALWAYS", "E007", "did you mean `always`?"),
    ("args: [--fast]", "E006", "without brackets: --fast"),
    ("outputs: {a: b}", "E006", "begin each of its items with `- `"),
    ("env: {<<: {A: b}}", "E006", "merge keys are not applied"),
    ("inputs: {<<: a/out}", "E009", "merge keys are not applied"),
    ('name: "\\d"', "E003", "single quotes"),
    ("name: @home", "E003", "into quotes"),
    ("name: *.py", "E003", "into quotes"),
    ("outputs: [a\n    name: b", "E003", "missing before this place"),
    ("id: front camera", "E009", "write `id: front-camera`"),
    ("deploy: {machin: x}", "E004", "did you mean `machine`?"),
    ("deploy: here", "E006", "a map"),
    ("output_framing: {x: arrow}", "E007", "`raw` or `arrow-ipc`"),
    ("send_stdout_as: a b", "E009", "a b"),
]

# Whole files.
WRONG_FILES = {
    "empty": ("", "E021", "`dora new` makes an example"),
    "only a comment": ("# nothing\n", "E021", "empty"),
    "a text": ("hello\n", "E006", "must be a map"),
    "a list": ("- id: a\n", "E006", "must be a map"),
    "two documents": ("nodes: []\n---\nnodes: []\n", "E021", "document"),
    "no nodes": ("env: {A: b}\n", "E005", "`nodes`"),
    "misspelt nodes": ("node: []\n", "E004", "did you mean `nodes`?"),
    "nodes as a map": ("nodes: {a: {path: x}}\n", "E006", "a list"),
    "a node as a text": ("nodes: [a]\n", "E006", "- id: <name>"),
    "open bracket": ("nodes: [\n", "E003", ":"),
    "open quote": ('nodes: ["\n', "E003", ":"),
    "a tab": ("nodes:\n\t- id: a\n", "E003", "tab"),
    "a key twice": ("nodes: []\nnodes: []\n", "E008", "twice"),
    "an unknown alias": ("nodes: *x\n", "E003", "x"),
    "an alias of itself": ("nodes: &x [*x]\n", "E020", "remove the alias"),
    "too deep": ("nodes: " + "[" * 500 + "]" * 500 + "\n", "E019", "64"),
    "a control character": ("nodes: [{id: 'a\x07'}]\n", "E002", ":"),
    "a negative interval": ("health_check_interval: -1\nnodes: []\n", "E007", "positive"),
    "a truth value as text": ("exit_when_nodes_finish: 'true'\nnodes: []\n", "E006", "`true`"),
    "a wrong rule": ("type_rules: [{from: a/b}]\nnodes: []\n", "E005", "`to`"),
    "no kind of node": ("nodes: [{id: a}]\n", "E017", "add `path`"),
    "a command line as program": (
        "nodes: [{id: a, path: node.py --fast}]\n",
        "E040",
        "write `path: node.py` and `args: --fast`",
    ),
    "Python in front of the program": (
        "nodes: [{id: a, path: python3 node.py}]\n",
        "E040",
        "write `path: node.py`",
    ),
    "options in front of the program": (
        "nodes: [{id: a, path: python3 -u node.py}]\n",
        "E040",
        "write `path: python3` and `args: -u node.py`",
    ),
    "a blank behind the program": (
        "nodes: [{id: a, path: 'nosuch '}]\n",
        "E040",
        "`path` ends with a blank",
    ),
    "nothing but a blank as program": (
        "nodes: [{id: a, path: ' '}]\n",
        "E040",
        "`path` ends with a blank",
    ),
    "a home directory": ("nodes: [{id: a, path: ~/node.py}]\n", "E040", "write `$HOME/node.py`"),
    "a path of Windows": ("nodes: [{id: a, path: 'src\\node.py'}]\n", "E040", "`src/node.py`"),
    "a keyword in capitals": ("nodes: [{id: a, path: Dynamic}]\n", "E040", "mean `dynamic`?"),
    "an operator as a text": (
        "nodes: [{id: a, operator: op.py}]\n",
        "E006",
        "write `operator: {python: op.py}`",
    ),
    "a private node of a module": (
        "nodes: [{id: m, module: inner.yml}, {id: a, path: node.py, inputs: {x: m.b/y}}]\n",
        "E033",
        "read `m/y`",
    ),
    "no id": ("nodes: [{path: node.py}]\n", "E005", "add `id: <node id>`"),
    "no program": ("nodes: [{id: a, path: nod.py}]\n", "E040", "did you mean"),
    "a folder as program": ("nodes: [{id: a, path: folder}]\n", "E041", "folder"),
    "a file that cannot be executed": ("nodes: [{id: a, path: plain}]\n", "E041", "chmod"),
    "no operator": ("nodes: [{id: a, operator: {python: op.py}}]\n", "E042", "op.py"),
    "two languages": (
        "nodes: [{id: a, operator: {python: node.py, shared-library: x}}]\n",
        "E025",
        "python",
    ),
    "no language": ("nodes: [{id: a, operator: {}}]\n", "E025", "python"),
    "no module": ("nodes: [{id: a, module: m.yml}]\n", "E030", "m.yml"),
    "a misspelt module": ("nodes: [{id: a, module: iner.yml}]\n", "E030", "mean `inner.yml`?"),
    "a module without its ending": (
        "nodes: [{id: a, module: ./inner}]\n",
        "E030",
        "did you mean `./inner.yml`?",
    ),
    "a module as a program": ("nodes: [{id: a, path: inner.yml}]\n", "E041", "module: inner.yml"),
    "a module outside": ("nodes: [{id: a, module: ../m.yml}]\n", "E030", "../m.yml"),
    "a timer with inputs": (
        "nodes: [{id: a, path: dora/timer/secs/1, inputs: {x: a/y}, outputs: [y]}]\n",
        "E018",
        "`inputs`",
    ),
    "an empty path": ("nodes: [{id: a, path: ''}]\n", "E007", "path"),
    "an unknown builtin node": ("nodes: [{id: a, path: dora/clock/1}]\n", "E016", "dora/clock"),
}


@pytest.fixture
def folder(workspace):
    """Programs that would leave a file named `started`."""
    (workspace / "node.py").write_text("open('started', 'w')\n")
    (workspace / "plain").write_text("no program")
    (workspace / "folder").mkdir()
    (workspace / "inner.yml").write_text(
        "module: {name: m, outputs: [y]}\nnodes: [{id: b, path: node.py, outputs: [y]}]\n"
    )
    yield workspace
    assert not (workspace / "started").exists()


def check(run_dora, code, answer):
    result = run_dora("run", "dataflow.yml")
    assert result.code == 3, result
    assert f"error[{code}]" in result.err, result
    assert answer in result.err, result
    assert "--> dataflow.yml" in result.err, result
    assert result.err.endswith("nothing was started\n")
    assert len(result.err) < 10_000
    assert result.out == ""


@pytest.mark.parametrize(("line", "code", "answer"), WRONG_KEYS, ids=lambda value: str(value)[:50])
def test_a_wrong_line_is_explained(folder, run_dora, line, code, answer):
    (folder / "dataflow.yml").write_text(
        "nodes:\n"
        "  - {id: a, path: node.py, outputs: [out]}\n"
        f"  - {line}\n"
        + ("" if line.startswith("id:") else "    id: wrong\n")
        + "    path: node.py\n"
    )
    check(run_dora, code, answer)


def test_a_thousand_missing_programs_ask_uv_once(folder, run_dora, environment):
    (folder / "uv").write_text(f"#!/bin/sh\necho asked >> {folder}/asked\nexit 1\n")
    (folder / "uv").chmod(0o755)
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    nodes = "".join(f"  - {{id: n{i}, path: missing-{i}}}\n" for i in range(1000))
    (folder / "dataflow.yml").write_text("nodes:\n" + nodes)
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 3, result
    assert result.err.count("error[E040]") == 100
    assert "... and 900 more" in result.err
    assert (folder / "asked").read_text() == "asked\n"


@pytest.mark.parametrize(
    "content",
    [
        "nodes: []".encode("utf-16"),
        b"nodes: [{id: \xff\xfe}]\n",
        b"nodes: [{id: '\x1b[31m'}]\n",
        "nodes: [{id: '\x9b31m', ouputs: x}]\n".encode(),
        b"\xc0\xaf\xed\xa0\x80\xf5\xf5\n",
    ],
)
def test_no_byte_of_a_file_reaches_the_terminal_as_it_is(folder, run_dora, content):
    (folder / "dataflow.yml").write_bytes(content)
    result = run_dora("validate", "dataflow.yml")
    assert result.code == 3
    assert "\ufffd" not in result.err, "not UTF-8"
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.err), result


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_wrong_file_is_explained(folder, run_dora, name):
    text, code, answer = WRONG_FILES[name]
    (folder / "dataflow.yml").write_text(text)
    check(run_dora, code, answer)
