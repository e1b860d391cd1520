"""Parameters of nodes of the dora in the background."""

import os
import resource
import signal
import sqlite3
from contextlib import closing
from pathlib import Path


def store_of(environment):
    return Path(environment["HOME"]) / ".dora" / "default.db"


def stored(environment):
    with closing(sqlite3.connect(store_of(environment))) as store:
        return dict(store.execute("SELECT key, value FROM parameters").fetchall())


def test_a_restarted_dataflow_keeps_its_parameters(waiting, daemon):
    daemon.start("--name", "hello")
    assert daemon.run("param", "set", "waiting", "rate", "10", "-d", "hello").code == 0
    assert daemon.run("restart", "hello").code == 0
    assert daemon.run("param", "get", "waiting", "rate", "-d", "hello").out == "10\n"


def test_what_was_acknowledged_is_written_down(waiting, daemon, environment):
    """Even when the daemon is killed right after its answer."""
    for number in range(5):
        daemon.start("--name", f"run-{number}")
        run = ("-d", f"run-{number}")
        assert daemon.run("param", "set", "waiting", "rate", "1", *run).code == 0
        assert daemon.run("param", "set", "waiting", f"last-{number}", "true", *run).code == 0
        assert daemon.run("param", "delete", "waiting", "rate", *run).code == 0
        os.kill(daemon.engine(), signal.SIGKILL)
        waiting.wait_until_gone()
        kept = stored(environment)
        assert kept[f"last-{number}"] == "true"
        assert "rate" not in kept
        assert daemon.run("up").code == 0


def test_what_cannot_be_written_down_is_not_changed(waiting, daemon, environment):
    uuid = daemon.start("--name", "hello")
    assert daemon.run("param", "set", "waiting", "rate", "1").code == 0
    # From now on every file is too large for it, as on a full disk.
    resource.prlimit(daemon.engine(), resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    for change in (("set", "waiting", "rate", "2"), ("delete", "waiting", "rate")):
        refused = daemon.run("param", *change)
        assert refused.code == 1, refused
        assert "the parameter was not changed" in refused.err
    assert daemon.run("param", "get", "waiting", "rate").out == "1\n"
    assert daemon.list()[uuid]["status"] == "Running"
