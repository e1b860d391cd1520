"""The processes of the dora in the background killed: what happens is what docs/faults.md says."""

import pytest
from support import faults


@pytest.mark.parametrize("moment", faults.MOMENTS[:2])
@pytest.mark.parametrize("who", ["the engine of `dora up`", "the front of `dora up`"])
def test_what_follows_a_death(flow, daemon, who, moment):
    faults.prepare(flow, moment)
    done = daemon.run("start", "dataflow.yml", "--name", "flow", "--detach")
    uuid = done.out.split()[-1]
    for node in faults.NODES:
        daemon.wait_for_log(uuid, node, "process" if moment == faults.MOMENTS[0] else "first")
    faults.kill(daemon.engine() if "engine" in who else daemon.front())
    left = faults.gone_in(flow)
    again = daemon.run("up")
    said = "the next `dora up` names the dataflow" if uuid in again.err else "nothing"
    listed = daemon.list()
    state = listed[uuid]["status"] if uuid in listed else "not listed"
    faults.check(who, moment, [f"`dora list`: {state}", said, "—", left])
