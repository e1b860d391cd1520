"""Tests of the Python package that need no daemon; those in node/ run inside a node."""

import os

collect_ignore = [] if "DORA_NODE_CONFIG" in os.environ else ["node"]
