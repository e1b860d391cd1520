"""The fixtures themselves: a test that trusts them must not be fooled."""

import sys

import pytest

from .processes import survivors

DETACHED = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("detached", flush=True)
        time.sleep(1000)
    os._exit(0)
sys.exit(3)
"""


def test_a_detached_grandchild_is_found_and_killed(start, marker):
    running = start(sys.executable, "-c", DETACHED)
    running.wait_for("detached")
    assert running.process.wait() == 3
    assert len(running.survivors()) == 1
    running.kill()
    assert survivors(marker) == {}


def test_a_hang_is_reported_with_what_was_printed(start):
    running = start(
        sys.executable, "-c", "print('so far', flush=True); import time; time.sleep(1000)"
    )
    running.wait_for("so far")
    with pytest.raises(AssertionError, match="so far"):
        running.end(patience=0.05)
    assert running.survivors() == {}


def test_an_early_end_is_reported_with_what_was_printed(start):
    running = start(sys.executable, "-c", "import sys; sys.exit('went wrong')")
    with pytest.raises(AssertionError, match="went wrong"):
        running.wait_for("never printed")
