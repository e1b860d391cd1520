"""What the dora in the background writes down, and what the next one tells of it."""

import os
import signal
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from support.soak import ask
from support.watchdog import wait_until


def store_of(environment):
    return Path(environment["HOME"]) / ".dora" / "default.db"


def test_the_next_daemon_knows_what_ended_how(flow, daemon):
    flow.nodes(fails="raise SystemExit('no camera')", ends="")
    for name in ("fails", "ends"):
        flow.write(f"{name}.yml", f"nodes: [{{id: {name}, path: {name}.py}}]")
        daemon.run("start", f"{name}.yml", "--name", name, "--detach")
    wait_until(lambda: not daemon.list("--status", "running"), "the end of both")
    before = {line["name"]: line["status"] for line in daemon.list().values()}
    assert before == {"fails": "Failed", "ends": "Finished"}
    assert daemon.run("down").code == 0
    assert daemon.run("up").err == ""
    assert {line["name"]: line["status"] for line in daemon.list().values()} == before
    assert daemon.run("clean").code == 0
    assert daemon.run("down").code == 0
    daemon.run("up")
    assert not daemon.list()


def test_a_daemon_that_was_killed_is_told_by_the_next(waiting, daemon, environment):
    uuid = daemon.start("--name", "hello")
    assert daemon.run("param", "set", "waiting", "rate", "10").code == 0
    os.kill(daemon.engine(), signal.SIGKILL)
    waiting.wait_until_gone()
    up = daemon.run("up")
    assert up.code == 0
    assert f"[hello] {uuid}" in up.err
    assert "died without a word" in up.err
    assert daemon.list()[uuid]["status"] == "Failed"
    # It is said once.
    assert daemon.run("down").code == 0
    assert daemon.run("up").err == ""
    assert daemon.run("down").code == 0
    with sqlite3.connect(store_of(environment)) as store:
        assert store.execute("SELECT name, status FROM runs").fetchall() == [("hello", "Failed")]
        assert store.execute("SELECT key, value FROM parameters").fetchall() == [("rate", "10")]
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_end_that_was_told_is_written_down(waiting, daemon, environment):
    """Even when the daemon is killed in the moment of its answer."""
    for number in range(5):
        uuid = daemon.start("--name", f"run-{number}")
        engine = daemon.engine()
        stopped = ask(daemon.runtime, f"/v1/dataflows/{uuid}/stop", "POST")
        os.kill(engine, signal.SIGKILL)
        assert stopped["status"] == "Finished"
        waiting.wait_until_gone()
        with closing(sqlite3.connect(store_of(environment))) as store:
            (row,) = store.execute("SELECT status FROM runs WHERE uuid = ?", (uuid,))
        assert row == ("Succeeded",)
        assert daemon.run("up").err == ""


def test_the_store_is_for_its_owner_only(daemon, environment):
    store = store_of(environment)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def test_a_broken_store_is_refused_with_the_way_out(flow, run_dora, environment):
    store = store_of(environment)
    store.parent.mkdir(mode=0o700)
    store.write_text("this is no database" * 1000)
    refused = run_dora("up")
    assert refused.code == 1
    assert str(store) in refused.err
    assert "--recreate-store" in refused.err
    assert run_dora("up", "--recreate-store").code == 0
    assert Path(f"{store}.backup").read_text().startswith("this is no database")
    busy = run_dora("up", "--recreate-store")
    assert busy.code == 1
    assert "dora down" in busy.err


def test_without_a_disk_it_can_do_with_memory(start_dora, environment):
    running = start_dora("daemon", "--store", "memory")
    running.wait_for("Listening on")
    assert not store_of(environment).exists()
    running.signal(signal.SIGTERM)
    assert running.end().code == 0


def test_an_unknown_kind_of_store_is_refused(run_dora):
    refused = run_dora("daemon", "--store", "postgres")
    assert refused.code == 2
    assert "sqlite" in refused.err
