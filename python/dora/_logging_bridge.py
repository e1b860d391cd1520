"""Installs the bridge of _logging.py as soon as the process has `logging`.

To import that takes 15 ms and 2 MB, and a node that does not log needs none of it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def install_bridge_in_time(node_id: str) -> None:
    """Now, or when somebody imports `logging`."""
    if "logging" in sys.modules:
        from ._logging import install_bridge

        install_bridge(node_id)
        return
    _LoggingFinder.node_id = node_id
    if not any(isinstance(finder, _LoggingFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LoggingFinder())


class _LoggingFinder:
    """Finds `logging` where the others find it, once, and has the bridge installed then."""

    node_id = ""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                # Not of importlib.abc.Loader: to import that would cost what this saves.
                loader: Any = _LoggingLoader(spec.loader, self.node_id)
                spec.loader = loader
                return spec
        return None


class _LoggingLoader:
    def __init__(self, loader: Any, node_id: str) -> None:
        self._loader = loader
        self._node_id = node_id

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        from ._logging import install_bridge

        install_bridge(self._node_id)
