"""The processes of the dora in the background killed: what happens is what docs/faults.md says."""

import pytest
from support import faults
from support.watchdog import wait_until

IMPORTS, FLOWS, STOPS = faults.MOMENTS
BEGUN = {IMPORTS: "process", FLOWS: "first", STOPS: "first"}


class Background:
    """A dataflow of the dora in the background, brought to a moment."""

    def __init__(self, flow, daemon, start_dora, moment, uuid):
        self.flow, self.daemon, self.uuid = flow, daemon, uuid
        self.stop = None
        self.wait_for_all(BEGUN[moment])
        if moment == STOPS:
            self.stop = start_dora("stop", "flow")
            self.wait_for_all("stopping")

    def wait_for_all(self, text):
        for node in faults.NODES:
            self.daemon.wait_for_log(self.uuid, node, text)

    def go_on(self):
        """Lets the nodes go that are held, and stops them unless somebody does."""
        for name in ("hold-start", "hold-stop"):
            (self.flow.path / name).unlink(missing_ok=True)
        if self.stop is None:
            self.wait_for_all("first")
            assert self.daemon.run("stop", "flow").code == 0

    def ending(self):
        """How the commands see the end."""
        told = "" if self.stop is None else f"`dora stop`: exit code {self.stop.end().code}; "
        listed = self.daemon.list()
        state = listed[self.uuid]["status"] if self.uuid in listed else "not listed"
        return f"{told}`dora list`: {state}"

    def heard(self, nodes):
        lines = [f"{node}: {line}" for node in nodes for line in self.messages(node)]
        return "; ".join(faults.told("\n".join(lines), node) for node in nodes)

    def messages(self, node):
        return self.daemon.messages(self.uuid, node)


@pytest.fixture
def background(flow, daemon, start_dora):
    def bring(moment):
        faults.prepare(flow, moment)
        return Background(flow, daemon, start_dora, moment, daemon.start("--name", "flow"))

    return bring


@pytest.mark.parametrize("moment", faults.MOMENTS)
@pytest.mark.parametrize("who", ["engine", "watcher", "front"])
def test_what_follows_the_death_of_dora(flow, daemon, background, who, moment):
    dataflow = background(moment)
    faults.kill(getattr(daemon, who)())
    left = faults.gone_in(flow, besides=dataflow.stop)
    again = daemon.run("up")
    said = "the next `dora up` names the dataflow" if dataflow.uuid in again.err else "nothing"
    heard = dataflow.heard(faults.NODES)
    faults.check(f"the {who} of `dora up`", moment, [dataflow.ending(), said, heard, left])


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_the_guard_is_outlived(flow, daemon, background, moment):
    dataflow = background(moment)
    faults.kill(daemon.guard())
    dataflow.go_on()
    ending = dataflow.ending()
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    heard = dataflow.heard(faults.NODES)
    faults.check("the guard of `dora up`", moment, [ending, "nothing", heard, left])


def test_a_waiting_stop_is_outlived(flow, daemon, background):
    dataflow = background(STOPS)
    faults.kill(dataflow.stop.pid)
    dataflow.stop.end()
    dataflow.stop = None
    (flow.path / "hold-stop").unlink()
    wait_until(lambda: not daemon.list("--status", "running"), "the end of the dataflow")
    ending = dataflow.ending()
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    heard = dataflow.heard(faults.NODES)
    faults.check("the `dora stop` that waits", STOPS, [ending, "nothing", heard, left])


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_the_attached_start_is_outlived(flow, daemon, start_dora, moment):
    faults.prepare(flow, moment)
    attached = start_dora("start", "dataflow.yml", "--attach", "--name", "flow")
    attached.wait_for("triggered: ")
    uuid = wait_until(lambda: next(iter(daemon.list()), None), "the dataflow")
    dataflow = Background(flow, daemon, start_dora, moment, uuid)
    faults.kill(attached.pid)
    attached.end()
    dataflow.go_on()
    ending = dataflow.ending()
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    heard = dataflow.heard(faults.NODES)
    faults.check("the attached `dora start`", moment, [ending, "nothing", heard, left])


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_what_follows_the_death_of_a_node(flow, daemon, background, moment):
    dataflow = background(moment)
    (first, *_) = dataflow.messages("producer")
    faults.kill(int(first.split()[-1]))
    if moment == FLOWS:
        # The bystander goes on until it is stopped.
        daemon.wait_for_log(dataflow.uuid, "consumer", "event STOP")
        daemon.run("stop", "flow")
    if moment == STOPS:
        wait_until(lambda: faults.causes(daemon.run("status").text), "the end of the producer")
        dataflow.go_on()
    wait_until(lambda: not daemon.list("--status", "running"), "the end of the dataflow")
    told = faults.causes(daemon.run("status").text)
    assert faults.causes(daemon.run("list").err) == told
    cause = f"`dora status`: {told or 'nothing'}"
    ending = dataflow.ending()
    assert daemon.run("down").code == 0
    left = faults.gone_in(flow)
    heard = dataflow.heard(["bystander", "consumer"])
    faults.check("a node of `dora up`", moment, [ending, cause, heard, left])
