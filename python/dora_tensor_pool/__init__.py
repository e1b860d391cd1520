"""The CUDA helpers of dora under the name that dora-rs 1.0 gives them; see dora.cuda."""

from dora.cuda import IpcHandle, ipc_buffer_to_ipc_handle, open_ipc_handle, torch_to_ipc_buffer

__all__ = ["IpcHandle", "ipc_buffer_to_ipc_handle", "open_ipc_handle", "torch_to_ipc_buffer"]
