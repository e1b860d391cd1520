"""Tensors in the memory of a CUDA device, handed from process to process without a copy.

The sender sends the device's handle of the memory, 64 bytes, and keeps the tensor:

    node.send_output("tensor", *torch_to_ipc_buffer(tensor))

The receiver opens it:

    with open_ipc_handle(ipc_buffer_to_ipc_handle(event["value"], event["metadata"]),
                         event["metadata"]) as tensor:
        ...

This module can be imported without CUDA; its functions then say what is missing.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

__all__ = ["IpcHandle", "ipc_buffer_to_ipc_handle", "open_ipc_handle", "torch_to_ipc_buffer"]

_HANDLE_SIZE = 64
_LAZY_ENABLE_PEER_ACCESS = 1


class _Handle(ctypes.Structure):
    _fields_ = (("reserved", ctypes.c_char * _HANDLE_SIZE),)


def _error(message: str) -> Exception:
    from ._errors import Unsupported

    return Unsupported(message)


_library: ctypes.CDLL | None = None


def _runtime() -> ctypes.CDLL:
    """The CUDA runtime: the one that torch loaded, else the system's."""
    global _library
    if _library is None:
        for name in _candidates():
            try:
                library = ctypes.CDLL(name)
                # Not every library that torch loads has it under its own name.
                library.cudaIpcGetMemHandle  # noqa: B018
            except (OSError, AttributeError):
                continue
            _library = library
            break
        else:
            raise _error(
                "the CUDA runtime (libcudart) was not found; install torch with CUDA, or CUDA"
            )
    return _library


def _candidates() -> Iterator[str]:
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            seen = {line.split()[-1] for line in maps if "libcudart" in line}
    except OSError:
        seen = set()
    yield from sorted(seen)
    for version in ("13", "12", "11.0"):
        yield f"libcudart.so.{version}"
    found = ctypes.util.find_library("cudart")
    if found:
        yield found


def _check(code: int, doing: str) -> None:
    if code != 0:
        describe = _runtime().cudaGetErrorString
        describe.restype = ctypes.c_char_p
        raise _error(f"{doing}: {describe(code).decode()} (CUDA error {code})")


def torch_to_ipc_buffer(tensor: Any) -> tuple[pa.Array, dict[str, Any]]:
    """The handle of a tensor's memory, and the metadata that describes the tensor.

    tensor: a torch.Tensor, or anything with `__cuda_array_interface__` (cupy, numba), on a CUDA
    device. Keep it until the receivers are done. Raises ValueError when it is not on one.
    """
    device = getattr(tensor, "device", None)
    if getattr(device, "type", "cuda") != "cuda" or not hasattr(tensor, "__cuda_array_interface__"):
        from ._errors import InvalidInput

        raise InvalidInput(f"the tensor is on device '{device}', not on a CUDA device")
    import pyarrow as pa

    interface = tensor.__cuda_array_interface__
    pointer: int = interface["data"][0]
    shape = tuple(int(extent) for extent in interface["shape"])
    item = int(interface["typestr"][2:])
    strides = interface.get("strides") or _dense_strides(shape, item)
    handle = _Handle()
    library = _runtime()
    _check(
        library.cudaIpcGetMemHandle(ctypes.byref(handle), ctypes.c_void_p(pointer)),
        "making a handle of the tensor's memory",
    )
    metadata = {
        "shape": shape,
        "strides": tuple(int(stride) for stride in strides),
        "dtype": interface["typestr"],
        "size": math.prod(shape) * item,
        # The handle is of the whole allocation, of which the tensor may be a later part.
        "offset": pointer - _allocation_of(pointer),
    }
    return pa.array(list(bytes(handle)), pa.uint8()).view(pa.int8()), metadata


def _dense_strides(shape: tuple[int, ...], item: int) -> tuple[int, ...]:
    strides = []
    for extent in reversed(shape):
        strides.append(item)
        item *= extent
    return tuple(reversed(strides))


