"""Parameters of nodes of the dora in the background."""


def test_a_restarted_dataflow_keeps_its_parameters(waiting, daemon):
    daemon.start("--name", "hello")
    assert daemon.run("param", "set", "waiting", "rate", "10", "-d", "hello").code == 0
    assert daemon.run("restart", "hello").code == 0
    assert daemon.run("param", "get", "waiting", "rate", "-d", "hello").out == "10\n"
