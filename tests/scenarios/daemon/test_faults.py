"""The processes of the dora in the background killed: what happens is what docs/faults.md says."""

import pytest
from support import faults
from support.watchdog import wait_until

BEGUN = {faults.MOMENTS[0]: "process", faults.MOMENTS[1]: "first"}


@pytest.mark.parametrize("moment", BEGUN)
@pytest.mark.parametrize("who", ["engine", "watcher", "front"])
def test_what_follows_the_death_of_dora(flow, daemon, who, moment):
    faults.prepare(flow, moment)
    uuid = daemon.start("--name", "flow")
    for node in faults.NODES:
        daemon.wait_for_log(uuid, node, BEGUN[moment])
    faults.kill(getattr(daemon, who)())
    left = faults.gone_in(flow)
    again = daemon.run("up")
    said = "the next `dora up` names the dataflow" if uuid in again.err else "nothing"
    listed = daemon.list()
    state = listed[uuid]["status"] if uuid in listed else "not listed"
    faults.check(f"the {who} of `dora up`", moment, [f"`dora list`: {state}", said, "—", left])


def heard(daemon, uuid, nodes):
    lines = [f"{node}: {line}" for node in nodes for line in daemon.messages(uuid, node)]
    return "; ".join(faults.told("\n".join(lines), node) for node in nodes)


@pytest.mark.parametrize("moment", BEGUN)
@pytest.mark.parametrize("who", ["guard of `dora up`", "attached `dora start`"])
def test_what_a_dataflow_outlives(flow, daemon, start_dora, who, moment):
    faults.prepare(flow, moment)
    attached = start_dora("start", "dataflow.yml", "--attach", "--name", "flow")
    attached.wait_for("triggered: ")
    uuid = wait_until(lambda: next(iter(daemon.list()), None), "the dataflow")
    for node in faults.NODES:
        daemon.wait_for_log(uuid, node, BEGUN[moment])
    victim = daemon.guard() if "guard" in who else attached.pid
    faults.kill(victim)
    # It goes on: the nodes that were held start now.
    (flow.path / "hold-start").unlink(missing_ok=True)
    for node in faults.NODES:
        daemon.wait_for_log(uuid, node, "first")
    state = daemon.list()[uuid]["status"]
    assert daemon.run("stop", "flow").code == 0
    attached.end()
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    told = heard(daemon, uuid, faults.NODES)
    faults.check(f"the {who}", moment, [f"`dora list`: {state}", "nothing", told, left])


@pytest.mark.parametrize("moment", BEGUN)
def test_what_follows_the_death_of_a_node(flow, daemon, moment):
    faults.prepare(flow, moment)
    uuid = daemon.start("--name", "flow")
    for node in faults.NODES:
        daemon.wait_for_log(uuid, node, BEGUN[moment])
    (first, *_) = daemon.messages(uuid, "producer")
    faults.kill(int(first.split()[-1]))
    if moment == faults.MOMENTS[1]:
        # The bystander goes on until it is stopped.
        daemon.wait_for_log(uuid, "consumer", "event STOP")
        daemon.run("stop", "flow")
    wait_until(lambda: not daemon.list("--status", "running"), "the end of the dataflow")
    state = daemon.list()[uuid]["status"]
    cause = faults.causes(daemon.run("status").text) or "nothing"
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    told = heard(daemon, uuid, ["bystander", "consumer"])
    faults.check("a node of `dora up`", moment, [f"`dora list`: {state}", cause, told, left])
