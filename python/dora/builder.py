"""Dataflows written in Python instead of YAML.

from dora.builder import DataflowBuilder

with DataflowBuilder() as dataflow:
    sender = dataflow.add_node("sender").path("sender.py")
    message = sender.add_output("message")
    dataflow.add_node("receiver").path("receiver.py").add_input("message", message)
    dataflow.to_yaml("dataflow.yml")
"""

from __future__ import annotations

import contextlib
import html
import os
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DataflowBuilder", "Node", "Operator", "Output"]

_POLICIES = ("drop_oldest", "backpressure")
_PROGRAMS = ("path", "python", "shared-library", "module", "hub", "git")


def _checked_id(what: str, id: object) -> str:
    if isinstance(id, str):
        return id
    from ._errors import InvalidType

    raise InvalidType(f"the id of {what} is a str, not {id!r}")


class Output:
    """An output of a node, to be passed to add_input."""

    def __init__(self, node: Node, output_id: str) -> None:
        self.node = node
        self.output_id: str = _checked_id("an output", output_id)

    def __str__(self) -> str:
        return f"{self.node.id}/{self.output_id}"

    def __repr__(self) -> str:
        return f"Output({str(self)!r})"


class Operator:
    """A class `Operator` in a Python file, or a shared library, that runs inside a node."""

    def __init__(
        self,
        id: str,
        name: str | None = None,
        description: str | None = None,
        build: str | None = None,
        python: str | os.PathLike[str] | None = None,
        shared_library: str | os.PathLike[str] | None = None,
        send_stdout_as: str | None = None,
    ) -> None:
        self.id: str = _checked_id("an operator", id)
        self.config: dict[str, Any] = {
            "id": id,
            "name": name,
            "description": description,
            "build": build,
            "python": python,
            "shared-library": shared_library,
            "send_stdout_as": send_stdout_as,
        }

    def to_dict(self) -> dict[str, Any]:
        """What the YAML says of it."""
        return {key: value for key, value in self.config.items() if value is not None}

    def __repr__(self) -> str:
        return f"Operator({self.id!r})"


class Node:
    """A node of the dataflow that is being built. Every setter returns the node."""

    def __init__(self, id: str, **config: Any) -> None:
        self.id: str = _checked_id("a node", id)
        self.config: dict[str, Any] = {"id": id, **config}
        self.operators: list[Operator] = []

    def path(self, path: str | os.PathLike[str]) -> Self:
        """The script or program to run."""
        self.config["path"] = path
        return self

    def args(self, args: str) -> Self:
        """Its arguments, quoted as for a shell."""
        self.config["args"] = args
        return self

    def env(self, env: dict[str, Any]) -> Self:
        """Its environment variables."""
        self.config["env"] = env
        return self

    def build(self, build: str) -> Self:
        """The commands, one a line, that `dora build` runs."""
        self.config["build"] = build
        return self

    def git(
        self, url: str, branch: str | None = None, tag: str | None = None, rev: str | None = None
    ) -> Self:
        """The repository to clone and run it from."""
        self.config["git"] = url
        for key, value in (("branch", branch), ("tag", tag), ("rev", rev)):
            if value is not None:
                self.config[key] = value
        return self

    def add_operator(self, operator: Operator) -> Self:
        """Lets the node run an operator."""
        if not isinstance(operator, Operator):
            from ._errors import InvalidType

            raise InvalidType(f"add_operator takes a dora.builder.Operator, not {operator!r}")
        self.operators.append(operator)
        return self

    def add_input(
        self,
        input_id: str,
        source: str | Output,
        queue_size: int | None = None,
        queue_policy: str | None = None,
    ) -> Self:
        """Subscribes to an output, "node/output", or to a timer, "dora/timer/hz/30".

        queue_size: how many messages may wait. queue_policy: "drop_oldest" or "backpressure".
        Raises ValueError when one of the two is impossible.
        """
        _checked_id("an input", input_id)
        if not isinstance(source, (str, Output)):
            from ._errors import InvalidType

            raise InvalidType(
                f"the source of input {input_id!r} is an Output or a str such as 'camera/image', "
                f"not {source!r}"
            )
        if queue_size is not None and (
            isinstance(queue_size, bool) or not isinstance(queue_size, int) or queue_size < 1
        ):
            raise ValueError(f"queue_size must be at least 1, not {queue_size!r}")
        if queue_policy is not None and queue_policy not in _POLICIES:
            raise ValueError(
                f"queue_policy must be 'drop_oldest' or 'backpressure', not {queue_policy!r}"
            )
        options: dict[str, Any] = {"queue_size": queue_size, "queue_policy": queue_policy}
        options = {key: value for key, value in options.items() if value is not None}
        self.config.setdefault("inputs", {})[input_id] = (
            {"source": str(source), **options} if options else str(source)
        )
        return self

    def add_output(self, output_id: str) -> Output:
        """Declares an output, and gives it for the add_input of other nodes."""
        _checked_id("an output", output_id)
        outputs = self.config.setdefault("outputs", [])
        if output_id not in outputs:
            outputs.append(output_id)
        return Output(self, output_id)

    def to_dict(self) -> dict[str, Any]:
        """What the YAML says of it."""
        config = dict(self.config)
        if self.operators:
            config["operators"] = [operator.to_dict() for operator in self.operators]
        return config

    def __repr__(self) -> str:
        return f"Node({self.id!r})"


