"""NDArray: how a numpy array that was sent arrives. Imported with the first such message."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def _array_api() -> Any:
    """numpy's C functions, for the extension."""
    try:
        module = importlib.import_module("numpy._core._multiarray_umath")
    except ImportError:  # numpy 1
        module = importlib.import_module("numpy.core._multiarray_umath")
    return module._ARRAY_API


ARRAY_API = _array_api()
_DTYPES = {
    "b": "?",
    "c": "i1",
    "C": "u1",
    "s": "i2",
    "S": "u2",
    "i": "i4",
    "I": "u4",
    "l": "i8",
    "L": "u8",
    "e": "f2",
    "f": "f4",
    "g": "f8",
}
_UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


def dtype_of(arrow_format: str) -> np.dtype[Any]:
    """The dtype of an Arrow format: "g" is float64, "tsn:" datetime64[ns]."""
    if arrow_format in _DTYPES:
        return np.dtype(_DTYPES[arrow_format])
    if arrow_format.startswith("ts"):
        return np.dtype(f"M8[{_UNITS[arrow_format[2]]}]")
    if arrow_format.startswith("tD"):
        return np.dtype(f"m8[{_UNITS[arrow_format[2]]}]")
    raise TypeError(f"numpy has no type for the Arrow format {arrow_format!r}")


# An element remembers that it came from a message: value[0].as_py(). (numpy.bool has no heirs.)
_ELEMENTS: dict[type[Any], type[Any]] = {
    base: type(base.__name__, (base,), {"as_py": base.item, "__slots__": ()})
    for base in (
        *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
        *(np.float16, np.float32, np.float64),
    )
}
_plain_getitem = np.ndarray.__getitem__


class NDArray(np.ndarray):
    """A received numpy array: shape and dtype as sent, read-only, in shared memory.

    It is a numpy.ndarray, and answers the idioms of pyarrow arrays too: to_numpy(), to_pylist(),
    type, null_count, value[0].as_py(). Copy it (value.copy()) to change it; what is computed from
    it is an ordinary array.
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        item = _plain_getitem(self, key)
        element = _ELEMENTS.get(item.__class__)
        return item if element is None else element(item)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = array.view(np.ndarray)
        return plain[()] if return_scalar or plain.ndim == 0 else plain

    def to_numpy(self, zero_copy_only: bool = True, writable: bool = False) -> np.ndarray[Any, Any]:
        """The same memory as a plain numpy array; a copy of it when `writable`."""
        plain = self.view(np.ndarray)
        return plain.copy() if writable else plain

    def to_pylist(self) -> Any:
        """Python numbers in lists, nested as deep as the array has dimensions."""
        return self.tolist()

    as_py = to_pylist

    def to_arrow(self) -> pa.Array:
        """The elements as a flat pyarrow array, without copying where numpy's layout allows it."""
        import pyarrow as pa

        return pa.array(self.view(np.ndarray).reshape(-1))

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the elements."""
        import pyarrow as pa

        return pa.from_numpy_dtype(self.dtype)

    @property
    def null_count(self) -> int:
        """How many elements are null: none."""
        return 0

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        array = self.to_arrow()
        return array if type is None else array.cast(type)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        capsules: tuple[object, object] = self.to_arrow().__arrow_c_array__(requested_schema)
        return capsules


NDArray.__module__ = "dora"
