"""Gives every test below this folder the fixtures of support/fixtures.py."""

import signal

from support.fixtures import *  # noqa: F403

# A runner under nohup ignores this one, and so would every dora that a test starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
