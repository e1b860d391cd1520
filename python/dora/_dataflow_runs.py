"""Whole dataflows under test: dora.testing.run_dataflow, and the pytest fixture dora_run."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RECORDER = "dora-test-recorder"
_RESULTS = "DORA_TEST_RECORDER_FILE"


@dataclass
class DataflowResult:
    """How a dataflow ended."""

    exit_code: int
    """Of `dora run`: 0 when every node ended well."""
    text: str
    """What it and its nodes printed."""
    outputs: dict[str, list[Any]] = field(default_factory=dict)
    """The values that were sent, in order, by "node/output"; those that were asked for."""
    metadata: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The metadata of each message of `outputs`."""

    def succeeded(self) -> DataflowResult:
        """Itself; raises AssertionError with what was printed when the dataflow failed."""
        assert self.exit_code == 0, f"dora run ended with exit code {self.exit_code}:\n{self.text}"
        return self


def run_dataflow(
    dataflow_path: str | os.PathLike[str],
    outputs: Iterable[str] = (),
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
) -> DataflowResult:
    """Runs a dataflow to its end, and gives what its nodes sent.

    outputs: which outputs to keep, "node/output" each; no message of them is lost.
    timeout: seconds after which the dataflow is stopped and TimeoutError is raised.
    env: environment variables to add.
    """
    from ._programs import program

    wanted = [outputs] if isinstance(outputs, str) else list(outputs)
    folder = os.path.dirname(os.path.abspath(dataflow_path))
    with tempfile.TemporaryDirectory(prefix="dora-test-") as private:
        results = os.path.join(private, "results")
        path = os.fspath(dataflow_path)
        # Beside the original, as its paths are relative to it.
        beside = None
        if wanted:
            beside = _with_recorder(path, folder, wanted)
            path = beside or path
        try:
            exit_code, text = _run(
                [program(), "run", path], {**os.environ, **(env or {}), _RESULTS: results}, timeout
            )
        finally:
            if beside is not None:
                os.unlink(beside)
        result = DataflowResult(exit_code, text, {name: [] for name in wanted})
        result.metadata = {name: [] for name in wanted}
        if os.path.exists(results):
            _read_results(results, result)
    return result


def _run(command: list[str], env: dict[str, str], timeout: float) -> tuple[int, str]:
    with subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            text, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            text, _ = process.communicate()
            raise TimeoutError(f"the dataflow did not end within {timeout} s:\n{text}") from None
        return process.returncode, text


def _with_recorder(path: str, folder: str, wanted: list[str]) -> str | None:
    """A copy of the dataflow with one more node, which keeps what is wanted. None for what is no
    dataflow: `dora run` says best what is wrong with it."""
    from ._yaml import read, write

    try:
        with open(path, encoding="utf-8") as file:
            dataflow = read(file)
    except (OSError, ValueError):
        return None
    if not isinstance(dataflow, dict) or not isinstance(dataflow.get("nodes") or [], list):
        return None
    inputs = {
        f"wanted-{number}": {"source": output, "queue_policy": "backpressure"}
        for number, output in enumerate(wanted)
    }
    recorder = {
        "id": _RECORDER,
        "path": os.path.abspath(__file__),
        "inputs": inputs,
        "env": {"DORA_TEST_RECORDED": ",".join(wanted)},
    }
    dataflow["nodes"] = [*(dataflow.get("nodes") or []), recorder]
    descriptor, copy = tempfile.mkstemp(prefix=".dora-test-", suffix=".yml", dir=folder)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(write(dataflow))
    return copy


def _read_results(path: str, result: DataflowResult) -> None:
    with open(path, "rb") as file:
        while True:
            try:
                name, value, metadata = pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                return
            result.outputs[name].append(value)
            result.metadata[name].append(metadata)


def _record() -> None:
    """The recorder node."""
    from dora import Node

    names = os.environ["DORA_TEST_RECORDED"].split(",")
    with open(os.environ[_RESULTS], "wb") as file:
        for event in Node():
            if event["type"] != "INPUT":
                continue
            name = names[int(event["id"].removeprefix("wanted-"))]
            pickle.dump((name, event["value"], event["metadata"]), file)
            file.flush()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, whose modules are no one else's
    _record()
