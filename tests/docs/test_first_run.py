"""docs/first-run.md, step by step, in a terminal: it prints what the page says."""

import fcntl
import os
import pty
import re
import subprocess
import termios
import time
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-run.md"
BLOCK = re.compile(r"(?:^<!-- while: (.*?) -->\n\n)?^```console\n(.*?)^```$", re.M | re.S)
PATIENCE = 60

# What differs from one run to the next.
VARYING = [
    (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
    (r"\d\d:\d\d:\d\d\.\d{3}", "<time>"),
    (r"\d+(\.\d+)? (µs|ms|s|min|h)\b", "<duration>"),
    (r"^\d\d:\d\d:\d\d ", "<time> "),
    (r"^logs of /\S*/(\w+/out)", r"logs of \1"),
    (r"\d+ messages?\b", "<n> messages"),
    (r"\d+ dropped", "<n> dropped"),
    (r" · \d+ unread", ""),
    (r"\d+\.\d+%? +(?=\d)|\d+\.\d+ MB", "<load> "),
    (r"^dora \d+\.\d+\.\d+$", "dora <version>"),
    (r"^(sender|receiver) ok .*, (sender|receiver) ok .*$", "<both> ok"),
    (r"\| +[~^]+ ", "| <marks> "),  # of Python, which differ from version to version
    (r" {2,}", "  "),  # columns are as wide as what varies
]


def normal(line):
    for pattern, word in VARYING:
        line = re.sub(pattern, word, line)
    return line.strip()


class Terminal:
    """A command that has a terminal of its own, as one types it."""

    def __init__(self, command, cwd, environment):
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=cwd,
            env=environment | {"TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.fd = ours
        self.text = ""

    def read(self):
        """Waits for more; false at the end."""
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has the terminal any more
            return False
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def wait_for(self, line):
        deadline = time.monotonic() + PATIENCE
        while line not in self.lines():
            assert time.monotonic() < deadline, self.text
            assert self.read(), self.text

    def end(self):
        while self.read():
            pass
        os.close(self.fd)
        return self.process.wait(PATIENCE)

    def lines(self):
        # The terminal itself shows a typed Ctrl-C; the status line is redrawn in place.
        text = self.text.replace("\r", "\n").replace("^C", "\n")
        return without_status(map(normal, text.split("\n")))


def without_status(lines):
    """The lines that stay."""
    # On a busy machine it may take so long to stop that this is told.
    passing = ("─ ", "waiting for ")
    return [line for line in lines if line and not line.startswith(passing)]


def steps(block):
    """Commands with the lines that follow each."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def check(seen, wanted):
    """That `seen` is `wanted`, in which `...` stands for any lines."""
    wanted = without_status(normal(line.replace("^C ", "")) for line in wanted)
    if "..." in wanted:
        dots = wanted.index("...")
        assert seen[:dots] == wanted[:dots]
        rest = wanted[dots + 1 :]
        # A message that was on its way when Ctrl-C was typed comes a line later.
        seen = [line for line in seen[dots:] if "│" not in line]
        assert not rest or seen[-len(rest) :] == rest
    else:
        assert seen == wanted


def run(command, wanted, cwd, environment, last_code):
    terminal = Terminal(command.replace("$?", str(last_code)), cwd, environment)
    if any(line.startswith("^C") for line in wanted):
        before = wanted[: wanted.index("...")]
        terminal.wait_for(normal(before[-1]))
        # As the terminal does when Ctrl-C is typed.
        os.write(terminal.fd, b"\x03")
    code = terminal.end()
    check(terminal.lines(), wanted)
    return code


def test_the_page_prints_what_happens(workspace, environment):
    code = 0
    for background, block in BLOCK.findall(PAGE.read_text()):
        other = Terminal(background, workspace, environment) if background else None
        if other:
            other.wait_for("<time>  receiver  │ got message: [1]")
        for command, wanted in steps(block):
            code = run(command, wanted, workspace, environment, code)
        if other:
            assert other.end() == 0
