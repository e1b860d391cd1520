"""Types that only type checkers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from typing_extensions import Buffer

Scalar: TypeAlias = bool | int | float | str | datetime
Metadata: TypeAlias = Mapping[str, Scalar | Sequence[int] | Sequence[float] | Sequence[str] | Any]


class ArrowExporter(Protocol):
    """Anything that exports one Arrow array, e.g. pyarrow.Array and polars.Series."""

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...


class Dlpack(Protocol):
    """A tensor of torch, jax and the like."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...


Sendable: TypeAlias = (
    Buffer | ArrowExporter | Dlpack | str | float | Mapping[str, Any] | Sequence[Any]
)
"""What Node.send_output takes."""
