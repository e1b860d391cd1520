"""Log messages are JSON lines on stdout, those of Python's logging included."""

import json

import pytest


@pytest.fixture
def logged(run_node):
    """Runs the lines in a node; gives the log entries on stdout, and stderr."""

    def run(lines, before=""):
        script = f"import logging\n{before}\nfrom dora import Node\nnode = Node()\n{lines}\n"
        ended = run_node(script, "")
        entries = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        return entries, ended.stderr

    return run


def test_log_writes_level_message_and_fields(logged):
    entries, _ = logged('node.log("info", "Processing item", {"count": "3"})')
    (entry,) = entries
    assert entry["level"] == "info"
    assert entry["message"] == "Processing item"
    assert entry["fields"] == {"count": "3"}
    assert entry["node_id"] == "test-node"
    assert entry["timestamp"].endswith("Z")
    assert "target" not in entry


def test_log_takes_target_and_fields_and_every_spelling_of_levels(logged):
    entries, _ = logged(
        'node.log("WARNING", "a", "my.target", {"x": "1"})\n'
        'node.log(level="error", message="b", fields={"n": 2})\n'
        'node.log("nonsense", "c")\n'
        'node.log_error("d"); node.log_warn("e"); node.log_info("f")\n'
        'node.log_debug("g"); node.log_trace("h")'
    )
    assert [entry["level"] for entry in entries] == [
        *("warn", "error", "info", "error", "warn", "info", "debug", "trace")
    ]
    assert entries[0]["target"] == "my.target"
    assert entries[1]["fields"] == {"n": 2}


def test_fields_beyond_60_kib_are_dropped(logged):
    (entry,), _ = logged('node.log("info", "big", {"x": "y" * 70000})')
    assert entry["fields_dropped"] is True
    assert "fields" not in entry


def test_records_of_logging_arrive_without_any_setup(logged):
    entries, _ = logged(
        'logging.info("Processing item %d", 3)\n'
        'logging.getLogger("a.b").warning("careful", extra={"part": 7})\n'
        'logging.getLogger("a.b").debug("unheard")'
    )
    assert [(entry["level"], entry["message"]) for entry in entries] == [
        ("info", "Processing item 3"),
        ("warn", "careful"),
    ]
    assert entries[0]["target"] == "root"
    assert entries[0]["file"].endswith("my_node.py")
    assert entries[0]["line"] == 5
    assert entries[1]["target"] == "a.b"
    assert entries[1]["fields"] == {"part": 7}


def test_basic_config_after_the_node_keeps_the_bridge_and_its_level(logged):
    entries, errors = logged(
        "logging.basicConfig(level=logging.DEBUG)\n"
        'logging.getLogger(__name__).debug("seen")\nlogging.error("once")'
    )
    assert [(entry["level"], entry["message"]) for entry in entries] == [
        ("debug", "seen"),
        ("error", "once"),
    ]
    assert errors == ""


def test_basic_config_before_the_node_keeps_its_own_handler_only(logged):
    entries, errors = logged(
        'logging.debug("plain")', before="logging.basicConfig(level=logging.DEBUG)"
    )
    assert entries == []
    assert "DEBUG:root:plain" in errors


def test_handlers_that_show_lines_are_not_doubled(logged):
    entries, errors = logged(
        "import sys\n"
        "logging.basicConfig(handlers=[logging.StreamHandler(sys.stderr)])\n"
        'logging.warning("once")'
    )
    assert entries == []
    assert errors.count("once") == 1


def test_tracebacks_stay_with_their_message(logged):
    (entry,), _ = logged(
        'try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception("failed")'
    )
    assert entry["level"] == "error"
    assert entry["message"].startswith("failed\nTraceback")
    assert "ZeroDivisionError" in entry["message"]


def test_the_environment_sets_the_level(run_node):
    script = 'import logging\nfrom dora import Node\nNode()\nlogging.debug("fine")'
    assert '"fine"' in run_node(script, "", DORA_LOG="debug").stdout
    assert '"fine"' not in run_node(script, "").stdout


def test_target_and_fields_may_both_be_fields(logged):
    (entry,), _ = logged('node.log("info", "a", {"x": "1"}, {"y": "2"})')
    assert entry["fields"] == {"x": "1", "y": "2"}


@pytest.mark.parametrize("arguments", ['fields="x"', "target=3", '["x"]', "fields=[1]"])
def test_what_is_neither_target_nor_fields_is_named(logged, arguments):
    entries, errors = logged(f'node.log("info", "a", {arguments})')
    assert entries == []
    assert "TypeError" in errors or "InvalidType" in errors
    assert "of a log message" in errors


def test_whatever_is_logged_stays_a_line_of_json(logged):
    entries, errors = logged(
        'node.log("info", "\\ud800 half", {"nan": float("nan"), "big": 10**400, "x": b"1"})\n'
        "import sys; sys.stdout.close()\n"
        'node.log("info", "nobody reads it")'
    )
    assert errors == ""
    assert entries[0]["message"] == "? half"
    assert entries[0]["fields"] == {"nan": "nan", "big": str(10**400), "x": "b'1'"}


LATE = """
import sys
before = set(sys.modules)
from dora import Node
node = Node()
costly = {"logging", "json", "re", "typing", "datetime"}
print("needs", sorted(costly & (set(sys.modules) - before)))
import logging
logging.getLogger("late").warning("heard", extra={"part": 7})
print("loader", type(logging.__loader__).__name__, logging.__spec__.loader is logging.__loader__)
node.log("info", "of the node")
"""


def test_a_node_that_does_not_log_needs_no_logging(run_dataflow):
    ended = run_dataflow(dataflow_yml="nodes: [{id: quiet, path: node.py}]", node_py=LATE)
    assert ended.code == 0, ended
    assert "needs []" in ended.out
    assert "loader SourceFileLoader True" in ended.out
    assert "WARN   quiet: late heard" in ended.out
    assert "of the node" in ended.out


def test_an_undeclared_output_is_warned_of_where_nobody_has_imported_logging(run_dataflow):
    ended = run_dataflow(
        dataflow_yml="nodes: [{id: sender, path: node.py}]",
        node_py="from dora import Node\nNode().send_output('nowhere', b'')\n",
    )
    assert ended.code == 0, ended
    assert "output 'nowhere' is not sent" in ended.out
