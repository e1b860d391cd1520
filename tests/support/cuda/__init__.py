"""Stand-ins for CUDA and torch, where there is no such device."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def install(folder: Path, environment: dict[str, str]) -> None:
    """Puts them into a folder, and lets programs find them there."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = folder / "libcudart.so.13"
    command = [compiler, "-shared", "-fPIC", "-o", library, HERE / "cudart.c"]
    subprocess.run(command, check=True)
    (folder / "libcuda.so.1").symlink_to(library)
    shutil.copy(HERE / "torch.py", folder)
    environment["LD_LIBRARY_PATH"] = str(folder)
