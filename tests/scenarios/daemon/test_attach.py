"""Sitting down at the terminal of a node, and running commands where it runs."""

import os
import pty
import signal
import subprocess

import pytest
from support.watchdog import wait_until

ASKING = """
    from dora import Node

    node = Node()
    print("prepared")
    while True:
        answer = input("question? ")
        print("heard", answer)
        if answer == "end":
            break
"""
DEBUGGED = """
    from dora import Node

    node = Node()
    secret = 6 * 7
    breakpoint()
    print("went on")
"""


def one_node(flow, **program):
    flow.nodes(**program)
    (name,) = program
    flow.yaml(f"nodes: [{{id: {name}, path: {name}.py}}]")


class Seat:
    """`dora attach` with a terminal of its own, as somebody would sit there."""

    def __init__(self, start_dora, *arguments):
        self.own, terminal = pty.openpty()
        self.running = start_dora("attach", *arguments, stdin=terminal)
        os.close(terminal)

    def type(self, text):
        os.write(self.own, text.encode())

    def wait_for(self, text):
        self.running.wait_for(text)

    def end(self):
        done = self.running.end()
        os.close(self.own)
        return done


@pytest.fixture
def sit_down(start_dora):
    return lambda *arguments: Seat(start_dora, *arguments)


def test_what_is_typed_reaches_the_node(flow, sit_down):
    one_node(flow, asking=ASKING)
    running = flow.start()
    running.wait_for("prepared")
    seat = sit_down("asking")
    seat.wait_for("question? ")  # asked before anybody sat there
    assert "attached to asking of [work]" in seat.running.err
    seat.type("first\r")
    seat.wait_for("heard first")
    seat.type("end\r")
    done = seat.end()
    assert done.code == 0, done
    assert "asking has ended: exited with code 0" in done.err
    assert "heard end" in running.wait().succeeded().of("asking")


def test_a_debugger_works(flow, sit_down):
    one_node(flow, debugged=DEBUGGED)
    running = flow.start()
    running.wait_for("a debugger waits for input: `dora attach debugged`")
    seat = sit_down("debugged")
    seat.wait_for("(Pdb)")
    seat.type("p secret + 1\r")
    seat.wait_for("43")
    seat.type("continue\r")
    assert seat.end().code == 0
    assert "went on" in "\n".join(running.wait().succeeded().of("debugged"))


def test_somebody_may_leave_and_come_back(flow, sit_down):
    one_node(flow, asking=ASKING)
    running = flow.start()
    running.wait_for("prepared")
    first = sit_down("asking")
    first.wait_for("question? ")
    first.type("one\r")
    first.wait_for("heard one")
    first.type("\x1d")
    done = first.end()
    assert done.code == 0
    assert "left asking, which goes on" in done.err
    second = sit_down("asking", "-d", "work")
    second.wait_for("heard one")  # what was said last is shown again
    second.type("end\r")
    second.end()
    running.wait().succeeded()


def test_ctrl_c_goes_to_the_node(flow, sit_down):
    one_node(
        flow,
        patient="""
            import time
            from dora import Node

            node = Node()
            print("prepared")
            try:
                time.sleep(3600)
            except KeyboardInterrupt:
                print("interrupted")
        """,
    )
    running = flow.start()
    running.wait_for("prepared")
    seat = sit_down("patient")
    seat.wait_for("prepared")
    seat.type("\x03")
    assert seat.end().code == 0
    # The terminal shows the key, too.
    assert "^Cinterrupted" in running.wait().succeeded().of("patient")


def test_the_node_sees_the_size_of_the_window(flow, start):
    one_node(
        flow,
        measuring="""
            import os, signal
            from dora import Node

            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})
            node = Node()
            print("prepared")
            signal.sigwait({signal.SIGWINCH})
            print("size", *os.get_terminal_size(1), *os.get_terminal_size(2))
        """,
    )
    running = flow.start()
    running.wait_for("prepared")
    # script(1) gives it a terminal as standard output, too.
    command = "stty cols 93 rows 31; dora attach measuring"
    seat = start("script", "-qec", command, "/dev/null", stdin=subprocess.PIPE)
    assert seat.end().code == 0
    assert "size 93 31 93 31" in running.wait().succeeded().of("measuring")


def test_input_may_come_from_a_file_or_a_pipe(flow, start_dora, run_dora):
    one_node(flow, asking=ASKING)
    running = flow.start()
    running.wait_for("prepared")
    flow.write("answers.txt", "from a file\n")
    with (flow.path / "answers.txt").open() as answers:
        seat = start_dora("attach", "asking", stdin=answers.fileno())
        seat.wait_for("heard from a file")
        seat.signal(signal.SIGTERM)
        assert seat.end().code == 143
    seat = start_dora("attach", "asking", stdin=subprocess.PIPE)
    seat.write("from a pipe\nend\n")
    seat.wait_for("heard from a pipe")
    assert seat.end().code == 0
    running.wait().succeeded()


def test_who_cannot_sit_down_is_told_why(flow, run_dora):
    flow.nodes(quiet="from dora import Node\nnode = Node()\nprint('prepared')\nfor _ in node: pass")
    flow.yaml(
        """
        nodes:
          - {id: quiet, path: quiet.py, tty: false, inputs: {t: dora/timer/secs/3600}}
          - {id: dynamic, path: dynamic}
        """
    )
    running = flow.start()
    running.wait_for("prepared")
    refused = run_dora("attach", "quiet")
    assert refused.code == 1
    assert "`tty: false`" in refused.err
    assert "dynamic node" in run_dora("attach", "dynamic").err
    unknown = run_dora("attach", "quite")
    assert unknown.code == 6
    assert "did you mean `quiet`?" in unknown.err
    running.signal(signal.SIGINT)
    running.wait().succeeded()
    assert run_dora("attach", "quiet").code == 6


def test_a_command_runs_where_the_node_runs(flow, run_dora):
    flow.nodes(
        waiting="""
            import sys
            from dora import Node

            node = Node()
            print("prefix", sys.prefix)
            for event in node:
                pass
        """
    )
    flow.yaml(
        """
        nodes:
          - id: waiting
            path: waiting.py
            env: {MODEL: yolo}
            inputs: {t: dora/timer/secs/3600}
        """
    )
    running = flow.start(env={"FROM_RUN": "yes"})
    prefix = running.wait_for("prefix").split()[-1]
    show = """
import os, sys
print(os.environ["MODEL"], os.environ["FROM_RUN"], os.getcwd(), sys.prefix)
assert "DORA_NODE_CONFIG" not in os.environ
"""
    done = run_dora("exec", "waiting", "--", "python", "-c", show, cwd=flow.path.parent)
    assert done.code == 0, done
    assert done.out.split() == ["yolo", "yes", str(flow.path), prefix]
    assert run_dora("exec", "waiting", "--", "sh", "-c", "exit 42").code == 42
    assert run_dora("exec", "waiting", "--", "no-such-command").code == 127
    assert run_dora("exec", "wating", "--", "true").code == 6
    assert run_dora("exec", "waiting").code == 2
    running.signal(signal.SIGINT)
    running.wait().succeeded()


def test_two_dataflows_with_the_same_node_are_told_apart(waiting, daemon):
    first = daemon.start("--name", "first")
    daemon.start("--name", "second")
    daemon.wait_for_log(first, "waiting", "ready")
    unclear = daemon.run("exec", "waiting", "--", "true")
    assert unclear.code == 2
    assert "`-d`" in unclear.err
    assert daemon.run("exec", "waiting", "-d", "second", "--", "true").code == 0
    wait_until(lambda: daemon.run("stop", "--all").code == 0, "their end")
