"""Processes killed that come back, come by themselves, or hide: as docs/faults.md says."""

import signal

import pytest
from support import faults
from support.watchdog import wait_until


def finish(running, moment, wait_until_noticed):
    """Goes on from the death to the end."""
    if moment == faults.MOMENTS[1]:
        wait_until_noticed()
    if moment != faults.MOMENTS[0]:
        # The others go on until they are stopped, or stopped again.
        running.signal(signal.SIGINT)
    return running.wait()


def observe(flow, who, moment, result, nodes=faults.NODES):
    left = faults.gone_in(flow)
    ending = f"exit code {result.code}"
    heard = "; ".join(faults.told(result.text, node) for node in nodes)
    cause = faults.causes(result.text) or "nothing"
    faults.check(who, moment, [ending, cause, heard, left])


def go_on(flow, running):
    """Lets the nodes start that are held, and stops them."""
    (flow.path / "hold-start").unlink()
    for node in faults.NODES:
        running.wait_for(f"{node}: first")
    running.signal(signal.SIGINT)


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_a_producer_that_comes_back(flow, moment):
    faults.prepare(flow, moment, faults.RESTARTED)
    running = flow.start()
    pids = faults.reach(moment, running.wait_for, lambda: running.signal(signal.SIGINT))

    def second(text):
        what = f"producer: {text}"
        wait_until(lambda: running.running.text.count(what) == 2, f"a second {what}")

    faults.kill(pids["producer"])
    if moment == faults.MOMENTS[0]:
        second("process")
        go_on(flow, running)
    result = finish(running, moment, lambda: second("first"))
    others = [node for node in faults.NODES if node != "producer"]
    observe(flow, "the producer, with `restart_policy: always`", moment, result, others)


@pytest.mark.parametrize("moment", faults.MOMENTS[1:])
def test_a_dynamic_producer(flow, start, dora_program, moment):
    faults.prepare(flow, moment, faults.DYNAMIC)
    sends = flow.path / "sends.py"
    sends.write_text(sends.read_text().replace("Node()", 'Node("producer")'))
    running = flow.start()
    running.wait_for("consumer: running")
    running.wait_for("bystander: running")
    producer = start(dora_program.parent / "python", "-u", "sends.py")
    producer.wait_for("first")
    faults.reach(
        moment,
        running.wait_for,
        lambda: running.signal(signal.SIGINT),
        [node for node in faults.NODES if node != "producer"],
    )
    if moment == faults.MOMENTS[2]:
        producer.wait_for("stopping")
    faults.kill(producer.pid)
    producer.process.wait()
    result = finish(running, moment, lambda: running.wait_for("consumer: event STOP"))
    others = [node for node in faults.NODES if node != "producer"]
    observe(flow, "a dynamic producer", moment, result, others)


# It imports them once all nodes are there, so nobody waits for that.
@pytest.mark.parametrize("moment", faults.MOMENTS[1:])
def test_a_producer_that_runs_operators(flow, moment):
    faults.prepare(flow, moment, faults.OPERATORS)
    flow.nodes(counts=faults.OPERATOR)
    running = flow.start()
    pids = faults.reach(moment, running.wait_for, lambda: running.signal(signal.SIGINT))
    faults.kill(pids["producer"])
    result = finish(running, moment, lambda: running.wait_for("consumer: event STOP"))
    others = [node for node in faults.NODES if node != "producer"]
    observe(flow, "the producer, as a runtime of operators", moment, result, others)


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_what_a_producer_has_started(flow, moment):
    faults.prepare(flow, moment)
    sends = flow.path / "sends.py"
    sends.write_text(faults.GRANDCHILD + sends.read_text())
    running = flow.start()

    def sleepers():
        return [pid for pid, line in flow.processes().items() if line == "sleep 3600"]

    faults.reach(moment, running.wait_for, lambda: running.signal(signal.SIGINT))
    for pid in wait_until(sleepers, "a grandchild of the producer"):
        faults.kill(pid)
    wait_until(lambda: not sleepers(), "its end")
    if moment == faults.MOMENTS[0]:
        go_on(flow, running)
    result = finish(running, moment, lambda: None)
    observe(flow, "a grandchild of the producer", moment, result)


@pytest.mark.parametrize("moment", faults.MOMENTS)
def test_the_guard_of_a_run(flow, moment):
    faults.prepare(flow, moment)
    running = flow.start()
    faults.reach(moment, running.wait_for, lambda: running.signal(signal.SIGINT))

    def guards():
        children = faults.children_of(running.pid)
        return [pid for pid in children if not faults.children_of(pid)] if len(children) > 1 else []

    (guard,) = wait_until(guards, "the guard")
    faults.kill(guard)
    if moment == faults.MOMENTS[0]:
        go_on(flow, running)
    result = finish(running, moment, lambda: None)
    observe(flow, "the guard of `dora run`", moment, result)
