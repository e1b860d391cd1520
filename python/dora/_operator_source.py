"""Where operators come from: what `python:` and `shared-library:` of a dataflow name."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import NotFound

if TYPE_CHECKING:
    from types import ModuleType

# As dataflow/source_syntax.hpp has it.
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_VARIABLES = ("HOME", "USER", "DORA_WORKSPACE", "CARGO_MANIFEST_DIR", "PWD")


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def fetched(url: str, sha256: str, operator_id: str) -> str:
    """The file that a URL names: one with the right checksum; without one what is there now, or
    what was there before when nobody answers. The runtime of libraries (native_operator.cpp) looks
    for it in the same place. The daemon sets DORA_OFFLINE for `--offline`."""
    from ._download import provide

    def tell(text: str) -> None:
        print(text, file=sys.stderr)

    name = re.split("[?#]", url)[0].rpartition("/")[2]
    name = name if name and not name.startswith(".") else f"program{name}"
    path = Path("build", sha256, name).absolute()
    is_offline = os.environ.get("DORA_OFFLINE") == "1"
    try:
        provide(url, path, sha256 or None, is_offline, tell=tell)
    except Exception as error:  # a server may answer anything
        raise NotFound(f"operator '{operator_id}': downloading {url}: {error}") from error
    return str(path)


class Source:
    """`detect.py`, `package.module`, or a URL; each with `:Class` when that is not `Operator`."""

    def __init__(self, config: dict[str, Any]) -> None:
        python = config["python"]
        text: str = python["source"] if isinstance(python, dict) else python
        reference, colon, name = text.rpartition(":")
        has_class = bool(colon) and name.isidentifier()
        self.reference = reference if has_class else text
        self.class_name = name if has_class else "Operator"
        self.sha256 = str(config.get("path_sha256", "")).lower()
        self.operator_id: str = config["id"]

    def load(self) -> ModuleType:
        if is_url(self.reference):
            path = fetched(self.reference, self.sha256, self.operator_id)
            return _import_file(path, self.operator_id)
        path = os.path.abspath(_expand(self.reference))
        is_module = _MODULE.fullmatch(self.reference) and not self.reference.endswith(".py")
        if is_module and not os.path.isfile(path):
            return _import_module(self.reference, self.operator_id)
        return _import_file(path, self.operator_id)


def _expand(path: str) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return (os.environ.get(name) if name in _VARIABLES else None) or match[0]

    return _VARIABLE.sub(value, path)


def _import_module(name: str, operator_id: str) -> ModuleType:
    folder = os.getcwd()
    # Python looks in the current directory first, unless it is told not to.
    if "" not in sys.path and folder not in sys.path:
        sys.path.append(folder)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # one that the module itself wants
        raise NotFound(
            f"operator '{operator_id}': {sys.executable} finds no module '{error.name}' (for "
            f"`python: {name}`): install it there, or name a file that ends with .py"
        ) from error


def _import_file(path: str, operator_id: str) -> ModuleType:
    """Imports a file by its own name; under another one when two files have the same."""
    if not os.path.isfile(path):
        raise NotFound(f"operator '{operator_id}': there is no file {path}")
    folder, file = os.path.split(path)
    if folder not in sys.path:
        sys.path.append(folder)
    name = os.path.splitext(file)[0]
    loaded = sys.modules.get(name)
    if loaded is None and _origin(name) == path:
        return importlib.import_module(name)
    if loaded is not None and getattr(loaded, "__file__", None) == path:
        return loaded
    # Another module has this name, e.g. one of Python's own.
    name = f"dora_operator_{operator_id}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"operator '{operator_id}': {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _origin(name: str) -> str | None:
    """The file that `import name` would load."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return None if spec is None else spec.origin
