"""Gives every test below this folder a dataflow to run: support/flow.py."""

from support.flow import *  # noqa: F403
