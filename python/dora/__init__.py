"""dora: dataflows of processes that exchange Apache Arrow arrays through shared memory."""

from ._dora import version as __version__

__author__ = "Dora-rs Authors"

__all__ = ["__author__", "__version__"]
