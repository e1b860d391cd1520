"""Real processes under test. Each carries a marker in its environment, which its children inherit
however they detach, so that a test can find every survivor in /proc, and nothing outlives a test.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .watchdog import PATIENCE, wait_until

MARKER = "DORA_TEST_MARKER"


def survivors(marker: str) -> dict[int, str]:
    """Finds the living processes that carry the marker: command line by process id."""
    wanted = f"{MARKER}={marker}".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found[int(folder.name)] = command
        except OSError:
            continue  # it ended meanwhile, or is a zombie
    return found


def kill_survivors(marker: str) -> dict[int, str]:
    """Kills every process that carries the marker, and waits until none is left."""
    killed: dict[int, str] = {}

    def none_left() -> bool:
        found = survivors(marker)
        killed.update(found)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not found

    wait_until(none_left, f"the end of every process marked {marker}")
    return killed


@dataclass(frozen=True)
class Completed:
    """How a command ended: exit code (negative: the signal), and what it printed."""

    args: Sequence[str]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def __str__(self) -> str:
        return (
            f"{' '.join(self.args)}\nexit code {self.code}\n"
            f"--- stdout\n{self.out}\n--- stderr\n{self.err}"
        )


class Running:
    """A command that runs beside the test: its output grows in `out` and `err`."""

    def __init__(self, args: Sequence[str], cwd: Path, environment: dict[str, str], stdin: int):
        self.args = list(args)
        self.marker = environment[MARKER]
        self.process = subprocess.Popen(
            self.args,
            cwd=cwd,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._output = {"out": bytearray(), "err": bytearray()}
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("out", self.process.stdout), ("err", self.process.stderr))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream) -> None:
        while chunk := stream.read1(65536):
            self._output[name] += chunk

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def out(self) -> str:
        return self._output["out"].decode(errors="replace")

    @property
    def err(self) -> str:
        return self._output["err"].decode(errors="replace")

    @property
    def text(self) -> str:
        return self.out + self.err

    def wait_for(self, wanted: str, patience: float = PATIENCE) -> None:
        """Waits until the output holds `wanted`; fails when the command ends without it."""

        def seen() -> bool:
            # Survivors may hold the pipes open after the command: they may still print it.
            ended = self.process.poll() is not None and not self._is_reading()
            if wanted in self.text:
                return True
            assert not ended, f"ended without {wanted!r}:\n{self._completed()}"
            return False

        self._watch(seen, f"{wanted!r}", patience)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def write(self, text: str) -> None:
        """Writes to its standard input, which must be a pipe."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self, patience: float = PATIENCE) -> Completed:
        """Waits until the command has ended by itself."""
        self._watch(lambda: self.process.poll() is not None, "its end", patience)
        self._join()
        return self._completed()

    def survivors(self) -> dict[int, str]:
        return survivors(self.marker)

    def kill(self) -> None:
        """Kills it and everything it started."""
        kill_survivors(self.marker)
        self.process.wait()
        self._join()

    def _watch(self, predicate, what: str, patience: float) -> None:
        try:
            wait_until(predicate, what, patience)
        except AssertionError as failure:
            self.kill()
            raise AssertionError(f"{failure}\n{self._completed()}") from None

    def _is_reading(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def _join(self) -> None:
        # A survivor may hold the pipe open: what it prints later is not waited for.
        for reader in self._readers:
            reader.join(timeout=5)

    def _completed(self) -> Completed:
        return Completed(self.args, self.process.poll() or 0, self.out, self.err)
