"""kill -9 of anybody at any moment: no process and no memory is left."""

import contextlib
import itertools
import math
import os
import random
import signal
import time
from pathlib import Path

import pytest
from support.watchdog import wait_until

# Every node starts a child, and a grandchild that has left its session and process group.
NODE = """
    import os, subprocess, sys
    import numpy as np
    from dora import Node

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    subprocess.Popen(["setsid", "sleep", "3600"], start_new_session=True)
    node = Node()
    print("process", os.getpid())
    while event := node.next():
        if event["type"] == "INPUT":
            node.send_output("image", np.zeros((480, 640, 3), np.uint8))
"""
YAML = """
    nodes:
      - {id: first, path: node.py, inputs: {tick: dora/timer/millis/5}, outputs: [image]}
      - {id: second, path: node.py, inputs: {image: first/image}, outputs: [image]}
      - {id: third, path: node.py, inputs: {image: second/image}, outputs: [image]}
"""
# `./dev kills` asks for 200.
TRIALS = int(os.environ.get("DORA_TEST_KILLS", "100"))


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def below(pid):
    """All descendants."""
    found = children_of(pid)
    for child in list(found):
        with contextlib.suppress(OSError):
            found += below(child)
    return found


def sleepers(flow):
    """The grandchildren that left the session of their node."""
    return [pid for pid, command in flow.processes().items() if "sleep 3600" in command]


def only_child_of(pid):
    return wait_until(lambda: children_of(pid), f"a child of process {pid}", pause=0.001)[0]


def front(running):
    return running.pid


def watcher(running):
    """The process that the front has started."""
    return only_child_of(running.pid)


def engine(running):
    """The process that does the work."""
    return only_child_of(watcher(running))


def guard(running):
    """The process that is left when the other three are killed."""
    watched = watcher(running)

    def others():
        return [pid for pid in children_of(running.pid) if pid != watched]

    return wait_until(others, "the guard", pause=0.001)[0]


def node(running):
    return int(running.wait_for("second: process").split()[-1])


def grandchild(running):
    """What a node has started, and has left its session."""

    def sleepers():
        return [pid for pid in below(running.pid) if "sleep" in command_of(pid)]

    running.wait_for("third: process")
    return wait_until(sleepers, "a grandchild", pause=0.001)[0]


def command_of(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


ROLES = [front, watcher, engine]
ALL_VICTIMS = [
    [front],
    [watcher],
    [engine],
    [node],
    [guard],
    [grandchild],
    *itertools.permutations(ROLES, 2),
    *itertools.permutations(ROLES, 3),
]
OUTLIVED = ([guard], [grandchild])


@pytest.mark.parametrize(
    "victims",
    ALL_VICTIMS,
    ids=lambda victims: "+".join(victim.__name__ for victim in victims),
)
@pytest.mark.timeout(600)
def test_nothing_is_left_after_kill_9(flow, victims):
    """Of one at a random moment, or of two or three at the same."""
    flow.nodes(node=NODE)
    flow.yaml(YAML)
    seed = random.randrange(1 << 32)
    print(f"random moments from seed {seed}")
    moments = random.Random(seed)
    longest = 0.0
    for _ in range(math.ceil(TRIALS / len(ALL_VICTIMS))):
        running = flow.start()
        pids = [victim(running) for victim in victims]
        # The random moment is what is tested; nothing waits for anything here.
        time.sleep(moments.uniform(0, 1))
        memory = flow.memory_files()
        for pid in pids:
            # The first one's death may have been the second one's.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        if victims == [node]:
            # The others go on: the timer of the first has no end.
            running.wait_for("SIGKILL")
        if victims == [node] or victims in OUTLIVED:
            running.signal(signal.SIGINT)
        result = running.wait()
        assert (result.code == 0) if victims in OUTLIVED else (result.code not in (0, 2, 3))
        flow.wait_until_gone(memory)
        longest = max(longest, time.monotonic() - killed)
    # Where others outlive the victim, their stopping is part of it.
    print(f"nothing was left {longest:.2f} s after the deaths, at the latest")


def test_the_next_command_ends_what_nobody_was_left_to_end(flow, run_dora):
    """All four processes of a `dora run` are killed at one moment."""
    flow.nodes(node=NODE)
    flow.yaml(YAML)
    running = flow.start()
    bystander = flow.start()
    for run in (running, bystander):
        run.wait_for("third: process")
    pids = [role(running) for role in (guard, *ROLES)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    running.wait()

    def only_those_of_the_living():
        # The first look may find the engine while the kernel takes it apart.
        run_dora("list")
        return set(sleepers(flow)) <= set(below(bystander.pid))

    wait_until(only_those_of_the_living, "the end of the rest")
    assert sleepers(flow)
    bystander.signal(signal.SIGINT)
    bystander.wait().succeeded()
    flow.wait_until_gone()


def test_the_death_of_the_engine_is_said_and_gives_exit_code_1(flow):
    flow.nodes(node=NODE)
    flow.yaml(YAML)
    running = flow.start()
    running.wait_for("third: process")
    os.kill(engine(running), signal.SIGKILL)
    result = running.wait()
    assert result.code == 1
    assert "SIGKILL" in "\n".join(result.err)
    flow.wait_until_gone()


def test_the_death_of_a_node_gives_exit_code_1_and_its_name(flow):
    flow.nodes(node=NODE)
    flow.yaml(YAML.replace("millis/5", "secs/3600"))
    running = flow.start()
    for name in ("first", "second", "third"):
        running.wait_for(f"{name}: process")
    os.kill(node(running), signal.SIGKILL)
    running.wait_for("second")
    running.signal(signal.SIGINT)
    result = running.wait()
    assert result.code == 1
    assert "SIGKILL" in result.text
    flow.wait_until_gone()


def test_what_a_node_has_started_ends_with_the_node(flow):
    flow.nodes(
        node="""
            import subprocess
            from dora import Node

            node = Node()
            subprocess.Popen(["setsid", "-f", "sleep", "3600"])
            subprocess.Popen(["sleep", "3600"])
        """
    )
    flow.yaml("nodes: [{id: node, path: node.py}]")
    flow.run().succeeded()
    flow.wait_until_gone()


def test_shared_memory_is_really_seen_by_this_test(flow):
    """Otherwise "nothing is left" would prove nothing."""
    flow.nodes(node=NODE)
    flow.yaml(YAML)
    running = flow.start()
    running.wait_for("third: process")
    assert flow.memory_files()
    assert len(flow.processes()) >= 2 + 3 * 3
    running.signal(signal.SIGINT)
    running.wait().succeeded()
    flow.wait_until_gone()


def test_the_instance_leaves_no_file_behind(flow):
    runtime = flow.path / "runtime"
    runtime.mkdir(mode=0o700)
    flow.nodes(node="from dora import Node\nNode()")
    flow.yaml("nodes: [{id: node, path: node.py}]")
    flow.run(env={"XDG_RUNTIME_DIR": str(runtime)}).succeeded()
    left = [str(path.relative_to(runtime)) for path in runtime.rglob("*") if not path.is_dir()]
    assert left == []
