"""The process in which the Python operators of a node run, one after the other in one thread.

The node's ports are those of its operators, as "<operator>/<port>"; an operator sees its own part.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

from ._errors import DoraError, NotFound, Unsupported
from ._node import Node

if TYPE_CHECKING:
    from types import ModuleType

    from ._types import Metadata, Sendable

_STOP = 1
_STOP_ALL = 2


class RunningOperator:
    """An instance of a user's class, and the ports that are its own."""

    def __init__(self, node: Node, config: dict[str, Any], descriptor: dict[str, Any]) -> None:
        self.node = node
        self.id: str = config["id"]
        self.path, self.class_name = _source_of(node, config)
        self.open_inputs = set(config.get("inputs") or {})
        self.has_ended = not self.open_inputs
        self.outputs: dict[str, str] = {}
        self.declared = [f"{self.id}/{output}" for output in config.get("outputs") or ()]
        self.instance = self.construct()
        self.instance.dataflow_descriptor = descriptor

    def construct(self, again: bool = False) -> Any:
        module = _import_file(self.path, self.id, again)
        try:
            return getattr(module, self.class_name)()
        except AttributeError as error:
            if hasattr(module, self.class_name):
                raise
            raise NotFound(
                f"operator '{self.id}': {self.path} has no class `{self.class_name}`"
            ) from error

    def send_output(self, output_id: str, data: Sendable, metadata: Metadata | None = None) -> None:
        """What the operator gets as `send_output`."""
        name = self.outputs.get(output_id)
        if name is None:
            name = f"{self.id}/{output_id}" if isinstance(output_id, str) else output_id
            if isinstance(output_id, str):
                self.outputs[output_id] = name
        self.node.send_output(name, data, metadata)

    def handle(self, event: dict[str, Any]) -> int:
        """Lets the operator see an event; returns 0, 1 or 2 as DoraStatus counts."""
        try:
            answer = self.instance.on_event(event, self.send_output)
        except Exception as error:
            error.add_note(f"in operator '{self.id}' of node '{self.node.node_id()}'")
            raise
        status = getattr(answer, "value", answer)
        if status is None:
            return 0
        if status in (0, _STOP, _STOP_ALL) and isinstance(status, int):
            return status
        raise DoraError(
            f"operator '{self.id}': on_event returned {answer!r}; return DoraStatus.CONTINUE, "
            "DoraStatus.STOP, DoraStatus.STOP_ALL or nothing"
        )

    def end(self) -> None:
        """Closes the outputs, and lets the instance go."""
        self.has_ended = True
        self.instance = None
        if self.declared:
            self.node.close_outputs(self.declared)

    def reload(self) -> None:
        """A new instance of the changed file, which takes over the state of the old one."""
        state = dict(self.instance.__dict__)
        self.instance = self.construct(again=True)
        self.instance.__dict__.update(state)


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
        self.operators = {
            config["id"]: RunningOperator(self.node, config, descriptor)
            for config in _own_operators(self.node.node_id(), descriptor)
        }
        self.routes: dict[str, tuple[RunningOperator, str]] = {}

    def run(self) -> None:
        for event in self.node:
            self.deliver(event)
            if all(operator.has_ended for operator in self.operators.values()):
                break
        self.node.close()

    def deliver(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "INPUT":
            operator, event["id"] = self.route(event["id"])
            self.pass_on(operator, event)
        elif kind in ("INPUT_CLOSED", "INPUT_RECOVERED"):
            operator, event["id"] = self.route(event["id"])
            self.pass_on(operator, event)
            if kind == "INPUT_CLOSED":
                operator.open_inputs.discard(event["id"])
                if not operator.open_inputs:
                    self.stop(operator, "ALL_INPUTS_CLOSED")
            else:
                operator.open_inputs.add(event["id"])
        elif kind == "STOP":
            for operator in self.operators.values():
                self.stop(operator, event["id"])
        elif kind == "RELOAD":
            for operator in self.operators.values():
                if event.get("id") in (None, operator.id) and not operator.has_ended:
                    operator.reload()
                    self.pass_on(operator, event)
        elif kind == "NODE_FAILED":
            self.tell_of_failure(event)
        else:
            for operator in self.operators.values():
                self.pass_on(operator, dict(event))

    def tell_of_failure(self, event: dict[str, Any]) -> None:
        affected = event["value"]["affected_input_ids"]
        for operator in self.operators.values():
            own = [name.partition("/")[2] for name in affected if self.route(name)[0] is operator]
            if own:
                value = {**event["value"], "affected_input_ids": own}
                self.pass_on(operator, {**event, "value": value})

    def route(self, port: str) -> tuple[RunningOperator, str]:
        """Whose port it is, and what its operator calls it."""
        found = self.routes.get(port)
        if found is None:
            name, _, own = port.partition("/")
            found = self.routes[port] = (self.operators[name], own)
        return found

    def pass_on(self, operator: RunningOperator, event: dict[str, Any]) -> None:
        if operator.has_ended:
            return
        status = operator.handle(event)
        if status == _STOP:
            operator.end()
        elif status == _STOP_ALL:
            operator.end()
            _stop_dataflow(self.node.dataflow_id())

    def stop(self, operator: RunningOperator, why: str) -> None:
        if operator.has_ended:
            return
        self.pass_on(operator, {"kind": "dora", "type": "STOP", "id": why})
        if not operator.has_ended:
            operator.end()


def _own_operators(node_id: str, descriptor: dict[str, Any]) -> list[dict[str, Any]]:
    for node in descriptor["nodes"]:
        if node["id"] == node_id:
            single = node.get("operator")
            return [{"id": "op", **single}] if single else node.get("operators") or []
    raise NotFound(f"the dataflow has no node '{node_id}'")


def _source_of(node: Node, config: dict[str, Any]) -> tuple[str, str]:
    """The file, and the name of the class in it."""
    python = config.get("python")
    if isinstance(python, dict):
        python = python.get("source")
    if not isinstance(python, str):
        raise Unsupported(
            f"operator '{config['id']}' of node '{node.node_id()}' is not in Python: operators "
            "in shared libraries cannot share a process with Python ones in this version"
        )
    path, colon, name = python.rpartition(":")
    if colon and name.isidentifier():
        return os.path.abspath(path), name
    return os.path.abspath(python), "Operator"


def _import_file(path: str, operator_id: str, again: bool) -> ModuleType:
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
        return importlib.reload(loaded) if again else loaded
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


def _stop_dataflow(dataflow_id: str) -> None:
    """As `dora stop` does."""
    import subprocess

    from ._programs import program

    subprocess.Popen(
        [program(), "stop", dataflow_id], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
