"""The soak for a minute: nodes are killed at random, and nothing is lost or grows."""

import pytest
from support import soak

SECONDS = 60
KILLS = SECONDS // soak.BETWEEN_KILLS


@pytest.mark.timeout(600)
def test_nodes_killed_at_random_lose_nothing_uncounted_and_leak_nothing(flow, daemon):
    """`./dev soak` is the same for half an hour, and holds it to its rate, too."""
    soak.prepare(flow.path, burst=soak.burst_for(soak.RATE, soak.PAIRS))
    daemon.start()
    taken = soak.soak(daemon.runtime, soak.PAIRS, KILLS, soak.BETWEEN_KILLS, print)
    print(f"{soak.rate_of(taken):.0f} messages per second")
    # Nodes that were killed are failures of nobody here: they came back.
    daemon.run("stop")
    (dataflow,) = soak.ask(daemon.runtime, "/v1/dataflows")["dataflows"]
    assert dataflow["messages"] > 0
    assert sum(node["restarts"] for node in dataflow["node_details"]) == KILLS
    assert not soak.judge(taken, dataflow)
