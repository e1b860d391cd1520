"""Stands for torch: a tensor on the host has a numpy array, one on the device is an array over the
memory that the CUDA runtime's stand-in (cudart.c) gives."""

import ctypes
import weakref
from types import SimpleNamespace

import numpy as np

int64, float32 = np.dtype("int64"), np.dtype("float32")


class Tensor:
    """`array` is what a test looks at; programs use what torch has."""

    def __init__(self, array, device):
        self.array, self.device = array, SimpleNamespace(type=device)
        self.shape, self.dtype = array.shape, array.dtype

    def __getattr__(self, name):
        if name == "__cuda_array_interface__" and self.device.type == "cuda":
            return self.array.__array_interface__ | {"version": 3}
        raise AttributeError(name)

    def __len__(self):
        return len(self.array)

    def __getitem__(self, key):
        return Tensor(self.array[key], self.device.type)

    def numpy(self):
        if self.device.type == "cuda":
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        return self.array

    def to(self, device):
        return tensor(self.array, device=device)

    def sum(self):
        return self.array.sum()


def tensor(values, dtype=None, device="cpu"):
    array = np.array(values, dtype)
    if device == "cpu":
        return Tensor(array, device)
    pointer = ctypes.c_void_p()
    library = ctypes.CDLL("libcudart.so.13")
    code = library.cudaMalloc(ctypes.byref(pointer), ctypes.c_size_t(max(array.nbytes, 1)))
    assert code == 0, code
    interface = array.__array_interface__ | {"data": (pointer.value, False)}
    made = Tensor(over(interface), device)
    weakref.finalize(made.array, library.cudaFree, pointer)
    made.array[...] = array
    return made


def rand(*shape, device):
    return tensor(np.full(shape, 0.5), float32, device)


def over(interface):
    class Memory:
        __array_interface__ = interface

    return np.asarray(Memory())


def topk(scores, k, sorted):
    order = np.argsort(-np.asarray(scores))[:k]
    return np.asarray(scores)[order], order


def as_tensor(memory, device):
    assert device == "cuda"
    return Tensor(over(memory.__cuda_array_interface__), device)
