"""Gives every test below this folder the fixtures of support/fixtures.py."""

import signal

from support.fixtures import *  # noqa: F403

# Under nohup or in the background, a runner ignores these, and so would every dora it starts.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
