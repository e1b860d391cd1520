"""The attached screen: one status line below the lines of the nodes, and keys."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import textwrap
import threading
from pathlib import Path

import pytest
from support.watchdog import wait_until

TICKING = """
    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            print("tick")
            node.log("warn", "tock")
            node.send_output("count", 1)
"""
YAML = """
    nodes:
      - {id: ticking, path: ticking.py, inputs: {tick: dora/timer/millis/20}, outputs: [count]}
      - {id: counting, path: counting.py, inputs: {count: ticking/count}}
"""
COUNTING = """
    from dora import Node

    for event in Node():
        pass
"""


class Screen:
    """A command at a terminal of its own, of 100 columns."""

    def __init__(self, command, cwd, environment):
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment | {"TERM": "xterm", "NO_COLOR": "1"},
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.data = bytearray()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                self.data += os.read(self.ours, 65536)
            except OSError:
                return

    @property
    def text(self):
        return self.data.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, pattern, after=0):
        """Waits for a match behind the first `after` characters, and returns where it ends."""
        found = wait_until(lambda: re.compile(pattern).search(self.text, after), pattern)
        return found.end()

    def press(self, keys):
        """Returns how much there is on the screen before them."""
        before = len(self.text)
        os.write(self.ours, keys.encode())
        return before

    def end(self):
        code = self.process.wait(60)
        wait_until(lambda: "exit" in self.text or code != 0, "the summary")
        return code

    def is_as_before(self):
        return termios.tcgetattr(self.theirs) == self.before


@pytest.fixture
def screen(flow, dora_program, environment):
    flow.nodes(ticking=TICKING, counting=COUNTING)
    flow.yaml(YAML)
    screens = []

    def start(*arguments):
        screens.append(Screen([dora_program, *arguments], flow.path, environment))
        return screens[-1]

    yield start
    for each in screens:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()
        os.close(each.theirs)


def test_it_tells_names_rates_and_keys(screen):
    running = screen("run", "dataflow.yml")
    status = r"─ work · 2 up · ticking/count \d+\.\d Hz \d.*B/s · \d+ s · "
    keys = r"\[w\]eb \[t\]op \[r\]estart \[/\]filter \[q\]uit ─"
    running.wait_for(status + keys)
    assert not running.is_as_before()  # keys come as they are typed
    running.press("q")
    assert running.end() == 0
    assert running.is_as_before()
    # It is never left among the lines: what follows it erases it.
    for line in running.text.split("\n"):
        assert "─ work" not in line.split("\r\x1b[2K")[-1]
    assert "stopping…" in running.text
    assert running.text.rstrip().endswith("exit 0")


def test_keys_choose_what_is_shown(screen):
    running = screen("run", "dataflow.yml")
    running.wait_for(r"ticking +│ tick")
    after = running.press("ll")
    shown = running.wait_for("showing warn and worse", after)
    running.wait_for("tock", shown)
    running.wait_for("· level warn ·", shown)
    assert "│ tick" not in running.text[shown:]
    after = running.press("ll")
    shown = running.wait_for("showing everything", after)
    running.wait_for("│ tick", shown)
    running.wait_for("/TOCK", running.press("/TOCK"))
    after = running.press("\r")
    shown = running.wait_for(r"· /TOCK ·", after)
    running.wait_for("tock", shown)
    assert "│ tick" not in running.text[shown:]
    shown = running.press("\x1b")
    running.wait_for("│ tick", shown)
    running.wait_for("show only lines with a text", running.press("h"))
    os.write(running.ours, b"\x03")
    assert running.end() == 0


def test_keys_show_and_restart_nodes(screen, flow):
    flow.nodes(ticking=TICKING, counting="print('a life begins')\n" + textwrap.dedent(COUNTING))
    running = screen("run", "dataflow.yml")
    running.wait_for("· ticking/count")
    shown = running.press("t")
    row = r"{} +running +\d+ +\d+\.\d% +\d+\.\d MB +0\n"
    running.wait_for(row.format("counting"), shown)
    running.wait_for(r"ticking/count +\d+\.\d Hz", shown)
    # As much of the name as is needed.
    running.wait_for("restart which node?", running.press("r"))
    running.wait_for(r"restart which node\? co", running.press("co"))
    after = running.press("\r")
    running.wait_for("restarting counting", after)
    running.wait_for("a life begins", after)
    running.wait_for("no node begins with `x`: counting, ticking", running.press("rx\r"))
    page = running.press("w")
    end = running.wait_for(r"web +file:///\S+\n", page)
    path = running.text[page:end].rsplit("file://", 1)[1].strip()
    assert "<svg" in Path(path).read_text()
    running.press("q")
    assert running.end() == 0


def test_lines_that_repeat_collapse(screen, flow):
    flow.nodes(
        ticking="""
            import time
            from dora import Node

            node = Node()
            for _ in range(128):
                print("hot")
            print()
            print(time.strftime("%H:%M:%S"), "cold")
            node.send_output("count", 1)
        """,
        counting=COUNTING,
    )
    flow.yaml(YAML)
    running = screen("run", "dataflow.yml")
    running.wait_for(r"… \u00d7128 in \d+ [m\u00b5]?s\n")
    running.wait_for("│ cold")
    assert running.end() == 0
    assert running.text.count("│ hot") == 1
    # Neither blank lines nor a time beside its like; but the log has everything.
    assert not re.search(r"ticking +│ *\n", running.text)
    (log,) = flow.path.glob("out/*/log_ticking.jsonl")
    assert log.read_text().count('"hot"') == 128
    assert re.search(r'"\d\d:\d\d:\d\d cold"', log.read_text())


def test_an_attached_start_has_it_too(screen, run_dora):
    assert run_dora("up").code == 0
    running = screen("start", "dataflow.yml", "--name", "hello")
    running.wait_for(r"─ hello · 2 up · ticking/count \d+\.\d Hz")
    running.wait_for(r"counting +running", running.press("t"))
    running.wait_for("restarting counting", running.press("rcounting\r"))
    running.press("q")
    assert running.end() == 0
    assert running.is_as_before()


def test_which_of_several_is_meant_is_asked(screen, flow, run_dora):
    running = {name: flow.start("--name", name) for name in ("first", "second")}
    for run in running.values():
        run.wait_for("ticking: tick")
    asking = screen("stop")
    shown = asking.wait_for(r"  2  \[\w+\] [0-9a-f-]{36}\nWhich one \(1 to 2\)\? ")
    asking.press("second\n")
    asking.wait_for("Stopped second", shown)
    assert asking.process.wait(60) == 0
    running["second"].wait().succeeded()
    # Whatever else is typed stops nothing.
    third = flow.start("--name", "third")
    third.wait_for("ticking: tick")
    asking = screen("stop")
    asking.wait_for("Which one")
    asking.press("4\n")
    asking.wait_for("`4` is none of them")
    assert asking.process.wait(60) == 2
    assert run_dora("stop", "--all").out == "Stopped 2 dataflow(s).\n"


def test_a_killed_front_leaves_the_terminal_as_it_was(screen, flow):
    running = screen("run", "dataflow.yml")
    running.wait_for("2 up")
    running.process.send_signal(signal.SIGKILL)
    flow.wait_until_gone()
    assert running.is_as_before()


def test_without_a_terminal_there_is_nothing_of_it(flow):
    flow.nodes(ticking=TICKING, counting=COUNTING)
    flow.yaml(YAML)
    done = flow.run("--stop-after", "1500ms").succeeded()
    assert "─" not in done.text
    assert "\x1b" not in done.text
