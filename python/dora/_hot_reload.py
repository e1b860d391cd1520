"""`dora run --hot-reload`: operators follow their files. The daemon sets DORA_HOT_RELOAD."""

from __future__ import annotations

import hashlib
import linecache
import os
import threading
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# Looking is cheap, and finds every way in which editors save: by writing, or by a new file.
_INTERVAL_S = 0.2


def is_wanted() -> bool:
    return os.environ.get("DORA_HOT_RELOAD") == "1"


def content_of(path: str) -> bytes | None:
    """A digest; None while there is no such file, as between two steps of an editor."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).digest()
    except OSError:
        return None


def watch(paths: dict[int, str], on_change: Callable[[int], object]) -> None:
    """Calls `on_change` with the number of a file whenever its content is another, from a thread
    of its own, until the process ends."""
    known = {number: content_of(path) for number, path in paths.items()}

    def look() -> None:
        stop = threading.Event()
        while not stop.wait(_INTERVAL_S):
            for number, path in paths.items():
                content = content_of(path)
                if content is not None and content != known[number]:
                    known[number] = content
                    on_change(number)

    threading.Thread(target=look, name="dora-hot-reload", daemon=True).start()


def execute_again(module: ModuleType, path: str) -> None:
    """Runs a changed file in its module. Not by importlib, whose cached code counts seconds."""
    linecache.checkcache(path)
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    exec(code, module.__dict__)


def hand_over(old: Any, new: Any) -> None:
    """Gives the state of an instance to its successor, as pickle does: what `__getstate__` of the
    old one says goes to `__setstate__` of the new one; without those, its attributes."""
    state = old.__getstate__()
    if hasattr(new, "__setstate__"):
        new.__setstate__(state)
    elif isinstance(state, dict):
        new.__dict__.update(state)


def tell_failure(operator: str, error: BaseException) -> None:
    import logging

    logging.getLogger("dora").error(
        "%s was not reloaded and goes on as it was: %s",
        operator,
        "".join(traceback.format_exception(error)).rstrip(),
    )


def tell_success(operator: str, path: str) -> None:
    import logging

    logging.getLogger("dora").info("%s was reloaded from %s", operator, path)
