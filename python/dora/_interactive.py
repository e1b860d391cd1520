"""`python my_node.py`: the inputs of a node are asked for on the terminal, or read from a pipe.

Two lines make an input: its id, and its data. An empty id, or the end of the input, stops the node.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from typing import Any

from ._errors import NotFound
from ._local import LocalNode

_ESCAPE = "\x1b"
_MOST_CHARACTERS = 400


class Interactive(LocalNode):
    """Asks a person, or a pipe, for inputs, and shows the outputs."""

    def __init__(self) -> None:
        super().__init__("test-node")
        self.is_terminal = os.isatty(0)
        self.unread = b""
        self.is_at_end = False
        self.has_stopped = False
        self.say(
            "This node was not started by dora: it asks for its inputs here. "
            "An empty input id stops it."
        )

    @classmethod
    def on_standard_input(cls) -> Interactive:
        if not _is_readable():
            raise NotFound(
                "this node was started neither by a dataflow (DORA_NODE_CONFIG is not set) nor on "
                "a terminal; write a dataflow with this script as `path:` of a node, and start it "
                "with `dora run dataflow.yml`"
            )
        return cls()

    def say(self, text: str) -> None:
        """One line on stdout; green on a terminal."""
        stream = sys.stdout
        if stream is None:
            return
        is_green = os.isatty(1) and "NO_COLOR" not in os.environ
        stream.write(f"\x1b[32m{text}\x1b[0m\n" if is_green else f"{text}\n")
        stream.flush()

    # ---- Events --------------------------------------------------------------------------------

    def take(self, deadline: float | None) -> dict[str, Any] | None:
        if self.has_stopped:
            return None
        input_id = self.ask("Input ID", "an empty line stops the node")
        if not input_id:
            self.has_stopped = True
            return {"kind": "dora", "type": "STOP", "id": "MANUAL"}
        is_first = True
        while True:
            answer = self.ask("Data", "JSON, text, HEX:<digits> or FILE:<path>; Esc for none")
            if answer is None and not is_first:  # nobody corrects what was wrong
                self.has_stopped = True
                return {"kind": "dora", "type": "STOP", "id": "MANUAL"}
            is_first = False
            try:
                value = parse_data(answer)
            except (ArithmeticError, LookupError, OSError, TypeError, ValueError) as error:
                self.say(f"That cannot be sent: {error}")
                continue
            return self.input_event(input_id, value, {})

    def is_ready(self) -> bool:
        if self.has_stopped:
            return False
        return b"\n" in self.unread or bool(select.select([0], [], [], 0)[0])

    def has_ended(self) -> bool:
        return super().has_ended() or self.has_stopped

    def ask(self, what: str, explanation: str) -> str | None:
        """A line without its end; None at the end of the input."""
        if self.is_terminal:
            try:
                return input(f"{what} ({explanation}): ")
            except EOFError:
                return None
        return self.read_line()

    def read_line(self) -> str | None:
        # Not through sys.stdin: what that has read ahead, select does not see.
        while b"\n" not in self.unread and not self.is_at_end:
            more = os.read(0, 65536)
            self.is_at_end = not more
            self.unread += more
        if not self.unread:
            return None
        line, _, self.unread = self.unread.partition(b"\n")
        return line.rstrip(b"\r").decode(errors="replace")

    # ---- Outputs -------------------------------------------------------------------------------

    def put(self, output_id: str, data: Any, metadata: dict[str, Any]) -> None:
        extra = f" {metadata}" if metadata else ""
        self.say(f"Output {output_id}: {describe(data)}{extra}")

    def close(self) -> None:
        if not self.is_closed:
            self.say("The node has closed its outputs.")
        super().close()


def _is_readable() -> bool:
    """Whether stdin is there, and is not /dev/null."""
    try:
        status = os.fstat(0)
        with contextlib.suppress(OSError):
            if status.st_rdev and status.st_rdev == os.stat(os.devnull).st_rdev:
                return False
    except OSError:
        return False
    return sys.stdin is not None


def _refuse(constant: str) -> Any:
    raise ValueError(f"JSON has no {constant}")


def parse_data(answer: str | None) -> Any:
    """The Arrow array that an answer stands for. Raises ValueError or OSError."""
    import pyarrow as pa

    if answer is None or answer.startswith(_ESCAPE):
        return pa.nulls(0)
    if answer.startswith("HEX:"):
        return pa.array(list(bytes.fromhex(answer[4:])), pa.uint8())
    if answer.startswith("FILE:"):
        with pa.OSFile(answer[5:]) as file:
            batch = pa.ipc.open_file(file).get_batch(0)
        if batch.num_columns != 1:
            raise ValueError(f"{answer[5:]} has {batch.num_columns} columns; one is needed")
        return batch.column(0)
    try:
        value = json.loads(answer, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return pa.array([answer])
    return pa.array([value])


def describe(data: Any) -> str:
    """An array in one line."""
    import numpy as np

    if isinstance(data, np.ndarray):
        what = f"numpy {data.dtype} {data.shape}"
        values = np.array2string(data, threshold=20, separator=", ").replace("\n", "")
    else:
        what = str(data.type)
        values = str(data[:20].to_pylist())
        if len(data) > 20:
            values += f" ... {len(data)} elements"
    if len(values) > _MOST_CHARACTERS:
        values = values[:_MOST_CHARACTERS] + "..."
    return f"{what} {values}"