def _allocation_of(pointer: int) -> int:
    """Where the allocation begins in which `pointer` lies."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return pointer
    base = ctypes.c_uint64()
    size = ctypes.c_size_t()
    code = driver.cuMemGetAddressRange_v2(
        ctypes.byref(base), ctypes.byref(size), ctypes.c_uint64(pointer)
    )
    return base.value if code == 0 else pointer


class IpcHandle:
    """Memory of another process on the device. open() maps it, close() lets it go."""

    def __init__(self, handle: bytes) -> None:
        if len(handle) != _HANDLE_SIZE:
            from ._errors import InvalidInput

            raise InvalidInput(f"a handle has {_HANDLE_SIZE} bytes, not {len(handle)}")
        self._handle = handle
        self._pointer: int | None = None

    def open(self) -> int:
        """The address on the device."""
        if self._pointer is None:
            pointer = ctypes.c_void_p()
            handle = _Handle.from_buffer_copy(self._handle)
            library = _runtime()
            library.cudaIpcOpenMemHandle.argtypes = (
                ctypes.POINTER(ctypes.c_void_p),
                _Handle,
                ctypes.c_uint,
            )
            _check(
                library.cudaIpcOpenMemHandle(
                    ctypes.byref(pointer), handle, _LAZY_ENABLE_PEER_ACCESS
                ),
                "opening the memory of another process",
            )
            self._pointer = pointer.value or 0
        return self._pointer

    def __repr__(self) -> str:
        state = "closed" if self._pointer is None else f"open at {self._pointer:#x}"
        return f"<dora.cuda.IpcHandle: {state}>"

    def close(self) -> None:
        """Ends the mapping. Harmless the second time."""
        if self._pointer is not None:
            pointer, self._pointer = self._pointer, None
            _check(
                _runtime().cudaIpcCloseMemHandle(ctypes.c_void_p(pointer)),
                "closing the memory of another process",
            )


def ipc_buffer_to_ipc_handle(handle_buffer: Any, metadata: Mapping[str, Any]) -> IpcHandle:
    """The handle in a received value, e.g. event["value"]."""
    if isinstance(handle_buffer, (bytes, bytearray, memoryview)):
        return IpcHandle(bytes(handle_buffer))
    if not hasattr(handle_buffer, "to_pylist"):
        from ._errors import InvalidType

        raise InvalidType(
            f"a handle is the value of a received event, or bytes, not {type(handle_buffer)!r}"
        )
    return IpcHandle(bytes(byte & 0xFF for byte in handle_buffer.to_pylist()))


class _DeviceMemory:
    """What torch, cupy and numba take device memory from."""

    def __init__(self, pointer: int, metadata: Mapping[str, Any]) -> None:
        self.__cuda_array_interface__ = {
            "shape": tuple(metadata["shape"]),
            "strides": tuple(metadata["strides"]) or None,
            "typestr": metadata["dtype"],
            "data": (pointer + int(metadata.get("offset", 0)), False),
            "version": 3,
        }


@contextlib.contextmanager
def open_ipc_handle(ipc_handle: IpcHandle, metadata: Mapping[str, Any]) -> Iterator[Any]:
    """A torch.Tensor over the memory of the sender's tensor, until the block ends.

    Without torch it is an array of cupy, and without cupy one of numba.
    """
    array_of = _array_maker()
    pointer = ipc_handle.open()
    try:
        yield array_of(_DeviceMemory(pointer, metadata))
    finally:
        ipc_handle.close()


def _array_maker() -> Callable[[_DeviceMemory], Any]:
    """What makes an array of the memory that `__cuda_array_interface__` describes."""
    with contextlib.suppress(ImportError):
        import torch

        return lambda memory: torch.as_tensor(memory, device="cuda")
    with contextlib.suppress(ImportError):
        import cupy

        make: Callable[[_DeviceMemory], Any] = cupy.asarray
        return make
    with contextlib.suppress(ImportError):
        import numba.cuda

        make = numba.cuda.as_cuda_array
        return make
    raise _error(
        "open_ipc_handle gives a torch.Tensor, or else an array of cupy or numba: "
        "install one of them"
    )
