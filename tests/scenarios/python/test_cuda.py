"""dora.cuda between two processes, with stand-ins for the CUDA runtime and for torch.

The runtime's stand-in has its functions to the letter of their C declarations; its device memory is
shared memory of the machine.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CUDART = r"""
    #include <fcntl.h>
    #include <stdio.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/stat.h>
    #include <unistd.h>

    typedef struct { char reserved[64]; } cudaIpcMemHandle_t;
    static char name[64];
    static size_t mapped;

    static void *map(size_t size, int flags) {
      int fd = open(name, flags, 0600);
      if (fd < 0 || (size && ftruncate(fd, size))) return 0;
      struct stat state;
      fstat(fd, &state);
      mapped = state.st_size;
      void *memory = mmap(0, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      close(fd);
      return memory;
    }
    int cudaMalloc(void **memory, size_t size) {
      snprintf(name, sizeof name, "device-%d", getpid());
      return (*memory = map(size, O_RDWR | O_CREAT)) ? 0 : 2;
    }
    int cudaIpcGetMemHandle(cudaIpcMemHandle_t *handle, void *memory) {
      (void)memory;
      memcpy(handle->reserved, name, sizeof name);
      return 0;
    }
    int cudaIpcOpenMemHandle(void **memory, cudaIpcMemHandle_t handle, unsigned flags) {
      if (flags != 1) return 1;
      memcpy(name, handle.reserved, sizeof name);
      return (*memory = map(0, O_RDWR)) ? 0 : 201;
    }
    int cudaIpcCloseMemHandle(void *memory) { return munmap(memory, mapped) ? 1 : 0; }
    const char *cudaGetErrorString(int error) {
      return error == 201 ? "invalid device context" : "invalid argument";
    }
"""
TORCH = """
    import ctypes
    from types import SimpleNamespace
    import numpy as np

    class Tensor:
        device = SimpleNamespace(type="cuda")

        def __init__(self, pointer, shape, dtype, strides=None):
            self.__cuda_array_interface__ = {
                "data": (pointer, False), "shape": shape, "strides": strides,
                "typestr": np.dtype(dtype).str, "version": 3}
            self.shape, self.dtype, self.strides = shape, np.dtype(dtype), strides

        def numpy(self):
            class Memory:
                __array_interface__ = self.__cuda_array_interface__
            return np.asarray(Memory())

    def zeros(shape, dtype):
        pointer = ctypes.c_void_p()
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        assert ctypes.CDLL("libcudart.so.13").cudaMalloc(
            ctypes.byref(pointer), ctypes.c_size_t(size)) == 0
        return Tensor(pointer.value, shape, dtype)

    def as_tensor(memory, device):
        interface = memory.__cuda_array_interface__
        return Tensor(interface["data"][0], interface["shape"], interface["typestr"],
                      interface["strides"])
"""
YAML = """
    nodes:
      - {id: sender, path: sender.py, inputs: {done: receiver/done}, outputs: [tensor]}
      - {id: receiver, path: receiver.py, inputs: {tensor: sender/tensor}, outputs: [done]}
"""


@pytest.fixture
def device(flow, environment):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = flow.write("cudart.c", CUDART)
    library = flow.path / "libcudart.so.13"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    environment["LD_LIBRARY_PATH"] = str(flow.path)
    flow.write("torch.py", TORCH)
    flow.yaml(YAML)
    return flow


def test_the_receiver_sees_and_changes_the_memory_of_the_sender(device):
    device.nodes(
        sender="""
        import numpy as np, torch
        from dora import Node
        from dora.cuda import torch_to_ipc_buffer

        node = Node()
        tensor = torch.zeros((2, 3), "<f4")
        tensor.numpy()[:] = np.arange(6).reshape(2, 3)
        buffer, metadata = torch_to_ipc_buffer(tensor)
        print(buffer.type, len(buffer), metadata)
        node.send_output("tensor", buffer, metadata)
        node.next()
        print(tensor.numpy().tolist())
        """,
        receiver="""
        from dora import Node
        from dora_tensor_pool import ipc_buffer_to_ipc_handle, open_ipc_handle

        node = Node()
        event = node.next()
        handle = ipc_buffer_to_ipc_handle(event["value"], event["metadata"])
        scope = open_ipc_handle(handle, event["metadata"])
        tensor = scope.__enter__()
        print(tensor.shape, tensor.dtype, tensor.numpy().tolist())
        tensor.numpy()[0, 0] = 7
        del tensor
        scope.__exit__(None, None, None)
        node.send_output("done", [True])
        """,
    )
    result = device.run().succeeded()
    assert result.of("sender") == [
        "int8 64 {'shape': (2, 3), 'strides': (12, 4), 'dtype': '<f4', 'size': 24, 'offset': 0}",
        "[[7.0, 1.0, 2.0], [3.0, 4.0, 5.0]]",
    ]
    assert result.of("receiver") == ["(2, 3) float32 [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]"]


def test_what_the_runtime_refuses_is_said(device):
    device.nodes(
        worker="""
        import torch
        from dora.cuda import IpcHandle

        try:
            IpcHandle(b"nowhere" + bytes(57)).open()
        except RuntimeError as error:
            print(error)
        try:
            IpcHandle(b"short")
        except ValueError as error:
            print(error)
        """
    )
    device.yaml("nodes: [{id: worker, path: worker.py}]")
    assert device.run().of("worker") == [
        "opening the memory of another process: invalid device context (CUDA error 201)",
        "a handle has 64 bytes, not 5",
    ]


def test_the_page_of_the_manual_runs(device):
    page = (Path(__file__).resolve().parents[3] / "docs" / "python" / "cuda.md").read_text()
    sender, receiver = re.findall(r"```python\n(# by hand.*?)```", page, re.DOTALL)
    device.write(
        "torch.py",
        TORCH
        + """
    def rand(*shape, device):
        tensor = zeros(shape, np.float32)
        tensor.numpy()[:] = 0.5
        return tensor

    Tensor.sum = lambda self: self.numpy().sum()
    """,
    )
    device.nodes(sender=sender, receiver=receiver)
    assert device.run().succeeded().of("receiver") == ["(1000, 1000) 500000.0"]
