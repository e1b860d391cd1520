"""The process in which the operators of a node run.

The extension's OperatorRuntime takes the node's events, runs the operators that are in shared
libraries, and passes what operators send each other; this here runs those in Python.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from . import _hot_reload
from ._dora import OperatorRuntime
from ._errors import DoraError, NotFound
from ._node import Node
from ._operator_source import Source, fetched, is_url
from .tracing import traced

if TYPE_CHECKING:
    from types import ModuleType

    from ._type_check import PortTypes

_STATUSES = (0, 1, 2)  # as DoraStatus counts


class RunningOperator:
    """An instance of a user's class, and what it sends with."""

    def __init__(self, node_id: str, config: dict[str, Any], sender: Any) -> None:
        self.id: str = config["id"]
        self.name = f"operator '{self.id}' of node '{node_id}'"
        self.source = Source(config)
        self.path = ""
        self.send_output = sender.send_output
        self.descriptor: dict[str, Any] = {}
        self.module: ModuleType | None = None
        self.instance: Any = None
        self.types: PortTypes | None = None
        if os.environ.get("DORA_RUNTIME_TYPE_CHECK"):
            from . import _type_check

            if _type_check.is_wanted():
                self.types = _type_check.PortTypes(config)
                self.send_output = _type_check.checked_send(self.types, self.send_output)

    def construct(self) -> None:
        """Loads its file, and makes the instance."""
        try:
            self.module = self.source.load()
            self.path = self.module.__file__ or ""
            self.instance = self.make_instance()
        except Exception as error:
            error.add_note(f"in {self.name}")
            raise

    def make_instance(self) -> Any:
        try:
            instance = getattr(self.module, self.source.class_name)()
        except AttributeError as error:
            if hasattr(self.module, self.source.class_name):
                raise
            where = self.path or self.source.reference
            raise NotFound(
                f"operator '{self.id}': {where} has no class `{self.source.class_name}`"
            ) from error
        if not callable(getattr(instance, "on_event", None)):
            raise NotFound(
                f"{self.name}: class `{self.source.class_name}` in {self.path} has no method "
                "on_event(self, event, send_output)"
            )
        self.describe(instance)
        return instance

    def describe(self, instance: Any) -> None:
        """Gives an instance the dataflow, unless its class has no room for it (`__slots__`)."""
        with contextlib.suppress(AttributeError):
            instance.dataflow_descriptor = self.descriptor

    def handle(self, event: dict[str, Any] | None) -> int:
        """Lets the operator see an event; returns 0, 1 or 2 as DoraStatus counts."""
        if event is None:
            self.instance = None
            return 0
        if event["type"] == "RELOAD":
            self.reload(event)
            return 0
        try:
            if self.types is not None:
                self.types.check_received(event)
            answer = self.instance.on_event(event, self.send_output)
        except Exception as error:
            error.add_note(f"in {self.name}")
            raise
        status = getattr(answer, "value", answer)
        if status is None:
            return 0
        if isinstance(status, int) and not isinstance(status, bool) and status in _STATUSES:
            return status
        hint = ""
        if inspect.iscoroutine(answer):
            answer.close()
            hint = " (on_event must not be `async`)"
        raise DoraError(
            f"{self.name}: on_event returned {answer!r}{hint}; return DoraStatus.CONTINUE, "
            "DoraStatus.STOP, DoraStatus.STOP_ALL or nothing"
        )

    def reload(self, event: dict[str, Any]) -> None:
        """A new instance of the changed file, which takes over the state of the old one. When that
        fails, the old one stays."""
        assert self.module is not None
        before = dict(self.module.__dict__)
        try:
            # A module keeps what its file had: a class that is no more must not stay unnoticed.
            self.module.__dict__.pop(self.source.class_name, None)
            _hot_reload.execute_again(self.module, self.path)
            successor = self.make_instance()
            _hot_reload.hand_over(self.instance, successor)
            successor.on_event(event, self.send_output)
        except Exception as error:
            self.module.__dict__.clear()
            self.module.__dict__.update(before)
            _hot_reload.tell_failure(self.name, error)
            return
        self.instance = successor
        _hot_reload.tell_success(self.name, self.path)


class Runtime:
    """Hands the events of the node to its operators."""

    def __init__(self) -> None:
        if "DORA_NODE_CONFIG" not in os.environ:
            raise NotFound(
                "start_runtime() serves operators of a dataflow: give the node `operator:` in its "
                "YAML, and start it with `dora run dataflow.yml`"
            )
        self.node = Node()
        descriptor = self.node.dataflow_descriptor()
        _fetch_libraries(descriptor, self.node.node_id())
        self.runtime = OperatorRuntime(self.node)
        self.failure: BaseException | None = None
        self.operators: list[RunningOperator | None] = []
        for index, (config, _, is_hosted) in enumerate(self.runtime.operators()):
            operator = None
            if is_hosted:
                operator = RunningOperator(
                    self.node.node_id(), json.loads(config), self.runtime.sender(index)
                )
                operator.construct()
                operator.send_output = traced(operator.send_output)
                operator.descriptor = descriptor
                operator.describe(operator.instance)
            self.operators.append(operator)
        if _hot_reload.is_wanted():
            paths = {number: each.path for number, each in enumerate(self.operators) if each}
            _hot_reload.watch(paths, self.runtime.reload)

    def run(self) -> None:
        threads = [
            threading.Thread(target=self.run_other_thread, args=(number,), daemon=True)
            for number in range(1, self.runtime.thread_count())
        ]
        for thread in threads:
            thread.start()
        try:
            self.run_thread(0)
        except BaseException:
            self.runtime.abort()
            # An operator on another thread that failed first is the one to tell of.
            if self.failure is None:
                raise
        if self.failure is not None:
            raise self.failure
        for thread in threads:
            thread.join()
        self.runtime.close()
        self.node.close()

    def run_thread(self, number: int) -> None:
        take = self.runtime.next
        operators: list[Any] = self.operators
        answer = 0
        while (item := take(number, answer)) is not None:
            answer = operators[item[0]].handle(item[1])

    def run_other_thread(self, number: int) -> None:
        try:
            self.run_thread(number)
        except BaseException as error:
            if self.failure is None:
                self.failure = error
            self.runtime.abort()


def _fetch_libraries(descriptor: dict[str, Any], node_id: str) -> None:
    """Downloads those that are named by URL, before the extension loads them."""
    own: dict[str, Any] = next(node for node in descriptor["nodes"] if node["id"] == node_id)
    for operator in [own["operator"]] if "operator" in own else own.get("operators", []):
        library = operator.get("shared-library", "")
        if is_url(library):
            fetched(library, operator.get("path_sha256", "").lower(), operator["id"])
