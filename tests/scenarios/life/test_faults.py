"""Every role of a `dora run` killed at every moment: what happens is what docs/faults.md says."""

import signal

import pytest
from support import faults

ROLES = (
    "the producer",
    "the consumer",
    "the engine of `dora run`",
    "the watcher of `dora run`",
    "the front of `dora run`",
)


@pytest.mark.parametrize("moment", faults.MOMENTS)
@pytest.mark.parametrize("who", ROLES)
def test_what_follows_a_death(flow, who, moment):
    faults.prepare(flow, moment)
    running = flow.start()
    pids = faults.reach(moment, running.wait_for, lambda: running.signal(signal.SIGINT))
    victim = who.removeprefix("the ")
    if "engine" in who:
        faults.kill(faults.wait_for_child(faults.wait_for_child(running.pid)))
    elif "watcher" in who:
        faults.kill(faults.wait_for_child(running.pid))
    elif "front" in who:
        faults.kill(running.pid)
    else:
        faults.kill(pids[victim])
        if moment != faults.MOMENTS[0]:
            # The others go on until they are stopped, or stopped again.
            if moment == faults.MOMENTS[1]:
                running.wait_for("SIGKILL")
                if victim == "producer":
                    running.wait_for("consumer: event STOP")
            running.signal(signal.SIGINT)
    result = running.wait()
    left = faults.gone_in(flow)
    ending = f"exit code {result.code}" if result.code >= 0 else "killed itself"
    heard = [faults.told(result.text, node) for node in faults.NODES if node != victim]
    cause = faults.causes(result.text) or "nothing"
    faults.check(who, moment, [ending, cause, "; ".join(heard), left])