def _id_in(config: object, where: str) -> str:
    if isinstance(config, dict) and isinstance(config.get("id"), (str, int, float)):
        return str(config["id"])
    raise ValueError(f"{where} is no map with the key `id`")


class DataflowBuilder:
    """A dataflow that is being built.

    It may be used in a `with` block, which does nothing at its end. A notebook shows it as a table.
    """

    def __init__(self, name: str = "dora-dataflow") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.settings: dict[str, Any] = {}
        """Keys of the YAML beside `nodes`, e.g. {"exit_when_nodes_finish": True}."""

    def add_node(self, id: str, **kwargs: Any) -> Node:
        """Adds a node. Further arguments become keys of its YAML as they are."""
        node = Node(id, **kwargs)
        self.nodes.append(node)
        return node

    def to_dict(self) -> dict[str, Any]:
        """What the YAML says."""
        return {**self.settings, "nodes": [node.to_dict() for node in self.nodes]}

    def to_yaml(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Writes the YAML to `path`, or returns its text when there is none.

        Raises ValueError for a value that YAML has no form for.
        """
        from ._yaml import write

        text = write(self.to_dict())
        if path is None:
            return text
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return None

    @classmethod
    def from_yaml(cls, text: str, name: str = "dora-dataflow") -> DataflowBuilder:
        """A builder that goes on from the text of a YAML file.

        Raises ValueError when the text is no dataflow; `validate` tells more.
        """
        from ._yaml import read

        parsed = read(text)
        if parsed is None:
            parsed = {}
        if not isinstance(parsed, dict):
            raise ValueError("a dataflow is a map with the key `nodes`")
        nodes = parsed.get("nodes") or []
        if not isinstance(nodes, list):
            raise ValueError("`nodes` of a dataflow is a list")
        builder = cls(name)
        builder.settings = {key: value for key, value in parsed.items() if key != "nodes"}
        for number, config in enumerate(nodes):
            node = Node(_id_in(config, f"nodes[{number}]"))
            node.config = dict(config)
            operators = node.config.pop("operators", None) or []
            if not isinstance(operators, list):
                raise ValueError(f"`operators` of nodes[{number}] is no list")
            for place, operator in enumerate(operators):
                added = Operator(_id_in(operator, f"nodes[{number}].operators[{place}]"))
                added.config = dict(operator)
                node.add_operator(added)
            builder.nodes.append(node)
        return builder

    def validate(self, directory: str | os.PathLike[str] = ".") -> None:
        """Checks the dataflow as `dora validate` checks its YAML in `directory`.

        Raises ValueError with all that is wrong with it: place, reason and suggestion.
        """
        with self._written_to(directory) as path:
            from ._programs import checked

            checked(path)

    def run(
        self,
        directory: str | os.PathLike[str] = ".",
        uv: bool | None = None,
        stop_after: float | None = None,
    ) -> None:
        """Runs the dataflow as dora.run does; its paths are relative to `directory`."""
        with self._written_to(directory) as path:
            from ._programs import run

            run(path, uv, stop_after)

    @contextlib.contextmanager
    def _written_to(self, directory: str | os.PathLike[str]) -> Iterator[str]:
        import tempfile

        descriptor, path = tempfile.mkstemp(
            prefix=f".{os.path.basename(self.name) or 'dataflow'}-", suffix=".yml", dir=directory
        )
        os.close(descriptor)
        try:
            self.to_yaml(path)
            yield path
        finally:
            os.unlink(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<DataflowBuilder {self.name!r}: {', '.join(node.id for node in self.nodes)}>"

    def _repr_html_(self) -> str:
        """How a notebook shows the dataflow: its nodes and operators, and what feeds each."""
        rows = [row for node in self.nodes for row in _rows(node.id, node.to_dict())]
        return (
            f"<table><caption>{html.escape(self.name)}</caption>"
            "<tr><th>node</th><th>runs</th><th>inputs</th><th>outputs</th></tr>"
            f"{''.join(rows)}</table>"
        )


def _rows(name: str, config: dict[str, Any]) -> Iterator[str]:
    inputs = config.get("inputs")
    outputs = config.get("outputs")
    sources = [
        f"{port} ← {source.get('source') if isinstance(source, dict) else source}"
        for port, source in (inputs.items() if isinstance(inputs, dict) else ())
    ]
    runs = next((config[key] for key in _PROGRAMS if config.get(key)), "")
    cells = (
        f"<b>{html.escape(name)}</b>",
        html.escape(str(runs.get("source") if isinstance(runs, dict) else runs)),
        "<br>".join(map(html.escape, sources)),
        "<br>".join(html.escape(str(each)) for each in (outputs or [])),
    )
    yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    operator = config.get("operator")
    parts = [{"id": "op", **operator}] if isinstance(operator, dict) else config.get("operators")
    for part in parts or []:
        yield from _rows(f"{name}/{part['id']}", part)
