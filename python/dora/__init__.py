"""dora: dataflows of processes that exchange Apache Arrow arrays through shared memory.

A node is a process that takes events and sends outputs:

    from dora import Node

    node = Node()
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("doubled", event["value"].to_numpy() * 2)
        elif event["type"] == "STOP":
            break

Importing this package imports neither numpy nor pyarrow; they come when the first array does.
"""

from __future__ import annotations

import os
import sys

try:
    from ._dora import version as __version__
except ImportError as _error:
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError(
            "dora does not support builds of Python without the GIL (free-threaded), such as "
            f"{sys.executable}: use an ordinary one, of 3.11 or later"
        ) from _error
    raise
from ._node import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import builder as builder
    from . import cuda as cuda
    from . import testing as testing
    from . import tracing as tracing
    from ._dora import Event, SampleBuffer, SampleHandler
    from ._errors import (
        Busy,
        Disconnected,
        DoraError,
        InvalidInput,
        InvalidType,
        NotFound,
        TimedOut,
        Unsupported,
    )
    from ._ndarray import NDArray
    from ._operators import DoraStatus, start_runtime
    from ._programs import build, run
    from ._ros2 import (
        Ros2ActionClient,
        Ros2ActionServer,
        Ros2Context,
        Ros2Durability,
        Ros2Liveliness,
        Ros2Node,
        Ros2NodeOptions,
        Ros2Publisher,
        Ros2QosPolicies,
        Ros2ServiceClient,
        Ros2ServiceServer,
        Ros2Subscription,
        Ros2Topic,
        Ros2Transport,
    )

__author__ = "Dora-rs Authors"

__all__ = [
    "Busy",
    "Disconnected",
    "DoraError",
    "DoraStatus",
    "Event",
    "InvalidInput",
    "InvalidType",
    "NDArray",
    "Node",
    "NotFound",
    "Ros2ActionClient",
    "Ros2ActionServer",
    "Ros2Context",
    "Ros2Durability",
    "Ros2Liveliness",
    "Ros2Node",
    "Ros2NodeOptions",
    "Ros2Publisher",
    "Ros2QosPolicies",
    "Ros2ServiceClient",
    "Ros2ServiceServer",
    "Ros2Subscription",
    "Ros2Topic",
    "Ros2Transport",
    "SampleBuffer",
    "SampleHandler",
    "TimedOut",
    "Unsupported",
    "__author__",
    "__version__",
    "build",
    "run",
    "start_runtime",
]

# Where the names live that are imported on first use.
_MODULES = {
    "_dora": ("Event", "SampleBuffer", "SampleHandler"),
    "_errors": (
        "Busy",
        "Disconnected",
        "DoraError",
        "InvalidInput",
        "InvalidType",
        "NotFound",
        "TimedOut",
        "Unsupported",
    ),
    "_ndarray": ("NDArray",),
    "_operators": ("DoraStatus", "start_runtime"),
    "_programs": ("build", "run"),
    "_ros2": tuple(name for name in __all__ if name.startswith("Ros2")),
}


def _warn_of_dora_rs() -> None:
    """The distribution dora-rs puts its files into the same folder as this one."""
    folder = os.path.dirname(__file__)
    foreign = [name for name in os.listdir(folder) if name.startswith("dora.") and ".so" in name]
    if foreign:
        import warnings

        warnings.warn(
            f"the package dora-rs is installed in the same environment ({folder}), and its files "
            f"mix with those of dora-cpp; run: {sys.executable} -m pip uninstall -y dora-rs && "
            f"{sys.executable} -m pip install --force-reinstall --no-deps dora-cpp",
            RuntimeWarning,
            stacklevel=3,
        )


_warn_of_dora_rs()


def __getattr__(name: str) -> object:
    import importlib

    if name in ("builder", "cuda", "testing", "tracing"):
        return importlib.import_module(f"dora.{name}")
    for module, names in _MODULES.items():
        if name in names:
            value = getattr(importlib.import_module(f"dora.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'dora' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "builder", "cuda", "testing", "tracing"]
