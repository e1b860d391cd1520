"""A folder with a dataflow in it, and the real `dora run` on it.

def test_something(flow):
    flow.nodes(sender="...", receiver="...")
    flow.yaml("...")
    assert flow.run().succeeded().of("receiver") == ["one", "two"]
"""

import os
import re
import textwrap
import time
from pathlib import Path

import pytest

from .processes import survivors
from .watchdog import PATIENCE

__all__ = ["flow", "repeat"]

LINE = re.compile(r"^\d\d:\d\d:\d\d (\S+) +([^:\s]+): (.*)$")


@pytest.fixture
def flow(workspace, start_dora, marker):
    """An empty folder for a dataflow. Whatever a test leaves running is ended."""
    return Flow(workspace, start_dora, marker)


@pytest.fixture
def repeat():
    """How often tests of chance repeat: a few times, or DORA_TEST_REPEAT times."""
    return int(os.environ.get("DORA_TEST_REPEAT", "3"))


class Flow:
    """A folder for the files of a dataflow. `run` and `start` work in it."""

    def __init__(self, path, start_dora, marker):
        self.path = path
        self.marker = marker
        self._start_dora = start_dora

    def write(self, name, text):
        path = self.path / name
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def nodes(self, **programs):
        """Writes NAME.py for every keyword."""
        for name, text in programs.items():
            self.write(f"{name}.py", text)

    def yaml(self, text):
        return self.write("dataflow.yml", text)

    def start(self, *arguments, env=None, file="dataflow.yml"):
        """Starts `dora run` on the dataflow, and does not wait for its end."""
        return Run(self._start_dora("run", file, *arguments, env=env))

    def run(self, *arguments, env=None, file="dataflow.yml"):
        """Runs the dataflow to its end."""
        return self.start(*arguments, env=env, file=file).wait()

    def run_in_time(self, *arguments):
        """Runs the dataflow to its end, anew when a node came to its messages so late that an input
        without queue_size may have let go of them: after more than two seconds, on a busy machine.
        """
        for _ in range(10):
            result = self.run(*arguments).succeeded()
            if "older than 100 ms" not in result.text:
                return result
        raise AssertionError(f"messages were too old each time:\n{result.text}")

    def processes(self):
        """The living processes of this test: command line by id."""
        return survivors(self.marker)

    def memory_files(self):
        """The inode numbers of the anonymous shared memory that processes of this test hold."""
        return {inode for pid in self.processes() for inode in memory_files_of(pid)}

    def wait_until_gone(self, memory=frozenset()):
        """Waits until no process of this test lives and nobody holds the given shared memory.

        A second is what is promised; many are allowed, as others may keep the machine busy.
        """
        deadline = time.monotonic() + 30
        while left := self._left_behind(memory):
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.01)

    def _left_behind(self, memory):
        processes = self.processes()
        if processes or not memory:
            return processes
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return {pid: held for pid in pids if (held := memory & memory_files_of(pid))}


class Run:
    """A `dora run` in progress."""

    def __init__(self, running):
        self.running = running
        self.pid = running.pid

    def wait_for(self, text):
        """Waits until a line with this text was printed, and returns that line."""
        self.running.wait_for(text)
        while True:  # the line's end may be on its way still
            for line in self.running.text.splitlines(keepends=True):
                if text in line and line.endswith("\n"):
                    return line.rstrip("\n")
            time.sleep(0.01)

    def signal(self, number):
        self.running.signal(number)

    def wait(self, patience=PATIENCE):
        """Waits until it has ended by itself."""
        return Result(self.running.end(patience))


class Result:
    """How a run ended: exit code and lines."""

    def __init__(self, completed):
        self.code = completed.code
        self.out, self.err = completed.out.splitlines(), completed.err.splitlines()
        self.text = completed.text

    def of(self, node):
        """What a node printed, line by line."""
        matches = [LINE.match(line) for line in self.out]
        return [match[3] for match in matches if match and match.group(1, 2) == ("stdout", node)]

    def succeeded(self):
        assert self.code == 0, f"exit code {self.code}:\n{self.text}"
        return self


def memory_files_of(pid):
    """The inodes of dora's memfds that a process has open or mapped."""
    found = set()
    try:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if "/memfd:dora" in line:
                found.add(int(line.split()[4]))
        for entry in os.scandir(f"/proc/{pid}/fd"):
            if os.readlink(entry.path).startswith("/memfd:dora"):
                found.add(os.stat(entry.path).st_ino)
    except OSError:
        pass  # it ended just now, or is not ours
    return found
