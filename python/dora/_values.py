"""Data that needs more than a glance before it is sent, and the bytes of what was received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ._errors import InvalidType

if TYPE_CHECKING:
    from collections.abc import Collection

EMPTY = pa.nulls(0)

_ACCEPTED = (
    "bytes, numpy arrays, pyarrow arrays, objects with a buffer, __arrow_c_array__ or DLPack, and "
    "list, tuple, dict, str, int, float and bool"
)
_TIME_UNITS = {"s": "s", "ms": "m", "us": "u", "ns": "n"}
_COARSE_UNITS = {"W", "D", "h", "m"}


def to_sendable(data: object) -> Any:
    """Turns `data` into bytes, a numpy array or a pyarrow array."""
    if isinstance(data, (pa.ChunkedArray, pa.Table)):
        return _combined(data)
    if isinstance(data, pa.Scalar):
        return pa.array([data.as_py()], data.type)
    if isinstance(data, np.ma.MaskedArray):
        return pa.array(data.reshape(-1))
    if isinstance(data, np.generic):
        return _array_of([data], data)
    if hasattr(data, "__dlpack__"):
        return _from_dlpack(data)
    if hasattr(data, "__arrow_c_stream__"):
        return _combined(pa.chunked_array(data) if not hasattr(data, "columns") else pa.table(data))
    if isinstance(data, (list, tuple)):
        return _array_of(list(data), data)
    if isinstance(data, (str, int, float, dict)):
        return _array_of([data], data)
    if isinstance(data, (memoryview, bytearray)):
        return bytes(data)
    if hasattr(data, "__array__"):
        return np.asarray(data)
    raise InvalidType(
        f"data of type {type(data).__name__!r} cannot be sent; send {_ACCEPTED}{_hint(data)}"
    )


def _hint(data: object) -> str:
    if data is None:
        return "; a message without content is b'' or pa.array([])"
    if callable(data):
        return " (did you forget to call it?)"
    return ", e.g. pa.array([...]) of its parts"


# pyarrow's own limit is the stack.
_MOST_NESTED = 64
_CONTAINERS = frozenset((list, tuple, dict))


def _check_nesting(items: Collection[Any], depth: int) -> None:
    if _CONTAINERS.isdisjoint(map(type, items)):
        return
    if depth == _MOST_NESTED:
        raise InvalidType(f"lists and dicts nested more than {_MOST_NESTED} deep cannot be sent")
    for item in items:
        if type(item) in _CONTAINERS:
            _check_nesting(item.values() if type(item) is dict else item, depth + 1)


def _array_of(items: list[Any], data: object) -> pa.Array:
    _check_nesting(items, 0)
    try:
        return pa.array(items)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidType(
            f"data of type {type(data).__name__!r} is no Arrow array: {error}; give pa.array its "
            f"type, or send {_ACCEPTED}"
        ) from error


def _combined(data: Any) -> pa.Array:
    if isinstance(data, pa.Table):
        data = data.to_struct_array()
    if isinstance(data, pa.Array):
        return data
    if data.num_chunks == 1:
        return data.chunk(0)
    return pa.concat_arrays(data.chunks) if data.num_chunks else pa.array([], data.type)


def _from_dlpack(data: Any) -> Any:
    try:
        return np.from_dlpack(data)
    except Exception as error:
        requires_grad = getattr(data, "requires_grad", False)
        raise InvalidType(
            f"the tensor of type {type(data).__name__!r} cannot be sent: {error}"
            + (
                "; detach it first: tensor.detach()"
                if requires_grad
                else "; bring it to the CPU first, e.g. tensor.cpu(), or use dora.cuda"
            )
        ) from error


def to_plain_ndarray(array: np.ndarray[Any, Any]) -> Any:
    """A C-contiguous array of this machine's byte order; for times (integers, Arrow format); for
    text a pyarrow array."""
    kind = array.dtype.kind
    if kind in "biuf":
        if array.dtype.itemsize > 8:
            raise InvalidType(_refusal(array, "; send it as float64: array.astype('f8')"))
        return np.array(
            array, dtype=array.dtype.newbyteorder("="), order="C", copy=None, subok=False
        )
    if kind in "mM":
        return _times(array)
    if kind in "SU":
        if array.ndim != 1:
            raise InvalidType(_refusal(array, " unless it has one dimension"))
        return pa.array(array)
    if kind == "T" and array.ndim == 1:
        return pa.array(array.astype(object))
    hints = {
        "c": "; send the real and imaginary parts: array.view('f4') or array.view('f8')",
        "O": "; send pa.array(array.tolist()), or give the array a type: array.astype(...)",
        "V": "; send its fields one by one, or a pa.StructArray",
    }
    raise InvalidType(_refusal(array, hints.get(kind, "")))


def _refusal(array: np.ndarray[Any, Any], fix: str) -> str:
    return f"a numpy array of dtype {array.dtype.name!r} cannot be sent{fix}"


def _times(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], str]:
    kind = array.dtype.kind
    unit, count = np.datetime_data(array.dtype)
    if unit in _COARSE_UNITS:
        unit, count = "s", 1
        array = array.astype(f"{kind}8[s]")
    if unit not in _TIME_UNITS or count != 1:
        raise InvalidType(_refusal(array, f"; give it a unit: array.astype('{kind}8[ns]')"))
    numbers = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))
    numbers = numbers.reshape(array.shape)
    letter = _TIME_UNITS[unit]
    return numbers.view("i8"), f"ts{letter}:" if kind == "M" else f"tD{letter}"


def as_received(data: object) -> Any:
    """What an operator of the same process receives for `data`: the very memory, as bytes, as a
    read-only NDArray, or as a pyarrow array."""
    from ._ndarray import NDArray, dtype_of

    if isinstance(data, pa.Array):
        return data
    if not isinstance(data, (bytes, np.ndarray)) or isinstance(data, np.ma.MaskedArray):
        data = pa.array(data) if hasattr(data, "__arrow_c_array__") else to_sendable(data)
    if not isinstance(data, np.ndarray):
        return data
    plain = to_plain_ndarray(data)
    if isinstance(plain, tuple):
        plain = plain[0].view(dtype_of(plain[1]))
    if not isinstance(plain, np.ndarray):
        return plain
    view = plain.view(NDArray)
    view.flags.writeable = False
    return view


def to_exportable(received: Any) -> tuple[pa.Array, tuple[int, ...] | None]:
    """Such a form as an Arrow array, and the shape of an n-dimensional one."""
    if isinstance(received, bytes):
        return array_of_bytes(received), None
    if isinstance(received, np.ndarray):
        return pa.array(received.view(np.ndarray).reshape(-1)), received.shape
    return received, None


def array_of_bytes(data: bytes) -> pa.Array:
    """A UInt8 array over the very bytes."""
    return pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])


def bytes_of(value: Any) -> bytes:
    """event["data"]: the raw elements of a primitive array, the one element of a text or binary
    array, or an Arrow IPC stream of anything else."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if not isinstance(value, pa.Array):
        return b""
    kind = value.type
    if pa.types.is_null(kind):
        return b""
    texts = (pa.types.is_string, pa.types.is_large_string)
    binaries = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if len(value) == 1 and value.null_count == 0:
        if any(test(kind) for test in texts):
            return str(value[0].as_py()).encode()
        if any(test(kind) for test in binaries):
            return bytes(value[0].as_py())
    if pa.types.is_primitive(kind) and not pa.types.is_boolean(kind) and value.null_count == 0:
        width = kind.bit_width // 8
        start = value.offset * width
        return bytes(memoryview(value.buffers()[1])[start : start + len(value) * width])
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([value], names=["value"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())
