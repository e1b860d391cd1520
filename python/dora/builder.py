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

_POLICIES = ("drop_oldest", "backpressure")


class Output:
    """An output of a node, to be passed to add_input."""

    def __init__(self, node: Node, output_id: str) -> None:
        self.node = node
        self.output_id = output_id

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
        python: str | None = None,
        shared_library: str | None = None,
        send_stdout_as: str | None = None,
    ) -> None:
        self.id = id
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


class Node:
    """A node of the dataflow that is being built. Every setter returns the node."""

    def __init__(self, id: str, **config: Any) -> None:
        self.id = id
        self.config: dict[str, Any] = {"id": id, **config}
        self.operators: list[Operator] = []

    def path(self, path: str) -> Self:
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


class DataflowBuilder:
    """A dataflow that is being built."""

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
        """Writes the YAML to `path`, or returns its text when there is none."""
        import yaml

        text: str = yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)
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
        import yaml

        try:
            parsed = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"this is no YAML: {error}") from error
        if parsed is None:
            parsed = {}
        if not isinstance(parsed, dict):
            raise ValueError("a dataflow is a map with the key `nodes`")
        builder = cls(name)
        builder.settings = {key: value for key, value in parsed.items() if key != "nodes"}
        for number, config in enumerate(parsed.get("nodes") or []):
            if not isinstance(config, dict) or "id" not in config:
                raise ValueError(f"nodes[{number}] is no map with the key `id`")
            node = builder.add_node(**config)
            for operator in node.config.pop("operators", None) or []:
                added = Operator(operator["id"])
                added.config = dict(operator)
                node.add_operator(added)
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

    def _repr_html_(self) -> str:
        """How a notebook shows the dataflow: its nodes, and what feeds each."""
        rows = []
        for node in self.nodes:
            inputs = []
            for name, source in (node.config.get("inputs") or {}).items():
                origin = source["source"] if isinstance(source, dict) else source
                inputs.append(f"{html.escape(name)} ← {html.escape(str(origin))}")
            outputs = [html.escape(str(output)) for output in node.config.get("outputs") or []]
            rows.append(
                f"<tr><td><b>{html.escape(node.id)}</b></td><td>{'<br>'.join(inputs)}</td>"
                f"<td>{'<br>'.join(outputs)}</td></tr>"
            )
        return (
            f"<table><caption>{html.escape(self.name)}</caption>"
            f"<tr><th>node</th><th>inputs</th><th>outputs</th></tr>{''.join(rows)}</table>"
        )
