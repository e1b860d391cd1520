"""dora.run and dora.build: the commands of the same names."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sysconfig

from ._errors import DoraError, InvalidInput, NotFound


def program() -> str:
    """The `dora` that was installed with this package, else the one on the PATH."""
    beside = os.path.join(sysconfig.get_path("scripts"), "dora")
    found = beside if os.access(beside, os.X_OK) else shutil.which("dora")
    if found is None:
        raise NotFound("the program `dora` is not installed beside this package nor on the PATH")
    return found


def _call(command: str, dataflow_path: str, options: list[str]) -> None:
    ended = subprocess.run([program(), command, os.fspath(dataflow_path), *options], check=False)
    if ended.returncode != 0:
        raise DoraError(
            f"`dora {command} {dataflow_path}` failed with exit code {ended.returncode}"
        )


def checked(dataflow_path: str) -> None:
    """Raises InvalidInput with what `dora validate` says against a dataflow."""
    ended = subprocess.run(
        [program(), "validate", dataflow_path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ended.returncode != 0:
        raise InvalidInput(ended.stderr.strip() or ended.stdout.strip())


def run(dataflow_path: str, uv: bool | None = None, stop_after: float | None = None) -> None:
    """Runs a dataflow and returns when it has ended, as `dora run` does.

    stop_after: seconds after which it is stopped. Raises RuntimeError if it failed.
    """
    options = ["--uv"] if uv else []
    if stop_after is not None:
        if not math.isfinite(stop_after) or stop_after < 0:
            raise InvalidInput("stop_after is a number of seconds, finite and not negative")
        options += ["--stop-after", f"{stop_after:f}s"]
    _call("run", dataflow_path, options)


def build(
    dataflow_path: str,
    uv: bool | None = None,
    coordinator_addr: str | None = None,
    coordinator_port: int | None = None,
    force_local: bool = False,
) -> None:
    """Runs the `build:` commands of a dataflow, as `dora build` does.

    Raises RuntimeError if one failed.
    """
    options = ["--uv"] if uv else []
    if coordinator_addr is not None:
        import ipaddress

        try:
            ipaddress.ip_address(coordinator_addr)
        except ValueError as error:
            raise InvalidInput(f"coordinator_addr must be an IP address: {error}") from error
        options += ["--coordinator-addr", coordinator_addr]
    if coordinator_port is not None:
        options += ["--coordinator-port", str(coordinator_port)]
    if force_local:
        options.append("--local")
    _call("build", dataflow_path, options)
