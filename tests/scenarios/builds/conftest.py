"""Gives the tests of builds packages to install: support/wheels.py."""

from support.wheels import *  # noqa: F403
