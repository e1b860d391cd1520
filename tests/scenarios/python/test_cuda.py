"""dora.cuda between two processes, with stand-ins for the CUDA runtime and for torch."""

import re
from pathlib import Path

import pytest
from support import cuda

YAML = """
    nodes:
      - {id: sender, path: sender.py, inputs: {done: receiver/done}, outputs: [tensor]}
      - {id: receiver, path: receiver.py, inputs: {tensor: sender/tensor}, outputs: [done]}
"""


@pytest.fixture
def device(flow, environment):
    cuda.install(flow.path, environment)
    flow.yaml(YAML)
    return flow


def test_the_receiver_sees_and_changes_the_memory_of_the_sender(device):
    device.nodes(
        sender="""
        import numpy as np, torch
        from dora import Node
        from dora.cuda import torch_to_ipc_buffer

        node = Node()
        tensor = torch.tensor(np.arange(6).reshape(2, 3), torch.float32, device="cuda")
        buffer, metadata = torch_to_ipc_buffer(tensor)
        print(buffer.type, len(buffer), metadata)
        node.send_output("tensor", buffer, metadata)
        node.next()
        print(tensor.array.tolist())
        """,
        receiver="""
        from dora import Node
        from dora_tensor_pool import ipc_buffer_to_ipc_handle, open_ipc_handle

        node = Node()
        event = node.next()
        handle = ipc_buffer_to_ipc_handle(event["value"], event["metadata"])
        scope = open_ipc_handle(handle, event["metadata"])
        tensor = scope.__enter__()
        print(tensor.shape, tensor.dtype, tensor.array.tolist())
        tensor.array[0, 0] = 7
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


SEND = """
        import numpy as np, torch
        from dora import Node
        from dora.cuda import torch_to_ipc_buffer

        node = Node()
        tensor = torch.tensor(np.arange(12).reshape(4, 3), torch.int64, device="cuda")
        {made}
        buffer, metadata = torch_to_ipc_buffer(sent)
        print(metadata)
        node.send_output("tensor", buffer, metadata)
        node.next()
"""


def test_a_part_of_a_tensor_arrives_as_that_part(device):
    """A handle is of the whole allocation; offset and strides say which part."""
    device.nodes(
        sender=SEND.format(made="sent = tensor[1::2, 1:]"),
        receiver="""
        from dora import Node
        from dora.cuda import ipc_buffer_to_ipc_handle, open_ipc_handle

        node = Node()
        event = node.next()
        handle = ipc_buffer_to_ipc_handle(event["value"], event["metadata"])
        with open_ipc_handle(handle, event["metadata"]) as tensor:
            print(tensor.array.tolist())
            print(repr(handle)[:28])
        print(handle)
        node.send_output("done", [True])
        """,
    )
    result = device.run().succeeded()
    assert result.of("sender") == [
        "{'shape': (2, 2), 'strides': (48, 8), 'dtype': '<i8', 'size': 32, 'offset': 32}"
    ]
    assert result.of("receiver") == [
        "[[4, 5], [10, 11]]",
        "<dora.cuda.IpcHandle: open a",
        "<dora.cuda.IpcHandle: closed>",
    ]


# What the libraries have of the protocol, and nothing else of theirs.
CUPY = """
    class ndarray:
        def __init__(self, interface):
            self.__cuda_array_interface__ = interface
            self.device = "<CUDA Device 0>"  # no `type`, as torch has

    def asarray(memory):
        return ndarray(memory.__cuda_array_interface__)
"""
NUMBA = """
    class DeviceNDArray:
        def __init__(self, interface):
            self.__cuda_array_interface__ = interface

    def as_cuda_array(memory):
        return DeviceNDArray(memory.__cuda_array_interface__)
"""


@pytest.mark.parametrize(
    ("files", "made"),
    [
        ({"cupy.py": CUPY}, "import cupy\n        sent = cupy.asarray(tensor)"),
        (
            {"numba/__init__.py": "", "numba/cuda.py": NUMBA},
            "import numba.cuda\n        sent = numba.cuda.as_cuda_array(tensor)",
        ),
    ],
    ids=["cupy", "numba"],
)
def test_arrays_of_other_libraries_are_sent_and_received(device, files, made):
    (device.path / "numba").mkdir()
    for name, text in files.items():
        device.write(name, text)
    device.nodes(
        sender=SEND.format(made=made),
        receiver="""
        import sys
        import numpy as np
        from dora import Node
        from dora.cuda import ipc_buffer_to_ipc_handle, open_ipc_handle

        sys.modules["torch"] = None  # not installed
        node = Node()
        event = node.next()
        handle = ipc_buffer_to_ipc_handle(event["value"], event["metadata"])
        with open_ipc_handle(handle, event["metadata"]) as array:
            class Memory:
                __array_interface__ = array.__cuda_array_interface__
            print(type(array).__name__, np.asarray(Memory()).sum())
        node.send_output("done", [True])
        """,
    )
    (line,) = device.run().succeeded().of("receiver")
    assert line in ("ndarray 66", "DeviceNDArray 66")


def test_without_a_library_or_a_device_it_is_said_what_is_missing(flow):
    flow.nodes(
        worker="""
        import sys
        from types import SimpleNamespace
        from dora.cuda import IpcHandle, open_ipc_handle, torch_to_ipc_buffer

        for name in ("torch", "cupy", "numba"):
            sys.modules[name] = None
        interface = {"data": (1, False), "shape": (1,), "typestr": "<f4", "version": 3}
        described = {"shape": (1,), "strides": (4,), "dtype": "<f4"}

        def enter():
            open_ipc_handle(IpcHandle(bytes(64)), described).__enter__()

        for attempt in (
            lambda: torch_to_ipc_buffer(SimpleNamespace(__cuda_array_interface__=interface)),
            IpcHandle(bytes(64)).open,
            enter,
        ):
            try:
                attempt()
            except RuntimeError as error:
                print(type(error).__name__, error)
        """
    )
    flow.yaml("nodes: [{id: worker, path: worker.py}]")
    runtime = "the CUDA runtime (libcudart) was not found; install torch with CUDA, or CUDA"
    assert flow.run().succeeded().of("worker") == [
        f"Unsupported {runtime}",
        f"Unsupported {runtime}",
        "Unsupported open_ipc_handle gives a torch.Tensor, or else an array of cupy or numba: "
        "install one of them",
    ]


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
    device.nodes(sender=sender, receiver=receiver)
    assert device.run().succeeded().of("receiver") == ["(1000, 1000) 500000.0"]
