"""Tests that run inside a node whose outputs are its own inputs; see ../test_in_a_node.py."""

import pytest
from dora import Node


@pytest.fixture(scope="session")
def the_node():
    with Node() as node:
        yield node


@pytest.fixture
def node(the_node):
    yield the_node
    while the_node.try_recv() is not None:
        pass


@pytest.fixture
def echo(node):
    """Sends data and gives the event it arrives as."""

    def send_and_receive(data, metadata=None, output="out"):
        node.send_output(output, data, metadata)
        event = node.next(timeout=10)
        assert event["type"] == "INPUT", event
        return event

    return send_and_receive
