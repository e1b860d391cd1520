"""The short form of the soak: nodes are killed at random, and nothing is lost or grows."""

import os

import pytest
from support import soak

KILLS = 3 * int(os.environ.get("DORA_TEST_REPEAT", "3"))
PAIRS = 3


@pytest.mark.timeout(300)
def test_nodes_killed_at_random_lose_nothing_uncounted_and_leak_nothing(flow, daemon):
    soak.prepare(flow.path, pairs=PAIRS, burst=20)
    daemon.start()
    taken = soak.soak(daemon.runtime, PAIRS, KILLS, 0.3, print)
    # Nodes that were killed are failures of nobody here: they came back.
    daemon.run("stop")
    (dataflow,) = soak.ask(daemon.runtime, "/v1/dataflows")["dataflows"]
    assert dataflow["messages"] > 0
    assert sum(node["restarts"] for node in dataflow["node_details"]) == KILLS
    assert not soak.judge(taken, dataflow)
