"""YAML as dora reads it: of its version 1.2, with the core schema.

PyYAML reads version 1.1, where `no` is a bool, 12:30 an int and 2026-01-01 a date; to dora these
are texts. What is written here is read alike by both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import yaml

_FIRST_OF_NUMBERS = list("-+.0123456789")
_RESOLVERS: list[tuple[str, str, list[str]]] = [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", _FIRST_OF_NUMBERS),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        _FIRST_OF_NUMBERS,
    ),
]


class _Loader(yaml.SafeLoader):
    # No other ones: neither dates nor `<<`.
    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012  (it is PyYAML's)

    def construct_core_int(self, node: yaml.ScalarNode) -> int:
        text = str(self.construct_scalar(node))
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)

    def construct_core_float(self, node: yaml.ScalarNode) -> float:
        text = str(self.construct_scalar(node)).lower()
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True  # what stands in two places is written twice

    def represent_other(self, data: Any) -> yaml.Node:
        """Paths, and heirs of text and numbers, such as numpy's."""
        if type(data).__module__ == "numpy" and hasattr(data, "item"):
            data = data.item()
        if isinstance(data, os.PathLike):
            data = str(os.fspath(data))
        if isinstance(data, bool):
            return self.represent_bool(data)
        if isinstance(data, str):
            return self.represent_str(str.__str__(data))
        if isinstance(data, int):
            return self.represent_int(int(data))
        if isinstance(data, float):
            return self.represent_float(float(data))
        if isinstance(data, Mapping):
            return self.represent_dict(dict(data))
        raise yaml.representer.RepresenterError(f"{data!r} is of type {type(data).__name__}")


for _kind, _pattern, _first in _RESOLVERS:
    _tag = f"tag:yaml.org,2002:{_kind}"
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_core_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_core_float)
_Dumper.add_representer(None, _Dumper.represent_other)  # type: ignore[arg-type]


def read(text: Any) -> Any:
    """What a text, or an open file, says. Raises ValueError for one that is no YAML."""
    try:
        return yaml.load(text, _Loader)  # a safe one
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"this is no YAML: {error}") from error


def write(data: Any) -> str:
    """Raises ValueError for what has no form in YAML."""
    try:
        text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"this cannot be written as YAML: {error}") from error
    return text
