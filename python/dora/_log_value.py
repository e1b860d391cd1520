"""The value of a message that arrives on an input which asks for `dora/logs`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class LogValue:
    """A log message: an Arrow string array of length 1 that holds its JSON.

    It answers as a `pyarrow.StringArray` does, and is text, too:

        json.loads(event["value"].as_py())
        json.loads(event["value"][0].as_py())
    """

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    def as_py(self) -> str:
        """The JSON text."""
        text: str = self._array[0].as_py()
        return text

    # `isinstance(value, pa.Array)` holds.
    @property  # type: ignore[misc]  # read-only, which object's is not
    def __class__(self) -> Any:
        return type(self._array)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._array, name)

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._array)

    def __getitem__(self, key: Any) -> Any:
        return self._array[key]

    def __eq__(self, other: object) -> Any:
        return self._array == (other._array if type(other) is LogValue else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._array)

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self._array.__arrow_c_array__(requested_schema)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._array.__array__(dtype, copy)

    def __reduce__(self) -> Any:
        return self._array.__reduce__()
